"""Is it still going on? Said from the lines that are kept: the latest ones, whatever came before. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from notifier.message import duration

NOW = timedelta(minutes=5)  #: what counts as going on


def pace(times: Sequence[datetime], last_seen: datetime, now: datetime) -> tuple[bool, str]:
    """Whether it goes on, and how fast, as one sentence without a full stop.

    Args:
        times: Of the latest lines that are kept, in order; more may have come between them, never after.
        last_seen: The newest event, whether or not its line is kept.
    """
    quiet = now - last_seen
    if quiet > NOW:
        return False, f"nothing for {duration(quiet)}"
    recent = [one for one in times if one > now - NOW]
    if len(recent) < 2:
        return True, f"one event in the last {duration(NOW)}" if recent else f"events in the last {duration(NOW)}"
    minutes = max((recent[-1] - recent[0]).total_seconds(), 1.0) / 60
    rate = (len(recent) - 1) / minutes
    shown = f"{rate:,.0f} a minute" if rate >= 1 else f"{rate * 60:,.0f} an hour"
    return True, f"about {shown} now"
