"""What every proxy's log tells, in the names of Sigma's taxonomy for the category proxy.

https://sigmahq.io/docs/basics/log-sources.html: ``c-uri`` is the whole address that the client asked for; rules also
ask ``cs-uri`` for it, ``cs-host`` for its host and ``c-uri-extension`` for what a file's name ends with.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.reading.addresses import address, number, put_endpoint
from rules.formats.reading.program import happened
from rules.formats.taxonomy.http_request import decoded, put_client

PROXY = LogSource(category="proxy")
#: what a proxy says of a request that it did not let through, in any case
REFUSED = ("DENIED", "BLOCK", "DENY")


def put_proxied(fields: dict[str, Any], method: str, uri: str, status: int | None) -> None:
    """Put method, address and status into *fields*, and what follows from them."""
    fields["cs-method"] = method
    fields["c-uri"] = fields["cs-uri"] = uri
    host, port, path = split(uri)
    stem, _, query = path.partition("?")
    fields["cs-uri-stem"] = fields["c-uri-stem"] = stem
    fields["c-uri-query"] = query
    fields["cs-uri-query"] = [query, path] if query else [path]
    fields["url.decoded"] = decoded(uri.partition("?")[0], query)
    if extension := _extension(stem):
        fields["c-uri-extension"] = extension
    if host:
        fields.setdefault("cs-host", host)
        if put_endpoint(fields, "destination", host, port):
            fields["dst_ip"] = fields["destination.ip"]
    outcome = "unknown"
    if status is not None:
        fields["sc-status"] = status
        outcome = "success" if status < 400 else "failure"
    happened(fields, "proxy_request", outcome)


def put_agent(fields: dict[str, Any], agent: str | None) -> None:
    """Rules name the user agent in two ways."""
    fields["c-useragent"] = fields["cs-user-agent"] = agent


def put_asker(fields: dict[str, Any], client: str, user: str | None) -> None:
    """Who asked; a dash says that nobody signed in."""
    put_client(fields, client)
    if user not in (None, "", "-"):
        fields["cs-username"] = fields["user.name"] = user


def put_server(fields: dict[str, Any], host: str) -> None:
    """The server that was asked, or the proxy before it."""
    fields["r-ip"] = host
    if (ip := address(host)) is not None:
        fields.setdefault("dst_ip", ip)


def refused(fields: dict[str, Any], verdict: str) -> None:
    """Note what the proxy says it did with the request."""
    fields["proxy.action"] = verdict
    if any(word in verdict.upper() for word in REFUSED):
        fields["event.outcome"], fields["event.reason"] = "failure", "refused"


def split(uri: str) -> tuple[str, str, str]:
    """Host, port and the rest of ``https://user@host:443/path?query``, or of CONNECT's ``host:443``."""
    scheme, found, rest = uri.partition("://")
    if not found:
        host, colon, port = uri.rpartition(":")
        is_target = colon and number(port, 65536) is not None and "/" not in host
        return (host.strip("[]"), port, "") if is_target else ("", "", uri)
    end = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    authority = rest[:end].rpartition("@")[2]
    host, colon, port = authority.rpartition(":")
    if not colon or number(port, 65536) is None or (":" in host and not host.endswith("]")):
        host, port = authority, {"http": "80", "https": "443"}.get(scheme.lower(), "")
    return host.strip("[]"), port, rest[end:]


def _extension(stem: str) -> str:
    """``/a/b.exe`` -> exe."""
    name, dot, extension = stem.rpartition("/")[2].rpartition(".")
    return extension.lower() if dot and name and len(extension) <= 10 else ""
