"""Silences as they are kept: made by one person, agreed upon by another where they hide much, in force until their end.

Each change is told in the installation's own chain, because a silence keeps people from hearing of what is found.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from store import silence as rules
from store.errors import ActNotAllowed, NotFound, StaleVersion
from store.four_eyes import PROPOSAL_LASTS, Deed, Hand, Refused, Signature, may_sign
from store.incident import DAEMON, Actor, ActorKind, EntryKind, Fact, NewEntry, Status
from store.people import Role
from store.repository.people import persons
from store.repository.record import conflicts, timeline
from store.repository.record.seals import INSTALLATION
from store.silence import EFFECTIVE, ENDED, WAITING, NewSilence, Silence, SilenceState
from store.site import Site
from store.tables import incident, silence
from store.tx import Tx


def check_may(connection: Connection, actor: Actor) -> None:
    """Raise if *actor* may not make or change silences.

    Raises:
        ActNotAllowed: ``person_required`` or ``role_required``.
    """
    if actor.kind is not ActorKind.PERSON:
        raise ActNotAllowed("person_required", "only a person can do this; sign in, or use a person's token")
    if Role.RESPONDER not in persons.roles_of(connection, actor):
        raise ActNotAllowed("role_required", f"{actor.id} cannot do this: the role responder is needed")


def add(tx: Tx, actor: Actor, new: NewSilence, *, via: str) -> Silence:
    """Make a silence. What it takes to have effect depends on what it may hide, and would have hidden.

    Raises:
        ActNotAllowed: *actor* may not, or is involved in what it would have hidden; ``reason_required``;
            ``invalid_moment``: it ends too late, or before it begins; ``incident_over``: what it waits for is over.
        NotFound: There is no such incident.
    """
    check_may(tx.connection, actor)
    _check_reason(new.reason)
    new = replace(new, starts_at=max(new.starts_at, tx.now), reason=new.reason.strip())
    _check_end(new, new.ends_at)
    _check_incidents(tx, actor, new)
    state, lapses_at = rules.beginning(new, now=tx.now, tried_before=_tried_before(tx, actor, new))
    values: dict[str, Any] = {
        "matchers": dict(new.matchers),
        "state": state,
        "reason": new.reason,
        "highest": new.highest,
        "preview": new.preview,
        "created_by": actor.id,
        "created_at": tx.now,
        "starts_at": new.starts_at,
        "ends_at": new.ends_at,
        "until_resolved": new.until_resolved,
        "window": new.window,
        "lapses_at": lapses_at,
        "version": 1,
    }
    number: int = tx.connection.execute(silence.insert().values(values).returning(silence.c.number)).scalar_one()
    made = get(tx.connection, number)
    facts: dict[str, Fact] = {
        "highest": made.highest.value,
        "starts_at": made.starts_at.isoformat(),
        "ends_at": made.ends_at.isoformat(),
        "until_resolved": f"INC-{made.until_resolved}" if made.until_resolved else None,
        "recurring": made.window is not None,
        "lapses_at": lapses_at.isoformat() if lapses_at else None,
        "would_have_hidden": made.preview.notices,
        "confirmed": " ".join(f"INC-{one}" for one in made.preview.confirmed),
    }
    _tell(tx, made, "made", actor, via, facts, {"matchers": made.told, "reason": made.reason})
    return made


def settle(tx: Tx, number: int, actor: Actor, *, version: int, agree: bool, note: str, via: str, site: Site) -> Silence:
    """Agree to a silence, or to its later end, or decline; who asked for it may decline too.

    Raises:
        ActNotAllowed: ``not_pending``; ``four_eyes``: who asked for it cannot agree; *actor* may not, or is involved.
        NotFound: There is none with that number.
        StaleVersion: It changed since *version*.
    """
    before = _at_version(tx, number, version)
    check_may(tx.connection, actor)
    if before.state in ENDED or before.over_at <= tx.now or not (before.waits or before.longer_until):
        raise ActNotAllowed("not_pending", f"{before.name} waits for nobody: it is {before.state.value}")
    asked_by = before.created_by if before.waits else before.longer_by or before.created_by
    facts: dict[str, Fact] = {"asked_by": asked_by, "longer_until": _iso(before.longer_until)}
    if agree:
        _check_involved(tx, actor, before.preview.incidents)
        facts |= _four_eyes(before, asked_by, actor, site)
    changed: dict[str, Any] = {"settled_by": actor.id, "settled_at": tx.now, "longer_until": None, "longer_by": None}
    if agree and before.longer_until:
        changed["ends_at"] = before.longer_until
    state = SilenceState.AGREED if agree or not before.waits else SilenceState.WITHDRAWN
    after = _change(tx, before, state, changed, None if agree else actor)
    _tell(tx, after, "agreed" if agree else "declined", actor, via, facts, {"note": note} if note else {})
    return after


def extend(tx: Tx, number: int, actor: Actor, *, version: int, ends_at: datetime, reason: str, via: str) -> Silence:
    """Have a silence end later, or earlier. A later end of one that two answer for waits for a second person again.

    Raises:
        ActNotAllowed: ``silence_over``; ``reason_required``; ``invalid_moment``; *actor* may not.
        NotFound: There is none with that number.
        StaleVersion: It changed since *version*.
    """
    before = _alive(tx, number, version)
    check_may(tx.connection, actor)
    _check_reason(reason)
    _check_end(before, ends_at, now=tx.now)
    changed: dict[str, Any] = {"ends_at": ends_at}
    is_later = ends_at > before.ends_at
    if is_later and before.state is SilenceState.AGREED and rules.needs_another(before.highest, before.preview):
        changed = {"longer_until": ends_at, "longer_by": actor.id}
    after = _change(tx, before, before.state, changed, None)
    facts: dict[str, Fact] = {"before": before.ends_at.isoformat(), "ends_at": ends_at.isoformat()}
    did = "asked_longer" if after.longer_until else "extended" if is_later else "shortened"
    _tell(tx, after, did, actor, via, facts, {"reason": reason.strip()})
    return after


def end(tx: Tx, number: int, actor: Actor, *, version: int | None, reason: str, via: str) -> Silence:
    """End a silence: people are told again.

    Args:
        version: The one that was seen; None: whatever it is now.

    Raises:
        ActNotAllowed: ``silence_over``, or *actor* may not.
        NotFound: There is none with that number.
        StaleVersion: It changed since *version*.
    """
    before = _alive(tx, number, version)
    check_may(tx.connection, actor)
    after = _change(tx, before, SilenceState.WITHDRAWN, {}, actor)
    _tell(tx, after, "ended", actor, via, {}, {"reason": reason.strip()} if reason.strip() else {})
    return after


def lapse(tx: Tx) -> list[Silence]:
    """End what nobody agreed to in time, what has come to its end, and what waited for an incident that is over."""
    rows = tx.connection.execute(select(silence).where(silence.c.state.not_in(ENDED)).order_by(silence.c.number))
    ended = []
    for before in map(_from_row, rows.all()):
        why = _why_over(tx, before)
        if why:
            after = _change(tx, before, SilenceState.OVER, {"longer_until": None, "longer_by": None}, None)
            _tell(tx, after, "over", DAEMON, "", {"because": why, "created_by": before.created_by}, {})
            ended.append(after)
    return ended


def next_due(connection: Connection) -> datetime | None:
    """When `lapse` has something to do; None: nothing waits."""
    alive = silence.c.state.not_in(ENDED)
    resolved = select(func.min(func.coalesce(incident.c.resolved_at, incident.c.closed_at))).join(
        silence, silence.c.until_resolved == incident.c.number
    )
    statements = (
        select(func.min(silence.c.lapses_at)).where(silence.c.state.in_(WAITING)),
        select(func.min(silence.c.ends_at)).where(alive),
        resolved.where(alive),
    )
    moments = [connection.execute(statement).scalar() for statement in statements]
    return min((moment for moment in moments if moment is not None), default=None)


def get(connection: Connection, number: int) -> Silence:
    """One silence.

    Raises:
        NotFound: There is none with that number.
    """
    row = connection.execute(select(silence).where(silence.c.number == number)).first()
    if row is None:
        raise NotFound(f"there is no silence {number}")
    return _from_row(row)


def list_all(
    connection: Connection, states: Sequence[SilenceState] = tuple(SilenceState), *, limit: int = 1000
) -> list[Silence]:
    """The silences in these states, the newest first."""
    rows = connection.execute(
        select(silence).where(silence.c.state.in_(states)).order_by(silence.c.number.desc()).limit(limit)
    )
    return [_from_row(row) for row in rows]


def in_force(connection: Connection, now: datetime) -> list[Silence]:
    """The silences that may hide something now, the oldest first; their windows are `store.silence.hushed`'s matter."""
    rows = connection.execute(
        select(silence)
        .where(
            silence.c.state.in_(EFFECTIVE),
            silence.c.starts_at <= now,
            silence.c.ends_at > now,
            or_(silence.c.state == SilenceState.AGREED, silence.c.lapses_at > now),
        )
        .order_by(silence.c.number)
    )
    return [_from_row(row) for row in rows]


def _why_over(tx: Tx, one: Silence) -> str:
    if one.waits and one.lapses_at is not None and one.lapses_at <= tx.now:
        return "nobody agreed in time"
    if one.ends_at <= tx.now:
        return "its end has come"
    if one.until_resolved is not None and _is_over(tx.connection, one.until_resolved):
        return f"INC-{one.until_resolved} is over"
    return ""


def _is_over(connection: Connection, number: int) -> bool:
    row = connection.execute(
        select(incident.c.status, incident.c.resolved_at).where(incident.c.number == number)
    ).first()
    if row is None:
        raise NotFound(f"there is no INC-{number}")
    return row.status is Status.CLOSED or row.resolved_at is not None


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise ActNotAllowed("reason_required", "say why nobody is to be told: the reason stays", missing=("reason",))


def _check_end(one: NewSilence | Silence, ends_at: datetime, *, now: datetime | None = None) -> None:
    longest: timedelta = rules.LONGEST_RECURRING if one.window else rules.LONGEST
    earliest = max(one.starts_at, now or one.starts_at)
    if not earliest < ends_at <= one.starts_at + longest:
        raise ActNotAllowed(
            "invalid_moment", f"its end must come, within {longest.days} days of its beginning", missing=("ends_at",)
        )


def _check_incidents(tx: Tx, actor: Actor, new: NewSilence) -> None:
    number = new.until_resolved
    if number is not None and _is_over(tx.connection, number):
        raise ActNotAllowed("incident_over", f"INC-{number} is over: there is nothing to wait for")
    _check_involved(tx, actor, [*([number] if number else []), *new.preview.incidents])


def _check_involved(tx: Tx, actor: Actor, numbers: Sequence[int]) -> None:
    """Nobody hides what they are involved in."""
    for number in dict.fromkeys(numbers):
        conflicts.check(tx.connection, number, actor)


def _four_eyes(one: Silence, asked_by: str, actor: Actor, site: Site) -> dict[str, Fact]:
    """Facts of what was waived for this signature."""
    if not rules.needs_another(one.highest, one.preview):
        return {}
    hand = Hand(person=asked_by, deed=Deed.PROPOSED, what=one.name)
    verdict = may_sign(Signature.SETTLE, actor.id, [hand], mode=site.four_eyes)
    if isinstance(verdict, Refused):
        raise ActNotAllowed(verdict.code, verdict.reason)
    return {"waived": "four_eyes", "clash": str(verdict.waived)} if verdict.waived else {}


def _tried_before(tx: Tx, actor: Actor, new: NewSilence) -> bool:
    """Whether another one of theirs about the same ended, or waits, without anybody agreeing, a short while ago.

    The same under other names, a rule in place of a host, is known by the incidents that both would have hidden.
    """
    rows = tx.connection.execute(
        select(silence.c.matchers, silence.c.preview).where(
            silence.c.created_by == actor.id,
            silence.c.lapses_at.is_not(None),
            silence.c.settled_at.is_(None),
            silence.c.created_at > tx.now - rules.ONCE_WITHIN - PROPOSAL_LASTS,
        )
    )
    found = frozenset(new.preview.incidents)
    return any(rules.overlap(row.matchers, new.matchers) or found & set(row.preview.incidents) for row in rows)


def _alive(tx: Tx, number: int, version: int | None) -> Silence:
    found = _at_version(tx, number, version)
    if found.state in ENDED:
        raise ActNotAllowed("silence_over", f"{found.name} is {found.state.value}")
    return found


def _at_version(tx: Tx, number: int, version: int | None) -> Silence:
    found = get(tx.connection, number)
    if version is not None and found.version != version:
        raise StaleVersion(f"{found.name} is at version {found.version}, not {version}", version=found.version)
    return found


def _change(tx: Tx, before: Silence, state: SilenceState, values: dict[str, Any], ended_by: Actor | None) -> Silence:
    if state in ENDED:
        values = values | {"ended_at": tx.now, "ended_by": ended_by.id if ended_by else None}
    tx.connection.execute(
        silence.update()
        .where(silence.c.number == before.number)
        .values({"state": state, "version": before.version + 1, **values})
    )
    return get(tx.connection, before.number)


def _tell(
    tx: Tx, one: Silence, did: str, actor: Actor, via: str, facts: dict[str, Fact], values: dict[str, str]
) -> None:
    facts = {"silence": one.number, "did": did, "state": one.state.value, "is_mute": one.is_mute, **facts}
    entry = NewEntry(kind=EntryKind.SILENCED, actor=actor, facts=facts, values=values, via=via)
    timeline.append(tx, INSTALLATION, entry)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _from_row(row: Row[Any]) -> Silence:
    return Silence(**row._mapping)
