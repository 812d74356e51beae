"""What can go wrong in the store.

StoreError
├── StoreBusy              the queue of writes is full: try again later (HTTP 503)
├── StoreUnavailable       the database cannot commit now: locked, disk full, connection lost; nothing was written
│   └── OwnershipLost      another daemon took the store over; this one must stop
├── AlreadyRunning         another daemon works on this state
├── SchemaMismatch         the database is older or newer than this version, or its triggers are not ours
├── NotFound               no such record
├── StaleVersion           the record changed since the caller read it
├── Duplicate              it exists already
├── KeyReused              an Idempotency-Key came before with another request
├── InvariantBroken        the database refused what would break the record
└── Refused                the process does not allow it; has a code and what is allowed instead
    ├── MoveNotAllowed
    └── ActNotAllowed
"""


class StoreError(Exception):
    """Base of all errors that leave the store. No SQLAlchemy error does."""


class StoreBusy(StoreError):
    """The queue of writes is full. Nothing was written; the caller may try again."""


class StoreUnavailable(StoreError):
    """The database cannot commit now. Nothing was written; the same work may be handed in again."""


class OwnershipLost(StoreUnavailable):
    """Another daemon took the store over. This one can never write again and must stop."""


class AlreadyRunning(StoreError):
    """Another process holds the store."""


class SchemaMismatch(StoreError):
    """The database's schema is not the one that this version works with."""


class NotFound(StoreError):
    """There is no such record."""


class StaleVersion(StoreError):
    """The record changed since the caller read it.

    Attributes:
        version: Which it is now; None: not known.
        by: Who changed it last; None: not known.
    """

    def __init__(self, message: str, *, version: int | None = None, by: str | None = None) -> None:
        super().__init__(message)
        self.version = version
        self.by = by


class Duplicate(StoreError):
    """What was to be added exists already."""


class KeyReused(StoreError):
    """An Idempotency-Key came before with another request."""


class InvariantBroken(StoreError):
    """The database refused a change that would break the record."""


class Refused(StoreError):
    """The process does not allow this now.

    Attributes:
        code: Stable word for programs, e.g. ``not_acknowledged``.
        missing: What is missing, all at once.
        allowed: What may be done instead.
    """

    def __init__(
        self, code: str, message: str, *, missing: tuple[str, ...] = (), allowed: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.missing = missing
        self.allowed = allowed


class MoveNotAllowed(Refused):
    """The incident cannot go there from where it stands."""


class ActNotAllowed(Refused):
    """The act cannot be done in this state, or not by this actor."""
