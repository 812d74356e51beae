"""The report review: a report is accepted or returned, and once accepted, what was changed in it is reviewed again."""

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Connection

from store import acts, form_version, four_eyes, process
from store.deadlines import Duty
from store.designation import Seat
from store.duties import Matter
from store.errors import ActNotAllowed, StaleVersion
from store.form_version import FormVersion, Written
from store.forms import FormName
from store.four_eyes import Allowed, FourEyes, Hand, Refused, Signature
from store.incident import Actor, EntryKind, Fact, Incident, NewEntry
from store.process import ACTS
from store.repository.dossier import authorship, forms, reviews
from store.repository.dossier.reviews import Review, ReviewResult
from store.repository.incident import moves
from store.repository.incident.acts import Done, finished
from store.repository.people import persons, staffing
from store.repository.record import records, timeline
from store.repository.steps import duties, stepping
from store.site import Site
from store.steps import Unmet
from store.tx import Tx

_NOTES = Unmet(code="notes_required", says="say what is to be changed, for whoever wrote it", missing=("notes",))


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
    verdict = _verdict(authorship.of_report(tx.connection, before, report), before, actor.id, site)
    parts = _parts_signed(tx.connection, before, report)
    unmet = [*_not_reviewer(tx, before, actor.id, site, parts), *_clashes(verdict)]
    if result is ReviewResult.ACCEPTED:
        unmet += _reviewed_before(parts, actor.id)
        unmet += stepping.unanswered(tx.connection, before, process.INVESTIGATION, site)
        after = stepping.step(tx, before, "review", process.INVESTIGATION, actor, unmet)
    else:
        unmet += [] if notes.strip() else [_NOTES]
        after = stepping.step(tx, before, "review", process.REPORTING, actor, unmet)
    facts = _facts(before, report, verdict, result)
    if result is ReviewResult.ACCEPTED and (left := _left(verdict, parts, actor.id)):
        after, facts = before, facts | {"left": ", ".join(left)}
    records.change(tx, before, after)
    values = {"notes": notes} if notes.strip() else {}
    entry = NewEntry(
        kind=EntryKind.REVIEWED, actor=actor, facts=facts | moves.from_to(before, after), values=values, via=via
    )
    timeline.append(tx, number, entry)
    return finished(tx, after, actor)


def review_again(
    tx: Tx, number: int, actor: Actor, *, report_version: int, via: str, site: Site, text: str = ""
) -> Done:
    """Accept what was changed in a report after it was accepted. Moves nothing.

    Args:
        report_version: Of the report, as it was seen.

    Raises:
        ActNotAllowed: ``review_stands`` (nothing was changed, or it was not accepted yet), ``not_reviewer``,
            ``four_eyes``, or *actor* may not.
        StaleVersion: The report is another one by now.
    """
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(record, roles):
        process.check_act(record, ACTS["review_again"], by=actor, roles=roles)
        report, changed = _changed(tx.connection, record)
        if report.version != report_version:
            raise StaleVersion(
                f"the report of {record.name} is at version {report.version}, you saw {report_version}",
                version=report.version,
                by=report.author.id,
            )
        wrote = (one for one in authorship.of_report(tx.connection, record, report) if one.what in changed)
        verdict = _verdict(wrote, record, actor.id, site)
        for one in (*_not_reviewer(tx, record, actor.id, site, ()), *_clashes(verdict)):
            raise ActNotAllowed(one.code, one.says)
    facts = _facts(record, report, verdict, ReviewResult.ACCEPTED) | {"fields": ", ".join(sorted(changed))}
    values = {"notes": text} if text.strip() else {}
    timeline.append(tx, number, NewEntry(kind=EntryKind.REVIEWED, actor=actor, facts=facts, values=values, via=via))
    return finished(tx, record, actor)


def _changed(connection: Connection, record: Incident) -> tuple[FormVersion, Mapping[str, Written]]:
    """The report, and the fields of it that differ from what was accepted last."""
    found = reviews.of(connection, record.number, cycle=record.cycle)
    report = forms.latest(connection, record.number, FormName.REPORT)
    last = found[-1] if found and found[-1].result is ReviewResult.ACCEPTED else None
    if last is None or report is None:
        raise ActNotAllowed(
            "review_stands", f"the report of {record.name} was not accepted yet: nothing to review again"
        )
    every = forms.history(connection, record.number)
    seen = next((one for one in every if one.form is FormName.REPORT and one.version == last.version), None)
    names = form_version.changed(seen.written if seen else {}, report.written)
    if not names:
        raise ActNotAllowed(
            "review_stands", f"the report of {record.name} is as {last.by} accepted it, in version {last.version}"
        )
    return report, {name: report.written[name] for name in names if name in report.written}


def _facts(
    record: Incident, report: FormVersion | None, verdict: Allowed | Refused, result: ReviewResult
) -> dict[str, Fact]:
    facts: dict[str, Fact] = {"result": result.value, "cycle": record.cycle}
    facts |= {"version": report.version, "hash": report.hash} if report else {"version": 0}
    return facts | _told(verdict)


def _verdict(hands: Iterable[Hand], record: Incident, person: str, site: Site) -> Allowed | Refused:
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


def _reviewed_before(parts: Iterable[Review], person: str) -> Iterator[Unmet]:
    """Of a pair: nobody accepts the same version twice."""
    for one in parts:
        if one.by == person:
            left = ", ".join(one.left)
            says = f"{person} accepted this version before; the other one must review what {person} wrote: {left}"
            yield Unmet(code="four_eyes", says=says)


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
