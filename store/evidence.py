"""Which lines of a record are kept. Pure."""

from collections.abc import Iterable
from datetime import datetime

from rules.finding import Evidence

#: Of each rule's lines in a record the first and the last are kept; between them the counts must do.
FIRST = 20
LAST = 20


def in_order(lines: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Lines by time and place, each once."""
    return tuple(sorted(set(lines), key=_place))


def _place(line: Evidence) -> tuple[datetime, int, int, str, str, str]:
    return (line.time, line.line, line.offset, line.source, line.origin, line.sha256)


def first_and_last(lines: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Of the lines of one rule in one record those that are kept."""
    ordered = in_order(lines)
    if len(ordered) <= FIRST + LAST:
        return ordered
    return (*ordered[:FIRST], *ordered[-LAST:])
