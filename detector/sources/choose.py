"""Files or the journal: which of them a source is read from that may be read from either.

Pure but for a look at which files exist.

The choice is made once, when the source is first read, and kept: a file that is missing for the instant of a rotation,
or one that appears because somebody installed a syslog daemon, holds the same messages as the journal, and a change
would count them twice or leave some out. Another name for the source makes it choose anew.
"""

import glob
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from detector.sources.files.settings import FileSourceSettings
from detector.sources.journal.journal_source import STREAM
from detector.sources.journal.settings import JournalSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """Files and, where there are none, the journal."""

    name: str
    files: FileSourceSettings
    journal: JournalSettings

    def chosen(self, streams: Collection[str]) -> FileSourceSettings | JournalSettings:
        """What is read.

        Args:
            streams: Of which streams of the source a position is stored; "" is none.
        """
        read = {one for one in streams if one}
        if read:
            return self.journal if STREAM in read else self.files
        return self.files if any_file(self.files.paths) else self.journal


def any_file(paths: Iterable[str]) -> bool:
    """Whether one of *paths*, globs among them, leads to something."""
    return any(glob.glob(path, recursive=True) for path in paths)  # noqa: PTH207
