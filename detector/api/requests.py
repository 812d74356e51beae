"""Requests for information over the API: ask a person or a contact, answer, withdraw."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta
from sqlalchemy import Connection

from detector.api import wire, writing
from detector.api.acts import actor_of
from detector.api.bodies import LONGEST_NOTE, Body, Moment
from detector.api.identity import CALLER, require_known
from detector.api.keys import CLOCK, LINKS, NEW_SECRET, STORE, WAKE_NOTIFIER
from notifier.links import for_contact, reply_to
from store.incident import Actor
from store.repository.incident import requests
from store.repository.incident.requests import Told
from store.repository.intake.idempotency import Answered
from store.repository.record import records
from store.request import Request
from store.tx import Tx

CONTACT_LINK_LASTS = timedelta(days=14)
Words = Annotated[str, Meta(max_length=LONGEST_NOTE)]

routes = web.RouteTableDef()


class AskBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/incidents/{n}/requests``."""

    question: Words
    person: str | None = None
    contact: str | None = None
    due_at: Moment | None = None


class ReplyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``…/requests/{k}/answer``."""

    answer: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Who asks for what."""

    number: int
    request: int  #: 0: a new one
    actor: Actor
    via: str
    body: Any


@routes.get("/api/v1/incidents/{number}/requests")
async def list_requests(request: web.Request) -> web.Response:
    """All requests of an incident, oldest first."""
    require_known(request)
    number = wire.number_of(request)

    def look(connection: Connection) -> list[dict[str, Any]]:
        records.load(connection, number)
        return [shown(one) for one in requests.of(connection, number)]

    return wire.answer({"items": await request.app[STORE].read(look)})


@routes.post("/api/v1/incidents/{number}/requests")
async def ask(request: web.Request) -> web.Response:
    """Ask somebody something. A person is told; the link for a contact is in this answer and nowhere else."""
    nonce = request.app[NEW_SECRET]()

    def work(tx: Tx, asked: _Asked) -> Told:
        return requests.ask(tx, asked.number, asked.actor, via=asked.via, **msgspec.structs.asdict(asked.body))

    def told(result: Told) -> Answered:
        one = result.request
        link = {"link": contact_link(request, one, nonce)} if one.contact is not None else {}
        where = {"Location": f"/api/v1/incidents/{one.incident}/requests/{one.number}"}
        return writing.answered(_told(result) | link, status=201, headers=where)

    return await _write(request, AskBody, work, told)


@routes.get("/api/v1/incidents/{number}/requests/{request}")
async def show_request(request: web.Request) -> web.Response:
    """One request."""
    require_known(request)
    number, k = wire.number_of(request), _request_of(request)
    found = await request.app[STORE].read(lambda c: requests.get(c, number, k))
    return wire.answer(shown(found))


@routes.post("/api/v1/incidents/{number}/requests/{request}/answer")
async def answer(request: web.Request) -> web.Response:
    """Answer what one is asked, or write down what a contact said."""

    def work(tx: Tx, asked: _Asked) -> Told:
        return requests.answer(tx, asked.number, asked.request, asked.actor, text=asked.body.answer, via=asked.via)

    return await _write(request, ReplyBody, work, _answered)


@routes.post("/api/v1/incidents/{number}/requests/{request}/withdraw")
async def withdraw(request: web.Request) -> web.Response:
    """Want no answer any more."""

    def work(tx: Tx, asked: _Asked) -> Told:
        return requests.withdraw(tx, asked.number, asked.request, asked.actor, reason=asked.body.note, via=asked.via)

    return await _write(request, Body, work, _answered)


def shown(one: Request) -> dict[str, Any]:
    """A request on the wire."""
    return {
        "incident": f"INC-{one.incident}",
        "number": one.number,
        "state": one.state,
        "person": one.person,
        "contact": one.contact,
        "question": one.question,
        "due_at": one.due_at,
        "asked_by": one.asked_by,
        "asked_at": one.asked_at,
        "answer": one.answer,
        "settled_by": one.settled_by,
        "settled_at": one.settled_at,
    }


async def _write(
    request: web.Request, shape: type[Any], work: Callable[[Tx, _Asked], Told], told: Callable[[Told], Answered]
) -> web.Response:
    """Do *work* for who calls; every refusal says what this caller may do now."""
    number = wire.number_of(request)
    try:
        actor = actor_of(request)
        body = await wire.body_of(request, shape)
        asked = _Asked(
            number=number,
            request=_request_of(request) if "request" in request.match_info else 0,
            actor=actor,
            via=request[CALLER].via,
            body=body,
        )
        secret = getattr(body, "contact", None) is not None
        response = await writing.write(request, lambda tx: work(tx, asked), told, secret=secret)
    except Exception as error:
        problem = await writing.with_allowed(request, number, error)
        if problem is None:
            raise
        raise problem from error
    request.app[WAKE_NOTIFIER]()
    return response


def _answered(result: Told) -> Answered:
    return writing.answered(_told(result))


def _told(result: Told) -> dict[str, Any]:
    return shown(result.request) | {"entry": result.done.entry, "allowed": result.done.allowed}


def _request_of(request: web.Request) -> int:
    """The request's number in the path."""
    text = request.match_info["request"]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def contact_link(request: web.Request, one: Request, nonce: str) -> str:
    """The address under which the contact can answer; whoever asks passes it on."""
    return request.app[LINKS]().make(
        record=one.incident,
        act=reply_to(one.number),
        person=for_contact(one.contact or ""),
        expires_at=request.app[CLOCK].now() + CONTACT_LINK_LASTS,
        nonce=nonce,
    )
