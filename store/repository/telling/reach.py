"""Which receivers messages do not reach of late."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, or_, select

from store.notice import DeliveryState
from store.tables import delivery

#: So many of the newest deliveries are looked at, and none that is older than this: what was repaired meanwhile shows
#: only with the next message.
LOOKED_AT: Final = 5_000
RECENT: Final = timedelta(hours=24)
#: After so many attempts that failed, one that is still tried counts as one that does not arrive.
ATTEMPTS: Final = 3


def failing(connection: Connection, now: datetime) -> frozenset[str]:
    """Names of the receivers whose newest message that was tried did not arrive."""
    newest = select(func.max(delivery.c.id)).scalar_subquery()
    tried = (delivery.c.id > newest - LOOKED_AT, delivery.c.attempts > 0, delivery.c.created_at > now - RECENT)
    last = select(func.max(delivery.c.id)).where(*tried).group_by(delivery.c.receiver)
    lost = delivery.c.state.in_((DeliveryState.DEAD, DeliveryState.FAILED))
    still_tried = (delivery.c.state == DeliveryState.QUEUED) & (delivery.c.attempts >= ATTEMPTS)
    found = select(delivery.c.receiver).where(delivery.c.id.in_(last), or_(lost, still_tried))
    return frozenset(connection.execute(found).scalars())
