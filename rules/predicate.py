"""A rule's condition as one Python function: decides what ``rules.match`` decides, without walking the tree each time.

The plain evaluator stays what is right by definition. Wherever a question is not of the common kind (a value of a
field that is text) it is asked, and tests hold the two against each other.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Final

import re2

from rules.event import Event
from rules.match import EVENT_TIME, MISSING, holds
from rules.sigma.model import And, Condition, Not, Or, Selection, Term
from rules.sigma.values import Cidr, Exists, Expression, FieldReference, Null, Text, ValueTest, compiled, search

Predicate = Callable[[Event], bool]
Answer = Callable[[str], bool]

REMEMBERED: Final = 4096  #: addresses per question; the same few are asked about again and again
LONGEST_ADDRESS: Final = 64  #: characters; what is longer is not worth remembering
UNENDED: Final = "\\Q"  #: in an expression: what follows is text, to the end of all if nobody ends it


def predicate(condition: Condition) -> Predicate:
    """A function that is true for the same events as ``match.holds(condition, event)``."""
    if isinstance(condition, Term):
        return _asking((condition,))
    if isinstance(condition, Selection):
        return predicate(condition.part)
    if isinstance(condition, Not):
        inner = predicate(condition.part)
        return lambda event: not inner(event)
    if isinstance(condition, Or):
        return _any([_asking(terms) for terms in _by_field(condition.parts)])
    return _all([predicate(part) for part in _flat(condition)])


def _flat(condition: Condition) -> list[Condition]:
    """The parts of an "and", those of an "and" within it too."""
    while isinstance(condition, Selection):
        condition = condition.part
    return [inner for part in condition.parts for inner in _flat(part)] if isinstance(condition, And) else [condition]


def _any(parts: Sequence[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]

    def holds_any(event: Event) -> bool:
        for part in parts:  # noqa: SIM110  # here and below: a loop takes half the time of any()
            if part(event):
                return True
        return False

    return holds_any


def _all(parts: Sequence[Predicate]) -> Predicate:
    def holds_all(event: Event) -> bool:
        for part in parts:  # noqa: SIM110
            if not part(event):
                return False
        return True

    return holds_all


def _by_field(parts: Sequence[Condition]) -> list[tuple[Condition, ...]]:
    """The parts of an "or"; questions to the same field, one after the other, are asked together."""
    groups: list[list[Condition]] = []
    for part in parts:
        last = groups[-1][-1] if groups else None
        if isinstance(part, Term) and isinstance(last, Term) and part.field == last.field:
            groups[-1].append(part)
        else:
            groups.append([part])
    return [tuple(group) for group in groups]


def _asking(parts: tuple[Condition, ...]) -> Predicate:
    """Whether any of some parts holds; of several, all are terms about the same field."""
    terms = [part for part in parts if isinstance(part, Term)]
    tests = [term.test for term in terms if not isinstance(term.test, Null | Exists | FieldReference)]
    if not terms:
        return predicate(parts[0])
    field = terms[0].field
    if field is None or len(tests) < len(terms):
        return _any([lambda event, term=term: holds(term, event) for term in terms])  # type: ignore[misc]
    answers = _answer(tests)
    outer = [field[:at] for at, character in enumerate(field) if character == "."]

    def asks(event: Event) -> bool:
        fields = event.fields
        value = fields.get(field, MISSING)
        if type(value) is str:
            return answers(value)
        if value is MISSING and field != EVENT_TIME:
            for name in outer:
                if name in fields:
                    break
            else:  # nor is it inside another field: most fields that are asked for are not there
                return False
        for term in terms:  # noqa: SIM110
            if holds(term, event):
                return True
        return False

    return asks


def _answer(tests: Sequence[ValueTest]) -> Answer:
    """Whether a text answers any of the tests."""
    if all(isinstance(test, Cidr) for test in tests):
        return _of_addresses(tests)
    shapes = [shape for test in tests if (shape := _shape(test))]
    expressions = [test for test in tests if isinstance(test, Expression)]
    rest = [test for test in tests if not isinstance(test, Expression) and _shape(test) is None]
    kinds = [_of_texts(shapes)] if shapes else []
    kinds += _of_expressions(expressions) if expressions else []
    kinds += [_of_rest(rest)] if rest else []
    return kinds[0] if len(kinds) == 1 else lambda value: any(kind(value) for kind in kinds)


def _of_addresses(tests: Sequence[ValueTest]) -> Answer:
    answers = _of_rest(tests)
    remembered = lru_cache(REMEMBERED)(answers)
    return lambda value: remembered(value) if len(value) <= LONGEST_ADDRESS else answers(value)


def _of_rest(tests: Sequence[ValueTest]) -> Answer:
    finds = [test.find for test in tests]

    def answers(value: str) -> bool:
        for find in finds:  # noqa: SIM110
            if find(value) is not None:
                return True
        return False

    return answers


def _of_texts(shapes: Sequence[tuple[str, str]]) -> Answer:
    """Whether a text is, begins with, ends in or holds one of some others: it is made lower case once for all."""
    whole = frozenset(text for shape, text in shapes if shape == "is")
    starts, ends, held = (tuple(text for shape, text in shapes if shape == one) for one in ("starts", "ends", "holds"))
    if len(whole) == len(shapes):
        return lambda value: value.lower() in whole

    def answers(value: str) -> bool:
        text = value.lower()
        if text in whole or text.startswith(starts) or text.endswith(ends):
            return True
        for one in held:  # noqa: SIM110
            if one in text:
                return True
        return False

    return answers


def _of_expressions(tests: Sequence[Expression]) -> list[Answer]:
    """Whether a text matches one of some expressions: those that can be made one are, for each search has its price."""
    patterns = [test.pattern for test in tests]
    if len(tests) > 1 and not any(UNENDED in test.source for test in tests):
        with suppress(re2.error):  # too long for one
            patterns = [compiled("|".join(f"(?:{test.source})" for test in tests))]
    return [lambda value, pattern=pattern: search(pattern, value) is not None for pattern in patterns]  # type: ignore[misc]


def _shape(test: ValueTest) -> tuple[str, str] | None:
    """What a text must be to answer, and the text in lower case; None if that is not so simple."""
    if not isinstance(test, Text) or test.cased or any(segment.holes for segment in test.segments):
        return None
    match [segment.text for segment in test.segments]:
        case [text]:
            return "is", text
        case ["", text, ""]:
            return "holds", text
        case [text, ""]:
            return "starts", text
        case ["", text]:
            return "ends", text
    return None
