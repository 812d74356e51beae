"""Notices that rule files changed, and waits until their author is done."""

from collections.abc import Iterable
from pathlib import Path

from rules.sigma.files import RuleFileUnreadable, find_rule_files

Signature = tuple[tuple[str, int, int], ...]  #: (path, time of change in ns, size in bytes) of each rule file


class RuleWatch:
    """Compares what is on disk with what is in force; a change counts once two looks in a row agree."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._in_force = self._seen = signature(paths)

    def changed(self, paths: Iterable[str]) -> bool:
        """Whether there is a change that has come to rest; said once per change."""
        now = signature(paths)
        at_rest, self._seen = now == self._seen, now
        if not at_rest or now == self._in_force:
            return False
        self._in_force = now
        return True


def signature(paths: Iterable[str]) -> Signature:
    """What tells one state of the rule files from another. A path that leads nowhere is a state too."""
    try:
        return tuple(_stamp(path) for _, path in find_rule_files(paths))
    except RuleFileUnreadable as error:
        return ((str(error), 0, 0),)


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), stat.st_mtime_ns, stat.st_size
