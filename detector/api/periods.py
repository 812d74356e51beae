"""What happened in a period, as a signed bundle or as CSV; and what is due, as an iCalendar."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from typing import Any

import msgspec
from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api import action_wire, wire
from detector.api.identity import CALLER, require_known
from detector.api.keys import CLOCK, LINKS, SEAL_KEYS, SITE, STORE
from detector.api.problem import Problem
from store.export import bundle
from store.export.calendar import calendar
from store.export.table import table
from store.moments import is_sensible
from store.repository.overview import periods
from store.repository.overview.periods import MOST, Period
from store.repository.steps import visibility
from store.site import Site

routes = web.RouteTableDef()
COLUMNS = (
    *("id", "hidden", "title", "decision", "severity", "track", "tlp", "step", "stage", "status", "outcome"),
    *("dismissed_because", "cycle", "drill", "source_kind", "rule", "owner", "events", "first_seen", "last_seen"),
    *("detected_at", "opened_at", "notified_at", "aware_at", "acknowledged_at", "acknowledged_by", "contained_at"),
    *("resolved_at", "closed_at", "merged_into", "recurrence_of"),
)
ACTION_COLUMNS = (
    *("incident", "number", "state", "kind", "causes", "owner", "deputy", "due", "late", "slips", "text"),
    *("criterion", "done_by", "done_at", "effective_from", "verified_by", "verified_at", "dropped_because"),
)
WAIVER_COLUMNS = ("incident", "entry", "kind", "by", "at", "clash", "reason")
Rows = list[dict[str, Any]]


@routes.get("/api/v1/export")
async def export_period(request: web.Request) -> web.Response:
    """A zip file with every record of the period, its actions, the register of waivers, and what verifies it."""
    require_known(request)
    period, site, keys = _period_of(request), request.app[SITE](), request.app[SEAL_KEYS]
    person, today = _person(request), action_wire.local_now(request).date()
    made = await request.app[STORE].read(lambda c: _files(c, period, site, person, today))
    about = {"type": "tocsin.export.period", "v": 1, "from": _said(period.start), "until": _said(period.end)}
    public = {name: key.hex() for name, key in keys.public.items()}
    files = bundle.signed(made | {"keys.json": msgspec.json.encode(public)}, about, keys)
    name = f"{period.start:%Y-%m-%d}-{period.end:%Y-%m-%d}"
    return _attached(bundle.packed(files, name), "application/zip", f"{name}.zip")


@routes.get("/api/v1/export.csv")
async def export_table(request: web.Request) -> web.Response:
    """Every record of the period as a table."""
    require_known(request)
    period, site, person = _period_of(request), request.app[SITE](), _person(request)
    rows = await request.app[STORE].read(lambda c: _incidents(c, period, site, person))
    name = f"{period.start:%Y-%m-%d}-{period.end:%Y-%m-%d}.csv"
    return _attached(table(COLUMNS, map(_flat, rows)).encode(), "text/csv", name)


@routes.get("/api/v1/calendar.ics")
async def due_dates(request: web.Request) -> web.Response:
    """All that is due of what is open, as an iCalendar."""
    require_known(request)
    site, now, page = request.app[SITE](), request.app[CLOCK].now(), request.app[LINKS]().page
    person = _person(request)

    def look(connection: Connection) -> str:
        found = periods.due(connection, site, now, page)
        hidden = visibility.hidden(connection, {one.incident for one in found}, person, site)
        return calendar((one for one in found if one.incident not in hidden), now)

    told = await request.app[STORE].read(look)
    return web.Response(body=told.encode(), content_type="text/calendar", charset="utf-8")


def _files(connection: Connection, period: Period, site: Site, person: str | None, today: date) -> dict[str, bytes]:
    rows = _incidents(connection, period, site, person)
    seen = [row["number"] for row in rows if not row["hidden"]]
    actions: Rows = msgspec.to_builtins([action_wire.shown(one, today) for one in periods.actions_of(connection, seen)])
    waivers = _waivers(connection, period, site, person)
    installation = msgspec.to_builtins(periods.installation_in(connection, period))
    return {
        "incidents.json": _json(rows),
        "incidents.csv": table(COLUMNS, map(_flat, rows)).encode(),
        "actions.json": _json(actions),
        "actions.csv": table(ACTION_COLUMNS, map(_flat, actions)).encode(),
        "waivers.json": _json(waivers),
        "waivers.csv": table(WAIVER_COLUMNS, waivers).encode(),
        "installation.json": _json(installation),
    }


def _incidents(connection: Connection, period: Period, site: Site, person: str | None) -> Rows:
    """Of what others alone may see there are number and step."""
    found = periods.records_in(connection, period)
    if len(found) > MOST:
        raise Problem(422, "too_many", f"the period has more than {MOST} records: ask for a shorter one")
    numbers = [one.number for one in found]
    hidden = visibility.hidden(connection, numbers, person, site)
    because = periods.dismissed_because(connection, [one for one in numbers if one not in hidden])
    rows = [
        wire.hidden(one)
        if one.number in hidden
        else wire.incident(one) | {"dismissed_because": because.get(one.number)}
        for one in found
    ]
    plain: Rows = msgspec.to_builtins(rows)
    return plain


def _waivers(connection: Connection, period: Period, site: Site, person: str | None) -> Rows:
    found = periods.waivers_in(connection, period)
    hidden = visibility.hidden(connection, {one.incident for one in found}, person, site)
    bare = {"clash": None, "reason": None}
    rows: Rows = msgspec.to_builtins(
        [asdict(one) | {"incident": f"INC-{one.incident}"} | (bare if one.incident in hidden else {}) for one in found]
    )
    return rows


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row in which each value fits into a cell."""
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get("title") or "; ".join(f"{name}: {one}" for name, one in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(str(_cell(one)) for one in value)
    return value


def _period_of(request: web.Request) -> Period:
    """``from`` and ``until`` in the query; without ``until``, until now.

    Raises:
        Problem: 422, naming what is wrong.
    """
    wrong = [name for name in request.query if name not in ("from", "until")]
    start, end = _moment(request.query.get("from", "")), request.app[CLOCK].now()
    if "until" in request.query:
        until = _moment(request.query["until"])
        wrong += [] if until else ["until"]
        end = until or end
    if start is None or start >= end:
        wrong.append("from")
    if wrong or start is None:
        says = "give from, and until if it is not now: a day as 2026-01-31, or a moment as 2026-01-31T12:00:00Z"
        raise Problem(422, "invalid_query", says, missing=sorted(set(wrong)), allowed=["from", "until"])
    return Period(start=start, end=end)


def _moment(text: str) -> datetime | None:
    """A day stands for its beginning in UTC."""
    try:
        if len(text) == len("2026-01-31"):
            found = datetime.combine(date.fromisoformat(text), time(), UTC)
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo and is_sensible(found) else None


def _person(request: web.Request) -> str | None:
    person = request[CALLER].person
    return person.id if person else None


def _said(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1)


def _attached(content: bytes, kind: str, name: str) -> web.Response:
    return web.Response(
        body=content, content_type=kind, headers={hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'}
    )
