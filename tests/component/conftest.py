"""What component tests of several packages share: a store on each database that we support."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.fakes import FakeClock
from support.store import PostgresAbsent, PostgresServer, open_store, postgres_server, sqlite_url

from store.database import Store


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One real PostgreSQL for the whole run."""
    try:
        with postgres_server() as server:
            yield server
    except PostgresAbsent as absent:
        pytest.skip(f"PostgreSQL: {absent}")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, of each kind in turn."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still."""
    return FakeClock()


@pytest.fixture
async def store(store_url: str, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Store]:
    """An open store, on each database in turn."""
    async with open_store(store_url, clock, tmp_path) as opened:
        yield opened
