"""The poison guard: guilty lines are found within three deaths, innocent ones never accused."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from support.engine import batch_of

from detector.poison import MAX_UNEXPLAINED, PoisonGuard
from rules.outcome import InternalEvent, Outcome

LINES = 12


def work(guard: PoisonGuard, poison: frozenset[int], killed_at: int | None) -> bool:
    """What an engine does with the batch; True if it survives. *killed_at*: somebody kills it at this line."""
    for index in range(LINES):
        if guard.careful:
            guard.progress(index)
        if index == killed_at or (index in poison and index not in guard.batch.skip):
            return False
    if guard.careful:
        guard.progress(None)
    return killed_at != LINES


def run(poison: frozenset[int], kills: Iterable[int | None]) -> tuple[PoisonGuard, int]:
    """Feed until the engine survives; the guard and the number of deaths."""
    guard, deaths, later = PoisonGuard(batch_of(["a line"] * LINES)), 0, iter(kills)
    while not work(guard, poison, next(later, None)):
        guard.died("died")
        deaths += 1
        assert not guard.hopeless
    return guard, deaths


@given(st.frozensets(st.integers(0, LINES - 1), max_size=4))
def test_exactly_the_poisonous_lines_are_left_out(poison: frozenset[int]) -> None:
    """Each costs at most three deaths."""
    guard, deaths = run(poison, [])
    assert guard.batch.skip == poison
    assert deaths <= 3 * len(poison)


@given(
    st.frozensets(st.integers(0, LINES - 1), max_size=2),
    st.lists(st.none() | st.integers(0, LINES), max_size=12).filter(
        lambda kills: all(a is None or a != b for a, b in pairwise(kills))
    ),
)
def test_kills_from_outside_accuse_nobody(poison: frozenset[int], kills: list[int | None]) -> None:
    """Whoever kills the engine at any line, only what is poisonous is left out."""
    kills = [None if kill in poison else kill for kill in kills]
    guard, _ = run(poison, kills)
    assert guard.batch.skip == poison


def test_a_death_after_the_last_line_is_nobodys_fault() -> None:
    """The batch is hopeless after many of them, and the guard says so instead of trying for ever."""
    guard = PoisonGuard(batch_of(["a line"] * LINES))
    for _ in range(MAX_UNEXPLAINED + 2):
        assert not guard.hopeless
        work(guard, frozenset(), killed_at=LINES)
        guard.died("died")
    assert guard.hopeless
    assert guard.batch.skip == frozenset()


def test_the_reason_is_told_with_the_line() -> None:
    """And lines that were left out by someone else keep theirs."""
    guard, _ = run(frozenset({3}), [])
    events = tuple(InternalEvent("auth", "s1", "o", line, 0, b"", "before") for line in (1, 4))
    told = guard.explained(Outcome(internal=events)).internal
    assert [event.reason for event in told] == ["before", "the engine died twice while working on this line"]
