"""nginx's error log.

``2024/03/01 03:11:26 [error] 812#812: *17 access forbidden by rule, client: 203.0.113.7, server: shop.example,
request: "GET /admin HTTP/1.1", host: "shop.example"``

Before ``, client: `` may stand a path that the visitor chose, and behind it stand headers that he chose; both may hold
``, client: `` again. Where all of them name one address it is that; where they differ, the first counts if no visitor's
text can stand before it, and else none does. https://nginx.org/en/docs/ngx_core_module.html#error_log
"""

from typing import Any

import re2

from rules.event import LogSource
from rules.formats.format import SECOND, Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import address
from rules.formats.reading.program import happened
from rules.formats.taxonomy.http_request import SERVICE, put_client
from rules.formats.web.error_log import NGINX, plain, put_failing_request, upstream_failed, waf

HEAD = re2.compile(
    r"^([0-9]{4})/([0-9]{2})/([0-9]{2}) ([0-9:]{8}) \[(emerg|alert|crit|error|warn|notice|info|debug)\] "
    r"([0-9]{1,9})#[0-9]+: (?:\*[0-9]+ )?"
)
CRASH = re2.compile(r"^worker process [0-9]+ exited on signal ([0-9]+)")
CLIENT = ", client: "
#: Starts of messages in which nothing that a visitor chose stands before the client, or nothing with a colon in it.
SAFE = ("limiting ", "delaying ", 'user "')
#: Start of the message -> action, reason. The rest is ``web_error``.
KINDS = (
    ("limiting requests", "http_limited", "requests"),
    ("limiting connections", "http_limited", "connections"),
    ("delaying request", "http_limited", "delayed"),
    ("no user/password was provided", "http_auth", "no_credentials"),
    ("access forbidden by rule", "http_denied", "by_rule"),
    ("directory index of ", "http_denied", "directory"),
    ("client intended to send too large body", "http_denied", "too_large"),
    ("client sent ", "http_malformed", "client_sent"),
    ("SSL_do_handshake() failed", "http_malformed", "tls"),
)
UPSTREAM = ("connect() ", "upstream ", "no live upstreams", "recv() failed", "send() failed", "SSL_do_handshake() ")


class NginxError:
    """nginx's error log."""

    name = "nginx-error"
    strictness = 79

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``stamp [level] pid#tid: *connection message, client: …``."""
        found = HEAD.match(plain(line[:200]))
        if found is None:
            return None
        year, month, day, time, level, pid = found.groups()
        stamp = stamps.iso(f"{year}-{month}-{day}T{time}", context)
        if stamp is None:
            return None
        message = line[found.end() :]
        fields: dict[str, Any] = {"message": message, "log.level": level, "pid": int(pid)}
        logsource = tell(message, fields)
        return Parsed(fields=fields, logsource=logsource, time=stamp[0], resolution=SECOND)


def tell(message: str, fields: dict[str, Any]) -> LogSource:
    """What nginx tells, without its head."""
    fields["service.type"] = SERVICE
    said, tail = _divided(message)
    if tail:
        _put_tail(fields, tail)
    if said.startswith("[client ") and "] ModSecurity: " in said[:100]:
        client, _, told = said[8:].partition("] ModSecurity: ")
        return waf(fields, told, client, NGINX)
    if (crash := CRASH.match(plain(said[:100]))) is not None:
        happened(fields, "web_crash", "failure", f"signal_{crash.group(1)}")
    elif " upstream" in said and said.startswith(UPSTREAM):
        upstream_failed(fields, said, _named(tail, "upstream"))
    elif said.startswith('user "'):
        _auth(fields, said)
    elif said.startswith('open() "') and (" failed (2:" in said or " failed (13:" in said):
        denied = " failed (13:" in said
        happened(fields, "http_denied" if denied else "http_missing", "failure", "permission" if denied else "")
    elif said.startswith('"') and '" is not found (2:' in said:
        happened(fields, "http_missing", "failure")
    else:
        _other(fields, said)
    return NGINX


def _other(fields: dict[str, Any], said: str) -> None:
    for start, action, reason in KINDS:
        if said.startswith(start):
            if reason == "client_sent":
                reason = smuggling(said) or reason
            happened(fields, action, "unknown" if reason == "delayed" else "failure", reason)
            return
    happened(fields, "web_error")


def smuggling(said: str) -> str:
    """Whether a client sent two lengths, or a length and an encoding, so that two servers may see two requests."""
    lowered = said[:300].lower()
    if "content-length" in lowered and "transfer-encoding" in lowered:
        return "two_lengths"
    if "duplicate header line" in lowered and ("content-length" in lowered or "transfer-encoding" in lowered):
        return "two_lengths"
    return "unknown_encoding" if 'unknown "transfer-encoding"' in lowered else ""


def _auth(fields: dict[str, Any], said: str) -> None:
    """``user "bob": password mismatch`` and ``user "bob" was not found in "/etc/nginx/htpasswd"``."""
    wrong = said.endswith('": password mismatch')
    end = said.rfind('": password mismatch') if wrong else said.rfind('" was not found in "')
    if end > 6:
        fields["user.name"] = said[6:end]
    happened(fields, "http_auth", "failure", "wrong_password" if wrong else "unknown_user")


def _divided(message: str) -> tuple[str, str]:
    """What nginx says, and what follows on the true client; "" where there is none, or none that can be told."""
    first = message.find(CLIENT)
    if first < 0:
        return message, ""
    said, tail = message[:first], message[first + len(CLIENT) :]
    if '"' not in said or said.startswith(SAFE):
        return said, tail
    named: set[str | None] = set()
    start = 0
    for _ in range(8):
        start = message.find(CLIENT, start)
        if start < 0:
            return (said, tail) if len(named) <= 1 else (message, "")
        start += len(CLIENT)
        named.add(address(message[start : start + 50].partition(",")[0]))
    return message, ""


def _put_tail(fields: dict[str, Any], tail: str) -> None:
    """``203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", upstream: "…", host: "shop.example"``."""
    client, _, rest = tail.partition(", ")
    if client.startswith("unix:"):
        return
    put_client(fields, client)
    if rest.startswith("server: "):
        fields["http.server"] = rest[8:].partition(",")[0]
    if request := _named(tail, "request"):
        put_failing_request(fields, request)
    if host := _named(tail, "host"):
        fields["cs-host"] = host


def _named(tail: str, name: str) -> str:
    """The value of ``, name: "…"``: of several, the first."""
    _, found, rest = tail.partition(f', {name}: "')
    return rest.partition('"')[0] if found else ""
