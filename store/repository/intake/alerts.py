"""How alerts of other systems stand: by each word of their senders, in the transaction that keeps it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from rules.entities import shortened
from rules.intake import unreported
from rules.intake.alert import OWN_KEYS, Told
from store import claims
from store.alert import AlertState, Awaited, Heard, Standing, Word, hear, is_silent, unheard
from store.incident import Status
from store.moments import is_sensible
from store.repository.intake import inbox
from store.tables import alert, entity, incident
from store.tables import inbox as parcels
from store.tx import Tx
from store.upsert import upsert

_STANDING = ("state", "content", "since", "ended_at", "until", "has_fired", "changed_at", "told_at")
_GROWS = (*_STANDING, "said_at", "repeats", "parcel", "told")
#: How many expire in one transaction.
AT_ONCE = 500
#: How many are looked up by one statement: databases bound its parameters.
KEYS_AT_ONCE = 1_000
#: Made once: to put them together takes longer than to run them.
_OF_SOURCE = select(*(column for column in alert.c if column.name != "id")).where(alert.c.intake == bindparam("source"))
_BY_KEY = _OF_SOURCE.where(alert.c.key.in_(bindparam("some", expanding=True)))
_BY_ONE_KEY = _OF_SOURCE.where(alert.c.key.in_((bindparam("one"), bindparam("sender"))))
#: Alerts, and not how their senders themselves stand.
_ALERTS_ALONE = ~alert.c.key.startswith(OWN_KEYS, autoescape=True)
#: What begins an episode: "silent" is told of a sender.
_FIRES = frozenset({AlertState.FIRING.value, "silent"})
#: How many are listed.
MOST_LISTED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An alert that fires, with what people made of it."""

    intake: str
    key: str
    told: Told
    since: datetime | None
    first_at: datetime
    changed_at: datetime
    said_at: datetime
    until: datetime | None
    incidents: tuple[int, ...]  #: numbers of the open records that name it


def take_in(tx: Tx, source: str, kind: str, body: bytes, told: Sequence[Told], *, key: str | None = None) -> int:
    """Keep a body that is handed in. What only repeats what is known touches the counts of its alerts, no more.

    Args:
        told: The alerts in it; none: it is kept whatever it says.
        key: See `inbox.put`; a body with one is kept, so that its key is known.

    Returns:
        Its number; of a repetition that of what told the same before.
    """
    if not told or (key is not None and _is_taken(tx.connection, source, key)):
        return inbox.put(tx, source, kind, body, key=key)
    rows = _rows(tx.connection, source, {shortened(one.key) for one in told})
    sender = rows.pop(_sender(source), None)
    heard = [(one, _hear(tx, rows, source, one)) for one in told]
    number = 0
    if key is not None or any(one.is_told for _, one in heard) or not any(row["parcel"] for row in rows.values()):
        number = inbox.put(tx, source, kind, body, key=key)
        for one, came in heard:
            row = rows[shortened(one.key)]
            if came.is_told or not row["parcel"]:
                row["parcel"] = number
    upsert(tx.connection, alert, ["intake", "key"], [rows[name] for name in sorted(rows)], update=_GROWS)
    if sender is not None and sender["state"] is AlertState.FIRING:
        _tell(tx, source, sender, unreported.heard_again(sender["told"]))
    return number or max(row["parcel"] for row in rows.values())


def is_over(connection: Connection, key: str) -> bool:
    """Whether all who spoke of an alert say that it is over."""
    states = set(connection.execute(select(alert.c.state).where(alert.c.key == key)).scalars())
    return states == {AlertState.RESOLVED}


def fires_since(connection: Connection, key: str) -> datetime | None:
    """Since when an alert fires without an end, by our clock; None: it does not."""
    fires = select(func.min(alert.c.changed_at)).where(alert.c.key == key, alert.c.state == AlertState.FIRING)
    found: datetime | None = connection.execute(fires).scalar()
    return found


def firing(connection: Connection, now: datetime) -> list[Known]:
    """The alerts that fire, the oldest first."""
    rows = connection.execute(
        select(alert)
        .where(alert.c.state == AlertState.FIRING, alert.c.until.is_(None) | (alert.c.until > now), _ALERTS_ALONE)
        .order_by(alert.c.changed_at, alert.c.key)
        .limit(MOST_LISTED)
    ).all()
    named = _naming(connection, [row.key for row in rows])
    columns = ("intake", "key", "told", "since", "first_at", "changed_at", "said_at", "until")
    return [Known(incidents=named.get(row.key, ()), **{name: row._mapping[name] for name in columns}) for row in rows]


def next_due(connection: Connection) -> datetime | None:
    """When the next one may expire; None: none waits to be reported again."""
    found: datetime | None = connection.execute(
        select(func.min(alert.c.until)).where(alert.c.until.is_not(None))
    ).scalar()
    return found


def expire(tx: Tx, up_since: datetime) -> frozenset[str]:
    """Have alerts expire of which there was no word in time; the rules hear of it where they heard of the alert.

    Args:
        up_since: Since when words could be heard.

    Returns:
        Names of the intakes at which something is to be read.
    """
    columns = [column for column in alert.c if column.name != "id"]
    rows = tx.connection.execute(
        select(*columns).where(alert.c.until <= tx.now).order_by(alert.c.until, alert.c.key).limit(AT_ONCE)
    ).all()
    found = [Awaited(key=row.key, until=row.until, said_at=row.said_at, sender=row.intake) for row in rows]
    due = {(one.sender, one.key) for one in unheard(found, tx.now, up_since)}
    for source in {sender for sender, _ in due}:
        _expire(tx, source, {row.key: dict(row._mapping) for row in rows if (row.intake, row.key) in due})
    return frozenset(sender for sender, _ in due)


def _expire(tx: Tx, source: str, rows: dict[str, dict[str, Any]]) -> None:
    here = {key: row for key, row in rows.items() if row["intake"] == source}
    gone = [row["told"] for row in here.values()]
    silent = is_silent(len(gone), _how_many_fire(tx.connection, source))
    for one in gone:
        _hear(tx, here, source, unreported.expired(one))
    if silent:
        key = _sender(source)
        number = _tell(tx, source, _rows(tx.connection, source, {key}).get(key), unreported.silent(source, gone))
    else:
        lines = unreported.lines(unreported.expired(one) for one in gone)
        number = inbox.put(tx, source, unreported.KIND, lines)
    upsert(tx.connection, alert, ["intake", "key"], [row | {"parcel": number} for row in here.values()], update=_GROWS)


def _tell(tx: Tx, source: str, known: dict[str, Any] | None, told: Told) -> int:
    """Tell the rules of the sender itself: it is silent, or is heard again. Returns the parcel's number."""
    rows = {known["key"]: known} if known else {}
    _hear(tx, rows, source, told)
    number = inbox.put(tx, source, unreported.KIND, unreported.lines([told]))
    upsert(tx.connection, alert, ["intake", "key"], [row | {"parcel": number} for row in rows.values()], update=_GROWS)
    return number


def _sender(source: str) -> str:
    """Under which key it stands how the sender itself does."""
    return shortened(unreported.key_of_sender(source))


def _hear(tx: Tx, rows: dict[str, dict[str, Any]], source: str, told: Told) -> Heard:
    """Take one word into *rows*, by key."""
    key = shortened(told.key)
    known = rows.get(key)
    before = Standing(**{name: known[name] for name in _STANDING}) if known else None
    heard = hear(before, _word(told, tx.now))
    row = dict(known) if known else _new(tx, source, key, told)
    row |= {name: getattr(heard.standing, name) for name in _STANDING}
    if told.status != AlertState.EXPIRED.value:
        row["said_at"] = tx.now
    if known and not heard.is_told:
        row["repeats"] += 1
    if told.status in _FIRES and heard.standing.state is AlertState.FIRING:
        row["told"] = told
    rows[key] = row
    return heard


def _new(tx: Tx, source: str, key: str, told: Told) -> dict[str, Any]:
    moments = {"first_at": tx.now, "said_at": tx.now}
    return {"intake": source, "key": key, **moments, "repeats": 0, "parcel": 0, "told": told}


def _word(told: Told, now: datetime) -> Word:
    return Word(
        state=AlertState.FIRING if told.status in _FIRES else AlertState(told.status),
        content=told.content,
        since=_sensible(told.starts_at),
        ends_at=_sensible(told.ends_at),
        received_at=now,
    )


def _sensible(moment: datetime | None) -> datetime | None:
    return moment if moment is not None and is_sensible(moment) else None


def _rows(connection: Connection, source: str, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for some in _parts(sorted(keys), KEYS_AT_ONCE):
        if len(some) == 1:
            rows = connection.execute(_BY_ONE_KEY, {"source": source, "one": some[0], "sender": _sender(source)})
        else:
            rows = connection.execute(_BY_KEY, {"source": source, "some": [*some, _sender(source)]})
        found |= {row.key: dict(row._mapping) for row in rows}
    return found


def _parts(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))


def _is_taken(connection: Connection, source: str, key: str) -> bool:
    known = select(parcels.c.id).where(parcels.c.partition == "", parcels.c.source == source, parcels.c.key == key)
    return connection.execute(known).scalar() is not None


def _how_many_fire(connection: Connection, source: str) -> int:
    fires = select(func.count()).where(alert.c.intake == source, alert.c.state == AlertState.FIRING, _ALERTS_ALONE)
    return int(connection.execute(fires).scalar_one())


def _naming(connection: Connection, keys: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    named = (
        select(entity.c.value, incident.c.number)
        .join(incident, incident.c.number == entity.c.incident)
        .where(entity.c.kind == claims.KIND, entity.c.value.in_(keys), incident.c.status == Status.OPEN)
        .order_by(incident.c.number)
    )
    for value, number in connection.execute(named):
        found[value] = (*found.get(value, ()), number)
    return found
