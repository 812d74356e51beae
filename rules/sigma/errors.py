"""What is wrong with a rule file, or hardly as meant, and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

CONTEXT_CHARS: Final = 100  #: of a long line, so much is shown on either side of the place


class Level(StrEnum):
    """How much weighs what is said of a rule."""

    ERROR = "error"  #: it does not load
    WARNING = "warning"  #: it loads, but hardly as meant
    NOTICE = "notice"  #: it loads, and may be just as meant


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleProblem:
    """Something about a place in a rule file. ``str()`` shows the line with a caret under the place."""

    path: str
    line: int  #: from 1; 0 if the file as a whole is meant
    column: int  #: from 1
    message: str
    level: Level
    hint: str = ""
    rule: str = ""  #: title or id of the rule, as far as it could be read
    source_line: str = ""
    length: int = 1  #: characters that the caret underlines

    def __str__(self) -> str:
        head = f"{self.path}:{self.line}:{self.column}: {self.level}: {self.message}"
        hint = f" hint: {self.hint}" if self.hint else ""
        if not self.source_line:
            return head + (f"\n   {hint}" if hint else "")
        number = str(self.line)
        start = max(0, self.column - 1 - CONTEXT_CHARS)
        text = "".join(c if c.isprintable() else " " for c in self.source_line[start : start + 2 * CONTEXT_CHARS])
        caret = " " * (self.column - 1 - start) + "^" * max(1, min(self.length, CONTEXT_CHARS))
        return f"{head}\n  {number} | {text}\n  {' ' * len(number)} | {caret}{hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleError(RuleProblem):
    """One reason why a rule does not load."""

    level: Level = Level.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRemark(RuleProblem):
    """What may be wrong with a rule that loads: a field or log source that nothing has; see ``rules.sigma.remarks``."""

    level: Level = Level.WARNING


def nearest(name: str, allowed: Iterable[str], *, show: bool = True) -> str:
    """A hint for a *name* that is not among the *allowed*: the nearest of them, and all if there are few."""
    names = sorted(set(allowed))
    close = get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    parts = [f'did you mean "{close[0]}"?'] if close else []
    if show and names and (not close or len(names) <= 12):
        parts.append("allowed: " + ", ".join(names))
    return " ".join(parts)
