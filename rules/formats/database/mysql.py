"""MySQL's and MariaDB's error log, from syslog, the journal or a file; and MySQL's general log.

https://dev.mysql.com/doc/refman/8.4/en/error-log-format.html, https://mariadb.com/kb/en/error-log/. Of
``Access denied for user 'bob'@'203.0.113.7' (using password: YES)`` the name is the client's word and stands before the
address, so the last ``'@'`` counts.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.database.database import MYSQL, fault, statement, trouble
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.program import happened

Fields = dict[str, Any]

MOST_BRACKETS = 4

#: part of a message -> event.reason of a database_fault
FAULTS = {
    "No space left on device": "disk_full",
    "Disk is full writing": "disk_full",
    "is marked as crashed": "crashed_table",
    "Incorrect key file for table": "crashed_table",
    "Incorrect information in file": "crashed_table",
    "page corruption": "corruption",
    "corrupted page": "corruption",
    "is corrupted": "corruption",
    "Corrupt": "corruption",
    "Too many connections": "too_many_connections",
    "got signal ": "crash",
    "InnoDB: Assertion failure": "crash",
    "Out of memory": "out_of_memory",
    "Starting crash recovery": "crash_recovery",
    "was not shutdown normally": "crash_recovery",
}
#: how a message about a replica begins
REPLICATION = ("Slave SQL", "Replica SQL", "Slave I/O", "Replica I/O", "Error reading packet from server")


def tell(message: str, fields: Fields) -> LogSource:
    """Add what a message tells, with or without the stamp, the thread and the brackets in front of it."""
    said(without_head(message), fields)
    return MYSQL


def without_head(message: str) -> str:
    """``2024-03-01T03:11:26Z 12 [Note] [MY-010926] [Server] text`` -> text."""
    if message[:1].isdigit():
        message = message[message.find("[") :] if "[" in message[:60] else message
    for _ in range(MOST_BRACKETS):
        inner, found, rest = message[1:].partition("] ")
        if message[:1] != "[" or not found or len(inner) > 20:
            break
        message = rest
    return message


def said(text: str, fields: Fields) -> None:
    """What a message without its head tells. What a client can write into a message is asked first."""
    if text.startswith("Access denied for user '"):
        _denied(text[24:], fields)
    elif text.startswith("Aborted connection "):
        _aborted(text, fields)
    elif text.startswith("Host '") and ("is not allowed to connect" in text or "is blocked" in text):
        put_endpoint(fields, "source", text[6:].partition("'")[0])
        happened(fields, "database_login", "failure", "not_allowed")
    elif text.startswith("IP address '"):
        put_endpoint(fields, "source", text[12:].partition("'")[0])
        happened(fields, "database_connect")
    elif _is_broken_replica(text):
        trouble("replication_broken", fields)
    else:
        fault(text, FAULTS, fields)


def _is_broken_replica(text: str) -> bool:
    """A replica that stopped; that it starts, stops when told to, or connects again is no trouble."""
    return text.startswith(REPLICATION) and any(
        word in text for word in ("rror_code", "rror '", "rror connecting", "Got fatal error", "could not")
    )


def _denied(text: str, fields: Fields) -> None:
    """``bob'@'203.0.113.7' (using password: YES)`` is a login; with ``to database 'x'`` at the end it is none."""
    login = text.endswith((" (using password: YES)", " (using password: NO)"))
    user, _, where = text.rpartition("'@'") if login else text.partition("'@'")
    fields["user.name"] = user
    put_endpoint(fields, "source", where.partition("'")[0])
    if login:
        reason = "no_password" if where.endswith("NO)") else "wrong_credentials"
        happened(fields, "database_login", "failure", reason)
        return
    database = where.partition(" to database '")[2]
    if database:
        fields["db.name"] = database.removesuffix("'")
    happened(fields, "database_denied", "failure")


def _aborted(text: str, fields: Fields) -> None:
    """``Aborted connection 12 to db: 'app' user: 'bob' host: '203.0.113.7' (Got timeout reading …)``."""
    head, found, where = text.rpartition(" host: '")
    if not found:
        return
    host, _, why = where.partition("' (")
    put_endpoint(fields, "source", host)
    user = head.rpartition(" user: '")[2].removesuffix("'")
    if user != "unauthenticated":
        fields["user.name"] = user
    happened(fields, "database_disconnect", "unknown", why.rstrip(")"))


def general(thread: str, command: str, argument: str, fields: Fields) -> None:
    """A line of the general log: ``Connect`` ``bob@203.0.113.7 on app using TCP/IP``, ``Query`` ``SELECT 1``.

    ``Connect`` is written once the client is known, so its name holds no surprises; a refusal says ``Access denied``.
    """
    if (whole := number(thread)) is not None:
        fields["db.thread"] = whole
    if command == "Connect" and argument.startswith("Access denied for user '"):
        _denied(argument[24:], fields)
    elif command == "Connect":
        fields["user.name"], _, where = argument.partition("@")
        host, _, rest = where.partition(" on ")
        put_endpoint(fields, "source", host)
        if database := rest.partition(" using ")[0].strip(" "):
            fields["db.name"] = database
        happened(fields, "database_login", "success")
    elif command in ("Query", "Execute"):
        statement(argument, fields)
