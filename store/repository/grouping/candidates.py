"""Records that new findings might belong to: looked up for all findings of a transaction at once.

What the transaction itself changes is not in the database yet, so it is told here too.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, func, or_, select

from rules.event import Decision, Entity
from rules.finding import Finding
from store import grouping
from store.grouping import Candidate
from store.incident import ActorKind, EntryKind, Incident, Outcome, Status, Step
from store.promise import is_within
from store.repository.record import records
from store.tables import entity, finding, incident, tally, timeline, watch

T = TypeVar("T")

#: An entity like "root" may stand in very many open records; the newest ones are enough to decide.
_MOST = 100
#: How many values one statement asks for: databases bound how many it may have.
_AT_ONCE = 5_000
_IN_USE = (incident.c.status == Status.OPEN, incident.c.decision == Decision.INVESTIGATE)


class Nearby:
    """What `grouping.decide` needs to know of the records there are, for findings that are to be investigated."""

    def __init__(self, connection: Connection, found: Sequence[Finding], grow: Collection[int]) -> None:
        """Look for records near any of *found*; *grow* are the numbers of those that will grow beside."""
        self.incidents: dict[int, Incident] = {}  #: those found, as the database has them
        self._connection = connection
        self._by_key: defaultdict[str, set[int]] = defaultdict(set)
        self._by_entity: defaultdict[Entity, set[int]] = defaultdict(set)
        self._by_rule: defaultdict[str, set[int]] = defaultdict(set)
        self._with_host: set[int] = set()
        self._opened: defaultdict[str, list[datetime]] = defaultdict(list)
        self._promised: defaultdict[str, set[int]] = defaultdict(set)  #: by finding
        if found:
            self._look(found, set(grow))

    def of(self, found: Finding, known: Mapping[int, Incident]) -> list[Candidate]:
        """Records that *found*, one of those looked for, might belong to.

        Args:
            known: The records as they are to be.
        """
        keyed = self._by_key[found.dedup_key]
        numbers = keyed | self._by_key[grouping.campaign_key(found.rule_id)] | set(self._related(found, known))
        numbers |= self._promised[found.id]
        return [self._candidate(found, known[number], number in keyed) for number in sorted(numbers)]

    def opened_near(self, rule_id: str, moment: datetime) -> int:
        """How many incidents a rule opened whose first event is near *moment*."""
        return sum(grouping.is_near(one, moment) for one in self._opened[rule_id])

    def opened(self, record: Incident) -> None:
        """This transaction opened *record*."""
        self._by_key[record.dedup_key].add(record.number)
        if record.decision is Decision.INVESTIGATE and not record.campaign:
            self._opened[record.rule_id].append(record.first_seen)

    def joined(self, found: Finding, number: int) -> None:
        """This transaction put *found* to a record."""
        if found.decision is Decision.INVESTIGATE:
            self._by_key[found.dedup_key].add(number)

    def counted(self, rule_id: str, number: int) -> None:
        """This transaction counted something of a rule in a record."""
        self._by_rule[rule_id].add(number)

    def named(self, entities: Iterable[Entity], number: int) -> None:
        """This transaction listed *entities* in a record."""
        for one in entities:
            self._by_entity[one].add(number)
            if one.kind == "host":
                self._with_host.add(number)

    def _related(self, found: Finding, known: Mapping[int, Incident]) -> Iterator[int]:
        """Numbers of the open incidents that share an entity with it, or that it counts; the newest ones."""
        numbers: set[int] = set()
        for one in found.entities:
            if one.kind in grouping.JOINING_KINDS:
                numbers |= self._by_entity[one]
            for rule_id in found.base_rule_ids:
                numbers |= self._by_entity[one] & self._by_rule[rule_id]
        in_use = (
            number
            for number in sorted(numbers, reverse=True)
            if known[number].is_open and known[number].decision is Decision.INVESTIGATE
        )
        return islice(in_use, _MOST)

    def _candidate(self, found: Finding, record: Incident, has_key: bool) -> Candidate:
        number = record.number
        return Candidate(
            incident=record,
            has_key=has_key,
            shared=frozenset(one for one in found.entities if number in self._by_entity[one]),
            has_host=number in self._with_host,
            rule_ids=frozenset(one for one in found.base_rule_ids if number in self._by_rule[one]),
            promised=number in self._promised[found.id],
        )

    # -- looking ---------------------------------------------------------------------------------------------

    def _look(self, found: Sequence[Finding], grow: set[int]) -> None:
        self._look_for_keys(found)
        keyed = {number for numbers in self._by_key.values() for number in numbers}
        numbers = keyed | self._look_for_entities(found) | self._look_for_promises(found) | grow
        for some in _parts(numbers):
            rows = self._connection.execute(select(incident).where(incident.c.number.in_(some)))
            self.incidents |= {row.number: records.from_row(row) for row in rows}
        self._look_at(numbers, found)
        self._look_for_opened(found)

    def _look_for_keys(self, found: Sequence[Finding]) -> None:
        """Records with a finding's key, their own or that of a finding in them: the open one, and the last closed."""
        keys = {one.dedup_key for one in found}
        for some in _parts(keys | {grouping.campaign_key(one.rule_id) for one in found}):
            own = incident.c.dedup_key
            self._keep_keys(own, own.in_(some))
            told = finding.c.dedup_key
            in_it = (finding.c.incident == incident.c.number, finding.c.decision == Decision.INVESTIGATE)
            self._keep_keys(told, told.in_(some), *in_it)

    def _keep_keys(self, key: Any, *wanted: Any) -> None:
        number = incident.c.number
        rows = self._connection.execute(
            select(key, incident.c.status, func.min(number), func.max(number))
            .where(*wanted)
            .group_by(key, incident.c.status)
        )
        for of_key, status, oldest, newest in rows:
            self._by_key[of_key].add(oldest if status is Status.OPEN else newest)

    def _look_for_entities(self, found: Sequence[Finding]) -> set[int]:
        """Numbers of the open incidents that name an entity that tells attacks apart, or that a finding counts."""
        numbers: set[int] = set()
        naming = (
            select(incident.c.number).join(entity, entity.c.incident == incident.c.number).where(*_IN_USE).distinct()
        )
        telling = {one.value for each in found for one in each.entities if one.kind in grouping.JOINING_KINDS}
        for some in _parts(telling):
            wanted = naming.where(entity.c.value.in_(some), entity.c.kind.in_(grouping.JOINING_KINDS))
            numbers.update(self._connection.execute(wanted).scalars())
        counting = [one for one in found if one.base_rule_ids]
        rule_ids = {rule_id for one in counting for rule_id in one.base_rule_ids}
        for some in _parts({one.value for each in counting for one in each.entities}):
            counted = naming.join(tally, tally.c.incident == incident.c.number).where(
                entity.c.value.in_(some), tally.c.rule_id.in_(rule_ids)
            )
            numbers.update(self._connection.execute(counted).scalars())
        return numbers

    def _look_for_promises(self, found: Sequence[Finding]) -> set[int]:
        """Numbers of the records one of whose watches promises that there is no such finding."""
        followed = and_(incident.c.status == Status.OPEN, incident.c.step == Step.FOLLOW_UP)
        first = min(one.first_seen for one in found)
        ended = and_(incident.c.outcome == Outcome.RESOLVED, incident.c.watched_until > first)
        rows = self._connection.execute(
            select(watch.c.incident, watch.c.rules, watch.c.scope, watch.c.start)
            .join(incident, and_(incident.c.number == watch.c.incident, incident.c.cycle == watch.c.cycle))
            .where(or_(followed, ended), watch.c.at_most == 0, watch.c.start.is_not(None), watch.c.retired_at.is_(None))
        )
        for row in rows:
            for one in found:
                if one.rule_id in row.rules and one.last_seen >= row.start and is_within(row.scope, one.entities):
                    self._promised[one.id].add(row.incident)
        return {number for numbers in self._promised.values() for number in numbers}

    def _look_at(self, numbers: Collection[int], found: Sequence[Finding]) -> None:
        """What *numbers* share with *found*."""
        named = {one for each in found for one in each.entities}
        rule_ids = {rule_id for one in found for rule_id in one.base_rule_ids}
        for some in _parts(numbers):
            for values in _parts({one.value for one in named}):
                rows = self._connection.execute(
                    select(entity.c.incident, entity.c.kind, entity.c.value).where(
                        entity.c.incident.in_(some), entity.c.value.in_(values)
                    )
                )
                for row in rows:
                    self._by_entity[Entity(kind=row.kind, value=row.value)].add(row.incident)
            hosts = select(entity.c.incident).where(entity.c.incident.in_(some), entity.c.kind == "host").distinct()
            self._with_host.update(self._connection.execute(hosts).scalars())
            counted = select(tally.c.incident, tally.c.rule_id).where(
                tally.c.incident.in_(some), tally.c.rule_id.in_(rule_ids)
            )
            for number, rule_id in self._connection.execute(counted):
                self._by_rule[rule_id].add(number)

    def _look_for_opened(self, found: Sequence[Finding]) -> None:
        first, last = min(one.first_seen for one in found), max(one.first_seen for one in found)
        for some in _parts({one.rule_id for one in found}):
            rows = self._connection.execute(
                select(incident.c.rule_id, incident.c.first_seen).where(
                    incident.c.rule_id.in_(some),
                    incident.c.first_seen > first - grouping.CAP_WINDOW,
                    incident.c.first_seen < last + grouping.CAP_WINDOW,
                    incident.c.decision == Decision.INVESTIGATE,
                    ~incident.c.campaign,
                )
            )
            for row in rows:
                self._opened[row.rule_id].append(row.first_seen)


def of_observation(connection: Connection, key: str) -> Sequence[Candidate]:
    """For a finding that is to be observed: the open observation with that key."""
    rows = connection.execute(select(incident).where(incident.c.dedup_key == key, incident.c.status == Status.OPEN))
    return [
        Candidate(
            incident=records.from_row(row), has_key=True, shared=frozenset(), has_host=False, rule_ids=frozenset()
        )
        for row in rows
    ]


def returns(connection: Connection, key: str, since: datetime) -> int:
    """How often records with *key* were reopened by a match since then, or opened as a recurrence."""
    anew = select(func.count()).where(
        incident.c.dedup_key == key, incident.c.recurrence_of.is_not(None), incident.c.opened_at >= since
    )
    again = (
        select(func.count())
        .select_from(timeline.join(incident, incident.c.number == timeline.c.incident))
        .where(
            incident.c.dedup_key == key,
            timeline.c.kind == EntryKind.REOPENED,
            timeline.c.actor_kind == ActorKind.RULE,
            timeline.c.at >= since,
        )
    )
    found: int = connection.execute(anew).scalar_one() + connection.execute(again).scalar_one()
    return found


def _parts(values: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(values)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
