"""Connections: what SQLite and PostgreSQL need to behave alike, and their errors in our words."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from store.errors import Duplicate, InvariantBroken, StoreError, StoreUnavailable

#: Primary result codes of SQLite that say "not now" rather than "never": the same work may succeed later.
_SQLITE_NOT_NOW = {
    sqlite3.SQLITE_BUSY: "it is locked by another process",
    sqlite3.SQLITE_LOCKED: "it is locked by another connection",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_IOERR: "reading or writing the file failed",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_NOTADB: "the file is not a database",
    sqlite3.SQLITE_PROTOCOL: "its write-ahead log cannot be taken up",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
}
_SQLITE_DUPLICATE = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
#: What a connection that writes asks for. Readers must not: to be told that the file is in WAL mode already they would
#: wait for the writer's lock.
_WRITING = (
    "PRAGMA auto_vacuum = INCREMENTAL",  # has an effect only before the first table exists
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA foreign_keys = ON",
)
#: What records hold does not get into errors, and so not into the log.
_COMMON: dict[str, Any] = {"max_overflow": 0, "hide_parameters": True}
#: Classes of PostgreSQL's SQLSTATE that say the same: connection, read-only, transaction rolled back, insufficient
#: resources, object in use, operator intervention, system error.
_POSTGRES_NOT_NOW = ("08", "25006", "40", "53", "55", "57", "58")


def parse(url: str) -> URL:
    """*url* with the driver that we use. Bare paths are not accepted: ``sqlite:////var/lib/tocsin/tocsin.db``."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise StoreError(
            f"store.url must be sqlite:////path/to/file or postgresql://…, found {parsed.render_as_string()}"
        )
    return parsed


def sqlite_file(url: URL) -> Path | None:
    """The database's file, None on PostgreSQL."""
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def writing(url: URL, *, lock_wait_seconds: float) -> Engine:
    """An engine for the one writer: each transaction holds the write lock from its beginning."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, lock_wait_seconds, "BEGIN IMMEDIATE", *_WRITING, size=1)
    return create_engine(url, pool_size=1, connect_args=_postgres_options(lock_wait_seconds), **_COMMON)


def reading(url: URL, *, readers: int, lock_wait_seconds: float) -> Engine:
    """An engine for readers: each transaction is a snapshot and cannot write."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, lock_wait_seconds, "BEGIN", "PRAGMA query_only = ON", size=readers)
    options = _postgres_options(lock_wait_seconds)
    options["options"] += " -c default_transaction_read_only=on"
    return create_engine(url, pool_size=readers, isolation_level="REPEATABLE READ", connect_args=options, **_COMMON)


def upgrading(url: URL, *, lock_wait_seconds: float) -> Engine:
    """An engine for migrations: foreign keys are not enforced while tables are copied and renamed."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, lock_wait_seconds, "BEGIN IMMEDIATE", *_WRITING, "PRAGMA foreign_keys = OFF", size=1)
    return writing(url, lock_wait_seconds=lock_wait_seconds)


def _sqlite(url: URL, lock_wait_seconds: float, begin: str, *pragmas: str, size: int) -> Engine:
    engine = create_engine(url, pool_size=size, **_COMMON)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        for pragma in (f"PRAGMA busy_timeout = {round(lock_wait_seconds * 1000)}", *pragmas):
            connection.execute(pragma).close()

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgres_options(lock_wait_seconds: float) -> dict[str, Any]:
    wait = round(lock_wait_seconds * 1000)
    return {
        "connect_timeout": 10,
        "application_name": "tocsin",
        "options": f"-c lock_timeout={wait} -c timezone=UTC -c synchronous_commit=on",
    }


@contextlib.contextmanager
def our_errors(where: str) -> Iterator[None]:
    """Turn the database's errors into ours. *where* names the database in messages."""
    try:
        yield
    except SQLAlchemyError as error:
        raise in_our_words(error, where) from error


def in_our_words(error: SQLAlchemyError, where: str) -> StoreError:
    """The `StoreError` that says what *error* means."""
    if not isinstance(error, DBAPIError):
        # Without the statement: its parameters are log lines.
        return StoreError(f"{where}: {error.orig if isinstance(error, StatementError) else error}")
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _sqlite_in_our_words(cause, where)
    state: str | None = getattr(cause, "sqlstate", None)
    detail = str(cause).strip()
    if error.connection_invalidated or state is None or state.startswith(_POSTGRES_NOT_NOW):
        return StoreUnavailable(f"{where} cannot be used now: {detail}. Nothing was written; try again.")
    if state == "23505":
        return Duplicate(f"{where}: {detail}")
    return InvariantBroken(f"{where}: {detail}") if state.startswith("23") else StoreError(f"{where}: {detail}")


def _sqlite_in_our_words(error: sqlite3.Error, where: str) -> StoreError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    why = _SQLITE_NOT_NOW.get(code & 0xFF)
    if why is not None:
        return StoreUnavailable(f"{where} cannot be used now: {why} ({error}). Nothing was written; try again.")
    if code in _SQLITE_DUPLICATE:
        return Duplicate(f"{where}: {error}")
    if code & 0xFF == sqlite3.SQLITE_CONSTRAINT:
        return InvariantBroken(f"{where}: {error}")
    return StoreError(f"{where}: {error}")
