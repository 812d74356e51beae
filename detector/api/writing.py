"""How a request changes something: once per Idempotency-Key, upon the version that the caller saw."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api import wire
from detector.api.identity import CALLER, require_known
from detector.api.keys import STORE
from detector.api.problem import Problem, from_error
from store.errors import NotFound
from store.repository.incident.acts import Done
from store.repository.intake import idempotency
from store.repository.intake.idempotency import Answered, Asked
from store.repository.record import conflicts, records
from store.tx import Tx

T = TypeVar("T")
IDEMPOTENCY_KEY = "Idempotency-Key"
LONGEST_KEY = 255


async def write(
    request: web.Request, work: Callable[[Tx], T], told: Callable[[T], Answered], *, secret: bool = False
) -> web.Response:
    """Do *work* and answer with what *told* makes of its result.

    The answer is kept in the same transaction under the request's Idempotency-Key, if it has one: the same request
    again gets the same answer and does nothing. A refusal is not kept: nothing was done.

    Args:
        secret: The answer must not be kept: the same request again is told that it was done.
    """
    asked = await _asked(request)

    def once(tx: Tx) -> Answered:
        if asked is None:
            return told(work(tx))
        before = idempotency.answer_to(tx, asked)
        if before is not None:
            return before
        answer = told(work(tx))
        idempotency.keep(tx, asked, _without_secret() if secret else answer)
        return answer

    answer = await request.app[STORE].write(once)
    return web.Response(status=answer.status, body=answer.body, headers=dict(answer.headers))


def answered(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answered:
    """*body* as JSON."""
    named = {hdrs.CONTENT_TYPE: "application/json"} | dict(headers or {})
    return Answered(status=status, headers=named, body=msgspec.json.encode(body))


def done(result: Done, *, status: int = 200) -> Answered:
    """What an act or move led to: the record, the entry that tells of it, what may be done next."""
    body = wire.incident(result.incident) | {"entry": result.entry, "allowed": result.allowed}
    headers: dict[str, str] = {hdrs.ETAG: wire.etag(result.incident.version)}
    if status == 201:
        headers[hdrs.LOCATION] = f"/api/v1/incidents/{result.incident.number}"
    return answered(body, status=status, headers=headers)


async def with_allowed(request: web.Request, number: int, refused: Exception) -> Problem | None:
    """*refused* as a refusal that says what this caller may do now; None if it is a fault of ours."""
    problem = from_error(refused)
    person = request[CALLER].person
    if problem is None or problem.allowed or person is None or isinstance(refused, NotFound):
        return problem

    def look(connection: Connection) -> tuple[tuple[str, ...], int]:
        record = records.load(connection, number)
        return conflicts.allowed(connection, record, person.id, person.roles), record.version

    try:
        problem.allowed, version = await request.app[STORE].read(look)
    except NotFound as error:
        return from_error(error)
    if problem.code in ("stale_version", "if_match_required"):
        problem.more |= {"version": version}
    return problem


async def _asked(request: web.Request) -> Asked | None:
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return None
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise Problem(
            422, "invalid_idempotency_key", f"an {IDEMPOTENCY_KEY} is 1 to {LONGEST_KEY} printable ASCII characters"
        )
    actor = require_known(request)
    return Asked(
        caller=f"{actor.kind.value}:{actor.id}",
        key=key,
        route=f"{request.method} {request.path}",
        body_hash=hashlib.sha256(await request.read()).hexdigest(),
    )


def _without_secret() -> Answered:
    refusal = Problem(
        409, "already_done", "this request was carried out before; its answer held a secret, which is not kept"
    ).response()
    assert isinstance(refusal.body, bytes)
    return Answered(status=409, headers={hdrs.CONTENT_TYPE: "application/problem+json"}, body=refusal.body)
