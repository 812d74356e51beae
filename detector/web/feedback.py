"""The public page for feedback: a form, a reference, and how far a report is. Nobody needs an account or a script.

Only POST keeps something, and it is kept in the inbox before it is answered, as over the API. What could not be kept is
shown again with what was typed.
"""

import asyncio
import hashlib
import math
from dataclasses import replace
from typing import Final

import msgspec
import structlog
from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api.identity import CALLER
from detector.api.keys import CLOCK, DOORS, NEW_SECRET, STORE
from detector.api.problem import RETRY_AFTER_SECONDS, Problem
from detector.api.reports import waiting_of
from detector.intake.desk import DESK, Slip
from detector.intake.settings import Intake
from detector.web import feedback_form as forms
from detector.web import views
from detector.web.frames import PAGES, frame_of, html
from rules.intake.feedback import Feedback
from rules.intake.parcels import reference_of
from store.errors import StoreBusy, StoreUnavailable
from store.reports import ReportState, state_of
from store.repository.intake import inbox, reports
from store.repository.steps import visibility
from store.tx import Tx

log = structlog.get_logger()
routes = web.RouteTableDef()
#: For a body to arrive.
SECONDS: Final = 15.0


@routes.get("/feedback")
async def feedback_page(request: web.Request) -> web.Response:
    """The form; with a reference, how far that report is."""
    intake = _intake(request)
    if reference := request.query.get("reference", "").strip():
        number = request.app[DESK].number_of(reference)
        raise web.HTTPSeeOther(f"/feedback/{request.app[DESK].reference(number)}") if number else _unknown()
    return html(request.app[PAGES].feedback(_form(request, intake)))


@routes.post("/feedback")
async def feedback_act(request: web.Request) -> web.Response:
    """Keep a report, and show its reference."""
    intake = _intake(request)
    observer = request.app[DOORS].observer
    try:
        answer = await _take(request, intake)
    except Problem as problem:
        observer.handed_in(intake.name, problem.status)
        raise
    observer.handed_in(intake.name, answer.status)
    return answer


async def _take(request: web.Request, intake: Intake) -> web.Response:
    desk, now = request.app[DESK], request.app[CLOCK].now()
    body = await _body(request)
    typed = forms.typed_in(body)
    slip = desk.read(typed.get("slip", ""), now)
    report, faults = forms.report_in(typed, intake.components)
    view = replace(_form(request, intake), typed=typed, faults=faults + forms.of_slip(slip))
    if slip in (Slip.GOOD, Slip.EARLY):
        view = replace(view, slip=typed["slip"])  # it stays the same form, so that it is kept once
    if report is None or view.faults:
        return html(request.app[PAGES].feedback(view), status=422)
    wait = desk.limiter.take(
        _address(request), now, each=intake.page_reports_per_hour_each, all_together=intake.page_reports_per_hour
    )
    if wait:
        log.warning("a report was refused: too many came in", intake=intake.name, address=_address(request))
        return _again(request, replace(view, faults=forms.too_often(wait)), 429, str(math.ceil(wait.total_seconds())))
    try:
        number = await _keep(request, intake, report, typed["slip"])
    except (StoreBusy, StoreUnavailable):
        fault = forms.Fault(field="", text="It could not be kept now. Nothing is lost: send it again in a moment.")
        return _again(request, replace(view, faults=(fault,)), 503, RETRY_AFTER_SECONDS)
    return web.Response(status=303, headers={hdrs.LOCATION: f"/feedback/{desk.reference(number)}"})


@routes.get("/feedback/waiting")
async def waiting_page(request: web.Request) -> web.Response:
    """For those who read reports: what waits for them, and until when."""
    if request[CALLER].actor is None:
        raise web.HTTPSeeOther("/in")
    frame = await frame_of(request)
    view = forms.WaitingView(frame=frame, rows=tuple(await waiting_of(request)))
    return html(request.app[PAGES].waiting(view))


@routes.get("/feedback/{reference}")
async def report_page(request: web.Request) -> web.Response:
    """How far a report is: whoever has its reference is told that, and nothing else."""
    _intake(request)
    number = request.app[DESK].number_of(request.match_info["reference"])
    if number is None:
        raise _unknown()

    def look(connection: Connection) -> ReportState:
        record = reports.holding(connection, reference_of(number))
        return state_of(record, limited=record is not None and visibility.is_limited(record))

    state = await request.app[STORE].read(look)
    frame = views.Frame(now=request.app[CLOCK].now())
    view = forms.ReportView(frame=frame, reference=request.app[DESK].reference(number), state=state)
    return html(request.app[PAGES].report(view, forms.STATES[state]))


async def _keep(request: web.Request, intake: Intake, report: Feedback, slip: str) -> int:
    """Put it into the inbox; the same form with the same text is kept once, however often it is sent."""
    body = msgspec.json.encode(report)
    key = f"page {hashlib.sha256(slip.encode() + body).hexdigest()}"

    def work(tx: Tx) -> int:
        return inbox.put(tx, intake.name, intake.kind, body, key=key)

    number = await request.app[STORE].write(work)
    request.app[DOORS].wake(intake.name)
    return number


def _intake(request: web.Request) -> Intake:
    """The intake that has the page; each that takes feedback may, one does."""
    for one in request.app[DOORS].of_kind("feedback"):
        if one.page:
            return one
    raise Problem(404, "not_found", "this installation takes no feedback here")


def _unknown() -> Problem:
    return Problem(404, "not_found", "there is no such report; look whether the reference is whole")


def _form(request: web.Request, intake: Intake) -> forms.FeedbackView:
    now = request.app[CLOCK].now()
    slip = request.app[DESK].slip(now, request.app[NEW_SECRET]()[:22])
    return forms.FeedbackView(frame=views.Frame(now=now), slip=slip, components=intake.components)


def _again(request: web.Request, view: forms.FeedbackView, status: int, retry_after: str) -> web.Response:
    answer = html(request.app[PAGES].feedback(view), status=status)
    answer.headers[hdrs.RETRY_AFTER] = retry_after
    return answer


async def _body(request: web.Request) -> bytes:
    """What a form sent; nothing else is read."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise Problem(
            415, "unsupported_media_type", "only the form of this page is taken; programs use /api/v1/feedback"
        )
    if (request.content_length or 0) > forms.MOST_BYTES:
        raise Problem(413, "request_entity_too_large", "that is more than the form holds; say it in fewer words")
    try:
        async with asyncio.timeout(SECONDS):
            body = await request.read()
    except TimeoutError:
        raise Problem(408, "too_slow", "it took too long to arrive; send it again") from None
    if len(body) > forms.MOST_BYTES:
        raise Problem(413, "request_entity_too_large", "that is more than the form holds; say it in fewer words")
    return body


def _address(request: web.Request) -> str:
    """Where the reporter stands; never what a header claims."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return str(peer[0]) if isinstance(peer, tuple) else ""
