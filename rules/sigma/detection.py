"""The ``detection`` of a rule as a tree of terms. pySigma applies modifiers to values; places and checks are ours."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final

import re2

from rules.sigma import condition as conditions
from rules.sigma.document import Document, Node, is_scalar, kind, quote_width
from rules.sigma.errors import nearest
from rules.sigma.model import And, Condition, Not, Or, Term
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


class _Unsuitable(ValueError):
    """A value that cannot be asked for; the message says why, the hint what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class _Key:
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


class Detection:
    """Compiles the detection of one document; problems go to the document."""

    def __init__(self, document: Document, placeholders: Mapping[str, Sequence[str]]) -> None:
        """*placeholders*: what ``expand`` fills in, by name."""
        self.document = document
        self.placeholders = placeholders

    def compile(self, node: Node) -> Condition | None:
        """The tree of the whole detection; None if something in it is wrong."""
        before = len(self.document.errors)
        items = self.document.items(node, "detection")
        wanted = items.pop("condition", None)
        if old := items.pop("timeframe", None):
            self.document.error(old[0], "timeframe is gone from Sigma", "write a correlation with timespan")
        selections = {name: self.selection(value, f'selection "{name}"') for name, (_, value) in items.items()}
        if wanted is None:
            self.document.error(node, "detection has no condition", "for example: condition: selection", length=1)
            return None
        tree = self.condition(wanted[1], {name: part or Or(()) for name, part in selections.items()})
        return tree if len(self.document.errors) == before else None

    def condition(self, node: Node, selections: Mapping[str, Condition]) -> Condition | None:
        """The tree of the condition; of a list of conditions any may hold."""
        if is_scalar(node):
            return self._parsed(node, selections)
        conditions_list = node.value if kind(node) == "a list" else []
        if not conditions_list:
            self.document.error(node, f"condition must be text, not {kind(node)}")
        parts = [part for item in conditions_list if (part := self._parsed(item, selections))]
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def selection(self, node: Node, what: str) -> Condition | None:
        """A mapping (all items hold), or a list (any part holds)."""
        if is_scalar(node):
            return self.values(node, _Key("", None, ()), [node])
        if not node.value:
            empty = "list" if kind(node) == "a list" else "mapping"
            self.document.error(node, f"{what} is an empty {empty}", "an empty selection would match nothing or all")
            return None
        if kind(node) == "a mapping":
            parts = [self.item(*pair) for pair in self.document.items(node, what).values()]
            return _joined(And, parts)
        if all(is_scalar(item) for item in node.value):
            return self.values(node, _Key("", None, ()), node.value)
        return _joined(Or, [self._alternative(item, what) for item in node.value])

    def _alternative(self, node: Node, what: str) -> Condition | None:
        if kind(node) == "a list":
            self.document.error(node, f"{what} holds a list within a list")
            return None
        return self.selection(node, f"a part of {what}")

    def item(self, key_node: Node, value_node: Node) -> Condition | None:
        """One ``field|modifiers: values``."""
        key = self._key(key_node)
        if key is None:
            return None
        if is_scalar(value_node):
            return self.values(key_node, key, [value_node])
        if kind(value_node) == "a mapping":
            self.document.error(value_node, f'"{key.written}" must be a value or a list of values, not a mapping')
            return None
        if not value_node.value:
            self.document.error(value_node, f'"{key.written}" is an empty list', "name a value, or null for no value")
            return None
        return self.values(key_node, key, value_node.value)

    def values(self, owner: Node, key: _Key, nodes: list[Node]) -> Condition | None:
        """The values of one item: any of them (with ``all``: all of them), negated by ``neq``."""
        parts = [self.value(key, node) for node in nodes]
        joined = _joined(And if "all" in key.modifiers else Or, parts)
        if joined is not None and "neq" in key.modifiers:
            return Not(joined)
        return joined

    def value(self, key: _Key, node: Node) -> Condition | None:
        """One value of an item; what is wrong with it is reported at the value."""
        if not is_scalar(node):
            self.document.error(node, f"a value must be text, a number, a boolean or null, not {kind(node)}")
            return None
        try:
            value = self.document.plain(node)
            _check_kind(key, value, kind(node))
            return _term(key, value, self.placeholders)
        except _Unsuitable as error:
            self.document.error(node, str(error), error.hint)
        except ValueError as error:  # base of pySigma's errors, and of YAML scalars like 0x_
            self.document.error(node, f"{error} (in {key.written or 'a keyword'})")
        return None

    def _parsed(self, node: Node, selections: Mapping[str, Condition]) -> Condition | None:
        if not is_scalar(node) or not isinstance(text := self.document.plain(node), str):
            self.document.error(node, f"condition must be text, not {kind(node)}")
            return None
        try:
            return conditions.parse(text, selections)[0]
        except conditions.ConditionError as error:
            in_place = self.document.is_on_one_line(node, text)
            self.document.error(
                node,
                f"condition: {error}",
                error.hint,
                shift=error.at + quote_width(node) if in_place else 0,
                length=error.length if in_place else None,
            )
            return None

    def _key(self, node: Node) -> _Key | None:
        written = node.value
        field, *modifiers = written.split("|")
        shift = len(field) + quote_width(node)
        good = True
        for name in modifiers:
            if name not in MODIFIERS:
                known = f'modifier "{name}" is not supported' if name in UNSUPPORTED else f'unknown modifier "{name}"'
                hint = f"{nearest(name, MODIFIERS, show=False)} {ALLOWED}".strip()
                self.document.error(node, known, hint, shift=shift + 1, length=len(name) or 1)
                good = False
            shift += 1 + len(name)
        key = _Key(written, field or None, tuple(modifiers))
        problem = _combination(key) if good else ""
        if problem:
            self.document.error(node, problem)
        return key if good and not problem else None


def _combination(key: _Key) -> str:
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


def _check_kind(key: _Key, value: Any, found: str) -> None:
    """Say it in our words where a modifier does not suit the kind of value."""
    for name in key.modifiers:
        wanted = WANTED.get(name)
        if wanted and type(value) not in wanted[1]:
            hint = "quote it" if str in wanted[1] and value is not None else ""
            raise _Unsuitable(f"{name} needs {wanted[0]}, not {found}", hint)


def _term(key: _Key, value: Any, placeholders: Mapping[str, Sequence[str]]) -> Condition:
    text = key.term_text(value)
    if "re" in key.modifiers:
        return Term(key.field, _expression(key, value), text)
    if value is None and key.field is None:
        raise _Unsuitable("null needs the name of a field", "write field: null")
    tests = tuple(_tests(key, _sigma_value(key, value), placeholders))
    return Term(key.field, tests[0], text) if len(tests) == 1 else Or(tuple(Term(key.field, t, text) for t in tests))


def _expression(key: _Key, value: str) -> Expression:
    try:
        return Expression.compiled(f"(?{key.flags}){value}" if key.flags else value)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        hint = "look-around, back-references and possessive operators do not exist in re2, which never backtracks"
        raise _Unsuitable(f"re2 does not take this expression: {reason}", hint) from error


def _sigma_value(key: _Key, value: Any) -> Any:
    """The value with its modifiers applied, as pySigma's type. Imported here: it takes a tenth of a second."""
    from sigma.rule.detection import SigmaDetectionItem

    if "diskcache" in sys.modules:
        raise RuntimeError("pySigma's on-disk cache (CVE-2025-69872) was imported; it must never be used")
    return SigmaDetectionItem.from_mapping(key.written if key.written else None, [value]).value[0]


def _tests(key: _Key, value: Any, placeholders: Mapping[str, Sequence[str]]) -> Iterator[Test]:
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
            raise _Unsuitable(f"{type(value).__name__.removeprefix('Sigma')} values are not supported")


def _text(key: _Key, value: Any) -> Text:
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


def _filled(key: _Key, value: Any, placeholders: Mapping[str, Sequence[str]]) -> Iterator[Test]:
    """A value with placeholders, once for each thing they stand for; a network alone in a value is asked as one."""
    from sigma import types

    for part in value.s:
        if isinstance(part, types.Placeholder) and part.name not in placeholders:
            raise _Unsuitable(f'nothing is known as "%{part.name}%"', nearest(part.name, placeholders))
    if len(value.s) == 1 and key.field is not None:
        for each in placeholders[value.s[0].name]:
            try:
                yield Cidr(ip_network(each, strict=False))
            except ValueError:
                yield literal(each)
        return
    for each in value.replace_placeholders(lambda part: iter(placeholders[part.name])):
        yield _text(key, each)


def _joined(join: type[And] | type[Or], parts: Sequence[Condition | None]) -> Condition | None:
    """The parts under one roof; None if one of them is wrong."""
    good = [part for part in parts if part is not None]
    if len(good) != len(parts):
        return None
    return good[0] if len(good) == 1 else join(tuple(good))
