"""A shape of JSON: how an object of some service is known, where its time stands, and what it tells.

Services deliver such objects one per line, or many in a list or in one object: ``{"Records": [ … ]}`` of AWS,
``{"records": [ … ]}`` of Azure's diagnostic settings. Each record is then an observation of its own.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from rules.event import LogSource
from rules.formats.format import Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import put_endpoint
from rules.formats.reading.json_object import decode, flatten, time_in
from rules.formats.reading.program import happened

MOST_RECORDS = 20_000
LISTED = "[]"  #: what a bare list is taken under; no service has such a name

#: Adds to the fields what the object tells, and returns its log source; None: it is no object of this service.
Put = Callable[[dict[str, Any], dict[str, Any]], LogSource | None]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Objects of one service: a format."""

    name: str
    strictness: int = 92
    marks: tuple[tuple[str, ...], ...]  #: a line is looked at if all texts of one of these stand in it
    times: tuple[str, ...]  #: names of the fields that hold the time, the best first
    put: Put
    lists: tuple[str, ...] = ()  #: names under which an object may hold many
    inside: str = ""  #: name under which an object may be wrapped in another

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read one object, or an object of many."""
        if line[:1] not in ("{", "[") or not _bears(line, self.marks):
            return None
        found = decode(line if line[0] == "{" else f'{{"{LISTED}":{line}}}')
        if found is None:
            return None
        if self.inside and isinstance(inner := found.get(self.inside), dict):
            return self._one(inner, line, context, _written(inner))
        for name in (LISTED, *self.lists):
            records = found.get(name)
            if isinstance(records, list):
                return self._many(records, line, context)
        return self._one(found, line, context)

    def _one(self, found: dict[str, Any], line: str, context: Context, text: str | None = None) -> Parsed | None:
        fields = flatten(found)
        stamp = time_in(fields, context, self.times)
        logsource = self.put(found, fields)
        if logsource is None:
            return None
        if not isinstance(fields.get("message"), str):
            fields["message"] = line if text is None else text
        return stamps.parsed(fields, logsource, stamp, text=text)

    def _many(self, records: Sequence[Any], line: str, context: Context) -> Parsed | None:
        """The first record with the others beside it; None if none is of this service."""
        told = []
        for record in records[:MOST_RECORDS]:
            if isinstance(record, dict):
                parsed = self._one(record, line, context, _written(record))
                if parsed is not None:
                    told.append(parsed)
        return msgspec.structs.replace(told[0], also=tuple(told[1:])) if told else None


def _bears(line: str, marks: tuple[tuple[str, ...], ...]) -> bool:
    """Whether all texts of one of *marks* stand in the line. Asked for each shape: loops take a fifth of any(all())."""
    for texts in marks:
        for text in texts:
            if text not in line:
                break
        else:
            return True
    return False


def _written(record: dict[str, Any]) -> str:
    """The record as a line of its own; what strict writing refuses (half a surrogate) is escaped."""
    try:
        return msgspec.json.encode(record).decode("utf-8")
    except (ValueError, OverflowError, TypeError, RecursionError):
        pass
    try:
        return json.dumps(record)
    except (ValueError, RecursionError):
        return ""


def text_at(found: Mapping[str, Any], *path: str) -> str:
    """The text at the end of *path*, "" if there is none; of a list on the way the first element counts."""
    value: Any = found
    for name in path:
        value = value[0] if isinstance(value, list) and value else value
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def put_done(
    fields: dict[str, Any], operation: str, outcome: str, *, user: str = "", address: str = "", reason: str = ""
) -> None:
    """Who did what from where, under the normalised names."""
    happened(fields, "cloud_audit", outcome, reason)
    if operation:
        fields["cloud.operation"] = operation
    if user:
        fields["user.name"] = user
    if address:
        host, colon, port = address.rpartition(":")
        one_port = colon and port.isdigit() and ("]" in host or ":" not in host)
        put_endpoint(fields, "source", host if one_port else address, port if one_port else "")
