"""The page of each form of an incident. What was typed is never lost: not by a fault in it, not by somebody else."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from detector.api.forms import form_of
from detector.api.identity import CALLER, require_person
from detector.api.keys import SITE, STORE
from detector.api.problem import from_error
from detector.api.wire import number_of
from detector.web import answering, form_view
from detector.web.answering import Typed
from detector.web.do_view import doables
from detector.web.form_view import FormPage, Refusal
from detector.web.frames import PAGES, frame_of, html
from detector.web.inputs import Texts
from detector.web.lacking import lacking
from detector.web.views import Doable, Frame
from store import forms as asked
from store.errors import Refused, StaleVersion
from store.forms import Form, FormName, Forms
from store.incident import Actor, ActorKind, Incident
from store.people import Person
from store.repository.dossier import forms
from store.repository.people import persons
from store.repository.record import conflicts, records
from store.site import Site
from store.tx import Tx

routes = web.RouteTableDef()
#: Moves that lead on in general, but not from a form that is complete.
_BEGINNINGS: Final = frozenset({"decide", "reopen"})


@routes.get("/i/{number}/forms/{form}")
async def form_page(request: web.Request) -> web.Response:
    """One form: what is missing in it first."""
    if request[CALLER].actor is None:
        raise web.HTTPSeeOther("/in")
    number, name = number_of(request), form_of(request)
    drawn = _drawn(await frame_of(request), request[CALLER].person, number, name, request.app[SITE]())
    return html(request.app[PAGES].form(await request.app[STORE].read(drawn)))


@routes.post("/i/{number}/forms/{form}")
async def save_form(request: web.Request) -> web.Response:
    """Save what was changed and confirmed on the page."""
    person, number, name = require_person(request), number_of(request), form_of(request)
    frame, via, site = await frame_of(request), request[CALLER].via, request.app[SITE]()
    fields = site.forms
    sent = answering.typed(fields[name], await texts_of(request), frame.zone)
    try:
        await request.app[STORE].write(lambda tx: save(tx, number, fields[name], sent, person, via, frame.zone, fields))
    except (Refused, StaleVersion) as error:
        problem = from_error(error)
        assert problem is not None
        drawn = _drawn(frame, person, number, name, site, sent, error)
        return html(request.app[PAGES].form(await request.app[STORE].read(drawn)), status=problem.status)
    raise web.HTTPSeeOther(f"/i/{number}/forms/{name}")


def save(tx: Tx, number: int, form: Form, sent: Typed, person: Person, via: str, zone: str, fields: Forms) -> None:
    """Save what the person changed and confirmed. The same sent again is done already.

    Raises:
        StaleVersion: Somebody saved the form meanwhile, or what was confirmed is not what was shown any more.
        Refused: As `store.repository.dossier.forms.save` refuses.
    """
    now = forms.view(tx.connection, number, form.name, fields)
    changed = answering.changes(form, sent, zone)
    same, moved_on = answering.confirmed(form, sent, now.answers, zone)
    if now.version > sent.version and not same and not moved_on and answering.stand_already(changed, now.answers):
        return
    if moved_on:
        raise StaleVersion(f"what you confirmed has changed meanwhile: {', '.join(moved_on)}")
    by = Actor(kind=ActorKind.PERSON, id=person.id)
    forms.save(tx, number, form.name, changed, expected=sent.version, by=by, via=via, confirmed=same, forms=fields)


async def texts_of(request: web.Request) -> Texts:
    """What a form sent; what was ticked of a list stands in lines. Files are none of our elements."""
    sent = await request.post()
    return {name: "\n".join(filter(None, (one for one in sent.getall(name) if isinstance(one, str)))) for name in sent}


def _drawn(
    frame: Frame,
    person: Person | None,
    number: int,
    name: FormName,
    site: Site,
    sent: Typed | None = None,
    error: Exception | None = None,
) -> Callable[[Connection], FormPage]:
    def look(connection: Connection) -> FormPage:
        record, view = records.load(connection, number), forms.view(connection, number, name, site.forms)
        named = {one.id: one.name for one in persons.all_of(connection) if one.disabled_at is None}
        writes = person is not None and record.is_open and bool(asked.writers(view.form) & person.roles)
        beside = answering.beside(view.form, answering.changes(view.form, sent, frame.zone), named) if sent else {}
        refusal = Refusal(sentence=_sentence(error, bool(beside)), beside=beside) if error else None
        page = form_view.page(frame, record, view, may_write=writes, persons=named, sent=sent, refusal=refusal)
        return replace(page, then=tuple(_then(connection, record, person, site, frame))) if person else page

    return look


def _then(connection: Connection, record: Incident, person: Person, site: Site, frame: Frame) -> Iterator[Doable]:
    """The moves that lead on and are this person's, each with how much is missing for it."""
    for one in doables(conflicts.allowed(connection, record, person.id, person.roles), record.number):
        if one.is_next and one.name not in _BEGINNINGS:
            yield replace(one, lacks=len(lacking(connection, record, one.name, site, frame.now)))


def _sentence(error: Exception, is_beside: bool) -> str:
    if isinstance(error, StaleVersion):
        return f"Not saved: {error}. What you typed is below, beside what stands now. Look again, then save again."
    if is_beside:
        return "Not saved yet: what is wrong is said beside each answer. Nothing that you typed is lost."
    return f"Not saved: {error}"
