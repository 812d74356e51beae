"""The cycles of incidents as they are read, and asked for over HTTP, on each database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.path import ANA, add_people
from support.site import Site
from support.store import finding, open_store

from rules.event import Severity
from store.calendar import Calendar
from store.incident import DismissReason
from store.repository.grouping import findings
from store.repository.incident import by_hand, dismissals, incidents
from store.repository.record import records
from store.tx import Tx

ASKED = "/api/v1/statistics"


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """One incident that was dismissed as false an hour after it was acknowledged, and came back; and a drill."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def begin(tx: Tx) -> None:
            add_people(tx)
            findings.take(tx, finding(severity=Severity.MEDIUM, first_seen=START - timedelta(hours=1)))
            drill: dict[str, Any] = {"title": "Drill", "severity": Severity.LOW, "what_happened": "x", "via": "token"}
            by_hand.open_by_hand(tx, ANA, **drill, drill=True)

        def dismiss(tx: Tx) -> None:
            given: dict[str, Any] = {"via": "token", "calendar": Calendar()}
            version = records.load(tx.connection, 1).version
            dismissals.dismiss(tx, 1, ANA, version=version, reason_code=DismissReason.FALSE_POSITIVE, **given)

        await once(store, lambda: store.write(begin), __name__, "site")
        clock.advance(3600)
        await store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="token"))
        await store.write(dismiss)
        clock.advance(3600)
        await store.write(lambda tx: findings.take(tx, finding("f2", severity=Severity.MEDIUM, first_seen=clock.now())))
        clock.advance(1800)
        made = Site(store, clock, tmp_path)
        await made.start()
        yield made
        await made.stop()


def by_name(listed: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in listed}


async def test_each_cycle_counts_with_what_became_of_it(site: Site) -> None:
    """The drill does not; each number has its definition, and what goes on is at least so long."""
    code, told = await site.ask("GET", ASKED)
    assert (code, told["cycles"]) == (200, 2)
    lengths, shares = by_name(told["lengths"]), by_name(told["shares"])
    assert (lengths["time_to_detect"]["count"], lengths["time_to_detect"]["median_seconds"]) == (1, 3600)
    assert (lengths["time_to_resolve"]["count"], lengths["time_to_resolve"]["at_least"]) == (1, 1)
    assert lengths["time_to_resolve"]["median_seconds"] == 1800
    assert (shares["reopened"]["count"], shares["reopened"]["of"]) == (1, 1)
    assert (shares["actions_slipped"]["of"], shares["actions_slipped"]["share"]) == (0, None)
    assert [(one["name"], one["count"], one["of"]) for one in told["false_positives"]] == [("rule-1", 1, 1)]
    assert by_name(told["steps"])["notification"]["count"] == 2
    assert by_name(told["steps"])["notification"]["at_least"] == 1
    assert all(one["definition"] for part in ("lengths", "steps", "shares") for one in told[part])


async def test_only_cycles_of_the_last_days_count(site: Site) -> None:
    """A later day sees nothing of them; a number of days that is none is refused."""
    site.clock.advance(2 * 24 * 3600)
    assert (await site.ask("GET", f"{ASKED}?days=1"))[1]["cycles"] == 0
    for days in ("0", "x", "99999"):
        assert (await site.ask("GET", f"{ASKED}?days={days}"))[0] == 422
