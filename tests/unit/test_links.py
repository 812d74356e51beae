"""Signed links: scope, expiry, rotation, and what is not ours."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.links import Expired, Invalid, Link, Links

NOW = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
OLD, NEW = b"o" * 32, b"n" * 32


def token_of(url: str) -> str:
    return url.rsplit("/", 1)[1]


def make(links: Links, **changes: object) -> str:
    fields = {
        "record": 42,
        "act": "acknowledge",
        "person": "ana",
        "expires_at": NOW + timedelta(hours=24),
        "nonce": "n",
    }
    return token_of(links.make(**(fields | changes)))  # type: ignore[arg-type]


@given(
    record=st.integers(1, 10**9),
    person=st.text(max_size=40),
    nonce=st.text(max_size=40),
    hours=st.integers(1, 1000),
)
def test_round_trip(record: int, person: str, nonce: str, hours: int) -> None:
    """What was put into a link is what is read from it, for any person and record."""
    links = Links([NEW], "http://x")
    expires_at = NOW + timedelta(hours=hours)
    token = make(links, record=record, person=person, nonce=nonce, expires_at=expires_at)
    expected = Link(record=record, act="acknowledge", person=person, expires_at=expires_at, nonce=nonce)
    assert links.read(token, NOW) == expected
    assert links.read(token, expires_at) == Expired(link=expected)
    assert links.read(token, expires_at - timedelta(seconds=1)) == expected


@given(st.text(max_size=2000))
def test_what_is_not_ours(token: str) -> None:
    """Any text that we did not sign is invalid, and reading it never raises."""
    assert isinstance(Links([NEW], "http://x").read(token, NOW), Invalid)


@given(position=st.integers(0, 10_000), other=st.characters(min_codepoint=33, max_codepoint=126))
def test_one_changed_character_is_refused(position: int, other: str) -> None:
    """No character of a token can be changed so that it allows something else."""
    links = Links([NEW], "http://x")
    token = make(links)
    position %= len(token)
    changed = token[:position] + other + token[position + 1 :]
    assert isinstance(links.read(changed, NOW), Invalid) or links.read(changed, NOW) == links.read(token, NOW)


def test_rotation() -> None:
    """A link signed with the old key is read while that key is listed, and refused once it is withdrawn."""
    token = make(Links([OLD], "http://x"))
    assert isinstance(Links([OLD, NEW], "http://x").read(token, NOW), Link)
    assert isinstance(Links([NEW], "http://x").read(token, NOW), Invalid)
    assert isinstance(Links([NEW], "http://x").read(make(Links([OLD, NEW], "http://x")), NOW), Link)


def test_addresses() -> None:
    """Addresses start with the configured base, whatever slash it ends with, and fit a text message's patience."""
    links = Links([NEW], "https://tocsin.example/")
    assert links.page(7) == "https://tocsin.example/i/7"
    url = links.make(record=7, act="acknowledge", person="ana", expires_at=NOW, nonce="0123456789abcdef")
    assert url.startswith("https://tocsin.example/a/")
    assert len(url) < 200


@pytest.mark.parametrize("secrets", [[], [b"short"]])
def test_weak_secrets(secrets: list[bytes]) -> None:
    """Links are not signed with a secret that could be guessed."""
    with pytest.raises(ValueError, match="16 bytes"):
        Links(secrets, "http://x")
