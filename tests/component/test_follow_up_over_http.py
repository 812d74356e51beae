"""Follow-up over HTTP: watches, improvement items, closing, and who was watching when."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.path import SITE, add_people, frozen, stand
from support.site import Site
from support.store import finding, line, open_store

from detector.watching import Watching, is_urgent
from rules.event import Severity
from store import process
from store.coverage import Alive, Kind, digest
from store.repository.follow_up import coverage
from store.repository.grouping import findings
from store.tx import Tx

ONE = "/api/v1/incidents/INC-1"
RULES = {"rule-1": "v1"}
WATCH = {"criterion": "nobody gets in", "hours": 0.001, "scope": [{"kind": "host", "value": "web1"}]}


def alive(tx: Tx, seconds: float) -> None:
    """The source was read with these rules, from the start on."""
    coverage.keep_rules(tx, RULES)
    until = START + timedelta(seconds=seconds)
    for kind, name in ((Kind.SOURCE, "auth"), (Kind.RULES, digest(RULES))):
        coverage.seen(tx, [Alive(kind=kind, name=name, start=START, until=until)])


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """An incident that is followed up, on each database in turn."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            add_people(tx)
            findings.take(tx, finding(severity=Severity.HIGH, evidence=(line(1),)))
            alive(tx, 3600)
            frozen(tx, 1)

        await once(store, lambda: store.write(fill), __name__, "site")
        clock.advance(3600)
        await store.write(lambda tx: stand(tx, 1, process.FOLLOW_UP))
        made = Site(store, clock, tmp_path)
        made.rules = SITE
        await made.start()
        yield made
        await made.stop()


class Asking:
    """Persons who ask, by their id."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.tokens: dict[str, str] = {}

    async def act(self, who: str, act: str, body: Any) -> tuple[int, Any]:
        return await self.site.ask("POST", f"{ONE}/acts/{act}", token=await self.token(who), json=body)

    async def move(self, who: str, move: str, body: Any) -> tuple[int, Any]:
        version = (await self.get(ONE))["version"]
        return await self.site.ask(
            "POST", f"{ONE}/moves/{move}", token=await self.token(who), version=version, json=body
        )

    async def get(self, path: str) -> Any:
        code, told = await self.site.ask("GET", path)
        assert code == 200, told
        return told

    async def token(self, who: str) -> str:
        if who not in self.tokens:
            self.tokens[who] = await self.site.token_of(who)
        return self.tokens[who]


@pytest.fixture
def asking(site: Site) -> Asking:
    return Asking(site)


async def test_a_watch_from_its_plan_to_its_verdict(site: Site, asking: Asking) -> None:
    """Planned by an act, told with what it has counted, ended by the daemon; seconds are hours enough."""
    watching = Watching(site.store, site.clock, lambda: None)
    assert not await is_urgent(site.store, site.clock)
    code, told = await asking.act("ina", "watch", WATCH)
    assert code == 200, told
    assert {"close", "rework", "take_back_watch", "improve"} <= set(told["allowed"])
    await watching.look()
    assert await is_urgent(site.store, site.clock)
    (one,) = (await asking.get(f"{ONE}/watches"))["items"]
    assert (one["decides"], one["rules"], one["sources"], one["verdict"]) == (True, ["rule-1"], ["auth"], None)
    assert (one["from"], one["before"]) == ("2026-03-02T10:00:00Z", {"matches": 1, "exposed_hours": 1.0})
    site.clock.advance(200)
    assert await watching.look() == 0, "too little to tell: it goes on once"
    assert await watching.look() == 1
    (one,) = (await asking.get(f"{ONE}/watches"))["items"]
    assert (one["verdict"], one["extended"]) == ("insufficient_data", True)
    code, told = await asking.act("vera", "tried", {"watch": 1, "how": "ten wrong passwords", "evidence": "ATT-3"})
    assert code == 200, told
    (one,) = (await asking.get(f"{ONE}/watches"))["items"]
    assert (one["verdict"], one["tried"]["by"]) == ("effective_tested", "vera")


@pytest.mark.parametrize(
    ("who", "act", "body", "status", "code", "missing"),
    [
        ("vi", "watch", WATCH, 403, "role_required", []),
        ("ina", "watch", {}, 422, "invalid_body", ["criterion", "hours"]),
        ("ina", "watch", WATCH | {"hours": "1"}, 422, "invalid_body", None),
        ("ina", "watch", WATCH | {"at_most": -1}, 422, "invalid_body", None),
        ("ina", "watch", WATCH | {"rules": ["x"] * 101}, 422, "invalid_body", None),
        ("ina", "watch", WATCH | {"scope": [{"kind": "source", "value": "x"}]}, 422, "invalid_watch", ["scope"]),
        ("ina", "watch", WATCH | {"action": 9, "hours": 0}, 422, "invalid_watch", ["hours", "action"]),
        ("ina", "watch", WATCH | {"criterion": "x" * 10_001}, 422, "invalid_body", None),
        ("abe", "take_back_watch", {"watch": 7, "reason": "x"}, 404, "not_found", []),
        ("vera", "tried", {"watch": 7, "how": "x", "evidence": "y"}, 404, "not_found", []),
        ("vera", "tried", {"watch": 1, "how": ""}, 422, "invalid_body", None),
        ("abe", "accept_risk", {"watch": 7}, 404, "not_found", []),
        ("ina", "accept_risk", {"watch": 1}, 403, "role_required", []),
        ("ina", "improve", {"item": "x", "owner": "nobody", "due": "2026-05-01"}, 422, "no_such_person", ["owner"]),
        ("ina", "improve", {"item": "x", "owner": "ina", "due": "soon"}, 422, "invalid_body", None),
        ("ina", "improvement", {"improvement": 3, "what": "done"}, 404, "not_found", []),
    ],
    ids=str,
)
async def test_refusals(
    asking: Asking, who: str, act: str, body: Any, status: int, code: str, missing: list[str] | None
) -> None:
    """What is missing is named; nothing is changed."""
    before = await asking.get(ONE)
    found, told = await asking.act(who, act, body)
    assert (found, told["code"]) == (status, code), told
    if missing is not None:
        assert told["missing"] == missing
    assert await asking.get(ONE) == before


async def test_closing_says_all_that_is_missing(asking: Asking) -> None:
    """One 409 names actions, watches, and what the forms lack; the sentence says what to do."""
    await asking.act("ina", "watch", WATCH)
    code, told = await asking.move("ina", "close", {})
    assert (code, told["code"]) == (409, "open_actions")
    assert "is only " in told["detail"]
    assert {"action 1", "watch 1", "follow_up.closing_note"} <= set(told["missing"])
    assert "rework" in told["allowed"]
    code, told = await asking.move("ina", "rework", {})
    assert (code, told["code"], told["missing"]) == (422, "reason_required", ["reason"])
    code, told = await asking.move("ina", "rework", {"reason": "two hosts were left out"})
    assert (code, told["step"]) == (200, "corrective_actions")


async def test_improvements_live_on(site: Site, asking: Asking) -> None:
    """Written down, moved, done: after closing too; each needs a sentence, and belongs to its owner."""
    code, told = await asking.act("ina", "improve", {"item": "alert on new hosts", "owner": "bo", "due": "2026-05-01"})
    assert code == 200, told
    await site.store.write(lambda tx: stand(tx, 1, process.RESOLVED))
    step: dict[str, Any] = {"improvement": 1, "what": "moved", "note": "waits for a budget"}
    code, told = await asking.act("bo", "improvement", step)
    assert (code, told["code"], told["missing"]) == (422, "due_required", ["due"])
    code, told = await asking.act("ana", "improvement", step)
    assert (code, told["code"]) == (403, "role_required")
    assert (await asking.act("bo", "improvement", step | {"due": "2026-03-01"}))[0] == 200
    (one,) = (await asking.get("/api/v1/improvements"))["items"]
    assert (one["incident"], one["due"], one["late"], one["state"]) == ("INC-1", "2026-03-01", True, "open")
    code, told = await asking.act("bo", "improvement", {"improvement": 1, "what": "done"})
    assert (code, told["code"]) == (422, "reason_required")
    assert (await asking.act("ina", "improvement", {"improvement": 1, "what": "done", "note": "it pages"}))[0] == 200
    code, told = await asking.act("bo", "improvement", {"improvement": 1, "what": "done", "note": "again"})
    assert (code, told["code"]) == (409, "improvement_over")
    assert (await asking.get("/api/v1/improvements"))["items"] == []
    (one,) = (await asking.get(f"{ONE}/improvements"))["items"]
    assert (one["state"], one["outcome"]) == ("done", "it pages")
    timeline = (await asking.get(ONE))["timeline"]
    assert [entry["facts"]["what"] for entry in timeline if entry["kind"] == "improvement"] == [
        "written",
        "moved",
        "done",
    ]


async def test_was_anybody_watching(site: Site, asking: Asking) -> None:
    """Of a moment: yes or no, and in sentences; of a time: when, and for how long."""
    told = await asking.get("/api/v1/coverage/at?time=2026-03-02T09:30:00Z&source=auth&rule=rule-1")
    assert (told["watched"], told["rule_count"]) == (True, 1)
    assert told["told"][0] == ("source auth: yes, from 2026-03-02T09:00:00Z until 2026-03-02T10:00:00Z so far")
    told = await asking.get("/api/v1/coverage/at?time=2026-03-02T12:30:00%2B02:00&source=auth")
    assert (told["watched"], told["source"]["before"]["until"]) == (False, "2026-03-02T10:00:00Z")
    told = await asking.get("/api/v1/coverage/at?time=2026-03-02T09:30:00Z&source=nowhere")
    assert told["told"][0].endswith("it was never seen alive; sources that were read: auth")
    told = await asking.get("/api/v1/coverage?source=auth&from=2026-03-02T09:30:00Z&until=2026-03-02T12:00:00Z")
    assert (told["exposed_hours"], len(told["items"])) == (0.5, 1)
    told = await asking.get("/api/v1/coverage?rule=rule-9&from=2026-03-02T09:30:00Z&until=2026-03-02T12:00:00Z")
    assert (told["exposed_hours"], told["items"]) == (0, [])
    assert {one["kind"] for one in (await asking.get("/api/v1/coverage"))["items"]} == {"source", "rules"}


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        ("coverage/at", ["time", "source"]),
        ("coverage/at?source=auth", ["time"]),
        ("coverage/at?source=auth&time=yesterday", ["time"]),
        ("coverage/at?source=auth&time=2026-03-02T09:30:00", ["time"]),
        ("coverage?from=2026-03-02T09:30:00Z", ["from", "until"]),
        ("coverage?until=2026-03-02T09:30:00Z&from=2026-03-03T09:30:00Z", ["from", "until"]),
    ],
)
async def test_a_moment_has_a_zone(site: Site, query: str, missing: list[str]) -> None:
    """A question that cannot be answered says what is wrong with it."""
    code, told = await site.ask("GET", f"/api/v1/{query}")
    assert (code, told["code"], told["missing"]) == (422, "invalid_query", missing)
