"""Who watches the watcher: tells systemd that we live, only while everything that must advance does."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from detector.metrics import Metrics
from detector.systemd import Systemd
from store.clock import Clock

log = structlog.get_logger()

BEAT_SECONDS = 1.0
STUCK_SECONDS = 60.0  # a batch may take 30 s before the engine is restarted, a commit as long as the disk needs


class Heartbeat:
    """Beats once a second; measures how late the event loop runs on the way."""

    def __init__(self, clock: Clock, metrics: Metrics, systemd: Systemd, advanced_at: Callable[[], float]) -> None:
        self._clock = clock
        self._metrics = metrics
        self._systemd = systemd
        self._advanced_at = advanced_at
        self._told_at = clock.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Beat until *stop*."""
        while not stop.is_set():
            planned = self._clock.monotonic() + BEAT_SECONDS
            await self._clock.wait_until(self._clock.now() + timedelta(seconds=BEAT_SECONDS), stop)
            now = self._clock.monotonic()
            self._metrics.loop_lag.set(max(0.0, now - planned))
            self._tell(now)

    @property
    def is_stuck(self) -> bool:
        """Whether the pipeline has not gone round for a minute."""
        return self._clock.monotonic() - self._advanced_at() > STUCK_SECONDS

    def _tell(self, now: float) -> None:
        """Tell systemd in time, unless we are stuck: then it shall restart us."""
        every = self._systemd.watchdog_seconds
        if every is None or now - self._told_at < min(every, BEAT_SECONDS):
            return
        if self.is_stuck:
            log.error("pipeline is stuck, the watchdog is not told")
            return
        self._systemd.alive()
        self._told_at = now
