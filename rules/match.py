"""Does this event match this rule, and which part of it did.

Plain and correct before fast: this is the reference that any faster engine has to equal.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice, product
from typing import Any, Final

from rules.event import Event
from rules.sigma.model import And, Condition, Not, Or, Rule, Selection, Term
from rules.sigma.values import (
    Exists,
    FieldReference,
    FieldTest,
    Null,
    Scalar,
    Span,
    TimePart,
    ValueTest,
    as_text,
    literal,
)


class _Missing(Enum):
    MISSING = "missing"


MISSING: Final = _Missing.MISSING  #: the event has no such field; not the same as null
#: Of two fields with many values, so many pairs are looked at for one that holds the other: all would take for ever.
MAX_PAIRS: Final = 10_000
#: The time of an event, in UTC, to modifiers that ask for parts of a time; a field of that name goes before.
EVENT_TIME: Final = "@timestamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One term of a rule and how it stands with an event."""

    selection: str  #: name of the selection that the term is in
    term: str  #: as in the rule: ``message contains Failed password``
    holds: bool  #: the rule gets what it asks for here (of a negated term: that it is not true)
    negated: bool
    field: str | None  #: None for a keyword
    value: str | None  #: what the event has there; None if nothing
    span: Span | None  #: which characters of the value matched; None if it is not about characters

    def __str__(self) -> str:
        return f"{'not ' if self.negated else ''}{self.selection}: {self.term} {'✔' if self.holds else '✘'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a rule matched an event or did not."""

    matched: bool
    reasons: tuple[Reason, ...]  #: if matched, the terms that made it so; otherwise up to the first that failed

    @property
    def failing(self) -> Reason | None:
        """The first term that did not hold; None if the rule matched."""
        return next((reason for reason in self.reasons if not reason.holds), None)


def matches(rule: Rule, event: Event) -> bool:
    """Whether the event fulfils detection and filters. The log source is not asked: that is ``RuleSet.routed``."""
    return holds(rule.condition, event)


def holds(condition: Condition, event: Event) -> bool:
    """Whether a condition holds for an event."""
    # Asked for every rule and line: isinstance() and loops take half the time of match and all().
    if isinstance(condition, Term):
        return _find(condition, event) is not None
    if isinstance(condition, Selection):
        return holds(condition.part, event)
    if isinstance(condition, Not):
        return not holds(condition.part, event)
    decides = isinstance(condition, Or)
    for part in condition.parts:
        if holds(part, event) is decides:
            return decides
    return not decides


def explain(rule: Rule, event: Event) -> Explanation:
    """Which terms made the rule match, or which was the first to fail."""
    matched, reasons = _explain(rule.condition, event, selection="", negated=False)
    return Explanation(matched=matched, reasons=reasons)


def lookup(fields: Mapping[str, Any], name: str) -> Any:
    """The value of a field: under its very name, or inside nested objects by its dotted name; else MISSING.

    Through a list of objects a dotted name gives the list of what each of them has.
    """
    if name in fields:
        return fields[name]
    for at in (i for i, character in enumerate(name) if character == "."):
        inner = fields.get(name[:at])
        if isinstance(inner, Mapping):
            found = lookup(inner, name[at + 1 :])
        elif isinstance(inner, list):
            each = [lookup(item, name[at + 1 :]) for item in inner if isinstance(item, Mapping)]
            found = [value for value in each if value is not MISSING] or MISSING
        else:
            continue
        if found is not MISSING:
            return found
    return MISSING


def _explain(condition: Condition, event: Event, *, selection: str, negated: bool) -> tuple[bool, tuple[Reason, ...]]:
    match condition:
        case Term():
            reason = reason_of(condition, event, selection, negated)
            return reason.holds is not negated, (reason,)
        case Selection(name, part):
            return _explain(part, event, selection=name, negated=negated)
        case Not(part):
            matched, reasons = _explain(part, event, selection=selection, negated=not negated)
            return not matched, reasons
        case And(parts) | Or(parts):
            decides = isinstance(condition, Or)  # the first part with this outcome decides the whole
            gathered: list[Reason] = []
            for part in parts:
                matched, reasons = _explain(part, event, selection=selection, negated=negated)
                if matched is decides:  # in the rule's favour, it alone is the reason
                    return decides, (reasons if decides is not negated else (*gathered, *reasons))
                gathered.extend(reasons)
            return not decides, tuple(gathered)


def reason_of(term: Term, event: Event, selection: str, negated: bool) -> Reason:
    """How one term stands with an event.

    Args:
        term: What is asked.
        event: Of what.
        selection: Under which name the term stands in its rule.
        negated: Whether the rule wants that it does not hold.
    """
    found = _find(term, event)
    value = event.text if term.field is None else lookup(event.fields, term.field)
    value, span = found or (None if value is MISSING or value is None else _shown(value), None)
    return Reason(
        selection=selection,
        term=term.text,
        holds=(found is not None) is not negated,
        negated=negated,
        field=term.field,
        value=value,
        span=span,
    )


def _find(term: Term, event: Event) -> tuple[str | None, Span | None] | None:
    """The value that answers the term, with the place in it; None if there is none."""
    if isinstance(term.test, FieldTest):
        return _ask_field(lookup(event.fields, term.field or ""), term.test, event)
    if term.field is None:
        return _ask_values(_everything(event), term.test)
    value = lookup(event.fields, term.field)
    if value is MISSING and term.field == EVENT_TIME and isinstance(term.test, TimePart):
        value = event.time.isoformat()
    if isinstance(value, str):
        span = term.test.find(value)
        return None if span is None else (value, span)
    return _ask_values(_scalars(value), term.test)


def _ask_values(values: Iterator[Scalar], test: ValueTest) -> tuple[str, Span] | None:
    for value in values:
        span = test.find(value)
        if span is not None:
            return as_text(value), span
    return None


def _ask_field(value: Any, test: FieldTest, event: Event) -> tuple[str | None, Span | None] | None:
    shown = None if value is MISSING or value is None else _shown(value)
    match test:
        case Null():
            return (shown, None) if shown is None else None
        case Exists(expected):
            return (shown, None) if (value is not MISSING) is expected else None
        case FieldReference(field, starts, ends):
            others = dict.fromkeys(as_text(each).lower() for each in _scalars(lookup(event.fields, field)))
            return _refer(list(_scalars(value)), others, starts=starts, ends=ends)


def _refer(
    values: Sequence[Scalar], others: Mapping[str, None], *, starts: bool, ends: bool
) -> tuple[str, Span] | None:
    """The first of the values that equals, or holds, one of the others; not each with each, however many there are."""
    if not starts and not ends:
        equal = next((text for text in map(as_text, values) if text.lower() in others), None)
        return None if equal is None else (equal, (0, len(equal)))
    for value, other in islice(product(values, others), MAX_PAIRS):
        span = literal(other, starts=starts, ends=ends).find(value)
        if span is not None:
            return as_text(value), span
    return None


def _everything(event: Event) -> Iterator[Scalar]:
    """The line as it stands, then each value by itself: JSON writes backslashes and quotes differently in the line."""
    yield event.text
    for value in event.fields.values():
        yield from _scalars(value)


def _scalars(value: Any) -> Iterator[Scalar]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _scalars(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _scalars(inner)
    elif value is not MISSING and value is not None:
        yield value


def _shown(value: Any) -> str:
    return as_text(value) if isinstance(value, str | int | float) else str(value)
