"""Labels as Prometheus and Alertmanager speak of them: matchers, and the fingerprint of a set. Pure.

Forms: the documentation of Alertmanager, "Matcher"; the fingerprint is FNV-1a over the sorted pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import re2

MOST: Final = 50  #: matchers of one request
LONGEST: Final = 2_000  #: characters of one
_MATCHER: Final = re2.compile(r"(?s)\s*\{?\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!~|!=|=)\s*(.*?)\s*\}?\s*")
_ESCAPES: Final = {"n": "\n", '"': '"', "\\": "\\"}
_FNV_OFFSET, _FNV_PRIME, _64_BITS = 14695981039346656037, 1099511628211, (1 << 64) - 1


class NoMatcher(ValueError):
    """A text is no matcher; says what one looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One condition on one label; a label that is not there is empty."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether *labels* meet it."""
        given = labels.get(self.name, "")
        found = expression(self.value).fullmatch(given) is not None if self.is_regex else given == self.value
        return found is self.is_equal


def matcher(text: str) -> Matcher:
    """The matcher that *text* spells, such as ``alertname="Down"`` or ``instance=~"web.*"``.

    Raises:
        NoMatcher: It spells none.
    """
    found = _MATCHER.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise NoMatcher(f'a matcher looks like alertname="Down" or instance=~"web.*", not {text[:80]!r}')
    name, how, value = found.groups()
    made = Matcher(name=name, value=_unquoted(value), is_regex=how.endswith("~"), is_equal=how.startswith("="))
    if made.is_regex:
        expression(made.value)
    return made


def matchers(texts: Sequence[str]) -> tuple[Matcher, ...]:
    """All of them.

    Raises:
        NoMatcher: One is none, or there are too many.
    """
    if len(texts) > MOST:
        raise NoMatcher(f"at most {MOST} matchers at once")
    return tuple(map(matcher, texts))


def expression(pattern: str) -> "re2._Regexp[str]":
    """An expression that must match the whole.

    Raises:
        NoMatcher: RE2 does not take it.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise NoMatcher(f"{pattern[:80]!r} is no expression that RE2 takes: {error}") from None


def fingerprint(labels: Mapping[str, str]) -> str:
    """What Prometheus and its friends call the alert with these labels."""
    found = _FNV_OFFSET
    for name in sorted(labels):
        for byte in (*name.encode("utf-8", "replace"), 255, *labels[name].encode("utf-8", "replace"), 255):
            found = ((found ^ byte) * _FNV_PRIME) & _64_BITS
    return f"{found:016x}"


def _unquoted(value: str) -> str:
    if len(value) < 2 or not (value.startswith('"') and value.endswith('"')):
        return value
    inner, found, escaped = value[1:-1], [], False
    for letter in inner:
        if escaped:
            found.append(_ESCAPES.get(letter, f"\\{letter}"))
            escaped = False
        elif letter == "\\":
            escaped = True
        else:
            found.append(letter)
    return "".join(found) + ("\\" if escaped else "")
