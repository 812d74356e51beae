"""What comes back again and again asks for more persons, on each database."""

from datetime import timedelta
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.path import ANA, add_people
from support.store import finding

from rules.event import Severity
from store.calendar import Calendar
from store.database import Store
from store.incident import DismissReason, EntryKind, Incident, Track
from store.recurring import MANY_RETURNS
from store.repository.grouping import findings
from store.repository.incident import dismissals
from store.repository.record import records, timeline
from store.tx import Tx


async def comes_back(store: Store, clock: FakeClock, times: int, *, after: timedelta) -> Incident:
    """INC-1, dismissed and matched anew so many times, a while apart."""

    def begin(tx: Tx) -> None:
        add_people(tx)
        findings.take(tx, finding("f0", severity=Severity.LOW))

    def dismiss(tx: Tx) -> None:
        given: dict[str, Any] = {
            "version": records.load(tx.connection, 1).version,
            "via": "token",
            "calendar": Calendar(),
        }
        dismissals.dismiss(tx, 1, ANA, reason_code=DismissReason.EXPECTED_ACTIVITY, **given)

    await store.write(begin)
    for again in range(1, times + 1):
        await store.write(dismiss)
        clock.advance(after.total_seconds())
        one = finding(f"f{again}", severity=Severity.LOW, first_seen=clock.now())
        await store.write(lambda tx, one=one: findings.take(tx, one))  # type: ignore[misc]
    return await store.read(lambda connection: records.load(connection, 1))


@pytest.mark.parametrize(("times", "track"), [(MANY_RETURNS - 1, Track.LIGHT), (MANY_RETURNS, Track.STANDARD)])
async def test_the_third_return_raises_the_track(store: Store, clock: FakeClock, times: int, track: Track) -> None:
    """Within 30 days; the timeline says why."""
    after = await comes_back(store, clock, times, after=timedelta(days=1))
    assert (after.cycle, after.track) == (times + 1, track)
    told = await store.read(lambda connection: timeline.of(connection, 1, EntryKind.RAISED))
    assert [one.facts["reason"] for one in told] == ["it came back 3 times within 30 days"] * (track is Track.STANDARD)


async def test_each_further_return_raises_it_more(store: Store, clock: FakeClock) -> None:
    """Up to the full track."""
    after = await comes_back(store, clock, MANY_RETURNS + 2, after=timedelta(days=1))
    assert (after.track, after.opened_at) == (Track.FULL, START)


async def test_what_comes_back_rarely_stays_as_it_is(store: Store, clock: FakeClock) -> None:
    """Three times within half a year is no pattern."""
    after = await comes_back(store, clock, MANY_RETURNS, after=timedelta(days=20))
    assert after.track is Track.LIGHT
