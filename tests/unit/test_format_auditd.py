"""The audit log of Linux: records that belong together are one event, wherever reading was stopped.

The records follow the audit project's documentation (auditd(8), the record types and field dictionary of
https://github.com/linux-audit/audit-documentation); ids, names and addresses are made up.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.calls import calls_in
from support.engine import batch_of, engine_of

from rules.event import LogSource
from rules.formats.audit.auditd import MOST_CHARACTERS, MOST_LINES, Auditd
from rules.formats.detect import Pin, PinState, strictest
from rules.formats.format import Context, Parsed

CONTEXT = Context(reference=datetime(2024, 3, 1, 12, tzinfo=UTC))
GS = "\x1d"


def record(kind: str, body: str, serial: int = 4711, at: str = "1709262686.123", node: str = "") -> str:
    """A record as auditd writes it."""
    return f"{f'node={node} ' if node else ''}type={kind} msg=audit({at}:{serial}): {body}"


def call(
    number: int, comm: str, exe: str, *, more: str = "", success: str = "yes exit=0", arch: str = "c000003e"
) -> str:
    """What stands in a record SYSCALL."""
    return (
        f"arch={arch} syscall={number} success={success} a0=ffffff9c a1=7ffd19f0 a2=0 a3=1b6 items=2 ppid=811 pid=812 "
        f"auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 "
        f'comm="{comm}" exe="{exe}" subj=unconfined key=(null){more}'
    )


def title(text: str) -> str:
    """What stands in a record PROCTITLE."""
    return f"proctitle={text.replace(' ', chr(0)).encode().hex().upper()}"


def read(lines: Iterable[str], pin: Pin | None = None) -> list[Parsed]:
    """All events that the lines tell of."""
    pin = pin or Pin("auditd")
    found = []
    for line in lines:
        _, parsed = pin.choose(line, CONTEXT)
        if parsed is not None and parsed.header is None:
            found += [parsed, *parsed.also]
    return found


WGET = [
    record(
        "SYSCALL", call(59, "wget", "/usr/bin/wget", more=f'{GS}ARCH=x86_64 SYSCALL=execve AUID="alice" UID="root"')
    ),
    record("EXECVE", 'argc=3 a0="wget" a1="-qO-" a2=687474703A2F2F3139382E35312E3130302E372F612062'),
    record("CWD", 'cwd="/root"'),
    record("PATH", 'item=0 name="/usr/bin/wget" inode=1 dev=08:01 mode=0100755 ouid=0 nametype=NORMAL'),
    record("PATH", 'item=1 name="/lib64/ld-linux-x86-64.so.2" inode=2 dev=08:01 mode=0100755 nametype=NORMAL'),
    record("PROCTITLE", title("wget -qO- http://198.51.100.7/a")),
]
WRITE = [
    record("SYSCALL", call(257, "tee", "/usr/bin/tee"), 4712),
    record("CWD", 'cwd="/etc/apt"', 4712),
    record("PATH", 'item=0 name="../cron.d/" nametype=PARENT', 4712),
    record("PATH", 'item=1 name="../cron.d/job" nametype=CREATE', 4712),
    record("PROCTITLE", 'proctitle="tee"', 4712),
]
OVERWRITE = [
    record("SYSCALL", call(257, "sed", "/usr/bin/sed").replace("a2=0", "a2=241"), 4713),
    record("CWD", 'cwd="/"', 4713),
    record("PATH", 'item=0 name="/etc/passwd" nametype=NORMAL', 4713),
    record("PROCTITLE", title("sed -i s/a/b/ /etc/passwd"), 4713),
]
LOOK = [
    record("SYSCALL", call(257, "cat", "/usr/bin/cat"), 4714),
    record("CWD", 'cwd="/"', 4714),
    record("PATH", 'item=0 name="/etc/passwd" nametype=NORMAL', 4714),
    record("PROCTITLE", title("cat /etc/passwd"), 4714),
]
CONNECT = [
    record("SYSCALL", call(203, "bash", "/usr/bin/bash", arch="c00000b7"), 4715),
    record("SOCKADDR", "saddr=0200115CC63364090000000000000000", 4715),
    record("PROCTITLE", 'proctitle="bash"', 4715),
]
CONNECT6 = [
    record("SYSCALL", call(42, "nc", "/usr/bin/nc", success="no exit=-115"), 4716),
    record("SOCKADDR", f"saddr=0A0001BB00000000{'20010DB8' + '0' * 22 + '99'}00000000", 4716),
    record("PROCTITLE", 'proctitle="nc"', 4716),
]
REMOVE = [
    record("SYSCALL", call(263, "rm", "/usr/bin/rm"), 4717),
    record("CWD", 'cwd="/var/log"', 4717),
    record("PATH", 'item=0 name="/var/log" nametype=PARENT', 4717),
    record("PATH", 'item=1 name="auth.log" nametype=DELETE', 4717),
    record("PROCTITLE", title("rm auth.log"), 4717),
]
NOT_FOUND = [
    record("SYSCALL", call(59, "sh", "/usr/bin/dash", success="no exit=-2"), 4718),
    record("PATH", 'item=0 name="/usr/local/bin/nmap" nametype=UNKNOWN', 4718),
    record("PROCTITLE", 'proctitle="sh"', 4718),
]
LOCAL = [
    record("SYSCALL", call(42, "su", "/usr/bin/su"), 4719),
    record("SOCKADDR", "saddr=01002F7661722F72756E2F6E7363642F736F636B657400", 4719),
    record("PROCTITLE", 'proctitle="su"', 4719),
]

#: lines of one event -> (Sigma's category, what some of its fields are)
EVENTS: list[tuple[list[str], str | None, dict[str, Any]]] = [
    (
        WGET,
        "process_creation",
        {
            "type": ["SYSCALL", "EXECVE", "CWD", "PATH", "PATH", "PROCTITLE"],
            "Image": "/usr/bin/wget",
            "CommandLine": "wget -qO- http://198.51.100.7/a b",
            "CurrentDirectory": "/root",
            "User": "root",
            "AUID": "alice",
            "ProcessId": 812,
            "ParentProcessId": 811,
            "LogonId": "1000",
            "a1": "-qO-",
            "name": ["/usr/bin/wget", "/lib64/ld-linux-x86-64.so.2"],
            "key": None,
            "event.action": "process_start",
            "event.outcome": "success",
        },
    ),
    (
        WRITE,
        "file_event",
        {
            "TargetFilename": "/etc/cron.d/job",
            "SYSCALL": "openat",
            "Image": "/usr/bin/tee",
            "event.action": "file_write",
        },
    ),
    (OVERWRITE, "file_event", {"TargetFilename": "/etc/passwd", "CommandLine": "sed -i s/a/b/ /etc/passwd"}),
    (LOOK, None, {"event.action": "audit_openat", "name": "/etc/passwd"}),
    (
        CONNECT,
        "network_connection",
        {
            "DestinationIp": "198.51.100.9",
            "DestinationPort": 4444,
            "Initiated": "true",
            "destination.ip": "198.51.100.9",
            "event.outcome": "success",
        },
    ),
    (
        CONNECT6,
        "network_connection",
        {"DestinationIp": "2001:db8::99", "DestinationPort": 443, "event.outcome": "unknown"},
    ),
    (REMOVE, "file_delete", {"TargetFilename": "/var/log/auth.log", "event.action": "file_delete"}),
    (NOT_FOUND, None, {"event.action": "process_start", "event.outcome": "failure"}),
    (LOCAL, None, {"event.action": "audit_connect"}),
    (
        [
            record(
                "USER_LOGIN",
                "pid=900 uid=0 auid=4294967295 ses=4294967295 subj=unconfined msg='op=login "
                'acct=28696E76616C6964207573657229 exe="/usr/sbin/sshd" hostname=? addr=203.0.113.7 '
                f'terminal=sshd res=failed\'{GS}UID="root" AUID="unset"',
            )
        ],
        None,
        {
            "type": "USER_LOGIN",
            "acct": "(invalid user)",
            "user.name": "(invalid user)",
            "source.ip": "203.0.113.7",
            "event.outcome": "failure",
            "event.action": "audit_user_login",
            "LogonId": 0,
            "hostname": None,
        },
    ),
    (
        [
            record(
                "USER_CMD",
                'pid=901 uid=1000 auid=1000 ses=3 msg=\'cwd="/home/alice" cmd=6964202D75 exe="/usr/bin/sudo" '
                "terminal=pts/0 res=success'",
            )
        ],
        None,
        {"CommandLine": "id -u", "CurrentDirectory": "/home/alice", "event.outcome": "success", "user.name": "1000"},
    ),
    (
        [
            record(
                "SERVICE_STOP", "pid=1 uid=0 auid=4294967295 ses=4294967295 msg='unit=ufw comm=\"systemd\" res=success'"
            )
        ],
        None,
        {"unit": "ufw", "event.action": "audit_service_stop"},
    ),
    (
        [
            record(
                "ADD_USER",
                'pid=77 uid=0 auid=1000 ses=3 msg=\'op=add-user acct="eve" exe="/usr/sbin/useradd" res=success\'',
            )
        ],
        None,
        {"user.name": "eve", "op": "add-user"},
    ),
    (
        [record("ANOM_ABEND", 'auid=1000 uid=33 gid=33 ses=1 pid=55 comm="php" exe="/usr/bin/php" sig=11 res=1')],
        None,
        {"sig": "11", "event.outcome": "success", "process.name": "php"},
    ),
]


@pytest.mark.parametrize(("lines", "category", "fields"), EVENTS)
def test_events(lines: list[str], category: str | None, fields: dict[str, Any]) -> None:
    """Lines of one event -> its log source and fields."""
    (parsed,) = read(lines)
    assert parsed.logsource == LogSource(product="linux", category=category, service="auditd")
    assert {name: parsed.fields.get(name) for name in fields} == fields
    assert parsed.time == datetime(2024, 3, 1, 3, 11, 26, 123000, tzinfo=UTC)


def test_detected() -> None:
    """The format is found by itself, and pinned."""
    pin = Pin()
    lines = [line for _ in range(40) for each, _, _ in EVENTS for line in each]
    assert len(read(lines, pin)) == 40 * len(EVENTS)
    assert pin.format == "auditd"


def test_interleaved_and_resumed() -> None:
    """Records of several events stand between each other, and reading stops and goes on anywhere."""
    lines = [line for pair in zip(WGET[:-1], WRITE, strict=True) for line in pair] + [WGET[-1]]
    for at in range(len(lines)):
        pin = Pin("auditd")
        events = read(lines[:at], pin)
        saved = msgspec.msgpack.encode(pin.state)
        events += read(lines[at:], Pin("auditd", msgspec.msgpack.decode(saved, type=PinState)))
        assert [event.logsource.category for event in events] == ["file_event", "process_creation"]


def test_last_record_never_comes() -> None:
    """An event without its last record is told when a record is two seconds younger; several may be told at once."""
    later = record("USER_ACCT", "pid=1 uid=0 msg='op=PAM:accounting acct=\"bob\" res=success'", 4800, "1709262689.000")
    events = read([*WGET[:-1], *WRITE[:-1], later])
    assert [event.fields["type"][0] for event in events[:2]] == ["SYSCALL", "SYSCALL"]
    assert events[2].fields["type"] == "USER_ACCT"
    assert [event.text is not None for event in events] == [True, True, True]


def test_end_of_event() -> None:
    """EOE, where a plug-in passes it on, ends an event too."""
    (parsed,) = read([*WGET[:-1], record("EOE", "")])
    assert parsed.fields["CommandLine"] == "wget -qO- http://198.51.100.7/a b"


def test_long_arguments() -> None:
    """An argument in pieces is put together, in one record or in several."""
    pieces = [
        record("SYSCALL", call(59, "sh", "/usr/bin/dash")),
        record("EXECVE", 'argc=3 a0="sh" a1="-c" a2_len=8 a2[0]=65636820'),
        record("EXECVE", 'a2[1]="$HOME"'),
        record("PROCTITLE", 'proctitle="sh"'),
    ]
    (parsed,) = read(pieces)
    assert parsed.fields["CommandLine"] == "sh -c ech $HOME"
    assert parsed.fields["a2"] == "ech $HOME"


def test_node() -> None:
    """A line that names its node tells the host; equal ids of two nodes are two events."""
    lines = [
        record("SYSCALL", call(59, "id", "/usr/bin/id"), node="a.example"),
        record("SYSCALL", call(59, "ls", "/usr/bin/ls"), node="b.example"),
        record("PROCTITLE", 'proctitle="id"', node="a.example"),
        record("PROCTITLE", 'proctitle="ls"', node="b.example"),
    ]
    assert [(event.fields["host.name"], event.fields["CommandLine"]) for event in read(lines)] == [
        ("a.example", "id"),
        ("b.example", "ls"),
    ]


def test_names_cannot_be_forged() -> None:
    """What a process chooses stands in quotes or hexadecimal: it makes no fields."""
    acct = b"x res=success addr=192.0.2.1".hex().upper()
    body = f"pid=1 uid=0 auid=1 ses=1 msg='op=login acct={acct} addr=203.0.113.9 res=failed'"
    (parsed,) = read([record("USER_LOGIN", body)])
    assert (parsed.fields["event.outcome"], parsed.fields["source.ip"]) == ("failure", "203.0.113.9")
    assert parsed.fields["user.name"] == "x res=success addr=192.0.2.1"


RULE = """\
title: A download
logsource: {product: linux, category: process_creation}
detection:
    started: {Image|endswith: /wget, CommandLine|contains: '198.51.100.7'}
    condition: started
"""
RECORDS = """\
title: Arguments of a download
logsource: {product: linux, service: auditd}
detection:
    started: {type: EXECVE, a0: wget, a1: '-qO-'}
    condition: started
"""


def test_rules_match_across_batches() -> None:
    """Each rule fires once for the event, with all its records as evidence, though the daemon was restarted between."""
    engine = engine_of(RULE, RECORDS)
    first = engine.feed(batch_of(WGET[:3], received_at=CONTEXT.reference))
    saved, engine = engine.snapshot(), engine_of(RULE, RECORDS)
    engine.restore(saved, ())
    second = engine.feed(batch_of(WGET[3:], first=4, offset=1000, received_at=CONTEXT.reference))
    assert first.findings == ()
    assert sorted(finding.rule_title for finding in second.findings) == ["A download", "Arguments of a download"]
    (line,) = second.findings[0].evidence
    assert line.text.startswith("type=SYSCALL msg=audit(1709262686.123:4711):")
    assert 'proctitle="wget -qO- http://198.51.100.7/a"' in line.text
    (again,) = read([line.text])
    assert again.fields["CommandLine"] == "wget -qO- http://198.51.100.7/a b"


def test_through_syslog_and_journal() -> None:
    """A record that comes by itself is an event by itself, with or without its head."""
    body = EVENTS[9][0][0]
    by_plug_in = f"Mar  1 03:11:26 web1 audisp-syslog[812]: {body}"
    entry = {"__REALTIME_TIMESTAMP": "1709262686123000", "SYSLOG_IDENTIFIER": "audit", "_HOSTNAME": "web1"}
    by_journal = json.dumps({**entry, "MESSAGE": f"USER_LOGIN {body.partition('): ')[2]}"})
    for line in (by_plug_in, by_journal):
        _, parsed = strictest(line, CONTEXT)
        assert parsed is not None
        assert parsed.logsource == LogSource(product="linux", service="auditd")
        assert [parsed.fields[name] for name in ("type", "acct", "source.ip", "event.outcome", "host.name")] == [
            "USER_LOGIN",
            "(invalid user)",
            "203.0.113.7",
            "failure",
            "web1",
        ]
    _, parsed = strictest("Mar  1 03:11:26 web1 auditd[812]: Audit daemon rotating log files", CONTEXT)
    assert parsed is not None
    assert (parsed.logsource.service, "type" in parsed.fields) == ("auditd", False)


APPARMOR = (
    'apparmor="DENIED" operation="open" profile="/usr/sbin/mysqld" name="/etc/shadow" pid=812 comm="mysqld" '
    'requested_mask="r" denied_mask="r" fsuid=112 ouid=0'
)
SELINUX = (
    'avc:  denied  { read } for  pid=812 comm="httpd" name="shadow" dev="dm-0" ino=7 '
    "scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:shadow_t:s0 tclass=file permissive=0"
)


@pytest.mark.parametrize("body", [APPARMOR, SELINUX])
@pytest.mark.parametrize("clock", ["", "[  123.456789] "])
def test_written_by_the_kernel(body: str, clock: str) -> None:
    """Where no auditd runs, the kernel writes numbers for types; what it denies has failed."""
    line = f"Mar  1 03:11:26 web1 kernel: {clock}audit: type=1400 audit(1709262686.123:7): {body}"
    _, parsed = strictest(line, CONTEXT)
    assert parsed is not None
    assert parsed.logsource == LogSource(product="linux", service="auditd")
    assert [parsed.fields[name] for name in ("type", "event.outcome", "event.action")] == [
        "AVC",
        "failure",
        "audit_avc",
    ]
    assert parsed.fields["process.name"] in ("mysqld", "httpd")


def test_only_the_kernel_writes_so() -> None:
    """What somebody makes the kernel print stays the kernel's; an unknown number stays a number."""
    forged = "Mar  1 03:11:26 web1 kernel: usb 1-1: Product: audit: type=1400 audit(1709262686.123:7): apparmor=x"
    _, parsed = strictest(forged, CONTEXT)
    assert parsed is not None
    assert parsed.logsource.service == "syslog"
    (parsed,) = read([record("UNKNOWN[1999]", "a=b")])
    assert parsed.fields["type"] == "UNKNOWN[1999]"


LINES = st.one_of(
    st.text(max_size=200),
    st.builds(
        record,
        st.sampled_from(["SYSCALL", "EXECVE", "PATH", "SOCKADDR", "CWD", "PROCTITLE", "EOE", "USER_CMD", ""]),
        st.one_of(
            st.text(max_size=80),
            st.sampled_from([line.partition("): ")[2] for event, _, _ in EVENTS for line in event]),
            st.sampled_from(
                ["saddr=0A", "a0=4", "a9[=1", "msg='", 'exe="', "name=FF80 nametype=CREATE", "arch= syscall="]
            ),
        ),
        st.integers(0, 3),
        st.sampled_from(["1709262686.123", "1709262690.1", "99999999999999999999.1", "-1.5", "."]),
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=20), st.text(max_size=50))
def test_nothing_raises(lines: list[str], header: str) -> None:
    """Whatever the lines and the state hold, nothing raises, all can be saved, and what waits is bounded."""
    pin = Pin("auditd", PinState(header=header.encode("utf-8", "replace").decode()))
    for line in lines:
        for event in read([line], pin):
            assert isinstance(event.fields["message"], str)
        msgspec.msgpack.encode(pin.state)
        strictest(f"Mar  1 03:11:26 web1 audit: {line}", CONTEXT)
    assert Auditd().parse("type=" * 50_000, CONTEXT) is None


def test_cost_grows_with_the_length() -> None:
    """Quotes that are never closed, and a long line of pairs."""
    for body in ("a='" * 300_000, 'a="' * 300_000, "a=" * 400_000, "a= " * 300_000, "type= msg=audit(" * 50_000):
        read([record("USER_CMD", body)])


def test_what_waits_is_bounded() -> None:
    """Records whose events never end cannot fill the memory: the oldest are told as they are."""
    pin, told = Pin("auditd"), 0
    for serial in range(1000):
        told += len(read([record("PATH", f'item=0 name="{"x" * 4000}" nametype=NORMAL', serial)], pin))
        assert len(pin.state.header) <= MOST_CHARACTERS + 1000
    assert told > 900


def test_events_that_never_end_cost_no_search_of_all_that_wait() -> None:
    """However many events somebody opens, a record is compared with those that wait and not read anew with each."""
    pin = Pin("auditd")
    lines = [record("PATH", 'item=0 name="/x"', serial) for serial in range(MOST_LINES + 50)]
    assert len(read(lines, pin)) == 50
    more = record("PATH", 'item=0 name="/x"', MOST_LINES + 50)
    assert calls_in(lambda: read([more], pin)) < MOST_LINES
