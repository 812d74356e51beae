"""A form's answers ↔ the texts of its page. Pure.

A page sends all that stands on it. What a person changed is what differs from the digest of what the page showed:
so nobody overwrites, and nobody confirms, what they never saw.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from detector.web.inputs import Texts, as_text, as_value
from store.answers import MOST_ROWS, Answer, Answers, Fault, State, faults
from store.fields import Field, Keeper, Kind, Part
from store.forms import Form

#: A longer table is shown, and edited over the API.
MOST_EDITABLE_ROWS: Final = 40
#: Empty rows that a table offers.
SPARE_ROWS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a person sent with the page of a form."""

    answers: Mapping[str, Answer | None]  #: of every field that the page could edit
    seen: Mapping[str, str]  #: field to the digest of what the page showed
    confirmed: frozenset[str]
    version: int  #: of the form, on the page


def editable(field: Field, answer: Answer | None) -> bool:
    """Whether a page can edit it."""
    if field.keeper is not Keeper.ANSWER:
        return False
    rows = answer.value if answer and field.kind is Kind.ROWS else ()
    return not isinstance(rows, list | tuple) or len(rows) <= MOST_EDITABLE_ROWS


def texts_of(field: Field, answer: Answer | None, zone: str) -> dict[str, str]:
    """What the elements of *field* show of *answer*."""
    if answer is None:
        return {}
    texts = {f"{field.name}.state": answer.state.value, f"{field.name}.reason": as_text(Kind.LINE, answer.reason, zone)}
    if field.kind is not Kind.ROWS or not isinstance(answer.value, list | tuple):
        return texts | {field.name: as_text(field.kind, answer.value, zone)}
    for number, row in enumerate(answer.value, 1):
        for part in field.parts:
            texts[place(field, number, part)] = as_text(part.kind, row.get(part.name), zone)
    return texts


def answer_of(field: Field, texts: Texts, zone: str) -> Answer | None:
    """The answer that the elements of *field* hold; None if they are empty."""
    state = texts.get(f"{field.name}.state", "")
    reason = texts.get(f"{field.name}.reason", "").strip()
    given = State(state) if state in set(State) else State.GIVEN
    value = (
        _rows(field, texts, zone) if field.kind is Kind.ROWS else as_value(field.kind, texts.get(field.name, ""), zone)
    )
    if given is State.GIVEN and value is None and not reason:
        return None
    return Answer(state=given, value=value, reason=reason)


def digest(field: Field, answer: Answer | None, zone: str) -> str:
    """What the page shows of an answer, shortly: of one that can be edited, as it comes back if nobody touches it."""
    shown = answer_of(field, texts_of(field, answer, zone), zone) if editable(field, answer) else answer
    told = [shown.state, shown.value, shown.reason] if shown else None
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()[:16]


def typed(form: Form, texts: Texts, zone: str) -> Typed:
    """What was sent with the page of *form*. A field that the page did not hold is not in it."""
    shown = [field for field in form.fields if f"{field.name}.seen" in texts]
    version = texts.get("version", "")
    return Typed(
        answers={field.name: answer_of(field, texts, zone) for field in shown if f"{field.name}.state" in texts},
        seen={field.name: texts[f"{field.name}.seen"] for field in shown},
        confirmed=frozenset(
            field.name for field in shown if "confirm_all" in texts or f"{field.name}.confirm" in texts
        ),
        version=int(version) if version.isascii() and version.isdigit() and len(version) <= 15 else 0,
    )


def changes(form: Form, sent: Typed, zone: str) -> dict[str, Answer | None]:
    """What the person changed."""
    fields = {field.name: field for field in form.fields}
    return {
        name: answer for name, answer in sent.answers.items() if digest(fields[name], answer, zone) != sent.seen[name]
    }


def confirmed(form: Form, sent: Typed, now: Answers, zone: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Prefilled answers that the person confirms: those that stand as they were shown, and those that do not."""
    waiting = [f for f in form.fields if f.name in sent.confirmed and f.name in now and now[f.name].auto]
    same = [field.name for field in waiting if digest(field, now[field.name], zone) == sent.seen[field.name]]
    return tuple(same), tuple(field.name for field in waiting if field.name not in same)


def stand_already(changed: Mapping[str, Answer | None], now: Answers) -> bool:
    """Whether all of *changed* stands there by now, as after a button that was pressed twice."""
    return all(_same(answer, now.get(name)) for name, answer in changed.items())


def beside(form: Form, changed: Mapping[str, Answer | None], persons: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What is wrong with *changed*, in sentences by the element beside which to say it."""
    given = {name: answer for name, answer in changed.items() if answer is not None}
    told: dict[str, tuple[str, ...]] = {}
    for fault in _told(form, given, frozenset(persons)):
        told[fault.field] = (*told.get(fault.field, ()), fault.message)
    return told


def place(field: Field, number: int, part: Part) -> str:
    """The name of an element in a table; rows are counted from 1."""
    return f"{field.name}[{number}].{part.name}"


def _told(form: Form, given: Answers, persons: frozenset[str]) -> Iterator[Fault]:
    """The store's words, but where a page can be clearer."""
    undecided = {name for name, one in given.items() if one.state is State.GIVEN and one.value is None}
    for name in undecided:
        yield Fault(field=name, code="wrong_kind", message="choose unknown, none or not applicable for this reason")
    sure = {name: answer for name, answer in given.items() if name not in undecided}
    yield from faults(form.fields, sure, persons=persons)


def _rows(field: Field, texts: Texts, zone: str) -> list[dict[str, Any]] | None:
    """The rows that were filled in; None if none was."""
    rows = []
    for number in range(1, MOST_ROWS + SPARE_ROWS + 1):
        names = {part: place(field, number, part) for part in field.parts}
        if not any(name in texts for name in names.values()):
            break
        cells = {part.name: as_value(part.kind, texts.get(name, ""), zone) for part, name in names.items()}
        row = {name: value for name, value in cells.items() if value is not None}
        if row and f"{field.name}[{number}].remove" not in texts:
            rows.append(row)
    return rows or None


def _same(one: Answer | None, other: Answer | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.says_the_same(other)
