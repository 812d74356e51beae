"""Time stamps: text or number -> (aware UTC time, grain). None whenever the text is no such stamp; nothing raises."""

from datetime import UTC, datetime, timedelta
from typing import Any

from rules.event import LogSource, TimeSource
from rules.formats.format import SECOND, Context, Parsed

MONTHS = {
    "Jan": "-01-",
    "Feb": "-02-",
    "Mar": "-03-",
    "Apr": "-04-",
    "May": "-05-",
    "Jun": "-06-",
    "Jul": "-07-",
    "Aug": "-08-",
    "Sep": "-09-",
    "Oct": "-10-",
    "Nov": "-11-",
    "Dec": "-12-",
}
GRAINS = (SECOND, *(timedelta(microseconds=10 ** (6 - digits)) for digits in range(1, 7)))
MICROSECOND = GRAINS[6]

#: A stamp within this of the year around the reference needs no look at the neighbouring years.
HALF_A_YEAR = timedelta(days=180)
#: How far a source may go back within an ambiguous hour before it must be the hour's second pass.
JITTER = timedelta(seconds=60)

Stamp = tuple[datetime, timedelta]


def parsed(fields: dict[str, Any], logsource: LogSource, stamp: Stamp | None, *, text: str | None = None) -> Parsed:
    """What a line told that may bear a stamp; without one it happened when it arrived."""
    return Parsed(
        fields=fields,
        logsource=logsource,
        time=stamp[0] if stamp else None,
        resolution=stamp[1] if stamp else SECOND,
        time_source=TimeSource.LINE if stamp else TimeSource.ARRIVAL,
        text=text,
    )


def iso(text: str, context: Context) -> Stamp | None:
    """ISO 8601 / RFC 3339 with date and time: ``2024-03-01T03:11:26.123+01:00``.

    A blank may stand for the T and a comma for the dot. A stamp without zone is in the context's zone.
    """
    if text[4:5] != "-" or text[10:11] not in ("T", " ") or text[13:14] != ":":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        tidied = _untidy_iso(text)
        if tidied is None:
            return None
        moment = tidied
    if moment.tzinfo is UTC:
        return moment, grain(text)
    utc = in_utc(moment, context)
    return None if utc is None else (utc, grain(text))


def _untidy_iso(text: str) -> datetime | None:
    """What fromisoformat refuses and loggers write: a leap second, a blank before the zone, ``UTC`` spelled out."""
    tidy = text.replace(" UTC", "+00:00").replace(" +", "+").replace(" -", "-").replace(":60", ":59", 1)
    try:
        return datetime.fromisoformat(tidy)
    except ValueError:
        return None


def grain(text: str) -> timedelta:
    """The grain of an ISO stamp, from its number of fraction digits."""
    if text[19:20] not in (".", ","):
        return SECOND
    fraction = text[20:26]
    digits = 0
    while digits < len(fraction) and fraction[digits] in "0123456789":
        digits += 1
    return GRAINS[digits]


def in_utc(moment: datetime, context: Context) -> datetime | None:
    """*moment* in UTC; a naive one is in the context's zone. None where the year leaves the calendar.

    In the doubled hour at the end of summer time the first pass is meant, unless that takes the source back by more
    than a minute: then it must be the second.
    """
    try:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        if context.zone is UTC:
            return moment.replace(tzinfo=UTC)
        first = moment.replace(tzinfo=context.zone).astimezone(UTC)
        if context.previous is None or first >= context.previous - JITTER:
            return first
        return moment.replace(tzinfo=context.zone, fold=1).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def yearless(month: str, rest: str, context: Context) -> datetime | None:
    """The moment nearest to the reference among all years, for a stamp that bears none.

    Args:
        month: Its number between two dashes, as in MONTHS.
        rest: ``DDTHH:MM:SS``.
    """
    for year in (context.reference.year, context.reference.year + 1):
        try:
            moment = in_utc(datetime.fromisoformat(f"{year:04}{month}{rest}"), context)
        except ValueError:  # no date at all, or 29 February in a year that has none
            break
        if moment is not None and -HALF_A_YEAR < moment - context.reference < HALF_A_YEAR:
            return moment
    return _nearest_year(month, rest, context)


def _nearest_year(month: str, rest: str, context: Context) -> datetime | None:
    """The slow way of yearless: around New Year, and for 29 February (at most eight years apart)."""
    around = 8 if month == "-02-" else 1
    moments = []
    for year in range(context.reference.year - around, context.reference.year + around + 1):
        try:
            moment = in_utc(datetime.fromisoformat(f"{year:04}{month}{rest}"), context)
        except ValueError:
            continue
        if moment is not None:
            moments.append(moment)
    return min(moments, key=lambda moment: abs(moment - context.reference), default=None)


def rfc3164(line: str, context: Context) -> datetime | None:
    """The stamp ``Mmm dd hh:mm:ss`` at the start of *line*; a leap second is its 59th."""
    month = MONTHS.get(line[:3])
    if month is None or line[9:10] != ":" or line[12:13] != ":" or line[3:4] != " ":
        return None
    day = line[4:6]
    if day[0] == " ":
        day = "0" + day[1]
    moment = yearless(month, f"{day}T{line[7:15]}", context)
    if moment is None and line[13:15] == "60":
        return yearless(month, f"{day}T{line[7:13]}59", context)
    return moment


def clf(text: str, context: Context) -> datetime | None:
    """The stamp of web server logs, ``01/Mar/2024:03:11:26 +0100``; without zone it is in the context's."""
    month = MONTHS.get(text[3:6])
    if month is None or text[2:3] != "/" or text[6:7] != "/" or text[11:12] != ":":
        return None
    zone = text[21:] if text[20:21] == " " else ""
    try:
        moment = datetime.fromisoformat(f"{text[7:11]}{month}{text[:2]}T{text[12:20]}{zone}")
    except ValueError:
        return None
    return moment if moment.tzinfo is UTC else in_utc(moment, context)


def ctime(line: str, context: Context) -> datetime | None:
    """The stamp ``Fri Mar  1 03:11:26 2024`` at the start of *line*, in the context's zone; None if there is none."""
    month = MONTHS.get(line[4:7])
    if month is None or line[13:14] != ":" or line[3:4] != " " or line[24:25] not in ("", " "):
        return None
    try:
        moment = datetime.fromisoformat(f"{line[20:24]}{month}{line[8:10].replace(' ', '0')}T{line[11:19]}")
    except ValueError:
        return None
    return in_utc(moment, context)


def day_first(line: str, context: Context) -> Stamp | None:
    """The stamp ``01-Mar-2024 03:11:26.123`` at the start of *line*, in the context's zone; None if there is none."""
    month = MONTHS.get(line[3:6])
    if month is None or line[2:3] != "-" or line[6:7] != "-" or line[11:12] != " ":
        return None
    return iso(f"{line[7:11]}{month}{line[:2]}T{line[12:].partition(' ')[0]}", context)


def epoch(value: float) -> Stamp | None:
    """Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size (valid from 1973 to 2286)."""
    if not 1e8 <= value < 1e19:
        return None
    unit = 1
    while value / unit >= 1e10:
        unit *= 1000
    whole = unit > 1 or isinstance(value, int)
    microseconds = int(value) * 1_000_000 // unit if whole else round(value * 1_000_000)
    step = max(1_000_000 // unit, 1) if isinstance(value, int) else 1
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds), timedelta(microseconds=step)


def epoch_parts(seconds: int, fraction: str) -> Stamp | None:
    """Seconds since 1970 and the digits behind the dot; beyond microseconds they are cut off."""
    stamp = epoch(seconds)
    if stamp is None or seconds >= 10**10:
        return None
    return stamp[0] + timedelta(microseconds=int(fraction[:6].ljust(6, "0"))), GRAINS[min(len(fraction), 6)]
