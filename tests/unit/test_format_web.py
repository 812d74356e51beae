"""Common and Combined log format."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.event import LogSource
from rules.formats.format import Context, Parsed
from rules.formats.web.webserver import Combined, Common

CONTEXT = Context(reference=datetime(2024, 3, 2, tzinfo=UTC))
STAMP = "[01/Mar/2024:03:11:26 +0100]"


def combined(line: str) -> Parsed:
    parsed = Combined().parse(line, CONTEXT)
    assert parsed is not None, line
    return parsed


def request(target: str) -> dict[str, Any]:
    return combined(f'203.0.113.7 - - {STAMP} "{target}" 200 1 "-" "-"').fields


def test_combined() -> None:
    """A line of Combined log format gives Sigma's names for the category webserver."""
    line = f'203.0.113.7 - alice {STAMP} "GET /a/b?c=d&e=%27 HTTP/1.1" 404 1234 "https://example.org/" "curl/8.5"'
    parsed = combined(line)
    assert parsed.logsource == LogSource(category="webserver")
    assert parsed.time == datetime(2024, 3, 1, 2, 11, 26, tzinfo=UTC)
    assert parsed.fields == {
        "message": line,
        "c-ip": "203.0.113.7",
        "source.ip": "203.0.113.7",
        "cs-username": "alice",
        "user.name": "alice",
        "cs-method": "GET",
        "cs-uri": "/a/b?c=d&e=%27",
        "cs-uri-stem": "/a/b",
        "cs-uri-query": ["c=d&e=%27", "/a/b?c=d&e=%27"],
        "cs-version": "HTTP/1.1",
        "url.decoded": "/a/b?c=d&e='",
        "service.type": "web",
        "sc-status": 404,
        "sc-bytes": 1234,
        "cs-referer": "https://example.org/",
        "cs-user-agent": "curl/8.5",
        "event.action": "http_request",
        "event.outcome": "failure",
    }


def test_common() -> None:
    """Common log format is Combined without its two last parts, and neither is taken for the other."""
    line = f'2001:DB8::7 - - {STAMP} "GET / HTTP/1.0" 200 -'
    parsed = Common().parse(line, CONTEXT)
    assert parsed is not None
    assert parsed.fields["source.ip"] == "2001:db8::7"
    assert "sc-bytes" not in parsed.fields
    assert Combined().parse(line, CONTEXT) is None
    assert Common().parse(f'{line} "-" "-"', CONTEXT) is None


def test_what_is_not_given() -> None:
    """A dash is null, as rules ask for it."""
    fields = request("GET / HTTP/1.1")
    assert fields["cs-referer"] is fields["cs-user-agent"] is fields["cs-username"] is None
    assert "user.name" not in fields


def test_virtual_host_and_more() -> None:
    """Debian's vhost_combined names the host first; what a site adds at the end is kept."""
    line = f'shop.example:443 203.0.113.7 - - {STAMP} "GET / HTTP/2.0" 200 1 "-" "x" "198.51.100.9" rt=0.1'
    fields = combined(line).fields
    assert (fields["cs-host"], fields["c-ip"]) == ("shop.example", "203.0.113.7")
    assert fields["http.more"] == '"198.51.100.9" rt=0.1'
    assert fields["http.forwarded_for"] == "198.51.100.9"


@pytest.mark.parametrize(
    ("more", "forwarded", "seconds", "host"),
    [
        ('"198.51.100.9"', "198.51.100.9", None, None),
        ('"198.51.100.9, 10.0.0.2" 0.120 0.119', "198.51.100.9, 10.0.0.2", 0.12, None),
        ('"-" rt=1.250 uct="0.000"', None, 1.25, None),
        ('xff="2001:db8::9" host=shop.example', "2001:db8::9", None, "shop.example"),
        ('"198.51.100.9:4711, [2001:db8::9]:80"', "198.51.100.9:4711, [2001:db8::9]:80", None, None),
        ("512 0.003 [shop-80] [] 10.0.0.7:80 612 0.003 200 4f2a", None, 0.003, None),
        ('"<script>, 198.51.100.9"', None, None, None),
        ('"unknown"', None, None, None),
        ("12345 7", None, None, None),
        ('host="-" "never closed', None, None, None),
        ("1, " * 500, None, None, None),
    ],
)
def test_more(more: str, forwarded: str | None, seconds: float | None, host: str | None) -> None:
    """Of what a site adds only what can be nothing else is read."""
    fields = combined(f'203.0.113.7 - - {STAMP} "GET / HTTP/1.1" 200 1 "-" "-" {more}').fields
    found = [fields.get(name) for name in ("http.forwarded_for", "http.duration_seconds", "cs-host")]
    assert found == [forwarded, seconds, host]
    assert fields["source.ip"] == "203.0.113.7"


@pytest.mark.parametrize(
    ("target", "method", "uri"),
    [
        ("GET /a b c HTTP/1.1", "GET", "/a b c"),
        ("GET /", "GET", "/"),
        ("GET / FOO", "GET", "/ FOO"),
        ("-", "", "-"),
        ("", "", ""),
        ("\\x16\\x03\\x01", "", "\\x16\\x03\\x01"),
        ('GET /\\"x\\" HTTP/1.1', "GET", '/"x"'),
        ("GET /a\\\\ HTTP/1.1", "GET", "/a\\"),
    ],
)
def test_requests(target: str, method: str, uri: str) -> None:
    """Targets with blanks, old and broken requests, and escaped quotes are read as what they are."""
    fields = request(target)
    assert (fields["cs-method"], fields["cs-uri"]) == (method, uri)


@pytest.mark.parametrize(
    ("uri", "decoded"),
    [
        ("/a?q=1%27%20OR+1=1", "/a?q=1' OR 1=1"),
        ("/a?q=%2527", "/a?q='"),
        ("/%2e%2e%2fetc/passwd", "/../etc/passwd"),
        ("/a\\x22b", '/a"b'),
        ("/plain", "/plain"),
        ("/a+b", "/a+b"),
        ("/%zz%", "/%zz%"),
        ("/%ff", "/\ufffd"),
    ],
)
def test_decoded(uri: str, decoded: str) -> None:
    """Beside the target as written stands what the application may make of it."""
    assert request(f"GET {uri} HTTP/1.1")["url.decoded"] == decoded


def test_a_user_name_cannot_forge_the_stamp() -> None:
    """The stamp that counts is the one right before the request."""
    line = f'203.0.113.7 - x [01/Jan/2001:00:00:00 +0000] {STAMP} "GET / HTTP/1.1" 401 1 "-" "-"'
    parsed = combined(line)
    assert parsed.time == datetime(2024, 3, 1, 2, 11, 26, tzinfo=UTC)
    assert parsed.fields["user.name"] == "x [01/Jan/2001:00:00:00 +0000]"


@pytest.mark.parametrize(("written", "user"), [('""', None), ('a\\"b', 'a\\"b'), ("a] b [c", "a] b [c")])
def test_a_user_name_cannot_hide_the_line(written: str, user: str | None) -> None:
    """Apache writes an empty name as two quotes, and escapes those within one; the line is read all the same."""
    fields = combined(f'203.0.113.7 - {written} {STAMP} "GET /.env HTTP/1.1" 401 1 "-" "-"').fields
    assert (fields["cs-uri"], fields["cs-username"]) == ("/.env", user)


def test_a_user_agent_cannot_forge_a_request() -> None:
    """A quote in a header is escaped by the server, and read as part of the header."""
    agent = 'x\\" 200 1 \\"-\\" \\"y'
    fields = combined(f'203.0.113.7 - - {STAMP} "GET / HTTP/1.1" 404 1 "-" "{agent}"').fields
    assert fields["cs-user-agent"] == 'x" 200 1 "-" "y'
    assert fields["sc-status"] == 404


@pytest.mark.parametrize(
    "line",
    [
        "",
        "203.0.113.7 - -",
        f'203.0.113.7 - - {STAMP} "GET / HTTP/1.1',
        f'203.0.113.7 - - {STAMP} "GET / HTTP/1.1" abc 1 "-" "-"',
        f'203.0.113.7 - - {STAMP} "GET / HTTP/1.1" 200 x "-" "-"',
        f'203.0.113.7 - - {STAMP} "GET / HTTP/1.1" 200 1 "-" "-',
        '203.0.113.7 - - [01/Foo/2024:03:11:26 +0100] "GET / HTTP/1.1" 200 1 "-" "-"',
        '203.0.113.7 - - [01/Mar/2024:03:11:26 +9900] "GET / HTTP/1.1" 200 1 "-" "-"',
        f'203.0.113.7 {STAMP} "GET / HTTP/1.1" 200 1 "-" "-"',
    ],
)
def test_other_lines(line: str) -> None:
    """What is no line of a web server is refused."""
    assert Combined().parse(line, CONTEXT) is None
    assert Common().parse(line, CONTEXT) is None


@settings(deadline=None)
@given(st.text(), st.sampled_from(["", "1.2.3.4 - - ", f"1.2.3.4 - - {STAMP} ", f'1.2.3.4 - - {STAMP} "', "{0}"]))
def test_never_raises(text: str, head: str) -> None:
    """Whatever stands in a line, it is read or refused."""
    for line in (head + text, f'1.2.3.4 - - {STAMP} "{text}" 200 1 "{text}" "{text}"'):
        Combined().parse(line, CONTEXT)
        Common().parse(line, CONTEXT)


def test_long_hostile_lines() -> None:
    """Very long lines of escapes cost linear time."""
    for filler in ("\\", '\\"', "%", "%25", "a b ", "\\x", '"'):
        text = filler * ((1 << 18) // len(filler))
        Combined().parse(f'1.2.3.4 - - {STAMP} "GET /{text} HTTP/1.1" 200 1 "-" "{text}"', CONTEXT)
        Combined().parse(f'1.2.3.4 - - {STAMP} "{text}', CONTEXT)


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(1000, 1, 1)))  # noqa: DTZ001
def test_stamps_round_trip(moment: datetime) -> None:
    """A written stamp is read as the same second."""
    aware = moment.replace(microsecond=0, tzinfo=UTC)
    parsed = combined(f'1.2.3.4 - - [{aware:%d/%b/%Y:%H:%M:%S} +0000] "GET / HTTP/1.1" 200 1 "-" "-"')
    assert parsed.time == aware
