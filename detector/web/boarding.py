"""How boards are shown and their buttons pressed: once for all of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from detector.api import acts as api
from detector.api.identity import CALLER, require_person
from detector.api.keys import NEW_SECRET, SITE, STORE, WAKE_NOTIFIER
from detector.api.problem import Problem
from detector.api.wire import number_of
from detector.web import asking
from detector.web.board import Board, Looking, Pressed
from detector.web.do_view import Refusal, version_in
from detector.web.doing import done, refusal_of
from detector.web.forms import texts_of
from detector.web.frames import PAGES, frame_of, html
from detector.web.inputs import Texts
from store.incident import Actor, ActorKind
from store.repository.people import persons
from store.tx import Tx

Draw = Callable[[Connection, Looking], Board]


async def show(
    request: web.Request, draw: Draw, *, pressed: Pressed | None = None, said: str = "", status: int = 200
) -> web.Response:
    """The board as it stands."""
    if request[CALLER].actor is None:
        raise web.HTTPSeeOther("/in")
    looking = Looking(
        frame=await frame_of(request),
        person=request[CALLER].person,
        number=number_of(request),
        site=request.app[SITE](),
        pressed=pressed,
        said=said,
    )

    def look(connection: Connection) -> Board:
        named = {one.id: one.name for one in persons.all_of(connection) if one.disabled_at is None}
        return draw(connection, replace(looking, persons=named))

    return html(request.app[PAGES].board(await request.app[STORE].read(look)), status=status)


async def press(
    request: web.Request,
    draw: Draw,
    shape: type[Any],
    work: Callable[[Tx, Actor, Any, Texts], Any],
    *,
    then: str,
    say: Callable[[Any], str] | None = None,
) -> web.Response:
    """Do what a button asks for, and go to *then*; or show the board with why not, and with what was typed.

    Args:
        work: Takes who asks, the body as *shape*, and all that was sent.
        say: What must be said once of what *work* returned, and stands on no page; "" if nothing.
    """
    person, frame = require_person(request), await frame_of(request)
    actor, texts = Actor(kind=ActorKind.PERSON, id=person.id), await texts_of(request)
    body, beside = asking.body(shape, texts, frame.zone)
    if body is None:
        refusal, status = Refusal(sentence="Not done yet: what is wrong is said below.", beside=beside), 422
    else:
        try:
            result = await request.app[STORE].write(lambda tx: work(tx, actor, body, texts))
        except Exception as error:
            refusal, status = refusal_of(error)
        else:
            request.app[WAKE_NOTIFIER]()
            if said := say(result) if say else "":
                return await show(request, draw, said=said)
            raise web.HTTPSeeOther(then)
    pressed = Pressed(key=texts.get("key", ""), texts=texts, refusal=refusal)
    return await show(request, draw, pressed=pressed, status=status)


async def press_doing(request: web.Request, draw: Draw, name: str, *, then: str) -> web.Response:
    """The same for an act or move of the incident."""
    doing = api.MOVES.get(name) or api.ACTS.get(name)
    if doing is None:
        raise Problem(404, "not_found", "there is no such button")
    number, via, secret = number_of(request), request[CALLER].via, request.app[NEW_SECRET]()

    def work(tx: Tx, actor: Actor, body: Any, texts: Texts) -> None:
        asked = api.asked_by(request, number, actor, via, body, version_in(texts))
        done(tx, doing, asked, secret)

    return await press(request, draw, doing.shape, work, then=then)
