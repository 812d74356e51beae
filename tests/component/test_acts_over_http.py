"""Acts and moves over HTTP: bodies, versions, keys, and what a refusal says."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.routes import routes
from support.site import ANA, VIC, Site
from support.store import finding, open_store

from detector.api.acts import ACTS, MOVES
from detector.lapses import Lapses
from rules.event import Severity
from store.four_eyes import FourEyes
from store.people import Role
from store.repository.grouping import findings
from store.repository.people import persons
from store.site import Site as Rules
from store.tx import Tx

BO = replace(ANA, id="bo", name="Bo", roles=frozenset({Role.RESPONDER, Role.INVESTIGATOR, Role.ADMIN}))
ONE = "/api/v1/incidents/INC-1"


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """An incident of severity high, two responders and a viewer, on each database in turn."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [ANA, BO, VIC])
            findings.take(tx, finding(severity=Severity.HIGH))

        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        await made.start()
        yield made
        await made.stop()


@pytest.fixture
async def ana(site: Site) -> str:
    return await site.token_of("ana")


@pytest.fixture
async def bo(site: Site) -> str:
    return await site.token_of("bo")


async def version_of(site: Site) -> int:
    return int((await site.ask("GET", ONE))[1]["version"])


async def test_an_act_adds_and_says_what_is_next(site: Site, ana: str) -> None:
    """A note needs no version and makes none; the answer names its entry and what may be done now."""
    before = await version_of(site)
    code, told = await site.ask("POST", f"{ONE}/acts/note", token=ana, json={"note": "a scanner?"})
    assert (code, told["version"]) == (200, before)
    _, shown = await site.ask("GET", ONE, token=ana)
    entry = shown["timeline"][told["entry"] - 1]
    assert entry["values"] == {"note": "a scanner?"}
    _, tokens = await site.ask("GET", "/api/v1/tokens")
    assert entry["via"] == f"token {tokens['items'][0]['id']}"
    assert shown["allowed"] == told["allowed"]
    assert {"note", "acknowledge", "dismiss", "merge"} <= set(told["allowed"])
    assert site.woken == 1


async def test_a_shift_by_http(site: Site, ana: str, bo: str) -> None:
    """Contain, take over, hand over, extend, concern and answer, resolve: each in one request."""
    await site.ask("POST", f"{ONE}/acknowledge", token=ana, json={})
    for act, body in (
        ("contain", {}),
        ("own", {"note": "my shift"}),
        ("hand_over", {"to": "ana"}),
        ("extend", {}),
        ("concern", {"note": "backup untouched?"}),
    ):
        code, told = await site.ask("POST", f"{ONE}/acts/{act}", token=bo, json=body)
        assert code == 200, (act, told)
    code, told = await site.ask(
        "POST", f"{ONE}/acts/answer", token=ana, json={"entry": told["entry"], "note": "checked"}
    )
    code, told = await site.ask("POST", f"{ONE}/acts/resolve", token=ana)
    assert (code, told["owner"], bool(told["contained_at"]), bool(told["resolved_at"])) == (200, "ana", True, True)


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "missing"),
    [
        ("acts/note", {}, 422, "invalid_body", ["note"]),
        ("acts/note", {"note": ""}, 422, "invalid_body", ["note"]),
        ("acts/note", {"note": "x" * 10_001}, 422, "invalid_body", ["note"]),
        ("acts/note", {"note": "x", "by": "bo"}, 422, "invalid_body", ["by"]),
        ("acts/answer", {}, 422, "invalid_body", ["note", "entry"]),
        ("acts/hand_over", {"to": "vic"}, 409, "not_acknowledged", []),
        ("acts/own", {}, 409, "not_acknowledged", []),
        ("acts/answer", {"entry": 1, "note": "x"}, 422, "no_concern", ["entry"]),
        ("acts/dance", {}, 404, "not_found", []),
        ("moves/dance", {}, 404, "not_found", []),
        ("moves/dismiss", {}, 422, "reason_code", ["reason_code"]),
        ("moves/dismiss", {"reason_code": "observed_nothing"}, 422, "reason_code", ["reason_code"]),
        ("moves/dismiss", {"reason_code": "boring"}, 422, "invalid_body", ["reason_code"]),
        ("moves/settle", {"agree": True}, 409, "no_proposal", []),
        ("moves/decide", {"decision": "investigate"}, 409, "not_a_move", []),
        ("moves/decide", {}, 422, "invalid_body", ["decision"]),
        ("moves/merge", {"into": 1}, 409, "target_closed", ["target_closed"]),
        ("moves/merge", {"into": 99}, 404, "not_found", []),
        ("moves/unmerge", {}, 409, "not_a_move", []),
        ("moves/reopen", {"reason": "again"}, 409, "not_a_move", []),
    ],
)
async def test_every_refusal_says_what_is_missing_and_what_is_allowed(
    site: Site, ana: str, path: str, body: dict[str, Any], status: int, code: str, missing: list[str]
) -> None:
    """A refusal has a code, everything that is missing, and what this caller may do now; nothing is changed."""
    _, before = await site.ask("GET", ONE)
    version = before["version"] if path.startswith("moves") else None
    found, refused = await site.ask("POST", f"{ONE}/{path}", token=ana, version=version, json=body)
    assert (found, refused["code"], refused["missing"]) == (status, code, missing), refused
    if status != 404:
        assert {"note", "dismiss"} <= set(refused["allowed"])
    assert (await site.ask("GET", ONE))[1] == before


async def test_who_decides_names_what_they_saw(site: Site, ana: str, bo: str) -> None:
    """Without a version 428, with an old one 412 that says which it is now and who changed it."""
    seen, body = await version_of(site), {"reason_code": "false_positive"}
    await site.ask("POST", f"{ONE}/acts/contain", token=bo)
    code, refused = await site.ask("POST", f"{ONE}/moves/dismiss", token=ana, json=body)
    assert (code, refused["code"], refused["version"]) == (428, "if_match_required", seen + 1)
    code, refused = await site.ask("POST", f"{ONE}/moves/dismiss", token=ana, version=seen, json=body)
    assert (code, refused["code"]) == (412, "stale_version")
    assert (refused["version"], refused["changed_by"]) == (seen + 1, "bo")
    assert "dismiss" in refused["allowed"]


async def test_a_dismissal_by_two(site: Site, ana: str, bo: str) -> None:
    """A high one is proposed, the proposer cannot settle it, the second person can; then it can be reopened."""
    body = {"reason_code": "expected_activity"}
    code, told = await site.ask("POST", f"{ONE}/moves/dismiss", token=ana, version=await version_of(site), json=body)
    assert (code, told["status"], told["quiet_until"]) == (200, "open", "2026-03-03T09:00:00Z")
    version, agree = told["version"], {"agree": True}
    code, refused = await site.ask("POST", f"{ONE}/moves/settle", token=ana, version=version, json=agree)
    assert (code, refused["code"]) == (403, "four_eyes")
    assert "settle" in refused["allowed"]
    code, told = await site.ask("POST", f"{ONE}/moves/settle", token=bo, version=version, json=agree)
    assert (code, told["outcome"], told["allowed"]) == (200, "dismissed", ["restrict", "except", "reopen"])
    code, refused = await site.ask("POST", f"{ONE}/acts/note", token=bo, json={"note": "x"})
    assert (code, refused["code"], refused["allowed"]) == (409, "closed", ["restrict", "except", "reopen"])
    code, refused = await site.ask("POST", f"{ONE}/moves/reopen", token=bo, version=told["version"], json={})
    assert (code, refused["code"], refused["missing"]) == (422, "reason_required", ["reason"])
    again = {"reason": "it was not expected"}
    code, told = await site.ask("POST", f"{ONE}/moves/reopen", token=bo, version=told["version"], json=again)
    assert (code, told["cycle"], told["step"]) == (200, 2, "identification")


async def test_four_eyes_can_be_waived_by_the_configuration(site: Site, ana: str) -> None:
    """Then one person is enough, and the record says so."""
    site.rules = Rules(four_eyes=FourEyes.WAIVED)
    body = {"reason_code": "test_or_drill"}
    _, told = await site.ask("POST", f"{ONE}/moves/dismiss", token=ana, version=await version_of(site), json=body)
    code, _ = await site.ask("POST", f"{ONE}/moves/settle", token=ana, version=told["version"], json={"agree": True})
    _, shown = await site.ask("GET", ONE)
    assert (code, shown["timeline"][-1]["facts"]["waived"]) == (200, "four_eyes")


async def test_what_nobody_settles_lapses(site: Site, ana: str) -> None:
    """On the next working morning people are asked again, and the notifier is woken."""
    body = {"reason_code": "false_positive"}
    await site.ask("POST", f"{ONE}/moves/dismiss", token=ana, version=await version_of(site), json=body)
    woken = asyncio.Event()
    lapses = Lapses(site.store, site.clock, lambda: site.rules, woken.set)
    assert await lapses.end_due() == 0
    site.clock.advance(timedelta(hours=24).total_seconds())
    stop = asyncio.Event()
    running = asyncio.create_task(lapses.run(stop))
    await asyncio.wait_for(woken.wait(), 10)
    stop.set()
    await running
    _, shown = await site.ask("GET", ONE)
    assert (shown["quiet_until"], shown["timeline"][-2]["kind"]) == (None, "lapsed")  # and then people are reminded


async def test_a_viewer_and_the_socket_cannot_act(site: Site) -> None:
    """Who lacks the role is refused each act but concern and answer; the socket is no person."""
    vic, version = await site.token_of("vic"), await version_of(site)
    bodies: dict[str, dict[str, Any]] = {
        "hand_over": {"to": "ana"},
        "decide": {"decision": "investigate"},
        "settle": {"agree": True},
    }
    bodies |= {
        "discrepancy": {"item": "x"},
        "answer_discrepancy": {"discrepancy": 1, "answer": "x"},
        "close_discrepancy": {"discrepancy": 1},
        "sign_again": {"hash": "x"},
    }
    bodies |= {"merge": {"into": 1}, "note": {"note": "x"}, "dismiss": {"reason_code": "duplicate"}}
    nothing = {
        name
        for name, doing in {**ACTS, **MOVES}.items()
        if not any(field.required for field in msgspec.structs.fields(doing.shape))
    }
    for kind, names in (("acts", set(ACTS) - {"concern", "answer"}), ("moves", {"dismiss", "merge", "settle"})):
        for name in sorted(names & (set(bodies) | nothing)):
            asked: dict[str, Any] = {"version": version, "json": bodies.get(name, {})}
            code, refused = await site.ask("POST", f"{ONE}/{kind}/{name}", token=vic, **asked)
            assert (code, refused["code"], refused["allowed"]) == (403, "role_required", ["answer", "concern"]), name
            code, refused = await site.ask("POST", f"{ONE}/{kind}/{name}", **asked)
            assert (code, refused["code"]) == (403, "person_required")
    assert set(MOVES) >= {"decide", "dismiss", "settle", "merge", "unmerge", "reopen"}


async def test_a_duplicate_is_carried_on_by_the_other(site: Site, ana: str) -> None:
    """To decide so is to merge it; of which one must be said."""
    body = {"title": "Laptop lost", "severity": "low", "what_happened": "on a train"}
    _, told = await site.ask("POST", "/api/v1/incidents", token=ana, json=body)
    asked: dict[str, Any] = {"token": ana, "version": told["version"]}
    path = f"/api/v1/incidents/{told['id']}/moves/decide"
    code, refused = await site.ask("POST", path, json={"decision": "duplicate_of"}, **asked)
    assert (code, refused["missing"]) == (422, ["of"])
    code, merged = await site.ask("POST", path, json={"decision": "duplicate_of", "of": 1}, **asked)
    assert (code, merged["outcome"], merged["merged_into"]) == (200, "merged", 1)


async def test_one_opens_an_incident(site: Site, ana: str) -> None:
    """A title, a severity and what happened; all that is missing is named at once."""
    code, refused = await site.ask("POST", "/api/v1/incidents", token=ana, json={"drill": True})
    assert (code, refused["missing"]) == (422, ["title", "severity", "what_happened"])
    body = {"title": "Laptop lost", "severity": "critical", "what_happened": "on a train", "drill": True}
    code, told = await site.ask("POST", "/api/v1/incidents", token=ana, json=body)
    assert (code, told["id"], told["source_kind"], told["drill"]) == (201, "INC-2", "person", True)
    earlier = body | {"occurred_at": "2026-03-01T09:00:00+01:00"}
    _, told = await site.ask("POST", "/api/v1/incidents", token=ana, json=earlier)
    _, shown = await site.ask("GET", f"/api/v1/incidents/{told['id']}")
    assert shown["first_seen"] == "2026-03-01T08:00:00Z"
    assert shown["timeline"][0]["facts"]["occurred_at"] == "2026-03-01T09:00:00+01:00"  # as it was said
    code, refused = await site.ask("POST", "/api/v1/incidents", token=await site.token_of("vic"), json=body)
    assert (code, refused["code"]) == (403, "role_required")


async def test_the_same_request_with_the_same_key_acts_once(site: Site, ana: str, bo: str) -> None:
    """Repeated within a day it gets the same answer; another request with that key is refused; keys are one's own."""
    _, first = await site.ask("POST", f"{ONE}/acts/note", token=ana, key="k1", json={"note": "once"})
    site.clock.advance(3600)
    code, again = await site.ask("POST", f"{ONE}/acts/note", token=ana, key="k1", json={"note": "once"})
    assert (code, again) == (200, first)
    for path, body in (("acts/note", {"note": "other"}), ("acts/contain", {"note": "once"})):
        code, refused = await site.ask("POST", f"{ONE}/{path}", token=ana, key="k1", json=body)
        assert (code, refused["code"]) == (422, "idempotency_key_reused")
    code, theirs = await site.ask("POST", f"{ONE}/acts/note", token=bo, key="k1", json={"note": "once"})
    assert (code, theirs["entry"]) == (200, first["entry"] + 1)
    site.clock.advance(86_400)
    _, later = await site.ask("POST", f"{ONE}/acts/note", token=ana, key="k1", json={"note": "once"})
    assert later["entry"] == first["entry"] + 2
    code, refused = await site.ask("POST", f"{ONE}/acts/note", token=ana, key="k" * 256, json={"note": "once"})
    assert (code, refused["code"]) == (422, "invalid_idempotency_key")


async def test_a_refusal_is_not_kept(site: Site, ana: str) -> None:
    """Nothing was done, so the same key may succeed later."""
    code, _ = await site.ask("POST", f"{ONE}/acts/own", token=ana, key="k1", json={})
    assert code == 409
    await site.ask("POST", f"{ONE}/acknowledge", token=ana, json={})
    code, _ = await site.ask("POST", f"{ONE}/acts/own", token=ana, key="k1", json={})
    assert code == 200


async def test_a_repeated_move_is_answered_although_its_version_has_passed(site: Site, ana: str) -> None:
    """Who did not hear the answer sends the same request again and hears it."""
    asked: dict[str, Any] = {"version": await version_of(site), "key": "k1", "json": {"reason_code": "duplicate"}}
    first = await site.ask("POST", f"{ONE}/moves/dismiss", token=ana, **asked)
    assert first == await site.ask("POST", f"{ONE}/moves/dismiss", token=ana, **asked)
    assert first[0] == 200


BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "/api/v1/incidents": ("/api/v1/incidents", {"title": "t", "severity": "low", "what_happened": "x"}),
    "/api/v1/incidents/{number}/acknowledge": (f"{ONE}/acknowledge", {}),
    "/api/v1/incidents/{number}/acts/{act}": (f"{ONE}/acts/contain", {}),
    "/api/v1/incidents/{number}/moves/{move}": (f"{ONE}/moves/dismiss", {"reason_code": "duplicate"}),
    "/api/v1/incidents/{number}/actions": (f"{ONE}/actions", {"kind": "correction"}),
    "/api/v1/incidents/{number}/actions/none": (f"{ONE}/actions/none", {"cause": "incident", "reason": "x"}),
    "/api/v1/incidents/{number}/actions/{action}/{turn}": (f"{ONE}/actions/1/drop", {"reason": "x"}),
    "/api/v1/incidents/{number}/requests": (f"{ONE}/requests", {"question": "Who?", "person": "ana"}),
    "/api/v1/incidents/{number}/requests/{request}/answer": (f"{ONE}/requests/1/answer", {"answer": "Me."}),
    "/api/v1/incidents/{number}/requests/{request}/withdraw": (f"{ONE}/requests/1/withdraw", {}),
    "/api/v1/contacts": ("/api/v1/contacts", {"id": "acme"}),
    "/api/v1/users": ("/api/v1/users", {"id": "cy"}),
    "/api/v1/tokens": ("/api/v1/tokens", {"person": "ana"}),
    "/api/v1/sign-in/fresh": ("/api/v1/sign-in/fresh", {"token": "secret"}),
    "/api/v1/sign-in-links": ("/api/v1/sign-in-links", {"person": "ana"}),
}


@pytest.mark.parametrize("route", sorted(BODIES))
async def test_every_post_takes_a_key(site: Site, bo: str, route: str) -> None:
    """Each is carried out once; an answer that held a secret is not kept."""
    path, body = BODIES[route]
    body = {"token": bo} if route.endswith("/fresh") else body
    if "{request}" in route:
        await site.ask("POST", f"{ONE}/requests", token=bo, json={"question": "Who?", "person": "bo"})
    version = await version_of(site)
    if "{action}" in route:
        _, made = await site.ask("POST", f"{ONE}/actions", token=bo, json={"kind": "correction"})
        version = made["version"]
    asked: dict[str, Any] = {"version": version, "token": bo, "key": "k1", "json": body}
    first, second = [await site.ask("POST", path, **asked) for _ in range(2)]
    assert first[0] in (200, 201), first
    if "secret" in str(first[1]):
        assert (second[0], second[1]["code"]) == (409, "already_done")
    else:
        assert second == first


def test_no_post_is_forgotten() -> None:
    """The test above knows every POST of the API, but for what needs more than an incident: what signs a batch,
    exceptions and silences, what is handed in, which is told apart by its key in the inbox, what a password opens or
    is, and messages that did not arrive or are only tests.
    """
    found = {path for method, path in routes() if method == "POST" and path.startswith("/api/v1/")}
    handed_in = {path for path in found if path.split("/")[3] in ("alerts", "feedback", "logs")}
    exceptions = {path for path in found if "/exceptions" in path or path.endswith("/except")}
    exceptions |= {path for path in found if path.startswith("/api/v1/silences")}
    passwords = {"/api/v1/sign-in", "/api/v1/users/{id}/password"}
    messages = {"/api/v1/deliveries/{delivery}/resend", "/api/v1/receivers/test"}
    assert found - {"/api/v1/approvals"} - handed_in - exceptions - passwords - messages == set(BODIES)


async def sign_in(site: Site, person: str) -> None:
    """Open a session in the browser."""
    _, made = await site.ask("POST", "/api/v1/sign-in-links", json={"person": person})
    async with site.browser.post(made["url"].removeprefix("http://tocsin.test")) as answer:
        assert answer.status == 200


async def test_buttons_on_the_incident_page(site: Site) -> None:
    """A note, contained and nothing to act on, without scripts; a decision upon an old version keeps what was typed."""
    await sign_in(site, "ana")
    async with site.browser.post("/i/1/acts/note", data={"note": "<b>seen</b>"}) as answer:
        assert (answer.status, "&lt;b&gt;seen&lt;/b&gt;" in await answer.text()) == (200, True)
    seen = await version_of(site)
    async with site.browser.post("/i/1/acts/contain") as answer:
        assert "Contained" in await answer.text()
    typed = {"reason_code": "false_positive", "note": "our scanner", "version": str(seen)}
    async with site.browser.post("/i/1/acts/dismiss", data=typed) as answer:
        text = await answer.text()
        assert (answer.status, "our scanner" in text, "changed by ana" in text) == (412, True, True)
    async with site.browser.post("/i/1/acts/dismiss", data=typed | {"version": str(seen + 1)}) as answer:
        assert "Its dismissal is proposed" in await answer.text()
    proposed = {"agree": "yes", "version": str(seen + 2)}
    async with site.browser.post("/i/1/acts/settle", data=proposed) as answer:
        assert answer.status == 403
    await sign_in(site, "bo")
    async with site.browser.post("/i/1/acts/settle", data=proposed) as answer:
        assert "Closed: dismissed." in await answer.text()


@pytest.mark.parametrize(
    ("act", "data", "status"), [("note", {}, 422), ("merge", {}, 404), ("dismiss", {"reason_code": "boring"}, 422)]
)
async def test_forms_that_are_wrong(site: Site, act: str, data: dict[str, str], status: int) -> None:
    """What the form does not have is refused, and nothing changes."""
    await sign_in(site, "ana")
    before = await site.ask("GET", ONE)
    async with site.browser.post(f"/i/1/acts/{act}", data=data) as answer:
        assert answer.status == status
    assert await site.ask("GET", ONE) == before


async def test_buttons_behind_the_link(site: Site) -> None:
    """Each does one thing that only adds, by the link alone; fetching it changes nothing."""
    link = site.link()
    async with site.browser.post(link, data={"act": "extend"}) as answer:
        assert answer.status == 409
    async with site.browser.post(link) as answer:
        assert "Contained" in await answer.text()
    before = await site.ask("GET", ONE)
    for method in ("GET", "HEAD"):
        async with site.browser.request(method, link) as answer:
            assert answer.status == 200
    assert await site.ask("GET", ONE) == before
    async with site.browser.post(link, data={"act": "contain"}) as answer:
        assert (answer.status, str(answer.url.path)) == (200, link)
    async with site.browser.post(link, data={"act": "note", "note": "on my way"}) as answer:
        assert answer.status == 200
    alarm = {"act": "false_alarm"}
    async with site.browser.post(link, data=alarm) as answer:
        assert "Its dismissal is proposed" in await answer.text()
    _, shown = await site.ask("GET", ONE)
    assert [(one["kind"], one["via"]) for one in shown["timeline"][-3:]] == [
        ("contained", "link"),
        ("note", "link"),
        ("proposed", "link"),
    ]


async def test_the_page_that_opens_an_incident(site: Site) -> None:
    """Three fields; what is missing is said beside what was typed; who is not signed in is refused."""
    async with site.browser.get("/new") as answer:
        assert answer.status == 401
    await sign_in(site, "ana")
    typed = {"title": "Laptop lost", "severity": "high", "what_happened": ""}
    async with site.browser.get("/new") as answer:
        assert answer.status == 200
    async with site.browser.post("/new", data=typed) as answer:
        assert (answer.status, "Laptop lost" in await answer.text()) == (422, True)
    whole = typed | {"what_happened": "on a train", "drill": "yes"}
    async with site.browser.post("/new", data=whole) as answer:
        assert (answer.url.path, "DRILL: Laptop lost" in await answer.text()) == ("/i/2", True)


@pytest.mark.parametrize("body", [b"{", b'{"note": "\xff"}', b'{"note": "\\ud800"}', b'{"note": ' + b"[" * 100_000])
async def test_what_cannot_be_read_is_refused(site: Site, ana: str, body: bytes) -> None:
    """Bytes that are no JSON are the sender's fault, never ours; nothing is changed."""
    _, before = await site.ask("GET", ONE)
    code, refused = await site.ask("POST", f"{ONE}/acts/note", token=ana, data=body)
    assert (code, refused["code"]) in {(400, "not_json"), (422, "invalid_body")}
    assert (await site.ask("GET", ONE))[1] == before
