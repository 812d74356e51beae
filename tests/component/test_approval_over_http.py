"""The approval over HTTP: look, sign with a fresh token, as a batch too, send back; what a refusal says."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.path import PEOPLE, SITE, add_people
from support.signing import frozen
from support.site import Site
from support.store import finding, open_store

from rules.event import Severity
from store.incident import Track
from store.repository.grouping import findings
from store.tx import Tx

ONE = "/api/v1/incidents/INC-1"
CHECKLIST = {"accurate": True, "complete": True, "compliant_with": "incident procedure, version 3"}


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """INC-1 of the full track, INC-2 and INC-3 of the light one; all wait to be approved."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            add_people(tx)
            for number in (1, 2, 3):
                rule = "rule-1" if number == 1 else "rule-2"
                found = finding(
                    f"f{number}", rule=rule, source=f"203.0.113.{number}", host=f"web{number}", severity=Severity.HIGH
                )
                findings.take(tx, found)
                frozen(tx, number, track=Track.FULL if number == 1 else Track.LIGHT)

        await once(store, lambda: store.write(fill), __name__)
        made = Site(store, clock, tmp_path)
        made.rules = SITE
        await made.start()
        yield made
        await made.stop()


@pytest.fixture
async def tokens(site: Site) -> dict[str, str]:
    """Everybody's."""
    return {one.id: await site.token_of(one.id) for one in PEOPLE}


async def fresh(site: Site, token: str) -> str:
    """What signs once."""
    code, made = await site.ask("POST", "/api/v1/sign-in/fresh", token=token, json={"token": token})
    assert (code, set(made)) == (201, {"fresh", "person", "expires_at"}), made
    return str(made["fresh"])


async def seen(site: Site, token: str, number: int = 1) -> dict[str, Any]:
    """The approval as it stands."""
    code, told = await site.ask("GET", f"/api/v1/incidents/{number}/approval", token=token)
    assert code == 200, told
    return dict(told)


async def signing(site: Site, token: str, **changes: Any) -> dict[str, Any]:
    """The body of a signature."""
    told = await seen(site, token)
    return {"hash": told["hash"], "fresh": await fresh(site, token), "checklist": CHECKLIST, **changes}


async def test_two_persons_sign(site: Site, tokens: dict[str, str]) -> None:
    """Each looks, makes a token, and signs the hash; the record shows who, when, what, and as which of two."""
    for signer, step in (("abe", "approval"), ("zoe", "follow_up")):
        told = await seen(site, tokens[signer])
        body = await signing(site, tokens[signer], note="read in full")
        code, done = await site.ask(
            "POST", f"{ONE}/moves/approve", token=tokens[signer], version=told["version"], json=body
        )
        assert (code, done["step"], bool(done["approved_at"])) == (200, step, step == "follow_up"), done
    told = await seen(site, tokens["vi"])
    assert [(one["printed_name"], one["printed"], one["holds"], one["note"]) for one in told["signatures"]] == [
        ("Abe", "1 of 2", True, "read in full"),
        ("Zoe", "2 of 2", True, "read in full"),
    ]
    assert told["signatures"][0]["meaning"] == "dossier approved"
    assert told["signatures"][0]["compliant_with"] == CHECKLIST["compliant_with"]
    assert (told["signatures_needed"], told["approval_void"]) == (2, None)


async def test_what_an_approver_looks_at(site: Site, tokens: dict[str, str]) -> None:
    """The hash to sign, what it covers, what nobody confirmed, and the annex by number; looking changes nothing."""
    await site.ask("POST", f"{ONE}/acts/note", token=tokens["ana"], json={"note": "the customer called"})
    told = await seen(site, tokens["vi"])
    assert told["hash"] == told["frozen"]["hash"] == told["frozen_hash"]
    assert {"report", "investigation", "corrective_actions"} <= set(told["parts"])
    assert "report.title" in told["unconfirmed"]
    assert (told["changes"], told["signatures"], told["discrepancies"]) == ([], [], [])
    assert [(one["number"], one["kind"], one["by"]) for one in told["annex"]["entries"]] == [(1, "note", "ana")]
    assert told == await seen(site, tokens["vi"])
    code, refused = await site.ask("GET", f"{ONE}/approval", token="nonsense")
    assert (code, refused["code"]) == (401, "bad_token")
    assert (await site.ask("GET", "/api/v1/incidents/99/approval", token=tokens["vi"]))[0] == 404


@pytest.mark.parametrize(
    ("signer", "changes", "status", "code", "missing"),
    [
        ("abe", {"fresh": ""}, 403, "fresh_sign_in", ["fresh"]),
        ("abe", {"fresh": "secret0"}, 403, "fresh_sign_in", ["fresh"]),
        ("abe", {"hash": "0" * 64}, 409, "stale_hash", ["hash"]),
        ("abe", {"hash": "x\u0000'; drop table dossier"}, 409, "stale_hash", ["hash"]),
        ("abe", {"checklist": None}, 422, "checklist_required", None),
        ("abe", {"checklist": {**CHECKLIST, "complete": False}}, 422, "checklist_required", ["checklist.complete"]),
        ("abe", {"checklist": {**CHECKLIST, "perfect": True}}, 422, "invalid_body", ["checklist"]),
        ("abe", {"hash": ""}, 422, "invalid_body", ["hash"]),
        ("abe", {"on_behalf_of": "zoe"}, 422, "invalid_body", ["on_behalf_of"]),
        ("dora", {"hash": "0" * 64}, 409, "stale_hash", ["hash"]),
        ("rita", {}, 403, "role_required", []),
        ("vi", {}, 403, "role_required", []),
    ],
)
async def test_a_signature_is_refused(
    site: Site,
    tokens: dict[str, str],
    signer: str,
    changes: dict[str, Any],
    status: int,
    code: str,
    missing: list[str] | None,
) -> None:
    """With its code, what is missing, and what this caller may do now; nothing is changed."""
    before = await seen(site, tokens["vi"])
    body = await signing(site, tokens[signer], **changes)
    found, refused = await site.ask(
        "POST", f"{ONE}/moves/approve", token=tokens[signer], version=before["version"], json=body
    )
    assert (found, refused["code"]) == (status, code), refused
    assert missing is None or refused["missing"] == missing
    assert "concern" in refused["allowed"]
    assert await seen(site, tokens["vi"]) == before


async def test_a_fresh_token_is_made_from_a_secret(site: Site, tokens: dict[str, str]) -> None:
    """From one's own token or a one-time code, never from a session or bearer alone, nor from somebody else's."""
    path, abe = "/api/v1/sign-in/fresh", tokens["abe"]
    refusals = [
        ({}, 422, "invalid_body"),
        ({"token": abe, "code": "x"}, 422, "invalid_body"),
        ({"token": tokens["zoe"]}, 403, "fresh_sign_in"),
        ({"token": "nonsense"}, 403, "fresh_sign_in"),
        ({"code": "nonsense"}, 403, "fresh_sign_in"),
    ]
    for wrong, status, word in refusals:
        found, refused = await site.ask("POST", path, token=abe, json=wrong)
        assert (found, refused["code"]) == (status, word), wrong
    assert (await site.ask("POST", path, json={"token": abe}))[1]["code"] == "person_required"
    _, link = await site.ask("POST", "/api/v1/sign-in-links", json={"person": "abe"})
    one_time = link["url"].rpartition("/")[2]
    assert (await site.ask("POST", path, token=tokens["zoe"], json={"code": one_time}))[0] == 403
    code, made = await site.ask("POST", path, token=abe, json={"code": one_time})
    assert (code, made["person"]) == (201, "abe")
    assert (await site.ask("POST", path, token=abe, json={"code": one_time}))[0] == 403
    body = await signing(site, abe, fresh=made["fresh"])
    version = (await seen(site, abe))["version"]
    assert (await site.ask("POST", f"{ONE}/moves/approve", token=abe, version=version, json=body))[0] == 200
    other = await signing(site, tokens["zoe"], fresh=made["fresh"])
    code, refused = await site.ask("POST", f"{ONE}/moves/approve", token=tokens["zoe"], version=version, json=other)
    assert (code, refused["code"]) == (403, "fresh_sign_in")


async def test_a_rejection_and_what_does_not_fit(site: Site, tokens: dict[str, str]) -> None:
    """Raised, answered, closed, sent back: each by the one whose part it is."""
    abe, ina = tokens["abe"], tokens["ina"]
    code, _ = await site.ask("POST", f"{ONE}/acts/discrepancy", token=abe, json={"item": "the times differ"})
    assert code == 200
    for path, token, body, status, word in (
        ("acts/discrepancy", abe, {"item": " "}, 422, "item_required"),
        ("acts/discrepancy", ina, {"item": "x"}, 403, "role_required"),
        ("acts/close_discrepancy", abe, {"discrepancy": 1}, 422, "answer_required"),
        ("acts/answer_discrepancy", ina, {"discrepancy": 1, "answer": ""}, 422, "answer_required"),
        ("acts/answer_discrepancy", ina, {"discrepancy": 9, "answer": "x"}, 404, "not_found"),
        ("acts/sign_again", abe, {"hash": "x"}, 409, "second_approval_pending"),
    ):
        found, refused = await site.ask("POST", f"{ONE}/{path}", token=token, json=body)
        assert (found, refused["code"]) == (status, word), (path, refused)
    body = {"discrepancy": 1, "answer": "one is UTC"}
    assert (await site.ask("POST", f"{ONE}/acts/answer_discrepancy", token=ina, json=body))[0] == 200
    assert (await site.ask("POST", f"{ONE}/acts/close_discrepancy", token=abe, json={"discrepancy": 1}))[0] == 200
    [one] = (await seen(site, abe))["discrepancies"]
    assert (one["raised_by"], one["answer"], one["closed_by"], one["open"]) == ("abe", "one is UTC", "abe", False)
    version = (await seen(site, abe))["version"]
    move = f"{ONE}/moves/reject"
    code, refused = await site.ask("POST", move, token=abe, version=version, json={"to": "investigation"})
    assert (code, refused["code"]) == (422, "discrepancies_required")
    code, refused = await site.ask("POST", move, token=abe, version=version, json={"to": "follow_up"})
    assert (code, refused["code"]) == (422, "invalid_body")
    back = {"to": "investigation", "discrepancies": ["who locked the account?"], "note": "see there"}
    code, done = await site.ask("POST", move, token=abe, version=version, json=back)
    assert (code, done["step"]) == (200, "investigation")


async def test_a_batch(site: Site, tokens: dict[str, str]) -> None:
    """What waits of one rule is listed with its hashes, and signed at once with one token; or nothing of it is."""
    abe, path = tokens["abe"], "/api/v1/approvals"
    _, listed = await site.ask("GET", f"{path}?rule=rule-2", token=abe)
    assert [one["incident"] for one in listed["items"]] == ["INC-3", "INC-2"]
    wanted = [{"incident": one["number"], "hash": one["hash"]} for one in listed["items"]]
    one = {"incident": 1, "hash": (await seen(site, abe))["hash"]}
    code, refused = await site.ask(
        "POST", path, token=abe, json={"incidents": [*wanted, one], "fresh": await fresh(site, abe)}
    )
    assert (code, refused["code"], refused["missing"]) == (422, "not_a_batch", ["INC-1"])
    wrong = [wanted[0], {**wanted[1], "hash": "0" * 64}]
    code, refused = await site.ask("POST", path, token=abe, json={"incidents": wrong, "fresh": await fresh(site, abe)})
    assert (code, refused["code"], "INC-2" in refused["detail"]) == (409, "stale_hash", True)
    assert (await seen(site, abe, 3))["signatures"] == []
    asked: dict[str, Any] = {"token": abe, "key": "k", "json": {"incidents": wanted, "fresh": await fresh(site, abe)}}
    code, done = await site.ask("POST", path, **asked)
    assert (code, done) == await site.ask("POST", path, **asked)
    assert (code, [one["step"] for one in done["items"]]) == (200, ["follow_up", "follow_up"])
    [signed] = (await seen(site, abe, 3))["signatures"]
    assert (signed["meaning"], signed["printed"]) == ("report reviewed, dossier approved", "1 of 1")
    too_many = [{"incident": number, "hash": "x"} for number in range(1, 22)]
    code, refused = await site.ask("POST", path, token=abe, json={"incidents": too_many, "fresh": "x"})
    assert (code, refused["code"]) == (422, "invalid_body")


async def test_an_edit_after_the_approval_shows_everywhere(site: Site, tokens: dict[str, str]) -> None:
    """Lists and pages of the record say that the approval is void, since when and by what; signing again ends that."""
    for signer in ("abe", "zoe"):
        body, version = await signing(site, tokens[signer]), (await seen(site, tokens[signer]))["version"]
        await site.ask("POST", f"{ONE}/moves/approve", token=tokens[signer], version=version, json=body)
    _, form = await site.ask("GET", f"{ONE}/forms/report", token=tokens["rita"])
    change = {"answers": {"harm": {"value": "one account was locked"}}}
    await site.ask("PUT", f"{ONE}/forms/report", token=tokens["rita"], version=form["version"], json=change)
    void = f"approval void since version {form['version'] + 1} of report: report.harm changed"
    _, listed = await site.ask("GET", "/api/v1/incidents", token=tokens["vi"])
    _, shown = await site.ask("GET", ONE, token=tokens["vi"])
    assert [one["approval_void"] for one in listed["items"]] == [None, None, void]
    assert (shown["approval_void"], (await seen(site, tokens["vi"]))["approval_void"]) == (void, void)
    for signer, left in (("zoe", void), ("abe", None)):
        body = await signing(site, tokens[signer])
        code, done = await site.ask("POST", f"{ONE}/acts/sign_again", token=tokens[signer], json=body)
        assert (code, done["approval_void"]) == (200, left), done
