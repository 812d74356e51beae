"""The migrations themselves. Imported only where a database is not of this version: Alembic takes long to load."""

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from store import triggers
from store.errors import InvariantBroken

MIGRATIONS = Path(__file__).parent


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


def known() -> frozenset[str]:
    """Every version of the schema that there is a way from."""
    return frozenset(step.revision for step in _script().walk_revisions())


def head() -> str | None:
    """The version of the schema to which the migrations lead."""
    return _script().get_current_head()


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))
