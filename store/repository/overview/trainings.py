"""Who was trained in what, and until when that counts: told by the training actions that somebody verified."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from store.action import ActionKind, ActionState
from store.repository.dossier import actions
from store.tables import action


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One person's record of a training."""

    person: str  #: as the attendance names them: a person id, or the name of somebody else
    content: str | None  #: what was taught; None: redacted
    at: datetime  #: when it was recorded done
    until: date | None  #: the last day on which it counts; None: it does not lapse
    incident: int
    action: int


def of(connection: Connection, person: str | None = None) -> Sequence[Training]:
    """All records of *person*, or of everybody, the newest first. Attendance that was redacted tells of nobody."""
    verified = select(action.c.incident, action.c.number).where(
        action.c.kind == ActionKind.TRAINING, action.c.state == ActionState.VERIFIED
    )
    found = [actions.get(connection, row.incident, row.number) for row in connection.execute(verified)]
    told = [
        Training(
            person=name,
            content=one.content,
            at=one.done_at,
            until=one.valid_until,
            incident=one.incident,
            action=one.number,
        )
        for one in found
        for name in one.attended or ()
        if one.done_at is not None and person in (None, name)
    ]
    return sorted(told, key=lambda one: (one.at, one.incident, one.action, one.person), reverse=True)
