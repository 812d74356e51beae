"""Which files there are: globs, and beside them the files that a rotation moved aside. The rescan is the truth."""

import functools
import glob
import os
import stat
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import re2

_ROTATED = re2.compile(r"^(.+?)[._-](?:\d[\dT:_.-]*|old)(\.[A-Za-z]+)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One ordinary file, as it stood when we looked."""

    path: str
    base: str  #: the path it is (or was, before a rotation) written at
    dev: int
    inode: int
    size: int
    modified_ns: int
    unpacked_bytes: int | None = None  #: of a compressed file, once measured

    @property
    def is_rotated(self) -> bool:
        """Whether its name says that a rotation moved it aside."""
        return self.path != self.base

    @property
    def is_compressed(self) -> bool:
        """Whether it must be unpacked to be read."""
        return self.path.endswith(".gz")

    @property
    def hint(self) -> tuple[int, int]:
        """Device and inode."""
        return self.dev, self.inode

    @property
    def state(self) -> tuple[int, int]:
        """What changes when the file does: size and time of last change."""
        return self.size if self.unpacked_bytes is None else self.unpacked_bytes, self.modified_ns


@dataclass(slots=True)
class Look:
    """What one look at all paths found."""

    files: list[Found] = field(default_factory=list)  #: each (device, inode) once
    missing: list[str] = field(default_factory=list)  #: patterns that match nothing
    problems: dict[str, str] = field(default_factory=dict)  #: path -> why it cannot be read


@functools.lru_cache(maxsize=4096)
def rotated_from(name: str) -> str | None:
    """The name that a rotated file was written under, e.g. "auth.log" for "auth.log.2.gz"; None if it is none."""
    match = _ROTATED.match(name.removesuffix(".gz"))
    return match.group(1) + (match.group(2) or "") if match else None


def rotated_path(path: str) -> str | None:
    """The path that a rotated file was written at, there or not; None if no rotation gives such a name."""
    name = rotated_from(path.rpartition("/")[2])
    return f"{folder_of(path)}/{name}" if name is not None else None


def folder_of(path: str) -> str:
    """The folder of *path* (plain string work: it runs for each file at each look)."""
    return path.rpartition("/")[0]


def discover(patterns: Collection[str], bases: Iterable[str]) -> Look:
    """Look at all paths.

    Args:
        patterns: what the configuration names.
        bases: paths that are or were followed: files rotated away from them are found, too.
    """
    look = Look()
    paths: dict[str, None] = {}
    for pattern in patterns:
        matches = sorted(glob.iglob(pattern, recursive=True)) if glob.has_magic(pattern) else [pattern]  # noqa: PTH207
        if not matches:
            look.missing.append(pattern)
        paths.update(dict.fromkeys(matches))
    written_at = {*paths, *bases}
    paths.update(dict.fromkeys(_rotated_beside(written_at)))
    seen: set[tuple[int, int]] = set()
    for path in paths:
        found = _stat(path, written_at, look)
        if found is not None and found.hint not in seen:
            seen.add(found.hint)
            look.files.append(found)
    look.missing = [pattern for pattern in look.missing if pattern in patterns]  # the rest went while we looked
    return look


def _rotated_beside(written_at: set[str]) -> list[str]:
    beside = []
    for folder in sorted({folder_of(path) for path in written_at}):
        try:
            with os.scandir(folder or "/") as entries:
                names = sorted(entry.name for entry in entries)
        except OSError:
            continue  # told by the stat of the path itself
        for name in names:
            base = rotated_from(name)
            if base is not None and f"{folder}/{base}" in written_at:
                beside.append(f"{folder}/{name}")
    return beside


def _stat(path: str, written_at: set[str], look: Look) -> Found | None:
    try:
        status = os.stat(path)  # noqa: PTH116 (once per file and look)
    except FileNotFoundError:
        look.missing.append(path)
        return None
    except OSError as error:
        look.problems[path] = f"{error.strerror or error}; check the path and its permissions"
        return None
    if not stat.S_ISREG(status.st_mode):
        look.problems[path] = "is not an ordinary file; name a log file, or a glob such as /var/log/app/*.log"
        return None
    written = rotated_path(path) or path
    return Found(
        path=path,
        base=written if written in written_at else path,
        dev=status.st_dev,
        inode=status.st_ino,
        size=status.st_size,
        modified_ns=status.st_mtime_ns,
    )
