"""The condition of a correlation: numbers to compare with, or an expression over the rules; and its aliases.

https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-correlation-rules-specification.md
(version 2.1); the percentile and the expressions are as in pySigma.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from rules.amounts import BILLION, COMPARE, billionths
from rules.sigma.document import Document, Node, is_scalar, kind, quote_width
from rules.sigma.expression import MAX_PATTERNS, ExpressionError, at_least, patterns
from rules.sigma.model import CorrelationOp, Pattern

OPERATORS: Final[tuple[CorrelationOp, ...]] = ("gte", "gt", "lte", "lt", "eq", "neq")
TEMPORAL: Final = ("temporal", "temporal_ordered")
COUNTS: Final = ("event_count", "value_count", *TEMPORAL)
#: What the types of numbers compare, for people.
AMOUNTS: Final[Mapping[str, str]] = {
    "value_sum": "as the sum of {field}",
    "value_avg": "as the mean of {field}",
    "value_percentile": "as percentile {percentile} of {field}",
    "value_median": "as the median of {field}",
}
#: The operators for people.
IN_WORDS: Final[Mapping[str, str]] = {
    "gte": "at least",
    "gt": "more than",
    "lte": "at most",
    "lt": "less than",
    "eq": "just",
    "neq": "not",
}
Bounds = tuple[tuple[CorrelationOp, int], ...]
HALF: Final = Fraction(50)
NEVER: Final = "a window begins with an event, so silence is no finding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What Correlation says of its condition; rules as written."""

    bounds: Bounds = ()
    patterns: tuple[Pattern, ...] = ()
    value_fields: tuple[str, ...] = ()
    percentile: Fraction = HALF
    needs: str = ""


def threshold(document: Document, kind_of: str, owner: Node, node: Node | None, rules: tuple[str, ...]) -> Threshold:
    """What a condition says; what is wrong goes to the document.

    Args:
        document: In which it stands.
        kind_of: The type of the correlation.
        owner: The correlation.
        node: The condition; None if there is none.
        rules: As the correlation names them.
    """
    reader = _Reader(document, kind_of, owner, rules)
    if node is None:
        return reader.without()
    return reader.expression(node) if is_scalar(node) else reader.numbers(node)


def aliases(document: Document, node: Node) -> tuple[dict[str, dict[str, str]], list[tuple[str, Node]]]:
    """alias -> rule as written -> field, and the places where rules are named."""
    found: dict[str, dict[str, str]] = {}
    references: list[tuple[str, Node]] = []
    for alias, (_, each) in document.items(node, "aliases").items():
        fields = document.items(each, f"alias {alias}")
        found[alias] = {rule: document.text(value, rule) or "" for rule, (_, value) in fields.items()}
        references.extend((rule, key) for rule, (key, _) in fields.items())
    return found, references


class _Reader:
    def __init__(self, document: Document, kind_of: str, owner: Node, rules: tuple[str, ...]) -> None:
        self.document = document
        self.kind = kind_of
        self.owner = owner
        self.rules = rules

    def without(self) -> Threshold:
        """No condition: all rules must match."""
        if self.kind not in TEMPORAL:
            hint = "for example: condition: {gte: 10}"
            self.document.error(self.owner, "correlation needs a condition", hint, length=1)
        return self.of_rules((("gte", len(self.rules)),), self.owner)

    def expression(self, node: Node) -> Threshold:
        text = self.document.text(node, "condition")
        if text is None:
            return Threshold()
        if self.kind not in TEMPORAL:
            message = f"a condition of {self.kind} compares with a number; only temporal and temporal_ordered take text"
            self.document.error(node, message, "for example: condition: {gte: 10}")
            return Threshold()
        try:
            return Threshold(patterns=patterns(text, self.rules), needs=self.told(text))
        except ExpressionError as error:
            in_place = self.document.is_on_one_line(node, text)
            shift = error.at + quote_width(node) if in_place else 0
            length = error.length if in_place else None
            self.document.error(node, f"condition: {error}", error.hint, shift=shift, length=length)
            return Threshold()

    def told(self, text: str) -> str:
        return f"matches of {text}" + (", in the order of rules" if self.kind == "temporal_ordered" else "")

    def numbers(self, node: Node) -> Threshold:
        items = self.document.items(node, "the condition", (*OPERATORS, "field", "percentile"))
        bounds = tuple((op, self.number(op, items[op][1])) for op in OPERATORS if op in items)
        if not bounds:
            self.document.error(node, f"the condition needs one of {', '.join(OPERATORS)}")
        fields, percentile = self.fields(node, items), self.percentile(node, items)
        self.check_possible(node, bounds)
        if self.kind in TEMPORAL:
            return self.of_rules(bounds, node)
        what = "events" if self.kind == "event_count" else f"different {' and '.join(fields)}"
        if self.kind in AMOUNTS:
            what = AMOUNTS[self.kind].format(field=", ".join(fields), percentile=_shown(percentile))
        needs = f"{self.told_bounds(bounds)} {what}"
        return Threshold(bounds=bounds, value_fields=fields, percentile=percentile, needs=needs)

    def of_rules(self, bounds: Bounds, node: Node) -> Threshold:
        """How many of the rules must match; in order, this is one pattern for each choice of them."""
        several = len(self.rules)
        counted = self.told_bounds(bounds)
        needs = f"matches of {'all' if bounds == (('gte', several),) else counted + ' of'} {several} rules"
        if self.kind != "temporal_ordered":
            return Threshold(bounds=bounds, needs=needs)
        if any(op not in ("gte", "gt") and (op, number) != ("eq", several) for op, number in bounds):
            message = "temporal_ordered asks for at least so many rules in order: gte or gt"
            self.document.error(node, message, "or write which, for example: condition: a and not b")
            return Threshold(bounds=bounds)
        found = at_least(max([1, *(number + (op == "gt") for op, number in bounds)]), self.rules)
        if found is None:
            self.document.error(node, f"amounts to more than {MAX_PATTERNS} orders", "make it two correlations")
        return Threshold(patterns=found or (), needs=f"{needs} in their order")

    def number(self, op: str, node: Node) -> int:
        """What to compare with; of the types of numbers, in billionths."""
        value = self.document.plain(node) if is_scalar(node) else None
        if self.kind in COUNTS:
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                return value
            self.document.error(node, f"{op} must be a whole number, not {_what(node, value)}")
            return 1
        found = billionths(repr(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None
        if found is None:
            self.document.error(node, f"{op} must be a number, not {_what(node, value)}")
        return found or 0

    def fields(self, node: Node, items: Mapping[str, tuple[Node, Node]]) -> tuple[str, ...]:
        """The fields whose values are compared."""
        if "field" not in items:
            if self.kind not in ("event_count", *TEMPORAL):
                taken = "values it counts" if self.kind == "value_count" else "numbers it takes"
                hint = "add field: to the condition"
                self.document.error(node, f"{self.kind} needs the field whose {taken}", hint)
            return ()
        key, value = items["field"]
        if self.kind == "event_count":
            self.document.error(key, "event_count counts events, not values", "use type: value_count")
        elif self.kind in TEMPORAL:
            self.document.error(key, f"{self.kind} counts rules that match, not values", "take field out")
        elif is_scalar(value):
            return (name,) if (name := self.document.text(value, "field")) else ()
        elif self.kind != "value_count":
            self.document.error(
                value, f"{self.kind} takes one field, not {kind(value)}", "make one correlation of each"
            )
        else:
            return self.document.texts(value, "field")
        return ()

    def percentile(self, node: Node, items: Mapping[str, tuple[Node, Node]]) -> Fraction:
        if self.kind != "value_percentile":
            if "percentile" in items:
                hint = "the median is percentile 50" if self.kind == "value_median" else "use type: value_percentile"
                self.document.error(items["percentile"][0], f"{self.kind} takes no percentile", hint)
            return HALF
        if "percentile" not in items:
            self.document.error(node, "value_percentile needs the percentile", "for example: percentile: 95")
            return HALF
        place = items["percentile"][1]
        value = self.document.plain(place) if is_scalar(place) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100:
            return Fraction(repr(value))
        self.document.error(place, f"percentile must be a number from 0 to 100, not {_what(place, value)}")
        return HALF

    def check_possible(self, node: Node, bounds: Bounds) -> None:
        """Refuse what can never hold, which its author would not notice."""
        low = 1 if self.kind in COUNTS else 0 if self.kind == "value_sum" else None
        high = len(self.rules) if self.kind in TEMPORAL else None
        near = {number + by for _, number in bounds for by in (-1, 0, 1)} | {low or 0}
        able = [n for n in near if (low is None or n >= low) and (high is None or n <= high)]
        if bounds and not any(all(COMPARE[op](n, number) for op, number in bounds) for n in able):
            hint = f"there are {high} rules" if high is not None else NEVER if low is not None else ""
            self.document.error(node, "the condition can never hold", hint)

    def told_bounds(self, bounds: Bounds) -> str:
        unit = 1 if self.kind in COUNTS else BILLION
        return " and ".join(f"{IN_WORDS[op]} {_shown(Fraction(number, unit))}" for op, number in bounds)


def _shown(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"{float(number):g}"


def _what(node: Node, value: Any) -> str:
    """What stands there, in words, with its value if it is a number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(node.value) if is_number else kind(node)
