"""What a rule may ask of one value: each test finds the part of the value that answers it.

Strings compare lower-cased, regular expressions see the original. ``null``, missing and ``''`` differ: ``Null`` holds
for a field that is null or absent, ``Exists`` for one that is there (null included), ``''`` for the empty string only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import pairwise
from typing import Any, Final

import re2

from rules.sigma.moments import part_of, written_time

Span = tuple[int, int]  #: first and past-the-last character of what matched, in the value as text
Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a pattern between two ``*``; ``holes`` are the places where any one character stands (``?``)."""

    text: str
    holes: frozenset[int] = frozenset()

    def fits(self, text: str, at: int) -> bool:
        """Whether the segment stands in *text* at this very place."""
        if not self.holes:
            return text.startswith(self.text, at)
        if at + len(self.text) > len(text):
            return False
        return all(i in self.holes or text[at + i] == wanted for i, wanted in enumerate(self.text))

    def find(self, text: str, start: int, end: int) -> int:
        """The first place in ``text[start:end]`` where the segment stands, or -1."""
        if not self.holes:
            return text.find(self.text, start, end)
        anchor, pattern = sought(self)
        if text.find(anchor, start, end) < 0:
            return -1
        found = search(pattern, text[start:end])  # by trying each place, a line made for it would take seconds
        return start + found[0] if found else -1


@lru_cache(maxsize=4096)
def sought(segment: Segment) -> tuple[str, Any]:
    """The longest part of a segment without a hole, and an expression for the whole.

    Raises:
        re2.error: it is too long for one. Loading asks, so that matching never meets it.
    """
    edges = [-1, *sorted(segment.holes), len(segment.text)]
    begin, end = max(pairwise(edges), key=lambda pair: pair[1] - pair[0])
    each = ("." if at in segment.holes else re2.escape(one) for at, one in enumerate(segment.text))
    return segment.text[begin + 1 : end], compiled(f"(?s){''.join(each)}")


def compiled(source: str) -> Any:
    """An expression of re2, which complains to nobody but its caller.

    Raises:
        re2.error: re2 does not take it.
    """
    options = re2.Options()
    options.log_errors = False
    return re2.compile(source, options)


def search(pattern: Any, text: str) -> Span | None:
    """Where an expression first matches."""
    try:
        found = pattern.search(text)
    except UnicodeEncodeError:  # bytes that were no UTF-8 stand in the text as lone surrogates
        found = pattern.search(_without_surrogates(text))
    return found.span() if found else None


@dataclass(frozen=True, slots=True)
class Text:
    """A string with wildcards, as the segments between its ``*``: one segment is the string itself."""

    segments: tuple[Segment, ...]
    cased: bool = False

    def find(self, value: Scalar) -> Span | None:
        """Where the pattern's own characters stand in *value*."""
        original = as_text(value)
        text = original if self.cased else original.lower()
        span = self._locate(text)
        if span is not None and len(text) != len(original):  # U+0130 grows when lower-cased: no exact place
            return 0, len(original)
        return span

    def _locate(self, text: str) -> Span | None:
        first, last = self.segments[0], self.segments[-1]
        if len(self.segments) == 1:
            same = text == first.text or (first.holes and len(text) == len(first.text) and first.fits(text, 0))
            return (0, len(text)) if same else None
        start, end = len(first.text), len(text) - len(last.text)
        if start > end or not first.fits(text, 0) or not last.fits(text, end):
            return None
        return self._between(text, start, end)

    def _between(self, text: str, start: int, end: int) -> Span | None:
        """The leftmost places of the middle segments: if any choice fits, this one does."""
        places = []
        for segment in self.segments[1:-1]:
            at = segment.find(text, start, end)
            if at < 0:
                return None
            start = at + len(segment.text)
            places.append((at, start))
        begins = 0 if self.segments[0].text or not places else places[0][0]
        ends = len(text) if self.segments[-1].text or not places else places[-1][1]
        return begins, ends


@dataclass(frozen=True, slots=True)
class Number:
    """A number: equal to a number, or to a string that writes it the same way."""

    number: int | float

    def find(self, value: Scalar) -> Span | None:
        """The whole value, if it is that number."""
        if isinstance(value, str):
            same = value == str(self.number)
        else:
            same = not isinstance(value, bool) and value == self.number
        return _whole(value) if same else None


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false, also written as a word."""

    boolean: bool

    def find(self, value: Scalar) -> Span | None:
        """The whole value, if it is that boolean."""
        return _whole(value) if as_text(value).lower() == as_text(self.boolean) else None


@dataclass(frozen=True, slots=True)
class Expression:
    """A regular expression for re2, searched anywhere in the original text."""

    source: str
    pattern: Any = field(compare=False, repr=False)

    @classmethod
    def compiled(cls, source: str) -> "Expression":
        """Compile *source*.

        Raises:
            re2.error: re2 does not take it; the message names the construct.
        """
        return cls(source, compiled(source))

    def find(self, value: Scalar) -> Span | None:
        """The first place where the expression matches."""
        return search(self.pattern, as_text(value))


@dataclass(frozen=True, slots=True)
class Cidr:
    """An address within a network; an IPv4 address written as IPv6 counts as IPv4."""

    network: IPv4Network | IPv6Network

    def find(self, value: Scalar) -> Span | None:
        """The whole value, if it is an address within the network."""
        address = _address(as_text(value))
        return _whole(value) if address is not None and address in self.network else None


@dataclass(frozen=True, slots=True)
class Compare:
    """A number (or a string that writes one) on one side of a limit."""

    op: str  #: a key of COMPARISONS
    limit: int | float

    def find(self, value: Scalar) -> Span | None:
        """The whole value, if the comparison holds."""
        number = _as_number(value)
        return _whole(value) if number is not None and COMPARISONS[self.op](number, self.limit) else None


@dataclass(frozen=True, slots=True)
class TimePart:
    """A part of the time that a value writes, as it is written there, against a number."""

    part: str  #: "minute", "hour", "day", "week", "month" or "year"
    op: str  #: "eq" or a key of COMPARISONS
    number: int | float

    def find(self, value: Scalar) -> Span | None:
        """The whole value, if it is a time and its part is such."""
        moment = written_time(value)
        found = None if moment is None else part_of(moment, self.part)
        if found is None:
            return None
        holds = found == self.number if self.op == "eq" else COMPARISONS[self.op](found, self.number)
        return _whole(value) if holds else None


@dataclass(frozen=True, slots=True)
class Null:
    """The field is null or absent."""


@dataclass(frozen=True, slots=True)
class Exists:
    """The field is there (``expected``), whatever it holds, or it is not."""

    expected: bool


@dataclass(frozen=True, slots=True)
class FieldReference:
    """The value of another field of the same event: equal, or at the start, at the end, or anywhere in this one."""

    field: str
    starts: bool = False
    ends: bool = False


ValueTest = Text | Number | Boolean | Expression | Cidr | Compare | TimePart  #: asked of a value
FieldTest = Null | Exists | FieldReference  #: asked of a field
Test = ValueTest | FieldTest

COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    "gt": lambda value, limit: value > limit,
    "gte": lambda value, limit: value >= limit,
    "lt": lambda value, limit: value < limit,
    "lte": lambda value, limit: value <= limit,
}


def as_text(value: Scalar) -> str:
    """A value as the text that strings and expressions see."""
    if isinstance(value, str):
        return value
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def literal(text: str, *, starts: bool = False, ends: bool = False) -> Text:
    """A pattern for *text* without wildcards of its own: equal, or as a prefix, a suffix, or (both) anywhere."""
    any_text = (Segment(""),)
    return Text((*(any_text if ends else ()), Segment(text.lower()), *(any_text if starts else ())))


def anywhere(pattern: Text) -> Text:
    """The same pattern, found anywhere in a text (for keywords)."""
    return Text((Segment(""), *pattern.segments, Segment("")), pattern.cased)


def _whole(value: Scalar) -> Span:
    return 0, len(as_text(value))


@lru_cache(maxsize=4096)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that *text* writes, if any. Remembered: the rules ask about the same few again and again."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _as_number(value: Scalar) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return None if isinstance(value, str) and "_" in value else float(value)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=4)
def _without_surrogates(text: str) -> str:
    """One U+FFFD for each, so that every place stays where it is; U+FFFE, which is no character, is taken for one, too.

    Remembered, since all expressions ask about the same few texts; and made without looking at each character, since
    it is a text that somebody made to be expensive: what UTF-8 has three bytes for and nobody decodes is three signs.
    """
    marked = text.replace("\ufffd", "\ufffe").encode("utf-8", "surrogatepass")
    return marked.decode("utf-8", "replace").replace("\ufffd\ufffd\ufffd", "\ufffd").replace("\ufffe", "\ufffd")
