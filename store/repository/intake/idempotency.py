"""Answers to requests that bore an Idempotency-Key: kept for a day, so that a repeated request acts once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from store.errors import KeyReused
from store.tables import idempotency
from store.tx import Tx

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, as far as it must be the same to be a repetition."""

    caller: str  #: the actor's id; keys of different callers have nothing to do with each other
    key: str
    route: str  #: method and path
    body_hash: str  #: SHA-256, hexadecimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def answer_to(tx: Tx, asked: Asked) -> Answered | None:
    """What was answered to the same request before; None: it is new.

    Raises:
        KeyReused: The caller sent the key with another request.
    """
    tx.connection.execute(idempotency.delete().where(idempotency.c.at <= tx.now - KEPT_FOR))
    row = tx.connection.execute(
        select(idempotency).where(idempotency.c.caller == asked.caller, idempotency.c.key == asked.key)
    ).first()
    if row is None:
        return None
    if (row.route, row.body_hash) != (asked.route, asked.body_hash):
        raise KeyReused(f"the key {asked.key!r} came before with another request")
    return Answered(status=row.status, headers=row.headers, body=row.answer)


def keep(tx: Tx, asked: Asked, answered: Answered) -> None:
    """Remember an answer, in the transaction of what it tells."""
    tx.connection.execute(
        idempotency.insert().values(
            caller=asked.caller,
            key=asked.key,
            route=asked.route,
            body_hash=asked.body_hash,
            status=answered.status,
            headers=dict(answered.headers),
            answer=answered.body,
            at=tx.now,
        )
    )
