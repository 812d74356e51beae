"""Pages of the forms over HTTP: what is missing is said, and what was typed is never lost."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.browser import Reader
from support.fakes import START, FakeClock
from support.once import once
from support.site import ANA, VIC, Site
from support.store import finding, open_store

from rules.event import Severity
from store import process
from store.forms import FormName
from store.people import Role
from store.repository.grouping import findings
from store.repository.people import persons
from store.repository.record import records
from store.tx import Tx

WRITER = replace(
    ANA,
    roles=frozenset({Role.RESPONDER, Role.REPORTER, Role.INVESTIGATOR, Role.APPROVER}),
    timezone="Europe/Vienna",
)
BO = replace(WRITER, id="bo", name="Bo <b>")
PAGE = "/i/1/forms/report"
REPORT = "/api/v1/incidents/1/forms/report"
HOSTILE = "<script>alert(1)</script>\u202egnp.exe\x1b[31m"


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """An incident of severity high, two who write and one who looks, on each database in turn."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [WRITER, BO, VIC])
            findings.take(tx, finding(severity=Severity.HIGH, account="root"))

        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        await made.start()
        await made.sign_in("ana")
        yield made
        await made.stop()


async def load(site: Site, path: str = PAGE) -> Reader:
    """A page as it is shown."""
    async with site.browser.get(path) as answer:
        assert answer.status == 200
        return Reader(await answer.text())


async def press(site: Site, sent: dict[str, str], path: str = PAGE) -> tuple[int, Reader]:
    """The page's button, and where it led to."""
    async with site.browser.post(path, data=sent) as answer:
        return answer.status, Reader(await answer.text())


async def told(site: Site, path: str = REPORT) -> dict[str, dict[str, object]]:
    """The answers as the API tells them."""
    _, shown = await site.ask("GET", path)
    return dict(shown["answers"])


async def test_every_form_has_a_page(site: Site) -> None:
    """Each form is on a page that is well formed, linked from the incident's, and says what is missing."""
    links = {names.get("href") for tag, names in (await load(site, "/i/1")).tags if tag == "a"}
    for name in FormName:
        page = await load(site, f"/i/1/forms/{name}")
        assert f"/i/1/forms/{name}" in links
        assert (page.open, page.names().count("h1"), "script" in page.names()) == ([], 1, False)
        labelled = {names.get("for") for tag, names in page.tags if tag == "label"}
        for tag, names in page.tags:
            if tag in ("input", "select", "textarea") and names.get("type") != "hidden":
                assert names.get("id") in labelled
        ids = [names["id"] for _, names in page.tags if "id" in names]
        assert len(ids) == len(set(ids))
    assert "6 answers are missing: Site, Reporter," in (await load(site)).words
    assert "for the report review: Site, Reporter, How to reach the reporter" in (await load(site, "/i/1")).words


async def test_a_complete_form_leads_on(site: Site) -> None:
    """Where nothing is missing any more, the form names the move that comes next."""

    def report(tx: Tx) -> None:
        before = records.load(tx.connection, 1)
        records.change(tx, before, replace(before, step=process.REPORTING.step))

    await site.store.write(report)
    page = await load(site)
    assert "Next:" not in page.words
    answers = {"site": "Vienna", "reporter": "ana", "contact": "desk", "what_happened": "a guess", "malicious": "yes"}
    status, page = await press(site, page.sent | answers | {"harm": "none was seen"})
    assert (status, "Next: Hand in the report." in page.words) == (200, True)
    assert "/i/1/do/submit" in {names.get("href") for tag, names in page.tags if tag == "a"}


async def test_an_untouched_page_keeps_what_was_prefilled(site: Site) -> None:
    """Pressing the button without touching anything neither changes nor confirms an answer."""
    before = await told(site)
    status, page = await press(site, (await load(site)).sent)
    assert (status, "Version 1, saved by Ana" in page.words) == (200, True)
    after = await told(site)
    assert after == before
    assert all(one["auto"] for one in after.values())


async def test_answers_of_every_kind(site: Site) -> None:
    """What is typed into each kind of element arrives as the API would take it; times are the reader's."""
    typed = {
        "site": "Vienna",
        "reporter": "bo",
        "what_happened": "first\r\nsecond",
        "ongoing": "no",
        "affected": "web1\r\n\r\nweb2",
        "harm.state": "unknown",
        "harm.reason": "nobody looked yet",
        "personal_data[1].category": "names",
        "personal_data[1].persons": "12",
        "title.confirm": "yes",
    }
    await press(site, (await load(site)).sent | typed)
    answers = await told(site)
    assert {name: answers[name]["value"] for name in ("site", "reporter", "what_happened", "ongoing", "affected")} == {
        "site": "Vienna",
        "reporter": "bo",
        "what_happened": "first\nsecond",
        "ongoing": False,
        "affected": ["web1", "web2"],
    }
    assert (answers["harm"]["state"], answers["harm"]["reason"]) == ("unknown", "nobody looked yet")
    assert answers["personal_data"]["value"] == [{"category": "names", "persons": 12}]
    assert (answers["title"]["auto"], answers["title"]["by"], answers["date"]["auto"]) == (False, "ana", True)
    form = "/i/1/forms/investigation"
    row = {"observations[1].process": "login", "observations[1].where": "web1", "observations[1].by": "Ana"}
    row |= {"observations[1].when": "2026-03-02T10:30", "observations[1].seen": "no limit"}
    await press(site, (await load(site, form)).sent | row, form)
    answers = await told(site, "/api/v1/incidents/1/forms/investigation")
    assert "2026-03-02T10:30:00+01:00" in str(answers["observations"]["value"])
    assert (await load(site, form)).sent["observations[1].when"] == "2026-03-02T10:30:00"


async def test_all_that_is_wrong_is_said_beside_it(site: Site) -> None:
    """Every fault stands beside its answer, nothing is saved, and everything that was typed is still there."""
    typed = {
        "what_happened": "it burnt",
        "harm.state": "none",
        "personal_data[1].category": "names",
        "personal_data[1].persons": "many",
        "site.reason": "who knows",
    }
    status, page = await press(site, (await load(site)).sent | typed)
    assert status == 422
    assert "✘ none needs a line of reason" in page.words
    assert "✘ expected a whole number, 0 or more" in page.words
    assert "✘ choose unknown, none or not applicable for this reason" in page.words
    assert typed.items() <= page.sent.items()
    assert (await site.ask("GET", REPORT))[1]["version"] == 0
    mended = {"harm.reason": "nothing was lost", "personal_data[1].persons": "3", "site.state": "unknown"}
    status, _ = await press(site, page.sent | mended)
    assert (status, (await told(site))["what_happened"]["value"]) == (200, "it burnt")


async def test_two_write_at_once(site: Site) -> None:
    """Who comes second keeps what they typed, sees what stands now beside it, and saves with the next press."""
    mine = (await load(site)).sent | {"harm": "mine", "contact": "ana at home"}
    await site.sign_in("bo")
    await press(site, (await load(site)).sent | {"harm": "his", "malicious": "no"})
    await site.sign_in("ana")
    status, page = await press(site, mine)
    assert (status, "saved by bo" in page.words) == (412, True)
    assert "Meanwhile this stands here: his Below is what you typed." in page.words
    assert (page.sent["harm"], page.sent["contact"], page.sent["malicious"]) == ("mine", "ana at home", "no")
    assert (await told(site))["harm"]["value"] == "his"
    status, _ = await press(site, page.sent)
    answers = await told(site)
    assert (status, answers["harm"]["value"], answers["malicious"]["value"]) == (200, "mine", "no")


async def test_a_button_pressed_twice(site: Site) -> None:
    """The same page sent twice is saved once, and nobody is frightened."""
    sent = (await load(site)).sent | {"harm": "none so far"}
    assert [(await press(site, sent))[0] for _ in range(2)] == [200, 200]
    assert (await site.ask("GET", REPORT))[1]["version"] == 1


async def test_nobody_confirms_what_they_did_not_see(site: Site) -> None:
    """A prefilled answer that changed while one looked is not confirmed."""
    seen = (await load(site)).sent | {"individuals.confirm": "yes", "title.confirm": "yes"}
    await site.store.write(lambda tx: findings.take(tx, finding("f2", severity=Severity.HIGH, account="admin")))
    status, page = await press(site, seen)
    assert (status, "what you confirmed has changed meanwhile: individuals" in page.words) == (412, True)
    assert page.sent["title.confirm"] == "yes"
    assert "individuals.confirm" not in page.sent
    assert "individuals[2].person" in page.sent
    assert (await site.ask("GET", REPORT))[1]["version"] == 0


async def test_rows_are_added_and_removed(site: Site) -> None:
    """A table has empty rows to fill in; a row goes by its box; what is left is numbered anew."""
    page = await load(site)
    assert page.sent["individuals[1].person"] == "root"
    two = {"individuals[2].person": "Eve", "individuals[2].role": "clerk", "individuals[3].person": "Mallory"}
    status, page = await press(site, page.sent | two | {"individuals[3].role": "guest"})
    assert (status, page.sent["individuals[3].person"]) == (200, "Mallory")
    await press(site, page.sent | {"individuals[1].remove": "yes"})
    assert [row["person"] for row in (await told(site))["individuals"]["value"]] == ["Eve", "Mallory"]  # type: ignore[attr-defined]


async def test_hostile_text_stays_text(site: Site) -> None:
    """What was typed or read from lines is shown as text on the form's page, before and after a refusal."""
    await site.store.write(
        lambda tx: findings.take(tx, finding("f3", rule="r3", source=HOSTILE, host=HOSTILE, account=HOSTILE))
    )
    path = "/i/2/forms/report"
    plain = (await load(site)).names().count("script")
    for page in (
        await load(site, path),
        (await press(site, (await load(site, path)).sent | {"what_happened": HOSTILE, "harm": HOSTILE}, path))[1],
        (await press(site, (await load(site, path)).sent | {"zone": HOSTILE, "harm.state": "none"}, path))[1],
        await load(site, "/i/2"),
    ):
        assert page.names().count("script") == plain == 0
        assert not any(name.startswith("on") or name == "style" for _, names in page.tags for name in names)
        assert not any(character in page.text for character in "\u202e\x1b")


async def test_who_may_not_write_reads(site: Site) -> None:
    """A viewer sees the answers without elements; what is sent all the same is refused with what is needed."""
    sent = (await load(site)).sent
    await site.sign_in("vic")
    page = await load(site)
    assert ("textarea" in page.names(), "Title of rule-1" in page.text) == (False, True)
    status, page = await press(site, sent | {"harm": "x"})
    assert (status, "needed: reporter" in page.words) == (403, True)
    async with site.browser.post(PAGE, data=sent, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 403
    await site.browser.post("/out")
    async with site.browser.get(PAGE, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/in")
    async with site.browser.post(PAGE, data=sent) as answer:
        assert answer.status == 401
    assert (await site.ask("GET", REPORT))[1]["version"] == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [("/i/1/forms/rapport", 404), ("/i/9/forms/report", 404), ("/i/x/forms/report", 404)],
)
async def test_what_is_not_there(site: Site, path: str, status: int) -> None:
    """A form or incident that is not there is a page that says so."""
    for method in ("GET", "POST"):
        async with site.browser.request(method, path, headers={"Accept": "text/html"}) as answer:
            assert (answer.status, answer.content_type) == (status, "text/html")


async def test_looking_changes_nothing(site: Site) -> None:
    """GET and HEAD of every form's page, twice, leave the record as it was."""
    before = await site.ask("GET", "/api/v1/incidents/1"), await site.ask("GET", "/api/v1/incidents/1/forms")
    for name in FormName:
        for method in ("GET", "HEAD", "GET", "HEAD"):
            async with site.browser.request(method, f"/i/1/forms/{name}") as answer:
                assert answer.status == 200
    after = await site.ask("GET", "/api/v1/incidents/1"), await site.ask("GET", "/api/v1/incidents/1/forms")
    assert after == before
