"""Requests for information and contacts over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.site import ANA, VIC, Site
from support.store import finding, open_store

from store.people import Role
from store.repository.grouping import findings
from store.repository.people import persons
from store.tx import Tx

BO = replace(ANA, id="bo", name="Bo", roles=frozenset({Role.ADMIN}))
ONE = "/api/v1/incidents/INC-1"
QUESTION = "Was it you?"


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """An incident, a responder, a viewer and an administrator, on each database in turn."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [ANA, BO, VIC])
            findings.take(tx, finding())

        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        await made.start()
        yield made
        await made.stop()


@pytest.fixture
async def ana(site: Site) -> str:
    return await site.token_of("ana")


async def ask(site: Site, token: str, key: str = "", **asked: Any) -> tuple[int, Any]:
    body = {"question": QUESTION, **asked}
    return await site.ask("POST", f"{ONE}/requests", token=token, key=key, json=body)


async def test_ask_look_and_answer(site: Site, ana: str) -> None:
    """The whole way of a question to a person; the same request with the same key asks once."""
    code, asked = await ask(site, ana, "k1", person="vic", due_at="2026-03-03T12:00:00Z")
    assert (code, asked["number"], asked["state"], asked["person"]) == (201, 1, "open", "vic")
    assert "link" not in asked, "a link for a person goes to that person alone"
    assert {"request", "withdraw_request"} <= set(asked["allowed"])
    assert (await ask(site, ana, "k1", person="vic", due_at="2026-03-03T12:00:00Z"))[1] == asked
    _, shown = await site.ask("GET", f"{ONE}/requests")
    assert [one["question"] for one in shown["items"]] == [QUESTION]
    vic = await site.token_of("vic")
    code, told = await site.ask("POST", f"{ONE}/requests/1/answer", token=vic, json={"answer": "No."})
    assert (code, told["state"], told["settled_by"]) == (200, "answered", {"kind": "person", "id": "vic"})
    code, refused = await site.ask("POST", f"{ONE}/requests/1/withdraw", token=ana)
    assert (code, refused["code"]) == (409, "request_settled")
    assert (await site.ask("GET", f"{ONE}/requests/1"))[1]["answer"] == "No."
    assert site.woken == 3


async def test_a_link_for_a_contact_is_given_once(site: Site, ana: str) -> None:
    """It stands in the answer to who asks; neither the store nor a repetition of the request gives it again."""
    bo = await site.token_of("bo")
    code, _ = await site.ask("POST", "/api/v1/contacts", token=bo, json={"id": "acme", "kind": "vendor"})
    assert code == 201
    code, asked = await ask(site, ana, "k1", contact="acme")
    assert (code, asked["contact"]) == (201, "acme")
    link = site.links.read(asked["link"].rpartition("/")[2], site.clock.now())
    assert (link.record, link.request, link.actor.kind, link.actor.id) == (1, 1, "contact", "acme")  # type: ignore[union-attr]
    code, again = await ask(site, ana, "k1", contact="acme")
    assert (code, again["code"]) == (409, "already_done")
    code, told = await site.ask("POST", f"{ONE}/requests/1/answer", token=ana, json={"answer": "By phone: no."})
    assert (code, told["settled_by"]["id"]) == (200, "ana")


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "missing"),
    [
        ("requests", {}, 422, "invalid_body", ["question"]),
        ("requests", {"question": " ", "person": "vic"}, 422, "question_required", ["question"]),
        ("requests", {"question": "x" * 10_001, "person": "vic"}, 422, "invalid_body", ["question"]),
        ("requests", {"question": "x"}, 422, "ask_one", ["person", "contact"]),
        ("requests", {"question": "x", "person": "\x00"}, 422, "invalid_body", ["person"]),
        ("requests", {"question": "x", "person": "no\x00body"}, 422, "no_such_person", ["person"]),
        ("requests", {"question": "x", "person": "vic", "due_at": "2026-03-03"}, 422, "invalid_body", ["due_at"]),
        ("requests/1/answer", {}, 422, "invalid_body", ["answer"]),
        ("requests/1/answer", {"answer": "x"}, 404, "not_found", []),
        ("requests/x/answer", {"answer": "x"}, 404, "not_found", []),
        (f"requests/{'9' * 40}/withdraw", {}, 404, "not_found", []),
    ],
)
async def test_refusals(
    site: Site, ana: str, path: str, body: dict[str, Any], status: int, code: str, missing: list[str]
) -> None:
    """Each says what is missing, and but for what is not there, what may be done now; nothing is kept."""
    got, refused = await site.ask("POST", f"{ONE}/{path}", token=ana, json=body)
    assert (got, refused["code"], refused["missing"]) == (status, code, missing), refused
    assert status == 404 or "note" in refused["allowed"]
    assert (await site.ask("GET", f"{ONE}/requests"))[1]["items"] == []


async def test_who_may_ask(site: Site, ana: str) -> None:
    """A viewer may not, the socket is no person, and nobody asks about what is not there."""
    vic = await site.token_of("vic")
    for token, code in ((vic, "role_required"), ("", "person_required")):
        got, refused = await ask(site, token, person="ana")
        assert (got, refused["code"]) == (403, code)
    for method, path in (("GET", "requests"), ("GET", "requests/1"), ("POST", "requests")):
        body = {"question": "x", "person": "vic"} if method == "POST" else None
        got, refused = await site.ask(method, f"/api/v1/incidents/99/{path}", token=ana, json=body)
        assert (got, refused["code"]) == (404, "not_found")


async def test_contacts(site: Site, ana: str) -> None:
    """Administrators add and remove them; everybody who is known may look."""
    bo = await site.token_of("bo")
    given = {"id": "acme", "name": "Acme", "kind": "customer", "assets": ["web*"], "max_tlp": "TLP:GREEN"}
    code, refused = await site.ask("POST", "/api/v1/contacts", token=ana, json=given)
    assert (code, refused["code"]) == (403, "admin_required")
    code, made = await site.ask("POST", "/api/v1/contacts", token=bo, json=given)
    assert (code, made["max_tlp"], made["assets"]) == (201, "TLP:GREEN", ["web*"])
    code, refused = await site.ask("POST", "/api/v1/contacts", token=bo, json=given)
    assert (code, refused["code"]) == (409, "duplicate")
    code, refused = await site.ask("POST", "/api/v1/contacts", token=bo, json={"id": " acme"})
    assert (code, refused["code"]) == (422, "invalid_id")
    code, refused = await ask(site, ana, contact="acme")
    assert (code, refused["code"]) == (409, "tlp"), "the incident is TLP:AMBER"
    assert (await site.ask("DELETE", "/api/v1/contacts/acme", token=bo))[0] == 204
    assert (await site.ask("DELETE", "/api/v1/contacts/nobody", token=bo))[0] == 404
    code, refused = await ask(site, ana, contact="acme")
    assert (code, refused["code"]) == (422, "no_such_contact")
    _, shown = await site.ask("GET", "/api/v1/contacts", token=ana)
    assert [(one["id"], bool(one["disabled_at"])) for one in shown["items"]] == [("acme", True)]


async def test_who_takes_part(site: Site, ana: str) -> None:
    """Whoever was asked, told, or acted takes part, each for a reason; who is involved does not, and is named."""
    await ask(site, ana, person="vic")
    await site.ask("POST", f"{ONE}/acts/note", token=ana, json={"note": "x"})
    _, shown = await site.ask("GET", f"{ONE}/participants", token=ana)
    assert shown == {
        "items": [{"person": "ana", "because": "acted on it"}, {"person": "vic", "because": "was asked"}],
        "involved": [],
    }
    involved = replace(VIC, accounts=("mallory",))
    await site.store.write(lambda tx: persons.upsert_from_config(tx, [ANA, BO, involved]))
    await site.store.write(lambda tx: findings.take(tx, finding("f2", account="mallory")))
    _, shown = await site.ask("GET", f"{ONE}/participants", token=ana)
    assert ([one["person"] for one in shown["items"]], shown["involved"]) == (["ana"], ["vic"])
