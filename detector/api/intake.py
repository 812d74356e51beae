"""What is handed in: verified on the raw body, kept, and answered after the commit that keeps it."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api import wire
from detector.api.identity import require_known
from detector.api.keys import CLOCK, DOORS, STORE
from detector.api.problem import Problem, from_error
from detector.api.writing import IDEMPOTENCY_KEY, LONGEST_KEY, answered
from detector.intake import sns
from detector.intake.desk import DESK
from detector.intake.proof import NotVerified
from detector.intake.settings import Intake, Proof
from detector.intake.verify import may_be_heard, verify
from notifier.untrusted import neutralise
from rules.intake.alert import NotAccepted, told_in
from rules.intake.parcels import KINDS, Understood, reference_of, understand
from store.repository.intake import alerts as standing
from store.repository.intake import inbox
from store.repository.intake.inbox import Parcel

log = structlog.get_logger()
routes = web.RouteTableDef()
#: What is longer is read in a thread: the loop goes on with others meanwhile.
AT_ONCE: Final = 32 * 1024
LONGEST_WORD: Final = 40
MOST_WORDS: Final = 10
CONFIRM: Final = "a subscription waits to be confirmed: open the address, with https for hxxps, if you asked for it"


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
    observer = request.app[DOORS].observer
    try:
        intake, response = await _taken_in(request, intakes)
    except Exception as error:
        problem = from_error(error)
        observer.handed_in(intakes[-1].name, problem.status if problem else 500)
        if problem is None or request.content.is_eof():
            raise
        response = problem.response()
        response.force_close()  # what is still to come of the body is nobody's next request
        return response
    observer.handed_in(intake.name, response.status)
    return response


async def _taken_in(request: web.Request, intakes: Sequence[Intake]) -> tuple[Intake, web.Response]:
    heard = _heard(request, intakes)
    async with request.app[DOORS].bodies.taken(request) as body:
        intake, signed = _verified(request, heard, body)
        return intake, await _keep(request, intake, body, signed or _idempotency_key(request))


async def _keep(request: web.Request, intake: Intake, body: bytes, key: str | None) -> web.Response:
    understood = await _understood(intake, body, request)
    told = told_in(understood.lines) if KINDS[intake.kind].format else ()
    number = await request.app[STORE].write(
        lambda tx: standing.take_in(tx, intake.name, intake.kind, body, told, key=key)
    )
    request.app[DOORS].wake(intake.name)
    if understood.unknown:
        _tell_unknown(request, intake, understood)
    if intake.proof is Proof.SNS and (address := sns.waits_for(body)):
        log.warning(CONFIRM, intake=intake.name, address=address, parcel=reference_of(number))
    return _answer(request, intake, number)


def _heard(request: web.Request, intakes: Sequence[Intake]) -> Sequence[Intake]:
    """Those of *intakes* that the headers may open. Who has no key makes us read nothing."""
    address, heard, refused = address_of(request), [], ""
    for intake in intakes:
        try:
            may_be_heard(intake, request.headers, address)
            heard.append(intake)
        except NotVerified as error:
            refused = str(error)
    if not heard:
        raise _refusal(request, intakes, refused)
    return heard


def _verified(request: web.Request, intakes: Sequence[Intake], body: bytes) -> tuple[Intake, str | None]:
    """The intake whose proof holds, and the id that the sender signed."""
    address, now = address_of(request), request.app[CLOCK].now()
    refused = ""
    for intake in intakes:
        try:
            return intake, verify(intake, request.headers, body, address, now)
        except NotVerified as error:
            refused = str(error)
    raise _refusal(request, intakes, refused)


def _refusal(request: web.Request, intakes: Sequence[Intake], reason: str) -> Problem:
    """The reason is for the log alone."""
    name = intakes[-1].name
    log.warning("what was handed in is refused", intake=name, address=address_of(request), reason=reason)
    return Problem(401, "not_verified", "this sender may not hand in here")


async def _understood(intake: Intake, body: bytes, request: web.Request) -> Understood:
    """Refuse at once what can never be read; later nobody would be there to hear of it."""
    now = request.app[CLOCK].now()
    try:
        if len(body) <= AT_ONCE:
            return understand(intake.kind, body, now, mapped=intake.mapping)
        return await asyncio.to_thread(understand, intake.kind, body, now, mapped=intake.mapping)
    except NotAccepted as error:
        raise Problem(400, "not_accepted", str(error), missing=error.missing) from None


def _tell_unknown(request: web.Request, intake: Intake, understood: Understood) -> None:
    request.app[DOORS].observer.unknown_severity(intake.name, len(understood.unknown))
    words = sorted({neutralise(word[:LONGEST_WORD]) for word in understood.unknown})[:MOST_WORDS]
    log.warning("severities that nobody knows count as medium", intake=intake.name, words=words)


def _idempotency_key(request: web.Request) -> str | None:
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise Problem(
            422, "invalid_idempotency_key", f"an {IDEMPOTENCY_KEY} is 1 to {LONGEST_KEY} printable ASCII characters"
        )
    return key


def address_of(request: web.Request) -> str:
    """Where the sender stands; never what a header claims."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return str(peer[0]) if isinstance(peer, tuple) else ""


def _answer(request: web.Request, intake: Intake, number: int) -> web.Response:
    """As the sender's protocol has it: 200 for Prometheus and Alertmanager, 202 and where it can be followed else."""
    if intake.kind in ("alertmanager", "prometheus"):
        return web.Response(status=200)
    names = {"reference": reference_of(number)}
    if intake.kind == "feedback":
        names["public_reference"] = request.app[DESK].reference(number)
    told = answered(names, status=202)
    headers = dict(told.headers) | {hdrs.LOCATION: f"/api/v1/inbox/{number}"}
    return web.Response(status=told.status, body=told.body, headers=headers)
