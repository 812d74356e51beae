"""Stand-ins for the outside: a clock that is told, a channel that remembers."""

import asyncio
import contextlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notifier.message import Message
    from notifier.sender import SendResult

#: Where fake time begins: a Monday morning, far from any change of year or clocks.
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FakeClock:
    """Time stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._monotonic = 1000.0
        self._waiting: list[tuple[datetime, asyncio.Event]] = []

    def now(self) -> datetime:
        """The present moment, aware UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass, and wake who waits for a moment that is reached."""
        self._monotonic += seconds
        self.set(self._now + timedelta(seconds=seconds))

    def set(self, now: datetime) -> None:
        """Set the clock, forwards or back, as an administrator may."""
        self._now = now
        for moment, due in self._waiting:
            if moment <= now:
                due.set()

    @property
    def waiting_until(self) -> list[datetime]:
        """The moments that somebody waits for, earliest first."""
        return sorted(moment for moment, due in self._waiting if not due.is_set())

    async def wait_until(self, moment: datetime, wake: asyncio.Event) -> None:
        """Return at *moment*, or as soon as *wake* is set."""
        if moment <= self._now or wake.is_set():
            return
        due = asyncio.Event()
        entry = (moment, due)
        self._waiting.append(entry)
        waits = [asyncio.ensure_future(due.wait()), asyncio.ensure_future(wake.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting.remove(entry)
            for wait in waits:
                wait.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*waits, return_exceptions=True)


@dataclass(slots=True)
class FakeSender:
    """Remembers what it was asked to send, and answers as told: in turn, the last answer for ever."""

    answers: Iterable["SendResult"]
    sent: list[tuple[str, "Message"]] = field(default_factory=list)
    hold: threading.Event | None = None  #: if given, a send returns only once it is set

    def send(self, url: str, message: "Message") -> "SendResult":
        """Remember, wait if told to, answer."""
        self.sent.append((url, message))
        if self.hold is not None:
            self.hold.wait(10)
        answers = list(self.answers)
        return answers[min(len(self.sent), len(answers)) - 1]

    def channel(self, url: str) -> str:
        """The destination behind *url*: its scheme and host."""
        return "/".join(url.split("/")[:3])

    def check(self, url: str) -> list[str]:
        """Nothing is ever wrong with an address."""
        return []
