"""What a day came to: what was found, what waits and is late, what is hushed, and how far the chains have come."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from rules.event import Decision, Mode, Severity
from store.incident import Status
from store.letter import Day, Head, Late, Observed, Simulated
from store.repository.hiding import hidden, silences
from store.repository.incident import incidents
from store.repository.record import seals
from store.repository.steps import duties
from store.site import Site
from store.tables import finding, incident, timeline

#: So many open records are looked at for what is late, the latest first.
MOST_LOOKED_AT = 300
#: So many of each sort are named.
MOST_NAMED = 10


def of(connection: Connection, site: Site, *, since: datetime, until: datetime) -> Day:
    """What happened from *since* to *until*, and how things stand."""
    late = sorted(_late(connection, site, until), key=lambda one: one.due_at)
    alive = [one for one in silences.list_all(connection) if one.ended_at is None and one.over_at > until]
    hid, counts = hidden.by(connection, [one.number for one in alive]), incidents.counts(connection)
    return Day(
        since=since,
        until=until,
        open=counts.open,
        unacknowledged=counts.unacknowledged,
        observations=counts.observations,
        findings=_findings(connection, since, until),
        opened=_opened(connection, since, until),
        closed=_closed(connection, since, until),
        observed=_observed(connection, since, until),
        simulated=_simulated(connection, since, until),
        late=late[:MOST_NAMED],
        late_more=max(0, len(late) - MOST_NAMED),
        silences=[(one, hid[one.number]) for one in reversed(alive)],
        head=_head(connection),
    )


def _findings(connection: Connection, since: datetime, until: datetime) -> dict[Decision, int]:
    rows = connection.execute(
        select(finding.c.decision, func.count().label("many"))
        .where(finding.c.taken_at > since, finding.c.taken_at <= until)
        .group_by(finding.c.decision)
    )
    return {row.decision: row.many for row in rows}


def _opened(connection: Connection, since: datetime, until: datetime) -> dict[Severity, int]:
    rows = connection.execute(
        select(incident.c.severity, func.count().label("many"))
        .where(incident.c.decision == Decision.INVESTIGATE, incident.c.opened_at > since, incident.c.opened_at <= until)
        .group_by(incident.c.severity)
    )
    return {row.severity: row.many for row in rows}


def _closed(connection: Connection, since: datetime, until: datetime) -> int:
    found: int = connection.execute(
        select(func.count())
        .select_from(incident)
        .where(incident.c.decision == Decision.INVESTIGATE, incident.c.closed_at > since, incident.c.closed_at <= until)
    ).scalar_one()
    return found


def _observed(connection: Connection, since: datetime, until: datetime) -> list[Observed]:
    rows = connection.execute(
        select(incident.c.rule_title, incident.c.severity_highest, incident.c.events, incident.c.advised).where(
            incident.c.decision == Decision.OBSERVE, incident.c.last_seen > since, incident.c.opened_at <= until
        )
    )
    found: dict[str, Observed] = {}
    for rule, severity, events, advised in rows:
        known = found.get(rule, Observed(rule=rule, records=0, events=0, worst=severity))
        worst = max(known.worst, severity, key=lambda one: one.rank)
        found[rule] = Observed(
            rule=rule,
            records=known.records + 1,
            events=known.events + events,
            worst=worst,
            advised=known.advised or advised,
        )
    return sorted(found.values(), key=lambda one: (not one.would_page, -one.worst.rank, -one.events, one.rule))[
        :MOST_NAMED
    ]


def _simulated(connection: Connection, since: datetime, until: datetime) -> list[Simulated]:
    rows = connection.execute(
        select(finding.c.rule_title, finding.c.severity, func.count().label("many"))
        .where(finding.c.mode == Mode.SIMULATE, finding.c.taken_at > since, finding.c.taken_at <= until)
        .group_by(finding.c.rule_title, finding.c.severity)
    )
    found: dict[str, Simulated] = {}
    for rule, severity, many in rows:
        known = found.get(rule, Simulated(rule=rule, findings=0, worst=severity))
        worst = max(known.worst, severity, key=lambda one: one.rank)
        found[rule] = Simulated(rule=rule, findings=known.findings + many, worst=worst)
    return sorted(found.values(), key=lambda one: (-one.worst.rank, -one.findings, one.rule))[:MOST_NAMED]


def _late(connection: Connection, site: Site, now: datetime) -> list[Late]:
    wanted = incidents.Filter(status=Status.OPEN, decision=Decision.INVESTIGATE)
    return [
        Late(incident=one.number, what=clock.matter.title, due_at=clock.deadline.due_at)
        for one in incidents.list_of(connection, wanted, limit=MOST_LOOKED_AT)
        for clock in duties.clocks(connection, one, site, now)
        if clock.is_overdue(now)
    ]


def _head(connection: Connection) -> Head:
    row = connection.execute(
        select(timeline.c.seq, timeline.c.hash)
        .where(timeline.c.incident == seals.INSTALLATION)
        .order_by(timeline.c.seq.desc())
        .limit(1)
    ).first()
    seal = seals.last(connection)
    return Head(
        seq=row.seq if row else 0,
        hash=row.hash.hex() if row else "",
        seal=seal.number if seal else 0,
        seal_hash=seal.hash.hex() if seal else "",
    )
