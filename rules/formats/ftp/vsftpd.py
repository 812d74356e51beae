"""vsftpd: ``[bob] FAIL LOGIN: Client "203.0.113.7"``, ``[bob] OK UPLOAD: Client "203.0.113.7", "/x", 12 bytes, …``.

https://security.appspot.com/vsftpd/vsftpd_conf.html (vsftpd_log_file, dual_log_enable). A user name may hold anything,
also what looks like the rest of such a line: of a login the last mark counts, and nothing may follow it but the
password that an anonymous user gave. Transfers happen after a login: there the name is a real one, and a file's name
may hold anything, so the first mark counts.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.ftp.ftp import VSFTPD
from rules.formats.host import pam
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.program import happened

Fields = dict[str, Any]

CLIENT = ': Client "'
LOGINS = {"] OK LOGIN": "success", "] FAIL LOGIN": "failure"}
#: What may stand behind the client's address: nothing, or why a list of users keeps this one out.
LISTED = ("", ', "User is not in the allow user list."', ', "User is in the deny user list."')
#: vsftpd's verb -> event.action
VERBS = {
    "UPLOAD": "ftp_upload",
    "APPEND UPLOAD": "ftp_upload",
    "DOWNLOAD": "ftp_download",
    "DELETE": "ftp_delete",
    "RENAME": "ftp_rename",
    "MKDIR": "ftp_mkdir",
    "RMDIR": "ftp_rmdir",
    "CHMOD": "ftp_chmod",
}


def tell(message: str, fields: Fields) -> LogSource:
    """Add what a message of vsftpd tells."""
    if message.startswith("pam_"):
        pam.tell(message, fields)
    elif message.startswith(("(pam_unix) authentication failure; ", "authentication failure; ")):
        pam.failure(message, fields)
    elif message.startswith('CONNECT: Client "'):
        _put_client(message[17:], fields)
        happened(fields, "ftp_connect")
    elif message[:1] == "[" and not _login(message, fields):
        _transfer(message, fields)
    return VSFTPD


def _put_client(text: str, fields: Fields) -> str:
    """``203.0.113.7", more`` -> what stands behind the quote."""
    host, _, rest = text.partition('"')
    put_endpoint(fields, "source", host)
    return rest


def _login(message: str, fields: Fields) -> bool:
    """Whether the line tells of a login."""
    at, mark = max((message.rfind(mark + CLIENT), mark) for mark in LOGINS)
    where = message[at + len(mark) + len(CLIENT) :]
    behind = where.partition('"')[2]
    if at < 0 or not (behind in LISTED or behind.startswith(', anon password "')):
        return False
    _put_client(where, fields)
    fields["user.name"] = message[1:at]
    outcome = LOGINS[mark]
    happened(fields, "ftp_login", outcome, "wrong_credentials" if outcome == "failure" else "")
    return True


def _transfer(message: str, fields: Fields) -> None:
    """``[bob] OK UPLOAD: Client "203.0.113.7", "/www/x.php", 1234 bytes, 12.3Kbyte/sec``."""
    user, _, rest = message[1:].partition("] ")
    deed, found, where = rest.partition(CLIENT)
    outcome, _, verb = deed.partition(" ")
    action = VERBS.get(verb)
    if not found or action is None or outcome not in ("OK", "FAIL"):
        return
    fields["user.name"] = user
    path, _, rest = _put_client(where, fields).removeprefix(', "').rpartition('"')
    fields["file.path"] = path
    if (size := number(rest.removeprefix(", ").partition(" bytes")[0])) is not None:
        fields["file.size"] = size
    happened(fields, action, "success" if outcome == "OK" else "failure")
