"""What is to be made better, apart from the actions of an incident; lives on after it is closed. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from store.errors import ActNotAllowed
from store.people import Role


class State(StrEnum):
    """Where it stands. Stored and sent over the API: never rename one."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Improvement:
    """An item as it stands."""

    incident: int
    number: int  #: from 1 within its incident
    item: str
    owner: str  #: person id
    due: date
    written_by: str
    written_at: datetime
    state: State = State.OPEN
    outcome: str = ""  #: what came of it, or why it was dropped
    ended_at: datetime | None = None

    @property
    def name(self) -> str:
        """What people call it within its incident."""
        return f"improvement {self.number}"

    def is_late(self, today: date) -> bool:
        """Whether its day is over and it is not done."""
        return self.state is State.OPEN and self.due < today


def turned(
    one: Improvement,
    turn: str,
    *,
    by: str,
    roles: Collection[Role],
    now: datetime,
    note: str,
    due: date | None = None,
) -> Improvement:
    """The item after *turn*: ``done``, ``dropped`` or ``moved`` (to another day).

    Its owner says that it is done; who leads may say all of it.

    Raises:
        ActNotAllowed: ``improvement_over``, ``role_required``, ``reason_required`` or ``due_required``.
    """
    if one.state is not State.OPEN:
        raise ActNotAllowed("improvement_over", f"{one.name} is {one.state.value} already")
    if by != one.owner and not {Role.INVESTIGATOR, Role.APPROVER} & set(roles):
        raise ActNotAllowed(
            "role_required", f"{one.name} is {one.owner}'s: they, an investigator or an approver can say that"
        )
    if not note.strip():
        raise ActNotAllowed("reason_required", f"say what came of {one.name}, or why", missing=("note",))
    if turn == "moved":
        if due is None or due == one.due:
            raise ActNotAllowed("due_required", f"say to which day {one.name} is moved", missing=("due",))
        return replace(one, due=due)
    return replace(one, state=State(turn), outcome=note, ended_at=now)
