"""Traefik's access log: JSON, and its Common log format with four parts of its own.

``203.0.113.7 - - [01/Mar/2024:03:11:26 +0000] "GET / HTTP/1.1" 200 19 "-" "curl/8" 17 "shop@docker" "http://10.0.0.5:80"
4ms``

Traefik escapes nothing: a referer or user agent may hold quotes. So the line is read from both ends, and what stands
between is the visitor's word. The client is ``X-Forwarded-For`` where Traefik let it pass, and may be a list.
https://doc.traefik.io/traefik/observability/access-logs/
"""

from typing import Any

from rules.formats.format import SECOND, Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number
from rules.formats.reading.json_object import decode, flatten, time_in
from rules.formats.reading.program import happened
from rules.formats.taxonomy.http_request import (
    WEB,
    hop,
    put_client,
    put_forwarded,
    put_request,
    put_request_line,
    put_user,
)
from rules.formats.web.error_log import TRAEFIK, upstream_failed
from rules.formats.web.webserver import stamped

TIMES = ("StartUTC", "StartLocal", "time")


class Traefik:
    """Traefik's access log, in either form."""

    name = "traefik"
    strictness = 75

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read an object, or a line that ends with ``count "router" "server" 4ms``."""
        if line[:1] == "{":
            return _object(line, context)
        return _line(line, context) if line[-2:] == "ms" else None


def _line(line: str, context: Context) -> Parsed | None:
    ends = _tail(line)
    if ends is None:
        return None
    body, router, server, milliseconds = ends
    begun = stamped(body, context)
    if begun is None:
        return None
    who, time, start = begun
    client, dash, user = who.partition(" - ")
    request, found, rest = body[start:].partition('" ')
    status, _, rest = rest.partition(" ")
    size, _, rest = rest.partition(" ")
    if not dash or not found or (status != "-" and number(status, 1000) is None):
        return None
    fields: dict[str, Any] = {"message": line}
    _put_client_list(fields, client)
    put_user(fields, user)
    put_request_line(fields, request, number(status, 1000))
    if (length := number(size)) is not None:
        fields["sc-bytes"] = length
    _put_headers(fields, rest)
    fields["http.duration_seconds"] = milliseconds / 1000
    _put_route(fields, router, server)
    return Parsed(fields=fields, logsource=WEB, time=time, resolution=SECOND)


def _tail(line: str) -> tuple[str, str, str, int] | None:
    """``… 17 "router" "server" 4ms`` -> all before the count, router, server, milliseconds."""
    rest, _, last = line.rpartition(" ")
    milliseconds = number(last[:-2], 10**12)
    rest, found, server = rest.rpartition(' "')
    if milliseconds is None or not found or server[-1:] != '"':
        return None
    rest, found, router = rest.rpartition(' "')
    body, blank, count = rest.rpartition(" ")
    if not found or not blank or router[-1:] != '"' or (count != "-" and number(count) is None):
        return None
    return body, router[:-1], server[:-1], milliseconds


def _put_headers(fields: dict[str, Any], rest: str) -> None:
    """``"referer" "user agent"``, both as they came in."""
    referer, found, agent = rest.partition('" "')
    if found and referer[:1] == '"' and agent[-1:] == '"':
        fields["cs-referer"] = None if referer == '"-' else referer[1:]
        fields["cs-user-agent"] = None if agent == '-"' else agent[:-1]


def _put_client_list(fields: dict[str, Any], text: str) -> None:
    """The last one is who spoke to the last proxy; those before are what that proxy was told."""
    before, _, last = text.rpartition(",")
    put_client(fields, hop(last) or last.strip())
    fields["c-ip"] = text
    if before:
        put_forwarded(fields, before)


def _put_route(fields: dict[str, Any], router: str, server: str) -> None:
    if router not in ("", "-"):
        fields["http.route"] = router
    if server not in ("", "-"):
        fields["upstream.address"] = server


def _object(line: str, context: Context) -> Parsed | None:
    if '"RequestMethod"' not in line and '"entryPointName"' not in line and '"entrypointName"' not in line:
        return None
    found = decode(line)
    if found is None:
        return None
    fields = flatten(found)
    stamp = time_in(fields, context, TIMES)
    method, path = fields.get("RequestMethod"), fields.get("RequestPath")
    fields["message"] = line
    if not isinstance(method, str) or not isinstance(path, str):
        _put_trouble(found, fields)
        logsource = TRAEFIK
    else:
        _put_object(fields, method, path)
        logsource = WEB
    return stamps.parsed(fields, logsource, stamp)


#: what Traefik answers in place of what stands behind it, as it says so in its log
GATEWAY = (
    "502 Bad Gateway",
    "503 Service Unavailable",
    "504 Gateway Timeout",
    "'502 Bad Gateway'",
    "'504 Gateway Timeout'",
)


def _put_trouble(found: dict[str, Any], fields: dict[str, Any]) -> None:
    """``{"level":"error","error":"dial tcp 10.0.0.5:80: connect: connection refused","message":"502 Bad Gateway"}``."""
    said = _text(found, "msg") or _text(found, "message")
    if said.startswith(GATEWAY):
        upstream_failed(fields, _text(found, "error") or said)
    else:
        happened(fields, "web_error")


def _put_object(fields: dict[str, Any], method: str, path: str) -> None:
    status = fields.get("DownstreamStatus", fields.get("OriginStatus"))
    put_request(fields, method, path, status if isinstance(status, int) and 0 <= status < 1000 else None)
    _put_peer(fields)
    put_user(fields, _text(fields, "ClientUsername"))
    fields["cs-version"] = _text(fields, "RequestProtocol")
    fields["cs-user-agent"] = _text(fields, "request_User-Agent") or None
    fields["cs-referer"] = _text(fields, "request_Referer") or None
    if host := _text(fields, "RequestHost"):
        fields["cs-host"] = host
    if isinstance(size := fields.get("DownstreamContentSize"), int):
        fields["sc-bytes"] = size
    if isinstance(nanoseconds := fields.get("Duration"), int):
        fields["http.duration_seconds"] = nanoseconds / 1e9
    server = _text(fields, "ServiceURL") or _text(fields, "ServiceAddr")
    _put_route(fields, _text(fields, "RouterName"), server)


def _put_peer(fields: dict[str, Any]) -> None:
    """``ClientAddr`` is who spoke to Traefik; ``ClientHost`` is what a header says, where it let one pass."""
    peer, told = _text(fields, "ClientAddr"), _text(fields, "ClientHost")
    host, _, port = peer.rpartition(":")
    if host and number(port, 65536) is not None:
        put_client(fields, host.strip("[]"), port)
    else:
        _put_client_list(fields, peer or told)
    forwarded = _text(fields, "request_X-Forwarded-For") or told
    if peer and forwarded and hop(forwarded) != fields.get("source.ip"):
        put_forwarded(fields, forwarded)


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
