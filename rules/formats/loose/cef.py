"""ArcSight's Common Event Format, which many firewalls, proxies and scanners write, also behind a syslog head.

``CEF:0|Vendor|Product|Version|Event class|Name|Severity|src=… dst=… act=… msg=…``: in the head a pipe and a backslash
are escaped, in the extension an equals sign; a value there ends where the next name begins, so it may hold blanks. See
"ArcSight Common Event Format Implementation Standard", versions 25 and 26.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.format import Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.json_object import stamp_of
from rules.formats.reading.program import happened
from rules.formats.taxonomy.packet import put_packet
from rules.formats.taxonomy.proxied import put_agent, put_asker, put_proxied, refused

MOST_PAIRS = 500
LONGEST_NAME = 100
HEAD = ("vendor", "product", "version", "class", "name", "severity")
#: names under which a device puts its own: the label says which
CUSTOM = ("cs1", "cs2", "cs3", "cs4", "cs5", "cs6", "cn1", "cn2", "cn3", "flexString1", "flexString2")
TIMES = ("rt", "end", "start", "deviceCustomDate1")
#: what a device says it did, in any case: what begins a word -> as firewalls say it
VERDICTS = (
    ("drop", ("drop", "deny", "denied", "block", "prevent", "quarantine")),
    ("reject", ("reject", "reset")),
    ("accept", ("accept", "allow", "permit", "pass")),
)
NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-[]")


class Cef:
    """CEF without a syslog head; behind one the syslog formats hand the message to `put`."""

    name = "cef"
    strictness = 89

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read one event; its time is when the device received it (``rt``)."""
        fields: dict[str, Any] = {"message": line}
        logsource = put(line, fields)
        if logsource is None:
            return None
        stamp = _stamp(fields, context)
        return stamps.parsed(fields, logsource, stamp)


def put(message: str, fields: dict[str, Any]) -> LogSource | None:
    """Add what a message tells; None if it is no CEF."""
    if not message.startswith("CEF:"):
        return None
    head, at = _head(message)
    if head is None or number(head[0][4:].strip(" ")) is None:
        return None
    for name, value in zip(HEAD, head[1:], strict=True):
        fields[f"cef.{name}"] = value
    told = _extension(message[at:])
    for name, value in told.items():
        fields.setdefault(name, value)
    for name in CUSTOM:
        if (label := told.get(f"{name}Label")) and name in told:
            fields.setdefault(label, told[name])
    return LogSource(
        category=_put_meaning(told, fields), product=head[1].lower().replace(" ", "_")[:60] or None, service=None
    )


def put_behind(program: str, message: str, fields: dict[str, Any]) -> LogSource | None:
    """As ``put``, behind a syslog head, which may have taken ``CEF`` for a program's name."""
    if program == "CEF":
        return put(f"CEF:{message}", fields)
    return None if program else put(message, fields)


def _head(message: str) -> tuple[list[str] | None, int]:
    """The seven parts before the extension, and where it begins."""
    parts: list[str] = []
    part, at = "", 0
    while len(parts) < 7:
        end = message.find("|", at)
        if end < 0 or end > 4000:
            return None, 0
        part += message[at:end]
        at = end + 1
        if part.endswith("\\") and not part.endswith("\\\\"):
            part = part[:-1] + "|"
            continue
        parts.append(part.replace("\\\\", "\\"))
        part = ""
    return parts, at


def _extension(text: str) -> dict[str, str]:
    """The pairs; of a name that stands twice the first counts."""
    found: dict[str, str] = {}
    starts = _names(text)
    ends = [begin - len(name) - 1 for name, begin in starts[1:]]
    for (name, begin), end in zip(starts, [*ends, len(text)], strict=False):
        value = text[begin:end].rstrip(" ")
        if "\\" in value:
            value = value.replace("\\=", "=").replace("\\n", "\n").replace("\\\\", "\\")
        found.setdefault(name, value)
    return found


def _names(text: str) -> list[tuple[str, int]]:
    """(name, where its value begins); a name stands behind a blank and before an equals sign that is not escaped."""
    found: list[tuple[str, int]] = []
    at = text.find("=")
    while at >= 0 and len(found) < MOST_PAIRS:
        floor = max(found[-1][1] if found else 0, at - LONGEST_NAME - 1)  # looking back farther would be quadratic
        blank = text.rfind(" ", floor, at)
        name = text[blank + 1 : at] if blank >= 0 or floor == 0 else ""
        if name and len(name) <= LONGEST_NAME and NAME_CHARACTERS.issuperset(name):
            found.append((name, at + 1))
        at = text.find("=", at + 1)
    return found


def _put_meaning(told: dict[str, str], fields: dict[str, Any]) -> str | None:
    """Who, where, and what the device did; returns Sigma's category where it is clear."""
    put_endpoint(fields, "source", told.get("src", told.get("shost", "")), told.get("spt", ""))
    put_endpoint(fields, "destination", told.get("dst", told.get("dhost", "")), told.get("dpt", ""))
    if user := told.get("suser", told.get("duser")):
        fields["user.name"] = user
    if host := told.get("dvchost"):
        fields["host.name"] = host
    action = _verdict(told.get("act", ""))
    if "request" in told and "requestMethod" in told:
        put_proxied(
            fields, told["requestMethod"], told["request"], number(told.get("reason", told.get("cn1", "")), 1000)
        )
        put_asker(fields, told.get("src", ""), told.get("suser"))
        put_agent(fields, told.get("requestClientApplication"))
        if "act" in told:
            refused(fields, told["act"])
        return "proxy"
    if "src" in told and "dst" in told and action:
        put_packet(fields, action)
        if proto := told.get("proto"):
            fields["protocol"] = proto.lower()
        return "firewall"
    happened(fields, "cef_event", "unknown", str(fields["cef.name"]))
    return None


def _verdict(action: str) -> str:
    words = action.lower()
    return next((verdict for verdict, begins in VERDICTS if words.startswith(begins)), "")


def _stamp(fields: dict[str, Any], context: Context) -> stamps.Stamp | None:
    """Milliseconds since 1970, ISO 8601, or ``Mar 01 2024 03:11:26``."""
    for name in TIMES:
        text = fields.get(name)
        if not isinstance(text, str):
            continue
        if (found := stamp_of(text, context)) is not None:
            return found
        month, year = stamps.MONTHS.get(text[:3]), text[7:11]
        if month is not None and number(year) is not None:
            return stamps.iso(f"{year}{month}{text[4:6]}T{text[12:20]}", context)
    return None
