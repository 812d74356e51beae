"""One mail over SMTP, and at which stage it failed if it did.

Before the last byte of a mail has left, nothing was handed over; after it only the server's answer says whether it was
taken, and without one the mail may have arrived.
"""

import contextlib
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from notifier.sender import Sent

LONGEST_SECONDS = 60.0  #: for one mail from connecting to the last answer, however slow each stage is
GOODBYE_SECONDS = 0.5  #: for the answer to QUIT, which changes nothing any more
_SHORTEST_SECONDS = 0.05  #: a socket's timeout must not be 0, which means: do not wait at all
_REFUSED_FOR_GOOD = 500
_TAKEN, _FORWARDED, _GO_ON = 250, 251, 354
_LONGEST_ANSWER = 200  #: characters of what a server says that are kept


class Security(StrEnum):
    """How the connection is secured."""

    INSECURE = "insecure"
    SSL = "ssl"
    STARTTLS = "starttls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where mail is handed in, and as whom."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = None
    verify: bool = True
    connect_seconds: float = 5.0
    answer_seconds: float = 30.0  #: for each answer


class NotTaken(Exception):
    """The server did not take the mail, or did not say so. The text is for people."""

    def __init__(self, outcome: Sent, text: str) -> None:
        super().__init__(text)
        self.outcome = outcome


class _Refusal(Exception):
    def __init__(self, code: int, said: bytes | str) -> None:
        super().__init__(f"{code} {said.decode(errors='replace') if isinstance(said, bytes) else said}")
        self.code = code


def hand_over(server: Server, sender: str, recipient: str, mail: bytes) -> None:
    """Return once *server* has taken *mail*.

    Raises:
        NotTaken: It has not, or did not say so.
    """
    ends = time.monotonic() + LONGEST_SECONDS
    smtp, stage, is_out = None, "connecting", False
    try:
        smtp = _connected(server)
        for name, command in _stages(server, sender, recipient):
            stage = name
            _in_time(smtp, server, ends)
            command(smtp)
        smtp.send(_dotted(mail))
        stage, is_out = "the end of the mail", True
        smtp.send(b".\r\n")
        _in_time(smtp, server, ends)
        _expect(smtp.getreply(), _TAKEN)
    except (_Refusal, smtplib.SMTPResponseException) as refused:
        raise _not_taken(refused, stage) from None
    except smtplib.SMTPNotSupportedError as error:
        raise NotTaken(Sent.PERMANENT, f"the mail server cannot do {stage}: {error}") from None
    except (OSError, ValueError) as error:  # smtplib's own errors are OSErrors too
        what = f"{type(error).__name__}: {error}"[:_LONGEST_ANSWER]
        raise NotTaken(Sent.UNCERTAIN if is_out else Sent.RETRY, f"no answer to {stage}: {what}") from None
    finally:
        _leave(smtp)


def _connected(server: Server) -> smtplib.SMTP:
    seconds = server.connect_seconds
    if server.security is Security.SSL:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=seconds, context=_tls(server))
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=seconds)
    if smtp.sock is not None:  # the mail and its end are two pieces: neither waits for the other's acknowledgement
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return smtp


def _stages(server: Server, sender: str, recipient: str) -> list[tuple[str, Callable[[smtplib.SMTP], object]]]:
    """What is said before the mail, in order, each with its name."""
    stages: list[tuple[str, Callable[[smtplib.SMTP], object]]] = [("EHLO", lambda smtp: smtp.ehlo_or_helo_if_needed())]
    if server.security is Security.STARTTLS:
        stages.append(("STARTTLS", lambda smtp: smtp.starttls(context=_tls(server))))
        stages.append(("EHLO", lambda smtp: smtp.ehlo_or_helo_if_needed()))
    if server.user and server.password:
        user, password = server.user, server.password
        stages.append(("AUTH", lambda smtp: smtp.login(user, password)))
    stages.append(("MAIL", lambda smtp: _expect(smtp.mail(sender), _TAKEN)))
    stages.append(("RCPT", lambda smtp: _expect(smtp.rcpt(recipient), _TAKEN, _FORWARDED)))
    stages.append(("DATA", lambda smtp: _expect(smtp.docmd("DATA"), _GO_ON)))
    return stages


def _tls(server: Server) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not server.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _in_time(smtp: smtplib.SMTP, server: Server, ends: float) -> None:
    """Wait for the next answer no longer than is left."""
    left = max(_SHORTEST_SECONDS, min(server.answer_seconds, ends - time.monotonic()))
    if smtp.sock is not None:
        smtp.sock.settimeout(left)


def _expect(answer: tuple[int, bytes], *wanted: int) -> None:
    if answer[0] not in wanted:
        raise _Refusal(*answer)


def _not_taken(refused: _Refusal | smtplib.SMTPResponseException, stage: str) -> NotTaken:
    code = refused.code if isinstance(refused, _Refusal) else refused.smtp_code
    said = str(refused) if isinstance(refused, _Refusal) else str(_Refusal(code, refused.smtp_error))
    if code <= 0:  # smtplib's way to say that the connection broke off
        return NotTaken(Sent.RETRY, f"no answer to {stage}")
    outcome = Sent.PERMANENT if code >= _REFUSED_FOR_GOOD else Sent.RETRY
    return NotTaken(outcome, f"the mail server refused {stage}: {said[:_LONGEST_ANSWER]}")


def _dotted(mail: bytes) -> bytes:
    """*mail* with the line ends of the protocol, ended by one, and with lone dots kept from ending it early."""
    lines = mail.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    return b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)


def _leave(smtp: smtplib.SMTP | None) -> None:
    """Say goodbye, without waiting long: whatever comes of it, the mail was taken or not."""
    if smtp is None:
        return
    with contextlib.suppress(OSError, ValueError):
        if smtp.sock is not None:
            smtp.sock.settimeout(GOODBYE_SECONDS)
            smtp.quit()
    smtp.close()
