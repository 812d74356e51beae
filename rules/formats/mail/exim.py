"""Exim's main log and reject log, from syslog or from its own files.

https://www.exim.org/exim-html-current/doc/html/spec_html/ch-log_files.html. ``H=name (helo) [address]:port`` is the
other side: the name is verified, ``helo`` the client's word. HELO holds no blanks unless the operator allows it, so the
first `` [`` behind the brackets of HELO begins the true address.
"""

from collections.abc import Callable
from typing import Any

from rules.event import LogSource
from rules.formats.mail.mail import is_malware, refusal
from rules.formats.reading.addresses import put_endpoint
from rules.formats.reading.program import happened

EXIM = LogSource(category="mail", product="linux", service="exim")

Fields = dict[str, Any]


def tell(message: str, fields: Fields) -> LogSource:
    """Add what a line of Exim tells; a stamp of Exim's own in front of it is left out."""
    if message[4:5] == "-" and message[10:11] == " " and message[13:14] == ":":
        message = message[20:]
    say(message, fields)
    return EXIM


def say(text: str, fields: Fields) -> None:
    """The line without its stamp: ``1rfABC-000abc-1D <= …``, ``H=… rejected RCPT …``."""
    if text[:1] == "[" and text[1:2].isdigit():  # log_selector = +pid
        text = text.partition("] ")[2]
    first, _, rest = text.partition(" ")
    if is_message_id(first):
        fields["mail.queue_id"] = first
        text = rest
        first, _, rest = text.partition(" ")
    sign = _SIGNS.get(first)
    if sign is not None:
        sign(rest, fields)
    elif " authenticator failed for " in text:
        _login_failed(text, fields)
    elif text.startswith("H="):
        _rejected(text, fields)
    elif text.startswith("F=") and " rejected " in text:  # by local_scan
        _rejected(f"H={text.partition(' H=')[2]}", fields)
    else:
        _rest(text, fields)


def is_message_id(text: str) -> bool:
    """``1rfABC-000abc-1D``, or since 4.97 ``1rfABC-00000000abc-1D2f``."""
    if len(text) not in (16, 23) or text[6:7] != "-":
        return False
    return text[-3 if len(text) == 16 else -5] == "-" and text.replace("-", "").isalnum()


def _put_host(text: str, fields: Fields, side: str = "source") -> str:
    """``mx.example (helo) [203.0.113.7]:40022 rest`` -> rest."""
    text = text.removeprefix("H=")
    name, bracket, rest = text.partition("(")
    if bracket and "[" not in name:
        fields["mail.helo"], _, rest = rest.partition(") [")
        name = name.rstrip(" ")
    else:
        name, _, rest = text.partition("[")
    host, _, rest = rest.partition("]")
    port = ""
    if rest[:1] == ":" and rest[1:2].isdigit():
        port = rest[1:7].partition(" ")[0].partition(":")[0]
        rest = rest[1 + len(port) :]
    if put_endpoint(fields, side, host, port) and (name := name.strip(" ")) and " " not in name:
        fields[f"{side}.domain"] = name
    return rest


def _received(text: str, fields: Fields) -> None:
    """``a@b H=mx.b (helo) [203.0.113.7]:40022 P=esmtpsa X=… A=login:bob S=1234 … T="subject" for c@d``.

    The subject may hold anything; what counts stands before it.
    """
    fields["mail.from"], _, rest = text.partition(" ")
    rest = rest.partition(' T="')[0]
    _, found, where = f" {rest}".partition(" H=")
    if found:
        rest = _put_host(where, fields)
    _, found, auth = rest.partition(" A=")
    if found:
        fields["mail.auth"], _, user = auth.partition(" ")[0].partition(":")
        fields["user.name"] = user
    if "source.ip" in fields or "source.domain" in fields:
        happened(fields, "mail_received", "success")
    else:
        happened(fields, "mail_received", "success", "local")


def _delivery(outcome: str, reason: str) -> Callable[[str, Fields], None]:
    def delivered(text: str, fields: Fields) -> None:
        """``c@d <C@D> R=dnslookup T=remote_smtp H=mx.d [198.51.100.9] X=… C="250 OK"``."""
        fields["mail.to"], _, rest = text.partition(" ")
        fields["mail.to"] = fields["mail.to"].rstrip(":")
        head, _, answer = rest.partition(' C="')
        _, found, where = f" {head}".partition(" H=")
        if found:
            _put_host(where, fields, "destination")
        if rest[:1] == "<":
            fields["mail.original_to"] = rest[1:].partition(">")[0]
        _, transport, name = f" {head}".partition(" T=")
        if transport:
            fields["mail.relay"] = name.partition(" ")[0]
        if answer:
            fields["mail.answer"] = answer.rstrip('"')
        happened(fields, "mail_delivery", outcome, reason)

    return delivered


_SIGNS: dict[str, Callable[[str, Fields], None]] = {
    "<=": _received,
    "=>": _delivery("success", "sent"),
    "->": _delivery("success", "sent"),
    ">>": _delivery("success", "sent"),
    "==": _delivery("unknown", "deferred"),
    "**": _delivery("failure", "bounced"),
}


def _login_failed(text: str, fields: Fields) -> None:
    """``login authenticator failed for (helo) [203.0.113.7]:40022: 535 Incorrect authentication data (set_id=bob)``."""
    fields["mail.auth"], _, where = text.partition(" authenticator failed for ")
    rest = _put_host(where, fields)
    _, found, user = rest.partition("(set_id=")
    if found:
        fields["user.name"] = user.rpartition(")")[0]
    temporary = rest.startswith(": 435 ") or " 435 " in rest[:6]
    happened(fields, "mail_login", "failure", "unavailable" if temporary else "wrong_credentials")


def _rejected(text: str, fields: Fields) -> None:
    """``H=(helo) [203.0.113.7] F=<a@b> rejected RCPT <c@d>: relay not permitted``."""
    head, _, what = text.partition(" temporarily rejected " if " temporarily rejected " in text else " rejected ")
    rest = _put_host(head, fields)
    fields["mail.from"] = rest.partition("F=<")[2].partition(">")[0]
    if not what:
        _refused_otherwise(rest, fields)
        return
    stage, found, why = what.partition(": ")
    if stage.startswith("RCPT "):
        fields["mail.to"] = stage[5:].strip("<>")
    if stage.startswith("after DATA") and is_malware(why):
        happened(fields, "mail_malware", "failure", why)
    else:
        happened(fields, "mail_reject", "failure", refusal(why if found else what))


def _refused_otherwise(rest: str, fields: Fields) -> None:
    """``sender verify fail for <a@b>: Unrouteable address``, ``dropped by 'connect' ACL: …``."""
    _, found, why = rest.partition(" sender verify fail for ")
    if found:
        fields["mail.from"] = why.partition(">")[0].removeprefix("<")
        happened(fields, "mail_reject", "failure", "bad_sender")
    elif " dropped by " in rest:
        happened(fields, "mail_reject", "failure", refusal(rest.partition(" dropped by ")[2]))


#: how a line begins -> action, reason
CLIENTS = {
    "SMTP connection from ": ("mail_connect", ""),
    "SMTP call from ": ("mail_disconnect", "too_many_errors"),
    "SMTP protocol synchronization error": ("mail_probe", ""),
    "SMTP protocol error in ": ("mail_probe", ""),
    "SMTP syntax error in ": ("mail_probe", ""),
    "SMTP command timeout on connection from ": ("mail_disconnect", "timeout"),
    "unexpected disconnection while reading SMTP command from ": ("mail_disconnect", "lost"),
    "no MAIL in SMTP connection from ": ("mail_disconnect", "no_mail"),
    "TLS error on connection from ": ("mail_disconnect", "tls_error"),
}


def _rest(text: str, fields: Fields) -> None:
    """A connection that began or ended, a client that speaks no SMTP (its words may hold ``H=`` too), a full disk."""
    start = next((one for one in CLIENTS if text.startswith(one)), "")
    if start:
        action, reason = CLIENTS[start]
        if start.endswith(" error in "):  # quotes what the client sent
            _put_host(text.rpartition('" H=')[2], fields)
        elif text.count(" H=") == 1:
            _put_host(text.partition(" H=")[2], fields)
        elif start.endswith(" from "):
            _put_host(text[len(start) :], fields)
        happened(fields, action, "unknown", reason)
    elif "No space left on device" in text or text.startswith("spool or log: "):
        happened(fields, "mail_fault", "failure", "disk_full")
