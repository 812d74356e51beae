"""Silences: what is found is recorded and counted, and nobody is told. A mute is a silence of one rule. Pure.

A silence hides what is to come, so it costs at least as much as dismissing what it would hide: by the worst that it
may hide, and by the worst that it would have hidden. What turns out worse than that is told in spite of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from rules.event import Entity, Severity
from store.designation import categories
from store.four_eyes import PROPOSAL_LASTS, settling_needs_another
from store.incident import Incident

#: How long one lasts at most; and one that has effect in recurring windows only.
LONGEST: Final = timedelta(days=30)
LONGEST_RECURRING: Final = timedelta(days=366)
#: Somebody whose silence nobody agreed to gets no effect in advance for another of the same so soon.
ONCE_WITHIN: Final = timedelta(days=30)
#: So far back is looked for what it would have hidden.
LOOKS_BACK: Final = timedelta(days=7)
#: What a silence may match on: what routes match on, and the incident and its entities beside it.
NAMES: Final = (
    "severity", "rule", "source", "tags", "category", "step", "ask", "tlp", "asset", "entity", "incident",
)  # fmt: skip
MOST_VALUES: Final = 50  #: of one name
LONGEST_VALUE: Final = 500  #: characters

#: Name to the values of which one must fit. One that ends in ``*`` fits by its beginning; case does not matter.
Matchers = Mapping[str, tuple[str, ...]]

_DAY = timedelta(days=1)


class SilenceState(StrEnum):
    """Where a silence stands. Stored: never rename one."""

    PROPOSED = "proposed"  #: it has no effect before a second person agrees
    IN_FORCE = "in_force"  #: it has effect, and waits for a second person
    AGREED = "agreed"  #: it has effect until its end
    OVER = "over"  #: its end came, or what it waited for, or nobody agreed in time
    WITHDRAWN = "withdrawn"  #: somebody ended it or declined


#: In these it keeps people from being told.
EFFECTIVE: Final = (SilenceState.IN_FORCE, SilenceState.AGREED)
#: In these it waits for a second person.
WAITING: Final = (SilenceState.PROPOSED, SilenceState.IN_FORCE)
#: In these it is over.
ENDED: Final = (SilenceState.OVER, SilenceState.WITHDRAWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When in a week a silence has effect, by the clock of a zone.

    A time that the clock skips counts as the one an hour later, of one that comes twice the first is meant, as
    RFC 5545, section 3.3.5, has it. If nothing would be left of a window by that, it is as long as it says.
    """

    timezone: str
    days: tuple[int, ...]  #: 0 is Monday: the days on which it begins
    starts: time
    ends: time  #: not after `starts`: on the next day

    def at(self, now: datetime) -> tuple[datetime, datetime] | None:
        """The window that *now* lies in: its beginning and its end, aware UTC; None: it lies in none."""
        return next((one for one in self._around(now, range(-2, 2)) if one[0] <= now < one[1]), None)

    def next(self, now: datetime) -> tuple[datetime, datetime] | None:
        """The window that begins next after *now*."""
        return next((one for one in self._around(now, range(-1, 9)) if one[0] > now), None)

    def _around(self, now: datetime, days: Iterable[int]) -> Iterable[tuple[datetime, datetime]]:
        zone = ZoneInfo(self.timezone)
        today = now.astimezone(zone).date()
        return (self._on(today + offset * _DAY, zone) for offset in days if self._begins(today + offset * _DAY))

    def _begins(self, day: date) -> bool:
        return day.weekday() in self.days

    def _on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        last = day if self.ends > self.starts else day + _DAY
        begins, ends = datetime.combine(day, self.starts), datetime.combine(last, self.ends)
        start, end = (moment.replace(tzinfo=zone).astimezone(UTC) for moment in (begins, ends))
        return (start, end) if end > start else (start, start + (ends - begins))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An incident, as silences see it: its values by the names of `NAMES`."""

    severity: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    step: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    tlp: tuple[str, ...] = ()
    asset: tuple[str, ...] = ()
    entity: tuple[str, ...] = ()
    incident: tuple[str, ...] = ()


def seen(one: Incident, *, entities: Iterable[Entity], rules: Iterable[str], sources: Iterable[str], ask: str) -> Seen:
    """An incident about which *ask* is to be said.

    Args:
        rules: Ids and titles of the rules that found something of it; its own are known.
    """
    named = tuple(entities)
    return Seen(
        severity=(one.severity,),
        rule=tuple(dict.fromkeys((one.rule_id, one.rule_title, *rules))),
        source=tuple(sources),
        tags=one.tags,
        category=categories(one.tags),
        step=(one.step,),
        ask=(ask,),
        tlp=(one.tlp, one.tlp.removeprefix("TLP:")),
        asset=tuple(entity.value for entity in named if entity.kind == "host"),
        entity=tuple(entity.value for entity in named),
        incident=(one.name, str(one.number)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """What a silence would have hidden of what people were, or were to be, told lately."""

    notices: int = 0  #: times that somebody would not have been told
    incidents: tuple[int, ...] = ()  #: numbers of the latest of those that it would have been about
    count: int = 0  #: how many incidents that were
    worst: Severity | None = None  #: that any of them ever had; None: there was none
    confirmed: tuple[int, ...] = ()  #: of the incidents, those of which people found that they were real
    left_out: int = 0  #: older incidents, at which nobody looked

    @property
    def sentence(self) -> str:
        """All of it, for people."""
        if not self.count:
            return f"would have hidden nothing in the last {LOOKS_BACK.days} days"
        real = ", ".join(f"INC-{number}" for number in self.confirmed) or "none"
        more = f"; {self.left_out} older ones were not looked at" if self.left_out else ""
        return (
            f"would have hidden {self.notices} in the last {LOOKS_BACK.days} days, about {self.count} incidents; "
            f"of which confirmed: {real}{more}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hid:
    """What a silence hid."""

    notices: int = 0  #: times that somebody was not told
    incidents: int = 0
    open: int = 0  #: of the incidents, those that are open and that nobody has


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSilence:
    """A silence that somebody proposes."""

    matchers: Matchers
    reason: str
    starts_at: datetime
    ends_at: datetime
    until_resolved: int | None = None  #: number of the incident whose end ends it too
    window: Window | None = None  #: it has effect in these windows only; None: all the time
    worst: Severity = Severity.CRITICAL  #: that it may hide, by its matchers and the rules in force
    preview: Hidden = field(default_factory=Hidden)

    @property
    def highest(self) -> Severity:
        """The highest severity of all that it may hide, or would have hidden."""
        return max((self.worst, self.preview.worst or self.worst), key=lambda severity: severity.rank)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A silence as it stands."""

    number: int
    matchers: Matchers
    state: SilenceState
    reason: str  #: "" once it is redacted
    highest: Severity  #: what is worse than this is told in spite of it
    preview: Hidden
    created_by: str  #: person id
    created_at: datetime
    starts_at: datetime
    ends_at: datetime
    until_resolved: int | None = None  #: number of the incident whose end ends it too
    window: Window | None = None
    lapses_at: datetime | None = None  #: unless somebody agrees before; None: nobody has to
    longer_until: datetime | None = None  #: end that somebody asks for, and another has to agree to
    longer_by: str | None = None  #: who asks for it: person id
    settled_by: str | None = None
    settled_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None  #: person id; None: by itself, or it has not ended
    told_until: datetime | None = None  #: what it hid before, people were told of afterwards
    version: int = 1

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{'mute' if self.is_mute else 'silence'} {self.number}"

    @property
    def is_mute(self) -> bool:
        """Whether it silences rules, whatever they find."""
        return tuple(self.matchers) == ("rule",)

    @property
    def told(self) -> str:
        """What it matches, as people write it."""
        return written(self.matchers)

    @property
    def sentence(self) -> str:
        """All that others need to know of it."""
        until = f"{self.over_at:%Y-%m-%d %H:%M} UTC"
        return f"{self.name} by {self.created_by} until {until}: {self.told}: {self.reason}"

    @property
    def waits(self) -> bool:
        """Whether a second person has to agree to it."""
        return self.state in WAITING

    @property
    def over_at(self) -> datetime:
        """When it ends by itself."""
        return min(self.lapses_at, self.ends_at) if self.waits and self.lapses_at else self.ends_at

    def is_in_force(self, now: datetime) -> bool:
        """Whether it hides something now."""
        if self.state not in EFFECTIVE or not self.starts_at <= now < self.over_at:
            return False
        return self.window is None or self.window.at(now) is not None


def hushed(silences: Iterable[Silence], subject: object, now: datetime) -> Silence | None:
    """The first of *silences* that keeps people from hearing of *subject* now; None: they hear of it.

    Args:
        subject: Has its values under the names of `NAMES`, such as `Seen`.
    """
    return next((one for one in silences if one.is_in_force(now) and hides(one.matchers, one.highest, subject)), None)


def hides(matchers: Matchers, highest: Severity, subject: object) -> bool:
    """Whether *subject* is no worse than *highest* and matches."""
    severities = [Severity(value).rank for value in getattr(subject, "severity", ())]
    if severities and max(severities) > highest.rank:
        return False
    return bool(matchers) and all(_one_fits(wanted, getattr(subject, name, ())) for name, wanted in matchers.items())


def overlap(one: Matchers, other: Matchers) -> bool:
    """Whether two silences are about the same thing: they share a name, and a value of each that they share.

    One that takes any value of a name does not narrow by it; one that narrows by nothing is about everything.
    """
    mine, theirs = _narrowing(one), _narrowing(other)
    if not mine or not theirs:
        return True
    shared = mine.keys() & theirs.keys()
    return bool(shared) and all(
        _one_fits(mine[name], theirs[name]) or _one_fits(theirs[name], mine[name]) for name in shared
    )


def _narrowing(matchers: Matchers) -> Matchers:
    return {name: values for name, values in matchers.items() if "*" not in values}


def worst_of(severities: Sequence[str]) -> Severity:
    """The worst severity that a matcher on it lets through; without values all."""
    fitting = [one for one in Severity if not severities or _one_fits(severities, (one.value,))]
    return max(fitting, key=lambda severity: severity.rank, default=Severity.INFORMATIONAL)


def beginning(new: NewSilence, *, now: datetime, tried_before: bool) -> tuple[SilenceState, datetime | None]:
    """Where a new silence stands at first, and when it lapses unless a second person agrees.

    Args:
        tried_before: Another of the same person about the same ended a short while ago without anybody agreeing.
    """
    if not needs_another(new.highest, new.preview):
        return SilenceState.AGREED, None
    if tried_before:
        return SilenceState.PROPOSED, new.ends_at
    return SilenceState.IN_FORCE, max(now, new.starts_at) + PROPOSAL_LASTS


def needs_another(highest: Severity, preview: Hidden) -> bool:
    """Whether a second person has to agree to it."""
    return settling_needs_another(highest) or bool(preview.confirmed)


def written(matchers: Matchers) -> str:
    """Matchers as people write them: ``rule=… asset=web1|web2``."""
    return " ".join(f"{name}={'|'.join(values)}" for name, values in matchers.items())


def _one_fits(wanted: Sequence[str], found: Sequence[str]) -> bool:
    return any(fits(pattern, value) for pattern in wanted for value in found)


def fits(pattern: str, value: str) -> bool:
    """Whether *value* is what *pattern* says, in whatever case; one that ends in ``*`` fits by its beginning."""
    pattern, value = pattern.casefold(), value.casefold()
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern
