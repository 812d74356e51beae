"""Dovecot: who logged in to a mailbox, who failed to, and what its services complain of.

https://doc.dovecot.org/main/core/config/logging.html. A login process writes one line at the end of a connection that
failed; that line is the attempt (``mail_login``). What the auth process says of the same attempt is ``mail_auth``.

``user=<…>`` is the client's word and stands before the addresses, so the last ``, rip=`` counts.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.host import pam
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.program import happened

DOVECOT = LogSource(category="mail", product="linux", service="dovecot")

Fields = dict[str, Any]

LEVELS = ("Debug: ", "Info: ", "Warning: ", "Error: ", "Fatal: ", "Panic: ")
#: Programs whose tag is the process itself where Dovecot logs without its own name in front.
PROCESSES = ("imap-login", "pop3-login", "submission-login", "managesieve-login")


def tell(message: str, fields: Fields) -> LogSource:
    """Add what a message of Dovecot tells: ``imap-login: Login: user=<bob>, …``."""
    process, found, text = message.removeprefix("dovecot: ").partition(": ")
    if message.startswith("pam_"):
        pam.tell(message, fields)
    elif found:
        of_process(process, text, fields)
    return DOVECOT


def login_process(message: str, fields: Fields) -> LogSource:
    """The same where the process stands in syslog's tag."""
    of_process(str(fields.get("program", "")), message, fields)
    return DOVECOT


def of_process(process: str, text: str, fields: Fields) -> None:
    """What one of Dovecot's processes says, with or without a level in front."""
    level = next((one for one in LEVELS if text.startswith(one)), "")
    text = text[len(level) :]
    name = process.partition("(")[0]
    if name.endswith("-login"):
        fields["mail.service"] = name.removesuffix("-login")
        _login(text, fields)
    elif name in ("auth", "auth-worker"):
        _auth(text if "(" in text and "): " in text else f"{process}: {text}", fields)
    if level in ("Error: ", "Fatal: ", "Panic: ") or name in ("master", "log"):
        _trouble(text, level, fields)


def _login(text: str, fields: Fields) -> None:
    """``Login: user=<bob>, method=PLAIN, rip=203.0.113.7, lip=198.51.100.1, TLS, session=<…>``, and how it ended."""
    said, found, rest = text.partition(": user=<")
    if not found:
        said, found, rest = text.partition(": method=")
        rest = f">, method={rest}"
    if not found:
        said, found, rest = text.partition(": rip=")
        rest = f">, rip={rest}"
    head, found, where = rest.rpartition(", rip=")
    if not found:
        return
    user, method, _ = head.rpartition(">, method=")
    if not method:
        user = head.removesuffix(">")
    else:
        fields["mail.auth"] = head[len(user) + 10 :]
    if user:
        fields["user.name"] = user
    put_endpoint(fields, "source", where.partition(",")[0], _part(where, "rport"))
    put_endpoint(fields, "destination", _part(where, "lip"), _part(where, "lport"))
    _judge(said, fields)


def _part(where: str, name: str) -> str:
    return where.partition(f", {name}=")[2].partition(",")[0]


def _judge(said: str, fields: Fields) -> None:
    """``Login``, ``Disconnected (auth failed, 3 attempts in 12 secs)``, ``Aborted login (no auth attempts …)``."""
    if said in ("Login", "Logged in"):
        happened(fields, "mail_login", "success")
    elif "(auth failed, " in said:
        attempts = number(said.partition("(auth failed, ")[2].partition(" ")[0])
        if attempts is not None:
            fields["mail.attempts"] = attempts
        happened(fields, "mail_login", "failure", "wrong_credentials")
    elif said.startswith("Maximum number of connections"):
        happened(fields, "mail_login", "failure", "too_many_connections")
    elif said.startswith(("Disconnected", "Aborted", "Login aborted", "Connection closed")):
        none = "no auth attempts" in said or "disconnected before auth" in said
        happened(fields, "mail_disconnect", "unknown", "no_login" if none else said.partition("(")[2].rstrip(")"))


#: how the auth process says why -> event.reason
REASONS = {
    "unknown user": "invalid_user",
    "password mismatch": "wrong_credentials",
    "user not known": "invalid_user",
    "authentication failure": "wrong_credentials",
    "invalid credentials": "wrong_credentials",
    "permission denied": "not_allowed",
}


def _auth(text: str, fields: Fields) -> None:
    """``pam(bob,203.0.113.7,<session>): unknown user``; ``auth-worker<7>: sql(…): Password mismatch``.

    The name may hold commas and brackets; the address is the part before the session, or the last one.
    """
    if text.startswith("pam_"):
        pam.tell(text, fields)
        return
    head, found, why = text.rpartition("): ")
    if not found:
        head, found, why = text.rpartition(")<")
    reason = next((reason for words, reason in REASONS.items() if words in why.lower()), "")
    if not found or not reason:
        return
    who = head.rpartition("): ")[2] if "): " in head else head
    user, _, where = who.partition("(")[2].partition(",<")[0].rstrip(",").rpartition(",")
    if where.startswith("sasl:"):  # since 2.4 the mechanism
        user, _, where = user.rpartition(",")
    if put_endpoint(fields, "source", where):
        fields["user.name"] = user
        happened(fields, "mail_auth", "failure", reason)


def _trouble(text: str, level: str, fields: Fields) -> None:
    """A full disk, a broken index, a service at its limit, a process that died."""
    if "No space left on device" in text or "Disk quota exceeded" in text:
        happened(fields, "mail_fault", "failure", "disk_full")
    elif "limit" in text and "reached, client connections are being dropped" in text:
        happened(fields, "mail_fault", "failure", "too_many_connections")
    elif level == "Panic: " or "killed with signal" in text:
        happened(fields, "mail_fault", "failure", "crash")
