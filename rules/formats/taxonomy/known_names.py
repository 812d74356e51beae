"""How programs name what we normalise: for loggers that write names and values (JSON lines, logfmt)."""

from typing import Any

from rules.event import LogSource
from rules.formats.format import NOWHERE
from rules.formats.reading.addresses import address, number, put_endpoint
from rules.formats.taxonomy.http_request import WEB, put_forwarded, put_request, split_request_line
from rules.formats.taxonomy.proxied import PROXY, put_agent, put_proxied

#: a logger's name -> side of the connection
ENDPOINTS = {
    "src_ip": "source",
    "srcip": "source",
    "src": "source",
    "source_ip": "source",
    "sourceIPAddress": "source",
    "client_ip": "source",
    "clientip": "source",
    "client": "source",
    "client_addr": "source",
    "remote_addr": "source",
    "remote_ip": "source",
    "remote": "source",
    "request.remote_ip": "source",
    "ClientHost": "source",
    "ip": "source",
    "rhost": "source",
    "c-ip": "source",
    "dst_ip": "destination",
    "dstip": "destination",
    "dst": "destination",
    "dest_ip": "destination",
    "destination_ip": "destination",
}
PORTS = {
    "src_port": "source.port",
    "srcport": "source.port",
    "source_port": "source.port",
    "remote_port": "source.port",
    "dst_port": "destination.port",
    "dstport": "destination.port",
    "dest_port": "destination.port",
    "destination_port": "destination.port",
}
TEXTS = {
    "user": "user.name",
    "username": "user.name",
    "user_name": "user.name",
    "remote_user": "user.name",
    "login": "user.name",
    "host": "host.name",
    "hostname": "host.name",
    "host_name": "host.name",
    "app": "program",
    "program": "program",
    "service": "program",
    "outcome": "event.outcome",
    "msg": "message",
    "log": "message",
    "event": "message",
}
#: names of a web server's log -> Sigma's
WEB_NAMES = {
    "request_method": "cs-method",
    "method": "cs-method",
    "cs-method": "cs-method",
    "request.method": "cs-method",
    "RequestMethod": "cs-method",
    "request_uri": "cs-uri",
    "uri": "cs-uri",
    "c-uri": "cs-uri",
    "cs-uri": "cs-uri",
    "path": "cs-uri",
    "url": "cs-uri",
    "request.uri": "cs-uri",
    "RequestPath": "cs-uri",
    "status": "sc-status",
    "sc-status": "sc-status",
    "status_code": "sc-status",
    "DownstreamStatus": "sc-status",
    "http_user_agent": "cs-user-agent",
    "user_agent": "cs-user-agent",
    "request_User-Agent": "cs-user-agent",
    "request.headers.User-Agent": "cs-user-agent",
    "http_referer": "cs-referer",
    "http_referrer": "cs-referer",
    "referer": "cs-referer",
    "request.headers.Referer": "cs-referer",
    "request.host": "cs-host",
    "RequestHost": "cs-host",
    "http_host": "cs-host",
    "body_bytes_sent": "sc-bytes",
    "bytes_sent": "sc-bytes",
}
#: What a proxy told the server of the client.
FORWARDED = ("http_x_forwarded_for", "x_forwarded_for", "xff", "request.headers.X-Forwarded-For")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PROPFIND"})
OUTCOMES = frozenset({"success", "failure", "unknown"})


def normalise(fields: dict[str, Any], line: str) -> LogSource:
    """Add the normalised names to what a logger told; what already bears one stays.

    Returns:
        The category webserver if the fields are those of a request, else nothing.
    """
    web: dict[str, Any] = {}
    for name, value in list(fields.items()):
        if (target := TEXTS.get(name)) is not None:
            _put_text(target, value, fields)
        elif (side := ENDPOINTS.get(name)) is not None:
            _put_endpoint(side, value, fields)
        elif (target := PORTS.get(name)) is not None:
            if (port := number(str(value)[:20], 65536)) is not None:
                fields.setdefault(target, port)
        elif (target := WEB_NAMES.get(name)) is not None:
            web.setdefault(target, value[0] if isinstance(value, list) and len(value) == 1 else value)
    if not isinstance(fields.get("message"), str):
        fields["message"] = line
    return _web(web, fields)


def _put_text(target: str, value: Any, fields: dict[str, Any]) -> None:
    if isinstance(value, str) and value and (target != "event.outcome" or value in OUTCOMES):
        fields.setdefault(target, value)


def _put_endpoint(side: str, value: Any, fields: dict[str, Any]) -> None:
    """``192.0.2.1``, ``192.0.2.1:40000`` or ``[2001:db8::1]:40000``."""
    if not isinstance(value, str) or f"{side}.ip" in fields:
        return
    if address(value) is not None:
        put_endpoint(fields, side, value)
        return
    host, _, port = value.rpartition(":")
    if address(host) is not None and number(port, 65536) is not None:
        put_endpoint(fields, side, host, port)


def _web(web: dict[str, Any], fields: dict[str, Any]) -> LogSource:
    """A method, a target and a status together are a request."""
    method, uri = web.pop("cs-method", None), web.pop("cs-uri", None)
    if method is None and isinstance(line := fields.get("request"), str):
        method, found, _ = split_request_line(line)  # nginx's $request
        uri = found if uri is None else uri
    status = number(str(web.pop("sc-status", ""))[:4], 1000)
    if not isinstance(method, str) or method not in METHODS or not isinstance(uri, str) or status is None:
        return NOWHERE
    for name, value in web.items():
        fields.setdefault(name, value)
    if "source.ip" in fields:
        fields.setdefault("c-ip", fields["source.ip"])
    if "://" in uri[:10] and "source.ip" in fields:  # servers are asked for a path, proxies for a whole address
        put_proxied(fields, method, uri, status)
        put_agent(fields, fields.get("cs-user-agent"))
        return PROXY
    put_request(fields, method, uri, status)
    for name in FORWARDED:
        if isinstance(told := fields.get(name), str):
            put_forwarded(fields, told)
    if (
        isinstance(seconds := fields.get("request_time"), int | float | str)
        and (taken := _seconds(seconds)) is not None
    ):
        fields.setdefault("http.duration_seconds", taken)
    return WEB


def _seconds(value: float | str) -> float | None:
    """nginx's ``$request_time``: ``0.120``, in quotes or not."""
    whole, _, fraction = str(value)[:30].partition(".")
    return (
        float(f"{whole}.{fraction or 0}") if number(whole) is not None and number(fraction or "0") is not None else None
    )
