"""What Apprise's HTTP channels may take from a peer, and what the peer said: status and when to come again.

Apprise hands each request to `requests` and tells of the answer only a sentence, in words that differ per channel.
So the session that `requests` makes for it is one of ours: it reads no more than a bounded answer in bounded time, and
notes the status and Retry-After for whoever listens in this thread.
"""

import time
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import requests
from requests.sessions import Session

from notifier.channel_log import listener

MOST_BYTES = 1 << 20  #: of an answer; more says nothing to us
LONGEST_SECONDS = 20.0  #: for an answer's body, however slowly it drips
LONGEST_WAIT_SECONDS = 3600.0  #: that a peer may ask for
_PIECE = 16384
_TOO_MANY = 429


class BoundedSession(Session):
    """A session whose answers are bounded and noted."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send, and read the answer within bounds."""
        log = listener()
        if log is not None:
            log.asked()
        response = super().send(request, **(kwargs | {"stream": True}))
        whole = _read(response)
        if log is not None:
            log.answered(response.status_code, wait_of(response), whole=whole)
        return response


def install() -> None:
    """Have `requests` use our session. Doing it twice changes nothing."""
    requests.sessions.Session = BoundedSession  # type: ignore[misc]
    requests.Session = BoundedSession  # type: ignore[misc]


def wait_of(response: requests.Response) -> float:
    """How many seconds the peer asks us to wait before we come again; 0 if it does not say."""
    header = response.headers.get("Retry-After", "").strip()
    seconds = _seconds(header) if header else 0.0
    if not seconds and response.status_code == _TOO_MANY:
        seconds = _said_in(response.content)
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)


def _seconds(header: str) -> float:
    """Seconds, or a date, which is compared with the wall clock because that is what the peer did."""
    try:
        return float(header) if header[0].isdigit() else parsedate_to_datetime(header).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0


class _Parameters(msgspec.Struct, frozen=True):
    retry_after: float = 0.0


class _Limited(msgspec.Struct, frozen=True):
    """Discord says it at the top, Telegram one level below."""

    retry_after: float = 0.0
    parameters: _Parameters = _Parameters()


def _said_in(body: bytes) -> float:
    try:
        said = msgspec.json.decode(body, type=_Limited)
    except msgspec.MsgspecError:
        return 0.0
    return said.retry_after or said.parameters.retry_after


def _read(response: requests.Response) -> bool:
    """Put the answer's body into *response*; False if only a part of it came within bounds."""
    ends, body, whole = time.monotonic() + LONGEST_SECONDS, bytearray(), False
    try:
        while len(body) <= MOST_BYTES and time.monotonic() < ends:
            piece = response.raw.read1(_PIECE, decode_content=True)
            if not piece:
                whole = True
                break
            body += piece
    except Exception:  # whatever breaks an answer's body off: its status has been said
        whole = False
    finally:
        response._content = bytes(body[:MOST_BYTES])
        response._content_consumed = True
        response.close()
    return whole
