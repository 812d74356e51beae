"""Exceptions over the API: what a rule found and is harmless, as a Sigma filter that two persons answer for."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta
from sqlalchemy import Connection

from detector.api import wire, writing
from detector.api.bodies import Moment, Note
from detector.api.identity import CALLER, require_known, require_person
from detector.api.keys import EXCEPTING, EXCEPTIONS_CHANGED, SITE, STORE, WAKE_NOTIFIER
from detector.api.problem import Problem
from detector.api.visibility import admit
from detector.excepting import FilterRefused
from store.excepting import LONGEST_FILTER, Candidate, ExceptionState, Preview, RuleException
from store.incident import Actor, ActorKind
from store.repository.hiding import exceptions
from store.repository.intake.idempotency import Answered
from store.repository.steps import visibility
from store.site import Site
from store.tx import Tx

routes = web.RouteTableDef()


class ExceptBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/except``."""

    filter: Annotated[str, Meta(max_length=LONGEST_FILTER)] = ""
    reason: Note = ""
    until: Moment | None = None
    dry_run: bool = False


class ProposeBody(ExceptBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/exceptions``."""

    incident: Annotated[int, Meta(ge=1, le=10**15)] | None = None


class SettleBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/exceptions/{exception}/settle``."""

    agree: bool
    note: Note = ""


class WithdrawBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/exceptions/{exception}/withdraw``."""

    reason: Note = ""


@routes.get("/api/v1/exceptions")
async def list_exceptions(request: web.Request) -> web.Response:
    """All of them, the newest first; with ``state`` those in one state."""
    require_known(request)
    person, site = request[CALLER].person, request.app[SITE]()
    states = _states(request)

    def look(connection: Connection) -> list[dict[str, Any]]:
        found = exceptions.every(connection, states)
        hides = _hides(connection, found, person.id if person else None, site)
        return [shown(one, hides) for one in found]

    return wire.answer({"items": await request.app[STORE].read(look)})


@routes.get("/api/v1/exceptions/{exception}")
async def show_exception(request: web.Request) -> web.Response:
    """One, with what it would have hidden."""
    require_known(request)
    person, site = request[CALLER].person, request.app[SITE]()
    number = wire.whole_in_path(request, "exception")

    def look(connection: Connection) -> tuple[dict[str, Any], int]:
        one = exceptions.get(connection, number)
        return shown(one, _hides(connection, [one], person.id if person else None, site)), one.version

    body, version = await request.app[STORE].read(look)
    return wire.answer(body, headers={hdrs.ETAG: wire.etag(version)})


@routes.post("/api/v1/exceptions")
async def propose_exception(request: web.Request) -> web.Response:
    """Propose an exception, out of an incident or of none; or only see what it would do."""
    person, body = require_person(request), await wire.body_of(request, ProposeBody)
    if body.incident is not None:
        await admit(request, body.incident, person.id, via=request[CALLER].via, reads=False)
    return await _propose(request, body, body.incident)


@routes.post("/api/v1/incidents/{number}/acts/except")
async def except_what_was_found(request: web.Request) -> web.Response:
    """Propose an exception out of an incident that was dismissed as a false positive."""
    number = wire.number_of(request)
    try:
        require_person(request)
        return await _propose(request, await wire.body_of(request, ExceptBody), number)
    except Exception as error:
        problem = await writing.with_allowed(request, number, error)
        if problem is None:
            raise
        raise problem from error


@routes.post("/api/v1/exceptions/{exception}/settle")
async def settle_exception(request: web.Request) -> web.Response:
    """Agree to an exception, or decline it."""
    actor, body = _actor(request), await wire.body_of(request, SettleBody)
    number, version = wire.whole_in_path(request, "exception"), wire.seen_version(request)
    site, via = request.app[SITE](), request[CALLER].via

    def work(tx: Tx) -> RuleException:
        given: dict[str, Any] = {"agree": body.agree, "note": body.note, "via": via, "site": site}
        return exceptions.settle(tx, number, actor, version=version, **given)

    return await _write(request, work)


@routes.post("/api/v1/exceptions/{exception}/withdraw")
async def withdraw_exception(request: web.Request) -> web.Response:
    """End an exception: the rules find again."""
    actor, body = _actor(request), await wire.body_of(request, WithdrawBody)
    number, version = wire.whole_in_path(request, "exception"), wire.seen_version(request)
    via = request[CALLER].via
    return await _write(
        request,
        lambda tx: exceptions.withdraw(tx, number, actor, version=version, reason=body.reason, via=via),
    )


async def _propose(request: web.Request, body: ExceptBody, incident: int | None) -> web.Response:
    actor, via = _actor(request), request[CALLER].via
    person, site = request[CALLER].person, request.app[SITE]()
    assert person is not None
    record = await request.app[STORE].read(lambda connection: exceptions.check_may_propose(connection, actor, incident))
    excepting = request.app[EXCEPTING]
    text = body.filter or (await excepting.proposed(record) if record else None)
    if not text:
        why = "its rule is gone, or its group does not say enough" if record else "no incident is named"
        raise Problem(422, "filter_required", f"write the Sigma filter: {why}", missing=["filter"])
    candidate = await _weighed(request, text)
    if body.dry_run:
        if isinstance(candidate, Problem):
            raise candidate
        numbers = [one.number for one in candidate.preview.incidents]
        unseen = await request.app[STORE].read(
            lambda connection: visibility.hidden(connection, numbers, person.id, site)
        )
        return wire.answer(_candidate(candidate, unseen))

    def work(tx: Tx) -> RuleException:
        if isinstance(candidate, Problem):  # not before: the same request again, when it is in force, is answered
            raise candidate
        given: dict[str, Any] = {"incident": incident, "reason": body.reason, "until": body.until, "via": via}
        return exceptions.propose(tx, actor, candidate, **given)

    return await _write(request, work, status=201)


async def _weighed(request: web.Request, text: str) -> Candidate | Problem:
    """What the filter would do, or why it is refused."""
    try:
        return await request.app[EXCEPTING].weigh(text)
    except FilterRefused as refused:
        return Problem(422, "invalid_filter", str(refused), missing=["filter"], more={"errors": refused.errors})


async def _write(request: web.Request, work: Callable[[Tx], RuleException], *, status: int = 200) -> web.Response:
    person, site = require_person(request), request.app[SITE]()
    changed: list[bool] = []  # not, if the same request came before

    def done(tx: Tx) -> tuple[RuleException, frozenset[int]]:
        one = work(tx)
        tx.after_commit(lambda: changed.append(True))
        return one, _hides(tx.connection, [one], person.id, site)

    def told(result: tuple[RuleException, frozenset[int]]) -> Answered:
        one, unseen = result
        headers: dict[str, str] = {hdrs.ETAG: wire.etag(one.version)}
        if status == 201:
            headers[hdrs.LOCATION] = f"/api/v1/exceptions/{one.number}"
        return writing.answered(shown(one, unseen), status=status, headers=headers)

    response = await writing.write(request, done, told)
    if changed:  # who has the answer may rely on it: lines that come now are read by what is in force now
        await request.app[EXCEPTIONS_CHANGED]()
    request.app[WAKE_NOTIFIER]()
    return response


def _actor(request: web.Request) -> Actor:
    return Actor(kind=ActorKind.PERSON, id=require_person(request).id)


def _states(request: web.Request) -> tuple[ExceptionState, ...]:
    text = request.query.get("state", "")
    if text and text not in list(ExceptionState):
        raise Problem(422, "invalid_query", f"state is one of {', '.join(ExceptionState)}, not {text[:40]!r}")
    return (ExceptionState(text),) if text else tuple(ExceptionState)


def _hides(connection: Connection, found: list[RuleException], person: str | None, site: Site) -> frozenset[int]:
    """Of the incidents that exceptions tell of, those that the caller does not see."""
    numbers = {hidden.number for one in found for hidden in one.preview.incidents}
    numbers |= {one.incident for one in found if one.incident is not None}
    return visibility.hidden(connection, numbers, person, site)


def shown(one: RuleException, unseen: frozenset[int]) -> dict[str, Any]:
    """An exception on the wire; of what comes from an incident that the caller does not see only where it stands."""
    is_hidden = one.incident in unseen
    return {
        "exception": one.number,
        "incident": None if one.incident is None else f"INC-{one.incident}",
        "state": one.state,
        "title": None if is_hidden else one.title,
        "filter": None if is_hidden else one.text,
        "reason": None if is_hidden else one.reason,
        "rules": one.rules,
        "highest": one.highest,
        "needs_another": one.waits,
        "proposed_by": one.proposed_by,
        "proposed_at": one.proposed_at,
        "lapses_at": one.ends_at if one.waits else None,
        "until": one.until,
        "settled_by": one.settled_by,
        "settled_at": one.settled_at,
        "ended_by": one.ended_by,
        "ended_at": one.ended_at,
        "version": one.version,
        "preview": _preview(one.preview, unseen),
    }


def _candidate(one: Candidate, unseen: frozenset[int]) -> dict[str, Any]:
    return {
        "filter": one.text,
        "title": one.title,
        "rules": one.rules,
        "highest": one.highest,
        "preview": _preview(one.preview, unseen),
    }


def _preview(one: Preview, unseen: frozenset[int]) -> dict[str, Any]:
    return {
        "sentence": one.sentence,
        "looked_at": one.looked_at,
        "left_out": one.left_out,
        "findings": one.findings,
        "in_part": one.in_part,
        "by_group": one.by_group,
        "confirmed": [f"INC-{number}" for number in one.confirmed],
        "incidents": [
            {"incident": f"INC-{each.number}"}
            if each.number in unseen
            else {
                "incident": f"INC-{each.number}",
                "findings": each.findings,
                "in_part": each.in_part,
                "severity_highest": each.severity_highest,
                "confirmed": each.confirmed,
            }
            for each in one.incidents
        ],
    }
