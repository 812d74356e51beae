"""The approval over the API: look at the dossier, sign it, one by one or as a batch, and say what does not fit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import Meta
from sqlalchemy import Connection

from detector.api import approval_wire, wire, writing
from detector.api.bodies import Body, Note, SomeNote
from detector.api.doing import Asked, Doing
from detector.api.identity import CALLER, hash_of, require_known, require_person
from detector.api.keys import NEW_SECRET, SITE, STORE, WAKE_NOTIFIER
from detector.api.problem import Problem
from detector.api.signing_in import address_of, by_password
from detector.api.visibility import check_sees
from store.approval import Checklist
from store.incident import Actor, ActorKind, Status, Step
from store.people import Person, SignedInBy, SignInOutcome
from store.repository.dossier import approval, discrepancies
from store.repository.incident import incidents
from store.repository.incident.acts import Done
from store.repository.people import fresh, persons, sign_in, sign_in_log
from store.repository.record import records
from store.repository.steps import visibility
from store.site import Site
from store.tx import Tx

routes = web.RouteTableDef()
#: What a batch signs at most: it is one transaction.
LARGEST_BATCH = 20
MOST_ITEMS = 50
Number = Annotated[int, Meta(ge=1, le=10**9)]
Secret = Annotated[str, Meta(min_length=1, max_length=200)]
Hash = Annotated[str, Meta(min_length=1, max_length=200)]


class ChecklistBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an approver vouches for."""

    accurate: bool = False
    complete: bool = False
    compliant_with: Annotated[str, Meta(max_length=1000)] = ""


class SigningBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every signature takes."""

    fresh: Annotated[str, Meta(max_length=200)] = ""
    checklist: ChecklistBody | None = None


class ApproveBody(SigningBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``moves/approve``, ``acts/sign_again``."""

    hash: Hash


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One incident of a batch."""

    incident: Annotated[int, Meta(ge=1, le=10**15)]
    hash: Hash


class BatchBody(SigningBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/approvals``."""

    incidents: Annotated[tuple[Wanted, ...], Meta(min_length=1, max_length=LARGEST_BATCH)]


class RejectBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``moves/reject``."""

    to: Literal["reporting", "investigation", "corrective_actions"]
    discrepancies: Annotated[tuple[SomeNote, ...], Meta(max_length=MOST_ITEMS)] = ()


class DiscrepancyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/discrepancy``."""

    item: Note


class AnswerDiscrepancyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/answer_discrepancy``."""

    discrepancy: Number
    answer: Note


class CloseDiscrepancyBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/close_discrepancy``."""

    discrepancy: Number


class FreshBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/sign-in/fresh``: one of them."""

    password: Annotated[str, Meta(min_length=1, max_length=1024)] | None = None
    token: Secret | None = None
    code: Secret | None = None


def sign_in_anew(tx: Tx, person: str, body: FreshBody, secret: str) -> datetime:
    """Have *secret* sign once for *person*, if *body* holds a secret of theirs; pages and the API share it.

    Returns:
        When it expires.
    """
    if not _is(tx, person, body):
        raise Problem(403, "fresh_sign_in", f"that is no valid token or unused code of {person}")
    return fresh.create(tx, person, hash_of(secret))


async def signed_anew(request: web.Request, person: Person, password: str, secret: str) -> datetime:
    """Have *secret* sign once for *person*, if *password* is theirs; pages and the API share it.

    Returns:
        When it expires.
    """

    def work(tx: Tx, _: Person) -> datetime:
        sign_in_log.note(tx, person.id, address_of(request), SignedInBy.PASSWORD, SignInOutcome.SIGNED_ANEW)
        return fresh.create(tx, person.id, hash_of(secret))

    try:
        return await by_password(request, person.id, password, work)
    except Problem as problem:
        if problem.code != "wrong_password":
            raise
        raise Problem(403, "fresh_sign_in", f"that is not the password of {person.id}") from None


def signing(body: SigningBody, seen: str) -> approval.Signing:
    """What *body* signs with; pages and the API share it.

    Args:
        seen: Hash of the dossier that was looked at.
    """
    given = body.checklist
    checklist = (
        Checklist(accurate=given.accurate, complete=given.complete, compliant_with=given.compliant_with)
        if given
        else None
    )
    return approval.Signing(hash=seen, fresh=hash_of(body.fresh), checklist=checklist, note=body.note)


def sign_all(
    tx: Tx, wanted: Sequence[tuple[int, str]], actor: Actor, *, via: str, site: Site, given: approval.Signing
) -> list[Done]:
    """Sign a batch, of which the signer must see everything; pages and the API share it."""
    for number, _ in wanted:
        check_sees(tx, number, actor, site)
    return approval.approve_all(tx, wanted, actor, via=via, site=site, given=given)


def _approve(tx: Tx, asked: Asked) -> Done:
    given = signing(asked.body, asked.body.hash)
    return approval.approve(tx, asked.number, asked.actor, site=asked.site, given=given, **asked.seen)


def _sign_again(tx: Tx, asked: Asked) -> Done:
    given = signing(asked.body, asked.body.hash)
    return approval.sign_again(tx, asked.number, asked.actor, via=asked.via, site=asked.site, given=given)


def _reject(tx: Tx, asked: Asked) -> Done:
    body: RejectBody = asked.body
    given: dict[str, Any] = {"to": Step(body.to), "items": body.discrepancies, "reason": body.note}
    return approval.reject(tx, asked.number, asked.actor, **given, **asked.seen)


def _raise(tx: Tx, asked: Asked) -> Done:
    return discrepancies.raise_one(tx, asked.number, asked.actor, item=asked.body.item, via=asked.via)


def _answer(tx: Tx, asked: Asked) -> Done:
    given = {"discrepancy": asked.body.discrepancy, "text": asked.body.answer, "via": asked.via}
    return discrepancies.answer(tx, asked.number, asked.actor, **given)


def _close(tx: Tx, asked: Asked) -> Done:
    given = {"discrepancy": asked.body.discrepancy, "mode": asked.site.four_eyes, "note": asked.body.note}
    return discrepancies.close(tx, asked.number, asked.actor, via=asked.via, **given)


MOVES: Mapping[str, Doing] = {"approve": Doing(ApproveBody, _approve), "reject": Doing(RejectBody, _reject)}
ACTS: Mapping[str, Doing] = {
    "discrepancy": Doing(DiscrepancyBody, _raise),
    "answer_discrepancy": Doing(AnswerDiscrepancyBody, _answer),
    "close_discrepancy": Doing(CloseDiscrepancyBody, _close),
    "sign_again": Doing(ApproveBody, _sign_again),
}


@routes.post("/api/v1/sign-in/fresh")
async def fresh_sign_in(request: web.Request) -> web.Response:
    """Show that it is you, by password, token or one-time code, and get what signs once within five minutes."""
    person = require_person(request)
    body = await wire.body_of(request, FreshBody)
    if sum(one is not None for one in (body.password, body.token, body.code)) != 1:
        raise Problem(
            422,
            "invalid_body",
            "send your password, your personal token, or the code of a sign-in link: one of them",
            missing=["password", "token", "code"],
        )
    secret = request.app[NEW_SECRET]()
    if body.password is not None:
        expires_at = await signed_anew(request, person, body.password, secret)
        return wire.answer({"fresh": secret, "person": person.id, "expires_at": expires_at}, status=201)

    def work(tx: Tx) -> dict[str, Any]:
        return {"fresh": secret, "person": person.id, "expires_at": sign_in_anew(tx, person.id, body, secret)}

    return await writing.write(request, work, lambda told: writing.answered(told, status=201), secret=True)


@routes.get("/api/v1/incidents/{number}/approval")
async def show_approval(request: web.Request) -> web.Response:
    """All that an approver looks at: the hash to sign, what changed, who signed, what does not fit, the annex."""
    require_known(request)
    number, site = wire.number_of(request), request.app[SITE]()

    def look(connection: Connection) -> dict[str, Any]:
        record = records.load(connection, number)
        return approval_wire.shown(connection, record, approval.state_of(connection, record), site)

    return wire.answer(await request.app[STORE].read(look))


@routes.get("/api/v1/approvals")
async def list_approvals(request: web.Request) -> web.Response:
    """What waits to be signed, with the hash to sign; of one rule, with ``rule``."""
    require_known(request)
    rule = request.query.get("rule")
    limit = wire.whole(request, "limit", LARGEST_BATCH, 100)

    person, site = request[CALLER].person, request.app[SITE]()

    def look(connection: Connection) -> list[dict[str, Any]]:
        wanted = incidents.Filter(status=Status.OPEN, step=Step.APPROVAL, rule_id=rule)
        found = incidents.list_of(connection, wanted, limit=limit)
        hidden = visibility.hidden(connection, [one.number for one in found], person.id if person else None, site)
        seen = [record for record in found if record.number not in hidden]
        return [approval_wire.waiting(record, approval.state_of(connection, record)) for record in seen]

    return wire.answer({"items": await request.app[STORE].read(look)})


@routes.post("/api/v1/approvals")
async def approve_batch(request: web.Request) -> web.Response:
    """Sign light incidents of one rule with one token: all, or none."""
    actor = Actor(kind=ActorKind.PERSON, id=require_person(request).id)
    body = await wire.body_of(request, BatchBody)
    wanted = [(one.incident, one.hash) for one in body.incidents]
    via, site, given = request[CALLER].via, request.app[SITE](), signing(body, "")
    response = await writing.write(
        request,
        lambda tx: sign_all(tx, wanted, actor, via=via, site=site, given=given),
        lambda done: writing.answered({"items": [wire.incident(one.incident) for one in done]}),
    )
    request.app[WAKE_NOTIFIER]()
    return response


def _is(tx: Tx, person: str, body: FreshBody) -> bool:
    """Whether *body* holds a secret of *person*; a code is used up by it."""
    if body.token is not None:
        owner = persons.by_token(tx.connection, hash_of(body.token))
        return owner is not None and owner.id == person
    return body.code is not None and sign_in.spend(tx, hash_of(body.code)) == person
