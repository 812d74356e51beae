"""A message cut to what a channel takes. Pure."""

from collections.abc import Callable
from dataclasses import replace

from notifier import untrusted
from notifier.message import Message

Size = Callable[[str], int]  #: how large a text is in the channel's own measure


def fit(message: Message, *, title_limit: int, body_limit: int, size: Size = len) -> Message:
    """The message within the limits; what is cut says how much is missing. A limit of 0 is none.

    Args:
        size: How the channel measures a body, where it does not count characters.
    """
    body = untrusted.cut(message.body, body_limit) if size is len else _shrunk(message.body, body_limit, size)
    return replace(message, title=untrusted.cut(message.title, title_limit), body=body)


def in_bytes(text: str) -> int:
    """For channels that count what goes over the wire."""
    return len(text.encode(errors="replace"))


def in_utf16(text: str) -> int:
    """For services that count as their programs keep text: most pictures count twice."""
    return len(text.encode("utf-16-le", errors="replace")) // 2


def _shrunk(text: str, limit: int, size: Size) -> str:
    """The longest beginning of *text* of which *size* is at most *limit*, saying how much is missing."""
    if not limit or size(text) <= limit:
        return text
    low, high = 0, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(untrusted.cut_at(text, middle)) <= limit else (low, middle - 1)
    return untrusted.cut_at(text, low)
