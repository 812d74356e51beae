"""What every web server's log tells, in the names of Sigma's taxonomy for the category webserver."""

from typing import Any
from urllib.parse import unquote

from rules.event import LogSource
from rules.formats.addresses import put_endpoint
from rules.formats.programs.program import happened

WEB = LogSource(category="webserver")

#: Escapes beyond this stay as they are: no server takes longer targets, and undoing escapes costs 2 µs each.
MOST_DECODED = 65_536


def put_request(fields: dict[str, Any], method: str, uri: str, status: int | None) -> None:
    """Put method, target and status into *fields*, and what follows from them."""
    fields["cs-method"] = method
    fields["cs-uri"] = uri
    stem, _, query = uri.partition("?")
    fields["cs-uri-stem"], fields["cs-uri-query"] = stem, query
    fields["url.decoded"] = decoded(stem, query)
    outcome = "unknown"
    if status is not None:
        fields["sc-status"] = status
        outcome = "success" if status < 400 else "failure"
    happened(fields, "http_request", outcome)


def put_client(fields: dict[str, Any], host: str) -> None:
    """The client, an address or (where the server looks names up) a name."""
    fields["c-ip"] = host
    put_endpoint(fields, "source", host)


def decoded(stem: str, query: str) -> str:
    """The target as the application may see it: percent escapes undone twice, because probes are often escaped twice.

    nginx writes a quote, a backslash and control characters as ``\\x22``; these are undone too.
    """
    whole = f"{stem}?{query.replace('+', ' ')}" if query else stem
    target, rest = whole[:MOST_DECODED], whole[MOST_DECODED:]
    if "\\x" in target:
        target = target.replace("\\x", "%")
    if "%" in target:
        target = unquote(target)
        if "%" in target:
            target = unquote(target)
    return target + rest
