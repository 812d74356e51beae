"""What of the configuration decides who is told: receivers, routes, escalations, how long an acknowledgement holds."""

from datetime import time, timedelta

from detector import governance
from detector.config.records import Config
from detector.config.sections import telling
from detector.config.times import hours_of
from detector.config.values import DAYS
from notifier.escalation import DEFAULTS, Policy, Step
from notifier.plan import Routing
from notifier.route import Matcher, Receiver, Route
from rules.event import Severity
from store.holding import Holding
from store.incident import Tlp
from store.silence import Window
from store.site import Site


def routing(config: Config, site: Site | None = None) -> Routing:
    """All of it.

    Args:
        site: What governs the process, if it is at hand.
    """
    zones = {person.id: person.timezone for person in config.persons}
    zone = config.calendar.timezone
    return Routing(
        receivers={one.name: _receiver(one, zones.get(one.person, "UTC")) for one in config.receivers},
        routes=tuple(_route(one, zone) for one in config.routes),
        site=site or governance.site(config),
        escalations=(*(_policy(one, zone) for one in config.escalations), *DEFAULTS),
        holding=holding(config.acknowledgement),
    )


def holding(section: telling.Acknowledgement) -> Holding:
    """How long an acknowledgement holds."""
    lengths = {
        Severity.CRITICAL: timedelta(minutes=section.critical_minutes),
        Severity.HIGH: timedelta(minutes=section.high_minutes),
        Severity.MEDIUM: timedelta(minutes=section.medium_minutes),
    }
    return Holding(lengths={severity: length for severity, length in lengths.items() if length})


def window_of(text: str, zone: str) -> Window | None:
    """The window that *text* says, e.g. "mon,tue 20:00-06:00"; None: it says none."""
    days, _, hours = text.rpartition(" ")
    begin, dash, end = hours.partition("-")
    named = days.split(",") if days else list(DAYS)
    if not dash or not set(named) <= set(DAYS):
        return None
    # Midnight ends the day before; hours_of takes one day only, so each end is read by itself.
    starts, ends = hours_of(f"{begin}-24:00"), hours_of(f"00:00-{end}")
    if starts is None or ends is None or begin == end:
        return None
    return Window(timezone=zone, days=tuple(sorted({DAYS.index(day) for day in named})), starts=starts[0], ends=ends[1])


def _receiver(section: telling.Receiver, zone: str) -> Receiver:
    return Receiver(
        name=section.name,
        urls=(section.url.reveal(),),
        person=section.person or None,
        max_tlp=Tlp(f"TLP:{section.max_tlp}"),
        external=section.external,
        timezone=zone,
        digest_at=time.fromisoformat(section.digest_at) if section.digest_at else None,
    )


def _route(section: telling.Route, zone: str) -> Route:
    return Route(match=_matcher(section.match, zone), receivers=section.receiver, goes_on=section.continue_)


def _policy(section: telling.Escalation, zone: str) -> Policy:
    return Policy(
        name=section.name,
        match=_matcher(section.match, zone),
        steps=tuple(Step(after=timedelta(minutes=one.after_minutes), receivers=one.receiver) for one in section.step),
        repeat=section.repeat,
        repeat_after=timedelta(minutes=section.repeat_after_minutes),
        last_resort=section.last_resort,
    )


def _matcher(match: telling.Match, zone: str) -> Matcher:
    windows = (window_of(text, zone) for text in match.time)
    return Matcher(
        severity=match.severity,
        rule=match.rule,
        source=match.source,
        tags=match.tags,
        category=match.category,
        step=match.step,
        ask=match.ask,
        tlp=match.tlp,
        asset=match.asset,
        time=tuple(one for one in windows if one is not None),
    )
