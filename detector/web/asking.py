"""A body of the API as what a page asks, and what was typed as that body. Pure.

So whatever can be asked for over the API has a page too, with the same names and the same checks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec
from msgspec import inspect

from detector.web.inputs import NO, YES, Input, Texts, as_value, hint, lines, options, words
from store.fields import Kind
from store.moments import FIRST_YEAR, LAST_YEAR, is_sensible

#: Empty rows that a table offers, all that one can add at once.
SPARE_ROWS: Final = 3
#: How a field of a body is asked for in words; others by their name.
LABELS: Final = {
    "WatchBody.action": "For which action? Its number",
    "WatchBody.at_most": "How many matches are still as promised?",
    "WatchBody.criterion": "What must not happen again?",
    "WatchBody.hours": "For how many hours?",
    "WatchBody.rules": "Which rules would see it?",
    "WatchBody.scope": "Where",
    "WatchBody.sources": "Which sources must be read?",
    "CorrectionBody.instant": "Which time is wrong?",
    "CorrectionBody.to": "It was",
    "EvidenceBody.text": "Its text",
    "EvidenceBody.reference": "Where it is kept",
    "EvidenceBody.sha256": "SHA-256 of what is kept there",
    "SplitBody.findings": "What is split off?",
    "SplitBody.title": "What is the new incident called?",
    "RejectBody.to": "Back to which step?",
    "RejectBody.discrepancies": "What does not fit?",
    "RejectBody.note": "Why, if it is taken back",
    "accurate": "Is it accurate?",
    "LightBody.action": "What is done about it?",
    "LightBody.action_kind": "What sort of action is it?",
    "agree": "Do you agree?",
    "because": "Because",
    "LightBody.cause": "Why did it happen?",
    "causes": "What it addresses",
    "complete": "Is it complete?",
    "compliant_with": "Which documents does it comply with?",
    "criterion": "How one will see that it helped",
    "text": "What is to be done",
    "decision": "What is it worth?",
    "LightBody.done": "If it was done already: what shows that?",
    "due": "Due",
    "due_at": "Answer wanted by",
    "entry": "Number of the entry in the timeline",
    "fresh": "Show that it is you: your password, your personal token, or a new sign-in link",
    "into": "Number of the incident that carries it on",
    "LightBody.no_action": "If nothing is done about it: why?",
    "note": "In a sentence",
    "notes": "Notes",
    "reason": "Why",
    "SilenceForm.ends_at": "Until when?",
    "SilenceForm.matchers": "What is it about? One name=value a line: asset=web1, rule=ID, source=nginx",
    "ExtendSilenceBody.ends_at": "Until when?",
    "reason_code": "Because it is",
    "to": "To whom",
    "what_happened": "What happened?",
}
#: Fields that name a person, and texts of one line; other texts may have several.
_PERSONS: Final = frozenset({"to", "person", "owner", "deputy", "done_by", "verified_by"})
_SECRETS: Final = frozenset({"fresh"})
_SHORT: Final = frozenset({"contact", "reference", "sha256", "title", "token", "code", "field", "compliant_with"})
_KINDS: Final[tuple[tuple[Any, Kind], ...]] = (
    ((inspect.EnumType, inspect.LiteralType), Kind.CHOICE),
    (inspect.BoolType, Kind.YES_NO),
    ((inspect.IntType, inspect.FloatType), Kind.NUMBER),
    (inspect.DateTimeType, Kind.MOMENT),
    (inspect.DateType, Kind.DATE),
)
_LISTS: Final = (inspect.VarTupleType, inspect.ListType, inspect.SetType, inspect.FrozenSetType)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Elements that belong together."""

    legend: str  #: "" for those of the body itself
    inputs: tuple[Input, ...]


def groups(
    shape: type[Any],
    texts: Texts,
    *,
    persons: Mapping[str, str],
    zone: str,
    faults: Mapping[str, Sequence[str]] | None = None,
    without: Sequence[str] = (),
    choices: Mapping[str, Mapping[str, str]] | None = None,
    hints: Mapping[str, str] | None = None,
    needed: Sequence[str] = (),
) -> tuple[Group, ...]:
    """What a page asks to fill *shape*.

    Args:
        texts: What stands in the elements already.
        faults: What is wrong with them, by the element's name.
        without: Fields that the page sends by itself.
        choices: By field, what it can be, with words for it, where that is known only here.
        hints: By field, what helps to fill it in.
        needed: Fields that the body could do without, and what it is for could not.
    """
    drawing = _Drawing(
        texts=texts,
        persons=persons,
        zone=zone,
        faults=faults or {},
        choices=choices or {},
        hints=hints or {},
        needed=frozenset(needed) | _SECRETS,
    )
    return tuple(drawing.groups(shape, "", "", frozenset(without)))


def body(shape: type[Any], texts: Texts, zone: str) -> tuple[Any, dict[str, tuple[str, ...]]]:
    """The body that was typed (None if it is none), and what is wrong: the element, and sentences."""
    given, faults = _struct(shape, "", texts, zone)
    return (None, faults) if faults else (msgspec.convert(given, shape), {})


def _struct(
    shape: type[Any], prefix: str, texts: Texts, zone: str
) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    given: dict[str, Any] = {}
    faults: dict[str, tuple[str, ...]] = {}
    value: Any
    for one in msgspec.structs.fields(shape):
        name, type_ = f"{prefix}{one.name}", _bare(inspect.type_info(one.type))
        if isinstance(type_, inspect.StructType):
            value, wrong = _struct(type_.cls, f"{name}.", texts, zone)
            faults |= wrong if value or one.required else {}
        elif rows_of := _rows_of(type_):
            value, wrong = _rows(rows_of, name, texts, zone)
            faults |= wrong
        else:
            value = as_value(_kind(one.name, type_), texts.get(name, ""), zone)
            if isinstance(type_, inspect.FloatType) and isinstance(value, str):
                value = _decimal(value)
            if value is not None and (said := _refusal(value, one.type)):
                faults[name] = (said,)
        if value not in (None, {}, []):
            given[one.name] = value
        elif name in texts and _is_taken_away_by_null(one):
            given[one.name] = None
        elif one.required and not any(at.startswith(name) for at in faults):
            faults[name] = ("this is needed",)
    return given, faults


def _rows(shape: type[Any], name: str, texts: Texts, zone: str) -> tuple[list[Any], dict[str, tuple[str, ...]]]:
    rows: list[Any] = []
    faults: dict[str, tuple[str, ...]] = {}
    number = 1
    while any(at.startswith(f"{name}[{number}].") for at in texts):
        row, wrong = _struct(shape, f"{name}[{number}].", texts, zone)
        if row:
            rows.append(row)
            faults |= wrong
        number += 1
    return rows, faults


def _decimal(text: str) -> float | str:
    """*text* as a number, with a point or a comma; as it is if it is none."""
    whole, _, rest = text.replace(",", ".").partition(".")
    is_number = all(part.isascii() and part.isdigit() and len(part) <= 9 for part in (whole, rest))
    return float(f"{whole}.{rest}") if is_number else text


def _refusal(value: Any, type_: Any) -> str:
    try:
        said = msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        return str(error).replace("`", "")
    is_strange = isinstance(said, date) and not is_sensible(said)
    return f"a year from {FIRST_YEAR} to {LAST_YEAR} is expected" if is_strange else ""


def _is_taken_away_by_null(one: msgspec.structs.FieldInfo) -> bool:
    """Whether leaving it out keeps what there is: a page holds all there is, so what is empty on it was emptied."""
    known = inspect.type_info(one.type)
    is_optional = isinstance(known, inspect.UnionType) and any(isinstance(t, inspect.NoneType) for t in known.types)
    return one.default is msgspec.UNSET and is_optional


def _bare(type_: inspect.Type) -> inspect.Type:
    """Without the None that an absent value may be."""
    if isinstance(type_, inspect.UnionType):
        type_ = next(one for one in type_.types if not isinstance(one, inspect.NoneType))
    return type_.type if isinstance(type_, inspect.Metadata) else type_


def _rows_of(type_: inspect.Type) -> type[Any] | None:
    item = _bare(type_.item_type) if isinstance(type_, _LISTS) else None
    return item.cls if isinstance(item, inspect.StructType) else None


def _kind(name: str, type_: inspect.Type) -> Kind:
    if isinstance(type_, _LISTS):
        return Kind.LIST
    for types, kind in _KINDS:
        if isinstance(type_, types):
            return kind
    assert isinstance(type_, inspect.StrType), f"a page cannot ask for {name}: {type_}"
    return Kind.PERSON if name in _PERSONS else Kind.LINE if name in _SHORT | _SECRETS else Kind.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    texts: Texts
    persons: Mapping[str, str]
    zone: str
    faults: Mapping[str, Sequence[str]]
    choices: Mapping[str, Mapping[str, str]]
    hints: Mapping[str, str]
    needed: frozenset[str]

    def groups(self, shape: type[Any], prefix: str, legend: str, without: frozenset[str]) -> Iterator[Group]:
        flat, below = [], []
        for one in sorted(msgspec.structs.fields(shape), key=lambda one: not one.required):
            name, type_ = f"{prefix}{one.name}", _bare(inspect.type_info(one.type))
            label = LABELS.get(f"{shape.__name__}.{one.name}") or LABELS.get(one.name, words(one.name))
            if one.name in without:
                continue
            if isinstance(type_, inspect.StructType):
                below += list(self.groups(type_.cls, f"{name}.", label, frozenset()))
            elif rows_of := _rows_of(type_):
                below += list(self._rows(rows_of, name, label))
            else:
                flat.append(self._input(name, label, one, type_))
        if flat:
            yield Group(legend=legend, inputs=tuple(flat))
        yield from below

    def _rows(self, shape: type[Any], name: str, label: str) -> Iterator[Group]:
        filled = 0
        while any(self.texts.get(at) for at in self.texts if at.startswith(f"{name}[{filled + 1}].")):
            filled += 1
        for number in range(1, filled + SPARE_ROWS + 1):
            yield from self.groups(shape, f"{name}[{number}].", f"{label}, {number}", frozenset())

    def _input(self, name: str, label: str, one: msgspec.structs.FieldInfo, type_: inspect.Type) -> Input:
        value = lines(self.texts.get(name, ""))
        kind = _kind(one.name, type_)
        if one.name in self.choices and kind is not Kind.LIST:
            kind = Kind.CHOICE
        return Input(
            name=name,
            label=label,
            kind=kind,
            value=value,
            choices=self._choices(one.name, kind, type_, value),
            faults=tuple(self.faults.get(name, ())),
            hint=self.hints.get(one.name) or ("" if one.name in self.choices else hint(kind, self.zone)),
            optional=not one.required and one.name not in self.needed,
            is_secret=one.name in _SECRETS,
        )

    def _choices(self, name: str, kind: Kind, type_: inspect.Type, value: str) -> tuple[tuple[str, str], ...]:
        if name in self.choices:
            chosen = value.split("\n") if kind is Kind.LIST and value else []
            return tuple(
                (one, lines(told)) for one, told in ({one: one for one in chosen} | dict(self.choices[name])).items()
            )
        if kind is Kind.PERSON:
            return tuple((one, lines(name)) for one, name in self.persons.items())
        if kind is Kind.YES_NO:
            return options((YES, NO))
        if isinstance(type_, inspect.EnumType):
            return options([str(one.value) for one in type_.cls], value)
        if isinstance(type_, inspect.LiteralType):
            return options([str(one) for one in type_.values], value)
        return ()
