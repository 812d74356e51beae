"""What people are told of the installation itself, not of an incident. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rules.event import Decision, Severity
from store.silence import Hid, Silence

#: From this severity on an observation would have had somebody asked, were it an incident.
WOULD_PAGE_FROM: Final = Severity.MEDIUM


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter as it is sent: it says how things stood when it was written."""

    person: str  #: person id; or "receiver NAME", for an address that is nobody's
    occasion: str  #: of which they get one letter
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Something whose time is over."""

    incident: int
    what: str  #: e.g. ``report_review``
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a rule that only observes saw."""

    rule: str  #: its title
    records: int
    events: int
    worst: Severity
    advised: bool = False  #: it is one to investigate, in the mode "advise"

    @property
    def would_page(self) -> bool:
        """Whether people would have been asked, were it one to investigate that is on."""
        return self.advised or self.worst.rank >= WOULD_PAGE_FROM.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What a rule in the mode "simulate" found."""

    rule: str  #: its title
    findings: int
    worst: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How far the installation's own chain and its seals have come, for mailboxes to witness."""

    seq: int  #: 0: nothing was entered yet
    hash: str  #: of the newest entry, hexadecimal
    seal: int  #: number of the newest seal; 0: none yet
    seal_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """All of it."""

    since: datetime
    until: datetime
    open: int  #: incidents, as it is now
    unacknowledged: int  #: of them
    observations: int  #: that are open
    findings: dict[Decision, int]  #: taken in the time
    opened: dict[Severity, int]  #: incidents
    closed: int  #: incidents
    observed: Sequence[Observed]  #: those that would have paged first
    simulated: Sequence[Simulated]
    late: Sequence[Late]  #: the longest first
    late_more: int  #: beside those
    silences: Sequence[tuple[Silence, Hid]]  #: in force, or waiting for a second person
    head: Head
