"""Forms that act: on an incident's page, behind an acknowledged link, and the page that opens an incident."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
from aiohttp import web

from detector.api import acts, bodies
from detector.api.identity import CALLER, require_person
from detector.api.keys import SITE, STORE, WAKE_NOTIFIER
from detector.api.problem import Problem
from detector.api.wire import number_of
from detector.web import assemble, views
from detector.web.frames import PAGES, frame_of, html
from rules.event import Severity
from store.errors import StaleVersion
from store.incident import Actor, ActorKind

routes = web.RouteTableDef()

#: What a form can ask for, with the fields that it sends beside ``version``.
FORMS: Mapping[str, tuple[str, ...]] = {
    "note": ("note",),
    "contain": ("note",),
    "extend": ("note",),
    "dismiss": ("reason_code", "note"),
    "settle": ("agree", "note"),
}


@routes.post("/i/{number}/acts/{act}")
async def act_form(request: web.Request) -> web.Response:
    """A button on the incident's page. What was typed upon an old version is shown again."""
    number, person, act = number_of(request), require_person(request), request.match_info["act"]
    form = await request.post()
    try:
        await perform(request, number, act, form, person.id, via=request[CALLER].via)
    except StaleVersion as stale:
        frame, site = await frame_of(request), request.app[SITE]()
        view = await request.app[STORE].read(lambda c: assemble.incident_view(c, frame, person, number, site))
        told = f"Not done: {stale}. Look again, then press again."
        shown = replace(view, refused=told, typed=str(form.get("note", "")))
        return html(request.app[PAGES].incident(shown), status=412)
    raise web.HTTPSeeOther(f"/i/{number}")


@routes.get("/new")
async def new_page(request: web.Request) -> web.Response:
    """Three fields that open an incident."""
    require_person(request)
    return html(request.app[PAGES].new(views.NewView(frame=await frame_of(request))))


@routes.post("/new")
async def new_act(request: web.Request) -> web.Response:
    """Open an incident; what is wrong is said beside what was typed."""
    person, form = require_person(request), await request.post()
    typed = {name: str(form.get(name, "")).strip() for name in ("title", "severity", "what_happened")}
    try:
        body = msgspec.convert(typed | {"drill": form.get("drill") == "yes"}, bodies.OpenBody)
    except msgspec.ValidationError as error:
        severity = typed["severity"] if typed["severity"] in list(Severity) else ""
        view = views.NewView(
            frame=await frame_of(request),
            refused=f"Not opened: {error}",
            title=typed["title"],
            severity=severity,
            what_happened=typed["what_happened"],
        )
        return html(request.app[PAGES].new(view), status=422)
    actor, via = Actor(kind=ActorKind.PERSON, id=person.id), request[CALLER].via
    opened = await request.app[STORE].write(lambda tx: acts.opened(tx, body, actor, via))
    request.app[WAKE_NOTIFIER]()
    raise web.HTTPSeeOther(f"/i/{opened.incident.number}")


async def perform(request: web.Request, number: int, act: str, form: Mapping[str, Any], person: str, via: str) -> None:
    """Do what a form asks for, as *person*."""
    if act not in FORMS:
        raise Problem(404, "not_found", "there is no such button")
    doing = acts.ACTS.get(act) or acts.MOVES[act]
    given: dict[str, Any] = {name: str(form[name]) for name in FORMS[act] if form.get(name)}
    if "agree" in given:
        given["agree"] = given["agree"] == "yes"
    try:
        body = msgspec.convert(given, doing.shape)
    except msgspec.ValidationError as error:
        raise Problem(422, "invalid_form", f"{error}; go back and fill it in") from None
    actor = Actor(kind=ActorKind.PERSON, id=person)
    asked = acts.asked_by(request, number, actor, via, body, _version(form))
    await request.app[STORE].write(lambda tx: doing.do(tx, asked))
    request.app[WAKE_NOTIFIER]()


def _version(form: Mapping[str, Any]) -> int:
    """The version that the page showed."""
    text = str(form.get("version", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0
