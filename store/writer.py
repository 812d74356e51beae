"""The one thread that writes: commits what waits together, and falls back to one by one when a job raises."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine

from store import ownership
from store.clock import Clock
from store.engines import our_errors
from store.errors import AlreadyRunning, OwnershipLost, StoreUnavailable
from store.moments import Instants
from store.tx import Tx

#: How many jobs at most share one commit.
GROUP_LIMIT = 256


class Job:
    """Work handed to the writer, and where its caller waits."""

    __slots__ = ("_effects", "_error", "_result", "future", "loop", "on_end", "work")

    def __init__(self, work: Callable[[Tx], Any], on_end: Callable[[], None]) -> None:
        self.work = work
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.on_end = on_end
        self._result: Any = None
        self._error: BaseException | None = None
        self._effects: tuple[Callable[[], object], ...] = ()

    def run(self, tx: Tx) -> None:
        """Do the work; may happen twice."""
        self._result = self.work(tx)
        self._effects = tx.effects

    def fail(self, error: BaseException) -> None:
        """Nothing of it was written."""
        self._error = error

    def finish(self) -> None:
        """In the event loop, after the commit: the effects first, then the caller goes on."""
        self.on_end()
        if self._error is None:
            for effect in self._effects:
                self._call(effect)
        if self.future.done():  # the caller gave up waiting
            return
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(self._result)

    def _call(self, effect: Callable[[], object]) -> None:
        # The change is durable: an effect that fails must not make its caller believe otherwise.
        try:
            effect()
        except Exception as error:
            self.loop.call_exception_handler({"message": "an effect after a commit failed", "exception": error})


class Writer:
    """Runs jobs in the order they came."""

    def __init__(
        self, engine: Engine, clock: Clock, fencing: int, instants: Instants, *, where: str, connection: Connection
    ) -> None:
        """Start the thread.

        Args:
            fencing: Our number in the owner row.
            where: The database as people know it, for messages.
            connection: On PostgreSQL the one that holds the advisory lock.
        """
        self.trouble: str | None = None  #: why the last commit failed; None: it did not
        self.committing_since: float | None = None  #: monotonic seconds; None: no transaction is under way
        self._engine = engine
        self._clock = clock
        self._fencing = fencing
        self._instants = instants
        self._where = where
        self._connection: Connection | None = connection
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def queued(self) -> int:
        """How many jobs wait, about."""
        return self._jobs.qsize()

    def submit(self, job: Job) -> None:
        """Queue *job*. Bounding the queue is the caller's business."""
        self._jobs.put(job)

    def stop(self) -> None:
        """Commit what is queued, then end. Blocks until then."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        going_on = True
        while going_on:
            group, going_on = self._next_group()
            if group:
                self._commit(group)
                self.committing_since = None
        self._drop_connection()

    def _next_group(self) -> tuple[list[Job], bool]:
        """What waits, at most a group; and whether to go on after it."""
        group: list[Job] = []
        job = self._jobs.get()
        while job is not None:
            if job.future.cancelled():  # gave up before we began: not done at all
                _tell([job])
            else:
                group.append(job)
            if len(group) == GROUP_LIMIT:
                return group, True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _commit(self, jobs: list[Job]) -> None:
        self.committing_since = self._clock.monotonic()
        try:
            self._transact(jobs)
        except StoreUnavailable as error:
            # The database is the reason, not a job: running each alone would wait for the same lock once per job.
            self.trouble = str(error)
            for job in jobs:
                job.fail(error)
        except BaseException as error:
            if len(jobs) > 1:
                for job in jobs:
                    self._commit([job])
                return
            jobs[0].fail(error)
        else:
            self.trouble = None
        _tell(jobs)

    def _transact(self, jobs: list[Job]) -> None:
        """One transaction for all of *jobs*, without savepoints: if one raises, none of them happened."""
        with our_errors(self._where):
            connection = self._connected()
            try:
                with connection.begin():
                    now = self._instants.next(self._clock.now(), self._clock.monotonic())
                    ownership.check(connection, self._fencing, now)
                    for job in jobs:
                        job.run(Tx(connection, now))
            finally:
                if connection.invalidated:
                    self._drop_connection()

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
            try:
                # The lock went with the old connection; whoever has it now is the owner.
                with self._connection.begin():
                    ownership.take_advisory_lock(self._connection, wait_seconds=0)
            except AlreadyRunning as error:
                self._drop_connection()
                raise OwnershipLost(str(error)) from error
        return self._connection

    def _drop_connection(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None


def _tell(jobs: list[Job]) -> None:
    """Let the callers go on; one wake-up of the event loop for all of them."""
    with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
        jobs[0].loop.call_soon_threadsafe(_finish, tuple(jobs))


def _finish(jobs: tuple[Job, ...]) -> None:
    for job in jobs:
        job.finish()
