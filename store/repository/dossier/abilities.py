"""What somebody may do to the actions of a record: by roles and four eyes, and nothing where they are involved."""

from dataclasses import dataclass

from sqlalchemy import Connection

from store import action as life
from store.action import Action, ActionKind
from store.incident import Actor, Incident
from store.people import Role
from store.repository.incident import waivers
from store.repository.people import persons
from store.repository.record import conflicts, records
from store.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """Somebody, and what governs what they may do to the actions that a record carries."""

    record: Incident
    actor: Actor
    roles: frozenset[Role]
    site: Site  #: as it governs this record
    is_involved: bool  #: they may do nothing

    def allowed(self, one: Action) -> tuple[str, ...]:
        """What they may do to *one* now."""
        if self.is_involved:
            return ()
        return life.allowed(one, record=self.record, by=self.actor, roles=self.roles, mode=self.site.four_eyes)

    @property
    def may_write(self) -> tuple[ActionKind, ...]:
        """The kinds of which they may write a new one now."""
        if self.is_involved or not self.record.is_open:
            return ()
        return tuple(kind for kind in ActionKind if set(life.writers(kind, self.record.track)) & self.roles)


def of(connection: Connection, number: int, actor: Actor, site: Site) -> Abilities:
    """What *actor* may do to the actions of incident *number*, or of the record that carries it."""
    record = records.carrier(connection, number)
    return Abilities(
        record=record,
        actor=actor,
        roles=persons.roles_of(connection, actor),
        site=waivers.governing(connection, record.number, site),
        is_involved=actor.id in conflicts.of(connection, record.number),
    )
