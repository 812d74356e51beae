"""Who is calling: a person by token or session, or an account of this machine on the command socket."""

import hashlib
import socket
import struct
from dataclasses import dataclass

from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api.keys import CLOCK, STORE
from detector.api.problem import Handler, Problem
from store.incident import Actor, ActorKind
from store.people import Person, Role
from store.repository import persons, sessions

SESSION_COOKIE = "tocsin_session"
INTAKE_PATHS = frozenset({"/api/v1/alerts", "/api/v2/alerts", "/api/v1/feedback", "/api/v1/logs"})
SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sent a request, and what it may do."""

    actor: Actor | None = None  #: None: nobody we know
    person: Person | None = None  #: None: not a person
    via: str = ""  #: "socket", "session", or "token" and its number: a token made for a person is not that person

    @property
    def may_administer(self) -> bool:
        """May change persons and tokens."""
        return self.via == "socket" or self.has(Role.ADMIN)

    def has(self, role: Role) -> bool:
        """Whether the caller is a person with *role*."""
        return self.person is not None and role in self.person.roles


CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)
NOBODY = Caller()


@web.middleware
async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Put the Caller beside the request, and refuse what another site made a browser send."""
    _refuse_cross_site(request)
    # A sender's secret is no person's token: the intake looks at it itself.
    request[CALLER] = NOBODY if is_handed_in(request) else await caller_of(request)
    return await handler(request)


async def caller_of(request: web.Request) -> Caller:
    """Find out who calls. A token that is given must be right; a cookie that is not is no cookie."""
    header = request.headers.get(hdrs.AUTHORIZATION, "")
    if header:
        return await _by_token(request, header)
    if _is_unix(request):
        return Caller(actor=Actor(kind=ActorKind.OS, id=f"os:{_peer_uid(request)}"), via="socket")
    if cookie := request.cookies.get(SESSION_COOKIE):
        return await _by_session(request, cookie)
    return NOBODY


def is_handed_in(request: web.Request) -> bool:
    """Whether the request hands something in, rather than asking for something as somebody."""
    return request.method == hdrs.METH_POST and (request.path in INTAKE_PATHS or request.path.startswith("/hooks/"))


def require_known(request: web.Request) -> Actor:
    """The caller, or a 401 that says how to become one."""
    actor = request[CALLER].actor
    if actor is None:
        raise Problem(
            401,
            "not_signed_in",
            "sign in with a link from 'tocsin sign-in', or send a token from 'tocsin token create'",
        )
    return actor


def require_person(request: web.Request) -> Person:
    """The person who calls. An account of the machine may administer, but never act on an incident."""
    require_known(request)
    person = request[CALLER].person
    if person is None:
        raise Problem(
            403,
            "person_required",
            "only a person can do this: send that person's token (tocsin token create PERSON) as TOCSIN_TOKEN",
        )
    return person


def require_admin(request: web.Request) -> Actor:
    """The caller, if it may change persons and tokens."""
    actor = require_known(request)
    if not request[CALLER].may_administer:
        raise Problem(403, "admin_required", "this needs the role admin, or the command socket on the machine itself")
    return actor


def hash_of(secret: str) -> str:
    """What the store keeps of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def _by_token(request: web.Request, header: str) -> Caller:
    kind, _, token = header.partition(" ")
    digest = hash_of(token.strip())

    def look(connection: Connection) -> tuple[Person | None, int | None]:
        return persons.by_token(connection, digest), persons.number_of_token(connection, digest)

    person, number = await request.app[STORE].read(look) if kind.lower() == "bearer" else (None, None)
    if person is None:
        raise Problem(401, "bad_token", "this token is not known here, or it was revoked: tocsin token list")
    return Caller(actor=Actor(kind=ActorKind.PERSON, id=person.id), person=person, via=f"token {number}")


async def _by_session(request: web.Request, cookie: str) -> Caller:
    digest, now = hash_of(cookie), request.app[CLOCK].now()

    def look(connection: Connection) -> Person | None:
        session = sessions.by_secret(connection, digest, now)
        return persons.get(connection, session.person) if session and session.incident is None else None

    person = await request.app[STORE].read(look)
    if person is None or person.disabled_at is not None:
        return NOBODY
    return Caller(actor=Actor(kind=ActorKind.PERSON, id=person.id), person=person, via="session")


def _refuse_cross_site(request: web.Request) -> None:
    """A browser says where a request came from; what another site made it send must not act in its user's name."""
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, "cross_site", "this request was sent by another site; open the page here and press again")


def _connected_socket(request: web.Request) -> socket.socket | None:
    transport = request.transport
    return transport.get_extra_info("socket") if transport else None


def _is_unix(request: web.Request) -> bool:
    connected = _connected_socket(request)
    return connected is not None and connected.family == socket.AF_UNIX


def _peer_uid(request: web.Request) -> int:
    """Who opened the command socket, from the kernel (see unix(7), SO_PEERCRED)."""
    connected = _connected_socket(request)
    if connected is None:
        raise Problem(400, "disconnected", "the caller went away")
    size = struct.calcsize("3i")
    _pid, uid, _gid = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)
