"""The steps that people sign off, over HTTP: by several persons' tokens, and what refusals say."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.path import SITE, add_people, fill, stand
from support.site import Site
from support.store import finding, open_store

from detector.lapses import Lapses
from rules.event import Severity
from store import process
from store.forms import FormName
from store.repository.grouping import findings
from store.tx import Tx

ONE = "/api/v1/incidents/INC-1"


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """INC-1 of severity high, whose report is to be written, behind a server, on each database in turn."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def begin(tx: Tx) -> None:
            add_people(tx)
            findings.take(tx, finding(severity=Severity.HIGH))
            stand(tx, 1, process.REPORTING)

        await once(store, lambda: store.write(begin), __name__, "site")
        made = Site(store, clock, tmp_path)
        made.rules = SITE
        await made.start()
        yield made
        await made.stop()


async def move(site: Site, name: str, who: str, **body: Any) -> tuple[int, Any]:
    """Make a move as *who*, upon the version as it stands."""
    _, record = await site.ask("GET", ONE)
    token = await site.token_of(who)
    return await site.ask("POST", f"{ONE}/moves/{name}", token=token, version=record["version"], json=body)


async def test_from_the_report_to_its_causes(site: Site) -> None:
    """A refusal of each kind on the way; what each step needs is named at once."""
    code, told = await move(site, "submit", "rita")
    assert (code, told["code"]) == (422, "missing_fields")
    assert {"report.harm", "report.what_happened"} <= set(told["missing"])
    assert "submit" in told["allowed"]
    await site.store.write(lambda tx: fill(tx, 1, FormName.REPORT))
    code, told = await move(site, "submit", "rita")
    assert (code, told["stage"]) == (200, "in_review"), told
    code, told = await move(site, "review", "dora", result="accepted")
    assert (code, told["code"]) == (403, "not_reviewer")
    code, told = await move(site, "review", "rita", result="accepted")
    assert (code, told["code"]) == (403, "role_required")
    code, told = await move(site, "review", "rex", result="returned")
    assert (code, told["code"], told["missing"]) == (422, "notes_required", ["notes"])
    code, told = await move(site, "review", "rex", result="returned", notes="Which hosts?")
    assert (code, told["stage"]) == (200, "none")
    token = await site.token_of("rita")
    _, form = await site.ask("GET", f"{ONE}/forms/report", token=token)
    assert form["answers"]["review_notes"] == {
        "state": "given",
        "value": "Which hosts?",
        "reason": "",
        "auto": False,
        "by": "rex",
    }
    assert (await move(site, "submit", "rita"))[0] == 200
    assert (await move(site, "review", "rex", result="accepted"))[1]["step"] == "investigation"
    code, told = await move(site, "conclude", "ina")
    assert (code, told["code"]) == (422, "no_finding")
    await site.store.write(lambda tx: fill(tx, 1, FormName.INVESTIGATION))
    assert (await move(site, "conclude", "ina"))[1]["step"] == "corrective_actions"
    code, told = await move(site, "investigate_again", "ina")
    assert (code, told["code"], told["missing"]) == (422, "reason_required", ["reason"])
    assert (await move(site, "investigate_again", "ina", reason="another host"))[1]["step"] == "investigation"
    assert (await move(site, "conclude", "ina"))[0] == 200
    code, told = await move(site, "request_approval", "ina")
    assert (code, told["code"]) == (422, "no_root_cause")
    assert "corrective_actions.elsewhere" in told["missing"]


@pytest.mark.parametrize("name", ["submit", "review", "conclude", "investigate_again", "request_approval"])
async def test_moves_need_a_version(site: Site, name: str) -> None:
    """Whoever decides names what they saw."""
    body = {"result": "accepted"} if name == "review" else {}
    token = await site.token_of("rita")
    code, told = await site.ask("POST", f"{ONE}/moves/{name}", token=token, json=body)
    assert (code, told["code"]) == (428, "if_match_required")
    code, told = await site.ask("POST", f"{ONE}/moves/{name}", token=token, version=99, json=body)
    assert (code, told["code"]) == (412, "stale_version")


@pytest.mark.parametrize("body", [{}, {"result": "maybe"}, {"result": "accepted", "by": "rex"}, {"result": None}])
async def test_a_review_says_what_it_is(site: Site, body: dict[str, Any]) -> None:
    """Neither accepted nor returned is refused."""
    code, told = await move(site, "review", "rex", **body)
    assert (code, told["code"]) == (422, "invalid_body")


JUDGED: dict[str, tuple[dict[str, Any], int, str]] = {
    "classify": ({"severity": "low"}, 422, "reason_required"),
    "correction": ({"instant": "detected_at", "to": "2026-03-02T09:00:00Z"}, 422, "reason_required"),
    "countersign": ({"agree": True}, 409, "no_proposal"),
    "split": ({"findings": ["nine"]}, 422, "invalid_split"),
}


@pytest.mark.parametrize("name", sorted(JUDGED))
async def test_acts_that_overwrite_need_a_version(site: Site, name: str) -> None:
    """Whoever judges names what they saw; who sees enough is told what is wrong."""
    body, status, code = JUDGED[name]
    token = await site.token_of("ana")
    _, record = await site.ask("GET", ONE)
    found, told = await site.ask("POST", f"{ONE}/acts/{name}", token=token, json=body)
    assert (found, told["code"]) == (428, "if_match_required")
    found, told = await site.ask("POST", f"{ONE}/acts/{name}", token=token, version=99, json=body)
    assert (found, told["code"]) == (412, "stale_version")
    found, told = await site.ask("POST", f"{ONE}/acts/{name}", token=token, version=record["version"], json=body)
    assert (found, told["code"]) == (status, code)


async def test_a_lower_level_by_two(site: Site) -> None:
    """It shows that it waits, and for how long; nobody agrees to what is their own; by itself it lapses."""
    ana, bo = await site.token_of("ana"), await site.token_of("bo")
    _, record = await site.ask("GET", ONE)
    low = {"severity": "low", "reason": "a lab machine"}
    code, told = await site.ask("POST", f"{ONE}/acts/classify", token=ana, version=record["version"], json=low)
    assert (code, told["severity"], told["lowering"]["severity_from"]) == (200, "low", "high")
    assert told["lowering"]["lapses_at"] == "2026-03-02T21:00:00Z"
    agree: dict[str, Any] = {"version": told["version"], "json": {"agree": True}}
    code, told = await site.ask("POST", f"{ONE}/acts/countersign", token=ana, **agree)
    assert (code, told["code"]) == (403, "four_eyes")
    code, told = await site.ask("POST", f"{ONE}/acts/countersign", token=bo, **agree)
    assert (code, told["severity"], told["lowering"]) == (200, "low", None)
    _, told = await site.ask("POST", f"{ONE}/acts/classify", token=bo, version=told["version"], json={"track": "full"})
    light = {"track": "light", "reason": "nothing came of it"}
    code, told = await site.ask("POST", f"{ONE}/acts/classify", token=ana, version=told["version"], json=light)
    assert (code, told["track"], told["lowering"]["track_to"]) == (200, "full", "light")
    lapses = Lapses(site.store, site.clock, lambda: site.rules, lambda: None)
    assert await lapses.end_due() == 0
    site.clock.advance(12 * 3600)
    assert await lapses.end_due() == 1
    _, shown = await site.ask("GET", ONE)
    assert (shown["lowering"], shown["timeline"][-1]["kind"]) == (None, "lapsed")


async def test_evidence_a_corrected_instant_and_a_split(site: Site) -> None:
    """What a person adds, corrects and takes apart is shown at once."""
    ana = await site.token_of("ana")
    body = {"reference": "share/disk.img", "sha256": "AB" * 32}
    code, _ = await site.ask("POST", f"{ONE}/acts/evidence", token=ana, json=body)
    _, shown = await site.ask("GET", ONE)
    assert (code, shown["evidence"][-1]["sha256"]) == (200, "ab" * 32)
    site.clock.advance(60)
    earlier = {"instant": "occurred_at", "to": "2026-03-01T22:00:00+01:00", "reason": "the clock was slow"}
    code, told = await site.ask("POST", f"{ONE}/acts/correction", token=ana, version=shown["version"], json=earlier)
    assert (code, told["occurred_at"], told["first_seen"]) == (200, "2026-03-01T21:00:00Z", "2026-03-02T09:00:00Z")
    more = finding("f2", rule="r2", severity=Severity.MEDIUM, account="root", key="r2|root")
    await site.store.write(lambda tx: findings.take(tx, more))
    _, listed = await site.ask("GET", f"{ONE}/findings", token=ana)
    assert [one["rule"]["id"] for one in listed["items"]] == ["rule-1", "r2"]
    asked: dict[str, Any] = {"version": told["version"], "json": {"findings": [listed["items"][1]["id"]]}}
    code, told = await site.ask("POST", f"{ONE}/acts/split", token=ana, **asked)
    assert (code, told["id"], told["step"]) == (200, "INC-2", "notification")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("classify", {"severity": "worst"}),
        ("classify", {"track": "none"}),
        ("countersign", {}),
        ("correction", {"instant": "closed_at", "to": "2026-03-02T09:00:00Z"}),
        ("correction", {"instant": "aware_at", "to": "2026-03-02T09:00:00"}),
        ("evidence", {"text": "x" * 4097}),
        ("split", {"findings": "f1"}),
    ],
)
async def test_what_is_no_judgement(site: Site, name: str, body: dict[str, Any]) -> None:
    """Unknown words, missing zones and too long texts are refused, and nothing is kept."""
    token = await site.token_of("ana")
    _, before = await site.ask("GET", ONE)
    code, told = await site.ask("POST", f"{ONE}/acts/{name}", token=token, version=before["version"], json=body)
    assert (code, told["code"]) == (422, "invalid_body")
    assert (await site.ask("GET", ONE))[1] == before
