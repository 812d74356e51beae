"""What is handed in: verified on the raw body, kept, and answered after the commit that keeps it."""

from collections.abc import Sequence

import structlog
from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api import wire
from detector.api.identity import require_known
from detector.api.keys import CLOCK, DOORS, STORE
from detector.api.problem import Problem
from detector.api.writing import IDEMPOTENCY_KEY, LONGEST_KEY, answered
from detector.intake.settings import Intake
from detector.intake.verify import NotVerified, verify
from rules.intake.alert import NotAccepted
from rules.intake.parcels import lines_of, reference_of
from store.repository import inbox
from store.repository.inbox import Parcel

log = structlog.get_logger()
routes = web.RouteTableDef()


@routes.post("/hooks/{name}")
async def hook(request: web.Request) -> web.Response:
    """Hand in at the intake of that name."""
    found = request.app[DOORS].by_name(request.match_info["name"])
    return await _take_in(request, [found] if found else [])


@routes.post("/api/v1/alerts")
async def alerts(request: web.Request) -> web.Response:
    """Alerts in Tocsin's own form."""
    return await _take_in(request, request.app[DOORS].of_kind("alerts"))


@routes.post("/api/v2/alerts")
async def prometheus(request: web.Request) -> web.Response:
    """What a Prometheus sends to an Alertmanager."""
    return await _take_in(request, request.app[DOORS].of_kind("prometheus"))


@routes.post("/api/v1/feedback")
async def feedback(request: web.Request) -> web.Response:
    """What people report."""
    return await _take_in(request, request.app[DOORS].of_kind("feedback"))


@routes.post("/api/v1/logs")
async def logs(request: web.Request) -> web.Response:
    """Lines of another host's log."""
    return await _take_in(request, request.app[DOORS].of_kind("logs"))


@routes.get("/api/v1/inbox/{number}")
async def show(request: web.Request) -> web.Response:
    """What became of something that was handed in."""
    require_known(request)
    number = wire.number_of(request)

    def look(connection: Connection) -> tuple[Parcel | None, int]:
        found = inbox.get(connection, number)
        return found, inbox.read_up_to(connection, found.source) if found else 0

    parcel, read = await request.app[STORE].read(look)
    if parcel is None:
        raise Problem(404, "not_found", f"there is no {reference_of(number)}; what was read is kept for some days only")
    told = {"reference": reference_of(number), "intake": parcel.source, "kind": parcel.kind}
    return wire.answer(told | {"received_at": parcel.received_at, "read": read >= number})


async def _take_in(request: web.Request, intakes: Sequence[Intake]) -> web.Response:
    """Keep the body for the first of *intakes* at which the sender may hand in."""
    if not intakes:
        raise Problem(404, "not_found", "no [[intake]] of the configuration takes anything in here")
    body = await request.read()
    intake, signed = _verified(request, intakes, body)
    _readable(intake, body, request)
    key = signed or _idempotency_key(request)
    number = await request.app[STORE].write(lambda tx: inbox.put(tx, intake.name, intake.kind, body, key=key))
    request.app[DOORS].wake(intake.name)
    return _answer(intake, number)


def _verified(request: web.Request, intakes: Sequence[Intake], body: bytes) -> tuple[Intake, str | None]:
    """The intake whose proof holds, and the id that the sender signed."""
    address, now = _address(request), request.app[CLOCK].now()
    refused = ""
    for intake in intakes:
        try:
            return intake, verify(intake, request.headers, body, address, now)
        except NotVerified as error:
            refused = str(error)
    log.warning("what was handed in is refused", intake=intakes[-1].name, address=address, reason=refused)
    raise Problem(401, "not_verified", "this sender may not hand in here")


def _readable(intake: Intake, body: bytes, request: web.Request) -> None:
    """Refuse at once what can never be read; later nobody would be there to hear of it."""
    try:
        lines_of(intake.kind, body, request.app[CLOCK].now())
    except NotAccepted as error:
        raise Problem(400, "not_accepted", str(error), missing=error.missing) from None


def _idempotency_key(request: web.Request) -> str | None:
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise Problem(
            422, "invalid_idempotency_key", f"an {IDEMPOTENCY_KEY} is 1 to {LONGEST_KEY} printable ASCII characters"
        )
    return key


def _address(request: web.Request) -> str:
    """Where the sender stands; never what a header claims."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return str(peer[0]) if isinstance(peer, tuple) else ""


def _answer(intake: Intake, number: int) -> web.Response:
    """As the sender's protocol has it: 200 for Prometheus and Alertmanager, 202 and where it can be followed else."""
    if intake.kind in ("alertmanager", "prometheus"):
        return web.Response(status=200)
    told = answered({"reference": reference_of(number)}, status=202)
    headers = dict(told.headers) | {hdrs.LOCATION: f"/api/v1/inbox/{number}"}
    return web.Response(status=told.status, body=told.body, headers=headers)
