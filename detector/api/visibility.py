"""One door for everything that is about one record: who may not see it is told its number and step, and no more."""

from aiohttp import web
from sqlalchemy import Connection

from detector.api import wire
from detector.api.identity import CALLER, SAFE_METHODS, require_known
from detector.api.keys import SITE, STORE
from detector.api.problem import Handler, Problem, route_of
from store.errors import NotFound
from store.incident import Actor, Incident
from store.repository.record import conflicts, records
from store.repository.steps import visibility
from store.site import Site
from store.tx import Tx

routes = web.RouteTableDef()
READINGS_SHOWN = 200


@web.middleware
async def limit_sight(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Before any route that names a record: whether this caller sees it. That they read it is noted."""
    caller = request[CALLER]
    if "number" in request.match_info and caller.actor is not None:
        number = wire.number_of(request)
        reads = request.method in SAFE_METHODS
        await admit(request, number, caller.person.id if caller.person else None, via=caller.via, reads=reads)
    return await handler(request)


async def admit(request: web.Request, number: int, person: str | None, *, via: str, reads: bool = True) -> None:
    """Raise unless *person* sees the record, and note that they read it if not everybody may.

    Raises:
        Problem: 403 ``restricted``, with number and step.
    """
    site = request.app.get(SITE)

    def look(connection: Connection) -> tuple[Incident, bool] | None:
        try:
            record = records.load(connection, number)
        except NotFound:
            return None  # the route says so
        if site is None or not visibility.is_limited(record):
            return None
        return record, visibility.sees(connection, record, person, site())

    limited = await request.app[STORE].read(look)
    if limited is None:
        return
    record, sees = limited
    if via == "link":
        raise Problem(
            403, "sign_in_required", f"{record.name} is shown to nobody by a link alone: sign in, then open its page"
        )
    if not sees or person is None:
        raise refusal(record)
    if reads:
        route = f"{request.method} {route_of(request)}"
        await request.app[STORE].write(lambda tx: visibility.read(tx, number, person, via=via, route=route))


def check_sees(tx: Tx, number: int, actor: Actor, site: Site) -> None:
    """Raise unless *actor* sees a record that is named elsewhere than in the route.

    Raises:
        NotFound: There is no such record.
        Problem: 403 ``restricted``, with number and step.
    """
    record = records.load(tx.connection, number)
    if not visibility.sees(tx.connection, record, actor.id, site):
        raise refusal(record)


def refusal(record: Incident) -> Problem:
    """What somebody is told who takes no part in it."""
    label = str(record.tlp) if not record.restricted else "restricted"
    return Problem(
        403,
        "restricted",
        f"{record.name} stands at {record.step} and is {label}: those who take part in it see it, as a person; "
        "ask to be asked or handed it",
        more={"number": record.number, "step": record.step, "stage": record.stage, "status": record.status},
    )


@routes.get("/api/v1/incidents/{number}/readings")
async def list_readings(request: web.Request) -> web.Response:
    """Who read a record that not everybody may see, newest first."""
    require_known(request)
    number = wire.number_of(request)
    limit = wire.whole(request, "limit", READINGS_SHOWN, READINGS_SHOWN)

    def look(connection: Connection) -> list[dict[str, object]]:
        records.load(connection, number)
        return visibility.readings(connection, number, limit)

    return wire.answer({"items": await request.app[STORE].read(look)})


@routes.get("/api/v1/incidents/{number}/participants")
async def list_participants(request: web.Request) -> web.Response:
    """Who takes part in a record, and why; who is involved in it does not."""
    require_known(request)
    number, site = wire.number_of(request), request.app[SITE]()

    def look(connection: Connection) -> dict[str, object]:
        found = visibility.participants(connection, records.load(connection, number), site)
        taking_part = [{"person": person, "because": because} for person, because in sorted(found.items())]
        return {"items": taking_part, "involved": sorted(conflicts.involved(connection, number))}

    return wire.answer(await request.app[STORE].read(look))
