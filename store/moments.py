"""Moments as integers, and moments that never go back."""

from datetime import UTC, date, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Years that a person may name. Far from where a calendar ends, so that whatever is reckoned from them can be told, in
#: each zone.
FIRST_YEAR, LAST_YEAR = 1970, 2200


def is_sensible(moment: date) -> bool:
    """Whether a day or moment that somebody names lies in a year that they can have meant."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR


def to_microseconds(moment: datetime) -> int:
    """Integer microseconds since 1970. Exact, unlike ``timestamp()``."""
    if moment.tzinfo is None:
        raise ValueError(f"a stored moment must be aware, {moment!r} has no zone")
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The moment, aware UTC."""
    return _EPOCH + timedelta(microseconds=value)


class Instants:
    """Instants that never go back, although the machine's clock may.

    While the clock is behind the last instant, time goes on at half its pace until the clock has caught up, so that
    nothing that is due "later" waits for as long as the clock was ahead.
    """

    def __init__(self, last: datetime, monotonic: float) -> None:
        self._last = last
        self._monotonic = monotonic

    def next(self, wall: datetime, monotonic: float) -> datetime:
        """The instant to use when the clock says *wall* and *monotonic*."""
        passed = timedelta(seconds=max(0.0, monotonic - self._monotonic))
        self._last = wall if wall >= self._last else self._last + passed / 2
        self._monotonic = monotonic
        return self._last
