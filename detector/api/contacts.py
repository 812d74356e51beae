"""Contacts outside: who can be asked by a link that somebody passes on."""

import msgspec
from aiohttp import web

from detector.api import wire, writing
from detector.api.identity import require_admin, require_known
from detector.api.keys import STORE
from store.incident import Tlp
from store.people import Contact, ContactKind
from store.repository.people import contacts

routes = web.RouteTableDef()


class NewContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/contacts``."""

    id: str
    name: str = ""
    kind: ContactKind = ContactKind.OTHER
    address: str = ""
    language: str = ""
    assets: tuple[str, ...] = ()
    max_tlp: Tlp = Tlp.AMBER


@routes.get("/api/v1/contacts")
async def list_contacts(request: web.Request) -> web.Response:
    """All contacts."""
    require_known(request)
    return wire.answer({"items": await request.app[STORE].read(contacts.all_of)})


@routes.post("/api/v1/contacts")
async def add_contact(request: web.Request) -> web.Response:
    """Add a contact; 409 if there is one of that id."""
    actor = require_admin(request)
    body = await wire.body_of(request, NewContact)
    wire.check_id(body.id, "contact")
    given = msgspec.structs.asdict(body)
    new = Contact(**(given | {"name": body.name or body.id}))
    headers = {"Location": f"/api/v1/contacts/{new.id}"}
    return await writing.write(
        request,
        lambda tx: contacts.add(tx, new, actor),
        lambda _: writing.answered(new, status=201, headers=headers),
    )


@routes.delete("/api/v1/contacts/{id}")
async def remove_contact(request: web.Request) -> web.Response:
    """Have a contact be asked no more; the name stays in the records."""
    actor, contact_id = require_admin(request), request.match_info["id"]
    await request.app[STORE].write(lambda tx: contacts.disable(tx, contact_id, actor))
    return web.Response(status=204)
