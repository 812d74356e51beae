"""The steps that people sign off: the report handed in and reviewed, the investigation concluded, approval requested.

Each decides, so the caller names the version that they saw; each is refused with everything that is missing at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from store import four_eyes, process, steps
from store.deadlines import Duty
from store.designation import Seat
from store.duties import Matter
from store.form_version import FormVersion
from store.forms import FormName
from store.four_eyes import Allowed, Deed, FourEyes, Hand, Refused, Signature
from store.incident import Actor, EntryKind, Fact, Incident, NewEntry
from store.process import Standing
from store.repository import (
    approval,
    duties,
    forms,
    moves,
    persons,
    plan,
    records,
    requests,
    reviews,
    staffing,
    timeline,
)
from store.repository.acts import Done, finished
from store.repository.filling import filled_of as filled_of
from store.repository.reviews import Review, ReviewResult
from store.site import Site
from store.steps import Unmet
from store.tx import Tx


def submit(tx: Tx, number: int, actor: Actor, *, version: int, via: str, site: Site, note: str = "") -> Done:
    """Hand the report in: from now on it says what was handed in, and waits for its reviewer.

    Raises:
        MoveNotAllowed: ``missing_fields``, all of them.
    """
    before = moves.at_version(tx, number, version)
    unmet = _unanswered(tx.connection, before, process.IN_REVIEW, site)
    after = step(tx, before, "submit", process.IN_REVIEW, actor, unmet)
    forms.keep(tx, number, {FormName.REPORT: site.forms[FormName.REPORT]})
    return _moved(tx, before, after, actor, via, note)


def review(
    tx: Tx, number: int, actor: Actor, *, version: int, via: str, site: Site, result: ReviewResult, notes: str = ""
) -> Done:
    """Accept the report, or return it with notes. Of a pair who both wrote in it each reviews what the other wrote:
    it goes on once both have.

    Raises:
        MoveNotAllowed: ``not_reviewer``, ``four_eyes``, ``notes_required``, or ``missing_fields`` (the track rose).
    """
    before = moves.at_version(tx, number, version)
    report = forms.latest(tx.connection, number, FormName.REPORT)
    verdict = _verdict(report, before, actor.id, site)
    parts = _parts_signed(tx.connection, before, report)
    unmet = [*_not_reviewer(tx, before, actor.id, site, parts), *_clashes(verdict)]
    if result is ReviewResult.ACCEPTED:
        unmet += _unanswered(tx.connection, before, process.INVESTIGATION, site)
        after = step(tx, before, "review", process.INVESTIGATION, actor, unmet)
    else:
        unmet += [] if notes.strip() else [_NOTES]
        after = step(tx, before, "review", process.REPORTING, actor, unmet)
    facts: dict[str, Fact] = {"result": result.value, "cycle": before.cycle}
    facts |= {"version": report.version, "hash": report.hash} if report else {"version": 0}
    facts |= _told(verdict)
    if result is ReviewResult.ACCEPTED and (left := _left(verdict, parts, actor.id)):
        after, facts = before, facts | {"left": ", ".join(left)}
    records.change(tx, before, after)
    values = {"notes": notes} if notes.strip() else {}
    entry = NewEntry(
        kind=EntryKind.REVIEWED, actor=actor, facts=facts | moves.from_to(before, after), values=values, via=via
    )
    timeline.append(tx, number, entry)
    return finished(tx, after, actor)


def conclude(tx: Tx, number: int, actor: Actor, *, version: int, via: str, site: Site, note: str = "") -> Done:
    """Conclude the investigation: what was found is written down, and who was asked has answered.

    Raises:
        MoveNotAllowed: ``no_finding``, ``open_requests`` or ``missing_fields``.
    """
    before = moves.at_version(tx, number, version)
    unmet = [
        *_unanswered(tx.connection, before, process.CORRECTIVE_ACTIONS, site),
        *open_requests(tx.connection, number),
    ]
    after = step(tx, before, "conclude", process.CORRECTIVE_ACTIONS, actor, unmet)
    return _moved(tx, before, after, actor, via, note)


def investigate_again(tx: Tx, number: int, actor: Actor, *, version: int, via: str, reason: str) -> Done:
    """Go back to the investigation.

    Raises:
        MoveNotAllowed: ``reason_required``.
    """
    before = moves.at_version(tx, number, version)
    unmet = [] if reason.strip() else [_REASON]
    after = step(tx, before, "investigate_again", process.INVESTIGATION, actor, unmet)
    return _moved(tx, before, after, actor, via, reason)


def request_approval(tx: Tx, number: int, actor: Actor, *, version: int, via: str, site: Site, note: str = "") -> Done:
    """Have the dossier approved: all that it covers is kept as it stands, and frozen.

    Raises:
        MoveNotAllowed: ``no_root_cause``, ``incomplete_action``, ``uncovered_findings`` or ``missing_fields``.
    """
    before = moves.at_version(tx, number, version)
    unmet = [
        *_unanswered(tx.connection, before, process.APPROVAL, site),
        *plan_lacks(tx.connection, number, site, tx.now),
    ]
    after = step(tx, before, "request_approval", process.APPROVAL, actor, unmet)
    forms.keep(tx, number, site.forms)
    done = _moved(tx, before, after, actor, via, note)
    approval.freeze(tx, after, site, by=actor, via=via)
    return done


def step(tx: Tx, before: Incident, name: str, to: Standing, actor: Actor, unmet: Iterable[Unmet] = ()) -> Incident:
    """The record after a person's move *name*; nothing is kept yet.

    Raises:
        MoveNotAllowed: Says everything that is unmet.
    """
    roles = persons.roles_of(tx.connection, actor)
    after = steps.step(before, name, to, now=tx.now, by=actor, roles=roles, unmet=unmet)
    return replace(after, aware_at=after.aware_at or tx.now)


_NOTES = Unmet(code="notes_required", says="say what is to be changed, for whoever wrote it", missing=("notes",))
_REASON = Unmet(code="reason_required", says="say why the investigation goes on", missing=("reason",))


def _unanswered(connection: Connection, before: Incident, to: Standing, site: Site) -> Iterator[Unmet]:
    return steps.unanswered(filled_of(connection, before.number, site), before, to, site.forms)


def _moved(tx: Tx, before: Incident, after: Incident, actor: Actor, via: str, note: str) -> Done:
    records.change(tx, before, after)
    moves.write(tx, after, EntryKind.MOVED, actor, via, moves.from_to(before, after), note)
    return finished(tx, after, actor)


def open_requests(connection: Connection, number: int) -> Iterator[Unmet]:
    """Questions that nobody has answered yet."""
    if found := tuple(one.name for one in requests.open_of(connection, number)):
        says = f"nobody has answered {' or '.join(found)}: wait for it, or withdraw it"
        yield Unmet(code="open_requests", says=says, missing=found)


def plan_lacks(connection: Connection, number: int, site: Site, now: datetime) -> Iterator[Unmet]:
    """What the actions do not say yet, and what no action addresses."""
    found = plan.gaps(connection, number, now=now.astimezone(site.calendar.zone))
    if found.incomplete:
        says = f"actions are not complete: {', '.join(found.incomplete)}"
        yield Unmet(code="incomplete_action", says=says, missing=found.incomplete)
    if found.uncovered:
        says = f"neither an action nor a reason for none: {', '.join(found.uncovered)}"
        yield Unmet(code="uncovered_findings", says=says, missing=found.uncovered)


# -- report review -----------------------------------------------------------------------------------------------------


def _verdict(report: FormVersion | None, record: Incident, person: str, site: Site) -> Allowed | Refused:
    written = report.written if report else {}
    hands = [Hand(person=one.by, deed=Deed.WROTE_REPORT, what=name) for name, one in written.items() if one.by]
    return four_eyes.may_sign(Signature.REPORT_REVIEW, person, hands, mode=site.four_eyes, track=record.track)


def _clashes(verdict: Allowed | Refused) -> Iterator[Unmet]:
    if isinstance(verdict, Refused):
        yield Unmet(code=verdict.code, says=verdict.reason)


def _not_reviewer(tx: Tx, record: Incident, person: str, site: Site, parts: Iterable[Review]) -> Iterator[Unmet]:
    """Unless asked to review: or the other one of a pair, who is left what the first one wrote."""
    is_other = site.four_eyes is FourEyes.PAIR and any(one.by != person for one in parts)
    if is_other or staffing.may_fill(tx, record, Seat.REVIEWER, person, site):
        return
    matter = Matter.of(Duty.REPORT_REVIEW)
    asked = [one.person for one in duties.asked(tx.connection, record, matter, site, tx.now) or ()]
    if person not in asked:
        told = ", ".join(asked) or "nobody: designate somebody"
        yield Unmet(code="not_reviewer", says=f"{person} is not asked to review this report; asked is {told}")


def _parts_signed(connection: Connection, record: Incident, report: FormVersion | None) -> tuple[Review, ...]:
    """Of a pair: reviews of this very version that leave parts to the other one."""
    found = reviews.of(connection, record.number, cycle=record.cycle)
    return tuple(one for one in found if one.left and report is not None and one.version == report.version)


def _left(verdict: Allowed | Refused, parts: Iterable[Review], person: str) -> tuple[str, ...]:
    """What nobody but its author has reviewed, once *person* has reviewed the rest."""
    left = set(verdict.leaves) if isinstance(verdict, Allowed) else set()
    for one in parts:
        if one.by != person:
            left &= set(one.left)
    return tuple(sorted(left))


def _told(verdict: Allowed | Refused) -> dict[str, Fact]:
    """What the timeline tells of a signature beside who gave it."""
    waived = verdict.waived if isinstance(verdict, Allowed) else None
    return {"waived": "four_eyes", "clash": str(waived)} if waived else {}
