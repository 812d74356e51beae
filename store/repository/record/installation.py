"""The installation's own chain (record 0): what can hide an incident without touching one.

Configuration, rules, roles and tokens; each entry is written with the change that it tells, in one transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from store import audit
from store.incident import DAEMON, Actor, EntryKind, Fact, NewEntry
from store.people import Person
from store.repository.record import timeline
from store.repository.record.seals import INSTALLATION
from store.tables import timeline as entries
from store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A procedure that records are worked on by."""

    procedure_version: str  #: see `store.procedure.version`
    since: datetime


def configured(tx: Tx, digest: str, procedure_version: str) -> None:
    """Another configuration, or another procedure, is in force; nothing is written if both are the ones that were.

    Args:
        digest: SHA-256 of the configuration without secrets, hexadecimal.
    """
    last = timeline.last_of(tx.connection, INSTALLATION, EntryKind.CONFIGURED)
    facts: dict[str, Fact] = {"sha256": digest, "procedure_version": procedure_version}
    if last is None or last.facts != facts:
        _append(tx, EntryKind.CONFIGURED, DAEMON, facts)


def procedures(connection: Connection, start: datetime, end: datetime | None) -> list[InForce]:
    """The procedures that were in force from *start* to *end* (None: until now), by the chain's own account."""
    told = timeline.of(connection, INSTALLATION, EntryKind.CONFIGURED)
    found: list[InForce] = []
    for entry in told:
        version = str(entry.facts.get("procedure_version") or "")
        if end is not None and entry.at > end:
            break
        if entry.at <= start:
            found.clear()
        if version and (not found or found[-1].procedure_version != version):
            found.append(InForce(procedure_version=version, since=entry.at))
    return found


def rules_loaded(tx: Tx, versions: Mapping[str, str]) -> None:
    """Other rules are in force; the entry tells the difference, so that the first one names them all.

    Args:
        versions: Rule id to version.
    """
    before = rules_of(tx.connection)
    changed = {rule: version for rule, version in versions.items() if before.get(rule) != version}
    gone = sorted(before.keys() - versions.keys())
    if changed or gone:
        facts: dict[str, Fact] = {"count": len(versions), "changed": _text(changed), "gone": _text(gone)}
        _append(tx, EntryKind.RULES_LOADED, DAEMON, facts)


def rules_of(connection: Connection) -> dict[str, str]:
    """The rules that were in force last, by the chain's own account: rule id to version."""
    found: dict[str, str] = {}
    told = select(entries.c.entry).where(entries.c.incident == INSTALLATION, entries.c.kind == EntryKind.RULES_LOADED)
    for entry in connection.execute(told.order_by(entries.c.seq)).scalars():
        facts = audit.unseal(entry).facts
        found |= msgspec.json.decode(str(facts["changed"]), type=dict[str, str])
        for rule in msgspec.json.decode(str(facts["gone"]), type=list[str]):
            found.pop(rule, None)
    return found


def person_changed(tx: Tx, before: Person | None, after: Person, by: Actor) -> None:
    """A person was added, has other roles, or lost or got back access; nothing is written if nothing of it changed."""
    had = None if before is None else (before.roles, before.disabled_at is None)
    if had == (after.roles, after.disabled_at is None):
        return
    facts: dict[str, Fact] = {
        "person": after.id,
        "before": None if before is None else _roles(before),
        "roles": _roles(after),
        "access": after.disabled_at is None,
    }
    _append(tx, EntryKind.ROLES_CHANGED, by, facts)


def token_made(tx: Tx, token_id: int, person_id: str, label: str, by: Actor) -> None:
    """A token was made. Its label may be redacted one day."""
    values = {"label": label} if label else {}
    _append(tx, EntryKind.TOKEN_MADE, by, {"token": token_id, "person": person_id}, values)


def token_revoked(tx: Tx, token_id: int, by: Actor) -> None:
    """A token was revoked."""
    _append(tx, EntryKind.TOKEN_REVOKED, by, {"token": token_id})


def password_changed(tx: Tx, person_id: str, by: Actor, *, has_one: bool) -> None:
    """A person's password was set, or taken away."""
    _append(tx, EntryKind.PASSWORD_CHANGED, by, {"person": person_id, "has_one": has_one})


def emergency(tx: Tx, told_at: datetime, trouble: str, receiver: str, outcome: str) -> None:
    """Somebody was told past the store, which could not be used then.

    Args:
        trouble: What they were told.
        outcome: How the attempt ended.
    """
    facts: dict[str, Fact] = {"told_at": told_at.isoformat(), "receiver": receiver, "outcome": outcome}
    _append(tx, EntryKind.EMERGENCY, DAEMON, facts, {"trouble": trouble})


def _append(
    tx: Tx, kind: EntryKind, actor: Actor, facts: Mapping[str, Fact], values: Mapping[str, str] | None = None
) -> None:
    timeline.append(tx, INSTALLATION, NewEntry(kind=kind, actor=actor, facts=facts, values=values or {}))


def _roles(person: Person) -> str:
    return " ".join(sorted(person.roles))


def _text(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
