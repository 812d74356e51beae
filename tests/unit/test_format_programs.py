"""Programs that write to syslog, beside sshd and sudo."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.event import LogSource
from rules.formats.format import Context, Parsed
from rules.formats.syslog.directory import PROGRAMS
from rules.formats.syslog.syslog import Syslog

CONTEXT = Context(reference=datetime(2024, 3, 2, tzinfo=UTC))


def parse(program: str, message: str) -> Parsed:
    parsed = Syslog().parse(f"Mar  1 03:11:26 web1 {program}: {message}", CONTEXT)
    assert parsed is not None
    return parsed


def deed(program: str, message: str) -> tuple[Any, ...]:
    fields = parse(program, message).fields
    names = ("event.action", "event.outcome", "user.name", "group.name", "user.effective.name", "user.actor.name")
    return tuple(fields.get(name) for name in names)


@pytest.mark.parametrize(
    ("program", "message", "expected"),
    [
        ("su", "(to root) bob on pts/0", ("su", "success", "bob", None, "root", None)),
        ("su", "FAILED SU (to root) bob on pts/0", ("su", "failure", "bob", None, "root", None)),
        ("su", "Successful su for root by bob", ("su", "success", "bob", None, "root", None)),
        ("su", "FAILED su for root by bob", ("su", "failure", "bob", None, "root", None)),
        ("su", "- pts/0 bob:root", (None,) * 6),
        (
            "su",
            "pam_unix(su:session): session opened for user root(uid=0) by bob(uid=1000)",
            ("session_open", "success", "root", None, None, "bob"),
        ),
        (
            "useradd",
            "new user: name=eve, UID=0, GID=0, home=/home/eve, shell=/bin/bash, from=/dev/pts/0",
            ("user_add", "success", "eve", None, None, None),
        ),
        ("useradd", "new group: name=eve, GID=1001", ("group_add", "success", None, "eve", None, None)),
        ("useradd", "failed adding user 'eve', exit code: 9", ("user_add", "failure", "eve", None, None, None)),
        (
            "groupadd",
            "group added to /etc/group: name=ops, GID=1002",
            ("group_add", "success", None, "ops", None, None),
        ),
        ("usermod", "add 'eve' to group 'sudo'", ("group_member_add", "success", "eve", "sudo", None, None)),
        ("usermod", "add 'eve' to shadow group 'sudo'", (None,) * 6),
        ("userdel", "delete user 'eve'", ("user_delete", "success", "eve", None, None, None)),
        ("userdel", "delete 'eve' from group 'sudo'", ("group_member_remove", "success", "eve", "sudo", None, None)),
        ("userdel", "removed group 'eve' owned by 'eve'", ("group_delete", "success", None, "eve", None, None)),
        ("groupdel", "group 'ops' removed from /etc/group", ("group_delete", "success", None, "ops", None, None)),
        ("usermod", "change user 'eve' password", ("user_password", "success", "eve", None, None, None)),
        ("usermod", "change user 'eve' UID from '1001' to '0'", ("user_modify", "success", "eve", None, None, None)),
        ("usermod", "lock user 'eve' password", ("user_lock", "success", "eve", None, None, None)),
        (
            "gpasswd",
            "user eve added by root to group sudo",
            ("group_member_add", "success", "eve", "sudo", None, "root"),
        ),
        (
            "gpasswd",
            "user eve removed by root from group sudo",
            ("group_member_remove", "success", "eve", "sudo", None, "root"),
        ),
        ("passwd", "password for 'eve' changed by 'root'", ("user_password", "success", "eve", None, None, "root")),
        (
            "passwd",
            "pam_unix(passwd:chauthtok): password changed for eve",
            ("user_password", "success", "eve", None, None, None),
        ),
        ("useradd", "something else", (None,) * 6),
        (
            "CRON",
            "(root) CMD (   cd / && run-parts --report /etc/cron.hourly)",
            ("cron_run", "success", "root", None, None, None),
        ),
        ("crontab", "(bob) REPLACE (bob)", ("cron_edit", "success", "bob", None, None, None)),
        ("crontab", "(bob) LIST (bob)", (None, None, "bob", None, None, None)),
        (
            "login",
            "pam_unix(login:auth): authentication failure; logname=LOGIN uid=0 euid=0 tty=1 ruser= rhost=  user=root",
            ("pam_auth", "failure", "root", None, None, None),
        ),
        ("myapp", "pam_unix(myapp:auth): check pass; user unknown", ("pam_auth", "failure", None, None, None, None)),
        ("myapp", "pam_foo: strange", (None,) * 6),
    ],
)
def test_deeds(program: str, message: str, expected: tuple[Any, ...]) -> None:
    """What was done, how it ended, to whom, as whom and by whom."""
    assert deed(program, message) == expected


def test_details() -> None:
    """Commands and changed values are kept."""
    assert parse("cron", "(root) CMD (run-parts /etc/cron.hourly)").fields["process.command_line"] == (
        "run-parts /etc/cron.hourly"
    )
    assert parse("useradd", "new user: name=eve, UID=0, GID=0").fields["user.id"] == 0
    assert parse("usermod", "change user 'eve' UID from '1' to '0'").fields["user.change"] == "UID from '1' to '0'"


@pytest.mark.parametrize(
    ("program", "service"),
    [("su", "su"), ("usermod", "usermod"), ("CRON[7]", "cron"), ("freshclam", "clamav"), ("systemd[1]", "syslog")],
)
def test_services(program: str, service: str) -> None:
    """The service is Sigma's name of the log, or the program's."""
    assert parse(program, "x").logsource == LogSource(product="linux", service=service)


PACKET = (
    "IN=eth0 OUT= MAC=00:16:3e:00:00:01 SRC=203.0.113.7 DST=198.51.100.1 LEN=40 TOS=0x00 PREC=0x00 TTL=245 ID=1 "
    "PROTO=TCP SPT=40000 DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0"
)


@pytest.mark.parametrize(
    ("prefix", "action", "outcome"),
    [
        ("[12345.678901] [UFW BLOCK] ", "drop", "failure"),
        ("[   12.678901] nft-reject: ", "reject", "failure"),
        ("[UFW ALLOW] ", "accept", "success"),
        ("iptables: ", None, "unknown"),
        ("", None, "unknown"),
    ],
)
def test_firewall(prefix: str, action: str | None, outcome: str) -> None:
    """A packet has Sigma's names for firewalls beside ours, and a verdict where the prefix tells one."""
    parsed = parse("kernel", prefix + PACKET)
    fields = parsed.fields
    assert parsed.logsource.category == "firewall"
    assert (fields.get("action"), fields["event.outcome"], fields["event.action"]) == (action, outcome, "firewall")
    assert (
        (fields["src_ip"], fields["src_port"]) == (fields["source.ip"], fields["source.port"]) == ("203.0.113.7", 40000)
    )
    assert (fields["dst_ip"], fields["dst_port"]) == ("198.51.100.1", 22)
    assert (fields["protocol"], fields["firewall.in"], fields["firewall.bytes"]) == ("tcp", "eth0", 40)
    assert fields["firewall.flags"] == ["SYN"]


def test_firewall_quoted_packet() -> None:
    """The packet that an ICMP error quotes is not the packet."""
    fields = parse(
        "kernel",
        "[1.0] DROP IN=eth0 OUT= SRC=2001:DB8::1 DST=2001:db8::2 LEN=68 PROTO=ICMPv6 TYPE=3 CODE=1 "
        "[SRC=198.51.100.1 DST=203.0.113.7 PROTO=UDP SPT=53 DPT=40000 ]",
    ).fields
    assert (fields["src_ip"], fields["dst_ip"], fields["protocol"]) == ("2001:db8::1", "2001:db8::2", "icmpv6")
    assert "dst_port" not in fields


def test_kernel_is_not_always_the_firewall() -> None:
    """Other messages of the kernel are plain syslog."""
    assert parse("kernel", "[1.0] eth0: link up SRC= DST=").logsource == LogSource(product="linux", service="syslog")


@settings(deadline=None)
@given(
    st.sampled_from(sorted(PROGRAMS)), st.text(), st.sampled_from(["", "(", "IN= SRC=", "new user: ", "user ", "add '"])
)
def test_never_raises(program: str, text: str, head: str) -> None:
    """Whatever a program says, it is read."""
    parse(program, head + text)
    parse(program, "pam_unix(x:y): " + text)


def test_long_hostile_messages() -> None:
    """A MiB in any program's message costs linear time."""
    for program in PROGRAMS:
        for filler in (" ", "=", "IN= ", ", ", "'", " SRC=1 DST=2 IN="):
            parse(program, filler * ((1 << 18) // len(filler)))
