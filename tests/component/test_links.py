"""What people do behind the link in a message, and what a session that it opens may do."""

import shutil
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
from support.store import finding, open_store, sqlite_url

from detector.api.identity import CSRF_HEADER
from notifier import jobs, planning
from notifier.links import ACKNOWLEDGE, Links
from notifier.plan import Routing
from notifier.route import Receiver, Route
from notifier.wording import worded
from rules.event import Severity
from store.incident import Tlp
from store.notice import DeliveryState, NewDelivery, NewNotice, NoticeKind, Settlement
from store.people import Person
from store.repository.grouping import findings
from store.repository.people import persons
from store.repository.record import records
from store.repository.telling import escalations, outbox
from store.tables import METADATA, notice
from store.tx import Tx

ONE = "/api/v1/incidents/1"
ACCEPTED = Settlement(state=DeliveryState.ACCEPTED)
BO = Person(id="bo", name="Bo", roles=ANA.roles)


@pytest.fixture
async def site(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """Two incidents that nobody has, two responders who were told of both, a viewer."""
    clock = FakeClock(START)
    shutil.copy(sqlite_template, tmp_path)
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [ANA, BO, VIC])
            findings.take(tx, finding())
            findings.take(tx, finding(id="two", key="two", host="web2", source="198.51.100.9"))
            for one in outbox.notices_unplanned(tx.connection):
                to = [NewDelivery(receiver=who, target=0, channel="x", person=who) for who in ("ana", "bo")]
                outbox.plan(tx, one.id, to)
            for delivery in outbox.claim(tx, "x", lease_seconds=60, limit=10):
                outbox.settle(tx, delivery.id, ACCEPTED)

        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        await made.start()
        yield made
        await made.stop()


async def press(site: Site, link: str = "", **form: str) -> tuple[int, str]:
    """Press a button on the page behind Ana's link."""
    async with site.browser.post(link or site.link(), data=form) as answer:
        return answer.status, " ".join((await answer.text()).split())


async def shown(site: Site, number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = (await site.ask("GET", f"/api/v1/incidents/{number}"))[1]
    return found


async def kinds(site: Site) -> list[str]:
    return [one["kind"] for one in (await shown(site))["timeline"]]


async def notices(site: Site, kind: NoticeKind) -> list[tuple[str | None, str]]:
    rows = select(notice.c.person, notice.c.reason).where(notice.c.kind == kind).order_by(notice.c.id)
    return [(row.person, row.reason) for row in await site.store.read(lambda c: c.execute(rows).all())]


async def test_from_the_push_to_the_morning_in_four_taps(site: Site) -> None:
    """Open the link; contained, which takes it; note; written down and handed over."""
    async with site.browser.get(site.link()) as answer:
        assert "Nobody is on it" in await answer.text()
    assert "Contained: noted" in (await press(site, act="contain"))[1]
    status, page = await press(site, act="note", note="Blocked at the firewall.", to="bo")
    assert (status, "Your note is written down" in page) == (200, True)
    one = await shown(site)
    assert (one["acknowledged_by"], one["owner"], one["contained_at"] is not None) == ("ana", "bo", True)
    assert (await kinds(site))[-3:] == ["acknowledged", "contained", "handed_over"]
    assert [who for who, _ in await notices(site, NoticeKind.HANDED_OVER)] == ["bo"]


async def test_what_was_pressed_by_mistake_is_undone_within_a_minute(site: Site) -> None:
    """The acknowledgement, containment and proposal are taken back, newest first, by whoever pressed; others are asked
    again; after a minute, and by somebody else, nothing is.
    """
    await press(site)
    assert "Undo" in (await press(site))[1]
    assert (await press(site, site.link("bo"), act="undo"))[0] == 409
    assert "Taken back" in (await press(site, act="undo"))[1]
    assert (await shown(site))["acknowledged_by"] is None
    assert await notices(site, NoticeKind.LAPSED) == [(None, "ana took the acknowledgement back: nobody has it")]
    await press(site)
    await press(site, act="contain")
    await press(site, act="undo")
    assert (await shown(site))["contained_at"] is None
    assert (await shown(site))["acknowledged_by"] == "ana"
    await press(site, act="false_alarm", note="our scanner")
    assert "Nobody is asked for anything until" in (await press(site, act="note", note="x"))[1]
    await press(site, act="undo")
    async with site.browser.get(site.link()) as answer:
        assert "Nobody is asked for anything until" not in await answer.text()
    await press(site, act="contain")
    site.clock.advance(61)
    status, page = await press(site, act="undo")
    assert (status, "possible for 60 s" in page) == (409, True)
    assert (await kinds(site)).count("undone") == 3


async def test_a_false_alarm_is_only_proposed(site: Site) -> None:
    """Whatever its severity: who came by a link decides nothing, not even of what is low."""

    def lower(tx: Tx) -> None:
        before = records.load(tx.connection, 1)
        records.change(tx, before, replace(before, severity=Severity.LOW, severity_highest=Severity.LOW))

    await site.store.write(lower)
    await press(site, act="false_alarm")
    one = await shown(site)
    assert (one["status"], one["quiet_until"] is not None) == ("open", True)
    code, _ = await site.ask(
        "POST", f"{ONE}/moves/settle", token=await site.token_of("bo"), version=one["version"], json={"agree": True}
    )
    assert (code, (await shown(site))["status"]) == (200, "closed")


async def test_not_me_asks_the_other_one_and_takes_nothing(site: Site) -> None:
    """Nobody has it still, so everybody else is asked on; who has it hands it over instead."""
    assert "Not me → Bo" in (await press(site, act="note", note="on a train"))[1]
    assert "Noted: not you" in (await press(site, act="not_me", to="bo"))[1]
    assert (await shown(site))["acknowledged_by"] is None
    assert await notices(site, NoticeKind.LAPSED) == [("bo", "ana says: not me")]
    assert (await press(site, act="not_me", to="vic"))[0] == 422
    await press(site, site.link("bo"))
    assert (await press(site, act="not_me", to="bo"))[0] == 409


async def test_the_next_ones_are_asked_at_once(site: Site) -> None:
    """What was to be told later is told now; with nobody next, or once somebody has it, it says so."""
    assert (await press(site, act="escalate"))[0] == 409
    later = START + timedelta(minutes=10)
    told = NewNotice(
        incident=1,
        kind=NoticeKind.ESCALATED,
        cycle=1,
        reason="Bo is asked",
        severity=Severity.HIGH,
        due_at=later,
        level=1,
    )
    await site.store.write(lambda tx: escalations.schedule(tx, told))
    async with site.browser.get(site.link()) as answer:
        text = await answer.text()
        assert ("Bo is asked" in text, "in 10 min" in text, "Escalate now" in text) == (True, True, True)
    assert "The next ones are asked now" in (await press(site, act="escalate"))[1]
    [waiting] = await site.store.read(lambda c: escalations.waiting(c, 1))
    assert (waiting.due_at, waiting.level) == (START, 1)
    await press(site)
    assert (await press(site, act="escalate"))[0] == 409


async def test_one_press_takes_all_of_ones_own(site: Site) -> None:
    """In a storm: what this person was told of and nobody has; what is TLP:RED is left for a sign-in."""
    async with site.browser.get(site.link()) as answer:
        assert "Awake: all 2" in await answer.text()
    await press(site, act="awake")
    assert [(await shown(site, number))["acknowledged_by"] for number in (1, 2)] == ["ana", "ana"]


async def test_the_holder_extends_with_the_same_link(site: Site) -> None:
    """And acknowledges again once it lapsed."""
    await press(site)
    assert "you still have it" in (await press(site, act="extend"))[1]

    def lapse(tx: Tx) -> None:
        before = records.load(tx.connection, 1)
        gone: dict[str, Any] = {"acknowledged_at": None, "acknowledged_by": None, "owner": None}
        records.change(tx, before, replace(before, acknowledged_events=None, **gone))

    await site.store.write(lapse)
    assert "You acknowledged" in (await press(site))[1]
    assert (await kinds(site))[-3:] == ["acknowledged", "extended", "acknowledged"]


async def test_the_session_sees_one_record_and_only_adds(site: Site) -> None:
    """For 12 hours; anywhere else it is nobody's; its forms hold its token; TLP:RED ends it."""
    await press(site)
    async with site.browser.get("/i/1") as answer:
        page = await answer.text()
        assert (answer.status, "/i/1/acts/note" in page, "/i/1/acts/dismiss" in page) == (200, True, False)
    async with site.browser.post("/i/1/acts/note", data={"note": "by the session"}) as answer:
        assert (answer.status, "by the session" in await answer.text()) == (200, True)
    async with site.browser.post("/i/1/acts/note", data={"note": "x"}, headers={CSRF_HEADER: "wrong"}) as answer:
        assert answer.status == 403
    for method, path in (
        ("POST", "/i/1/acts/dismiss"),
        ("POST", "/i/2/acts/note"),
        ("POST", "/i/1/forms/report"),
        ("POST", "/api/v1/incidents/1/acts/note"),
        ("GET", "/api/v1/incidents/1"),
        ("GET", "/api/v1/sessions"),
    ):
        async with site.browser.request(method, path) as answer:
            assert answer.status == 401, path
    for path in ("/i/2", "/", "/me"):
        async with site.browser.get(path, allow_redirects=False) as answer:
            assert answer.status == 303, path
    assert [(one["kind"], one["via"]) for one in (await shown(site))["timeline"]][-1] == ("note", "link")
    site.clock.advance(12 * 3600)
    async with site.browser.get("/i/1", allow_redirects=False) as answer:
        assert answer.status == 303


def redden(tx: Tx) -> None:
    before = records.load(tx.connection, 1)
    records.change(tx, before, replace(before, tlp=Tlp.RED))


async def test_what_is_red_wants_a_sign_in_altogether(site: Site) -> None:
    """Neither the link nor the session that it opened shows it, or acts on it."""
    await press(site)
    await site.store.write(redden)
    for path in (site.link(), "/i/1"):
        async with site.browser.get(path) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, "sign_in_required")
    assert (await press(site, act="contain"))[0] == 403
    assert (await shown(site)).get("contained_at") is None


async def everything(site: Site) -> dict[str, Any]:
    """All rows of all tables."""
    return await site.store.read(
        lambda c: {table.name: c.execute(select(table)).all() for table in METADATA.sorted_tables}
    )


async def test_an_expired_link_sends_a_fresh_one_to_the_address_on_file(site: Site) -> None:
    """Fetching it changes nothing; a press has it sent, three times an hour; it does not act, and says whose it was."""
    old = site.link(hours=-1)
    before = await everything(site)
    for method in ("GET", "HEAD", "GET"):
        async with site.browser.request(method, old) as answer:
            assert answer.status == 410
    assert await everything(site) == before
    for act in ("", "contain", "undo"):
        assert (await press(site, old, act=act))[0] == 410
    assert (await shown(site))["acknowledged_by"] is None
    said = [(await press(site, old, act="fresh"))[1] for _ in range(4)]
    assert ["on its way to the address of Ana" in one for one in said] == [True, True, True, False]
    assert "Enough were sent" in said[-1]
    assert await notices(site, NoticeKind.LINK) == [("ana", "the link that you had is over")] * 3
    site.clock.advance(3601)
    assert "on its way" in (await press(site, old, act="fresh"))[1]


@pytest.mark.parametrize("is_red", [False, True])
async def test_the_fresh_link_acts_though_somebody_has_it(site: Site, is_red: bool) -> None:
    """It goes through the outbox to the receivers of that person alone, and nobody's acknowledgement cancels it; what
    is TLP:RED is told with the address of its page, where one signs in.
    """
    await press(site)
    old = site.link(hours=-1)
    if is_red:
        await site.store.write(redden)
    await press(site, old, act="fresh")
    receiver = Receiver(name="ana", urls=("phone://ana",), person="ana")
    other = Receiver(name="bo", urls=("phone://bo",), person="bo")
    routing = Routing(routes=(Route(receivers=("bo",)),), receivers={"ana": receiver, "bo": other})
    now = site.clock.now()
    planned = await site.store.read(lambda c: planning.survey(c, routing, lambda url: "phone", now))
    [last] = [one for one in planned if [each.reason for each in one.deliveries] == ["is theirs"]]
    await site.store.write(lambda tx: planning.plan(tx, [last]))
    load = await site.store.write(lambda tx: jobs.claim(tx, "phone", routing, {}))
    assert load is not None
    told = await site.store.read(lambda c: jobs.look(c, load))
    message = worded(load.parcel, told, load.standing, load.receiver, site.links, now)
    assert (load.receiver.name, "Here is the fresh link" in message.body) == ("ana", not is_red)
    [link] = [line for line in message.body.splitlines() if line.startswith("http://tocsin.test/")]
    assert ("/a/" in link) is not is_red
    if is_red:
        assert link == "http://tocsin.test/i/1"
        return
    assert (await press(site, link.removeprefix("http://tocsin.test"), act="contain"))[0] == 200


async def test_a_forwarded_link_says_whose_it_is_and_a_foreign_one_nothing(site: Site) -> None:
    """It acts in the name of whom it was made for; another installation's, or one of a withdrawn key, is unknown."""
    async with site.browser.get(site.link("bo")) as answer:
        page = await answer.text()
        assert ("link of Bo" in page, "this is the link of Bo" in page) == (True, True)
    foreign = Links([b"fedcba9876543210"], "http://tocsin.test").make(
        record=1, act=ACKNOWLEDGE, person="ana", expires_at=site.clock.now().replace(year=2027), nonce="n"
    )
    async with site.browser.post(foreign.removeprefix("http://tocsin.test")) as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "unknown_link")
    await site.store.write(lambda tx: persons.upsert_from_config(tx, [ANA, VIC]))
    assert (await press(site, site.link("bo")))[0] == 403
    assert (await shown(site))["acknowledged_by"] is None
