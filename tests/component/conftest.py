"""What component tests of several packages share: a store on each database that we support."""

import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.fakes import FakeClock
from support.reused import Reused
from support.store import PostgresAbsent, PostgresServer, open_store, postgres_server, sqlite_url, up_to_date

from store.database import Store


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One real PostgreSQL for the whole run."""
    try:
        with postgres_server() as server:
            yield server
    except PostgresAbsent as absent:
        pytest.skip(f"PostgreSQL: {absent}")


KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def sqlite_template() -> Path:
    """A SQLite database that is up to date and holds nothing: to copy it is quicker than to make the tables."""
    return up_to_date()


@pytest.fixture(scope="session")
def postgres_databases(postgres: PostgresServer) -> Iterator[Reused]:
    """Databases there that are up to date and hold nothing."""
    with contextlib.closing(Reused(postgres)) as databases:
        yield databases


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table, of each kind in turn."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture(params=KINDS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that is up to date and holds nothing, of each kind in turn."""
    if request.param == "sqlite":
        shutil.copy(up_to_date(), tmp_path)
        yield sqlite_url(tmp_path)
        return
    databases: Reused = request.getfixturevalue("postgres_databases")
    url = databases.take()
    yield url
    databases.give_back(url)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still."""
    return FakeClock()


@pytest.fixture
async def store(store_url: str, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Store]:
    """An open store, on each database in turn."""
    async with open_store(store_url, clock, tmp_path) as opened:
        yield opened
