"""``INSERT … ON CONFLICT`` on both databases."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, table: Table) -> Any:
    """An insert that knows ``on_conflict_do_update`` and ``on_conflict_do_nothing``.

    Any, because the two dialects' classes share no base that has these methods.
    """
    return _insert(connection.dialect.name, table)


def _insert(dialect: str, table: Table) -> Any:
    return (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)


def upsert(
    connection: Connection,
    table: Table,
    key: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    *,
    update: Sequence[str],
) -> None:
    """Insert *rows*; where there is one with that *key*, set its columns *update* instead. No rows: nothing."""
    if rows:
        connection.execute(_upsert(connection.dialect.name, table, tuple(key), tuple(update)), rows)


@lru_cache(maxsize=64)
def _upsert(dialect: str, table: Table, key: tuple[str, ...], update: tuple[str, ...]) -> Any:
    """Made once: to put such a statement together takes longer than to run it."""
    statement = _insert(dialect, table)
    new = {name: statement.excluded[name] for name in update}
    return statement.on_conflict_do_update(index_elements=key, set_=new)


@lru_cache(maxsize=64)
def insert_if_new(dialect: str, table: Table, returning: str) -> Any:
    """An insert, to be given its values when it is run, that does nothing where there is such a row already."""
    return _insert(dialect, table).on_conflict_do_nothing().returning(table.c[returning])
