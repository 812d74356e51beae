"""HAProxy's log where no syslog put a head before it (``log stdout format raw``)."""

from typing import Any

from rules.event import TimeSource
from rules.formats.format import Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number
from rules.formats.web import haproxy
from rules.formats.web.error_log import plain

SERVERS = ("Server ", "Backup Server ", "backend ", "Backend ", "proxy ", "[ALERT] ", "[WARNING] ")


class Haproxy:
    """HAProxy's lines of connections and requests, and what it says of the servers behind it."""

    name = "haproxy"
    strictness = 76

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``client:port [accepted] …``, and what is said of servers, which bears no time."""
        if line.startswith(SERVERS):
            told: dict[str, Any] = {"message": line}
            source = haproxy.tell(line, told)
            known = told["event.action"].startswith("upstream_")
            return Parsed(fields=told, logsource=source, time=None, time_source=TimeSource.ARRIVAL) if known else None
        client, _, rest = line.partition(" ")
        if rest[:1] != "[" or number(client.rpartition(":")[2], 65536) is None:
            return None
        found = haproxy.HEAD.match(plain(rest))
        stamp = _stamp(found.group(1), context) if found is not None else None
        if stamp is None:
            return None
        fields: dict[str, Any] = {"message": line}
        logsource = haproxy.tell(line, fields)
        return Parsed(fields=fields, logsource=logsource, time=stamp[0], resolution=stamp[1])


def _stamp(text: str, context: Context) -> stamps.Stamp | None:
    """``01/Mar/2024:03:11:26.123``."""
    month = stamps.MONTHS.get(text[3:6])
    if month is None:
        return None
    return stamps.iso(f"{text[7:11]}{month}{text[:2]}T{text[12:]}", context)
