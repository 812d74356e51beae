"""How matchers, moments and windows are typed on the command line."""

from datetime import UTC, datetime

import pytest

from detector.cli.output import Misuse
from detector.cli.silences import matched, moment, windowed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_matchers() -> None:
    """A name may be given several times; a value may hold what it likes."""
    assert matched(("asset=web1", "asset=web2", "rule=a=b")) == {"asset": ["web1", "web2"], "rule": ["a=b"]}
    with pytest.raises(Misuse, match="name=value"):
        matched(("web1",))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("90m", "2026-03-01T13:30:00+00:00"),
        ("8h", "2026-03-01T20:00:00+00:00"),
        ("3d", "2026-03-04T12:00:00+00:00"),
        ("2026-03-01T06:00+01:00", "2026-03-01T06:00:00+01:00"),
    ],
)
def test_moments(text: str, told: str) -> None:
    """So long from now, or one with its zone."""
    assert moment(text, NOW) == told


@pytest.mark.parametrize("text", ["", "h", "-3h", "3y", "tomorrow", "2026-03-01T06:00", "９h", "123456789d"])  # noqa: RUF001
def test_what_is_no_moment(text: str) -> None:
    """Is said, with how one is written."""
    with pytest.raises(Misuse, match="is no moment"):
        moment(text, NOW)


def test_windows() -> None:
    """Days, hours and a zone."""
    told = {"timezone": "Europe/Berlin", "days": [5, 6], "starts": "03:00", "ends": "05:00"}
    assert windowed("sat,sun 03:00-05:00 Europe/Berlin") == told
    for text in ("sat 03:00", "someday 03:00-05:00 UTC", "sat 03:00 UTC", ""):
        with pytest.raises(Misuse, match="is no window"):
            windowed(text)
