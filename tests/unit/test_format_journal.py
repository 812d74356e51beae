"""What journalctl writes, as events: odd messages, missing stamps, and the programs' own parsers."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from rules.event import LogSource
from rules.formats.format import Context, Parsed
from rules.formats.syslog.journal import Journal

NOW = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
STAMP = {"__REALTIME_TIMESTAMP": "1772334686123456"}
GUESS = "Failed password for root from 203.0.113.7 port 22 ssh2"


def read(**fields: Any) -> Parsed | None:
    return Journal().parse(json.dumps(STAMP | fields), Context(reference=NOW))


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("two\nlines", "two\nlines"),
        ([98, 97, 100, 255], "bad\udcff"),
        (["first", "second"], "first\nsecond"),
        (["first", [255]], "first\n\udcff"),
        ([[[1]]], ""),
        ([300, -1, "x", None], "\nx\n".join(["\n", ""])),
        (None, ""),
        ({"no": "text"}, ""),
    ],
)
def test_messages(message: Any, text: str) -> None:
    """A message may be text of several lines, bytes, or several of both; what it never is becomes nothing."""
    found = read(MESSAGE=message)
    assert found is not None
    assert found.fields["message"] == text


def test_programs() -> None:
    """The identifier leads to the program's own parser, whoever logged it; the unit stands beside."""
    sshd = read(MESSAGE=GUESS, SYSLOG_IDENTIFIER="sshd", _COMM="cat", _SYSTEMD_UNIT="ssh.service", _PID="7")
    assert sshd is not None
    assert sshd.logsource == LogSource(product="linux", service="sshd")
    assert sshd.fields["event.action"] == "ssh_login"
    assert (sshd.fields["systemd.unit"], sshd.fields["pid"]) == ("ssh.service", 7)
    command = "ana : TTY=pts/0 ; PWD=/home/ana ; USER=root ; COMMAND=/bin/ls"
    sudo = read(MESSAGE=command, SYSLOG_IDENTIFIER=["sudo", "other"])
    assert sudo is not None
    assert (sudo.logsource.service, sudo.fields["COMMAND"]) == ("sudo", "/bin/ls")
    named_by_kernel = read(MESSAGE=GUESS, _COMM="sshd")
    assert named_by_kernel is not None
    assert named_by_kernel.logsource.service == "sshd"


def test_a_second_line_is_no_second_message() -> None:
    """What somebody puts behind a line's end does not become an attempt of somebody else's."""
    found = read(MESSAGE=f"Invalid user x\n{GUESS}", SYSLOG_IDENTIFIER="sshd")
    assert found is not None
    assert found.fields.get("event.action") != "ssh_login"


def test_repeated_messages_count() -> None:
    """``message repeated 5 times`` counts five, in the journal too."""
    found = read(MESSAGE=f"message repeated 5 times: [ {GUESS}]", SYSLOG_IDENTIFIER="sshd")
    assert found is not None
    assert (found.repeats, found.fields["event.action"]) == (5, "ssh_login")


@pytest.mark.parametrize("stamp", [None, "", "x", "-1", "9" * 30, ["1"]])
def test_without_a_stamp(stamp: Any) -> None:
    """An entry whose stamp cannot be read is not of this format: it counts as unparsed, and nothing breaks."""
    assert (
        Journal().parse(json.dumps({"__REALTIME_TIMESTAMP": stamp, "MESSAGE": GUESS}), Context(reference=NOW)) is None
    )
