"""What is wrong with the stored signatures of a record: each is told by an entry of its chain. Pure; trusts no row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.examine import Fault, Harm, Said
from store.incident import EntryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSignature:
    """A row of signatures, as the database gives it: any of it may be anything."""

    number: object
    entry: object  #: that tells of it
    says: Mapping[str, object]  #: under the names that the entry has for it


def faults(record: int, signatures: Sequence[StoredSignature], said: Sequence[Said]) -> Iterator[Fault]:
    """What is wrong with the signatures of one record; nothing if all holds.

    Args:
        said: What the entries of the record's chain say; None for one that says nothing.
    """
    told = {one.get("seq"): _told(one) for one in said if one is not None and one.get("kind") == EntryKind.SIGNED}
    stored = {one.entry: one for one in signatures}
    for entry in told.keys() - stored.keys():
        yield Fault(record=record, harm=Harm.REMOVED, says=f"the signature that entry {entry} tells of is not there")
    for one in signatures:
        if stored[one.entry] is not one or one.entry not in told:
            says = f"signature {one.number}: no entry tells of it"
            yield Fault(record=record, harm=Harm.INSERTED, says=says)
        elif wrong := [name for name, value in one.says.items() if told[one.entry].get(name) != value]:
            says = f"signature {one.number}: its entry says something else of {', '.join(wrong)}"
            yield Fault(record=record, harm=Harm.CHANGED, says=says)


def _told(entry: Mapping[str, Any]) -> dict[str, object]:
    facts, actor = entry.get("facts"), entry.get("actor")
    return {
        **(facts if isinstance(facts, dict) else {}),
        "person": actor.get("id") if isinstance(actor, dict) else None,
        "at": entry.get("at"),
    }
