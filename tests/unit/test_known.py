"""Whose word on the client counts, and what happens during a deployment."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.known import Known, window
from rules.settings import Trust

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)  # a Tuesday
PROXIES = Known(Trust(proxies=("10.0.0.0/8", "2001:db8:1::/48", "192.0.2.80")))


def told(peer: str, forwarded: str) -> tuple[object, object]:
    fields = {"source.ip": peer, "source.port": 4711, "http.forwarded_for": forwarded}
    PROXIES.tell(fields, NOON)
    return fields["source.ip"], fields.get("http.proxy")


@pytest.mark.parametrize(
    ("peer", "forwarded", "source", "proxy"),
    [
        ("192.0.2.80", "203.0.113.7", "203.0.113.7", "192.0.2.80"),
        ("10.1.2.3", "198.51.100.9, 203.0.113.7", "203.0.113.7", "10.1.2.3"),
        ("10.1.2.3", "198.51.100.9, 203.0.113.7, 10.9.9.9", "203.0.113.7", "10.1.2.3"),
        ("10.1.2.3", "10.0.0.9, 10.9.9.9", "10.0.0.9", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.7:4711", "203.0.113.7", "10.1.2.3"),
        ("2001:db8:1::1", "[2001:DB8::7]:80", "2001:db8::7", "2001:db8:1::1"),
        ("10.1.2.3", "198.51.100.9, unknown", "10.1.2.3", None),
        ("10.1.2.3", "198.51.100.9, unknown, 10.9.9.9", "10.9.9.9", "10.1.2.3"),
        ("203.0.113.7", "198.51.100.9", "203.0.113.7", None),
        ("192.0.2.81", "127.0.0.1", "192.0.2.81", None),
    ],
)
def test_whose_word_counts(peer: str, forwarded: str, source: str, proxy: str | None) -> None:
    """What a stranger's header says changes nothing; of our proxies' words the last stranger is the client."""
    assert told(peer, forwarded) == (source, proxy)


@given(st.text(max_size=50), st.sampled_from(["10.1.2.3", "203.0.113.7", "", "shop.example"]))
def test_never_raises(forwarded: str, peer: str) -> None:
    """Whatever a header holds, the event stays an event."""
    if peer[:1].isdigit():
        told(peer, forwarded)


def test_who_trusts_nobody_believes_nobody() -> None:
    """Without proxies and windows no event is looked at."""
    assert Known(Trust(networks=("10.0.0.0/8",))).says_nothing
    assert not Known(Trust(proxies=("10.0.0.1",))).says_nothing
    assert not Known(Trust(deploy_windows=("tue 20:00-22:00",))).says_nothing


@pytest.mark.parametrize(
    ("written", "hours", "inside"),
    [
        ("tue 11:00-13:00", 0, True),
        ("tue 11:00-13:00", 1, False),
        ("tue 12:00-13:00", 0, True),
        ("mon,wed 11:00-13:00", 0, False),
        ("mon,wed 11:00-13:00", 24, True),
        ("tue 22:00-02:00", 11, True),
        ("tue 22:00-02:00", 13, True),
        ("tue 22:00-02:00", 14, False),
        ("wed 22:00-02:00", 13, False),
        ("mon 22:00-14:00", 0, True),
    ],
)
def test_windows(written: str, hours: int, inside: bool) -> None:
    """A window is of the day it begins on, and may go on past midnight."""
    assert window(written).holds(NOON + timedelta(hours=hours)) is inside
    fields: dict[str, object] = {}
    Known(Trust(deploy_windows=(written,))).tell(fields, NOON + timedelta(hours=hours))
    assert fields == ({"event.during": "deploy"} if inside else {})
