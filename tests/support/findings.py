"""What a daemon found, as its database and its API tell it, and what it should have found."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from store.moments import from_microseconds, to_microseconds
from support.daemon import Daemon

FINDINGS = 'SELECT rule_id, "group", first_seen, last_seen, events FROM finding WHERE merged_into IS NULL'
PAGE = 200


class Found(NamedTuple):
    """What is comparable of a finding or a record, whoever tells it."""

    rule_id: str
    group: tuple[tuple[str, str], ...]
    first_seen: datetime
    last_seen: datetime
    events: int


def stored_findings(daemon: Daemon) -> list[Found]:
    """All findings in the database, in a fixed order; not those that were merged into others."""
    with closing(sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True)) as database:
        rows = database.execute(FINDINGS).fetchall()
    return sorted(
        Found(rule_id, _group(group), from_microseconds(first), from_microseconds(last), events)
        for rule_id, group, first, last, events in rows
    )


def all_records(daemon: Daemon) -> list[Found]:
    """Incidents and observations, as the API lists them, in a fixed order."""
    return sorted(map(told, _pages(daemon)))


def told(record: Mapping[str, Any]) -> Found:
    """A record of the API, or of ``tocsin replay --json``."""
    first, last = (datetime.fromisoformat(record[name]) for name in ("first_seen", "last_seen"))
    return Found(record["rule"]["id"], tuple(record["group"].items()), first, last, record["events"])


def episodes(times: Iterable[datetime], span_seconds: float, at_least: int) -> Iterator[tuple[datetime, datetime, int]]:
    """First, last and number of events of each episode, found by looking at every window."""
    ordered = sorted(map(to_microseconds, times))
    span = round(span_seconds * 1_000_000)
    unions: list[list[int]] = []  # first and last index of windows that qualify and share an event
    start = 0
    for end, time in enumerate(ordered):
        while ordered[start] < time - span:
            start += 1
        if end - start + 1 < at_least:
            continue
        if unions and ordered[start] <= ordered[unions[-1][1]]:
            unions[-1][1] = end
        else:
            unions.append([start, end])
    for first, last in unions:
        yield from_microseconds(ordered[first]), from_microseconds(ordered[last]), last - first + 1


def _group(packed: str) -> tuple[tuple[str, str], ...]:
    return msgspec.json.decode(packed, type=tuple[tuple[str, str], ...])


def _pages(daemon: Daemon) -> Iterator[dict[str, Any]]:
    after = ""
    while True:
        items: list[dict[str, Any]] = daemon.get(f"/api/v1/incidents?limit={PAGE}{after}").json()["items"]
        yield from items
        if len(items) < PAGE:
            return
        after = f"&after={items[-1]['number']}"
