"""Seven ordinary days, put together."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from support.traffic import host, mail, web
from support.traffic.lines import FIRST_DAY, Line

DAYS = 7
WORKDAYS = 5


def ordinary(seed: int, scale: float = 1.0) -> list[Line]:
    """Lines of a week in which nothing is wrong, in order of time.

    Args:
        seed: The same seed gives the same week.
        scale: Of how much strangers and customers do: 1 is a small shop on the internet.
    """
    lines = [line for number in range(DAYS) for line in _day(Random(f"{seed}/{number}"), number, scale)]
    return sorted(lines)


def _day(random: Random, number: int, scale: float) -> Iterator[Line]:
    day = FIRST_DAY + timedelta(days=number)
    yield from host.guessers(random, day, round(60 * scale))
    yield from host.machine(random, day)
    yield from web.customers(random, day, round(150 * scale))
    yield from web.machines(random, day)
    yield from web.probers(random, day, round(40 * scale))
    yield from mail.letters(random, day, round(80 * scale))
    yield from mail.strangers(random, day, round(30 * scale))
    yield from mail.readers(random, day)
    if number < WORKDAYS:
        yield from host.people(random, day)
        at = day + timedelta(hours=random.randint(9, 16), minutes=random.randint(0, 59))
        yield from host.deploy(random, at)
        yield from web.deploy(random, at)
    if number in (1, 4):
        yield from host.upgrade(random, day)
