"""Windows and episodes against a reference that looks at every window anew."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import count as counting
from typing import Any

import hypothesis
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs
from support.budget import rounds

from rules.correlation.compact import compact
from rules.correlation.correlate import insert, settle
from rules.correlation.group import Change, Episode, Group
from rules.correlation.item import Item, Onward
from rules.correlation.measure import Condition, Measure
from rules.correlation.pending import Pending
from rules.sigma.model import Pattern

SPAN = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """One event: how often it was, and what of it is compared, several values if it matches several rules."""

    time: int
    weight: int = 1
    values: tuple[str, ...] = ("1",)


# the reference: every window, every type, written as plainly as can be


def compared(amount: int | Fraction, bounds: tuple[tuple[str, int], ...]) -> bool:
    """Whether an amount is within all bounds."""
    answers = {
        "gte": lambda limit: amount >= limit,
        "gt": lambda limit: amount > limit,
        "lte": lambda limit: amount <= limit,
        "lt": lambda limit: amount < limit,
        "eq": lambda limit: amount == limit,
        "neq": lambda limit: amount != limit,
    }
    return all(answers[op](limit) for op, limit in bounds)


def follow(window: list[Seen], wanted: tuple[str, ...]) -> bool:
    """Whether each of *wanted* is in an event of its own, one after the other."""
    rest = iter(window)
    return all(any(value in one.values for one in rest) for value in wanted)


def percentile_of(numbers: list[int], percentile: Fraction) -> Fraction:
    """Between the two nearest ranks, in proportion."""
    ordered = sorted(numbers)
    rank = percentile / 100 * (len(ordered) - 1)
    below = ordered[int(rank)]
    above = ordered[min(int(rank) + 1, len(ordered) - 1)]
    return below + (above - below) * (rank - int(rank))


def fulfils(window: list[Seen], pattern: Pattern, *, in_order: bool) -> bool:
    """Whether all that is wanted is there, in order if asked for, and nothing that is unwanted."""
    there = {value for one in window for value in one.values}
    if any(value in there for value in pattern.unwanted):
        return False
    return follow(window, pattern.wanted) if in_order else all(value in there for value in pattern.wanted)


def qualifies(window: list[Seen], condition: Condition) -> bool:
    """The condition, asked of the events of one window."""
    if condition.measure is Measure.PATTERN:
        return any(fulfils(window, one, in_order=condition.in_order) for one in condition.patterns)
    if condition.measure is Measure.EVENTS:
        return compared(sum(one.weight for one in window), condition.bounds)
    if condition.measure is Measure.VALUES:
        return compared(len({value for one in window for value in one.values}), condition.bounds)
    numbers = [int(one.values[0]) for one in window for _ in range(one.weight)]
    if condition.measure is Measure.SUM:
        return compared(sum(numbers), condition.bounds)
    if condition.measure is Measure.AVERAGE:
        return compared(Fraction(sum(numbers), len(numbers)), condition.bounds)
    return compared(percentile_of(numbers, condition.percentile), condition.bounds)


def brute_force(seen: list[Seen], condition: Condition) -> set[tuple[int, int, int]]:
    """(first, last, events) of every episode: the union of all windows that qualify and share an observation."""
    ordered = sorted(seen, key=lambda one: one.time)
    unions: list[tuple[int, int]] = []
    for start in ordered:
        window = [one for one in ordered if start.time <= one.time <= start.time + condition.span]
        if not qualifies(window, condition):
            continue
        first, last = window[0].time, window[-1].time
        if unions and first <= unions[-1][1]:
            unions[-1] = (unions[-1][0], max(last, unions[-1][1]))
        else:
            unions.append((first, last))
    return {(a, b, sum(one.weight for one in ordered if a <= one.time <= b)) for a, b in unions}


class Told:
    """Remembers the episodes as a reader of the changes would."""

    def __init__(self) -> None:
        self.episodes: dict[str, Episode] = {}
        self.changes: list[Change] = []

    def take(self, change: Change | None) -> None:
        """One more change."""
        if change is None:
            return
        assert change.opened is (change.episode.id not in self.episodes)
        self.episodes[change.episode.id] = change.episode
        self.changes.append(change)
        for younger in change.merged:
            assert younger.number > change.episode.number
            del self.episodes[younger.id]

    @property
    def seen(self) -> set[tuple[int, int, int]]:
        """(first, last, events) of all."""
        return {(e.first, e.last, e.events) for e in self.episodes.values()}


def namer() -> Callable[[str], tuple[str, int]]:
    """Names episodes by number."""
    numbers = counting(1)

    def name(position: str) -> tuple[str, int]:
        number = next(numbers)
        return f"{position}-{number}", number

    return name


def put(
    group: Group, condition: Condition, one: Seen, name: Callable[[str], tuple[str, int]], position: int, to: Told
) -> None:
    """One event; each value that it has beyond the first weighs nothing."""
    for number, value in enumerate(one.values):
        item = Item(weight=one.weight if number == 0 else 0, value=value)
        to.take(insert(group, condition, one.time, item, name, str(position)))


def run(seen: list[Seen], condition: Condition, *, eager_compaction: bool = False) -> Told:
    """Feed in the order of reading."""
    group, told, name = Group(), Told(), namer()
    for position, one in enumerate(seen):
        put(group, condition, one, name, position, told)
        if eager_compaction:
            group.roomy = 0
            compact(group, condition, None)
    for change in settle(group, condition, 10**9, name) if not condition.eager else ():
        told.take(change)
    return told


times = st.one_of(st.integers(0, 40), st.integers(0, 400))
spans = st.sampled_from([0, 3, SPAN])
weights = st.sampled_from([1, 1, 1, 2, 5])
growing = st.sampled_from(["gte", "gt"])
other = st.sampled_from(["lt", "lte", "eq", "neq"])
patterns = st.sets(st.sampled_from("abcd"), min_size=1, max_size=3).flatmap(
    lambda wanted: st.builds(
        Pattern,
        st.permutations(sorted(wanted)).map(tuple),
        st.frozensets(st.sampled_from(sorted(set("abcd") - wanted))),
    )
)


def events_of(values: st.SearchStrategy[tuple[str, ...]]) -> st.SearchStrategy[list[Seen]]:
    """Events at any time, in any order of reading."""
    return st.lists(st.builds(Seen, time=times, weight=weights, values=values), max_size=40)


def of_measures(measures: list[Measure], ops: st.SearchStrategy[str], *, low: int = 0) -> st.SearchStrategy[Condition]:
    """Conditions that compare, some with two bounds."""
    bounds = st.lists(st.tuples(ops, st.integers(low, 6)), min_size=1, max_size=2).map(tuple)
    percentiles = st.sampled_from([0, 10, 50, 95, 100]).map(Fraction)
    return st.builds(Condition, measure=st.sampled_from(measures), span=spans, bounds=bounds, percentile=percentiles)


def of_patterns(*, waits: bool) -> st.SearchStrategy[Condition]:
    """Conditions about rules that match, with a ``not`` or without."""
    several = st.lists(patterns, min_size=1, max_size=3).map(tuple)
    made = st.builds(Condition, measure=st.just(Measure.PATTERN), span=spans, patterns=several, in_order=st.booleans())
    return made.filter(lambda condition: condition.eager is not waits)


letters = events_of(st.lists(st.sampled_from("abcd"), min_size=1, max_size=2, unique=True).map(tuple))
sizes = events_of(st.integers(0, 4).map(lambda number: (str(number),)))
numbers = events_of(st.integers(-6, 6).map(lambda number: (str(number),)))

#: events and a condition that is judged at once
eager = st.one_of(
    st.tuples(letters, of_measures([Measure.VALUES], growing)),
    st.tuples(sizes, of_measures([Measure.EVENTS, Measure.SUM], growing)),
    st.tuples(letters, of_patterns(waits=False)),
)
averages = [Measure.AVERAGE, Measure.PERCENTILE]
#: events and a condition that has to wait until the window is over
waiting = st.one_of(
    st.tuples(letters, of_measures([Measure.VALUES], other)),
    st.tuples(sizes, of_measures([Measure.EVENTS, Measure.SUM], other)),
    st.tuples(numbers, of_measures(averages, st.one_of(growing, other), low=-6)),
    st.tuples(letters, of_patterns(waits=True)),
)


@given(eager)
def test_any_order_of_reading_gives_what_brute_force_gives(given_: tuple[list[Seen], Condition]) -> None:
    """Late, forged and equal stamps: the episodes are those of all qualifying windows, whatever came when."""
    seen, condition = given_
    assert condition.eager
    assert run(seen, condition).seen == brute_force(seen, condition)


@example(
    (
        [
            Seen(time=0, weight=1, values=("a",)),
            Seen(time=1, weight=1, values=("b",)),
            Seen(time=11, weight=1, values=("a",)),
        ],
        Condition(measure=Measure.PATTERN, span=10, patterns=(Pattern(("a",), frozenset()),), in_order=False),
    )
)  # what no pattern asks for stands in two windows, and makes them one
@given(eager)
def test_what_is_let_go_decides_nothing(given_: tuple[list[Seen], Condition]) -> None:
    """The same holds when everything that can go goes after each observation."""
    seen, condition = given_
    assert run(seen, condition, eager_compaction=True).seen == brute_force(seen, condition)


@given(waiting)
def test_conditions_that_wait_give_what_brute_force_gives(given_: tuple[list[Seen], Condition]) -> None:
    """Fewer than n, a mean, without something: judged when the windows have ended."""
    seen, condition = given_
    assert not condition.eager
    assert run(seen, condition).seen == brute_force(seen, condition)


@given(eager)
def test_old_observations_go_when_the_watermark_has_passed(given_: tuple[list[Seen], Condition]) -> None:
    """In order, with a watermark on the heels of the newest: nothing changes but what is held."""
    seen, condition = sorted(given_[0], key=lambda one: one.time), given_[1]
    group, told, name = Group(), Told(), namer()
    for position, one in enumerate(seen):
        put(group, condition, one, name, position, told)
        group.roomy = 0
        compact(group, condition, one.time)
        assert not group.times or group.times[0] >= one.time - condition.span
    assert told.seen == brute_force(seen, condition)


def test_a_late_line_joins_two_episodes_under_the_older_name() -> None:
    """What was told as two becomes one; the younger says into which."""
    condition = Condition(measure=Measure.EVENTS, span=10, bounds=(("gte", 2),))
    told = run([Seen(0), Seen(5), Seen(20), Seen(22), Seen(13)], condition)
    assert told.seen == {(0, 22, 5)}
    (last,) = [change for change in told.changes if change.merged]
    assert (last.episode.number, [younger.number for younger in last.merged]) == (1, [2])


def test_an_episode_opens_with_the_line_that_fulfils_the_condition() -> None:
    """Not a moment later: no waiting for the window's end."""
    condition = Condition(measure=Measure.EVENTS, span=10, bounds=(("gte", 3),))
    told = run([Seen(0), Seen(1), Seen(2), Seen(30)], condition)
    assert list(told.episodes) == ["2-1"]


def test_repeats_count_as_often_as_they_say() -> None:
    """ "message repeated 5 times" is five observations."""
    condition = Condition(measure=Measure.EVENTS, span=10, bounds=(("gte", 5),))
    assert run([Seen(3, weight=5)], condition).seen == {(3, 3, 5)}


def test_a_long_episode_is_held_by_its_edges_only() -> None:
    """A hundred thousand failures of one attacker cost as little memory as twenty."""
    condition = Condition(measure=Measure.EVENTS, span=1000, bounds=(("gte", 5),))
    group, told, name = Group(), Told(), namer()
    for time in range(100_000):
        told.take(insert(group, condition, time // 10, Item(), name, str(time)))
        compact(group, condition, None)
    assert told.seen == {(0, 9_999, 100_000)}
    assert len(group.times) < 100


def test_more_than_may_be_held_is_said() -> None:
    """When the cap makes a count inexact the episode says approximate, and memory stays bounded."""
    condition = Condition(measure=Measure.VALUES, span=10**6, bounds=(("gte", 3),), max_held=100)
    group, told, name = Group(), Told(), namer()
    for time in range(1000):
        told.take(insert(group, condition, time, Item(value="same"), name, str(time)))
        compact(group, condition, None)
    assert len(group.times) <= 200
    for time, value in ((1000, "b"), (1001, "c")):
        told.take(insert(group, condition, time, Item(value=value), name, str(time)))
    (episode,) = told.episodes.values()
    assert episode.approximate
    assert episode.events < 1002


class Watched(list[Any]):
    """Counts how often it is looked into."""

    looks = 0

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        self.looks += 1
        return super().__getitem__(index)


MUCH = (("gte", 10**9),)


@pytest.mark.parametrize(
    ("condition", "item"),
    [
        (Condition(measure=Measure.EVENTS, span=1000, bounds=(("gte", 5),)), Item()),
        (Condition(measure=Measure.EVENTS, span=1000, bounds=MUCH), Item(weight=5)),
        (Condition(measure=Measure.VALUES, span=1000, bounds=(("gte", 5),)), Item(value="a")),
        (Condition(measure=Measure.SUM, span=10_000, bounds=MUCH), Item(value="1")),
        (
            Condition(measure=Measure.PATTERN, span=10_000, patterns=(Pattern(wanted=("a", "b")),), in_order=True),
            Item(value="a"),
        ),
    ],
)
def test_in_order_work_does_not_grow_with_what_is_held(condition: Condition, item: Item) -> None:
    """The judgement of the newest observation looks at the n-th newest, or goes on from the one before; never walks."""
    group, name = Group(), namer()
    group.times = watched = Watched()
    insert(group, condition, 0, Item(value="2" if condition.measure is Measure.SUM else "b"), name, "0")
    for time in range(5_000):
        insert(group, condition, time, structs.replace(item), name, str(time))
    assert watched.looks < 5_000 * 80


#: What is asked of lines that never come to it, so that all of them are held: three values of four, an order backwards,
#: a sum that is not reached.
NEVER_ENOUGH = {
    "values": Condition(measure=Measure.VALUES, span=10_000, bounds=(("gte", 4),)),
    "counted values": Condition(measure=Measure.VALUES, span=10_000, bounds=(("gte", 4),), is_counted=True),
    "order": Condition(measure=Measure.PATTERN, span=10_000, patterns=(Pattern(("1", "2", "3")),), in_order=True),
    "sum": Condition(measure=Measure.SUM, span=10_000, bounds=(("gte", 100_000),)),
}


@pytest.mark.parametrize("name", NEVER_ENOUGH)
@pytest.mark.parametrize("late", [False, True], ids=["in order", "in disorder"])
def test_what_is_held_is_not_walked_through(name: str, late: bool) -> None:
    """Whoever writes a log can fill a group with lines that fulfil nothing, and can mix up their stamps."""
    group = Group()
    group.times, group.items = times, items = Watched(), Watched()
    moments = list(range(1, 3_000))
    if late:
        random.Random(1).shuffle(moments)
    for time in (0, *moments):
        value = "21"[time % 2] if time else "3"
        assert insert(group, NEVER_ENOUGH[name], time, Item(value=value), namer(), str(time)) is None
    assert len(times) == 3_000
    assert times.looks + items.looks < 3_000 * 150


def test_a_long_sum_is_held_by_its_edges_only() -> None:
    """So many bytes in all: once that is so, what decides is the first and the last few transfers."""
    condition = Condition(measure=Measure.SUM, span=1000, bounds=(("gte", 500),))
    group, told, name = Group(), Told(), namer()
    for time in range(20_000):
        told.take(insert(group, condition, time // 10, Item(value="100"), name, str(time)))
        compact(group, condition, None)
    assert told.seen == {(0, 1_999, 20_000)}
    assert len(group.times) < 100


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_many_more_examples(seed: int) -> None:
    """What brute force gives, for as long as the budget allows."""
    checks = (
        (eager, test_any_order_of_reading_gives_what_brute_force_gives),
        (eager, test_what_is_let_go_decides_nothing),
        (waiting, test_conditions_that_wait_give_what_brute_force_gives),
    )
    for number in rounds(0.05, seed):
        for examples, check in checks:
            again = given(examples)(check.hypothesis.inner_test)  # type: ignore[attr-defined]
            hypothesis.seed(number)(settings(settings.get_profile("soak"))(again))()


@pytest.mark.parametrize(("time", "found"), [(7, None), (8, None), (10, None), (9, (8, 9))])
def test_what_an_event_matches_besides_belongs_to_it_although_others_came_between(
    time: int, found: tuple[int, int] | None
) -> None:
    """A late line makes a match of what came before: nothing follows itself thereby, and nothing what comes later."""
    condition = Condition(measure=Measure.PATTERN, span=1, patterns=(Pattern(("a", "b"), frozenset()),), in_order=True)
    group, name = Group(), namer()
    for number, (at, value) in enumerate([(9, "c"), (7, "c"), (10, "a"), (8, "a")]):
        insert(group, condition, at, Item(value=value), name, str(number))
    change = insert(group, condition, time, Item(weight=0, value="b"), name, "late")
    assert found == (None if change is None else (change.episode.first, change.episode.last))


def test_what_an_event_matches_besides_makes_no_match_of_another() -> None:
    """What is held of an event until it is a match stands apart from what came after it."""
    first, second, besides = (Item(weight=weight, onward=Onward({}, "")) for weight in (1, 1, 0))
    pending = Pending([7, 8], [first, second])
    pending.add(7, besides)
    assert [time for time, _ in pending.take(7, 7, lambda _: True)] == [7]
    assert (first.onward, besides.onward) == (None, None)
    assert second.onward is not None
