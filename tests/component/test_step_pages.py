"""Pages of the light report, approval, follow-up and clocks over HTTP: read, sign, watch, close, without scripts."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.browser import Reader
from support.fakes import START, FakeClock
from support.once import once
from support.path import SITE, add_people
from support.signing import frozen
from support.site import Site
from support.store import finding, open_store

from rules.event import Severity
from store import process
from store.deadlines import Deadlines, Timer, Within
from store.incident import Track
from store.repository.grouping import findings
from store.repository.record import records
from store.tx import Tx

HOSTILE = "<script>alert(1)</script>\u202egnp.exe\x1b[31m"
CHECKED = {"checklist.accurate": "yes", "checklist.complete": "yes", "checklist.compliant_with": "procedure 3"}
BOARDS = tuple(f"/i/{number}/{board}" for number in (1, 2) for board in ("light", "approval", "follow_up", "clocks"))
SAID = {"what_happened": "A scan of all ports", "cause": "open to the world", "no_action": "that is its purpose"}


def fill(tx: Tx) -> None:
    """INC-1 waits for two signatures; INC-2 is on the light track, and its page waits to be confirmed."""
    add_people(tx)
    findings.take(tx, finding(severity=Severity.HIGH, host=HOSTILE, account=HOSTILE))
    frozen(tx, 1, track=Track.FULL)
    findings.take(tx, finding("f2", rule="rule-2", severity=Severity.MEDIUM, source="203.0.113.2", host="web2"))
    before = records.load(tx.connection, 2)
    records.change(tx, before, replace(before, step=process.REPORTING.step, step_entered_at=tx.now))


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """Both incidents, on each database in turn, with a timer of the law that runs."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:
        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        made.rules = replace(
            SITE, deadlines=Deadlines(timers=(Timer(name="early_warning", within=Within(elapsed=timedelta(hours=24))),))
        )
        await made.start()
        yield made
        await made.stop()


async def load(site: Site, path: str) -> Reader:
    """A page as it is shown."""
    async with site.browser.get(path) as answer:
        assert answer.status == 200
        return Reader(await answer.text())


async def press(site: Site, path: str, sent: dict[str, str]) -> tuple[int, Reader]:
    """A button: the status and the page that came of it."""
    async with site.browser.post(path, data=sent) as answer:
        return answer.status, Reader(await answer.text())


def forms(page: Reader) -> set[str | None]:
    """Where the forms of a page lead to."""
    return {names.get("action") for tag, names in page.tags if tag == "form"} - {"/out"}


async def incident(site: Site, number: int) -> dict[str, object]:
    """As the API tells of it."""
    return dict((await site.ask("GET", f"/api/v1/incidents/{number}"))[1])


async def link(site: Site, person: str) -> str:
    """A new sign-in link, unopened."""
    return str((await site.ask("POST", "/api/v1/sign-in-links", json={"person": person}))[1]["url"])


async def test_a_light_incident_by_two_persons(site: Site) -> None:
    """One confirms a single page, another signs it with a fresh sign-in: it is followed up."""
    await site.sign_in("rita")
    assert "/i/2/light" in {names.get("href") for _, names in (await load(site, "/i/2")).tags}
    page = await load(site, "/i/2/light")
    status, _ = await press(site, "/i/2/light", page.sent | SAID)
    assert (status, (await incident(site, 2))["step"]) == (200, "approval")
    assert "/i/2/light" not in forms(await load(site, "/i/2/light"))
    await site.sign_in("abe")
    page = await load(site, "/i/2/approval")
    assert "A scan of all ports" in page.words
    signed = {"key": "approve", "version": page.sent["version"], "hash": page.sent["hash"]}
    status, page = await press(site, "/i/2/approval/approve", signed | {"fresh": await site.token_of("abe")})
    assert (status, (await incident(site, 2))["step"]) == (200, "follow_up")
    assert "report reviewed, dossier approved" in page.words


async def test_what_the_light_page_lacks(site: Site) -> None:
    """What is missing is said beside the three questions, all at once, and what was typed stays."""
    await site.sign_in("rita")
    sent = (await load(site, "/i/2/light")).sent | {"what_happened": HOSTILE}
    status, page = await press(site, "/i/2/light", sent | {"what_happened": ""})
    assert (status, page.words.count("✘ this is needed")) == (422, 3)
    status, page = await press(site, "/i/2/light", sent)
    assert (status, page.words.count("✘ this is needed"), "gnp.exe" in page.sent["what_happened"]) == (422, 2, True)
    assert (await incident(site, 2))["step"] == "reporting"
    await site.sign_in("abe")
    assert forms(await load(site, "/i/2/light")) == set()
    assert (await press(site, "/i/2/light", sent | SAID))[0] == 403


async def test_a_signature(site: Site) -> None:
    """It needs what proves that it is you, the checklist, and the very dossier that was shown; a link signs once."""
    await site.sign_in("abe")
    page = await load(site, "/i/1/approval")
    assert "Passwords were guessed from outside; none was right." in page.words
    assert "a second factor" in page.words
    button = "/i/1/approval/approve"
    sent = {"key": "approve", "version": page.sent["version"], "hash": page.sent["hash"]} | CHECKED
    refused: tuple[tuple[dict[str, str], int], ...] = (
        ({}, 403),
        ({"fresh": "nonsense"}, 403),
        ({"fresh": await link(site, "zoe")}, 403),
        ({"fresh": await link(site, "abe"), "hash": "0" * 64}, 409),
        ({"fresh": await link(site, "abe"), "checklist.accurate": ""}, 422),
        ({"fresh": await link(site, "abe"), "version": "1"}, 412),
    )
    for wrong, expected in refused:
        status, page = await press(site, button, sent | {"note": "seen"} | wrong)
        assert "Checklist." not in page.words
        typed = page.by_form[button]
        assert (status, typed["note"], typed["fresh"]) == (expected, "seen", "")
    used = await link(site, "abe")
    status, page = await press(site, button, sent | {"fresh": used})
    assert (status, "dossier approved" in page.words, "1 of 2" in page.words) == (200, True, True)
    status, page = await press(site, button, sent | {"fresh": used, "version": page.sent["version"]})
    assert status == 403
    await site.sign_in("zoe")
    page = await load(site, "/i/1/approval")
    signed = sent | {"fresh": await link(site, "zoe"), "version": page.sent["version"]}
    status, page = await press(site, button, signed)
    assert (status, (await incident(site, 1))["step"]) == (200, "follow_up")
    assert "Approved: the signatures below hold." in page.words


async def test_a_batch_with_one_signature(site: Site) -> None:
    """Light incidents of one rule are signed at once: what was ticked, all or none; others stand there one by one."""

    def two_more(tx: Tx) -> None:
        for number in (3, 4):
            findings.take(tx, finding(f"g{number}", rule="rule-3", source=f"203.0.113.{number}", host=f"h{number}"))
            frozen(tx, number, track=Track.LIGHT)

    await site.store.write(two_more)
    await site.sign_in("abe")
    page = await load(site, "/approvals")
    assert (page.open, page.words.count("I read it: sign it")) == ([], 2)
    assert "/i/1/approval" in {names.get("href") for tag, names in page.tags if tag == "a"}
    hashes = {str(names["name"]): str(names["value"]) for _, names in page.tags if names.get("type") == "checkbox"}
    assert set(hashes) == {"sign.3", "sign.4"}
    for wrong, expected in (
        ({"fresh": await site.token_of("abe")}, 422),
        (hashes, 403),
        (hashes | {"sign.4": "0" * 64, "fresh": await site.token_of("abe")}, 409),
        (hashes | {"fresh": await site.token_of("zoe")}, 403),
        (hashes | {"sign.1": "x", "fresh": await site.token_of("abe")}, 422),
    ):
        status, page = await press(site, "/approvals", {"note": HOSTILE} | wrong)
        assert (status, "script" in page.names()) == (expected, False)
        assert [(await incident(site, number))["step"] for number in (3, 4)] == ["approval"] * 2
    status, page = await press(site, "/approvals", hashes | {"fresh": await link(site, "abe")})
    assert (status, "I read it" in page.words) == (200, False)
    assert [(await incident(site, number))["step"] for number in (3, 4)] == ["follow_up"] * 2


async def test_an_incident_links_to_its_boards(site: Site) -> None:
    """All that belongs to an incident is one tap away from it."""
    await site.sign_in("vi")
    for number in (1, 2):
        links = {names.get("href") for tag, names in (await load(site, f"/i/{number}")).tags if tag == "a"}
        assert {f"/i/{number}/{board}" for board in ("actions", "requests", "approval", "follow_up", "clocks")} <= links


async def test_what_does_not_fit(site: Site) -> None:
    """A discrepancy is raised, answered by who wrote, and closed; a dossier can be sent back."""
    await site.sign_in("abe")
    status, page = await press(site, "/i/1/approval/discrepancy", {"key": "discrepancy", "item": "harm is too low"})
    assert (status, "harm is too low" in page.words) == (200, True)
    await site.sign_in("ina")
    page = await load(site, "/i/1/approval")
    assert "/i/1/approval/answer_discrepancy" in forms(page)
    assert "/i/1/approval/approve" not in forms(page)
    answer = {"key": "answer-1", "discrepancy": "1", "answer": "the logs say so"}
    status, page = await press(site, "/i/1/approval/answer_discrepancy", answer)
    assert (status, "the logs say so" in page.words) == (200, True)
    await site.sign_in("abe")
    await press(site, "/i/1/approval/close_discrepancy", {"key": "close-1", "discrepancy": "1"})
    page = await load(site, "/i/1/approval")
    assert "Discrepancy 1 closed" in page.words
    back = {"key": "reject", "version": page.sent["version"], "to": "reporting", "discrepancies": "no time\r\nno place"}
    status, page = await press(site, "/i/1/approval/reject", back)
    assert (status, (await incident(site, 1))["step"], "no place" in page.words) == (200, "reporting", True)


async def test_watches_and_improvements(site: Site) -> None:
    """A watch is planned, an improvement written down and settled; what is wrong is said where it was typed."""
    await site.sign_in("ina")
    wrong = {"key": "watch", "criterion": "no login by password", "hours": "two weeks"}
    status, page = await press(site, "/i/1/follow_up/watch", wrong)
    assert (status, page.sent["hours"], page.sent["criterion"]) == (422, "two weeks", "no login by password")
    sent = {"key": "watch", "criterion": "no login by password", "hours": "336.5", "rules": "rule-1", "sources": "auth"}
    status, page = await press(site, "/i/1/follow_up/watch", sent)
    assert status == 200, page.words
    assert "begins after the approval" in page.words
    assert "no login by password" in page.words
    item = {"key": "improve", "item": "ask for keys at once", "owner": "ina", "due": "2026-05-01"}
    status, page = await press(site, "/i/1/follow_up/improve", item)
    assert (status, "ask for keys at once" in page.words) == (200, True)
    done = {"key": "improvement-1", "improvement": "1", "what": "done", "note": "in the handbook"}
    status, page = await press(site, "/i/1/follow_up/improvement", done)
    assert (status, "in the handbook" in page.words) == (200, True)
    status, page = await press(site, "/i/1/follow_up/close", {"key": "close"})
    assert status in (409, 412)


async def test_timers(site: Site) -> None:
    """What a law wants is shown with its time; that it need not be reported is signed, with a reason."""
    await site.sign_in("ina")
    page = await load(site, "/i/1/clocks")
    assert "Timer: Early warning" in page.words
    sent = {"key": "timer-early_warning", "timer": "early_warning", "decision": "not_reportable", "note": "no data"}
    status, page = await press(site, "/i/1/clocks/timer", sent)
    assert (status, page.sent["note"]) == (403, "no data")
    status, page = await press(site, "/i/1/clocks/timer", sent | {"fresh": await site.token_of("ina")})
    assert (status, "Not reportable" in page.words) == (200, True)


async def test_boards_are_well_formed_and_bear_hostile_text(site: Site) -> None:
    """Each element has a label, each id stands once, and whatever a line held is text."""
    await site.sign_in("dora")
    for path in BOARDS:
        page = await load(site, path)
        labelled = {names.get("for") for tag, names in page.tags if tag == "label"}
        asked = [names for tag, names in page.tags if tag in ("input", "select", "textarea")]
        assert {names["id"] for names in asked if names.get("type") != "hidden"} <= labelled
        ids = [names["id"] for _, names in page.tags if "id" in names]
        assert len(ids) == len(set(ids))
        assert (page.open, page.names().count("h1"), "script" in page.names()) == ([], 1, False)
        assert not any(character in page.text for character in "\u202e\x1b")


async def test_who_may_not(site: Site) -> None:
    """A viewer reads and has no button; another site and a name that is none do nothing."""
    before = await incident(site, 1), await incident(site, 2)
    await site.sign_in("vi")
    for path in BOARDS:
        assert forms(await load(site, path)) == set()
    for path, sent in (
        ("/i/1/approval/approve", {"hash": "x", "version": str(before[0]["version"])}),
        ("/i/1/approval/discrepancy", {"item": "x"}),
        ("/i/1/follow_up/improve", {"item": "x", "owner": "ina", "due": "2026-05-01"}),
        ("/i/1/clocks/timer", {"timer": "early_warning", "decision": "filed"}),
    ):
        assert (await press(site, path, sent))[0] == 403
    for path in ("/i/1/approval/explode", "/i/1/approval/dispose", "/i/1/follow_up/dismiss", "/i/9/approval/approve"):
        assert (await press(site, path, {}))[0] == 404
    async with site.browser.post("/i/1/clocks/timer", headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 403
    await site.browser.post("/out")
    for path in (*BOARDS, "/approvals"):
        async with site.browser.get(path, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/in")
    assert (await incident(site, 1), await incident(site, 2)) == before


async def test_looking_changes_nothing(site: Site) -> None:
    """GET and HEAD of every board, twice, leave the records as they were."""
    before = await incident(site, 1), await incident(site, 2)
    await site.sign_in("abe")
    for path in (*BOARDS, "/approvals"):
        for method in ("GET", "HEAD", "GET", "HEAD"):
            async with site.browser.request(method, path) as answer:
                assert answer.status == 200
    assert (await incident(site, 1), await incident(site, 2)) == before
