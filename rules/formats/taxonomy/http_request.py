"""What every web server's log tells, in the names of Sigma's taxonomy for the category webserver."""

from typing import Any
from urllib.parse import unquote

from rules.event import LogSource
from rules.formats.reading.addresses import address, number, put_endpoint
from rules.formats.reading.program import happened

WEB = LogSource(category="webserver")
#: What joins everything that goes wrong with serving pages into one matter, whichever log tells it.
SERVICE = "web"

#: Escapes beyond this stay as they are: no server takes longer targets, and undoing escapes costs 2 µs each.
MOST_DECODED = 65_536
#: Proxies that a header may name; a longer one is somebody's joke.
MOST_FORWARDED = 20
LONGEST_FORWARDED = 1000


def put_request(fields: dict[str, Any], method: str, uri: str, status: int | None) -> None:
    """Put method, target and status into *fields*, and what follows from them."""
    put_target(fields, method, uri)
    outcome = "unknown"
    if status is not None:
        fields["sc-status"] = status
        outcome = "success" if status < 400 else "failure"
    happened(fields, "http_request", outcome)


def put_target(fields: dict[str, Any], method: str, uri: str) -> None:
    """Put method and target into *fields*.

    Half of SigmaHQ's rules ask ``cs-uri-query`` for a path, the others for what stands behind the ``?``: the field
    holds both, so either question is answered.
    """
    fields["cs-method"] = method
    fields["cs-uri"] = uri
    stem, _, query = uri.partition("?")
    fields["cs-uri-stem"] = stem
    fields["cs-uri-query"] = [query, uri] if query else [uri]
    fields["url.decoded"] = decoded(stem, query)
    fields["service.type"] = SERVICE


def put_request_line(fields: dict[str, Any], request: str, status: int | None) -> None:
    """``GET /path?query HTTP/1.1``; a target may hold blanks, and what is no request at all is kept as target."""
    method, uri, version = split_request_line(request)
    if version:
        fields["cs-version"] = version
    put_request(fields, method, uri, status)


def split_request_line(request: str) -> tuple[str, str, str]:
    """Method, target and version; "" for what is not there."""
    method, found, rest = request.partition(" ")
    if not found:
        return "", request, ""
    uri, found, version = rest.rpartition(" ")
    if not found or version[:5] != "HTTP/":
        return method, rest, ""
    return method, uri, version


def put_client(fields: dict[str, Any], host: str, port: str = "") -> None:
    """The client, an address or (where the server looks names up) a name."""
    fields["c-ip"] = host
    put_endpoint(fields, "source", host, port)


def put_user(fields: dict[str, Any], user: str | None) -> None:
    """Who the server says has signed in; a dash says nobody."""
    given = None if user in ("-", "", None) else user
    fields["cs-username"] = given
    if given is not None:
        fields["user.name"] = given


def put_forwarded(fields: dict[str, Any], text: str) -> bool:
    """Keep what a proxy says of the client, if *text* is a list of addresses; whether it was.

    It is only a header, so anybody can send it: whose word counts is decided where it is known who is trusted.
    """
    if len(text) > LONGEST_FORWARDED or not text:
        return False
    parts = text.split(",")
    if len(parts) > MOST_FORWARDED or not all(hop(part) is not None or part.strip() == "unknown" for part in parts):
        return False
    if all(part.strip() == "unknown" for part in parts):
        return False
    fields.setdefault("http.forwarded_for", text)
    return True


def hop(text: str) -> str | None:
    """The address that one entry of ``X-Forwarded-For`` names, also with a port; None if it names none."""
    text = text.strip().strip('"')
    found = address(text)
    if found is None:
        host, _, port = text.rpartition(":")
        if number(port, 65536) is not None:
            found = address(host)
    return found


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
