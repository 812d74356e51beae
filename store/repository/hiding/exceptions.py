"""Exceptions as they are kept: proposed by one person, settled by another, in force until their end.

Each change is told in the timeline of the incident that it was proposed out of, and in the installation's own chain,
because an exception hides what has no record.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from store import acts, process
from store.errors import ActNotAllowed, NotFound, StaleVersion
from store.excepting import (
    EFFECTIVE,
    LONGEST,
    ONCE_WITHIN,
    USUAL,
    WAITING,
    Candidate,
    ExceptionState,
    RuleException,
    beginning,
)
from store.four_eyes import Deed, Hand, Refused, Signature, may_sign, settling_needs_another
from store.incident import (
    DAEMON,
    Actor,
    ActorKind,
    DismissReason,
    EntryKind,
    Fact,
    Incident,
    NewEntry,
    Outcome,
)
from store.people import Role
from store.repository.incident import waivers
from store.repository.people import persons
from store.repository.record import conflicts, records, timeline
from store.repository.record.seals import INSTALLATION
from store.site import Site
from store.tables import exception
from store.tx import Tx

#: Whether a state has ended.
_OVER = (ExceptionState.LAPSED, ExceptionState.WITHDRAWN)


def check_may_propose(connection: Connection, actor: Actor, incident: int | None) -> Incident | None:
    """Raise if *actor* may not propose an exception, out of that incident if one is named. Returns the incident.

    Raises:
        ActNotAllowed: ``role_required``, ``closed`` and the like; ``not_false_positive``: it was not dismissed as one.
        NotFound: There is no such incident.
    """
    roles = persons.roles_of(connection, actor)
    if incident is None:
        _check_role(actor, roles)
        return None
    record = records.load(connection, incident)
    with acts.telling_what_is_allowed(record, roles):
        process.check_act(record, process.ACTS["except"], by=actor, roles=roles)
        if _dismissed_as(connection, record) != DismissReason.FALSE_POSITIVE:
            raise ActNotAllowed(
                "not_false_positive",
                f"{record.name} was not dismissed as false_positive: an exception is for what is harmless",
            )
    return record


def propose(
    tx: Tx,
    actor: Actor,
    candidate: Candidate,
    *,
    incident: int | None,
    reason: str,
    until: datetime | None,
    via: str,
) -> RuleException:
    """Propose an exception. What it takes to have effect depends on what it would have hidden.

    Raises:
        ActNotAllowed: *actor* may not, or is involved in what it would have hidden; ``reason_required``;
            ``invalid_moment``: *until* is past or too far; ``exception_exists``: the same one waits or is in force.
    """
    record = check_may_propose(tx.connection, actor, incident)
    until = until or tx.now + USUAL
    if not reason.strip():
        raise ActNotAllowed("reason_required", "say why it is harmless: the reason stays", missing=("reason",))
    if not tx.now < until <= tx.now + LONGEST:
        raise ActNotAllowed("invalid_moment", f"until must come, within {LONGEST.days} days", missing=("until",))
    _check_conflicts(tx.connection, actor, incident, candidate.preview.incidents)
    alive = select(exception.c.number).where(exception.c.text == candidate.text, exception.c.state.not_in(_OVER))
    if (known := tx.connection.execute(alive).scalar()) is not None:
        raise ActNotAllowed("exception_exists", f"exception {known} says the same")
    highest = max(
        [candidate.highest, *([record.severity_highest] if record else [])], key=lambda severity: severity.rank
    )
    candidate = replace(candidate, worst=highest)
    tried = _tried_before(tx, actor, candidate.rules)
    state, lapses_at = beginning(candidate, now=tx.now, until=until, tried_before=tried)
    number: int = tx.connection.execute(
        exception.insert()
        .values(
            incident=incident,
            text=candidate.text,
            title=candidate.title,
            rules=candidate.rules,
            state=state,
            reason=reason.strip(),
            highest=highest,
            preview=candidate.preview,
            proposed_by=actor.id,
            proposed_at=tx.now,
            lapses_at=lapses_at,
            until=until,
            version=1,
        )
        .returning(exception.c.number)
    ).scalar_one()
    made = get(tx.connection, number)
    values = {"filter": made.text, "title": made.title, "reason": made.reason}
    preview = made.preview
    facts: dict[str, Fact] = {
        "highest": highest.value,
        "until": until.isoformat(),
        "lapses_at": lapses_at.isoformat() if lapses_at else None,
        "rules": " ".join(made.rules),
        "findings": preview.findings,
        "in_part": preview.in_part,
        "incidents": " ".join(f"INC-{one.number}" for one in preview.incidents),
        "confirmed": " ".join(f"INC-{one}" for one in preview.confirmed),
    }
    _tell(tx, made, "proposed", actor, via, facts, values)
    return made


def settle(
    tx: Tx, number: int, actor: Actor, *, version: int, agree: bool, note: str, via: str, site: Site
) -> RuleException:
    """Agree to an exception, or decline it; who proposed it may decline too.

    Raises:
        ActNotAllowed: ``not_pending``; ``four_eyes``: who proposed it cannot agree to it; *actor* may not, or is
            involved in what it hides.
        NotFound: There is none with that number.
        StaleVersion: It changed since *version*.
    """
    before = _at_version(tx, number, version)
    _check_role(actor, persons.roles_of(tx.connection, actor))
    if not before.waits or before.ends_at <= tx.now:
        raise ActNotAllowed("not_pending", f"{before.name} waits for nobody: it is {before.state.value}")
    facts: dict[str, Fact] = {"proposed_by": before.proposed_by}
    if agree:
        _check_conflicts(tx.connection, actor, before.incident, before.preview.incidents)
        facts |= _four_eyes(tx, before, actor, site)
    state = ExceptionState.AGREED if agree else ExceptionState.WITHDRAWN
    changed: dict[str, Any] = {"settled_by": actor.id, "settled_at": tx.now}
    after = _change(tx, before, state, changed, None if agree else actor)
    values = {"note": note} if note else {}
    _tell(tx, after, "agreed" if agree else "declined", actor, via, facts, values)
    return after


def withdraw(tx: Tx, number: int, actor: Actor, *, version: int, reason: str, via: str) -> RuleException:
    """End an exception: the rules find again.

    Raises:
        ActNotAllowed: ``exception_over``, or *actor* may not.
        NotFound: There is none with that number.
        StaleVersion: It changed since *version*.
    """
    before = _at_version(tx, number, version)
    _check_role(actor, persons.roles_of(tx.connection, actor))
    if before.state in _OVER:
        raise ActNotAllowed("exception_over", f"{before.name} is {before.state.value}")
    after = _change(tx, before, ExceptionState.WITHDRAWN, {}, actor)
    _tell(tx, after, "withdrawn", actor, via, {}, {"reason": reason.strip()} if reason.strip() else {})
    return after


def lapse(tx: Tx) -> int:
    """End what nobody agreed to in time, and what has come to its end. Returns how many."""
    rows = tx.connection.execute(select(exception).where(exception.c.state.not_in(_OVER)).order_by(exception.c.number))
    due = [one for one in map(_from_row, rows) if one.ends_at <= tx.now]
    for before in due:
        after = _change(tx, before, ExceptionState.LAPSED, {}, None)
        why = "nobody agreed in time" if before.waits else "its end has come"
        _tell(tx, after, "lapsed", DAEMON, "", {"because": why, "proposed_by": before.proposed_by}, {})
    return len(due)


def next_due(connection: Connection) -> datetime | None:
    """When `lapse` has something to do; None: nothing waits."""
    waiting = select(func.min(exception.c.lapses_at)).where(exception.c.state.in_(WAITING))
    ending = select(func.min(exception.c.until)).where(exception.c.state.not_in(_OVER))
    moments = [connection.execute(statement).scalar() for statement in (waiting, ending)]
    return min((moment for moment in moments if moment is not None), default=None)


def get(connection: Connection, number: int) -> RuleException:
    """One exception.

    Raises:
        NotFound: There is none with that number.
    """
    row = connection.execute(select(exception).where(exception.c.number == number)).first()
    if row is None:
        raise NotFound(f"there is no exception {number}")
    return _from_row(row)


def every(connection: Connection, states: Sequence[ExceptionState] = tuple(ExceptionState)) -> list[RuleException]:
    """The exceptions in these states, the newest first."""
    rows = connection.execute(
        select(exception).where(exception.c.state.in_(states)).order_by(exception.c.number.desc())
    )
    return [_from_row(row) for row in rows]


def in_force(connection: Connection) -> tuple[tuple[str, str], ...]:
    """(path, text) of the filters in force, as rule files are given to the engine."""
    rows = connection.execute(
        select(exception.c.number, exception.c.text)
        .where(exception.c.state.in_(EFFECTIVE), exception.c.text.like("%filter%"))  # not if it was redacted
        .order_by(exception.c.number)
    )
    return tuple((f"exception {row.number}", row.text) for row in rows)


def _four_eyes(tx: Tx, one: RuleException, actor: Actor, site: Site) -> dict[str, Fact]:
    """Facts of what was waived for this signature."""
    if not (settling_needs_another(one.highest) or one.preview.confirmed):
        return {}
    governing = site if one.incident is None else waivers.governing(tx.connection, one.incident, site)
    hand = Hand(person=one.proposed_by, deed=Deed.PROPOSED, what=one.name)
    verdict = may_sign(Signature.SETTLE, actor.id, [hand], mode=governing.four_eyes)
    if isinstance(verdict, Refused):
        raise ActNotAllowed(verdict.code, verdict.reason)
    return {"waived": "four_eyes", "clash": str(verdict.waived)} if verdict.waived else {}


def _check_role(actor: Actor, roles: frozenset[Role]) -> None:
    if actor.kind is not ActorKind.PERSON:
        raise ActNotAllowed("person_required", "only a person can do this; sign in, or use a person's token")
    if Role.RESPONDER not in roles:
        raise ActNotAllowed("role_required", f"{actor.id} cannot do this: the role responder is needed")


def _check_conflicts(connection: Connection, actor: Actor, incident: int | None, hidden: Sequence[Any]) -> None:
    """Nobody hides what they are involved in."""
    for number in dict.fromkeys([*([incident] if incident else []), *(one.number for one in hidden)]):
        conflicts.check(connection, number, actor)


def _dismissed_as(connection: Connection, record: Incident) -> str | None:
    if record.outcome is not Outcome.DISMISSED:
        return None
    told = timeline.of(connection, record.number, EntryKind.MOVED, EntryKind.SETTLED)
    reasons = [one.facts["reason_code"] for one in told if one.facts.get("reason_code")]
    return str(reasons[-1]) if reasons else None


def _tried_before(tx: Tx, actor: Actor, rules: Sequence[str]) -> bool:
    """Whether another one of theirs about one of *rules* ended a short while ago without anybody agreeing."""
    rows = tx.connection.execute(
        select(exception.c.rules).where(
            exception.c.proposed_by == actor.id,
            exception.c.state.in_(_OVER),
            exception.c.lapses_at.is_not(None),
            exception.c.settled_at.is_(None),
            exception.c.ended_at > tx.now - ONCE_WITHIN,
        )
    )
    return any(set(row.rules) & set(rules) for row in rows)


def _at_version(tx: Tx, number: int, version: int) -> RuleException:
    found = get(tx.connection, number)
    if found.version != version:
        raise StaleVersion(f"{found.name} is at version {found.version}, not {version}", version=found.version)
    return found


def _change(
    tx: Tx, before: RuleException, state: ExceptionState, values: dict[str, Any], ended_by: Actor | None
) -> RuleException:
    if state in _OVER:
        values = values | {"ended_at": tx.now, "ended_by": ended_by.id if ended_by else None}
    tx.connection.execute(
        exception.update()
        .where(exception.c.number == before.number)
        .values(state=state, version=before.version + 1, **values)
    )
    return get(tx.connection, before.number)


def _tell(
    tx: Tx, one: RuleException, did: str, actor: Actor, via: str, facts: dict[str, Fact], values: dict[str, str]
) -> None:
    """In the incident's timeline with its words, and in the installation's chain without, if there is an incident."""
    facts = {"exception": one.number, "did": did, "state": one.state.value, **facts}
    words = values
    if one.incident is not None:
        entry = NewEntry(kind=EntryKind.EXCEPTED, actor=actor, facts=facts, values=values, via=via)
        seq = timeline.append(tx, one.incident, entry)
        facts = {**facts, "incident": one.incident, "entry": seq}
        words = {}
    timeline.append(
        tx, INSTALLATION, NewEntry(kind=EntryKind.EXCEPTED, actor=actor, facts=facts, values=words, via=via)
    )


def _from_row(row: Row[Any]) -> RuleException:
    return RuleException(**row._mapping)
