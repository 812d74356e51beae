"""The store's two doors: `Store.write` and `Store.read`."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection

from store import engines, ownership, triggers
from store.clock import Clock
from store.errors import StoreBusy, StoreUnavailable
from store.migrations import upgrade as schema
from store.moments import Instants
from store.tx import Tx
from store.writer import Job, Writer

T = TypeVar("T")


class Store:
    """An open store. Made by `open`; used from one event loop."""

    def __init__(
        self,
        *,
        url: URL,
        clock: Clock,
        file_locks: ownership.FileLocks,
        queue_limit: int,
        readers: int,
        lock_wait_seconds: float,
    ) -> None:
        self._url = url
        self._clock = clock
        self._file_locks = file_locks
        self._queue_limit = queue_limit
        self._lock_wait_seconds = lock_wait_seconds
        self._where = str(engines.sqlite_file(url) or f"PostgreSQL database {url.database} on {url.host or 'socket'}")
        self._places = asyncio.Semaphore(queue_limit)
        self._threads = ThreadPoolExecutor(readers, thread_name_prefix="store-reader")
        self._write_engine = engines.writing(url, lock_wait_seconds=lock_wait_seconds)
        self._read_engine = engines.reading(url, readers=readers, lock_wait_seconds=lock_wait_seconds)
        self._writer: Writer | None = None

    @classmethod
    async def open(
        cls,
        url: str,
        clock: Clock,
        *,
        lock_dir: Path,
        upgrade: bool,
        repair_triggers: bool = False,
        queue_limit: int = 1024,
        readers: int = 4,
        lock_wait_seconds: float = 5.0,
    ) -> "Store":
        """Take the store over and open it.

        Args:
            url: ``sqlite:////path/to/file`` or ``postgresql://…``.
            lock_dir: State directory; holds the lock that keeps a second daemon away. A second one is beside a SQLite
                file, named after it.
            upgrade: Bring an older (or empty) database to this version's schema. A SQLite file is copied first.
            repair_triggers: Make the triggers anew although the schema is of this version.
            queue_limit: How many writes may wait or run at once.
            readers: How many reads run at once.
            lock_wait_seconds: How long a transaction waits for a locked database.

        Raises:
            AlreadyRunning: Another daemon has it.
            SchemaMismatch: The database is of another version, or its triggers are not ours.
            StoreUnavailable: The database cannot be opened now.
        """
        parsed = engines.parse(url)
        locks = ownership.FileLocks(lock_dir, engines.sqlite_file(parsed))
        store = cls(
            url=parsed,
            clock=clock,
            file_locks=locks,
            queue_limit=queue_limit,
            readers=readers,
            lock_wait_seconds=lock_wait_seconds,
        )
        try:
            await asyncio.get_running_loop().run_in_executor(store._threads, store._take, upgrade, repair_triggers)
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def healthy(self) -> bool:
        """Whether the last commit succeeded."""
        return self._writer is not None and self._writer.trouble is None

    @property
    def trouble(self) -> str | None:
        """Why the last commit failed; None if it did not."""
        return "the store is closed" if self._writer is None else self._writer.trouble

    @property
    def committing_since(self) -> float | None:
        """When the transaction under way began, in monotonic seconds; None: none is."""
        return None if self._writer is None else self._writer.committing_since

    @property
    def queued(self) -> int:
        """How many writes wait for the writer, about."""
        return 0 if self._writer is None else self._writer.queued

    @property
    def file(self) -> Path | None:
        """The SQLite file, None on PostgreSQL."""
        return engines.sqlite_file(self._url)

    async def write(self, work: Callable[[Tx], T], *, patient: bool = False) -> T:
        """Run *work* in a transaction and return what it returned, after the commit is durable.

        *work* runs in the writer's thread, together with others in one transaction, and may run twice.
        It takes under 50 ms and touches only its `Tx`. If the caller is cancelled before its work began, nothing is
        written; if later, it is written nevertheless.

        Args:
            patient: Wait for a place in a full queue instead of raising `StoreBusy`.

        Raises:
            StoreBusy: The queue is full.
            StoreUnavailable: The database cannot commit now; nothing was written, the same work may be tried again.
            Exception: What *work* raised; nothing of it was written.
        """
        if self._writer is None:
            raise StoreUnavailable("the store is closed")
        if not patient and self._places.locked():
            raise StoreBusy(f"{self._queue_limit} writes wait already; try again in a second")
        await self._places.acquire()
        if self._writer is None:
            self._places.release()
            raise StoreUnavailable("the store is closed")
        job = Job(work, self._places.release)
        self._writer.submit(job)
        result: T = await job.future
        return result

    async def read(self, look: Callable[[Connection], T]) -> T:
        """Run *look* on a snapshot, in a reader's thread, and return what it returned.

        *look* must read all it returns: rows cannot be fetched after it has ended.

        Raises:
            StoreUnavailable: The database cannot be read now.
        """
        if self._writer is None:
            raise StoreUnavailable("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, look)

    async def close(self) -> None:
        """Commit what is queued, then close and let go of the lock. A second call is harmless."""
        writer, self._writer = self._writer, None
        loop = asyncio.get_running_loop()
        if writer is not None:
            await loop.run_in_executor(self._threads, writer.stop)
        await loop.run_in_executor(None, self._threads.shutdown)
        self._write_engine.dispose()
        self._read_engine.dispose()
        self._file_locks.release()

    def _take(self, upgrade: bool, repair_triggers: bool) -> None:
        """Blocking part of `open`."""
        with engines.our_errors(self._where), contextlib.ExitStack() as on_failure:
            connection = on_failure.enter_context(self._write_engine.connect())
            with connection.begin():
                ownership.take_advisory_lock(connection, wait_seconds=self._lock_wait_seconds)
                found = schema.revision(connection)
            if found != schema.HEAD:
                now = self._clock.now()
                schema.ensure(self._url, upgrade=upgrade, now=now, lock_wait_seconds=self._lock_wait_seconds)
            with connection.begin():
                schema.verify(connection)
                if repair_triggers:
                    triggers.recreate(connection)
                triggers.verify(connection)
                fencing, last = ownership.take_over(connection, self._clock.now())
            on_failure.pop_all()  # from here on the connection, and the lock that it holds, is the writer's
        instants = Instants(last, self._clock.monotonic())
        self._writer = Writer(
            self._write_engine, self._clock, fencing, instants, where=self._where, connection=connection
        )

    def _look(self, look: Callable[[Connection], T]) -> T:
        with engines.our_errors(self._where), self._read_engine.begin() as connection:
            return look(connection)
