"""The page of an incident's requests for information: who was asked what, and what came back."""

from collections.abc import Iterator
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy import Connection

from detector.api import requests as api
from detector.api.bodies import Body
from detector.api.identity import CALLER
from detector.api.keys import NEW_SECRET
from detector.api.wire import number_of, whole_in_path
from detector.web.board import Ask, Board, Card, Looking, Part
from detector.web.boarding import press, show
from detector.web.frames import at
from detector.web.inputs import Texts
from store.incident import Actor, Incident
from store.people import Contact
from store.repository.incident import requests
from store.repository.incident.requests import Told
from store.repository.people import contacts
from store.repository.record import records
from store.request import Request
from store.tx import Tx

routes = web.RouteTableDef()


@routes.get("/i/{number}/requests")
async def requests_page(request: web.Request) -> web.Response:
    """All requests of an incident, those that wait first."""
    return await show(request, board)


@routes.post("/i/{number}/requests")
async def ask(request: web.Request) -> web.Response:
    """Ask somebody something. The link for a contact is shown once, to be passed on."""
    number, via, nonce = number_of(request), request[CALLER].via, request.app[NEW_SECRET]()

    def work(tx: Tx, actor: Actor, body: Any, texts: Texts) -> Told:
        return requests.ask(tx, number, actor, via=via, **msgspec.structs.asdict(body))

    def say(told: Told) -> str:
        one = told.request
        if one.contact is None:
            return ""
        link = api.contact_link(request, one, nonce)
        return f"Pass this link on to {one.contact}; it is shown only now, and whoever has it can answer: {link}"

    return await press(request, board, api.AskBody, work, then=f"/i/{number}/requests", say=say)


@routes.post("/i/{number}/requests/{request}/answer")
async def answer(request: web.Request) -> web.Response:
    """Answer what one is asked, or write down what a contact said."""
    number, k, via = number_of(request), whole_in_path(request, "request"), request[CALLER].via

    def work(tx: Tx, actor: Actor, body: Any, texts: Texts) -> Told:
        return requests.answer(tx, number, k, actor, text=body.answer, via=via)

    return await press(request, board, api.ReplyBody, work, then=f"/i/{number}/requests")


@routes.post("/i/{number}/requests/{request}/withdraw")
async def withdraw(request: web.Request) -> web.Response:
    """Want no answer any more."""
    number, k, via = number_of(request), whole_in_path(request, "request"), request[CALLER].via

    def work(tx: Tx, actor: Actor, body: Any, texts: Texts) -> Told:
        return requests.withdraw(tx, number, k, actor, reason=body.note, via=via)

    return await press(request, board, Body, work, then=f"/i/{number}/requests")


def board(connection: Connection, looking: Looking) -> Board:
    """What was asked, and what this person may do about it."""
    record = records.load(connection, looking.number)
    able = looking.able(connection, record)
    found = requests.of(connection, looking.number)
    outside = {one.id: one for one in contacts.all_of(connection)}
    cards = [_card(looking, one, able, outside, is_open=record.is_open) for one in found]
    waiting = [card for card in cards if not card.is_settled]
    return looking.board(
        record.title,
        "Requests for information",
        notices=_notices(record, len(waiting)),
        parts=(
            Part(
                title="Waiting for an answer",
                cards=tuple(waiting),
                empty="Nobody is asked anything now.",
                asks=tuple(_asking(looking, outside) if "request" in able else ()),
            ),
            Part(title="Settled", cards=tuple(card for card in cards if card.is_settled), empty="Nothing yet."),
        ),
    )


def _notices(record: Incident, waiting: int) -> tuple[str, ...]:
    return ("While somebody is asked, the investigation cannot be concluded.",) if waiting and record.is_open else ()


def _asking(looking: Looking, outside: dict[str, Contact]) -> Iterator[Ask]:
    able = {one.id: one.name or one.id for one in outside.values() if one.disabled_at is None}
    yield looking.ask(
        "ask",
        "/requests",
        "Ask somebody",
        api.AskBody,
        tells="A person here is told, with a link that answers. For a contact outside you get a link to pass on.",
        choices={"contact": able},
    )


def _card(looking: Looking, one: Request, able: tuple[str, ...], outside: dict[str, Contact], *, is_open: bool) -> Card:
    contact = outside.get(one.contact or "")
    asked = (contact.name or contact.id) if contact else looking.name(one.person)
    facts = [
        ("Question", one.question or "(redacted)"),
        ("Asked", f"{at(one.asked_at, looking.frame)} by {looking.name(one.asked_by)}"),
    ]
    if one.due_at is not None:
        facts.append(("Wanted by", at(one.due_at, looking.frame)))
    if not one.is_open:
        facts.append(("Answer", one.answer or ("(redacted)" if one.state == "answered" else "none is needed any more")))
    if one.settled_by is not None and one.settled_at is not None:
        facts.append(("Settled", f"{at(one.settled_at, looking.frame)} by {looking.name(one.settled_by.id)}"))
    return Card(
        anchor=f"request-{one.number}",
        title=f"{one.number}. {asked}",
        state=one.state.value,
        is_settled=not one.is_open,
        facts=tuple(facts),
        asks=tuple(_doing(looking, one, able)) if one.is_open and is_open else (),
    )


def _doing(looking: Looking, one: Request, able: tuple[str, ...]) -> Iterator[Ask]:
    where = f"/requests/{one.number}"
    is_mine = looking.person is not None and looking.person.id == one.person
    if is_mine or (one.contact is not None and "request" in able):
        button = "Answer" if is_mine else "Write down what they said"
        yield looking.ask(f"answer-{one.number}", f"{where}/answer", button, api.ReplyBody, is_open=is_mine)
    if "withdraw_request" in able:
        yield looking.ask(f"withdraw-{one.number}", f"{where}/withdraw", "Withdraw it", Body)
