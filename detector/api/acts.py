"""Acts and moves by hand over the API."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from detector.api import approval, bodies, clocks, follow_up, judging, keeping, stepping, visibility, wire, writing
from detector.api.doing import Asked, Doing
from detector.api.identity import CALLER, require_person
from detector.api.keys import SITE, WAKE_NOTIFIER
from detector.api.problem import Problem
from store.incident import Actor, ActorKind
from store.repository.grouping import merges
from store.repository.incident import acts, by_hand, dismissals, moves, waivers
from store.repository.incident.acts import Done
from store.repository.record import records
from store.tx import Tx

routes = web.RouteTableDef()


def _decide(tx: Tx, asked: Asked) -> Done:
    body: bodies.DecideBody = asked.body
    if body.decision == "observe":
        given: dict[str, Any] = {"until": body.until, "count": body.count, "reason": body.note}
        return moves.observe(tx, asked.number, asked.actor, **given, **asked.seen)
    if body.decision == "duplicate_of":
        if body.of is None:
            raise Problem(422, "invalid_body", "say of which incident it is a duplicate", missing=["of"])
        return merges.merge(tx, asked.number, body.of, asked.actor, note=body.note, **asked.seen)
    return moves.investigate(tx, asked.number, asked.actor, reason=body.note, **asked.seen)


def _dismiss(tx: Tx, asked: Asked) -> Done:
    body: bodies.DismissBody = asked.body
    given: dict[str, Any] = {"reason_code": body.reason_code, "note": body.note, "calendar": asked.site.calendar}
    return dismissals.dismiss(tx, asked.number, asked.actor, **given, **asked.seen)


def _settle(tx: Tx, asked: Asked) -> Done:
    given = {"agree": asked.body.agree, "note": asked.body.note, "mode": asked.site.four_eyes}
    return dismissals.settle(tx, asked.number, asked.actor, **given, **asked.seen)


def _answer(tx: Tx, asked: Asked) -> Done:
    return acts.answer(tx, asked.number, asked.actor, to_entry=asked.body.entry, **asked.act)


def _waive(tx: Tx, asked: Asked) -> Done:
    given = {"reason": asked.body.reason, "site": asked.site, "via": asked.via}
    return waivers.waive(tx, asked.number, asked.actor, **given)


def _merge(tx: Tx, asked: Asked) -> Done:
    visibility.check_sees(tx, asked.body.into, asked.actor, asked.site)
    return merges.merge(tx, asked.number, asked.body.into, asked.actor, note=asked.body.note, **asked.seen)


def _unmerge(tx: Tx, asked: Asked) -> Done:
    if (into := records.load(tx.connection, asked.number).merged_into) is not None:
        visibility.check_sees(tx, into, asked.actor, asked.site)
    return merges.unmerge(tx, asked.number, asked.actor, note=asked.body.note, **asked.seen)


ACTS: Mapping[str, Doing] = {
    "note": Doing(bodies.NoteBody, lambda tx, asked: acts.note(tx, asked.number, asked.actor, **asked.act)),
    "contain": Doing(bodies.Body, lambda tx, asked: acts.contain(tx, asked.number, asked.actor, **asked.act)),
    "resolve": Doing(bodies.Body, lambda tx, asked: acts.resolve(tx, asked.number, asked.actor, **asked.act)),
    "own": Doing(bodies.Body, lambda tx, asked: acts.own(tx, asked.number, asked.actor, **asked.act)),
    "extend": Doing(bodies.Body, lambda tx, asked: acts.extend(tx, asked.number, asked.actor, **asked.act)),
    "hand_over": Doing(
        bodies.HandOverBody,
        lambda tx, asked: acts.hand_over(tx, asked.number, asked.actor, to=asked.body.to, **asked.act),
    ),
    "concern": Doing(bodies.NoteBody, lambda tx, asked: acts.concern(tx, asked.number, asked.actor, **asked.act)),
    "answer": Doing(bodies.AnswerBody, _answer),
    "waive": Doing(bodies.WaiveBody, _waive),
    **approval.ACTS,
    **clocks.ACTS,
    **follow_up.ACTS,
    **judging.ACTS,
    **stepping.ACTS,
    **keeping.ACTS,
}
MOVES: Mapping[str, Doing] = {
    "decide": Doing(bodies.DecideBody, _decide),
    "dismiss": Doing(bodies.DismissBody, _dismiss),
    "settle": Doing(bodies.SettleBody, _settle),
    "merge": Doing(bodies.MergeBody, _merge),
    "unmerge": Doing(bodies.Body, _unmerge),
    "reopen": Doing(
        bodies.ReopenBody,
        lambda tx, asked: moves.reopen(tx, asked.number, asked.actor, reason=asked.body.reason, **asked.seen),
    ),
    **stepping.MOVES,
    **follow_up.MOVES,
    **approval.MOVES,
}


@routes.post("/api/v1/incidents")
async def open_incident(request: web.Request) -> web.Response:
    """Open an incident by hand: a phone call, a lost laptop, a drill."""
    actor = actor_of(request)
    body = await wire.body_of(request, bodies.OpenBody)
    via = request[CALLER].via
    response = await writing.write(
        request, lambda tx: opened(tx, body, actor, via), lambda result: writing.done(result, status=201)
    )
    request.app[WAKE_NOTIFIER]()
    return response


@routes.post("/api/v1/incidents/{number}/acts/{act}")
async def act(request: web.Request) -> web.Response:
    """Do something to an incident that moves no step."""
    return await _ask(request, ACTS, "act")


@routes.post("/api/v1/incidents/{number}/moves/{move}")
async def move(request: web.Request) -> web.Response:
    """Move an incident by hand, upon the version named in If-Match."""
    return await _ask(request, MOVES, "move")


def opened(tx: Tx, body: bodies.OpenBody, actor: Actor, via: str) -> Done:
    """Open what *body* tells of; pages and the API share it."""
    return by_hand.open_by_hand(
        tx,
        actor,
        title=body.title,
        severity=body.severity,
        what_happened=body.what_happened,
        occurred_at=body.occurred_at,
        drill=body.drill,
        via=via,
    )


def actor_of(request: web.Request) -> Actor:
    """The person who calls, or a 401 or 403."""
    return Actor(kind=ActorKind.PERSON, id=require_person(request).id)


def asked_by(request: web.Request, number: int, actor: Actor, via: str, body: Any, version: int = 0) -> Asked:
    """What somebody asks for; pages and the API share it."""
    return Asked(
        number=number,
        actor=actor,
        via=via,
        body=body,
        version=version,
        site=request.app[SITE](),
    )


async def _ask(request: web.Request, table: Mapping[str, Doing], kind: str) -> web.Response:
    """Look the act or move up in *table* and do it; every refusal says what this caller may do now."""
    number = wire.number_of(request)
    try:
        actor, name = actor_of(request), request.match_info[kind]
        doing = table.get(name)
        if doing is None:
            raise Problem(404, "not_found", f"there is no {kind} {name[:40]!r}")
        body = await wire.body_of(request, doing.shape)
        version = wire.seen_version(request) if table is MOVES or doing.decides else 0
        asked = asked_by(request, number, actor, request[CALLER].via, body, version)
        response = await writing.write(request, lambda tx: doing.do(tx, asked), writing.done)
    except Exception as error:
        problem = await writing.with_allowed(request, number, error)
        if problem is None:
            raise
        raise problem from error
    request.app[WAKE_NOTIFIER]()
    return response
