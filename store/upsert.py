"""``INSERT … ON CONFLICT`` on both databases."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, table: Table) -> Any:
    """An insert that knows ``on_conflict_do_update`` and ``on_conflict_do_nothing``.

    Any, because the two dialects' classes share no base that has these methods.
    """
    return (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(table)


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
        statement = insert(connection, table)
        new = {name: statement.excluded[name] for name in update}
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=new), rows)
