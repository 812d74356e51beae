"""One value of an item in a detection becomes a term: pySigma applies the modifiers, the tests are ours."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final

import re2

from rules.sigma.errors import nearest
from rules.sigma.model import Condition, Or, Term
from rules.sigma.values import (
    Boolean,
    Cidr,
    Compare,
    Exists,
    Expression,
    FieldReference,
    Null,
    Number,
    Segment,
    Test,
    Text,
    anywhere,
    literal,
)

FLAGS: Final[Mapping[str, str]] = {
    "i": "i", "ignorecase": "i", "m": "m", "multiline": "m", "s": "s", "dotall": "s",
}  # fmt: skip
MODIFIERS: Final = frozenset({
    "all", "base64", "base64offset", "cased", "cidr", "contains", "endswith", "exists", "expand", "fieldref", "gt",
    "gte", "lt", "lte", "neq", "re", "startswith", "utf16", "utf16be", "wide", "windash", *FLAGS,
})  # fmt: skip
WANTED: Final[Mapping[str, tuple[str, tuple[type, ...]]]] = {  #: what kind of value a modifier takes
    **dict.fromkeys(MODIFIERS - {"all", "neq", "exists", "gt", "gte", "lt", "lte", *FLAGS}, ("text", (str,))),
    **dict.fromkeys(("gt", "gte", "lt", "lte"), ("a number", (int, float))),
    "exists": ("true or false", (bool,)),
}
ALLOWED: Final = "allowed: " + ", ".join(sorted(MODIFIERS))
UNSUPPORTED: Final = frozenset(("minute", "hour", "day", "week", "month", "year"))


class Unsuitable(ValueError):
    """A value that cannot be asked for; the message says why, the hint what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Key:
    """The key of an item, taken apart: ``field|modifier|modifier``."""

    written: str
    field: str | None
    modifiers: tuple[str, ...]

    @property
    def flags(self) -> str:
        return "".join(sorted({FLAGS[name] for name in self.modifiers if name in FLAGS}))

    def term_text(self, value: Any) -> str:
        """The question as people read it: ``source.ip cidr 10.0.0.0/8``."""
        asked = " ".join(name for name in self.modifiers if name not in ("all", "neq")) or "="
        shown = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        return f"{self.field or 'anything'} {asked} {shown}"


def combination(key: Key) -> str:
    """Why these modifiers do not go together; empty if they do."""
    names = key.modifiers
    if key.flags and "re" not in names:
        return "i, m and s are flags of a regular expression: they need re before them"
    if "re" in names and names[0] != "re":
        return "re must be the first modifier"
    if "re" in names and ("startswith" in names or "endswith" in names):
        return "startswith and endswith do not go with re: anchor the expression with ^ or $"
    if "re" in names and ("cased" in names or "expand" in names):
        return "cased and expand do not go with re (an expression sees upper and lower case as they are)"
    if key.field is None and {"exists", "fieldref", "cidr", "gt", "gte", "lt", "lte"} & set(names):
        return "this modifier needs the name of a field before it"
    return ""


def check_kind(key: Key, value: Any, found: str) -> None:
    """Say it in our words where a modifier does not suit the kind of value."""
    for name in key.modifiers:
        wanted = WANTED.get(name)
        if wanted and type(value) not in wanted[1]:
            hint = "quote it" if str in wanted[1] and value is not None else ""
            raise Unsuitable(f"{name} needs {wanted[0]}, not {found}", hint)


def term(key: Key, value: Any, placeholders: Mapping[str, Sequence[str]]) -> Condition:
    text = key.term_text(value)
    if "re" in key.modifiers:
        return Term(key.field, _expression(key, value), text)
    if value is None and key.field is None:
        raise Unsuitable("null needs the name of a field", "write field: null")
    tests = tuple(_tests(key, _sigma_value(key, value), placeholders))
    return Term(key.field, tests[0], text) if len(tests) == 1 else Or(tuple(Term(key.field, t, text) for t in tests))


def _expression(key: Key, value: str) -> Expression:
    try:
        return Expression.compiled(f"(?{key.flags}){value}" if key.flags else value)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        hint = "look-around, back-references and possessive operators do not exist in re2, which never backtracks"
        raise Unsuitable(f"re2 does not take this expression: {reason}", hint) from error


def _sigma_value(key: Key, value: Any) -> Any:
    """The value with its modifiers applied, as pySigma's type. Imported here: it takes a tenth of a second."""
    from sigma.rule.detection import SigmaDetectionItem

    if "diskcache" in sys.modules:
        raise RuntimeError("pySigma's on-disk cache (CVE-2025-69872) was imported; it must never be used")
    return SigmaDetectionItem.from_mapping(key.written if key.written else None, [value]).value[0]


def _tests(key: Key, value: Any, placeholders: Mapping[str, Sequence[str]]) -> Iterator[Test]:
    """pySigma's value as our tests; several if any of them may hold."""
    from sigma import types

    match value:
        case types.SigmaExpansion():
            for each in value.values:
                yield from _tests(key, each, placeholders)
        case types.SigmaString() if any(isinstance(part, types.Placeholder) for part in value.s):
            yield from _filled(key, value, placeholders)
        case types.SigmaString():
            yield _text(key, value)
        case types.SigmaNull():
            yield Null()
        case types.SigmaBool() | types.SigmaNumber() if key.field is None:
            yield literal(str(value).lower(), starts=True, ends=True)
        case types.SigmaBool():
            yield Boolean(value.boolean)
        case types.SigmaNumber():
            yield Number(value.number)
        case types.SigmaCIDRExpression():
            yield Cidr(value.network)
        case types.SigmaCompareExpression():
            yield Compare(value.op.name.lower(), value.number.number)
        case types.SigmaExists():
            yield Exists(value.exists)
        case types.SigmaFieldReference():
            yield FieldReference(value.field, value.starts_with, value.ends_with)
        case _:
            raise Unsuitable(f"{type(value).__name__.removeprefix('Sigma')} values are not supported")


def _text(key: Key, value: Any) -> Text:
    from sigma import types

    cased = isinstance(value, types.SigmaCasedString)
    segments: list[Segment] = []
    text, holes = "", set[int]()
    for part in (*value.s, types.SpecialChars.WILDCARD_MULTI):  # the last one ends the last segment
        if isinstance(part, str):
            text += part if cased else part.lower()
        elif part is types.SpecialChars.WILDCARD_SINGLE:
            holes.add(len(text))
            text += "?"
        else:
            segments.append(Segment(text, frozenset(holes)))
            text, holes = "", set()
    pattern = Text(tuple(segments), cased)
    return anywhere(pattern) if key.field is None else pattern


def _filled(key: Key, value: Any, placeholders: Mapping[str, Sequence[str]]) -> Iterator[Test]:
    """A value with placeholders, once for each thing they stand for; a network alone in a value is asked as one."""
    from sigma import types

    for part in value.s:
        if isinstance(part, types.Placeholder) and part.name not in placeholders:
            raise Unsuitable(f'nothing is known as "%{part.name}%"', nearest(part.name, placeholders))
    if len(value.s) == 1 and key.field is not None:
        for each in placeholders[value.s[0].name]:
            try:
                yield Cidr(ip_network(each, strict=False))
            except ValueError:
                yield literal(each)
        return
    for each in value.replace_placeholders(lambda part: iter(placeholders[part.name])):
        yield _text(key, each)
