"""The Clock port: only app.py, the store's writer and the loops hold one; everything else gets ``now``."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as the daemon knows it."""

    def now(self) -> datetime:
        """The present moment, aware UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    async def wait_until(self, moment: datetime, wake: asyncio.Event) -> None:
        """Return at *moment*, or as soon as *wake* is set."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def wait_until(self, moment: datetime, wake: asyncio.Event) -> None:
        """Return at *moment*, or as soon as *wake* is set."""
        seconds = max(0.0, (moment - self.now()).total_seconds())
        # Not asyncio.wait_for: in Python 3.11 it loses a cancellation that comes together with the wake-up.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await wake.wait()
