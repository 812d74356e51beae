"""Who hears of a notice, and whether what it asks still stands. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from notifier.escalation import Level, Policy, reached
from notifier.message import Ask
from notifier.route import Receiver, Route, Subject, choose
from rules.event import Entity
from store import duties
from store.deadlines import Duty
from store.designation import Asked, categories
from store.duties import Matter, MatterKind, Waiting
from store.holding import Holding
from store.incident import Incident, RuleTally
from store.notice import Delivery, DeliveryState, NewDelivery, Notice, NoticeKind
from store.site import Site

_ASKS = frozenset(kind for kind in NoticeKind if kind.asks)
_GIVES = _ASKS | {NoticeKind.HANDED_OVER}  #: what a later word can take back
_ASKED_FOR = {
    Duty.ACKNOWLEDGE: Ask.JOIN,
    Duty.REPORT: Ask.REPORT,
    Duty.REPORT_REVIEW: Ask.REVIEW,
    Duty.INVESTIGATION: Ask.INVESTIGATE,
    Duty.CORRECTIVE_ACTIONS: Ask.PLAN,
    Duty.APPROVAL: Ask.APPROVE,
    Duty.FOLLOW_UP: Ask.FOLLOW_UP,
}
_ASKED_BY = {
    MatterKind.TIMER: Ask.FILE,
    MatterKind.ACTION: Ask.ACT,
    MatterKind.IMPROVEMENT: Ask.ACT,
    MatterKind.REQUEST: Ask.INFO,
    MatterKind.VERIFICATION: Ask.VERIFY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """What of the configuration decides who is told how much. Replaced as a whole by a reload."""

    routes: tuple[Route, ...]
    receivers: Mapping[str, Receiver]
    site: Site = field(default_factory=Site)  #: who is asked for what, until when
    escalations: tuple[Policy, ...] = ()  #: who is asked next; the first that fits counts
    holding: Holding = field(default_factory=lambda: Holding(lengths={}))  #: how long an acknowledgement holds
    most_per_minute: int = 5  #: messages to one recipient; the rest of a storm goes into digests


class Stands(Waiting, Protocol):
    """As much of an incident as decides whether an ask still stands."""

    @property
    def is_open(self) -> bool: ...
    @property
    def owner(self) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The incident of a notice, with what routes and messages look at."""

    incident: Incident
    entities: Sequence[Entity] = ()
    tallies: Sequence[RuleTally] = ()
    sources: Sequence[str] = ()
    excerpts: Sequence[str] = field(default=(), repr=False)
    barred: Collection[str] = ()  #: ids of persons who are involved, and so may do nothing about it


class Asking(Protocol):
    """As much of a notice or a delivery as decides what it asks."""

    @property
    def kind(self) -> NoticeKind: ...
    @property
    def matter(self) -> str: ...


def ask_of(asking: Asking, *, overdue: bool = False) -> Ask:
    """What a notice asks of who hears of it.

    Args:
        overdue: The time for its matter is over.
    """
    kind = asking.kind
    if asking.matter:
        return Ask.OVERDUE if overdue else _ask_for(Matter.parse(asking.matter))
    if kind in (NoticeKind.HANDED_OVER, NoticeKind.STILL_YOURS):
        return Ask.CONFIRM
    if kind is NoticeKind.REQUEST:
        return Ask.INFO
    return Ask.JOIN if kind in _ASKS else Ask.FYI


def _ask_for(matter: Matter) -> Ask:
    if matter.duty is not None:
        return _ASKED_FOR[matter.duty]
    return _ASKED_BY[matter.kind]


def subject_of(about: About, ask: Ask, at: datetime | None = None) -> Subject:
    """What routes match on.

    Args:
        at: When it is told.
    """
    one = about.incident
    rules = [name for tally in about.tallies for name in (tally.rule_id, tally.rule_title)]
    return Subject(
        severity=(one.severity,),
        rule=tuple(dict.fromkeys((one.rule_id, one.rule_title, *rules))),
        source=tuple(about.sources),
        tags=one.tags,
        category=categories(one.tags),
        step=(one.step,),
        ask=(ask,),
        tlp=(one.tlp, one.tlp.removeprefix("TLP:")),
        asset=tuple(entity.value for entity in about.entities if entity.kind == "host"),
        at=at,
    )


def deliveries_of(
    notice: Notice,
    about: About,
    told: Sequence[tuple[str, int]],
    routing: Routing,
    channel_of: Callable[[str], str],
    asked: Sequence[Asked] | None = (),
) -> list[NewDelivery]:
    """One delivery for each address that hears of *notice*.

    What takes an ask back goes to exactly those who were told; what is for one person to that one's receivers; what
    waits for somebody to the receivers of whoever is asked; anything else where the routes say. So does what is for
    somebody whom no receiver reaches: it must not wait unheard.

    Args:
        told: (receiver, target) of who was or may have been told of this incident in this cycle.
        channel_of: The lane of an address.
        asked: Who is asked for the matter of *notice*, if it has one; None: it waits no more.
    """
    if notice.matter:
        return _to_asked(notice, about, asked, routing, channel_of)
    if notice.person is not None:
        return _to_person(notice, notice.person, about, routing, channel_of)
    if notice.kind.takes_back:
        reached = [(routing.receivers[name], target) for name, target in told if name in routing.receivers]
        return [_new(one, target, "was told of it", channel_of) for one, target in reached if target < len(one.urls)]
    return _by_routes(about, ask_of(notice), routing, channel_of, notice.due_at)


def to_level(
    notice: Notice, level: Level, about: About, routing: Routing, channel_of: Callable[[str], str]
) -> list[NewDelivery]:
    """To whom a level of an escalation names; if that is nobody, to whom the routes name."""
    persons = {one.name: one.person for one in routing.receivers.values()}
    names = reached(level, routing.receivers.keys(), persons, about.barred)
    if not names:
        found = _by_routes(about, ask_of(notice, overdue=bool(notice.matter)), routing, channel_of, notice.due_at)
        return [replace(one, reason=f"{level.says}; {one.reason}") for one in found]
    told = [routing.receivers[name] for name in names]
    return [_new(one, target, level.says, channel_of) for one in told for target in range(len(one.urls))]


def to_holder(notice: Notice, routing: Routing, channel_of: Callable[[str], str]) -> list[NewDelivery]:
    """To who has it, and to nobody else: that it is asked is no news for others."""
    theirs = [one for one in routing.receivers.values() if one.person == notice.incident.owner and one.person]
    return [_new(one, target, "has it", channel_of) for one in theirs for target in range(len(one.urls))]


def _to_person(
    notice: Notice, person: str, about: About, routing: Routing, channel_of: Callable[[str], str]
) -> list[NewDelivery]:
    """To their receivers; if there are none, what asks something goes where the routes say, inside."""
    theirs = [one for one in routing.receivers.values() if one.person == person]
    if theirs or notice.kind.takes_back or notice.kind is NoticeKind.HANDED_ON:
        return [_new(one, target, "is theirs", channel_of) for one in theirs for target in range(len(one.urls))]
    because = f"no receiver is {person}'s"
    return [
        # Whoever reads it there is not who is asked: no link lets them act in that one's name, or in their own.
        replace(one, person=None, reason=f"{because}; {one.reason}")
        for one in _by_routes(about, ask_of(notice), routing, channel_of, notice.due_at)
        if not routing.receivers[one.receiver].external
    ]


def _to_asked(
    notice: Notice, about: About, asked: Sequence[Asked] | None, routing: Routing, channel_of: Callable[[str], str]
) -> list[NewDelivery]:
    if asked is None or duties.settled(Matter.parse(notice.matter), about.incident, notice.at):
        return []
    theirs = [(one, who) for who in asked for one in routing.receivers.values() if one.person == who.person]
    found = [_new(one, target, who.because, channel_of) for one, who in theirs for target in range(len(one.urls))]
    reached = {one.person for one, _ in theirs}
    if not asked or any(who.person not in reached for who in asked):
        is_overdue = notice.until is not None and notice.until <= notice.at
        known = {(one.receiver, one.target) for one in found}
        others = _by_routes(about, ask_of(notice, overdue=is_overdue), routing, channel_of, notice.due_at)
        found += [one for one in others if (one.receiver, one.target) not in known]
    return found


def _by_routes(
    about: About, ask: Ask, routing: Routing, channel_of: Callable[[str], str], at: datetime
) -> list[NewDelivery]:
    choices = choose(routing.routes, routing.receivers, subject_of(about, ask, at), about.barred)
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
        (one.receiver, one.target) for one in deliveries if one.kind in _GIVES and (one.state in reached or one.resent)
    )


def moot(delivery: Delivery, incident: Stands, told: frozenset[tuple[str, int]]) -> str:
    """Why *delivery* need not go out any more as things stand now; "" if it must.

    Args:
        told: (receiver, target) of who was told what this delivery takes back.
    """
    if delivery.kind.takes_back:
        return "" if (delivery.receiver, delivery.target) in told else "what it takes back never reached them"
    if delivery.matter:
        return duties.settled(Matter.parse(delivery.matter), incident, delivery.noticed_at)
    if not incident.is_open:
        return "closed before it was sent"
    if delivery.kind is NoticeKind.STILL_YOURS and incident.owner != delivery.person:
        return "somebody else has it, or nobody"
    if not delivery.kind.asks:
        return ""
    if incident.quiet_until is not None and not delivery.breaks_through:
        return "its dismissal was proposed before it was sent"
    if incident.acknowledged_by and not delivery.breaks_through:
        return f"acknowledged by {incident.acknowledged_by} before it was sent"
    return ""
