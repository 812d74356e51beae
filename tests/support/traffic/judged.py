"""What the engine and the store make of days of traffic, hour by hour, as the daemon does it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Final

from rules.engine import Engine
from rules.event import Batch, Decision, Starts
from rules.settings import EngineSettings, Trust
from rules.sigma.files import BUNDLED, read_rule_files
from rules.sigma.load import load
from rules.sigma.model import RuleSet
from store.incident import Incident
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.telling import outbox
from support.fakes import FakeClock
from support.store import open_store, sqlite_url
from support.traffic.lines import FIRST_DAY, Line

BATCH: Final = timedelta(hours=1)
Judged = tuple[list[Incident], int]
"""What was opened, and how often somebody was asked to come."""


@cache
def rules(trust: Trust = Trust()) -> RuleSet:  # noqa: B008 (frozen)
    """All bundled rules."""
    return load(read_rule_files([BUNDLED]), trust)


async def judged(lines: Sequence[Line], folder: Path, trust: Trust = Trust()) -> Judged:  # noqa: B008 (frozen)
    """What comes of *lines*, which stand in order of time.

    Args:
        folder: For the store; empty.
        trust: Whom the site knows.
    """
    clock = FakeClock(FIRST_DAY)
    engine = Engine(EngineSettings(trust=trust), rules(trust))
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
