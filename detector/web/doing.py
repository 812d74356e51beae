"""A page for every act and every move: what it does, what it asks, and when it is refused, what is missing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy import Connection

from detector.api import acts as api
from detector.api.approval import FreshBody, sign_in_anew, signed_anew
from detector.api.doing import Asked, Doing
from detector.api.identity import CALLER, hash_of, require_person
from detector.api.keys import CLOCK, NEW_SECRET, SITE, STORE, WAKE_NOTIFIER
from detector.api.people import TOKEN_PREFIX
from detector.api.problem import Problem, from_error
from detector.api.wire import number_of
from detector.web import asking
from detector.web.do_view import DoPage, Refusal, doables, missing_of, reads, tells, version_in
from detector.web.forms import texts_of
from detector.web.frames import PAGES, frame_of, html
from detector.web.inputs import Texts, words
from detector.web.lacking import lacking
from detector.web.views import Frame
from store.errors import StaleVersion
from store.incident import Actor, ActorKind, Incident
from store.people import Person
from store.repository.grouping import splitting
from store.repository.incident.acts import Done
from store.repository.people import fresh, passwords, persons, sign_in
from store.repository.record import conflicts, records
from store.site import Site
from store.tx import Tx

routes = web.RouteTableDef()


@routes.get("/i/{number}/do/{name}")
async def do_page(request: web.Request) -> web.Response:
    """What an act or move asks."""
    if request[CALLER].actor is None:
        raise web.HTTPSeeOther("/in")
    person = require_person(request)
    number, name, _ = number_of(request), *_doing(request)
    drawn = _drawn(await frame_of(request), person, number, name, request.app[SITE](), {})
    return html(request.app[PAGES].do(await request.app[STORE].read(drawn)))


@routes.post("/i/{number}/do/{name}")
async def do_act(request: web.Request) -> web.Response:
    """Do it. What was typed stays if it is refused."""
    person, number = require_person(request), number_of(request)
    name, doing = _doing(request)
    frame, texts = await frame_of(request), await texts_of(request)
    body, beside = asking.body(doing.shape, texts, frame.zone)
    if body is None:
        refusal, status = Refusal(sentence="Not done yet: what is wrong is said below.", beside=beside), 422
    else:
        actor, secret = Actor(kind=ActorKind.PERSON, id=person.id), request.app[NEW_SECRET]()
        asked = api.asked_by(request, number, actor, request[CALLER].via, body, version_in(texts))
        try:
            asked = replace(asked, body=await with_password(request, person, body))
            await request.app[STORE].write(lambda tx: done(tx, doing, asked, secret))
        except Exception as error:
            refusal, status = refusal_of(error)
        else:
            request.app[WAKE_NOTIFIER]()
            raise web.HTTPSeeOther(f"/i/{number}")
    drawn = _drawn(frame, person, number, name, request.app[SITE](), texts, refusal)
    return html(request.app[PAGES].do(await request.app[STORE].read(drawn)), status=status)


def done(tx: Tx, doing: Doing, asked: Asked, secret: str) -> Done:
    """Do it, signed in anew where that is wanted."""
    return doing.do(tx, replace(asked, body=proven(tx, asked.actor, asked.body, secret)))


def proven(tx: Tx, actor: Actor, body: Any, secret: str) -> Any:
    """The body to work with. Where a signature wants a fresh sign-in, a page takes what proves who signs (a token, or
    a sign-in link that was not opened), and signs in with it in the same breath.

    Args:
        secret: A new one, that signs once.
    """
    proof = getattr(body, "fresh", "").strip().rpartition("/")[2]
    if not proof or fresh.is_good(tx, actor.id, hash_of(proof)):
        return body
    is_token = proof.startswith(TOKEN_PREFIX)
    sign_in_anew(tx, actor.id, FreshBody(token=proof) if is_token else FreshBody(code=proof), secret)
    return msgspec.structs.replace(body, fresh=secret)


async def with_password(request: web.Request, person: Person, body: Any) -> Any:
    """The body to work with: a password in it becomes what signs once. Whatever else proves who signs is left alone."""
    typed = getattr(body, "fresh", "")
    code = typed.strip().rpartition("/")[2]
    if not typed or code.startswith(TOKEN_PREFIX):
        return body

    def look(connection: Connection) -> bool:
        has_one = passwords.of(connection, person.id) is not None
        return has_one and sign_in.person_of(connection, hash_of(code), request.app[CLOCK].now()) is None

    if not await request.app[STORE].read(look):
        return body
    secret = request.app[NEW_SECRET]()
    await signed_anew(request, person, typed, secret)
    return msgspec.structs.replace(body, fresh=secret)


def refusal_of(error: Exception) -> tuple[Refusal, int]:
    """A refusal as it is shown, and its status. Faults of ours are raised again."""
    problem = from_error(error)
    if problem is None or problem.status >= 500:
        raise error
    again = " What you typed is below: look again, then press again." if isinstance(error, StaleVersion) else ""
    told = Refusal(sentence=f"Not done: {problem.detail}.{again}", missing=problem.missing, allowed=problem.allowed)
    return told, problem.status


def _doing(request: web.Request) -> tuple[str, Doing]:
    name = request.match_info["name"]
    doing = api.MOVES.get(name) or api.ACTS.get(name)
    if doing is None:
        raise Problem(404, "not_found", f"there is nothing called {name[:40]!r} that could be done")
    return name, doing


def _drawn(
    frame: Frame,
    person: Person,
    number: int,
    name: str,
    site: Site,
    texts: Texts,
    refusal: Refusal | None = None,
) -> Callable[[Connection], DoPage]:
    doing: Doing = api.MOVES.get(name) or api.ACTS[name]

    def look(connection: Connection) -> DoPage:
        record: Incident = records.load(connection, number)
        named = {one.id: one.name for one in persons.all_of(connection) if one.disabled_at is None}
        able = conflicts.allowed(connection, record, person.id, person.roles)
        refused = refusal.sentence if refusal else ""
        if not refused and name not in able:
            refused = f"{record.name} stands at {words(record.step).lower()}: this cannot be done there, or not by you."
        given: dict[str, Any] = {"persons": named, "zone": frame.zone, "faults": refusal.beside if refusal else None}
        given["choices"] = _choices(connection, number) if name == "split" else None
        missing = refusal.missing if refusal else lacking(connection, record, name, site, frame.now)
        heading, told = tells(name)
        return DoPage(
            frame=frame,
            number=number,
            title=record.title,
            heading=heading,
            tells=told,
            reads=reads(name, number),
            groups=asking.groups(doing.shape, texts, **given),
            version=record.version,
            refused=refused,
            missing=missing_of(missing, number, site.forms),
            allowed=doables([one for one in able if one != name], number)
            if refused and not (refusal and (refusal.missing or refusal.beside))
            else (),
        )

    return look


def _choices(connection: Connection, number: int) -> dict[str, dict[str, str]]:
    """What can be split off."""
    found = splitting.of(connection, number)
    return {"findings": {one.id: f"{one.first_seen:%Y-%m-%d %H:%M} UTC, {one.rule_title}" for one in found}}
