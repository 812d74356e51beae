"""What named writes to the files of its channels.

``01-Mar-2024 03:11:26.123 queries: info: client @0x7f 203.0.113.7#40022 (example.com): query: example.com IN A …``;
category and severity stand there if the channel says ``print-category`` and ``print-severity``, the stamp is ISO 8601
with ``print-time iso8601``.
"""

from typing import Any

from rules.formats.dns import named
from rules.formats.format import Context, Parsed
from rules.formats.reading import stamps

#: how messages begin that are told from those of others although nothing stands in front of them
STARTS = ("client ", "zone ", "transfer of ", "validating ")


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
        text, marks = named.without_marks(rest, fields)
        plain = STARTS if day_first else "client @0x"
        if marks < (1 if day_first else 2) and not text.startswith(plain):
            return None
        fields["message"] = text
        return Parsed(fields=fields, logsource=named.tell(text, fields), time=stamp[0], resolution=stamp[1])
