"""Pin: which format a stream is of."""

import random
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.formats.catalogue import FORMATS, NAMED, UnknownFormat, by_name, names
from rules.formats.detect import Pin, PinState, nearest
from rules.formats.format import Context

CONTEXT = Context(reference=datetime(2024, 3, 2, tzinfo=UTC))
GOOD = "Mar  1 03:11:26 web1 systemd[1]: Started."
BAD = "what is this"


def formats(pin: Pin, lines: list[str]) -> list[str]:
    return [pin.choose(line, CONTEXT)[0] for line in lines]


def test_first_line_is_read_at_once() -> None:
    """There is no waiting for 200 lines."""
    pin = Pin()
    assert formats(pin, [GOOD]) == ["syslog"]
    assert pin.format == ""


def test_pins_after_200_lines() -> None:
    """The format that reads nine of ten lines is pinned at the 200th."""
    pin = Pin()
    formats(pin, [GOOD] * 180 + [BAD] * 19)
    assert pin.format == ""
    formats(pin, [BAD])
    assert pin.format == "syslog"


def test_a_quiet_stream_is_pinned_after_ten_seconds() -> None:
    """The first line that arrives 10 s after the first one finds a settled format; how many came with it is all one."""
    pin = Pin()
    pin.choose(GOOD, CONTEXT, arrived=0)
    pin.choose(GOOD, CONTEXT, arrived=9_999_999)
    assert (pin.format, pin.likely) == ("", "syslog")
    pin.choose(BAD, CONTEXT, arrived=10_000_000)
    assert pin.format == "syslog"


def test_ten_seconds_of_a_mixed_stream_pin_nothing() -> None:
    """Below nine of ten the detection goes on, and pins as soon as it is nine of ten."""
    pin = Pin()
    for at, line in enumerate([BAD, *[GOOD] * 9]):
        pin.choose(line, CONTEXT, arrived=at * 20_000_000)
        assert pin.format == ""
    pin.choose(GOOD, CONTEXT, arrived=999_000_000)
    assert pin.format == "syslog"


def test_does_not_pin_below_nine_of_ten() -> None:
    """A mixed stream stays unpinned and is read line by line."""
    pin = Pin()
    assert formats(pin, ([GOOD] * 8 + [BAD] * 2) * 40).count("syslog") == 320
    assert pin.format == ""


def test_gives_up_after_500_lines() -> None:
    """A pinned format that reads less than a tenth of 500 lines is given up; one that reads a tenth is kept."""
    pin = Pin(state=PinState(pinned="syslog"))
    formats(pin, [GOOD] * 50 + [BAD] * 450)
    assert pin.format == "syslog"
    formats(pin, [GOOD] * 49 + [BAD] * 451)
    assert pin.format == ""


def test_blank_lines_do_not_count() -> None:
    """Empty lines neither pin nor unpin."""
    pin = Pin(state=PinState(pinned="syslog"))
    formats(pin, ["", "  "] * 1000)
    assert pin.state.lines == 0


def test_a_named_format_stays() -> None:
    """What the configuration names is never changed, whatever comes."""
    pin = Pin("syslog-rfc5424")
    assert formats(pin, [GOOD] * 1500) == [""] * 1500
    assert pin.format == "syslog-rfc5424"


def test_a_pinned_format_of_another_version() -> None:
    """A saved name that no longer exists starts the detection anew."""
    pin = Pin(state=PinState(pinned="gone"))
    assert formats(pin, [GOOD]) == ["syslog"]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 400))
def test_chunks_do_not_matter(seed: int, size: int) -> None:
    """Saving and restoring the state at any line gives what one go gives."""
    chance = random.Random(seed)
    share = chance.random()
    lines = [GOOD if chance.random() < share else BAD for _ in range(1200)]
    whole = Pin()
    expected = formats(whole, lines)
    state, found = b"", []
    for start in range(0, len(lines), size):
        pin = Pin(state=msgspec.msgpack.decode(state, type=PinState) if state else None)
        found += formats(pin, lines[start : start + size])
        state = msgspec.msgpack.encode(pin.state)
    assert found == expected
    assert msgspec.msgpack.decode(state, type=PinState) == whole.state


def test_unknown_format() -> None:
    """A wrong name is answered with the nearest."""
    with pytest.raises(UnknownFormat, match='unknown log format "sylog"; did you mean "syslog"'):
        Pin("sylog")


def test_catalogue_is_in_order() -> None:
    """Strict formats come first, and no name is used twice."""
    assert [one.strictness for one in FORMATS] == sorted((one.strictness for one in FORMATS), reverse=True)
    assert len(names()) == len({*names()}) == len(FORMATS) + len(NAMED)
    assert all(by_name(name).name == name for name in names())


def test_nearest() -> None:
    """For a message: the best format, its share, and a line that it does not read."""
    found = nearest([GOOD, BAD, "", GOOD])
    assert (found.format, found.unparsed) == ("syslog", BAD)
    assert found.share == pytest.approx(2 / 3)
    assert nearest([]) == nearest([" "])
    assert nearest(["\x00binary"]).format == ""
