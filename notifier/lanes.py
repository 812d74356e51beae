"""Lanes: one sending thread per destination, so that a slow peer delays nobody but itself.

The threads are daemon threads and are never joined: a peer can hang one for as long as it likes, and the process still
ends at once. What was in flight then is found by its lease at the next start.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_Work = Callable[[], None]


class LaneFull(Exception):
    """The lane has all the work it may hold; ask again when something of it is done."""


class Lanes:
    """Runs blocking work, in order per lane, beside the event loop.

    Args:
        depth: How many pieces of work a lane holds, the running one included.
    """

    def __init__(self, *, depth: int = 4) -> None:
        self._depth = depth
        self._queues: dict[str, queue.SimpleQueue[_Work | None]] = {}
        self._held: dict[str, int] = {}

    def room(self, lane: str) -> int:
        """How many more pieces of work *lane* takes now."""
        return self._depth - self._held.get(lane, 0)

    @property
    def in_flight(self) -> int:
        """Pieces of work handed in and not done."""
        return sum(self._held.values())

    def submit(self, lane: str, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Let *lane* do *work*; the future gets what it returns or raises.

        Must be called in the event loop's thread.

        Raises:
            LaneFull: There is no room.
        """
        if self.room(lane) <= 0:
            raise LaneFull(lane)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        waiting = self._queue(lane)
        self._held[lane] = self._held.get(lane, 0) + 1
        future.add_done_callback(lambda _: self._done(lane, waiting))
        waiting.put(lambda: _run(work, loop, future))
        return future

    def abandon(self, lane: str) -> None:
        """Forget a lane whose thread does not come back: the next work gets a new one."""
        self._queues.pop(lane, None)
        self._held.pop(lane, None)

    def close(self) -> None:
        """Let each thread end after the work it holds. Nothing waits for them."""
        for waiting in self._queues.values():
            waiting.put(None)
        self._queues.clear()

    def _queue(self, lane: str) -> "queue.SimpleQueue[_Work | None]":
        if lane not in self._queues:
            waiting: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
            self._queues[lane] = waiting
            threading.Thread(target=_work_off, args=(waiting,), name=f"lane {lane}", daemon=True).start()
        return self._queues[lane]

    def _done(self, lane: str, waiting: "queue.SimpleQueue[_Work | None]") -> None:
        if self._queues.get(lane) is waiting:  # else it was abandoned meanwhile, and its count with it
            self._held[lane] -= 1


def _work_off(waiting: "queue.SimpleQueue[_Work | None]") -> None:
    while (work := waiting.get()) is not None:
        work()


def _run(work: Callable[[], T], loop: asyncio.AbstractEventLoop, future: "asyncio.Future[T]") -> None:
    try:
        result = work()
    except Exception as error:  # whatever it is, the one who waits for the future must hear of it
        _tell(loop, future, lambda error=error: future.set_exception(error))  # type: ignore[misc]
    else:
        _tell(loop, future, lambda: future.set_result(result))


def _tell(loop: asyncio.AbstractEventLoop, future: "asyncio.Future[T]", settle: _Work) -> None:
    # The loop may be closed by now, and the future cancelled: the process is ending, nobody waits any more.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(lambda: None if future.done() else settle())
