"""Incidents over the API: list, look at one, acknowledge."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api import wire, writing
from detector.api.identity import CALLER, require_known, require_person
from detector.api.keys import CLOCK, ROUTING, SITE, STORE, WAKE_NOTIFIER
from detector.api.problem import Problem
from notifier import planning
from rules.event import Decision, Severity
from store.incident import Actor, ActorKind, Incident, Outcome, Status, Step, Track
from store.repository.incident import incidents
from store.repository.record import conflicts, evidence, timeline
from store.repository.steps import visibility
from store.repository.telling import outbox

routes = web.RouteTableDef()

Word = TypeVar("Word", bound=StrEnum)
ACKNOWLEDGED = {None: None, "true": True, "false": False}
FILTERS = frozenset(
    {"status", "severity", "decision", "acknowledged", "rule", "limit", "after"}
    | {"step", "track", "outcome", "owner", "mine", "text"}
)
LONGEST_TEXT = 200


def filter_of(request: web.Request) -> incidents.Filter:
    """The filter in the query; the list page and the API share it.

    Raises:
        Problem: 422, naming every parameter that is wrong.
    """
    wrong = [name for name in request.query if name not in FILTERS]
    query = request.query
    acknowledged = ACKNOWLEDGED.get(query.get("acknowledged"))
    if query.get("acknowledged") not in ACKNOWLEDGED:
        wrong.append("acknowledged")
    chosen = incidents.Filter(
        status=_word(query, "status", Status, wrong),
        severity=_word(query, "severity", Severity, wrong),
        decision=_word(query, "decision", Decision, wrong),
        acknowledged=acknowledged,
        rule_id=query.get("rule") or None,
        step=_word(query, "step", Step, wrong),
        track=_word(query, "track", Track, wrong),
        outcome=_word(query, "outcome", Outcome, wrong),
        owner=_owner(request, wrong),
        text=query.get("text", ""),
    )
    if len(chosen.text) > LONGEST_TEXT:
        wrong.append("text")
    if wrong:
        raise Problem(
            422, "invalid_query", f"unknown or wrong: {', '.join(wrong)}", missing=wrong, allowed=sorted(FILTERS)
        )
    return chosen


def _owner(request: web.Request, wrong: list[str]) -> str | None:
    """Whose incidents are wanted: somebody's, or one's own with ``mine=true``, which needs somebody who is known."""
    person, owner = request[CALLER].person, request.query.get("owner") or None
    mine = request.query.get("mine", "false")
    if mine == "false":
        return owner
    if mine != "true" or person is None or owner not in (None, person.id):
        wrong.append("mine")
        return owner
    return person.id


def _word(query: Mapping[str, str], name: str, words: type[Word], wrong: list[str]) -> Word | None:
    """One of *words* from the query; a wrong one is added to *wrong*."""
    try:
        return words(query[name]) if name in query else None
    except ValueError:
        wrong.append(name)
        return None


@routes.get("/api/v1/incidents")
async def list_incidents(request: web.Request) -> web.Response:
    """A page of incidents, newest first; ``Link: rel=next`` leads to the next one."""
    require_known(request)
    wanted = filter_of(request)
    limit = wire.whole(request, "limit", 50, wire.LARGEST_PAGE)
    after = wire.whole(request, "after", 1, 10**12) if "after" in request.query else None
    person, site = request[CALLER].person, request.app[SITE]()

    def look(connection: Connection) -> tuple[list[Incident], frozenset[int]]:
        place, shown = after, list[Incident]()
        while True:
            found = incidents.list_of(connection, wanted, after=place, limit=limit + 1)
            numbers = [one.number for one in found]
            hidden = visibility.hidden(connection, numbers, person.id if person else None, site)
            if wanted == incidents.Filter(status=wanted.status):
                return found, hidden
            # What is hidden must not tell by which filter it is found, not by where the next page begins either.
            shown += [one for one in found if one.number not in hidden]
            if len(found) <= limit or len(shown) > limit:
                return shown, frozenset()
            place = found[-1].number

    found, hidden = await request.app[STORE].read(look)
    page = found[:limit]
    items = [wire.hidden(one) if one.number in hidden else wire.incident(one) for one in page]
    headers: dict[str, str] = {}
    if len(found) > limit:
        query = dict(request.query) | {"limit": str(limit), "after": str(page[-1].number)}
        headers[hdrs.LINK] = f'</api/v1/incidents?{urlencode(query)}>; rel="next"'
    return wire.answer({"items": items}, headers=headers)


@routes.get("/api/v1/incidents/{number}")
async def show_incident(request: web.Request) -> web.Response:
    """One incident with everything that is known of it."""
    require_known(request)
    number, person = wire.number_of(request), request[CALLER].person
    now, routing = request.app[CLOCK].now(), request.app[ROUTING]()

    def look(connection: Connection) -> tuple[dict[str, object], int]:
        view = incidents.get(connection, number)
        record = view.incident
        return wire.incident_in_full(
            record,
            entities=view.entities,
            tallies=view.tallies,
            owed=view.owed,
            evidence=evidence.of(connection, number),
            timeline=timeline.of(connection, number),
            deliveries=outbox.of_incident(connection, number),
            allowed=conflicts.allowed(connection, record, person.id, person.roles) if person else (),
        ) | {"told_next": planning.coming(connection, number, routing, now)}, record.version

    body, version = await request.app[STORE].read(look)
    return wire.answer(body, headers={hdrs.ETAG: wire.etag(version)})


@routes.post("/api/v1/incidents/{number}/acknowledge")
async def acknowledge(request: web.Request) -> web.Response:
    """Say "I have it" as a person; a second one is told who took it and when."""
    number, person = wire.number_of(request), require_person(request)
    body = await wire.body_of(request, wire.AcknowledgeBody)
    actor, via = Actor(kind=ActorKind.PERSON, id=person.id), request[CALLER].via
    response = await writing.write(
        request,
        lambda tx: incidents.acknowledge(tx, number, actor, via=via, note=body.note),
        lambda done: writing.answered({"first": done.first, "by": done.by, "at": done.at}),
    )
    request.app[WAKE_NOTIFIER]()
    return response
