"""The page of silences and mutes: what is hushed, by whom, until when, what that hid; and buttons for all of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy import Connection

from detector.api.bodies import Moment, Note
from detector.api.identity import CALLER, require_person
from detector.api.keys import SITE, STORE, WAKE_NOTIFIER
from detector.api.problem import Problem
from detector.api.silences import EndSilenceBody, ExtendSilenceBody, SettleSilenceBody, SilenceBody, weighed
from detector.api.wire import whole_in_path
from detector.web import asking
from detector.web.asking import Group
from detector.web.do_view import Refusal, version_in
from detector.web.doing import refusal_of
from detector.web.forms import texts_of
from detector.web.frames import PAGES, at, frame_of, html
from detector.web.inputs import Texts
from detector.web.views import Frame
from store.incident import Actor, ActorKind
from store.repository.hiding import hidden, silences
from store.silence import Hid, Silence
from store.tx import Tx

routes = web.RouteTableDef()
_MOST = 100


class SilenceForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page asks for a new silence."""

    matchers: Note
    ends_at: Moment
    reason: Note = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A form of one silence."""

    act: str
    words: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A silence."""

    name: str
    number: int
    version: int
    state: str
    facts: tuple[tuple[str, str], ...]
    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SilencesView:
    """All of them, the newest first."""

    frame: Frame
    rows: tuple[Row, ...]
    groups: tuple[Group, ...]  #: of the form for a new one; none if the reader may make none
    refused: str = ""


@routes.get("/silences")
async def silences_page(request: web.Request) -> web.Response:
    """What is hushed."""
    if request[CALLER].actor is None:
        raise web.HTTPSeeOther("/in")
    return await _show(request, {})


@routes.post("/silences")
async def make(request: web.Request) -> web.Response:
    """Make one."""
    person, texts, frame = require_person(request), await texts_of(request), await frame_of(request)
    given, beside = asking.body(SilenceForm, texts, frame.zone)
    if given is None:
        return await _show(
            request, texts, Refusal(sentence="Not done: what is wrong is said below.", beside=beside), 422
        )
    actor, via = Actor(kind=ActorKind.PERSON, id=person.id), request[CALLER].via
    try:
        body = SilenceBody(matchers=_matchers(given.matchers), reason=given.reason, ends_at=given.ends_at)
        new = await weighed(request, body)
        await request.app[STORE].write(lambda tx: silences.add(tx, actor, new, via=via))
    except Exception as error:
        return await _show(request, texts, *refusal_of(error))
    request.app[WAKE_NOTIFIER]()
    raise web.HTTPSeeOther("/silences")


@routes.post("/silences/{silence}/{act}")
async def change(request: web.Request) -> web.Response:
    """Settle, extend or end one."""
    person, texts, frame = require_person(request), await texts_of(request), await frame_of(request)
    number, act = whole_in_path(request, "silence"), request.match_info["act"]
    if act not in _SHAPES:
        raise Problem(404, "not_found", "there is no such button")
    body, beside = asking.body(_SHAPES[act], texts, frame.zone)
    if body is None:
        return await _show(request, {}, Refusal(sentence=f"Not done: {_first(beside)}", beside={}), 422)
    try:
        work = _work(request, number, act, Actor(kind=ActorKind.PERSON, id=person.id), body, texts)
        await request.app[STORE].write(work)
    except Exception as error:
        return await _show(request, {}, *refusal_of(error))
    request.app[WAKE_NOTIFIER]()
    raise web.HTTPSeeOther("/silences")


_SHAPES = {"settle": SettleSilenceBody, "extend": ExtendSilenceBody, "end": EndSilenceBody}
_WORDS = {"settle": "Settle it", "extend": "Change its end", "end": "End it"}


def _work(
    request: web.Request, number: int, act: str, actor: Actor, body: Any, texts: Texts
) -> Callable[[Tx], Silence]:
    given: dict[str, Any] = {"version": version_in(texts), "via": request[CALLER].via}
    if act == "settle":
        site = request.app[SITE]()
        return lambda tx: silences.settle(tx, number, actor, agree=body.agree, note=body.note, site=site, **given)
    if act == "extend":
        return lambda tx: silences.extend(tx, number, actor, ends_at=body.ends_at, reason=body.reason, **given)
    return lambda tx: silences.end(tx, number, actor, reason=body.reason, **given)


def _matchers(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in filter(None, (each.strip() for each in text.splitlines())):
        name, _, value = (part.strip() for part in line.partition("="))
        if not value or len(value) > 500:
            raise Problem(422, "invalid_body", f"{line[:60]!r} is no name=value, e.g. asset=web1", missing=["matchers"])
        found[name] = (*found.get(name, ()), value)
    if not found:
        raise Problem(422, "invalid_body", "say what it is about, e.g. asset=web1", missing=["matchers"])
    return found


def _first(beside: Any) -> str:
    return next((fault for faults in beside.values() for fault in faults), "something is missing")


async def _show(request: web.Request, texts: Texts, refusal: Refusal | None = None, status: int = 200) -> web.Response:
    frame, person = await frame_of(request), request[CALLER].person

    def look(connection: Connection) -> SilencesView:
        found = silences.list_all(connection, limit=_MOST)
        hid = hidden.by(connection, [one.number for one in found])
        faults = refusal.beside if refusal else None
        form = asking.groups(SilenceForm, texts, persons={}, zone=frame.zone, faults=faults, needed=("reason",))
        return SilencesView(
            frame=frame,
            rows=tuple(_row(one, hid[one.number], frame, is_person=person is not None) for one in found),
            groups=form if person else (),
            refused=refusal.sentence if refusal else "",
        )

    return html(request.app[PAGES].silences(await request.app[STORE].read(look)), status=status)


def _row(one: Silence, hid: Hid, frame: Frame, *, is_person: bool) -> Row:
    until = at(one.over_at, frame)
    facts = [("Matches", one.told), ("Why", one.reason), ("By", one.created_by), ("Until", until)]
    if one.until_resolved:
        facts.append(("Or until", f"INC-{one.until_resolved} is over"))
    if one.longer_until:
        facts.append(("Asked for", f"until {at(one.longer_until, frame)}, by {one.longer_by}"))
    facts += [("Hid", f"{hid.notices}, about {hid.incidents} incidents"), ("When made", one.preview.sentence)]
    is_over = one.ended_at is not None
    waits = (one.waits or one.longer_until is not None) and not is_over
    acts = [] if is_over or not is_person else (["settle"] if waits else []) + ["extend", "end"]
    state = "in force" if one.is_in_force(frame.now) else one.state.value.replace("_", " ")
    return Row(
        name=one.name,
        number=one.number,
        version=one.version,
        state=f"{state}, waits for a second person" if waits else state,
        facts=tuple(facts),
        buttons=tuple(
            Button(act=act, words=_WORDS[act], groups=asking.groups(_SHAPES[act], {}, persons={}, zone=frame.zone))
            for act in acts
        ),
    )
