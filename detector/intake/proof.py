"""What all ways of showing that one may hand in have in common. Pure."""

import hmac
from datetime import datetime, timedelta
from typing import Final

#: How far a signed time may be from ours.
WINDOW: Final = timedelta(minutes=5)


class NotVerified(Exception):
    """The request does not show that it may hand in. The message is for our log, never for the sender."""


def encoded(text: str) -> bytes:
    """*text* of a header as bytes. One that is no UTF-8 differs from any secret; it is no fault of ours."""
    return text.encode(errors="surrogatepass")


def same(given: bytes, wanted: bytes) -> None:
    """Raise unless both are the same; takes as long whichever byte differs."""
    if not wanted or not hmac.compare_digest(given, wanted):
        raise NotVerified("the secret is not the one that is asked for")


def recent(moment: datetime, now: datetime, *, what: str, window: timedelta = WINDOW) -> None:
    """Raise unless a signed time is near ours."""
    if abs(now - moment) > window:
        raise NotVerified(f"{what} is more than {window.total_seconds() / 60:.0f} minutes from now")
