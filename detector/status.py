"""What the daemon says of itself: status, readiness, the result of a reload. Also their shape on the wire."""

from datetime import datetime

import msgspec


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """One stream of a source."""

    source: str
    origin: str  #: path of the file
    state: str  #: ok, missing, unreadable, ...
    format: str  #: pinned; else the likeliest with " (not settled)", "" if none read a line
    lines: int  #: read since the source was first seen
    parsed: int
    unparsed: int
    matched: int
    poisoned: int
    lag_bytes: int | None  #: written and not yet handed on; None if unknown
    last_line_at: datetime | None
    note: str  #: what is wrong, and what to do; "" if nothing is


class RuleState(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that runs."""

    id: str
    title: str
    level: str
    decision: str
    path: str
    mode: str = "on"


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How many open incidents and waiting messages there are."""

    open: int
    unacknowledged: int
    observations: int
    deliveries_pending: int
    deliveries_dead: int
    hushed: tuple[str, ...] = ()  #: silences and mutes in force, a sentence each, the oldest first; twenty at most


class HttpState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the pages are."""

    url: str
    base_url: str


class DaemonStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that ``tocsin status`` shows."""

    version: str
    pid: int
    started_at: datetime
    now: datetime
    http: HttpState
    store: str  #: kind and place of the database, without secrets
    engine_pid: int | None
    engine_restarts: int
    rules: tuple[RuleState, ...]
    rule_errors: tuple[str, ...]  #: rendered, one per rule that did not load
    sources: tuple[SourceState, ...]
    summary: Summary
    degraded: tuple[str, ...]  #: what does not work as it should, a sentence each


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether intake is accepted, and what does not work as it should."""

    ready: bool
    degraded: tuple[str, ...]


class Reloaded(msgspec.Struct, frozen=True, kw_only=True):
    """How a reload ended."""

    applied: bool
    message: str  #: what changed, or why nothing did
    errors: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()  #: options that only a restart applies
