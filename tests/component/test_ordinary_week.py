"""A week in which nothing is wrong leaves people alone, and what is wrong in it is found: each as one incident."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import pytest
from support.fakes import FakeClock
from support.store import open_store, sqlite_url
from support.traffic.lines import FIRST_DAY, Line
from support.traffic.planted import PLANTED
from support.traffic.week import ordinary

from rules.engine import Engine
from rules.event import Batch, Decision, Starts
from rules.settings import EngineSettings
from rules.sigma.files import BUNDLED, read_rule_files
from rules.sigma.load import load
from rules.sigma.model import RuleSet
from store.incident import Incident
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.telling import outbox

SCALE = float(os.environ.get("TOCSIN_WEEK_SCALE", "0.25"))  #: of strangers and customers
MOST_PAGES = 3
BATCH = timedelta(hours=1)
Week = tuple[list[Incident], int]
"""What was opened in a week, and how often somebody was asked to come."""


@cache
def rules() -> RuleSet:
    """All bundled rules."""
    return load(read_rule_files([BUNDLED]))


async def week(lines: Sequence[Line], folder: Path) -> Week:
    """What the engine and the store make of *lines*, hour by hour, as the daemon does it."""
    clock = FakeClock(FIRST_DAY)
    engine = Engine(EngineSettings(), rules())
    async with open_store(sqlite_url(folder), clock, folder) as store:
        for end, batches in hours(lines):
            clock.advance((end - clock.now()).total_seconds())
            found = [one for batch in batches for one in engine.feed(batch).findings]
            found += engine.advance(end).findings
            await store.write(lambda tx, found=found: findings.take_all(tx, found))  # type: ignore[misc]
        opened = await store.read(lambda connection: incidents.list_of(connection, limit=1000))
        notices = await store.read(lambda connection: outbox.notices_unplanned(connection, 10_000))
    return opened, sum(one.kind.asks for one in notices)


def hours(lines: Sequence[Line]) -> Iterator[tuple[datetime, list[Batch]]]:
    """A batch of each source for each hour in which it says something, with the end of the hour."""
    written: dict[str, int] = {}
    for number, of_hour in groupby(lines, lambda line: (line.at - FIRST_DAY) // BATCH):
        end = FIRST_DAY + (number + 1) * BATCH
        by_source = sorted(of_hour, key=attrgetter("source"))
        yield (
            end,
            [_batch(source, list(some), end, written) for source, some in groupby(by_source, attrgetter("source"))],
        )


def _batch(source: str, lines: list[Line], end: datetime, written: dict[str, int]) -> Batch:
    data = "".join(f"{line.text}\n" for line in lines).encode()
    offset = written.get(source, 0)
    written[source] = offset + len(data)
    return Batch(
        source=source,
        stream=source,
        origin=f"/var/log/{source}.log",
        data=data,
        starts=Starts(line=1 + offset, offset=offset),
        received_at=end,
        before=str(offset).encode(),
        after=str(offset + len(data)).encode(),
    )


def asking(opened: Sequence[Incident]) -> list[Incident]:
    """Those that ask for a person."""
    return [one for one in opened if one.decision is Decision.INVESTIGATE]


def told(opened: Sequence[Incident]) -> str:
    """For who reads why it failed."""
    return "\n".join(f"{one.opened_at} {one.headline}" for one in opened)


async def test_an_ordinary_week_pages_three_times_at_most(tmp_path: Path) -> None:
    """Crawlers, deploys, upgrades, monitoring, scans, guesses at every door, people who mistype."""
    opened, pages = await week(ordinary(1, SCALE), tmp_path)
    assert opened, "strangers' doings are recorded"
    assert pages <= MOST_PAGES, told(asking(opened))


async def test_what_is_wrong_in_it_is_found_each_as_one_incident(tmp_path: Path) -> None:
    """Eight incidents of different kinds amid an ordinary week: each opens one that asks for a person."""
    planted = {name: sorted(make(FIRST_DAY + at)) for name, (at, make) in PLANTED.items()}
    lines = sorted([*ordinary(2, SCALE), *(line for some in planted.values() for line in some)])
    opened, _ = await week(lines, tmp_path)
    of = {name: [one for one in asking(opened) if is_of(one, some)] for name, some in planted.items()}
    assert {name: len(some) for name, some in of.items()} == dict.fromkeys(PLANTED, 1), told(asking(opened))
    others = [one for one in asking(opened) if not any(one in some for some in of.values())]
    assert len(others) <= MOST_PAGES, told(others)


def is_of(record: Incident, lines: Sequence[Line]) -> bool:
    """Whether *record* began while *lines* were written; what is planted is planted hours apart."""
    return lines[0].at - BATCH <= record.first_seen <= lines[-1].at


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 15))
async def test_weeks_of_a_busier_host(seed: int, tmp_path: Path) -> None:
    """Five other weeks with four times as many strangers and customers."""
    opened, pages = await week(ordinary(seed, 4 * SCALE), tmp_path)
    print(f"seed {seed}: {len(opened)} records, {pages} pages")
    assert pages <= MOST_PAGES, told(asking(opened))
