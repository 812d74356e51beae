"""``INSERT … ON CONFLICT`` on both databases."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, table: Table) -> Any:
    """An insert that knows ``on_conflict_do_update`` and ``on_conflict_do_nothing``.

    Any, because the two dialects' classes share no base that has these methods.
    """
    return (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(table)
