"""The extended condition of a temporal correlation (``a and (b or c) and not d``) as the patterns that fulfil it.

Grammar and precedence are those of pySigma's SigmaExtendedCorrelationCondition: not, and, or, parentheses, and names or
ids of rules. The operators may be in capitals too, as the specification writes them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from rules.sigma.errors import nearest
from rules.sigma.model import Pattern

MAX_PATTERNS: Final = 64  #: that one condition may amount to
MAX_DEPTH: Final = 50  #: of parentheses and nots
OPERATORS: Final = ("and", "or", "not")
_WORD: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class ExpressionError(ValueError):
    """The condition is wrong at characters [at, at + length)."""

    def __init__(self, message: str, at: int, length: int, hint: str = "") -> None:
        super().__init__(message)
        self.at = at
        self.length = max(1, length)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    at: int

    @property
    def operator(self) -> str:
        """The operator that this is, in lower case, or else nothing."""
        return self.text.lower() if self.text.lower() in OPERATORS else ""

    @property
    def is_name(self) -> bool:
        """Whether it names a rule."""
        return bool(self.text) and self.text[0] in _WORD and not self.operator


def named(text: str) -> tuple[str, ...]:
    """The rules that a condition names, in order of appearance, whether it is sound or not."""
    return tuple(dict.fromkeys(token.text for token in _tokens(text) if token.is_name))


def patterns(text: str, rules: Iterable[str]) -> tuple[Pattern, ...]:
    """All patterns that fulfil a condition: one of them is enough.

    Args:
        text: The condition as written.
        rules: The rules that it may name, and must; what is wanted stands in their order.

    Raises:
        ExpressionError: it breaks the grammar, names an unknown rule or leaves one out, can never hold, or holds where
            nothing matches.
    """
    parser = _Parser(text, tuple(rules))
    found = _simplest(parser.either(0, negated=False))
    if parser.token.text:
        expected = '"and" or "or"' if parser.token.text != ")" else "the end: there is no matching ("
        raise parser.wrong(f"expected {expected}")
    parser.check_all_named()
    sound = [one for one in found if not one.unwanted.intersection(one.wanted)]
    if not sound:
        raise ExpressionError("can never hold: it wants a rule to match and not to match", 0, len(text))
    if any(not one.wanted for one in sound):
        hint = "join it by and with a rule that has to match"
        raise ExpressionError("holds where no rule matches, and silence is no event", 0, len(text), hint)
    return tuple(sound)


def at_least(number: int, rules: Iterable[str]) -> tuple[Pattern, ...] | None:
    """The patterns that *number* of *rules* match, in their order; None if these are too many."""
    found: list[Pattern] = []
    for wanted in combinations(tuple(rules), number):
        if len(found) == MAX_PATTERNS:
            return None
        found.append(Pattern(wanted))
    return tuple(found)


class _Parser:
    """Reads a condition into its patterns; a ``not`` is pushed down to the names as they are read."""

    def __init__(self, text: str, rules: tuple[str, ...]) -> None:
        self.text = text
        self.rules = rules
        self.places = {name: place for place, name in enumerate(rules)}
        self.tokens = _tokens(text)
        self.position = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def wrong(self, message: str) -> ExpressionError:
        token = self.token
        found = f'"{token.text}"' if token.text else "the end of the condition"
        return ExpressionError(f"{message}, found {found}", token.at, len(token.text))

    def check_all_named(self) -> None:
        left_out = [name for name in self.rules if name not in named(self.text)]
        if left_out:
            message = f'does not say what "{left_out[0]}" has to do with it'
            raise ExpressionError(message, 0, len(self.text), "name every rule of rules, or take it out there")

    def either(self, depth: int, *, negated: bool) -> list[Pattern]:
        found = self.both(depth, negated=negated)
        while self.token.operator == "or":
            self.position += 1
            found = self.joined(found, self.both(depth, negated=negated), both=negated)
        return found

    def both(self, depth: int, *, negated: bool) -> list[Pattern]:
        found = self.single(depth, negated=negated)
        while self.token.operator == "and":
            self.position += 1
            found = self.joined(found, self.single(depth, negated=negated), both=not negated)
        return found

    def single(self, depth: int, *, negated: bool) -> list[Pattern]:
        if depth > MAX_DEPTH:
            raise self.wrong(f"at most {MAX_DEPTH} levels of parentheses")
        token = self.token
        if token.operator == "not":
            self.position += 1
            return self.single(depth + 1, negated=not negated)
        if token.text == "(":
            self.position += 1
            inner = self.either(depth + 1, negated=negated)
            if self.token.text != ")":
                raise self.wrong('expected ")"')
            self.position += 1
            return inner
        if not token.is_name:
            raise self.wrong("expected the name of a rule")
        if token.text not in self.places:
            message = f'"{token.text}" is none of the rules of this correlation'
            raise ExpressionError(message, token.at, len(token.text), nearest(token.text, self.rules))
        self.position += 1
        return [Pattern((), frozenset((token.text,)))] if negated else [Pattern((token.text,))]

    def joined(self, left: list[Pattern], right: list[Pattern], *, both: bool) -> list[Pattern]:
        """The patterns for one or other, or for both."""
        if (len(left) * len(right) if both else len(left) + len(right)) > MAX_PATTERNS:
            message = f"amounts to more than {MAX_PATTERNS} patterns"
            raise ExpressionError(message, 0, len(self.text), "make it two correlations")
        return _simplest([self.together(one, other) for one in left for other in right] if both else left + right)

    def together(self, one: Pattern, other: Pattern) -> Pattern:
        wanted = sorted({*one.wanted, *other.wanted}, key=self.places.__getitem__)
        return Pattern(tuple(wanted), one.unwanted | other.unwanted)


def _simplest(found: list[Pattern]) -> list[Pattern]:
    """Without those that ask for all that another asks for, and more."""
    unique = list(dict.fromkeys(found))
    return [one for one in unique if not any(one is not other and _asks_less(other, one) for other in unique)]


def _asks_less(one: Pattern, other: Pattern) -> bool:
    return one.unwanted <= other.unwanted and set(one.wanted) <= set(other.wanted)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        start = at
        at += 1
        while text[start] in _WORD and at < len(text) and text[at] in _WORD:
            at += 1
        if not text[start:at].isspace():
            tokens.append(_Token(text[start:at], start))
    return [*tokens, _Token("", len(text))]
