"""Values of days and hours: the calendar, leave, clocks, terms."""

from collections.abc import Iterable, Iterator
from datetime import date, time

from detector.config.positions import KeyPath
from detector.config.problems import Problem
from detector.config.records import Config
from detector.config.sections.governing import Clock, Regulatory
from detector.config.shape import dotted

MIDNIGHT = time(0)


def check_times(config: Config) -> Iterator[Problem]:
    """Everything that is wrong with days and hours."""
    yield from calendar(config)
    yield from leave(config)
    yield from lengths(config)
    yield from digests(config)


def digests(config: Config) -> Iterator[Problem]:
    """A digest goes out at a time of day, to each person once."""
    seen: dict[str, str] = {}
    for index, one in enumerate(config.receivers):
        if not one.digest_at:
            continue
        path: KeyPath = ("receiver", index, "digest_at")
        if not is_time(one.digest_at):
            message = f'{dotted(path)} "{one.digest_at}" is no time of day'
            yield Problem(path=path, at_value=True, message=message, hint='e.g. "08:00"')
        if one.person and one.person in seen:
            message = f"{one.person} has a digest at receiver {seen[one.person]} already"
            yield Problem(path=path, message=message, hint="keep one of them: one goes out a day")
        seen.setdefault(one.person, one.name)


def is_time(text: str) -> bool:
    """Whether it is a time of day, e.g. "08:00"."""
    try:
        return len(text) == len("08:00") and time.fromisoformat(text).tzinfo is None
    except ValueError:
        return False


def calendar(config: Config) -> Iterator[Problem]:
    """There are days and hours to work in, and holidays are dates."""
    told = config.calendar
    if not told.days:
        message = "calendar.days is empty: nothing would ever be due in working days"
        yield Problem(path=("calendar", "days"), message=message, hint="name at least one day")
    if hours_of(told.hours) is None:
        message = f'calendar.hours "{told.hours}" is no span of hours within a day'
        yield Problem(path=("calendar", "hours"), at_value=True, message=message, hint='e.g. "09:00-17:00"')
    for index, day in enumerate(told.holidays):
        yield from _date(day, ("calendar", "holidays", index))


def leave(config: Config) -> Iterator[Problem]:
    """Who is away comes back after having gone."""
    for index, person in enumerate(config.persons):
        for number, one in enumerate(person.leave):
            at: KeyPath = ("person", index, "leave", number)
            wrong = [*_date(one.from_, (*at, "from")), *_date(one.to, (*at, "to"))]
            yield from wrong
            if not wrong and one.from_ and one.to and to_date(one.to) < to_date(one.from_):
                message = f"{dotted(at)} ends on {one.to}, before it begins on {one.from_}"
                yield Problem(path=(*at, "to"), at_value=True, message=message)


def lengths(config: Config) -> Iterator[Problem]:
    """A clock has at most one length, a term exactly one."""
    for index, clock in enumerate(config.clocks):
        yield from _one_length(lengths_of(clock), ("clock", index))
    for index, term in enumerate(config.regulatory):
        given = lengths_of(term)
        yield from _one_length(given, ("regulatory", index))
        if not given:
            message = f"{dotted(('regulatory', index))} has no length"
            yield Problem(path=("regulatory", index), message=message, hint="add within_hours or within_months")


def lengths_of(section: Clock | Regulatory) -> tuple[str, ...]:
    """The options that give it a length."""
    names = ("within_minutes", "within_hours", "within_working_days", "within_months")
    return tuple(name for name in names if getattr(section, name, 0))


def hours_of(text: str) -> tuple[time, time] | None:
    """Opening and closing of "09:00-17:00", midnight standing for the end of the day; None if it is not that."""
    begin, dash, end = text.partition("-")
    try:
        opens, closes = time.fromisoformat(begin), MIDNIGHT if end == "24:00" else time.fromisoformat(end)
    except ValueError:
        return None
    is_span = dash and not opens.tzinfo and not closes.tzinfo and (closes == MIDNIGHT or opens < closes)
    return (opens, closes) if is_span else None


def to_date(text: str) -> date:
    """The day, e.g. of "2026-12-25".

    Raises:
        ValueError: it is none.
    """
    return date.fromisoformat(text)


def _date(text: str, path: KeyPath) -> Iterator[Problem]:
    try:
        if text:
            to_date(text)
    except ValueError:
        message = f'{dotted(path)} "{text}" is no date'
        yield Problem(path=path, at_value=True, message=message, hint='e.g. "2026-12-25"')


def _one_length(given: Iterable[str], path: KeyPath) -> Iterator[Problem]:
    first, *more = [*given, ""]
    if len(more) > 1:
        message = f"{dotted(path)} has more than one length: {', '.join(filter(None, (first, *more)))}"
        yield Problem(path=(*path, more[0]), message=message, hint="keep one of them")
