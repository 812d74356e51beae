"""Every (standing, act or move, role) over HTTP: what is allowed is exactly what the tables of the process say."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from support.fakes import START, FakeClock
from support.site import Site
from support.store import finding, open_store, sqlite_url

from detector.api import acts as offered
from detector.api.identity import hash_of
from store.acts import LIGHT_WAY, name_of
from store.incident import DAEMON, Actor, ActorKind, Outcome, Status
from store.people import Person, Role
from store.process import ACTS, MOVES, NOTIFICATION, Standing, legal_standings
from store.repository.grouping import findings
from store.repository.incident import requests
from store.repository.people import persons, tokens
from store.tables import incident
from store.tx import Tx

ROLES = tuple(role for role in Role if role is not Role.SOURCE)
#: What each role tries on: an incident of its own, by its number.
OF_ROLE = {role: number for number, role in enumerate(ROLES, start=1)}
#: What those try on that may not; what incidents are merged into, and were.
REFUSED, TARGET = len(ROLES) + 1, len(ROLES) + 2
#: What is asked for beside incidents: tried where that is.
ELSEWHERE = frozenset({"except"})
NAMES = tuple(name for name in (*ACTS, *offered.MOVES) if name not in ELSEWHERE)
#: What refuses by the tables; everything else is refused by what is missing, or not refused at all.
BY_THE_TABLES = frozenset({"not_a_move", "role_required", "closed", "not_closed", "person_required"})
#: What says that we asked wrongly, or that an earlier refusal has changed something.
OUR_FAULT = frozenset({"invalid_body", "if_match_required", "stale_version", "internal_error"})
#: Acts with an address of their own.
PLACES = {"acknowledge": "acknowledge", "request": "requests", "withdraw_request": "requests/1/withdraw"}

NOTE: Mapping[str, Any] = {"note": "as the table says"}
REASON: Mapping[str, Any] = {"reason": "as the table says"}
#: Bodies of the right shape. What they name need not be there: the tables are asked first.
BODIES: Mapping[str, Mapping[str, Any]] = {
    "answer": {**NOTE, "entry": 1},
    "hand_over": {"to": "nobody"},
    "correction": {**REASON, "instant": "occurred_at", "to": "2026-03-02T08:00:00Z"},
    "classify": {},
    "countersign": {"agree": True},
    "split": {},
    "review_again": {"report_version": 1},
    "request": {"question": "Was it you?", "person": "viewer"},
    "waive": REASON,
    "timer": {"timer": "early warning", "decision": "filed"},
    "discrepancy": {"item": "the time is wrong"},
    "answer_discrepancy": {"discrepancy": 1, "answer": "it was UTC"},
    "close_discrepancy": {"discrepancy": 1},
    "sign_again": {"hash": "0"},
    "watch": {"criterion": "nobody gets in", "hours": 24},
    "take_back_watch": {**REASON, "watch": 99},
    "tried": {"watch": 99, "how": "by hand", "evidence": "a log"},
    "accept_risk": {**REASON, "watch": 99},
    "improve": {"item": "keys only", "owner": "approver", "due": "2026-05-01"},
    "improvement": {"improvement": 99, "what": "done"},
    "restrict": REASON,
    "lift_restriction": REASON,
    "redact": {**REASON, "entry": 99, "name": "note"},
    "hold": REASON,
    "release_hold": {**REASON, "entry": 99},
    "dispose": REASON,
    "settle_disposal": {"agree": True},
    "decide": {"decision": "investigate"},
    "settle": {"agree": False},
    "merge": {"into": TARGET},
    "reopen": REASON,
    "confirm": {},
    "review": {"result": "accepted"},
    "investigate_again": REASON,
    "rework": REASON,
    "approve": {"hash": "0"},
    "reject": {"to": "investigation"},
}


def may(place: Standing, name: str, role: Role) -> bool:
    """What the tables say of an incident on the light track."""
    if name in ACTS:
        act = ACTS[name]
        when = act.when_closed or (act.when_resolved and place.outcome is Outcome.RESOLVED)
        return (act.when_open if place.status is Status.OPEN else when) and (not act.roles or role in act.roles)
    if name == "confirm":
        return place in LIGHT_WAY[:-1] and role is Role.REPORTER
    wanted = "dismiss" if name == "settle" else name
    return any(move.start == place and name_of(move) == wanted and role in move.who for move in MOVES.values())


def acted_upon(place: Standing, name: str) -> Standing:
    """Where that stands which is acted upon: questions that were carried on are the other incident's."""
    return NOTIFICATION if name == "withdraw_request" and place.outcome is Outcome.MERGED else place


def refused(place: Standing, name: str) -> frozenset[Role]:
    """Roles that may not."""
    return frozenset(role for role in ROLES if not may(acted_upon(place, name), name, role))


def person_with(roles: Iterable[Role]) -> str:
    """Who has just these; the token, too."""
    return "-and-".join(sorted(roles))


def fill(tx: Tx) -> None:
    """An incident for each, about which everybody was asked something, and a person for each set of roles."""
    sets: set[frozenset[Role]] = {frozenset({role}) for role in ROLES}
    sets |= {refused(place, name) for place in legal_standings() for name in NAMES} - {frozenset()}
    everybody = [Person(id=person_with(roles), name="", roles=roles, from_config=True) for roles in sets]
    persons.upsert_from_config(tx, everybody)
    for one in everybody:
        tokens.create(tx, one.id, "t", hash_of(one.id), DAEMON)
    asker = Actor(kind=ActorKind.PERSON, id=Role.RESPONDER)
    for number in range(1, TARGET + 1):
        findings.take(tx, finding(f"f{number}", rule=f"rule-{number}", source=f"192.0.2.{number}", host=f"h{number}"))
        requests.ask(tx, number, asker, question="Who?", person=Role.VIEWER, via="token")


@pytest.fixture(scope="module")
def filled(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all that."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copy(sqlite_template, folder)

    async def work() -> None:
        async with open_store(sqlite_url(folder), FakeClock(START), folder) as store:
            await store.write(fill)

    asyncio.run(work())
    return folder / "tocsin.db"


@pytest.fixture
async def site(filled: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """The application on a copy of it."""
    shutil.copy(filled, tmp_path)
    clock = FakeClock(START)
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:
        made = Site(store, clock, tmp_path)
        await made.start()
        yield made
        await made.stop()


def stand(tx: Tx, place: Standing, rows: Mapping[int, Mapping[str, Any]]) -> None:
    """Have incidents stand at *place*, and be as *rows* say apart from that."""
    closed = place.status is Status.CLOSED
    values = {
        "step": place.step,
        "stage": place.stage,
        "status": place.status,
        "outcome": place.outcome,
        "closed_at": START if closed else None,
        "merged_into": TARGET if place.outcome is Outcome.MERGED else None,
    }
    for number, row in rows.items():
        tx.connection.execute(update(incident).where(incident.c.number == number).values({**row, **values}))


@pytest.mark.parametrize("place", legal_standings(), ids=str)
async def test_the_tables_decide(site: Site, place: Standing) -> None:
    """Each act and move is tried at *place* by each role that may, alone, and by one person who has all the others:
    what none of them gives, none gives alone. What is refused changes nothing.
    """
    found = await site.store.read(lambda c: c.execute(select(incident)).mappings().all())
    rows = {row["number"]: dict(row) for row in found}
    await site.store.write(lambda tx: stand(tx, place, {n: rows[n] for n in rows if n != TARGET}))
    wrong: list[str] = []

    async def attempt(name: str, number: int, roles: Collection[Role]) -> int | None:
        """The number again, if something was done."""
        rest = PLACES.get(name) or f"{'acts' if name in ACTS else 'moves'}/{name}"
        body = BODIES.get(name, {} if name == "acknowledge" else NOTE)
        path, who, version = f"/api/v1/incidents/{number}/{rest}", person_with(roles), rows[number]["version"]
        status, told = await site.ask("POST", path, token=who, version=version, json=body)
        code = told["code"] if status >= 400 else ""
        if code in OUR_FAULT or (number == REFUSED) is not (code in BY_THE_TABLES):
            wrong.append(f"{name} by {who}: {status} {code}")
        stood = acted_upon(place, name)
        if status >= 400 and (listed := [one for one in told["allowed"] if refused(stood, one) >= set(roles)]):
            wrong.append(f"{name} by {who} is told: you may {listed}")
        return number if status < 400 else None

    for name in NAMES:
        others = refused(place, name)
        tries = [attempt(name, OF_ROLE[role], {role}) for role in ROLES if role not in others]
        done = await asyncio.gather(*tries, *([attempt(name, REFUSED, others)] if others else []))
        if again := {number: rows[number] for number in done if number is not None}:
            await site.store.write(lambda tx, again=again: stand(tx, place, again))  # type: ignore[misc]
    assert wrong == []


def test_everything_that_the_tables_name_is_offered() -> None:
    """No move is without a name at the API, and no act is without a route."""
    by_hand = {name_of(move) for move in MOVES.values() if move.who}
    assert by_hand | {"settle", "confirm"} == set(offered.MOVES)
    assert set(ACTS) - ELSEWHERE == set(offered.ACTS) | set(PLACES)
