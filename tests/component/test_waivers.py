"""Waivers of four eyes: by name, with a reason, for one incident; and a register of all that they allowed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.site import ANA, VIC, Site
from support.store import finding, open_store

from rules.event import Severity
from store.four_eyes import FourEyes
from store.incident import Actor, ActorKind
from store.people import Role
from store.repository.grouping import findings
from store.repository.people import persons
from store.repository.record import seals, timeline
from store.tx import Tx

BO = replace(ANA, id="bo", name="Bo", roles=frozenset({Role.RESPONDER, Role.APPROVER}))
WHO = Actor(kind=ActorKind.PERSON, id="ana")
ONE, TWO = "/api/v1/incidents/1", "/api/v1/incidents/2"


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """INC-1, with an account of Bo's in it; INC-2. Ana responds, Bo responds and approves."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [ANA, BO, VIC])
            findings.take(tx, finding(severity=Severity.HIGH, account="bo"))
            findings.take(tx, finding("f2", severity=Severity.HIGH, source="198.51.100.9", host="db1"))

        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        await made.start()
        yield made
        await made.stop()


async def waive(site: Site, token: str, path: str = TWO, reason: str = "nobody else until Monday") -> tuple[int, Any]:
    return await site.ask("POST", f"{path}/acts/waive", token=token, json={"reason": reason})


async def register(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await site.ask("GET", "/api/v1/waivers"))[1]["items"]
    return found


async def settle_own(site: Site, token: str) -> tuple[int, Any]:
    """Propose the dismissal of INC-2 if nobody has, and agree to it."""
    _, seen = await site.ask("GET", TWO)
    if seen["quiet_until"] is None:
        body = {"reason_code": "duplicate"}
        await site.ask("POST", f"{TWO}/moves/dismiss", token=token, version=seen["version"], json=body)
        _, seen = await site.ask("GET", TWO)
    return await site.ask("POST", f"{TWO}/moves/settle", token=token, version=seen["version"], json={"agree": True})


async def test_a_waived_record_can_be_settled_by_its_proposer(site: Site) -> None:
    """Before, four eyes; after, the signature is given, and timeline and register say why it could be."""
    bo = await site.token_of("bo")
    code, refused = await settle_own(site, bo)
    assert (code, refused["code"]) == (403, "four_eyes")
    assert "waive" in refused["allowed"]
    code, told = await waive(site, bo)
    assert (code, told["version"]) == (200, (await site.ask("GET", TWO))[1]["version"])
    assert (await settle_own(site, bo))[0] == 200
    first, second = await register(site)
    assert (first["incident"], first["kind"], first["by"]) == ("INC-2", "waived", "bo")
    assert (first["entry"], first["reason"]) == (told["entry"], "nobody else until Monday")
    assert (second["kind"], second["reason"]) == ("settled", None)
    assert second["clash"] == "bo proposed the dismissal"
    _, shown = await site.ask("GET", TWO)
    kinds = {entry["seq"]: entry["kind"] for entry in shown["timeline"]}
    assert (kinds[first["entry"]], kinds[second["entry"]]) == ("waived", "settled")


async def test_other_records_keep_their_four_eyes(site: Site) -> None:
    """A waiver is for one incident and one cycle."""
    bo, ana = await site.token_of("bo"), await site.token_of("ana")
    await waive(site, ana)
    assert await register(site) == [], "a responder cannot"
    await waive(site, bo)
    assert (await settle_own(site, bo))[0] == 200
    _, seen = await site.ask("GET", TWO)
    again = await site.ask(
        "POST", f"{TWO}/moves/reopen", token=ana, version=seen["version"], json={"reason": "it came back"}
    )
    assert again[0] == 200
    code, refused = await settle_own(site, bo)
    assert (code, refused["code"]) == (403, "four_eyes"), "a new cycle"


@pytest.mark.parametrize(
    ("who", "path", "reason", "status", "code"),
    [
        ("ana", TWO, "x", 403, "role_required"),
        ("vic", TWO, "x", 403, "role_required"),
        ("bo", TWO, " ", 422, "reason_required"),
        ("bo", TWO, "\u200b\u2800", 422, "invalid_body"),
        ("bo", ONE, "x", 403, "conflict_of_interest"),
    ],
)
async def test_who_cannot_waive(site: Site, who: str, path: str, reason: str, status: int, code: str) -> None:
    """An approver waives, with a reason, and never for themselves; a refusal leaves nothing in the register."""
    got, refused = await waive(site, await site.token_of(who), path, reason)
    assert (got, refused["code"]) == (status, code)
    assert (refused["allowed"] == []) == (code == "conflict_of_interest")
    assert await register(site) == []


async def test_it_is_waived_once(site: Site) -> None:
    """A second time says that it is waived already."""
    bo = await site.token_of("bo")
    await waive(site, bo)
    code, refused = await waive(site, bo)
    assert (code, refused["code"]) == (409, "waived_before")


async def test_whoever_is_involved_acts_on_a_waived_record(site: Site) -> None:
    """Where nobody else is there at all, they waive it themselves; what they do then goes into the register."""
    bo = await site.token_of("bo")
    code, refused = await site.ask("POST", f"{ONE}/acknowledge", token=bo, json={})
    assert (code, refused["code"], refused["allowed"]) == (403, "conflict_of_interest", [])
    assert "waive" in refused["detail"]
    site.rules = replace(site.rules, four_eyes=FourEyes.WAIVED)
    assert (await waive(site, bo, ONE))[0] == 200
    assert (await site.ask("POST", f"{ONE}/acknowledge", token=bo, json={}))[0] == 200
    found = [(one["kind"], one["clash"]) for one in await register(site)]
    assert found == [("waived", None), ("acknowledged", "bo is involved")]


async def test_a_site_without_four_eyes_fills_the_register_too(site: Site) -> None:
    """What clashes is written down although nobody waived anything for the record."""
    site.rules = replace(site.rules, four_eyes=FourEyes.WAIVED)
    assert (await settle_own(site, await site.token_of("bo")))[0] == 200
    (only,) = await register(site)
    assert (only["kind"], only["by"], only["incident"]) == ("settled", "bo", "INC-2")
    own_chain = await site.store.read(lambda c: timeline.of(c, seals.INSTALLATION))
    assert own_chain[-1].kind == "waived"


async def test_a_redacted_reason_is_gone_from_the_register(site: Site) -> None:
    """It stands in the timeline of its incident alone."""
    _, told = await waive(site, await site.token_of("bo"))
    await site.store.write(lambda tx: timeline.redact(tx, 2, told["entry"], "reason", by=WHO, reason="a name"))
    assert [one["reason"] for one in await register(site)] == [None]
