"""Pages of acts and moves over HTTP: each has one, asks what the API asks, and says what is missing."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.browser import Reader
from support.fakes import START, FakeClock
from support.once import once
from support.site import ANA, VIC, Site
from support.store import finding, open_store

from detector.api.acts import ACTS, MOVES
from detector.web import asking
from detector.web.do_view import doables
from rules.event import Severity
from store import process
from store.people import Role
from store.repository.grouping import findings
from store.repository.people import persons
from store.repository.record import records
from store.tx import Tx

HOSTILE = "<script>alert(1)</script>\u202egnp.exe\x1b[31m"
ONE = "/api/v1/incidents/1"
BO = replace(ANA, id="bo", name="Bo")
WORKER = replace(ANA, roles=frozenset({Role.RESPONDER, Role.REPORTER}), timezone="Europe/Vienna")


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """An incident of severity high, a worker who is signed in and a viewer, on each database in turn."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [WORKER, BO, VIC])
            findings.take(tx, finding(severity=Severity.HIGH))

        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        await made.start()
        await made.sign_in("ana")
        yield made
        await made.stop()


async def load(site: Site, path: str) -> Reader:
    """A page as it is shown."""
    async with site.browser.get(path) as answer:
        assert answer.status == 200
        return Reader(await answer.text())


async def press(site: Site, name: str, typed: dict[str, str]) -> tuple[int, Reader]:
    """Open the page of *name*, type, and press its button: the status and the page that came of it."""
    page = await load(site, f"/i/1/do/{name}")
    async with site.browser.post(f"/i/1/do/{name}", data=page.sent | typed) as answer:
        return answer.status, Reader(await answer.text())


@pytest.mark.parametrize("name", [*ACTS, *MOVES])
async def test_everything_that_can_be_done_has_a_page(site: Site, name: str) -> None:
    """Each act and move is asked for on a page that is well formed, in words, wherever the incident stands."""
    page = await load(site, f"/i/1/do/{name}")
    assert (page.open, page.names().count("h1"), "script" in page.names()) == ([], 1, False)
    labelled = {names.get("for") for tag, names in page.tags if tag == "label"}
    asked = [names["id"] for tag, names in page.tags if tag in ("input", "select", "textarea") and "id" in names]
    assert set(asked) <= labelled
    doing = MOVES.get(name) or ACTS[name]
    body, faults = asking.body(doing.shape, page.sent, "UTC")
    assert (body is None) == bool(faults)


async def test_an_incident_links_to_what_this_person_may_do(site: Site) -> None:
    """The incident's page offers what is allowed now, and nothing else."""
    _, shown = await site.ask("GET", ONE, token=await site.token_of("ana"))
    links = {names.get("href") for tag, names in (await load(site, "/i/1")).tags if tag == "a"}
    able = doables(shown["allowed"], 1)
    assert {one.name for one in able} == {name for name in shown["allowed"] if name in ACTS or name in MOVES}
    assert {one.address for one in able} <= links
    assert {link for link in links if link and "/do/" in link} <= {one.address for one in able}
    await site.sign_in("vic")
    assert "/i/1/do/dismiss" not in str((await load(site, "/i/1")).tags)


async def test_doing(site: Site) -> None:
    """An act and a move by their pages do what they do over the API; times are the reader's."""
    await site.ask("POST", f"{ONE}/acknowledge", token=await site.token_of("ana"), json={})
    status, page = await press(site, "contain", {"note": "pulled the plug"})
    assert (status, "pulled the plug" in page.words) == (200, True)
    status, page = await press(site, "hand_over", {"to": "bo"})
    assert "✘" not in page.words
    _, shown = await site.ask("GET", ONE)
    assert (shown["contained_at"] is None, shown["owner"]) == (False, "bo")
    assert site.woken == 3


async def test_what_is_wrong_is_said_beside_it(site: Site) -> None:
    """Everything that is missing or wrong is said at once, and what was typed stays."""
    before = await site.ask("GET", ONE)
    status, page = await press(site, "hand_over", {"note": "n" * 10_001, "to": ""})
    assert status == 422
    assert page.words.count("✘") == 2
    assert len(page.sent["note"]) == 10_001
    status, page = await press(site, "decide", {"decision": "observe", "until": "soon"})
    assert (status, page.sent["decision"]) == (422, "observe")
    assert await site.ask("GET", ONE) == before


async def test_what_is_missing_is_said_before_anybody_presses(site: Site) -> None:
    """The incident's page counts what its next step lacks, and the page of the move names it, with links."""

    def report(tx: Tx) -> None:
        before = records.load(tx.connection, 1)
        records.change(tx, before, replace(before, step=process.REPORTING.step, approval_void=None))

    await site.store.write(report)
    assert "Hand in the report (6 missing)" in (await load(site, "/i/1")).words
    page = await load(site, "/i/1/do/submit")
    assert "This is missing still: Report: Site Report: Reporter" in page.words
    links = {names.get("href") for tag, names in page.tags if tag == "a"}
    assert {"/i/1/forms/report", "/i/1/forms/report#at-harm"} <= links
    status, page = await press(site, "submit", {})
    assert (status, "Report: Harm or impact" in page.words) == (422, True)
    assert "What you can do now" not in page.words


async def test_a_refusal_says_what_is_allowed(site: Site) -> None:
    """Out of its place a move says so, and links to what can be done instead."""
    page = await load(site, "/i/1/do/submit")
    assert "this cannot be done there" in page.words
    status, page = await press(site, "submit", {"note": "too early"})
    assert (status, page.sent["note"]) == (409, "too early")
    assert "/i/1/do/note" in {names.get("href") for tag, names in page.tags if tag == "a"}


async def test_upon_an_old_version(site: Site) -> None:
    """A move upon what has changed is not done; its page keeps what was typed, and the next press works."""
    old = (await load(site, "/i/1/do/dismiss")).sent | {"reason_code": "false_positive", "note": "our scanner"}
    await site.ask("POST", f"{ONE}/acts/contain", token=await site.token_of("ana"), json={})
    async with site.browser.post("/i/1/do/dismiss", data=old) as answer:
        page = Reader(await answer.text())
        assert (answer.status, page.sent["note"], page.sent["reason_code"]) == (412, "our scanner", "false_positive")
    async with site.browser.post("/i/1/do/dismiss", data=page.sent) as answer:
        assert "Its dismissal is proposed" in await answer.text()


async def test_hostile_text_stays_text(site: Site) -> None:
    """What was typed is text on every page that shows it again."""
    for name in ("note", "dismiss", "submit", "hand_over"):
        for _ in range(2):
            _, page = await press(site, name, {"note": HOSTILE, "to": HOSTILE, "reason_code": HOSTILE})
            assert "script" not in page.names()
            assert not any(character in page.text for character in "\u202e\x1b")


async def test_who_may_not(site: Site) -> None:
    """Without the role, from another site, signed out, or by a name that is none, nothing is done."""
    before = await site.ask("GET", ONE)
    async with site.browser.post("/i/1/do/contain", headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 403
    async with site.browser.post("/i/1/do/explode") as answer:
        assert answer.status == 404
    await site.sign_in("vic")
    status, page = await press(site, "contain", {})
    assert (status, "the role responder is needed" in page.words) == (403, True)
    await site.browser.post("/out")
    async with site.browser.post("/i/1/do/contain") as answer:
        assert answer.status == 401
    async with site.browser.get("/i/1/do/contain", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/in")
    assert await site.ask("GET", ONE) == before


async def test_looking_changes_nothing(site: Site) -> None:
    """GET and HEAD of every such page, twice, leave the record as it was."""
    before = await site.ask("GET", ONE)
    for name in [*ACTS, *MOVES]:
        for method in ("GET", "HEAD", "GET", "HEAD"):
            async with site.browser.request(method, f"/i/1/do/{name}") as answer:
                assert answer.status == 200
    assert await site.ask("GET", ONE) == before
