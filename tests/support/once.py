"""What a test begins with: written once by the product's own code, and copied from then on.

To walk an incident to its approval takes half a second; to write the same rows again, a fiftieth of that.
"""

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final

from sqlalchemy import Connection, Table, text

from store.database import Store
from store.tables import METADATA, owner

Rows = dict[str, list[tuple[Any, ...]]]  #: by table

#: Whose rows are the store's own, whatever a test writes.
OWN: Final = frozenset({owner.name})
TABLES: Final = tuple(table for table in METADATA.sorted_tables if table.name not in OWN)

_written: dict[Hashable, Rows] = {}


async def once(store: Store, make: Callable[[], Awaitable[object]], *key: Hashable) -> None:
    """Have in *store*, which nobody has used yet, what *make* writes into it.

    Args:
        key: What tells this from other beginnings of the run: the module's name, and whatever *make* depends upon.
    """
    key = (*key, store.file is None)
    if key in _written:
        await store.write(lambda tx: _write(tx.connection, _written[key]))
        return
    assert not any(await store.read(_read)), "somebody wrote into this store before"
    await make()
    _written[key] = await store.read(_read)


def _read(connection: Connection) -> Rows:
    found = {table.name: connection.exec_driver_sql(f'SELECT * FROM "{table.name}"').all() for table in TABLES}
    return {name: [tuple(row) for row in rows] for name, rows in found.items() if rows}


def _write(connection: Connection, written: Rows) -> None:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    for table in TABLES:
        if rows := written.get(table.name):
            places = ", ".join([mark] * len(rows[0]))
            connection.exec_driver_sql(f'INSERT INTO "{table.name}" VALUES ({places})', rows)
            if connection.dialect.name == "postgresql":
                _go_on_counting(connection, table)


def _go_on_counting(connection: Connection, table: Table) -> None:
    """A number that was written out does not move the counter that gives the next one."""
    column = table.autoincrement_column
    if column is not None:
        counter = f"pg_get_serial_sequence('\"{table.name}\"', '{column.name}')"
        highest = f'(SELECT max("{column.name}") FROM "{table.name}")'
        connection.execute(text(f"SELECT setval({counter}, {highest}) WHERE {counter} IS NOT NULL"))
