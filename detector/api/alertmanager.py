"""What Alertmanager's API v2 answers, of our records: for amtool, and for pages made for Alertmanager.

Shapes: the OpenAPI description of Alertmanager's API v2. There is none of it until an intake of the kind
``prometheus`` is declared.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from itertools import groupby
from typing import Any, Final

from aiohttp import web
from sqlalchemy import Connection

from detector.api import wire
from detector.api.identity import CALLER, require_known
from detector.api.intake import address_of
from detector.api.keys import CLOCK, DOORS, SITE, STATUS, STORE
from detector.api.labels import Matcher, NoMatcher, expression, fingerprint, matchers
from detector.api.problem import Handler, Problem, from_error
from detector.intake.settings import Proof
from rules.intake.alertmanager import NAME_LABEL, RESOLVE_TIMEOUT
from store.repository.hiding import silences
from store.repository.intake import alerts
from store.repository.intake.alerts import Known
from store.repository.steps import visibility
from store.silence import Seen, Silence, hushed

routes = web.RouteTableDef()
#: All that is told here goes the way of our own routes; to clients it is one receiver.
RECEIVER: Final = "tocsin"
#: The Alertmanager whose API this is; clients choose by it what they ask.
LIKE_VERSION: Final = "0.25.0"
UUID: Final = "00000000-0000-4000-8000-"
_CONFIG: Final = f"route:\n  receiver: {RECEIVER}\nreceivers:\n- name: {RECEIVER}\n"


def spoken(handler: Handler) -> Handler:
    """Refuse as Alertmanager does, with one text: its clients show that, and take nothing else for an answer."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Exception as error:
            problem = from_error(error)
            if problem is None or problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return wire.answer(f"{problem.code}: {problem.detail}", status=problem.status)

    return answer


@routes.get("/api/v2/alerts")
@spoken
async def list_alerts(request: web.Request) -> web.Response:
    """Alerts that fire."""
    require_reader(request)
    return wire.answer(await wanted(request))


@routes.get("/api/v2/alerts/groups")
@spoken
async def list_groups(request: web.Request) -> web.Response:
    """The same by name."""
    require_reader(request)
    found = sorted(await wanted(request), key=_name)
    groups = [
        {"labels": {NAME_LABEL: name}, "receiver": {"name": RECEIVER}, "alerts": list(some)}
        for name, some in groupby(found, key=_name)
    ]
    return wire.answer(groups)


@routes.get("/api/v2/status")
@spoken
async def status(request: web.Request) -> web.Response:
    """That we are here, since when, and whose API this is like."""
    require_reader(request)
    told = await request.app[STATUS]()
    version = dict.fromkeys(("branch", "buildDate", "buildUser", "goVersion"), "")
    version |= {"version": LIKE_VERSION, "revision": f"tocsin {told.version}"}
    cluster = {"status": "disabled", "name": "", "peers": ()}
    return wire.answer(
        {"cluster": cluster, "config": {"original": _CONFIG}, "uptime": told.started_at, "versionInfo": version}
    )


@routes.get("/api/v2/receivers")
@spoken
async def list_receivers(request: web.Request) -> web.Response:
    """The one receiver."""
    require_reader(request)
    return wire.answer([{"name": RECEIVER}])


def require_offered(request: web.Request) -> None:
    """Raise unless an intake is declared that Prometheus sends to: without one there is no such API here.

    Raises:
        Problem: 404.
    """
    if not request.app[DOORS].of_kind("prometheus"):
        raise Problem(404, "not_found", "no [[intake]] of kind prometheus is configured: there is no API v2 here")


def require_reader(request: web.Request) -> None:
    """Raise unless the caller may read: a person, or whoever stands where no proof is asked of senders either.

    Raises:
        Problem: 404, 401.
    """
    require_offered(request)
    address = address_of(request)
    open_ones = (one for one in request.app[DOORS].of_kind("prometheus") if one.proof is Proof.NONE)
    if request[CALLER].actor is None and any(one.stands_near(address) for one in open_ones):
        return
    require_known(request)


async def wanted(request: web.Request) -> list[dict[str, Any]]:
    """The alerts that the query asks for, as far as the caller may see them."""
    asked = asked_for(request)
    person, now = request[CALLER].person, request.app[CLOCK].now()
    site = request.app[SITE]()
    if not expression_of_receiver(request):
        return []

    def look(connection: Connection) -> list[dict[str, Any]]:
        found, hiding = alerts.firing(connection, now), silences.in_force(connection, now)
        numbers = {number for one in found for number in one.incidents}
        unseen = visibility.hidden(connection, numbers, person.id if person else None, site) if numbers else ()
        seen = [one for one in found if not set(one.incidents) & set(unseen)]
        return [shown(one, now, silenced_by(one, hiding, now)) for one in seen]

    found = fitting(await request.app[STORE].read(look), asked)
    return [one for one in found if _flag(request, "silenced" if one["status"]["silencedBy"] else "active")]


def silenced_by(one: Known, hiding: Sequence[Silence], now: datetime) -> list[str]:
    """Those of *hiding* that are about the alert, its severity or its incident."""
    names = tuple(name for number in one.incidents for name in (f"INC-{number}", str(number)))
    subject = Seen(severity=(one.told.severity,), entity=(one.key,), incident=names)
    found = hushed(hiding, subject, now) if hiding else None
    return [uuid_of(found.number)] if found else []


def uuid_of(silence: int) -> str:
    """What a silence is called here: clients want a UUID, so its number is written into the end of one."""
    return f"{UUID}{silence:012x}"


def fitting(found: Iterable[dict[str, Any]], asked: Sequence[Matcher]) -> list[dict[str, Any]]:
    """Those whose labels meet all of *asked*."""
    return [one for one in found if all(matcher.fits(one["labels"]) for matcher in asked)]


def asked_for(request: web.Request) -> tuple[Matcher, ...]:
    """The matchers of the query.

    Raises:
        Problem: 400.
    """
    try:
        return matchers(request.query.getall("filter", []))
    except NoMatcher as error:
        raise Problem(400, "invalid_query", str(error), missing=["filter"]) from None


def expression_of_receiver(request: web.Request) -> bool:
    """Whether our receiver is among those that the query asks for.

    Raises:
        Problem: 400.
    """
    pattern = request.query.get("receiver", "")
    try:
        return not pattern or expression(pattern[:500]).fullmatch(RECEIVER) is not None
    except NoMatcher as error:
        raise Problem(400, "invalid_query", str(error), missing=["receiver"]) from None


def labels_of(one: Known) -> dict[str, str]:
    """What matchers look at."""
    return {NAME_LABEL: one.told.name, "severity": one.told.severity, **one.told.labels}


def shown(one: Known, now: datetime, silenced: Sequence[str]) -> dict[str, Any]:
    """An alert on the wire."""
    told, labels = one.told, labels_of(one)
    annotations = dict(told.annotations)
    if one.incidents:
        annotations["tocsin_incident"] = ", ".join(f"INC-{number}" for number in one.incidents)
    return {
        "annotations": annotations,
        "endsAt": one.until or now + RESOLVE_TIMEOUT,
        "fingerprint": fingerprint(labels),
        "receivers": [{"name": RECEIVER}],
        "startsAt": one.since or one.changed_at,
        "status": {"inhibitedBy": (), "silencedBy": silenced, "state": "suppressed" if silenced else "active"},
        "updatedAt": one.said_at,
        "generatorURL": told.url,
        "labels": labels,
    }


def _flag(request: web.Request, name: str) -> bool:
    return request.query.get(name, "true").lower() not in ("false", "0", "f")


def _name(one: dict[str, Any]) -> str:
    return str(one["labels"][NAME_LABEL])
