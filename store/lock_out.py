"""How long somebody must wait before another password of theirs is looked at. Pure.

Delays grow and end: nobody is locked out for good, and whoever guesses is slowed to a few tries an hour.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

FORGOTTEN_AFTER = timedelta(hours=24)  #: without another failure
_FIRST = timedelta(seconds=5)
_LONGEST = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """What is remembered of one person's, or one address's, refused sign-ins."""

    count: int
    last_at: datetime
    blocked_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose failures are counted."""

    key: str  #: hash of what names it
    free: int  #: how many may fail before there is a delay


def counted(before: Failures | None, subject: Subject, now: datetime) -> Failures:
    """What is remembered after one more failure at *now*."""
    known = before.count if before is not None and now - before.last_at < FORGOTTEN_AFTER else 0
    return Failures(count=known + 1, last_at=now, blocked_until=now + delay(known + 1, subject.free))


def delay(failures: int, free: int) -> timedelta:
    """How long to wait after that many *failures*, of which *free* cost nothing: 5 s, doubled each time, to 15 min."""
    over = failures - free
    if over <= 0:
        return timedelta(0)
    doubled: int = 2 ** min(over - 1, 20)
    return min(_FIRST * doubled, _LONGEST)
