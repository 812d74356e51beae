"""What an approver found wrong with a dossier: raised, answered, closed. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from store.errors import ActNotAllowed
from store.four_eyes import FourEyes
from store.incident import DAEMON, Actor, ActorKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """Something that does not fit. It hinders the approval until it is closed."""

    number: int  #: from 1 within its incident
    item: str  #: what does not fit, and where; "" if it was redacted
    cause: str = ""  #: what broke through; "" if a person raised it
    raised_by: Actor  #: the daemon, if a match broke through
    raised_at: datetime
    answer: str = ""  #: "" too if it was redacted
    answered_by: str = ""  #: person id
    closed_by: str = ""  #: person id
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still hinders the approval."""
        return self.closed_at is None

    def __str__(self) -> str:
        return f"discrepancy {self.number} ({self.item[:200]!r})"


def raised(item: str, *, number: int, by: Actor, now: datetime) -> Discrepancy:
    """A new one.

    Raises:
        ActNotAllowed: ``item_required``.
    """
    if not item.strip():
        raise ActNotAllowed("item_required", "say what does not fit, and where", missing=("item",))
    return Discrepancy(number=number, item=item, raised_by=by, raised_at=now)


def broke_through(cause: str, what: str, *, number: int, now: datetime) -> Discrepancy:
    """The one that the daemon raises when a match changes the picture after the freeze."""
    return replace(raised(f"since the freeze: {what}", number=number, by=DAEMON, now=now), cause=cause)


def answered(one: Discrepancy, answer: str, *, by: Actor) -> Discrepancy:
    """It, with what is said to it. A new answer takes the place of an older one while it is open.

    Raises:
        ActNotAllowed: ``discrepancy_closed``, ``person_required`` or ``answer_required``.
    """
    _check_open(one, by)
    if not answer.strip():
        raise ActNotAllowed("answer_required", f"say what was found about {one}", missing=("answer",))
    return replace(one, answer=answer, answered_by=by.id)


def closed(one: Discrepancy, *, by: Actor, now: datetime, mode: FourEyes = FourEyes.FULL) -> Discrepancy:
    """It, settled. By someone other than who answered it, unless four eyes are waived.

    Raises:
        ActNotAllowed: ``discrepancy_closed``, ``person_required``, ``answer_required`` or ``four_eyes``.
    """
    _check_open(one, by)
    if not one.answered_by:
        raise ActNotAllowed("answer_required", f"nobody has answered {one} yet", missing=("answer",))
    if by.id == one.answered_by and mode is not FourEyes.WAIVED:
        raise ActNotAllowed("four_eyes", f"{by.id} answered {one}: someone else must close it")
    return replace(one, closed_by=by.id, closed_at=now)


def open_ones(discrepancies: Iterable[Discrepancy]) -> tuple[Discrepancy, ...]:
    """Those that still hinder the approval."""
    return tuple(one for one in discrepancies if one.is_open)


def _check_open(one: Discrepancy, by: Actor) -> None:
    if not one.is_open:
        raise ActNotAllowed("discrepancy_closed", f"{one.closed_by} closed {one}")
    if by.kind is not ActorKind.PERSON:
        raise ActNotAllowed("person_required", "only a person can answer or close a discrepancy")
