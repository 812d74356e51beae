"""A mapping as it is written in TOML: how any JSON becomes alerts. Its shape, and what is wrong in it. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from rules.intake import paths
from rules.intake.alert import MOST_LABELS

Paths = tuple[str, ...]
Templates = tuple[str, ...]
Words = tuple[str, ...]
KeyPath = tuple[str | int, ...]


class StatusWords(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which word of the sender means what. Case does not matter; "*" is any word."""

    #: Where the word stands; the first path that leads to something counts.
    from_: Paths = msgspec.field(default=(), name="from")
    firing: Words = ()
    resolved: Words = ()
    #: Nobody knows any more whether it goes on.
    expired: Words = ()
    #: Where there is no word, or another one.
    otherwise: Literal["firing", "resolved", "expired"] = "firing"


class SeverityWords(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which word of the sender is which severity of ours; a word in no list is read as at any intake."""

    #: Where the word stands; without any, the label "severity" counts.
    from_: Paths = msgspec.field(default=(), name="from")
    critical: Words = ()
    high: Words = ()
    medium: Words = ()
    low: Words = ()
    informational: Words = ()
    #: Where there is no word at all.
    otherwise: Literal["critical", "high", "medium", "low", "informational"] = "medium"


class Condition(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """It is over if one of these words stands there, whatever the status says."""

    path: str
    is_: Words = msgspec.field(name="is")


class Pairs(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """An array of names with values that become labels, e.g. ``[{"tag": "team", "value": "shop"}]``."""

    path: str
    name: str = "name"
    value: str = "value"


class MappingFile(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    #: The alert's name: the first of these texts of which no place is empty.
    name: Templates
    #: Same problem, same key; empty: name and labels.
    key: Templates = ()
    #: What the sender calls itself.
    source: Templates = ()
    #: Where one body holds several alerts: the path to them, e.g. "alerts[*]".
    each: str = ""
    #: Paths of texts that are JSON themselves, and are read as such in their place.
    json: Paths = ()
    #: When it began, and when it ended: ISO 8601, or seconds or milliseconds since 1970.
    starts_at: Paths = ()
    ends_at: Paths = ()
    #: Paths whose members become labels under their own names.
    keep: Paths = ()
    status: StatusWords = msgspec.field(default_factory=StatusWords)
    severity: SeverityWords = msgspec.field(default_factory=SeverityWords)
    resolved: tuple[Condition, ...] = ()
    pairs: tuple[Pairs, ...] = ()
    #: Label by label, the first text of which no place is empty.
    labels: dict[str, Templates] = {}
    #: The same for annotations; `summary` is what people read first.
    annotations: dict[str, Templates] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is wrong with a mapping."""

    path: KeyPath  #: of the value, in the file
    message: str


def faults(file: MappingFile) -> Iterator[Fault]:
    """All paths and texts that cannot be read, and lists that say nothing. What is empty was refused as a shape."""
    for at, text in _paths_in(file):
        yield from _tried(paths.parse, at, text)
    for at, text in _templates_in(file):
        yield from _tried(paths.template, at, text)
    if not file.name:
        yield Fault(path=("name",), message="says no text, so alerts would have no name")
    for key, named in (("labels", file.labels), ("annotations", file.annotations)):
        if len(named) > MOST_LABELS // 2:
            yield Fault(path=(key,), message=f"holds {len(named)} names; at most {MOST_LABELS // 2}")
    for word in ("firing", "resolved", "expired"):
        if getattr(file.status, word) and not file.status.from_:
            yield Fault(path=("status", word), message='is never looked at without "from"')


def _tried(read: Callable[[str], Any], at: KeyPath, text: str) -> Iterator[Fault]:
    try:
        read(text)
    except paths.PathError as error:
        yield Fault(path=at, message=f'"{text}": {error}')


def _paths_in(file: MappingFile) -> Iterator[tuple[KeyPath, str]]:
    lists: dict[KeyPath, Paths] = {
        ("json",): file.json,
        ("starts_at",): file.starts_at,
        ("ends_at",): file.ends_at,
        ("keep",): file.keep,
        ("status", "from"): file.status.from_,
        ("severity", "from"): file.severity.from_,
    }
    if file.each:
        yield ("each",), file.each
    for at, texts in lists.items():
        yield from (((*at, index), text) for index, text in enumerate(texts))
    for index, one in enumerate(file.resolved):
        yield ("resolved", index, "path"), one.path
    for index, pair in enumerate(file.pairs):
        yield ("pairs", index, "path"), pair.path


def _templates_in(file: MappingFile) -> Iterator[tuple[KeyPath, str]]:
    lists: dict[KeyPath, Templates] = {
        ("name",): file.name,
        ("key",): file.key,
        ("source",): file.source,
        **{("labels", name): texts for name, texts in file.labels.items()},
        **{("annotations", name): texts for name, texts in file.annotations.items()},
    }
    for at, texts in lists.items():
        yield from (((*at, index), text) for index, text in enumerate(texts))
