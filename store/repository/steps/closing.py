"""The end of an incident, and the way back to its actions.

It is closed once everything was done and seen to be done, and no watch still has to tell whether it helped. What was
learnt lives on as improvement items.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, exists, select

from store import covering, process, promise
from store.answers import State
from store.forms import FormName
from store.incident import DAEMON, Actor, EntryKind, Fact, Incident, Status, Step, Track
from store.notice import NoticeKind
from store.repository.dossier import actions, filling
from store.repository.follow_up import improvements, watches, watching
from store.repository.incident import acts, moves
from store.repository.incident.acts import Done, finished
from store.repository.record import records
from store.repository.steps import stepping
from store.repository.telling import outbox
from store.site import Site
from store.steps import Unmet, unanswered
from store.tables import incident, watch
from store.tx import Tx
from store.watch import Verdict

_REASON = Unmet(code="reason_required", says="say what is to be done again", missing=("reason",))


def close(tx: Tx, number: int, actor: Actor, *, version: int, via: str, site: Site, note: str = "") -> Done:
    """Close it.

    Raises:
        MoveNotAllowed: ``open_actions``, ``watch_running``, ``open_concerns``, ``verdict_missing``,
            ``not_effective`` or ``missing_fields``; all of it is named.
    """
    before = moves.at_version(tx, number, version)
    lacking = [*unmet(tx.connection, before), *_unanswered(tx.connection, before, site)]
    after = stepping.step(tx, before, "close", process.RESOLVED, actor, lacking)
    for lesson in _lessons(tx.connection, before, site):
        improvements.write_down(tx, after, actor, via=via, **lesson)
    return _closed(tx, before, after, actor, via, note)


def rework(tx: Tx, number: int, actor: Actor, *, version: int, via: str, reason: str) -> Done:
    """Go back to the actions.

    Raises:
        MoveNotAllowed: ``reason_required``.
    """
    before = moves.at_version(tx, number, version)
    lacking = [] if reason.strip() else [_REASON]
    after = stepping.step(tx, before, "rework", process.CORRECTIVE_ACTIONS, actor, lacking)
    records.change(tx, before, after)
    moves.write(tx, after, EntryKind.MOVED, actor, via, moves.from_to(before, after), reason)
    watching.rework(tx, before, after)
    return finished(tx, after, actor)


def unmet(connection: Connection, record: Incident) -> Iterator[Unmet]:
    """What keeps *record* from being closed, but for its forms."""
    for one in covering.open_ones(actions.of(connection, record.number), record.track):
        yield Unmet(code="open_actions", says=f"{one.name} is only {one.state}", missing=(one.name,))
    for entry in acts.open_concerns(connection, record.number):
        says = f"the concern of entry {entry} is not answered"
        yield Unmet(code="open_concerns", says=says, missing=(f"concern {entry}",))
    yield from promise.against_closing(watches.current(connection, record))


def ripe(connection: Connection) -> list[int]:
    """Numbers of the incidents on the light track that their watches close."""
    running = (watch.c.incident == incident.c.number, watch.c.cycle == incident.c.cycle, watch.c.ended_at.is_(None))
    wanted = (
        incident.c.status == Status.OPEN,
        incident.c.step == Step.FOLLOW_UP,
        incident.c.track == Track.LIGHT,
        ~exists().where(*running, watch.c.retired_at.is_(None)),
    )
    found = map(records.from_row, connection.execute(select(incident).where(*wanted)))
    return [record.number for record in found if _is_ripe(connection, record)]


def close_by_itself(tx: Tx, number: int) -> bool:
    """Close an incident on the light track whose watches are over. Returns whether it did."""
    before = records.load(tx.connection, number)
    if before.track is not Track.LIGHT or not before.is_open or not _is_ripe(tx.connection, before):
        return False
    after = process.advance(before, process.RESOLVED, now=tx.now, by=DAEMON)
    _closed(tx, before, after, DAEMON, "", "")
    return True


def _is_ripe(connection: Connection, record: Incident) -> bool:
    """Whether nothing is left to do. Too little data is said as it is, and keeps no light incident open."""
    told = watches.current(connection, record)
    if record.step is not Step.FOLLOW_UP or record.approval_void is not None or not told:
        return False
    left = {one.missing for one in unmet(connection, record)}
    return left <= {(one.name,) for one in told if one.verdict is Verdict.INSUFFICIENT_DATA}


def _unanswered(connection: Connection, record: Incident, site: Site) -> Iterator[Unmet]:
    filled = filling.filled_of(connection, record.number, site)
    return unanswered(filled, record, process.RESOLVED, site.forms)


def _lessons(connection: Connection, record: Incident, site: Site) -> Iterator[dict[str, Any]]:
    """What the form of step 7 says was learnt: item, owner, due."""
    answer = filling.filled_of(connection, record.number, site)[FormName.FOLLOW_UP].get("lessons")
    if answer is not None and answer.state is State.GIVEN:
        yield from answer.value


def _closed(tx: Tx, before: Incident, after: Incident, actor: Actor, via: str, note: str) -> Done:
    told = watches.current(tx.connection, before)
    after = replace(after, watched_from=promise.broken_from(told), watched_until=promise.reopens_until(told))
    records.change(tx, before, after)
    facts: dict[str, Fact] = moves.from_to(before, after)
    facts |= {"verdicts": "; ".join(f"{one.name}: {one.verdict}" for one in told)}
    moves.write(tx, after, EntryKind.MOVED, actor, via, facts, note)
    outbox.cancel_asks(tx, after.number, "it is closed")
    moves.tell(tx, after, NoticeKind.RESOLVED, f"{actor.id} closed it" if actor is not DAEMON else "its watch is over")
    return finished(tx, after, actor)
