"""Routers and firewalls behind a syslog head: product, service, and who.

Lines follow Cisco's "System Message Guide", Huawei's "Log Reference", Juniper's "System Log Explorer" and PAN-OS's
"Syslog Field Descriptions"; names and addresses are made up.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.event import LogSource
from rules.formats.detect import strictest
from rules.formats.format import Context

CONTEXT = Context(reference=datetime(2024, 3, 1, 12, tzinfo=UTC))
HEAD = "Mar  1 03:11:26 rtr1 "
TRAFFIC = (
    "1,2024/03/01 03:11:26,001,TRAFFIC,end,2560,2024/03/01 03:11:26,203.0.113.7,192.0.2.5,0.0.0.0,0.0.0.0,block in,"
    "ex\\alice,,ssh,vsys1,untrust,trust,eth1,eth2,fwd,2024/03/01 03:11:26,7,1,50000,22,0,0,0x19,tcp,{},74,74,0,1"
)
#: message -> product, category, service, fields
LINES: list[tuple[str, str, str | None, str, dict[str, Any]]] = [
    (
        "123: *Mar  1 03:11:25.999: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (203.0.113.7)",
        "cisco",
        None,
        "syslog",
        {"syslog.msgid": "SYS-5-CONFIG_I"},
    ),
    (
        (
            "%SYS-5-CONFIG_P: Configured programmatically by process SEP_webui_wsma_http from console as "
            "cisco_support on vty1"
        ),
        "cisco",
        None,
        "syslog",
        {},
    ),
    (
        (
            "45: rtr1: Mar  1 03:11:25: %SEC_LOGIN-5-WEBLOGIN_SUCCESS: Login Success [user: "
            "cisco_tac_admin] [Source: 203.0.113.7] at 03:11:25 UTC"
        ),
        "cisco",
        None,
        "syslog",
        {"source.ip": "203.0.113.7"},
    ),
    (
        "77: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:no logging buffered",
        "cisco",
        None,
        "aaa",
        {"event.action": "router_message"},
    ),
    ("%AAA-6-ACCTNG_CMD: show running-config", "cisco", None, "aaa", {}),
    (
        (
            "tac_plus[812]: 192.0.2.1\tadmin\ttty1\t203.0.113.7\tstop\ttask_id=7\tservice=shell\tcmd=erase "
            "startup-config <cr>"
        ),
        "cisco",
        None,
        "aaa",
        {"user.name": "admin", "process.command_line": "erase startup-config <cr>", "source.ip": "203.0.113.7"},
    ),
    (
        ": 2024 Mar  1 03:11:25 UTC: %IP-TCP-3-BADAUTH: No MD5 digest from 203.0.113.7:179 to 192.0.2.1:40000",
        "cisco",
        None,
        "bgp",
        {"source.ip": "203.0.113.7"},
    ),
    ("88: %BGP-3-NOTIFICATION: sent to neighbor 203.0.113.7 2/2 (peer in wrong AS)", "cisco", None, "bgp", {}),
    (
        "88: %LDP-5-NBRCHG: LDP Neighbor 192.0.2.1:0 is DOWN (SOCKET_TCP_PACKET_MD5_AUTHEN_FAIL)",
        "cisco",
        None,
        "ldp",
        {},
    ),
    (
        "%%01BGP/3/BGP_AUTH_FAILED(l)[0]:BGP session authentication failed. (PeerAddress=203.0.113.7:179)",
        "huawei",
        None,
        "bgp",
        {"event.outcome": "failure"},
    ),
    ("%%01SSH/4/SSH_FAIL(s)[12]:Failed to login through SSH. (IP=203.0.113.7)", "huawei", None, "ssh", {}),
    ("/kernel: tcp_auth_ok: Packet from 203.0.113.7:179 missing MD5 digest", "juniper", None, "bgp", {}),
    (
        "rpd[900]: bgp_listen_accept: Connection attempt from unconfigured neighbor: 203.0.113.7+50000",
        "juniper",
        None,
        "bgp",
        {},
    ),
    (
        TRAFFIC.format("deny"),
        "paloalto",
        "firewall",
        "traffic",
        {
            "src_ip": "203.0.113.7",
            "dst_port": 22,
            "action": "drop",
            "event.outcome": "failure",
            "user.name": "ex\\alice",
            "firewall.rule": "block in",
            "firewall.bytes": 74,
        },
    ),
    (
        TRAFFIC.format("allow"),
        "paloalto",
        "firewall",
        "traffic",
        {"action": "accept", "event.outcome": "success", "firewall.application": "ssh"},
    ),
    (
        "1,2024/03/01 03:11:26,001,GLOBALPROTECT,0,2305,2024/03/01 03:11:26,vsys1,gateway-auth,login,LDAP,,alice",
        "paloalto",
        "appliance",
        "globalprotect",
        {},
    ),
    (
        (
            "1,2024/03/01 03:11:26,001,SYSTEM,auth,0,2024/03/01 "
            '03:11:26,,auth-fail,,0,0,general,medium,"failed authentication"'
        ),
        "paloalto",
        None,
        "system",
        {"event.outcome": "failure"},
    ),
]
#: what looks alike
OTHERS = [
    "app[1]: progress %50-3-x: done",
    "backup[2]: 100%BGP-3-NOTIFICATION: is only quoted here",
    "rpd[900]: EVENT <UpDown> ge-0/0/0",
    "kernel: TCP: eth0: Driver has suspect GRO implementation",
    "1,2024/03/01 is a date",
]


@pytest.mark.parametrize(("message", "product", "category", "service", "fields"), LINES)
def test_lines(message: str, product: str, category: str | None, service: str, fields: dict[str, Any]) -> None:
    """A message -> its log source and fields."""
    _, parsed = strictest(HEAD + message, CONTEXT)
    assert parsed is not None
    assert parsed.logsource == LogSource(product=product, category=category, service=service)
    assert {name: parsed.fields.get(name) for name in fields} == fields


@pytest.mark.parametrize("message", OTHERS)
def test_others(message: str) -> None:
    """What is no router's message is syslog's."""
    _, parsed = strictest(HEAD + message, CONTEXT)
    assert parsed is not None
    assert parsed.logsource == LogSource(product="linux", service="syslog")


PIECES = [
    "%",
    "%%01",
    "BGP",
    "-3-",
    "AAA",
    ":",
    " ",
    "/3/",
    "1,2024/03/01 03:11:26,",
    "TRAFFIC",
    ",",
    '"',
    "\t",
    "from ",
    "203.0.113.7",
    "\0",
    "\udcff",  # a byte that is no UTF-8
]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.sampled_from(["", "rpd: ", "kernel: ", "tac_plus: ", "7: ", "%A-1-B: "]),
)
def test_nothing_raises(message: str, program: str) -> None:
    """Whatever the messages hold."""
    strictest(HEAD + program + message, CONTEXT)


def test_a_byte_that_is_no_utf8() -> None:
    """Behind the mark, before it, and in what is no router's message at all."""
    for message in ("%SYS-5-CONFIG_I: by \udcff", "7: \udcff%SYS-5-CONFIG_I: by x", "%x\udcff: y", "100 % \udcff"):
        _, found = strictest(HEAD + message, CONTEXT)
        assert found is not None
        assert ("syslog.msgid" in found.fields) == ("CONFIG_I" in message)
