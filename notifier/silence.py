"""Which notices a silence keeps from people. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from notifier.message import clock
from notifier.plan import About, ask_of
from store.deadlines import Duty
from store.duties import Matter
from store.notice import DeliveryState, NewDelivery, Notice
from store.silence import Silence, hushed, seen


def hush(
    deliveries: Sequence[NewDelivery], notice: Notice, about: About, silences: Sequence[Silence], now: datetime
) -> list[NewDelivery]:
    """*deliveries* of *notice*; not to be made, if a silence hides what it asks.

    Only what is asked because something was found is hidden: not what people say to each other, not what takes back
    what they were asked, and not the work that somebody has taken on, which goes on whatever is found.
    """
    if not silences or not _is_of_a_finding(notice):
        return list(deliveries)
    one = hushed(silences, subject_of(about, ask_of(notice)), now)
    if one is None:
        return list(deliveries)
    why = f"{one.name} by {one.created_by} until {clock(one.over_at, ZoneInfo('UTC'))}"
    return [
        replace(each, state=DeliveryState.SUPPRESSED, silence=one.number, reason=f"{why}; {each.reason}")
        for each in deliveries
    ]


def subject_of(about: About, ask: str) -> object:
    """What silences match on."""
    names = [name for tally in about.tallies for name in (tally.rule_id, tally.rule_title)]
    return seen(about.incident, entities=about.entities, rules=names, sources=about.sources, ask=ask)


def _is_of_a_finding(notice: Notice) -> bool:
    if notice.person is not None:
        return False
    if notice.matter:
        return Matter.parse(notice.matter).duty is Duty.ACKNOWLEDGE
    return notice.kind.asks
