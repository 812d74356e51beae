"""What the page behind an acknowledge link shows: first whether it succeeded, then all that helps to decide."""

from dataclasses import dataclass, field
from datetime import datetime

from detector.runbooks import Runbook
from detector.web import views
from rules.event import Severity

#: What was pressed, as it is told on top of the page.
DONE = {
    "contain": "Contained: noted.",
    "note": "Your note is written down.",
    "extend": "Noted: you still have it.",
    "false_alarm": "Proposed as a false alarm: another person settles that.",
    "hand_over": "Handed over.",
    "not_me": "Noted: not you. The other one is asked now; everybody else is asked on as before.",
    "escalate": "The next ones are asked now.",
    "undo": "Taken back.",
    "awake": "You have them.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """The page behind the link in a message, for one person and one incident."""

    frame: views.Frame
    answer: views.Answer
    person: str  #: name of whom the link was made for
    number: int
    title: str
    severity: Severity
    who_where: str
    events: int
    first_seen: datetime
    last_seen: datetime
    lines: tuple[str, ...]  #: the latest lines of evidence, at most five
    told: tuple[str, ...]  #: names of who was told
    by: str | None = None  #: name of who has it
    at: datetime | None = None  #: since when
    is_mine: bool = False  #: whom the link was made for has it
    goes_on: bool = False
    pace: str = ""  #: how fast, one sentence
    runbook: Runbook = field(default_factory=Runbook)
    next_at: datetime | None = None  #: when the next ones are asked
    next_says: str = ""  #: who that is
    others: tuple[tuple[str, str], ...] = ()  #: id and name of who else could have it, the likeliest first
    acts: frozenset[str] = frozenset()  #: which further buttons that person has, now
    mine: int = 0  #: other incidents that this person was told of and nobody has
    may_undo: bool = False
    contained_at: datetime | None = None
    quiet_until: datetime | None = None  #: its dismissal is proposed
    drill: bool = False
    done: str = ""  #: what was pressed just now
    refused: str = ""  #: why it was not done
    typed: str = ""
