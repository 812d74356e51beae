"""Where in a line that stands which fulfilled a term: characters and bytes. Pure."""

from dataclasses import dataclass
from typing import Final

from rules.match import Reason
from rules.sigma.values import Span

MOST_LOOKED_AT: Final = 100  #: of places in a line where the same value stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A stretch of a line."""

    characters: Span  #: first and past-the-last, in the line as text
    bytes: Span  #: the same in the line's own bytes


def mark(line: str, reason: Reason) -> Mark | None:
    """Where in *line* that stands which a term asks for; None if the line does not say it in these words.

    A field's value is looked for as it stands in the line, as a whole word first: where a value stands several times
    the first place is taken, which need not be the one that the field was read from.

    Args:
        line: Decoded as UTF-8 with surrogateescape.
        reason: Of a term that holds.
    """
    if reason.span is None or not reason.value or reason.negated or not reason.holds:
        return None
    at = _place(line, reason.value)
    if at is None:
        return None
    start, end = at + reason.span[0], at + reason.span[1]
    before = len(line[:start].encode("utf-8", "surrogateescape"))
    return Mark(
        characters=(start, end),
        bytes=(before, before + len(line[start:end].encode("utf-8", "surrogateescape"))),
    )


def _place(line: str, value: str) -> int | None:
    at = first = line.find(value)
    for _ in range(MOST_LOOKED_AT):
        if at < 0:
            break
        if not line[max(0, at - 1) : at].isalnum() and not line[at + len(value) : at + len(value) + 1].isalnum():
            return at
        at = line.find(value, at + 1)
    return first if first >= 0 else None
