"""What Apprise says while it loads an address or sends: the only place where it tells why something failed."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, unquote, urlsplit

import re2

from notifier.sender import Sent

_EXCEPTION = "Socket Exception"  #: how the debug line of every network error begins
_HTTP_ANSWER = re2.compile(r"error=(\d{3})\b")
_SMTP_REFUSAL = re2.compile(r"\((5\d\d), ")
#: What transports say when nothing was handed over.
_NOT_SENT = ("connect timeout", "failed to establish", "refused", "name resolution", "unreachable", "certificate")
#: What they say when the peer may have taken it before it fell silent.
_NO_ANSWER = ("timed out", "connection aborted", "connection reset", "unexpectedly closed", "without response")
#: HTTP answers that pass by themselves, and one behind which the message may have arrived.
_PASSING = frozenset({"408", "409", "423", "425", "429"})
_GATEWAY_TIMEOUT = "504"
_SHORTEST_SECRET = 4


class ChannelLog(logging.Handler):
    """Collects one attempt's lines. Debug lines can hold the message itself: they are judged, never told."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []  #: warnings and errors, fit to be shown once secrets are taken out
        self._exceptions: list[str] = []
        # An unregistered logger: nothing of it reaches other handlers, and no two deliveries share one.
        self.logger = logging.Logger("apprise", logging.DEBUG)
        self.logger.addHandler(self)

    def add(self, line: str) -> None:
        """Note something that we found ourselves."""
        self.lines.append(line)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is worth telling or judging."""
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            self.lines.append(text)
        elif text.startswith(_EXCEPTION):
            self._exceptions.append(text.casefold())

    def judged(self) -> Sent:
        """How a failed attempt ended, as far as can be told."""
        answers = _HTTP_ANSWER.findall(" ".join(self.lines))
        if answers:
            return _judged_answer(answers[-1])
        told = " ".join(self._exceptions)
        if _SMTP_REFUSAL.search(told):
            return Sent.PERMANENT
        if any(words in told for words in _NOT_SENT):
            return Sent.RETRY
        return Sent.UNCERTAIN if any(words in told for words in _NO_ANSWER) else Sent.RETRY


def _judged_answer(code: str) -> Sent:
    if code == _GATEWAY_TIMEOUT:
        return Sent.UNCERTAIN
    return Sent.PERMANENT if code[0] in "34" and code not in _PASSING else Sent.RETRY


@contextmanager
def heard(log: ChannelLog) -> Iterator[None]:
    """Hand what Apprise's own logger says in this thread to *log* alone: it may hold parts of an address."""
    shared = logging.getLogger("apprise")
    thread = threading.get_ident()

    def divert(record: logging.LogRecord) -> bool:
        if record.thread != thread:
            return True
        log.emit(record)
        return False

    shared.addFilter(divert)
    try:
        yield
    finally:
        shared.removeFilter(divert)


def without_secrets(text: str, url: str) -> str:
    """*text* without any part of *url* that could be secret, which is all of it but its scheme and option names."""
    if url.startswith("tocsin-"):
        return text  # a stream or a path
    for part in sorted(_parts(url), key=len, reverse=True):
        text = text.replace(part, "****")
    return text


def _parts(url: str) -> set[str]:
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    values = {value for _, value in parse_qsl(urlsplit(f"//{rest}").query)}
    names = {scheme, *(name for name, _ in parse_qsl(urlsplit(f"//{rest}").query))}
    pieces = values | {rest}
    for mark in "/:@?&=#,; ":
        pieces |= {piece for whole in pieces for piece in whole.split(mark)}
    pieces |= {unquote(piece) for piece in pieces}
    return {piece for piece in pieces if len(piece) >= _SHORTEST_SECRET} - names
