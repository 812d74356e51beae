"""The clocks of an incident over the API: what runs until when, who is asked, and what was decided about timers."""

from collections.abc import Mapping
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta
from sqlalchemy import Connection

from detector.api import wire
from detector.api.bodies import Body, Moment
from detector.api.doing import Asked, Doing
from detector.api.identity import hash_of, require_known
from detector.api.keys import CLOCK, SITE, STORE
from store.repository.incident.acts import Done
from store.repository.record import records
from store.repository.steps import duties, timers
from store.repository.steps.duties import ClockView
from store.timers import Decided, TimerDecision
from store.tx import Tx

routes = web.RouteTableDef()


class TimerBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/timer``."""

    timer: Annotated[str, Meta(min_length=1, max_length=200)]
    decision: TimerDecision
    filed_at: Moment | None = None
    fresh: Annotated[str, Meta(max_length=200)] = ""


@routes.get("/api/v1/incidents/{number}/clocks")
async def list_clocks(request: web.Request) -> web.Response:
    """All clocks, timers and dates of actions of an incident, the first that is due first."""
    require_known(request)
    number, site, now = wire.number_of(request), request.app[SITE](), request.app[CLOCK].now()

    def look(connection: Connection) -> list[ClockView]:
        return duties.clocks(connection, records.load(connection, number), site, now)

    found = await request.app[STORE].read(look)
    return wire.answer({"items": [shown(one, overdue=one.is_overdue(now)) for one in found]})


def shown(one: ClockView, *, overdue: bool) -> dict[str, Any]:
    """A clock on the wire."""
    deadline = one.deadline
    return {
        "matter": str(one.matter),
        "kind": one.matter.kind,
        "name": one.matter.name,
        "task": one.matter.task,
        "start_at": deadline.start_at,
        "half_at": deadline.half_at,
        "due_at": deadline.due_at,
        "overdue": overdue,
        "reminders": [{"percent": moment.percent, "at": moment.at} for moment in deadline.reminders],
        "reminded": [{"percent": had.percent, "at": had.at, "asked": had.asked} for had in one.told],
        "asked": [{"person": who.person, "because": who.because} for who in one.asked],
        "decided": _decided(one.decided) if one.decided else None,
    }


def _decided(one: Decided) -> dict[str, Any]:
    return {
        "entry": one.entry,
        "decision": one.decision,
        "by": one.by,
        "at": one.at,
        "filed_at": one.filed_at,
        "late": one.is_late,
    }


def _timer(tx: Tx, asked: Asked) -> Done:
    body: TimerBody = asked.body
    return timers.decide(
        tx,
        asked.number,
        asked.actor,
        name=body.timer,
        decision=body.decision,
        via=asked.via,
        site=asked.site,
        filed_at=body.filed_at,
        reason=body.note,
        fresh=hash_of(body.fresh),
    )


ACTS: Mapping[str, Doing] = {"timer": Doing(TimerBody, _timer)}
