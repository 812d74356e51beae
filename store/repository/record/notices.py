"""Write that someone should hear of a change, in the transaction of the change. Who hears of it is decided later."""

from store.notice import NewNotice
from store.tables import notice
from store.tx import Tx


def write(tx: Tx, new: NewNotice) -> int:
    """Someone should hear of the change that this transaction writes. Returns the notice's id."""
    values = {name: getattr(new, name) for name in NewNotice.__slots__} | {"due_at": new.due_at or tx.now}
    written: int = tx.connection.execute(
        notice.insert().values(at=tx.now, **values).returning(notice.c.id)
    ).scalar_one()
    return written
