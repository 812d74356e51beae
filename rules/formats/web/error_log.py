"""What the error logs of web servers have in common: their log sources, and what happened in one word.

An error log tells of a request what the access log does not: why it was refused, and that what stands behind the
server does not answer. Its lines are no second request: they have a category of their own.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.reading.program import happened
from rules.formats.taxonomy.http_request import put_client, put_target, split_request_line

CATEGORY = "webserver_error"
NGINX = LogSource(category=CATEGORY, product="nginx", service="nginx")
APACHE = LogSource(category=CATEGORY, product="apache", service="apache")
CADDY = LogSource(category=CATEGORY, product="caddy", service="caddy")
TRAEFIK = LogSource(category=CATEGORY, product="traefik", service="traefik")
HAPROXY = LogSource(category=CATEGORY, product="haproxy", service="haproxy")
HAPROXY_TCP = LogSource(product="haproxy", service="tcp")
#: Sigma's product for the firewall within a web server.
MODSECURITY = "modsecurity"

#: How a connection to what stands behind the server fails, in the words of the system, and ours.
FAILURES = (
    ("connection refused", "refused"),
    ("timed out", "timeout"),
    ("timeout", "timeout"),
    ("connection reset", "reset"),
    ("prematurely closed", "closed"),
    ("no live upstreams", "no_servers"),
    ("no such host", "no_such_host"),
    ("no route to host", "unreachable"),
    ("network is unreachable", "unreachable"),
    ("no such file", "no_socket"),
)


def plain(text: str) -> str:
    """*text* as an expression can bear it, character by character: what is no ASCII becomes ``?``."""
    return text if text.isascii() else text.encode("ascii", "replace").decode()


def upstream_failed(fields: dict[str, Any], told: str, address: str = "") -> None:
    """What stands behind the server did not answer; *told* is only read where no visitor can write."""
    lowered = told[:500].lower()
    happened(fields, "upstream_failure", "failure", next((ours for words, ours in FAILURES if words in lowered), ""))
    if address:
        fields["upstream.address"] = address


def put_failing_request(fields: dict[str, Any], request: str) -> None:
    """Method and target of the request that an error is about."""
    method, uri, _ = split_request_line(request)
    put_target(fields, method, uri)


def waf(fields: dict[str, Any], told: str, client: str, logsource: LogSource) -> LogSource:
    """ModSecurity: ``Access denied with code 403 (phase 2). … [id "942100"] [msg "…"] … [uri "/p"] …``.

    Quotes within a value are escaped, so the first ``[msg "`` is ModSecurity's own.
    https://github.com/owasp-modsecurity/ModSecurity/wiki/Reference-Manual-(v2.x)
    """
    named = {name: _tag(told, name) for name in ("id", "msg", "severity", "uri", "hostname")}
    denied = told.startswith(("Access denied", "ModSecurity: Access denied"))
    happened(fields, "waf_alert", "failure" if denied else "unknown", named["msg"])
    if named["id"]:
        fields["waf.rule"] = named["id"]
    if named["severity"]:
        fields["waf.severity"] = named["severity"]
    if named["uri"]:
        put_target(fields, "", named["uri"])
    if named["hostname"]:
        fields.setdefault("cs-host", named["hostname"])
    if client:
        put_client(fields, client)
    return LogSource(category=CATEGORY, product=MODSECURITY, service=logsource.service)


def _tag(told: str, name: str) -> str:
    start = told.find(f'[{name} "')
    if start < 0:
        return ""
    start += len(name) + 3
    end = told.find('"]', start)
    return told[start:end][:500] if end >= 0 else ""
