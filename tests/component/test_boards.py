"""Pages of requests and actions over HTTP: the same life as over the API, by buttons, without scripts."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.browser import Reader
from support.fakes import START, FakeClock
from support.once import once
from support.site import ANA, VIC, Site
from support.store import finding, open_store

from rules.event import Severity
from store.people import Contact, Role
from store.repository.grouping import findings
from store.repository.people import contacts, persons
from store.tx import Tx

HOSTILE = "<script>alert(1)</script>\u202egnp.exe\x1b[31m"
ONE = "/api/v1/incidents/1"
WORKER = replace(ANA, roles=frozenset({Role.RESPONDER, Role.INVESTIGATOR, Role.ACTION_OWNER}))
BO = replace(ANA, id="bo", name="Bo", roles=frozenset({Role.RESPONDER, Role.VERIFIER, Role.ACTION_OWNER}))


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """An incident of severity high, two who work, one who looks, and a vendor, on each database in turn."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [WORKER, BO, VIC])
            contacts.upsert_from_config(tx, [Contact(id="acme", name="Acme <b>")])
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


async def press(site: Site, path: str, **typed: str) -> tuple[int, Reader]:
    """A button's form, sent as the page has it: the status and the page that came of it."""
    async with site.browser.post(path, data=typed) as answer:
        return answer.status, Reader(await answer.text())


async def listed(site: Site, what: str) -> list[dict[str, Any]]:
    """What the API tells of it."""
    return list((await site.ask("GET", f"{ONE}/{what}"))[1]["items"])


def forms(page: Reader) -> set[str | None]:
    """Where the forms of a page lead to."""
    return {names.get("action") for tag, names in page.tags if tag == "form"} - {"/out"}


async def test_asking_and_answering(site: Site) -> None:
    """Whoever is asked has the form that answers; nobody else has."""
    status, page = await press(site, "/i/1/requests", key="ask", question="Was it you?\nAt three?", person="bo")
    assert (status, "Was it you? At three?" in page.words) == (200, True)
    assert "the investigation cannot be concluded" in page.words
    assert "/i/1/requests/1/answer" not in forms(page)
    await site.sign_in("bo")
    assert "/i/1/requests/1/answer" in forms(await load(site, "/i/1/requests"))
    status, page = await press(site, "/i/1/requests/1/answer", key="answer-1", answer="No, I slept.")
    assert (status, "No, I slept." in page.words) == (200, True)
    assert [(one["state"], one["answer"]) for one in await listed(site, "requests")] == [("answered", "No, I slept.")]
    status, page = await press(site, "/i/1/requests/1/answer", key="answer-1", answer="Yes")
    assert (status, "was answered by bo" in page.words) == (409, True)


async def test_asking_somebody_outside(site: Site) -> None:
    """The link for a contact is shown once, works, and is not shown again; what they say can be written down."""
    status, page = await press(site, "/i/1/requests", key="ask", question="Is it patched?", contact="acme")
    link = page.text.split("http://tocsin.test")[1].split()[0]
    assert (status, "Pass this link on to acme" in page.words) == (200, True)
    assert link not in (await load(site, "/i/1/requests")).text
    assert (await listed(site, "requests"))[0]["contact"] == "acme"
    status, page = await press(site, "/i/1/requests/1/answer", key="answer-1", answer="By phone: yes")
    assert (status, "By phone: yes" in page.words) == (200, True)


async def test_what_is_wrong_with_a_question(site: Site) -> None:
    """What is refused keeps what was typed, in the form that was used."""
    status, page = await press(site, "/i/1/requests", key="ask", question="Who?", person="bo", contact="acme")
    assert (status, page.sent["question"], page.sent["person"]) == (422, "Who?", "bo")
    status, page = await press(site, "/i/1/requests", key="ask", person="bo", due_at="soon")
    assert (status, page.sent["due_at"], "✘ this is needed" in page.words) == (422, "soon", True)
    assert await listed(site, "requests") == []


async def test_the_life_of_a_correction(site: Site) -> None:
    """Written, changed, done, given back, done again, verified by another: each by its button."""
    status, page = await press(site, "/i/1/actions", key="write", kind="correction", text="Lock it", owner="ana")
    assert (status, "1. Lock it proposed" in page.words) == (200, True)
    page = await load(site, "/i/1/actions/1")
    assert {f"/i/1/actions/1{turn}" for turn in ("", "/done", "/drop", "/move")} <= forms(page)
    assert (page.sent["text"], page.sent["version"]) == ("Lock it", "1")
    changed = {"key": "change", "version": "1", "kind": "correction", "text": "Lock it at once", "owner": ""}
    status, page = await press(site, "/i/1/actions/1", **changed)
    assert (status, (await listed(site, "actions"))[0]["owner"]) == (200, None)
    assert (await listed(site, "actions"))[0]["text"] == "Lock it at once"
    await press(site, "/i/1/actions/1", **changed | {"version": "2", "owner": "ana"})
    status, page = await press(site, "/i/1/actions/1/done", key="done-it", version="3", evidence="ticket 7")
    assert (status, "done" in page.words) == (200, True)
    assert "/i/1/actions/1/verify" not in forms(page)
    await site.sign_in("bo")
    status, page = await press(site, "/i/1/actions/1/return", key="return-it", version="4", reason="still open")
    assert status == 200
    await site.sign_in("ana")
    await press(site, "/i/1/actions/1/done", key="done-it", version="5", evidence="ticket 8")
    await site.sign_in("bo")
    status, page = await press(site, "/i/1/actions/1/verify", key="verify-it", version="6")
    assert (status, (await listed(site, "actions"))[0]["state"]) == (200, "verified")


async def test_what_a_plan_lacks(site: Site) -> None:
    """The page says what no action is for, and what each action lacks; a reason for none stands there too."""
    assert "No action is written down, and no reason for none" in (await load(site, "/i/1/actions")).words
    _, page = await press(site, "/i/1/actions", key="write", kind="training", text="Train the desk")
    assert "lacks: owner" in page.words
    assert "Action 1 is not complete: " in page.words
    assert "lacks: due" in page.words
    _, page = await press(site, "/i/1/actions/1", key="change", version="1", kind="training", text="")
    assert ("1. (nothing said)" in page.words, "lacks: what is to be done" in page.words) == (True, True)
    whole = {
        "text": "Ask twice",
        "owner": "ana",
        "due": "2099-01-01",
        "criterion": "none asks once",
        "causes": "incident",
    }
    _, page = await press(site, "/i/1/actions", key="write", kind="procedure", **whole)
    assert "Action 2 is not agreed upon yet." in page.words
    status, page = await press(site, "/i/1/actions/none", key="none", cause="incident", reason="it was a drill")
    assert (status, "it was a drill" in page.words) == (200, True)


async def test_causes_are_ticked(site: Site) -> None:
    """What an action addresses is ticked from what was found; nothing ticked addresses nothing."""
    row = {"statement": "passwords are taken", "evidence": "config", "confidence": "confirmed", "change_needed": "sshd"}
    answers = {"answers": {"findings": {"value": [row, row]}}}
    await site.ask("PUT", f"{ONE}/forms/investigation", token=await site.token_of("ana"), version=0, json=answers)
    page = await load(site, "/i/1/actions")
    assert "Finding 2: passwords are taken" in page.words
    ticked = [("key", "write"), ("kind", "other"), ("text", "x"), ("causes", ""), ("causes", "finding 1")]
    async with site.browser.post("/i/1/actions", data=[*ticked, ("causes", "incident")]) as answer:
        assert answer.status == 200
    assert (await listed(site, "actions"))[0]["causes"] == ["finding 1", "incident"]
    page = await load(site, "/i/1/actions/1")
    assert [names["value"] for _, names in page.tags if "checked" in names] == ["finding 1", "incident"]
    status, _ = await press(site, "/i/1/actions/1", key="change", version="1", kind="other", text="x", causes="")
    assert (status, (await listed(site, "actions"))[0]["causes"]) == (200, [])


async def test_refused_buttons_keep_what_was_typed(site: Site) -> None:
    """What is wrong, or upon an old version, is said; nothing is written; what was typed is still there."""
    status, page = await press(site, "/i/1/actions", key="write", kind="other", text="x", causes="nonsense", due="soon")
    assert (status, page.sent["causes"], page.sent["due"]) == (422, "nonsense", "soon")
    status, page = await press(site, "/i/1/actions", key="write", kind="other", text="x", causes="nonsense")
    assert (status, page.sent["causes"], "is no cause" in page.words) == (422, "nonsense", True)
    assert await listed(site, "actions") == []
    await press(site, "/i/1/actions", key="write", kind="correction", text="Lock it", owner="ana")
    status, page = await press(site, "/i/1/actions/1", key="change", version="9", text="Mine", kind="correction")
    assert (status, page.sent["text"], page.sent["version"]) == (412, "Mine", "1")
    assert (await listed(site, "actions"))[0]["text"] == "Lock it"


async def test_hostile_text_stays_text(site: Site) -> None:
    """What was typed is text on every board, after it was kept and after it was refused."""
    await press(site, "/i/1/actions", key="write", kind="correction", text=HOSTILE, criterion=HOSTILE)
    await press(site, "/i/1/requests", key="ask", question=HOSTILE, person="bo")
    for page in (
        await load(site, "/i/1/actions"),
        await load(site, "/i/1/actions/1"),
        await load(site, "/i/1/requests"),
        (await press(site, "/i/1/actions", key="write", kind=HOSTILE, causes=HOSTILE, due=HOSTILE))[1],
        (await press(site, "/i/1/requests", key=HOSTILE, person=HOSTILE))[1],
        (await press(site, "/i/1/requests", key="ask", question=HOSTILE, person=HOSTILE, contact=HOSTILE))[1],
    ):
        assert "script" not in page.names()
        assert not any(name.startswith("on") or name == "style" for _, names in page.tags for name in names)
        assert not any(character in page.text for character in "\u202e\x1b")


async def test_boards_are_well_formed(site: Site) -> None:
    """Each element has a label, each id stands once, and each form leads to a page of ours."""
    await press(site, "/i/1/actions", key="write", kind="correction", text="Lock it")
    await press(site, "/i/1/requests", key="ask", question="Who?", person="ana")
    for path in ("/i/1/actions", "/i/1/actions/1", "/i/1/requests"):
        page = await load(site, path)
        labelled = {names.get("for") for tag, names in page.tags if tag == "label"}
        asked = [names for tag, names in page.tags if tag in ("input", "select", "textarea")]
        assert {names["id"] for names in asked if names.get("type") != "hidden"} <= labelled
        ids = [names["id"] for _, names in page.tags if "id" in names]
        assert len(ids) == len(set(ids))
        assert (page.open, page.names().count("h1")) == ([], 1)
        assert all(str(action).startswith("/i/1/") for action in forms(page))


async def test_who_may_not(site: Site) -> None:
    """A viewer sees no button but reads; what is sent all the same, or by another site, is refused."""
    await press(site, "/i/1/actions", key="write", kind="correction", text="Lock it", owner="ana")
    before = await listed(site, "actions"), await listed(site, "requests")
    async with site.browser.post("/i/1/actions", headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 403
    await site.sign_in("vic")
    for path in ("/i/1/actions", "/i/1/actions/1", "/i/1/requests"):
        assert forms(await load(site, path)) == set()
    for path, typed in (
        ("/i/1/actions", {"kind": "correction", "text": "x"}),
        ("/i/1/actions/1", {"version": "1", "text": "x"}),
        ("/i/1/actions/1/drop", {"version": "1", "reason": "x"}),
        ("/i/1/actions/none", {"cause": "incident", "reason": "x"}),
        ("/i/1/requests", {"question": "x", "person": "bo"}),
    ):
        assert (await press(site, path, **typed))[0] == 403
    await site.browser.post("/out")
    assert (await press(site, "/i/1/actions", kind="correction"))[0] == 401
    assert (await listed(site, "actions"), await listed(site, "requests")) == before


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/i/1/actions/7"), ("GET", "/i/9/requests"), ("POST", "/i/1/actions/1/explode"), ("GET", "/i/9/actions")],
)
async def test_what_is_not_there(site: Site, method: str, path: str) -> None:
    """An incident, action or button that is not there is a page that says so."""
    async with site.browser.request(method, path, headers={"Accept": "text/html"}) as answer:
        assert (answer.status, answer.content_type) == (404, "text/html")


async def test_looking_changes_nothing(site: Site) -> None:
    """GET and HEAD of every board, twice, leave the record as it was."""
    await press(site, "/i/1/actions", key="write", kind="correction", text="Lock it")
    before = await site.ask("GET", ONE)
    for path in ("/i/1/actions", "/i/1/actions/1", "/i/1/requests"):
        for method in ("GET", "HEAD", "GET", "HEAD"):
            async with site.browser.request(method, path) as answer:
                assert answer.status == 200
    assert await site.ask("GET", ONE) == before
