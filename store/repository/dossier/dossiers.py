"""What is to be approved: frozen, read again, and as it stands now. It needs no answers, only commitments to them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from rules.entities import clean
from rules.finding import Evidence
from store import dossier, form_version
from store.approval import Frozen
from store.dossier import Dossier
from store.form_version import CARRIED, FormVersion
from store.forms import FormName
from store.incident import Actor, EntryKind, Fact, Incident, NewEntry
from store.repository.dossier import actions
from store.repository.record import evidence, timeline
from store.site import Site
from store.tables import dossier as dossiers
from store.tables import form
from store.tx import Tx


def freeze(tx: Tx, record: Incident, site: Site, *, by: Actor, via: str = "") -> Frozen:
    """Keep what stands now, with all evidence so far, as the dossier that is to be approved."""
    versions, lines = history(tx.connection, record), evidence.of(tx.connection, record.number)
    return _add(tx, record, site, _assembled(tx.connection, record, versions, lines), by, via)


def freeze_again(tx: Tx, record: Incident, site: Site, told: Dossier, *, by: Actor, via: str) -> Frozen:
    """Keep *told*: what stands now, with the evidence up to the freeze before."""
    return _add(tx, record, site, told, by, via)


def newest(connection: Connection, record: Incident) -> Frozen | None:
    """The last freeze of the record's present cycle; None: nothing was frozen in it."""
    of_it = (dossiers.c.incident == record.number, dossiers.c.cycle == record.cycle)
    row = connection.execute(select(dossiers).where(*of_it).order_by(dossiers.c.number.desc()).limit(1)).first()
    return _from_row(row) if row else None


def all_of(connection: Connection, number: int) -> list[Frozen]:
    """Every freeze of an incident, oldest first."""
    rows = connection.execute(select(dossiers).where(dossiers.c.incident == number).order_by(dossiers.c.number))
    return [_from_row(row) for row in rows]


def with_hash(connection: Connection, number: int, sent: str) -> Dossier | None:
    """The frozen dossier of an incident that has the hash that somebody *sent*; None: none has."""
    row = connection.execute(
        select(dossiers.c.content).where(dossiers.c.incident == number, dossiers.c.hash == clean(sent)).limit(1)
    ).first()
    return dossier.read(row.content) if row else None


def standing_now(
    connection: Connection, record: Incident, frozen: Frozen | None, versions: Sequence[FormVersion]
) -> Dossier:
    """The dossier as it stands, with the evidence up to the freeze; without a freeze, all evidence.

    Args:
        versions: The record's `history`.
    """
    if frozen is None:
        return _assembled(connection, record, versions, evidence.of(connection, record.number))
    return dossier.with_evidence_of(frozen.dossier, _assembled(connection, record, versions, ()))


def history(connection: Connection, record: Incident) -> list[FormVersion]:
    """Every version of a form that counts in the present cycle, oldest first, without what was answered."""
    rows = connection.execute(
        select(form.c.content).where(form.c.incident == record.number).order_by(form.c.form, form.c.version)
    )
    every = (form_version.read(row.content, {}) for row in rows)
    return [one for one in every if one.cycle == record.cycle or one.form in CARRIED]


def standing(versions: Sequence[FormVersion]) -> list[FormVersion]:
    """Of *versions*, oldest first, the newest of each form."""
    latest: Mapping[FormName, FormVersion] = {one.form: one for one in versions}
    return list(latest.values())


def faults(connection: Connection, number: int) -> tuple[str, ...]:
    """What is wrong with the frozen dossiers of an incident, in sentences; empty if nothing is."""
    return tuple(
        f"INC-{number} dossier {one.number}: its bytes do not have the hash that is stored beside them"
        for one in all_of(connection, number)
        if one.dossier.hash != one.hash
    )


def _assembled(
    connection: Connection, record: Incident, versions: Sequence[FormVersion], lines: Sequence[Evidence]
) -> Dossier:
    """Forms and actions as they stand, and *lines* of evidence."""
    plan = actions.digests(connection, record.number)
    return dossier.assemble(record.number, record.cycle, standing(versions), lines, plan)


def _add(tx: Tx, record: Incident, site: Site, told: Dossier, by: Actor, via: str) -> Frozen:
    before = tx.connection.execute(
        select(func.max(dossiers.c.number)).where(dossiers.c.incident == record.number)
    ).scalar()
    number, version = (before or 0) + 1, site.procedure_version
    facts: dict[str, Fact] = {"dossier": number, "cycle": record.cycle, "hash": told.hash}
    facts["procedure_version"] = version
    entry = timeline.append(tx, record.number, NewEntry(kind=EntryKind.FROZEN, actor=by, facts=facts, via=via))
    frozen = Frozen(
        number=number,
        cycle=record.cycle,
        at=tx.now,
        entry=entry,
        events=record.events,
        procedure_version=version,
        dossier=told,
        hash=told.hash,
    )
    tx.connection.execute(
        dossiers.insert().values(
            incident=record.number,
            number=number,
            cycle=record.cycle,
            at=tx.now,
            entry=entry,
            events=record.events,
            procedure_version=version,
            content=told.content,
            hash=told.hash,
        )
    )
    return frozen


def _from_row(row: Row[Any]) -> Frozen:
    return Frozen(
        number=row.number,
        cycle=row.cycle,
        at=row.at,
        entry=row.entry,
        events=row.events,
        procedure_version=row.procedure_version,
        dossier=dossier.read(row.content),
        hash=row.hash,
    )
