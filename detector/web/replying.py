"""The page behind a link that asks for information: the question, and room for an answer. Only a POST changes anything.

It shows no more of the incident than it takes to understand the question.
"""

from dataclasses import replace

from aiohttp import web
from sqlalchemy import Connection

from detector.api.bodies import LONGEST_NOTE
from detector.api.keys import CLOCK, STORE, WAKE_NOTIFIER
from detector.api.problem import Problem, from_error
from detector.web import views
from detector.web.frames import PAGES, html
from notifier.links import Link
from store.errors import ActNotAllowed
from store.incident import ActorKind, Incident
from store.people import Contact, Person
from store.repository.incident import requests
from store.repository.people import contacts, links, persons
from store.repository.record import records
from store.repository.steps import visibility
from store.request import Request
from store.tx import Tx


async def reply(request: web.Request, link: Link) -> web.Response:
    """Show what is asked or, by POST, take the answer. What could not be taken is shown again with what was typed."""
    status, refused, typed = 200, "", ""
    if request.method == "POST":
        typed = str((await request.post()).get("answer", ""))
        status, refused = await _take(request, link, typed)
    now = request.app[CLOCK].now()
    view = await request.app[STORE].read(lambda c: _view(c, link, views.Frame(now=now)))
    return html(request.app[PAGES].reply(replace(view, refused=refused, typed=typed)), status=status)


async def _take(request: web.Request, link: Link, text: str) -> tuple[int, str]:
    """Keep the answer. Returns the status of the page, and why it was not kept; "" if it was."""
    if len(text) > LONGEST_NOTE:
        return 422, f"Not taken: it is {len(text):,} characters long, and at most {LONGEST_NOTE:,} fit."

    def work(tx: Tx) -> None:
        _asked(tx.connection, link)
        requests.answer(tx, link.record, link.request, link.actor, text=text, via="link")
        links.spend(tx, link.nonce, incident=link.record, act=link.act, person=link.person)

    try:
        await request.app[STORE].write(work)
    except ActNotAllowed as error:
        problem = from_error(error)
        return problem.status if problem else 409, f"Not taken: {error}."
    request.app[WAKE_NOTIFIER]()
    return 200, ""


def _view(connection: Connection, link: Link, frame: views.Frame) -> views.ReplyView:
    one, who = _asked(connection, link)
    record = records.load(connection, one.incident)
    asker = persons.get(connection, one.asked_by)
    return views.ReplyView(
        frame=replace(frame, zone=who.timezone) if isinstance(who, Person) else frame,
        number=one.incident,
        title=record.title if _may_see(record, who) else "",
        person=who.name,
        asker=asker.name if asker else one.asked_by,
        question=one.question,
        due_at=one.due_at,
        state=_state(connection, one),
        settled_at=one.settled_at,
        is_theirs=one.settled_by == link.actor,
    )


def _asked(connection: Connection, link: Link) -> tuple[Request, Person | Contact]:
    """What is asked, and whom: the link answers for nobody else.

    Raises:
        NotFound: There is no such request.
        Problem: 403: it asks somebody else, or they may not act here any more.
    """
    one = requests.get(connection, link.record, link.request)
    is_contact = link.actor.kind is ActorKind.CONTACT
    found = contacts.get(connection, link.actor.id) if is_contact else persons.get(connection, link.actor.id)
    if one.asked != link.actor or found is None or found.disabled_at is not None:
        raise Problem(403, "not_yours", "whom this link was made for may not act here any more")
    return one, found


def _may_see(record: Incident, who: Person | Contact) -> bool:
    """Whether the title may be shown: what few may see is not, to nobody who comes by a link."""
    return not visibility.is_limited(record) and (isinstance(who, Person) or record.tlp.is_within(who.max_tlp))


def _state(connection: Connection, one: Request) -> views.Asking:
    if not one.is_open:
        return views.Asking(one.state)
    return views.Asking.OPEN if records.carrier(connection, one.incident).is_open else views.Asking.CLOSED
