"""Who is calling: a person by token or session, or an account of this machine on the command socket."""

import hashlib
import hmac
import socket
import struct
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api.keys import CLOCK, LINKS, STORE
from detector.api.problem import Handler, Problem, route_of
from detector.api.readable import FORM, MULTIPART, require_readable_form
from detector.intake.proof import encoded
from store.errors import StoreError
from store.incident import Actor, ActorKind
from store.people import Person, Role, Session
from store.repository.people import persons, sessions

SESSION_COOKIE = "tocsin_session"
LINK_COOKIE = "tocsin_link"
#: Where a session that a link opened is one: its record, and the acts that only add. Anywhere else it is nobody's.
LINK_ROUTES = frozenset(
    {"GET /i/{number}", "HEAD /i/{number}", "POST /i/{number}/acknowledge", "POST /i/{number}/acts/{act}", "POST /out"}
)
LINK_ACTS = frozenset({"note", "contain", "extend"})
CSRF_FIELD, CSRF_HEADER = "csrf", "X-CSRF-Token"
_FORM = '<form method="post"'
_FORM_TYPES = frozenset({FORM, MULTIPART})
_TOUCH_AFTER = timedelta(minutes=1)
INTAKE_PATHS = frozenset({"/api/v1/alerts", "/api/v2/alerts", "/api/v1/feedback", "/api/v1/logs"})
SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sent a request, and what it may do."""

    actor: Actor | None = None  #: None: nobody we know
    person: Person | None = None  #: None: not a person
    via: str = ""  #: "socket", "session", "link", or "token" and its number: a token made for somebody is not them
    csrf: str = ""  #: what each form of this session holds, "" without a session
    session: str = ""  #: hash of the session's secret, "" without one

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
    if not is_handed_in(request):
        await require_readable_form(request)
    # A sender's secret is no person's token: the intake looks at it itself.
    caller = request[CALLER] = NOBODY if is_handed_in(request) else await caller_of(request)
    if caller.person is not None and caller.person.roles == {Role.SOURCE}:
        raise Problem(403, "role_required", "the role source hands things in and reads nothing; ask for another role")
    if caller.csrf and request.method not in SAFE_METHODS:
        await _refuse_forged(request, caller.csrf)
    response = await handler(request)
    if caller.csrf and isinstance(response, web.Response) and response.content_type == "text/html" and response.text:
        response.text = with_csrf(response.text, caller.csrf)
    return response


async def caller_of(request: web.Request) -> Caller:
    """Find out who calls. A token that is given must be right; a cookie that is not is no cookie."""
    header = request.headers.get(hdrs.AUTHORIZATION, "")
    if header:
        return await _by_token(request, header)
    if _is_unix(request):
        return Caller(actor=Actor(kind=ActorKind.OS, id=f"os:{_peer_uid(request)}"), via="socket")
    if (cookie := request.cookies.get(SESSION_COOKIE)) and (found := await _by_session(request, cookie)):
        return found
    if (cookie := request.cookies.get(LINK_COOKIE)) and is_for_links(request):
        return await _by_session(request, cookie, int(request.match_info.get("number", "0"))) or NOBODY
    return NOBODY


def is_for_links(request: web.Request) -> bool:
    """Whether a session that a link opened may do this on its record: see it, and add to it."""
    number, act = request.match_info.get("number", "0"), request.match_info.get("act")
    known = f"{request.method} {route_of(request)}" in LINK_ROUTES and (act is None or act in LINK_ACTS)
    return known and number.isascii() and number.isdigit() and len(number) <= 15


def csrf_of(cookie: str) -> str:
    """What a form must hold to act for the session whose secret is *cookie*: only our own pages know it."""
    return hmac.new(encoded(cookie), b"tocsin form 1", hashlib.sha256).hexdigest()


def with_csrf(page: str, token: str) -> str:
    """*page* with *token* in each of its forms: one place, so that none is forgotten. Text is escaped, so what looks
    like a form is one of ours.
    """
    before, *forms = page.split(_FORM)
    field = f'<input type="hidden" name="{CSRF_FIELD}" value="{token}">'
    return before + "".join(f"{_FORM}{head}>{field}{rest}" for head, _, rest in (one.partition(">") for one in forms))


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
            "sign in with your password or a link from 'tocsin sign-in', or send a token from 'tocsin token create'",
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
    return hashlib.sha256(encoded(secret)).hexdigest()


async def _by_token(request: web.Request, header: str) -> Caller:
    kind, _, token = header.partition(" ")
    digest = hash_of(token.strip())

    def look(connection: Connection) -> tuple[Person | None, int | None]:
        return persons.by_token(connection, digest), persons.number_of_token(connection, digest)

    person, number = await request.app[STORE].read(look) if kind.lower() == "bearer" else (None, None)
    if person is None:
        raise Problem(401, "bad_token", "this token is not known here, or it was revoked: tocsin token list")
    return Caller(actor=Actor(kind=ActorKind.PERSON, id=person.id), person=person, via=f"token {number}")


async def _by_session(request: web.Request, cookie: str, record: int | None = None) -> Caller | None:
    """Whose session it is; None: nobody's here.

    Args:
        record: Number of the one that the session must be for; None: it must be for everything.
    """
    digest, now = hash_of(cookie), request.app[CLOCK].now()

    def look(connection: Connection) -> tuple[Person | None, Session | None]:
        session = sessions.by_secret(connection, digest, now)
        return persons.get(connection, session.person) if session else None, session

    person, session = await request.app[STORE].read(look)
    if session is None or person is None or person.disabled_at is not None:
        return None
    if session.incident != record and record != 0:
        return None
    await _touch(request, session)
    return Caller(
        actor=Actor(kind=ActorKind.PERSON, id=person.id),
        person=person,
        via="session" if session.incident is None else "link",
        csrf=csrf_of(cookie),
        session=digest,
    )


async def _touch(request: web.Request, session: Session) -> None:
    """Note that a session is used, at most once a minute: one that is left alone ends early."""
    if request.app[CLOCK].now() - session.used_at < _TOUCH_AFTER:
        return
    try:
        await request.app[STORE].write(lambda tx: sessions.touch(tx, session.id))
    except StoreError:
        return  # what is read must be shown while nothing can be written; the session may end early


async def _refuse_forged(request: web.Request, expected: str) -> None:
    """A form must hold what only our own pages know: not every browser says where a request came from."""
    given = request.headers.get(CSRF_HEADER, "")
    if not given and request.content_type in _FORM_TYPES and not request.path.startswith("/api/"):  # has no forms
        given = str((await request.post()).get(CSRF_FIELD, ""))
    if not hmac.compare_digest(encoded(given), expected.encode()):
        raise Problem(403, "csrf", "this form was not made for this session: load the page again, then press again")


def _refuse_cross_site(request: web.Request) -> None:
    """A browser says where a request came from; what another site made it send must not act in its user's name."""
    if request.method in SAFE_METHODS:
        return
    said, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get(hdrs.ORIGIN, "null")
    foreign = said not in ("same-origin", "none") if said else origin != "null" and not _is_ours(request, origin)
    if foreign:
        raise Problem(403, "cross_site", "this request was sent by another site; open the page here and press again")


def _is_ours(request: web.Request, origin: str) -> bool:
    """Whether a page of ours sent it, as older browsers say it: under the address asked for, or the configured one."""
    try:
        if urlsplit(origin).netloc == request.host:
            return True
    except ValueError:  # it is no address at all
        return False
    base = urlsplit(request.app[LINKS]().incidents())
    return origin == f"{base.scheme}://{base.netloc}"


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
