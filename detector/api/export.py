"""An incident as a bundle that verifies itself."""

import msgspec
from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api import wire
from detector.api.identity import require_known
from detector.api.keys import CLOCK, SEAL_KEYS, SITE, STORE
from detector.api.whole import whole
from store.export import bundle
from store.repository.keeping import stored_documents
from store.repository.record import seals, timeline

routes = web.RouteTableDef()


@routes.get("/api/v1/incidents/{number}/export")
async def export_incident(request: web.Request) -> web.Response:
    """A zip file with record, chain, seals, evidence, report, and the program that verifies them."""
    require_known(request)
    number, keys, site = wire.number_of(request), request.app[SEAL_KEYS], request.app[SITE]()
    now = request.app[CLOCK].now()

    def look(connection: Connection) -> bytes:
        record = msgspec.to_builtins(whole(connection, number, site, now))
        return bundle.packed(bundle.files(record, _proof(connection, number), keys), record["id"])

    packed = await request.app[STORE].read(look)
    disposition = f'attachment; filename="INC-{number}.zip"'
    return web.Response(body=packed, content_type="application/zip", headers={hdrs.CONTENT_DISPOSITION: disposition})


def _proof(connection: Connection, number: int) -> bundle.Proof:
    return bundle.Proof(
        entries=list(timeline.kept_of(connection, number)),
        documents=stored_documents.of_record(connection, number),
        seals=seals.covering(connection, number),
    )
