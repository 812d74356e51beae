"""What can happen to a source: one method each, so that the count and the log line cannot drift apart."""

from dataclasses import replace

import structlog

from detector.sources.source import SourceCounters


class Happenings:
    """Counts and logs for one source. Never holds or logs text of a line."""

    def __init__(self, source: str) -> None:
        self.counters = SourceCounters()
        self._left_alone: set[str] = set()
        self._log = structlog.get_logger("tocsin.sources").bind(source=source)

    def rescanned(self) -> None:
        """A full look at all paths was taken."""
        self.counters = replace(self.counters, rescans=self.counters.rescans + 1)

    def woken(self) -> None:
        """A directory watch woke the reader."""
        self.counters = replace(self.counters, wake_ups=self.counters.wake_ups + 1)

    def overflowed(self) -> None:
        """The kernel dropped watch events."""
        self.counters = replace(self.counters, overflows=self.counters.overflows + 1)
        self._log.warning("watch events were dropped; the rescan makes up for it")

    def fell_back(self, folder: str, why: str) -> None:
        """A directory cannot be watched."""
        self.counters = replace(self.counters, fallbacks=self.counters.fallbacks + 1)
        self._log.warning("folder cannot be watched; it is polled", folder=folder, why=why)

    def rotated(self, path: str) -> None:
        """A file was moved aside."""
        self.counters = replace(self.counters, rotations=self.counters.rotations + 1)
        self._log.info("file was moved aside; read until its end is stable", path=path)

    def truncated(self, path: str, offset: int) -> None:
        """A file was cut or rewritten in place."""
        self.counters = replace(self.counters, truncations=self.counters.truncations + 1)
        self._log.info("file was cut or rewritten; read from its beginning", path=path, offset=offset)

    def lost_tail(self, path: str, offset: int) -> None:
        """A file was cut while bytes after *offset* may have been unread, and no copy turned up."""
        self.counters = replace(self.counters, lost_tails=self.counters.lost_tails + 1)
        self._log.warning(
            "file was cut and no copy was found; lines after offset may be lost", path=path, offset=offset
        )

    def copied(self, path: str, of: str) -> None:
        """A file holds what another one holds."""
        self.counters = replace(self.counters, copies=self.counters.copies + 1)
        self._log.info("file is a copy of a followed one; not read", path=path, of=of)

    def left_alone(self, path: str, why: str) -> None:
        """A file will not be read as it is; told once, however often it changes."""
        if path not in self._left_alone:
            self._left_alone.add(path)
            self._log.warning("file is left alone", path=path, why=why)

    def cut_lines(self, path: str, lines: int, first_line: int) -> None:
        """Lines were longer than allowed."""
        self.counters = replace(self.counters, over_long=self.counters.over_long + lines)
        self._log.warning("lines were longer than max_line_bytes and cut", path=path, lines=lines, line=first_line)

    def failed(self, path: str, why: str) -> None:
        """A file could not be opened or read."""
        self.counters = replace(self.counters, failures=self.counters.failures + 1)
        self._log.warning("file cannot be read; tried again at each rescan", path=path, why=why)
