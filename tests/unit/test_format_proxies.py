"""Logs of proxies, and of servers and firewalls in W3C's format: log source, addresses, and the names that rules ask.

Lines follow https://wiki.squid-cache.org/Features/LogFormat, https://www.w3.org/TR/WD-logfile.html, IIS's and
CloudFront's documentation, ProxySG's manual (ELFF) and that of Windows' pfirewall.log; names and addresses are made up.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.event import LogSource
from rules.formats.detect import Pin, PinState
from rules.formats.format import Context, Parsed
from rules.formats.taxonomy.proxied import split

CONTEXT = Context(reference=datetime(2024, 3, 1, 12, tzinfo=UTC))
TIME = datetime(2024, 3, 1, 3, 11, 26, tzinfo=UTC)
PROXY, WEB = LogSource(category="proxy"), LogSource(category="webserver")


def read(lines: Iterable[str], pin: Pin | None = None, context: Context = CONTEXT) -> list[Parsed]:
    """All events that the lines tell of; each line must be read."""
    pin, found = pin or Pin(), []
    for line in lines:
        _, parsed = pin.choose(line, context)
        assert parsed is not None, line
        if parsed.header is None:
            found.append(parsed)
    return found


SQUID: list[tuple[str, dict[str, Any]]] = [
    (
        (
            "1709262686.000    180 192.0.2.24 TCP_MISS/200 411 GET http://example.org/a/b.exe?x=1 - "
            "HIER_DIRECT/198.51.100.1 application/x-msdownload"
        ),
        {
            "c-uri": "http://example.org/a/b.exe?x=1",
            "cs-host": "example.org",
            "c-uri-extension": "exe",
            "c-uri-query": "x=1",
            "cs-uri-stem": "/a/b.exe",
            "sc-status": 200,
            "sc-bytes": 411,
            "c-ip": "192.0.2.24",
            "source.ip": "192.0.2.24",
            "r-ip": "198.51.100.1",
            "event.outcome": "success",
            "time-taken": 180,
        },
    ),
    (
        (
            "1709262686.000  60021 192.0.2.24 TCP_TUNNEL/200 8410 CONNECT mail.example.org:443 alice "
            "HIER_DIRECT/198.51.100.2 -"
        ),
        {
            "c-uri": "mail.example.org:443",
            "cs-host": "mail.example.org",
            "destination.port": 443,
            "user.name": "alice",
            "cs-method": "CONNECT",
            "sc-content-type": None,
        },
    ),
    (
        (
            "1709262686.000      0 192.0.2.25 TCP_DENIED/403 3800 GET http://203.0.113.9:8080/payload - "
            "HIER_NONE/- text/html"
        ),
        {
            "event.outcome": "failure",
            "event.reason": "refused",
            "destination.ip": "203.0.113.9",
            "destination.port": 8080,
            "proxy.action": "TCP_DENIED",
        },
    ),
    (
        "1709262686.000      1 192.0.2.25 NONE_NONE/400 3000 GET /not-absolute - HIER_NONE/- text/html",
        {"cs-uri-stem": "/not-absolute", "event.outcome": "failure"},
    ),
    (
        "1709262686.000      5 2001:db8::24 TCP_HIT/304 300 GET http://[2001:db8::1]/ - HIER_NONE/- -",
        {"destination.ip": "2001:db8::1", "sc-status": 304, "source.ip": "2001:db8::24"},
    ),
    (
        (
            "1709262686.000      5 192.0.2.25 TCP_MISS_ABORTED/000 0 POST "
            "https://api.example.org/v1?token=x bob HIER_DIRECT/198.51.100.3 -"
        ),
        {"event.outcome": "unknown", "destination.port": 443},
    ),
    (
        "1709262686.000      5 192.0.2.25 UDP_HIT/000 40 ICP_QUERY http://example.org/ - HIER_NONE/- -",
        {"cs-method": "ICP_QUERY"},
    ),
    (
        "1709262686.000      5 192.0.2.25 TCP_DENIED/407 4011 CONNECT update.example.org:443 - HIER_NONE/- text/html",
        {"event.reason": "refused"},
    ),
    (
        (
            "1709262686.000      5 192.0.2.25 TCP_REFRESH_UNMODIFIED/200 5 HEAD http://user@example.org/?a "
            "- HIER_DIRECT/198.51.100.1 text/css"
        ),
        {"cs-host": "example.org", "c-uri-query": "a"},
    ),
    (
        (
            "1709262686.000      5 192.0.2.25 TCP_MISS/503 5 GET http://example.com/x.tar.gz - "
            "HIER_DIRECT/198.51.100.1 text/html - extra"
        ),
        {"c-uri-extension": "gz", "event.outcome": "failure"},
    ),
]


@pytest.mark.parametrize(("line", "fields"), SQUID)
def test_squid(line: str, fields: dict[str, Any]) -> None:
    """A line of squid's own format, found by itself."""
    (parsed,) = read([line])
    assert (parsed.logsource, parsed.time) == (PROXY, TIME)
    assert {name: parsed.fields.get(name) for name in fields} == fields
    assert parsed.fields["event.action"] == "proxy_request"


IIS_HEAD = [
    "#Software: Microsoft Internet Information Services 10.0",
    "#Version: 1.0",
    "#Date: 2024-03-01 03:00:00",
    (
        "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
        "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"
    ),
]
AT = "2024-03-01 03:11:26"
IIS: list[tuple[str, dict[str, Any]]] = [
    (
        f"{AT} 192.0.2.1 GET /a.aspx id=1 443 - 203.0.113.7 Mozilla/5.0+(X11) - 200 0 0 15",
        {
            "cs-uri": "/a.aspx?id=1",
            "cs-user-agent": "Mozilla/5.0 (X11)",
            "sc-status": 200,
            "source.ip": "203.0.113.7",
            "cs-referer": None,
        },
    ),
    (
        f"{AT} 192.0.2.1 POST /owa/auth.owa - 443 EX\\alice 203.0.113.7 curl/8.0 https://mail.example/ 302 0 0 5",
        {"user.name": "EX\\alice", "cs-method": "POST", "cs-referer": "https://mail.example/"},
    ),
    (
        f"{AT} 192.0.2.1 GET /..%5c..%5cwindows/win.ini - 80 - 203.0.113.7 - - 404 0 2 1",
        {"event.outcome": "failure", "cs-user-agent": None},
    ),
    (f"{AT} 192.0.2.1 PROPFIND / - 80 - 203.0.113.7 davclnt - 405 0 1 1", {"cs-method": "PROPFIND"}),
]
BLUECOAT_HEAD = [
    "#Software: SGOS 6.7.5.3",
    (
        "#Fields: date time time-taken c-ip cs-username cs-auth-group x-exception-id sc-filter-result "
        "cs-categories cs(Referer) sc-status s-action cs-method rs(Content-Type) cs-uri-scheme cs-host "
        "cs-uri-port cs-uri-path cs-uri-query cs-uri-extension cs(User-Agent) s-ip sc-bytes cs-bytes "
        "x-virus-id"
    ),
]
BLUECOAT: list[tuple[str, dict[str, Any]]] = [
    (
        (
            f'{AT} 95 192.0.2.24 alice - - OBSERVED "Technology/Internet" - 200 TCP_NC_MISS GET text/html '
            'http example.org 80 /x.php ?a=1 php "Mozilla/5.0 (Windows NT 10.0)" 192.0.2.2 100 200 -'
        ),
        {
            "c-uri": "http://example.org/x.php?a=1",
            "c-useragent": "Mozilla/5.0 (Windows NT 10.0)",
            "cs-user-agent": "Mozilla/5.0 (Windows NT 10.0)",
            "cs-host": "example.org",
            "user.name": "alice",
            "sc-bytes": 100,
            "event.outcome": "success",
            "cs-categories": "Technology/Internet",
        },
    ),
    (
        (
            f'{AT} 5 192.0.2.24 - - policy_denied DENIED "Malicious Sources" - 403 TCP_DENIED GET - https '
            "evil.example 8443 /a.exe - exe - 192.0.2.2 100 200 -"
        ),
        {
            "c-uri": "https://evil.example:8443/a.exe",
            "event.outcome": "failure",
            "event.reason": "refused",
            "c-uri-extension": "exe",
            "c-useragent": None,
        },
    ),
    (
        (
            f'{AT} 5 192.0.2.24 - - - OBSERVED "x" - 200 TCP_TUNNELED CONNECT - tcp mail.example 443 / - - - '
            "192.0.2.2 1 2 -"
        ),
        {"c-uri": "mail.example:443", "destination.port": 443},
    ),
]
PFIREWALL_HEAD = [
    "#Version: 1.5",
    "#Software: Microsoft Windows Firewall",
    "#Time Format: Local",
    (
        "#Fields: date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn tcpack "
        "tcpwin icmptype icmpcode info path"
    ),
]
PFIREWALL: list[tuple[str, dict[str, Any]]] = [
    (
        f"{AT} DROP TCP 203.0.113.7 192.0.2.1 50000 3389 52 S 1 0 8192 - - - RECEIVE",
        {"action": "drop", "dst_port": 3389, "src_ip": "203.0.113.7", "event.outcome": "failure", "path": "RECEIVE"},
    ),
    (
        f"{AT} ALLOW UDP 192.0.2.1 198.51.100.53 50001 53 0 - - - - - - - SEND",
        {"action": "accept", "destination.port": 53, "event.outcome": "success"},
    ),
    (f"{AT} DROP ICMP 203.0.113.7 192.0.2.1 - - 60 - - - - 8 0 - RECEIVE", {"action": "drop", "src_port": None}),
]
CLOUDFRONT_HEAD = [
    "#Version: 1.0",
    (
        "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
        "cs(Referer) cs(User-Agent) cs-uri-query"
    ),
]
CLOUDFRONT: list[tuple[str, dict[str, Any]]] = [
    (
        "2024-03-01\t03:11:26\tFRA2\t5\t203.0.113.7\tGET\td1.cloudfront.example\t/a\t403\t-\tcurl/8\tx=1",
        {"cs-uri": "/a?x=1", "sc-status": 403, "cs-host": "d1.cloudfront.example"},
    ),
    (
        "2024-03-01\t03:11:26\tFRA2\t5\t2001:db8::7\tGET\td1.cloudfront.example\t/\t200\t-\tMozilla/5.0%20(X11)\t-",
        {"cs-user-agent": "Mozilla/5.0 (X11)"},
    ),
]
FIREWALL = LogSource(category="firewall", product="windows", service="firewall")
W3C = [
    *((IIS_HEAD, line, WEB, fields) for line, fields in IIS),
    *((BLUECOAT_HEAD, line, PROXY, fields) for line, fields in BLUECOAT),
    *((PFIREWALL_HEAD, line, FIREWALL, fields) for line, fields in PFIREWALL),
    *((CLOUDFRONT_HEAD, line, WEB, fields) for line, fields in CLOUDFRONT),
    *(([], line, WEB, fields) for line, fields in IIS),
]


@pytest.mark.parametrize(("head", "line", "logsource", "fields"), W3C)
def test_w3c(head: list[str], line: str, logsource: LogSource, fields: dict[str, Any]) -> None:
    """Below its header, or (IIS's usual fields) without."""
    (parsed,) = read([*head, line])
    assert (parsed.logsource, parsed.time) == (logsource, TIME)
    assert {name: parsed.fields.get(name) for name in fields} == fields


def test_w3c_says_its_zone() -> None:
    """Stamps are UTC whatever the zone of the source, but where the header says that they are local."""
    here = msgspec.structs.replace(CONTEXT, zone=timezone(timedelta(hours=1)))
    (utc,) = read([*IIS_HEAD, IIS[0][0]], context=here)
    (local,) = read([*PFIREWALL_HEAD, PFIREWALL[0][0]], context=here)
    assert (utc.time, local.time) == (TIME, TIME - timedelta(hours=1))


def test_w3c_resumed_and_changed() -> None:
    """The names are remembered with the stream; a later header changes them."""
    pin = Pin()
    assert len(read([*IIS_HEAD, *(line for line, _ in IIS * 60)], pin)) == 240
    assert pin.format == "w3c"
    pin = Pin(state=msgspec.msgpack.decode(msgspec.msgpack.encode(pin.state), type=PinState))
    (parsed,) = read(["#Fields: date time c-ip cs-method cs-uri-stem sc-status", f"{AT} 203.0.113.8 GET /b 200"], pin)
    assert parsed.fields["cs-uri"] == "/b"


ADDRESSES = [
    ("http://example.org", ("example.org", "80", "")),
    ("https://a:b@example.org:8443/x?y", ("example.org", "8443", "/x?y")),
    ("https://[2001:db8::1]:444?y", ("2001:db8::1", "444", "?y")),
    ("example.org:443", ("example.org", "443", "")),
    ("/path:1", ("", "", "/path:1")),
    ("ftp://example.org/a", ("example.org", "", "/a")),
]


@pytest.mark.parametrize(("uri", "parts"), ADDRESSES)
def test_addresses(uri: str, parts: tuple[str, str, str]) -> None:
    """Host, port and the rest."""
    assert split(uri) == parts


def test_json() -> None:
    """JSON lines with a whole address are a proxy's, those with a path a server's."""
    line = {"time": "2024-03-01T03:11:26Z", "client_ip": "192.0.2.24", "method": "GET", "status": 200}
    proxied, own, served = read(
        json.dumps({**line, **more})
        for more in (
            {"url": "http://example.org/a.zip", "user_agent": "curl/8"},
            {"c-uri": "https://example.org/b", "cs-method": "POST", "sc-status": 200},
            {"uri": "/a"},
        )
    )
    assert (proxied.logsource, own.logsource, served.logsource) == (PROXY, PROXY, WEB)
    assert proxied.fields["c-uri"] == "http://example.org/a.zip"
    assert proxied.fields["c-useragent"] == "curl/8"


TEXT = st.text(st.sampled_from('ab \t"#-.:/?[]@0%\x00é'), max_size=60)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            TEXT,
            st.builds("#Fields: {}".format, TEXT),
            st.sampled_from([line for head, line, _, _ in W3C for line in [*head, line]]),
            st.builds("1709262686.000 5 {} {} {} {} {} {} {} {}".format, *[TEXT] * 8),
        ),
        max_size=8,
    )
)
def test_nothing_raises(lines: list[str]) -> None:
    """Whatever the lines hold; what is remembered can be saved."""
    for named in ("auto", "w3c", "squid"):
        pin = Pin(named)
        for line in lines:
            pin.choose(line, CONTEXT)
            msgspec.msgpack.encode(pin.state)
    for line in lines:
        split(line)
