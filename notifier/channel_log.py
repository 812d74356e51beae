"""What Apprise says while it loads an address or sends: the only place where it tells why something failed."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, unquote, urlsplit

from notifier.sender import Sent

_EXCEPTION = "Socket Exception"  #: how the debug line of every network error begins
#: What transports say when nothing was handed over.
_NOT_SENT = ("connect timeout", "failed to establish", "refused", "name resolution", "unreachable", "certificate")
#: What they say when the peer may have taken it before it fell silent.
_NO_ANSWER = ("timed out", "connection aborted", "connection reset", "unexpectedly closed", "without response")
#: HTTP answers that pass by themselves, and one behind which the message may have arrived.
_PASSING = frozenset({408, 409, 423, 425, 429})
_GATEWAY_TIMEOUT = 504
#: Answers that say that the request itself cannot be taken: its form may be at fault.
_REFUSED_FORM = frozenset({400, 413, 415, 422})
_FIRST_REFUSAL = 300
_SHORTEST_SECRET = 4


class ChannelLog(logging.Handler):
    """Collects one attempt's lines. Debug lines can hold the message itself: they are judged, never told."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []  #: warnings and errors, fit to be shown once secrets are taken out
        self.wait_seconds = 0.0  #: that the peer asked us to wait
        self._answer: int | None = None  #: status of the last HTTP request
        self._is_whole = True
        self._settled: Sent | None = None
        self._exceptions: list[str] = []
        # An unregistered logger: nothing of it reaches other handlers, and no two deliveries share one.
        self.logger = logging.Logger("apprise", logging.DEBUG)
        self.logger.addHandler(self)

    def add(self, line: str) -> None:
        """Note something that we found ourselves."""
        self.lines.append(line)

    def settle(self, outcome: Sent) -> None:
        """Note how the attempt ended, by a channel that knows."""
        self._settled = outcome

    def asked(self) -> None:
        """An HTTP request begins: what was heard before was about another one."""
        self._answer = None
        self._exceptions.clear()

    def answered(self, status: int, wait_seconds: float, *, whole: bool) -> None:
        """Note how an HTTP request was answered, and whether the answer came to its end."""
        self._answer, self._is_whole, self.wait_seconds = status, whole, wait_seconds

    @property
    def is_refused_form(self) -> bool:
        """Whether the peer refused what we wrote, and might take something simpler."""
        return self._answer in _REFUSED_FORM

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is worth telling or judging."""
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            self.lines.append(text)
        elif text.startswith(_EXCEPTION):
            self._exceptions.append(text.casefold())

    def judged(self) -> Sent:
        """How a failed attempt ended, as far as can be told."""
        if self._settled is not None:
            return self._settled
        if self._answer is not None:
            return _judged_answer(self._answer, is_whole=self._is_whole)
        told = " ".join(self._exceptions)
        if any(words in told for words in _NOT_SENT):
            return Sent.RETRY
        return Sent.UNCERTAIN if any(words in told for words in _NO_ANSWER) else Sent.RETRY


def _judged_answer(status: int, *, is_whole: bool) -> Sent:
    """Of a failed attempt. Some services say "no" with 200: that passes, unless we could not read what they said."""
    if status == _GATEWAY_TIMEOUT:
        return Sent.UNCERTAIN
    if status < _FIRST_REFUSAL:
        return Sent.RETRY if is_whole else Sent.UNCERTAIN
    return Sent.PERMANENT if status < 500 and status not in _PASSING else Sent.RETRY


_listening = threading.local()


def listener() -> ChannelLog | None:
    """Who listens in this thread."""
    found: ChannelLog | None = getattr(_listening, "log", None)
    return found


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
    _listening.log = log
    try:
        yield
    finally:
        _listening.log = None
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
