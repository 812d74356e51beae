"""Directory watches: hints that something changed, never the truth, and no work per event."""

import contextlib
import logging
import os
from collections.abc import Callable, Iterable

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

MAX_FOLDERS = 64  #: each watched folder costs a thread; more are polled
_EVENTS: list[type[FileSystemEvent]] = [
    FileModifiedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirDeletedEvent,
]


class Watches:
    """Watches folders, not recursively, and calls back from its own thread."""

    def __init__(
        self,
        *,
        changed: Callable[[bool], None],
        overflowed: Callable[[], None],
        fell_back: Callable[[str, str], None],
    ) -> None:
        """Prepare; nothing is opened before ``cover``.

        Args:
            changed: called from a foreign thread for each event; True if files came, went or moved.
            overflowed: called from a foreign thread when the kernel dropped events.
            fell_back: called when a folder cannot be watched, with the folder and the reason.
        """
        self._handler = _Hint(changed)
        self._fell_back = fell_back
        self._overflow = _OverflowInLog(overflowed)
        self._observer: BaseObserver | None = None
        self._watched: dict[str, tuple[tuple[int, int], ObservedWatch]] = {}
        self._refused: set[str] = set()

    def cover(self, folders: Iterable[str]) -> None:
        """Watch exactly these folders; one that was deleted and made anew is watched anew."""
        wanted = {folder: hint for folder in folders if (hint := _hint(folder)) is not None}
        for folder, (hint, watch) in list(self._watched.items()):
            if wanted.get(folder) != hint:
                del self._watched[folder]
                self._unschedule(watch)
        for folder, hint in wanted.items():
            if folder not in self._watched and folder not in self._refused:
                self._schedule(folder, hint)

    def close(self) -> None:
        """Stop watching. A second call is harmless."""
        self._overflow.remove()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None
        self._watched.clear()

    def _schedule(self, folder: str, hint: tuple[int, int]) -> None:
        try:
            if len(self._watched) >= MAX_FOLDERS:
                raise OSError(f"more than {MAX_FOLDERS} folders")
            watch = self._running().schedule(self._handler, folder, event_filter=_EVENTS)
        except OSError as error:
            self._refused.add(folder)
            self._fell_back(folder, error.strerror or str(error))
        else:
            self._watched[folder] = (hint, watch)

    def _running(self) -> BaseObserver:
        if self._observer is None:
            observer = Observer()
            observer.start()
            self._observer = observer
            self._overflow.add()
        return self._observer

    def _unschedule(self, watch: ObservedWatch) -> None:
        if self._observer is not None:
            with contextlib.suppress(KeyError):  # its thread ended with the folder
                self._observer.unschedule(watch)


def _hint(folder: str) -> tuple[int, int] | None:
    try:
        status = os.stat(folder)  # noqa: PTH116 (once per folder and look)
    except OSError:
        return None  # told by the stat of the path itself
    return status.st_dev, status.st_ino


class _Hint(FileSystemEventHandler):
    def __init__(self, changed: Callable[[bool], None]) -> None:
        self._changed = changed

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._changed(not isinstance(event, FileModifiedEvent))


class _OverflowInLog(logging.Handler):
    """watchdog tells of dropped events in its log alone."""

    def __init__(self, overflowed: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._overflowed = overflowed
        self._logger = logging.getLogger("watchdog.observers.inotify_c")

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.msg:
            self._overflowed()

    def add(self) -> None:
        self._logger.addHandler(self)

    def remove(self) -> None:
        self._logger.removeHandler(self)
