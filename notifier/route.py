"""Who hears of a notice: matchers on what it is about, the first that fits, or more if a route says so."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, time
from zoneinfo import ZoneInfo

from store.incident import Tlp
from store.silence import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A named set of addresses, each an Apprise URL for one recipient."""

    name: str
    urls: tuple[str, ...] = field(repr=False)  #: secret: never logged or stored
    person: str | None = None  #: id of the person who reads there; None: nobody in particular, so no signed link
    max_tlp: Tlp = Tlp.AMBER  #: above it only a stub goes out
    external: bool = False  #: read by people outside
    timezone: str = "UTC"  #: of who reads there
    digest_at: time | None = None  #: when a day's digest goes there, in that zone; None: it does not


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a notice is about, as routes see it."""

    severity: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()  #: id and title: either may be written
    source: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    step: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    tlp: tuple[str, ...] = ()  #: with and without "TLP:"
    asset: tuple[str, ...] = ()
    at: datetime | None = None  #: when it is told, aware; None: routes do not look at the time


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """What must be so. Per name one of the values must fit; a name without values does not matter.

    Values are compared without regard to case; one that ends in ``*`` fits by its beginning. Of ``time`` one window
    must hold the moment at which it is told.
    """

    severity: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    step: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    tlp: tuple[str, ...] = ()
    asset: tuple[str, ...] = ()
    time: tuple[Window, ...] = ()

    @property
    def is_catch_all(self) -> bool:
        """Whether it fits everything."""
        return not self.time and not any(getattr(self, name) for name in _NAMES)


_NAMES = tuple(item.name for item in fields(Matcher) if item.name != "time")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What fits the matcher goes to the receivers."""

    match: Matcher = Matcher()
    receivers: tuple[str, ...]
    goes_on: bool = False  #: later routes are looked at too


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What became of one route, for ``routes test``."""

    number: int  #: from 1, as in the configuration
    is_hit: bool
    because: str
    receivers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A receiver that hears of it, and why."""

    receiver: Receiver
    because: str


def choose(
    routes: Sequence[Route], receivers: Mapping[str, Receiver], subject: Subject, barred: Collection[str] = ()
) -> tuple[Choice, ...]:
    """Who hears of *subject*, each receiver once.

    Args:
        barred: Persons who may not act on it. What would go to them alone goes on to the next route that fits; if
            there is none, to every other receiver inside; and if there is none either, to them: better than nobody.
    """
    left_out = frozenset(one.name for one in receivers.values() if one.person in barred)
    found = _by_routes(routes, receivers, subject, left_out)
    if found or not left_out:
        return found
    others = (one for one in receivers.values() if one.name not in left_out and not one.external)
    because = "whoever the routes name is involved"
    return tuple(Choice(receiver=one, because=because) for one in others) or _by_routes(routes, receivers, subject, ())


def _by_routes(
    routes: Sequence[Route], receivers: Mapping[str, Receiver], subject: Subject, left_out: Collection[str]
) -> tuple[Choice, ...]:
    chosen: dict[str, Choice] = {}
    for look in trace(routes, subject, left_out):
        if look.is_hit:
            for name in look.receivers:
                chosen.setdefault(name, Choice(receiver=receivers[name], because=_told(look)))
    return tuple(chosen.values())


def trace(routes: Sequence[Route], subject: Subject, left_out: Collection[str] = ()) -> tuple[Look, ...]:
    """Each route in order, hit or miss and why; the ones behind the last that counts are misses too.

    Args:
        left_out: Names of receivers who do not hear of it.
    """
    looks: list[Look] = []
    ended_by = 0
    for number, route in enumerate(routes, start=1):
        miss = f"route {ended_by} was the last to be looked at" if ended_by else misses(route.match, subject)
        names = tuple(name for name in route.receivers if name not in left_out)
        if not miss and route.receivers and not names:
            miss = "whoever reads there is involved"
        because = miss or _hit(route.match, subject)
        looks.append(Look(number=number, is_hit=not miss, because=because, receivers=names))
        if not miss and not route.goes_on:
            ended_by = number
    return tuple(looks)


def _told(look: Look) -> str:
    return f"route {look.number}: {look.because}"


def misses(match: Matcher, subject: Subject) -> str:
    """Why it does not fit; "" if it does."""
    for name in _NAMES:
        wanted, found = getattr(match, name), getattr(subject, name)
        if wanted and not _first_fit(wanted, found):
            return f"{name} is {_listed(found)}, wanted {_listed(wanted)}"
    if match.time and subject.at is not None and _window(match, subject.at) is None:
        local = subject.at.astimezone(ZoneInfo(match.time[0].timezone))
        is_now = f"{_DAYS[local.weekday()]} {local:%H:%M}"
        return f"time is {is_now}, wanted {_listed([written(one) for one in match.time])}"
    return ""


def written(window: Window) -> str:
    """A window as it is configured."""
    days = "" if len(window.days) == len(_DAYS) else f"{','.join(_DAYS[day] for day in window.days)} "
    return f"{days}{window.starts:%H:%M}-{window.ends:%H:%M}"


def _window(match: Matcher, at: datetime) -> Window | None:
    return next((one for one in match.time if one.at(at) is not None), None)


def _hit(match: Matcher, subject: Subject) -> str:
    fits = [(name, _first_fit(getattr(match, name), getattr(subject, name))) for name in _NAMES]
    window = _window(match, subject.at) if subject.at is not None else None
    fits += [("time", written(window))] if window is not None else []
    return ", ".join(f"{name}={value}" for name, value in fits if value) or "catch-all"


def _first_fit(wanted: Sequence[str], found: Sequence[str]) -> str:
    return next((value for value in found if any(_fits(pattern, value) for pattern in wanted)), "")


def _fits(pattern: str, value: str) -> bool:
    pattern, value = pattern.casefold(), value.casefold()
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


def _listed(values: Sequence[str]) -> str:
    return " or ".join(values) if values else "unknown"
