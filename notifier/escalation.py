"""Who is asked next when nobody takes an incident, and when. Pure.

An incident is told at *level* 0 by the routes. Each further level has its wait, counted from the telling before it:
a restart, or an hour in which nothing ran, never has two of them told at once. Nothing is remembered but the level,
which stands in the store, so that a policy that was changed meanwhile goes on where the old one was.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notifier.route import Matcher, Subject, misses

AFTER_LAPSE = timedelta(minutes=5)  #: from the page to who had it, until the next ones hear of it
MOST_LEVELS = 200  #: of one policy, repetitions included


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who is asked when nobody has taken it for so long."""

    after: timedelta  #: since the telling before
    receivers: tuple[str, ...] = ()  #: empty: again those that the routes name


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What happens while nobody takes what fits the matcher."""

    name: str
    match: Matcher = field(default_factory=Matcher)
    steps: tuple[Step, ...] = ()
    repeat: int = 0  #: how often all of it is gone through again, from those that the routes name
    repeat_after: timedelta = timedelta(minutes=15)  #: since the last step; before the last resort too
    last_resort: tuple[str, ...] = ()  #: who is asked when all of that was in vain

    @property
    def a_round(self) -> int:
        """How many levels one round has: those that the routes name, then the steps."""
        return len(self.steps) + 1

    @property
    def last(self) -> int:
        """The last level; 0: nobody is told again."""
        return self.a_round * (self.repeat + 1) - (0 if self.last_resort else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One telling after the first."""

    number: int  #: from 1
    after: timedelta  #: since the telling before
    receivers: tuple[str, ...]  #: empty: those that the routes name
    says: str  #: which one it is, for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What is told next unless somebody takes it before."""

    level: int
    due_at: datetime
    because: str  #: one sentence for people, without a full stop


#: What holds where the configuration says nothing: who was asked is asked again, for an hour. Less than high waits for
#: the reminder that the time to acknowledge is over.
DEFAULTS: tuple[Policy, ...] = (
    Policy(
        name="built in, critical",
        match=Matcher(severity=("critical",), ask=("join",)),
        repeat=12,
        repeat_after=timedelta(minutes=5),
    ),
    Policy(
        name="built in, high",
        match=Matcher(severity=("high",), ask=("join",)),
        repeat=4,
        repeat_after=timedelta(minutes=15),
    ),
)


def policy_for(policies: Sequence[Policy], subject: Subject) -> Policy | None:
    """The first policy that fits *subject*; None: nobody is told again."""
    return next((one for one in policies if not misses(one.match, subject)), None)


def level_of(policy: Policy, number: int) -> Level | None:
    """Whom level *number* tells; None: there is none, the policy is at its end."""
    if not 1 <= number <= min(policy.last, MOST_LEVELS):
        return None
    turn, place = divmod(number, policy.a_round)
    if turn > policy.repeat:
        says, receivers = "last resort", policy.last_resort
    elif place:
        says, receivers = f"step {place}", policy.steps[place - 1].receivers
    else:
        says, receivers = "from the beginning", ()
    again = f", time {turn + 1}" if 0 < turn <= policy.repeat else ""
    after = policy.steps[place - 1].after if place else policy.repeat_after
    return Level(number=number, after=after, receivers=receivers, says=f'escalation "{policy.name}", {says}{again}')


def levels(policy: Policy) -> Iterator[Level]:
    """All tellings after the first, in order."""
    found = (level_of(policy, number) for number in range(1, policy.last + 1))
    return (one for one in found if one is not None)


def schedule(policy: Policy, told_at: datetime) -> Iterator[tuple[datetime, Level]]:
    """When each level is told if nobody ever takes what was told first at *told_at*."""
    moment = told_at
    for one in levels(policy):
        moment += one.after
        yield moment, one


def follow(policy: Policy | None, told: int, now: datetime) -> Next | None:
    """What comes after level *told*, which was told just now; None: that was the last."""
    coming = level_of(policy, told + 1) if policy else None
    if coming is None:
        return None
    because = f"nobody acknowledged it within {_minutes(coming.after)}"
    return Next(level=coming.number, due_at=now + coming.after, because=because)


def after_lapse(now: datetime) -> Next:
    """What comes after who had it was paged because nothing was heard of them: the first level, soon."""
    because = f"who was asked alone did not take it within {_minutes(AFTER_LAPSE)}"
    return Next(level=1, due_at=now + AFTER_LAPSE, because=because)


def forward(policy: Policy | None, waiting: int, troubled: Collection[str]) -> int | None:
    """The level to go on to at once because receivers could not be told; None: none would reach anybody else.

    Args:
        waiting: The level that would come next by time.
        troubled: Names of the receivers that messages do not reach.
    """
    coming = (one for one in levels(policy) if one.number >= waiting) if policy else iter(())
    return next((one.number for one in coming if set(one.receivers) - set(troubled)), None)


def reached(
    level: Level, known: Collection[str], persons: Mapping[str, str | None], barred: Collection[str]
) -> list[str]:
    """Names of the receivers that *level* tells; empty: those that the routes name.

    Args:
        known: Names of all receivers: one that a reload took away is passed over.
        persons: By name, whose they are.
        barred: Persons who may not act on it: they hear of it only if nobody else is named.
    """
    there = [name for name in level.receivers if name in known]
    return [name for name in there if persons.get(name) not in barred] or there


def _minutes(span: timedelta) -> str:
    seconds = span.total_seconds()
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
