"""What findings count in their records, when they go from one record to another."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, func, select

from store.tables import finding, tally
from store.tx import Tx


def send(tx: Tx, ids: Collection[str] | Any, start: int, end: int) -> None:
    """Move findings from one record to another, and with them what they count.

    Args:
        ids: Of the findings, or a statement that selects them; others than those of *start* are left alone.
    """
    theirs = (finding.c.incident == start, finding.c.id.in_(ids))
    for row in _counted(tx.connection, theirs):
        _count(tx, start, row, -1)
        _count(tx, end, row, +1)
    tx.connection.execute(finding.update().where(*theirs).values(incident=end))


def most_events(connection: Connection, number: int, otherwise: int) -> int:
    """The highest count of events among a record's rules; *otherwise* if it has none."""
    most = connection.execute(select(func.max(tally.c.events)).where(tally.c.incident == number)).scalar()
    return otherwise if most is None else int(most)


def _counted(connection: Connection, theirs: Sequence[ColumnElement[bool]]) -> Sequence[Any]:
    """What findings contribute to a tally, by rule."""
    is_episode = case(((finding.c.counted > 0) & finding.c.merged_into.is_(None), 1), else_=0)
    return connection.execute(
        select(
            finding.c.rule_id,
            func.min(finding.c.rule_title).label("rule_title"),
            func.sum(is_episode).label("findings"),
            func.sum(finding.c.counted).label("events"),
            func.min(finding.c.first_seen).label("first_seen"),
            func.max(finding.c.last_seen).label("last_seen"),
        )
        .where(*theirs)
        .group_by(finding.c.rule_id)
    ).all()


def _count(tx: Tx, number: int, row: Row[Any], sign: int) -> None:
    mine = (tally.c.incident == number, tally.c.rule_id == row.rule_id)
    old = tx.connection.execute(select(tally).where(*mine)).first()
    if old is None:
        if sign > 0:
            values = {**row._mapping, "findings": int(row.findings), "events": int(row.events)}
            tx.connection.execute(tally.insert().values(incident=number, **values))
        return
    tx.connection.execute(
        tally.update()
        .where(*mine)
        .values(
            findings=max(0, old.findings + sign * int(row.findings)),
            events=max(0, old.events + sign * int(row.events)),
            first_seen=min(old.first_seen, row.first_seen),
            last_seen=max(old.last_seen, row.last_seen),
        )
    )
