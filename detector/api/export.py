"""An incident as a bundle that verifies itself."""

from typing import Any

import msgspec
from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api import forms as forms_on_the_wire
from detector.api import wire
from detector.api.identity import require_known
from detector.api.keys import SEAL_KEYS, SITE, STORE
from store.export import bundle
from store.forms import Forms
from store.repository import evidence, forms, incidents, outbox, seals, timeline

routes = web.RouteTableDef()


@routes.get("/api/v1/incidents/{number}/export")
async def export_incident(request: web.Request) -> web.Response:
    """A zip file with record, chain, seals, evidence, report, and the program that verifies them."""
    require_known(request)
    number, keys, fields = wire.number_of(request), request.app[SEAL_KEYS], request.app[SITE]().forms

    def look(connection: Connection) -> bytes:
        record = msgspec.to_builtins(in_full(connection, number, fields))
        return bundle.packed(bundle.files(record, _proof(connection, number), keys), record["id"])

    packed = await request.app[STORE].read(look)
    disposition = f'attachment; filename="INC-{number}.zip"'
    return web.Response(body=packed, content_type="application/zip", headers={hdrs.CONTENT_DISPOSITION: disposition})


def in_full(connection: Connection, number: int, fields: Forms) -> dict[str, Any]:
    """All that is known of an incident and can be read."""
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
    shown = [forms_on_the_wire.shown(view.incident, one) for one in forms.views(connection, number, fields).values()]
    return record | {"forms": shown}


def _proof(connection: Connection, number: int) -> bundle.Proof:
    return bundle.Proof(
        entries=list(timeline.kept_of(connection, number)),
        forms=forms.history(connection, number),
        seals=seals.covering(connection, number),
    )
