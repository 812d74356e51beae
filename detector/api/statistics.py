"""How quickly and how well incidents are dealt with, over the API."""

from datetime import timedelta
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from detector.api import wire
from detector.api.identity import require_known
from detector.api.keys import CLOCK, STORE
from store import statistics as figures
from store.repository.overview import statistics
from store.statistics import Share, Spread

routes = web.RouteTableDef()
USUAL_DAYS = 90
MOST_DAYS = 3660


@routes.get("/api/v1/statistics")
async def show_statistics(request: web.Request) -> web.Response:
    """What became of the cycles that began in the last days, each number with its definition."""
    require_known(request)
    days, now = wire.whole(request, "days", USUAL_DAYS, MOST_DAYS), request.app[CLOCK].now()
    start = now - timedelta(days=days)

    def look(connection: Connection) -> dict[str, Any]:
        cases = statistics.cases(connection, start)
        shares = [*figures.shares(cases), statistics.slips(connection, start)]
        return {
            "from": start,
            "until": now,
            "cycles": len(cases),
            "lengths": [_spread(one) for one in figures.lengths(cases, now)],
            "steps": [_spread(one) for one in figures.steps(cases, now)],
            "shares": [_share(one) for one in shares],
            "false_positives": [_share(one) for one in figures.false_positives(cases)],
        }

    return wire.answer(await request.app[STORE].read(look))


def _spread(one: Spread) -> dict[str, Any]:
    return {
        "name": one.name,
        "definition": one.definition,
        "count": one.count,
        "at_least": one.at_least,
        "median_seconds": one.median_seconds,
        "p90_seconds": one.p90_seconds,
    }


def _share(one: Share) -> dict[str, Any]:
    return {"name": one.name, "definition": one.definition, "count": one.count, "of": one.of, "share": one.share}
