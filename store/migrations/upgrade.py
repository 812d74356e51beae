"""Bring a database to this version's schema, in one transaction, after a copy."""

from datetime import datetime
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection

from store import backup, engines, triggers
from store.errors import InvariantBroken, SchemaMismatch

MIGRATIONS = Path(__file__).parent


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
            if not _is_outdated(found, upgrade=upgrade):
                return
            file = engines.sqlite_file(url)
            if file is not None and found is not None:
                backup.copy(file, file.with_name(f"{file.name}.before-upgrade-from-{found}-{now:%Y%m%dT%H%M%SZ}"))
            with connection.begin():
                migrate(connection)
    finally:
        engine.dispose()


def migrate(connection: Connection, target: str = "head") -> None:
    """Run the migrations up to *target* and make the triggers anew. Inside the caller's transaction."""
    script = _script()
    # The one private call: alembic's own `upgrade` command is this line behind a configuration file.
    steps = MigrationContext.configure(connection, opts={"fn": lambda found, _: script._upgrade_revs(target, found)})
    with Operations.context(steps):
        steps.run_migrations()
    triggers.recreate(connection)
    triggers.verify(connection)
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise InvariantBroken(
                f"after the upgrade {len(broken)} rows would refer to nothing, first: {tuple(broken[0])}. "
                "Nothing was changed; please report this."
            )


def revision(connection: Connection) -> str | None:
    """Which version of the schema the database has; None: it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """This version's schema."""
    return _script().as_revision_number("head")  # type: ignore[return-value]


def _is_outdated(found: str | None, *, upgrade: bool) -> bool:
    script = _script()
    if found == head():
        return False
    known = {step.revision for step in script.walk_revisions()}
    if found is not None and found not in known:
        raise SchemaMismatch(
            f"the database has schema {found}, which is newer than this version of Tocsin knows ({head()}). "
            "Install the newer version again, or restore the copy that it made before its upgrade."
        )
    if not upgrade:
        raise SchemaMismatch(
            f"the database has schema {found or 'none (it is empty)'}, this version needs {head()}. "
            "Make a backup, then run `tocsin db upgrade`."
        )
    return True


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))
