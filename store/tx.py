"""What a job of the writer gets: a connection inside a transaction, one instant, and effects after the commit."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

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


class Instants:
    """Instants that never go back, although the machine's clock may.

    While the clock is behind the last instant, time goes on at half its pace until the clock has caught up, so that
    nothing that is due "later" waits for as long as the clock was ahead.
    """

    def __init__(self, last: datetime, monotonic: float) -> None:
        self._last = last
        self._monotonic = monotonic

    def next(self, wall: datetime, monotonic: float) -> datetime:
        """The instant to use when the clock says *wall* and *monotonic*."""
        passed = timedelta(seconds=max(0.0, monotonic - self._monotonic))
        self._last = wall if wall >= self._last else self._last + passed / 2
        self._monotonic = monotonic
        return self._last
