"""A rule's condition as one Python function: decides what ``rules.match`` decides, without walking the tree each time.

The plain evaluator stays what is right by definition. Wherever a question is not of the common kind (a value of a
field that is text) it is asked, and tests hold the two against each other.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from rules.event import Event
from rules.match import MISSING, holds
from rules.sigma.model import And, Condition, Not, Or, Selection, Term
from rules.sigma.values import Cidr, Exists, FieldReference, Null, Text, ValueTest

Predicate = Callable[[Event], bool]
Answer = Callable[[str], bool]

REMEMBERED: Final = 4096  #: addresses per question; the same few are asked about again and again
LONGEST_ADDRESS: Final = 64  #: characters; what is longer is not worth remembering


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

    def asks(event: Event) -> bool:
        value = event.fields.get(field, MISSING)
        if type(value) is str:
            return answers(value)
        for term in terms:  # noqa: SIM110
            if holds(term, event):
                return True
        return False

    return asks


def _answer(tests: Sequence[ValueTest]) -> Answer:
    """Whether a text answers any of the tests."""
    finds = [test.find for test in tests]

    def answers(value: str) -> bool:
        for find in finds:  # noqa: SIM110
            if find(value) is not None:
                return True
        return False

    if all(isinstance(test, Cidr) for test in tests):
        remembered = lru_cache(REMEMBERED)(answers)
        return lambda value: remembered(value) if len(value) <= LONGEST_ADDRESS else answers(value)
    if (texts := frozenset(_exact(test) for test in tests)) and None not in texts:
        return lambda value: value.lower() in texts
    return answers


def _exact(test: ValueTest) -> str | None:
    """The one text, in lower case, that the test takes; None if it takes others too."""
    if not isinstance(test, Text) or test.cased or len(test.segments) != 1 or test.segments[0].holes:
        return None
    return test.segments[0].text
