"""Due dates as an iCalendar (RFC 5545). It tells what is due of which incident, and nothing that people wrote. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

#: Octets of a line before it must be folded (section 3.1).
_LINE = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something that is due."""

    incident: int
    what: str  #: unique within the incident, e.g. "action 3"
    when: date | datetime
    person: str  #: id of who is to do it; "" if nobody is named
    link: str


def calendar(dues: Iterable[Due], now: datetime) -> str:
    """The calendar; the same thing that is due keeps its UID, so that a new date moves it."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tocsin//Due dates//EN", "METHOD:PUBLISH"]
    for one in dues:
        lines += _event(one, now)
    return "".join(f"{part}\r\n" for line in (*lines, "END:VCALENDAR") for part in _folded(line))


def _event(one: Due, now: datetime) -> Iterator[str]:
    who = f" ({one.person})" if one.person else ""
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(f'INC-{one.incident} {one.what}'.replace(' ', '-'))}@tocsin"
    yield f"DTSTAMP:{_moment(now)}"
    if isinstance(one.when, datetime):
        yield f"DTSTART:{_moment(one.when)}"
    else:
        yield f"DTSTART;VALUE=DATE:{one.when:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{one.when + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_text(f'INC-{one.incident}: {one.what} is due{who}')}"
    yield f"URL:{one.link}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """Section 3.3.11; what is not printed is left out."""
    bare = "".join(char for char in text if char.isprintable())
    return bare.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> Iterator[str]:
    """Lines of at most 75 octets; each further one begins with a space, and no character is cut in two."""
    part, size = "", 0
    for char in line:
        width = len(char.encode())
        if size + width > _LINE:
            yield part
            part, size = " ", 1
        part, size = part + char, size + width
    yield part
