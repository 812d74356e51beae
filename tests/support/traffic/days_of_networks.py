"""Days of networks, proxies, file servers and the audit log on which nothing is wrong."""

# ruff: noqa: E501 (lines of logs stand as they are written)

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from support.traffic.days_of_hosts import MINUTE, SECOND
from support.traffic.lines import HOME, OFFICE, Line, every, syslog

CLIENTS = tuple(f"10.0.1.{last}" for last in range(10, 20))


def zeek(at: datetime, path: str, near: str, far: str, port: int, **more: Any) -> Line:
    """A line of one of Zeek's logs, as JSON."""
    ends = {"id.orig_h": near, "id.orig_p": 51000, "id.resp_h": far, "id.resp_p": port}
    return Line(at, f"zeek-{path}", json.dumps({"_path": path, "ts": at.timestamp(), "uid": "C1", **ends, **more}))


def eve(at: datetime, kind: str, near: str, far: str, port: int, **more: Any) -> Line:
    """An event of Suricata's."""
    ends = {"src_ip": near, "src_port": 51000, "dest_ip": far, "dest_port": port, "proto": "TCP"}
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.123456+0000"
    return Line(at, "eve", json.dumps({"timestamp": stamp, "flow_id": 1, "event_type": kind, **ends, **more}))


def office_at_work(at: datetime) -> Iterator[Line]:
    """Video calls, updates, a printer that looks for its server, names that are mistyped, clocks that ask the time."""
    for number, moment in enumerate(every(at, 5 * SECOND, 200)):
        who = CLIENTS[number % 10]
        yield zeek(
            moment,
            "conn",
            who,
            f"192.0.2.{number % 120 + 1}",
            443,
            proto="tcp",
            conn_state="SF",
            orig_bytes=90_000,
            resp_bytes=2_000_000,
        )
        yield zeek(
            moment,
            "conn",
            who,
            "192.0.2.200",
            3478,
            proto="udp",
            conn_state="SF",
            orig_bytes=4_000_000,
            resp_bytes=9_000_000,
        )
        yield zeek(
            moment,
            "dns",
            who,
            "10.0.0.53",
            53,
            query=f"cdn{number % 9}.example.net",
            qtype_name="A",
            rcode_name="NXDOMAIN" if not number % 12 else "NOERROR",
        )
        if not number % 4:
            yield zeek(moment, "conn", "10.0.1.99", "10.0.0.9", 9100 + number % 3, proto="tcp", conn_state="REJ")
            yield zeek(
                moment,
                "dns",
                who,
                "10.0.0.53",
                53,
                query="a1b2c3d4e5f6a7b8c9d0.metrics.example.com",
                qtype_name="AAAA",
                rcode_name="NOERROR",
            )


def programs_that_call_home(at: datetime) -> Iterator[Line]:
    """Agents report each minute, telephones keep a connection to their maker, the clock asks every 64 seconds."""
    for number, moment in enumerate(every(at, MINUTE, 90)):
        jitter = timedelta(milliseconds=137 * number % 900)
        yield zeek(
            moment + jitter,
            "conn",
            "10.0.1.10",
            "192.0.2.50",
            443,
            proto="tcp",
            conn_state="SF",
            service="ssl",
            orig_bytes=1_200,
            resp_bytes=600,
        )
        yield zeek(
            moment,
            "conn",
            "10.0.1.11",
            "192.0.2.123",
            123,
            proto="udp",
            conn_state="SF",
            service="ntp",
            orig_bytes=48,
            resp_bytes=48,
        )
        yield zeek(
            moment,
            "conn",
            "10.0.1.12",
            "10.0.0.53",
            53,
            proto="udp",
            conn_state="SF",
            service="dns",
            orig_bytes=40,
            resp_bytes=120,
        )


def night_backup_goes_out(at: datetime) -> Iterator[Line]:
    """Forty gigabytes go to the provider that keeps the backups."""
    for moment in every(at, MINUTE, 40):
        yield zeek(
            moment,
            "conn",
            "10.0.0.9",
            "192.0.2.77",
            443,
            proto="tcp",
            conn_state="SF",
            orig_bytes=1_000_000_000,
            resp_bytes=2_000_000,
        )
        flow = {"bytes_toserver": 1_000_000_000, "bytes_toclient": 2_000_000, "pkts_toserver": 9, "pkts_toclient": 9}
        yield eve(moment, "flow", "10.0.0.9", "192.0.2.77", 443, flow=flow)


def talkative_sensor(at: datetime) -> Iterator[Line]:
    """Suricata with the usual signatures: policies, scans from outside, streams that it did not see whole."""
    for number, moment in enumerate(every(at, 10 * SECOND, 150)):
        signature, category, severity = (
            ("ET DROP Dshield Block Listed Source group 1", "Misc Attack", 2),
            ("ET SCAN Suspicious inbound to mySQL port 3306", "Potentially Bad Traffic", 2),
            ("ET INFO Observed DNS Query to .cloud TLD", "Potentially Bad Traffic", 2),
            ("SURICATA STREAM excessive retransmissions", "Generic Protocol Command Decode", 3),
            (
                "ET POLICY GNU/Linux APT User-Agent Outbound likely related to package management",
                "Not Suspicious Traffic",
                3,
            ),
            ("ET WEB_SERVER Possible SQL Injection Attempt", "Web Application Attack", 1),
        )[number % 6]
        near = "10.0.1.12" if number % 6 in (2, 4) else f"203.0.113.{number % 90 + 1}"
        told = {
            "action": "allowed",
            "signature": signature,
            "signature_id": number % 6,
            "category": category,
            "severity": severity,
        }
        yield eve(moment, "alert", near, "198.51.100.2", 443, alert=told)


def rolling_restart(at: datetime) -> Iterator[Line]:
    """HAProxy: one server after the other is taken out, put in place anew, and comes back."""
    for number in range(6):
        moment = at + number * 40 * SECOND
        for seconds, text in (
            (
                0,
                f"Server web/srv{number} is going DOWN for maintenance. 5 active and 0 backup servers left. 3 sessions active, 0 requeued, 0 remaining in queue.",
            ),
            (
                9,
                f'Server web/srv{number} is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. 5 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
            ),
            (
                25,
                f"Server web/srv{number} is UP, reason: Layer7 check passed, code: 200, check duration: 3ms. 6 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.",
            ),
        ):
            yield syslog(moment + seconds * SECOND, "haproxy", "haproxy[812]", text)


def scanner_with_an_old_password(at: datetime) -> Iterator[Line]:
    """The copier sends what it scanned by FTP, with last year's password, whenever somebody presses the button."""
    for number, moment in enumerate(every(at, 7 * MINUTE, 40)):
        stamp = f"{moment:%a %b} {moment.day:2d} {moment:%H:%M:%S %Y} [pid {900 + number}]"
        yield Line(moment, "vsftpd", f'{stamp} CONNECT: Client "{OFFICE}"')
        yield Line(moment, "vsftpd", f'{stamp} [scans] FAIL LOGIN: Client "{OFFICE}"')
    moment = at + timedelta(hours=5)
    stamp = f"{moment:%a %b} {moment.day:2d} {moment:%H:%M:%S %Y} [pid 990]"
    yield Line(moment, "vsftpd", f'{stamp} [scans] OK LOGIN: Client "{OFFICE}"')
    yield Line(
        moment, "vsftpd", f'{stamp} [scans] OK UPLOAD: Client "{OFFICE}", "/scans/a.pdf", 91231 bytes, 900.01Kbyte/sec'
    )


def audited_upgrade(at: datetime) -> Iterator[Line]:
    """With the usual rules of auditd: a package makes an account, gives a program its bit, and auditd is restarted."""
    number = 1000

    def records(moment: datetime, *bodies: str) -> Iterator[Line]:
        nonlocal number
        number += 1
        for body in bodies:
            kind, _, rest = body.partition(" ")
            yield Line(moment, "audit", f"type={kind} msg=audit({moment.timestamp():.3f}:{number}): {rest}")

    def call(moment: datetime, syscall: int, exe: str, *more: str, auid: str = "4294967295") -> Iterator[Line]:
        first = (
            f"SYSCALL arch=c000003e syscall={syscall} success=yes exit=0 a0=ffffff9c a1=1 a2=241 a3=1b6 items=2 ppid=811 pid=812 auid={auid} "
            f'uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=4294967295 comm="x" exe="{exe}" subj=unconfined key="identity"'
        )
        yield from records(moment, first, *more, "PROCTITLE proctitle=78")

    for name in ("/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"):
        yield from call(at, 257, "/usr/sbin/useradd", f'PATH item=0 name="{name}" inode=1 nametype=NORMAL')
    yield from call(at, 257, "/usr/bin/dpkg", 'PATH item=0 name="/etc/pam.d/sshd.dpkg-new" inode=1 nametype=CREATE')
    yield from call(
        at, 257, "/usr/bin/dpkg", 'PATH item=0 name="/etc/sudoers.d/README.dpkg-new" inode=1 nametype=CREATE'
    )
    yield from call(
        at, 59, "/usr/sbin/setcap", 'EXECVE argc=3 a0="setcap" a1=6361705F6E65745F7261772B6570 a2="/usr/bin/ping"'
    )
    yield from call(at, 59, "/usr/bin/chmod", 'EXECVE argc=3 a0="chmod" a1="u+s" a2="/usr/bin/fusermount3"')
    yield from call(at, 59, "/memfd:runc_cloned:/proc/self/exe (deleted)", 'EXECVE argc=1 a0="runc"')
    yield from call(at, 313, "/usr/bin/kmod", 'KERN_MODULE name="xt_conntrack"')
    yield from records(
        at + SECOND, "DAEMON_END op=terminate auid=0 uid=0 ses=4294967295 pid=1 subj=unconfined res=success"
    )
    yield from records(
        at + 2 * SECOND,
        "DAEMON_START op=start ver=3.0.9 format=enriched kernel=6.1.0 auid=4294967295 pid=901 uid=0 ses=4294967295 res=success",
    )
    yield from records(
        at + 2 * SECOND, "CONFIG_CHANGE op=set audit_enabled=1 old=1 auid=4294967295 ses=4294967295 res=1"
    )
    yield from records(
        at + 2 * SECOND, 'CONFIG_CHANGE auid=4294967295 ses=4294967295 op=add_rule key="identity" list=4 res=1'
    )
    yield from call(
        at + 9 * SECOND, 59, "/usr/sbin/auditctl", 'EXECVE argc=3 a0="auditctl" a1="-R" a2="/etc/audit/audit.rules"'
    )
    yield from call(at + 20 * SECOND, 227, "/usr/sbin/chronyd")
    for minute in range(30):
        said = f'op=login acct="ann" exe="/usr/sbin/sshd" hostname=? addr={HOME} terminal=ssh res=success'
        yield from records(
            at + minute * MINUTE, f"USER_LOGIN pid=812 uid=0 auid=1001 ses=3 subj=unconfined msg='{said}'"
        )


DAYS: Final = (
    office_at_work,
    programs_that_call_home,
    night_backup_goes_out,
    talkative_sensor,
    rolling_restart,
    scanner_with_an_old_password,
    audited_upgrade,
)
