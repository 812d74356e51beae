"""What a watch tests: its scope, what it counts, and what it has to say about closing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.fakes import START

from rules.event import Entity
from store.promise import (
    MOST_NAMED,
    Match,
    Promise,
    against_closing,
    broken_from,
    is_within,
    matches_before,
    matches_since,
    protected,
    reopens_until,
)
from store.watch import Judgement, Span, Verdict

WEB1 = Entity(kind="host", value="web1")
WEB2 = Entity(kind="host", value="web2")
ROOT = Entity(kind="account", value="root")
MALLORY = Entity(kind="source", value="203.0.113.7")
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
PLANNED = Promise(
    incident=1,
    number=1,
    cycle=1,
    criterion="none",
    rules=("rule-1",),
    sources=("auth",),
    hours=24,
    planned_by="ina",
    planned_at=START,
)
RUNNING = PLANNED.begun(START, {"rule-1": "v1"})


def over(verdict: Verdict) -> Promise:
    judgement = Judgement(verdict=verdict, expected=1, p=1, sentence="1 a day before, 0 in 24 exposed hours")
    return replace(RUNNING, judgement=judgement, ended_at=START + DAY)


def match(first: float, last: float | None = None, events: int = 1, taken: float | None = None) -> Match:
    """From second to second."""
    end = first if last is None else last
    return Match(
        first_seen=START + first * SECOND,
        last_seen=START + end * SECOND,
        events=events,
        taken_at=START + (first if taken is None else taken) * SECOND,
    )


def span(start: float, end: float) -> Span:
    return Span(start=START + start * SECOND, end=START + end * SECOND)


@pytest.mark.parametrize(
    ("scope", "named", "within"),
    [
        ((), (), True),
        ((WEB1,), (WEB1, MALLORY), True),
        ((WEB1,), (WEB2,), False),
        ((WEB1,), (), False),
        ((WEB1, WEB2), (WEB2,), True),
        ((WEB1, ROOT), (WEB1, ROOT), True),
        ((WEB1, ROOT), (WEB1,), False),
        ((WEB1, ROOT), (WEB2, ROOT), False),
        ((WEB1,), tuple(Entity(kind="host", value=f"h{n}") for n in range(MOST_NAMED)), True),
        ((ROOT,), tuple(Entity(kind="host", value=f"h{n}") for n in range(MOST_NAMED)), False),
    ],
)
def test_a_scope_asks_for_one_of_each_kind(scope: tuple[Entity, ...], named: tuple[Entity, ...], within: bool) -> None:
    """Any of several hosts; host and account both; of one that names as many as are told, more may be meant."""
    assert is_within(scope, named) is within


def test_an_attacker_is_not_protected() -> None:
    """What is kept of a finding is what a scope can name."""
    assert protected((MALLORY, WEB1, ROOT)) == (WEB1, ROOT)


@pytest.mark.parametrize(
    ("matches", "exposed", "count"),
    [
        ([match(5)], [span(0, 10)], 1),
        ([match(10)], [span(0, 10)], 0),
        ([match(5, events=7)], [span(0, 3), span(4, 6)], 7),
        ([match(0, 10, events=10)], [span(0, 5)], 5),
        ([match(0, 10, events=10)], [span(0, 2), span(8, 9)], 3),
        ([match(0, 10, events=3)], [span(0, 5)], 1),
        ([match(-10, 10, events=3), match(-10, 10, events=3)], [span(-10, 0)], 3),
        ([match(0, 10, events=3)], [], 0),
    ],
)
def test_only_what_was_seen_counts_before(matches: list[Match], exposed: list[Span], count: int) -> None:
    """The events of an episode as far as it was looked; what is in doubt is left out."""
    assert matches_before(matches, exposed) == count


@pytest.mark.parametrize(
    ("found", "count"),
    [
        (match(0, events=4), 4),
        (match(1, 9, events=4), 4),
        (match(-9, -1, events=4), 0),
        (match(-9, 1, events=4), 1),
        (match(-5, 5, events=4), 2),
        (match(-999, 1, events=1000), 1),
        (match(-1, 999, events=1000), 999),
        (match(-0.5, events=4, taken=1), 4),
        (match(-0.5, events=4, taken=-0.5), 0),
        (match(-1.5, events=4, taken=1), 0),
    ],
)
def test_what_goes_on_after_the_fix_counts(found: Match, count: int) -> None:
    """Of an episode that began before, at least one; a stamp of whole seconds may be of a line written later."""
    assert matches_since([found], START) == count


def test_closing_asks_for_all_verdicts() -> None:
    """Each watch that stands against it is named, with what is to be done."""
    told = [
        PLANNED,
        replace(RUNNING, number=2),
        replace(over(Verdict.INSUFFICIENT_DATA), number=3),
        replace(over(Verdict.NOT_EFFECTIVE), number=4),
        replace(over(Verdict.NOT_EFFECTIVE), number=5, accepted_by="abe"),
        replace(over(Verdict.EFFECTIVE), number=6),
        replace(over(Verdict.EFFECTIVE_TESTED), number=7),
        replace(over(Verdict.NOT_EFFECTIVE), number=8, retired_at=START),
    ]
    assert [(one.code, one.missing) for one in against_closing(told)] == [
        ("watch_running", ("watch 1",)),
        ("watch_running", ("watch 2",)),
        ("verdict_missing", ("watch 3",)),
        ("not_effective", ("watch 4",)),
    ]
    assert [one.code for one in against_closing([])] == ["verdict_missing"]
    assert [one.code for one in against_closing([replace(RUNNING, retired_at=START)])] == ["verdict_missing"]


@pytest.mark.parametrize(
    ("hours", "days"), [(1 / 3600, 30), (24 * 14, 30), (24 * 60, 60), (24 * 90, 90), (24 * 120, 90)]
)
def test_for_how_long_a_match_reopens(hours: float, days: int) -> None:
    """Thirty days after the fix, longer if it is watched longer, never more than ninety."""
    assert reopens_until([replace(PLANNED, hours=hours).begun(START, {})]) == START + days * DAY


def test_since_when_a_match_breaks_the_promise() -> None:
    """From the fix on, if none at all was promised; where some are, or the risk is borne, only after closing."""
    assert broken_from([over(Verdict.EFFECTIVE)]) == START
    assert broken_from([over(Verdict.EFFECTIVE), replace(RUNNING, at_most=3)]) is None
    assert broken_from([replace(over(Verdict.NOT_EFFECTIVE), accepted_by="abe")]) is None
    assert broken_from([PLANNED]) is None
    assert broken_from([]) is None
    assert reopens_until([PLANNED]) is None


def test_a_fix_made_anew_begins_anew() -> None:
    """It lasts as long as was planned, and may be extended again."""
    again = replace(RUNNING, extended=True).begun(START + DAY, {})
    assert (again.start, again.until, again.extended) == (START + DAY, START + 2 * DAY, False)
