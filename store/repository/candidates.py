"""Records that a new finding might belong to."""

from collections.abc import Collection, Sequence

from sqlalchemy import CompoundSelect, Connection, Select, func, or_, select, union

from rules.event import Decision, Entity
from rules.finding import Finding
from store import grouping
from store.grouping import Candidate
from store.incident import Status
from store.repository import records
from store.tables import entity, finding, incident, tally

#: A key that never stays closed long could have many closed records; the last ones are enough to decide.
_MOST = 100
_IN_USE = (incident.c.status == Status.OPEN, incident.c.decision == Decision.INVESTIGATE)


def of_incident(connection: Connection, found: Finding, key: str) -> Sequence[Candidate]:
    """For a finding that is to be investigated, see `grouping.decide`."""
    keyed = {row.number for row in connection.execute(_keyed(found, key))}
    rows = connection.execute(
        select(incident)
        .where(or_(incident.c.number.in_(keyed), incident.c.number.in_(_related(found))))
        .order_by(incident.c.status.desc(), incident.c.number.desc())  # open before closed
        .limit(_MOST)
    )
    near = [records.from_row(row) for row in rows.all()]
    numbers = [one.number for one in near]
    shared = _shared_entities(connection, numbers, found)
    with_host = _with_host(connection, numbers)
    counted = _rules(connection, numbers, found)
    return [
        Candidate(
            incident=one,
            has_key=one.number in keyed,
            shared=frozenset(shared.get(one.number, ())),
            has_host=one.number in with_host,
            rule_ids=frozenset(counted.get(one.number, ())),
        )
        for one in near
    ]


def of_observation(connection: Connection, key: str) -> Sequence[Candidate]:
    """For a finding that is to be observed: the open observation with that key."""
    rows = connection.execute(select(incident).where(incident.c.dedup_key == key, incident.c.status == Status.OPEN))
    return [
        Candidate(
            incident=records.from_row(row), has_key=True, shared=frozenset(), has_host=False, rule_ids=frozenset()
        )
        for row in rows
    ]


def _keyed(found: Finding, key: str) -> CompoundSelect[int]:
    """Numbers of the records with the finding's key: their own, or that of a finding in them."""
    own = select(incident.c.number).where(incident.c.dedup_key == key)
    joined = select(finding.c.incident).where(
        finding.c.dedup_key == found.dedup_key,
        finding.c.incident.is_not(None),
        finding.c.decision == Decision.INVESTIGATE,
    )
    return union(own, joined)


def _related(found: Finding) -> CompoundSelect[int]:
    """Numbers of the open incidents that share an entity with it, that it counts, or that is its rule's campaign."""
    wanted = [select(incident.c.number).where(*_IN_USE, incident.c.dedup_key == grouping.campaign_key(found.rule_id))]
    telling = [one.value for one in found.entities if one.kind in grouping.JOINING_KINDS]
    if telling:
        wanted.append(_naming(telling).where(entity.c.kind.in_(grouping.JOINING_KINDS)))
    if found.base_rule_ids:
        named = _naming([one.value for one in found.entities]).join(tally, tally.c.incident == incident.c.number)
        wanted.append(named.where(tally.c.rule_id.in_(found.base_rule_ids)))
    return union(*wanted)


def _naming(values: Collection[str]) -> Select[int]:
    """Numbers of the open incidents that name one of *values*."""
    return (
        select(incident.c.number)
        .join(entity, entity.c.incident == incident.c.number)
        .where(*_IN_USE, entity.c.value.in_(values))
    )


def _shared_entities(connection: Connection, numbers: Sequence[int], found: Finding) -> dict[int, list[Entity]]:
    wanted = frozenset(found.entities)
    rows = connection.execute(
        select(entity.c.incident, entity.c.kind, entity.c.value).where(
            entity.c.incident.in_(numbers), entity.c.value.in_([one.value for one in found.entities])
        )
    )
    shared: dict[int, list[Entity]] = {}
    for row in rows:
        if (one := Entity(kind=row.kind, value=row.value)) in wanted:
            shared.setdefault(row.incident, []).append(one)
    return shared


def _with_host(connection: Connection, numbers: Sequence[int]) -> set[int]:
    hosts = select(func.distinct(entity.c.incident)).where(entity.c.incident.in_(numbers), entity.c.kind == "host")
    return set(connection.execute(hosts).scalars())


def _rules(connection: Connection, numbers: Sequence[int], found: Finding) -> dict[int, list[str]]:
    if not found.base_rule_ids:
        return {}
    rows = connection.execute(
        select(tally.c.incident, tally.c.rule_id).where(
            tally.c.incident.in_(numbers), tally.c.rule_id.in_(found.base_rule_ids)
        )
    )
    rules: dict[int, list[str]] = {}
    for row in rows:
        rules.setdefault(row.incident, []).append(row.rule_id)
    return rules
