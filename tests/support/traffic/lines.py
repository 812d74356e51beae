"""How lines are written down, by source, and who there is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

FIRST_DAY: Final = datetime(2026, 3, 2, tzinfo=UTC)  #: a Monday
HOST: Final = "shop1"
PEOPLE: Final = ("ann", "bo", "cy", "dee", "eli")
ADMINS: Final = PEOPLE[:2]
MONITOR: Final = "198.51.100.5"
OFFICE: Final = "198.51.100.20"
HOME: Final = "198.51.100.77"  #: where somebody works from who is in no list
NAMES: Final = (
    "root",
    "admin",
    "test",
    "oracle",
    "ubuntu",
    "postgres",
    "git",
    "ftpuser",
    "user",
    "pi",
    "guest",
    "deploy",
)


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """What stands in the log of one source."""

    at: datetime
    source: str  #: auth, syslog, mail, access or error
    text: str


def syslog(at: datetime, source: str, program: str, message: str) -> Line:
    """As rsyslog writes it: RFC 3164."""
    return Line(at, source, f"{at:%b} {at.day:2d} {at:%H:%M:%S} {HOST} {program}: {message}")


def auth(at: datetime, program: str, message: str) -> Line:
    """In auth.log."""
    return syslog(at, "auth", program, message)


def access(
    at: datetime, who: str, request: str, status: int, size: int = 1534, agent: str = "Mozilla/5.0", user: str = "-"
) -> Line:
    """A request, as nginx writes it in its combined format."""
    return Line(
        at, "access", f'{who} - {user} [{at:%d/%b/%Y:%H:%M:%S +0000}] "{request}" {status} {size} "-" "{agent}"'
    )


def error(at: datetime, level: str, message: str) -> Line:
    """In nginx's error log."""
    return Line(at, "error", f"{at:%Y/%m/%d %H:%M:%S} [{level}] 812#812: *{at.microsecond % 9973} {message}")


def within(random: Random, start: datetime, seconds: float) -> datetime:
    """Some moment."""
    return start + timedelta(seconds=random.uniform(0, seconds))


def stranger(random: Random) -> str:
    """An address of somebody out there, of one of the networks for documentation."""
    return f"{random.choice(('203.0.113', '192.0.2'))}.{random.randint(1, 254)}"


def every(start: datetime, step: timedelta, count: int) -> Iterator[datetime]:
    """*count* moments, *step* apart."""
    return (start + number * step for number in range(count))
