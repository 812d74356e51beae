"""Requests for information: somebody is asked a question about an incident, and answers it once. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from store.errors import ActNotAllowed
from store.incident import Actor, ActorKind, Incident


class RequestState(StrEnum):
    """Where a request stands. Stored: never rename one."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"  #: the answer is not needed any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A question to one person, or to one contact outside."""

    incident: int  #: in whose timeline it stands
    number: int  #: from 1 in each incident
    person: str | None  #: id of the person who is asked; None: a contact is
    contact: str | None  #: id of the contact that is asked; None: a person is
    question: str | None  #: None: redacted
    due_at: datetime | None  #: when an answer is wanted; None: no moment was named
    asked_by: str  #: person id
    asked_at: datetime
    state: RequestState = RequestState.OPEN
    answer: str | None = None  #: None: not answered, or redacted
    settled_by: Actor | None = None  #: who answered or withdrew it; None: it is open
    settled_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether an answer is still wanted."""
        return self.state is RequestState.OPEN

    @property
    def name(self) -> str:
        """What people call it."""
        return f"request {self.number} of INC-{self.incident}"

    @property
    def asked(self) -> Actor:
        """Who is asked."""
        if self.contact is not None:
            return Actor(kind=ActorKind.CONTACT, id=self.contact)
        return Actor(kind=ActorKind.PERSON, id=self.person or "")


def check_open(record: Incident, request: Request) -> None:
    """Raise if *request* of *record* can be answered or withdrawn no more.

    Raises:
        ActNotAllowed: ``closed`` or ``request_settled``.
    """
    if not request.is_open:
        by = request.settled_by.id if request.settled_by else "somebody"
        at = f"{request.settled_at:%Y-%m-%d %H:%M} UTC" if request.settled_at else "before"
        raise ActNotAllowed(
            "request_settled", f"{request.name} was {request.state} by {by} at {at}: ask anew if more is needed"
        )
    if not record.is_open:
        raise ActNotAllowed("closed", f"{record.name} is {record.outcome.value}: nothing is asked any more")


def check_answerer(request: Request, by: Actor, *, may_ask: bool) -> None:
    """Raise if *by* may not answer *request*: whoever is asked does, and who may ask writes down what a contact said.

    Raises:
        ActNotAllowed: ``not_asked``.
    """
    if by != request.asked and not (may_ask and request.contact is not None):
        raise ActNotAllowed(
            "not_asked",
            f"{request.name} asks {request.asked.id}, not {by.id}: they must answer, or it is withdrawn and asked anew",
        )
