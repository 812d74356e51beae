"""Cutting journalctl's output into entries: the same in any chunks, in bounded memory, deceived by no message."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from support.journal import entry

from detector.sources.journal.entries import BATCH_BYTES, Cutter, Entry, grouped
from detector.sources.journal.position import Position, decode, first, where
from detector.sources.journal.settings import FIELDS, JournalSettings, arguments

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LINES = (
    entry(1, at=NOW),
    entry(2, "x" * 900, _SYSTEMD_UNIT="ssh.service"),
    entry(3, [98, 255, 10]),
    b"\xff\xfe no JSON\n",
    b"\n",
    entry(4, 'a ,"__CURSOR":"forged" {"__CURSOR":"forged"'),
    entry(5, 'ends in {"'),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 400), max_size=30))
def test_where_chunks_end_does_not_matter(sizes: list[int]) -> None:
    """Each line once, cut at the limit, with its cursor, however the bytes come."""
    text = b"".join(LINES)
    whole, cutter, at, entries = Cutter(300).feed(text), Cutter(300), 0, []
    for size in [*sizes, len(text)]:
        entries += cutter.feed(text[at : at + size])
        at += size
    assert entries == whole
    assert [one.cursor for one in whole] == ["s=1;i=1", "s=1;i=2", "s=1;i=3", "", "s=1;i=4", "s=1;i=5"]
    assert [one.left_out for one in whole] == [0, len(LINES[1]) - 301, 0, 0, 0, 0]


def test_fields_behind_the_limit_are_found() -> None:
    """Of an entry that is too long the beginning is kept, and the cursor behind it is known, however far it lies."""
    line = json.dumps({"MESSAGE": "x" * 50_000, "__CURSOR": "s=1;i=9", "_SYSTEMD_UNIT": "a.service"}).replace(" ", "")
    cutter, entries = Cutter(1000), []
    for at in range(0, len(line) + 1, 7):
        entries += cutter.feed((line + "\n").encode()[at : at + 7])
    assert entries == [
        Entry(data=line[:1000].encode() + b"\n", left_out=len(line) - 1000, cursor="s=1;i=9", unit="a.service")
    ]


def test_batches_are_of_one_kind_and_bounded() -> None:
    """What differs in kind is parted, and so is what is too much at once; nothing is left out or reordered."""
    entries = [Entry(data=bytes(100_000), unit=unit) for unit in "aaaabba"]
    groups = [*grouped(entries, lambda one: one.unit)]
    assert ["".join(one.unit for one in group) for group in groups] == ["aa", "aa", "bb", "a"]
    assert all(sum(len(one.data) for one in group) <= BATCH_BYTES for group in groups)


def test_where_reading_begins() -> None:
    """At the cursor if there is one; else after a look back, once; else at the moment of first sight, or all."""
    settings = JournalSettings(name="journal")
    begun = first(settings, NOW, known=False)
    assert where(begun, look_back_entries=7) == ("--lines=7",)
    assert where(begun, look_back_entries=None) == ("--no-tail", f"--since=@{int(NOW.timestamp())}.000000")
    assert where(Position(cursor="c"), look_back_entries=7) == ("--no-tail", "--cursor=c")
    for all_of_it in (
        first(settings, NOW, known=True),
        first(JournalSettings(name="j", start="beginning"), NOW, known=False),
    ):
        assert where(all_of_it, look_back_entries=7) == ("--no-tail",)
        assert all_of_it.history_until == 0
    assert decode(begun.encode(), source="journal") == begun
    assert begun.history_until == round((NOW - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def test_the_command() -> None:
    """What was chosen is asked for; nothing that comes from outside can become an option of its own."""
    settings = JournalSettings(
        name="j", units=("ssh.service",), identifiers=("--x",), facilities=("auth", "authpriv"), priority="info"
    )
    command = arguments(settings, ("--no-tail",))
    assert {"--unit=ssh.service", "--identifier=--x", "--facility=auth,authpriv", "--priority=info"} < {*command}
    assert command[0] == "journalctl"
    assert command[-1] == "--no-tail"
    assert f"--output-fields={','.join(FIELDS)}" in command
