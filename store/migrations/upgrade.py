"""Bring a database to this version's schema, in one transaction, after a copy."""

from datetime import datetime
from typing import Final

from sqlalchemy import URL, Connection, inspect

from store import backup, engines
from store.errors import SchemaMismatch
from store.tables import METADATA

#: This version's schema. A test holds it against the migrations.
HEAD: Final = "0001"
MOST_NAMED: Final = 5  #: of the columns that are missing

_SQLITE_COLUMNS = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
_POSTGRES_COLUMNS = (
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
)


def ensure(url: URL, *, upgrade: bool, now: datetime, lock_wait_seconds: float) -> None:
    """Make sure that the database has this version's schema.

    Args:
        upgrade: Whether an older or empty one may be brought up to date.
        now: Goes into the name of the copy that is made of a SQLite file before.

    Raises:
        SchemaMismatch: It is older and may not be changed, or newer than this version.
    """
    engine = engines.upgrading(url, lock_wait_seconds=lock_wait_seconds)
    try:
        with engine.connect() as connection:
            with connection.begin():
                found = revision(connection)
            if found != HEAD:
                _upgrade(connection, url, found, upgrade=upgrade, now=now)
    finally:
        engine.dispose()


def revision(connection: Connection) -> str | None:
    """Which version of the schema the database has; None: it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def verify(connection: Connection) -> None:
    """Check that every column is there. The number alone does not tell: what was made amid the work on a version bears
    its number, too.

    Raises:
        SchemaMismatch: Columns are missing; names some of them.
    """
    asked = _SQLITE_COLUMNS if connection.dialect.name == "sqlite" else _POSTGRES_COLUMNS
    there = {f"{table}.{column}" for table, column in connection.exec_driver_sql(asked)}
    wanted = {f"{column.table.name}.{column.name}" for table in METADATA.tables.values() for column in table.columns}
    if missing := sorted(wanted - there):
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        raise SchemaMismatch(
            f"the database says that it has schema {HEAD}, but lacks {', '.join(missing[:MOST_NAMED])}{more}: "
            "it was made by an unreleased version, or altered by hand. Restore a backup, or begin with a new database."
        )


def _upgrade(connection: Connection, url: URL, found: str | None, *, upgrade: bool, now: datetime) -> None:
    from store.migrations import steps

    if found is not None and found not in steps.known():
        raise SchemaMismatch(
            f"the database has schema {found}, which is newer than this version of Tocsin knows ({HEAD}). "
            "Install the newer version again, or restore the copy that it made before its upgrade."
        )
    if not upgrade:
        raise SchemaMismatch(
            f"the database has schema {found or 'none (it is empty)'}, this version needs {HEAD}. "
            "Make a backup, then run `tocsin db upgrade`."
        )
    file = engines.sqlite_file(url)
    if file is not None and found is not None:
        backup.copy(file, file.with_name(f"{file.name}.before-upgrade-from-{found}-{now:%Y%m%dT%H%M%SZ}"))
    with connection.begin():
        steps.migrate(connection)
