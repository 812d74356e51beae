"""journalctl as a child process: read only when asked, and known by why it ended."""

import asyncio
import contextlib
import os
from collections.abc import Sequence

CHUNK_BYTES = 64 * 1024
_KEPT_BYTES = 2048
_STOP_SECONDS = 1.0
_NOTHING = "No journal files were found"
_MAY_NOT = ("insufficient permissions", "not seeing messages from other users")


class Child:
    """One run of the program. While nobody reads, the pipe fills, and the program waits."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said = b""
        self._has_written = False
        self._reading: asyncio.Task[bytes] | None = None
        self._listening = asyncio.create_task(self._listen(), name="what journalctl says")

    @classmethod
    async def start(cls, command: Sequence[str]) -> "Child":
        """Begin.

        Raises:
            OSError: There is no such program, or it must not be run.
        """
        pipe = asyncio.subprocess.PIPE
        env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"}
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=env, limit=CHUNK_BYTES
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def trouble(self) -> str:
        """What it says that it cannot read, although it runs; "" if nothing."""
        said = self._said.decode("utf-8", "replace")
        if any(word in said for word in _MAY_NOT):
            return (
                "this user may not read the system's journal:"
                " add it to the group systemd-journal (SupplementaryGroups= in the unit)"
            )
        if _NOTHING in said and not self._has_written:
            return "there is no journal: see Storage= in journald.conf, or name files"
        return ""

    async def read(self, seconds: float) -> bytes | None:
        """The next bytes; b"" once it ended; None if it said nothing for so long."""
        assert self._process.stdout is not None
        if self._reading is None:
            self._reading = asyncio.create_task(self._process.stdout.read(CHUNK_BYTES), name="reading the journal")
        await asyncio.wait({self._reading}, timeout=seconds)
        if not self._reading.done():
            return None
        reading, self._reading = self._reading, None
        chunk = b"" if reading.cancelled() else reading.result()  # cancelled: somebody else stopped it
        self._has_written |= bool(chunk)
        return chunk

    async def stop(self) -> str:
        """End it, gently and then not. Returns why it ended, a sentence."""
        if self._reading is not None:
            self._reading.cancel()
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        # Its output is read no more, and without that the end of a process is not told of.
        self._process._transport.close()  # type: ignore[attr-defined]
        self._listening.cancel()
        return self.trouble or self._last_words()

    def _last_words(self) -> str:
        lines = self._said.decode("utf-8", "replace").strip().splitlines()
        text = "".join(one if one.isprintable() else "?" for one in lines[0][:200]) if lines else ""
        code = self._process.returncode
        return f"journalctl ended: {text}" if text else f"journalctl ended with status {code}"

    async def _listen(self) -> None:
        assert self._process.stderr is not None
        while part := await self._process.stderr.read(_KEPT_BYTES):
            self._said = (self._said + part)[:_KEPT_BYTES]
