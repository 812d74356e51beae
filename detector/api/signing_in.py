"""Signing in: by password or a link that works once; sessions; who must wait. Pages and the API share it."""

import hashlib
import ipaddress
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from aiohttp import hdrs, web
from sqlalchemy import Connection

from detector.api.identity import LINK_COOKIE, SESSION_COOKIE, hash_of
from detector.api.keys import CLOCK, LINKS, PASSWORDS, STORE
from detector.api.problem import Problem
from detector.passwords import LONGEST, TooMany, Verdict
from store.lock_out import Subject
from store.people import Person, SignedInBy, SignInOutcome
from store.repository.people import lock_out, passwords, persons, sessions, sign_in_log
from store.tx import Tx

T = TypeVar("T")
log = structlog.get_logger()

SIGN_IN_LASTS = timedelta(minutes=15)  #: a link that works once
SESSION_LASTS = timedelta(hours=12)  #: at most; see `sessions.IDLE` for one that nobody uses
FREE_PER_PERSON = 5
FREE_PER_ADDRESS = 20


async def by_password(request: web.Request, who: str, password: str, then: Callable[[Tx, Person], T]) -> T:
    """Do *then* in one transaction as *who*, if *password* is theirs.

    An attempt counts as failed before it is looked at, and is forgiven if it was right; whether there is anybody of
    that name, or they have a password, is neither said nor to be seen by how long the answer takes.

    Raises:
        Problem: 401 ``wrong_password``, 429 ``locked_out``, 503.
    """
    store, address, subject = request.app[STORE], address_of(request), _subject("person", who, FREE_PER_PERSON)
    place = _place(request)

    def begin(tx: Tx) -> datetime | None:
        until = lock_out.begin(tx, [one for one in (subject, place) if one is not None])
        if until is not None:
            sign_in_log.note(tx, who, address, SignedInBy.PASSWORD, SignInOutcome.LOCKED_OUT)
        return until

    if (until := await store.write(begin)) is not None:
        raise _locked_out(until - request.app[CLOCK].now())

    def look(connection: Connection) -> tuple[Person | None, str | None]:
        return persons.get(connection, who), passwords.of(connection, who)

    person, stored = await store.read(look)
    verdict = await verified(request, stored, password)
    if not verdict.is_right or person is None or stored is None:
        await store.write(lambda tx: sign_in_log.note(tx, who, address, SignedInBy.PASSWORD, SignInOutcome.REFUSED))
        log.warning("sign-in refused", address=address)
        raise Problem(401, "wrong_password", "nobody of that id has that password here; nothing else is said of it")

    def work(tx: Tx) -> T:
        lock_out.forgive(tx, subject, place)
        if verdict.rehashed:
            passwords.rehashed(tx, who, stored, verdict.rehashed)
        return then(tx, person)

    return await store.write(work)


async def verified(request: web.Request, stored: str | None, password: str) -> Verdict:
    """Whether *password* is the one that is stored; what is too long to be one is not looked at."""
    if len(password) > LONGEST * 4:
        return Verdict(is_right=False)
    try:
        return await request.app[PASSWORDS].verify(stored, password)
    except TooMany:
        raise _busy() from None


async def hashed(request: web.Request, password: str) -> str:
    """What is to be stored of a new password."""
    try:
        return await request.app[PASSWORDS].hash(password)
    except TooMany:
        raise _busy() from None


def opened(
    request: web.Request,
    tx: Tx,
    person: str,
    secret: str,
    how: SignedInBy,
    *,
    incident: int | None = None,
) -> None:
    """Open a session under a new *secret*; the one that this browser had ends with it."""
    cookie = SESSION_COOKIE if incident is None else LINK_COOKIE
    if before := request.cookies.get(cookie):
        sessions.delete(tx, hash_of(before))
    expires_at = tx.now + SESSION_LASTS
    agent, address = request.headers.get(hdrs.USER_AGENT, ""), address_of(request)
    sessions.create(tx, hash_of(secret), person, expires_at, incident, how=how, agent=agent, address=address)
    sign_in_log.note(tx, person, address, how, SignInOutcome.SIGNED_IN)


def keep(request: web.Request, answer: web.StreamResponse, secret: str, *, cookie: str = SESSION_COOKIE) -> None:
    """Give the browser the *secret* of its session: no script reads it, and no other site has it sent along."""
    secure = request.app[LINKS]().page(0).startswith("https:")
    age = int(SESSION_LASTS.total_seconds())
    answer.set_cookie(cookie, secret, max_age=age, path="/", httponly=True, samesite="Lax", secure=secure)


def address_of(request: web.Request) -> str:
    """Where a request came from, as far as the connection says; headers may be made up. "" over the socket."""
    return request.remote or ""


def _place(request: web.Request) -> Subject | None:
    """Whose failures from one address are added up; None where many share it: this machine, a proxy before us."""
    try:
        address = ipaddress.ip_address(address_of(request).partition("%")[0])
    except ValueError:
        return None
    if address.is_loopback:
        return None
    network = ipaddress.ip_network((address, 64 if address.version == 6 else 32), strict=False)
    return _subject("address", str(network), FREE_PER_ADDRESS)


def _subject(kind: str, name: str, free: int) -> Subject:
    return Subject(key=hashlib.sha256(f"{kind}:{name}".encode()).hexdigest(), free=free)


def _locked_out(wait: timedelta) -> Problem:
    seconds = max(1, math.ceil(wait.total_seconds()))
    return Problem(
        429,
        "locked_out",
        f"too many sign-ins failed: wait {seconds} s, or use a link from 'tocsin sign-in', which is never locked out",
        more={"retry_after_seconds": seconds},
    )


def _busy() -> Problem:
    return Problem(503, "busy", "too many sign in at this moment; nothing was changed, try again")
