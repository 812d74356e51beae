"""What named writes to the files of its channels.

``01-Mar-2024 03:11:26.123 queries: info: client @0x7f 203.0.113.7#40022 (example.com): query: example.com IN A …``;
category and severity stand there if the channel says ``print-category`` and ``print-severity``, the stamp is ISO 8601
with ``print-time iso8601``.
"""

from typing import Any

from rules.formats import stamps
from rules.formats.format import Context, Parsed
from rules.formats.programs import named

SEVERITIES = frozenset({"debug", "info", "notice", "warning", "error", "critical"})
#: https://bind9.readthedocs.io/en/stable/reference.html#the-category-phrase
CATEGORIES = frozenset({
    "client", "cname", "config", "database", "default", "delegation-only", "dispatch", "dnssec", "dnstap",
    "edns-disabled", "general", "lame-servers", "network", "notify", "nsid", "queries", "query-errors", "rate-limit",
    "resolver", "responses", "rpz", "rpz-passthru", "security", "serve-stale", "spill", "sslkeylog",
    "trust-anchor-telemetry", "unmatched", "update", "update-security", "xfer-in", "xfer-out", "zoneload",
})  # fmt: skip


class Named:
    """A file of one of named's channels."""

    name = "named"
    strictness = 84

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``stamp [category: ][severity: ]text``."""
        day_first = line[2:3] == "-"
        stamp_text, _, rest = line.partition(" ")
        if day_first:
            clock, _, rest = rest.partition(" ")
            stamp = stamps.day_first(f"{stamp_text} {clock}", context)
        else:
            stamp = stamps.iso(stamp_text, context)
        if stamp is None:
            return None
        fields: dict[str, Any] = {"program": "named"}
        text, marked = _without_marks(rest, fields)
        if not (marked or (day_first and text.startswith(("client ", "zone ", "transfer of ", "validating ")))):
            return None
        fields["message"] = text
        return Parsed(fields=fields, logsource=named.tell(text, fields), time=stamp[0], resolution=stamp[1])


def _without_marks(text: str, fields: dict[str, Any]) -> tuple[str, bool]:
    """What stands behind category and severity, and whether one of them stood there."""
    marked = False
    head, found, rest = text.partition(": ")
    if found and head in CATEGORIES:
        fields["dns.channel"], text, marked = head, rest, True
        head, found, rest = text.partition(": ")
    if found and head.partition(" ")[0] in SEVERITIES:
        text, marked = rest, True
    return text, marked
