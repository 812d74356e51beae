"""What a job of the writer gets: a connection inside a transaction, one instant, and effects after the commit."""

import secrets
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection


class Tx:
    """One job's view of a transaction.

    A job touches nothing but its Tx and may run twice: whatever must happen once goes to `after_commit`.
    It must not catch errors of the database: on PostgreSQL the transaction is then lost already.

    Attributes:
        connection: Inside a transaction of the writer.
        now: The one instant of this transaction, aware UTC; never earlier than that of an earlier one.
    """

    __slots__ = ("_effects", "connection", "now")

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self._effects: list[Callable[[], object]] = []

    def after_commit(self, effect: Callable[[], object]) -> None:
        """Have *effect* called in the event loop once the commit is durable; never if it is not."""
        self._effects.append(effect)

    @property
    def effects(self) -> tuple[Callable[[], object], ...]:
        """What is to be called after the commit, in order."""
        return tuple(self._effects)

    def random(self, length: int) -> bytes:
        """Unpredictable bytes, for salts and secrets."""
        return secrets.token_bytes(length)
