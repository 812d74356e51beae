"""Moments that nobody can have meant: refused by name where a person sends them, and never unreadable in the store."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from support.fakes import START, FakeClock
from support.once import once
from support.site import ANA, Site
from support.store import finding

from store.database import Store
from store.repository.grouping import findings
from store.repository.people import persons
from store.tables import reading
from store.tx import Tx

ENDS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")


@pytest.fixture
async def site(store: Store, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Site]:
    """One incident."""

    def fill(tx: Tx) -> None:
        persons.upsert_from_config(tx, [ANA])
        findings.take(tx, finding())

    await once(store, lambda: store.write(fill), __name__, "site")
    made = Site(store, clock, tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest.mark.parametrize("moment", ENDS)
async def test_a_person_is_told_which(site: Site, moment: str) -> None:
    """Each field is named, and nothing is opened or changed."""
    token = await site.token_of("ana")
    opened: dict[str, Any] = {"title": "t", "severity": "low", "what_happened": "x", "occurred_at": moment}
    corrected = {"instant": "occurred_at", "to": moment, "reason": "r"}
    for path, body, field in (("", opened, "occurred_at"), ("/1/acts/correction", corrected, "to")):
        code, refused = await site.ask("POST", f"/api/v1/incidents{path}", token=token, version=1, json=body)
        assert (code, refused["code"], refused["missing"]) == (422, "invalid_body", [field])
    for query in ("coverage?from={0}&until={0}", "coverage/at?source=auth&time={0}", "export.csv?from={0}"):
        path = f"/api/v1/{query.format(moment.replace('+', '%2B'))}"
        code, refused = await site.ask("GET", path, token=token)
        assert (code, refused["code"]) == (422, "invalid_query")
    _, page = await site.ask("GET", "/api/v1/incidents", token=token)
    assert [one["number"] for one in page["items"]] == [1]


@pytest.mark.parametrize("moment", ENDS)
async def test_what_is_stored_can_be_read_again(store: Store, moment: str) -> None:
    """A line may claim to be of a moment that is none in UTC: it becomes the nearest one that is."""
    told = {"incident": 1, "at": datetime.fromisoformat(moment), "person": "ana", "via": "token", "route": "-"}

    def keep(tx: Tx) -> None:
        persons.upsert_from_config(tx, [ANA])
        findings.take(tx, finding())
        tx.connection.execute(insert(reading).values(**told))

    await store.write(keep)
    found = await store.read(lambda connection: connection.execute(select(reading.c.at)).scalar_one())
    assert abs(found.year - START.year) > 1000
