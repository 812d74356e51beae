"""The page behind a link in a message. Fetching it changes nothing, however often; its buttons act.

A press opens a session of 12 hours for this person, this record and the acts that only add. To decide and to sign one
signs in; so one does for whatever is TLP:RED or restricted, altogether.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from detector.api import signing_in
from detector.api.identity import LINK_COOKIE, hash_of
from detector.api.keys import CLOCK, LINKS, NEW_SECRET, RUNBOOKS, SITE, STORE, WAKE_NOTIFIER
from detector.api.problem import Problem, from_error
from detector.api.visibility import admit
from detector.runbooks import Runbook
from detector.web import views
from detector.web.frames import PAGES, html
from detector.web.link_assemble import assemble
from detector.web.link_view import DONE, LinkView
from detector.web.replying import reply
from notifier.links import ACKNOWLEDGE, Expired, Invalid, Link
from store.errors import ActNotAllowed, Refused
from store.incident import Actor, ActorKind, DismissReason
from store.people import Person, SignedInBy
from store.repository.incident import acts, dismissals, incidents, pressed
from store.repository.people import links, persons, sessions
from store.repository.record import records
from store.site import Site
from store.tx import Tx

routes = web.RouteTableDef()
LONGEST_NOTE = 10_000


@routes.get("/a/{token}")
async def link_page(request: web.Request) -> web.Response:
    """What a link in a message leads to: a page with a button. Whoever fetches it changes nothing."""
    return await _behind(request, {})


@routes.post("/a/{token}")
async def link_act(request: web.Request) -> web.Response:
    """A button was pressed. A second press of the first one says who took it and when."""
    form = await request.post()
    return await _behind(request, {name: str(text) for name, text in form.items()})


async def _behind(request: web.Request, form: Mapping[str, str]) -> web.Response:
    """Check the link, then show the page or do what was pressed."""
    now = request.app[CLOCK].now()
    link = request.app[LINKS]().read(request.match_info["token"], now)
    match link:
        case Invalid():
            raise Problem(
                404, "unknown_link", "this link is not ours, or it was cut off; open the message again, or sign in"
            )
        case Expired() if link.link.request:
            raise Problem(410, "expired_link", "the time of this link is over; whoever asked can ask you anew")
        case Expired():
            return await _expired(request, link.link, form)
    if link.request:
        return await reply(request, link)
    person = await _whose(request, link)
    await admit(request, link.record, person.id, via="link")
    if request.method != "POST":
        return await _show(request, link, person)
    return await _press(request, link, person, form)


async def _whose(request: web.Request, link: Link) -> Person:
    """For whom the link was made; it acts for nobody else.

    Raises:
        Problem: 403: it is of another act, or they may not act here any more.
    """
    person = await request.app[STORE].read(lambda c: persons.get(c, link.person))
    if link.act != ACKNOWLEDGE or person is None or person.disabled_at is not None:
        raise Problem(403, "not_yours", "whom this link was made for may not act here any more; sign in instead")
    return person


async def _press(request: web.Request, link: Link, person: Person, form: Mapping[str, str]) -> web.Response:
    """Do it, and open the session; what is refused is said on the page, beside what was typed."""
    name, secret = form.get("act", ""), request.app[NEW_SECRET]()
    actor, site = Actor(kind=ActorKind.PERSON, id=person.id), request.app[SITE]()
    digest = hash_of(request.cookies.get(LINK_COOKIE, ""))

    def work(tx: Tx) -> tuple[views.Answer | None, bool]:
        told = _done(tx, link, actor, form, site)
        session = sessions.by_secret(tx.connection, digest, tx.now)
        opens = session is None or (session.incident, session.person) != (link.record, person.id)
        if opens:
            signing_in.opened(request, tx, person.id, secret, SignedInBy.LINK, incident=link.record)
        return told, opens

    try:
        answer, opens = await request.app[STORE].write(work)
    except Refused as refused:
        problem = from_error(refused)
        says = f"Not done: {refused}."
        return await _show(
            request, link, person, refused=says, typed=form.get("note", ""), status=problem.status if problem else 409
        )
    request.app[WAKE_NOTIFIER]()
    page = await _show(request, link, person, answer=answer, done=DONE.get(name, ""))
    if opens:
        signing_in.keep(request, page, secret, cookie=LINK_COOKIE)
    return page


def _done(tx: Tx, link: Link, actor: Actor, form: Mapping[str, str], site: Site) -> views.Answer | None:
    """What the button is for. Returns what an acknowledgement led to; None for anything else."""
    name, note, to = form.get("act", ""), form.get("note", "")[:LONGEST_NOTE], form.get("to", "")
    number, by = link.record, "link"
    match name:
        case "":
            return _acknowledged(tx, link, actor)
        case "contain":
            _acknowledged(tx, link, actor)  # whoever contains it has it, if nobody had
            acts.contain(tx, number, actor, text=note, via=by)
        case "extend":
            acts.extend(tx, number, actor, text=note, via=by)
        case "note" if not note.strip():
            raise ActNotAllowed("note_required", "a note says something", missing=("note",))
        case "note" if not to:
            acts.note(tx, number, actor, text=note, via=by)
        case "note" | "hand_over":
            acts.hand_over(tx, number, actor, to=to, text=note, via=by)
        case "false_alarm":
            _propose(tx, number, actor, note, site)
        case "not_me":
            pressed.not_me(tx, number, actor, to=to, via=by)
        case "escalate":
            pressed.escalate(tx, number, actor, via=by)
        case "awake":
            pressed.awake(tx, actor, via=by)
        case "undo":
            pressed.undo(tx, number, actor, via=by)
        case _:
            raise Problem(404, "not_found", "there is no such button")
    return None


def _acknowledged(tx: Tx, link: Link, actor: Actor) -> views.Answer:
    if not records.load(tx.connection, link.record).is_open:
        return views.Answer.CLOSED
    links.spend(tx, link.nonce, incident=link.record, act=link.act, person=actor.id)
    taken = incidents.acknowledge(tx, link.record, actor, via="link")
    return views.Answer.DONE if taken.first else views.Answer.TAKEN


def _propose(tx: Tx, number: int, actor: Actor, note: str, site: Site) -> None:
    """Upon whatever version: who proposes decides nothing, and another person settles it."""
    given: dict[str, Any] = {"version": records.load(tx.connection, number).version, "calendar": site.calendar}
    reason = DismissReason.FALSE_POSITIVE
    dismissals.dismiss(tx, number, actor, via="link", reason_code=reason, note=note, proposes=True, **given)


async def _show(
    request: web.Request,
    link: Link,
    person: Person,
    *,
    answer: views.Answer | None = None,
    done: str = "",
    refused: str = "",
    typed: str = "",
    status: int = 200,
) -> web.Response:
    frame, site = views.Frame(now=request.app[CLOCK].now(), zone=person.timezone), request.app[SITE]()
    runbooks = request.app.get(RUNBOOKS)
    record = await request.app[STORE].read(lambda c: records.load(c, link.record))
    runbook = runbooks.of(record.rule_id, record.rule_path) if runbooks else Runbook()
    view: LinkView = await request.app[STORE].read(
        lambda c: assemble(c, frame, person, link.record, site=site, runbook=runbook, answer=answer)
    )
    shown = replace(view, done=done, refused=refused, typed=typed)
    return html(request.app[PAGES].acknowledge(shown), status=status)


async def _expired(request: web.Request, link: Link, form: Mapping[str, str]) -> web.Response:
    """Its time is over: 410, and a button that has a fresh one sent to the address on file, and nowhere else."""
    person = await _whose(request, link)
    asked, sent = form.get("act") == "fresh", False
    if asked:
        sent = await request.app[STORE].write(lambda tx: pressed.send_fresh(tx, link.record, person.id))
        request.app[WAKE_NOTIFIER]()
    view = views.ExpiredView(
        frame=views.Frame(now=request.app[CLOCK].now(), zone=person.timezone),
        number=link.record,
        expired_at=link.expires_at,
        person=person.name,
        asked=asked,
        sent=sent,
    )
    return html(request.app[PAGES].expired(view), status=410)
