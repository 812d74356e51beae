"""What acts and moves take, as JSON."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from rules.event import Severity
from store.action import ActionKind
from store.answers import LONGEST_TEXT
from store.incident import DismissReason
from store.repository.dossier.reviews import ReviewResult

LONGEST_NOTE = 10_000
Note = Annotated[str, Meta(max_length=LONGEST_NOTE)]
Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
SomeNote = Annotated[str, Meta(min_length=1, max_length=LONGEST_NOTE)]
Moment = Annotated[datetime, Meta(tz=True)]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every act takes: a sentence for the record."""

    note: Note = ""


class NoteBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/note``, ``acts/concern``."""

    note: SomeNote


class HandOverBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/hand_over``."""

    to: str  #: person id


class AnswerBody(NoteBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/answer``."""

    entry: int  #: of the concern, in the timeline


class DecideBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``moves/decide``."""

    decision: Literal["investigate", "observe", "duplicate_of"]
    until: Moment | None = None
    count: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    of: Annotated[int, Meta(ge=1, le=10**15)] | None = None  #: number of the record that it duplicates


class DismissBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``moves/dismiss``."""

    reason_code: DismissReason | None = None


class SettleBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``moves/settle``."""

    agree: bool


class MergeBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``moves/merge``."""

    into: Annotated[int, Meta(ge=1, le=10**15)]


class ReopenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``moves/reopen``."""

    reason: Note = ""


class WaiveBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/waive``."""

    reason: Note = ""


class ReviewBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``moves/review``."""

    result: ReviewResult
    notes: Note = ""


class ReviewAgainBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/review_again``."""

    report_version: Annotated[int, Meta(ge=1, le=10**9)]


class LightBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``moves/confirm``: the one page of the light track; what is empty stays as it is."""

    what_happened: Text = ""
    cause: Text = ""
    action: Text = ""
    action_kind: ActionKind = ActionKind.CORRECTION
    owner: str = ""
    due: date | None = None
    done: Text = ""
    no_action: Note = ""


class OpenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/incidents``."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    severity: Severity
    what_happened: SomeNote
    occurred_at: Moment | None = None
    drill: bool = False
