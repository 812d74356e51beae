"""What follows once a notice is told: who is asked next and when, and whether who took it still has it. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier import escalation
from notifier.escalation import Level, Next, Policy
from notifier.message import Ask
from notifier.plan import About, Routing, ask_of, subject_of
from store import duties
from store.deadlines import Duty
from store.designation import Asked
from store.duties import Matter, MatterKind
from store.holding import Due, What, first_look, look
from store.incident import Incident, Track
from store.notice import DeliveryState, NewDelivery, NewNotice, Notice, NoticeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What becomes of a notice beside its deliveries."""

    later: tuple[NewNotice, ...] = ()  #: to be told later, unless it is settled before
    again_at: datetime | None = None  #: not told now: look again then
    lapses: bool = False  #: the acknowledgement holds no more
    level: Level | None = None  #: what this telling was, for the timeline; None: the first


def is_levelled(notice: Notice) -> bool:
    """Whether it is told again, to whom the policy names."""
    return notice.level > 0 and notice.kind in (NoticeKind.ESCALATED, NoticeKind.REMINDER)


def settled(notice: Notice, incident: Incident, asked: Sequence[Asked] | None, now: datetime) -> str:
    """Why what was to be told later need not be told any more; "" if it must."""
    if notice.cycle != incident.cycle:
        return "it was reopened since"
    if notice.matter:
        return "it is done" if asked is None else duties.settled(Matter.parse(notice.matter), incident, notice.at)
    return "" if waits(incident) else "somebody has it, or it is over"


def waits(incident: Incident) -> bool:
    """Whether it waits for somebody to take it. On the light track nobody has to."""
    is_asked = incident.is_open and incident.quiet_until is None and incident.track is not Track.LIGHT
    return is_asked and incident.acknowledged_by is None


def policy_of(notice: Notice, about: About, routing: Routing, now: datetime) -> Policy | None:
    """The policy by which *notice* is told again; None: it is not."""
    return escalation.policy_for(routing.escalations, subject_of(about, _ask(notice), now))


def level_of(notice: Notice, about: About, routing: Routing, now: datetime) -> Level | None:
    """Which level of its policy *notice* is; None: it has none, or not so many any more."""
    policy = policy_of(notice, about, routing, now)
    found = escalation.level_of(policy, notice.level) if policy else None
    if found is None and notice.kind is NoticeKind.ESCALATED and notice.level == 1:
        # Who had it was paged in vain, and no policy says who is next.
        return Level(number=1, after=escalation.AFTER_LAPSE, receivers=(), says="nobody has it")
    return found


def of_ask(
    notice: Notice, about: About, routing: Routing, deliveries: Sequence[NewDelivery], now: datetime
) -> Following:
    """What follows an ask, or a reminder that the time is over, once it was told."""
    if not _begins(notice, about.incident, now) or _is_silenced(deliveries):
        return Following()
    level = level_of(notice, about, routing, now) if is_levelled(notice) else None
    if notice.kind is NoticeKind.LAPSED and notice.person is not None:
        coming: Next | None = escalation.after_lapse(now)
    else:
        coming = escalation.follow(policy_of(notice, about, routing, now), notice.level, now)
    return Following(later=(_later(notice, coming),) if coming else (), level=level)


def of_acknowledgement(notice: Notice, routing: Routing, now: datetime) -> Following:
    """When to ask who took it whether they still have it."""
    asks_at = first_look(notice.incident, routing.holding, now)
    is_first = notice.kind is NoticeKind.ACKNOWLEDGED and notice.person is None
    if not is_first or asks_at is None:
        return Following()
    return Following(later=(_still_yours(notice, 0, asks_at),))


def of_holding(notice: Notice, routing: Routing, worked_at: datetime, now: datetime) -> tuple[Due, Following]:
    """What is due for an acknowledgement, and what follows."""
    if notice.cycle != notice.incident.cycle:
        return Due(what=What.OVER), Following()
    due = look(notice.incident, routing.holding, worked_at=worked_at, level=notice.level, now=now)
    if due.what is What.LAPSE:
        return due, Following(lapses=True)
    if due.again_at is None:
        return due, Following()
    return due, Following(later=(_still_yours(notice, due.level, due.again_at),))


def _begins(notice: Notice, incident: Incident, now: datetime) -> bool:
    """Whether it is told again unless something happens."""
    if notice.matter:
        # Who is to take it is told again by asks of their own.
        is_over = notice.kind is NoticeKind.REMINDER and notice.until is not None and notice.until <= now
        return is_over and Matter.parse(notice.matter) != Matter(MatterKind.DUTY, Duty.ACKNOWLEDGE)
    return notice.kind.asks and waits(incident)


def _is_silenced(deliveries: Collection[NewDelivery]) -> bool:
    return bool(deliveries) and all(one.state is DeliveryState.SUPPRESSED for one in deliveries)


def _ask(notice: Notice) -> Ask:
    return ask_of(notice, overdue=bool(notice.matter))


def _later(notice: Notice, coming: Next) -> NewNotice:
    return NewNotice(
        incident=notice.incident.number,
        kind=NoticeKind.REMINDER if notice.matter else NoticeKind.ESCALATED,
        cycle=notice.incident.cycle,
        reason=notice.reason if notice.matter else coming.because,
        severity=notice.incident.severity,
        stale=notice.stale,
        matter=notice.matter,
        until=notice.until,
        due_at=coming.due_at,
        level=coming.level,
    )


def _still_yours(notice: Notice, level: int, due_at: datetime) -> NewNotice:
    return NewNotice(
        incident=notice.incident.number,
        kind=NoticeKind.STILL_YOURS,
        cycle=notice.incident.cycle,
        reason="nothing was heard of it since",
        severity=notice.incident.severity,
        due_at=due_at,
        level=level,
    )
