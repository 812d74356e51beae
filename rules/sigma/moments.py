"""The time that a field holds, as it is written there: for the modifiers ``minute`` to ``year``.

Nothing is converted: of ``2026-03-01T23:30:00-05:00`` the hour is 23. A number counts from 1970 in UTC.
"""

from datetime import date, datetime
from functools import lru_cache
from typing import Final

from rules.formats.reading.stamps import MONTHS, epoch

LONGEST: Final = 64  #: characters of a stamp


@lru_cache(maxsize=4096)
def written_time(value: str | float) -> date | None:
    """The date, or date and time, that a value writes; None if it writes none.

    Understood are ISO 8601 (also with a blank for the T), a web server's ``01/Mar/2026:23:30:00 -0500``, and seconds,
    milliseconds, microseconds or nanoseconds since 1970.
    """
    if isinstance(value, bool):
        return None
    try:
        if not isinstance(value, str):
            return _since_1970(value)
        text = value.strip() if len(value) <= LONGEST else ""
        if text.isascii() and text.isdigit() and len(text) > 8:
            return _since_1970(int(text))
        if len(text) <= 10:
            return date.fromisoformat(text)
        return _web_server(text) or datetime.fromisoformat(text.removesuffix(" UTC"))
    except (ValueError, OverflowError):
        return None


def _since_1970(value: float) -> datetime | None:
    stamp = epoch(value)
    return None if stamp is None else stamp[0]


def _web_server(text: str) -> datetime | None:
    month = MONTHS.get(text[3:6])
    if month is None or text[2:3] != "/" or text[11:12] != ":":
        return None
    return datetime.fromisoformat(f"{text[7:11]}{month}{text[:2]}T{text[12:20]}{text[21:]}")


def part_of(moment: date, part: str) -> int | None:
    """The part of a time as a number; None if a date without time is asked for its hour or minute."""
    if part == "week":
        return moment.isocalendar().week
    found = getattr(moment, part, None)
    return found if isinstance(found, int) else None
