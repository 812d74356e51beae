"""What goes from a record, and what never does: redaction, legal hold, disposal; on each database, over HTTP."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support.fakes import FakeClock
from support.once import once
from support.site import SEAL_KEYS, Site
from support.store import finding, line

from rules.event import Decision
from store import tables
from store.answers import Answer
from store.database import Store
from store.forms import FormName
from store.four_eyes import FourEyes
from store.incident import Actor, ActorKind, DismissReason
from store.people import Person, Role
from store.repository.dossier import forms
from store.repository.grouping import findings
from store.repository.incident import dismissals, incidents
from store.repository.keeping import holds as holding
from store.repository.keeping import retention, verification
from store.repository.people import persons
from store.repository.record import seals, timeline
from store.site import Site as Rules
from store.tx import Tx

ANA = Actor(kind=ActorKind.PERSON, id="ana")
PERSONS = (
    Person(id="ana", name="Ana", roles=frozenset({Role.RESPONDER, Role.REPORTER})),
    Person(id="bea", name="Bea", roles=frozenset({Role.APPROVER})),
    Person(id="cem", name="Cem", roles=frozenset({Role.APPROVER})),
    Person(id="dan", name="Dan", roles=frozenset({Role.ADMIN, Role.VIEWER})),
)
SECRET = "the zebra of Mallory"
DAY = timedelta(days=1)


@pytest.fixture
async def site(store: Store, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Site]:
    """INC-1 with a note, a report in two versions and a line, each of them telling a secret."""

    def fill(tx: Tx) -> None:
        persons.upsert_from_config(tx, PERSONS)
        findings.take(
            tx,
            finding(
                evidence=(line(1), replace(line(2), text=SECRET, sha256=hashlib.sha256(SECRET.encode()).hexdigest()))
            ),
        )
        incidents.acknowledge(tx, 1, ANA, via="token", note=SECRET)
        for version, harm in enumerate((SECRET, f"{SECRET} again")):
            answers = {"harm": Answer(value=harm)}
            forms.save(tx, 1, FormName.REPORT, answers, expected=version, by=ANA, via="token")
        seals.make(tx, SEAL_KEYS)

    await once(store, lambda: store.write(fill), __name__, "site")
    made = Site(store, clock, tmp_path)
    await made.start()
    yield made
    await made.stop()


async def act(site: Site, person: str, name: str, body: dict[str, Any]) -> tuple[int, Any]:
    """An act on INC-1."""
    return await site.ask("POST", f"/api/v1/incidents/1/acts/{name}", token=await site.token_of(person), json=body)


async def close(site: Site) -> None:
    """Dismiss INC-1."""
    given: dict[str, Any] = {"reason_code": DismissReason.FALSE_POSITIVE, "note": SECRET}
    calendar = Rules().calendar
    await site.store.write(
        lambda tx: dismissals.dismiss(
            tx,
            1,
            ANA,
            version=incidents.get(tx.connection, 1).incident.version,
            via="token",
            calendar=calendar,
            **given,
        )
    )


async def told(site: Site) -> bytes:
    """All that the database holds of texts."""
    columns = [
        column for table in tables.METADATA.sorted_tables for column in table.c if table.name not in ("token", "person")
    ]

    def look(connection: Any) -> bytes:
        return b"|".join(repr(row).encode() for one in columns for row in connection.execute(select(one)).all())

    return await site.store.read(look)


async def holds(site: Site) -> bool:
    """Whether everything verifies, and the bundle was made."""
    report = await site.store.read(lambda c: verification.examine_all(c, SEAL_KEYS.public))
    return report.faults == ()


async def test_everything_that_tells_can_be_redacted(site: Site) -> None:
    """A note, an answer in all its versions, a line: gone from the database, with a tombstone each; all verifies."""
    token, mine = await site.token_of("bea"), await site.token_of("ana")
    question = {"question": SECRET, "person": "dan"}
    for path in ("1", "INC-1", "inc-1"):
        given: dict[str, Any] = {"token": mine, "key": path, "json": question}
        assert (await site.ask("POST", f"/api/v1/incidents/{path}/requests", **given))[0] == 201
    asked: list[dict[str, Any]] = [
        {"entry": one.seq, "name": "question"}
        for one in await site.store.read(lambda c: timeline.of(c, 1))
        if one.kind == "requested"
    ]
    asked += [
        {"entry": 2, "name": "note"},
        {"form": "report", "field": "harm"},
        {"origin": "/var/log/auth.log", "line": 2},
    ]
    for place in asked:
        code, done = await act(site, "bea", "redact", place | {"reason": "a name"})
        assert code == 200, done
        code, refused = await act(site, "bea", "redact", place | {"reason": "a name"})
        assert (code, refused["code"]) == (404, "not_found")
    assert b"zebra" not in await told(site)
    _, shown = await site.ask("GET", "/api/v1/incidents/1", token=token)
    tombs = [one for one in shown["timeline"] if one["kind"] == "redacted"]
    assert [one["actor"]["id"] for one in tombs] == ["bea"] * 6
    assert {one["facts"]["reason"] for one in tombs} == {"a name"}
    assert shown["timeline"][1]["values"] == {"note": None}
    assert [one["text"] for one in shown["evidence"]] == ["line 1", "(redacted)"]
    assert await holds(site)


async def test_what_repeats_a_value_goes_with_it(site: Site) -> None:
    """The title and the group of the record stand in its first entry too: redacted there, they are gone here."""
    for name in ("title", "group"):
        assert (await act(site, "bea", "redact", {"entry": 1, "name": name, "reason": "an address"}))[0] == 200
    record = (await site.store.read(lambda c: incidents.get(c, 1))).incident
    assert (record.title, record.group) == ("(redacted)", ())
    assert await holds(site)


@pytest.mark.parametrize(
    ("person", "body", "status", "code"),
    [
        ("ana", {"entry": 2, "name": "note", "reason": "x"}, 403, "role_required"),
        ("dan", {"entry": 2, "name": "note", "reason": "x"}, 403, "role_required"),
        ("bea", {"entry": 2, "name": "note", "reason": " "}, 422, "reason_required"),
        ("bea", {"entry": 2, "name": "note"}, 422, "invalid_body"),
        ("bea", {"reason": "x"}, 422, "invalid_place"),
        ("bea", {"reason": "x", "entry": 2, "name": "note", "form": "report", "field": "harm"}, 422, "invalid_place"),
        ("bea", {"reason": "x", "entry": 2, "name": "nothing"}, 404, "not_found"),
        ("bea", {"reason": "x", "action": 1, "field": "text"}, 404, "not_found"),
    ],
)
async def test_who_cannot_redact(site: Site, person: str, body: dict[str, Any], status: int, code: str) -> None:
    """The role is needed, a reason, and one place where something stands; nothing goes otherwise."""
    answer, refused = await act(site, person, "redact", body)
    assert (answer, refused["code"]) == (status, code), refused
    assert (await told(site)).count(b"zebra") >= 4


async def test_nothing_goes_while_it_is_held(site: Site) -> None:
    """A hold forbids redaction and disposal until somebody else than who placed it releases it; two hold apart."""
    for person in ("bea", "cem"):
        assert (await act(site, person, "hold", {"reason": "a lawsuit"}))[0] == 200
    entries = [one.seq for one in await site.store.read(lambda c: timeline.of(c, 1)) if one.kind == "held"]
    await close(site)
    for name, body in (("redact", {"entry": 2, "name": "note", "reason": "x"}), ("dispose", {"reason": "x"})):
        code, refused = await act(site, "bea", name, body)
        assert (code, refused["code"]) == (409, "held")
        assert "bea (entry" in refused["detail"]
    code, refused = await act(site, "bea", "release_hold", {"entry": entries[0], "reason": "settled"})
    assert (code, refused["code"]) == (403, "four_eyes")
    assert (await act(site, "bea", "release_hold", {"entry": 1, "reason": "settled"}))[1]["code"] == "no_hold"
    assert (await act(site, "cem", "release_hold", {"entry": entries[0], "reason": "settled"}))[0] == 200
    assert (await act(site, "bea", "redact", {"entry": 2, "name": "note", "reason": "x"}))[1]["code"] == "held"
    assert (await act(site, "bea", "release_hold", {"entry": entries[1], "reason": "settled"}))[0] == 200
    assert (await act(site, "bea", "redact", {"entry": 2, "name": "note", "reason": "x"}))[0] == 200
    assert await holds(site)


async def test_disposal_takes_two(site: Site) -> None:
    """One proposes, another agrees: all texts, names and addresses go; who did what and when stays, and verifies."""
    code, refused = await act(site, "bea", "dispose", {"reason": "kept long enough"})
    assert (code, refused["code"]) == (409, "not_closed")
    await close(site)
    assert (await act(site, "cem", "settle_disposal", {"agree": True}))[1]["code"] == "no_proposal"
    assert (await act(site, "bea", "dispose", {"reason": "kept long enough"}))[0] == 200
    assert (await act(site, "cem", "dispose", {"reason": "kept long enough"}))[1]["code"] == "proposal_pending"
    code, refused = await act(site, "bea", "settle_disposal", {"agree": True})
    assert (code, refused["code"]) == (403, "four_eyes")
    assert b"zebra" in await told(site)
    assert (await act(site, "cem", "settle_disposal", {"agree": False, "reason": "not yet"}))[0] == 200
    assert (await act(site, "bea", "dispose", {"reason": "kept long enough"}))[0] == 200
    assert (await act(site, "cem", "settle_disposal", {"agree": True}))[0] == 200
    everything = await told(site)
    assert b"zebra" not in everything
    assert b"203.0.113.7" not in everything
    assert await holds(site)
    _, shown = await site.ask("GET", "/api/v1/incidents/1", token=await site.token_of("bea"))
    assert (shown["title"], shown["evidence"], shown["entities"]) == ("(disposed of)", [], [])
    assert [one["kind"] for one in shown["timeline"]][:2] == ["opened", "acknowledged"]


async def test_a_waived_site_says_so(site: Site) -> None:
    """Where four eyes are waived, one person does both, and the entry says that they were waived."""
    site.rules = Rules(four_eyes=FourEyes.WAIVED)
    await close(site)
    assert (await act(site, "bea", "dispose", {"reason": "x"}))[0] == 200
    assert (await act(site, "bea", "settle_disposal", {"agree": True}))[0] == 200
    *_, last = await site.store.read(lambda c: timeline.of(c, 1))
    assert (last.facts["did"], last.facts["waived"]) == ("done", "four_eyes")


async def test_nothing_that_is_held_fades(site: Site) -> None:
    """An observation that ended long ago keeps its lines while it is held; so do messages about closed incidents."""
    keep = retention.Keep(findings=DAY, observations=DAY, deliveries=DAY, raw=DAY)
    seen = finding("f9", rule="r9", source="192.0.2.9", host="db", decision=Decision.OBSERVE, evidence=(line(9),))
    await site.store.write(lambda tx: findings.take(tx, seen))
    site.clock.advance(5 * DAY.total_seconds())
    await site.store.write(lambda tx: retention.close(tx, [2]))
    site.clock.advance(5 * DAY.total_seconds())
    given: dict[str, Any] = {"token": await site.token_of("bea"), "json": {"reason": "a lawsuit"}}
    assert (await site.ask("POST", "/api/v1/incidents/2/acts/hold", **given))[0] == 200
    assert await site.store.read(lambda c: retention.faded_observations(c, keep, site.clock.now())) == []
    assert await site.store.write(lambda tx: retention.strip(tx, keep, 2)) == 0
    [entry] = (await site.store.read(lambda c: holding.standing(c, 2))).keys()
    body = {"entry": entry, "reason": "settled"}
    given = {"token": await site.token_of("cem"), "json": body}
    assert (await site.ask("POST", "/api/v1/incidents/2/acts/release_hold", **given))[0] == 200
    assert await site.store.read(lambda c: retention.faded_observations(c, keep, site.clock.now())) == [2]
