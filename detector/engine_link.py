"""One engine process and the pipe to it, seen from the daemon."""

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from detector.engine_wire import LENGTH, Answer, Progress, Question, Refused, frame

TAIL_LINES: Final = 20
PIPE_BYTES: Final = 1024 * 1024
STOP_SECONDS: Final = 5.0

A = TypeVar("A", bound=msgspec.Struct)


class EngineError(Exception):
    """Base of all that can go wrong with the engine's process.

    EngineError ─ ChildDied (another is started), EngineFailed (starting another does not help)
    """


class ChildDied(EngineError):
    """The process ended, or was ended because it took too long."""

    def __init__(self, why: str, *, by_signal: bool, tail: str) -> None:
        super().__init__(why)
        self.why = why
        self.tail = tail  #: the last lines that it wrote to standard error
        self.by_signal = by_signal  #: maybe killed from outside; otherwise it ended by itself


class EngineFailed(EngineError):
    """The engine cannot work; the message says why and ends with what the process wrote last."""


class Link:
    """One child process. Not to be used again after ChildDied."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.silent_since: float | None = None  #: monotonic seconds; None: no answer is awaited
        self._decoder: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._errors = asyncio.create_task(self._pass_errors_on(), name="engine stderr")

    @classmethod
    async def open(cls, executable: str) -> "Link":
        """Start a process."""
        return cls(
            await asyncio.create_subprocess_exec(
                executable,
                "-P",  # modules come from where they are installed, never from the working directory
                "-m",
                "detector.engine_child",
                str(os.getpid()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=PIPE_BYTES,
                process_group=0,  # Ctrl-C is for the daemon, also while this one is still starting
            )
        )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    async def ask(
        self,
        question: Question,
        wanted: type[A],
        *,
        seconds: float,
        progress: Callable[[int | None], None] | None = None,
    ) -> A:
        """Ask, and wait for the answer.

        Args:
            question: What to ask.
            wanted: The kind of answer that belongs to it.
            seconds: How long the process may take; with *progress*, for one line.
            progress: Called for each line that the process begins, and with None when all are done.

        Raises:
            ChildDied: It ended, or took too long and was ended.
            EngineFailed: It cannot answer.
        """
        loop = asyncio.get_running_loop()
        self.silent_since = loop.time()
        try:
            async with asyncio.timeout(seconds):
                await self._send(frame(question))
            while True:
                async with asyncio.timeout(seconds):
                    answer = await self._receive()
                self.silent_since = loop.time()
                if not isinstance(answer, Progress):
                    break
                if progress is not None:
                    progress(answer.index)
        except TimeoutError:
            await self.kill()
            raise self._died(f"took longer than {seconds:g} s", by_signal=False) from None
        except (OSError, EOFError):
            raise await self._obituary() from None
        except BaseException:  # cancelled: the answer would be taken for that of the next question
            self._kill()
            raise
        finally:
            self.silent_since = None
        if isinstance(answer, Refused):
            raise EngineFailed(answer.message)
        if not isinstance(answer, wanted):
            raise EngineFailed(f"the engine answered {type(answer).__name__}, expected {wanted.__name__}")
        return answer

    async def kill(self) -> None:
        """End it at once. Harmless if it has ended."""
        self._kill()
        await self._end()

    async def close(self) -> None:
        """Let it end by itself: its input ends. Harmless if it has ended."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._end()
        except TimeoutError:
            await self.kill()

    async def _send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        await self._process.stdin.drain()

    async def _receive(self) -> Answer:
        assert self._process.stdout is not None
        (length,) = LENGTH.unpack(await self._process.stdout.readexactly(LENGTH.size))
        return self._decoder.decode(await self._process.stdout.readexactly(length))

    async def _obituary(self) -> ChildDied:
        await self.close()
        status = self._process.returncode or 0
        if status < 0:
            return self._died(f"was ended by {signal.Signals(-status).name}", by_signal=True)
        return self._died(f"ended with exit status {status}", by_signal=False)

    def _died(self, why: str, *, by_signal: bool) -> ChildDied:
        return ChildDied(why, by_signal=by_signal, tail="".join(self._tail))

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _end(self) -> None:
        """Wait until it has ended and all it said is known; then let go of the pipes."""
        await self._process.wait()
        await asyncio.wait({self._errors})
        if self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(OSError):
                await self._process.stdin.wait_closed()

    async def _pass_errors_on(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(ValueError):  # a line of more than PIPE_BYTES
            async for line in self._process.stderr:
                text = line.decode("utf-8", "replace")
                self._tail.append(text)
                sys.stderr.write(text)
