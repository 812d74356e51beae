"""Refused sign-ins, by person and by address, so that guessing grows slow. Bounded, whoever tries whatever."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from store.lock_out import FORGOTTEN_AFTER, Failures, Subject, counted
from store.tables import sign_in_failure
from store.tx import Tx
from store.upsert import insert

MOST_REMEMBERED = 10_000


def begin(tx: Tx, subjects: Sequence[Subject]) -> datetime | None:
    """Count an attempt as a failure before it is looked at: many at once are no way around the delay.

    `forgive` takes that back if it succeeds.

    Returns:
        Until when none is looked at; None: this one is, and was counted.
    """
    _forget_old(tx)
    known = {one.key: _of(tx, one.key) for one in subjects}
    blocked = [one.blocked_until for one in known.values() if one is not None and one.blocked_until > tx.now]
    if blocked:
        return max(blocked)
    for subject in subjects:
        after = counted(known[subject.key], subject, tx.now)
        values = {"failures": after.count, "last_at": after.last_at, "blocked_until": after.blocked_until}
        tx.connection.execute(
            insert(tx.connection, sign_in_failure)
            .values(subject=subject.key, **values)
            .on_conflict_do_update(index_elements=["subject"], set_=values)
        )
    return None


def forgive(tx: Tx, person: Subject, address: Subject | None) -> None:
    """It was them: nothing is held against the person any more, and this one try not against the address."""
    tx.connection.execute(sign_in_failure.delete().where(sign_in_failure.c.subject == person.key))
    if address is not None:
        tx.connection.execute(
            sign_in_failure.update()
            .where(sign_in_failure.c.subject == address.key, sign_in_failure.c.failures > 0)
            .values(failures=sign_in_failure.c.failures - 1, blocked_until=tx.now)
        )


def _of(tx: Tx, key: str) -> Failures | None:
    row = tx.connection.execute(select(sign_in_failure).where(sign_in_failure.c.subject == key)).first()
    return Failures(count=row.failures, last_at=row.last_at, blocked_until=row.blocked_until) if row else None


def _forget_old(tx: Tx) -> None:
    """What is over and, of too many, those that were idle longest."""
    tx.connection.execute(sign_in_failure.delete().where(sign_in_failure.c.last_at <= tx.now - FORGOTTEN_AFTER))
    remembered: int = tx.connection.execute(select(func.count()).select_from(sign_in_failure)).scalar_one()
    if remembered >= MOST_REMEMBERED:
        oldest = select(sign_in_failure.c.subject).order_by(sign_in_failure.c.last_at).limit(MOST_REMEMBERED // 10)
        tx.connection.execute(sign_in_failure.delete().where(sign_in_failure.c.subject.in_(oldest)))
