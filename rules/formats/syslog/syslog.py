"""syslog in its three spellings.

``Mar  1 03:11:26 web1 sshd[812]: …`` (RFC 3164, no year), ``2024-03-01T03:11:26.123+01:00 web1 sshd[812]: …`` (what
rsyslog writes since Debian 12), ``<38>1 2024-03-01T03:11:26Z web1 sshd 812 - - …`` (RFC 5424). The first character
tells them apart, so ``syslog`` takes all three: a host that is upgraded changes its stamp within a file.
"""

from typing import Any

from rules.event import TimeSource
from rules.formats.format import SECOND, Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number
from rules.formats.reading.quoted import quoted
from rules.formats.syslog.directory import OTHER, PROGRAMS

#: "message repeated n times" beyond this is not believed further.
MOST_REPEATS = 1_000_000
#: An application's log that starts with a stamp and one of these is no syslog.
LEVELS = frozenset({"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL"})


class Syslog:
    """Any of the three, told apart line by line."""

    name = "syslog"
    strictness = 80

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read a line of any of the three spellings."""
        first = line[:1]
        if first == "<":
            priority, end, _ = line[1:5].partition(">")
            if not end or number(priority, 192) is None:
                return None
            if line[len(priority) + 2 : len(priority) + 4] == "1 ":
                return rfc5424(line, int(priority), context)
            return self._unprioritised(line[len(priority) + 2 :], int(priority), context)
        return self._unprioritised(line, None, context)

    def _unprioritised(self, line: str, priority: int | None, context: Context) -> Parsed | None:
        return (iso_stamped if line[:1].isdigit() else rfc3164)(line, priority, context)


class Rfc3164:
    """Only the classic spelling."""

    name = "syslog-rfc3164"
    strictness = 80

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``Mmm dd hh:mm:ss host tag[pid]: message``."""
        return rfc3164(line, None, context)


class IsoStamped:
    """Only rsyslog's default since Debian 12."""

    name = "syslog-iso"
    strictness = 80

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``2024-03-01T03:11:26.123+01:00 host tag[pid]: message``."""
        return iso_stamped(line, None, context)


class Rfc5424:
    """Only RFC 5424."""

    name = "syslog-rfc5424"
    strictness = 90

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``<priority>1 stamp host program pid message-id structured-data message``."""
        priority = number(line[1:5].partition(">")[0], 192) if line[:1] == "<" else None
        return None if priority is None else rfc5424(line, priority, context)


def rfc3164(line: str, priority: int | None, context: Context) -> Parsed | None:
    """The year is the one that brings the stamp nearest to the reference. ``Mar 1`` is taken for ``Mar  1``."""
    if line[11:12] == " " and line[7:11].isdigit():
        return _with_year(line, priority, context)
    if line[5:6] == " ":
        line = f"{line[:4]} {line[4:]}"
    time = stamps.rfc3164(line, context)
    if time is None or line[15:16] != " ":
        return None
    return _payload(line[16:], priority, (time, SECOND), TimeSource.INFERRED_YEAR)


def _with_year(line: str, priority: int | None, context: Context) -> Parsed | None:
    """``Mar 01 2024 03:11:26 fw1 : %ASA-…``, and without a host, as Cisco's devices write it."""
    stamp = stamps.iso(f"{line[7:11]}{stamps.MONTHS.get(line[:3], '')}{line[4:6]}T{line[12:20]}", context)
    rest = line[20:].lstrip(" ")
    if stamp is None or not rest:
        return None
    parsed = _payload(rest if rest[0] != ":" else f"- {rest}", priority, stamp, TimeSource.LINE)
    if parsed is not None and rest[0] == ":":
        del parsed.fields["host.name"]
    return parsed


def iso_stamped(line: str, priority: int | None, context: Context) -> Parsed | None:
    """After the stamp everything is as in RFC 3164."""
    text, _, rest = line.partition(" ")
    stamp = stamps.iso(text, context)
    if stamp is None or rest.partition(" ")[0].strip("[]:") in LEVELS:
        return None
    return _payload(rest, priority, stamp, TimeSource.LINE)


def _payload(rest: str, priority: int | None, stamp: stamps.Stamp, source: TimeSource) -> Parsed | None:
    """``host tag[pid]: message``; a message without tag is kept whole."""
    host, found, rest = rest.partition(" ")
    if not found or not host:
        return None
    fields: dict[str, Any] = {"message": rest, "host.name": host}
    tag, found, message = rest.partition(": ")
    if not found:
        tag, found, message = rest.partition(":")
    if not found or " " in tag or not tag:
        tag, message = "", rest
    program, pid = tag, ""
    if tag[-1:] == "]":
        program, _, pid = tag[:-1].rpartition("[")
    if priority is not None:
        _put_priority(priority, fields)
    return told(program, pid, message, fields, stamp, source)


def told(
    program: str, pid: str, message: str, fields: dict[str, Any], stamp: stamps.Stamp | None, source: TimeSource
) -> Parsed:
    """The payload, read by the program's own parser. A repeated message is taken as if it stood there itself."""
    repeats = 1
    if message.startswith("message repeated "):
        repeats, message = _repeated(message)
    fields["message"] = message
    if program:
        if program[0] == "/":
            program = program.rpartition("/")[2]
        fields["program"] = program
    if pid:
        fields["pid"] = int(pid) if pid.isascii() and pid.isdigit() and len(pid) < 12 else pid
    return Parsed(
        fields=fields,
        logsource=PROGRAMS.get(program, OTHER)(message, fields),
        time=stamp[0] if stamp else None,
        resolution=stamp[1] if stamp else SECOND,
        time_source=source if stamp else TimeSource.ARRIVAL,
        repeats=repeats,
    )


def _repeated(message: str) -> tuple[int, str]:
    """``message repeated 5 times: [ Failed password for …]`` -> (5, ``Failed password for …``)."""
    head, found, inner = message.partition(" times: [")
    count = number(head[17:])
    if not found or not count or not inner.endswith("]"):
        return 1, message
    return min(count, MOST_REPEATS), inner[:-1].lstrip(" ")


def _put_priority(priority: int, fields: dict[str, Any]) -> None:
    """RFC 5424, section 6.2.1: facility times eight plus severity."""
    fields["syslog.facility"], fields["syslog.severity"] = divmod(priority, 8)


def rfc5424(line: str, priority: int, context: Context) -> Parsed | None:
    """RFC 5424, section 6: absent parts are ``-``; structured data become ``syslog.sd.<id>.<name>``."""
    parts = line.split(" ", 6)
    if len(parts) < 7 or parts[0] != f"<{priority}>1":
        return None
    _, when, host, program, pid, message_id, rest = parts
    stamp = stamps.iso(when, context)
    if stamp is None and when != "-":
        return None
    fields: dict[str, Any] = {}
    message = structured_data(rest, fields)
    if message is None:
        return None
    if host != "-":
        fields["host.name"] = host
    if message_id != "-":
        fields["syslog.msgid"] = message_id
    _put_priority(priority, fields)
    return told(
        program if program != "-" else "",
        pid if pid != "-" else "",
        message.removeprefix("\ufeff"),
        fields,
        stamp,
        TimeSource.LINE,
    )


def structured_data(rest: str, fields: dict[str, Any]) -> str | None:
    r"""Put ``[id name="value" …]…`` into *fields*; return the message behind it, None if it is not well-formed.

    Inside a value ``\"``, ``\\`` and ``\]`` stand for the character (RFC 5424, section 6.3.3).
    """
    if rest[:1] == "-" and rest[1:2] in ("", " "):
        return rest[2:]
    at = 0
    while rest[at : at + 1] == "[":
        end = rest.find("]", at)
        blank = rest.find(" ", at, end) if end > 0 else -1
        if end < 0:
            return None
        name = rest[at + 1 : blank if blank > 0 else end]
        at = end if blank < 0 else blank
        while rest[at : at + 1] == " ":
            key_end = rest.find('="', at)
            if key_end < 0:
                return None
            value, after = quoted(rest, key_end + 2, '"\\]')
            if value is None:
                return None
            fields[f"syslog.sd.{name}.{rest[at + 1 : key_end]}"] = value
            at = after
        if rest[at : at + 1] != "]":
            return None
        at += 1
    return rest[at + 1 :] if at and rest[at : at + 1] in ("", " ") else None
