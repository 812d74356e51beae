"""Silences and mutes over the API: who made what hush, why, until when, and what that hid."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta
from sqlalchemy import Connection

from detector.api import wire, writing
from detector.api.bodies import Moment, Note
from detector.api.identity import CALLER, require_known, require_person
from detector.api.keys import CLOCK, SILENCING, SITE, STORE, WAKE_NOTIFIER
from detector.api.problem import Problem
from store import silence as rules
from store.incident import Actor, ActorKind
from store.repository.hiding import hidden, silences
from store.repository.intake.idempotency import Answered
from store.repository.steps import visibility
from store.silence import Hid, Hidden, NewSilence, Silence, SilenceState, Window
from store.site import Site
from store.tx import Tx

routes = web.RouteTableDef()

Value = Annotated[str, Meta(min_length=1, max_length=rules.LONGEST_VALUE)]
Values = Annotated[tuple[Value, ...], Meta(min_length=1, max_length=rules.MOST_VALUES)]


class WindowBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When in a week a recurring silence has effect."""

    timezone: Annotated[str, Meta(min_length=1, max_length=100)]
    days: Annotated[tuple[Annotated[int, Meta(ge=0, le=6)], ...], Meta(min_length=1, max_length=7)]
    starts: Annotated[str, Meta(min_length=5, max_length=5)]
    ends: Annotated[str, Meta(min_length=5, max_length=5)]


class SilenceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/silences``."""

    matchers: Annotated[dict[str, Values], Meta(min_length=1, max_length=len(rules.NAMES))]
    reason: Note = ""
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    until_resolved: Annotated[int, Meta(ge=1, le=10**15)] | None = None
    window: WindowBody | None = None
    dry_run: bool = False


class SettleSilenceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/silences/{silence}/settle``."""

    agree: bool
    note: Note = ""


class ExtendSilenceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/silences/{silence}/extend``."""

    ends_at: Moment
    reason: Note = ""


class EndSilenceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/silences/{silence}/end``."""

    reason: Note = ""


@routes.get("/api/v1/silences")
async def list_silences(request: web.Request) -> web.Response:
    """The newest thousand; with ``state`` those in one state."""
    require_known(request)
    states, now = _states(request), request.app[CLOCK].now()
    person, site = request[CALLER].person, request.app[SITE]()

    def look(connection: Connection) -> list[dict[str, Any]]:
        found = silences.list_all(connection, states)
        hid = hidden.by(connection, [one.number for one in found])
        unseen = _unseen(connection, found, person.id if person else None, site)
        return [shown(one, hid[one.number], now, unseen) for one in found]

    return wire.answer({"items": await request.app[STORE].read(look)})


@routes.get("/api/v1/silences/{silence}")
async def show_silence(request: web.Request) -> web.Response:
    """One, with what it hid and would have hidden."""
    require_known(request)
    number, now = wire.whole_in_path(request, "silence"), request.app[CLOCK].now()
    person, site = request[CALLER].person, request.app[SITE]()

    def look(connection: Connection) -> tuple[dict[str, Any], int]:
        one = silences.get(connection, number)
        unseen = _unseen(connection, [one], person.id if person else None, site)
        return shown(one, hidden.by(connection, [number])[number], now, unseen), one.version

    body, version = await request.app[STORE].read(look)
    return wire.answer(body, headers={hdrs.ETAG: wire.etag(version)})


@routes.post("/api/v1/silences")
async def make_silence(request: web.Request) -> web.Response:
    """Make a silence, or only see what it would have hidden."""
    actor, body = _actor(request), await wire.body_of(request, SilenceBody)
    new = await weighed(request, body)
    if body.dry_run:
        await request.app[STORE].read(lambda connection: silences.check_may(connection, actor))
        person, site = request[CALLER].person, request.app[SITE]()
        assert person is not None
        numbers = new.preview.incidents
        unseen = await request.app[STORE].read(lambda c: visibility.hidden(c, numbers, person.id, site))
        needs = rules.needs_another(new.highest, new.preview)
        told = {"highest": new.highest, "needs_another": needs, "preview": _preview(new.preview, unseen)}
        return wire.answer({"matchers": new.matchers, **told})
    via = request[CALLER].via
    return await _write(request, lambda tx: silences.add(tx, actor, new, via=via), status=201)


@routes.post("/api/v1/silences/{silence}/settle")
async def settle_silence(request: web.Request) -> web.Response:
    """Agree to a silence or to its later end, or decline."""
    actor, body = _actor(request), await wire.body_of(request, SettleSilenceBody)
    number, version = wire.whole_in_path(request, "silence"), wire.seen_version(request)
    given: dict[str, Any] = {"agree": body.agree, "note": body.note, "via": request[CALLER].via}
    given |= {"version": version, "site": request.app[SITE]()}
    return await _write(request, lambda tx: silences.settle(tx, number, actor, **given))


@routes.post("/api/v1/silences/{silence}/extend")
async def extend_silence(request: web.Request) -> web.Response:
    """Have it end later, or earlier."""
    actor, body = _actor(request), await wire.body_of(request, ExtendSilenceBody)
    number, version = wire.whole_in_path(request, "silence"), wire.seen_version(request)
    given: dict[str, Any] = {"ends_at": body.ends_at, "reason": body.reason, "via": request[CALLER].via}
    return await _write(request, lambda tx: silences.extend(tx, number, actor, version=version, **given))


@routes.post("/api/v1/silences/{silence}/end")
async def end_silence(request: web.Request) -> web.Response:
    """End it: people are told again."""
    actor, body = _actor(request), await wire.body_of(request, EndSilenceBody)
    number, version = wire.whole_in_path(request, "silence"), wire.seen_version(request)
    via = request[CALLER].via
    return await _write(
        request, lambda tx: silences.end(tx, number, actor, version=version, reason=body.reason, via=via)
    )


async def weighed(request: web.Request, body: SilenceBody) -> NewSilence:
    """The silence that *body* asks for, with what it may hide and would have hidden."""
    unknown = sorted(body.matchers.keys() - set(rules.NAMES))
    if unknown:
        known = ", ".join(rules.NAMES)
        raise Problem(422, "invalid_body", f"nothing is named {unknown[0][:40]!r}; known are {known}", missing=unknown)
    starts_at = body.starts_at or request.app[CLOCK].now()
    worst, preview = await request.app[SILENCING].weigh(body.matchers)
    return NewSilence(
        matchers=body.matchers,
        reason=body.reason,
        starts_at=starts_at,
        ends_at=body.ends_at or _latest(body, starts_at),
        until_resolved=body.until_resolved,
        window=_window(body.window) if body.window else None,
        worst=worst,
        preview=preview,
    )


def _latest(body: SilenceBody, starts_at: datetime) -> datetime:
    """Its end, if it waits for an incident: none other is named then."""
    if body.until_resolved is None:
        raise Problem(422, "invalid_body", "say when it ends, or for which incident it waits", missing=["ends_at"])
    return starts_at + rules.LONGEST


def _window(body: WindowBody) -> Window:
    try:
        starts, ends = time.fromisoformat(body.starts), time.fromisoformat(body.ends)
        ZoneInfo(body.timezone)
    except (ValueError, OSError, KeyError):  # of a zone: no name, a folder's name, none that is known
        why = "timezone is a name such as Europe/Berlin; starts and ends are times there, as 03:00"
        raise Problem(422, "invalid_body", why, missing=["window"]) from None
    return Window(timezone=body.timezone, days=tuple(sorted(set(body.days))), starts=starts, ends=ends)


async def _write(request: web.Request, work: Callable[[Tx], Silence], *, status: int = 200) -> web.Response:
    person, site = require_person(request), request.app[SITE]()

    def done(tx: Tx) -> tuple[dict[str, Any], Silence]:
        one = work(tx)
        hid = hidden.by(tx.connection, [one.number])[one.number]
        return shown(one, hid, tx.now, _unseen(tx.connection, [one], person.id, site)), one

    def told(result: tuple[dict[str, Any], Silence]) -> Answered:
        says, one = result
        headers: dict[str, str] = {hdrs.ETAG: wire.etag(one.version)}
        if status == 201:
            headers[hdrs.LOCATION] = f"/api/v1/silences/{one.number}"
        return writing.answered(says, status=status, headers=headers)

    response = await writing.write(request, done, told)
    request.app[WAKE_NOTIFIER]()
    return response


def _actor(request: web.Request) -> Actor:
    return Actor(kind=ActorKind.PERSON, id=require_person(request).id)


def _states(request: web.Request) -> tuple[SilenceState, ...]:
    text = request.query.get("state", "")
    if text and text not in list(SilenceState):
        raise Problem(422, "invalid_query", f"state is one of {', '.join(SilenceState)}, not {text[:40]!r}")
    return (SilenceState(text),) if text else tuple(SilenceState)


def _unseen(connection: Connection, found: list[Silence], person: str | None, site: Site) -> frozenset[int]:
    numbers = {number for one in found for number in (*one.preview.incidents, *one.preview.confirmed)}
    return visibility.hidden(connection, numbers, person, site)


def shown(one: Silence, hid: Hid, now: datetime, unseen: frozenset[int] = frozenset()) -> dict[str, Any]:
    """A silence on the wire."""
    return {
        "silence": one.number,
        "is_mute": one.is_mute,
        "state": one.state,
        "in_force": one.is_in_force(now),
        "matchers": one.matchers,
        "reason": one.reason,
        "highest": one.highest,
        "needs_another": one.waits or one.longer_until is not None,
        "created_by": one.created_by,
        "created_at": one.created_at,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "lapses_at": one.over_at if one.waits else None,
        "until_resolved": f"INC-{one.until_resolved}" if one.until_resolved else None,
        "window": one.window,
        "longer_until": one.longer_until,
        "longer_by": one.longer_by,
        "settled_by": one.settled_by,
        "settled_at": one.settled_at,
        "ended_by": one.ended_by,
        "ended_at": one.ended_at,
        "version": one.version,
        "hid": {"notices": hid.notices, "incidents": hid.incidents, "open": hid.open},
        "preview": _preview(one.preview, unseen),
    }


def _preview(one: Hidden, unseen: frozenset[int]) -> dict[str, Any]:
    return {
        "sentence": one.sentence,
        "notices": one.notices,
        "count": one.count,
        "worst": one.worst,
        "incidents": [f"INC-{number}" for number in one.incidents if number not in unseen],
        "confirmed": [f"INC-{number}" for number in one.confirmed if number not in unseen],
        "left_out": one.left_out,
    }
