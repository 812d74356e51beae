"""How a database comes to this version's schema, and what is refused."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from support.catalogue import describe
from support.fakes import FakeClock
from support.store import PostgresServer, finding, open_store, sqlite_url

from store import backup, engines, triggers
from store.database import Store
from store.errors import InvariantBroken, SchemaMismatch, StoreError
from store.migrations import steps, upgrade
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.tables import METADATA


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def two_urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Two empty databases of one kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/one.db", f"sqlite:///{tmp_path}/other.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database(), server.new_database()


@pytest.fixture
def connection(empty_url: str) -> Iterator[Connection]:
    """A connection as migrations have it."""
    engine = engines.upgrading(engines.parse(empty_url), lock_wait_seconds=1)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def test_migrated_equals_declared(two_urls: tuple[str, str]) -> None:
    """The migrations lead to what `store.tables` and `store.triggers` declare, by the databases' own account."""
    found = []
    for url, make in zip(two_urls, (steps.migrate, declare), strict=True):
        engine = engines.upgrading(engines.parse(url), lock_wait_seconds=1)
        with engine.begin() as connection:
            make(connection)
            found.append(describe(connection))
        engine.dispose()
    migrated, declared = found
    assert migrated == declared
    assert len([name for name in migrated if name.startswith("trigger")]) == len(triggers.TRIGGERS)


def declare(connection: Connection) -> None:
    """Make the schema without migrations."""
    METADATA.create_all(connection)
    triggers.recreate(connection)


def test_comparison_sees_a_dropped_trigger_and_another_where(connection: Connection) -> None:
    """The account that the databases give holds triggers and the WHERE of an index."""
    with connection.begin():
        steps.migrate(connection)
        before = describe(connection)
        on = "" if connection.dialect.name == "sqlite" else " ON incident"
        connection.exec_driver_sql(f"DROP TRIGGER tocsin_incident_no_delete{on}")
        connection.exec_driver_sql("DROP INDEX uq_incident_open_key")
        connection.exec_driver_sql("CREATE UNIQUE INDEX uq_incident_open_key ON incident (dedup_key)")
        after = describe(connection)
    changed = {name for name in before if before[name] != after.get(name)}
    assert changed == {"trigger tocsin_incident_no_delete", "index uq_incident_open_key"}


def test_this_version_is_where_the_migrations_lead() -> None:
    """The version that is asked for at each start is told without a look at the migrations."""
    assert steps.head() == upgrade.HEAD


async def test_empty_database_is_not_touched_unasked(empty_url: str, clock: FakeClock, tmp_path: Path) -> None:
    """Without leave to upgrade, an empty database is refused with the command that makes it ready."""
    with pytest.raises(SchemaMismatch, match="tocsin db upgrade"):
        await Store.open(empty_url, clock, lock_dir=tmp_path, upgrade=False)
    async with open_store(empty_url, clock, tmp_path):
        pass
    reopened = await Store.open(empty_url, clock, lock_dir=tmp_path, upgrade=False)
    await reopened.close()


async def test_newer_schema_is_refused(store_url: str, clock: FakeClock, tmp_path: Path) -> None:
    """A database that a newer version has written is left alone, also with leave to upgrade."""
    async with open_store(store_url, clock, tmp_path):
        pass
    change(store_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaMismatch, match="9999, which is newer"):
        await Store.open(store_url, clock, lock_dir=tmp_path, upgrade=True)


async def test_missing_trigger_is_seen_at_start_and_repaired_on_request(
    store_url: str, clock: FakeClock, tmp_path: Path
) -> None:
    """A start refuses a database whose triggers were taken away, names them, and makes them anew only when told to."""
    async with open_store(store_url, clock, tmp_path):
        pass
    on = "" if store_url.startswith("sqlite") else " ON timeline"
    change(store_url, f"DROP TRIGGER tocsin_timeline_no_update{on}")
    with pytest.raises(SchemaMismatch, match="tocsin_timeline_no_update"):
        await Store.open(store_url, clock, lock_dir=tmp_path, upgrade=True)
    repaired = await Store.open(store_url, clock, lock_dir=tmp_path, upgrade=True, repair_triggers=True)
    await repaired.close()
    async with open_store(store_url, clock, tmp_path) as store:
        await store.write(lambda tx: findings.take(tx, finding()))
        with pytest.raises(InvariantBroken, match="never changed"):
            await store.write(lambda tx: tx.connection.execute(text("UPDATE timeline SET via = 'forged'")))


def change(url: str, statement: str) -> None:
    """Do to a database what nobody should."""
    engine = create_engine(engines.parse(url))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


async def test_sqlite_is_copied_before_an_upgrade(
    clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before an older SQLite file is changed, a copy of it is made beside it, named after its schema and the time."""
    url = sqlite_url(tmp_path)
    async with open_store(url, clock, tmp_path) as store:
        await store.write(lambda tx: findings.take(tx, finding()))
    before = upgrade.HEAD
    versions = tmp_path / "migrations" / "versions"
    shutil.copytree(steps.MIGRATIONS / "versions", versions, ignore=shutil.ignore_patterns("__pycache__"))
    (versions / "9998_next.py").write_text(NEXT.format(before=before))
    monkeypatch.setattr(steps, "MIGRATIONS", versions.parent)
    monkeypatch.setattr(upgrade, "HEAD", "9998")
    async with open_store(url, clock, tmp_path) as store:
        [record] = await store.read(incidents.list_of)
        assert record.number == 1
        with pytest.raises(InvariantBroken, match="never deleted"):
            await store.write(lambda tx: tx.connection.execute(text("DELETE FROM incident")))
    copy = tmp_path / f"tocsin.db.before-upgrade-from-{before}-20260302T090000Z"
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM incident").fetchone() == (1,)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (before,)


#: SQLite copies and renames a table to change a column; that drops its triggers without a word.
NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9998"
down_revision = "{before}"


def upgrade() -> None:
    with op.batch_alter_table("tally") as table:
        table.alter_column("rule_title", nullable=True)
    with op.batch_alter_table("timeline", recreate="always") as table:
        table.alter_column("via", nullable=True)
"""


async def test_backup_while_in_use(clock: FakeClock, tmp_path: Path) -> None:
    """A copy taken while the store is open is whole, private, and never overwrites anything."""
    copy = tmp_path / "copy.db"
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:
        await store.write(lambda tx: findings.take(tx, finding()))
        assert store.file is not None
        backup.copy(store.file, copy)
        await store.write(lambda tx: findings.take(tx, finding("f2", rule="r2", source="192.0.2.1", host="db")))
        with pytest.raises(StoreError, match="never overwritten"):
            backup.copy(store.file, copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [name for name in names(tmp_path) if "copy" in name] == ["copy.db"]
    async with open_store(f"sqlite:///{copy}", clock, tmp_path / "elsewhere") as restored:
        assert len(await restored.read(incidents.list_of)) == 1


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_backup_of_nothing(tmp_path: Path) -> None:
    """There is nothing to copy where no database is, and no file is left."""
    with pytest.raises(StoreError, match="no database at"):
        backup.copy(tmp_path / "absent.db", tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


async def test_a_database_that_lacks_a_column_is_refused(empty_url: str, tmp_path: Path) -> None:
    """Its number is right; the sentence names what is missing, before anything is read or written."""
    async with open_store(empty_url, FakeClock(), tmp_path):
        pass
    engine = engines.upgrading(engines.parse(empty_url), lock_wait_seconds=1)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE discrepancy RENAME COLUMN cause TO reason")
    engine.dispose()
    with pytest.raises(SchemaMismatch, match=r"lacks discrepancy\.cause: it was made by an unreleased version"):
        async with open_store(empty_url, FakeClock(), tmp_path):
            pass
