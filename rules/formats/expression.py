"""A format of the operator's own: an expression with names.

Each named group becomes a field; two underscores in a name stand for a dot (``source__ip`` becomes ``source.ip``),
because names of groups cannot hold one. Both ``(?P<name>…)`` and ``(?<name>…)`` are understood. The expression must
match the whole line. It runs in RE2, whose time is linear in the line, and so does the reading of the stamp: Python's
own strptime is built on expressions that are not.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import re2

from rules.formats.format import NOWHERE, Context, Format, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import address, number
from rules.formats.reading.json_object import stamp_of

Reader = Callable[[str, Context], stamps.Stamp | None]


class ExpressionError(ValueError):
    """An expression or a time format that cannot be used; the message says which construct, and what to do."""


class Written(Protocol):
    """An expression as the configuration holds it."""

    @property
    def pattern(self) -> str:
        """RE2 expression."""

    @property
    def time_field(self) -> str | None:
        """Name of the group with the stamp."""

    @property
    def time_format(self) -> str | None:
        """How the stamp is written, in strptime's letters."""


def expressions(written: Mapping[str, Written]) -> tuple[Format, ...]:
    """The formats that a configuration adds, by name.

    Raises:
        ExpressionError: One of them cannot be used.
    """
    return tuple(
        Expression(name, one.pattern, one.time_field or "", one.time_format or "") for name, one in written.items()
    )


class Expression:
    """One such format.

    Args:
        name: What the configuration calls it.
        pattern: RE2 expression with named groups.
        time_field: Name of the group with the stamp; "": the line bears none.
        time_format: strptime's letters; "": ISO 8601, a web server's stamp, or a number since 1970.

    Raises:
        ExpressionError: The pattern or the time format cannot be used.
    """

    strictness = 100

    def __init__(self, name: str, pattern: str, time_field: str = "", time_format: str = "") -> None:
        self.name = name
        self._pattern = _compiled(pattern)
        groups = self._pattern.groupindex
        if not groups:
            raise ExpressionError(f'format "{name}": the pattern names nothing; write (?P<name>…) around a part')
        if time_field and time_field not in groups:
            raise ExpressionError(
                f'format "{name}": no group is called "{time_field}" (there are: {", ".join(groups)})'
            )
        self._time_field = time_field
        self._read: Reader = time_reader(time_format) if time_format else stamp_of
        self._names = {group: group.replace("__", ".") for group in groups}

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read a line that the expression matches as a whole."""
        try:
            found = self._pattern.fullmatch(line)
        except (re2.error, UnicodeError):  # bytes that are no UTF-8: RE2 sees U+FFFD in their place
            found = self._pattern.fullmatch(line.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        if found is None:
            return None
        groups = found.groupdict()
        stamp = None
        if self._time_field:
            stamp = self._read(groups[self._time_field] or "", context)
            if stamp is None:
                return None
        fields = {self._names[group]: value for group, value in groups.items() if value is not None}
        fields.setdefault("message", line)
        _tidy(fields)
        return stamps.parsed(fields, NOWHERE, stamp)


def named_in(pattern: str) -> tuple[str, ...]:
    """The fields that an expression names; none if it cannot be used."""
    try:
        return tuple(group.replace("__", ".") for group in _compiled(pattern).groupindex)
    except ExpressionError:
        return ()


def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error.args[0]
        hint = "write it as RE2 understands it: no look-around, no back-references"
        raise ExpressionError(f"the pattern does not compile: {reason}; {hint}") from error


def _tidy(fields: dict[str, Any]) -> None:
    """Ports and process ids as numbers, addresses in one spelling."""
    for name in ("source.port", "destination.port", "pid", "sc-status"):
        if (whole := number(fields.get(name, ""))) is not None:
            fields[name] = whole
    for name in ("source.ip", "destination.ip"):
        if name in fields and (ip := address(fields[name])) is not None:
            fields[name] = ip


#: strptime's letter -> (expression, part of the stamp)
LETTERS = {
    "Y": (r"\d{4}", "year"),
    "y": (r"\d{2}", "short_year"),
    "m": (r"\d{1,2}", "month"),
    "b": (r"[A-Za-z]{3}", "month_name"),
    "B": (r"[A-Za-z]{3,9}", "month_name"),
    "h": (r"[A-Za-z]{3}", "month_name"),
    "d": (r" ?\d{1,2}", "day"),
    "e": (r" ?\d{1,2}", "day"),
    "H": (r" ?\d{1,2}", "hour"),
    "I": (r" ?\d{1,2}", "hour"),
    "M": (r"\d{2}", "minute"),
    "S": (r"\d{2}", "second"),
    "f": (r"\d{1,9}", "fraction"),
    "z": (r"Z|[+-]\d{2}:?\d{2}", "zone"),
    "Z": (r"[A-Za-z]{1,5}", "zone_name"),
    "p": (r"[AaPp][Mm]", "half"),
    "a": (r"[A-Za-z]{3}", "weekday"),
    "A": (r"[A-Za-z]{3,9}", "weekday"),
    "s": (r"\d{1,10}", "epoch"),
}
SHORT = {"T": "%H:%M:%S", "D": "%m/%d/%y", "F": "%Y-%m-%d", "R": "%H:%M"}


def time_reader(time_format: str) -> Reader:
    """A function that reads stamps written in *time_format*; without a year it is the nearest to the reference.

    Raises:
        ExpressionError: A letter is not known, or the format gives no moment.
    """
    for letter, long in SHORT.items():
        time_format = time_format.replace(f"%{letter}", long)
    pattern, parts = "", []
    head, *rest = time_format.replace("%%", "\0").split("%")
    pattern += _literal(head)
    for one in rest:
        if one[:1] not in LETTERS:
            known = " ".join(f"%{letter}" for letter in (*LETTERS, *SHORT))
            raise ExpressionError(f'time format "{time_format}": %{one[:1]} is not known (known: {known})')
        expression, part = LETTERS[one[0]]
        pattern += f"({expression}){_literal(one[1:])}"
        parts.append(part)
    if "epoch" not in parts and not ({"month", "month_name"} & {*parts} and {"day", "hour", "minute"} <= {*parts}):
        raise ExpressionError(
            f'time format "{time_format}" gives no moment: it needs month, day, hour and minute, or %s'
        )
    compiled = _compiled(pattern)

    def read(text: str, context: Context) -> stamps.Stamp | None:
        found = compiled.fullmatch(text) if text.isascii() else None
        return None if found is None else _moment(dict(zip(parts, found.groups(), strict=True)), context)

    return read


def _literal(text: str) -> str:
    """*text* as an expression that matches just it."""
    return str(re2.escape(text.replace("\0", "%")))


def _moment(parts: dict[str, str], context: Context) -> stamps.Stamp | None:
    fraction = parts.get("fraction", "")
    grain = stamps.GRAINS[min(len(fraction), 6)]
    if "epoch" in parts:
        if fraction:
            return stamps.epoch_parts(int(parts["epoch"]), fraction)
        return stamps.epoch(int(parts["epoch"]))
    month = stamps.MONTHS.get(parts.get("month_name", "")[:3].title(), f"-{parts.get('month', '').zfill(2)}-")
    day, hour = parts["day"].strip().zfill(2), _hour(parts)
    clock = f"{day}T{hour}:{parts['minute']}:{parts.get('second', '00').replace('60', '59')}"
    zone = parts.get("zone") or ("Z" if parts.get("zone_name", "").upper() in ("UTC", "GMT", "Z") else "")
    year = parts.get("year") or (f"20{parts['short_year']}" if "short_year" in parts else "")
    try:
        if year:
            time = stamps.in_utc(datetime.fromisoformat(f"{year}{month}{clock}{zone}"), context)
        else:
            time = stamps.yearless(month, clock + zone, context)
        if time is None:
            return None
        return time + timedelta(microseconds=int(fraction[:6].ljust(6, "0"))), grain
    except (ValueError, OverflowError):
        return None


def _hour(parts: dict[str, str]) -> str:
    """Hours of the twelve-hour clock are put right by AM or PM."""
    hour = int(parts["hour"])
    if "half" in parts:
        hour = hour % 12 + (12 if parts["half"].upper() == "PM" else 0)
    return f"{hour:02}"
