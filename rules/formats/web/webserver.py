"""Common and Combined log format, as Apache, nginx, Caddy and lighttpd write them; also with the virtual host first.

``203.0.113.7 - alice [01/Mar/2024:03:11:26 +0100] "GET /a?b=c HTTP/1.1" 200 1234 "https://example.org/" "curl/8"``

The user name is the client's word and may hold anything but a quote, also a stamp in brackets: the stamp that counts is
the one right before the request's quote.
"""

from datetime import datetime
from typing import Any

from rules.formats.format import SECOND, Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import address, number
from rules.formats.reading.quoted import quoted
from rules.formats.taxonomy.http_request import WEB, put_client, put_request_line, put_user
from rules.formats.web.web_extras import put_extras

LONGEST_STAMP = 30
EMPTY = '""'


class Common:
    """Common log format: nothing stands behind the size."""

    name = "common"
    strictness = 60

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``host ident user [stamp] "request" status size``."""
        read = _head(line, context)
        return None if read is None or read[1] else read[0]


class Combined:
    """Combined log format: Common, then referer and user agent in quotes; whatever follows is kept as it is."""

    name = "combined"
    strictness = 70

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``host ident user [stamp] "request" status size "referer" "user agent"[ more]``."""
        read = _head(line, context)
        if read is None or read[1][:1] != '"':
            return None
        parsed, rest = read
        referer, end = quoted(rest, 1)
        if referer is None or rest[end : end + 2] != ' "':
            return None
        agent, end = quoted(rest, end + 2)
        if agent is None:
            return None
        parsed.fields["cs-referer"] = given(referer)
        parsed.fields["cs-user-agent"] = given(agent)
        if more := rest[end + 1 :]:
            put_extras(parsed.fields, more)
        return parsed


def given(text: str) -> str | None:
    """A dash says that there is none."""
    return None if text == "-" else text


def _head(line: str, context: Context) -> tuple[Parsed, str] | None:
    """All that both formats share, and what stands behind the size."""
    begun = stamped(line, context)
    if begun is None:
        return None
    who, time, start = begun
    request, end = quoted(line, start)
    if request is None:
        return None
    status, _, rest = line[end + 1 :].partition(" ")
    size, _, rest = rest.partition(" ")
    code = number(status, 1000)
    fields: dict[str, Any] = {"message": line}
    if code is None or not _put_who(who, fields):
        return None
    if (length := number(size)) is not None:
        fields["sc-bytes"] = length
    elif size != "-":
        return None
    put_request_line(fields, request, code)
    return Parsed(fields=fields, logsource=WEB, time=time, resolution=SECOND), rest


def stamped(line: str, context: Context) -> tuple[str, datetime, int] | None:
    """Who asked, when, and where the request begins: behind the first stamp in brackets that a quote follows.

    Servers escape quotes in the user's name, so he cannot write such a place before it; but for Apache's ``""``, which
    says that the name is empty, no quote stands there at all.
    """
    at = line.find('] "')
    while at >= 0:
        start = line.rfind(" [", max(0, at - LONGEST_STAMP), at)
        if start >= 0 and (time := stamps.clf(line[start + 2 : at], context)) is not None:
            return line[:start], time, at + 3
        at = line.find('] "', at + 3)
    return None


def _put_who(who: str, fields: dict[str, Any]) -> bool:
    """``[virtual-host:port ]client ident user``; whether that was it."""
    parts = who.split(" ", 2)
    if len(parts) < 3:
        return False
    client, ident, user = parts
    if address(ident) is not None and " " in user:
        host, _, port = client.rpartition(":")
        fields["cs-host"] = host if number(port) is not None else client
        client, user = ident, user.partition(" ")[2]
    put_client(fields, client)
    put_user(fields, "-" if user == EMPTY else user)
    return True
