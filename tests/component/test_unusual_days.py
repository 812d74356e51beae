"""Days that look alarming and are not: what the bundled rules make of them, and what they ask a person on which.

Each day is a function in ``support/traffic/days_of_*.py`` whose docstring tells what happens. All of them are put one
behind the other, three days apart, at one host.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from support.traffic import days_of_hosts as hosts
from support.traffic import days_of_networks as networks
from support.traffic import days_of_people as people
from support.traffic import days_of_services as services
from support.traffic import days_of_the_web as web
from support.traffic.judged import asking, judged
from support.traffic.lines import FIRST_DAY, Line

from rules.settings import Trust
from store.incident import Incident

Day = Callable[[datetime], Iterator[Line]]
APART = timedelta(days=3)
WORSE = 1  #: so often somebody is told again, since a matter became graver: the new colleague is made an administrator
MOST_RECORDS = 4  #: of a day, those that ask nobody included

#: A day on which nobody is asked for anything is not in here.
ASKED: dict[Day, list[str]] = {
    hosts.sectors_pending: ["Storage is failing"],
    people.new_colleague: ["New account", "SSH key added through sudo"],
    # What these two write is what a stolen password writes; whoever knows better says so once, under [trust].
    services.devices_with_the_old_password: ["Mail login after many failures"],
    services.newsletter: ["Burst of mail from one account"],
}
DAYS: tuple[Day, ...] = (*hosts.DAYS, *people.DAYS, *services.DAYS, *web.DAYS, *networks.DAYS)


@cache
def records() -> dict[Day, list[Incident]]:
    """What was opened on each day."""
    lines = sorted(line for at, day in zip(mornings(), DAYS, strict=False) for line in day(at))
    with tempfile.TemporaryDirectory() as folder:
        opened, pages = asyncio.run(judged(lines, Path(folder), Trust(scanners=(web.SCANNER,))))
    assert pages == len(asking(opened)) + WORSE, "nobody is asked twice about one matter that stays the same"
    days = dict(zip(mornings(), DAYS, strict=False))
    return {day: [one for one in opened if at <= one.first_seen + APART / 6 < at + APART] for at, day in days.items()}


def mornings() -> Iterator[datetime]:
    """Nine o'clock, every third day."""
    return (FIRST_DAY + timedelta(hours=9) + number * APART for number in range(len(DAYS)))


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.__name__)
def test_what_is_asked(day: Day) -> None:
    """On most days nothing; where something may be wrong, that."""
    assert sorted(one.title for one in asking(records()[day])) == ASKED.get(day, [])


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.__name__)
def test_what_is_recorded(day: Day) -> None:
    """What is only observed is a handful, however much is said."""
    assert len(records()[day]) <= MOST_RECORDS
