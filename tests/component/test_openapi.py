"""The description of the API: of the routes there are, valid, and what requests made of it find."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path
from typing import Any, Final

import aiohttp
import jsonschema_rs
import pytest
from support.budget import soak_seconds
from support.described import faults
from support.fakes import START, FakeClock
from support.routes import routes
from support.site import Site
from support.store import finding, open_store
from yarl import URL

from detector.api.operations import TABLE
from detector.intake.settings import Intake, Proof
from rules.intake.parcels import KINDS
from store.database import Store
from store.people import Person, Role
from store.repository.grouping import findings
from store.repository.people import persons
from store.tx import Tx

#: Right ones and wrong ones of each operation in the soak: one of each takes some 20 s.
CASES: Final = int(os.environ.get("TOCSIN_API_CASES", max(1, int(soak_seconds(0.05) / 20))))


@asynccontextmanager
async def served(store: Store, folder: Path) -> AsyncIterator[Site]:
    """One open incident, and somebody who may do everything."""

    def fill(tx: Tx) -> None:
        persons.upsert_from_config(tx, [Person(id="ana", name="Ana", roles=frozenset(Role))])
        findings.take(tx, finding())

    await store.write(fill)
    made = Site(store, FakeClock(START.astimezone(UTC)), folder)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A site on SQLite."""
    clock = FakeClock(START.astimezone(UTC))
    store = await Store.open(f"sqlite:///{tmp_path / 't.db'}", clock, lock_dir=tmp_path, upgrade=True)
    async with served(store, tmp_path) as made:
        yield made
    await store.close()


async def description(site: Site) -> dict[str, Any]:
    """What is served."""
    status, told = await site.ask("GET", "/api/openapi.json")
    assert status == 200
    return dict(told)


async def test_the_description_is_valid_and_of_every_route(site: Site) -> None:
    """It is OpenAPI 3.1, its schemas are JSON schemas; each route is in it, and what it names leads to a route."""
    told = await description(site)
    for schema in told["components"]["schemas"].values():
        jsonschema_rs.validator_for({"components": told["components"], **schema})
    named = {f"{method.upper()} {path}" for path, methods in told["paths"].items() for method in methods}
    wanted = {f"{method} {path}" for method, path in routes() if path.startswith(("/api/", "/hooks/", "/-/"))}
    in_parts = {route: one.each for route, one in TABLE.items() if one.each}
    for route, (place, parts) in in_parts.items():
        wanted = wanted - {route} | {route.replace(f"{{{place}}}", name) for name in parts}
    assert wanted <= named
    assert named - wanted == {"GET /healthz", "GET /readyz", "GET /metrics"}
    assert set(TABLE) <= {f"{method} {path}" for method, path in routes()}
    assert all(one["summary"] for methods in told["paths"].values() for one in methods.values())


async def test_no_request_made_of_the_description_finds_a_fault(site: Site) -> None:
    """Right ones and wrong ones: no 5xx, each answer is one that is described, and what is wrong is refused."""
    assert await faults_of(site, cases=1, every=12) == []


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_no_request_of_many_finds_a_fault(site: Site) -> None:
    """The same with more of them."""
    assert await faults_of(site, cases=CASES, every=1) == []


async def faults_of(site: Site, *, cases: int, every: int) -> list[str]:
    """What *cases* right ones and as many wrong ones for each operation find."""
    site.intakes |= {kind: Intake(name=kind, kind=kind, proof=Proof.NONE) for kind in KINDS if kind != "mapped"}
    told, token = await description(site), await site.token_of("ana")
    return await asyncio.to_thread(lambda: [*faults(told, str(site.server.url), token, cases=cases, every=every)])


#: Act, body and headers.
WRONG: Final[dict[str, tuple[str, bytes, dict[str, str]]]] = {
    "lone surrogate": ("note", b'{"note": "\\ud800"}', {}),
    "not UTF-8": ("note", b'{"note": "\xff\xfe"}', {}),
    "deep": ("note", b'{"note": ' + b"[" * 100_000, {}),
    "odd key": ("note", b'{"note": "a"}', {"Idempotency-Key": " \xe9"}),
    "long key": ("note", b'{"note": "a"}', {"Idempotency-Key": "k" * 256}),
    "huge number": ("answer", b'{"entry": 99999999999999999999999999, "note": "a"}', {}),
    "infinite": ("note", b'{"note": 1e999}', {}),
}
#: Numbers that no database holds, and texts that PostgreSQL does not.
ODD: Final = (
    "incidents?after=9223372036854775808",
    "incidents?after=999999999999",
    "incidents?text=%00",
    "incidents?rule=%00",
    "incidents?owner=%ff%fe",
    "incidents?owner=%00",
    "incidents/999999999999999",
    "incidents/-1",
    "incidents/1/actions/99999999999999999999",
    "incidents/1/actions/999999999",
    "incidents/1/requests/99999999999999999999",
    "incidents/1/told/%00",
    "silences/999999999",
    "exceptions/99999999999999999999",
    "feedback/999999999",
    "inbox/999999999999999",
    "coverage?source=%00&rule=%00",
    "coverage/at?time=2026-01-01T00:00:00Z&source=%00&rule=%00",
    "trainings?person=%00",
    "approvals?rule=%00",
    "actions?owner=%00",
)
#: Bodies with a NUL in each text.
NULS: Final[dict[str, object]] = {
    "incidents": {"title": "a\0", "severity": "low", "what_happened": "a\0"},
    "incidents/1/acts/note": {"note": "a\0b"},
    "incidents/1/acts/concern": {"note": "a\0b"},
    "incidents/1/acts/evidence": {"text": "a\0", "note": "\0b"},
    "incidents/1/acts/hand_over": {"to": "a\0"},
    "incidents/1/requests": {"question": "a\0", "person": "ana\0"},
    "incidents/1/actions": {"kind": "correction", "text": "a\0", "owner": "a\0"},
    "users": {"id": "new", "name": "a\0", "email": "a\0"},
    "contacts": {"id": "new", "name": "a\0"},
    "tokens": {"person": "ana", "label": "a\0"},
    "sign-in-links": {"person": "a\0"},
    "sign-in": {"person": "a\0", "password": "a\0"},
    "silences": {"matchers": {"rule": ["a\0"]}, "reason": "a\0", "ends_at": "2026-12-31T00:00:00Z"},
    "feedback": {"text": "a\0", "contact": "a\0", "consent": True},
    "alerts": {"name": "a\0", "labels": {"a\0": "b\0"}},
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_no_text_and_no_number_is_refused(site: Site, name: str) -> None:
    """What no record can hold is wrong input, and no fault of ours."""
    act, body, more = WRONG[name]
    headers = {"Authorization": f"Bearer {await site.token_of('ana')}"} | more
    url = f"{site.server.url}/api/v1/incidents/1/acts/{act}"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        assert answer.status in (400, 422)
        assert (await answer.json())["detail"]


async def test_what_a_database_does_not_hold_is_no_fault(store_url: str, tmp_path: Path) -> None:
    """Odd numbers and a NUL in any text are refused, found nowhere, or kept so that they can be seen."""
    faults = []
    clock = FakeClock(START.astimezone(UTC))
    async with open_store(store_url, clock, tmp_path) as store, served(store, tmp_path) as site:
        site.intakes |= {kind: Intake(name=kind, kind=kind, proof=Proof.NONE) for kind in ("feedback", "alerts")}
        headers = {"Authorization": f"Bearer {await site.token_of('ana')}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            for path in ODD:
                url = URL(f"{site.server.url}/api/v1/{path}", encoded=True)
                async with session.get(url) as answer:
                    faults += [f"GET {path}: {answer.status}"] if answer.status not in (200, 404, 422) else []
            for path, body in NULS.items():
                async with session.post(f"{site.server.url}/api/v1/{path}", json=body) as answer:
                    faults += [f"POST {path}: {answer.status}"] if answer.status >= 500 else []
    assert faults == []
