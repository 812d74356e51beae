"""A record that its participants alone may see, though it is not TLP:RED; and one that all may see again."""

from dataclasses import replace

from store import acts, process
from store.errors import ActNotAllowed
from store.incident import Actor, EntryKind, Fact, NewEntry
from store.repository.incident import moves
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import records, timeline
from store.tx import Tx


def restrict(tx: Tx, number: int, actor: Actor, *, reason: str, via: str, version: int) -> Done:
    """Have participants alone see it. Harmless if they do already."""
    return _set(tx, number, actor, "restrict", True, reason, via, version)


def lift(tx: Tx, number: int, actor: Actor, *, reason: str, via: str, version: int) -> Done:
    """Have everybody with access see it again, unless it is TLP:RED."""
    return _set(tx, number, actor, "lift_restriction", False, reason, via, version)


def _set(tx: Tx, number: int, actor: Actor, name: str, restricted: bool, reason: str, via: str, version: int) -> Done:
    before = moves.at_version(tx, number, version)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(before, roles):
        process.check_act(before, process.ACTS[name], by=actor, roles=roles)
        if not reason.strip():
            raise ActNotAllowed("reason_required", "say why", missing=("reason",))
    after = replace(before, restricted=restricted, version=before.version + 1)
    records.change(tx, before, after)
    facts: dict[str, Fact] = {"restricted": restricted}
    told = NewEntry(kind=EntryKind.CLASSIFIED, actor=actor, facts=facts, values={"note": reason}, via=via)
    timeline.append(tx, number, told)
    return finished(tx, after, actor)
