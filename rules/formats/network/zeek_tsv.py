"""Zeek's logs as it writes them by default: values between tabs, named by header lines at the start of the file.

A header line is no event; it changes what must be remembered of the stream (``Parsed.header``), so that reading may be
stopped and resumed anywhere. A stream that is read from its middle bears no names; then the columns of Zeek's own
``conn`` log are taken if the values fit them, and other logs stay unparsed until the next rotation writes a header.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from rules.formats.format import NOWHERE, Context, Parsed
from rules.formats.network import zeek
from rules.formats.reading.addresses import address, number
from rules.formats.reading.json_object import stamp_of

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


Reader = Callable[[str], Any]


class Layout(msgspec.Struct, frozen=True):
    """How the lines below some header are to be read."""

    separator: str
    unset: str
    path: str
    columns: tuple[tuple[str, Reader], ...]  #: name, and what makes a value of the text


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
            return _values(line, layout, context) if layout.columns else None
        return _headless(line, context)


def _header(line: str, before: str) -> Parsed | None:
    """The header with *line* added; ``#separator`` starts a new one."""
    name = next((one for one in HEADERS if line.startswith(one)), "")
    header = before
    if name == "#separator":
        header = line
    elif name in KEPT:
        kept = [one for one in before.split("\n") if one and not one.startswith(name)]
        header = "\n".join((*kept, line))
    if not name or len(header) > MOST_HEADER:
        return None
    return Parsed(fields={}, logsource=NOWHERE, time=None, header=header)


@lru_cache(maxsize=256)
def layout_of(header: str) -> Layout:
    """The layout that header lines describe."""
    told: dict[str, str] = {}
    separator = "\t"
    for line in header.split("\n"):
        if line.startswith("#separator "):
            separator = _unescaped(line[11:]) or "\t"
        else:
            name, _, told[name] = line.partition(separator)
    names = told["#fields"].split(separator) if "#fields" in told else []
    types = told.get("#types", "").split(separator)
    if len(types) != len(names):
        types = ["string"] * len(names)
    empty = told.get("#empty_field", "(empty)")
    set_separator = _unescaped(told.get("#set_separator", ",")) or ","
    return Layout(
        separator=separator,
        unset=told.get("#unset_field", "-"),
        path=told.get("#path", ""),
        columns=tuple((name, _reader(kind, empty, set_separator)) for name, kind in zip(names, types, strict=True)),
    )


def _headless(line: str, context: Context) -> Parsed | None:
    """A line of conn.log whose header was not read: the columns must fit in number and kind."""
    values = line.split("\t", 30)
    if not 20 <= len(values) <= 22 or values[6] not in ("tcp", "udp", "icmp") or values[0].count(".") != 1:
        return None
    if address(values[2]) is None or address(values[4]) is None or not values[11].isupper():
        return None
    full = layout_of(CONN)
    return _values(line, msgspec.structs.replace(full, columns=full.columns[: len(values)]), context)


def _values(line: str, layout: Layout, context: Context) -> Parsed | None:
    """As many values as there are names, the time among them; one that is not set is left out."""
    values = line.split(layout.separator, len(layout.columns))
    if len(values) != len(layout.columns):
        return None
    unset = layout.unset
    fields = {name: read(text) for (name, read), text in zip(layout.columns, values, strict=True) if text != unset}
    stamp = stamp_of(fields.get("ts"), context)  # seconds since 1970, or ISO 8601 where Zeek is told so
    return None if stamp is None else zeek.told(fields, layout.path or zeek.path_of(fields), line, stamp)


def _reader(kind: str, empty: str, set_separator: str) -> Reader:
    """What makes a value of Zeek's type *kind* of a text; a text that does not fit its type stays text."""
    container, _, inner = kind.partition("[")
    if container in ("set", "vector"):
        one = _scalar_reader(inner.removesuffix("]"), empty)
        return lambda text: [] if text == empty else [one(part) for part in text.split(set_separator)]
    return _scalar_reader(kind, empty)


def _scalar_reader(kind: str, empty: str) -> Reader:
    if kind in ("count", "port", "int"):
        return _whole
    if kind in ("double", "interval"):
        return _real
    if kind == "bool":
        return lambda text: {"T": True, "F": False}.get(text, text)
    return lambda text: "" if text == empty else _unescaped(text) if "\\x" in text else text


def _whole(text: str) -> int | str:
    value = number(text)
    return text if value is None else value


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
