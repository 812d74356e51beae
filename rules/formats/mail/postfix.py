"""Postfix: who came, who was refused, what was taken, and what became of it.

Written as ``postfix/smtpd[812]: …`` (https://www.postfix.org/postconf.5.html#syslog_name), also with a service between
(``postfix/submission/smtpd``) or an instance (``postfix-out/smtp``). A client's address stands in brackets behind its
verified name and before anything that the client said, so the first bracket counts; HELO, sender and recipient, which a
client makes up, stand behind it.
"""

from collections.abc import Callable
from typing import Any

from rules.event import LogSource
from rules.formats.mail.mail import is_malware, refusal
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.program import happened

POSTFIX = LogSource(category="mail", product="linux", service="postfix")

Fields = dict[str, Any]

LONGEST_QUEUE_ID = 20


def tell(message: str, fields: Fields) -> LogSource:
    """Add what a message of one of Postfix's daemons tells."""
    head, found, rest = message.partition(": ")
    if found and _is_queue_id(head):
        if head != "NOQUEUE":
            fields["mail.queue_id"] = head
    else:
        rest = message
    first, _, more = rest.partition(" ")
    say = _FIRST_WORDS.get(first)
    if say is not None:
        say(more, fields)
    elif first.startswith("client="):
        _client(rest[7:], fields)
    elif first.startswith("to=<"):
        _delivery(rest[4:], fields)
    elif first.startswith("from=<"):
        _queued(rest[6:], fields)
    return POSTFIX


def _is_queue_id(text: str) -> bool:
    """``4TmPkQ2bXz``, ``A1B2C3D4E5``, ``NOQUEUE``; ``warning`` and its like are written in small letters."""
    return 5 < len(text) <= LONGEST_QUEUE_ID and text.isascii() and text.isalnum() and not text.islower()


def _put_client(text: str, fields: Fields) -> str:
    """``mail.example.org[203.0.113.7]:40022 …``; returns what stands behind."""
    name, _, rest = text.partition("[")
    host, _, rest = rest.partition("]")
    port = ""
    if rest[:1] == ":" and rest[1:2].isdigit():
        port = rest[1:7].partition(" ")[0].partition(":")[0].partition(",")[0]
        rest = rest[1 + len(port) :]
    if put_endpoint(fields, "source", host, port) and name not in ("", "unknown") and " " not in name:
        fields["source.domain"] = name
    return rest


def _client(text: str, fields: Fields) -> None:
    """``unknown[203.0.113.7], sasl_method=LOGIN, sasl_username=bob``: a message begins."""
    rest = _put_client(text, fields)
    _, method, rest = rest.partition(", sasl_method=")
    if method:
        fields["mail.auth"], _, user = rest.partition(", sasl_username=")
        fields["user.name"] = user.partition(", sasl_sender=")[0]
    happened(fields, "mail_received", "success")


def _queued(text: str, fields: Fields) -> None:
    """``a@b>, size=1234, nrcpt=1 (queue active)``; ``a@b>, status=expired, returned to sender``."""
    fields["mail.from"], _, rest = text.partition(">, ")
    if rest.startswith("status=expired"):
        happened(fields, "mail_delivery", "failure", "expired")
    elif rest.startswith("size="):
        if (count := number(rest.partition(" nrcpt=")[2].partition(" ")[0])) is not None:
            fields["mail.recipients"] = count
        happened(fields, "mail_queued")


#: Postfix's word -> (outcome, event.reason)
STATUS = {
    "sent": ("success", "sent"),
    "deliverable": ("success", "deliverable"),
    "deferred": ("unknown", "deferred"),
    "bounced": ("failure", "bounced"),
    "undeliverable": ("failure", "bounced"),
    "expired": ("failure", "expired"),
}


def _delivery(text: str, fields: Fields) -> None:
    """``c@d>, relay=mx.d[198.51.100.9]:25, delay=1, delays=…, dsn=2.0.0, status=sent (250 OK)``.

    The other server's answer is last and may hold anything, so what is asked is asked from the left.
    """
    fields["mail.to"], _, rest = text.partition(">, ")
    if rest.startswith("orig_to=<"):
        fields["mail.original_to"], _, rest = rest[9:].partition(">, ")
    relay, _, rest = rest.removeprefix("relay=").partition(", ")
    name, _, where = relay.partition("[")
    host, _, port = where.partition("]:")
    if where:
        put_endpoint(fields, "destination", host, port)
    fields["mail.relay"] = name
    status, _, answer = rest.partition("status=")[2].partition(" ")
    outcome, reason = STATUS.get(status, ("unknown", status))
    if answer:
        fields["mail.answer"] = answer.strip("()")
    happened(fields, "mail_delivery", outcome, reason)


def _reject(text: str, fields: Fields) -> None:
    """``RCPT from unknown[203.0.113.7]: 554 5.7.1 <c@d>: Relay access denied; from=<a@b> to=<c@d> … helo=<h>``."""
    stage, _, where = text.partition(" from ")
    rest = _put_client(where, fields)
    said, _, envelope = rest.removeprefix(": ").partition("; from=<")
    if envelope:
        fields["mail.from"], _, behind = envelope.partition(">")
        fields["mail.to"] = behind.partition("to=<")[2].partition(">")[0]
        fields["mail.helo"] = behind.rpartition(" helo=<")[2].removesuffix(">")
    _, found, verdict = said.partition(">: ")
    reason = refusal(verdict if found else said)
    if stage.startswith("END-OF-MESSAGE") and is_malware(said):
        happened(fields, "mail_malware", "failure", said)
    else:
        happened(fields, "mail_reject", "failure", reason)


def _warning(text: str, fields: Fields) -> None:
    """A failed login, a client that is too fast or speaks no SMTP, or trouble of our own."""
    client, found, said = text.partition(": SASL ")
    if found and "]" in client[-8:]:
        _login_failed(client, said, fields)
    elif " limit exceeded: " in text[:60] and text.startswith(("Connection ", "Message ", "Recipient ", "New TLS ")):
        _put_client(text.partition(" from ")[2], fields)
        happened(fields, "mail_reject", "failure", "rate_limited")
    elif text.startswith("non-SMTP command from "):
        _put_client(text[22:], fields)
        happened(fields, "mail_probe")
    elif text.startswith("mail_queue_enter: "):
        _fault(text, fields)


def _login_failed(client: str, said: str, fields: Fields) -> None:
    """``unknown[203.0.113.7]: SASL LOGIN authentication failed: …, sasl_username=bob``."""
    method, found, why = said.partition(" authentication failed:")
    if not found:
        return
    _put_client(client, fields)
    fields["mail.auth"] = method
    why, _, user = why.lstrip(" ").partition(", sasl_username=")
    if user:
        fields["user.name"] = user
    temporary = why.startswith(("Connection lost to authentication server", "generic failure"))
    happened(fields, "mail_login", "failure", "unavailable" if temporary else "wrong_credentials")


def _fault(text: str, fields: Fields) -> None:
    """``fatal:``, ``panic:``; a full disk is worth a word of its own."""
    happened(fields, "mail_fault", "failure", "disk_full" if "No space left on device" in text else "fatal")


def _event(action: str, after: str, reason: str = "", outcome: str = "unknown") -> Callable[[str, Fields], None]:
    """A line of which only the client, who stands behind *after*, is worth noting."""

    def say(text: str, fields: Fields) -> None:
        _, found, where = f" {text}".partition(after)
        if found:
            _put_client(where, fields)
            happened(fields, action, outcome, reason)

    return say


def _lost(text: str, fields: Fields) -> None:
    """``connection after AUTH from unknown[203.0.113.7]``."""
    what, found, where = text.partition(" from ")
    if found and what.startswith(("connection after ", "after ", "errors after ")):
        _put_client(where, fields)
        happened(fields, "mail_disconnect", "unknown", f"lost {what}" if what[0] == "c" else what)


_FIRST_WORDS: dict[str, Callable[[str, Fields], None]] = {
    "reject:": _reject,
    "reject_warning:": lambda text, fields: None,  # it was let pass
    "milter-reject:": _reject,
    "warning:": _warning,
    "fatal:": _fault,
    "panic:": _fault,
    "connect": _event("mail_connect", " from "),
    "CONNECT": _event("mail_connect", " from "),
    "disconnect": _event("mail_disconnect", " from "),
    "DISCONNECT": _event("mail_disconnect", " "),
    "lost": _lost,
    "timeout": _lost,
    "too": _event("mail_disconnect", " from ", "too_many_errors", "failure"),
    "improper": _event("mail_probe", " from "),
    "PREGREET": _event("mail_probe", " from "),
    "COMMAND": _event("mail_disconnect", " from ", "too_slow"),
    "HANGUP": _event("mail_disconnect", " from "),
    "DNSBL": _event("mail_probe", " for ", "blocklisted"),  # what is refused gets a line of its own
    "SSL_accept": _event("mail_disconnect", " from ", "tls_error"),
}
