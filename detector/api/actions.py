"""The actions of incidents over the API: look, write, and do what their life allows.

Each has an ETag of its own. Writing a new one needs none; whoever changes or decides names the version they saw.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api import action_bodies as bodies
from detector.api import action_wire, wire, writing
from detector.api.acts import actor_of
from detector.api.identity import CALLER, require_known
from detector.api.keys import SITE, STORE, WAKE_NOTIFIER
from detector.api.problem import Problem, from_error
from store.action import Action
from store.covering import missing
from store.errors import NotFound
from store.incident import Actor
from store.repository.dossier import action_turns, actions, plan
from store.repository.dossier.action_turns import Acted
from store.repository.intake.idempotency import Answered
from store.repository.record import records
from store.tx import Tx

routes = web.RouteTableDef()
_ONE = "/api/v1/incidents/{number}/actions/{action}"


@dataclass(frozen=True, slots=True)
class _Turn:
    """How something is done to an action."""

    shape: type[Any]
    work: Callable[[Tx, dict[str, Any], Any], Acted]  #: with who, which and where, and the body


TURNS: Mapping[str, _Turn] = {
    "agree": _Turn(bodies.AgreeBody, lambda tx, seen, body: action_turns.agree(tx, **seen)),
    "move": _Turn(
        bodies.MoveBody, lambda tx, seen, body: action_turns.move(tx, due=body.due, reason=body.reason, **seen)
    ),
    "done": _Turn(
        bodies.DoneBody,
        lambda tx, seen, body: action_turns.done(
            tx,
            evidence=body.evidence,
            attended=body.attended,
            valid_until=body.valid_until,
            since=body.effective_from,
            **seen,
        ),
    ),
    "verify": _Turn(
        bodies.VerifyBody,
        lambda tx, seen, body: action_turns.verify(tx, since=body.effective_from, note=body.note, **seen),
    ),
    "return": _Turn(bodies.ReasonBody, lambda tx, seen, body: action_turns.give_back(tx, reason=body.reason, **seen)),
    "drop": _Turn(bodies.ReasonBody, lambda tx, seen, body: action_turns.drop(tx, reason=body.reason, **seen)),
}


@routes.get("/api/v1/incidents/{number}/actions")
async def list_actions(request: web.Request) -> web.Response:
    """The actions of an incident, for what there is none and why, and what the plan still lacks."""
    require_known(request)
    number, person = wire.number_of(request), request[CALLER].person
    site, now = request.app[SITE](), action_wire.local_now(request)

    def look(connection: Connection) -> dict[str, Any]:
        records.load(connection, number)  # there must be one
        able, gaps = action_wire.able(connection, number, person, site), plan.gaps(connection, number, now=now)
        reasons = actions.reasons(connection, number).values()
        return {
            "items": [action_wire.in_full(one, able, now.date()) for one in actions.of(connection, number)],
            "none": [{"cause": one.cause, "reason": one.reason, "by": one.by, "at": one.at} for one in reasons],
            "incomplete": gaps.incomplete,
            "uncovered": gaps.uncovered,
            "may_write": able.may_write,
        }

    return wire.answer(await request.app[STORE].read(look))


@routes.post("/api/v1/incidents/{number}/actions")
async def write_action(request: web.Request) -> web.Response:
    """Write a new action down."""
    number, actor, site, via = wire.number_of(request), actor_of(request), request.app[SITE](), request[CALLER].via

    async def doing() -> web.Response:
        body = await wire.body_of(request, bodies.NewAction)
        given = {name: one for name, one in body.given.items() if name != "kind"}
        return await writing.write(
            request,
            lambda tx: action_turns.write(tx, number, actor, kind=body.kind, plan=given, via=via, site=site),
            _told(request, status=201),
        )

    return await _allowing(request, doing)


@routes.post("/api/v1/incidents/{number}/actions/none")
async def give_reason(request: web.Request) -> web.Response:
    """Say why there is no action for a cause."""
    number, actor, via = wire.number_of(request), actor_of(request), request[CALLER].via

    async def doing() -> web.Response:
        body = await wire.body_of(request, bodies.NoneBody)
        return await writing.write(
            request,
            lambda tx: plan.give_reason(tx, number, actor, cause=body.cause, reason=body.reason, via=via),
            lambda entry: writing.answered({"entry": entry}),
        )

    return await _allowing(request, doing)


@routes.get(_ONE)
async def show_action(request: web.Request) -> web.Response:
    """One action; its ETag is its version."""
    require_known(request)
    number, which, person = wire.number_of(request), _which(request), request[CALLER].person
    site, today = request.app[SITE](), action_wire.local_now(request).date()

    def look(connection: Connection) -> tuple[dict[str, Any], int]:
        one = actions.get(connection, number, which)
        return action_wire.in_full(one, action_wire.able(connection, number, person, site), today), one.version

    body, version = await request.app[STORE].read(look)
    return wire.answer(body, headers={hdrs.ETAG: wire.etag(version)})


@routes.put(_ONE)
async def change_action(request: web.Request) -> web.Response:
    """Change the plan of an action, as a person who has seen the version in ``If-Match``."""
    actor = actor_of(request)

    async def doing() -> web.Response:
        seen = _seen(request, actor)
        body = await wire.body_of(request, bodies.PlanBody)
        return await writing.write(
            request, lambda tx: action_turns.change(tx, changes=body.given, **seen), _told(request)
        )

    response = await _allowing(request, doing)
    request.app[WAKE_NOTIFIER]()
    return response


@routes.post(_ONE + "/{turn}")
async def take_turn(request: web.Request) -> web.Response:
    """Agree upon it, move it, record it done, verify, return or drop it."""
    actor = actor_of(request)

    async def doing() -> web.Response:
        turn = TURNS.get(request.match_info["turn"])
        if turn is None:
            raise Problem(404, "not_found", f"an action can be asked to {', '.join(TURNS)}", allowed=tuple(TURNS))
        seen = _seen(request, actor)
        body = await wire.body_of(request, turn.shape)
        return await writing.write(request, lambda tx: turn.work(tx, seen, body), _told(request))

    response = await _allowing(request, doing)
    request.app[WAKE_NOTIFIER]()
    return response


def _told(request: web.Request, *, status: int = 200) -> Callable[[Acted], Answered]:
    today = action_wire.local_now(request).date()

    def told(acted: Acted) -> Answered:
        one = acted.action
        headers: dict[str, str] = {hdrs.ETAG: wire.etag(one.version)}
        if status == 201:
            headers[hdrs.LOCATION] = f"/api/v1/incidents/{one.incident}/actions/{one.number}"
        more = {"missing": missing(one, acted.record.track), "entry": acted.entry, "allowed": acted.allowed}
        return writing.answered(action_wire.shown(one, today) | more, status=status, headers=headers)

    return told


def _seen(request: web.Request, actor: Actor) -> dict[str, Any]:
    """Who would do something to which action, upon which version of it, where."""
    return {
        "number": wire.number_of(request),
        "which": _which(request),
        "actor": actor,
        "version": wire.seen_version(request),
        "via": request[CALLER].via,
        "site": request.app[SITE](),
    }


async def _allowing(request: web.Request, doing: Callable[[], Awaitable[web.Response]]) -> web.Response:
    """Have every refusal say what this caller may do now: to this action or, without one, to the incident."""
    try:
        return await doing()
    except Exception as error:
        problem = await _with_allowed(request, error)
        if problem is None:
            raise
        raise problem from error


async def _with_allowed(request: web.Request, refused: Exception) -> Problem | None:
    number, problem, person = wire.number_of(request), from_error(refused), request[CALLER].person
    if "action" not in request.match_info or problem is None or isinstance(refused, NotFound):
        return await writing.with_allowed(request, number, refused)

    def look(connection: Connection) -> tuple[Action, tuple[str, ...]]:
        one = actions.get(connection, number, _which(request))
        return one, action_wire.able(connection, number, person, request.app[SITE]()).allowed(one)

    try:
        one, allowed = await request.app[STORE].read(look)
    except NotFound as error:
        return from_error(error)
    problem.allowed = problem.allowed or allowed
    if problem.code == "if_match_required":
        problem.more |= {"version": one.version}
    return problem


def _which(request: web.Request) -> int:
    return wire.whole_in_path(request, "action")
