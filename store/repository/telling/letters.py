"""Letters: what one person, or one address, is told of the installation. Each occasion once, over any restart."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from rules.event import Severity
from store.letter import Letter
from store.notice import NewDelivery, NoticeKind
from store.repository.telling import outbox
from store.tables import letter, notice
from store.tx import Tx


def write(tx: Tx, new: Letter, deliveries: Sequence[NewDelivery]) -> bool:
    """Have *new* sent. False: there was one for this occasion."""
    if is_written(tx.connection, new.person, new.occasion):
        return False
    written: int = tx.connection.execute(
        notice.insert()
        .values(
            incident=None,
            kind=NoticeKind.LETTER,
            cycle=0,
            at=tx.now,
            due_at=tx.now,
            level=0,
            reason=new.occasion,
            severity=Severity.INFORMATIONAL,
            stale=False,
            breaks_through=False,
            person=new.person,
            matter="",
        )
        .returning(notice.c.id)
    ).scalar_one()
    values = {name: getattr(new, name) for name in Letter.__slots__}
    tx.connection.execute(letter.insert().values(notice=written, **values))
    outbox.plan(tx, written, deliveries)
    return True


def is_written(connection: Connection, person: str, occasion: str) -> bool:
    """Whether they have, or get, their letter for this occasion."""
    found = select(letter.c.notice).where(letter.c.person == person, letter.c.occasion == occasion)
    return connection.execute(found).first() is not None


def of(connection: Connection, notice_id: int) -> Letter:
    """The letter of a notice."""
    columns = [letter.c[name] for name in Letter.__slots__]
    row = connection.execute(select(*columns).where(letter.c.notice == notice_id)).one()
    return Letter(**row._mapping)
