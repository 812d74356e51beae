"""An answer to a field, and what is wrong with one. Pure: every error is told, all at once."""

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Final

from store.fields import Field, Keeper, Kind, Part
from store.moments import FIRST_YEAR, LAST_YEAR, is_sensible

#: Larger answers belong into attachments.
LONGEST_TEXT: Final = 20_000
LONGEST_LINE: Final = 1_000
MOST_ROWS: Final = 500
LARGEST_NUMBER: Final = 2**53  #: what every reader of JSON keeps exactly


#: Letters and symbols that are drawn as nothing.
_SHAPELESS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_YEARS: Final = f"a year from {FIRST_YEAR} to {LAST_YEAR}"


class State(StrEnum):
    """What kind of answer it is. Stored and sent over the API: never rename one."""

    GIVEN = "given"  #: there is a value
    UNKNOWN = "unknown"  #: nobody can tell, for a stated reason
    NONE = "none"  #: there is none, for a stated reason
    NOT_APPLICABLE = "not_applicable"  #: the question does not fit, for a stated reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What stands in a field."""

    state: State = State.GIVEN
    value: Any = None  #: as JSON has it, in the shape of the field's kind; None unless given
    reason: str = ""  #: why there is no value
    auto: bool = False  #: the daemon prefilled it, and nobody has confirmed it yet

    def says_the_same(self, other: "Answer") -> bool:
        """Whether both state the same, whoever wrote it."""
        return (self.state, self.value, self.reason) == (other.state, other.value, other.reason)


def is_blank(text: str) -> bool:
    """Whether nothing of *text* can be seen: blanks, control characters, and letters without a shape."""
    return all(one in _SHAPELESS or unicodedata.category(one)[0] in "ZC" for one in text)


#: Field name to answer. A field without an answer is not in it.
Answers = Mapping[str, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with an answer."""

    field: str  #: name of the field; for a table "findings[2].statement", rows counted from 1
    code: str  #: unknown_field, not_answerable, reason_required, value_refused, empty, too_long, wrong_kind, ...
    message: str  #: a sentence: what was expected


def faults(fields: Collection[Field], answers: Answers, *, persons: Collection[str] | None = None) -> tuple[Fault, ...]:
    """Everything that is wrong with *answers*, in the order in which they are given.

    Args:
        persons: Ids of those who can act here; None: names are not checked.
    """
    known = {field.name: field for field in fields}
    return tuple(
        fault for name, answer in answers.items() for fault in _faults_of(known.get(name), name, answer, persons)
    )


def _faults_of(field: Field | None, name: str, answer: Answer, persons: Collection[str] | None) -> Iterator[Fault]:
    if field is None:
        yield Fault(field=name, code="unknown_field", message="this form has no such field")
    elif field.keeper is not Keeper.ANSWER:
        yield Fault(field=name, code="not_answerable", message="this is set by an act, or kept by the record itself")
    elif answer.state is State.GIVEN:
        if answer.reason:
            yield Fault(field=name, code="reason_refused", message="a value stands for itself; leave the reason out")
        yield from _value(name, field, answer.value, persons)
    else:
        yield from _no_value(name, answer)


def _no_value(name: str, answer: Answer) -> Iterator[Fault]:
    if answer.value is not None:
        yield Fault(field=name, code="value_refused", message=f"{answer.state} bears no value, only a reason")
    if is_blank(answer.reason):
        yield Fault(field=name, code="reason_required", message=f"{answer.state} needs a line of reason")
    elif len(answer.reason) > LONGEST_LINE:
        yield Fault(field=name, code="too_long", message=f"at most {LONGEST_LINE} characters of reason")


def _value(path: str, asked: Field | Part, value: Any, persons: Collection[str] | None) -> Iterator[Fault]:
    kind = asked.kind
    if kind is Kind.ROWS and isinstance(asked, Field):
        yield from _rows(path, asked, value, persons)
    elif kind is Kind.LIST:
        yield from _lines(path, value)
    elif kind is Kind.YES_NO:
        if not isinstance(value, bool):
            yield _wrong(path, "true or false")
    elif kind is Kind.NUMBER:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_NUMBER:
            yield _wrong(path, "a whole number, 0 or more")
    else:
        yield from _text(path, asked, value, persons)


def _text(path: str, asked: Field | Part, value: Any, persons: Collection[str] | None) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield _wrong(path, "text")
    elif is_blank(value):
        yield Fault(field=path, code="empty", message="it is empty; say unknown, none or not_applicable, and why")
    elif len(value) > (longest := LONGEST_TEXT if asked.kind is Kind.TEXT else LONGEST_LINE):
        yield Fault(field=path, code="too_long", message=f"at most {longest} characters")
    elif asked.kind is not Kind.TEXT and value.splitlines() != [value]:
        yield _wrong(path, "one line")
    elif asked.kind is Kind.CHOICE and value not in asked.choices:
        yield Fault(field=path, code="not_a_choice", message=f"one of {', '.join(asked.choices)}")
    elif asked.kind is Kind.PERSON and persons is not None and value not in persons:
        yield Fault(field=path, code="nobody", message=f"nobody here has the id {value!r}")
    elif expected := _unreadable(asked.kind, value):
        yield _wrong(path, expected)


def _unreadable(kind: Kind, value: str) -> str:
    """What was expected instead of *value*; empty if it can be read."""
    try:
        if kind is Kind.MOMENT:
            moment = datetime.fromisoformat(value)
            if not moment.tzinfo:
                return "a moment with its zone, as in 2026-03-02T09:30:00Z"
            return "" if is_sensible(moment) else _YEARS
        if kind is Kind.DATE:
            return "" if is_sensible(date.fromisoformat(value)) else _YEARS
        if kind is Kind.TIME:
            time.fromisoformat(value)
    except ValueError:
        return {
            Kind.MOMENT: "a moment with its zone, as in 2026-03-02T09:30:00Z",
            Kind.DATE: "a date, as in 2026-03-02",
            Kind.TIME: "a time, as in 09:30",
        }[kind]
    return ""


def _lines(path: str, value: Any) -> Iterator[Fault]:
    if not isinstance(value, list | tuple):
        yield _wrong(path, "a list of texts")
        return
    yield from _amount(path, value)
    for number, line in enumerate(value, 1):
        yield from _text(f"{path}[{number}]", Part(name="", kind=Kind.TEXT), line, None)


def _rows(path: str, field: Field, value: Any, persons: Collection[str] | None) -> Iterator[Fault]:
    if not isinstance(value, list | tuple) or not all(isinstance(row, Mapping) for row in value):
        yield _wrong(path, f"a list of rows with {', '.join(part.name for part in field.parts)}")
        return
    yield from _amount(path, value)
    for number, row in enumerate(value, 1):
        yield from _row(f"{path}[{number}]", field.parts, row, persons)


def _row(
    path: str, parts: Collection[Part], row: Mapping[str, Any], persons: Collection[str] | None
) -> Iterator[Fault]:
    names = {part.name for part in parts}
    for name in row:
        if name not in names:
            yield Fault(field=f"{path}.{name}", code="unknown_field", message=f"a row has {', '.join(sorted(names))}")
    for part in parts:
        if row.get(part.name) is not None:
            yield from _value(f"{path}.{part.name}", part, row[part.name], persons)
        elif not part.optional:
            yield Fault(field=f"{path}.{part.name}", code="empty", message="each row needs it")


def _amount(path: str, value: Collection[Any]) -> Iterator[Fault]:
    if not value:
        yield Fault(field=path, code="empty", message="it is empty; say unknown, none or not_applicable, and why")
    elif len(value) > MOST_ROWS:
        yield Fault(field=path, code="too_long", message=f"at most {MOST_ROWS} entries")


def _wrong(path: str, expected: str) -> Fault:
    return Fault(field=path, code="wrong_kind", message=f"expected {expected}")
