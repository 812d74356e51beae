"""ProFTPD: ``web1 (name[203.0.113.7]) - USER bob (Login failed): Incorrect password``.

http://www.proftpd.org/docs/howto/Logging.html. The client's address is in front of everything that the client says, so
the first bracket counts; what is said of a user stands behind the name, so the last mark counts.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.ftp.ftp import PROFTPD
from rules.formats.host import pam
from rules.formats.reading.addresses import address, put_endpoint
from rules.formats.reading.program import happened

Fields = dict[str, Any]


def tell(message: str, fields: Fields) -> LogSource:
    """Add what a message of ProFTPD tells."""
    if message.startswith("pam_"):
        pam.tell(message, fields)
        return PROFTPD
    head, found, text = message.partition(" - ")
    if not found:
        return PROFTPD
    of_session(head, text, fields)
    return PROFTPD


def of_session(head: str, text: str, fields: Fields) -> None:
    """What a session says; *head* is ``web1.example (name[203.0.113.7])``, or only the server outside a session."""
    name, found, where = head.partition(" (")[2].partition("[")
    is_address = put_endpoint(fields, "source", where.partition("]")[0]) if found else False
    if is_address and address(name) is None and "." in name and " " not in name:
        fields["source.domain"] = name
    _session(text, fields)


#: words behind ``(Login failed): `` -> event.reason
REASONS = {
    "Incorrect password": "wrong_credentials",
    "No such user found": "invalid_user",
    "no such user found": "invalid_user",
    "Invalid shell": "not_allowed",
    "User in ": "not_allowed",
    "Limit ": "not_allowed",
    "Account is disabled": "not_allowed",
    "Password expired": "not_allowed",
}


def _session(text: str, fields: Fields) -> None:
    """One line, one meaning; ``no such user found from`` and ``(Login failed): No such user`` may be one attempt."""
    kind, _, rest = text.partition(" ")
    if kind in ("USER", "ANON"):
        _user(rest, fields)
    elif text.startswith("SECURITY VIOLATION"):
        fields["user.name"] = "root"
        happened(fields, "ftp_login", "failure", "root_login")
    elif text.startswith("Maximum login attempts ("):
        happened(fields, "ftp_max_attempts", "failure", "too_many_attempts")
    elif text.startswith("FTP session opened"):
        happened(fields, "ftp_connect")
    elif text.startswith(
        ("FTP session closed", "FTP login timed out", "FTP no transfer timeout", "Data transfer stall")
    ):
        happened(fields, "ftp_disconnect")
    elif text.startswith("Connection refused"):
        happened(fields, "ftp_connect", "failure", "refused")


def _user(text: str, fields: Fields) -> None:
    """``bob: Login successful.``; ``bob (Login failed): Incorrect password.``; ``bob: no such user found from …``."""
    user, failed, why = text.rpartition(" (Login failed): ")
    if failed:
        reason = next((word for start, word in REASONS.items() if why.startswith(start)), why.rstrip("."))
        fields["user.name"] = user
        happened(fields, "ftp_login", "failure", reason)
    elif text.endswith(": Login successful."):
        fields["user.name"] = text[:-19]
        happened(fields, "ftp_login", "success")
    elif ": no such user found from " in text:
        fields["user.name"] = text.rpartition(": no such user found from ")[0]
        happened(fields, "ftp_invalid_user", "failure", "invalid_user")
