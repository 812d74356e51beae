"""A stored line is held against the hash of the bytes that were read."""

import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.correlation.telling import evidence_of
from rules.event import Event, LogSource, TimeSource
from rules.finding import Evidence
from rules.formats.format import SECOND
from store.examine import Harm
from store.examine_evidence import GONE, StoredLine, faults
from store.repository.keeping.disposal import DISPOSED
from store.repository.keeping.redaction import REDACTED

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def kept(raw: bytes) -> Evidence:
    """The line as the engine tells it."""
    event = Event(
        source="auth",
        stream="s",
        origin="auth.log",
        line=1,
        offset=0,
        time=NOW,
        time_resolution=SECOND,
        time_source=TimeSource.LINE,
        received_at=NOW,
        text="",
        format="",
        logsource=LogSource(),
    )
    return evidence_of(event, raw)


def examined(text: object, sha256: object) -> list[str]:
    return [str(one.harm) for one in faults(1, [StoredLine(origin="auth.log", line=1, text=text, sha256=sha256)])]


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_line_that_was_read_is_in_doubt(raw: bytes) -> None:
    """Whatever its bytes were."""
    line = kept(raw.replace(b"\n", b""))
    assert examined(line.text, line.sha256) == []


@pytest.mark.parametrize(
    "raw", [b"Failed password for root", "gr\u00fc\u00dfe".encode(), b"with an end\r", b"x" * 9000]
)
def test_lines_of_all_kinds(raw: bytes) -> None:
    """Plain, beyond ASCII, with a carriage return, longer than what is kept."""
    line = kept(raw)
    assert examined(line.text, line.sha256) == []


def test_what_was_changed_is_named() -> None:
    """Another text, another hash, or something that is neither."""
    right = hashlib.sha256(b"Failed password for root").hexdigest()
    for text, sha256 in (("Failed password for ann", right), ("Failed password for root", "0" * 64), (b"\xff", right)):
        assert examined(text, sha256) == [Harm.CHANGED]


@pytest.mark.parametrize("gone", [REDACTED, DISPOSED, ""])
def test_what_was_taken_away_is_no_harm(gone: str) -> None:
    """The timeline tells by whom."""
    assert gone in GONE
    assert examined(gone, "0" * 64) == []
