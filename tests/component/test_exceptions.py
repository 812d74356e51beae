"""Exceptions over HTTP: proposed out of a false positive, weighed by a replay, settled by somebody else, ended."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.site import ANA, VIC, Site
from support.store import finding, line, open_store

from detector.excepting import with_exceptions
from detector.lapses import Lapses
from rules.event import Severity
from rules.settings import EngineSettings
from rules.sigma.load import load
from store.incident import EntryKind
from store.people import Role
from store.repository.grouping import findings
from store.repository.people import persons
from store.repository.record import timeline
from store.tx import Tx

RULE = "5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11"
FAILED = f"""title: Failed
id: {RULE}
level: high
logsource: {{product: linux, service: sshd}}
detection: {{s: {{event.outcome: failure}}, condition: s}}
tocsin: {{group-by: [source.ip]}}
"""
LOUD, OTHER = "203.0.113.7", "198.51.100.9"
BO = replace(ANA, id="bo", name="Bo")
EVA = replace(ANA, id="eva", name="Eva", accounts=("root",))
ALL = "/api/v1/exceptions"
FILTER = """title: A scanner
logsource: {product: linux}
filter:
  rules: [%s]
  selection: {source.ip: %s}
  condition: not selection
"""


def failure(number: int, ip: str) -> Any:
    text = f"Mar  2 08:00:{number:02} web1 sshd[{number}]: Failed password for root from {ip} port 4711 ssh2"
    return replace(line(number), text=text, sha256=hashlib.sha256(text.encode()).hexdigest())


def found(id: str, ip: str, number: int, severity: Severity = Severity.HIGH, account: str = "") -> Any:  # noqa: A002
    seen = failure(number, ip)
    made = finding(id, rule=RULE, severity=severity, source=ip, host=id, account=account or None, evidence=[seen])
    return replace(made, first_seen=seen.time, last_seen=seen.time)


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """INC-1 about one address, INC-2 about another; a rule of level high."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [ANA, BO, EVA, VIC])
            findings.take(tx, found("f1", LOUD, 1))
            findings.take(tx, found("f2", OTHER, 2))

        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        made.engine = EngineSettings(rule_files=(("failed.yml", FAILED),))
        await made.start()
        yield made
        await made.stop()


@pytest.fixture
async def ana(site: Site) -> str:
    return await site.token_of("ana")


@pytest.fixture
async def bo(site: Site) -> str:
    return await site.token_of("bo")


async def dismissed(site: Site, ana: str, bo: str, reason: str = "false_positive") -> None:
    """INC-1, by two persons."""
    for token, move, body in (
        (ana, "dismiss", {"reason_code": reason}),
        (bo, "settle", {"agree": True}),
    ):
        version = (await site.ask("GET", "/api/v1/incidents/1"))[1]["version"]
        path = f"/api/v1/incidents/1/moves/{move}"
        assert (await site.ask("POST", path, token=token, version=version, json=body))[0] == 200


async def excepted(site: Site, token: str, **body: Any) -> tuple[int, Any]:
    body = {"reason": "it is our scanner"} | body
    return await site.ask("POST", "/api/v1/incidents/1/acts/except", token=token, json=body)


async def proposed(site: Site, token: str, ip: str = LOUD, **body: Any) -> tuple[int, Any]:
    body = {"filter": FILTER % (RULE, ip), "reason": "it is our scanner"} | body
    return await site.ask("POST", ALL, token=token, json=body)


def titled(title: str, ip: str) -> str:
    return (FILTER % (RULE, ip)).replace("A scanner", title)


async def settled(site: Site, token: str, number: int = 1, *, agree: bool = True) -> tuple[int, Any]:
    _, seen = await site.ask("GET", f"{ALL}/{number}")
    path = f"{ALL}/{number}/settle"
    return await site.ask("POST", path, token=token, version=seen["version"], json={"agree": agree})


async def confirm(site: Site, number: int = 1) -> None:
    """People say that it was real, and over."""
    token = await site.token_of("bo")
    assert (await site.ask("POST", f"/api/v1/incidents/{number}/acts/resolve", token=token, json={}))[0] == 200


async def in_force(site: Site) -> list[str]:
    """Titles of the filters that the engine would load, all of them sound."""
    settings = await with_exceptions(site.store, site.engine)
    rules = load(settings.rule_files)
    assert rules.errors == ()
    return [one.title for one in rules.filters]


async def lapse(site: Site, hours: float) -> None:
    site.clock.advance(hours * 3600)
    await Lapses(site.store, site.clock, lambda: site.rules, lambda: None).end_due()


async def test_a_false_positive_becomes_an_exception(site: Site, ana: str, bo: str) -> None:
    """The filter is proposed out of the group, weighed by a replay, in force at once, and agreed upon by another."""
    await dismissed(site, ana, bo)
    _, shown = await site.ask("GET", "/api/v1/incidents/1", token=ana)
    assert "except" in shown["allowed"]
    code, tried = await excepted(site, ana, dry_run=True)
    assert (code, (await site.ask("GET", ALL))[1]["items"]) == (200, [])
    code, made = await excepted(site, ana)
    assert (code, made["state"], made["highest"], made["incident"]) == (201, "in_force", "critical", "INC-1"), made
    assert LOUD in made["filter"]
    assert made["filter"] == tried["filter"]
    preview = made["preview"]
    assert (preview["looked_at"], preview["findings"], preview["in_part"], preview["confirmed"]) == (2, 1, 0, [])
    assert [one["incident"] for one in preview["incidents"]] == ["INC-1"]
    assert await in_force(site) == [made["title"]]
    code, refused = await settled(site, ana)
    assert (code, refused["code"]) == (403, "four_eyes")
    code, agreed = await settled(site, bo)
    assert (code, agreed["state"], agreed["settled_by"], agreed["lapses_at"]) == (200, "agreed", "bo", None)
    assert site.exceptions_changed == 2
    await lapse(site, 13)
    assert await in_force(site) == [made["title"]]


async def test_it_is_told_in_both_chains(site: Site, ana: str, bo: str) -> None:
    """The incident's timeline holds the words, the installation's own chain what can hide incidents."""
    await dismissed(site, ana, bo)
    _, made = await excepted(site, ana)
    await settled(site, bo)
    _, shown = await site.ask("GET", "/api/v1/incidents/1")
    told = [entry for entry in shown["timeline"] if entry["kind"] == "excepted"]
    assert [entry["facts"]["did"] for entry in told] == ["proposed", "agreed"]
    assert told[0]["values"] == {"filter": made["filter"], "title": made["title"], "reason": "it is our scanner"}
    own = await site.store.read(lambda connection: timeline.of(connection, 0, EntryKind.EXCEPTED))
    assert [(one.actor.id, one.facts["did"], one.facts["incident"]) for one in own] == [
        ("ana", "proposed", 1),
        ("bo", "agreed", 1),
    ]


async def test_nobody_agrees(site: Site, ana: str) -> None:
    """It lapses after twelve hours; the next one of the same person has no effect before somebody agrees."""
    code, made = await proposed(site, ana)
    assert (code, made["state"]) == (201, "in_force")
    await lapse(site, 11.9)
    assert await in_force(site) == ["A scanner"]
    await lapse(site, 0.2)
    assert await in_force(site) == []
    assert (await site.ask("GET", f"{ALL}/1"))[1]["state"] == "lapsed"
    code, again = await proposed(site, ana)
    assert (code, again["state"], await in_force(site)) == (201, "proposed", [])


async def test_what_was_confirmed_takes_two(site: Site, ana: str, bo: str) -> None:
    """An exception that would have hidden an incident that was real has no effect before the second signature."""
    await confirm(site)
    code, made = await proposed(site, ana)
    assert (code, made["state"], made["preview"]["confirmed"]) == (201, "proposed", ["INC-1"])
    assert "of which confirmed: INC-1" in made["preview"]["sentence"]
    assert await in_force(site) == []
    assert (await settled(site, ana))[0] == 403
    assert (await settled(site, bo))[1]["state"] == "agreed"
    assert await in_force(site) == ["A scanner"]


async def test_a_low_rule_takes_one(site: Site, ana: str) -> None:
    """What nothing high can come of is agreed upon by who proposes it; not if the site saw it high."""
    low = FAILED.replace("level: high", "level: low")
    site.engine = EngineSettings(rule_files=(("failed.yml", low),))
    assert (await proposed(site, ana))[1]["state"] == "in_force", "INC-1 was high"
    code, made = await proposed(site, ana, filter=titled("Second", "192.0.2.55"))
    assert (code, made["state"], made["needs_another"]) == (201, "agreed", False)
    site.engine = EngineSettings(rule_files=(("failed.yml", FAILED),))
    assert (await proposed(site, ana, filter=titled("Third", "192.0.2.56")))[1]["state"] == "in_force", (
        "its rule may find worse"
    )


async def test_it_ends(site: Site, ana: str, bo: str) -> None:
    """By its date, by being declined, or withdrawn: each at once, upon the version that was seen."""
    until = (site.clock.now() + timedelta(days=2)).isoformat()
    await proposed(site, ana, until=until)
    await settled(site, bo)
    await lapse(site, 49)
    assert ((await site.ask("GET", f"{ALL}/1"))[1]["state"], await in_force(site)) == ("lapsed", [])
    await proposed(site, ana)
    code, declined = await settled(site, bo, 2, agree=False)
    assert (code, declined["state"], declined["ended_by"]) == (200, "withdrawn", "bo")
    await proposed(site, bo)
    path = f"{ALL}/3/withdraw"
    assert (await site.ask("POST", path, token=ana, json={}))[0] == 428
    assert (await site.ask("POST", path, token=ana, version=7, json={}))[0] == 412
    code, ended = await site.ask("POST", path, token=ana, version=1, json={"reason": "it was an attack"})
    assert (code, ended["state"], ended["ended_by"], await in_force(site)) == (200, "withdrawn", "ana", [])
    code, refused = await settled(site, bo, 3)
    assert (code, refused["code"]) == (409, "not_pending")
    _, listed = await site.ask("GET", f"{ALL}?state=withdrawn")
    assert [one["exception"] for one in listed["items"]] == [3, 2]


async def test_what_is_refused(site: Site, ana: str, bo: str) -> None:
    """Each refusal says why: no false positive, no or a broken filter, no role, no reason, twice the same."""
    code, refused = await excepted(site, ana)
    assert (code, refused["code"]) == (409, "not_closed")
    await dismissed(site, ana, bo, "expected_activity")
    code, refused = await excepted(site, ana)
    assert (code, refused["code"]) == (409, "not_false_positive")
    code, refused = await proposed(site, await site.token_of("vic"))
    assert (code, refused["code"]) == (403, "role_required")
    code, refused = await proposed(site, ana, filter="")
    assert (code, refused["code"], refused["missing"]) == (422, "filter_required", ["filter"])
    code, refused = await proposed(site, ana, filter=FILTER % ("nobody", LOUD))
    assert (code, refused["code"]) == (422, "invalid_filter")
    assert refused["errors"][0].startswith('filter:4:11: error: no rule has the id or name "nobody"')
    code, refused = await proposed(site, ana, filter=FAILED.replace("5e7b", "5e7c").replace("Failed", "Another"))
    assert (code, refused["code"]) == (422, "invalid_filter")
    code, refused = await proposed(site, ana, reason=" ")
    assert (code, refused["code"], refused["missing"]) == (422, "reason_required", ["reason"])
    code, refused = await proposed(site, ana, until="2031-01-01T00:00:00Z")
    assert (code, refused["code"]) == (422, "invalid_moment")
    assert (await proposed(site, ana))[0] == 201
    code, refused = await proposed(site, ana)
    assert (code, refused["code"]) == (422, "invalid_filter"), "its id is that of the one in force"
    assert (await site.ask("GET", f"{ALL}/9"))[0] == 404


async def test_nobody_hides_what_they_are_involved_in(site: Site) -> None:
    """Whose account stands in what would be hidden neither proposes nor agrees."""
    await site.store.write(lambda tx: findings.take(tx, found("f3", "192.0.2.3", 3, account="root")))
    eva, ana = await site.token_of("eva"), await site.token_of("ana")
    code, refused = await proposed(site, eva, "192.0.2.3")
    assert (code, refused["code"]) == (403, "conflict_of_interest")
    assert (await proposed(site, ana, "192.0.2.3"))[0] == 201
    code, refused = await settled(site, eva)
    assert (code, refused["code"]) == (403, "conflict_of_interest")


async def test_what_is_restricted_stays_so(site: Site, ana: str, bo: str) -> None:
    """Who takes no part in an incident sees number and state of its exception, not its words."""
    await dismissed(site, ana, bo)
    await excepted(site, ana)
    version = (await site.ask("GET", "/api/v1/incidents/1"))[1]["version"]
    path = "/api/v1/incidents/1/acts/restrict"
    assert (await site.ask("POST", path, token=ana, version=version, json={"reason": "persons"}))[0] == 200
    _, seen = await site.ask("GET", f"{ALL}/1", token=await site.token_of("vic"))
    assert (seen["state"], seen["filter"], seen["title"], seen["reason"]) == ("in_force", None, None, None)
    assert (await site.ask("GET", f"{ALL}/1", token=ana))[1]["filter"]


async def test_redaction_reaches_it(site: Site, ana: str, bo: str) -> None:
    """A filter whose words are taken out of the timeline is taken out of the exception, which then hides nothing."""
    await site.store.write(
        lambda tx: persons.upsert_from_config(tx, [ANA, replace(BO, roles=BO.roles | {Role.APPROVER})])
    )
    await dismissed(site, ana, bo)
    await excepted(site, ana)
    _, shown = await site.ask("GET", "/api/v1/incidents/1")
    (entry,) = [one["seq"] for one in shown["timeline"] if one["kind"] == "excepted"]
    body = {"entry": entry, "name": "filter", "reason": "a customer's address"}
    assert (await site.ask("POST", "/api/v1/incidents/1/acts/redact", token=bo, json=body))[0] == 200
    assert (await site.ask("GET", f"{ALL}/1"))[1]["filter"] == "(redacted)"
    assert await in_force(site) == []


async def test_the_same_request_again_is_answered_alike(site: Site, ana: str, bo: str) -> None:
    """Who did not hear the answer sends it again under its key: proposed once, settled once, withdrawn once."""
    body: dict[str, Any] = {"filter": FILTER % (RULE, LOUD), "reason": "it is our scanner"}
    for token, path, version, said in (
        (ana, ALL, None, body),
        (bo, f"{ALL}/1/settle", 1, {"agree": True}),
        (bo, f"{ALL}/1/withdraw", 2, {}),
    ):
        asked: dict[str, Any] = {"token": token, "key": path, "version": version, "json": said}
        first, second = [await site.ask("POST", path, **asked) for _ in range(2)]
        assert first[0] in (200, 201), first
        assert second == first


async def test_an_exception_names_its_rules(site: Site, ana: str) -> None:
    """A filter for any rule is refused: nobody could say what two persons have agreed to hide."""
    text = (FILTER % (RULE, LOUD)).replace(f"[{RULE}]", "any")
    assert "rules: any" in text
    code, refused = await proposed(site, ana, filter=text)
    assert code == 422, refused
    assert "names its rules" in str(refused)
