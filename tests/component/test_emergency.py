"""The real store on a database that another one holds, a clock that is told, a channel that remembers."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.fakes import FakeClock, FakeSender
from support.store import open_store

from detector.emergency import Emergency, Notebook, Past, failed_to_start
from notifier.route import Receiver
from notifier.sender import SendResult, Sent
from store.database import Store
from store.incident import EntryKind
from store.repository.record import timeline
from store.repository.record.seals import INSTALLATION

PHONE = Receiver(name="phone", urls=("phone://ana",))


@dataclass
class Room:
    """A folder with a database in it, and who is told."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    sender: FakeSender = field(default_factory=lambda: FakeSender([SendResult(outcome=Sent.ACCEPTED)]))
    receiver: Receiver | None = PHONE

    @property
    def database(self) -> Path:
        return self.folder / "tocsin.db"

    def past(self) -> Past:
        return Past(sender=self.sender, receiver=lambda: self.receiver, notebook=Notebook(self.folder), host="box")

    @asynccontextmanager
    async def watched(self, store: Store) -> AsyncIterator[None]:
        stop = asyncio.Event()
        emergency = Emergency(store=store, clock=self.clock, past=self.past(), answer_seconds=0.05)
        task = asyncio.create_task(emergency.run(stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 5)

    async def looks(self, times: int) -> None:
        """Let it look so often, ten seconds apart."""
        for _ in range(times):
            await eventually(lambda: bool(self.clock.waiting_until))
            self.clock.advance(10)
        await eventually(lambda: bool(self.clock.waiting_until))


async def eventually(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < ends
        await asyncio.sleep(0.005)


@pytest.fixture
def room(sqlite_template: Path, tmp_path: Path) -> Room:
    room = Room(tmp_path)
    room.database.write_bytes(sqlite_template.read_bytes())
    return room


async def test_a_store_that_cannot_commit(room: Room) -> None:
    """After a minute one message goes past the store, in the next quarter of an hour none; later it is recorded."""
    url = f"sqlite:///{room.database}"
    async with open_store(url, room.clock, room.folder, lock_wait_seconds=0.02) as store:
        with closing(sqlite3.connect(room.database, isolation_level=None)) as other:
            async with room.watched(store):
                await room.looks(7)
                assert room.sender.sent == []  # all is well
                other.execute("BEGIN IMMEDIATE")
                await room.looks(6)
                assert room.sender.sent == []  # it may pass by itself
                await room.looks(2)
                ((url_told, message),) = room.sender.sent
                await room.looks(3)
                assert len(room.sender.sent) == 1
                room.clock.advance(900)
                await room.looks(1)
                assert len(room.sender.sent) == 2
                other.execute("ROLLBACK")
                await room.looks(2)
        entries = await store.read(lambda c: timeline.of(c, INSTALLATION, EntryKind.EMERGENCY))
    assert url_told == "phone://ana"
    assert "has not been able to commit for 60 s" in message.body
    assert [(one.facts["receiver"], one.facts["outcome"]) for one in entries] == [("phone", "accepted")] * 2
    assert "locked" in (entries[0].values["trouble"] or "")
    assert Notebook(room.folder).notes.unrecorded == ()


@pytest.mark.parametrize("who", ["writer", "readers"])
async def test_a_store_that_is_stuck(room: Room, who: str) -> None:
    """A writer, or all readers, that do not come back for a minute are told of; that is recorded once they do."""
    gate = threading.Event()
    async with open_store(f"sqlite:///{room.database}", room.clock, room.folder) as store, room.watched(store):
        await room.looks(1)
        if who == "writer":
            held = [asyncio.ensure_future(store.write(lambda tx: gate.wait(20)))]
        else:
            held = [asyncio.ensure_future(store.read(lambda connection: gate.wait(20))) for _ in range(2)]
        try:
            await room.looks(9)
        finally:
            gate.set()
            await asyncio.gather(*held)
        ((_, message),) = room.sender.sent
        assert f"the store's {who} ha" in message.body
        assert "stuck for 60 s" in message.body
        await room.looks(2)
        entries = await store.read(lambda c: timeline.of(c, INSTALLATION, EntryKind.EMERGENCY))
    assert len(entries) == 1


async def test_what_was_told_before_a_restart(room: Room) -> None:
    """A start that failed is told once, not at each try, and recorded by the first one that succeeds."""
    for _ in range(3):
        await failed_to_start(room.past(), "no such database", room.clock.now())
        room.clock.advance(5)
    ((_, message),) = room.sender.sent
    assert "it failed to start: no such database" in message.body
    async with (
        open_store(f"sqlite:///{room.database}", room.clock, room.folder) as store,
        room.watched(store),
    ):
        await room.looks(2)
        entries = await store.read(lambda c: timeline.of(c, INSTALLATION, EntryKind.EMERGENCY))
    assert [one.values["trouble"] for one in entries] == ["it failed to start: no such database"]


async def test_a_channel_that_takes_nothing(room: Room) -> None:
    """What certainly told nobody is told again a minute later, and not recorded as told."""
    room.sender.answers = [SendResult(outcome=Sent.RETRY), SendResult(outcome=Sent.ACCEPTED)]
    for seconds in (30, 30, 30):
        await failed_to_start(room.past(), "full", room.clock.now())
        room.clock.advance(seconds)
    assert len(room.sender.sent) == 2
    (told,) = Notebook(room.folder).notes.unrecorded
    assert told.outcome == "accepted"


async def test_a_folder_that_takes_nothing(room: Room) -> None:
    """A failed start that cannot note that it told tells nobody: it would at each try."""
    past = Past(sender=room.sender, receiver=lambda: PHONE, notebook=Notebook(room.folder / "nowhere"), host="box")
    await failed_to_start(past, "there is no folder", room.clock.now())
    assert room.sender.sent == []


async def test_nobody_configured(room: Room) -> None:
    """Without a receiver nothing is told or noted."""
    room.receiver = None
    await failed_to_start(room.past(), "full", room.clock.now())
    assert (room.sender.sent, Notebook(room.folder).notes.told_at) == ([], None)
