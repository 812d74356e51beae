"""The two channels that need no network: a stream (the console) and a file."""

import os
import threading
from pathlib import Path
from typing import Any, TextIO

from apprise import NotifyBase, NotifyType

CONSOLE = "tocsin-console"
FILE = "tocsin-file"
_OURS_ALONE = 0o600


def block(title: str, body: str) -> str:
    """A message as it stands in a console or a file: one indented block, ended by an empty line."""
    lines = body.split("\n")
    return "\n".join([title, *(f"    {line}" for line in lines), "", ""])


class _Local(NotifyBase):  # type: ignore[no-untyped-call]
    """What both have in common: no limits, no pauses between messages."""

    request_rate_per_sec = 0
    body_maxlen = 1_000_000
    title_maxlen = 1_000

    def url(self, privacy: bool = False, *args: Any, **kwargs: Any) -> str:
        """Where it goes; there is nothing secret in it."""
        return f"{self.secure_protocol}://"


class ConsoleChannel(_Local):  # type: ignore[no-untyped-call]
    """Writes to a stream that the composition root hands in.

    Args:
        stream: Where to.
        lock: Held while writing, so that blocks of two lanes never mix.
    """

    service_name = "Console"  # type: ignore[assignment]
    secure_protocol = CONSOLE  # type: ignore[assignment]

    def __init__(self, *, stream: TextIO, lock: threading.Lock, **kwargs: Any) -> None:
        super().__init__(schema=CONSOLE, **kwargs)  # type: ignore[no-untyped-call]
        self._stream = stream
        self._lock = lock

    def send(self, body: str, title: str = "", notify_type: NotifyType = NotifyType.INFO, **_: Any) -> bool:
        """Write one block. A closed or broken stream is a failed attempt, not an error of ours."""
        try:
            with self._lock:
                self._stream.write(block(title, body))
                self._stream.flush()
        except (OSError, ValueError) as error:
            self.logger.warning("Could not write to the console: %s", error)
            return False
        return True


class FileChannel(_Local):  # type: ignore[no-untyped-call]
    """Appends to a file and returns when it is on the disk.

    Args:
        path: Which file; made if it is absent, readable by us alone. Its folder must exist.
    """

    service_name = "File"  # type: ignore[assignment]
    secure_protocol = FILE  # type: ignore[assignment]

    def __init__(self, *, path: Path, **kwargs: Any) -> None:
        super().__init__(schema=FILE, **kwargs)  # type: ignore[no-untyped-call]
        self._path = path

    def send(self, body: str, title: str = "", notify_type: NotifyType = NotifyType.INFO, **_: Any) -> bool:
        """Append one block in one write."""
        try:
            self._append(block(title, body).encode())
        except OSError as error:
            self.logger.warning("Could not append to %s: %s", self._path, error.strerror)
            return False
        return True

    def _append(self, content: bytes) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OURS_ALONE)
        try:
            while content:
                content = content[os.write(handle, content) :]
            os.fsync(handle)
        finally:
            os.close(handle)
