"""Incidents to fill forms of, and the tables of fields as the reference shows them."""

from collections.abc import Iterator
from dataclasses import replace

from rules.event import Entity, Severity
from store.fields import Field, Kind, Part
from store.forms import FORMS, FORMS_VERSION, Form, FormName
from store.incident import Incident, RuleTally
from store.ledger import Ledger
from store.prefill import Known
from support.store import finding

TITLES = {
    FormName.IDENTIFICATION: "1 Identification",
    FormName.NOTIFICATION: "2 Notification",
    FormName.REPORT: "3 Report",
    FormName.INVESTIGATION: "4 Investigation",
    FormName.CORRECTIVE_ACTIONS: "5 Corrective actions",
    FormName.APPROVAL: "6 Review and approval",
    FormName.FOLLOW_UP: "7 Follow-up",
}


def known(severity: Severity = Severity.MEDIUM, **changes: object) -> Known:
    """What the store knows of an incident that attempts from one address on one host made."""
    found = finding(severity=severity, events=12, seconds=60)
    ledger = Ledger()
    ledger.take(found)
    made = ledger.records()[0].incident
    assert isinstance(made, Incident)
    tally = RuleTally(
        rule_id=found.rule_id,
        rule_title=found.rule_title,
        findings=1,
        events=12,
        first_seen=found.first_seen,
        last_seen=found.last_seen,
    )
    return Known(
        incident=replace(made, **changes),  # type: ignore[arg-type]
        entities=[Entity(kind="source", value="203.0.113.7"), Entity(kind="host", value="web1")],
        tallies=[tally],
        sources=["auth"],
    )


def page_tables() -> Iterator[str]:
    """What docs/reference/forms.md holds of each form, and of the version."""
    yield f"The version of the forms is {FORMS_VERSION}."
    yield from (_table(form) for form in FORMS.values())


def _table(form: Form) -> str:
    lines = [f"## {TITLES[form.name]}: `{form.name}`", "", "| Field | Asks | Answer | Needed by | Of | Track |"]
    lines.append("|---|---|---|---|---|---|")
    lines += [f"| `{field.name}` | {' | '.join(_cells(field))} |" for field in form.fields]
    return "\n".join(lines)


def _cells(field: Field) -> Iterator[str]:
    yield field.label
    yield _shape(field)
    yield f"`{field.needed_by}`" if field.needed_by else ""
    yield f"`{field.asked_of}`" if field.asked_of and field.keeper != "record" else ""
    yield ", ".join(field.tracks) if len(field.tracks) < 3 else ""


def _shape(field: Field) -> str:
    if field.keeper != "answer":
        return "by an act" if field.keeper == "act" else "kept by the record"
    if field.kind is Kind.ROWS:
        return "rows of " + ", ".join(_part(part) for part in field.parts)
    return _kind(field)


def _part(part: Part) -> str:
    optional = "?" if part.optional else ""
    return f"`{part.name}`{optional}" + (f" ({_kind(part)})" if part.kind not in (Kind.LINE, Kind.TEXT) else "")


def _kind(asked: Field | Part) -> str:
    if asked.kind is Kind.CHOICE:
        return "one of " + ", ".join(f"`{choice}`" for choice in asked.choices)
    return asked.kind.value.replace("_", " or ")
