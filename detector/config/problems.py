"""What is wrong with a configuration, and how it is told: file, line, column, the line itself, a caret, a hint.

ConfigErrors: the configuration cannot be used; holds every problem that was found.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from detector.config.positions import KeyPath, Span

KEPT = "Nothing was changed; the running daemon keeps its old configuration."


class Level(StrEnum):
    """How much a problem weighs."""

    ERROR = "error"  #: the configuration is refused
    WARNING = "warning"  #: it works, but hardly as meant
    NOTICE = "notice"  #: as meant, and worth saying aloud


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is written."""

    file: str  #: as the operator named it
    span: Span | None = None  #: None: the file as a whole
    text: str = ""  #: the line, with secrets masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, or worth knowing."""

    message: str  #: what was expected and what was found
    level: Level = Level.ERROR
    path: KeyPath = ()  #: which value it is about; () for the configuration as a whole
    at_value: bool = False  #: the caret stands under the value, not under the key
    hint: str = ""  #: what to do
    allowed: tuple[str, ...] = ()  #: what may stand there
    place: Place | None = None  #: filled in by load, from the path

    def __str__(self) -> str:
        place = self.place or Place(file="configuration")
        where = f"{place.file}:{place.span.line}:{place.span.column}" if place.span else place.file
        allowed = f"   (allowed: {', '.join(self.allowed)})" if self.allowed else ""
        lines = [f"{where}: {self.level}: {self.message}{allowed}"]
        hint = f"hint: {self.hint}" if self.hint else ""
        if place.span:
            lines += _pointed(place.span, place.text, hint)
        elif hint:
            lines.append(f"  {hint}")
        return "\n".join(lines)


def report(problems: Iterable[Problem], closing: str = "") -> str:
    """All *problems*, one below the other, and how many there are."""
    found = tuple(problems)
    return "\n".join([*map(str, found), f"{total(found)}. {closing}".rstrip()])


def total(problems: Iterable[Problem]) -> str:
    """How many there are of each level, e.g. "2 errors, 1 warning"."""
    levels = [problem.level for problem in problems]
    counts = [(levels.count(level), level) for level in Level if level in levels]
    return ", ".join(f"{count} {level}{'' if count == 1 else 's'}" for count, level in counts) or "no problems"


def nearest(word: str, allowed: Iterable[str]) -> str:
    """The one of *allowed* that *word* was probably meant to be, or ""."""
    return next(iter(difflib.get_close_matches(word, list(allowed), n=1)), "")


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """'; did you mean "…"?', or nothing if nothing is near."""
    near = nearest(word, allowed)
    return f'; did you mean "{near}"?' if near else ""


def _pointed(span: Span, text: str, hint: str) -> list[str]:
    """The line with its number, and below it the caret; tabs are kept, so that the caret stands where it should."""
    shown = "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in text)
    margin = " " * len(str(span.line))
    indent = "".join("\t" if char == "\t" else " " for char in shown[: span.column - 1])
    return [f"  {span.line} | {shown}", f"  {margin} | {indent}{'^' * span.length} {hint}".rstrip()]
