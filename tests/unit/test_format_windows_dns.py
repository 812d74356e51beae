"""The debug log of Windows' DNS server.

Lines follow Microsoft's "DNS Logging and Diagnostics"; names and addresses are made up.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.event import LogSource
from rules.formats.detect import strictest
from rules.formats.format import Context
from rules.formats.windows.windows_dns import WindowsDns

CONTEXT = Context(reference=datetime(2024, 3, 1, 12, tzinfo=UTC))
US = "3/1/2024 3:11:26 AM 0E2C PACKET  000001D8EC0A1230 "
LINES: list[tuple[str, dict[str, Any]]] = [
    (
        US + "UDP Rcv 192.0.2.5       0001   Q [0001   D   NOERROR] A      (3)www(7)example(3)org(0)",
        {"query": "www.example.org", "record_type": "A", "source.ip": "192.0.2.5", "event.outcome": "unknown"},
    ),
    (
        US + "UDP Snd 192.0.2.5       0001 R Q [8081   DR  NOERROR] A      (3)www(7)example(3)org(0)",
        {"destination.ip": "192.0.2.5", "event.outcome": "success", "dns.response_code": "NOERROR"},
    ),
    (
        US + "UDP Snd 192.0.2.5       0002 R Q [8381   DR NXDOMAIN] AAAA   (9)not-there(7)example(0)",
        {
            "query": "not-there.example",
            "record_type": "AAAA",
            "event.outcome": "failure",
            "dns.response_code": "NXDOMAIN",
        },
    ),
    (
        US + "TCP Rcv 192.0.2.6       00af   Q [0000       NOERROR] AXFR   (7)example(3)org(0)",
        {"record_type": "AXFR", "protocol": "tcp"},
    ),
    (
        US + "UDP Rcv 2001:db8::5     0001   Q [0001   D   NOERROR] TXT    (3)a.b(7)example(0)",
        {"source.ip": "2001:db8::5", "query": "a.b.example"},
    ),
    (
        US + "UDP Rcv 198.51.100.53   1a2b R Q [8081   DR  NOERROR] MX     (7)example(3)org(0)",
        {"source.ip": "198.51.100.53", "event.outcome": "success"},
    ),
    (
        US + ("UDP Snd 192.0.2.7       0003 R Q [8281   DR SERVFAIL] PTR    (1)7(1)2(1)0(3)192(7)in-addr(4)arpa(0)"),
        {"query": "7.2.0.192.in-addr.arpa", "event.outcome": "failure"},
    ),
    (US + "UDP Rcv 192.0.2.5       0004   Q [0001   D   NOERROR] NS     (0)", {"query": "."}),
    (
        (
            "01.03.2024 03:11:26 0E2C PACKET  000001D8 UDP Rcv 192.0.2.5 0001   Q [0001   D   NOERROR] SRV  "
            "  (5)_ldap(7)example(0)"
        ),
        {"record_type": "SRV"},
    ),
    (
        (
            "01/03/2024 03:11:26 0E2C PACKET  000001D8 UDP Rcv 192.0.2.5 0001   Q [0001   D   NOERROR] ALL  "
            "  (7)example(0)"
        ),
        {"record_type": "ALL"},
    ),
    (
        (
            "2024-03-01 03:11:26 0E2C PACKET  000001D8 UDP Rcv 192.0.2.5 0001   U [0028       NOERROR] SOA  "
            "  (7)example(0)"
        ),
        {"record_type": "SOA"},
    ),
]


@pytest.mark.parametrize(("line", "fields"), LINES)
def test_packets(line: str, fields: dict[str, Any]) -> None:
    """A packet, in each manner of writing dates."""
    name, parsed = strictest(line, CONTEXT)
    assert parsed is not None
    assert (name, parsed.time) == ("windows-dns", datetime(2024, 3, 1, 3, 11, 26, tzinfo=UTC))
    assert parsed.logsource == LogSource(category="dns", product="windows", service="dns-server-debug")
    assert {name: parsed.fields.get(name) for name in fields} == fields


@pytest.mark.parametrize(
    "line",
    [
        "DNS Server log file creation at 3/1/2024 3:00:00 AM",
        "Message logging key (for packets - other items use a subset of these fields):",
        US + "UDP Rcv 192.0.2.5",
        "x PACKET y UDP Rcv a b c ] d e",
    ],
)
def test_no_packet(line: str) -> None:
    """The head of the file and details are no packets."""
    assert WindowsDns().parse(line, CONTEXT) is None


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from([*LINES[0][0].split(" "), " ", "(", ")", "]", "[", "99/99/9999", "25:61:61", "PM", "\0", "é"]),
        max_size=25,
    ).map(" ".join)
)
def test_nothing_raises(line: str) -> None:
    """Whatever the line holds."""
    WindowsDns().parse(line, CONTEXT)
