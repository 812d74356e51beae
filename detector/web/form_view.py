"""What the page of a form shows, from the form as it stands and what a person has just sent. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from detector.web import answering
from detector.web.answering import SPARE_ROWS, Typed
from detector.web.inputs import NO, YES, Input, Texts, as_text, hint, lines, options, words
from detector.web.views import Doable, FormLine, Frame
from store import forms as asked
from store.answers import Answer, State
from store.fields import Field, Gate, Keeper, Kind, Part
from store.forms import FormName
from store.incident import Incident, Track
from store.repository.dossier.forms import FormView

TITLES: Final = {
    FormName.IDENTIFICATION: "Identification",
    FormName.NOTIFICATION: "Notification",
    FormName.REPORT: "Report",
    FormName.INVESTIGATION: "Investigation",
    FormName.CORRECTIVE_ACTIONS: "Corrective actions",
    FormName.APPROVAL: "Review and approval",
    FormName.FOLLOW_UP: "Follow-up",
}
#: What a field is needed for, in the words of the steps.
NEEDED_FOR: Final = {
    Gate.OPEN: "the record",
    Gate.NOTIFICATION: "the notification",
    Gate.IN_REVIEW: "the report review",
    Gate.INVESTIGATION: "the investigation",
    Gate.CORRECTIVE_ACTIONS: "corrective actions",
    Gate.APPROVAL: "approval",
    Gate.FOLLOW_UP: "follow-up",
    Gate.CLOSED: "closing",
}
#: The kinds that show their text in more than one line.
_TALL: Final = (Kind.TEXT, Kind.LIST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One field on the page of its form."""

    name: str
    label: str
    kind: Kind
    needed_for: str  #: "" if it may stay empty
    seen: str  #: digest of what the page shows
    told: tuple[str, ...]  #: what stands there, to read
    by: str = ""  #: name of who wrote or confirmed it
    auto: bool = False  #: prefilled, and confirmed by nobody
    is_confirmed: bool = False  #: its box is ticked
    is_asked: bool = True  #: False: an act or the record itself sets it
    is_editable: bool = False
    note: str = ""  #: why it cannot be edited here
    inputs: tuple[Input, ...] = ()  #: the element; none for a table
    rows: tuple[tuple[Input, ...], ...] = ()  #: of a table; the last ones are empty
    filled: int = 0  #: how many rows are not empty
    state: str = State.GIVEN
    reason: str = ""
    faults: tuple[str, ...] = ()  #: what is wrong with what was typed
    meanwhile: tuple[str, ...] = ()  #: what somebody else wrote there while this was typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Fields that want the same of a person."""

    title: str
    blocks: tuple[Block, ...]
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    """The page of one form of an incident."""

    frame: Frame
    number: int
    title: str  #: of the incident
    form: FormName
    form_title: str
    version: int
    saved_by: str | None  #: name
    saved_at: datetime | None
    missing: tuple[Block, ...]  #: all that some move still needs
    sections: tuple[Section, ...]
    unconfirmed: int
    may_write: bool
    refused: str = ""  #: why what was sent was not saved
    then: tuple[Doable, ...] = ()  #: moves that lead on, once nothing is missing here


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why what was sent was not saved."""

    sentence: str
    beside: Mapping[str, tuple[str, ...]]  #: element to what is wrong with it


def line(view: FormView, track: Track) -> FormLine:
    """A form shortly."""
    missing = [field for name in asked.missing(view.form, view.answers, track) if (field := view.form.field(name))]
    first = min((field.needed_by for field in missing if field.needed_by), key=lambda gate: gate.rank, default=None)
    return FormLine(
        name=view.form.name,
        title=TITLES[view.form.name],
        missing=tuple(field.label for field in missing if field.needed_by is first),
        needed_for=NEEDED_FOR[first] if first else "",
        unconfirmed=len(asked.unconfirmed(view.answers)),
        is_asked=any(one.keeper is Keeper.ANSWER and one.is_needed(track) for one in view.form.fields),
    )


def page(
    frame: Frame,
    record: Incident,
    view: FormView,
    *,
    may_write: bool,
    persons: Mapping[str, str],
    sent: Typed | None = None,
    refusal: Refusal | None = None,
) -> FormPage:
    """The page; with what a person sent over what stands, if it could not be saved.

    Args:
        persons: Id and name of those who can be named.
    """
    drawing = _Drawing(frame=frame, record=record, view=view, may_write=may_write, persons=persons)
    blocks = drawing.blocks(sent, refusal)
    missing = frozenset(asked.missing(view.form, view.answers, record.track))
    return FormPage(
        frame=frame,
        number=record.number,
        title=record.title,
        form=view.form.name,
        form_title=TITLES[view.form.name],
        version=view.version,
        saved_by=persons.get(view.author.id, view.author.id) if view.author else None,
        saved_at=view.at,
        missing=tuple(block for block in blocks if block.name in missing),
        sections=tuple(_sections(blocks, missing)),
        unconfirmed=len(asked.unconfirmed(view.answers)),
        may_write=may_write,
        refused=refusal.sentence if refusal else "",
    )


def readable(field: Field, answer: Answer | None, zone: str) -> tuple[str, ...]:
    """An answer as lines of text."""
    if answer is None:
        return ()
    if answer.state is not State.GIVEN:
        return (f"{words(answer.state)}: {as_text(Kind.LINE, answer.reason, zone)}",)
    if field.kind is Kind.ROWS and isinstance(answer.value, list | tuple):
        return tuple(_row_text(field, row, zone) for row in answer.value)
    return tuple(_cell_text(field.kind, answer.value, zone).split("\n"))


def _row_text(field: Field, row: Mapping[str, object], zone: str) -> str:
    cells = ((part, _cell_text(part.kind, row.get(part.name), zone)) for part in field.parts)
    return " · ".join(f"{words(part.name)}: {' '.join(text.split())}" for part, text in cells if text)


def _cell_text(kind: Kind, value: object, zone: str) -> str:
    text = as_text(kind, value, zone)
    return f"{text.replace('T', ' ')} {zone}" if kind is Kind.MOMENT and text[:1].isdigit() else text


def _sections(blocks: Collection[Block], missing: Collection[str]) -> Iterator[Section]:
    """What is wrong comes first, then what is left to do; what may stay empty is folded."""
    left = list(blocks)
    kinds: tuple[tuple[str, Callable[[Block], bool], bool], ...] = (
        ("Look here first", _is_troubled, True),
        ("To answer", lambda block: block.name in missing, True),
        ("Prefilled: is it right?", lambda block: block.auto, True),
        ("Answered", lambda block: block.is_asked and bool(block.told), True),
        ("May stay empty", lambda block: block.is_asked, False),
        ("Set elsewhere", lambda block: True, False),
    )
    for title, belongs, is_open in kinds:
        some = [block for block in left if belongs(block)]
        left = [block for block in left if block not in some]
        if some:
            yield Section(title=title, blocks=tuple(some), is_open=is_open)


def _is_troubled(block: Block) -> bool:
    inputs = [*block.inputs, *(one for row in block.rows for one in row)]
    return bool(block.faults or block.meanwhile) or any(one.faults for one in inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    """What each block of a page needs."""

    frame: Frame
    record: Incident
    view: FormView
    may_write: bool
    persons: Mapping[str, str]

    def blocks(self, sent: Typed | None, refusal: Refusal | None) -> tuple[Block, ...]:
        form, zone = self.view.form, self.frame.zone
        changed = answering.changes(form, sent, zone) if sent else {}
        return tuple(self._block(field, changed, sent, refusal.beside if refusal else {}) for field in form.fields)

    def _block(
        self,
        field: Field,
        changed: Mapping[str, Answer | None],
        sent: Typed | None,
        beside: Mapping[str, tuple[str, ...]],
    ) -> Block:
        zone, stands = self.frame.zone, self.view.answers.get(field.name)
        seen = answering.digest(field, stands, zone)
        shown = changed.get(field.name, stands)
        moved_on = sent is not None and sent.seen.get(field.name, seen) != seen
        texts = answering.texts_of(field, shown, zone)
        is_editable = self.may_write and answering.editable(field, stands)
        by = self.view.by.get(field.name, "")
        rows = tuple(self._rows(field, shown, texts, beside)) if is_editable and field.kind is Kind.ROWS else ()
        return Block(
            name=field.name,
            label=lines(field.label),
            kind=field.kind,
            needed_for=NEEDED_FOR[field.needed_by] if field.needed_by and field.is_needed(self.record.track) else "",
            seen=seen,
            told=readable(field, stands, zone) or self._redacted(field),
            by=self.persons.get(by, by),
            auto=stands is not None and stands.auto,
            is_confirmed=sent is not None and field.name in sent.confirmed and not moved_on,
            is_asked=field.keeper is Keeper.ANSWER,
            is_editable=is_editable,
            note=self._note(field, stands),
            inputs=(self._input(field, field.name, "", texts, beside),) if is_editable and not rows else (),
            rows=rows,
            filled=max(0, len(rows) - SPARE_ROWS),
            state=texts.get(f"{field.name}.state", State.GIVEN.value),
            reason=texts.get(f"{field.name}.reason", ""),
            faults=beside.get(field.name, ()),
            meanwhile=(readable(field, stands, zone) or ("(nothing)",)) if moved_on else (),
        )

    def _rows(
        self, field: Field, shown: Answer | None, texts: Texts, beside: Mapping[str, tuple[str, ...]]
    ) -> Iterator[tuple[Input, ...]]:
        filled = len(shown.value) if shown and isinstance(shown.value, list | tuple) else 0
        for number in range(1, filled + SPARE_ROWS + 1):
            named = ((part, answering.place(field, number, part)) for part in field.parts)
            yield tuple(self._input(part, name, words(part.name), texts, beside) for part, name in named)

    def _input(
        self,
        asks: Field | Part,
        name: str,
        label: str,
        texts: Texts,
        beside: Mapping[str, tuple[str, ...]],
    ) -> Input:
        value = texts.get(name, "")
        return Input(
            name=name,
            label=label,
            kind=asks.kind,
            value=value,
            choices=self._choices(asks, value),
            faults=beside.get(name, ()) if label else (),
            hint=hint(asks.kind, self.frame.zone),
            optional=isinstance(asks, Part) and asks.optional,
        )

    def _choices(self, asks: Field | Part, value: str) -> tuple[tuple[str, str], ...]:
        if asks.kind is Kind.PERSON:
            there = dict(self.persons) | ({value: value} if value and value not in self.persons else {})
            return tuple((one, lines(name)) for one, name in there.items())
        return options((YES, NO) if asks.kind is Kind.YES_NO else asks.choices, value)

    def _note(self, field: Field, stands: Answer | None) -> str:
        if field.keeper is Keeper.RECORD:
            return "Tocsin keeps this by itself."
        if field.keeper is Keeper.ACT:
            return "This is set by an act, not in the form."
        if self.may_write and not answering.editable(field, stands):
            return "This table is too long for a page: edit it over the API."
        return ""

    def _redacted(self, field: Field) -> tuple[str, ...]:
        return ("(redacted)",) if field.name in self.view.redacted else ()
