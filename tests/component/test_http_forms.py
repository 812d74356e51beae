"""Forms over HTTP: who may look and save, with which version, and what a refusal says."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.store import finding, open_store, sqlite_url

from detector.api import keys
from detector.api.application import new_application
from detector.api.identity import hash_of
from detector.api.server import Server
from store.incident import Actor, ActorKind
from store.people import Person, Role
from store.repository.grouping import findings
from store.repository.people import persons, tokens
from store.site import Site
from store.tx import Tx

ANA = Person(id="ana", name="Ana", roles=frozenset({Role.REPORTER}))
VIC = Person(id="vic", name="Vic", roles=frozenset({Role.VIEWER}))
REPORT = "/api/v1/incidents/1/forms/report"
OWNER = Actor(kind=ActorKind.OS, id="os:0")


class Caller:
    """Programs of several persons."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def get(self, path: str = REPORT, *, token: str = "ana") -> tuple[int, Any, str]:
        """Status, body and ETag."""
        async with self.session.get(path, headers={"Authorization": f"Bearer {token}"}) as answer:
            return answer.status, await answer.json(), answer.headers.get("ETag", "")

    async def put(self, body: Any, seen: str | None, *, token: str = "ana", path: str = REPORT) -> tuple[int, Any, str]:
        """Status, body and ETag."""
        headers = {"Authorization": f"Bearer {token}"} | ({"If-Match": seen} if seen is not None else {})
        async with self.session.put(path, json=body, headers=headers) as answer:
            return answer.status, await answer.json(), answer.headers.get("ETag", "")


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    """INC-1 behind a server; each person's token is their id."""
    clock = FakeClock(START)
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [ANA, VIC])
            findings.take(tx, finding())
            for one in (ANA, VIC):
                tokens.create(tx, one.id, "t", hash_of(one.id), OWNER)

        await once(store, lambda: store.write(fill), __name__, "caller")
        app = new_application()
        app[keys.STORE] = store
        app[keys.CLOCK] = clock
        app[keys.SITE] = Site
        server = Server(app)
        await server.start("127.0.0.1", 0, tmp_path / "s.sock")
        async with aiohttp.ClientSession(server.url) as session:
            yield Caller(session)
        await server.stop()


async def test_look_save_look(caller: Caller) -> None:
    """A form is prefilled when one looks; a save gives a new ETag, and the next one sees who wrote what."""
    code, seen, etag = await caller.get()
    assert (code, etag, seen["version"], seen["saved_by"]) == (200, '"0"', 0, None)
    assert seen["missing"] == ["what_happened"]
    assert seen["answers"]["asset"] == {"state": "given", "value": "web1", "reason": "", "auto": True, "by": None}
    body = {
        "answers": {
            "what_happened": {"value": "Guessing"},
            "harm": {"state": "none", "reason": "no login"},
            "affected": None,
        },
        "confirm": ["asset"],
    }
    code, saved, etag = await caller.put(body, etag)
    assert (code, etag, saved["missing"], saved["without_value"]) == (200, '"1"', [], {"none": 2})
    assert saved["answers"]["asset"]["by"] == "ana"
    assert "asset" not in saved["unconfirmed"]
    assert await caller.get(token="vic") == (200, saved, '"1"')


async def test_all_forms_at_once(caller: Caller) -> None:
    """The list has every form, in the order of the steps."""
    code, listed, _ = await caller.get("/api/v1/incidents/1/forms")
    assert code == 200
    assert [one["form"] for one in listed["items"]] == [
        "identification",
        "notification",
        "report",
        "investigation",
        "corrective_actions",
        "approval",
        "follow_up",
    ]


@pytest.mark.parametrize(
    ("seen", "status", "code"),
    [
        (None, 428, "if_match_required"),
        ("", 428, "if_match_required"),
        ("*", 400, "bad_if_match"),
        ("0", 400, "bad_if_match"),
        ('W/"0"', 400, "bad_if_match"),
        ('"00"', 400, "bad_if_match"),
        ('"1"', 412, "stale_version"),
    ],
)
async def test_versions(caller: Caller, seen: str | None, status: int, code: str) -> None:
    """Without the version that one has seen nothing is saved."""
    answered, refused, _ = await caller.put({"answers": {"title": {"value": "x"}}}, seen)
    assert (answered, refused["code"]) == (status, code)
    assert (await caller.get())[1]["version"] == 0


async def test_stale_names_who(caller: Caller) -> None:
    """A 412 says which version stands now, and who saved it."""
    await caller.put({"answers": {"title": {"value": "x"}}}, '"0"')
    _, refused, _ = await caller.put({"answers": {"title": {"value": "y"}}}, '"0"')
    assert refused["detail"] == "form report of INC-1 is at version 1, saved by ana; yours is 0"
    assert (refused["version"], refused["changed_by"]) == (1, "ana")


async def test_refusals(caller: Caller) -> None:
    """Wrong answers are named together; wrong persons, forms, incidents and bodies each have their code."""
    wrong = {"answers": {"tlp": {"value": "pink"}, "shoe": {"value": 42}, "harm": {"state": "none"}}}
    status, refused, _ = await caller.put(wrong, '"0"')
    assert (status, refused["code"], refused["missing"]) == (422, "invalid_answers", ["tlp", "shoe", "harm"])
    assert "concern" in refused["allowed"]
    status, refused, _ = await caller.put({}, '"0"', token="vic")
    assert (status, refused["code"]) == (403, "role_required")
    status, refused, _ = await caller.put({}, '"0"', token="nobody")
    assert status == 401
    status, refused, _ = await caller.put({"answer": {}}, '"0"')
    assert (status, refused["code"]) == (422, "invalid_body")
    status, refused, _ = await caller.put({"answers": {"title": {"state": "maybe"}}}, '"0"')
    assert (status, refused["code"]) == (422, "invalid_body")
    status, refused, _ = await caller.get("/api/v1/incidents/1/forms/rapport")
    assert (status, refused["allowed"][2]) == (404, "report")
    for path in ("/api/v1/incidents/2/forms", "/api/v1/incidents/2/forms/report"):
        assert (await caller.get(path))[0] == 404
    assert (await caller.put({}, '"0"', path="/api/v1/incidents/2/forms/report"))[0] == 404
    assert (await caller.get())[1]["version"] == 0
