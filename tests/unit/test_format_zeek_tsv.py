"""Zeek's logs between tabs."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.event import LogSource
from rules.formats.detect import Pin, PinState, nearest
from rules.formats.format import Context, Parsed
from rules.formats.network.zeek_tsv import ZeekTsv

CONTEXT = Context(reference=datetime(2024, 3, 2, tzinfo=UTC))
DNS = [
    "#separator \\x09",
    "#set_separator\t,",
    "#empty_field\t(empty)",
    "#unset_field\t-",
    "#path\tdns",
    "#open\t2024-03-01-03-00-00",
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tquery\tanswers\tTTLs\tAA\trtt\trejected",
    "#types\ttime\tstring\taddr\tport\taddr\tport\tstring\tvector[string]\tvector[interval]\tbool\tinterval\tbool",
    "1709262686.123456\tC1\t203.0.113.7\t40000\t198.51.100.1\t53\ta\\x09b\tx,y\t1.5,2\tF\t0.25\t-",
    "1709262687.123456\tC2\t203.0.113.7\t40000\t198.51.100.1\t53\t(empty)\t(empty)\t-\tT\t-\t-",
    "#close\t2024-03-01-04-00-00",
]
CONN = (
    "1709262686.123456\tC1\t203.0.113.7\t40000\t198.51.100.1\t22\ttcp\t-\t0.1\t0\t0\tREJ\tF\tT\t0\tSr\t1\t40\t1\t40\t-"
)


def parse(lines: list[str], pin: Pin | None = None) -> list[Parsed]:
    pin = pin or Pin()
    found = [pin.choose(line, CONTEXT)[1] for line in lines]
    return [parsed for parsed in found if parsed is not None and parsed.header is None]


def test_values_have_names_and_types() -> None:
    """The header names the columns; what is not set is left out."""
    first, second = parse(DNS)
    assert first.logsource == LogSource(category="dns", product="zeek", service="dns")
    assert first.time == datetime(2024, 3, 1, 3, 11, 26, 123456, tzinfo=UTC)
    fields = first.fields
    assert (fields["id.orig_p"], fields["source.ip"], fields["destination.port"]) == (40000, "203.0.113.7", 53)
    assert (fields["query"], fields["answers"], fields["TTLs"], fields["AA"]) == ("a\tb", ["x", "y"], [1.5, 2.0], False)
    assert (fields["rtt"], "rejected" in fields) == (0.25, False)
    assert (second.fields["query"], second.fields["answers"], second.fields["AA"]) == ("", [], True)


def test_header_lines_are_no_events() -> None:
    """They are taken, but bear neither fields nor a log source."""
    parsed = ZeekTsv().parse("#path\tdns", CONTEXT)
    assert parsed is not None
    assert (parsed.header, parsed.fields, parsed.logsource) == ("#path\tdns", {}, LogSource())
    assert ZeekTsv().parse("# comment", CONTEXT) is None


@settings(deadline=None)
@given(st.lists(st.integers(1, len(DNS) - 1), max_size=4))
def test_header_survives_a_restart(cuts: list[int]) -> None:
    """Wherever reading is stopped and resumed, the columns keep their names."""
    found = []
    state = msgspec.msgpack.encode(PinState())
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(DNS)], strict=True):
        pin = Pin(state=msgspec.msgpack.decode(state, type=PinState))
        found += parse(DNS[start:end], pin)
        state = msgspec.msgpack.encode(pin.state)
    assert found == parse(DNS)


def test_a_new_header_replaces_the_old() -> None:
    """After rotation another version of Zeek may write other columns."""
    lines = [*DNS, "#separator \\x09", "#path\tx", "#fields\tts\tid.orig_h", "1709262686.0\t203.0.113.8"]
    assert parse(lines)[-1].logsource.service == "x"
    assert parse(lines)[-1].fields["source.ip"] == "203.0.113.8"


def test_conn_without_header() -> None:
    """A file that is read from its middle: connections are known by their columns."""
    (parsed,) = parse([CONN])
    assert parsed.logsource == LogSource(product="zeek", service="conn")
    assert (parsed.fields["conn_state"], parsed.fields["event.outcome"]) == ("REJ", "failure")
    assert parsed.fields["destination.port"] == 22


def test_detection() -> None:
    """Header lines take no part in pinning, and the format is found."""
    pin = Pin()
    parse([*DNS[:8], *[DNS[8]] * 200], pin)
    assert pin.format == "zeek"
    assert nearest(DNS).format == "zeek"
    assert nearest(DNS).share == 1.0


@pytest.mark.parametrize(
    "line", ["", "a\tb", CONN.replace("tcp", "foo"), CONN.replace("203.0.113.7", "x"), CONN + "\t1" * 9]
)
def test_other_lines(line: str) -> None:
    """Without a header nothing is guessed at."""
    assert ZeekTsv().parse(line, CONTEXT) is None


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([*DNS, "#separator \\x", "#fields", "#fields\tts", "#separator ", "#types\tx"]) | st.text()
    )
)
def test_never_raises(lines: list[str]) -> None:
    """Headers in any order, broken or absent, never raise."""
    parse(lines, Pin("zeek"))


def test_another_separator() -> None:
    """Header and values may stand between other characters."""
    lines = ["#separator |", "#path|x", "#fields|ts|id.orig_h", "1709262686.0|203.0.113.8"]
    assert parse(lines)[0].fields["source.ip"] == "203.0.113.8"


def test_forged_types_are_text() -> None:
    """Types nested beyond reason are read as text."""
    lines = ["#fields\tts\tx", "#types\ttime\t" + "set[" * 10_000, "1709262686.0\ta,b"]
    assert parse(lines)[0].fields["x"] == ["a", "b"]


def test_a_forged_header_is_bounded() -> None:
    """A header line of a MiB is not remembered."""
    assert ZeekTsv().parse("#fields\t" + "x\t" * 500_000, CONTEXT) is None
