"""The actions of all incidents over the API, those that are due first, and who was trained by them."""

from datetime import date
from urllib.parse import urlencode

from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api import action_wire, wire
from detector.api.identity import CALLER, require_known
from detector.api.keys import SITE, STORE
from detector.api.problem import Problem
from store.action import Action
from store.repository.overview import action_lists, trainings
from store.repository.overview.action_lists import NEVER, Filter, Place
from store.repository.steps import visibility

routes = web.RouteTableDef()
FILTERS = frozenset({"incident", "owner", "late", "all", "limit", "after"})
_YES = {"": False, "true": True, "false": False}


@routes.get("/api/v1/actions")
async def list_all(request: web.Request) -> web.Response:
    """Actions of all incidents, by the date on which they are due; ``Link: rel=next`` leads to the next page."""
    require_known(request)
    today = action_wire.local_now(request).date()
    wanted, after = _filter_of(request, today)
    limit = wire.whole(request, "limit", 50, wire.LARGEST_PAGE)

    person, site = request[CALLER].person, request.app[SITE]()

    def look(connection: Connection) -> tuple[list[Action], frozenset[int]]:
        page = action_lists.list_of(connection, wanted, after=after, limit=limit + 1)
        numbers = [one.incident for one in page]
        return page, visibility.hidden(connection, numbers, person.id if person else None, site)

    found, hidden = await request.app[STORE].read(look)
    headers: dict[str, str] = {}
    if len(found) > limit:
        place = Place.of(found[limit - 1])
        query = dict(request.query) | {"limit": str(limit), "after": f"{place.due},{place.incident},{place.number}"}
        headers[hdrs.LINK] = f'</api/v1/actions?{urlencode(query)}>; rel="next"'
    seen = [one for one in found[:limit] if one.incident not in hidden]
    return wire.answer({"items": [action_wire.shown(one, today) for one in seen]}, headers=headers)


@routes.get("/api/v1/trainings")
async def list_trainings(request: web.Request) -> web.Response:
    """Who was trained in what and until when that counts, of incidents that the caller sees."""
    require_known(request)
    caller, site, wanted = request[CALLER].person, request.app[SITE](), request.query.get("person") or None

    def look(connection: Connection) -> list[dict[str, object]]:
        found = trainings.of(connection, wanted)
        numbers = {one.incident for one in found}
        hidden = visibility.hidden(connection, numbers, caller.id if caller else None, site)
        return [
            {
                "person": one.person,
                "content": one.content,
                "at": one.at,
                "until": one.until,
                "incident": f"INC-{one.incident}",
                "action": one.action,
            }
            for one in found
            if one.incident not in hidden
        ]

    return wire.answer({"items": await request.app[STORE].read(look)})


def _filter_of(request: web.Request, today: date) -> tuple[Filter, Place | None]:
    query = request.query
    wrong = [name for name in query if name not in FILTERS]
    wrong += [name for name in ("late", "all") if query.get(name, "") not in _YES]
    after, number = _place(query.get("after", "")), query.get("incident", "").upper().removeprefix("INC-")
    wrong += ["incident"] if "incident" in query and not _is_whole(number) else []
    wrong += ["after"] if "after" in query and after is None else []
    if wrong:
        raise Problem(
            422, "invalid_query", f"unknown or wrong: {', '.join(wrong)}", missing=wrong, allowed=sorted(FILTERS)
        )
    wanted = Filter(
        incident=int(number) if number else None,
        owner=query.get("owner") or None,
        late_on=today if _YES[query.get("late", "")] else None,
        is_waiting=not _YES[query.get("all", "")],
    )
    return wanted, after


def _place(text: str) -> Place | None:
    """Where the page before ended; None: that is no such place."""
    due, _, rest = text.partition(",")
    incident, _, number = rest.partition(",")
    is_date = len(due) == len(NEVER) and due.isascii() and due.replace("-", "").isdigit()
    return Place(due, int(incident), int(number)) if is_date and _is_whole(incident) and _is_whole(number) else None


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9
