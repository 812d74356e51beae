"""Pages for people. GET and HEAD change nothing; what changes something is a form that POSTs."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

import msgspec
from aiohttp import web

from detector.api.identity import CALLER, SAFE_METHODS, require_known, require_person
from detector.api.keys import CLOCK, LINKS, SITE, STATUS, STORE, WAKE_NOTIFIER
from detector.api.problem import Handler, Problem
from detector.api.visibility import admit
from detector.api.wire import number_of, whole
from detector.web import assemble, views
from detector.web.acting import perform
from detector.web.frames import PAGES, frame_of, html
from detector.web.replying import reply
from notifier.links import ACKNOWLEDGE, Expired, Invalid, Link
from rules.event import Severity
from store.incident import Actor, ActorKind
from store.people import Person
from store.repository import incidents, links, persons
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
    return html(request.app[PAGES].incident(view))


@routes.post("/i/{number}/acknowledge")
async def acknowledge_form(request: web.Request) -> web.Response:
    """The button on the incident's page and in the list."""
    number, person = number_of(request), require_person(request)
    form = await request.post()
    await _acknowledge(request, number, person.id, via=request[CALLER].via, note=str(form.get("note", "")))
    raise web.HTTPSeeOther(f"/i/{number}")


@routes.get("/a/{token}")
async def link_page(request: web.Request) -> web.Response:
    """What a link in a message leads to: a page with a button. Whoever fetches it changes nothing."""
    return await _behind_link(request, _ask)


@routes.post("/a/{token}")
async def link_act(request: web.Request) -> web.Response:
    """The button was pressed. A second press says who took it and when; further buttons act once somebody has it."""
    form = await request.post()
    if not form.get("act"):
        return await _behind_link(request, _act)

    async def further(request: web.Request, link: Link, person: Person, frame: views.Frame) -> views.AcknowledgeView:
        record = await request.app[STORE].read(lambda c: incidents.get(c, link.record).incident)
        if record.acknowledged_at is None:
            raise Problem(409, "not_acknowledged", f"nobody has {record.name} yet: acknowledge it first")
        await perform(request, link.record, str(form["act"]), form, person.id, via="link")
        raise web.HTTPSeeOther(request.path)

    return await _behind_link(request, further)


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


OnLink = Callable[[web.Request, Link, Person, views.Frame], Awaitable[views.AcknowledgeView]]


async def _behind_link(request: web.Request, then: OnLink) -> web.Response:
    """Check the link, then show the page that *then* makes; a link that asks for information has a page of its own."""
    now = request.app[CLOCK].now()
    link = request.app[LINKS]().read(request.match_info["token"], now)
    match link:
        case Invalid():
            raise Problem(404, "unknown_link", "this link is not ours, or it was cut off; open the message again")
        case Expired() if link.link.request:
            raise Problem(410, "expired_link", "the time of this link is over; whoever asked can ask you anew")
        case Expired():
            view = views.ExpiredView(
                frame=views.Frame(now=now), number=link.link.record, expired_at=link.link.expires_at
            )
            return html(request.app[PAGES].expired(view), status=410)
    if link.request:
        return await reply(request, link)
    person = await request.app[STORE].read(lambda c: persons.get(c, link.person))
    if link.act != ACKNOWLEDGE or person is None or person.disabled_at is not None:
        raise Problem(403, "not_yours", "whom this link was made for may not act here any more; sign in instead")
    await admit(request, link.record, person.id, via="link", reads=request.method in SAFE_METHODS)
    frame = views.Frame(now=now, zone=person.timezone)
    return html(request.app[PAGES].acknowledge(await then(request, link, person, frame)))


async def _ask(request: web.Request, link: Link, person: Person, frame: views.Frame) -> views.AcknowledgeView:
    return await request.app[STORE].read(lambda c: assemble.acknowledge_view(c, frame, person, link.record))


async def _act(request: web.Request, link: Link, person: Person, frame: views.Frame) -> views.AcknowledgeView:
    """Acknowledge, unless there is nothing to acknowledge any more."""
    store = request.app[STORE]
    before = await store.read(lambda c: assemble.standing(incidents.get(c, link.record).incident))
    answer = before
    if before is not views.Answer.CLOSED:
        first = await _acknowledge(request, link.record, person.id, via="link", link=link)
        answer = views.Answer.DONE if first else views.Answer.TAKEN
    return await store.read(lambda c: assemble.acknowledge_view(c, frame, person, link.record, answer))


async def _acknowledge(
    request: web.Request, number: int, person: str, *, via: str, note: str = "", link: Link | None = None
) -> bool:
    """Acknowledge in one transaction with the link's nonce; True if this was the first one."""
    actor = Actor(kind=ActorKind.PERSON, id=person)

    def work(tx: Tx) -> bool:
        if link is not None:
            links.spend(tx, link.nonce, incident=number, act=link.act, person=person)
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
