"""What was watched, and when: sources that were read, rules that were applied. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from store.watch import Span, exposure


class Kind(StrEnum):
    """What was alive. Stored: never rename one."""

    SOURCE = "source"  #: it was looked at, and everything written to it was worked on
    RULES = "rules"  #: the engine worked with a set of rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """Something that was alive from ``start`` until ``until``: no more than was seen."""

    kind: Kind
    name: str  #: of the source, or digest of the set of rules
    start: datetime
    until: datetime
    ended: str | None = None  #: why it ended, a sentence; None: it goes on

    @property
    def span(self) -> Span:
        """When."""
        return Span(start=self.start, end=self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known of one moment: what held it, what came last before, what first after."""

    at: Alive | None = None
    before: Alive | None = None
    after: Alive | None = None


def around(moment: datetime, log: Iterable[Alive]) -> Around:
    """What *log* tells of *moment*."""
    log = sorted(log, key=lambda one: (one.start, one.until))
    return Around(
        at=next((one for one in log if one.start <= moment <= one.until), None),
        before=next((one for one in reversed(log) if one.until < moment), None),
        after=next((one for one in log if one.start > moment), None),
    )


def exposed(window: Span, log: Iterable[Alive]) -> tuple[Span, ...]:
    """The parts of *window* in which something in *log* was alive."""
    return exposure(window, [one.span for one in log])


def digest(versions: Mapping[str, str]) -> str:
    """Version of a set of rules: SHA-256 over all rule ids with their versions, hexadecimal."""
    return hashlib.sha256(msgspec.json.encode(dict(versions), order="sorted")).hexdigest()


def told(what: str, found: Around) -> str:
    """One sentence for people: was *what* alive, and if not, since when not and why."""
    if found.at is not None:
        return f"{what}: yes, from {_at(found.at.start)} until {_at(found.at.until)}{_going_on(found.at)}"
    parts = [f"{what}: no"]
    if found.before is not None:
        why = found.before.ended or "it has not been seen since"
        parts.append(f"the last time before ended at {_at(found.before.until)} ({why})")
    if found.after is not None:
        parts.append(f"the next began at {_at(found.after.start)}")
    if len(parts) == 1:
        parts.append("it was never seen alive")
    return "; ".join(parts)


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _going_on(one: Alive) -> str:
    return " so far" if one.ended is None else f" ({one.ended})"
