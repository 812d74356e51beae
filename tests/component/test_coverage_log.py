"""The coverage log: what is claimed to have been watched, and never more than was seen."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.fakes import START, FakeClock

from detector.coverage import OTHER_RULES, STOPPED, Coverage
from detector.sources.source import SourceCounters, SourceStatus, StreamState, StreamStatus
from store.coverage import Alive, Around, Kind, digest, told
from store.database import Store
from store.repository.follow_up import coverage
from store.watch import Span

SECOND = timedelta(seconds=1)
RULES = {"rule-1": "a" * 16, "rule-2": "b" * 16}


def stream(size: int = 100, offset: int = 100, committed: int = 100, **more: Any) -> StreamStatus:
    made = StreamStatus(stream="s1", origin="/var/log/auth.log", state=StreamState.OK, size=size, offset=offset)
    return replace(made, committed=committed, is_unread=size > offset, **more)


class Site:
    """A daemon's parts, as the coverage log sees them."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.clock = clock
        self.store = store
        self.streams: tuple[StreamStatus, ...] = (stream(),)
        self.counters = SourceCounters()
        self.rules: Mapping[str, str] = RULES
        self.stuck_seconds = 0.0
        self.urgent = False
        self.names: tuple[str, ...] = ("auth",)
        self.log = self.daemon()

    def daemon(self) -> Coverage:
        return Coverage(
            store=self.store,
            clock=self.clock,
            sources=lambda: [
                SourceStatus(source=name, streams=self.streams, counters=self.counters, looked_at=self.clock.now())
                for name in self.names
            ],
            rules=lambda: self.rules,
            advanced_at=lambda: self.clock.monotonic() - self.stuck_seconds,
            is_urgent=self._is_urgent,
        )

    async def _is_urgent(self) -> bool:
        return self.urgent

    async def look(self, seconds: float = 10) -> None:
        self.clock.advance(seconds)
        await self.log.look()

    async def of_source(self) -> list[tuple[float, float, str | None]]:
        """Seconds since the start of the test from and until which it was alive, and why it ended."""
        found = await self.store.read(lambda connection: coverage.of_source(connection, "auth"))
        return [(_seconds(one.start - START), _seconds(one.until - START), one.ended) for one in found]

    async def of_rule(self, rule: str, version: str | None = None) -> list[tuple[float, float]]:
        found = await self.store.read(lambda connection: coverage.of_rule(connection, rule, version=version))
        return [(_seconds(one.start - START), _seconds(one.until - START)) for one in found]


def _seconds(time: timedelta) -> float:
    return time.total_seconds()


@pytest.fixture
def site(store: Store, clock: FakeClock) -> Site:
    return Site(store, clock)


async def test_a_quiet_source_is_alive(site: Site) -> None:
    """A source that is looked at counts, whether or not it has new lines; one row grows."""
    site.log.begin()
    for _ in range(3):
        await site.look()
    assert await site.of_source() == [(10, 30, None)]
    assert await site.of_rule("rule-1") == [(0, 30)]


async def test_what_is_behind_is_claimed_once_it_has_caught_up(site: Site) -> None:
    """Lines that nobody has worked on yet are not watched; once they are stored, they were."""
    await site.look()
    site.streams = (stream(size=500, offset=300, committed=200),)
    await site.look()
    await site.look()
    assert await site.of_source() == [(10, 10, None)]
    site.streams = (stream(size=900, offset=600, committed=500),)
    await site.look()
    assert await site.of_source() == [(10, 20, None)], "what had been written at the look before is stored now"
    site.streams = (stream(size=900, offset=900, committed=900),)
    await site.look()
    assert await site.of_source() == [(10, 50, None)]


async def test_a_line_without_an_end_holds_nothing_up(site: Site) -> None:
    """All before it is read: the writer has not finished it."""
    site.streams = (replace(stream(size=130), is_unread=False),)
    await site.look()
    await site.look()
    assert await site.of_source() == [(10, 20, None)]


@pytest.mark.parametrize(
    ("streams", "why"),
    [
        ((stream(state=StreamState.UNREADABLE, detail="permission denied"),), "/var/log/auth.log is unreadable"),
        ((stream(state=StreamState.VANISHED),), "vanished"),
        ((StreamStatus(stream="", origin="/nowhere", state=StreamState.MISSING),), "no file"),
    ],
)
async def test_a_source_that_cannot_be_read_is_not_alive(
    site: Site, streams: tuple[StreamStatus, ...], why: str
) -> None:
    """Its time ends where it was read last, with the reason; then it begins anew."""
    await site.look()
    await site.look()
    site.streams = streams
    await site.look()
    site.streams = (stream(),)
    await site.look()
    await site.look()
    (first, second) = await site.of_source()
    assert first[:2] == (10, 20)
    assert why in str(first[2])
    assert second == (40, 50, None)


async def test_an_empty_file_is_watched(site: Site) -> None:
    """Nothing is told of it, because nothing in it waits to be read."""
    site.streams = ()
    await site.look()
    await site.look()
    assert await site.of_source() == [(10, 20, None)]


async def test_lost_lines_are_a_gap(site: Site) -> None:
    """A file that was cut before it was read to its end was not watched all the time."""
    await site.look()
    site.counters = SourceCounters(lost_tails=1)
    await site.look()
    await site.look()
    await site.look()
    (first, second) = await site.of_source()
    assert (first[:2], second[:2]) == ((10, 10), (30, 40))
    assert "cut off" in str(first[2])


async def test_a_file_that_was_rotated_away_is_no_gap(site: Site) -> None:
    """Its place is taken by another stream, which was read as well."""
    await site.look()
    site.streams = (replace(stream(size=50, offset=50, committed=50), stream="s2"),)
    await site.look()
    await site.look()
    assert await site.of_source() == [(10, 30, None)]


async def test_a_stuck_pipeline_applies_no_rules(site: Site) -> None:
    """Rules count as far as the pipeline has gone round."""
    await site.look()
    site.stuck_seconds = 25
    await site.look(30)
    assert await site.of_rule("rule-1") == [(10, 15)]


async def test_other_rules_begin_another_row(site: Site) -> None:
    """A rule is alive in each set that holds it; a version of it only in those that hold that."""
    await site.look()
    site.rules = {"rule-1": "a" * 16}
    await site.look()
    site.rules = {"rule-1": "c" * 16}
    await site.look()
    await site.look()
    assert await site.of_rule("rule-1") == [(10, 10), (20, 20), (30, 40)]
    assert await site.of_rule("rule-1", "a" * 16) == [(10, 10), (20, 20)]
    assert await site.of_rule("rule-2") == [(10, 10)]
    assert await site.of_rule("rule-3") == []
    log = await site.store.read(lambda connection: coverage.log(connection, kind=Kind.RULES))
    assert [one.ended for one in log] == [OTHER_RULES, OTHER_RULES, None]


async def test_a_crash_ends_it_at_the_last_extension(site: Site) -> None:
    """The daemon that comes after claims nothing of the time between."""
    await site.look()
    await site.look()
    site.clock.advance(3600)
    site.log = site.daemon()
    site.log.begin()
    await site.look()
    assert await site.of_source() == [(10, 20, coverage.CRASHED), (3630, 3630, None)]


async def test_a_stop_ends_it_for_good(site: Site) -> None:
    """What is alive is claimed a last time; a look that comes later claims nothing."""
    await site.look()
    site.clock.advance(4)
    await site.log.end()
    await site.look()
    assert await site.of_source() == [(10, 14, STOPPED)]


async def test_a_source_that_is_read_no_more_ends(site: Site) -> None:
    """A reload took it out of the configuration."""
    await site.look()
    site.names = ()
    await site.look()
    assert await site.of_source() == [(10, 10, "it is not read any more")]


async def test_it_looks_more_often_while_seconds_matter(site: Site) -> None:
    """Every ten seconds; every second while a watch is about to end."""
    stop = asyncio.Event()
    running = asyncio.create_task(site.log.run(stop))
    assert await _next_look(site.clock) == START + 10 * SECOND
    site.urgent = True
    site.clock.advance(10)
    assert await _next_look(site.clock) == START + 11 * SECOND
    stop.set()
    await running


async def _next_look(clock: FakeClock) -> object:
    for _ in range(400):
        if clock.waiting_until and clock.waiting_until[0] > clock.now():
            return clock.waiting_until[0]
        await asyncio.sleep(0.005)
    return None


async def test_was_anybody_watching(site: Site) -> None:
    """Of each moment: what held it, what came before and why it ended, what came after."""
    await site.look()
    await site.look()
    await site.log.end()
    site.log = site.daemon()
    await site.look(100)
    await site.look()

    async def at(seconds: float, rule: str | None = None) -> tuple[Around, Around]:
        moment = START + timedelta(seconds=seconds)
        return await site.store.read(lambda connection: coverage.at(connection, moment, "auth", rule))

    source, rules = await at(15)
    assert (source.at is not None, rules.at is not None) == (True, True)
    source, rules = await at(60, "rule-1")
    assert source.at is None
    assert rules.at is None
    assert told("source auth", source) == (
        "source auth: no; the last time before ended at 2026-03-02T09:00:20Z (the daemon was stopped); "
        "the next began at 2026-03-02T09:02:00Z"
    )
    assert (await at(5))[0].before is None
    assert told("rule rule-9", (await at(15, "rule-9"))[1]) == "rule rule-9: no; it was never seen alive"
    window = Span(start=START + 21 * SECOND, end=START + 200 * SECOND)
    met = await site.store.read(lambda connection: coverage.of_source(connection, "auth", window))
    assert len(met) == 1
    assert met[0].ended is None


def test_the_version_of_a_set_of_rules() -> None:
    """The same rules in any order are the same set."""
    assert digest({"a": "1", "b": "2"}) == digest({"b": "2", "a": "1"}) != digest({"a": "1", "b": "3"})
    one = Alive(kind=Kind.SOURCE, name="auth", start=START, until=START + SECOND)
    assert told("source auth", Around(at=one)).endswith("until 2026-03-02T09:00:01Z so far")
