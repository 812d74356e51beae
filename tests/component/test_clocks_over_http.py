"""Clocks over HTTP, and the whole way of a hand-over to a phone."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock, FakeSender
from support.once import once
from support.site import ANA, VIC, Site
from support.store import finding, open_store

from detector.lapses import Lapses
from notifier.dispatch import Dispatch
from notifier.message import Message
from notifier.plan import Routing
from notifier.route import Receiver, Route
from notifier.sender import SendResult, Sent
from rules.event import Severity
from store.deadlines import Deadlines, Timer, Within
from store.designation import Designation, Staff
from store.incident import Stage, Step
from store.people import Role
from store.repository.grouping import findings
from store.repository.people import persons
from store.repository.record import records
from store.repository.telling import outbox
from store.site import Site as Rules
from store.tx import Tx

HOUR = timedelta(hours=1)
ONE = "/api/v1/incidents/INC-1"
INA = replace(ANA, id="ina", name="Ina", roles=frozenset({Role.INVESTIGATOR, Role.REVIEWER}))
REX = replace(ANA, id="rex", name="Rex", roles=frozenset({Role.REVIEWER}))
RULES = Rules(
    staff=Staff(designations=(Designation(lead="ina", reviewer="rex", deputy="ina"),)),
    deadlines=Deadlines(timers=(Timer(name="early warning", within=Within(elapsed=24 * HOUR)),)),
)


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A high incident in review, that Ana has, on each database in turn."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [ANA, INA, REX, VIC])
            findings.take(tx, finding(severity=Severity.HIGH))
            before = records.load(tx.connection, 1)
            taken = replace(before, owner="ana", acknowledged_by="ana", acknowledged_at=tx.now, aware_at=tx.now)
            reporting = replace(taken, step=Step.REPORTING, step_entered_at=tx.now)
            records.change(tx, before, reporting)
            records.change(tx, reporting, replace(reporting, stage=Stage.IN_REVIEW))

        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        made.rules = RULES
        await made.start()
        yield made
        await made.stop()


async def clocks(site: Site, token: str) -> dict[str, Any]:
    """What runs, by what it is about."""
    status, told = await site.ask("GET", f"{ONE}/clocks", token=token)
    assert status == 200
    return {one["matter"]: one for one in told["items"]}


async def fresh(site: Site, token: str) -> str:
    """A token that signs once."""
    status, made = await site.ask("POST", "/api/v1/sign-in/fresh", token=token, json={"token": token})
    assert status in (200, 201)
    return str(made["fresh"])


async def test_clocks_are_shown_with_who_is_asked(site: Site) -> None:
    """What runs, since and until when, who is asked and why, and who was reminded; looking changes nothing."""
    vic = await site.token_of("vic")
    timer, review = (await clocks(site, vic)).values()
    assert (timer["matter"], timer["kind"], timer["name"]) == ("timer:early warning", "timer", "early warning")
    assert (review["matter"], review["task"]) == ("duty:report_review", "review the report")
    assert (timer["due_at"], review["due_at"]) == ("2026-03-03T09:00:00Z", "2026-03-03T17:00:00Z")
    assert review["asked"] == [{"person": "rex", "because": "designated reviewer"}]
    assert (review["overdue"], review["reminded"], timer["decided"]) == (False, [], None)
    site.clock.advance(9 * 3600)
    await Lapses(site.store, site.clock, lambda: RULES, lambda: None).remind()
    late = (await clocks(site, vic))["duty:report_review"]
    assert late["reminded"] == [{"percent": 50, "at": "2026-03-02T18:00:00Z", "asked": ["rex", "ina"]}]
    assert [one["person"] for one in late["asked"]] == ["rex", "ina"]
    site.clock.advance(30 * 3600)
    assert {one["overdue"] for one in (await clocks(site, vic)).values()} == {True}
    assert (await site.ask("GET", "/api/v1/incidents/INC-9/clocks", token=vic))[0] == 404


async def test_a_timer_is_decided_over_http(site: Site) -> None:
    """Refusals name what is missing; that it does not apply is signed with a token that works once."""
    ina, vic = await site.token_of("ina"), await site.token_of("vic")
    act = f"{ONE}/acts/timer"
    body = {"timer": "early warning", "decision": "not_reportable"}
    for given, token, status, code, missing in (
        (body, vic, 403, "role_required", []),
        (body, ina, 422, "reason_required", ["note"]),
        (body | {"timer": "x"}, ina, 422, "no_timer", ["timer"]),
        (body | {"note": "no data was lost"}, ina, 403, "fresh_sign_in", ["fresh"]),
        (body | {"note": "no data was lost", "fresh": "guessed"}, ina, 403, "fresh_sign_in", ["fresh"]),
        (body | {"decision": "filed", "filed_at": "2027-01-01T00:00:00Z"}, ina, 422, "filed_in_future", ["filed_at"]),
        (body | {"decision": "lost"}, ina, 422, "invalid_body", ["decision"]),
        ({}, ina, 422, "invalid_body", ["timer", "decision"]),
    ):
        got, told = await site.ask("POST", act, token=token, json=given)
        assert (got, told["code"], told["missing"]) == (status, code, missing), given
        assert told["detail"]
    signed = body | {"note": "no data was lost", "fresh": await fresh(site, ina)}
    status, told = await site.ask("POST", act, token=ina, json=signed)
    assert status == 200
    decided = (await clocks(site, vic))["timer:early warning"]
    assert decided["decided"] == {
        "entry": told["entry"],
        "decision": "not_reportable",
        "by": "ina",
        "at": "2026-03-02T09:00:00Z",
        "filed_at": None,
        "late": False,
    }
    assert decided["asked"] == []
    assert (await site.ask("POST", act, token=ina, json=signed))[1]["code"] == "fresh_sign_in"
    _, shown = await site.ask("GET", ONE, token=vic)
    assert shown["timeline"][told["entry"] - 1]["values"] == {"note": "no data was lost"}


# -- to a phone --------------------------------------------------------------------------------------------------------


class Nobody:
    """Counts nothing."""

    def attempted(self, channel: str, outcome: str, seconds: float) -> None: ...


async def told(site: Site) -> list[tuple[str, Message]]:
    """What goes out now, by address."""
    sender = FakeSender([SendResult(outcome=Sent.ACCEPTED)])
    receivers = {
        "rex": Receiver(name="rex", urls=("phone://rex",), person="rex"),
        "ana": Receiver(name="ana", urls=("phone://ana",), person="ana"),
        "team": Receiver(name="team", urls=("chat://team",)),
    }
    stop, wake = asyncio.Event(), asyncio.Event()
    dispatch = Dispatch(
        store=site.store,
        clock=site.clock,
        sender=sender,
        routing=lambda: Routing(routes=(Route(receivers=("team",)),), receivers=receivers, site=RULES),
        links=lambda: site.links,
        wake=wake,
        random=lambda: 0.5,
        observer=Nobody(),
    )
    running = asyncio.create_task(dispatch.run(stop))
    ends = time.monotonic() + 10
    while await site.store.read(outbox.pending):  # the dispatch's own threads bring it about
        assert time.monotonic() < ends
        await asyncio.sleep(0.005)
    stop.set()
    await running
    return sender.sent


async def test_the_reviewer_hears_what_is_asked_and_until_when(site: Site) -> None:
    """To their phone alone: whose turn it is and why, then that time runs out; the link only shows."""
    ours = [message for url, message in await told(site) if url == "phone://rex"]
    (turn,) = ours
    assert "It is your turn (the report was handed in)." in turn.body
    assert "Asked of you: review the report, by 2026-03-03 17:00:00 UTC." in turn.body
    assert "http://tocsin.test/i/1" in turn.body
    assert "(your_turn)" in turn.title
    site.clock.advance(32 * 3600)
    await Lapses(site.store, site.clock, lambda: replace(RULES, deadlines=Deadlines()), lambda: None).remind()
    (late,) = [message for url, message in await told(site) if url == "phone://rex"]
    assert "Time runs out (the time to review the report is over)." in late.body
    assert "Asked of you: do what is overdue, by 2026-03-03 17:00:00 UTC." in late.body


async def test_an_unacknowledged_incident_is_escalated_with_a_link_that_acts(site: Site) -> None:
    """Once its hour is over all who can take it are asked, and can do so from the message."""
    other = finding("f2", key="other", source="198.51.100.1", host="db", severity=Severity.HIGH)
    await site.store.write(lambda tx: findings.take(tx, other))
    await told(site)
    site.clock.advance(3600)
    await Lapses(site.store, site.clock, lambda: RULES, lambda: None).remind()
    (late,) = [message for url, message in await told(site) if url == "phone://ana"]
    assert "Time runs out (the time to acknowledge it is over)." in late.body
    assert "http://tocsin.test/a/" in late.body


async def test_what_went_on_before_it_was_sent_is_not_sent(site: Site) -> None:
    """The report was returned while the message waited: nobody is asked to review it."""

    def returned(tx: Tx) -> None:
        before = records.load(tx.connection, 1)
        records.change(tx, before, replace(before, stage=Stage.NONE, step_entered_at=tx.now))

    await site.store.write(returned)
    assert [message.title for url, message in await told(site) if url == "phone://rex"] == []
