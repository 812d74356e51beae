"""Events near a rule: some that it matches, and some that it almost does."""

import random
from collections.abc import Iterator
from typing import Any, Final

from rules.event import Event
from rules.sigma.model import And, Condition, Not, Selection, Term
from rules.sigma.values import Boolean, Cidr, Compare, FieldReference, Number, Text, TimePart
from support.rules import event_of

FILLERS: Final = ("", "x", " ", "\\", "%", "_", "a-b", "C:\\")
OTHERS: Final = ("", "x", "null", "0", "%", "\\", "*", "'", "]", "[a]")  #: values that a rule does not ask for
Wanted = dict[str | None, list[Term]]  #: by field; None: anywhere in the event


def events_near(condition: Condition, chance: random.Random, number: int) -> list[Event]:
    """So many events: what the rule asks for, then the same with one or another thing changed."""
    made = []
    for turn in range(number):
        fields, text = _fulfilling(condition, chance)
        for _ in range(chance.choice((0, 1, 1, 2)) if turn else 0):
            _change(fields, chance)
        made.append(event_of(fields, text=text))
    return made


def terms_of(condition: Condition) -> Iterator[Term]:
    """All that the condition asks, wanted or not."""
    if isinstance(condition, Term):
        yield condition
    else:
        parts = (condition.part,) if isinstance(condition, Not | Selection) else condition.parts
        for part in parts:
            yield from terms_of(part)


def _fulfilling(condition: Condition, chance: random.Random) -> tuple[dict[str, Any], str]:
    wanted: Wanted = {}
    for term in _asked(condition, chance):
        wanted.setdefault(term.field, []).append(term)
    fields = {field: value_for(terms, chance) for field, terms in wanted.items() if field is not None}
    for terms in wanted.values():
        for term in terms:
            if isinstance(term.test, FieldReference):
                fields[term.test.field] = fields.setdefault(term.field or "", "x")
    keywords = value_for(wanted[None], chance) if None in wanted else ""
    return {field: value for field, value in fields.items() if value is not None}, str(keywords)


def _asked(condition: Condition, chance: random.Random) -> Iterator[Term]:
    """The terms to fulfil; of alternatives one, and of what must not be now and then something."""
    if isinstance(condition, Term):
        yield condition
    elif isinstance(condition, Selection):
        yield from _asked(condition.part, chance)
    elif isinstance(condition, Not):
        if chance.random() < 0.3:
            yield from _asked(condition.part, chance)
    elif isinstance(condition, And):
        for part in condition.parts:
            yield from _asked(part, chance)
    elif condition.parts:
        yield from _asked(chance.choice(condition.parts), chance)


def value_for(terms: list[Term], chance: random.Random) -> Any:
    """One value that answers all *terms*, as far as they go together: what begins it, what is within, what ends it."""
    tests = [term.test for term in terms]
    if any(isinstance(test, Compare | Number | Boolean | Cidr | TimePart) for test in tests):
        return _plain(tests[0], chance)
    texts = [test for test in tests if isinstance(test, Text)]
    texts.sort(key=lambda test: (test.segments[0].text == "", test.segments[-1].text != ""))
    value = "".join(written(test, chance) for test in texts)
    return value if texts else None


def _plain(test: Any, chance: random.Random) -> Any:
    match test:
        case Compare(_, limit):
            return limit + chance.choice((-1, 0, 1))
        case Number(number):
            return chance.choice((number, str(number), number + 1))
        case Boolean(boolean):
            return chance.choice((boolean, not boolean, str(boolean)))
        case Cidr(network):
            shift = chance.choice((0, 1, -1, network.num_addresses - 1, network.num_addresses))
            return str(network.network_address + shift) if 0 <= int(network.network_address) + shift < 2**32 else "::1"
        case TimePart(part, _, number):
            parts = {"year": 2026, "month": 3, "day": 1, "hour": 12, "minute": 30} | {part: int(number)}
            return "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z".format(**parts)
    return None


def written(test: Text, chance: random.Random) -> str:
    """A text that fits the pattern."""
    said = []
    for segment in test.segments:
        letters = (chance.choice("xX_%?") if at in segment.holes else one for at, one in enumerate(segment.text))
        said.append("".join(letters))
    text = said[0]
    for part in said[1:]:
        text += chance.choice(FILLERS) + part
    return text


def _change(fields: dict[str, Any], chance: random.Random) -> None:
    """One field is gone, or has something else, or is a letter off."""
    if not fields:
        return
    field = chance.choice(sorted(fields))
    value = fields[field]
    kind = chance.randrange(6)
    if kind == 0:
        del fields[field]
    elif not isinstance(value, str):
        fields[field] = None if kind == 1 else value
    elif kind == 1:
        fields[field] = chance.choice(OTHERS)
    elif kind == 2:
        fields[field] = "".join(one.swapcase() if one.isascii() else one for one in value)
    elif kind == 3:
        fields[field] = value + chance.choice(FILLERS)
    else:
        at = chance.randrange(len(value) + 1)
        fields[field] = value[:at] + chance.choice(OTHERS) + value[at + kind - 4 :]
