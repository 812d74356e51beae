"""Who watches the watcher: tells systemd that we live, only while everything that must advance does."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from detector.metrics import Metrics
from detector.systemd import Systemd
from store.clock import Clock

log = structlog.get_logger()

BEAT_SECONDS: Final = 1.0
#: Nothing may take longer: the engine is restarted after 30 s over one batch, a commit takes as long as the disk needs.
STUCK_SECONDS: Final = 60.0
#: Nor a source to look for something new; measuring a large compressed file takes minutes, and hangs nothing else.
LOOK_SECONDS: Final = 600.0
WRITER: Final = "the store's writer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How what must advance stands, in monotonic seconds. The loop is what looks: it needs no place here."""

    turned_at: float  #: when the pipeline went round, or tried a refused commit again
    committing_since: float | None = None  #: when the transaction under way began; None: none is
    engine_silent_since: float | None = None  #: since when it owes an answer or a sign of life; None: it owes none
    engine_starts: bool = False  #: which has a limit of its own
    asked_at: Mapping[str, float] = field(default_factory=dict)  #: since when a source shows nothing, by its name


def held_up(pulse: Pulse, now: float, patience: float) -> tuple[str, ...]:
    """What does not advance, as people know it; empty: everything does.

    Args:
        now: Monotonic seconds.
        patience: For how many seconds anything but a source may show no sign of life.
    """
    found = [WRITER] if _late(pulse.committing_since, now, patience) else []
    if _late(pulse.engine_silent_since, now, patience):
        found.append("the engine")
    # While the engine works the pipeline waits for it, as long as that takes: a batch with many bad lines is long.
    engine_works = pulse.engine_starts or pulse.engine_silent_since is not None
    if not engine_works and _late(pulse.turned_at, now, patience):
        found.append("the pipeline")
    for name, since in sorted(pulse.asked_at.items()):
        if _late(since, now, max(patience, LOOK_SECONDS)):
            found.append(f"source {name}")
    return tuple(found)


def patience_of(watchdog_seconds: float | None) -> float:
    """How long we wait for a sign of life: a minute, or what systemd waits for one of ours if that is less."""
    return min(STUCK_SECONDS, 2 * watchdog_seconds) if watchdog_seconds else STUCK_SECONDS


class Heartbeat:
    """Beats once a second; measures how late the event loop runs on the way.

    Args:
        pulse: Takes the pulse.
    """

    def __init__(self, clock: Clock, metrics: Metrics, systemd: Systemd, pulse: Callable[[], Pulse]) -> None:
        self._clock = clock
        self._metrics = metrics
        self._systemd = systemd
        self._pulse = pulse
        self._patience = patience_of(systemd.watchdog_seconds)
        self._told_at = clock.monotonic()
        self._held_up: tuple[str, ...] = ()  #: at the last beat

    async def run(self, stop: asyncio.Event) -> None:
        """Beat until *stop*."""
        every = min(BEAT_SECONDS, self._systemd.watchdog_seconds or BEAT_SECONDS)
        while not stop.is_set():
            planned = self._clock.monotonic() + every
            await self._clock.wait_until(self._clock.now() + timedelta(seconds=every), stop)
            if not stop.is_set():
                self._metrics.loop_lag.set(max(0.0, self._clock.monotonic() - planned))
                self.beat()

    def stuck(self) -> tuple[str, ...]:
        """What has not advanced for too long."""
        return held_up(self._pulse(), self._clock.monotonic(), self._patience)

    def beat(self) -> None:
        """Tell systemd in time, unless something is stuck: then it shall restart us."""
        now = self._clock.monotonic()
        before, self._held_up = self._held_up, self.stuck()
        if self._held_up:
            if not before:
                log.error("something does not advance, the watchdog is not told", stuck=self._held_up)
                self._systemd.status(f"{', '.join(self._held_up)}: no sign of life")
            return
        if before:
            log.warning("everything advances again", was_stuck=before)
            self._systemd.status("everything advances again")
        every = self._systemd.watchdog_seconds
        if every is not None and now - self._told_at >= min(every, BEAT_SECONDS) / 2:
            self._systemd.alive()
            self._told_at = now


def _late(since: float | None, now: float, patience: float) -> bool:
    return since is not None and now - since > patience
