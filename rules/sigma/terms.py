"""One value of an item in a detection becomes a term: pySigma applies the modifiers, the tests are ours."""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Final

import re2

from rules.sigma.errors import nearest
from rules.sigma.model import Condition, Or, Term
from rules.sigma.modifiers import PLACES, Key, Unsuitable
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
    TimePart,
    anywhere,
    literal,
    sought,
)

#: How many texts one value may stand for once its placeholders are filled in; as in pySigma.
MAX_FILLED: Final = 200


class Undefined(Unsuitable):
    """A value with placeholders that nobody has defined."""

    def __init__(self, names: Sequence[str], known: Collection[str]) -> None:
        super().__init__(f'nothing is known as "%{names[0]}%"', nearest(names[0], known))
        self.names = names


def term(key: Key, value: Any, placeholders: Mapping[str, Sequence[str]]) -> Condition:
    """What one value of an item asks.

    Raises:
        Unsuitable: it cannot be asked.
        ValueError: pySigma does not take it.
    """
    if "re" in key.modifiers:
        return joined(key.field, _expressions(key, value, placeholders), key.term_text(value))
    if value is None and key.field is None:
        raise Unsuitable("null needs the name of a field", "write field: null")
    if value == "" and key.field is None:
        raise Unsuitable("an empty keyword stands in everything", "write what is looked for")
    return joined(key.field, tests_of(key.field, _sigma_value(key, value), placeholders), key.term_text(value))


def joined(field: str | None, tests: Iterable[Test], text: str) -> Condition:
    """Any of the tests, under one text."""
    terms = tuple(Term(field, test, text) for test in tests)
    return terms[0] if len(terms) == 1 else Or(terms)


def expression(source: str, flags: str = "") -> Expression:
    """A regular expression as RE2 takes it.

    Raises:
        Unsuitable: it does not.
    """
    try:
        return Expression.compiled(f"(?{flags}){source}" if flags else source)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        hint = "look-around, back-references and possessive operators do not exist in re2, which never backtracks"
        raise Unsuitable(f"re2 does not take this expression: {reason}", hint) from error


def _expressions(key: Key, value: str, placeholders: Mapping[str, Sequence[str]]) -> Iterator[Expression]:
    places = {name for name in PLACES if name in key.modifiers}
    for source in _filled_source(value, placeholders) if "expand" in key.modifiers else [value]:
        expression(source)  # by itself, so that what is wrong is told of what was written
        if places == {"startswith"}:
            source = rf"\A(?:{source})"
        elif places == {"endswith"}:
            source = rf"(?:{source})\z"
        yield expression(source, key.flags)


def _filled_source(value: str, placeholders: Mapping[str, Sequence[str]]) -> list[str]:
    """An expression with placeholders, once for each thing they stand for; that is taken as text."""
    from sigma.types import Placeholder, SigmaString

    parts = SigmaString.from_str(value).insert_placeholders().s
    _all_known([part.name for part in parts if isinstance(part, Placeholder)], placeholders)
    found = [""]
    for part in parts:
        each = [re2.escape(one) for one in placeholders[part.name]] if isinstance(part, Placeholder) else [str(part)]
        if len(found) * len(each) > MAX_FILLED:
            raise Unsuitable(f"its placeholders stand for more than {MAX_FILLED} expressions")
        found = [before + one for before in found for one in each]
    return found


def _all_known(names: Sequence[str], placeholders: Mapping[str, Sequence[str]]) -> None:
    if unknown := [name for name in names if name not in placeholders]:
        raise Undefined(unknown, placeholders.keys())


def _sigma_value(key: Key, value: Any) -> Any:
    """The value with its modifiers applied, as pySigma's type. Imported here: it takes a tenth of a second."""
    from sigma.rule.detection import SigmaDetectionItem

    if "diskcache" in sys.modules:
        raise RuntimeError("pySigma's on-disk cache (CVE-2025-69872) was imported; it must never be used")
    made = SigmaDetectionItem.from_mapping(key.for_pysigma, [value]).value[0]
    return cased(made) if "cased" in key.modifiers else made


def cased(value: Any) -> Any:
    """The value with regard to case: pySigma forgets that where an encoding or windash stands behind cased."""
    from sigma import types

    if isinstance(value, types.SigmaExpansion):
        return types.SigmaExpansion([cased(each) for each in value.values])
    is_plain = isinstance(value, types.SigmaString) and not isinstance(value, types.SigmaCasedString)
    if not is_plain:
        return value
    made = types.SigmaCasedString()
    made.s = value.s
    return made


def tests_of(field: str | None, value: Any, placeholders: Mapping[str, Sequence[str]]) -> Iterator[Test]:
    """pySigma's value as our tests; several if any of them may hold.

    Raises:
        Unsuitable: it cannot be asked for.
    """
    from sigma import types

    match value:
        case types.SigmaExpansion():
            for each in value.values:
                yield from tests_of(field, each, placeholders)
        case types.SigmaString() if any(isinstance(part, types.Placeholder) for part in value.s):
            yield from _filled(field, value, placeholders)
        case types.SigmaString():
            yield _text(field, value)
        case types.SigmaNull():
            yield Null()
        case types.SigmaTimestampPart():
            yield TimePart(value.timestamp_part.name.lower(), "eq", value.number)
        case types.SigmaBool() | types.SigmaNumber() if field is None:
            yield literal(str(value).lower(), starts=True, ends=True)
        case types.SigmaBool():
            yield Boolean(value.boolean)
        case types.SigmaNumber():
            yield Number(value.number)
        case types.SigmaCIDRExpression():
            yield Cidr(value.network)
        case types.SigmaCompareExpression():
            yield _comparison(value.op.name.lower(), value.number)
        case types.SigmaExists():
            yield Exists(value.exists)
        case types.SigmaFieldReference():
            yield FieldReference(value.field, value.starts_with, value.ends_with)
        case _:
            raise Unsuitable(f"{type(value).__name__.removeprefix('Sigma')} values are not supported")


def _comparison(op: str, number: Any) -> Compare | TimePart:
    part = getattr(number, "timestamp_part", None)
    return Compare(op, number.number) if part is None else TimePart(part.name.lower(), op, number.number)


def _text(field: str | None, value: Any) -> Text:
    from sigma import types

    is_cased = isinstance(value, types.SigmaCasedString)
    segments: list[Segment] = []
    text, holes = "", set[int]()
    for part in (*value.s, types.SpecialChars.WILDCARD_MULTI):  # the last one ends the last segment
        if isinstance(part, str):
            text += part if is_cased else part.lower()
        elif part is types.SpecialChars.WILDCARD_SINGLE:
            holes.add(len(text))
            text += "?"
        else:
            segments.append(_segment(text, holes))
            text, holes = "", set()
    pattern = Text(tuple(segments), is_cased)
    return anywhere(pattern) if field is None else pattern


def _segment(text: str, holes: set[int]) -> Segment:
    segment = Segment(text, frozenset(holes))
    if holes:
        try:
            sought(segment)
        except re2.error as error:
            raise Unsuitable("a text with ? in it is too long", "write fewer characters around the ?") from error
    return segment


def _filled(field: str | None, value: Any, placeholders: Mapping[str, Sequence[str]]) -> Iterator[Test]:
    """A value with placeholders, once for each thing they stand for; a network alone in a value is asked as one."""
    from sigma import types

    _all_known([part.name for part in value.s if isinstance(part, types.Placeholder)], placeholders)
    if len(value.s) == 1 and field is not None:
        for each in placeholders[value.s[0].name]:
            try:
                yield Cidr(ip_network(each, strict=False))
            except ValueError:
                yield literal(each)
        return
    for each in value.replace_placeholders(lambda part: iter(placeholders[part.name])):
        yield _text(field, cased(each) if isinstance(value, types.SigmaCasedString) else each)
