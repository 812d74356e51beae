"""Caddy's log: JSON, and the form that it writes to a console.

``{"level":"info","ts":1709262686.5,"logger":"http.log.access.log0","msg":"handled request","request":{…},…}``
``2024/03/01 03:11:26.500<tab>INFO<tab>http.log.access.log0<tab>handled request<tab>{"request": {…}, "status": 200, …}``

``remote_ip`` is who spoke to Caddy. ``client_ip`` differs from it only where Caddy's own ``trusted_proxies`` names that
address, so Caddy's configuration has decided whom to believe, and it is taken.
https://caddyserver.com/docs/caddyfile/directives/log
"""

from typing import Any

from rules.event import LogSource
from rules.formats.format import Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.json_object import decode, flatten, time_in
from rules.formats.reading.program import happened
from rules.formats.taxonomy.http_request import SERVICE, WEB, put_client, put_forwarded, put_request, put_user
from rules.formats.web.error_log import CADDY, put_failing_request, upstream_failed

LOGGERS = ("http.", "tls", "admin", "pki", "caddy", "events", "storage")
#: What the active health check of the reverse proxy says of a server that does not answer.
UNHEALTHY = frozenset(
    {"HTTP request failed", "status code out of tolerances", "unexpected status code", "host is down"}
)
#: Statuses that Caddy answers by itself when what stands behind it does not.
GATEWAY = frozenset({502, 503, 504})


class Caddy:
    """Caddy's log, in either form."""

    name = "caddy"
    strictness = 78

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read an object with a logger of Caddy's, or five parts between tabs."""
        if line[:1] == "{":
            found = decode(line) if '"logger"' in line else None
            if found is None or not _is_caddys(found.get("logger")) or "msg" not in found or "level" not in found:
                return None
            fields = flatten(found)
            stamp = time_in(fields, context, ("ts",))
        else:
            read = _console(line, context)
            if read is None:
                return None
            fields, stamp = read
        return stamps.parsed(fields, _tell(fields), stamp)


def _is_caddys(logger: Any) -> bool:
    return isinstance(logger, str) and logger.startswith(LOGGERS)


def _console(line: str, context: Context) -> tuple[dict[str, Any], stamps.Stamp | None] | None:
    """``stamp<tab>LEVEL<tab>logger<tab>message[<tab>{…}]``; a terminal's colours around the level are left out."""
    parts = line.split("\t", 4)
    if len(parts) < 4 or parts[0][4:5] != "/" or not _is_caddys(parts[2]):
        return None
    stamp = stamps.iso(parts[0].replace("/", "-", 2), context)
    if stamp is None:
        return None
    found = decode(parts[4]) if len(parts) == 5 else {}
    fields = flatten(found) if found is not None else {}
    level = parts[1]
    if level[:1] == "\x1b":
        level = level.partition("m")[2].partition("\x1b")[0]
    fields |= {"level": level.lower(), "logger": parts[2], "msg": parts[3]}
    return fields, stamp


def _tell(fields: dict[str, Any]) -> LogSource:
    """What happened: a request, a request that failed, or something of Caddy's own."""
    logger, message = fields["logger"], _text(fields, "msg")
    fields["message"] = message
    fields["service.type"] = SERVICE
    if isinstance(level := fields.get("level"), str):
        fields["log.level"] = level
    status = fields.get("status")
    code = status if isinstance(status, int) and not isinstance(status, bool) and 0 <= status < 1000 else None
    uri = fields.get("request.uri")
    if logger.startswith("http.log.access") and isinstance(uri, str):
        put_request(fields, _text(fields, "request.method"), uri, code)
        _put_about(fields)
        return WEB
    if isinstance(uri, str):
        put_failing_request(fields, f"{_text(fields, 'request.method')} {uri}")
        _put_about(fields)
    if (logger.startswith("http.log.error") and code in GATEWAY) or (
        logger.startswith("http.handlers.reverse_proxy") and message in UNHEALTHY
    ):
        told = f"{message} {_text(fields, 'error')}"
        upstream_failed(fields, told, _text(fields, "upstream") or _text(fields, "host"))
    else:
        happened(fields, "web_error" if fields.get("log.level") in ("error", "fatal", "panic") else "web_notice")
    return CADDY


def _put_about(fields: dict[str, Any]) -> None:
    """Who asked, and what was answered."""
    peer = _text(fields, "request.remote_ip") or _text(fields, "request.remote_addr").rpartition(":")[0]
    client = _text(fields, "request.client_ip") or peer
    put_client(fields, client.strip("[]"), _text(fields, "request.remote_port") if client == peer else "")
    if client != peer:
        fields["http.proxy"] = peer
    elif forwarded := _header(fields, "X-Forwarded-For"):
        put_forwarded(fields, forwarded)
    put_user(fields, _text(fields, "user_id"))
    fields["cs-version"] = _text(fields, "request.proto")
    fields["cs-user-agent"] = _header(fields, "User-Agent") or None
    fields["cs-referer"] = _header(fields, "Referer") or None
    if host := _text(fields, "request.host"):
        fields["cs-host"] = host
    if isinstance(size := fields.get("size"), int):
        fields["sc-bytes"] = size
    if isinstance(seconds := fields.get("duration"), int | float) and seconds >= 0:
        fields["http.duration_seconds"] = seconds


def _header(fields: dict[str, Any], name: str) -> str:
    value = fields.get(f"request.headers.{name}")
    if isinstance(value, list):
        return ", ".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
