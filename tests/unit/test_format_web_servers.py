"""The formats of web servers against lines that nobody wrote in good faith, and streams that hold both logs of one."""

import json
from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.formats.catalogue import by_name
from rules.formats.detect import Pin
from rules.formats.format import Context, Format
from rules.formats.syslog.directory import PROGRAMS
from rules.formats.web.apache_error import ApacheError
from rules.formats.web.caddy import Caddy
from rules.formats.web.haproxy_file import Haproxy
from rules.formats.web.nginx_error import NginxError
from rules.formats.web.traefik import Traefik

CONTEXT = Context(reference=datetime(2026, 3, 2, tzinfo=UTC))
FORMATS: tuple[Format, ...] = (NginxError(), ApacheError(), Caddy(), Traefik(), Haproxy(), by_name("nginx"))
NGINX = "2026/03/01 03:11:26 [error] 812#812: *17 "
APACHE = "[Sun Mar 01 03:11:26.123456 2026] [core:error] [pid 812] [client 203.0.113.7:40022] "
STAMP = "[01/Mar/2026:03:11:26 +0000]"
HAPROXY = "203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "
CADDY = "2026/03/01 03:11:26.500\tINFO\thttp.log.access\thandled request\t"
HEADS = (NGINX, APACHE, f"203.0.113.7 - - {STAMP} ", HAPROXY, CADDY, f'203.0.113.7 - - {STAMP} "GET / HTTP/1.1" 200 1 ')
#: Surrogates too: they stand for bytes that are no UTF-8.
ANY = st.characters(exclude_categories=())
TAILS = ("", ' 17 "r" "u" 4ms', ", client: 203.0.113.7, server: x", '"', "}")


@settings(deadline=None, max_examples=150)
@given(st.text(ANY), st.sampled_from(HEADS), st.sampled_from(TAILS))
def test_never_raises(text: str, head: str, tail: str) -> None:
    """Whatever stands in a line, it is read or refused."""
    for one in FORMATS:
        one.parse(head + text + tail, CONTEXT)
    for program in ("nginx", "apache2", "caddy", "traefik", "haproxy"):
        PROGRAMS[program](text + tail, {})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
REQUEST_NAMES = ("remote_ip", "client_ip", "remote_port", "method", "uri", "host", "headers", "proto")
REQUEST = st.fixed_dictionaries(dict.fromkeys(REQUEST_NAMES, VALUES))
TRAEFIK_NAMES = (
    *("ClientAddr", "ClientHost", "DownstreamStatus", "Duration", "RequestHost", "RequestMethod", "RequestPath"),
    *("StartUTC", "ServiceURL", "ClientUsername", "request_X-Forwarded-For"),
)


@settings(deadline=None, max_examples=100)
@given(REQUEST, VALUES, VALUES, VALUES)
def test_caddys_values_may_be_anything(request: object, status: object, seconds: object, level: object) -> None:
    """An object whose values are of other kinds than Caddy's does no harm."""
    line = {"level": level, "ts": 1772334686.5, "logger": "http.log.access", "msg": "x", "request": request}
    Caddy().parse(json.dumps(line | {"status": status, "duration": seconds, "size": status, "user_id": level}), CONTEXT)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from(TRAEFIK_NAMES), VALUES))
def test_traefiks_values_may_be_anything(found: dict[str, object]) -> None:
    """An object whose values are of other kinds than Traefik's does no harm."""
    Traefik().parse(json.dumps({"entryPointName": "web", **found}), CONTEXT)


@pytest.mark.parametrize(
    "filler", ["\\", '"', ", client: ", "] ", '] "', " [", "{", "|", "#22", "[client x] ", "/", "a=b "]
)
def test_long_hostile_lines(filler: str) -> None:
    """A line of a quarter of a megabyte costs what its length costs, whatever it repeats."""
    text = filler * ((1 << 18) // len(filler))
    start = process_time()
    for one in FORMATS:
        for head in HEADS:
            one.parse(head + text, CONTEXT)
    assert process_time() - start < 5


@pytest.mark.parametrize("head", [*HEADS, f"{NGINX}worker process ", f"{APACHE}child pid ", "Server ", "[ALERT] ", ""])
def test_bytes_that_are_no_utf8(head: str) -> None:
    """A client may send any bytes, and nginx's error log holds them as they came."""
    broken = b"/\xc3\xa4\xff".decode("utf-8", "surrogateescape")
    for one in FORMATS:
        one.parse(f"{head}{broken} exit signal x", CONTEXT)
        one.parse(broken + head, CONTEXT)
    for program in ("nginx", "apache2", "caddy", "traefik", "haproxy"):
        PROGRAMS[program](head + broken, {})


@pytest.mark.parametrize(
    ("seconds", "taken"), [('"0.120"', 0.12), ("0.5", 0.5), ("3", 3.0), ('"-"', None), ("[]", None)]
)
def test_nginx_as_json(seconds: str, taken: float | None) -> None:
    """Sites that let nginx write JSON name its variables; `$request` holds method and target."""
    line = (
        '{"time_iso8601":"2026-03-01T03:11:26+00:00","remote_addr":"10.0.0.2","remote_user":"bob","request":'
        '"GET /.env?a=1 HTTP/1.1","status":"404","body_bytes_sent":"153","http_user_agent":"curl/8.5",'
        f'"http_x_forwarded_for":"203.0.113.7","request_time":{seconds}}}'
    )
    parsed = by_name("json").parse(line, CONTEXT)
    assert parsed is not None
    assert parsed.time == datetime(2026, 3, 1, 3, 11, 26, tzinfo=UTC)
    names = ("cs-method", "cs-uri-stem", "sc-status", "source.ip", "http.forwarded_for", "http.duration_seconds")
    found = [parsed.fields.get(name) for name in names]
    assert found == ["GET", "/.env", 404, "10.0.0.2", "203.0.113.7", taken]
    assert parsed.logsource.category == "webserver"


def test_one_server_in_one_stream() -> None:
    """What a container writes holds both logs; named after its server, the format reads every line."""
    lines = (
        f'203.0.113.7 - - {STAMP} "GET / HTTP/1.1" 200 612 "-" "curl/8.5"',
        f'203.0.113.7 - - {STAMP} "GET / HTTP/1.1" 200 612',
        f"{NGINX}access forbidden by rule, client: 203.0.113.7, server: _",
    )
    pin = Pin("nginx")
    assert [pin.choose(line, CONTEXT)[0] for line in lines] == ["nginx"] * 3
    assert by_name("apache").parse(f"{APACHE}AH01630: client denied by server configuration: /x", CONTEXT) is not None
    assert by_name("httpd").name == "apache"
    assert by_name("nginx").parse("Mar  1 03:11:26 web1 nginx: x", CONTEXT) is None


@pytest.mark.parametrize(
    "line",
    [
        "2026/03/01 03:11:26 [error] no pid",
        "2026/13/01 03:11:26 [error] 1#1: x",
        "[Sun Foo 01 03:11:26.123456 2026] [core:error] [pid 812] x",
        "[2026-03-01 03:11:26] [error] x",
        "[Sun Mar 01 03:11:26 2026] x",
        "2026/03/01 03:11:26.500\tINFO\tmyapp.server\tx\t{}",
        '{"level":"info","ts":1772334686.5,"logger":"myapp","msg":"x"}',
        '{"level":"info","RequestMethodX":"GET"}',
        "203.0.113.7:40022 [yesterday] web",
        "203.0.113.7 [01/Mar/2026:03:11:26.655] web",
        "web1 took 4ms",
    ],
)
def test_other_lines(line: str) -> None:
    """What is no line of theirs is refused."""
    assert [one.name for one in FORMATS if one.parse(line, CONTEXT) is not None] == []
