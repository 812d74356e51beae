"""The register of waivers: where four eyes did not look, by whom and why."""

from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from detector.api import wire
from detector.api.identity import CALLER, require_known
from detector.api.keys import SITE, STORE
from store.repository.incident import waivers
from store.repository.incident.waivers import Waiver
from store.repository.steps import visibility

routes = web.RouteTableDef()


@routes.get("/api/v1/waivers")
async def list_waivers(request: web.Request) -> web.Response:
    """All of it, oldest first. Of what the caller does not see the reason is left out."""
    require_known(request)
    person, site = request[CALLER].person, request.app[SITE]()

    def look(connection: Connection) -> list[dict[str, Any]]:
        found = waivers.register(connection)
        hidden = visibility.hidden(connection, [one.incident for one in found], person.id if person else None, site)
        return [shown(one, is_hidden=one.incident in hidden) for one in found]

    return wire.answer({"items": await request.app[STORE].read(look)})


def shown(one: Waiver, *, is_hidden: bool = False) -> dict[str, Any]:
    """A line of the register."""
    return {
        "incident": f"INC-{one.incident}",
        "entry": one.entry,
        "kind": one.kind,
        "by": one.by,
        "at": one.at,
        "clash": None if is_hidden else one.clash or None,
        "reason": None if is_hidden else one.reason,
    }
