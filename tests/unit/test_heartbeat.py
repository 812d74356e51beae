"""When systemd is told that the daemon lives, and when it is not."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from support.fakes import START, FakeClock

from detector.heartbeat import LOOK_SECONDS, STUCK_SECONDS, Heartbeat, Pulse, held_up, patience_of
from detector.metrics import Metrics
from detector.sources.source import SourceStatus, StreamState, StreamStatus
from detector.systemd import Systemd
from detector.vitals import looked_at

NOW = 10_000.0
LATE = NOW - STUCK_SECONDS - 1
WELL = Pulse(turned_at=NOW)


@pytest.mark.parametrize(
    ("pulse", "expected"),
    [
        (WELL, ()),
        (Pulse(turned_at=NOW - 59, committing_since=NOW - 59, engine_silent_since=NOW - 59), ()),
        (Pulse(turned_at=NOW, committing_since=LATE), ("the store's writer",)),
        (Pulse(turned_at=LATE, engine_silent_since=LATE), ("the engine",)),
        (Pulse(turned_at=LATE), ("the pipeline",)),
        (Pulse(turned_at=LATE, committing_since=LATE), ("the store's writer", "the pipeline")),
        (Pulse(turned_at=LATE, engine_silent_since=NOW - 5), ()),  # it goes through a batch line by line
        (Pulse(turned_at=LATE, engine_starts=True), ()),
        (Pulse(turned_at=NOW, asked_at={"auth": LATE, "web": NOW - LOOK_SECONDS - 1}), ("source web",)),
    ],
)
def test_what_is_held_up(pulse: Pulse, expected: tuple[str, ...]) -> None:
    """Each part that must advance is named once it has not for too long, and no other."""
    assert held_up(pulse, NOW, STUCK_SECONDS) == expected


def test_patience() -> None:
    """Never longer than systemd's own."""
    assert (patience_of(None), patience_of(30), patience_of(2), patience_of(600)) == (60, 60, 4, 60)


def test_a_source_that_looks_or_says_that_it_cannot_hangs_not() -> None:
    """A look counts as a sign of life, and so does a trouble that the source tells itself."""
    broken = StreamStatus(stream="", origin="/x", state=StreamState.UNREADABLE)
    statuses = [
        SourceStatus(source="looked", looked_at=START),
        SourceStatus(source="ahead", looked_at=START.replace(hour=23)),  # the clock was set back
        SourceStatus(source="broken", streams=(broken,)),
        SourceStatus(source="new"),
    ]
    found = looked_at(statuses, START.replace(minute=1), NOW)
    assert found == {"looked": NOW - 60, "ahead": NOW, "broken": NOW}


class Manager:
    """What stands for systemd: a datagram socket that remembers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()

    def heard(self) -> list[str]:
        """What came since the last time."""
        found = []
        while True:
            try:
                found.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return found


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """It listens."""
    with closing(Manager(tmp_path / "notify")) as listening:
        yield listening


def test_the_watchdog_is_told_only_while_everything_advances(manager: Manager) -> None:
    """A writer that hangs ends the beats and is named; they go on when it does."""
    clock, pulses = FakeClock(), [Pulse(turned_at=1e9)]
    systemd = Systemd({"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "4000000"})
    heartbeat = Heartbeat(clock, Metrics(CollectorRegistry()), systemd, lambda: pulses[-1])

    def beats(count: int) -> list[str]:
        for _ in range(count):
            clock.advance(1)
            heartbeat.beat()
        return manager.heard()

    assert beats(3) == ["WATCHDOG=1"] * 3
    pulses.append(Pulse(turned_at=1e9, committing_since=clock.monotonic()))
    assert beats(6) == ["WATCHDOG=1"] * 4 + ["STATUS=the store's writer: no sign of life"]
    assert heartbeat.stuck() == ("the store's writer",)
    pulses.append(Pulse(turned_at=1e9))
    assert beats(2) == ["STATUS=everything advances again", "WATCHDOG=1", "WATCHDOG=1"]


def test_what_systemd_is_told(manager: Manager) -> None:
    """The protocol's words; a text of several lines stays one assignment; who does not listen is no error."""
    systemd = Systemd({"NOTIFY_SOCKET": str(manager.path)})
    systemd.reloading()
    systemd.ready("two\nMAINPID=1")
    systemd.stopping()
    (reloading, ready, stopping) = manager.heard()
    assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert reloading.partition("USEC=")[2].isdigit()
    assert (ready, stopping) == ("READY=1\nSTATUS=two MAINPID=1", "STOPPING=1")
    assert systemd.watchdog_seconds is None
    Systemd({"NOTIFY_SOCKET": f"{manager.path}-nobody"}).alive()
    Systemd({}).alive()
    assert manager.heard() == []
