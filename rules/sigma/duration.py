"""Durations as Sigma writes them: a whole number and a unit."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from rules.sigma.document import Document, Node, is_scalar, kind

UNIT_SECONDS: Final[Mapping[str, int]] = {
    "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2629746, "y": 31556952,
}  # fmt: skip
WRITTEN: Final = ("w", "d", "h", "m")  #: units of a length that does not depend on the calendar, the longest first
MAX_SECONDS: Final = 10 * UNIT_SECONDS["y"]  #: nothing is held for longer
LONGEST: Final = timedelta(seconds=MAX_SECONDS)


def seconds(document: Document, node: Node, what: str) -> float:
    """The duration at a node; what is wrong goes to the document, under the name *what*."""
    value = document.plain(node) if is_scalar(node) else None
    text = value if isinstance(value, str) else ""
    count, unit = text[:-1], text[-1:]
    if count.isascii() and count.isdigit() and count.strip("0") and unit in UNIT_SECONDS:
        found = int(count) * UNIT_SECONDS[unit] if len(count) < 12 else MAX_SECONDS + 1
        if found > MAX_SECONDS:
            document.error(node, f"{what} is longer than ten years: {count[:12]}{unit}", "nothing is held that long")
        return float(min(found, MAX_SECONDS))
    units = ", ".join(UNIT_SECONDS)
    shown = f'"{value}"' if is_scalar(node) else kind(node)
    document.error(node, f"{what} must be a duration, not {shown}", f"for example 10m; units: {units}")
    return 0.0


def written(span_seconds: float) -> str:
    """A duration in the largest unit that leaves no rest: ``90s``, ``10m``, ``36h``."""
    for unit in WRITTEN:
        if span_seconds and span_seconds % UNIT_SECONDS[unit] == 0:
            return f"{span_seconds / UNIT_SECONDS[unit]:g}{unit}"
    return f"{span_seconds:g}s"
