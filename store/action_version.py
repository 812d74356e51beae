"""A version of an action: the bytes that its hash covers. Pure.

What people wrote in it may have to be redacted one day: the bytes hold a salted commitment to each text, and text and
salt lie beside them. A text that did not change keeps its commitment from version to version.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import msgspec

from store import audit
from store.action import PLAN, TEXTS, Action, ActionKind, ActionState
from store.form_version import cleaned
from store.incident import Actor, ActorKind
from store.moments import from_microseconds, to_microseconds

_VERSION: Final = 1
_MOMENTS: Final = (
    "written_at",
    "proposed_at",
    "agreed_at",
    "done_at",
    "effective_from",
    "verified_at",
    "dropped_at",
)
_PLAIN: Final = (
    "incident",
    "number",
    "cycle",
    "version",
    "owner",
    "deputy",
    "proposed_by",
    "agreed_by",
    "done_by",
    "verified_by",
    "dropped_by",
)
_LISTS: Final = ("participants", "attended")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionVersion:
    """What an action was since somebody changed it."""

    action: Action  #: without slips and reasons: those are in the timeline and in older versions
    author: Actor
    at: datetime
    texts: Mapping[str, str]  #: field to commitment; what was never written is not in it

    @property
    def content(self) -> bytes:
        """The canonical bytes: JSON with sorted keys, integer microseconds, and commitments."""
        action = self.action
        told: dict[str, Any] = {name: getattr(action, name) for name in _PLAIN}
        told |= {name: _number(getattr(action, name)) for name in _MOMENTS}
        told |= {
            "v": _VERSION,
            "state": action.state.value,
            "kind": action.kind.value,
            "causes": list(action.causes),
            "due": _day(action.due),
            "valid_until": _day(action.valid_until),
            "author": {"kind": self.author.kind.value, "id": self.author.id},
            "at": to_microseconds(self.at),
            "texts": self.texts,
        }
        return msgspec.json.encode(told, order="sorted")

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical bytes, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def digests(self) -> dict[str, str]:
        """Of each field of the plan what an approval covers; a redaction leaves it as it is."""
        action = self.action
        plain = {
            "kind": action.kind.value,
            "causes": ", ".join(action.causes),
            "owner": action.owner,
            "deputy": action.deputy,
            "due": _day(action.due) or "",
        }
        texts = {name: self.texts[name] for name in PLAN if name in self.texts}
        return {name: value for name, value in plain.items() if value} | texts


def write(
    action: Action, before: ActionVersion | None, *, author: Actor, at: datetime, random: Callable[[int], bytes]
) -> tuple[ActionVersion, dict[str, audit.Salted]]:
    """The version that says *action*, and its new texts by field, which are to be kept beside it.

    Args:
        random: Gives that many unpredictable bytes, for salts.
    """
    commitments: dict[str, str] = {}
    fresh: dict[str, audit.Salted] = {}
    for name in TEXTS:
        value = getattr(action, name)
        if before is not None and value == getattr(before.action, name):
            commitments |= {name: before.texts[name]} if name in before.texts else {}
        elif value:
            fresh[name] = audit.Salted(value=packed(value), salt=random(audit.SALT_BYTES))
            commitments[name] = audit.commitment(fresh[name])
    return ActionVersion(action=action, author=author, at=at, texts=commitments), fresh


def packed(value: object) -> str:
    """A text, or a list of lines, as canonical JSON."""
    return msgspec.json.encode(cleaned(value)).decode()


def read(content: bytes, kept: Mapping[str, str]) -> ActionVersion:
    """The version that canonical bytes tell.

    Args:
        kept: Commitment to the packed text, as far as it was not redacted.
    """
    told: dict[str, Any] = msgspec.json.decode(content)
    texts: dict[str, str] = told["texts"]
    given: dict[str, Any] = {name: told[name] for name in _PLAIN}
    given |= {name: _moment(told[name]) for name in _MOMENTS}
    given |= {name: _text(name, kept.get(commitment)) for name, commitment in texts.items()}
    action = Action(
        state=ActionState(told["state"]),
        kind=ActionKind(told["kind"]),
        causes=tuple(told["causes"]),
        due=date.fromisoformat(told["due"]) if told["due"] else None,
        valid_until=date.fromisoformat(told["valid_until"]) if told["valid_until"] else None,
        **given,
    )
    author = Actor(kind=ActorKind(told["author"]["kind"]), id=told["author"]["id"])
    return ActionVersion(action=action, author=author, at=from_microseconds(told["at"]), texts=texts)


def changed(before: ActionVersion | None, after: ActionVersion) -> tuple[str, ...]:
    """Fields of the plan that differ, in its order."""
    old = before.digests if before else {}
    return tuple(name for name in PLAN if old.get(name) != after.digests.get(name))


def authors(versions: Iterable[ActionVersion]) -> frozenset[str]:
    """Person ids of everyone who wrote something of the plan, in any of *versions* of one action, oldest first."""
    found, before = set(), None
    for version in versions:
        if changed(before, version) and version.author.kind is ActorKind.PERSON:
            found.add(version.author.id)
        before = version
    return frozenset(found)


def _text(name: str, value: str | None) -> Any:
    """What was packed; None if it was redacted."""
    if value is None:
        return None
    found = msgspec.json.decode(value)
    return tuple(found) if name in _LISTS else found


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _number(moment: datetime | None) -> int | None:
    return None if moment is None else to_microseconds(moment)


def _moment(value: int | None) -> datetime | None:
    return None if value is None else from_microseconds(value)
