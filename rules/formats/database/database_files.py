"""What database servers write to files of their own: MySQL's and MariaDB's error and general log, PostgreSQL's logs.

- ``2024-03-01T03:11:26.123456Z 12 [Note] [MY-010926] [Server] Access denied for user …`` (MySQL 8)
- ``{"time":"2024-03-01T03:11:26.123456Z","label":"Note","subsystem":"Server","msg":"Access denied for user …"}`` (the
  same by ``log_sink_json``)
- ``2024-03-01  3:11:26 12 [Warning] Access denied for user …`` (MariaDB, MySQL 5)
- ``2024-03-01T03:11:26.123456Z<tab>   12 Query<tab>SELECT 1`` (general log)
- ``2024-03-01 03:11:26.123 UTC [812] bob@app FATAL:  password authentication failed for user "bob"``
- csvlog and jsonlog (https://www.postgresql.org/docs/current/runtime-config-logging.html)
"""

import csv
from datetime import UTC
from typing import Any

import msgspec

from rules.formats.database import mysql, postgres
from rules.formats.database.database import MYSQL, POSTGRESQL
from rules.formats.database.postgres_peers import pid_of, put_peer, remembering
from rules.formats.format import Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.json_object import decode
from rules.formats.reading.program import happened

#: Zones that a server may write by name and that mean the same everywhere; others are taken for the source's.
UTC_NAMES = frozenset({"UTC", "GMT", "Z"})


class Mysql:
    """The error log and the general log."""

    name = "mysql"
    strictness = 86

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``stamp [thread] [LEVEL] text``, ``stamp<tab>thread command<tab>argument`` or an object."""
        if line[:1] == "{":
            return _sink(line, context) if '"err_code"' in line else None
        old = line[6:7] == " " and number(line[:6]) is not None
        if old:  # 240301  3:11:26, until MySQL 5.6
            line = f"20{line[:2]}-{line[2:4]}-{line[4:6]}{line[6:]}"
        if line[4:5] != "-" or line[10:11] not in ("T", " "):
            return None
        text, rest = _mysql_stamp(line)
        stamp = stamps.iso(text, context)
        if stamp is None:
            return None
        fields: dict[str, Any] = {"message": rest, "program": "mysqld"}
        if not (_general(rest, fields) if rest[:1] == "\t" else _error(rest, fields, old=old)):
            return None
        return Parsed(fields=fields, logsource=MYSQL, time=stamp[0], resolution=stamp[1])


def _sink(line: str, context: Context) -> Parsed | None:
    """https://dev.mysql.com/doc/refman/8.4/en/error-log-json.html."""
    found = decode(line)
    if found is None or not {"subsystem", "msg", "label", "time"} <= found.keys():
        return None
    stamp, text = stamps.iso(str(found["time"]), context), str(found["msg"])
    if stamp is None:
        return None
    fields: dict[str, Any] = {"message": text, "program": "mysqld", "db.severity": str(found["label"]).lower()}
    if isinstance(thread := found.get("thread"), int):
        fields["db.thread"] = thread
    mysql.said(text, fields)
    return Parsed(fields=fields, logsource=MYSQL, time=stamp[0], resolution=stamp[1])


def _mysql_stamp(line: str) -> tuple[str, str]:
    """The stamp, and what stands behind it; the hour may be padded with a blank."""
    if line[10] == "T":
        end = min(at for at in (line.find(" "), line.find("\t"), len(line)) if at >= 0)
        return line[:end], line[end + (line[end : end + 1] == " ") :]
    return f"{line[:10]}T{line[11:19].replace(' ', '0')}", line[20:]


#: as the servers spell them: other programs put levels into brackets too
LEVELS = frozenset({"Note", "Warning", "ERROR", "System", "Entry"})


def _error(rest: str, fields: dict[str, Any], *, old: bool) -> bool:
    """``12 [Note] [MY-010926] [Server] text``; *old* ones have no thread."""
    thread, found, text = rest.partition("[")
    if not found or (number(thread.strip(" ")) is None and not (old and not thread.strip(" "))):
        return False
    level, found, _ = text.partition("] ")
    if not found or level not in LEVELS:
        return False
    if (whole := number(thread.strip(" "))) is not None:
        fields["db.thread"] = whole
    fields["db.severity"] = level.lower()
    mysql.said(mysql.without_head(f"[{text}"), fields)
    return True


def _general(rest: str, fields: dict[str, Any]) -> bool:
    """``<tab>   12 Query<tab>SELECT 1``."""
    head, found, argument = rest[1:].partition("\t")
    thread, _, command = head.strip(" ").partition(" ")
    if not found or number(thread) is None or not command.replace(" ", "").isalpha():
        return False
    mysql.general(thread, command, argument, fields)
    return True


class Postgresql:
    """What PostgreSQL writes to stderr."""

    name = "postgresql"
    strictness = 87

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``stamp prefix SEVERITY:  message``; lines that go on from the one before begin with a tab."""
        if line[4:5] != "-" or line[10:11] != " " or ":  " not in line:
            return None
        stamp = _postgres_stamp(line, context)
        found = postgres.split(line)
        if stamp is None or found is None:
            return None
        prefix, severity, text = found
        fields: dict[str, Any] = {"message": text, "program": "postgres", "db.severity": severity.lower()}
        pid = prefix.partition("[")[2].partition("]")[0].partition("-")[0]
        if (whole := number(pid)) is not None:
            fields["pid"] = whole
        postgres.put_prefix(prefix, fields)
        postgres.said(severity, text, fields)
        first = pid_of(prefix)
        put_peer(context.header, first, fields)
        after = remembering(context.header, first, fields)
        return Parsed(fields=fields, logsource=POSTGRESQL, time=stamp[0], resolution=stamp[1], after=after)


def _postgres_stamp(text: str, context: Context) -> stamps.Stamp | None:
    """``2024-03-01 03:11:26.123 UTC``; a zone whose name could mean several is taken for the source's."""
    date, _, rest = text.partition(" ")
    clock, _, rest = rest.partition(" ")
    zone = rest[:8].partition(" ")[0].partition(":")[0].rstrip(',"')
    if zone[:1] in ("+", "-"):
        return stamps.iso(f"{date}T{clock}{zone}", context)
    if not zone.isalpha() or zone in postgres.SEVERITIES:
        return None
    if zone in UTC_NAMES:
        context = msgspec.structs.replace(context, zone=UTC)
    return stamps.iso(f"{date}T{clock}", context)


#: csvlog's columns that are used: index -> jsonlog's name
COLUMNS = {
    1: "user",
    2: "dbname",
    3: "pid",
    4: "remote",
    11: "error_severity",
    12: "state_code",
    13: "message",
    14: "detail",
    22: "application_name",
}
FEWEST_COLUMNS = 22


class PostgresqlCsv:
    """PostgreSQL's csvlog; only records of one line."""

    name = "postgresql-csv"
    strictness = 88

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read a record of at least 22 columns with a severity in the 12th."""
        if line[4:5] != "-" or line.count(",") < FEWEST_COLUMNS - 1:
            return None
        try:
            row = next(csv.reader([line]))
        except (csv.Error, StopIteration):
            return None
        if len(row) < FEWEST_COLUMNS or row[11] not in (*postgres.SEVERITIES, *(f"DEBUG{n}" for n in range(1, 6))):
            return None
        stamp = _postgres_stamp(row[0], context)
        told = {name: row[at] for at, name in COLUMNS.items() if at < len(row)}
        told["remote_host"], _, told["remote_port"] = told.pop("remote").rpartition(":")
        return None if stamp is None else _structured(told, stamp)


class PostgresqlJson:
    """PostgreSQL's jsonlog."""

    name = "postgresql-json"
    strictness = 94

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read an object with PostgreSQL's own names."""
        if '"error_severity"' not in line:
            return None
        found = decode(line)
        if found is None or "timestamp" not in found or not {"line_num", "session_id"} & found.keys():
            return None
        stamp = _postgres_stamp(str(found["timestamp"]), context)
        return None if stamp is None else _structured({name: str(value) for name, value in found.items()}, stamp)


def _structured(told: dict[str, str], stamp: stamps.Stamp) -> Parsed:
    """A record whose parts stand apart, so that nothing can be made to look like another."""
    severity, message = told.get("error_severity", ""), told.get("message", "")
    fields: dict[str, Any] = {"message": message, "program": "postgres", "db.severity": severity.lower()}
    if (pid := number(told.get("pid", ""))) is not None:
        fields["pid"] = pid
    for name, target in (("user", "user.name"), ("dbname", "db.name"), ("application_name", "db.application")):
        if told.get(name):
            fields[target] = told[name]
    put_endpoint(fields, "source", told.get("remote_host", ""), told.get("remote_port", ""))
    if state := told.get("state_code"):
        fields["db.state"] = state
    postgres.said(severity, message, fields)
    if told.get("detail", "").startswith('Role "') and fields.get("event.action") == "database_login":
        happened(fields, "database_login", "failure", "invalid_user")
    return Parsed(fields=fields, logsource=POSTGRESQL, time=stamp[0], resolution=stamp[1])
