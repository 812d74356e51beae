"""What the forms can say by themselves, from what a rule found out. Pure.

Everything here is marked ``auto`` until a person confirms it, and says no more than the evidence does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from rules.entities import shortened
from rules.event import Entity
from store import process
from store.answers import MOST_ROWS, Answer, State, is_blank
from store.forms import FormName
from store.incident import Incident, RuleTally, SourceKind, Stage, Step

#: For how long the plan that is proposed watches for a recurrence.
WATCH_DAYS: Final = 30
#: Sigma's tags that name a technique or tactic start with this.
_ATTACK: Final = "attack."
#: Which entity is taken as the asset: the first kind that is there.
_ASSETS: Final = ("host", "component", "target")
_NOTICED: Final = {SourceKind.LOG: "rule"}
_UNTIL_REPORTED: Final = (Step.IDENTIFICATION, Step.NOTIFICATION, Step.REPORTING)
_CRITICALITY: Final = {"critical_asset": "critical", "lab_asset": "lab"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows of an incident."""

    incident: Incident
    entities: Sequence[Entity] = ()  #: in the order in which they were seen first
    tallies: Sequence[RuleTally] = ()
    sources: Sequence[str] = ()
    opened_by: str = ""  #: person id of who opened it by hand; "" for nobody
    told: str = ""  #: what they said had happened; "" if it was redacted

    def first(self, *kinds: str) -> str | None:
        """The first entity of the first of *kinds* that there is."""
        found = (entity.value for kind in kinds for entity in self.entities if entity.kind == kind)
        return next(found, None)


def goes_on(record: Incident, name: FormName) -> bool:
    """Whether a form still follows what the machine learns: all until they are frozen, the report until handed in."""
    handed_in = record.stage is Stage.IN_REVIEW or record.step not in _UNTIL_REPORTED
    return record.step in process.BEFORE_APPROVAL and not (name is FormName.REPORT and handed_in)


def prefill(known: Known) -> dict[FormName, dict[str, Answer]]:
    """The answers that need no person."""
    return {
        FormName.IDENTIFICATION: _identification(known),
        FormName.REPORT: _report(known),
        FormName.INVESTIGATION: _investigation(known),
        FormName.FOLLOW_UP: _follow_up(known),
    }


def _given(value: Any) -> Answer:
    return Answer(value=value, auto=True)


def _none(reason: str) -> Answer:
    return Answer(state=State.NONE, reason=reason, auto=True)


def _unknown(reason: str) -> Answer:
    return Answer(state=State.UNKNOWN, reason=reason, auto=True)


def _line(text: str, reason: str) -> Answer:
    """A line, or why there is none."""
    flat = _flat(text)
    return _given(flat) if flat else _none(reason)


def _flat(text: str) -> str:
    """What came from outside, bounded and on one line; empty if nothing of it can be seen."""
    flat = " ".join(shortened(text).split())
    return "" if is_blank(flat) else flat


def _said(text: str) -> str:
    """The same where a table needs a text."""
    return _flat(text) or "(blank)"


def _rows(rows: Iterable[dict[str, Any]], reason: str) -> Answer:
    """A table, or why it is empty."""
    listed = list(rows)[:MOST_ROWS]
    return _given(listed) if listed else _none(reason)


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _identification(known: Known) -> dict[str, Answer]:
    record = known.incident
    terms = {term.term for term in record.severity_terms}
    asset = known.first(*_ASSETS)
    return {
        "source_kind": _given(record.source_kind.value),
        "source": _line(", ".join(known.sources), "its lines are not kept any more"),
        "rule_id": _line(record.rule_id, "no rule found it"),
        "rule_version": _line(record.rule_version, "no rule found it"),
        "entities": _rows(
            ({"kind": one.kind, "value": _said(one.value)} for one in known.entities),
            "the evidence names nobody and nothing",
        ),
        "occurred_at": _given(_moment(record.began_at)),
        "detected_at": _given(_moment(record.detected_at)),
        "category": _line(", ".join(_categories(record.tags)), "the rule has no tag that tells it"),
        "severity_automatic": _rows(
            (
                {"term": one.term, "value": f"{one.value:+d}" if one.term != "rule" else str(one.value)}
                | {"because": one.because}
                for one in record.severity_terms
            ),
            "no rule judged it",
        ),
        "severity": _given(record.severity.value),
        "confidence": _given("confirmed" if "success" in terms else "likely"),
        "asset": _line(asset or "", "the evidence names no machine"),
        "criticality": _given(next((_CRITICALITY[term] for term in _CRITICALITY if term in terms), "normal")),
        "decision": _given(record.decision.value),
        **_decided(known),
        "drill": _given(record.drill),
    }


def _decided(known: Known) -> dict[str, Answer]:
    """Who decided what it is worth."""
    record = known.incident
    if record.source_kind is SourceKind.PERSON:
        by = record.owner or known.opened_by
        return {"decision_reason": _given("a person opened it by hand")} | ({"decided_by": _given(by)} if by else {})
    return {
        "decision_reason": _given(f"the rule {_said(record.rule_title)} decides so"),
        "decided_by": _given(f"rule {_said(record.rule_id)}"),
    }


def _categories(tags: Iterable[str]) -> list[str]:
    return [tag.removeprefix(_ATTACK) for tag in tags if tag.startswith(_ATTACK)]


def _report(known: Known) -> dict[str, Answer]:
    record = known.incident
    accounts = [entity.value for entity in known.entities if entity.kind == "account"]
    answers = {
        "title": _line(record.title, "no rule named it"),
        "date": _given(record.began_at.date().isoformat()),
        "time": _given(record.began_at.time().isoformat(timespec="seconds")),
        "zone": _given("UTC"),
        "asset": _line(known.first(*_ASSETS) or "", "the evidence names no machine"),
        "individuals": _rows(
            ({"person": _said(account), "role": "account in the evidence"} for account in accounts),
            "the evidence names no account",
        ),
        "detection_method": _given(_NOTICED.get(record.source_kind, record.source_kind.value)),
        "tlp": _given(record.tlp.value),
        "affected": _systems(known),
    }
    if reporter := record.owner or known.opened_by:
        answers["reporter"] = _given(reporter)
    if not is_blank(known.told):
        answers["what_happened"] = _given(known.told)
    return answers


def _systems(known: Known) -> Answer:
    systems = [_said(entity.value) for entity in known.entities if entity.kind in _ASSETS]
    return _given(systems[:MOST_ROWS]) if systems else _unknown("the evidence names no machine")


def _investigation(known: Known) -> dict[str, Answer]:
    record = known.incident
    course = (
        {
            "at": _moment(one.first_seen),
            "what": f"{_said(one.rule_title)}: {one.events} events until {_moment(one.last_seen)}",
        }
        for one in known.tallies
    )
    answers = {"course": _rows(course, "no rule counted anything")}
    if record.recurrence_of is not None:
        answers["similar"] = _given([f"INC-{record.recurrence_of}, of which this is a recurrence"])
    if record.owner is not None:
        answers["lead"] = _given(record.owner)
    return answers


def _follow_up(known: Known) -> dict[str, Answer]:
    record = known.incident
    due = (record.opened_at + timedelta(days=WATCH_DAYS)).date()
    check = f"{_said(record.rule_title)} does not match again"
    asset = known.first(*_ASSETS)
    if asset is not None:
        check += f" on {_said(asset)}"
    return {"plan": _given([{"check": check, "due": due.isoformat(), "owner": record.owner or "tocsin"}])}
