"""Who is told: why somebody was or was not, what did not arrive, and whether receivers can be told."""

from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta
from sqlalchemy import Connection

from detector.api import wire, writing
from detector.api.identity import require_admin, require_known
from detector.api.keys import CLOCK, ROUTING, STORE, TRY_RECEIVERS, WAKE_NOTIFIER
from detector.api.problem import Problem
from notifier import planning, why
from notifier.sender import Sent
from store.notice import Delivery
from store.repository.people import persons
from store.repository.telling import lost, outbox

routes = web.RouteTableDef()
MOST_SHOWN = 200


class TestBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``receivers/test``."""

    receiver: Annotated[str, Meta(max_length=200)] = ""  #: name; "": each of them


@routes.get("/api/v1/incidents/{number}/told/{person}")
async def why_told(request: web.Request) -> web.Response:
    """Each notice about an incident: what a person was told of it, or why they were not."""
    require_known(request)
    number, person, routing = wire.number_of(request), request.match_info["person"], request.app[ROUTING]()

    def look(connection: Connection) -> list[why.Reason]:
        if persons.get(connection, person) is None:
            raise Problem(404, "not_found", f"there is no person {person}")
        notices, deliveries = outbox.notices_of(connection, number), outbox.of_incident(connection, number)
        return why.explain(notices, deliveries, person, planning.about(connection, number), routing)

    return wire.answer({"items": await request.app[STORE].read(look)})


@routes.get("/api/v1/deliveries")
async def list_lost(request: web.Request) -> web.Response:
    """Messages that did not arrive and are not tried any more, newest first."""
    require_known(request)
    now, limit = request.app[CLOCK].now(), wire.whole(request, "limit", MOST_SHOWN, MOST_SHOWN)
    found = await request.app[STORE].read(lambda c: lost.lost(c, now, limit=limit))
    return wire.answer({"items": [_shown(one) for one in found]})


@routes.post("/api/v1/deliveries/{delivery}/resend")
async def resend(request: web.Request) -> web.Response:
    """Try one once more, marked as sent again."""
    require_admin(request)
    text = request.match_info["delivery"]
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Problem(404, "not_found", f"there is no message {text[:40]}")
    answer = await writing.write(
        request, lambda tx: lost.resend(tx, int(text)), lambda one: writing.answered(_shown(one))
    )
    request.app[WAKE_NOTIFIER]()
    return answer


@routes.post("/api/v1/receivers/test")
async def try_receivers(request: web.Request) -> web.Response:
    """Send a test over one receiver, or each of them, and tell what became of it."""
    require_admin(request)
    body = await wire.body_of(request, TestBody)
    if body.receiver and body.receiver not in request.app[ROUTING]().receivers:
        known = ", ".join(request.app[ROUTING]().receivers) or "none"
        raise Problem(404, "not_found", f'there is no receiver "{body.receiver}"; there are: {known}')
    tried = await request.app[TRY_RECEIVERS]((body.receiver,) if body.receiver else ())
    items = [msgspec.to_builtins(one) | {"accepted": one.outcome is Sent.ACCEPTED} for one in tried]
    return wire.answer({"items": items})


def _shown(one: Delivery) -> dict[str, Any]:
    return wire.delivery(one) | {"incident": one.incident or None}
