"""What a database says of its own schema, in a form that can be compared."""

from sqlalchemy import Connection, inspect, text

from store import triggers

_SQLITE_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
_POSTGRES_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
_POSTGRES_CONSTRAINTS = (
    "SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = current_schema()::regnamespace AND contype <> 'n'"
)


def describe(connection: Connection) -> dict[str, str]:
    """Everything that makes the schema: columns, keys, checks, indexes with their WHERE, triggers."""
    found = {name: " ".join(sql.split()) for name, sql in _indexes(connection).items()}
    found |= {f"trigger {name}": body for name, body in triggers.installed(connection).items()}
    if connection.dialect.name == "postgresql":
        rows = connection.execute(text(_POSTGRES_CONSTRAINTS))
        found |= {f"constraint {row[0]}": row[1] for row in rows}
    inspector = inspect(connection)
    for table in inspector.get_table_names():
        if table == "alembic_version":
            continue
        for column in inspector.get_columns(table):
            parts = (str(column["type"]), column["nullable"], column["default"], column.get("autoincrement"))
            found[f"column {table}.{column['name']}"] = repr(parts)
        found[f"primary key {table}"] = repr(inspector.get_pk_constraint(table)["constrained_columns"])
        for unique in inspector.get_unique_constraints(table):
            found[f"unique {table}.{unique['name']}"] = repr(unique["column_names"])
        for key in inspector.get_foreign_keys(table):
            target = (key["constrained_columns"], key["referred_table"], key["referred_columns"])
            found[f"foreign key {table}.{key['name']}"] = repr(target)
        for check in inspector.get_check_constraints(table):
            found[f"check {table}.{check['name']}"] = " ".join(check["sqltext"].split())
    return {name: said for name, said in found.items() if "alembic_version" not in name}


def _indexes(connection: Connection) -> dict[str, str]:
    query = _SQLITE_INDEXES if connection.dialect.name == "sqlite" else _POSTGRES_INDEXES
    return {f"index {row[0]}": row[1] for row in connection.execute(text(query))}
