"""What ntfy can do beyond text: one tap that acknowledges, and how loud it rings."""

import json
from typing import Any

from apprise.plugins.ntfy import NotifyNtfy

from notifier.fitting import in_bytes
from notifier.message import Message, Tone

SCHEMES = ("ntfy", "ntfys")
#: In the measure of `size`: a server takes 4,096 bytes of text, and Apprise turns more than 8,000 bytes of JSON into an
#: attachment, which nobody reads on a lock screen.
LARGEST = 3900
_PRIORITY = {Tone.ALARM: "max", Tone.WARNING: "default", Tone.CALM: "low", Tone.GOOD: "low"}
_TAGS = {
    Tone.ALARM: "rotating_light",
    Tone.WARNING: "warning",
    Tone.CALM: "information_source",
    Tone.GOOD: "white_check_mark",
}


def dressed(url: str, message: Message | None) -> dict[str, Any] | None:
    """The address as Apprise reads it, with what *message* adds; what the address itself says counts first."""
    parsed: dict[str, Any] | None = NotifyNtfy.parse_url(url)  # type: ignore[no-untyped-call]
    if not parsed or message is None:
        return parsed
    ours = {"priority": _PRIORITY[message.tone], "xtags": _TAGS[message.tone]}
    if message.press:
        ours["actions"] = action(message.press)
    return ours | {name: value for name, value in parsed.items() if value not in (None, "")}


def size(text: str) -> int:
    """What counts against `LARGEST`: bytes of text, or half of what it takes in Apprise's JSON, if that is more."""
    return max(in_bytes(text), len(json.dumps(text)) // 2)


def action(press: str) -> str:
    """The button: a POST to our address, made by the phone itself. It goes away once that was answered with success."""
    quoted = press.replace("\\", "\\\\").replace('"', '\\"')
    return f'action=http, label=Acknowledge, url="{quoted}", method=POST, clear=true'
