"""Watches go on by themselves: they begin when their action has effect, count, are judged, and have consequences."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, select

from store import process, promise
from store.coverage import Alive
from store.incident import DAEMON, EntryKind, Fact, Incident, Status, Step
from store.notice import NewNotice, NoticeKind
from store.promise import LOOK_BACK, Match, Promise
from store.repository.dossier import actions
from store.repository.follow_up import coverage, unplanned, watches
from store.repository.incident import moves
from store.repository.record import records
from store.repository.telling import outbox
from store.tables import finding, incident, watch
from store.tx import Tx
from store.watch import Count, Ended, Extended, Running, Span, Verdict, exposure, hours, look

#: For so long after its end a watch waits until everything written before is worked on; then that counts as not seen.
PATIENCE = timedelta(minutes=2)
_ALIVE = (watch.c.ended_at.is_(None), watch.c.retired_at.is_(None))


def next_end(connection: Connection) -> datetime | None:
    """When the next of the watches that run is over; in the past if it waits for its last lines."""
    running = (*_ALIVE, watch.c.cycle == incident.c.cycle, incident.c.status == Status.OPEN)
    ends: datetime | None = connection.execute(
        select(watch.c.until)
        .join(incident, incident.c.number == watch.c.incident)
        .where(*running, watch.c.until.is_not(None))
        .order_by(watch.c.until)
        .limit(1)
    ).scalar()
    return ends


def due(connection: Connection, now: datetime) -> list[tuple[int, int]]:
    """Watches (incident, number) that begin, go on longer or end now; 0 for one that is to be planned."""
    begun = [(one.incident, one.number) for one in _of_open(connection) if _is_due(connection, one, now)]
    return [*((number, 0) for number in unplanned.of(connection)), *begun]


def go_on(tx: Tx, number: int, which: int) -> bool:
    """Do what is due for one watch, if it still is. Returns whether it ended."""
    if which == 0:
        if number in unplanned.of(tx.connection):
            unplanned.plan(tx, records.load(tx.connection, number))
        return False
    one = next((one for one in _of_open(tx.connection, watch.c.incident == number) if one.number == which), None)
    if one is None:
        return False
    if _is_pointless(tx.connection, one):
        watches.change(tx, replace(one, retired_at=tx.now))
        watches.write(tx, one, EntryKind.WATCHING, DAEMON, {"what": "taken_back", "because": "its action was dropped"})
        return False
    if (start := _begins(tx.connection, one, tx.now)) is not None:
        _begin(tx, one, start)
        return False
    return one.start is not None and _judge(tx, one)


def counted(connection: Connection, one: Promise, now: datetime) -> Promise:
    """A watch that has begun, with what it has counted until *now*."""
    before, after = count(connection, one, now)
    return replace(
        one,
        before_matches=before.matches,
        before_hours=before.exposed_hours,
        after_matches=after.matches,
        after_hours=after.exposed_hours,
    )


def count(connection: Connection, one: Promise, now: datetime) -> tuple[Count, Count]:
    """Matches and exposed hours before the action had effect, and since."""
    assert one.start is not None
    back = Span(start=one.start - LOOK_BACK, end=one.start)
    since = Span(start=one.start, end=max(one.start, min(now, one.until or now)))
    exposed = exposed_before(connection, one, back)
    before = [match for match in matches(connection, one, back.start) if match.first_seen < one.start]
    after = matches(connection, one, one.start - promise.GRAIN)
    return (
        Count(matches=promise.matches_before(before, exposed), exposed_hours=hours(exposed)),
        Count(
            matches=promise.matches_since(after, one.start),
            exposed_hours=hours(exposed_since(connection, one, since)),
        ),
    )


def matches(connection: Connection, one: Promise, since: datetime) -> list[Match]:
    """Findings of the promise's rules in its scope, with an event at or after *since*."""
    wanted = (finding.c.rule_id.in_(one.rules), finding.c.last_seen >= since, finding.c.merged_into.is_(None))
    rows = connection.execute(
        select(
            finding.c.first_seen, finding.c.last_seen, finding.c.events, finding.c.taken_at, finding.c.entities
        ).where(*wanted)
    )
    return [
        Match(first_seen=row.first_seen, last_seen=row.last_seen, events=row.events, taken_at=row.taken_at)
        for row in rows
        if promise.is_within(one.scope, row.entities)
    ]


def exposed_before(connection: Connection, one: Promise, window: Span) -> tuple[Span, ...]:
    """When all rules, in whatever version, and all sources were alive."""
    rules = [_spans(coverage.of_rule(connection, rule, window)) for rule in one.rules]
    return exposure(window, *rules, *_sources(connection, one, window)) if one.rules else ()


def exposed_since(connection: Connection, one: Promise, window: Span) -> tuple[Span, ...]:
    """The same, in the versions in which the rules were when it began: silence of others proves nothing."""
    pinned = one.versions or {}
    if not one.rules or any(rule not in pinned for rule in one.rules):
        return ()
    rules = [_spans(coverage.of_rule(connection, rule, window, version=pinned[rule])) for rule in one.rules]
    return exposure(window, *rules, *_sources(connection, one, window))


def rework(tx: Tx, before: Incident, after: Incident) -> None:
    """*before* went back to its actions: what did not hold is history, and decides nothing any more."""
    for one in watches.current(tx.connection, before):
        if one.verdict is Verdict.NOT_EFFECTIVE:
            watches.change(tx, replace(one, retired_at=tx.now))
    outbox.cancel_asks(tx, after.number, "its actions are worked on again")


def _is_due(connection: Connection, one: Promise, now: datetime) -> bool:
    return (
        _is_pointless(connection, one)
        or _begins(connection, one, now) is not None
        or (one.start is not None and _stands(connection, one, now) is not None)
    )


def _is_pointless(connection: Connection, one: Promise) -> bool:
    return one.action is not None and not actions.get(connection, one.incident, one.action).is_live


def _begins(connection: Connection, one: Promise, now: datetime) -> datetime | None:
    """From when it runs, if that is not how it runs already: the fix may have been made anew."""
    start = _effective_from(connection, one)
    return start if start is not None and start <= now and start != one.start else None


def _effective_from(connection: Connection, one: Promise) -> datetime | None:
    """When its action had effect; of the record as a whole, when it began to be followed up."""
    if one.action is not None:
        return actions.get(connection, one.incident, one.action).effective_from
    record = records.load(connection, one.incident)
    return record.step_entered_at if record.step is Step.FOLLOW_UP else None


def _begin(tx: Tx, one: Promise, start: datetime) -> None:
    begun = one.begun(start, coverage.versions_at(tx.connection, start, one.rules))
    watches.change(tx, begun)
    assert begun.until is not None
    facts: dict[str, Fact] = {"what": "began", "from": start.isoformat(), "until": begun.until.isoformat()}
    watches.write(tx, begun, EntryKind.WATCHING, DAEMON, facts)


def _stands(connection: Connection, one: Promise, now: datetime) -> tuple[Promise, Extended | Ended] | None:
    """The watch as counted now, and what follows; None: it goes on. Judged once it is followed up, never before."""
    if records.load(connection, one.incident).step is not Step.FOLLOW_UP:
        return None
    if not _is_broken(connection, one) and not _is_over(connection, one, now):
        return None  # most looks end here: what is exposed costs more to ask
    now_counted = counted(connection, one, now)
    stands = look(one.watch, now_counted.before, now_counted.after, now=now, test=one.trial)
    return None if isinstance(stands, Running) else (now_counted, stands)


def _judge(tx: Tx, one: Promise) -> bool:
    """Extend or end it, if that is due. Returns whether it ended."""
    found = _stands(tx.connection, one, tx.now)
    if found is None:
        return False
    one, stands = found
    if isinstance(stands, Extended):
        _extend(tx, one, stands)
        return False
    _end(tx, one, stands)
    return True


def _is_broken(connection: Connection, one: Promise) -> bool:
    assert one.start is not None
    return promise.matches_since(matches(connection, one, one.start - promise.GRAIN), one.start) > one.at_most


def _is_over(connection: Connection, one: Promise, now: datetime) -> bool:
    """Whether its time has passed, and everything written before the end was looked at; or will not be."""
    if one.until is None or now < one.until:
        return False
    if now >= one.until + PATIENCE or not one.rules:
        return True
    window = Span(start=one.until, end=one.until)
    sources = (coverage.of_source(connection, name, window) for name in one.sources)
    pinned = (one.versions or {}).items()
    rules = (coverage.of_rule(connection, rule, window, version=version) for rule, version in pinned)
    return all(sources) and all(rules)


def _extend(tx: Tx, one: Promise, stands: Extended) -> None:
    watches.change(tx, replace(one, until=stands.watch.until, extended=True))
    facts: dict[str, Fact] = {
        "what": "extended",
        "until": stands.watch.until.isoformat(),
        "because": stands.because.sentence,
    }
    watches.write(tx, one, EntryKind.WATCHING, DAEMON, facts)


def _end(tx: Tx, one: Promise, stands: Ended) -> None:
    ended = replace(one, judgement=stands.judgement, ended_at=tx.now)
    watches.change(tx, ended)
    watches.write(tx, ended, EntryKind.VERDICT, DAEMON, watches.judged_facts(ended))
    if stands.judgement.verdict is Verdict.NOT_EFFECTIVE:
        _work_again(tx, ended)


def _work_again(tx: Tx, one: Promise) -> None:
    """An action that did not hold is never closed upon: it goes back, and whoever is responsible hears of it."""
    before = records.load(tx.connection, one.incident)
    after = process.advance(before, process.CORRECTIVE_ACTIONS, now=tx.now, by=DAEMON)
    assert one.judgement is not None
    records.change(tx, before, after)
    facts = moves.from_to(before, after) | {"watch": one.number, "because": one.judgement.sentence}
    moves.write(tx, after, EntryKind.MOVED, DAEMON, "", facts)
    rework(tx, before, after)
    outbox.write_notice(
        tx,
        NewNotice(
            incident=after.number,
            kind=NoticeKind.WORSE,
            cycle=after.cycle,
            reason=f"what was done did not hold: {one.judgement.sentence}",
            severity=after.severity,
            breaks_through=True,
        ),
    )


def _of_open(connection: Connection, *wanted: ColumnElement[bool]) -> list[Promise]:
    """Watches of this cycle of open incidents that are not over."""
    mine = (*_ALIVE, watch.c.cycle == incident.c.cycle, incident.c.status == Status.OPEN, *wanted)
    rows = connection.execute(
        select(watch)
        .join(incident, incident.c.number == watch.c.incident)
        .where(*mine)
        .order_by(watch.c.incident, watch.c.number)
    )
    return [watches.from_row(row) for row in rows]


def _spans(alive: Iterable[Alive]) -> list[Span]:
    return [one.span for one in alive]


def _sources(connection: Connection, one: Promise, window: Span) -> list[list[Span]]:
    return [_spans(coverage.of_source(connection, name, window)) for name in one.sources]
