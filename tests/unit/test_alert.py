"""How an alert stands does not depend on the order in which its sender's words come in."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as few
from hypothesis import strategies as st
from support.fakes import START

from rules.intake import alertmanager
from rules.intake.alert import Alert, NotAccepted, line_of, told_in
from store.alert import AlertState, Awaited, Heard, News, Standing, Word, hear, is_silent, unheard

MINUTE = timedelta(minutes=1)


def at(minutes: float) -> datetime:
    return START + minutes * MINUTE


def fires(since: float | None = 0, received: float = 0, until: float | None = None, content: str = "") -> Word:
    """A word that it has fired since then."""
    return Word(
        state=AlertState.FIRING,
        content=content,
        since=None if since is None else at(since),
        ends_at=None if until is None else at(until),
        received_at=at(received),
    )


def ends(since: float | None = 0, ended: float | None = 1, received: float = 1) -> Word:
    """A word that it is over."""
    word = fires(since, received)
    return replace(word, state=AlertState.RESOLVED, ends_at=None if ended is None else at(ended))


def said(*words: Word) -> list[Heard]:
    """What came of each word, in turn."""
    found: list[Heard] = []
    standing: Standing | None = None
    for word in words:
        found.append(hear(standing, word))
        standing = found[-1].standing
    return found


def news(*words: Word) -> list[News]:
    return [one.news for one in said(*words)]


def test_a_repetition_is_no_news() -> None:
    """Until an hour has passed: a watch must not take for quiet what goes on."""
    assert news(fires(), fires(received=1), fires(received=61)) == [News.FIRES, News.REPEATED, News.STILL]
    assert news(fires(), ends(), ends(received=2)) == [News.FIRES, News.OVER, News.REPEATED]


def test_other_content_is_news() -> None:
    """Its severity rose, for instance."""
    assert news(fires(), fires(content="worse")) == [News.FIRES, News.CHANGED]


def test_a_late_firing_does_not_fire_again() -> None:
    """It is of the episode that is over; of an episode nobody heard of, the rules hear, and it is over at once."""
    assert news(fires(), ends(), fires(received=2)) == [News.FIRES, News.OVER, News.LATE]
    [over, late, again] = said(ends(), fires(received=2), fires(received=3))
    assert (over.is_told, late.news, late.is_told, again.is_told) == (True, News.LATE, True, False)
    assert again.standing.state is AlertState.RESOLVED


def test_who_insists_is_believed() -> None:
    """Of a pair of senders one may see on what the other does not."""
    assert news(fires(), ends(), fires(received=16.1)) == [News.FIRES, News.OVER, News.FIRES]


def test_who_gives_no_moments_is_taken_by_arrival() -> None:
    """The clocks of two machines are not compared: nothing is late there."""
    words = (fires(None), ends(None, None, 1), fires(None, 2), ends(None, None, 3))
    assert news(*words) == [News.FIRES, News.OVER, News.FIRES, News.OVER]


def test_a_late_end_ends_nothing() -> None:
    """It is about an episode before the one that goes on."""
    assert news(fires(0), fires(5, 5), ends(0, 1, 6)) == [News.FIRES, News.REPEATED, News.LATE]


def test_what_was_not_reported_and_is_again() -> None:
    """Nobody had ended it: the same episode fires again."""
    gone = replace(fires(received=5), state=AlertState.EXPIRED)
    assert news(fires(until=4), gone, gone, fires(received=6)) == [
        News.FIRES,
        News.UNREPORTED,
        News.REPEATED,
        News.FIRES,
    ]
    assert news(fires(until=4), gone, ends(received=6)) == [News.FIRES, News.UNREPORTED, News.OVER]


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Word], list[Word]]:
    """Some episodes of one alert in true order; and their words in any order, some twice, some lost but the last."""
    words: list[Word] = []
    for number in range(draw(st.integers(1, 3))):
        words += [fires(2 * number), ends(2 * number, 2 * number + 1)]
    if draw(st.booleans()):
        words.pop()
    rest = draw(st.lists(st.sampled_from(words), max_size=8))
    order = draw(st.permutations([words[-1], *rest]))
    return words, [replace(word, received_at=at(place / 10)) for place, word in enumerate(order)]


@few(max_examples=50)
@given(deliveries())
def test_the_newest_word_wins_whatever_the_order(told: tuple[list[Word], list[Word]]) -> None:
    """And it does not change back and forth more often than it can have."""
    words, order = told
    heard = said(*order)
    assert heard[-1].standing.state is words[-1].state
    newest = max(word.since for word in order if word.since)
    assert heard[-1].standing.since == newest
    fired = [one for one in heard if one.news is News.FIRES]
    assert len(fired) <= len({word.since for word in order if word.state is AlertState.FIRING})


@pytest.mark.parametrize(
    ("now", "up_since", "expected"), [(3.9, -9, False), (4, -9, True), (4, 2, False), (5.9, 2, False), (6, 2, True)]
)
def test_who_could_not_be_heard_is_waited_for(now: float, up_since: float, expected: bool) -> None:
    """After a start a sender has the time again that it asked for."""
    one = Awaited(key="a", until=at(4), said_at=at(0), sender="prom")
    assert bool(unheard([one], at(now), at(up_since))) is expected


def test_many_at_once_mean_the_sender() -> None:
    """A few of many are single alerts."""
    assert [is_silent(*counts) for counts in ((5, 5), (50, 100), (4, 4), (10, 100))] == [True, True, False, False]


def posted(count: int = 1) -> bytes:
    """What a client posts that announces no end."""
    return json.dumps([{"labels": {"alertname": f"a{number}"}} for number in range(count)]).encode()


def test_what_is_posted_without_an_end_is_awaited_for_five_minutes() -> None:
    """As Alertmanager does it; a webhook is not repeated, so nothing of it is awaited."""
    [one] = alertmanager.posted(posted(), at(0))
    assert (one.status, one.ends_at) == ("firing", at(5))
    [other] = alertmanager.webhook(b'{"version": "4", "alerts": ' + posted() + b"}")
    assert (other.status, other.ends_at) == ("firing", None)


def test_a_body_holds_so_many_alerts() -> None:
    """Each costs the writer some time."""
    assert len(alertmanager.posted(posted(5_000), at(0))) == 5_000
    with pytest.raises(NotAccepted, match="at most 5000"):
        alertmanager.posted(posted(5_001), at(0))


def test_annotations_make_no_other_alert() -> None:
    """Senders write values into them that change all the time; labels and severity do."""
    one, more, worse = (
        told_in(line_of(Alert(name="a", severity=severity, annotations={"value": value})))[0].content
        for severity, value in (("low", "1"), ("low", "2"), ("high", "2"))
    )
    assert one == more != worse
