"""Zeek's logs as it writes them by default: values between tabs, named by header lines at the start of the file.

A header line is no event; it changes what must be remembered of the stream (``Parsed.header``), so that reading may be
stopped and resumed anywhere. A stream that is read from its middle bears no names; then the columns of Zeek's own
``conn`` log are taken if the values fit them, and other logs stay unparsed until the next rotation writes a header.
"""

from functools import lru_cache
from typing import Any

import msgspec

from rules.formats import zeek
from rules.formats.addresses import address, number
from rules.formats.format import NOWHERE, Context, Parsed
from rules.formats.json_object import stamp_of

#: Header lines that must be remembered, and those that say nothing about the lines below.
KEPT = ("#separator", "#set_separator", "#empty_field", "#unset_field", "#path", "#fields", "#types")
HEADERS = (*KEPT, "#open", "#close")
MOST_HEADER = 65536

CONN = (
    "#path\tconn\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\t"
    "conn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\t"
    "tunnel_parents\tip_proto\n"
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\t"
    "string\tcount\tcount\tcount\tcount\tset[string]\tcount"
)


class Layout(msgspec.Struct, frozen=True):
    """How the lines below some header are to be read."""

    separator: str
    set_separator: str
    empty: str
    unset: str
    path: str
    names: tuple[str, ...]
    types: tuple[str, ...]


class ZeekTsv:
    """Zeek between tabs."""

    name = "zeek"
    strictness = 90

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read a header line or a line of values."""
        if line[:1] == "#":
            return _header(line, context.header)
        if context.header:
            layout = layout_of(context.header)
            return _values(line, layout, context) if layout.names else None
        return _headless(line, context)


def _header(line: str, before: str) -> Parsed | None:
    """The header with *line* added; ``#separator`` starts a new one."""
    name = line.partition("\t")[0].partition(" ")[0]
    if name not in HEADERS:
        return None
    header = before
    if name == "#separator":
        header = line
    elif name in KEPT:
        kept = [one for one in before.split("\n") if one and one.partition("\t")[0] != name]
        header = "\n".join((*kept, line))
    if len(header) > MOST_HEADER:
        return None
    return Parsed(fields={}, logsource=NOWHERE, time=None, header=header)


@lru_cache(maxsize=256)
def layout_of(header: str) -> Layout:
    """The layout that header lines describe."""
    told = {}
    separator = "\t"
    for line in header.split("\n"):
        if line.startswith("#separator "):
            separator = _unescaped(line[11:]) or "\t"
            continue
        name, _, rest = line.partition(separator)
        told[name] = rest
    names = tuple(told.get("#fields", "").split(separator)) if told.get("#fields") else ()
    return Layout(
        separator=separator,
        set_separator=_unescaped(told.get("#set_separator", ",")) or ",",
        empty=told.get("#empty_field", "(empty)"),
        unset=told.get("#unset_field", "-"),
        path=told.get("#path", ""),
        names=names,
        types=tuple(told.get("#types", "").split(separator)),
    )


def _headless(line: str, context: Context) -> Parsed | None:
    """A line of conn.log whose header was not read: the columns must fit in number and kind."""
    values = line.split("\t", 30)
    if not 20 <= len(values) <= 22 or values[6] not in ("tcp", "udp", "icmp") or values[0].count(".") != 1:
        return None
    if address(values[2]) is None or address(values[4]) is None or not values[11].isupper():
        return None
    full, count = layout_of(CONN), len(values)
    return _values(line, msgspec.structs.replace(full, names=full.names[:count], types=full.types[:count]), context)


def _values(line: str, layout: Layout, context: Context) -> Parsed | None:
    """As many values as there are names, the time among them; one that is not set is left out."""
    values = line.split(layout.separator, len(layout.names))
    if len(values) != len(layout.names):
        return None
    fields: dict[str, Any] = {}
    types = layout.types if len(layout.types) == len(values) else ("string",) * len(values)
    for name, kind, value in zip(layout.names, types, values, strict=True):
        if value != layout.unset:
            fields[name] = _typed(value, kind, layout)
    stamp = stamp_of(fields.get("ts"), context)  # seconds since 1970, or ISO 8601 where Zeek is told so
    return None if stamp is None else zeek.told(fields, layout.path or zeek.path_of(fields), line, stamp)


def _typed(value: str, kind: str, layout: Layout) -> Any:
    """A value of Zeek's type *kind*; one that does not fit its type stays text."""
    if kind.startswith(("set[", "vector[")):
        inner = kind.partition("[")[2].removesuffix("]")
        if value == layout.empty:
            return []
        return [_typed(one, inner, layout) for one in value.split(layout.set_separator)]
    if value == layout.empty:
        return ""
    if kind in ("count", "port", "int"):
        whole = number(value)
        return value if whole is None else whole
    if kind == "bool":
        return {"T": True, "F": False}.get(value, value)
    if kind in ("double", "interval"):
        return _real(value)
    return _unescaped(value) if "\\x" in value else value


def _real(text: str) -> float | str:
    digits = text.replace(".", "", 1)
    return float(text) if len(text) < 40 and digits.isascii() and digits.isdigit() else text


def _unescaped(text: str) -> str:
    r"""``\x09`` -> a tab; what is no such escape stays."""
    head, *rest = text.split("\\x")
    parts = [head]
    for one in rest:
        code = one[:2]
        is_hex = len(code) == 2 and all(digit in "0123456789abcdefABCDEF" for digit in code)
        parts.append(chr(int(code, 16)) + one[2:] if is_hex else f"\\x{one}")
    return "".join(parts)
