"""Squid's own access log.

``1709262686.779    180 192.0.2.24 TCP_MISS/200 411 GET http://example.org/a alice HIER_DIRECT/198.51.100.1 text/html``
(https://wiki.squid-cache.org/Features/LogFormat). Squid escapes blanks in an address, so the parts stand apart; a proxy
that is told to write a web server's format is read as a web server.
"""

from typing import Any

from rules.formats.format import Context, Parsed
from rules.formats.reading.addresses import number
from rules.formats.reading.json_object import stamp_of
from rules.formats.taxonomy.proxied import PROXY, put_asker, put_proxied, put_server, refused

PARTS = 10


class Squid:
    """Squid's native format."""

    name = "squid"
    strictness = 85

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read a line; what a site adds behind the type of content is kept as it is."""
        if line[10:11] != ".":
            return None
        parts = line.split(None, PARTS)
        if len(parts) < PARTS:
            return None
        when, elapsed, client, verdict, size, method, uri, user, peer, kind = parts[:PARTS]
        stamp = stamp_of(when, context)
        word, slash, status = verdict.rpartition("/")
        code = number(status, 1000)
        if stamp is None or not slash or code is None or number(size) is None or "/" not in peer:
            return None
        fields: dict[str, Any] = {"message": line, "sc-bytes": number(size)}
        put_proxied(fields, method, uri, code or None)
        put_asker(fields, client, user)
        refused(fields, word)
        put_server(fields, peer.partition("/")[2])
        fields["sc-content-type"] = None if kind == "-" else kind
        if (taken := number(elapsed)) is not None:
            fields["time-taken"] = taken
        return Parsed(fields=fields, logsource=PROXY, time=stamp[0], resolution=stamp[1])
