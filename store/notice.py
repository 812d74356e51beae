"""Notice: someone should hear of a change. Delivery: one message about it to one recipient over one channel."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rules.event import Severity
from store.incident import Incident


class NoticeKind(StrEnum):
    """What people are to hear. Stored: never rename one."""

    OPENED = "opened"
    WORSE = "worse"
    ACKNOWLEDGED = "acknowledged"
    REOPENED = "reopened"  #: asks as if it were new
    LAPSED = "lapsed"  #: a proposal to dismiss it was not settled in time: asks again
    RESOLVED = "resolved"  #: nothing is asked any more of those who were told
    UNREPORTED = "unreported"  #: the same, and nobody knows whether it is over: it is not reported any more
    PROPOSED = "proposed"  #: its dismissal is proposed: nothing is asked before somebody settles that
    HANDED_OVER = "handed_over"  #: one person has it from another; told to that person alone
    YOUR_TURN = "your_turn"  #: the step that was entered waits for somebody; told to whoever is asked now
    HANDED_ON = "handed_on"  #: whose turn it is after one's own; told to who finished, alone
    ESCALATED = "escalated"  #: nobody has it, or a message could not be delivered: the next ones are asked
    STILL_YOURS = "still_yours"  #: who has it is asked quietly whether that is still so
    REMINDER = "reminder"  #: a part of the time is over, or all of it; told to whoever is asked by then
    REQUEST = "request"  #: one person is asked for information; told to that person alone
    LINK = "link"  #: one person asked for a fresh link, the old one having expired; told to that person alone
    UNSILENCED = "unsilenced"  #: the silence that hid it is over: asks as if it were new
    LETTER = "letter"  #: about the installation, not about an incident; told to one person alone

    @property
    def asks(self) -> bool:
        """Whether it asks somebody to take the incident."""
        return self in _ASKING

    @property
    def takes_back(self) -> bool:
        """Whether it takes back what was asked; told to exactly those who were asked."""
        return self in _TAKES_BACK


_ASKING = frozenset(
    {
        NoticeKind.OPENED,
        NoticeKind.WORSE,
        NoticeKind.REOPENED,
        NoticeKind.LAPSED,
        NoticeKind.UNSILENCED,
        NoticeKind.ESCALATED,
    }
)


_TAKES_BACK = frozenset({NoticeKind.ACKNOWLEDGED, NoticeKind.RESOLVED, NoticeKind.UNREPORTED, NoticeKind.PROPOSED})


class DeliveryState(StrEnum):
    """Where a delivery stands. Stored: never rename one."""

    QUEUED = "queued"  #: waits for its due time; after a failed attempt too
    SENDING = "sending"  #: leased to a lane
    ACCEPTED = "accepted"  #: the channel took it
    FAILED = "failed"  #: the channel refused it for good
    UNCERTAIN = "uncertain"  #: may have arrived; is sent again, marked
    DEAD = "dead"  #: given up by age
    CANCELLED = "cancelled"  #: settled before it was sent
    SUPPRESSED = "suppressed"  #: not made, for a stated reason

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self not in (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """Someone should hear of a change that is being written."""

    incident: int
    kind: NoticeKind
    cycle: int
    reason: str  #: one sentence for people: what changed
    severity: Severity
    stale: bool = False  #: see `Notice`
    breaks_through: bool = False  #: see `Notice`
    person: str | None = None  #: see `Notice`
    matter: str = ""  #: see `Notice`
    until: datetime | None = None  #: see `Notice`
    due_at: datetime | None = None  #: see `Notice`; None: now
    level: int = 0  #: see `Notice`


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Written in the transaction of the change; who hears of it is decided later."""

    id: int
    incident: Incident  #: as it stands now, not as it stood when the notice was written
    kind: NoticeKind
    cycle: int
    at: datetime
    reason: str  #: one sentence for people: what changed
    severity: Severity  #: as it was when the notice was written
    stale: bool  #: the event is older than 15 minutes: bundle it, never page it singly
    breaks_through: bool  #: tell it although the incident is acknowledged
    person: str | None = None  #: person id: told to this person's receivers alone; None: `matter` or the routes decide
    matter: str = ""  #: a `store.duties.Matter`: told to whoever is asked for it by then; "" if it is about none
    until: datetime | None = None  #: when the time for the matter is over; None: see the clock that runs
    due_at: datetime  #: nobody hears of it before; for most that is when it was written
    level: int = 0  #: how often it was told before: decides whom of an escalation policy it goes to
    is_planned: bool = False  #: it is decided who hears of it


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """One message to be sent: planned from a notice by the routes."""

    receiver: str  #: name in the configuration
    target: int  #: which URL of the receiver, from 0; the URL itself is secret and not stored
    channel: str  #: scheme and host: what shares a lane
    person: str | None = None  #: person id, if the receiver is a person's
    reason: str = ""  #: which route chose it, or why it is suppressed
    state: DeliveryState = DeliveryState.QUEUED  #: or SUPPRESSED
    due_at: datetime | None = None  #: None: now
    silence: int | None = None  #: number of the silence that suppressed it


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as it stands."""

    id: int
    notice: int
    incident: int  #: 0: about the installation
    kind: NoticeKind
    receiver: str
    target: int
    channel: str
    person: str | None
    reason: str
    state: DeliveryState
    created_at: datetime
    due_at: datetime
    lease_until: datetime | None  #: only while sending
    attempts: int
    resent: bool  #: an earlier attempt may have arrived
    title: str  #: as sent last, "" before
    body: str
    detail: str  #: what the channel said last
    withheld: str = ""  #: what the text that was sent last could not say, as words with commas between them
    finished_at: datetime | None
    silence: int | None = None  #: number of the silence that suppressed it
    stale: bool  #: of its notice
    breaks_through: bool  #: of its notice
    matter: str  #: of its notice
    noticed_at: datetime  #: when its notice was written
    until: datetime | None  #: of its notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How an attempt ended. ``QUEUED`` and ``UNCERTAIN`` are tried again at ``retry_at``."""

    state: DeliveryState
    detail: str = ""
    withheld: str = ""  #: see `Delivery`
    retry_at: datetime | None = None
    title: str = ""
    body: str = ""
