"""When the store itself is down: one message past it.

What is told here stands in no record at that moment, and says so. It lies in a file of its own in the state directory
until the store is back, and is then written into the installation's own chain. The same file says when somebody was
told last, so that a service that is started again and again does not tell each time.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import structlog
from msgspec import structs
from sqlalchemy import select

from notifier.lanes import Lanes
from notifier.message import Message, Tone
from notifier.route import Receiver
from notifier.sender import Sender, Sent
from store.clock import Clock
from store.database import Store
from store.repository.record import installation
from store.tx import Tx

log = structlog.get_logger()

LOOK = timedelta(seconds=10)
DOWN_SECONDS = 60.0
APART = timedelta(minutes=15)
AGAIN = timedelta(minutes=1)  #: after an attempt that certainly told nobody
MOST_KEPT = 100  #: messages that wait to be recorded: a day's worth
ROOM_BYTES = 4096
SEND_SECONDS = 25.0  #: that is waited for one message to go out
LONGEST_TROUBLE = 300  #: characters
FILE_NAME = "emergency.json"
_LANE = "emergency"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was told, and it is not recorded yet."""

    at: datetime
    trouble: str
    receiver: str
    outcome: str


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered outside the store."""

    told_at: datetime | None = None  #: last time
    unrecorded: tuple[Told, ...] = ()


class Notebook:
    """The notes, on the disk, in a file that has its room there beforehand: a full disk must not end it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME
        self.notes = self._read()

    def keep(self, notes: Notes) -> bool:
        """Put *notes* in the place of what was there; False if they are only in memory."""
        self.notes = notes
        content = msgspec.json.encode(notes).ljust(ROOM_BYTES)
        try:
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(handle, content, 0)
                os.ftruncate(handle, len(content))
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError:
            return False
        return True

    def _read(self) -> Notes:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Notes)
        except (OSError, msgspec.MsgspecError):  # not there, or half written: better told once more than not at all
            return Notes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """Since when the store has not done what it was asked to do, in monotonic seconds; None: it has."""

    writing_since: float | None = None
    reading_since: float | None = None
    why: str = ""  #: what the store said, "" if it said nothing


def trouble_of(pulse: Pulse, now: float) -> str:
    """What is to be told of, one sentence without a full stop; "" if nothing is."""
    if pulse.writing_since is not None and now - pulse.writing_since >= DOWN_SECONDS:
        if pulse.why:
            return f"the store has not been able to commit for {DOWN_SECONDS:.0f} s: {pulse.why}"
        return f"the store's writer has been stuck for {DOWN_SECONDS:.0f} s"
    if pulse.reading_since is not None and now - pulse.reading_since >= DOWN_SECONDS:
        return f"the store's readers have been stuck for {DOWN_SECONDS:.0f} s"
    return ""


def may_tell(notes: Notes, now: datetime) -> bool:
    """Whether enough time has passed. A clock that was set back holds nothing up for longer than that time."""
    return notes.told_at is None or not timedelta(0) <= now - notes.told_at < APART


def rendered(trouble: str, host: str, now: datetime) -> Message:
    """The message. There is no link in it: what it would lead to cannot be read."""
    lines = [
        f"Tocsin on {host} needs a person now: {trouble}.",
        "Log lines and alerts may not be taken in, and nobody is told of incidents, until this is mended.",
        f"{now:%Y-%m-%d %H:%M:%S} UTC. This message is not recorded; it will be when the store is back.",
        f"At most one such message in {APART // timedelta(minutes=1)} minutes.",
    ]
    return Message(title=f"TOCSIN DOWN on {host}", body="\n".join(lines), tone=Tone.ALARM, essence="\n".join(lines[:2]))


class Past:
    """Tells past the store, not too often. From one thread only.

    Args:
        receiver: Who is told now; None: nobody is configured.
    """

    def __init__(
        self, *, sender: Sender, receiver: Callable[[], Receiver | None], notebook: Notebook, host: str
    ) -> None:
        self._sender = sender
        self._receiver = receiver
        self._host = host
        self._lanes = Lanes(depth=2)
        self.notebook = notebook

    def open(self) -> None:
        """Load what the channel needs, and take room on the disk, while all is well."""
        self.notebook.keep(self.notebook.notes)
        if receiver := self._receiver():
            self._lanes.submit(_LANE, lambda: self._sender.check(receiver.urls[0]))

    async def tell(self, trouble: str, now: datetime, *, only_noted: bool = False) -> bool:
        """Tell of *trouble*; False if nobody is to be told, or somebody was lately.

        Args:
            only_noted: Not if that could not be written down: who comes after us would tell again, and again.
        """
        receiver = self._receiver()
        if receiver is None or not may_tell(self.notebook.notes, now):
            return False
        told = Told(at=now, trouble=trouble, receiver=receiver.name, outcome="on its way")
        # Written down first: a process that dies while it tells must not tell again at each start.
        before = self.notebook.notes.unrecorded[: MOST_KEPT - 1]
        is_noted = self.notebook.keep(Notes(told_at=now, unrecorded=(*before, told)))
        if only_noted and not is_noted:
            return False
        outcome = await self._send(receiver.urls[0], rendered(trouble, self._host, now))
        log.error("told past the store", trouble=trouble, receiver=receiver.name, outcome=outcome.value)
        self._end(told, outcome)
        return True

    def close(self) -> None:
        """Nothing more will be told."""
        self._lanes.close()

    async def _send(self, url: str, message: Message) -> Sent:
        sending = self._lanes.submit(_LANE, lambda: self._sender.send(url, message))
        finished, _ = await asyncio.wait({sending}, timeout=SEND_SECONDS)
        if finished:
            return sending.result().outcome
        self._lanes.abandon(_LANE)
        return Sent.UNCERTAIN

    def _end(self, told: Told, outcome: Sent) -> None:
        """Note how it ended. What certainly did not arrive is told again in a minute."""
        notes, arrived = self.notebook.notes, outcome in (Sent.ACCEPTED, Sent.UNCERTAIN)
        others = tuple(one for one in notes.unrecorded if one is not told)
        is_there = len(others) < len(notes.unrecorded)  # else it was recorded meanwhile, as on its way
        ended = (*others, structs.replace(told, outcome=outcome.value)) if is_there and arrived else others
        again_at = told.at if arrived else told.at - APART + AGAIN
        self.notebook.keep(Notes(told_at=again_at, unrecorded=ended))


class Emergency:
    """Watches whether the store does what it is asked to do, tells past it, and records that afterwards.

    Args:
        answer_seconds: That one look waits for the store; what takes longer is looked at again at the next.
    """

    def __init__(self, *, store: Store, clock: Clock, past: Past, answer_seconds: float = 1.0) -> None:
        self._answer_seconds = answer_seconds
        self._store = store
        self._clock = clock
        self._past = past
        self._writing: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._pulse = Pulse()

    async def run(self, stop: asyncio.Event) -> None:
        """Look every ten seconds until *stop*."""
        self._past.open()
        try:
            while not stop.is_set():
                await self._look()
                await self._clock.wait_until(self._clock.now() + LOOK, stop)
        finally:
            for task in (self._writing, self._reading):
                if task is not None:
                    task.cancel()
            self._past.close()

    async def _look(self) -> None:
        began = self._clock.monotonic()
        self._writing = self._writing or asyncio.create_task(self._write(), name="emergency: write")
        self._reading = self._reading or asyncio.create_task(self._read(), name="emergency: read")
        await asyncio.wait({self._writing, self._reading}, timeout=self._answer_seconds)
        self._pulse = self._taken(began)
        if trouble := trouble_of(self._pulse, self._clock.monotonic()):
            await self._past.tell(trouble, self._clock.now())

    def _taken(self, began: float) -> Pulse:
        """The pulse with what has come back."""
        before = self._pulse
        writing, reading, why = before.writing_since, before.reading_since, before.why
        if self._writing is not None and self._writing.done():
            error, self._writing = self._writing.exception(), None
            why = str(error)[:LONGEST_TROUBLE] if error else ""
            writing = None if error is None else _earlier(writing, began)
        else:
            writing = _earlier(writing, began)
        if self._reading is not None and self._reading.done():
            # A reader that says that it cannot is not stuck: what is wrong shows when something is written.
            reading, _, self._reading = None, self._reading.exception(), None
        else:
            reading = _earlier(reading, began)
        return Pulse(writing_since=writing, reading_since=reading, why=why)

    async def _write(self) -> None:
        """Commit something: what waits to be recorded, or nothing, which renews the mark of who owns the store."""
        waiting = self._past.notebook.notes.unrecorded

        def work(tx: Tx) -> None:
            for told in waiting:
                installation.emergency(tx, told.at, told.trouble, told.receiver, told.outcome)

        await self._store.write(work, patient=True)
        if waiting:
            notes = self._past.notebook.notes
            self._past.notebook.keep(Notes(told_at=notes.told_at, unrecorded=notes.unrecorded[len(waiting) :]))

    async def _read(self) -> None:
        await self._store.read(lambda connection: connection.execute(select(1)).scalar())


def _earlier(since: float | None, began: float) -> float:
    return began if since is None else since


async def failed_to_start(past: Past, why: str, now: datetime) -> None:
    """Tell that the daemon does not start."""
    try:
        await past.tell(f"it failed to start: {why}"[:LONGEST_TROUBLE], now, only_noted=True)
    finally:
        past.close()
