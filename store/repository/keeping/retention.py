"""What has been kept long enough: find it by reading, remove it in small transactions.

Looking may take its time, for it happens on a snapshot beside the writer; what removes takes keys and looks again
whether they still are due. Incidents and their timelines are never removed: the database refuses it.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, or_, select, tuple_

from rules.event import Decision
from store import process
from store.coverage import Kind
from store.grouping import is_over
from store.incident import DAEMON, EntryKind, Fact, NewEntry, Outcome, Stage, Status, Step
from store.process import Standing
from store.repository.intake import inbox as inboxes
from store.repository.record import records, timeline
from store.tables import (
    alert,
    claim,
    coverage,
    delivery,
    entity,
    evidence,
    finding,
    hold,
    inbox,
    incident,
    letter,
    link_nonce,
    notice,
    poisoned_line,
    position,
    request,
    rule_set,
    session,
    sign_in_code,
    source_count,
)
from store.tx import Tx

#: Rows that one transaction removes at most: a few milliseconds.
AT_ONCE = 500
#: Records that one transaction closes at most: each needs several statements.
CLOSED_AT_ONCE = 20
#: How many keys are looked up at once.
LOOK = 5_000
#: Longer than any link is valid: until then its nonce must be known as spent.
NONCES_KEPT = timedelta(days=7)
#: Longer than any signed request counts as new: until then its id must be known, however soon bodies go.
REPLAYS: Final = timedelta(hours=3)
#: A file that nothing was written to for so long and that is gone does not come back.
POSITIONS_KEPT = timedelta(days=90)
#: Longer than any watch looks back: the longest term, and a month before it.
COVERAGE_KEPT: Final = timedelta(days=800)
#: What an observation that is over becomes.
OBSERVED_NOTHING = Standing(Step.IDENTIFICATION, Stage.NONE, Status.CLOSED, Outcome.DISMISSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long things are kept; None: for ever."""

    findings: timedelta | None  #: that led to no record
    observations: timedelta | None  #: what hangs on them, after they ended
    deliveries: timedelta | None  #: about closed records
    raw: timedelta | None  #: lines that were left out
    #: that the database may hold; above it more goes, see `store.repository.keeping.room`
    most_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Rows of one table that go once they are old."""

    kind: str  #: as metrics and the log name it
    table: Table
    is_due: Callable[[Keep, datetime], ColumnElement[bool] | None]  #: None: kept for ever

    def due(self, connection: Connection, keep: Keep, now: datetime) -> list[Any]:
        """Keys of rows to remove, `LOOK` at most."""
        condition = self.is_due(keep, now)
        if condition is None:
            return []
        rows = connection.execute(select(*self.table.primary_key.columns).where(condition).limit(LOOK))
        return [row[0] if len(row) == 1 else tuple(row) for row in rows]

    def remove(self, tx: Tx, keep: Keep, keys: Sequence[Any]) -> int:
        """Remove what is still due of *keys*, `AT_ONCE` at most. Returns how many rows."""
        condition = self.is_due(keep, tx.now)
        if condition is None:
            return 0
        return tx.connection.execute(self.table.delete().where(self._key.in_(keys), condition)).rowcount

    @property
    def _key(self) -> Any:
        first, *others = self.table.primary_key.columns
        return tuple_(first, *others) if others else first


def _loose_findings(keep: Keep, now: datetime) -> ColumnElement[bool] | None:
    if keep.findings is None:
        return None
    before = now - keep.findings
    # One that goes on is told again; until it has ended it stays.
    return and_(finding.c.incident.is_(None), finding.c.taken_at < before, finding.c.last_seen < before)


def _old_deliveries(keep: Keep, now: datetime) -> ColumnElement[bool] | None:
    if keep.deliveries is None:
        return None
    free = and_(delivery.c.incident.in_(_CLOSED), delivery.c.incident.not_in(_HELD))
    return and_(delivery.c.finished_at < now - keep.deliveries, or_(delivery.c.incident.is_(None), free))


def _old_notices(keep: Keep, now: datetime) -> ColumnElement[bool] | None:
    if keep.deliveries is None:
        return None
    told = or_(exists().where(delivery.c.notice == notice.c.id), exists().where(letter.c.notice == notice.c.id))
    asked = exists().where(request.c.notice == notice.c.id)
    free = and_(notice.c.incident.in_(_CLOSED), notice.c.incident.not_in(_HELD))
    return and_(notice.c.planned_at < now - keep.deliveries, or_(notice.c.incident.is_(None), free), ~told, ~asked)


def _old_letters(keep: Keep, now: datetime) -> ColumnElement[bool] | None:
    if keep.deliveries is None:
        return None
    told = exists().where(delivery.c.notice == letter.c.notice)
    planned = exists().where(notice.c.id == letter.c.notice, notice.c.planned_at < now - keep.deliveries)
    return and_(planned, ~told)


def _old_claims(keep: Keep, now: datetime) -> ColumnElement[bool] | None:
    if keep.findings is None:
        return None
    over = select(incident.c.number).where(
        incident.c.status == Status.CLOSED, incident.c.closed_at < now - keep.findings, incident.c.number.not_in(_HELD)
    )
    return claim.c.incident.in_(over)


def _old_coverage(_: Keep, now: datetime) -> ColumnElement[bool]:
    return and_(coverage.c.ended.is_not(None), coverage.c.until < now - COVERAGE_KEPT)


def _unused_rules(_: Keep, __: datetime) -> ColumnElement[bool]:
    return ~exists().where(coverage.c.kind == Kind.RULES.value, coverage.c.name == rule_set.c.digest)


def _old_alerts(keep: Keep, now: datetime) -> ColumnElement[bool] | None:
    return None if keep.findings is None else alert.c.said_at < now - keep.findings


def _old_parcels(keep: Keep, now: datetime) -> ColumnElement[bool] | None:
    return None if keep.raw is None else inbox.c.received_at < now - max(keep.raw, REPLAYS)


class _Parcels(Chore):
    """What was handed in goes only once its effects are stored, however old it is."""

    def due(self, connection: Connection, keep: Keep, now: datetime) -> list[Any]:
        """Keys of parcels that were read; those of a door that is gone wait, and hold no other's up."""
        condition = self.is_due(keep, now)
        if condition is None:
            return []
        keys: list[Any] = []
        for source in connection.execute(select(inbox.c.source).where(condition).distinct()).scalars().all():
            read = inbox.c.id <= inboxes.read_up_to(connection, source)
            wanted = select(inbox.c.id).where(condition, inbox.c.source == source, read)
            keys += connection.execute(wanted.limit(LOOK - len(keys))).scalars()
        return keys


def _raw_lines(keep: Keep, now: datetime) -> ColumnElement[bool] | None:
    return None if keep.raw is None else poisoned_line.c.at < now - keep.raw


_CLOSED = select(incident.c.number).where(incident.c.status == Status.CLOSED)
#: Nothing goes from what a legal hold keeps.
_HELD = select(hold.c.incident).where(hold.c.released_entry.is_(None))

CHORES = (
    Chore(kind="findings", table=finding, is_due=_loose_findings),
    Chore(kind="alerts", table=alert, is_due=_old_alerts),
    Chore(kind="deliveries", table=delivery, is_due=_old_deliveries),
    Chore(kind="letters", table=letter, is_due=_old_letters),
    Chore(kind="notices", table=notice, is_due=_old_notices),
    Chore(kind="claims", table=claim, is_due=_old_claims),
    Chore(kind="coverage", table=coverage, is_due=_old_coverage),
    Chore(kind="rule_sets", table=rule_set, is_due=_unused_rules),
    Chore(kind="sessions", table=session, is_due=lambda _, now: session.c.expires_at <= now),
    Chore(kind="sign_in_codes", table=sign_in_code, is_due=lambda _, now: sign_in_code.c.expires_at <= now),
    Chore(kind="links", table=link_nonce, is_due=lambda _, now: link_nonce.c.spent_at < now - NONCES_KEPT),
    Chore(kind="raw_lines", table=poisoned_line, is_due=_raw_lines),
    _Parcels(kind="parcels", table=inbox, is_due=_old_parcels),
)


# -- observations ------------------------------------------------------------------------------------------------------


def ended_observations(connection: Connection, now: datetime) -> list[int]:
    """Numbers of the open observations that nothing more can join."""
    rows = connection.execute(
        select(incident).where(
            incident.c.decision == Decision.OBSERVE,
            incident.c.status == Status.OPEN,
            incident.c.step == Step.IDENTIFICATION,
            incident.c.last_seen < now,
        )
    )
    return [one.number for one in map(records.from_row, rows) if is_over(one, now)]


def close(tx: Tx, numbers: Sequence[int]) -> int:
    """Close observations that are over. Returns how many those were."""
    closed = 0
    for number in numbers:
        before = records.load(tx.connection, number)
        if not (before.is_open and is_over(before, tx.now)):
            continue
        after = process.advance(before, OBSERVED_NOTHING, now=tx.now, by=DAEMON)
        records.change(tx, before, after)
        facts: dict[str, Fact] = {"from": before.step.value, "to": after.outcome.value, "reason": "observed_nothing"}
        timeline.append(tx, number, NewEntry(kind=EntryKind.MOVED, actor=DAEMON, facts=facts))
        closed += 1
    return closed


#: What hangs on an observation and goes, with the columns that tell its rows apart.
_HANGING = (
    (evidence, (evidence.c.id,)),
    (finding, (finding.c.id,)),
    (entity, (entity.c.kind, entity.c.value)),
)


def faded_observations(connection: Connection, keep: Keep, now: datetime) -> list[int]:
    """Numbers of the observations that ended long ago and still have lines, findings or entities."""
    if keep.observations is None:
        return []
    rows = connection.execute(select(incident.c.number).where(_faded(keep.observations, now)).limit(LOOK))
    return list(rows.scalars())


def strip(tx: Tx, keep: Keep, number: int) -> int:
    """Remove lines, findings and entities of an old observation, `AT_ONCE` rows at most; counts and timeline stay.

    Returns:
        How many rows were removed; 0: nothing is left to do.
    """
    if keep.observations is None:
        return 0
    due = _faded(keep.observations, tx.now)
    if tx.connection.execute(select(incident.c.number).where(incident.c.number == number, due)).first() is None:
        return 0
    gone = 0
    for table, key in _HANGING:
        some = select(*key).where(table.c.incident == number).limit(AT_ONCE - gone)
        of_it = (table.c.incident == number, tuple_(*key).in_(some))
        gone += tx.connection.execute(table.delete().where(*of_it)).rowcount
        if gone >= AT_ONCE:
            return gone
    facts: dict[str, Fact] = {"removed": "lines, findings and entities", "kept_days": keep.observations.days}
    timeline.append(tx, number, NewEntry(kind=EntryKind.NOTE, actor=DAEMON, facts=facts))
    return gone


def _faded(kept: timedelta, now: datetime) -> ColumnElement[bool]:
    hanging = or_(*(exists().where(table.c.incident == incident.c.number) for table, _ in _HANGING))
    return and_(
        incident.c.decision == Decision.OBSERVE,
        incident.c.status == Status.CLOSED,
        incident.c.aware_at.is_(None),  # a person who acted on it may still need it
        incident.c.closed_at < now - kept,
        incident.c.number.not_in(_HELD),
        hanging,
    )


# -- positions ---------------------------------------------------------------------------------------------------------


def gone_streams(connection: Connection, living: Mapping[str, Set[str]], now: datetime) -> list[tuple[str, str]]:
    """(source, stream) of positions that were not touched for long and whose file is gone.

    Args:
        living: The streams of each source that can be trusted to know all its files.
    """
    rows = connection.execute(
        select(position.c.source, position.c.stream).where(
            position.c.partition == "", position.c.stream != "", position.c.saved_at < now - POSITIONS_KEPT
        )
    )
    return [(row.source, row.stream) for row in rows if row.stream not in living.get(row.source, {row.stream})]


def forget_streams(tx: Tx, streams: Sequence[tuple[str, str]]) -> int:
    """Drop the positions of *streams* that are still as old. Returns how many."""
    gone = tx.connection.execute(
        position.delete().where(
            position.c.partition == "",
            position.c.saved_at < tx.now - POSITIONS_KEPT,
            tuple_(position.c.source, position.c.stream).in_(streams),
        )
    ).rowcount
    of_it = (position.c.source == source_count.c.source, position.c.stream == source_count.c.stream)
    tx.connection.execute(
        source_count.delete().where(
            source_count.c.partition == "",
            tuple_(source_count.c.source, source_count.c.stream).in_(streams),
            ~exists().where(position.c.partition == "", *of_it),
        )
    )
    return gone
