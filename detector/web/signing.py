"""Signing in and out in a browser, and one's own access: sessions, password, what was tried."""

from aiohttp import web
from sqlalchemy import Connection

from detector.api import access, signing_in
from detector.api.identity import (
    CALLER,
    LINK_COOKIE,
    SESSION_COOKIE,
    hash_of,
    require_person,
)
from detector.api.keys import CLOCK, NEW_SECRET, STORE
from detector.api.problem import Problem
from detector.web import views
from detector.web.frames import PAGES, frame_of, html
from store.incident import Actor, ActorKind
from store.people import Person, SignedInBy, SignInOutcome
from store.repository.people import passwords, sessions, sign_in, sign_in_log
from store.tx import Tx

routes = web.RouteTableDef()
SIGN_INS_SHOWN = 20


@routes.get("/in")
async def sign_in_form(request: web.Request) -> web.Response:
    """Who, and which password; or how to get a link."""
    return html(request.app[PAGES].sign_in(views.SignInView(frame=await frame_of(request))))


@routes.post("/in")
async def sign_in_by_password(request: web.Request) -> web.Response:
    """Open a session; what is refused is said beside what was typed, the password left out."""
    form = await request.post()
    who, secret = str(form.get("person", "")).strip(), request.app[NEW_SECRET]()

    def work(tx: Tx, person: Person) -> None:
        signing_in.opened(request, tx, person.id, secret, SignedInBy.PASSWORD)

    try:
        await signing_in.by_password(request, who, str(form.get("password", "")), work)
    except Problem as problem:
        view = views.SignInView(frame=views.Frame(now=request.app[CLOCK].now()), refused=problem.detail, typed=who)
        answer = html(request.app[PAGES].sign_in(view), status=problem.status)
        if "retry_after_seconds" in problem.more:
            answer.headers["Retry-After"] = str(problem.more["retry_after_seconds"])
        return answer
    return _signed_in(request, secret, "/")


@routes.get("/in/{code}")
async def sign_in_page(request: web.Request) -> web.Response:
    """The button that signs in; fetching it spends nothing."""
    digest, now = hash_of(request.match_info["code"]), request.app[CLOCK].now()
    person = await request.app[STORE].read(lambda c: sign_in.person_of(c, digest, now))
    return await _code_answer(request, person)


@routes.post("/in/{code}")
async def sign_in_act(request: web.Request) -> web.Response:
    """Spend the code and open a session."""
    digest, secret = hash_of(request.match_info["code"]), request.app[NEW_SECRET]()

    def work(tx: Tx) -> str | None:
        person = sign_in.spend(tx, digest)
        if person is None:
            address = signing_in.address_of(request)
            sign_in_log.note(tx, "", address, SignedInBy.CODE, SignInOutcome.REFUSED)
            return None
        signing_in.opened(request, tx, person, secret, SignedInBy.CODE)
        return person

    if await request.app[STORE].write(work) is None:
        return await _code_answer(request, None)
    return _signed_in(request, secret, "/me" if request.query.get("then") == "password" else "/")


@routes.post("/out")
async def sign_out(request: web.Request) -> web.Response:
    """End the session."""
    given = [cookie for name in (SESSION_COOKIE, LINK_COOKIE) if (cookie := request.cookies.get(name))]

    def work(tx: Tx) -> None:
        for cookie in given:
            sessions.delete(tx, hash_of(cookie))

    if given:
        await request.app[STORE].write(work)
    answer = web.Response(status=303, headers={"Location": "/in"})
    answer.del_cookie(SESSION_COOKIE)
    answer.del_cookie(LINK_COOKIE)
    return answer


@routes.get("/me")
async def access_page(request: web.Request) -> web.Response:
    """Where one is signed in, what was tried, and the password."""
    if request[CALLER].actor is None:
        raise web.HTTPSeeOther("/in")
    return await _access(request, require_person(request))


@routes.post("/me/password")
async def set_password(request: web.Request) -> web.Response:
    """Set one's password: everybody else who is signed in as this person is so no more."""
    person, form = require_person(request), await request.post()
    new, again = str(form.get("password", "")), str(form.get("again", ""))
    if new != again:
        return await _access(request, person, refused="The two are not the same: type the new one twice.", status=422)
    actor = Actor(kind=ActorKind.PERSON, id=person.id)
    try:
        await access.change_password(request, actor, person.id, new, str(form.get("old", "")))
    except Problem as problem:
        return await _access(request, person, refused=problem.detail, status=problem.status)
    return await _access(request, person, done="Your password is set. You are signed in nowhere else any more.")


@routes.post("/me/sessions/{id:\\d{1,15}}/end")
async def end_session(request: web.Request) -> web.Response:
    """Sign out elsewhere."""
    person, session = require_person(request), int(request.match_info["id"])
    await request.app[STORE].write(lambda tx: sessions.end(tx, session, person.id))
    raise web.HTTPSeeOther("/me")


@routes.post("/me/sessions/end")
async def end_others(request: web.Request) -> web.Response:
    """Sign out everywhere else."""
    person, keep = require_person(request), request[CALLER].session
    await request.app[STORE].write(lambda tx: sessions.delete_all_of(tx, person.id, keep=keep))
    raise web.HTTPSeeOther("/me")


async def _access(
    request: web.Request, person: Person, *, refused: str = "", done: str = "", status: int = 200
) -> web.Response:
    frame, current, now = await frame_of(request), request[CALLER].session, request.app[CLOCK].now()

    def look(connection: Connection) -> views.AccessView:
        mine = sessions.by_secret(connection, current, now) if current else None
        return views.AccessView(
            frame=frame,
            person=person.name,
            sessions=tuple(sessions.of(connection, person.id, now)),
            current=mine.id if mine else 0,
            sign_ins=tuple(sign_in_log.newest(connection, person.id, SIGN_INS_SHOWN)),
            password_at=passwords.changed_at(connection, person.id),
            may_set=mine is not None and access.is_fresh(mine, now),
            refused=refused,
            done=done,
        )

    return html(request.app[PAGES].access(await request.app[STORE].read(look)), status=status)


async def _code_answer(request: web.Request, person: Person | None) -> web.Response:
    frame = views.Frame(now=request.app[CLOCK].now())
    if person is None:
        refused = "This link was used before, or its 15 minutes are over."
        return html(request.app[PAGES].sign_in(views.SignInView(frame=frame, refused=refused)), status=410)
    return html(request.app[PAGES].sign_in(views.SignInView(frame=frame, person=person.name)))


def _signed_in(request: web.Request, secret: str, to: str) -> web.Response:
    answer = web.Response(status=303, headers={"Location": to})
    signing_in.keep(request, answer, secret)
    return answer
