"""Reports of people for those who look into them: with how to reach who reported, which no line and no evidence has."""

from datetime import datetime
from typing import Any

import msgspec
import structlog
from aiohttp import web
from sqlalchemy import Connection

from detector.api import wire
from detector.api.identity import CALLER, require_known, require_person
from detector.api.keys import CLOCK, SITE, STORE
from detector.api.problem import Problem, route_of
from detector.api.visibility import refusal
from rules.intake.feedback import Feedback
from rules.intake.parcels import reference_of
from store.incident import Incident
from store.people import Person, Role
from store.reports import Waiting, in_order, state_of
from store.repository.intake import inbox, reports
from store.repository.intake.inbox import Parcel
from store.repository.steps import visibility

log = structlog.get_logger()
routes = web.RouteTableDef()
#: Who looks into reports.
READERS = frozenset({Role.RESPONDER, Role.REPORTER, Role.INVESTIGATOR})


@routes.get("/api/v1/feedback")
async def list_waiting(request: web.Request) -> web.Response:
    """What people reported and nobody has read, the first that is due first; less what the caller may not see."""
    require_known(request)
    now = request.app[CLOCK].now()
    return wire.answer({"items": [_waiting(one, now) for one in await waiting_of(request)]})


async def waiting_of(request: web.Request) -> list[Waiting]:
    """What waits, as far as the caller sees it."""
    site, person = request.app[SITE](), request[CALLER].person

    def look(connection: Connection) -> list[Waiting]:
        found = reports.waiting(connection)
        hidden = visibility.hidden(connection, [one.number for one in found], person.id if person else None, site)
        return in_order((one for one in found if one.number not in hidden), site.deadlines)

    return await request.app[STORE].read(look)


def _waiting(one: Waiting, now: datetime) -> dict[str, Any]:
    record = one.record
    return {
        "number": record.number,
        "title": record.title,
        "severity": record.severity,
        "topic": one.topic,
        "events": record.events,
        "opened_at": record.opened_at,
        "due_at": one.due_at,
        "overdue": one.is_overdue(now),
    }


@routes.get("/api/v1/feedback/{report}")  # not {number}: that is an incident's everywhere
async def show(request: web.Request) -> web.Response:
    """A report as it was handed in, as long as it is kept raw."""
    person, number, site = _reader(request), wire.whole_in_path(request, "report"), request.app[SITE]()

    def look(connection: Connection) -> tuple[Parcel | None, Incident | None, bool]:
        found, record = inbox.get(connection, number), reports.holding(connection, reference_of(number))
        return found, record, record is None or visibility.sees(connection, record, person.id, site)

    parcel, record, sees = await request.app[STORE].read(look)
    if parcel is None or parcel.kind != "feedback":
        raise Problem(404, "not_found", f"there is no report {reference_of(number)}, or it is kept raw no more")
    if record is not None and not sees:
        raise refusal(record)
    if record is not None and visibility.is_limited(record):
        route, held = f"{request.method} {route_of(request)}", record.number
        await request.app[STORE].write(lambda tx: visibility.read(tx, held, person.id, via="api", route=route))
    log.info("a report was read with how to reach its reporter", reference=reference_of(number), person=person.id)
    report = msgspec.json.decode(parcel.body, type=Feedback)
    told = msgspec.structs.asdict(report) | {"reference": reference_of(number), "received_at": parcel.received_at}
    return wire.answer(told | {"incident": record.number if record else None, "state": state_of(record)})


def _reader(request: web.Request) -> Person:
    person = require_person(request)
    if READERS.isdisjoint(person.roles):
        raise Problem(403, "role_required", "those who look into reports may: responder, reporter or investigator")
    return person
