"""The actions of an incident: as they stand, who wrote them, and what the plan still lacks.

Each change makes a new version. Why something was moved, returned or dropped, and why there is no action for a cause,
stands in the timeline, where it can be redacted. The actions of a record that was merged go on with the one that
carries it; they keep their own names.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, select

from store import action_version
from store.action import Action, ActionKind, ActionState, Slip
from store.action_version import ActionVersion
from store.errors import NotFound
from store.incident import Actor, EntryKind, Fact, NewEntry, TimelineEntry
from store.repository.record import records, timeline
from store.tables import action, action_text
from store.tx import Tx

#: What an entry says was done, where there is no action for a cause.
NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why there is no action for a cause."""

    cause: str
    reason: str | None  #: None: redacted
    by: str  #: person id
    at: datetime
    digest: str  #: of the entry that tells of it


def of(connection: Connection, number: int) -> tuple[Action, ...]:
    """All actions of an incident as they stand, its own first, then those of records that were merged into it."""
    numbers = records.carried(connection, number)
    found = _standing(connection, _histories(connection, numbers))
    return tuple(sorted(found, key=lambda one: (one.incident != number, one.incident, one.number)))


def get(connection: Connection, number: int, which: int) -> Action:
    """One action of an incident.

    Raises:
        NotFound: There is none.
    """
    found = _standing(connection, _histories(connection, [number], which))
    if not found:
        raise NotFound(f"INC-{number} has no action {which}")
    return found[0]


def author(connection: Connection, number: int, which: int) -> str:
    """Person id of who changed it last."""
    return _histories(connection, [number], which)[number, which][-1].author.id


def history(connection: Connection, number: int) -> list[ActionVersion]:
    """Every version of every action of an incident, by number, oldest first."""
    return [version for versions in _histories(connection, [number]).values() for version in versions]


def digests(connection: Connection, number: int) -> dict[str, str]:
    """What an approval covers of the plan: by number and field, as ``3.owner``, and reasons for having no action.

    State, evidence and signatures are no plan. What was dropped is none any more, and a correction that addresses
    nothing needs no approval.
    """
    found: dict[str, str] = {}
    for versions in _histories(connection, records.carried(connection, number)).values():
        newest = versions[-1]
        if _is_planned(newest.action):
            name = newest.action.called_in(number)
            found |= {f"{name}.{field}": digest for field, digest in newest.digests.items()}
    return found | {f"none.{cause}": one.digest for cause, one in reasons(connection, number).items()}


def writers(connection: Connection, number: int) -> dict[str, frozenset[str]]:
    """Who wrote something of the plan, in any version: ``action 3`` to person ids."""
    histories = _histories(connection, records.carried(connection, number)).values()
    found = {f"action {one[-1].action.called_in(number)}": action_version.authors(one) for one in histories}
    return found | {f"no action for {one.cause}": frozenset({one.by}) for one in reasons(connection, number).values()}


def reasons(connection: Connection, number: int) -> dict[str, Reason]:
    """By cause, why there is no action for it: the newest ones of the incident's present cycle."""
    cycle = records.load(connection, number).cycle
    return {
        str(one.facts["cause"]): Reason(
            cause=str(one.facts["cause"]), reason=one.values["note"], by=one.actor.id, at=one.at, digest=one.hash
        )
        for one in timeline.of(connection, number, EntryKind.ACTION)
        if one.facts["did"] == NONE and one.facts["cycle"] == cycle
    }


def redact(tx: Tx, number: int, which: int, field: str, *, by: Actor, reason: str, via: str = "") -> None:
    """Delete all that ever stood in a field, with the salts, for ever. Hashes and signatures hold.

    Raises:
        NotFound: Nothing stands there, in no version.
    """
    versions = _histories(tx.connection, [number], which).get((number, which), [])
    of_it = (action_text.c.incident == number, action_text.c.action == which, action_text.c.field == field)
    gone = tx.connection.execute(action_text.delete().where(*of_it)).rowcount
    if not gone:
        raise NotFound(f"INC-{number} action {which} has no text in {field}; it may have been redacted before")
    facts: dict[str, Fact] = {"action": which, "field": field, "version": versions[-1].action.version, "texts": gone}
    told = NewEntry(kind=EntryKind.REDACTED, actor=by, facts=facts | {"reason": reason}, via=via)
    timeline.append(tx, number, told)


def keep(
    tx: Tx, after: Action, actor: Actor, did: str, *, via: str, note: str = "", more: Mapping[str, Fact] | None = None
) -> int:
    """Keep *after* as the newest version, and tell the timeline what was done. Returns the entry's number."""
    before = _histories(tx.connection, [after.incident], after.number).get((after.incident, after.number), [None])[-1]
    version, fresh = action_version.write(after, before, author=actor, at=tx.now, random=tx.random)
    tx.connection.execute(
        action.insert().values(
            incident=after.incident,
            number=after.number,
            version=after.version,
            state=after.state,
            kind=after.kind,
            owner=after.owner,
            due=after.due.isoformat() if after.due else None,
            content=version.content,
            hash=version.hash,
        )
    )
    if fresh:
        mine = {"incident": after.incident, "action": after.number}
        rows = [
            mine | {"commitment": version.texts[field], "field": field, "salt": one.salt, "text": one.value}
            for field, one in fresh.items()
        ]
        tx.connection.execute(action_text.insert(), rows)
    facts: dict[str, Fact] = {
        "did": did,
        "action": after.number,
        "version": after.version,
        "state": after.state.value,
        "fields": ", ".join(action_version.changed(before, version)),
        "hash": version.hash,
    }
    return write(tx, after.incident, actor, facts | dict(more or {}), via=via, note=note)


def write(tx: Tx, number: int, actor: Actor, facts: Mapping[str, Fact], *, via: str, note: str) -> int:
    """Tell the timeline; *note* can be redacted one day. Returns the entry's number."""
    said = {"note": note} if note.strip() else {}
    return timeline.append(tx, number, NewEntry(kind=EntryKind.ACTION, actor=actor, facts=facts, values=said, via=via))


def _is_planned(one: Action) -> bool:
    return one.state is not ActionState.DROPPED and (one.kind is not ActionKind.CORRECTION or bool(one.causes))


def _histories(
    connection: Connection, numbers: Iterable[int], which: int | None = None
) -> dict[tuple[int, int], list[ActionVersion]]:
    """Every version by incident and number of the action, oldest first."""
    listed = tuple(numbers)
    texts = select(action_text).where(action_text.c.incident.in_(listed))
    rows = select(action.c.incident, action.c.number, action.c.content).where(action.c.incident.in_(listed))
    if which is not None:
        texts, rows = texts.where(action_text.c.action == which), rows.where(action.c.number == which)
    kept = {row.commitment: row.text for row in connection.execute(texts)}
    found: dict[tuple[int, int], list[ActionVersion]] = defaultdict(list)
    for row in connection.execute(rows.order_by(action.c.incident, action.c.number, action.c.version)):
        found[row.incident, row.number].append(action_version.read(row.content, kept))
    return dict(found)


def _standing(connection: Connection, histories: Mapping[tuple[int, int], list[ActionVersion]]) -> list[Action]:
    """The newest version of each, with what the timeline says of its slips and its end."""
    incidents = {incident for incident, _ in histories}
    said = {incident: timeline.of(connection, incident, EntryKind.ACTION) for incident in incidents}
    return [
        _told(versions, {one.facts["version"]: one for one in said[incident] if one.facts.get("action") == which})
        for (incident, which), versions in histories.items()
    ]


def _told(versions: list[ActionVersion], said: Mapping[Fact, TimelineEntry]) -> Action:
    newest = versions[-1].action
    slips = tuple(
        Slip(due=before.due, until=after.due, by=one.actor.id, at=one.at, reason=one.values["note"])
        for before, after in pairwise(version.action for version in versions)
        for one in [said.get(after.version)]
        if one is not None and one.facts["did"] == "move" and before.due and after.due
    )
    end = said.get(newest.version) if newest.state is ActionState.DROPPED else None
    return replace(newest, slips=slips, dropped_because=end.values["note"] if end else None)
