"""What pages show: frozen records, filled by the routes from the store, rendered by `detector.web.pages`.

All moments are aware UTC; pages show them in the reader's zone. Nothing in a view is trusted: pages escape all of it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from detector.status import RuleState, SourceState
from rules.event import Severity
from store.incident import Outcome, Status, Step
from store.people import Session, SignIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every page has around it."""

    now: datetime
    zone: str = "UTC"  #: IANA name of the reader's zone
    person: str | None = None  #: name of who is signed in
    degraded: tuple[str, ...] = ()  #: what does not work as it should, a sentence each
    last_line_at: datetime | None = None  #: when any source last read a line
    hushed: tuple[str, ...] = ()  #: silences and mutes in force, a sentence each


class Tab(StrEnum):
    """Which incidents the list shows; the word in the URL."""

    OPEN = "open"
    UNACKNOWLEDGED = "unacknowledged"
    OBSERVED = "observed"  #: rolling records that ask nobody for anything
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """One incident in the list."""

    number: int
    title: str
    severity: Severity
    who_where: str  #: e.g. "root from 203.0.113.7 → web1", "" if unknown
    events: int
    last_seen: datetime
    step: Step
    owner: str | None  #: name
    may_acknowledge: bool  #: by the person who is signed in, now
    advised: bool = False  #: it would have paged, were its rule not in the mode "advise"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentsView:
    """The list."""

    frame: Frame
    tab: Tab
    counts: dict[Tab, int]
    rows: tuple[IncidentRow, ...]
    severity: Severity | None = None  #: only this severity
    next_after: int | None = None  #: number after which the next page begins; None: this is the last page
    hidden: tuple[tuple[int, Step], ...] = ()  #: number and step of those that this person may not see


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of evidence."""

    origin: str  #: path of the file
    line: int
    offset: int
    time: datetime
    text: str  #: as read


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One reason for the severity."""

    because: str
    value: int  #: a shift, -1 to +1, or for the rule's own level its rank
    is_level: bool  #: it is the rule's own level


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One entry of the timeline."""

    at: datetime
    who: str
    what: str
    via: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message to one receiver."""

    receiver: str
    person: str | None  #: name
    state: str  #: a DeliveryState
    at: datetime  #: when it was settled, or is due
    attempts: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLine:
    """One form in the list on the incident's page."""

    name: str
    title: str
    missing: tuple[str, ...]  #: labels of what is needed first
    needed_for: str  #: what those are needed for
    unconfirmed: int  #: answers that the daemon filled in and nobody confirmed
    is_asked: bool  #: somebody must fill something in


@dataclass(frozen=True, slots=True, kw_only=True)
class Doable:
    """Something that the person who is signed in may do now."""

    name: str
    title: str
    address: str  #: of its page
    is_next: bool  #: it leads on to the next step
    lacks: int = 0  #: how many things are missing for it still


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """One incident with everything that is known of it."""

    frame: Frame
    number: int
    title: str
    severity: Severity
    terms: tuple[Term, ...]
    step: Step
    status: Status
    outcome: Outcome
    who_where: str
    entities: tuple[tuple[str, str], ...]  #: (kind, value)
    events: int
    first_seen: datetime
    last_seen: datetime
    rule_title: str
    rule_path: str
    tlp: str
    owner: str | None  #: name
    acknowledged_by: str | None  #: name
    acknowledged_at: datetime | None
    lines: tuple[Line, ...]
    timeline: tuple[Happening, ...]  #: newest first
    told: tuple[Told, ...]
    may_acknowledge: bool
    version: int
    rule_credit: str = ""  #: author and licence of the rule, as far as it says
    acts: frozenset[str] = frozenset()  #: which further buttons the person who is signed in has, now
    needs_another: bool = False  #: a second person settles its dismissal
    contained_at: datetime | None = None
    quiet_until: datetime | None = None  #: its dismissal is proposed
    drill: bool = False
    forms: tuple[FormLine, ...] = ()
    doables: tuple[Doable, ...] = ()
    void: str | None = None  #: why its approval does not hold any more
    due: tuple[str, ...] = ()  #: what is overdue or due next, a sentence each
    refused: str = ""  #: why what was asked for just now was not done
    typed: str = ""  #: what was typed then


class Answer(StrEnum):
    """What the page behind a link says."""

    ASK = "ask"  #: nobody has it: here is the button
    DONE = "done"  #: you have it since now
    TAKEN = "taken"  #: somebody (perhaps you) had it before
    CLOSED = "closed"  #: there is nothing to acknowledge any more


@dataclass(frozen=True, slots=True, kw_only=True)
class NewView:
    """Three fields that open an incident, and what was typed into them."""

    frame: Frame
    refused: str = ""  #: why it was not opened
    title: str = ""
    severity: str = ""
    what_happened: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredView:
    """The link was ours and its time is over."""

    frame: Frame
    number: int
    expired_at: datetime
    person: str = ""  #: name of whom it was made for
    asked: bool = False  #: a fresh one was asked for just now
    sent: bool = False  #: and is on its way


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInView:
    """Without a name: the form, and how to get a link. With one: the button that signs in."""

    frame: Frame
    person: str | None = None  #: name of whom the link was made for
    refused: str = ""  #: why the link or the password that was used does not work
    typed: str = ""  #: the id that was typed


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessView:
    """A person's own access."""

    frame: Frame
    person: str
    sessions: tuple[Session, ...]
    current: int  #: id of the session that looks at it, 0 with a token
    sign_ins: tuple[SignIn, ...]  #: the newest
    password_at: datetime | None  #: since when they have the password that they have
    may_set: bool  #: without the one before
    refused: str = ""
    done: str = ""


class Asking(StrEnum):
    """What became of the request for information behind a link."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"  #: its incident is: nothing is asked any more


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyView:
    """The page behind a link that asks for information."""

    frame: Frame
    number: int  #: of the incident
    title: str  #: of the incident; "" if who reads the page may not see it
    person: str  #: name of who is asked
    asker: str  #: name of who asks
    question: str | None  #: None: redacted
    due_at: datetime | None  #: when an answer is wanted
    state: Asking
    settled_at: datetime | None = None  #: when it was answered or withdrawn
    is_theirs: bool = False  #: they answered it themselves
    refused: str = ""  #: why what was typed was not taken
    typed: str = ""  #: what was typed


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView:
    """A refusal or a fault, for people."""

    frame: Frame
    status: int
    title: str
    detail: str
    allowed: tuple[str, ...] = ()  #: what may be done now


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesView:
    """All streams of all sources."""

    frame: Frame
    sources: tuple[SourceState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesView:
    """All rules that run, and those that did not load."""

    frame: Frame
    rules: tuple[RuleState, ...]
    errors: tuple[str, ...]  #: rendered, one per rule that did not load
