"""What an error says of itself gets into the log: never what records hold."""

import traceback
from pathlib import Path

import pytest
from sqlalchemy import text
from support.fakes import FakeClock
from support.store import open_store

#: Not as one literal: a traceback quotes the line of the source.
LINE = " ".join(("Failed", "password", "for", "root"))


async def test_an_error_of_the_database_does_not_quote_values(store_url: str, tmp_path: Path) -> None:
    """A statement may stand in it; what went with the statement is left out."""
    wrong = text("SELECT * FROM nothing WHERE line = :line")
    async with open_store(store_url, FakeClock(), tmp_path) as store:
        with pytest.raises(Exception, match="nothing") as caught:
            await store.read(lambda connection: connection.execute(wrong, {"line": LINE}))
        with pytest.raises(Exception, match="nothing") as again:
            await store.write(lambda tx: tx.connection.execute(wrong, {"line": LINE}))
    told = [line for one in (caught, again) for line in traceback.format_exception(one.value)]
    assert LINE not in "".join(told)
