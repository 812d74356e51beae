"""PostgreSQL's server log: from syslog, its own files (stderr with the usual prefixes), csvlog and jsonlog.

https://www.postgresql.org/docs/current/runtime-config-logging.html. Where a line says who and from where depends on
``log_line_prefix``; these forms of a session's part are understood: ``bob@app``, ``user=bob,db=app,app=x,client=…``,
``203.0.113.7(40022):bob@app``, and the address alone. User and database are the client's words: where they could have
made up the address, there is none.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.database.database import POSTGRESQL, statement, trouble
from rules.formats.reading.addresses import address, number, put_endpoint
from rules.formats.reading.program import happened

Fields = dict[str, Any]

SEVERITIES = ("LOG", "FATAL", "ERROR", "PANIC", "WARNING", "NOTICE", "DETAIL", "HINT", "STATEMENT", "CONTEXT", "INFO")
MARKS = tuple(f"{severity}:  " for severity in SEVERITIES)
MOST_MARKS = 9
LONGEST_PREFIX = 2000  #: names are cut at 63 bytes by the server

#: (how a message begins, what else is in it) -> event.reason of a database_fault. Beginnings, because what a client
#: wrote may stand further back: ``syntax error at or near "No space left on device"``.
FAULTS = {
    ("could not ", "No space left on device"): "disk_full",
    ("invalid page in block ", ""): "corruption",
    ("page verification failed", ""): "corruption",
    ("missing chunk number ", ""): "corruption",
    ('index "', " contains corrupted page"): "corruption",
    ('index "', " contains unexpected zero page"): "corruption",
    ("could not locate a valid checkpoint record", ""): "corruption",
    ("could not access status of transaction ", ""): "corruption",
    ("sorry, too many clients already", ""): "too_many_connections",
    ("remaining connection slots are reserved", ""): "too_many_connections",
    ("server process (PID ", " was terminated by signal "): "crash",
    ("out of memory", ""): "out_of_memory",
    ("database system was not properly shut down", ""): "crash_recovery",
    ("requested WAL segment ", "has already been removed"): "replication_broken",
    ("could not receive data from WAL stream: ERROR: ", ""): "replication_broken",
    ("could not connect to the primary server", ""): "replication_broken",
}


def tell(message: str, fields: Fields) -> LogSource:
    """Add what a message tells: ``[3-1] 2024-03-01 03:11:26 UTC [812] bob@app FATAL:  …``."""
    found = split(message)
    if found is not None:
        prefix, severity, text = found
        put_prefix(prefix, fields)
        said(severity, text, fields)
    return POSTGRESQL


def split(line: str) -> tuple[str, str, str] | None:
    """(prefix, severity, message), None if *line* holds no severity.

    A user or database may bear a name that looks like a severity and a message. It then stands in the prefix as well as
    in the message of a login that failed, as often in the one as in the other: the mark in the middle is the true one.
    """
    marks = _marks(line)
    if not marks:
        return None
    at, severity = marks[0]
    if len(marks) > 1:
        middle, name = marks[(len(marks) - 1) // 2]
        if line.startswith(LOGIN_FAILURES, middle + len(name) + 3) or _failure_by(line[middle + len(name) + 3 :]):
            at, severity = middle, name
    return line[:at], severity, line[at + len(severity) + 3 :]


def _marks(line: str) -> list[tuple[int, str]]:
    """Where severities stand that begin a word, in order; at most MOST_MARKS."""
    found: list[tuple[int, str]] = []
    at = line.find(":  ", 0, LONGEST_PREFIX)
    while at >= 0 and len(found) < MOST_MARKS:
        word = line[max(0, at - 9) : at]
        name = next((one for one in SEVERITIES if word.endswith(one)), "")
        start = at - len(name)
        if name and not line[start - 1 : start].isalnum():
            found.append((start, name))
        at = line.find(":  ", at + 1, LONGEST_PREFIX)
    return found


def put_prefix(prefix: str, fields: Fields) -> None:
    """Who and from where, from what stands before the severity."""
    prefix = prefix.rstrip(" :")[:LONGEST_PREFIX]
    if prefix[:4].isdigit():  # date, time, zone
        _, _, rest = prefix.partition(" ")[2].partition(" ")
        zone, _, prefix = rest.partition(" ")
        if ":" in zone:
            _put_colons(f"{zone} {prefix}", fields)
            return
    while prefix[:1] == "[" and prefix[1:2].isdigit():  # [pid], [line]
        prefix = prefix.partition("]")[2].lstrip(": ")
    if prefix.startswith(KEYS):
        _put_pairs(prefix, fields)
    elif not _put_address(prefix, fields) and "@" in prefix:
        user, _, database = prefix.rpartition("@")
        _put_who(user, database.partition("/")[0], fields)


def _put_address(text: str, fields: Fields) -> bool:
    """``203.0.113.7(40022)`` or the address alone; whether it was nothing else."""
    host, bracket, port = text.partition("(")
    if bracket and (port[-1:] != ")" or number(port[:-1]) is None):
        return False
    return address(host) is not None and put_endpoint(fields, "source", host, port.rstrip(")"))


def _put_colons(text: str, fields: Fields) -> None:
    """``UTC:203.0.113.7(40022):bob@app:[812]``, Amazon's prefix: the address is before what a client names."""
    host, _, rest = text.partition(":")[2].partition("):")
    _put_address(f"{host})", fields)
    user, _, database = rest.rpartition(":[")[0].rpartition("@")
    _put_who(user, database, fields)


#: names in prefixes that are made of pairs
KEYS = ("user=", "db=", "database=", "app=", "client=", "host=")


def _put_pairs(prefix: str, fields: Fields) -> None:
    """``user=bob,db=app,app=[unknown],client=203.0.113.7``: the address is before or behind all that a client names."""
    _put_who(_value(prefix, "user="), _value(prefix, "db="), fields)
    name = "client=" if "client=" in prefix else "host="
    host = prefix[len(name) :] if prefix.startswith(name) else prefix.rpartition(name)[2]
    _put_address(host.partition(" ")[0].partition(",")[0], fields)


def _value(prefix: str, name: str) -> str:
    """What stands behind *name*, up to the next name."""
    value = prefix.partition(name)[2]
    for key in KEYS:
        value = value.partition(f",{key}")[0].partition(f" {key}")[0]
    return value


def _put_who(user: str, database: str, fields: Fields) -> None:
    if user and user != "[unknown]":
        fields["user.name"] = user
    if database and database != "[unknown]":
        fields["db.name"] = database


#: how a message of a login that failed begins
LOGIN_FAILURES = ("no pg_hba.conf entry for ", "pg_hba.conf rejects connection for ", 'role "')
METHODS = ("password", "Ident", "Peer", "LDAP", "PAM", "GSSAPI", "RADIUS", "SSPI", "certificate", "BSD", "SCRAM", "MD5")


def _failure_by(text: str) -> str:
    """The method by which a login failed, "" if it is no such message."""
    method, found, _ = text.partition(' authentication failed for user "')
    return method if found and method in METHODS else ""


def said(severity: str, text: str, fields: Fields) -> None:
    """What a message of that severity tells."""
    if severity in ("STATEMENT", "CONTEXT", "HINT", "DETAIL", "NOTICE", "INFO"):
        if text.startswith('Role "') and text.endswith('" does not exist.'):
            fields["user.name"] = text[6:-17]
            happened(fields, "database_auth", "failure", "invalid_user")
        return
    if not (_login(text, fields) or _session(text, fields) or _statement(severity, text, fields)):
        _fault(text, fields)


def _fault(text: str, fields: Fields) -> None:
    """Trouble of the server itself."""
    for (start, inside), reason in FAULTS.items():
        if text.startswith(start) and inside in text:
            trouble(reason, fields)
            return


def _login(text: str, fields: Fields) -> bool:
    """A login that failed, and why."""
    if _failure_by(text):
        user = text.partition('"')[2].removesuffix('"')
        if fields.get("user.name", user) != user:  # a name made to look like a prefix: its address is made up too
            fields.pop("source.ip", None)
            fields.pop("source.port", None)
        fields["user.name"] = user
        happened(fields, "database_login", "failure", "wrong_credentials")
    elif text.startswith(LOGIN_FAILURES[:2]):
        _, _, where = text.partition('host "')
        host, _, rest = where.partition('", user "')
        put_endpoint(fields, "source", host)
        fields["user.name"], _, rest = rest.rpartition('", database "')
        fields["db.name"] = rest.rpartition('"')[0]
        happened(fields, "database_login", "failure", "not_allowed")
    elif text.startswith('role "') and text.endswith('" does not exist'):
        fields["user.name"] = text[6:-16]
        happened(fields, "database_login", "failure", "invalid_user")
    elif text.startswith('role "') and text.endswith('" is not permitted to log in'):
        fields["user.name"] = text[6:-28]
        happened(fields, "database_login", "failure", "not_allowed")
    else:
        return False
    return True


def _session(text: str, fields: Fields) -> bool:
    """A connection that came, was let in, or ended; something that a user may not do."""
    if text.startswith("connection received: host="):
        host, _, port = text[26:].partition(" port=")
        put_endpoint(fields, "source", host, port)
        happened(fields, "database_connect")
    elif text.startswith(("connection authorized: user=", "replication connection authorized: user=")):
        user, _, rest = text.partition(" user=")[2].partition(" ")
        _put_who(user, rest.partition("database=")[2].partition(" ")[0], fields)
        if application := rest.partition("application_name=")[2].partition(" ")[0]:
            fields["db.application"] = application
        happened(fields, "database_login", "success", "replication" if text[0] == "r" else "")
    elif text.startswith("disconnection: session time: "):
        host, _, port = text.rpartition(" host=")[2].partition(" port=")
        put_endpoint(fields, "source", host, port)
        _put_who(text.partition(" user=")[2].partition(" database=")[0], "", fields)
        happened(fields, "database_disconnect")
    elif text.startswith("permission denied for ") or text.startswith("must be superuser"):
        happened(fields, "database_denied", "failure")
    else:
        return False
    return True


def _statement(severity: str, text: str, fields: Fields) -> bool:
    """``statement: DROP TABLE x``, ``duration: 0.1 ms  statement: …``, ``execute <unnamed>: …``."""
    if severity != "LOG":
        return False
    if text.startswith("duration: "):
        text = text.partition(" ms  ")[2]
    if text.startswith("statement: "):
        statement(text[11:], fields)
    elif text.startswith("execute "):
        statement(text.partition(": ")[2], fields)
    else:
        return False
    return True
