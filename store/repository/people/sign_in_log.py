"""Who signed in, from where, and who was refused: the newest ones. Holds no secret, and no name that nobody has:
what was typed in its place may have been a password.
"""

from sqlalchemy import Connection, func, select

from store.people import SignedInBy, SignIn, SignInOutcome
from store.tables import person, sign_in_log
from store.tx import Tx

MOST_KEPT = 5_000


def note(tx: Tx, who: str, address: str, how: SignedInBy, outcome: SignInOutcome) -> None:
    """Add one, and drop the oldest above `MOST_KEPT`."""
    known = tx.connection.execute(select(person.c.id).where(person.c.id == who)).scalar()
    new: int = tx.connection.execute(
        sign_in_log.insert()
        .values(at=tx.now, person=known, address=address[:100], how=how, outcome=outcome)
        .returning(sign_in_log.c.id)
    ).scalar_one()
    tx.connection.execute(sign_in_log.delete().where(sign_in_log.c.id <= new - MOST_KEPT))


def newest(connection: Connection, who: str | None, limit: int) -> list[SignIn]:
    """The newest ones; of one person, if *who* is given."""
    wanted = select(sign_in_log).order_by(sign_in_log.c.id.desc()).limit(limit)
    if who is not None:
        wanted = wanted.where(sign_in_log.c.person == who)
    return [
        SignIn(
            at=row.at,
            person=row.person,
            address=row.address,
            how=SignedInBy(row.how),
            outcome=SignInOutcome(row.outcome),
        )
        for row in connection.execute(wanted)
    ]


def count(connection: Connection) -> int:
    """How many are kept."""
    found: int = connection.execute(select(func.count()).select_from(sign_in_log)).scalar_one()
    return found
