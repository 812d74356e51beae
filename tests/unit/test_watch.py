"""The watch: exposed hours, and what silence is worth."""

from datetime import timedelta
from decimal import Decimal, getcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import START

from store.form_fields import VERDICTS
from store.watch import (
    Count,
    Ended,
    Extended,
    Running,
    Span,
    Trial,
    Verdict,
    Watch,
    at_most,
    exposure,
    extended,
    hours,
    judge,
    look,
    rate,
)

TRIED = Trial(by="bo", how="ten wrong passwords from outside", evidence="ATT-3")
DAYS_14 = 14 * 24.0
BUSY = Count(matches=196, exposed_hours=DAYS_14)  #: 14 a day
WATCH = Watch(start=START, until=START + timedelta(days=14))


def span(start: float, end: float) -> Span:
    """From hour to hour."""
    return Span(start=START + timedelta(hours=start), end=START + timedelta(hours=end))


@pytest.mark.parametrize(
    ("covers", "exposed"),
    [
        ([], 10),
        ([[]], 0),
        ([[span(-5, 15)]], 10),
        ([[span(2, 4), span(6, 7)]], 3),
        ([[span(6, 7), span(2, 4), span(3, 5)]], 4),
        ([[span(0, 5), span(5, 10)]], 10),
        ([[span(0, 6)], [span(4, 10)]], 2),
        ([[span(0, 3)], [span(3, 10)]], 0),
        ([[span(0, 8)], [span(1, 3), span(7, 9)], [span(2, 20)]], 2),
        ([[span(4, 4)]], 0),
        ([[span(11, 12)]], 0),
    ],
)
def test_exposed_hours(covers: list[list[Span]], exposed: float) -> None:
    """Only the time counts in which the rule was loaded and every source it needs was alive."""
    assert hours(exposure(span(0, 10), *covers)) == exposed


def test_no_time_is_no_exposure() -> None:
    """A watch that ends before it begins has seen nothing."""
    assert exposure(span(5, 5)) == exposure(span(5, 1)) == ()


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6)


@given(st.lists(SPANS, max_size=3))
def test_exposure_is_the_set_of_common_hours(covers: list[list[tuple[int, int]]]) -> None:
    """Hour by hour, an hour is exposed if it lies in the window and in each cover; no hour counts twice."""
    expected = set(range(5, 25))
    for cover in covers:
        expected &= {hour for start, end in cover for hour in range(start, end)}
    found = exposure(span(5, 25), *([span(*one) for one in cover] for cover in covers))
    assert hours(found) == len(expected)
    assert list(found) == sorted(found)


def exact(count: int, mean: Fraction) -> float:
    """The Poisson sum by exact fractions and fifty digits of e."""
    getcontext().prec = 50
    term = total = Fraction(1)
    for k in range(1, count + 1):
        term = term * mean / k
        total += term
    share = Decimal(total.numerator) / Decimal(total.denominator)
    return float(share * (-(Decimal(mean.numerator) / Decimal(mean.denominator))).exp())


@pytest.mark.parametrize("mean", [Fraction(1, 100), Fraction(1), Fraction(3), Fraction(299, 100), Fraction(196)])
@pytest.mark.parametrize("count", [0, 1, 2, 5, 10, 150, 196, 240])
def test_against_the_exact_sum(count: int, mean: Fraction) -> None:
    """The probability is the exact Poisson sum, for small and for large means."""
    assert at_most(count, float(mean)) == pytest.approx(exact(count, mean), rel=1e-9)


def test_edges_of_the_distribution() -> None:
    """Nothing expected is surely at most nothing; a mean beyond what a float's exponential bears does not fail."""
    assert at_most(0, 0.0) == 1.0
    assert at_most(7, 0.0) == 1.0
    assert at_most(0, 5000.0) == 0.0
    assert at_most(5000, 5000.0) == pytest.approx(0.5, abs=0.01)


@given(st.integers(0, 60), st.floats(0.001, 60))
def test_more_is_likelier_and_a_higher_rate_makes_few_less_likely(count: int, mean: float) -> None:
    """The sum rises with the count and falls with the mean, and is a probability."""
    p = at_most(count, mean)
    assert 0 <= p <= at_most(count + 1, mean) <= 1
    assert at_most(count, mean * 1.1) <= p + 1e-12


@pytest.mark.parametrize(
    ("before", "after", "limit", "test", "verdict"),
    [
        # The old rate would have given 196: silence cannot be chance.
        (BUSY, Count(matches=0, exposed_hours=336), 0, None, Verdict.EFFECTIVE),
        # Exactly three expected: e^-3 = 0.0498.
        (Count(matches=3, exposed_hours=100), Count(matches=0, exposed_hours=100), 0, None, Verdict.EFFECTIVE),
        # Just under three.
        (
            Count(matches=3, exposed_hours=100),
            Count(matches=0, exposed_hours=99.9),
            0,
            None,
            Verdict.INSUFFICIENT_DATA,
        ),
        (
            Count(matches=1, exposed_hours=720),
            Count(matches=0, exposed_hours=720),
            0,
            TRIED,
            Verdict.EFFECTIVE_TESTED,
        ),
        # A rate that suffices needs no test to be believed.
        (BUSY, Count(matches=0, exposed_hours=336), 0, TRIED, Verdict.EFFECTIVE),
        # Nobody looked during the watch, or nobody did before.
        (BUSY, Count(matches=0, exposed_hours=0), 0, None, Verdict.INSUFFICIENT_DATA),
        (Count(matches=0, exposed_hours=0), Count(matches=0, exposed_hours=336), 0, None, Verdict.INSUFFICIENT_DATA),
        (Count(matches=5, exposed_hours=0), Count(matches=0, exposed_hours=336), 0, None, Verdict.INSUFFICIENT_DATA),
        # One match where none was promised, however fewer than before; no test outweighs it.
        (BUSY, Count(matches=1, exposed_hours=336), 0, None, Verdict.NOT_EFFECTIVE),
        (BUSY, Count(matches=1, exposed_hours=336), 0, TRIED, Verdict.NOT_EFFECTIVE),
        (BUSY, Count(matches=1, exposed_hours=0), 0, None, Verdict.NOT_EFFECTIVE),
        # A limit: some noise was promised.
        (BUSY, Count(matches=5, exposed_hours=336), 5, None, Verdict.EFFECTIVE),
        (BUSY, Count(matches=6, exposed_hours=336), 5, None, Verdict.NOT_EFFECTIVE),
        # Within the limit, but no fewer than before.
        (
            Count(matches=5, exposed_hours=336),
            Count(matches=5, exposed_hours=336),
            5,
            None,
            Verdict.INSUFFICIENT_DATA,
        ),
        # Four expected, one seen: p = 0.09.
        (
            Count(matches=4, exposed_hours=336),
            Count(matches=1, exposed_hours=336),
            1,
            None,
            Verdict.INSUFFICIENT_DATA,
        ),
    ],
)
def test_verdicts(before: Count, after: Count, limit: int, test: Trial | None, verdict: Verdict) -> None:
    """Each case has its verdict."""
    assert judge(before, after, limit=limit, test=test).verdict is verdict


@pytest.mark.parametrize(
    ("before", "after", "limit", "sentence"),
    [
        (BUSY, Count(matches=0, exposed_hours=336), 0, "14 a day before, 0 in 336 exposed hours"),
        (
            Count(matches=30, exposed_hours=0.001),
            Count(matches=0, exposed_hours=0.002),
            0,
            "720000 a day before, 0 in 0.002 exposed hours",
        ),
        (
            Count(matches=0, exposed_hours=0),
            Count(matches=0, exposed_hours=0),
            0,
            "nothing could be counted; the old rate would have given 0.0, too few for silence to prove anything",
        ),
        (
            Count(matches=1, exposed_hours=720),
            Count(matches=0, exposed_hours=336),
            0,
            "1 in 720 hours before, 0 in 336 exposed hours; "
            "the old rate would have given 0.5, too few for silence to prove anything",
        ),
        (
            BUSY,
            Count(matches=2, exposed_hours=36.5),
            0,
            "14 a day before, 2 in 36 exposed hours; none was promised",
        ),
        (
            Count(matches=4, exposed_hours=336),
            Count(matches=1, exposed_hours=336),
            1,
            "4 in 336 hours before, 1 in 336 exposed hours; "
            "the old rate would have given 4.0, and the difference may be chance",
        ),
        (
            BUSY,
            Count(matches=6, exposed_hours=336),
            5,
            "14 a day before, 6 in 336 exposed hours; at most 5 were promised",
        ),
    ],
)
def test_sentences(before: Count, after: Count, limit: int, sentence: str) -> None:
    """People read the numbers that the verdict rests on."""
    assert judge(before, after, limit=limit).sentence == sentence


def test_a_test_is_named() -> None:
    """Who tried, how, and the evidence stand in the sentence."""
    sentence = judge(Count(matches=0, exposed_hours=1), Count(matches=0, exposed_hours=1), test=TRIED).sentence
    assert sentence.endswith("tried by bo")


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (Count(matches=36, exposed_hours=24), "36 a day"),
        (Count(matches=3, exposed_hours=48), "1.5 a day"),
        (Count(matches=1, exposed_hours=24), "1 a day"),
        (Count(matches=1, exposed_hours=48), "1 in 48 hours"),
        (Count(matches=0, exposed_hours=0), "0 in 0 hours"),
    ],
)
def test_rates_as_people_say_them(count: Count, said: str) -> None:
    """A rate is told by the day, or by the hours looked at where that would be a fraction."""
    assert rate(count) == said


def test_a_watch_runs_until_its_end() -> None:
    """Before its end silence is no verdict; at its end it is one."""
    silent = Count(matches=0, exposed_hours=336)
    assert look(WATCH, BUSY, silent, now=WATCH.until - timedelta(seconds=1)) == Running(until=WATCH.until)
    ended = look(WATCH, BUSY, silent, now=WATCH.until)
    assert isinstance(ended, Ended)
    assert ended.judgement.verdict is Verdict.EFFECTIVE


def test_too_many_matches_end_it_at_once() -> None:
    """A watch whose promise is broken is not waited for."""
    ended = look(WATCH, BUSY, Count(matches=1, exposed_hours=1), now=START + timedelta(hours=1))
    assert isinstance(ended, Ended)
    assert ended.judgement.verdict is Verdict.NOT_EFFECTIVE


def test_extended_once() -> None:
    """A watch that proved nothing goes on once for the same time, and then ends with insufficient data."""
    rare, silent = Count(matches=1, exposed_hours=720), Count(matches=0, exposed_hours=336)
    first = look(WATCH, rare, silent, now=WATCH.until)
    assert isinstance(first, Extended)
    assert first.watch == extended(WATCH)
    assert first.watch.until == START + timedelta(days=28)
    last = look(first.watch, rare, silent, now=first.watch.until)
    assert isinstance(last, Ended)
    assert last.judgement.verdict is Verdict.INSUFFICIENT_DATA


def test_the_form_knows_the_verdicts() -> None:
    """The follow-up form offers exactly the verdicts that there are."""
    assert tuple(verdict.value for verdict in Verdict) == VERDICTS
