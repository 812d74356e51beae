"""Who hears of a notice, and whether what it asks still stands. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from notifier.message import Ask
from notifier.route import Receiver, Route, Subject, choose
from rules.event import Entity
from store.deadlines import Deadlines
from store.incident import Incident, RuleTally
from store.notice import Delivery, DeliveryState, NewDelivery, Notice, NoticeKind

_ASKS = frozenset(kind for kind in NoticeKind if kind.asks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """What of the configuration decides who is told how much. Replaced as a whole by a reload."""

    routes: tuple[Route, ...]
    receivers: Mapping[str, Receiver]
    deadlines: Deadlines = field(default_factory=Deadlines)  #: until when something is asked for
    most_per_minute: int = 5  #: messages to one recipient; the rest of a storm goes into digests


class Stands(Protocol):
    """As much of an incident as decides whether an ask still stands."""

    @property
    def is_open(self) -> bool: ...
    @property
    def acknowledged_by(self) -> str | None: ...
    @property
    def quiet_until(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The incident of a notice, with what routes and messages look at."""

    incident: Incident
    entities: Sequence[Entity] = ()
    tallies: Sequence[RuleTally] = ()
    sources: Sequence[str] = ()
    excerpts: Sequence[str] = field(default=(), repr=False)


def ask_of(kind: NoticeKind) -> Ask:
    """What a notice asks of who hears of it."""
    if kind is NoticeKind.HANDED_OVER:
        return Ask.CONFIRM
    return Ask.JOIN if kind in _ASKS else Ask.FYI


def subject_of(about: About, ask: Ask) -> Subject:
    """What routes match on."""
    one = about.incident
    rules = [name for tally in about.tallies for name in (tally.rule_id, tally.rule_title)]
    return Subject(
        severity=(one.severity,),
        rule=tuple(dict.fromkeys((one.rule_id, one.rule_title, *rules))),
        source=tuple(about.sources),
        tags=one.tags,
        step=(one.step,),
        ask=(ask,),
        tlp=(one.tlp, one.tlp.removeprefix("TLP:")),
        asset=tuple(entity.value for entity in about.entities if entity.kind == "host"),
    )


def deliveries_of(
    notice: Notice,
    about: About,
    told: Sequence[tuple[str, int]],
    routing: Routing,
    channel_of: Callable[[str], str],
) -> list[NewDelivery]:
    """One delivery for each address that hears of *notice*.

    What takes an ask back goes to exactly those who were told; what is for one person to that one's receivers;
    anything else where the routes say.

    Args:
        told: (receiver, target) of who was or may have been told of this incident in this cycle.
        channel_of: The lane of an address.
    """
    if notice.person is not None:
        theirs = [one for one in routing.receivers.values() if one.person == notice.person]
        return [_new(one, target, "is theirs", channel_of) for one in theirs for target in range(len(one.urls))]
    if notice.kind.takes_back:
        reached = [(routing.receivers[name], target) for name, target in told if name in routing.receivers]
        return [_new(one, target, "was told of it", channel_of) for one, target in reached if target < len(one.urls)]
    choices = choose(routing.routes, routing.receivers, subject_of(about, ask_of(notice.kind)))
    return [
        _new(choice.receiver, target, choice.because, channel_of)
        for choice in choices
        for target in range(len(choice.receiver.urls))
    ]


def _new(receiver: Receiver, target: int, because: str, channel_of: Callable[[str], str]) -> NewDelivery:
    return NewDelivery(
        receiver=receiver.name,
        target=target,
        channel=channel_of(receiver.urls[target]),
        person=receiver.person,
        reason=because,
    )


def reached_by(deliveries: Sequence[Delivery]) -> frozenset[tuple[str, int]]:
    """(receiver, target) of who was, or may have been, told by one of the asks among *deliveries*."""
    reached = (DeliveryState.ACCEPTED, DeliveryState.SENDING, DeliveryState.UNCERTAIN)
    return frozenset(
        (one.receiver, one.target) for one in deliveries if one.kind in _ASKS and (one.state in reached or one.resent)
    )


def moot(delivery: Delivery, incident: Stands, told: frozenset[tuple[str, int]]) -> str:
    """Why *delivery* need not go out any more as things stand now; "" if it must.

    Args:
        told: (receiver, target) of who was told what this delivery takes back.
    """
    if delivery.kind.takes_back:
        return "" if (delivery.receiver, delivery.target) in told else "what it takes back never reached them"
    if not incident.is_open:
        return "closed before it was sent"
    if not delivery.kind.asks:
        return ""
    if incident.quiet_until is not None and not delivery.breaks_through:
        return "its dismissal was proposed before it was sent"
    if incident.acknowledged_by and not delivery.breaks_through:
        return f"acknowledged by {incident.acknowledged_by} before it was sent"
    return ""
