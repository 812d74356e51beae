"""Copies of a SQLite database, taken while it is in use."""

import contextlib
import os
import sqlite3
from pathlib import Path

from store.errors import StoreError, StoreUnavailable


def copy(file: Path, to: Path) -> None:
    """Copy the database *file* to *to*, consistent as of one moment, while others read and write it.

    The copy is written beside its place and renamed when it is whole and on disk; *to* is never overwritten.

    Raises:
        StoreError: *to* exists, or *file* does not.
        StoreUnavailable: Disk full, or the database cannot be read.
    """
    if to.exists():
        raise StoreError(f"{to} exists already: choose another name, a backup is never overwritten")
    if not file.exists():
        raise StoreError(f"there is no database at {file}")
    part = to.with_name(f".{to.name}.part")
    try:
        _write(file, part)
        part.rename(to)
        _to_disk(to.absolute().parent)  # the name, too
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"no backup was made at {to}: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def _write(file: Path, part: Path) -> None:
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with (
        contextlib.closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as source,
        contextlib.closing(sqlite3.connect(part)) as target,
    ):
        # In one step: a copy in several starts anew whenever somebody writes between two of them.
        source.backup(target)
        # One file, without a write-ahead log beside it.
        target.execute("PRAGMA journal_mode = DELETE").close()
    _to_disk(part)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
