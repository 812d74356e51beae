"""HAProxy: its HTTP, HTTPS and TCP logs, failed connections, and what it says of the servers behind it.

``203.0.113.7:40022 [01/Mar/2024:03:11:26.123] web~ shop/srv1 0/0/1/12/13 200 2750 - - ---- 1/1/0/0/0 0/0
{shop.example|curl/8} {} "GET / HTTP/1.1"``

Within captured headers and the request HAProxy writes braces, bars, quotes and hashes as ``#`` and two digits, so
visitors cannot forge what stands around them. https://docs.haproxy.org/3.0/configuration.html#8.2
"""

from typing import Any

import re2

from rules.event import LogSource
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.program import happened
from rules.formats.taxonomy.http_request import (
    SERVICE,
    WEB,
    decoded,
    put_client,
    put_forwarded,
    put_request,
    put_request_line,
    put_user,
    split_request_line,
)
from rules.formats.web.error_log import HAPROXY, HAPROXY_TCP, plain, upstream_failed

LEVEL = re2.compile(r"^\[(?:ALERT|WARNING|NOTICE)\] *(?:[0-9]+/[0-9]+ *)?\([0-9]+\) ?: ")
STATE = re2.compile(r"^(?:Backup )?[Ss]erver ([^ /]{1,100}/[^ ]{1,100}) is (DOWN|UP)\b")
EMPTY = re2.compile(r"^(?:backend|proxy|Proxy|Backend) '?([^ ']{1,100})'? has no server available")
HEAD = re2.compile(r"^\[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:.]{8,15})\] (.*)$")
AGENT = re2.compile(r"^[A-Za-z][A-Za-z0-9_.-]*/[0-9]")
HOST = re2.compile(r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?$")
BAD = "<BADREQ>"


def tell(message: str, fields: dict[str, Any]) -> LogSource:
    """What a line of HAProxy tells, without the head that syslog gave it."""
    text = message
    if text[:1] == "[" and (level := LEVEL.match(ascii_head(text))) is not None:
        text = text[level.end() :]
    client, found, rest = text.partition(" ")
    host, _, port = client.rpartition(":")
    if found and rest[:1] == "[" and (accepted := HEAD.match(plain(rest))) is not None:
        put_client(fields, host.strip("[]"), port)
        return _connection(fields, rest[accepted.start(2) :])
    return _notice(fields, text)


def ascii_head(text: str) -> str:
    """The first hundred characters of *text*, as ``plain`` gives them."""
    return plain(text[:100])


def _connection(fields: dict[str, Any], rest: str) -> LogSource:
    parts = rest.split(" ", 10)
    if len(parts) == 11 and parts[2].count("/") >= 4:
        return _http(fields, parts)
    if len(parts) >= 7 and parts[2].count("/") == 2 and number(parts[3].lstrip("+")) is not None:
        return _tcp(fields, parts)
    fields["haproxy.frontend"] = parts[0].rstrip(":").rstrip("~")
    tls = "SSL" in rest[:200]
    happened(fields, "http_malformed", "failure", "tls" if tls else "connection")
    return HAPROXY


def _http(fields: dict[str, Any], parts: list[str]) -> LogSource:
    """``frontend backend/server a/b/c/d/e status bytes - - ---- n/n/n/n/n n/n [{…} [{…}]] "request"[ more]``."""
    frontend, server, timers, status, size, _, _, state, _, _, rest = parts
    captured, request, more = _request(rest)
    code = number(status, 1000)
    if request.startswith(BAD) or request == "":
        put_request(fields, "", request, code)
    else:
        put_request_line(fields, request, code)
        if "#" in request:
            stem, _, query = split_request_line(request)[1].replace("#", "%").partition("?")
            fields["url.decoded"] = decoded(stem, query)
    put_user(fields, None)
    _put_common(fields, frontend, server, timers, size, state)
    _put_captured(fields, captured)
    if len(words := more.split(" ")) >= 2 and words[0].count("/") == 4:
        name = words[1].partition("/")[0]
        if name not in ("-", ""):
            fields.setdefault("cs-host", name)
    return WEB


def _request(rest: str) -> tuple[list[str], str, str]:
    """Captured headers, the request, and what stands behind it; a long line may have lost its last quote."""
    captured: list[str] = []
    for _ in range(2):
        if rest[:1] == "{":
            inner, _, rest = rest[1:].partition("} ")
            captured += inner.split("|")[:20]
    if rest[:1] != '"':
        return captured, "", rest
    request, _, more = rest[1:].partition('"')
    return captured, request, more.lstrip(" ")


def _put_captured(fields: dict[str, Any], captured: list[str]) -> None:
    """Which header was captured the line does not say; addresses, products and host names are known by their look."""
    if not any(captured):
        return
    fields["haproxy.captured"] = [value for value in captured if value]
    for value in captured:
        if put_forwarded(fields, value):
            continue
        if AGENT.match(ascii_head(value)) is not None:
            fields.setdefault("cs-user-agent", value)
        elif HOST.match(ascii_head(value)) is not None:
            fields.setdefault("cs-host", value)


def _tcp(fields: dict[str, Any], parts: list[str]) -> LogSource:
    """``frontend backend/server a/b/c bytes -- n/n/n/n/n n/n``."""
    frontend, server, timers, size, state = parts[:5]
    _put_common(fields, frontend, server, timers, size, state)
    failed = state[:1] in ("S", "P", "R")
    happened(fields, "connection", "failure" if failed else "success", state if failed else "")
    return HAPROXY_TCP


def _put_common(fields: dict[str, Any], frontend: str, server: str, timers: str, size: str, state: str) -> None:
    fields["haproxy.frontend"] = frontend.rstrip("~")
    fields["haproxy.state"] = state
    if not server.endswith("/<NOSRV>"):
        fields["upstream.address"] = server
    if (length := number(size.lstrip("+"))) is not None:
        fields["sc-bytes"] = length
    if (milliseconds := number(timers.rpartition("/")[2].lstrip("+"))) is not None:
        fields["http.duration_seconds"] = milliseconds / 1000


def _notice(fields: dict[str, Any], text: str) -> LogSource:
    """What HAProxy says of itself and of the servers behind it."""
    fields["service.type"] = SERVICE
    head = ascii_head(text)
    if (state := STATE.match(head)) is not None:
        if state.group(2) == "DOWN":
            upstream_failed(fields, text, state.group(1))
            fields["event.reason"] = "server_down"
        else:
            fields["upstream.address"] = state.group(1)
            happened(fields, "upstream_recovered", "success")
    elif (empty := EMPTY.match(head)) is not None:
        upstream_failed(fields, text, empty.group(1))
        fields["event.reason"] = "no_servers"
    elif text.startswith("Connect from "):
        _connect(fields, text)
        return HAPROXY_TCP
    else:
        happened(fields, "web_notice")
    return HAPROXY


def _connect(fields: dict[str, Any], text: str) -> None:
    """``Connect from 203.0.113.7:40022 to 192.0.2.1:80 (www/HTTP)``."""
    source, _, rest = text[13:].partition(" to ")
    for side, where in (("source", source), ("destination", rest.partition(" ")[0])):
        host, _, port = where.rpartition(":")
        put_endpoint(fields, side, host.strip("[]"), port)
    fields["c-ip"] = source.rpartition(":")[0]
    happened(fields, "connection", "success")
