"""Pages for people. GET and HEAD change nothing; what changes something is a form that POSTs."""

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

import msgspec
from aiohttp import web

from detector.api.identity import CALLER, LINK_ACTS, require_known, require_person
from detector.api.keys import CLOCK, SITE, STATUS, STORE, WAKE_NOTIFIER
from detector.api.problem import Handler, Problem
from detector.api.wire import number_of, whole
from detector.web import assemble, views
from detector.web.frames import PAGES, frame_of, html
from rules.event import Severity
from store.incident import Actor, ActorKind
from store.repository.incident import incidents
from store.tx import Tx

SESSION_LASTS = timedelta(hours=12)
LONGEST_NOTE = 500

routes = web.RouteTableDef()


@routes.get("/")
async def list_page(request: web.Request) -> web.Response:
    """The list of incidents."""
    if request[CALLER].actor is None:
        raise web.HTTPSeeOther("/in")
    tab = _word(request, "tab", views.Tab) or views.Tab.OPEN
    severity = _word(request, "severity", Severity)
    after = whole(request, "after", 1, 10**12) if "after" in request.query else None
    frame, person, site = await frame_of(request), request[CALLER].person, request.app[SITE]()
    view = await request.app[STORE].read(
        lambda c: assemble.incidents_view(c, frame, person, tab=tab, severity=severity, after=after, site=site)
    )
    return html(request.app[PAGES].incidents(view))


@routes.get("/i/{number}")
async def incident_page(request: web.Request) -> web.Response:
    """One incident."""
    if request[CALLER].actor is None:
        raise web.HTTPSeeOther("/in")
    number, frame, person = number_of(request), await frame_of(request), request[CALLER].person
    site = request.app[SITE]()
    view = await request.app[STORE].read(lambda c: assemble.incident_view(c, frame, person, number, site))
    if request[CALLER].via == "link":  # sees it, and only adds; the rest wants a sign-in
        view = replace(view, acts=view.acts & LINK_ACTS, doables=(), forms=())
    return html(request.app[PAGES].incident(view))


@routes.post("/i/{number}/acknowledge")
async def acknowledge_form(request: web.Request) -> web.Response:
    """The button on the incident's page and in the list."""
    number, person = number_of(request), require_person(request)
    form = await request.post()
    await _acknowledge(request, number, person.id, via=request[CALLER].via, note=str(form.get("note", "")))
    raise web.HTTPSeeOther(f"/i/{number}")


@routes.get("/sources")
async def sources_page(request: web.Request) -> web.Response:
    """What is read, and how well."""
    require_known(request)
    status = await request.app[STATUS]()
    return html(request.app[PAGES].sources(views.SourcesView(frame=await frame_of(request), sources=status.sources)))


@routes.get("/rules")
async def rules_page(request: web.Request) -> web.Response:
    """What is looked for, and what did not load."""
    require_known(request)
    status = await request.app[STATUS]()
    frame = await frame_of(request)
    return html(request.app[PAGES].rules(views.RulesView(frame=frame, rules=status.rules, errors=status.rule_errors)))


@web.middleware
async def error_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Show a browser its refusals as pages; programs get problem+json as it is."""
    response = await handler(request)
    is_problem = isinstance(response, web.Response) and response.content_type == "application/problem+json"
    if not is_problem or "text/html" not in request.headers.get("Accept", "") or request.path.startswith("/api/"):
        return response
    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes)
    told = msgspec.json.decode(response.body)
    view = views.ErrorView(
        frame=views.Frame(now=request.app[CLOCK].now()),
        status=response.status,
        title=told["title"],
        detail=told["detail"],
        allowed=tuple(told["allowed"]),
    )
    return html(request.app[PAGES].error(view), status=response.status)


async def _acknowledge(request: web.Request, number: int, person: str, *, via: str, note: str = "") -> bool:
    """Acknowledge; True if this was the first one."""
    actor = Actor(kind=ActorKind.PERSON, id=person)

    def work(tx: Tx) -> bool:
        return incidents.acknowledge(tx, number, actor, via=via, note=note[:LONGEST_NOTE]).first

    first = await request.app[STORE].write(work)
    request.app[WAKE_NOTIFIER]()
    return first


Choice = TypeVar("Choice", bound=StrEnum)


def _word(request: web.Request, name: str, words: type[Choice]) -> Choice | None:
    """One of *words* from the query; "" and absence are None."""
    text = request.query.get(name, "")
    if not text:
        return None
    try:
        return words(text)
    except ValueError:
        raise Problem(
            422, "invalid_query", f"{name} is {text[:40]!r}, not one of the words it may be", allowed=tuple(words)
        ) from None
