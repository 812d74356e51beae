"""Notices that are due become deliveries, and what is to be told after them. May run twice, keeps nothing."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from notifier import following, why
from notifier.following import Following
from notifier.handing_on import handed_on
from notifier.plan import About, Routing, deliveries_of, to_holder, to_level
from notifier.silence import hush
from notifier.why import Coming
from rules.event import Severity
from store.designation import Asked
from store.duties import Matter
from store.holding import Holding, What
from store.incident import Fact
from store.notice import NewDelivery, NewNotice, Notice, NoticeKind
from store.repository.hiding import abouts, silences
from store.repository.incident import incidents
from store.repository.record import conflicts, notices, timeline
from store.repository.steps import duties
from store.repository.telling import escalations, outbox, waiting
from store.silence import Silence
from store.tx import Tx

NOTICES_AT_ONCE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What becomes of a notice."""

    notice: Notice
    deliveries: Sequence[NewDelivery] = ()
    following: Following = field(default_factory=Following)
    also: Sequence[NewNotice] = ()  #: what is to be told besides
    holding: Holding  #: as configured when it was looked at


def survey(connection: Connection, routing: Routing, channel_of: Callable[[str], str], now: datetime) -> list[Planned]:
    """Who is to hear of the notices that are due. Only reads: much is looked at, and a write must be short."""
    hiding = silences.in_force(connection, now)
    due = outbox.notices_unplanned(connection, NOTICES_AT_ONCE, by=now)
    seen = abouts_of(connection, {one.incident.number for one in due})
    return [_look(connection, one, seen[one.incident.number], routing, channel_of, hiding, now) for one in due]


def plan(tx: Tx, planned: Sequence[Planned]) -> None:
    """Write what `survey` found. A notice that was settled meanwhile is left alone."""
    for one in planned:
        if not outbox.waits(tx.connection, one.notice.id):
            continue
        outbox.plan(tx, one.notice.id, one.deliveries)
        if one.notice.incident.severity is Severity.CRITICAL:
            waiting.hurry(tx, one.notice.incident.number)  # messages go in order: one held back would hold up this one
        if one.following.level is not None:
            escalations.told(tx, one.notice.incident.number, _facts(one))
        if one.following.lapses:
            escalations.lapse(tx, one.notice.incident.number, one.holding)
        for later in one.following.later:
            escalations.schedule(tx, later)
        for new in one.also:
            notices.write(tx, new)


def about(connection: Connection, number: int) -> About:
    """An incident with what routes look at."""
    view = incidents.get(connection, number)
    return About(
        incident=view.incident,
        entities=view.entities,
        tallies=view.tallies,
        sources=view.sources,
        barred=conflicts.of(connection, number),
    )


def coming(connection: Connection, number: int, routing: Routing, now: datetime) -> list[Coming]:
    """What people are told next of an incident if nobody does anything."""
    waiting = [one for one in outbox.notices_of(connection, number) if not one.is_planned]
    return why.coming(waiting, about(connection, number), routing, now) if waiting else []


def abouts_of(connection: Connection, numbers: Collection[int]) -> dict[int, About]:
    """The same of many, with a few questions."""
    suspected = abouts.may_involve(connection, numbers)
    return {
        number: About(
            incident=view.incident,
            entities=view.entities,
            tallies=view.tallies,
            sources=view.sources,
            barred=conflicts.of(connection, number) if number in suspected else frozenset(),
        )
        for number, view in abouts.views(connection, numbers).items()
    }


def _look(
    connection: Connection,
    notice: Notice,
    seen: About,
    routing: Routing,
    channel_of: Callable[[str], str],
    hiding: Sequence[Silence],
    now: datetime,
) -> Planned:
    if notice.kind is NoticeKind.STILL_YOURS:
        worked_at = escalations.worked_at(connection, notice.incident)
        due, follows = following.of_holding(notice, routing, worked_at, now)
        theirs = to_holder(notice, routing, channel_of) if due.what is What.ASK else []
        return Planned(notice=notice, deliveries=theirs, following=follows, holding=routing.holding)
    asked = _asked(connection, notice, routing, now)
    if following.is_levelled(notice):
        if following.settled(notice, seen.incident, asked, now):
            return Planned(notice=notice, holding=routing.holding)
        level = following.level_of(notice, seen, routing, now)
        found = to_level(notice, level, seen, routing, channel_of) if level else []
    else:
        takes_back = notice.kind.takes_back  # only then it matters who was told
        told = outbox.told(connection, notice.incident.number, notice.cycle) if takes_back else ()
        found = deliveries_of(notice, seen, told, routing, channel_of, asked)
    made = hush(found, notice, seen, hiding, now)
    follows = following.of_acknowledgement(notice, routing, now)
    if not follows.later:
        follows = following.of_ask(notice, seen, routing, made, now)
    also = handed_on(notice, asked or (), _finisher(connection, notice), routing.site.deadlines)
    return Planned(notice=notice, deliveries=made, following=follows, also=also, holding=routing.holding)


def _finisher(connection: Connection, notice: Notice) -> str | None:
    """Who did what *notice* tells of."""
    if notice.kind is not NoticeKind.YOUR_TURN:
        return None
    return timeline.person_at(connection, notice.incident.number, notice.at)


def _asked(connection: Connection, notice: Notice, routing: Routing, now: datetime) -> Sequence[Asked] | None:
    """Who is asked for the matter of *notice* now; None: it waits no more."""
    if not notice.matter:
        return ()
    return duties.asked(connection, notice.incident, Matter.parse(notice.matter), routing.site, now)


def _facts(one: Planned) -> dict[str, Fact]:
    assert one.following.level is not None
    told = {each.receiver: None for each in one.deliveries}
    facts: dict[str, Fact] = {
        "level": one.following.level.number,
        "step": one.following.level.says,
        "receivers": ", ".join(told),
        "reason": one.notice.reason,
    }
    return facts | ({"matter": one.notice.matter} if one.notice.matter else {})
