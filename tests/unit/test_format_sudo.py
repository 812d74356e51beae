"""sudo's lines."""

from datetime import UTC, datetime
from typing import Any

import pytest

from rules.event import LogSource
from rules.formats.format import Context
from rules.formats.syslog.syslog import Syslog

CONTEXT = Context(reference=datetime(2024, 3, 2, tzinfo=UTC))


def told(message: str) -> dict[str, Any]:
    parsed = Syslog().parse(f"Mar  1 03:11:26 web1 sudo: {message}", CONTEXT)
    assert parsed is not None
    assert parsed.logsource == LogSource(product="linux", service="sudo")
    return parsed.fields


WHERE = "TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/usr/bin/cat /etc/shadow"


@pytest.mark.parametrize(
    ("message", "outcome", "reason"),
    [
        (f"     bob : {WHERE}", "success", None),
        (f"     bob : command not allowed ; {WHERE}", "failure", "command_not_allowed"),
        (f"     bob : user NOT in sudoers ; {WHERE}", "failure", "not_in_sudoers"),
        (f"     bob : a password is required ; {WHERE}", "failure", "password_required"),
        (f"     bob : 3 incorrect password attempts ; {WHERE}", "failure", "incorrect_password"),
        (f"     bob : 1 incorrect password attempt ; {WHERE}", "failure", "incorrect_password"),
        (f"     bob : something new ; {WHERE}", "failure", "something new"),
    ],
)
def test_commands(message: str, outcome: str, reason: str | None) -> None:
    """Who, as whom, where, what, and whether sudo let it run."""
    fields = told(message)
    assert fields["event.action"] == "sudo"
    assert (fields["event.outcome"], fields.get("event.reason")) == (outcome, reason)
    assert (fields["user.name"], fields["user.effective.name"]) == ("bob", "root")
    assert (fields["TTY"], fields["PWD"], fields["USER"]) == ("pts/0", "/home/bob", "root")
    assert fields["COMMAND"] == fields["process.command_line"] == "/usr/bin/cat /etc/shadow"


def test_bare_refusal() -> None:
    """A refusal without any of the parts is a refusal still."""
    fields = told("bob : command not allowed")
    assert (fields["user.name"], fields["event.outcome"]) == ("bob", "failure")
    assert fields["event.reason"] == "command_not_allowed"


def test_number_of_attempts() -> None:
    """The attempts that sudo counted are kept."""
    assert told(f"bob : 3 incorrect password attempts ; {WHERE}")["sudo.attempts"] == 3


def test_a_command_cannot_rewrite_its_head() -> None:
    """What was typed is part of the command, however it looks."""
    fields = told("bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/echo ; USER=nobody ; COMMAND=/bin/true")
    assert fields["USER"] == "root"
    assert fields["COMMAND"] == "/bin/echo ; USER=nobody ; COMMAND=/bin/true"


def test_pam_lines_do_not_count() -> None:
    """PAM's word on a password is not a second sudo."""
    fields = told(
        "pam_unix(sudo:auth): authentication failure; logname=bob uid=1000 euid=0 tty=pts/0 ruser=bob rhost=  user=bob"
    )
    assert (fields["event.action"], fields["user.name"]) == ("pam_auth", "bob")
    assert "source.ip" not in fields
    opened = told("pam_unix(sudo:session): session opened for user root(uid=0) by bob(uid=1000)")
    assert (opened["event.action"], opened["user.name"], opened["user.actor.name"]) == ("session_open", "root", "bob")


@pytest.mark.parametrize(
    "message", ["", " ", " : ", "unable to resolve host web1: Name or service not known", "a b : c"]
)
def test_other_messages(message: str) -> None:
    """What is no command of a user makes no action."""
    assert "event.action" not in told(message)
