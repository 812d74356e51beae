"""The condition of a rule (``selection and not 1 of filter_*``) as a tree over its selections.

Grammar and precedence are pySigma's: not, and, or; ``1 of``, ``any of`` and ``all of`` a name pattern or ``them``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from rules.sigma.errors import nearest
from rules.sigma.model import And, Condition, Not, Or, Selection

MAX_DEPTH: Final = 50  #: of parentheses and nots
QUANTIFIERS: Final = ("1", "any", "all")
_WORD: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-*")


class ConditionError(ValueError):
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


def parse(text: str, selections: Mapping[str, Condition]) -> tuple[Condition, frozenset[str]]:
    """The tree of a condition, and the names of the selections that it uses.

    Raises:
        ConditionError: the condition breaks the grammar or names a selection that does not exist.
    """
    parser = _Parser(text, selections)
    tree = parser.either(0)
    if parser.token.text:
        expected = '"and" or "or"' if parser.token.text != ")" else "the end: there is no matching ("
        raise parser.wrong(f"expected {expected}")
    return tree, frozenset(parser.used)


class _Parser:
    def __init__(self, text: str, selections: Mapping[str, Condition]) -> None:
        self.text = text
        self.selections = selections
        self.used: set[str] = set()
        self.tokens = _tokens(text)
        self.position = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def take(self) -> _Token:
        self.position += 1
        return self.tokens[self.position - 1]

    def wrong(self, message: str, hint: str = "") -> ConditionError:
        token = self.token
        found = f'"{token.text}"' if token.text else "the end of the condition"
        if token.text.lower() in ("and", "or", "not", "of", "them") and token.text != token.text.lower():
            hint = f'write "{token.text.lower()}" in lower case'
        elif token.text == "|":
            hint = "counting in a condition is gone from Sigma: write a correlation"
        return ConditionError(f"{message}, found {found}", token.at, len(token.text), hint)

    def either(self, depth: int) -> Condition:
        parts = [self.both(depth)]
        while self.token.text == "or":
            self.take()
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self, depth: int) -> Condition:
        parts = [self.single(depth)]
        while self.token.text == "and":
            self.take()
            parts.append(self.single(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def single(self, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            raise self.wrong(f"at most {MAX_DEPTH} levels of parentheses")
        token = self.token
        if token.text == "not":
            self.take()
            return Not(self.single(depth + 1))
        if token.text == "(":
            self.take()
            inner = self.either(depth + 1)
            if self.token.text != ")":
                raise self.wrong('expected ")"')
            self.take()
            return inner
        if not token.text or token.text in ("and", "or", ")") or token.text[0] not in _WORD:
            raise self.wrong("expected the name of a selection")
        if token.text.lower() in ("and", "or", "not") and token.text not in self.selections:
            raise self.wrong("expected the name of a selection")
        if token.text in QUANTIFIERS and self.tokens[self.position + 1].text == "of":
            return self.several()
        return self.named(self.take())

    def several(self) -> Condition:
        quantifier = self.take().text
        self.take()
        token = self.token
        if not token.text or token.text[0] not in _WORD:
            raise self.wrong('expected a name pattern or "them" after "of"')
        self.take()
        names = matching(token.text, self.selections)
        if not names:
            message = f'"{quantifier} of {token.text}" matches no selection'
            raise ConditionError(message, token.at, len(token.text), nearest(token.text, self.selections))
        self.used.update(names)
        parts = tuple(Selection(name, self.selections[name]) for name in names)
        return And(parts) if quantifier == "all" else Or(parts)

    def named(self, token: _Token) -> Condition:
        if token.text not in self.selections:
            message = f'no selection is called "{token.text}"'
            raise ConditionError(message, token.at, len(token.text), nearest(token.text, self.selections))
        self.used.add(token.text)
        return Selection(token.text, self.selections[token.text])


def matching(pattern: str, names: Mapping[str, Condition]) -> tuple[str, ...]:
    """The selections that a pattern of a condition means; names with a leading underscore only if it has one too."""
    wanted = "*" if pattern == "them" else pattern
    hidden = pattern.startswith("_")
    return tuple(name for name in names if (hidden or not name.startswith("_")) and fnmatchcase(name, wanted))


def is_name(text: str) -> bool:
    """Whether a condition can name a selection that is called so."""
    return all(character in _WORD for character in text)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        start = at
        if text[at] in _WORD:
            while at < len(text) and text[at] in _WORD:
                at += 1
        else:
            at += 1
        if not text[start:at].isspace():
            tokens.append(_Token(text[start:at], start))
    end = _Token("", len(text))
    return [*tokens, end, end]  # two, so that looking one token ahead needs no check
