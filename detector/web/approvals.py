"""The page of everything that waits to be signed: light incidents of one rule with one signature, others one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from sqlalchemy import Connection

from detector.api.approval import LARGEST_BATCH, BatchBody, SigningBody, Wanted, sign_all, signing
from detector.api.identity import CALLER, require_person
from detector.api.keys import NEW_SECRET, SITE, STORE, WAKE_NOTIFIER
from detector.web import asking
from detector.web.asking import Group
from detector.web.do_view import Refusal
from detector.web.doing import proven, refusal_of, with_password
from detector.web.forms import texts_of
from detector.web.frames import PAGES, frame_of, html
from detector.web.inputs import Texts
from detector.web.views import Frame
from rules.event import Severity
from store.incident import Actor, ActorKind, Incident, Status, Step, Track
from store.people import Person
from store.repository.dossier import approval
from store.repository.incident import incidents
from store.repository.steps import visibility
from store.site import Site
from store.tx import Tx

routes = web.RouteTableDef()
_MOST: Final = 100
_SIGN: Final = "sign."


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An incident that waits to be signed."""

    number: int
    title: str
    severity: Severity
    events: int
    hash: str
    unconfirmed: int
    hinders: str  #: why it cannot be signed in a batch; ""
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Light incidents of one rule."""

    rule: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalsView:
    """All that waits."""

    frame: Frame
    batches: tuple[Batch, ...]
    others: tuple[Row, ...]  #: not light: each needs its own checklist
    groups: tuple[Group, ...]
    may_sign: bool
    refused: str = ""


@routes.get("/approvals")
async def approvals_page(request: web.Request) -> web.Response:
    """What waits to be signed."""
    if request[CALLER].actor is None:
        raise web.HTTPSeeOther("/in")
    return await _show(request, {})


@routes.post("/approvals")
async def sign_batch(request: web.Request) -> web.Response:
    """Sign what was chosen: all of it, or none."""
    person, texts = require_person(request), await texts_of(request)
    chosen = dict(_chosen(texts))
    given, beside = asking.body(SigningBody, texts, "UTC")
    if not chosen or len(chosen) > LARGEST_BATCH or given is None:
        says = f"Not signed: choose 1 to {LARGEST_BATCH} of one rule."
        return await _show(request, texts, Refusal(sentence=says, beside=beside), 422)
    wanted = tuple(Wanted(incident=number, hash=text) for number, text in chosen.items())
    body = BatchBody(incidents=wanted, fresh=given.fresh, note=given.note, checklist=given.checklist)
    actor, secret = Actor(kind=ActorKind.PERSON, id=person.id), request.app[NEW_SECRET]()
    site, via = request.app[SITE](), request[CALLER].via

    def work(tx: Tx) -> None:
        fresh: Any = proven(tx, actor, shown, secret)
        pairs = [(one.incident, one.hash) for one in wanted]
        sign_all(tx, pairs, actor, via=via, site=site, given=signing(fresh, ""))

    try:
        shown = await with_password(request, person, body)
        await request.app[STORE].write(work)
    except Exception as error:
        return await _show(request, texts, *refusal_of(error))
    request.app[WAKE_NOTIFIER]()
    raise web.HTTPSeeOther("/approvals")


def _chosen(texts: Texts) -> Iterator[tuple[int, str]]:
    """Number and hash of each that was ticked."""
    for name, text in texts.items():
        number = name.removeprefix(_SIGN)
        if name != number and number.isascii() and number.isdigit() and len(number) <= 15:
            yield int(number), text


async def _show(request: web.Request, texts: Texts, refusal: Refusal | None = None, status: int = 200) -> web.Response:
    frame, person, site = await frame_of(request), request[CALLER].person, request.app[SITE]()
    view = await request.app[STORE].read(lambda c: _view(c, frame, person, site, texts, refusal))
    return html(request.app[PAGES].approvals(view), status=status)


def _view(
    connection: Connection, frame: Frame, person: Person | None, site: Site, texts: Texts, refusal: Refusal | None
) -> ApprovalsView:
    wanted = incidents.Filter(status=Status.OPEN, step=Step.APPROVAL)
    found = incidents.list_of(connection, wanted, limit=_MOST)
    hidden = visibility.hidden(connection, [one.number for one in found], person.id if person else None, site)
    seen = [one for one in found if one.number not in hidden]
    light = [one for one in seen if one.track is Track.LIGHT]
    faults = refusal.beside if refusal else None
    return ApprovalsView(
        frame=frame,
        batches=tuple(
            Batch(rule=title, rows=tuple(_row(connection, one, texts) for one in light if one.rule_id == rule))
            for rule, title in {one.rule_id: one.rule_title for one in light}.items()
        ),
        others=tuple(_row(connection, one, texts) for one in seen if one.track is not Track.LIGHT),
        groups=asking.groups(SigningBody, texts, persons={}, zone=frame.zone, faults=faults, without=("checklist",)),
        may_sign=person is not None,
        refused=refusal.sentence if refusal else "",
    )


def _row(connection: Connection, one: Incident, texts: Texts) -> Row:
    state = approval.state_of(connection, one)
    is_open = any(each.is_open for each in state.discrepancies)
    return Row(
        number=one.number,
        title=one.title,
        severity=one.severity,
        events=one.events,
        hash=state.hash,
        unconfirmed=len(state.unconfirmed),
        hinders="something does not fit" if is_open else "",
        is_chosen=f"{_SIGN}{one.number}" in texts,
    )
