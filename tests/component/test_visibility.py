"""Who sees a record that is TLP:RED or restricted: over the API, in pages, in lists and exports; on each database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from support.fakes import START, FakeClock
from support.once import once
from support.site import Site
from support.store import finding

from store.action import ActionKind
from store.answers import Answer
from store.database import Store
from store.designation import Designation, Staff
from store.forms import FormName
from store.incident import Actor, ActorKind
from store.people import Person, Role
from store.repository.dossier import action_turns, forms
from store.repository.follow_up import improvements
from store.repository.grouping import findings
from store.repository.incident import incidents, requests
from store.repository.people import persons
from store.site import Site as Rules
from store.tables import reading
from store.tx import Tx

ANA = Actor(kind=ActorKind.PERSON, id="ana")
PERSONS = (
    Person(id="abe", name="Abe", roles=frozenset({Role.APPROVER})),
    Person(id="ana", name="Ana", roles=frozenset({Role.RESPONDER, Role.REPORTER})),
    Person(id="bo", name="Bo", roles=frozenset({Role.RESPONDER})),
    Person(id="mal", name="Mallory", roles=frozenset({Role.RESPONDER})),
    Person(id="vic", name="Vic", roles=frozenset({Role.VIEWER})),
)
SECRET = "zebra"


def fill(tx: Tx) -> None:
    """INC-1, which is Ana's, about something secret; INC-2, which anybody may see."""
    persons.upsert_from_config(tx, PERSONS)
    for one, host in enumerate((SECRET, "web2"), 1):
        findings.take(tx, finding(f"f{one}", rule=f"r{one}", source=f"192.0.2.{one}", host=host))
    incidents.acknowledge(tx, 1, ANA, via="token", note=SECRET)
    given: dict[str, Any] = {"plan": {"text": SECRET}, "via": "token", "site": Rules()}
    action_turns.write(tx, 1, ANA, kind=ActionKind.CORRECTION, **given)
    improvements.improve(tx, 1, ANA, via="token", item=SECRET, owner="ana", due=START.date() + timedelta(days=9))


def make_red(tx: Tx) -> None:
    """Have the report say that INC-1 is TLP:RED."""
    forms.save(tx, 1, FormName.REPORT, {"tlp": Answer(value="TLP:RED")}, expected=0, by=ANA, via="token")


@pytest.fixture
async def site(store: Store, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Site]:
    """Both incidents."""
    await once(store, lambda: store.write(fill), __name__, "site")
    made = Site(store, clock, tmp_path)
    made.rules = Rules(staff=Staff(designations=(Designation(approver="abe"),)))
    await made.start()
    yield made
    await made.stop()


async def status(site: Site, person: str, path: str = "", method: str = "GET") -> int:
    """What *person* is answered about INC-1."""
    token = await site.token_of(person) if person else ""
    return (await site.ask(method, f"/api/v1/incidents/1{path}", token=token))[0]


PATHS = ("", "/forms", "/forms/report", "/export", "/actions", "/requests", "/approval", "/clocks", "/readings")


async def readings(site: Site) -> int:
    """How many were noted."""
    found: int = await site.store.read(lambda c: c.execute(select(func.count()).select_from(reading)).scalar_one())
    return found


async def test_red_is_for_those_who_take_part(site: Site) -> None:
    """Who has it and who is named for it see everything, and that is noted; others see number and step, nowhere more;
    the same for an account of the machine, and whatever they would do."""
    for person in ("ana", "vic", ""):
        assert {path: await status(site, person, path) for path in PATHS[:1]} == {"": 200}
    assert await readings(site) == 0
    await site.store.write(make_red)
    for person in ("ana", "abe"):
        token = await site.token_of(person)
        for path in PATHS:
            async with site.operator.get(
                f"http://tocsin/api/v1/incidents/1{path}", headers={"Authorization": f"Bearer {token}"}
            ) as answer:
                assert answer.status == 200, (person, path)
    assert await readings(site) == 2 * len(PATHS)
    for person in ("bo", "vic", ""):
        token = await site.token_of(person) if person else ""
        for path in PATHS:
            code, refused = await site.ask("GET", f"/api/v1/incidents/1{path}", token=token)
            assert (code, refused["status"], refused["code"], refused["number"]) == (403, 403, "restricted", 1), (
                person,
                path,
            )
            assert SECRET not in str(refused)
    assert await status(site, "bo", "/acknowledge", "POST") == 403
    assert await status(site, "bo", "/acts/note", "POST") == 403
    assert await readings(site) == 2 * len(PATHS)
    _, told = await site.ask("GET", "/api/v1/incidents/1/readings", token=await site.token_of("ana"))
    assert (told["items"][0]["person"], told["items"][0]["route"]) == ("ana", "GET /api/v1/incidents/{number}/readings")


async def test_lists_and_exports_tell_number_and_step(site: Site) -> None:
    """What others alone may see stands in lists with its number and step, and by no filter; in no other list at all."""
    await site.store.write(make_red)
    token = await site.token_of("vic")
    _, page = await site.ask("GET", "/api/v1/incidents", token=token)
    [second, first] = page["items"]
    assert first == {
        "number": 1, "id": "INC-1", "title": None, "step": "notification", "stage": "none", "status": "open",
        "hidden": True,
    }  # fmt: skip
    assert second["hidden"] is False
    _, page = await site.ask("GET", "/api/v1/incidents?decision=investigate", token=token)
    assert [one["number"] for one in page["items"]] == [2]
    site.clock.advance(60)
    since = (START - timedelta(days=1)).date().isoformat()
    for path in ("/api/v1/actions", f"/api/v1/export.csv?from={since}", f"/api/v1/export?from={since}",
                 "/api/v1/calendar.ics", "/api/v1/approvals", "/api/v1/improvements", "/api/v1/waivers"):  # fmt: skip
        headers = {"Authorization": f"Bearer {token}"}
        async with site.operator.get(f"http://tocsin{path}", headers=headers) as answer:
            assert answer.status == 200, path
            assert SECRET.encode() not in await answer.read(), path
    _, page = await site.ask("GET", "/api/v1/incidents", token=await site.token_of("ana"))
    assert [one["hidden"] for one in page["items"]] == [False, False]


async def test_pages_keep_it_too(site: Site) -> None:
    """The list shows number and step; the page of the incident says who sees it."""
    await site.store.write(make_red)
    for person, sees in (("vic", False), ("ana", True)):
        headers = {"Authorization": f"Bearer {await site.token_of(person)}", "Accept": "text/html"}
        async with site.operator.get("http://tocsin/", headers=headers) as answer:
            text = await answer.text()
        assert (SECRET in text, "INC-1" in text) == (sees, True)
        async with site.operator.get("http://tocsin/i/1", headers=headers) as answer:
            text = await answer.text()
        assert (answer.status, SECRET in text) == ((200, True) if sees else (403, False))
        assert sees or "stands at notification" in text


async def test_a_link_that_came_before_shows_nothing_to_others(site: Site) -> None:
    """Who has a link from a message, but takes no part any more, sees nothing by it."""
    path = site.link("bo")
    async with site.browser.get(path) as answer:
        assert answer.status == 200
    await site.store.write(make_red)
    async with site.browser.get(path, headers={"Accept": "text/html"}) as answer:
        assert (answer.status, SECRET in await answer.text()) == (403, False)


async def test_restriction_is_an_act(site: Site) -> None:
    """One who responds restricts it; only an approver lifts that, upon the version that they saw; both are told."""
    token = await site.token_of("ana")
    path = "/api/v1/incidents/1/acts/"
    _, shown = await site.ask("GET", "/api/v1/incidents/1", token=token)
    body = {"reason": "about one of us"}
    assert (await site.ask("POST", path + "restrict", token=token, json=body))[0] == 428
    done, after = await site.ask("POST", path + "restrict", token=token, version=shown["version"], json=body)
    assert (done, after["restricted"]) == (200, True)
    assert await status(site, "vic") == 403
    code, refused = await site.ask("POST", path + "lift_restriction", token=token, version=after["version"], json=body)
    assert (code, refused["code"]) == (403, "role_required")
    abe = await site.token_of("abe")
    assert (await site.ask("POST", path + "lift_restriction", token=abe, version=1, json=body))[0] == 412
    code, _ = await site.ask("POST", path + "lift_restriction", token=abe, version=after["version"], json=body)
    assert (code, await status(site, "vic")) == (200, 200)


async def test_who_is_asked_takes_part_and_who_is_involved_does_not(site: Site) -> None:
    """A question lets somebody in. Whom the report names as involved sees it no more, though they acted on it."""
    mal = Actor(kind=ActorKind.PERSON, id="mal")
    await site.store.write(lambda tx: incidents.acknowledge(tx, 1, mal, via="token", note="mine"))
    await site.store.write(make_red)
    assert (await status(site, "bo"), await status(site, "mal")) == (403, 200)
    await site.store.write(lambda tx: requests.ask(tx, 1, ANA, question="What did you see?", person="bo", via="token"))
    individuals = [{"person": "Mallory", "role": "employee", "affected": False}]
    answers = {"individuals": Answer(value=individuals)}
    await site.store.write(lambda tx: forms.save(tx, 1, FormName.REPORT, answers, expected=1, by=ANA, via="token"))
    assert (await status(site, "bo"), await status(site, "mal")) == (200, 403)


async def test_nobody_gets_in_by_merging_or_signing(site: Site) -> None:
    """What a body names is as closed as what the address names: who merges their own into it takes no part by that."""
    mal = await site.token_of("mal")
    _, shown = await site.ask("GET", "/api/v1/incidents/2", token=mal)
    await site.store.write(make_red)
    asked: dict[str, Any] = {"token": mal, "json": {"into": 1}}
    code, refused = await site.ask("POST", "/api/v1/incidents/2/moves/merge", version=shown["version"], **asked)
    assert (code, refused["code"], SECRET in str(refused)) == (403, "restricted", False)
    body = {"incidents": [{"incident": 1, "hash": "0"}], "fresh": "f"}
    code, refused = await site.ask("POST", "/api/v1/approvals", token=mal, json=body)
    assert (code, refused["code"], SECRET in str(refused)) == (403, "restricted", False)
    assert await status(site, "mal") == 403


async def test_nobody_takes_out_of_what_they_do_not_see(site: Site) -> None:
    """What was merged into it before it was restricted stays in it."""
    ana, mal = await site.token_of("ana"), await site.token_of("mal")
    path = "/api/v1/incidents/2/moves/"
    _, shown = await site.ask("GET", "/api/v1/incidents/2", token=ana)
    code, after = await site.ask("POST", path + "merge", token=ana, version=shown["version"], json={"into": 1})
    assert code == 200, after
    await site.store.write(make_red)
    code, refused = await site.ask("POST", path + "unmerge", token=mal, version=after["version"], json={})
    assert (code, refused["code"], await status(site, "mal")) == (403, "restricted", 403)
