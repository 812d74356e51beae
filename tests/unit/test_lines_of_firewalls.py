"""Lines of firewalls: what each tells, and what only looks like a sign of something.

Written after iptables-extensions(8) (LOG), ufw(8), firewalld.conf(5), Netgate's "Raw Filter Log Format", the OpenBSD
FAQ on pf logging, Cisco's "ASA Series Syslog Messages" and Fortinet's "FortiOS Log Message Reference".
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lines import CONTEXT, fulfilled, parsed, source_of, told

from rules.formats.network import asa, pf
from rules.formats.network.fortigate import Fortigate

OUTSIDE, OURS, INSIDE = "203.0.113.7", "198.51.100.10", "10.0.0.5"
PACKET = (
    f"IN=eth0 OUT= MAC=00:16:3e:00:00:01 SRC={OUTSIDE} DST={OURS} LEN=44 TTL=241 PROTO=TCP SPT=51000 DPT=22 SYN URGP=0"
)
INNER = PACKET.replace(OUTSIDE, INSIDE)
LATE = PACKET.replace(" SYN ", " ACK RST ")
KERNEL = "Mar  1 03:11:20 gw kernel: "
LOG = "Mar  1 03:11:20 gw filterlog[123]: "
RAW = (
    "5,,,1000000103,igb0,match,{},{},4,0x0,,242,54321,0,none,6,tcp,44,203.0.113.7,198.51.100.10,51000,22,0,{},1,,1024,,"
)
PF = "Mar  1 03:11:20 gw pf: "
ASA = "Mar  1 03:11:20 fw1 "
DEVICE = 'date=2026-03-01 time=03:11:20 devname="fw1" devid="FG0000000001" eventtime=1772334680123456789 tz="+0000"'
TRAFFIC = f'{DEVICE} logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root"'
EVENT = f'{DEVICE} logid="0100032002" type="event" subtype="system" level="alert" vd="root"'
ENDS = f"srcip={OUTSIDE} srcport=51000 dstip={OURS} dstport=22 policyid=0 proto=6"

REFUSED = ["Connection refused at the firewall", "Packet refused at the firewall"]
REFUSED_INSIDE = ["Connection refused at the firewall, from inside", "Packet refused at the firewall, from inside"]
FILTER, FREE, CISCO, FORTI = "firewall/linux/netfilter", "firewall/pf/filterlog", "firewall/cisco/asa", "fortigate"
DROP, PASS = ("firewall", "failure"), ("firewall", "success")

LINES: list[tuple[str, str, tuple[Any, ...], list[str]]] = [
    (f"{KERNEL}[1.5] [UFW BLOCK] {PACKET}", FILTER, (OUTSIDE, None, *DROP), REFUSED),
    (f"{KERNEL}[UFW LIMIT BLOCK] {PACKET}", FILTER, (OUTSIDE, None, *DROP), REFUSED),
    (f"{KERNEL}[UFW BLOCK] {INNER}", FILTER, (INSIDE, None, *DROP), REFUSED_INSIDE),
    (f"{KERNEL}FINAL_REJECT: {PACKET}", FILTER, (OUTSIDE, None, *DROP), REFUSED),
    (f"{KERNEL}filter_IN_public_DROP: {PACKET}", FILTER, (OUTSIDE, None, *DROP), REFUSED),
    (f"{KERNEL}STATE_INVALID_DROP: {LATE}", FILTER, (OUTSIDE, None, *DROP), []),
    (f"{KERNEL}[UFW ALLOW] {PACKET}", FILTER, (OUTSIDE, None, *PASS), []),
    (f"{KERNEL}[UFW AUDIT] {PACKET}", FILTER, (OUTSIDE, None, "firewall", "unknown"), []),
    (f"{KERNEL}nft: {PACKET}", FILTER, (OUTSIDE, None, "firewall", "unknown"), []),
    (f"{KERNEL}eth0: link becomes ready", "/linux/syslog", (None, None, None, None), []),
    ("Mar  1 03:11:20 gw firewalld[9]: WARNING: ALREADY_ENABLED: ssh", "/linux/syslog", (None,) * 4, []),
    (f"{LOG}{RAW.format('block', 'in', 'S')}", FREE, (OUTSIDE, None, *DROP), REFUSED),
    (f"{LOG}{RAW.format('reject', 'in', 'S')}", FREE, (OUTSIDE, None, *DROP), REFUSED),
    (f"{LOG}{RAW.format('block', 'in', 'RA')}", FREE, (OUTSIDE, None, *DROP), []),
    (f"{LOG}{RAW.format('pass', 'in', 'S')}", FREE, (OUTSIDE, None, *PASS), []),
    (
        f"{LOG}5,,,103,igb0,match,block,in,6,0x00,0x0,64,UDP,17,50,2001:DB8::7,2001:db8::1,51000,53,42",
        FREE,
        ("2001:db8::7", None, *DROP),
        REFUSED,
    ),
    (
        f"<134>1 2026-03-01T03:11:20+00:00 gw filterlog 7 - - {RAW.format('block', 'in', 'S')}",
        FREE,
        (OUTSIDE, None, *DROP),
        REFUSED,
    ),
    (f"{LOG}5,,,103,igb0,match,block,in,carp", FREE, (None,) * 4, []),
    (
        f"{PF}rule 5/(match) block in on em0: 203.0.113.7.51000 > 198.51.100.10.22: S 1:1(0) win 1024",
        FREE,
        (OUTSIDE, None, *DROP),
        REFUSED,
    ),
    (
        f"{PF}rule 5..16777216/0(match): pass out on em0: 10.0.0.5.51000 > 203.0.113.7.443: Flags [S], seq 1",
        FREE,
        (INSIDE, None, *PASS),
        [],
    ),
    (f"{PF}pflog0: promiscuous mode enabled", FREE, (None,) * 4, []),
    (
        f'{ASA}%ASA-4-106023: Deny tcp src outside:{OUTSIDE}/51000 dst inside:{OURS}/22 by access-group "in"',
        CISCO,
        (OUTSIDE, None, *DROP),
        REFUSED,
    ),
    (
        f"{ASA}%ASA-2-106001: Inbound TCP connection denied from {OUTSIDE}/51000 to {OURS}/23 flags SYN on interface a",
        CISCO,
        (OUTSIDE, None, *DROP),
        REFUSED,
    ),
    (
        f"{ASA}%ASA-6-106015: Deny TCP (no connection) from {OUTSIDE}/443 to {OURS}/40000 flags RST on interface a",
        CISCO,
        (OUTSIDE, None, *DROP),
        [],
    ),
    (
        f"<166>Mar 01 2026 03:11:20 fw1 : %ASA-6-106100: access-list in denied tcp outside/{OUTSIDE}(51000) -> "
        f"inside/{OURS}(22) hit-cnt 1 first hit [0x1, 0x0]",
        CISCO,
        (OUTSIDE, None, *DROP),
        REFUSED,
    ),
    (
        f"{ASA}%ASA-1-106016: Deny IP spoof from ({OUTSIDE}) to {OURS} on interface outside",
        CISCO,
        (OUTSIDE, None, *DROP),
        REFUSED,
    ),
    (
        f"<166>Mar 01 2026 03:11:20: %ASA-6-302013: Built inbound TCP connection 1 for outside:{OUTSIDE}/51000 "
        f"({OUTSIDE}/51000) to inside:192.0.2.10/443 ({OURS}/443)",
        CISCO,
        (OUTSIDE, None, *PASS),
        [],
    ),
    (
        f"{ASA}%ASA-6-302013: Built outbound TCP connection 1 for outside:{OUTSIDE}/443 ({OUTSIDE}/443) to "
        f"inside:{INSIDE}/51000 ({OURS}/51000)",
        CISCO,
        (INSIDE, None, *PASS),
        [],
    ),
    (
        f"{ASA}%ASA-6-302014: Teardown TCP connection 1 for outside:{OUTSIDE}/443 to inside:{INSIDE}/51000 duration "
        "0:00:30 bytes 1500 TCP FINs",
        "/cisco/asa",
        (None, None, "firewall_close", "unknown"),
        [],
    ),
    (
        f'{ASA}%ASA-6-605004: Login denied from {OUTSIDE}/51000 to a:{OURS}/ssh for user "a from 192.0.2.1/1 to x"',
        "/cisco/asa",
        (OUTSIDE, "a from 192.0.2.1/1 to x", "firewall_login", "failure"),
        ["Login to a firewall failed"],
    ),
    (
        f'{ASA}: %ASA-6-605005: Login permitted from {INSIDE}/51000 to inside:10.0.0.1/ssh for user "bob"',
        "/cisco/asa",
        (INSIDE, "bob", "firewall_login", "success"),
        ["Login to a firewall succeeded"],
    ),
    (
        f"{ASA}%ASA-6-113015: AAA user authentication Rejected : reason = Invalid password : local database : "
        f"user = bob : user IP = {OUTSIDE}",
        "/cisco/asa",
        (OUTSIDE, "bob", "firewall_login", "failure"),
        ["Login to a firewall failed"],
    ),
    (
        f"{ASA}%ASA-6-611101: User authentication succeeded: IP address: {INSIDE}, Uname: bob",
        "/cisco/asa",
        (INSIDE, "bob", "firewall_login", "success"),
        ["Login to a firewall succeeded"],
    ),
    (
        f"{ASA}%ASA-5-111010: User 'bob', running 'CLI' from IP {INSIDE}, executed 'no logging enable'",
        "/cisco/asa",
        (INSIDE, "bob", "firewall_command", "success"),
        ["Firewall stops logging or filtering"],
    ),
    (
        f"{ASA}%ASA-5-502101: New user added to local dbase: Uname: eve Priv: 15 Encpass: x",
        "/cisco/asa",
        (None, "eve", "user_add", "success"),
        ["Account added on a firewall"],
    ),
    (f"{ASA}%ASA-6-199018: Something of no interest", "/cisco/asa", (None,) * 4, []),
    (f"{ASA}myapp: %ASA-6-605005: Login permitted from {INSIDE}/1 to x", "/linux/syslog", (None,) * 4, []),
    (f'{TRAFFIC} {ENDS} action="deny"', f"firewall/{FORTI}/traffic", (OUTSIDE, None, *DROP), REFUSED),
    (f'<189>{TRAFFIC} {ENDS} action="close"', f"firewall/{FORTI}/traffic", (OUTSIDE, None, *PASS), []),
    (
        f'{ASA}{EVENT} logdesc="Admin login failed" user="admin" srcip={OUTSIDE} action="login" status="failed"',
        f"/{FORTI}/event",
        (OUTSIDE, "admin", "firewall_login", "failure"),
        ["Login to a FortiGate failed"],
    ),
    (
        f'{EVENT} logdesc="Admin login successful" user="ann" srcip={INSIDE} action="login" status="success"',
        f"/{FORTI}/event",
        (INSIDE, "ann", "firewall_login", "success"),
        ["Login to a FortiGate succeeded"],
    ),
    (
        f'{EVENT} subtype="vpn" user="bob" remip={OUTSIDE} action="ssl-login-fail" reason="sslvpn_login_unknown_user"',
        f"/{FORTI}/event",
        (OUTSIDE, "bob", "firewall_login", "failure"),
        ["Login to a FortiGate failed"],
    ),
    (f'{EVENT} action="perf-stats" cpu=1 mem=2', f"/{FORTI}/event", (None,) * 4, []),
]  # fmt: skip


@pytest.mark.parametrize(("line", "source", "meaning", "rules"), LINES)
def test_lines(line: str, source: str, meaning: tuple[Any, ...], rules: list[str]) -> None:
    """Each line tells who, from where, what and how it ended, and fulfils the rules that it should."""
    found = parsed(line)
    assert (source_of(found), told(found), fulfilled(found, line, "network", "firewall")) == (source, meaning, rules)
    assert found.time is not None


def test_packets_bear_sigmas_names() -> None:
    """A packet has the same names whichever firewall tells of it."""
    for line in (f"{KERNEL}DROP {PACKET}", f"{LOG}{RAW.format('block', 'in', 'S')}", f'{TRAFFIC} {ENDS} action="deny"'):
        fields = parsed(line).fields
        names = ("src_ip", "src_port", "dst_ip", "dst_port", "protocol", "action")
        assert [fields[name] for name in names] == [OUTSIDE, 51000, OURS, 22, "tcp", "drop"]


def test_stamps_of_devices() -> None:
    """A device's stamp with a year, and FortiOS's nanoseconds, are the moment of the event."""
    assert parsed("<166>Mar 01 2026 03:11:20: %ASA-6-1: x").time == datetime(2026, 3, 1, 3, 11, 20, tzinfo=UTC)
    assert parsed(f"{TRAFFIC} {ENDS}").time == datetime(2026, 3, 1, 3, 11, 20, 123456, tzinfo=UTC)
    assert "host.name" not in parsed("<166>Mar 01 2026 03:11:20: %ASA-6-1: x").fields


@settings(deadline=None)
@given(
    st.sampled_from(["rule 5/(match) block in on em0: ", "5,,,1,a,match,block,in,4,", "%ASA-4-", "%ASA-6-605005: L"]),
    st.sampled_from(["106023: Deny ", "106100: ", "302013: Built ", "113015: ", "111010: User '", "605004: ", ""]),
    st.text(),
)
def test_never_raises(head: str, code: str, rest: str) -> None:
    """Whatever a firewall says, it is read."""
    for tell in (asa.tell, pf.filterlog, pf.printed):
        tell(f"{head}{code}{rest}", {})
    Fortigate().parse(f"{TRAFFIC} {head}{rest}", CONTEXT)
