"""What an error says of itself gets into the log: never what records hold."""

import traceback
from pathlib import Path

import pytest
from sqlalchemy import text
from support.fakes import FakeClock
from support.store import open_store


async def test_an_error_of_the_database_does_not_quote_values(store_url: str, tmp_path: Path) -> None:
    """A statement may stand in it; what went with the statement is left out."""
    wrong = text("SELECT * FROM nothing WHERE line = :line")
    async with open_store(store_url, FakeClock(), tmp_path) as store:
        with pytest.raises(Exception, match="nothing") as caught:
            await store.read(lambda connection: connection.execute(wrong, {"line": "Failed password for root"}))
        with pytest.raises(Exception, match="nothing") as again:
            await store.write(lambda tx: tx.connection.execute(wrong, {"line": "Failed password for root"}))
    told = [line for one in (caught, again) for line in traceback.format_exception(one.value)]
    assert "Failed password" not in "".join(told)
