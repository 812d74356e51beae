"""What happened in a period: as a bundle that verifies itself, as CSV, and what is due as an iCalendar."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.site import SEAL_KEYS, Site
from support.store import finding

from rules.event import Decision
from store.action import ActionKind
from store.database import Store
from store.four_eyes import FourEyes
from store.incident import Actor, ActorKind, DismissReason
from store.people import Person, Role
from store.repository.dossier import action_turns
from store.repository.follow_up import improvements
from store.repository.grouping import findings
from store.repository.incident import dismissals, incidents, waivers
from store.repository.people import persons
from store.site import Site as Rules
from store.tx import Tx

ANA = Actor(kind=ActorKind.PERSON, id="ana")
ROLES = frozenset({Role.RESPONDER, Role.APPROVER, Role.REPORTER})
DAY = timedelta(days=1)


@pytest.fixture
async def site(store: Store, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Site]:
    """INC-1 dismissed on the first day; INC-2, INC-3 (observed) and what is due of INC-2 ten days later."""
    await store.write(lambda tx: persons.upsert_from_config(tx, [Person(id="ana", name="Ana", roles=ROLES)]))
    await store.write(lambda tx: findings.take(tx, finding("f1")))
    given: dict[str, Any] = {"reason_code": DismissReason.FALSE_POSITIVE, "note": "", "calendar": Rules().calendar}
    await store.write(lambda tx: dismissals.dismiss(tx, 1, ANA, version=2, via="token", **given))
    clock.advance(10 * DAY.total_seconds())
    now = START + 10 * DAY

    def fill(tx: Tx) -> None:
        findings.take(tx, finding("f2", rule="r2", source="=cmd()", host="web2", first_seen=now))
        seen = finding("f3", rule="r3", source="192.0.2.3", decision=Decision.OBSERVE, first_seen=now, host="web3")
        findings.take(tx, seen)
        incidents.acknowledge(tx, 2, ANA, via="token")
        plan = {"text": "=1+1", "due": (now + 3 * DAY).date()}
        action_turns.write(tx, 2, ANA, kind=ActionKind.CORRECTION, plan=plan, via="token", site=Rules())
        improvements.improve(tx, 2, ANA, via="token", item="log more", owner="ana", due=(now + 9 * DAY).date())
        waivers.waive(tx, 2, ANA, reason="nobody else is there", site=Rules(four_eyes=FourEyes.FULL), via="token")

    await store.write(fill)
    clock.advance(60)
    made = Site(store, clock, tmp_path)
    await made.start()
    yield made
    await made.stop()


async def fetched(site: Site, path: str) -> bytes:
    """What is there."""
    headers = {"Authorization": f"Bearer {await site.token_of('ana')}"}
    async with site.operator.get(f"http://tocsin{path}", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.read()


def holds(folder: Path) -> bool:
    """Whether the bundle verifies, with nothing but Python and the public key."""
    command = [sys.executable, "-I", "-S", "verify.py", SEAL_KEYS.public[SEAL_KEYS.id].hex()]
    return subprocess.run(command, cwd=folder, env={}, capture_output=True).returncode == 0


def day(days: int) -> str:
    """A day of the query, counted from the start."""
    return (START + days * DAY).date().isoformat()


async def test_a_period_has_every_record_that_was_open_in_it(site: Site, tmp_path: Path) -> None:
    """Dismissed and observed ones too; the bundle verifies with Python alone, and shows any change."""
    async with site.operator.get(f"http://tocsin/api/v1/export?from={day(0)}") as answer:
        packed = await answer.read()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(tmp_path / "out")
    [folder] = (tmp_path / "out").iterdir()
    told = json.loads((folder / "incidents.json").read_text())
    assert [(one["id"], one["outcome"], one["dismissed_because"]) for one in told] == [
        ("INC-1", "dismissed", "false_positive"),
        ("INC-2", "none", None),
        ("INC-3", "none", None),
    ]
    [waiver] = json.loads((folder / "waivers.json").read_text())
    assert (waiver["incident"], waiver["by"], waiver["reason"]) == ("INC-2", "ana", "nobody else is there")
    [action] = csv.DictReader(io.StringIO((folder / "actions.csv").read_text()))
    assert (action["incident"], action["text"]) == ("INC-2", "'=1+1")
    assert "roles_changed" in (folder / "installation.json").read_text()
    assert holds(folder)
    (folder / "incidents.csv").write_text("id\r\n")
    assert not holds(folder)


async def test_the_period_bounds_it(site: Site) -> None:
    """A record that was closed before, or opened after, is not in it."""
    for query, numbers in (
        (f"from={day(5)}", ["INC-2", "INC-3"]),
        (f"from={day(-5)}&until={day(5)}", ["INC-1"]),
        (f"from={day(-5)}&until={day(-1)}", []),
    ):
        rows = csv.DictReader(io.StringIO((await fetched(site, f"/api/v1/export.csv?{query}")).decode()))
        assert [row["id"] for row in rows] == numbers, query


async def test_what_is_due(site: Site) -> None:
    """Dates of actions and improvement items, and the clocks that run, without a word of what people wrote."""
    told = (await fetched(site, "/api/v1/calendar.ics")).decode().replace("\r\n ", "")
    assert f"DTSTART;VALUE=DATE:{(START + 13 * DAY).date():%Y%m%d}\r\n" in told
    assert "SUMMARY:INC-2: action 1 is due (ana)\r\n" in told
    assert "SUMMARY:INC-2: improvement 1 is due (ana)\r\n" in told
    assert "URL:http://tocsin.test/i/2\r\n" in told
    assert "INC-1:" not in told
    assert "log more" not in told


@pytest.mark.parametrize(
    "query", ["", "from=x", "from=2026-02-30", "from=9999-01-01", "from=2026-01-01T00:00:00", "a=b"]
)
async def test_a_period_must_be_named(site: Site, query: str) -> None:
    """What is wrong with it is named."""
    code, refused = await site.ask("GET", f"/api/v1/export?{query}")
    assert (code, refused["code"]) == (422, "invalid_query")
    assert "from" in refused["missing"]
