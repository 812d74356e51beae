"""An incident as a bundle that verifies itself."""

import msgspec
from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api import wire
from detector.api.identity import require_known
from detector.api.keys import SEAL_KEYS, STORE
from store.export import bundle
from store.repository import evidence, incidents, outbox, seals, timeline

routes = web.RouteTableDef()


@routes.get("/api/v1/incidents/{number}/export")
async def export_incident(request: web.Request) -> web.Response:
    """A zip file with record, chain, seals, evidence, report, and the program that verifies them."""
    require_known(request)
    number, keys = wire.number_of(request), request.app[SEAL_KEYS]

    def look(connection: Connection) -> bytes:
        view = incidents.get(connection, number)
        record = wire.incident_in_full(
            view.incident,
            entities=view.entities,
            tallies=view.tallies,
            evidence=evidence.of(connection, number),
            timeline=timeline.of(connection, number),
            deliveries=outbox.of_incident(connection, number),
            allowed=(),
        )
        made = bundle.files(
            msgspec.to_builtins(record),
            entries=list(timeline.kept_of(connection, number)),
            seals=seals.covering(connection, number),
            keys=keys,
        )
        return bundle.packed(made, view.incident.name)

    packed = await request.app[STORE].read(look)
    disposition = f'attachment; filename="INC-{number}.zip"'
    return web.Response(body=packed, content_type="application/zip", headers={hdrs.CONTENT_DISPOSITION: disposition})
