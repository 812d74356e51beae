"""When people work: working time, counted across weekends, holidays and changes of the clock. Pure.

Working time is what really passes between opening and closing, so an hour is an hour also on the night on which the
clock is put back. A day's work is as long as the hours say, e.g. eight hours for 09:00 to 17:00.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

MONDAY_TO_FRIDAY = frozenset({0, 1, 2, 3, 4})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The hours in which a site works.

    Raises:
        ValueError: there is no day or no time to work in.
    """

    zone: tzinfo = UTC
    days: frozenset[int] = MONDAY_TO_FRIDAY  #: 0 is Monday
    opens: time = time(9)
    closes: time = time(17)  #: midnight stands for the end of the day
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.days:
            raise ValueError("a calendar needs a working day")
        if self.working_day <= timedelta(0):
            raise ValueError(f"work cannot end at {self.closes} if it begins at {self.opens}")

    @property
    def working_day(self) -> timedelta:
        """How long one works on a day."""
        ends = _since_midnight(self.closes) or _DAY
        return ends - _since_midnight(self.opens)

    def is_working_day(self, day: date) -> bool:
        """Whether one works on *day*."""
        return day.weekday() in self.days and day not in self.holidays

    def after(self, start: datetime, work: timedelta) -> datetime:
        """The moment at which *work* has passed in working time since *start*. Aware UTC.

        What ends with a day's work ends at its closing, not at the next opening. No work at all is over at *start*.
        """
        left, start = work, start.astimezone(UTC)
        if left <= timedelta(0):
            return start
        for opening, closing in self._openings(start):
            begin = max(opening, start)
            if closing - begin >= left:
                return begin + left
            left -= max(closing - begin, timedelta(0))
        raise AssertionError("the days of work never end")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time that passes from *start* to *end*; none if *end* is before *start*."""
        passed, start, end = timedelta(0), start.astimezone(UTC), end.astimezone(UTC)
        for opening, closing in self._openings(start):
            if opening >= end:
                break
            passed += max(min(closing, end) - max(opening, start), timedelta(0))
        return passed

    def next_opening(self, moment: datetime) -> datetime:
        """The beginning of the next working day, as people say it: never of the day that it is. Aware UTC."""
        tomorrow = moment.astimezone(self.zone).date() + _DAY
        return next(opening for opening, _ in self._hours_from(tomorrow))

    def months_after(self, start: datetime, months: int) -> datetime:
        """The same day and time *months* later in this zone; the month's last day if it has no such day. Aware UTC."""
        local = start.astimezone(self.zone)
        year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
        day = min(local.day, calendar.monthrange(year, month + 1)[1])
        return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)

    def _openings(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """(opening, closing) of the working days from the day of *start* on."""
        return self._hours_from(start.astimezone(self.zone).date())

    def _hours_from(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        while True:
            if self.is_working_day(day):
                last = day + _DAY if self.closes == time(0) else day
                yield self._at(day, self.opens), self._at(last, self.closes)
            day += _DAY

    def _at(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, tzinfo=self.zone).astimezone(UTC)


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
