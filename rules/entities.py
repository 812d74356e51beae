"""Who and what an event is about, as text that every database and every page can bear."""

import hashlib
from typing import Any, Final

from rules.event import Event
from rules.match import MISSING, lookup

MAX_VALUE_CHARS: Final = 256


def clean(text: str) -> str:
    """*text* without what UTF-8 or a database refuses: lone surrogates (broken bytes) and NUL become escapes."""
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text.replace("\0", "\\x00") if "\0" in text else text


def shortened(text: str) -> str:
    """*text* cleaned, and bounded: what an attacker can make a megabyte long keeps its head and a hash of the whole."""
    text = clean(text)
    if len(text) <= MAX_VALUE_CHARS:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{text[: MAX_VALUE_CHARS - 24]}…#{digest}"


def value_of(event: Event, field: str) -> str | None:
    """The value of *field* as text; None if the event lacks it, or has null or an empty text there."""
    found = lookup(event.fields, field)
    if found is MISSING or found is None or found == "":
        return None
    return shortened(_as_text(found))


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(_as_text(part) for part in value)
    return str(value)
