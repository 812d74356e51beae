"""Persons, their tokens, and links to sign in with: for administrators and the command socket."""

from aiohttp import web

from detector.api import wire, writing
from detector.api.identity import hash_of, require_admin, require_known
from detector.api.keys import LINKS, NEW_SECRET, STORE
from detector.api.signing_in import SIGN_IN_LASTS
from store.people import Person
from store.repository.people import persons, sign_in, tokens
from store.tx import Tx

TOKEN_PREFIX = "tcs_"  # noqa: S105 (so that scanners for leaked secrets can know ours)

routes = web.RouteTableDef()


@routes.get("/api/v1/users")
async def list_users(request: web.Request) -> web.Response:
    """All persons."""
    require_known(request)
    found = await request.app[STORE].read(persons.all_of)
    return wire.answer({"items": [wire.user(one) for one in found]})


@routes.post("/api/v1/users")
async def add_user(request: web.Request) -> web.Response:
    """Add a person; 409 if there is one of that id."""
    actor = require_admin(request)
    body = await wire.body_of(request, wire.NewUser)
    wire.check_id(body.id, "person")
    person = Person(
        id=body.id,
        name=body.name or body.id,
        roles=frozenset(body.roles),
        email=body.email or None,
        timezone=body.timezone,
        accounts=body.accounts,
    )
    headers = {"Location": f"/api/v1/users/{person.id}"}
    return await writing.write(
        request,
        lambda tx: persons.add(tx, person, actor),
        lambda _: writing.answered(wire.user(person), status=201, headers=headers),
    )


@routes.delete("/api/v1/users/{id}")
async def remove_user(request: web.Request) -> web.Response:
    """Take a person's access away; the name stays in the records."""
    actor, person_id = require_admin(request), request.match_info["id"]
    await request.app[STORE].write(lambda tx: persons.disable(tx, person_id, actor))
    return web.Response(status=204)


@routes.get("/api/v1/tokens")
async def list_tokens(request: web.Request) -> web.Response:
    """All tokens, without their secrets."""
    require_admin(request)
    found = await request.app[STORE].read(tokens.all_of)
    return wire.answer({"items": [wire.token(one) for one in found]})


@routes.post("/api/v1/tokens")
async def create_token(request: web.Request) -> web.Response:
    """Make a token; its secret is in this answer and nowhere else."""
    actor = require_admin(request)
    body = await wire.body_of(request, wire.NewToken)
    secret = TOKEN_PREFIX + request.app[NEW_SECRET]()
    digest = hash_of(secret)
    return await writing.write(
        request,
        lambda tx: tokens.create(tx, body.person, body.label, digest, actor),
        lambda made: writing.answered(wire.token(made) | {"token": secret}, status=201),
        secret=True,
    )


@routes.delete("/api/v1/tokens/{id:\\d{1,15}}")
async def revoke_token(request: web.Request) -> web.Response:
    """End a token."""
    actor, token_id = require_admin(request), int(request.match_info["id"])
    await request.app[STORE].write(lambda tx: tokens.revoke(tx, token_id, actor))
    return web.Response(status=204)


@routes.post("/api/v1/sign-in-links")
async def create_sign_in_link(request: web.Request) -> web.Response:
    """Make a link that signs a person in once, within 15 minutes."""
    require_admin(request)
    body = await wire.body_of(request, wire.NewSignInLink)
    code = request.app[NEW_SECRET]()
    digest = hash_of(code)

    def work(tx: Tx) -> None:
        sign_in.create(tx, body.person, digest, tx.now + SIGN_IN_LASTS)

    url = request.app[LINKS]().sign_in(code)
    told = {"url": url, "valid_seconds": int(SIGN_IN_LASTS.total_seconds())}
    return await writing.write(request, work, lambda _: writing.answered(told, status=201), secret=True)
