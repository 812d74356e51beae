"""Silences as Alertmanager's API v2 has them, made into ours: they cost what ours cost, and need a person's token.

Alertmanager matches labels of alerts that are to come. Ours match incidents, so one made here is about the alerts that
fire and match when it is made.
"""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from msgspec import Meta
from sqlalchemy import Connection

from detector.api import wire, writing
from detector.api.alertmanager import UUID, labels_of, require_offered, spoken, uuid_of
from detector.api.bodies import Moment, Note
from detector.api.identity import CALLER, require_person
from detector.api.keys import CLOCK, SILENCING, SITE, STORE, WAKE_NOTIFIER
from detector.api.labels import Matcher, NoMatcher, expression
from detector.api.problem import Problem
from store import silence as rules
from store.errors import NotFound
from store.incident import Actor, ActorKind
from store.repository.hiding import silences
from store.repository.intake import alerts
from store.repository.steps import visibility
from store.silence import NewSilence, Silence, SilenceState
from store.tx import Tx

routes = web.RouteTableDef()
_LONGEST_NUMBER: Final = 12  #: digits: as many as fit into the end of a UUID


class LabelBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One matcher of a silence."""

    name: Annotated[str, Meta(min_length=1, max_length=500)]
    value: Annotated[str, Meta(max_length=2_000)]
    is_regex: bool = False
    is_equal: bool = True


class SilenceBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """``POST /api/v2/silences``; who makes it is who calls, whatever the body says."""

    matchers: Annotated[tuple[LabelBody, ...], Meta(min_length=1, max_length=50)]
    starts_at: Moment
    ends_at: Moment
    comment: Note = ""
    id: str = ""


@routes.get("/api/v2/silences")
@spoken
async def list_silences(request: web.Request) -> web.Response:
    """All that are kept, the newest first."""
    _person(request)
    now = request.app[CLOCK].now()
    found = await request.app[STORE].read(silences.list_all)
    return wire.answer([shown(one, now) for one in found])


@routes.get("/api/v2/silence/{silence}")
@spoken
async def show_silence(request: web.Request) -> web.Response:
    """One of them."""
    _person(request)
    number, now = _number(request.match_info["silence"]), request.app[CLOCK].now()
    return wire.answer(shown(await request.app[STORE].read(lambda c: silences.get(c, number)), now))


@routes.post("/api/v2/silences")
@spoken
async def make_silence(request: web.Request) -> web.StreamResponse:
    """Make one, or have one end at another time."""
    actor, body = _person(request), await wire.body_of(request, SilenceBody)
    if body.id:
        return await _write(request, lambda tx: _extend(tx, _number(body.id), actor, body, request[CALLER].via))
    matchers = {"entity": await _matching(request, body)}
    worst, preview = await request.app[SILENCING].weigh(matchers)
    new = NewSilence(
        matchers=matchers,
        reason=body.comment,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        worst=worst,
        preview=preview,
    )
    return await _write(request, lambda tx: silences.add(tx, actor, new, via=request[CALLER].via))


@routes.delete("/api/v2/silence/{silence}")
@spoken
async def end_silence(request: web.Request) -> web.Response:
    """End it: people are told again."""
    actor, number = _person(request), _number(request.match_info["silence"])
    via = request[CALLER].via
    await request.app[STORE].write(lambda tx: silences.end(tx, number, actor, version=None, reason="", via=via))
    request.app[WAKE_NOTIFIER]()
    return web.Response(status=200)


def shown(one: Silence, now: datetime) -> dict[str, Any]:
    """A silence on the wire."""
    return {
        "id": uuid_of(one.number),
        "status": {"state": _state(one, now)},
        "updatedAt": one.ended_at or one.settled_at or one.created_at,
        "comment": one.reason or one.name,
        "createdBy": one.created_by,
        "startsAt": one.starts_at,
        "endsAt": one.ended_at or one.over_at,  # by it amtool tells what is over
        "matchers": [
            {
                "name": name,
                "value": values[0] if len(values) == 1 else "|".join(values),
                "isRegex": len(values) > 1,
                "isEqual": True,
            }
            for name, values in one.matchers.items()
        ],
    }


def _state(one: Silence, now: datetime) -> str:
    if one.state in rules.ENDED or one.over_at <= now:
        return "expired"
    return "pending" if one.state is SilenceState.PROPOSED or one.starts_at > now else "active"


def _number(text: str) -> int:
    digits, base = (text.removeprefix(UUID), 16) if text.startswith(UUID) else (text, 10)
    try:
        return int(digits, base) if digits.isascii() and digits.isalnum() and len(digits) <= _LONGEST_NUMBER else 0
    except ValueError:
        raise NotFound(f"there is no silence {text[:40]!r}") from None


def _person(request: web.Request) -> Actor:
    require_offered(request)
    return Actor(kind=ActorKind.PERSON, id=require_person(request).id)


async def _matching(request: web.Request, body: SilenceBody) -> tuple[str, ...]:
    """Keys of the alerts that fire, match, and may be seen by the caller."""
    asked, now, site = _matchers(body), request.app[CLOCK].now(), request.app[SITE]()
    person = require_person(request)

    def look(connection: Connection) -> tuple[str, ...]:
        fit = [one for one in alerts.firing(connection, now) if all(each.fits(labels_of(one)) for each in asked)]
        unseen = visibility.hidden(connection, {n for one in fit for n in one.incidents}, person.id, site)
        return tuple(sorted({one.key for one in fit if not unseen & set(one.incidents)}))

    keys = await request.app[STORE].read(look)
    if not keys:
        raise Problem(422, "nothing_matches", "no alert that fires matches: a silence is about those that do now")
    if len(keys) > rules.MOST_VALUES or any(key.endswith("*") for key in keys):
        why = f"it would be about {len(keys)} alerts, at most {rules.MOST_VALUES}, or about one whose key ends in *"
        raise Problem(422, "too_many", f"{why}: silence a rule or an asset instead, with POST /api/v1/silences")
    return keys


def _matchers(body: SilenceBody) -> tuple[Matcher, ...]:
    try:
        for one in body.matchers:
            if one.is_regex:
                expression(one.value)
    except NoMatcher as error:
        raise Problem(422, "invalid_body", str(error), missing=["matchers"]) from None
    return tuple(
        Matcher(name=one.name, value=one.value, is_regex=one.is_regex, is_equal=one.is_equal) for one in body.matchers
    )


def _extend(tx: Tx, number: int, actor: Actor, body: SilenceBody, via: str) -> Silence:
    version = silences.get(tx.connection, number).version
    return silences.extend(tx, number, actor, version=version, ends_at=body.ends_at, reason=body.comment, via=via)


async def _write(request: web.Request, work: Any) -> web.StreamResponse:
    answer = await writing.write(request, work, lambda one: writing.answered({"silenceID": uuid_of(one.number)}))
    request.app[WAKE_NOTIFIER]()
    return answer
