"""Passwords, sessions and sign-ins over the API: each person's own, and what administrators may do to others'."""

from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta
from sqlalchemy import Connection

from detector.api import signing_in, wire
from detector.api.identity import CALLER, csrf_of, hash_of, require_admin, require_known, require_person
from detector.api.keys import CLOCK, NEW_SECRET, STORE
from detector.api.problem import Problem
from detector.passwords import weakness
from store.incident import Actor
from store.people import Person, Session, SignedInBy
from store.repository.people import passwords, persons, sessions, sign_in_log
from store.tx import Tx

routes = web.RouteTableDef()
Typed = Annotated[str, Meta(max_length=1024)]
SIGN_INS_SHOWN = 200
#: How long after a link that works once a password may be set without the one before.
FRESH_CODE = signing_in.SIGN_IN_LASTS


class SignInBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/sign-in``."""

    person: Typed
    password: Typed


class PasswordBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/users/{id}/password``."""

    password: Typed
    old: Typed = ""


@routes.post("/api/v1/sign-in")
async def sign_in(request: web.Request) -> web.Response:
    """Open a session with a password: its cookie, and what posts by it must hold."""
    body = await wire.body_of(request, SignInBody)
    secret = request.app[NEW_SECRET]()

    def work(tx: Tx, person: Person) -> None:
        signing_in.opened(request, tx, person.id, secret, SignedInBy.PASSWORD)

    await signing_in.by_password(request, body.person, body.password, work)
    lasts = int(signing_in.SESSION_LASTS.total_seconds())
    told = {"person": body.person, "csrf": csrf_of(secret), "valid_seconds": lasts}
    answer = wire.answer(told, status=201)
    signing_in.keep(request, answer, secret)
    return answer


@routes.get("/api/v1/sessions")
async def list_sessions(request: web.Request) -> web.Response:
    """Where the caller is signed in, the newest first."""
    person, now, current = require_person(request), request.app[CLOCK].now(), request[CALLER].session

    def look(connection: Connection) -> dict[str, Any]:
        mine = sessions.by_secret(connection, current, now) if current else None
        found = sessions.of(connection, person.id, now)
        return {"items": [shown(one, is_this=mine is not None and mine.id == one.id) for one in found]}

    return wire.answer(await request.app[STORE].read(look))


@routes.delete("/api/v1/sessions/{id:\\d{1,15}}")
async def end_session(request: web.Request) -> web.Response:
    """End one of the caller's sessions."""
    person, session = require_person(request), int(request.match_info["id"])
    await request.app[STORE].write(lambda tx: sessions.end(tx, session, person.id))
    return web.Response(status=204)


@routes.get("/api/v1/sign-ins")
async def list_sign_ins(request: web.Request) -> web.Response:
    """Sign-ins and refusals, the newest first: the caller's own, or everybody's for administrators."""
    require_known(request)
    caller = request[CALLER]
    who = None if caller.may_administer or caller.person is None else caller.person.id
    limit = wire.whole(request, "limit", SIGN_INS_SHOWN, SIGN_INS_SHOWN)
    found = await request.app[STORE].read(lambda c: sign_in_log.newest(c, who, limit))
    return wire.answer({"items": [msgspec.to_builtins(one) for one in found]})


@routes.post("/api/v1/users/{id}/password")
async def set_password(request: web.Request) -> web.Response:
    """Set a password: one's own, or on the machine itself, where the person types it."""
    actor, who = require_known(request), request.match_info["id"]
    body = await wire.body_of(request, PasswordBody)
    caller = request[CALLER]
    is_self = caller.person is not None and caller.person.id == who
    if not is_self and caller.via != "socket":
        raise Problem(
            403,
            "not_yours",
            "a password is known to its person alone: send them a link ('tocsin user password --link'), or remove it",
        )
    await change_password(request, actor, who, body.password, body.old)
    return web.Response(status=204)


@routes.delete("/api/v1/users/{id}/password")
async def remove_password(request: web.Request) -> web.Response:
    """Take a password away: that person signs in by a link that works once."""
    actor, who = require_admin(request), request.match_info["id"]
    await request.app[STORE].write(lambda tx: passwords.remove(tx, who, actor))
    return web.Response(status=204)


async def change_password(request: web.Request, actor: Actor, who: str, new: str, old: str) -> None:
    """Set the password of *who*, who shows that it is them: by the *old* one, by a link just used, or at the machine.

    Raises:
        Problem: 422 ``weak_password``; 403 ``fresh_sign_in``; whatever `signing_in.by_password` refuses.
    """
    person = await request.app[STORE].read(lambda c: persons.get(c, who))
    if why := weakness(new, who, *((person.name, person.email or "") if person else ())):
        raise Problem(422, "weak_password", f"this password will not do: {why}", missing=["password"])
    hashed, keep = await signing_in.hashed(request, new), request[CALLER].session

    def put(tx: Tx, _: Person | None = None) -> None:
        passwords.put(tx, who, hashed, actor, keep=keep)

    if request[CALLER].via == "socket" or await _just_by_code(request):
        await request.app[STORE].write(put)
        return
    if not old:
        raise Problem(
            403,
            "fresh_sign_in",
            "send the password that you have as 'old', or sign in by a link that works once (tocsin sign-in) before",
            missing=["old"],
        )
    await signing_in.by_password(request, who, old, put)


async def _just_by_code(request: web.Request) -> bool:
    """Whether the caller's session was opened by a link that works once, minutes ago."""
    digest, now = request[CALLER].session, request.app[CLOCK].now()
    if not digest:
        return False
    session = await request.app[STORE].read(lambda c: sessions.by_secret(c, digest, now))
    return session is not None and is_fresh(session, now)


def is_fresh(session: Session, now: Any) -> bool:
    """Whether whoever has *session* may set a password without the one before."""
    return session.how is SignedInBy.CODE and now - session.created_at <= FRESH_CODE


def shown(session: Session, *, is_this: bool) -> dict[str, Any]:
    """A session on the wire."""
    return msgspec.to_builtins(session) | {"is_this": is_this}  # type: ignore[no-any-return]


def end_others(tx: Tx, person: str, secret: str) -> None:
    """Sign *person* out everywhere else."""
    sessions.delete_all_of(tx, person, keep=hash_of(secret))
