"""How long somebody waits after sign-ins that failed."""

from datetime import UTC, datetime, timedelta

import pytest

from store.lock_out import Failures, Subject, counted, delay

NOW = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
PERSON = Subject(key="p", free=5)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (5, 0), (6, 5), (7, 10), (8, 20), (13, 640), (14, 900), (10**9, 900)]
)
def test_delays_grow_and_end(failures: int, seconds: int) -> None:
    """The first ones cost nothing; then each doubles the wait, up to a quarter of an hour."""
    assert delay(failures, 5) == timedelta(seconds=seconds)


def test_failures_add_up_until_a_quiet_day() -> None:
    """A failure within a day of the last one adds to it; after a day all is forgotten."""
    known = Failures(count=9, last_at=NOW, blocked_until=NOW)
    later = counted(known, PERSON, NOW + timedelta(hours=23))
    assert (later.count, later.blocked_until - later.last_at) == (10, timedelta(seconds=80))
    assert counted(known, PERSON, NOW + timedelta(hours=24)).count == 1
    assert counted(None, PERSON, NOW).blocked_until == NOW
