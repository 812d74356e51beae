"""The coverage log over the API: when was what watched, and was anybody watching at one moment?"""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from detector.api import wire
from detector.api.identity import require_known
from detector.api.keys import STORE
from detector.api.problem import Problem
from store import coverage as telling
from store.coverage import Alive, Around
from store.moments import is_sensible
from store.repository.follow_up import coverage
from store.watch import Span, hours

routes = web.RouteTableDef()


@routes.get("/api/v1/coverage")
async def list_coverage(request: web.Request) -> web.Response:
    """When sources were read and rules applied, between two moments; of one source or rule, or of all."""
    require_known(request)
    window = _window(request)
    source, rule = request.query.get("source"), request.query.get("rule")

    def look(connection: Connection) -> list[Alive]:
        if source is not None:
            return coverage.of_source(connection, source, window)
        if rule is not None:
            return coverage.of_rule(connection, rule, window)
        return coverage.log(connection, window)

    found = await request.app[STORE].read(look)
    body: dict[str, Any] = {"items": [_shown(one) for one in found]}
    if window is not None and (source is not None or rule is not None):
        body["exposed_hours"] = hours(telling.exposed(window, found))
    return wire.answer(body)


@routes.get("/api/v1/coverage/at")
async def show_coverage_at(request: web.Request) -> web.Response:
    """Was *source* read at *time*, and were the rules (or *rule*) applied?"""
    require_known(request)
    missing = [name for name in ("time", "source") if not request.query.get(name)]
    if missing:
        raise Problem(422, "invalid_query", f"name {' and '.join(missing)}", missing=missing)
    time, source, rule = _moment(request, "time"), request.query["source"], request.query.get("rule")
    assert time is not None

    def look(connection: Connection) -> tuple[Around, Around, int, list[str]]:
        of_source, of_rules = coverage.at(connection, time, source, rule)
        loaded = coverage.rules_in(connection, of_rules.at.name) if of_rules.at else {}
        return of_source, of_rules, len(loaded), coverage.known_sources(connection)

    of_source, of_rules, count, known = await request.app[STORE].read(look)
    what = f"rule {rule}" if rule is not None else f"rules ({count})" if count else "rules"
    sentences = [telling.told(f"source {source}", of_source), telling.told(what, of_rules)]
    if source not in known:
        sentences[0] += f"; sources that were read: {', '.join(known) or 'none'}"
    return wire.answer(
        {
            "time": time,
            "watched": of_source.at is not None and of_rules.at is not None,
            "source": _around(of_source),
            "rules": _around(of_rules),
            "rule_count": count,
            "told": sentences,
        }
    )


def _around(found: Around) -> dict[str, Any]:
    told = {"at": found.at, "before": found.before, "after": found.after}
    return {name: _shown(one) if one else None for name, one in told.items()}


def _shown(one: Alive) -> dict[str, Any]:
    return {"kind": one.kind, "name": one.name, "from": one.start, "until": one.until, "ended": one.ended}


def _window(request: web.Request) -> Span | None:
    start, end = _moment(request, "from"), _moment(request, "until")
    if start is None and end is None:
        return None
    if start is None or end is None or start > end:
        raise Problem(422, "invalid_query", "name both from and until, in this order", missing=("from", "until"))
    return Span(start=start, end=end)


def _moment(request: web.Request, name: str) -> datetime | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not is_sensible(moment):
        says = f"{name} is a moment with its zone, as in 2026-03-02T09:30:00Z"
        raise Problem(422, "invalid_query", says, missing=(name,))
    return moment.astimezone(UTC)
