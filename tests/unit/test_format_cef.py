"""ArcSight's Common Event Format: head, extension, and what the device did.

Lines follow the examples of the "Common Event Format Implementation Standard"; names and addresses are made up.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.event import LogSource
from rules.formats.detect import strictest
from rules.formats.format import Context
from rules.formats.loose.cef import Cef

CONTEXT = Context(reference=datetime(2024, 3, 1, 12, tzinfo=UTC))
RT = "rt=1709262686000"
#: line -> product, category, fields
LINES: list[tuple[str, str, str | None, dict[str, Any]]] = [
    (
        f"CEF:0|Check Point|VPN-1|R81|1|Drop|5|{RT} act=Drop src=203.0.113.7 spt=50000 dst=192.0.2.5 dpt=22 proto=TCP",
        "check_point",
        "firewall",
        {"action": "drop", "src_ip": "203.0.113.7", "dst_port": 22, "protocol": "tcp", "event.outcome": "failure"},
    ),
    (
        f"CEF:0|Example|FW|1|1|pass|1|{RT} act=Accept src=192.0.2.5 dst=198.51.100.9 dpt=443",
        "example",
        "firewall",
        {"action": "accept", "event.outcome": "success"},
    ),
    (
        f"CEF:0|Example|FW|1|1|rst|1|{RT} act=Reset-Both src=192.0.2.5 dst=198.51.100.9",
        "example",
        "firewall",
        {"action": "reject"},
    ),
    (
        f"CEF:0|Zscaler|NSSWeblog|6|Blocked|x|3|{RT} act=Blocked src=192.0.2.5 suser=alice requestMethod=GET "
        "request=http://evil.example/a.exe?x\\=1 requestClientApplication=Mozilla/5.0 (X11; Linux) reason=403",
        "zscaler",
        "proxy",
        {
            "c-uri": "http://evil.example/a.exe?x=1",
            "c-useragent": "Mozilla/5.0 (X11; Linux)",
            "event.reason": "refused",
            "user.name": "alice",
            "sc-status": 403,
        },
    ),
    (
        f"CEF:0|Security|threat\\|manager|1.0|100|worm successfully stopped|10|{RT} src=203.0.113.7 msg=Stopped a worm",
        "security",
        None,
        {"cef.product": "threat|manager", "msg": "Stopped a worm", "event.reason": "worm successfully stopped"},
    ),
    (
        f"CEF:0|a|b\\\\c|1|1|n|1|{RT} cs1Label=Rule Name cs1=block all filePath=C:\\\\x\\\\y.exe",
        "a",
        None,
        {"cef.product": "b\\c", "Rule Name": "block all", "filePath": "C:\\x\\y.exe"},
    ),
    (
        "CEF:1|a|b|1|1|n|1|rt=Mar 01 2024 03:11:26 dvchost=fw1 duser=bob",
        "a",
        None,
        {"host.name": "fw1", "user.name": "bob"},
    ),
    (
        "CEF:0|a|b|1|1|n|1|start=2024-03-01T03:11:26Z src=2001:db8::7 msg=x=y",
        "a",
        None,
        {"source.ip": "2001:db8::7", "msg": "x=y"},
    ),
    (f"CEF:0|a|b|1|1|n|1|{RT} src=203.0.113.7 src=192.0.2.99", "a", None, {"source.ip": "203.0.113.7"}),
    (f"CEF: 0|a|b|1|1|n|1|{RT}", "a", None, {"cef.severity": "1"}),
]


@pytest.mark.parametrize(("line", "product", "category", "fields"), LINES)
def test_lines(line: str, product: str, category: str | None, fields: dict[str, Any]) -> None:
    """By itself and behind a syslog head."""
    name, parsed = strictest(line, CONTEXT)
    assert (name, parsed is not None) == ("cef", True)
    assert parsed is not None
    assert parsed.time == datetime(2024, 3, 1, 3, 11, 26, tzinfo=UTC)
    for head in ("", "Mar  1 03:11:26 collector1 ", "<38>1 2024-03-01T03:11:26Z collector1 - - - - "):
        _, parsed = strictest(head + line, CONTEXT)
        assert parsed is not None
        assert parsed.logsource == LogSource(product=product, category=category)
        assert {name: parsed.fields.get(name) for name in fields} == fields


@pytest.mark.parametrize("line", ["CEF:", "CEF:0|a|b|c", "CEF:x|a|b|1|1|n|1|a=b", "CEF:0" + "|" * 4])
def test_no_cef(line: str) -> None:
    """A head without its seven parts is none."""
    assert Cef().parse(line, CONTEXT) is None


PIECES = [
    "a=",
    "src=",
    "203.0.113.7",
    " ",
    "|",
    "\\",
    "\\|",
    "\\=",
    "=",
    "é",
    "\0",
    "rt=",
    "1709262686000",
    "act=Drop",
    "request=",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.integers(0, 9))
def test_nothing_raises(text: str, pipes: int) -> None:
    """Whatever head and extension hold."""
    Cef().parse("CEF:0" + "|x" * pipes + "|" + text, CONTEXT)
    Cef().parse("CEF:0" + text, CONTEXT)


def test_cost_grows_with_the_length() -> None:
    """Equals signs without names before them are looked at once each."""
    Cef().parse("CEF:0|a|b|1|1|n|1|" + "é=" * 200_000 + " a=b", CONTEXT)
