"""One JSON object per line: decoding, flattening and the time in it, for all formats that are written as JSON.

Of a key that stands twice the last counts. Nested objects are flattened with dots beside the nested form, to a bounded
depth and number, so that neither a deep nor a wide object costs more than its length.
"""

import json
from typing import Any

import msgspec

from rules.formats.format import SECOND, Context
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number

DEEPEST = 16
MOST_FIELDS = 1000

_DECODER = msgspec.json.Decoder()

#: Where loggers put the time, in this order.
TIME_KEYS = (
    "@timestamp",
    "timestamp",
    "time",
    "ts",
    "datetime",
    "eventTime",
    "event_time",
    "date",
    "asctime",
    "created_at",
    "StartUTC",
    "time_iso8601",
    "time_local",
    "t",
)


def decode(line: str) -> dict[str, Any] | None:
    """The object that *line* is, None if it is none.

    What strict decoding refuses is tried once more tolerantly: an attacker could otherwise hide an event from us by
    half a surrogate in a user agent. Bytes that are no UTF-8 become U+FFFD.
    """
    if line[:1] != "{":
        return None
    try:
        found = _DECODER.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        found = _decode_tolerantly(line)
    return found if isinstance(found, dict) else None


def _decode_tolerantly(line: str) -> Any:
    try:
        if not line.isascii():
            line = line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return json.loads(line, strict=False)
    except (ValueError, RecursionError):
        return None


def flatten(found: dict[str, Any]) -> dict[str, Any]:
    """*found* and, under dotted names, what is nested in it; of a list of objects the values, gathered in a list."""
    flat = dict(found)
    for key, value in found.items():
        if isinstance(value, dict | list) and value:
            _spread(key, value, flat, 1)
    return flat


def _spread(prefix: str, value: Any, flat: dict[str, Any], depth: int) -> None:
    if len(flat) >= MOST_FIELDS or depth > DEEPEST:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            name = f"{prefix}.{key}"
            if isinstance(inner, dict | list) and inner:
                _spread(name, inner, flat, depth + 1)
            elif len(flat) < MOST_FIELDS:
                flat.setdefault(name, inner)
    elif any(isinstance(one, dict) for one in value):
        _gather(prefix, value, flat, depth)
    elif depth > 1:
        flat.setdefault(prefix, value)


def _gather(prefix: str, values: list[Any], flat: dict[str, Any], depth: int) -> None:
    """``answers: [{"rdata": a}, {"rdata": b}]`` -> ``answers.rdata: [a, b]``."""
    columns: dict[str, list[Any]] = {}
    for one in values[:MOST_FIELDS]:
        if isinstance(one, dict):
            for key, inner in one.items():
                if not isinstance(inner, dict | list) and (key in columns or len(columns) < MOST_FIELDS):
                    columns.setdefault(key, []).append(inner)
    _spread(prefix, columns, flat, depth + 1)


def time_in(fields: dict[str, Any], context: Context, keys: tuple[str, ...] = TIME_KEYS) -> stamps.Stamp | None:
    """The first time stamp under one of *keys*; ``date`` and ``time`` apart are taken together."""
    for key in keys:
        if (value := fields.get(key)) is not None and (stamp := stamp_of(value, context)) is not None:
            return stamp
    date, time = fields.get("date"), fields.get("time")
    if isinstance(date, str) and isinstance(time, str):
        return stamps.iso(f"{date}T{time}", context)
    return None


def stamp_of(value: Any, context: Context) -> stamps.Stamp | None:
    """A stamp written as ISO 8601, as a web server writes it, or as a number since 1970."""
    if isinstance(value, str):
        if (stamp := stamps.iso(value, context)) is not None:
            return stamp
        if (time := stamps.clf(value, context)) is not None:
            return time, SECOND
        return _epoch_text(value)
    if isinstance(value, int | float):
        return stamps.epoch(value)
    return None


def _epoch_text(text: str) -> stamps.Stamp | None:
    """``1709262686.123456`` keeps its microseconds, which a float could not be trusted with."""
    whole, dot, fraction = text.partition(".")
    seconds = number(whole)
    if seconds is None:
        return None
    if not dot:
        return stamps.epoch(seconds)
    if not 1 <= len(fraction) <= 12 or number(fraction) is None:
        return None
    return stamps.epoch_parts(seconds, fraction)
