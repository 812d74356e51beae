"""How an alert of another system stands, by what its sender says of it: in any order, and more than once. Pure.

A sender repeats itself, and what it says may come out of order: each word is held against the episode that it is about,
by the moments that the sender gives. Arrival decides only where it gives none: two machines' clocks are not compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

#: What goes on unchanged is told to the rules this often: a watch must not take it for quiet, nor a rule's hour end.
STILL_EVERY: Final = timedelta(minutes=50)
#: A firing of an episode that is over is late for so long; then its sender insists, and is believed.
LATE_WITHIN: Final = timedelta(minutes=15)
#: So many of one sender, and at least this share of its firing ones: it is the sender that is silent.
MANY: Final = 5
SHARE: Final = 0.5


class AlertState(StrEnum):
    """How an alert stands. Stored: never rename one."""

    FIRING = "firing"
    RESOLVED = "resolved"  #: the sender said that it is over
    EXPIRED = "expired"  #: the sender said until when it would be heard of again, and was not


class News(StrEnum):
    """What a word of a sender changes."""

    FIRES = "fires"  #: for the first time, or again
    CHANGED = "changed"  #: it still fires, and is now something else: another severity, other labels
    STILL = "still"  #: it still fires; told now and then
    OVER = "over"
    UNREPORTED = "unreported"
    REPEATED = "repeated"  #: nothing
    LATE = "late"  #: nothing: it is about an episode that is over, or older than the one that goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a sender says of an alert, once. Moments are aware UTC."""

    state: AlertState
    content: str  #: what rules look at: other text, other alert
    since: datetime | None  #: when the episode began, as the sender says
    ends_at: datetime | None  #: firing: no word by then and it is not reported any more; else when it ended
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How it stands."""

    state: AlertState
    content: str
    since: datetime | None  #: when the newest episode began, as the sender says
    ended_at: datetime | None  #: when the newest one that is over ended, as the sender says
    until: datetime | None  #: only while it fires, see `Word.ends_at`
    has_fired: bool
    changed_at: datetime  #: when it began to stand so, by our clock
    told_at: datetime | None  #: when the rules heard of it last


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of a word."""

    news: News
    standing: Standing
    is_told: bool  #: the rules are to hear of it


def hear(before: Standing | None, word: Word) -> Heard:
    """What *word* makes of how an alert stood; None: nobody spoke of it before."""
    if before is None:
        return _heard(_news_of_first(word), _begin(word), word)
    match word.state:
        case AlertState.FIRING:
            return _fires(before, word)
        case AlertState.RESOLVED:
            return _ends(before, word)
        case AlertState.EXPIRED:
            return _is_unreported(before, word)


def _news_of_first(word: Word) -> News:
    if word.state is AlertState.FIRING:
        return News.FIRES
    return News.OVER if word.state is AlertState.RESOLVED else News.REPEATED


def _begin(word: Word) -> Standing:
    fires = word.state is AlertState.FIRING
    return Standing(
        state=word.state,
        content=word.content,
        since=word.since,
        ended_at=None if fires else word.ends_at,
        until=word.ends_at if fires else None,
        has_fired=fires,
        changed_at=word.received_at,
        told_at=None,
    )


def _fires(before: Standing, word: Word) -> Heard:
    if before.state is not AlertState.FIRING:
        if _is_of_what_is_over(before, word):
            # Heard of for the first time: its record is opened, and asks nobody.
            after = replace(before, has_fired=True)
            return _heard(News.LATE, after, word, is_told=not before.has_fired)
        after = replace(
            _begin(word), since=_latest(before.since, word.since), ended_at=before.ended_at, told_at=before.told_at
        )
        return _heard(News.FIRES, after, word)
    if _is_older(word.since, before.since):
        return _heard(News.LATE, before, word)
    after = replace(before, since=_latest(before.since, word.since), until=word.ends_at, content=word.content)
    if after.content != before.content:
        return _heard(News.CHANGED, after, word)
    is_due = before.told_at is None or word.received_at - before.told_at >= STILL_EVERY
    return _heard(News.STILL if is_due else News.REPEATED, after, word)


def _ends(before: Standing, word: Word) -> Heard:
    if before.state is AlertState.FIRING and (
        _is_older(word.since, before.since) or _is_older(word.ends_at, before.since)
    ):
        return _heard(News.LATE, before, word)
    after = replace(
        before,
        state=AlertState.RESOLVED,
        since=_latest(before.since, word.since),
        ended_at=_latest(before.ended_at, word.ends_at),
        until=None,
    )
    if before.state is AlertState.RESOLVED:
        return _heard(News.REPEATED, after, word)
    return _heard(News.OVER, replace(after, changed_at=word.received_at), word)


def _is_unreported(before: Standing, word: Word) -> Heard:
    if before.state is not AlertState.FIRING:
        return _heard(News.REPEATED, before, word)
    after = replace(before, state=AlertState.EXPIRED, until=None, changed_at=word.received_at)
    return _heard(News.UNREPORTED, after, word)


def _is_of_what_is_over(before: Standing, word: Word) -> bool:
    """Whether a firing is of an episode that its sender has ended. Of one that was only not heard of, none is."""
    if before.state is AlertState.EXPIRED or word.since is None:
        return False
    if word.received_at - before.changed_at >= LATE_WITHIN:
        return False
    if before.since is not None and word.since <= before.since:
        return True
    return _is_older(word.since, before.ended_at)


def _heard(news: News, after: Standing, word: Word, *, is_told: bool | None = None) -> Heard:
    told = news not in (News.REPEATED, News.LATE) if is_told is None else is_told
    return Heard(news=news, standing=replace(after, told_at=word.received_at) if told else after, is_told=told)


def _is_older(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """An alert that fires and of which there should have been word."""

    key: str
    until: datetime
    said_at: datetime  #: the last word
    sender: str


def unheard(awaited: Sequence[Awaited], now: datetime, up_since: datetime) -> list[Awaited]:
    """Those whose senders had the time that they asked for, while we could hear them."""
    return [one for one in awaited if now >= max(one.until, up_since + (one.until - one.said_at))]


def is_silent(expired: int, firing: int) -> bool:
    """Whether it is the sender that is silent, rather than single alerts of it.

    Args:
        expired: How many of its alerts expire together.
        firing: How many of them fire, those included.
    """
    return expired >= MANY and expired >= SHARE * firing
