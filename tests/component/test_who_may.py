"""Every route against everybody who may call: one table says who is let in. A route without a line fails."""

import shutil
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.routes import routes
from support.site import ANA, Site
from support.store import finding, open_store, sqlite_url

from detector.api.identity import LINK_ROUTES
from detector.intake.settings import Intake, Proof
from store.people import Person, Role
from store.repository.grouping import findings
from store.repository.people import persons
from store.tx import Tx

#: Who is let in. What somebody may do inside by their roles is the table of the process, see test_process.py.
#:
#: ====== ============================================================================================================
#: open   everybody: what it does is guarded by something else (a link's token, a code, a password), or by nothing
#: known  whoever is signed in, the account of the machine too
#: person whoever is signed in as a person
#: page   as known; who is not is led to the sign-in
#: mine   as person; who is not signed in is led there
#: admin  the account of the machine, and persons with the role admin
#: sender who has the secret of an intake
#: …:x,y  as the word before says, and of the persons those who have the role x or y
#: ====== ============================================================================================================
WHO = """
GET / page
POST /-/reload admin
GET /api/openapi.json open
GET /a/{token} open
POST /a/{token} open
GET /api/v1/actions known
POST /api/v1/alerts sender
GET /api/v1/approvals known
POST /api/v1/approvals person
GET /api/v1/calendar.ics known
GET /api/v1/contacts known
POST /api/v1/contacts admin
DELETE /api/v1/contacts/{id} admin
GET /api/v1/coverage known
GET /api/v1/coverage/at known
GET /api/v1/deliveries known
POST /api/v1/deliveries/{delivery}/resend admin
GET /api/v1/exceptions known
POST /api/v1/exceptions person:responder
GET /api/v1/exceptions/{exception} known
POST /api/v1/exceptions/{exception}/settle person
POST /api/v1/exceptions/{exception}/withdraw person
GET /api/v1/export known
GET /api/v1/export.csv known
GET /api/v1/feedback known
POST /api/v1/feedback sender
GET /api/v1/feedback/{report} person:responder,reporter,investigator
GET /api/v1/improvements known
GET /api/v1/inbox/{number} known
GET /api/v1/incidents known
POST /api/v1/incidents person
GET /api/v1/incidents/{number} known
POST /api/v1/incidents/{number}/acknowledge person:responder
GET /api/v1/incidents/{number}/actions known
POST /api/v1/incidents/{number}/actions person
POST /api/v1/incidents/{number}/actions/none person
GET /api/v1/incidents/{number}/actions/{action} known
PUT /api/v1/incidents/{number}/actions/{action} person
POST /api/v1/incidents/{number}/actions/{action}/{turn} person
POST /api/v1/incidents/{number}/acts/except person
POST /api/v1/incidents/{number}/acts/{act} person
GET /api/v1/incidents/{number}/approval known
GET /api/v1/incidents/{number}/clocks known
GET /api/v1/incidents/{number}/export known
GET /api/v1/incidents/{number}/findings known
GET /api/v1/incidents/{number}/forms known
GET /api/v1/incidents/{number}/forms/{form} known
PUT /api/v1/incidents/{number}/forms/{form} person
GET /api/v1/incidents/{number}/improvements known
POST /api/v1/incidents/{number}/moves/{move} person
GET /api/v1/incidents/{number}/participants known
GET /api/v1/incidents/{number}/readings known
GET /api/v1/incidents/{number}/requests known
POST /api/v1/incidents/{number}/requests person
GET /api/v1/incidents/{number}/requests/{request} known
POST /api/v1/incidents/{number}/requests/{request}/answer person
POST /api/v1/incidents/{number}/requests/{request}/withdraw person
GET /api/v1/incidents/{number}/told/{person} known
GET /api/v1/incidents/{number}/watches known
POST /api/v1/logs sender
POST /api/v1/receivers/test admin
GET /api/v1/rules known
GET /api/v1/rules/{id}/progress admin
GET /api/v1/sessions person
DELETE /api/v1/sessions/{id} person
POST /api/v1/sign-in open
POST /api/v1/sign-in-links admin
POST /api/v1/sign-in/fresh person
GET /api/v1/sign-ins known
GET /api/v1/silences known
POST /api/v1/silences person
GET /api/v1/silences/{silence} known
POST /api/v1/silences/{silence}/end person
POST /api/v1/silences/{silence}/extend person
POST /api/v1/silences/{silence}/settle person
GET /api/v1/statistics known
GET /api/v1/status known
GET /api/v1/tokens admin
POST /api/v1/tokens admin
DELETE /api/v1/tokens/{id} admin
GET /api/v1/trainings known
GET /api/v1/users known
POST /api/v1/users admin
DELETE /api/v1/users/{id} admin
DELETE /api/v1/users/{id}/password admin
POST /api/v1/users/{id}/password known
GET /api/v1/waivers known
GET /api/v2/alerts known
POST /api/v2/alerts sender
GET /api/v2/alerts/groups known
GET /api/v2/receivers known
DELETE /api/v2/silence/{silence} person
GET /api/v2/silence/{silence} person
GET /api/v2/silences person
POST /api/v2/silences person
GET /api/v2/status known
GET /approvals page
POST /approvals person
GET /feedback open
POST /feedback open
GET /feedback/waiting page
GET /feedback/{reference} open
GET /healthz open
POST /hooks/{name} sender
GET /i/{number} page
POST /i/{number}/acknowledge person:responder
GET /i/{number}/actions page
POST /i/{number}/actions person
POST /i/{number}/actions/none person
GET /i/{number}/actions/{action} page
POST /i/{number}/actions/{action} person
POST /i/{number}/acts/{act} person
GET /i/{number}/approval page
POST /i/{number}/approval/{name} person
GET /i/{number}/clocks page
POST /i/{number}/clocks/timer person
GET /i/{number}/do/{name} mine
POST /i/{number}/do/{name} person
GET /i/{number}/follow_up page
POST /i/{number}/follow_up/{name} person
GET /i/{number}/forms/{form} page
POST /i/{number}/forms/{form} person
GET /i/{number}/light page
POST /i/{number}/light person
GET /i/{number}/requests page
POST /i/{number}/requests person
POST /i/{number}/requests/{request}/answer person
POST /i/{number}/requests/{request}/withdraw person
GET /in open
POST /in open
GET /in/{code} open
POST /in/{code} open
GET /me mine
POST /me/password person
POST /me/sessions/end person
POST /me/sessions/{id}/end person
GET /metrics open
GET /new person
POST /new person
POST /out open
GET /readyz open
GET /rules known
GET /silences page
POST /silences person
POST /silences/{silence}/{act} person
GET /sources known
"""
TABLE: Mapping[str, str] = {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in WHO.strip().splitlines()}
#: What stands in a path, where the route says no more.
VALUES = {"number": "1", "id": "9", "form": "report", "name": "note", "act": "note", "move": "decide", "turn": "done"}
VALUES |= dict.fromkeys(("action", "request", "exception", "silence", "delivery", "report"), "1")
VALUES |= {"code": "x", "person": "ana", "reference": "x"}
SECRET = "s" * 32
#: Refusals of who calls; any other answer is that of whoever was let in.
REFUSED = {
    "not_signed_in": "401",
    "bad_token": "401",
    "not_verified": "401",
    "person_required": "403",
    "admin_required": "403",
    "role_required": "403",
}


def wanted(access: str, caller: str, route: str) -> str:
    """What *caller* is answered by a route of that *access*: in, 401, 403, or led to the sign-in."""
    if caller == "intake":
        return "in" if access == "sender" else "401"
    if access == "sender":
        return "401"
    access, _, roles = access.partition(":")
    if roles and caller in set(Role) - set(roles.split(",")):
        return "403"
    if caller == "source":
        return "403"
    if access == "open" or (caller == "link" and route in LINK_ROUTES):
        return "in"
    if caller in ("nobody", "link"):
        return "sign in" if access in ("page", "mine") else "401"
    if access == "admin":
        return "in" if caller in ("socket", "admin") else "403"
    return "403" if caller == "socket" and access in ("person", "mine") else "in"


def code_of(told: Any) -> str:
    """The word for programs; in Alertmanager's API it leads a text."""
    return str(told.get("code", "")) if isinstance(told, dict) else str(told).partition(":")[0]


def test_every_route_has_a_line() -> None:
    """And no line is about a route that is gone."""
    assert {f"{method} {path}" for method, path in routes()} == set(TABLE)


@pytest.fixture
async def site(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """One person of each role, one incident, one intake of each kind."""
    clock = FakeClock(START)
    shutil.copy(sqlite_template, tmp_path)
    everybody = [ANA, *(Person(id=role.value, name=role.value, roles=frozenset({role})) for role in Role)]
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, everybody)
            findings.take(tx, finding())

        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        made.intakes |= {
            kind: Intake(name=kind, kind=kind, proof=Proof.BEARER, secret=SECRET)
            for kind in ("alerts", "prometheus", "feedback", "logs")
        }
        await made.start()
        yield made
        await made.stop()


@pytest.mark.parametrize("caller", ["nobody", "socket", "link", "intake", "viewer", "source"])
async def test_who_is_let_in(site: Site, caller: str) -> None:
    """Each route answers this caller as its line says; none fails."""
    found = await walk(site, caller, TABLE)
    assert found == {route: wanted(access, caller, route) for route, access in TABLE.items()}


async def test_which_roles_are_let_in(site: Site) -> None:
    """The other roles where a role makes a difference; anywhere else they are let in as the viewer is, above."""
    some = {route: who for route, who in TABLE.items() if who == "admin" or ":" in who}
    for role in set(Role) - {Role.VIEWER, Role.SOURCE}:
        found = await walk(site, role, some)
        assert found == {route: wanted(access, role, route) for route, access in some.items()}, role


async def walk(site: Site, caller: str, table: Mapping[str, str]) -> dict[str, str]:
    """What *caller* is answered by each route."""
    headers = {"Accept": "application/json"}
    http = aiohttp.ClientSession(site.server.url, cookie_jar=aiohttp.DummyCookieJar())
    if caller == "socket":
        await http.close()
        http = aiohttp.ClientSession("http://tocsin", connector=aiohttp.UnixConnector(str(site.door)))
    elif caller == "link":
        await http.close()
        http = site.browser
        await http.post(site.link())
    elif caller == "intake":
        headers["Authorization"] = f"Bearer {SECRET}"
    elif caller != "nobody":
        headers["Authorization"] = f"Bearer {await site.token_of(caller)}"
    values = VALUES | {"token": site.link().rpartition("/")[2]}
    found = {}
    for route in sorted(table, key=lambda one: one == "POST /out"):  # which ends the session
        method, _, pattern = route.partition(" ")
        named = {"name": "alerts"} if pattern.startswith("/hooks") else {}
        path = pattern.format_map(values | named)
        body = None if method == "GET" else b'{"receiver": "x"}' if pattern.endswith("/receivers/test") else b"{}"
        async with http.request(method, path, headers=headers, data=body, allow_redirects=False) as answer:
            assert answer.status != HTTPStatus.INTERNAL_SERVER_ERROR, route
            is_told = answer.status >= HTTPStatus.BAD_REQUEST and "json" in answer.content_type
            code = code_of(await answer.json()) if is_told else ""
            led = answer.status == HTTPStatus.SEE_OTHER and answer.headers["Location"] == "/in" and pattern != "/out"
            found[route] = "sign in" if led else REFUSED.get(code, "in")
    if http is not site.browser:
        await http.close()
    return found
