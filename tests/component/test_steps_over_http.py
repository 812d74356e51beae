"""The steps that people sign off, over HTTP: by several persons' tokens, and what refusals say."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.path import SITE, add_people, fill, stand
from support.site import Site
from support.store import finding, open_store

from rules.event import Severity
from store import process
from store.forms import FormName
from store.repository import findings
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

        await store.write(begin)
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
