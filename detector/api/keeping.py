"""How long a record is kept, and who sees it: restriction, redaction, legal hold and disposal over the API."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from detector.api.bodies import Note, SomeNote
from detector.api.doing import Asked, Doing
from detector.api.problem import Problem
from store.forms import FormName
from store.repository.incident import sharing
from store.repository.incident.acts import Done
from store.repository.keeping import disposal, holds, redaction
from store.repository.keeping.redaction import InAction, InEntry, InForm, InLine, Place
from store.tx import Tx

Number = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class ReasonBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/restrict``, ``acts/lift_restriction``, ``acts/hold``, ``acts/dispose``."""

    reason: SomeNote


class ReleaseBody(ReasonBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/release_hold``."""

    entry: Number  #: that placed it


class SettleDisposalBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/settle_disposal``."""

    agree: bool
    reason: Note = ""


class RedactBody(ReasonBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/redact``: ``entry`` and ``name``, ``form`` or ``action`` and ``field``, or ``origin`` and ``line``."""

    entry: Number | None = None
    name: str = ""
    form: FormName | None = None
    action: Number | None = None
    field: str = ""
    origin: str = ""
    line: Annotated[int, Meta(ge=0, le=2**53)] | None = None

    def place(self) -> Place:
        """Where it stands.

        Raises:
            Problem: 422, unless one place is named, and in full.
        """
        found: list[Place] = []
        if self.entry is not None and self.name:
            found.append(InEntry(entry=self.entry, name=self.name))
        if self.form is not None and self.field:
            found.append(InForm(form=self.form, field=self.field))
        if self.action is not None and self.field:
            found.append(InAction(action=self.action, field=self.field))
        if self.origin and self.line is not None:
            found.append(InLine(origin=self.origin, line=self.line))
        if len(found) != 1:
            ways = ("entry, name", "form, field", "action, field", "origin, line")
            raise Problem(422, "invalid_place", "name one place, in one of these ways", missing=ways)
        return found[0]


def _redact(tx: Tx, asked: Asked) -> Done:
    body: RedactBody = asked.body
    return redaction.redact(tx, asked.number, asked.actor, body.place(), reason=body.reason, via=asked.via)


def _release(tx: Tx, asked: Asked) -> Done:
    body: ReleaseBody = asked.body
    mode = asked.site.four_eyes
    return holds.release(tx, asked.number, asked.actor, entry=body.entry, reason=body.reason, via=asked.via, mode=mode)


def _settle(tx: Tx, asked: Asked) -> Done:
    body: SettleDisposalBody = asked.body
    mode = asked.site.four_eyes
    return disposal.settle(
        tx, asked.number, asked.actor, agree=body.agree, reason=body.reason, via=asked.via, mode=mode
    )


def _lift(tx: Tx, asked: Asked) -> Done:
    return sharing.lift(tx, asked.number, asked.actor, reason=asked.body.reason, **asked.seen)


def _restrict(tx: Tx, asked: Asked) -> Done:
    return sharing.restrict(tx, asked.number, asked.actor, reason=asked.body.reason, **asked.seen)


def _hold(tx: Tx, asked: Asked) -> Done:
    return holds.place(tx, asked.number, asked.actor, reason=asked.body.reason, via=asked.via)


def _dispose(tx: Tx, asked: Asked) -> Done:
    return disposal.propose(tx, asked.number, asked.actor, reason=asked.body.reason, via=asked.via)


ACTS: Mapping[str, Doing] = {
    "restrict": Doing(ReasonBody, _restrict, decides=True),
    "lift_restriction": Doing(ReasonBody, _lift, decides=True),
    "redact": Doing(RedactBody, _redact),
    "hold": Doing(ReasonBody, _hold),
    "release_hold": Doing(ReleaseBody, _release),
    "dispose": Doing(ReasonBody, _dispose),
    "settle_disposal": Doing(SettleDisposalBody, _settle),
}
