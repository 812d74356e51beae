"""The page on which anybody may report something: kept before it is answered, and told apart from spam."""

import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from support.fakes import START, FakeClock
from support.site import ANA, VIC, Site
from support.store import finding, open_store, sqlite_url

from detector.intake.settings import Intake, Proof
from rules.event import Entity, Severity
from rules.intake.parcels import lines_of
from store import tables
from store.database import Store
from store.errors import StoreBusy
from store.incident import Actor, ActorKind
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.intake import inbox
from store.repository.people import persons

BO = replace(ANA, id="bo", name="Bo")
FORM = {"category": "broken", "text": "I cannot pay <b>now</b>", "component": "checkout"}


@pytest.fixture
async def site(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """An intake with a page."""
    shutil.copy(sqlite_template, tmp_path)
    clock = FakeClock(START)
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:
        await store.write(lambda tx: persons.upsert_from_config(tx, [ANA, VIC, BO]))
        made = Site(store, clock, tmp_path)
        made.intakes["people"] = Intake(
            name="people", kind="feedback", proof=Proof.NONE, page=True, page_reports_per_hour_each=3
        )
        await made.start()
        yield made
        await made.stop()


async def page(site: Site, path: str = "/feedback") -> tuple[int, str]:
    """Status and text of a page."""
    async with site.browser.get(path, headers={"Accept": "text/html"}) as answer:
        return answer.status, await answer.text()


async def slip(site: Site) -> str:
    """A slip that is old enough."""
    _, text = await page(site)
    found = re.search(r'name="slip" value="([^"]+)"', text)
    assert found
    site.clock.advance(5)
    return found[1]


async def send(site: Site, form: dict[str, str], **headers: str) -> tuple[int, str, str]:
    """Status, text and Location of the answer to a form."""
    given = {"Accept": "text/html"} | headers
    async with site.browser.post("/feedback", data=form, headers=given, allow_redirects=False) as answer:
        return answer.status, await answer.text(), answer.headers.get("Location", "")


async def kept(site: Site) -> list[bytes]:
    """The bodies that are kept."""
    return [one.body for one in await site.store.read(lambda c: inbox.after(c, "people", 0))]


async def test_a_report_is_kept_and_has_a_reference(site: Site) -> None:
    """In the shape of the API, its reader is told, and the reference leads to a page that tells nothing else."""
    status, _, location = await send(site, FORM | {"slip": await slip(site)})
    assert (status, site.handed_in) == (303, ["people"])
    [body] = await kept(site)
    assert msgspec.json.decode(body)["text"] == FORM["text"]
    assert lines_of("feedback", body, START, 1)
    assert re.fullmatch(r"/feedback/IN-1-[A-Z2-7]{12}", location)
    status, text = await page(site, location)
    assert (status, "Nobody has looked at it yet" in text, "cannot pay" in text) == (200, True, False)
    status, text = await page(site, f"/feedback?reference={location.rpartition('/')[2].lower()}")
    assert (status, "Nobody has looked" in text) == (200, True)


async def test_nobody_walks_the_references_of_others(site: Site) -> None:
    """A number without its code is no reference."""
    _, _, location = await send(site, FORM | {"slip": await slip(site)})
    for path in ("/feedback/IN-1", location[:-1] + "~", location.replace("IN-1", "IN-2"), "/feedback?reference=IN-1"):
        assert (await page(site, path))[0] == 404, path


async def test_reading_changes_nothing(site: Site) -> None:
    """Neither GET nor HEAD, whatever stands in the address."""
    for method in ("GET", "HEAD"):
        async with site.browser.request(method, "/feedback?category=broken&text=x&slip=y") as answer:
            assert answer.status == 200
    assert await kept(site) == []


async def test_what_is_wrong_is_said_beside_what_was_typed(site: Site) -> None:
    """The summary has the focus, each field names its fault, and what was typed is shown, inert."""
    form = FORM | {"category": "", "contact": "kim@example.org", "slip": await slip(site)}
    status, text, _ = await send(site, form)
    assert (status, await kept(site)) == (422, [])
    assert 'role="alert" tabindex="-1" autofocus' in text
    assert '<a href="#category">' in text
    assert '<a href="#consent">' in text
    assert text.count('aria-invalid="true"') == 2
    assert "&lt;b&gt;now" in text
    assert "<b>" not in text
    described = {one for found in re.findall(r'aria-describedby="([^"]+)"', text) for one in found.split()}
    ids, labels = set(re.findall(r' id="([^"]+)"', text)), set(re.findall(r'<label[^>]* for="([^"]+)"', text))
    assert described <= ids
    assert labels <= ids


async def test_a_form_is_kept_once(site: Site) -> None:
    """Pressed twice it is one report; another text on the same form is another one."""
    held = await slip(site)
    first, again = [await send(site, FORM | {"slip": held}) for _ in range(2)]
    assert first == again
    await send(site, FORM | {"slip": held, "text": "and another thing"})
    assert len(await kept(site)) == 2


async def test_programs_are_told_from_people(site: Site) -> None:
    """What fills in the hidden field, comes at once, comes without a slip or much too late is shown again."""
    held = await slip(site)
    assert (await send(site, FORM | {"slip": held, "website": "http://spam.example"}))[0] == 422
    assert (await send(site, FORM))[0] == 422
    _, text = await page(site)
    fresh = re.findall(r'name="slip" value="([^"]+)"', text)[0]
    status, text, _ = await send(site, FORM | {"slip": fresh})
    assert (status, fresh in text) == (422, True)
    site.clock.advance(5 * 3600)
    status, text, _ = await send(site, FORM | {"slip": fresh})
    assert (status, fresh in text, await kept(site)) == (422, False, [])


async def test_too_many_wait(site: Site) -> None:
    """The fourth within an hour is shown again with what was typed; a header that claims an address is not heard."""
    for number in range(3):
        assert (await send(site, FORM | {"slip": await slip(site), "text": f"{number}"}))[0] == 303
    headers = {"X-Forwarded-For": "192.0.2.7", "Forwarded": "for=192.0.2.7"}
    status, text, _ = await send(site, FORM | {"slip": await slip(site)}, **headers)
    assert (status, "Send it again in" in text, "I cannot pay" in text, len(await kept(site))) == (429, True, True, 3)


async def test_bounds(site: Site) -> None:
    """Neither a body that no form has nor another kind of body is taken, nor what another site sent."""
    assert (await send(site, FORM | {"slip": await slip(site), "text": "x" * 70_000}))[0] == 413
    async with site.browser.post("/feedback", json=FORM) as answer:
        assert answer.status == 415
    form = FORM | {"slip": await slip(site)}
    assert (await send(site, form, **{"Sec-Fetch-Site": "cross-site"}))[0] == 403
    assert await kept(site) == []


async def test_a_busy_store_loses_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After, and the form with what was typed; the same form is kept when it is sent again."""
    form = FORM | {"slip": await slip(site)}

    async def busy(self: Store, work: object) -> None:
        raise StoreBusy("the queue is full")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", busy)
        async with site.browser.post("/feedback", data=form, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
            assert "I cannot pay" in await answer.text()
    assert (await send(site, form))[0] == 303


async def test_there_is_no_page_unless_it_is_wanted(site: Site) -> None:
    """It is off by default."""
    site.intakes["people"] = Intake(name="people", kind="feedback", proof=Proof.NONE)
    assert [(await page(site, path))[0] for path in ("/feedback", "/feedback/IN-1-A")] == [404, 404]
    assert (await send(site, FORM))[0] == 404


async def test_components_are_offered(site: Site) -> None:
    """What is offered may be chosen, and nothing else typed."""
    site.intakes["people"] = Intake(name="people", kind="feedback", page=True, components=("checkout", "<search>"))
    _, text = await page(site)
    assert '<option value="&lt;search&gt;"' in text
    assert (await send(site, FORM | {"slip": await slip(site), "component": "else"}))[0] == 422
    assert (await send(site, FORM | {"slip": await slip(site), "component": "<search>"}))[0] == 303


async def test_the_reporter_sees_how_far_it_is(site: Site) -> None:
    """As the record that holds the report goes on; nothing of the record is shown."""
    _, _, location = await send(site, FORM | {"slip": await slip(site)})
    held = replace(finding(), entities=(Entity(kind="report", value="IN-1"),))
    await site.store.write(lambda tx: findings.take(tx, held))
    assert "Nobody has looked" in (await page(site, location))[1]
    ana = Actor(kind=ActorKind.PERSON, id="ana")
    await site.store.write(lambda tx: incidents.acknowledge(tx, 1, ana, via="test", note=""))
    _, text = await page(site, location)
    assert "Somebody has looked at it" in text
    assert "INC-" not in text


async def test_how_to_reach_the_reporter_is_for_those_who_look_into_it(site: Site) -> None:
    """It stands in no line; a responder is shown it with the raw report, a viewer is not."""
    form = FORM | {"contact": "kim@example.org", "consent": "yes", "slip": await slip(site)}
    assert (await send(site, form))[0] == 303
    [body] = await kept(site)
    assert b"kim" not in lines_of("feedback", body, START, 1)
    status, told = await site.ask("GET", "/api/v1/feedback/1", token=await site.token_of("ana"))
    assert (status, told["contact"], told["incident"], told["state"]) == (200, "kim@example.org", None, "received")
    assert (await site.ask("GET", "/api/v1/feedback/1", token=await site.token_of("vic")))[0] == 403
    assert (await site.browser.get("/api/v1/feedback/1")).status == 401
    assert (await site.ask("GET", "/api/v1/feedback/2", token=await site.token_of("ana")))[0] == 404


async def test_the_api_tells_the_same_reference(site: Site) -> None:
    """A program that hands a report in for somebody can pass it on."""
    async with site.browser.post("/api/v1/feedback", json={"text": "it fails"}) as answer:
        told = await answer.json()
    assert (answer.status, told["reference"]) == (202, "IN-1")
    assert (await page(site, f"/feedback/{told['public_reference']}"))[0] == 200


async def test_what_waits_to_be_read_is_listed_with_its_time(site: Site) -> None:
    """The first that is due first, for those who are signed in; what somebody took is left out."""
    for number, (severity, topic) in enumerate(
        [(Severity.LOW, "<search>"), (Severity.MEDIUM, "orders"), (Severity.LOW, "x")]
    ):
        made = finding(str(number), source=None, host=None, key=topic, severity=severity)
        held = replace(made, group=(("feedback.topic", topic),))
        await site.store.write(lambda tx, held=held: findings.take(tx, held))  # type: ignore[misc]
    ana = Actor(kind=ActorKind.PERSON, id="ana")
    await site.store.write(lambda tx: incidents.acknowledge(tx, 3, ana, via="test", note=""))
    _, told = await site.ask("GET", "/api/v1/feedback", token=await site.token_of("vic"))
    assert [(one["topic"], one["overdue"]) for one in told["items"]] == [("orders", False), ("<search>", False)]
    assert told["items"][1]["due_at"] > told["items"][0]["due_at"]
    assert "waits to be read" not in (await page(site, "/feedback/waiting"))[1]
    site.clock.advance(5 * 3600)
    await site.sign_in("ana")
    text = (await page(site, "/feedback/waiting"))[1]
    assert text.index("orders") < text.index("&lt;search&gt;")
    assert text.count("It should have been looked at") == 1
    assert "INC-3" not in text


async def test_a_report_in_a_record_that_few_see_is_for_those_few(site: Site) -> None:
    """Its reporter learns no more than that it was received; a record of the same number hides no report."""
    locations = [(await send(site, FORM | {"slip": await slip(site), "text": text}))[2] for text in ("first", "second")]
    held = replace(finding(), entities=(Entity(kind="report", value="IN-2"),))
    await site.store.write(lambda tx: findings.take(tx, held))
    ana = Actor(kind=ActorKind.PERSON, id="ana")
    await site.store.write(lambda tx: incidents.acknowledge(tx, 1, ana, via="test", note=""))
    few = tables.incident.update().values(restricted=True)
    await site.store.write(lambda tx: tx.connection.execute(few) and None)
    token = await site.token_of("bo")
    assert (await site.ask("GET", "/api/v1/feedback/1", token=token))[0] == 200
    assert (await site.ask("GET", "/api/v1/feedback/2", token=token))[0] == 403
    assert (await site.ask("GET", "/api/v1/feedback/2", token=await site.token_of("ana")))[0] == 200
    assert [(await page(site, one))[1].count("Nobody has looked at it yet") for one in locations] == [1, 1]
