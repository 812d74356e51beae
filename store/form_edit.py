"""A person's edit of a form: whether it may be, and what it says of the incident itself. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from rules.entities import clean
from rules.event import Severity
from store import form_version, forms, process
from store.answers import Answer, Answers, Fault, State, faults
from store.errors import ActNotAllowed, StaleVersion
from store.form_version import FormVersion
from store.forms import Form, FormName
from store.incident import Actor, ActorKind, Incident, Stage, Tlp, Track
from store.people import Role

#: Answers of the identification that the record keeps, too.
_RECORDED = ("severity", "decision")


def check_writer(record: Incident, form: Form, by: Actor, roles: Collection[Role]) -> None:
    """Raise if *by*, who has *roles*, may not write in *form* now.

    Raises:
        ActNotAllowed: ``closed``, ``person_required`` or ``role_required``.
    """
    if not record.is_open:
        raise ActNotAllowed("closed", f"{record.name} is {record.outcome.value}: it must be reopened to write in it")
    if by.kind is not ActorKind.PERSON:
        raise ActNotAllowed("person_required", f"only a person can write in the forms of {record.name}")
    needed = forms.writers(form)
    if not needed & set(roles):
        told = " or ".join(sorted(needed)) or "nobody: it is kept by the record"
        raise ActNotAllowed("role_required", f"{by.id} cannot write the form {form.name}; needed: {told}")


def check_version(record: Incident, name: FormName, stored: FormVersion | None, expected: int) -> None:
    """Raise if *stored* is not the version that the person had before them.

    Raises:
        StaleVersion: Names the version that stands, and who saved it.
    """
    now = stored.version if stored else 0
    if now != expected:
        by = stored.author.id if stored else None
        who = f", saved by {by}" if by else ""
        raise StaleVersion(
            f"form {name} of {record.name} is at version {now}{who}; yours is {expected}", version=now, by=by
        )


def check_answers(
    form: Form, changes: Mapping[str, Answer | None], confirmed: Iterable[str], persons: Collection[str]
) -> None:
    """Raise if anything of an edit is wrong.

    Raises:
        ActNotAllowed: ``invalid_answers``, naming everything that is wrong.
    """
    given = {field: answer for field, answer in changes.items() if answer is not None}
    found = list(faults(form.fields, given, persons=persons))
    named = [*(field for field, answer in changes.items() if answer is None), *confirmed]
    found += [
        Fault(field=field, code="unknown_field", message="this form has no such field")
        for field in named
        if form.field(field) is None
    ]
    if found:
        told = "; ".join(f"{fault.field}: {fault.message}" for fault in found)
        raise ActNotAllowed("invalid_answers", told, missing=tuple(fault.field for fault in found))


def check_decision(record: Incident, name: FormName, changes: Mapping[str, Answer | None]) -> None:
    """Raise if an edit decides what the record is worth: that is a move, upon which people are told or left alone.

    Raises:
        ActNotAllowed: ``invalid_answers``.
    """
    answer = changes.get("decision") if name is FormName.IDENTIFICATION else None
    if answer is not None and answer.value != record.decision:
        told = f"decision: {record.name} stands decided as {record.decision}; another decision is the move decide"
        raise ActNotAllowed("invalid_answers", told, missing=("decision",))


def severity_said(name: FormName, before: Answers, answers: Answers) -> tuple[Severity, str] | None:
    """The severity that an edit sets or confirms, and the reason for the decision if that is new; None: neither."""
    said = answers.get("severity") if name is FormName.IDENTIFICATION else None
    if said is None or said.auto or said.state is not State.GIVEN or said == before.get("severity"):
        return None
    reason = answers.get("decision_reason")
    is_new = reason is not None and not reason.auto and reason != before.get("decision_reason")
    return Severity(said.value), str(reason.value or "") if reason is not None and is_new else ""


def as_recorded(answers: Answers, fresh: Answers) -> dict[str, Answer]:
    """*answers*, but what the record itself keeps as it is by now: it may have risen since somebody confirmed it."""
    stale = (one for one in _RECORDED if one in answers and one in fresh and answers[one].value != fresh[one].value)
    return {**answers, **{one: fresh[one] for one in stale}}


def by_hand(answer: Answer | None) -> Answer | None:
    """*answer* as a person's, never the daemon's, and as every database can keep it."""
    if answer is None:
        return None
    return Answer(state=answer.state, value=form_version.cleaned(answer.value), reason=clean(answer.reason))


def followed(
    record: Incident, name: FormName, before: Answers, answers: Answers, *, now: datetime
) -> tuple[Incident, str]:
    """The incident after a person saved *answers*, and why it needs more persons from now on; "" if it does not.

    A person is aware of it. Personal data and TLP:RED put it on the full track when they are reported first: what
    another person lowered since then does not rise again by the next edit of something else.
    """
    if record.aware_at is None:
        record = replace(record, aware_at=now)
    red = name is FormName.REPORT and _given(answers, "tlp") == Tlp.RED != _given(before, "tlp")
    personal = name is FormName.REPORT and _given(answers, "personal_data") and not _given(before, "personal_data")
    after = replace(record, tlp=Tlp.RED if red else record.tlp, track=Track.FULL if red or personal else record.track)
    because = ("the report says TLP:RED" if red else "personal data is concerned") if after != record else ""
    if because or (answers != before and _is_signed_with(record, name)):
        after = replace(after, version=record.version + 1)
    return after, because


def _is_signed_with(record: Incident, name: FormName) -> bool:
    """Whether the next move signs what stands in the form: then it makes a new version of the record, too, so that
    nobody signs what they have not seen. A report in review, and all forms of the light track, which are one page.
    """
    is_page = record.track is Track.LIGHT and record.step in process.BEFORE_APPROVAL
    return is_page or (record.stage is Stage.IN_REVIEW and name is FormName.REPORT)


def _given(answers: Answers, field: str) -> object:
    """The value of *field*; None if it has none."""
    answer = answers.get(field)
    return answer.value if answer is not None and answer.state is State.GIVEN else None
