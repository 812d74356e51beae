"""Waivers of four eyes: an act on one record, by name and with a reason; and the register of all that they allowed.

The register is the installation's own chain: whatever was done only because four eyes were waived, on a record or at
the whole site, has an entry there, see `store.repository.record.timeline.append`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from store import acts, process
from store.errors import ActNotAllowed
from store.four_eyes import FourEyes
from store.incident import Actor, EntryKind, Fact, NewEntry
from store.process import ACTS
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import conflicts, records, timeline
from store.repository.record.seals import INSTALLATION
from store.site import Site
from store.tables import value
from store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One line of the register."""

    incident: int
    entry: int  #: of its timeline, which tells of it
    kind: EntryKind  #: of that entry; `waived`: four eyes were waived, else what was done because of that
    by: str  #: person id
    at: datetime
    clash: str  #: what would have kept them from it; "" for the waiver itself
    reason: str | None  #: why it was waived; None for what was done because of it, or if it was redacted


def waive(tx: Tx, number: int, actor: Actor, *, reason: str, site: Site, via: str) -> Done:
    """Waive the four eyes of a record, until it is reopened: its signatures may be given by anybody with the role, and
    whoever is involved may act on it. Each of that is written down.

    Raises:
        ActNotAllowed: ``reason_required``, ``waived_before``, ``conflict_of_interest`` (unless four eyes are waived at
            the whole site), or *actor* may not.
    """
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(record, roles):
        process.check_act(record, ACTS["waive"], by=actor, roles=roles)
        if not reason.strip():
            raise ActNotAllowed(
                "reason_required", f"say why nobody else can sign on {record.name}", missing=("reason",)
            )
        if conflicts.is_waived(tx.connection, number):
            raise ActNotAllowed("waived_before", f"the four eyes of {record.name} are waived already")
    facts: dict[str, Fact] = {"waived": "four_eyes", "cycle": record.cycle}
    entry = NewEntry(kind=EntryKind.WAIVED, actor=actor, facts=facts, values={"reason": reason.strip()}, via=via)
    timeline.append(tx, number, entry, despite_interest=site.four_eyes is FourEyes.WAIVED)
    return finished(tx, record, actor)


def governing(connection: Connection, number: int, site: Site) -> Site:
    """What governs one record: *site*, with four eyes waived if they are for this record."""
    return replace(site, four_eyes=FourEyes.WAIVED) if conflicts.is_waived(connection, number) else site


def register(connection: Connection) -> tuple[Waiver, ...]:
    """All waivers, and all that was done because of them, oldest first."""
    told = timeline.of(connection, INSTALLATION, EntryKind.WAIVED)
    reasons = select(value.c.incident, value.c.seq, value.c.value).where(
        value.c.name == "reason", value.c.incident.in_({int(one.facts["incident"] or 0) for one in told})
    )
    said = {(row.incident, row.seq): row.value for row in connection.execute(reasons)}
    return tuple(_waiver(one.actor.id, one.at, one.facts, said) for one in told)


def _waiver(by: str, at: datetime, facts: Mapping[str, Fact], said: Mapping[tuple[int, int], str]) -> Waiver:
    number, entry, kind = int(facts["incident"] or 0), int(facts["entry"] or 0), EntryKind(str(facts["kind"]))
    return Waiver(
        incident=number,
        entry=entry,
        kind=kind,
        by=by,
        at=at,
        clash=str(facts.get("clash") or ""),
        reason=said.get((number, entry)) if kind is EntryKind.WAIVED else None,
    )
