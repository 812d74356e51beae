"""What silences hid, and would have hidden."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, distinct, exists, func, or_, select

from rules.event import Severity
from store import silence as rules
from store.excepting import is_confirmed
from store.incident import Incident, Status
from store.notice import Delivery, DeliveryState, NewNotice, NoticeKind
from store.repository.hiding import abouts, silences
from store.repository.record import notices, records
from store.silence import ENDED, Hid, Hidden, Matchers, Seen, Silence
from store.tables import delivery, incident, notice, silence
from store.tx import Tx

#: At no more incidents is looked for what a silence would have hidden, the latest first.
MOST = 2000
#: So many of them are named.
MOST_NAMED = 20
#: In one write so many are asked about again.
ASKED_AT_ONCE = 100
_ASKS = tuple(kind for kind in NoticeKind if kind.asks)
#: As `notifier.message.Ask` says it.
_JOIN = "join"


def preview(connection: Connection, matchers: Matchers, now: datetime) -> Hidden:
    """What a silence would have hidden lately."""
    told = _told_lately(connection, now)
    found = [
        (one, told[one.number])
        for one, seen in _seen(connection, told)
        if rules.hides(matchers, Severity.CRITICAL, seen)
    ]
    return Hidden(
        notices=sum(times for _, times in found),
        incidents=tuple(one.number for one, _ in found[:MOST_NAMED]),
        count=len(found),
        worst=max((one.severity_highest for one, _ in found), key=lambda severity: severity.rank, default=None),
        confirmed=tuple(one.number for one, _ in found if is_confirmed(one))[:MOST_NAMED],
        left_out=max(0, _count_lately(connection, now) - MOST),
    )


def by(connection: Connection, numbers: Sequence[int]) -> dict[int, Hid]:
    """What silences hid, by their numbers."""
    waits = (incident.c.status == Status.OPEN, incident.c.acknowledged_at.is_(None))
    rows = connection.execute(
        select(
            delivery.c.silence,
            func.count(distinct(delivery.c.notice)).label("notices"),
            func.count(distinct(delivery.c.incident)).label("incidents"),
            func.count(distinct(delivery.c.incident)).filter(*waits).label("open"),
        )
        .join(incident, incident.c.number == delivery.c.incident)
        .where(delivery.c.silence.in_(numbers))
        .group_by(delivery.c.silence)
    )
    found = {row.silence: Hid(notices=row.notices, incidents=row.incidents, open=row.open) for row in rows}
    return {number: found.get(number, Hid()) for number in numbers}


def untold(connection: Connection, now: datetime) -> list[Silence]:
    """Silences that hide no more, or not now, and have hidden something of which nobody was told afterwards."""
    hid = exists().where(
        delivery.c.silence == silence.c.number,
        or_(silence.c.told_until.is_(None), delivery.c.created_at > silence.c.told_until),
    )
    alive = silence.c.state.not_in(ENDED)
    rows = connection.execute(
        select(silence)
        .where(
            or_(
                silence.c.told_until.is_(None), silence.c.ended_at.is_(None), silence.c.told_until < silence.c.ended_at
            ),
            or_(~alive, silence.c.ends_at <= now, silence.c.window.is_not(None)),
            hid,  # last: it may look at many deliveries
        )
        .order_by(silence.c.number)
    )
    return [one for one in (Silence(**row._mapping) for row in rows) if not one.is_in_force(now)]


def ask_again(tx: Tx, one: Silence) -> int:
    """Have some of what *one* hid told as if it were new: what is open, and nobody has. Returns how many."""
    rows = tx.connection.execute(
        select(delivery.c.incident)
        .distinct()
        .join(incident, incident.c.number == delivery.c.incident)
        .where(*_hid_since(one), *_waits(), ~_asked_since(one))
        .order_by(delivery.c.incident)
        .limit(ASKED_AT_ONCE)
    )
    numbers = list(rows.scalars())
    for number in numbers:
        record = records.load(tx.connection, number)
        new = NewNotice(
            incident=number,
            kind=NoticeKind.UNSILENCED,
            cycle=record.cycle,
            reason=f"{one.name} hid it until now",
            severity=record.severity,
        )
        notices.write(tx, new)
    return len(numbers)


def note_told(tx: Tx, one: Silence) -> None:
    """What *one* hid until now, people were told of."""
    tx.connection.execute(silence.update().where(silence.c.number == one.number).values(told_until=tx.now))


def suppress(tx: Tx, claimed: Sequence[Delivery]) -> frozenset[int]:
    """Have nobody told what a silence hides that came when it was planned already. Returns ids of deliveries."""
    hiding = silences.in_force(tx.connection, tx.now)
    asking = [one for one in claimed if one.kind.asks] if hiding else []
    if not asking:
        return frozenset()
    by_incident = {
        one.number: found
        for one, seen in _seen(tx.connection, {each.incident for each in asking})
        if (found := rules.hushed(hiding, seen, tx.now)) is not None
    }
    for each in asking:
        if (one := by_incident.get(each.incident)) is not None:
            gone = delivery.update().where(delivery.c.id == each.id, delivery.c.state == DeliveryState.SENDING)
            because = {"silence": one.number, "detail": f"{one.name} by {one.created_by} hides it"}
            ended = {"state": DeliveryState.SUPPRESSED, "lease_until": None, "finished_at": tx.now}
            tx.connection.execute(gone.values(**because, **ended))
    return frozenset(each.id for each in asking if each.incident in by_incident)


def _hid_since(one: Silence) -> list[ColumnElement[bool]]:
    hid: list[ColumnElement[bool]] = [delivery.c.silence == one.number]
    return hid if one.told_until is None else [*hid, delivery.c.created_at > one.told_until]


def _waits() -> list[ColumnElement[bool]]:
    return [
        incident.c.status == Status.OPEN,
        incident.c.acknowledged_at.is_(None),
        incident.c.resolved_at.is_(None),
        incident.c.quiet_until.is_(None),
    ]


def _asked_since(one: Silence) -> ColumnElement[bool]:
    """Something newer asks about the same incident, which no silence of its own has hidden."""
    later = notice.alias("later")
    return exists().where(
        later.c.incident == delivery.c.incident, later.c.kind == NoticeKind.UNSILENCED, later.c.id > delivery.c.notice
    )


def _told_lately(connection: Connection, now: datetime) -> dict[int, int]:
    """By incident how often people were, or were to be, asked to take it; the latest first."""
    rows = connection.execute(
        select(notice.c.incident, func.count().label("times"))
        .where(notice.c.kind.in_(_ASKS), notice.c.at > now - rules.LOOKS_BACK)
        .group_by(notice.c.incident)
        .order_by(notice.c.incident.desc())
        .limit(MOST)
    )
    return {row.incident: row.times for row in rows}


def _count_lately(connection: Connection, now: datetime) -> int:
    asked = select(func.count(distinct(notice.c.incident))).where(
        notice.c.kind.in_(_ASKS), notice.c.at > now - rules.LOOKS_BACK
    )
    count: int = connection.execute(asked).scalar_one()
    return count


def _seen(connection: Connection, numbers: Iterable[int]) -> list[tuple[Incident, Seen]]:
    """Incidents as silences see them, the latest first."""
    found = abouts.views(connection, set(numbers))
    return [
        (
            view.incident,
            rules.seen(
                view.incident,
                entities=view.entities,
                rules=[name for each in view.tallies for name in (each.rule_id, each.rule_title)],
                sources=view.sources,
                ask=_JOIN,
            ),
        )
        for _, view in sorted(found.items(), reverse=True)
    ]
