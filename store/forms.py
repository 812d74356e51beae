"""The forms of the seven steps: what is asked, what is missing, what nobody has confirmed. Pure.

The fields are data in `store.form_fields`; what an answer may look like is in `store.answers`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from store import form_fields
from store.answers import Answer, Answers, State
from store.fields import Field, Gate, Keeper, Kind
from store.incident import Track
from store.people import Role
from store.process import (
    APPROVAL,
    CORRECTIVE_ACTIONS,
    FOLLOW_UP,
    IDENTIFICATION,
    IN_REVIEW,
    INVESTIGATION,
    NOTIFICATION,
    REPORTING,
    RESOLVED,
    Standing,
)

#: Goes up with every change of a field. A record keeps the version with which it was filled.
FORMS_VERSION: Final = 1


class FormName(StrEnum):
    """The form of a step. Stored and sent over the API: never rename one."""

    IDENTIFICATION = "identification"
    NOTIFICATION = "notification"
    REPORT = "report"
    INVESTIGATION = "investigation"
    CORRECTIVE_ACTIONS = "corrective_actions"
    APPROVAL = "approval"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What one step asks."""

    name: FormName
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The field called *name*; None if there is none."""
        return next((field for field in self.fields if field.name == name), None)


Forms = Mapping[FormName, Form]
#: All answers that an incident has, by form.
Filled = Mapping[FormName, Answers]

FORMS: Forms = MappingProxyType(
    {
        name: Form(name=name, fields=fields)
        for name, fields in (
            (FormName.IDENTIFICATION, form_fields.IDENTIFICATION),
            (FormName.NOTIFICATION, form_fields.NOTIFICATION),
            (FormName.REPORT, form_fields.REPORT),
            (FormName.INVESTIGATION, form_fields.INVESTIGATION),
            (FormName.CORRECTIVE_ACTIONS, form_fields.CORRECTIVE_ACTIONS),
            (FormName.APPROVAL, form_fields.APPROVAL),
            (FormName.FOLLOW_UP, form_fields.FOLLOW_UP),
        )
    }
)

#: Which move asks for the fields of a gate. Going back asks for none.
_GATES: Mapping[tuple[Standing, Standing], Gate] = MappingProxyType(
    {
        (IDENTIFICATION, NOTIFICATION): Gate.NOTIFICATION,
        (REPORTING, IN_REVIEW): Gate.IN_REVIEW,
        (IN_REVIEW, INVESTIGATION): Gate.INVESTIGATION,
        (INVESTIGATION, CORRECTIVE_ACTIONS): Gate.CORRECTIVE_ACTIONS,
        (CORRECTIVE_ACTIONS, APPROVAL): Gate.APPROVAL,
        (APPROVAL, FOLLOW_UP): Gate.FOLLOW_UP,
        (FOLLOW_UP, RESOLVED): Gate.CLOSED,
    }
)


class SiteFieldRefused(Exception):
    """A field that the configuration adds clashes, or cannot be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteField:
    """A field that a site adds to a form."""

    form: str
    name: str
    kind: str
    needed_by: str = ""  #: a gate; empty: it may stay empty
    label: str = ""  #: empty: the name
    choices: tuple[str, ...] = ()


def gate_of(start: Standing, end: Standing) -> Gate | None:
    """The gate that the move from *start* to *end* passes; None if it asks for no field."""
    return _GATES.get((start, end))


def missing(form: Form, answers: Answers, track: Track, gate: Gate | None = None) -> tuple[str, ...]:
    """Names of the fields that are to be answered still, in the form's order.

    Args:
        gate: What *gate* needs, and what those before it needed (the track may have risen since); None: all gates.
    """
    return tuple(
        field.name
        for field in form.fields
        if field.keeper is Keeper.ANSWER
        and field.is_needed(track)
        and (gate is None or (field.needed_by is not None and field.needed_by.rank <= gate.rank))
        and field.name not in answers
    )


def missing_of(filled: Filled, track: Track, gate: Gate, forms: Forms = FORMS) -> tuple[str, ...]:
    """What *gate* still needs over all forms, as ``report.harm``."""
    return tuple(
        f"{form.name}.{name}"
        for form in forms.values()
        for name in missing(form, filled.get(form.name, {}), track, gate)
    )


def left_to_people(filled: Filled, track: Track, forms: Forms = FORMS) -> tuple[str, ...]:
    """Everything that persons must still give until the incident can close, in the forms or by acts."""
    return tuple(
        f"{form.name}.{field.name}"
        for form in forms.values()
        for field in form.fields
        if field.is_needed(track) and field.keeper is not Keeper.RECORD and field.name not in filled.get(form.name, {})
    )


def writers(form: Form) -> frozenset[Role]:
    """Who may write in *form*: the roles that its fields are asked of."""
    return frozenset(field.asked_of for field in form.fields if field.asked_of and field.keeper is Keeper.ANSWER)


def unconfirmed(answers: Answers) -> tuple[str, ...]:
    """Fields that still stand as the daemon prefilled them."""
    return tuple(name for name, answer in answers.items() if answer.auto)


def without_value(answers: Answers) -> dict[State, int]:
    """How often it was answered with unknown, none or not applicable."""
    states = [answer.state for answer in answers.values()]
    return {state: states.count(state) for state in State if state is not State.GIVEN and state in states}


def edited(
    before: Answers, changes: Mapping[str, Answer | None], *, confirmed: Iterable[str] = ()
) -> dict[str, Answer]:
    """The answers after a person's edit.

    Args:
        changes: New answers; None takes one away. Fields that are not named stay as they are.
        confirmed: Fields whose prefilled answer the person confirms.
    """
    after = {**before, **{name: answer for name, answer in changes.items() if answer is not None}}
    for name, answer in changes.items():
        if answer is None:
            after.pop(name, None)
    return after | {name: replace(after[name], auto=False) for name in confirmed if name in after}


def refreshed(before: Answers, prefilled: Answers) -> dict[str, Answer]:
    """The answers after the daemon prefilled again: what a person wrote or confirmed stays."""
    kept = {name: answer for name, answer in before.items() if not answer.auto}
    return {**{name: answer for name, answer in before.items() if answer.auto}, **prefilled, **kept}


def with_site_fields(site: Iterable[SiteField], forms: Forms = FORMS) -> Forms:
    """The forms with what a site adds at their ends.

    Raises:
        SiteFieldRefused: Something is wrong; all of it is named.
    """
    added = tuple(site)
    if wrong := [f"field {one.name!r} of form {one.form!r}: {said}" for one, _, said in site_faults(added, forms)]:
        raise SiteFieldRefused("; ".join(wrong))
    return _grown(added, forms)


def site_faults(site: Iterable[SiteField], forms: Forms = FORMS) -> Iterator[tuple[SiteField, str, str]]:
    """What is wrong with a site's fields: the field, its option that is wrong, and a sentence."""
    grown = forms
    for one in site:
        found = list(_faults_of(one, grown))
        yield from ((one, option, said) for option, said in found)
        if not found:
            grown = _grown([one], grown)


def _grown(site: Iterable[SiteField], forms: Forms) -> Forms:
    grown = dict(forms)
    for one in site:
        form = grown[FormName(one.form)]
        grown[form.name] = replace(form, fields=(*form.fields, _site_field(one)))
    return MappingProxyType(grown)


def _faults_of(one: SiteField, forms: Forms) -> Iterator[tuple[str, str]]:
    if one.form not in {name.value for name in forms}:
        yield "form", f"there is no such form; there are {', '.join(forms)}"
    elif forms[FormName(one.form)].field(one.name):
        yield "name", "the form has a field of that name"
    if not one.name.isidentifier() or not one.name.isascii() or one.name != one.name.lower():
        yield "name", "a name has small letters, digits and underscores"
    kinds = [kind.value for kind in Kind if kind is not Kind.ROWS]
    if one.kind not in kinds:
        yield "kind", f"the kind must be one of {', '.join(kinds)}"
    if bool(one.choices) != (one.kind == Kind.CHOICE):
        yield "choices", "choices belong to the kind choice, and only to it"
    gates = [gate.value for gate in Gate if gate is not Gate.OPEN]
    if one.needed_by and one.needed_by not in gates:
        yield "needed_by", f"needed_by must be one of {', '.join(gates)}, or be left out"


def _site_field(one: SiteField) -> Field:
    return Field(
        name=one.name,
        label=one.label or one.name,
        kind=Kind(one.kind),
        needed_by=Gate(one.needed_by) if one.needed_by else None,
        asked_of=_ASKED_OF[FormName(one.form)],
        choices=one.choices,
        site=True,
    )


_ASKED_OF: Mapping[FormName, Role] = MappingProxyType(
    {
        FormName.IDENTIFICATION: Role.RESPONDER,
        FormName.NOTIFICATION: Role.RESPONDER,
        FormName.REPORT: Role.REPORTER,
        FormName.INVESTIGATION: Role.INVESTIGATOR,
        FormName.CORRECTIVE_ACTIONS: Role.INVESTIGATOR,
        FormName.APPROVAL: Role.APPROVER,
        FormName.FOLLOW_UP: Role.INVESTIGATOR,
    }
)


def digest(forms: Forms = FORMS) -> str:
    """SHA-256 of what the forms ask, hexadecimal: the forms' part of the version of the procedure."""
    told = {name.value: form.fields for name, form in forms.items()}
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()
