"""Mail: Apprise reads the address and writes the MIME text; the headers of a thread and the handing over are ours.

Apprise's own mail channel does not tell at which stage a server failed, and gives each mail a Message-ID of its own.
Ours is the same whenever a delivery is sent again, so that a mail server which has it already may drop the second one,
and all mails to one recipient about one incident refer to one id, so that clients show them as one thread.
"""

import email
import warnings
from typing import Any

from apprise import NotifyFormat, NotifyType

from notifier.channel_log import ChannelLog
from notifier.message import Message, Tone
from notifier.smtp import NotTaken, Security, Server, hand_over

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of a module that Apprise tries to import
    from apprise.plugins.email import NotifyEmail

SCHEMES = ("mailto", "mailtos")
ANSWER_SECONDS = 30.0  #: for each answer of the server: many look into a mail before they take it
_PRIORITY = {Tone.ALARM: "1 (Highest)"}


class MailChannel(NotifyEmail):  # type: ignore[no-untyped-call]
    """One mail to one recipient.

    Args:
        log: Gets what happened and how the attempt ended.
        message: What is sent; None where only the address is looked at.
        parsed: The address, as Apprise reads it.
    """

    def __init__(self, *, log: ChannelLog, message: Message | None, **parsed: Any) -> None:
        super().__init__(**parsed)  # type: ignore[no-untyped-call]
        self._log = log
        self._message = message
        self._answer_seconds = float(parsed["rto"]) if parsed.get("rto") else ANSWER_SECONDS

    def send(  # type: ignore[override]
        self, body: str, title: str = "", notify_type: NotifyType = NotifyType.INFO, **_: Any
    ) -> bool:
        """Hand it over; the log gets to know at which stage it failed."""
        ours = _headers(self._message, self._domain()) if self._message else {}
        theirs = {name: value for name, value in self.headers.items() if name.casefold() not in _folded(ours)}
        (mail,) = NotifyEmail.prepare_emails(
            subject=title,
            body=body,
            notify_format=NotifyFormat.TEXT,
            from_addr=self.from_addr,
            to=self.targets[:1],
            reply_to=self.reply_to,
            smtp_host=self._domain(),
            headers=theirs,
            names=self.names,
            pgp=self.pgp,
            pgp_mode=self.pgp_mode,
            tzinfo=self.tzinfo,
        )
        try:
            hand_over(self._server(), str(self.from_addr[1]), mail.recipient, _with(mail.body, ours))
        except NotTaken as failed:
            self._log.settle(failed.outcome)
            self._log.add(str(failed))
            return False
        return True

    def _server(self) -> Server:
        return Server(
            host=self.smtp_host,
            port=self.port or 0,
            security=Security(self.secure_mode or Security.INSECURE),
            user=self.user,
            password=self.password,
            verify=self.verify_certificate,
            connect_seconds=self.socket_connect_timeout,
            answer_seconds=min(self._answer_seconds, ANSWER_SECONDS),
        )

    def _domain(self) -> str:
        """The sender's domain, which makes ids of ours unlike anybody else's."""
        domain = str(self.from_addr[1]).rpartition("@")[2]
        return domain.encode("ascii", "ignore").decode() or "localhost"


def _headers(message: Message, domain: str) -> dict[str, str]:
    """What says which mails belong together, and that a machine wrote them."""
    headers = {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Tocsin": message.visible_id or "message",
    }
    if message.thread:
        root = f"<{message.thread}@{domain}>"
        headers |= {"In-Reply-To": root, "References": root}
        headers["Message-ID"] = f"<{message.visible_id.lower()}.{message.thread}@{domain}>"
    if message.tone in _PRIORITY:
        headers |= {"X-Priority": _PRIORITY[message.tone], "Importance": "High"}
    return headers


def _with(mail: str, headers: dict[str, str]) -> bytes:
    """The mail with each of *headers* once."""
    parsed = email.message_from_string(mail)
    for name, value in headers.items():
        del parsed[name]
        parsed[name] = value
    return parsed.as_bytes()


def _folded(headers: dict[str, str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in headers)
