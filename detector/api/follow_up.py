"""What follows an incident over the API: its watches and improvement items, closing it, going back to its actions."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import Meta
from sqlalchemy import Connection

from detector.api import bodies, wire
from detector.api.bodies import Note, SomeNote
from detector.api.doing import Asked, Doing
from detector.api.identity import CALLER, hash_of, require_known
from detector.api.keys import CLOCK, SITE, STORE
from rules.event import Entity
from store.improvement import Improvement
from store.promise import Promise
from store.repository.follow_up import improvements, watch_acts, watches, watching
from store.repository.incident.acts import Done
from store.repository.record import records
from store.repository.steps import closing, visibility
from store.tx import Tx

routes = web.RouteTableDef()
Name = Annotated[str, Meta(min_length=1, max_length=256)]
Number = Annotated[int, Meta(ge=1, le=10**6)]
_MANY = 100


class ScopeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that is protected."""

    kind: Name  #: host, account, component or target
    value: Name


class WatchBody(bodies.Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/watch``."""

    criterion: SomeNote
    hours: float
    action: Number | None = None
    rules: Annotated[tuple[Name, ...], Meta(max_length=_MANY)] | None = None
    scope: Annotated[tuple[ScopeBody, ...], Meta(max_length=_MANY)] = ()
    sources: Annotated[tuple[Name, ...], Meta(max_length=_MANY)] = ()
    at_most: Annotated[int, Meta(ge=0, le=10**9)] = 0


class OfWatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/take_back_watch``."""

    watch: Number
    reason: Note = ""


class TriedBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/tried``."""

    watch: Number
    how: SomeNote
    evidence: SomeNote


class RiskBody(OfWatch, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/accept_risk``: a signature, so with the token of a fresh sign-in."""

    fresh: Annotated[str, Meta(max_length=200)] = ""


class ImproveBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/improve``."""

    item: SomeNote
    owner: Name
    due: date


class ImprovementBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/improvement``: what became of an item."""

    improvement: Number
    what: Literal["done", "dropped", "moved"]
    note: Note = ""
    due: date | None = None


def _watch(tx: Tx, asked: Asked) -> Done:
    body: WatchBody = asked.body
    scope = [Entity(kind=one.kind, value=one.value) for one in body.scope]
    given: dict[str, Any] = {"criterion": body.criterion, "hours": body.hours, "action": body.action}
    given |= {"rules": body.rules, "scope": scope, "sources": body.sources, "at_most": body.at_most}
    return watch_acts.plan(tx, asked.number, asked.actor, via=asked.via, **given)


def _take_back(tx: Tx, asked: Asked) -> Done:
    body: OfWatch = asked.body
    return watch_acts.take_back(tx, asked.number, body.watch, asked.actor, via=asked.via, reason=body.reason)


def _tried(tx: Tx, asked: Asked) -> Done:
    body: TriedBody = asked.body
    given: dict[str, Any] = {"how": body.how, "proof": body.evidence, "mode": asked.site.four_eyes}
    return watch_acts.tried(tx, asked.number, body.watch, asked.actor, via=asked.via, **given)


def _accept_risk(tx: Tx, asked: Asked) -> Done:
    body: RiskBody = asked.body
    given: dict[str, Any] = {"reason": body.reason, "fresh_digest": hash_of(body.fresh), "mode": asked.site.four_eyes}
    return watch_acts.accept_risk(tx, asked.number, body.watch, asked.actor, via=asked.via, **given)


def _improve(tx: Tx, asked: Asked) -> Done:
    body: ImproveBody = asked.body
    return improvements.improve(
        tx, asked.number, asked.actor, via=asked.via, item=body.item, owner=body.owner, due=body.due
    )


def _improvement(tx: Tx, asked: Asked) -> Done:
    body: ImprovementBody = asked.body
    given: dict[str, Any] = {"what": body.what, "note": body.note, "due": body.due}
    return improvements.turn(tx, asked.number, body.improvement, asked.actor, via=asked.via, **given)


ACTS: Mapping[str, Doing] = {
    "watch": Doing(WatchBody, _watch),
    "take_back_watch": Doing(OfWatch, _take_back),
    "tried": Doing(TriedBody, _tried),
    "accept_risk": Doing(RiskBody, _accept_risk),
    "improve": Doing(ImproveBody, _improve),
    "improvement": Doing(ImprovementBody, _improvement),
}
MOVES: Mapping[str, Doing] = {
    "close": Doing(
        bodies.Body,
        lambda tx, asked: closing.close(
            tx, asked.number, asked.actor, site=asked.site, note=asked.body.note, **asked.seen
        ),
    ),
    "rework": Doing(
        bodies.ReopenBody,
        lambda tx, asked: closing.rework(tx, asked.number, asked.actor, reason=asked.body.reason, **asked.seen),
    ),
}


@routes.get("/api/v1/incidents/{number}/watches")
async def list_watches(request: web.Request) -> web.Response:
    """All watches of an incident; one that runs with what it has counted so far."""
    require_known(request)
    number, now = wire.number_of(request), request.app[CLOCK].now()

    def look(connection: Connection) -> list[dict[str, Any]]:
        record = records.load(connection, number)
        decide = {one.number for one in watches.current(connection, record)}
        return [
            shown(_counted(connection, one, now), decides=one.number in decide)
            for one in watches.of(connection, number)
        ]

    return wire.answer({"items": await request.app[STORE].read(look)})


@routes.get("/api/v1/incidents/{number}/improvements")
async def list_improvements(request: web.Request) -> web.Response:
    """All improvement items of an incident."""
    require_known(request)
    number, today = wire.number_of(request), _today(request)

    def look(connection: Connection) -> list[Improvement]:
        records.load(connection, number)
        return improvements.of(connection, number)

    found = await request.app[STORE].read(look)
    return wire.answer({"items": [item(one, today) for one in found]})


@routes.get("/api/v1/improvements")
async def list_open_improvements(request: web.Request) -> web.Response:
    """What is still to be made better, of all incidents, the next due first."""
    require_known(request)
    person, site, today = request[CALLER].person, request.app[SITE](), _today(request)

    def look(connection: Connection) -> list[Improvement]:
        every = improvements.all_open(connection)
        hidden = visibility.hidden(connection, [one.incident for one in every], person.id if person else None, site)
        return [one for one in every if one.incident not in hidden]

    found = await request.app[STORE].read(look)
    return wire.answer({"items": [item(one, today) for one in found]})


def shown(one: Promise, *, decides: bool) -> dict[str, Any]:
    """A watch on the wire."""
    judged, trial = one.judgement, one.trial
    return {
        "incident": f"INC-{one.incident}",
        "watch": one.number,
        "cycle": one.cycle,
        "decides": decides,
        "action": one.action,
        "criterion": one.criterion,
        "rules": one.rules,
        "scope": [{"kind": each.kind, "value": each.value} for each in one.scope],
        "sources": one.sources,
        "at_most": one.at_most,
        "hours": one.hours,
        "planned_by": one.planned_by,
        "from": one.start,
        "until": one.until,
        "extended": one.extended,
        "before": {"matches": one.before_matches, "exposed_hours": one.before_hours},
        "after": {"matches": one.after_matches, "exposed_hours": one.after_hours},
        "tried": {"by": trial.by, "how": trial.how, "evidence": trial.evidence} if trial else None,
        "verdict": judged.verdict if judged else None,
        "sentence": judged.sentence if judged else None,
        "expected": judged.expected if judged else None,
        "p": judged.p if judged else None,
        "ended_at": one.ended_at,
        "accepted": {"by": one.accepted_by, "reason": one.accepted_reason, "at": one.accepted_at}
        if one.accepted_by
        else None,
        "retired_at": one.retired_at,
    }


def _counted(connection: Connection, one: Promise, now: datetime) -> Promise:
    return watching.counted(connection, one, now) if one.is_running else one


def item(one: Improvement, today: date) -> dict[str, Any]:
    """An improvement item on the wire."""
    return {
        "incident": f"INC-{one.incident}",
        "improvement": one.number,
        "item": one.item,
        "owner": one.owner,
        "due": one.due,
        "late": one.is_late(today),
        "state": one.state,
        "outcome": one.outcome,
        "written_by": one.written_by,
        "written_at": one.written_at,
        "ended_at": one.ended_at,
    }


def _today(request: web.Request) -> date:
    return request.app[CLOCK].now().astimezone(UTC).date()
