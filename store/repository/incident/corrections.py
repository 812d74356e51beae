"""Instants that a person corrects; the timeline keeps both."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from store import acts, correcting, process
from store.incident import Actor, ActorKind, EntryKind, Fact
from store.process import ACTS
from store.repository.incident import moves
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import records
from store.tables import timeline as entries
from store.tx import Tx


def correct(
    tx: Tx, number: int, actor: Actor, *, version: int, via: str, instant: str, to: datetime, reason: str
) -> Done:
    """Say when something really was. The timeline keeps the zone in which it was said.

    Raises:
        ActNotAllowed: ``reason_required``, ``invalid_moment``, or *actor* may not.
    """
    before = moves.at_version(tx, number, version)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(before, roles):
        process.check_act(before, ACTS["correction"], by=actor, roles=roles)
        acted = _first_act(tx, number) if instant == "aware_at" else None
        after = correcting.corrected(before, instant, to.astimezone(UTC), reason=reason, now=tx.now, acted=acted)
    records.change(tx, before, after)
    was = correcting.instant_of(before, instant)
    facts: dict[str, Fact] = {"instant": instant, "from": was.isoformat() if was else None, "to": to.isoformat()}
    moves.write(tx, after, EntryKind.CORRECTED, actor, via, facts, reason)
    return finished(tx, after, actor)


def _first_act(tx: Tx, number: int) -> datetime | None:
    """When a person did something to the record first: by then somebody knew of it."""
    by_persons = (entries.c.incident == number, entries.c.actor_kind == ActorKind.PERSON)
    return tx.connection.execute(select(func.min(entries.c.at)).where(*by_persons)).scalar()
