"""Actions over HTTP: their life by several persons, their ETags, what a refusal says, and the list of all."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.site import ANA, VIC, Site
from support.store import finding, open_store
from yarl import URL

from rules.event import Severity
from store.incident import Step, Tlp
from store.people import Role
from store.repository.grouping import findings
from store.repository.people import persons
from store.repository.record import records
from store.tx import Tx

ONE = "/api/v1/incidents/INC-1"
PEOPLE = (
    ANA,
    VIC,
    replace(ANA, id="lea", name="Lea", roles=frozenset({Role.INVESTIGATOR})),
    replace(ANA, id="oli", name="Oli", roles=frozenset({Role.ACTION_OWNER})),
    replace(ANA, id="dee", name="Dee", roles=frozenset({Role.ACTION_OWNER, Role.VERIFIER})),
    replace(ANA, id="ver", name="Ver", roles=frozenset({Role.VERIFIER})),
)
PLAN: dict[str, Any] = {
    "kind": "configuration",
    "causes": ["finding 1"],
    "text": "lock accounts after five failures",
    "owner": "oli",
    "deputy": "dee",
    "due": "2026-03-20",
    "criterion": "no success after failures on any host",
}


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """An incident of severity high, and persons of every part, on each database in turn."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, PEOPLE)
            findings.take(tx, finding(severity=Severity.HIGH))

        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        await made.start()
        yield made
        await made.stop()


class Asking:
    """Persons with their tokens."""

    def __init__(self, site: Site, tokens: dict[str, str]) -> None:
        self._site, self.tokens = site, tokens

    async def __call__(
        self, who: str, method: str, path: str, body: Any = None, *, version: int | None = None, **more: Any
    ) -> tuple[int, Any]:
        return await self._site.ask(
            method, f"{ONE}{path}", token=self.tokens.get(who, ""), version=version, json=body, **more
        )


@pytest.fixture
async def ask(site: Site) -> Asking:
    """Asks as a person."""
    return Asking(site, {one.id: await site.token_of(one.id) for one in PEOPLE})


def _put(tx: Tx, **changes: Any) -> None:
    before = records.load(tx.connection, 1)
    records.change(tx, before, replace(before, **changes))


async def at_step(site: Site, step: Step) -> None:
    """Put the incident there, whatever it takes otherwise."""
    await site.store.write(lambda tx: _put(tx, step=step))


async def test_a_life_by_four_persons(site: Site, ask: Asking) -> None:
    """The lead writes and agrees, the owner does it once it is approved, and a third person verifies it."""
    code, told = await ask("lea", "POST", "/actions", PLAN)
    assert (code, told["number"], told["version"], told["state"], told["missing"]) == (201, 1, 1, "proposed", [])
    assert told["allowed"] == ["change", "move", "agree", "drop"]
    code, told = await ask("lea", "POST", "/actions/1/agree", version=1)
    assert (code, told["state"], told["agreed_by"], told["version"]) == (200, "agreed", "lea", 2)
    code, refused = await ask("oli", "POST", "/actions/1/done", {"evidence": "commit 1"}, version=2)
    assert (code, refused["code"], refused["allowed"]) == (409, "not_approved", [])
    await at_step(site, Step.FOLLOW_UP)
    done = {"evidence": "commit 1", "effective_from": "2026-03-02T09:00:00Z"}
    site.clock.advance(3600)
    code, told = await ask("oli", "POST", "/actions/1/done", done, version=2)
    assert (code, told["state"], told["done_by"], told["effective_from"]) == (
        200,
        "done",
        "oli",
        "2026-03-02T09:00:00Z",
    )
    code, refused = await ask("dee", "POST", "/actions/1/verify", version=3)
    assert (code, refused["code"], refused["detail"]) == (
        403,
        "four_eyes",
        "dee is the deputy for action 1: somebody else must verify it",
    )
    assert refused["allowed"] == ["return"]
    code, told = await ask("ver", "POST", "/actions/1/verify", {"note": "seen"}, version=3)
    assert (code, told["state"], told["verified_by"], told["allowed"]) == (200, "verified", "ver", [])
    _, shown = await ask("vic", "GET", "")
    said = [(one["facts"]["did"], one["actor"]["id"]) for one in shown["timeline"] if one["kind"] == "action"]
    assert said == [("write", "lea"), ("agree", "lea"), ("done", "oli"), ("verify", "ver")]


async def test_a_correction_from_the_first_minute(site: Site, ask: Asking) -> None:
    """A responder writes down what was put right at once, and records it done, before anybody reported anything."""
    code, told = await ask("ana", "POST", "/actions", {"kind": "correction", "text": "blocked 203.0.113.7"})
    assert (code, told["owner"], told["allowed"]) == (201, "ana", ["change", "move", "agree", "done", "drop"])
    code, told = await ask("ana", "POST", "/actions/1/done", {"evidence": "ufw status"}, version=1)
    assert (code, told["state"], told["effective_from"]) == (200, "done", "2026-03-02T09:00:00Z")
    _, shown = await ask("ana", "GET", "")
    assert shown["aware_at"] == "2026-03-02T09:00:00Z"
    code, refused = await ask("ana", "POST", "/actions", PLAN)
    assert (code, refused["code"]) == (403, "role_required")
    assert "note" in refused["allowed"]


async def test_who_overwrites_names_what_they_saw(site: Site, ask: Asking) -> None:
    """Without a version 428, with an old one 412 with the one that stands and who changed it; the new plan is kept."""
    await ask("lea", "POST", "/actions", PLAN)
    code, told = await ask("lea", "PUT", "/actions/1", {"text": "lock after three", "deputy": None}, version=1)
    assert (code, told["text"], told["deputy"], told["criterion"]) == (
        200,
        "lock after three",
        None,
        PLAN["criterion"],
    )
    for method, path, body in (("PUT", "/actions/1", {"text": "x"}), ("POST", "/actions/1/agree", {})):
        code, refused = await ask("lea", method, path, body)
        assert (code, refused["code"], refused["version"]) == (428, "if_match_required", 2)
        code, refused = await ask("lea", method, path, body, version=1)
        assert (code, refused["code"]) == (412, "stale_version")
        assert (refused["version"], refused["changed_by"]) == (2, "lea")
        assert refused["allowed"] == ["change", "move", "agree", "drop"]


async def test_a_new_one_needs_no_version_and_moves_none(site: Site, ask: Asking) -> None:
    """Five persons write at once: no 412, and the incident's own version stays."""
    _, before = await ask("lea", "GET", "")
    for number in range(1, 6):
        code, told = await ask("lea", "POST", "/actions", PLAN | {"text": f"no. {number}"})
        assert (code, told["number"]) == (201, number)
    _, after = await ask("lea", "GET", "")
    assert after["version"] == before["version"]


async def test_the_same_request_again_writes_one(site: Site, ask: Asking) -> None:
    """An Idempotency-Key makes one of two."""
    first = await ask("lea", "POST", "/actions", PLAN, key="k")
    assert first == await ask("lea", "POST", "/actions", PLAN, key="k")
    _, listed = await ask("lea", "GET", "/actions")
    assert len(listed["items"]) == 1


@pytest.mark.parametrize(
    ("who", "path", "body", "status", "code", "missing"),
    [
        ("lea", "/actions", {}, 422, "invalid_body", ["kind"]),
        ("lea", "/actions", {"kind": "wish"}, 422, "invalid_body", ["kind"]),
        ("lea", "/actions", {"kind": "other", "by": "me"}, 422, "invalid_body", ["by"]),
        ("lea", "/actions", {"kind": "other", "text": "x" * 10_001}, 422, "invalid_body", ["text"]),
        (
            "lea",
            "/actions",
            {"kind": "other", "causes": ["weather"], "owner": "vic", "deputy": "no", "due": "2026-03-01"},
            422,
            "invalid_action",
            ["causes", "owner", "deputy", "due"],
        ),
        ("lea", "/actions", {"kind": "other", "participants": ["ana"]}, 422, "invalid_action", ["participants"]),
        ("vic", "/actions", {"kind": "correction"}, 403, "role_required", []),
        ("", "/actions", {"kind": "correction"}, 403, "person_required", []),
        ("lea", "/actions/none", {"cause": "finding 1"}, 422, "reason_required", ["reason"]),
        ("lea", "/actions/none", {"cause": "weather", "reason": "x"}, 422, "invalid_action", ["cause"]),
        ("ana", "/actions/none", {"cause": "incident", "reason": "x"}, 403, "role_required", []),
        ("lea", "/actions/9/agree", {}, 404, "not_found", []),
        ("lea", "/actions/1/dance", {}, 404, "not_found", []),
        ("lea", "/actions/1/agree", {}, 422, "incomplete_action", ["causes", "owner", "due", "criterion"]),
        ("lea", "/actions/1/move", {}, 422, "incomplete_action", ["due"]),
        ("lea", "/actions/1/drop", {"reason": " "}, 422, "reason_required", ["reason"]),
        ("lea", "/actions/1/done", {}, 403, "role_required", []),
        ("oli", "/actions/1/done", {}, 403, "not_owner", []),
        ("ver", "/actions/1/verify", {}, 409, "not_a_move", []),
        ("ana", "/actions/1/verify", {}, 403, "role_required", []),
    ],
)
async def test_every_refusal_says_what_is_missing(
    site: Site, ask: Asking, who: str, path: str, body: Any, status: int, code: str, missing: list[str]
) -> None:
    """A refusal has a code and everything that is missing, and keeps nothing."""
    await ask("lea", "POST", "/actions", {"kind": "other", "text": "think"})
    before = await ask("lea", "GET", "/actions")
    found, refused = await ask(who, "POST", path, body, version=1)
    assert (found, refused["code"], refused["missing"]) == (status, code, missing), refused
    assert await ask("lea", "GET", "/actions") == before


async def test_a_slip_is_kept_and_shown(site: Site, ask: Asking) -> None:
    """A date that was agreed is moved with a reason; the old one stays; what is late is late everywhere."""
    await ask("lea", "POST", "/actions", PLAN)
    await ask("lea", "POST", "/actions/1/agree", version=1)
    code, refused = await ask("lea", "PUT", "/actions/1", {"due": "2026-04-01"}, version=2)
    assert (code, refused["code"], refused["missing"]) == (422, "reason_required", ["reason"])
    site.clock.advance(19 * 86400)
    _, shown = await ask("vic", "GET", "/actions/1")
    assert shown["late"] is True
    _, listed = await site.ask("GET", "/api/v1/actions?late=true&owner=oli")
    assert [(one["incident"], one["number"], one["late"]) for one in listed["items"]] == [("INC-1", 1, True)]
    _, gaps = await ask("vic", "GET", "/actions")
    assert gaps["incomplete"] == ["action 1: due has passed", "action 1: finding 1"]
    moved = {"due": "2026-04-01", "reason": "the vendor is late"}
    code, told = await ask("lea", "POST", "/actions/1/move", moved, version=2)
    assert (code, told["due"], told["late"]) == (200, "2026-04-01", False)
    assert told["slips"] == [
        {
            "due": "2026-03-20",
            "until": "2026-04-01",
            "by": "lea",
            "at": "2026-03-21T09:00:00Z",
            "reason": "the vendor is late",
        }
    ]
    _, listed = await site.ask("GET", "/api/v1/actions?late=true")
    assert listed["items"] == []


async def test_the_list_of_all(site: Site, ask: Asking) -> None:
    """By due date, those without one last, page by page; what is over only if asked for; wrong questions are named."""
    for text, due in (("late", "2026-05-01"), ("none", None), ("soon", "2026-03-05"), ("dropped", "2026-03-03")):
        await ask("lea", "POST", "/actions", {"kind": "other", "text": text, "due": due})
    await ask("lea", "POST", "/actions/4/drop", {"reason": "no"}, version=1)
    seen, path = [], "/api/v1/actions?limit=1"
    while path:
        async with site.operator.get(f"http://tocsin{path}") as answer:
            seen += [one["text"] for one in (await answer.json())["items"]]
            path = str(URL(answer.links["next"]["url"]).relative()) if "next" in answer.links else ""
    assert seen == ["soon", "late", "none"]
    _, listed = await site.ask("GET", "/api/v1/actions?incident=INC-2")
    assert listed["items"] == []
    _, listed = await site.ask("GET", "/api/v1/actions?all=true&incident=INC-1")
    assert [one["text"] for one in listed["items"]] == ["dropped", "soon", "late", "none"]
    code, refused = await site.ask("GET", "/api/v1/actions?late=perhaps&who=ana&after=x&incident=one")
    assert (code, refused["missing"]) == (422, ["who", "late", "incident", "after"])


async def test_a_training_stays_with_who_was_there(site: Site, ask: Asking) -> None:
    """It names persons, content and attendance; once it is verified, each of them has a record of it."""
    training = PLAN | {"kind": "training", "participants": ["ana", "Mo"], "content": "phishing"}
    await ask("lea", "POST", "/actions", training)
    await ask("lea", "POST", "/actions/1/agree", version=1)
    await at_step(site, Step.FOLLOW_UP)
    code, refused = await ask("oli", "POST", "/actions/1/done", {"evidence": "list"}, version=2)
    assert (code, refused["code"], refused["missing"]) == (422, "incomplete_action", ["attended"])
    there = {"evidence": "list", "attended": ["ana", " ana ", "Mo"], "valid_until": "2026-03-01"}
    code, refused = await ask("oli", "POST", "/actions/1/done", there, version=2)
    assert (code, refused["code"], refused["missing"]) == (422, "invalid_action", ["valid_until"])
    code, told = await ask("oli", "POST", "/actions/1/done", there | {"valid_until": "2027-03-02"}, version=2)
    assert (code, told["attended"], told["valid_until"]) == (200, ["ana", "Mo"], "2027-03-02")
    assert (await site.ask("GET", "/api/v1/trainings"))[1] == {"items": []}
    await ask("ver", "POST", "/actions/1/verify", version=3)
    _, listed = await site.ask("GET", "/api/v1/trainings?person=ana")
    assert listed["items"] == [
        {
            "person": "ana",
            "content": "phishing",
            "at": "2026-03-02T09:00:00Z",
            "until": "2027-03-02",
            "incident": "INC-1",
            "action": 1,
        }
    ]
    await site.store.write(lambda tx: _put(tx, tlp=Tlp.RED))
    assert (await site.ask("GET", "/api/v1/trainings", token=ask.tokens["vic"]))[1] == {"items": []}
    assert len((await site.ask("GET", "/api/v1/trainings", token=ask.tokens["oli"]))[1]["items"]) == 2


async def test_what_is_not_for_everybody_is_not_in_the_list(site: Site, ask: Asking) -> None:
    """Actions of a record that is TLP:RED are listed to those who take part in it, and to nobody else."""
    await ask("lea", "POST", "/actions", PLAN)
    await site.store.write(lambda tx: _put(tx, tlp=Tlp.RED))
    seen = {}
    for who in ("lea", "oli", "dee", "ver", ""):
        _, listed = await site.ask("GET", "/api/v1/actions", token=ask.tokens.get(who, ""))
        seen[who] = len(listed["items"])
    assert seen == {"lea": 1, "oli": 1, "dee": 1, "ver": 0, "": 0}


async def test_whoever_is_involved_may_do_nothing(site: Site, ask: Asking) -> None:
    """A person whose account the incident is about neither writes nor does anything, and is told so."""
    about = finding("f2", rule="rule-2", account="lea", source="198.51.100.1", severity=Severity.HIGH)
    await site.store.write(lambda tx: findings.take(tx, about))
    path = "/api/v1/incidents/2/actions"
    code, refused = await site.ask("POST", path, token=ask.tokens["lea"], json=PLAN)
    assert (code, refused["code"], refused["allowed"]) == (403, "conflict_of_interest", [])
    _, listed = await site.ask("GET", path, token=ask.tokens["lea"])
    assert (listed["items"], listed["may_write"]) == ([], [])


async def test_why_there_is_no_action(site: Site, ask: Asking) -> None:
    """A reason takes the place of an action, and is shown with who gave it."""
    _, listed = await ask("lea", "GET", "/actions")
    assert (listed["uncovered"], len(listed["may_write"])) == (["actions"], 8)
    code, _ = await ask("lea", "POST", "/actions/none", {"cause": "Incident", "reason": "nothing could be better"})
    assert code == 200
    _, listed = await ask("vic", "GET", "/actions")
    assert (listed["uncovered"], listed["may_write"]) == ([], [])
    assert [(one["cause"], one["by"], one["reason"]) for one in listed["none"]] == [
        ("incident", "lea", "nothing could be better")
    ]
