"""What the routes of actions take, as JSON."""

from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from detector.api.bodies import LONGEST_NOTE, Moment, Note
from store.action import ActionKind

_Name = Annotated[str, Meta(max_length=200)]
_Text = Annotated[str, Meta(max_length=LONGEST_NOTE)]
_Lines = Annotated[tuple[Annotated[str, Meta(max_length=1000)], ...], Meta(max_length=500)]


class PlanBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``PUT /api/v1/incidents/{n}/actions/{k}``: what changes; ``null`` takes away."""

    kind: ActionKind | UnsetType = UNSET
    causes: _Lines | UnsetType | None = UNSET
    owner: _Name | UnsetType | None = UNSET
    deputy: _Name | UnsetType | None = UNSET
    due: date | UnsetType | None = UNSET
    text: _Text | UnsetType | None = UNSET
    criterion: _Text | UnsetType | None = UNSET
    participants: _Lines | UnsetType | None = UNSET
    content: _Text | UnsetType | None = UNSET

    @property
    def given(self) -> dict[str, Any]:
        """What was named, without ``null``: a date is None, a text empty."""
        named = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: _EMPTY.get(name) if one is None else one for name, one in named.items() if one is not UNSET}


class NewAction(PlanBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/incidents/{n}/actions``."""

    kind: ActionKind


class NoneBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST …/actions/none``: why there is no action for a cause."""

    cause: _Name
    reason: Note = ""


class AgreeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``…/agree``: nothing."""


class MoveBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``…/move``."""

    due: date | None = None
    reason: Note = ""


class DoneBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``…/done``."""

    evidence: _Text = ""
    attended: _Lines = ()
    valid_until: date | None = None
    effective_from: Moment | None = None


class VerifyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``…/verify``."""

    note: Note = ""
    effective_from: Moment | None = None


class ReasonBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``…/return``, ``…/drop``."""

    reason: Note = ""


_EMPTY: dict[str, Any] = {
    "causes": (),
    "participants": (),
    "owner": "",
    "deputy": "",
    "text": "",
    "criterion": "",
    "content": "",
}
