"""What a program's parser is."""

from collections.abc import Callable
from typing import Any

from rules.event import LogSource

#: (message, fields to add to) -> the log source of the line. Never raises; text from outside.
Tell = Callable[[str, dict[str, Any]], LogSource]


def happened(fields: dict[str, Any], action: str, outcome: str = "unknown", reason: str = "") -> None:
    """Put ``event.action``, ``event.outcome`` and, if there is one, ``event.reason`` into *fields*."""
    fields["event.action"] = action
    fields["event.outcome"] = outcome
    if reason:
        fields["event.reason"] = reason
