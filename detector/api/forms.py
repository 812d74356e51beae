"""The forms of an incident over the API: look, and save with the version that one has seen."""

from typing import Any

import msgspec
from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api import wire, writing
from detector.api.identity import CALLER, require_known, require_person
from detector.api.keys import SITE, STORE
from detector.api.problem import Problem
from store import forms as asked
from store.answers import Answer, State
from store.errors import Refused
from store.forms import FORMS_VERSION, FormName
from store.incident import Actor, ActorKind, Incident
from store.repository.dossier import forms
from store.repository.dossier.forms import FormView
from store.repository.record import records
from store.tx import Tx

routes = web.RouteTableDef()


class AnswerBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer: a value, or why there is none."""

    value: Any = None
    state: State = State.GIVEN
    reason: str = ""


class FormBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``PUT /api/v1/incidents/{n}/forms/{form}``: what changes; ``null`` takes an answer away."""

    answers: dict[str, AnswerBody | None] = {}
    confirm: tuple[str, ...] = ()


@routes.get("/api/v1/incidents/{number}/forms")
async def list_forms(request: web.Request) -> web.Response:
    """All forms of an incident."""
    require_known(request)
    number, fields = wire.number_of(request), request.app[SITE]().forms

    def look(connection: Connection) -> list[dict[str, Any]]:
        record = records.load(connection, number)
        return [shown(record, view) for view in forms.views(connection, number, fields).values()]

    return wire.answer({"items": await request.app[STORE].read(look)})


@routes.get("/api/v1/incidents/{number}/forms/{form}")
async def show_form(request: web.Request) -> web.Response:
    """One form, with what is missing in it; its ETag is its version."""
    require_known(request)
    number, name, fields = wire.number_of(request), form_of(request), request.app[SITE]().forms

    def look(connection: Connection) -> tuple[Incident, FormView]:
        return records.load(connection, number), forms.view(connection, number, name, fields)

    return _answer(*await request.app[STORE].read(look))


@routes.put("/api/v1/incidents/{number}/forms/{form}")
async def save_form(request: web.Request) -> web.Response:
    """Change answers of a form, as a person who has seen the version in ``If-Match``."""
    number, name = wire.number_of(request), form_of(request)
    try:
        return await _save(request, number, name)
    except Refused as error:
        problem = await writing.with_allowed(request, number, error)
        if problem is None:
            raise
        raise problem from error


async def _save(request: web.Request, number: int, name: FormName) -> web.Response:
    person = require_person(request)
    expected = wire.seen_version(request)
    body = await wire.body_of(request, FormBody)
    changes = {field: _answer_of(one) for field, one in body.answers.items()}
    actor, via, fields = Actor(kind=ActorKind.PERSON, id=person.id), request[CALLER].via, request.app[SITE]().forms

    def work(tx: Tx) -> tuple[Incident, FormView]:
        saved = forms.save(
            tx, number, name, changes, expected=expected, by=actor, via=via, confirmed=body.confirm, forms=fields
        )
        return records.load(tx.connection, number), saved

    return _answer(*await request.app[STORE].write(work))


def form_of(request: web.Request) -> FormName:
    """The form in the path, or a 404 that names those there are."""
    try:
        return FormName(request.match_info["form"])
    except ValueError:
        names = [name.value for name in FormName]
        raise Problem(404, "not_found", f"the forms are {', '.join(names)}", allowed=names) from None


def _answer_of(body: AnswerBody | None) -> Answer | None:
    return Answer(state=body.state, value=body.value, reason=body.reason) if body else None


def _answer(record: Incident, view: FormView) -> web.Response:
    return wire.answer(shown(record, view), headers={hdrs.ETAG: wire.etag(view.version)})


def shown(record: Incident, view: FormView) -> dict[str, Any]:
    """A form as it stands."""
    return {
        "incident": record.name,
        "form": view.form.name,
        "version": view.version,
        "forms_version": FORMS_VERSION,
        "saved_by": view.author.id if view.author else None,
        "saved_at": view.at,
        "answers": {name: _told(answer, view.by.get(name, "")) for name, answer in view.answers.items()},
        "redacted": view.redacted,
        "reviewed_version": view.reviewed or None,
        "missing": asked.missing(view.form, view.answers, record.track),
        "unconfirmed": asked.unconfirmed(view.answers),
        "without_value": asked.without_value(view.answers),
    }


def _told(answer: Answer, by: str) -> dict[str, Any]:
    return {
        "state": answer.state,
        "value": answer.value,
        "reason": answer.reason,
        "auto": answer.auto,
        "by": by or None,
    }
