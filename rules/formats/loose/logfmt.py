"""logfmt and its kin: ``time=2024-03-01T03:11:26Z level=warn msg="login failed" user=bob src=203.0.113.7``.

Also what firewalls write as ``date=2024-03-01 time=03:11:26 srcip=…``. Loose: a line is taken only if it consists of
pairs alone, at least two of them, and starts with one.
"""

from typing import Any

from rules.formats.format import Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number
from rules.formats.reading.json_object import time_in
from rules.formats.reading.quoted import quoted
from rules.formats.taxonomy.known_names import normalise

MOST_PAIRS = 500
NOT_IN_NAMES = frozenset(' "{}[]()<>,;\t')


class Logfmt:
    """logfmt."""

    name = "logfmt"
    strictness = 20

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``key=value`` and ``key="value"``, at least two."""
        fields = pairs(line)
        if fields is None or len(fields) < 2:
            return None
        stamp = time_in(fields, context)
        logsource = normalise(fields, line)
        return stamps.parsed(fields, logsource, stamp)


def pairs(line: str) -> dict[str, Any] | None:
    """The pairs of a line that holds nothing else; of a name that stands twice the first counts."""
    fields: dict[str, Any] = {}
    at, end, count = 0, len(line.rstrip(" ")), 0
    while at < end:
        count += 1
        equals = line.find("=", at)
        name = line[at:equals]
        if equals <= at or not _is_name(name) or count > MOST_PAIRS:
            return None
        if line[equals + 1 : equals + 2] == '"':
            value, at = quoted(line, equals + 2)
            if value is None or line[at : at + 1] not in ("", " "):
                return None
        else:
            blank = line.find(" ", equals)
            at = blank if blank >= 0 else end
            value = line[equals + 1 : at]
        fields.setdefault(name, _typed(value))
        while line[at : at + 1] == " ":
            at += 1
    return fields


def _is_name(text: str) -> bool:
    return len(text) <= 100 and text.isascii() and NOT_IN_NAMES.isdisjoint(text)


def _typed(value: str) -> str | int:
    """Whole numbers as numbers, so that rules may compare them; the rest as text."""
    whole = number(value) if value[:1] in "123456789" or value == "0" else None
    return value if whole is None else whole
