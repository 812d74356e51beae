"""A signed link asks for information: one question, one answer, and no more of the incident than it takes."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support.fakes import START, FakeClock
from support.once import once
from support.site import ANA, VIC, Site
from support.store import finding, open_store

from notifier import jobs, planning
from notifier.links import for_contact, reply_to
from notifier.message import Message
from notifier.plan import Routing
from notifier.route import Receiver, Route
from notifier.wording import worded
from store.incident import Actor, ActorKind, Tlp
from store.people import Contact
from store.repository.grouping import findings
from store.repository.people import contacts, persons
from store.repository.record import records
from store.tables import METADATA
from store.tx import Tx

ONE = "/api/v1/incidents/INC-1"
OWNER = Actor(kind=ActorKind.OS, id="os:0")
RECEIVER = Receiver(name="vic", urls=("phone://vic",), person="vic")
ROUTING = Routing(routes=(Route(receivers=("vic",)),), receivers={"vic": RECEIVER})


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """An incident about an account of Vic's, a responder, a viewer and a contact, on each database in turn."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [ANA, VIC])
            contacts.add(tx, Contact(id="acme", name="Acme Ltd"), OWNER)
            findings.take(tx, finding(account="vic"))

        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        await made.start()
        yield made
        await made.stop()


async def ask(site: Site, **asked: Any) -> dict[str, Any]:
    body = {"question": "Was it <b>you</b>?", **asked}
    _, told = await site.ask("POST", f"{ONE}/requests", token=await site.token_of("ana"), json=body)
    return dict(told)


async def for_acme(site: Site) -> str:
    """The path of the link that Acme was given."""
    link: str = (await ask(site, contact="acme"))["link"]
    return link.removeprefix("http://tocsin.test")


async def state(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = (await site.ask("GET", f"{ONE}/requests/1"))[1]
    return found


async def everything(site: Site) -> dict[str, Any]:
    """All rows of all tables."""
    return await site.store.read(
        lambda c: {table.name: c.execute(select(table)).all() for table in METADATA.sorted_tables}
    )


async def test_fetching_changes_nothing_and_one_post_answers(site: Site) -> None:
    """Scanners fetch it as often as they like; the first answer counts; a second one is shown again, not kept."""
    link = await for_acme(site)
    before = await everything(site)
    for method in ("GET", "HEAD", "GET", "HEAD"):
        async with site.browser.request(method, link) as answer:
            text = await answer.text()
            assert answer.status == 200
    assert "Was it &lt;b&gt;you" in (text or await (await site.browser.get(link)).text())
    assert await everything(site) == before
    async with site.browser.post(link, data={"answer": "It <i>was</i>."}) as answer:
        assert (answer.status, "You answered" in await answer.text()) == (200, True)
    told = await state(site)
    assert (told["state"], told["answer"]) == ("answered", "It <i>was</i>.")
    assert told["settled_by"] == {"kind": "contact", "id": "acme"}
    async with site.browser.post(link, data={"answer": "No, <i>not</i> me."}) as answer:
        text = await answer.text()
        assert (answer.status, "was answered by acme" in text, "&lt;i&gt;not&lt;/i&gt; me" in text) == (409, True, True)
    assert (await state(site))["answer"] == "It <i>was</i>."
    _, shown = await site.ask("GET", ONE)
    entry = shown["timeline"][-1]
    assert (entry["kind"], entry["actor"]["kind"], entry["via"]) == ("replied", "contact", "link")
    assert site.woken == 2


async def test_the_page_shows_the_question_and_little_else(site: Site) -> None:
    """Title, who asks, the question; neither lines, nor entities, nor who has it."""
    async with site.browser.get(await for_acme(site)) as answer:
        text = await answer.text()
    assert "Title of rule-1" in text
    assert "Ana asks you" in text
    assert not any(secret in text for secret in ("203.0.113.7", "web1", "evidence", "severity"))


async def test_what_few_may_see_is_not_shown(site: Site) -> None:
    """Once the label rises above what the contact may see, the title is left out; the question stays."""
    link = await for_acme(site)

    def label(tx: Tx) -> None:
        before = records.load(tx.connection, 1)
        records.change(tx, before, replace(before, tlp=Tlp.RED))

    await site.store.write(label)
    async with site.browser.get(link) as answer:
        text = await answer.text()
    assert (answer.status, "Title of rule-1" in text, "Was it" in text) == (200, False, True)


async def message_to(site: Site) -> Message:
    """The message that is sent to Vic."""
    clock = site.clock
    planned = await site.store.read(lambda c: planning.survey(c, ROUTING, lambda url: "phone", clock.now()))
    last = replace(planned[-1], deliveries=[one for one in planned[-1].deliveries if one.person == "vic"])
    await site.store.write(lambda tx: planning.plan(tx, [last]))
    load = await site.store.write(lambda tx: jobs.claim(tx, "phone", ROUTING, {}))
    assert load is not None
    told = await site.store.read(lambda c: jobs.look(c, load))
    return worded(load.parcel, told, load.standing, load.receiver, site.links, clock.now())


async def test_a_person_is_told_with_a_link_that_answers(site: Site) -> None:
    """The message asks for an answer, and the question is behind its link; a witness, though involved, answers."""
    await ask(site, person="vic")
    message = await message_to(site)
    assert "You are asked for information" in message.body
    assert "Asked of you: answer a question." in message.body
    assert "Was it" not in message.body
    link = next(line for line in message.body.splitlines() if line.startswith("http://tocsin.test/a/"))
    path = link.removeprefix("http://tocsin.test")
    async with site.browser.get(path) as answer:
        assert (answer.status, "Ana asks you" in await answer.text()) == (200, True)
    async with site.browser.post(path, data={"answer": "It was."}) as answer:
        assert (answer.status, "You answered" in await answer.text()) == (200, True)
    assert (await state(site))["settled_by"] == {"kind": "person", "id": "vic"}


def made(site: Site, person: str, request: int = 1, hours: float = 1) -> str:
    """The path of a link that we signed."""
    expires = site.clock.now() + timedelta(hours=hours)
    url = site.links.make(record=1, act=reply_to(request), person=person, expires_at=expires, nonce="n")
    return url.removeprefix("http://tocsin.test")


@pytest.mark.parametrize(
    ("person", "request_number", "hours", "status"),
    [
        ("ana", 1, 1, 403),
        ("acme", 1, 1, 403),
        (for_contact("vic"), 1, 1, 403),
        (for_contact("acme"), 2, 1, 404),
        (for_contact("acme"), 1, -1, 410),
    ],
)
async def test_other_links_answer_nothing(
    site: Site, person: str, request_number: int, hours: float, status: int
) -> None:
    """A link for another person, another request, or another time."""
    await for_acme(site)
    async with site.browser.post(made(site, person, request_number, hours), data={"answer": "x"}) as answer:
        assert answer.status == status
    assert (await state(site))["state"] == "open"


async def test_what_cannot_be_taken_is_shown_again(site: Site) -> None:
    """Blanks, too much text, another site's form: nothing is kept, and nothing typed is lost."""
    link = await for_acme(site)
    async with site.browser.post(link, data={"answer": "  "}) as answer:
        assert (answer.status, "Not taken" in await answer.text()) == (422, True)
    async with site.browser.post(link, data={"answer": "y" * 10_001}) as answer:
        text = await answer.text()
        assert (answer.status, "10,001" in text, "y" * 10_001 in text) == (422, True, True)
    async with site.browser.post(link, data={"answer": "x"}, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 403
    assert (await state(site))["state"] == "open"


async def test_a_withdrawn_question_and_a_removed_contact(site: Site) -> None:
    """The link says that nothing is asked any more."""
    link = await for_acme(site)
    await site.ask("POST", f"{ONE}/requests/1/withdraw", token=await site.token_of("ana"))
    async with site.browser.get(link) as answer:
        assert (answer.status, "It was withdrawn" in await answer.text()) == (200, True)
    async with site.browser.post(link, data={"answer": "x"}) as answer:
        assert answer.status == 409
    await site.store.write(lambda tx: contacts.disable(tx, "acme", OWNER))
    async with site.browser.get(link) as answer:
        assert answer.status == 403
