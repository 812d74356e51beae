"""The debug log of Windows' DNS server: a packet per line.

``3/1/2024 3:11:26 AM 0E2C PACKET  000001D8 UDP Rcv 192.0.2.5  0001   Q [0001   D   NOERROR] A  (3)www(7)example(0)``
(learn.microsoft.com, "DNS Logging and Diagnostics"). The date is in the server's own manner of writing, without a zone:
with AM or PM the month comes first, with dots or without them the day does.
"""

from datetime import datetime
from typing import Any

from rules.event import LogSource
from rules.formats.format import SECOND, Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.program import happened
from rules.formats.taxonomy.question import put_question

DNS = LogSource(category="dns", product="windows", service="dns-server-debug")
MARK = " PACKET "
MOST_LABELS = 130


class WindowsDns:
    """The debug log of Windows' DNS server."""

    name = "windows-dns"
    strictness = 84

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read a packet; what else the log holds (details of packets, the head of the file) is not read."""
        before, found, rest = line[:4000].partition(MARK)
        parts = rest.split(None, 5)
        if not found or len(parts) < 6 or parts[1] not in ("UDP", "TCP") or parts[2] not in ("Snd", "Rcv"):
            return None
        time = _stamp(before.split(), context)
        head, closed, question = parts[5].partition("]")
        words = question.split()
        if time is None or not closed or len(words) < 2:
            return None
        fields: dict[str, Any] = {"message": line, "dns.direction": parts[2], "protocol": parts[1].lower()}
        put_endpoint(fields, "source" if parts[2] == "Rcv" else "destination", parts[3])
        code = head.split()[-1].rstrip("]")
        put_question(fields, _name(words[1]), words[0], code)
        is_answer = head.lstrip().startswith("R ")
        happened(fields, "dns_packet", ("success" if code == "NOERROR" else "failure") if is_answer else "unknown")
        return Parsed(fields=fields, logsource=DNS, time=time, resolution=SECOND)


def _stamp(parts: list[str], context: Context) -> datetime | None:
    """``3/1/2024 3:11:26 AM``, ``01.03.2024 03:11:26``, ``01/03/2024 03:11:26`` or ``2024-03-01 03:11:26``."""
    if len(parts) < 3:
        return None
    half = parts[2].upper() if parts[2].upper() in ("AM", "PM") else ""
    for mark in "/.-":
        numbers = [number(part) for part in parts[0].split(mark)]
        clock = [number(part) for part in parts[1].split(":")]
        if len(numbers) != 3 or len(clock) != 3 or None in numbers or None in clock:
            continue
        one, two, three = (value or 0 for value in numbers)
        year, month, day = (one, two, three) if one > 31 else (three, one, two) if half else (three, two, one)
        hour, minute, second = (value or 0 for value in clock)
        if half:
            hour = hour % 12 + (12 if half == "PM" else 0)
        try:
            return stamps.in_utc(datetime(year, month, day, hour, minute, second), context)  # noqa: DTZ001  # zone of the source
        except ValueError:
            return None
    return None


def _name(text: str) -> str:
    """``(3)www(7)example(0)`` -> www.example; the root is a dot."""
    labels = [part.partition(")")[2] for part in text.split("(", MOST_LABELS)[1:]]
    return ".".join(label for label in labels if label) or "."
