"""systemd's journal as ``journalctl --output=json`` writes it: its messages are read like those of syslog."""

from typing import Any

from rules.event import TimeSource
from rules.formats.format import Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number
from rules.formats.reading.json_object import decode
from rules.formats.syslog.syslog import told


class Journal:
    """systemd's journal."""

    name = "journal"
    strictness = 93

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read an object with ``__REALTIME_TIMESTAMP`` and ``MESSAGE``."""
        if '"__REALTIME_TIMESTAMP"' not in line:
            return None
        found = decode(line)
        if found is None:
            return None
        microseconds = number(str(found.get("__REALTIME_TIMESTAMP", ""))[:20])
        stamp = None if microseconds is None else stamps.epoch(microseconds)
        if stamp is None or "MESSAGE" not in found:
            return None
        fields: dict[str, Any] = {"message": ""}
        if isinstance(host := found.get("_HOSTNAME"), str):
            fields["host.name"] = host
        if isinstance(unit := found.get("_SYSTEMD_UNIT"), str):
            fields["systemd.unit"] = unit
        program = _first(found.get("SYSLOG_IDENTIFIER")) or _first(found.get("_COMM"))
        pid = _first(found.get("_PID")) or _first(found.get("SYSLOG_PID"))
        return told(program, pid, _message(found["MESSAGE"]), fields, stamp, TimeSource.LINE)


def _message(value: Any) -> str:
    """A message that is no UTF-8 is written as an array of bytes, several of one entry as an array of them."""
    if isinstance(value, list) and any(isinstance(one, str | list) for one in value):
        return "\n".join(_one_message(one) for one in value)
    return _one_message(value)


def _one_message(value: Any) -> str:
    if isinstance(value, list):
        return bytes(one for one in value if isinstance(one, int) and 0 <= one < 256).decode("utf-8", "surrogateescape")
    return value if isinstance(value, str) else ""


def _first(value: Any) -> str:
    """Of a field that an entry bears several times, the first."""
    one = value[0] if isinstance(value, list) and value else value
    return one if isinstance(one, str) else ""
