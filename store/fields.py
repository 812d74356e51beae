"""What a form can ask: fields, the shapes of their answers, and the move that needs each. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from store.incident import Track
from store.people import Role


class Kind(StrEnum):
    """The shape of an answer. Sent over the API: never rename one."""

    LINE = "line"  #: text without line breaks
    TEXT = "text"  #: text, with line breaks if wanted
    MOMENT = "moment"  #: RFC 3339 with a zone, which is kept as it was written
    DATE = "date"  #: year, month and day, as in 2026-03-02
    TIME = "time"  #: hours and minutes, seconds if wanted, as in 09:30
    NUMBER = "number"  #: a whole number, not negative
    YES_NO = "yes_no"  #: true or false
    CHOICE = "choice"  #: one of the field's choices
    PERSON = "person"  #: the id of somebody who can act here
    LIST = "list"  #: lines
    ROWS = "rows"  #: a table: each row answers the field's parts


class Gate(StrEnum):
    """The move that needs a field, by the standing that it leads to; in the order in which they are passed."""

    OPEN = "open"  #: an incident begins
    NOTIFICATION = "notification"
    IN_REVIEW = "reporting/in_review"
    INVESTIGATION = "investigation"
    CORRECTIVE_ACTIONS = "corrective_actions"
    APPROVAL = "approval"
    FOLLOW_UP = "follow_up"
    CLOSED = "follow_up/resolved"

    @property
    def rank(self) -> int:
        """0 for the first."""
        return list(Gate).index(self)


class Keeper(StrEnum):
    """Where a field's content comes from."""

    ANSWER = "answer"  #: it is answered in the form: prefilled, or by a person
    ACT = "act"  #: an act of a person sets it (a review, an action, a signature); the move has a code of its own for it
    RECORD = "record"  #: the daemon keeps it beside the form; nobody is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One column of a field of the kind ``rows``."""

    name: str
    kind: Kind = Kind.LINE
    choices: tuple[str, ...] = ()
    optional: bool = False


ALL_TRACKS: Final = tuple(Track)
NOT_LIGHT: Final = (Track.STANDARD, Track.FULL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question of a form."""

    name: str  #: stored and sent over the API: never rename one
    label: str  #: what people read
    kind: Kind = Kind.TEXT
    needed_by: Gate | None = None  #: None: it may stay empty
    asked_of: Role | None = None  #: None: nobody is asked
    tracks: tuple[Track, ...] = ALL_TRACKS  #: those in which it is needed; in others it may be answered
    choices: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    keeper: Keeper = Keeper.ANSWER
    site: bool = False  #: added by the configuration

    def is_needed(self, track: Track) -> bool:
        """Whether some move of *track* needs it."""
        return self.needed_by is not None and track in self.tracks
