"""Windows and episodes against a reference that looks at every window anew."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count as counting

import hypothesis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.budget import rounds

from rules.compact import compact
from rules.correlate import insert, settle
from rules.group import Change, Condition, Episode, Group, Item, Measure

SPAN = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation."""

    time: int
    weight: int = 1
    value: str = "a"


def in_order(values: Iterable[str], order: tuple[str, ...]) -> bool:
    """Whether *order* is a subsequence of *values*."""
    rest = iter(values)
    return all(wanted in rest for wanted in order)


def qualifies(window: list[Seen], condition: Condition) -> bool:
    """The condition, asked of the observations of one window."""
    if condition.measure is Measure.ORDER:
        return in_order([seen.value for seen in window], condition.order)
    if condition.measure is Measure.EVENTS:
        return condition.holds(sum(seen.weight for seen in window))
    return condition.holds(len({seen.value for seen in window}))


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


def run(seen: list[Seen], condition: Condition, *, eager_compaction: bool = False) -> Told:
    """Feed in the order of reading."""
    group, told, name = Group(), Told(), namer()
    for position, one in enumerate(seen):
        told.take(insert(group, condition, one.time, Item(weight=one.weight, value=one.value), name, str(position)))
        if eager_compaction:
            group.roomy = 0
            compact(group, condition, None)
    for change in settle(group, condition, 10**9, name) if not condition.eager else ():
        told.take(change)
    return told


times = st.one_of(st.integers(0, 40), st.integers(0, 400))
observations = st.lists(
    st.builds(Seen, time=times, weight=st.sampled_from([1, 1, 1, 2, 5]), value=st.sampled_from("abcd")), max_size=40
)
eager = st.builds(
    Condition,
    measure=st.sampled_from([Measure.EVENTS, Measure.VALUES]),
    span=st.sampled_from([0, 3, SPAN]),
    count=st.integers(1, 5),
    op=st.sampled_from(["gte", "gt"]),
)
ordered_conditions = st.builds(
    Condition,
    measure=st.just(Measure.ORDER),
    span=st.sampled_from([0, 3, SPAN]),
    count=st.just(2),
    order=st.sampled_from([("a", "b"), ("a", "b", "c"), ("a", "a", "b")]),
)
waiting = st.builds(
    Condition,
    measure=st.sampled_from([Measure.EVENTS, Measure.VALUES]),
    span=st.sampled_from([0, 3, SPAN]),
    count=st.integers(0, 5),
    op=st.sampled_from(["lt", "lte", "eq", "neq"]),
)


@given(observations, eager)
def test_any_order_of_reading_gives_what_brute_force_gives(seen: list[Seen], condition: Condition) -> None:
    """Late, forged and equal stamps: the episodes are those of all qualifying windows, whatever came when."""
    assert run(seen, condition).seen == brute_force(seen, condition)


@given(observations, eager)
def test_what_is_let_go_decides_nothing(seen: list[Seen], condition: Condition) -> None:
    """The same holds when everything that can go goes after each observation."""
    assert run(seen, condition, eager_compaction=True).seen == brute_force(seen, condition)


@given(observations, waiting)
def test_conditions_that_wait_give_what_brute_force_gives(seen: list[Seen], condition: Condition) -> None:
    """Fewer than n, exactly n, not n: judged when the windows have ended."""
    assert run(seen, condition).seen == brute_force(seen, condition)


@given(observations, ordered_conditions)
def test_values_in_order_give_what_brute_force_gives(seen: list[Seen], condition: Condition) -> None:
    """First one rule, then another: equal stamps stand in the order of reading."""
    assert run(seen, condition).seen == brute_force(seen, condition)


@given(observations, eager)
def test_old_observations_go_when_the_watermark_has_passed(seen: list[Seen], condition: Condition) -> None:
    """In order, with a watermark on the heels of the newest: nothing changes but what is held."""
    seen = sorted(seen, key=lambda one: one.time)
    group, told, name = Group(), Told(), namer()
    for position, one in enumerate(seen):
        told.take(insert(group, condition, one.time, Item(weight=one.weight, value=one.value), name, str(position)))
        group.roomy = 0
        compact(group, condition, one.time)
        assert not group.times or group.times[0] >= one.time - condition.span
    assert told.seen == brute_force(seen, condition)


def test_a_late_line_joins_two_episodes_under_the_older_name() -> None:
    """What was told as two becomes one; the younger says into which."""
    condition = Condition(measure=Measure.EVENTS, span=10, count=2)
    told = run([Seen(0), Seen(5), Seen(20), Seen(22), Seen(13)], condition)
    assert told.seen == {(0, 22, 5)}
    (last,) = [change for change in told.changes if change.merged]
    assert (last.episode.number, [younger.number for younger in last.merged]) == (1, [2])


def test_an_episode_opens_with_the_line_that_fulfils_the_condition() -> None:
    """Not a moment later: no waiting for the window's end."""
    condition = Condition(measure=Measure.EVENTS, span=10, count=3)
    told = run([Seen(0), Seen(1), Seen(2), Seen(30)], condition)
    assert list(told.episodes) == ["2-1"]


def test_repeats_count_as_often_as_they_say() -> None:
    """ "message repeated 5 times" is five observations."""
    condition = Condition(measure=Measure.EVENTS, span=10, count=5)
    assert run([Seen(3, weight=5)], condition).seen == {(3, 3, 5)}


def test_a_long_episode_is_held_by_its_edges_only() -> None:
    """A hundred thousand failures of one attacker cost as little memory as twenty."""
    condition = Condition(measure=Measure.EVENTS, span=1000, count=5)
    group, told, name = Group(), Told(), namer()
    for time in range(100_000):
        told.take(insert(group, condition, time // 10, Item(), name, str(time)))
        compact(group, condition, None)
    assert told.seen == {(0, 9_999, 100_000)}
    assert len(group.times) < 100


def test_more_than_may_be_held_is_said() -> None:
    """When the cap makes a count inexact the episode says approximate, and memory stays bounded."""
    condition = Condition(measure=Measure.VALUES, span=10**6, count=3, max_held=100)
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


class Watched(list[int]):
    """Counts how often it is looked into."""

    looks = 0

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        self.looks += 1
        return super().__getitem__(index)


def test_in_order_work_does_not_grow_with_what_is_held() -> None:
    """The judgement of the newest observation looks at the n-th newest and bisects; it never walks."""
    group, condition = Group(), Condition(measure=Measure.EVENTS, span=1000, count=5)
    group.times = watched = Watched()
    for time in range(5_000):
        insert(group, condition, time, Item(), namer(), str(time))
    assert watched.looks < 5_000 * 80


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_many_more_examples(seed: int) -> None:
    """What brute force gives, for as long as the budget allows."""
    for number in rounds(0.05, seed):
        for check in (test_any_order_of_reading_gives_what_brute_force_gives, test_what_is_let_go_decides_nothing):
            again = given(observations, eager)(check.hypothesis.inner_test)  # type: ignore[attr-defined]
            hypothesis.seed(number)(settings(settings.get_profile("soak"))(again))()
