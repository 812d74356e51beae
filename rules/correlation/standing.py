"""How far the counter of one rule has come in the groups that hold most: what a person asks a running engine.

The cost is bounded whatever an attacker sends: of a rule's groups those that counted last are looked at, and of these
the fullest few in full.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from heapq import nlargest
from itertools import islice
from typing import Final

import msgspec

from rules.correlation.counter import Counter, Key
from rules.correlation.feed import Feed
from rules.correlation.group import Group
from rules.correlation.progress import progress_of
from rules.sigma.model import Correlation, RuleSet
from rules.stream import moment

LOOKED_AT: Final = 10_000  #: groups
MOST: Final = 20  #: groups that are told of


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One group, in its window that ends with its latest observation."""

    group: dict[str, str]
    have: int | float  #: events, different values, rules that match, or what the numbers amount to
    op: str
    count: int | float  #: to which that is compared
    missing: tuple[str, ...]  #: what it waits for, for people
    since: datetime
    latest: datetime
    until: datetime  #: when the first observation leaves the window
    holds: bool
    may_be_more: bool  #: no more is held than decides: ``have`` is at least so much
    approximate: bool  #: something was forgotten that might have counted


class Standings(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's groups whose windows have not passed."""

    type: str  #: of the correlation; "" for a rule about single events, which counts nothing
    needs: str  #: the condition, for people
    timespan_seconds: float
    waits: bool  #: it is judged when a window is over
    counted_by: tuple[str, ...]  #: titles of the correlations that count its matches
    groups: int  #: that are held, those with windows that have passed included
    looked_at: int
    now: datetime | None  #: how far all streams that deliver have come
    fullest: tuple[Standing, ...]


def standings(
    feeds: Mapping[str, Iterable[Feed]], rules: RuleSet, rule_id: str, passed: int | None, most: int = MOST
) -> Standings | None:
    """How a rule's groups stand; None if there is no such rule.

    Args:
        feeds: By rule id, where its matches are counted.
        rules: All of them.
        rule_id: Which is asked about.
        passed: What all streams have passed, microseconds: windows that end before it are over.
        most: So many groups are told of.
    """
    titles = {head.id: head.title for head in rules.all}
    if rule_id not in titles:
        return None
    counted_by = tuple(titles[one.id] for one in rules.correlations if rule_id in one.rules)
    now = None if passed is None else moment(passed)
    counter = _counter(feeds, rules, rule_id)
    if counter is None or not isinstance(head := counter.head, Correlation):
        return Standings(
            type="", needs="", timespan_seconds=0, waits=False, counted_by=counted_by,
            groups=0, looked_at=0, now=now, fullest=(),
        )  # fmt: skip
    return Standings(
        type=head.type,
        needs=head.needs,
        timespan_seconds=head.timespan_seconds,
        waits=head.waits,
        counted_by=counted_by,
        groups=len(counter.groups),
        looked_at=min(LOOKED_AT, len(counter.groups)),
        now=now,
        fullest=tuple(_fullest(counter, passed, most, titles)),
    )


def _counter(feeds: Mapping[str, Iterable[Feed]], rules: RuleSet, rule_id: str) -> Counter | None:
    head = next((one for one in rules.correlations if one.id == rule_id), None)
    found = () if head is None else feeds.get(head.rules[0], ())
    return next((feed.counter for feed in found if feed.counter.rule_id == rule_id), None)


def _fullest(counter: Counter, passed: int | None, most: int, titles: Mapping[str, str]) -> Iterable[Standing]:
    open_since = None if passed is None else passed - counter.condition.span
    lately = islice(reversed(counter.groups.items()), LOOKED_AT)
    is_open = [one for one in lately if one[1].times and (open_since is None or one[1].times[-1] >= open_since)]
    fullest = nlargest(most, is_open, key=lambda one: len(one[1].newest) or len(one[1].times))
    found = [_standing(counter, key, group, titles) for key, group in fullest]
    return sorted(found, key=lambda one: (-one.have, -one.latest.timestamp()))


def _standing(counter: Counter, key: Key, group: Group, titles: Mapping[str, str]) -> Standing:
    one = progress_of(counter, key, group, titles)
    return Standing(
        group=dict(one.group),
        have=one.have,
        op=one.op,
        count=one.count,
        missing=one.missing,
        since=one.since,
        latest=one.latest,
        until=one.until,
        holds=one.holds,
        may_be_more=one.may_be_more,
        approximate=group.approximate,
    )
