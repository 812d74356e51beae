"""What a person writes into the plan of an action: how it is kept, and everything that is wrong with it. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from rules.entities import clean
from store.action import Action, ActionKind
from store.answers import LONGEST_LINE, LONGEST_TEXT, MOST_ROWS
from store.covering import NUMBERED, WHOLE, cause
from store.errors import ActNotAllowed
from store.incident import Track
from store.people import Role

_LONG: Final = ("text", "criterion", "content", "evidence")
_LINES: Final = ("participants", "attended")
_OF_TRAINING: Final = ("participants", "content", "attended", "valid_until")
#: What may be wrong by another kind alone.
_BY_KIND: Final = ("owner", "deputy", *_OF_TRAINING)

#: Persons with access, by id.
Persons = Mapping[str, Collection[Role]]


def edited(
    action: Action, changes: Mapping[str, Any], *, persons: Persons, today: date, track: Track
) -> dict[str, Any]:
    """*changes* as they are kept.

    Raises:
        ActNotAllowed: ``invalid_action``, naming everything that is wrong.
    """
    kept = {name: _kept(name, value) for name, value in changes.items()}
    after = replace(action, **kept)
    looked_at = dict.fromkeys((*kept, *(_BY_KIND if "kind" in kept else ())))
    found = [(name, said) for name in looked_at for said in _faults(name, after, persons, today, track)]
    if found:
        told = "; ".join(f"{name}: {said}" for name, said in found)
        raise ActNotAllowed("invalid_action", told, missing=tuple(dict.fromkeys(name for name, _ in found)))
    return kept


def _kept(name: str, value: Any) -> Any:
    if name in _LINES:
        return tuple(dict.fromkeys(clean(line).strip() for line in value))
    if name == "causes":
        return tuple(dict.fromkeys(cause(one) or one for one in value))
    return clean(value) if isinstance(value, str) and not isinstance(value, ActionKind) else value


def _faults(name: str, after: Action, persons: Persons, today: date, track: Track) -> Iterator[str]:
    value = getattr(after, name)
    if name in _LONG and value and len(value) > LONGEST_TEXT:
        yield f"at most {LONGEST_TEXT} characters"
    if name in _LINES:
        yield from _of_lines(value)
    if name == "causes":
        yield from _of_causes(value)
    if name in ("due", "valid_until") and value and value < today:
        yield f"{value} has passed"
    if name in ("owner", "deputy") and value:
        yield from _of_person(name, after, persons, track)
    if name in _OF_TRAINING and value and after.kind is not ActionKind.TRAINING:
        yield f"only a training has it, this is a {after.kind}"


def _of_lines(lines: Collection[str]) -> Iterator[str]:
    if len(lines) > MOST_ROWS:
        yield f"at most {MOST_ROWS} entries"
    if any(not line or len(line) > LONGEST_LINE or line.splitlines() != [line] for line in lines):
        yield f"each entry is a line of 1 to {LONGEST_LINE} characters"


def _of_causes(causes: Collection[str]) -> Iterator[str]:
    if len(causes) > MOST_ROWS:
        yield f"at most {MOST_ROWS} entries"
    if wrong := [one for one in causes if cause(one) is None]:
        words = ", ".join(f"{word} 1" for word in NUMBERED)
        yield f"{wrong[0][:40]!r} is no cause; write {words}, or {WHOLE}"


def _of_person(name: str, after: Action, persons: Persons, track: Track) -> Iterator[str]:
    person = getattr(after, name)
    if person not in persons:
        yield f"nobody here has the id {person[:40]!r}"
    elif Role.ACTION_OWNER not in persons[person] and not after.needs_no_lead(track):
        yield f"{person} has not the role {Role.ACTION_OWNER}, which one needs to record it done"
    if after.owner == after.deputy:
        yield "owner and deputy are one person"
