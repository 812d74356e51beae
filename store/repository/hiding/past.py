"""Findings as they are kept, with the lines that are kept of them: for asking what would have become of them."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from rules.excepting import Past
from rules.finding import Evidence
from store.incident import Incident
from store.repository.keeping.disposal import DISPOSED
from store.repository.keeping.redaction import REDACTED
from store.repository.record import records
from store.tables import evidence, finding, incident

#: At no more findings is looked, the latest first.
MOST = 5000
_FIELDS = ("source", "origin", "line", "offset", "time", "text", "sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is kept of findings of some rules."""

    past: tuple[Past, ...]
    records: dict[str, Incident]  #: by a finding's id; none of those that were recorded only
    left_out: int  #: older findings


def of(connection: Connection, rules: Collection[str]) -> Found:
    """The latest findings of *rules*."""
    mine = (finding.c.rule_id.in_(rules), finding.c.merged_into.is_(None))
    rows = connection.execute(select(finding).where(*mine).order_by(finding.c.last_seen.desc()).limit(MOST)).all()
    count: int = connection.execute(select(func.count()).select_from(finding).where(*mine)).scalar_one()
    numbers = {row.incident for row in rows if row.incident is not None}
    lines = _lines(connection, numbers, rules)
    known = _records(connection, numbers)
    return Found(
        past=tuple(
            Past(
                id=row.id,
                rule_id=row.rule_id,
                group=row.group,
                first_seen=row.first_seen,
                last_seen=row.last_seen,
                lines=lines.get((row.incident, row.rule_id), ()),
            )
            for row in rows
        ),
        records={row.id: known[row.incident] for row in rows if row.incident is not None},
        left_out=count - len(rows),
    )


def _lines(
    connection: Connection, numbers: Collection[int], rules: Collection[str]
) -> dict[tuple[int, str], list[Evidence]]:
    """By record and rule, what is kept and was not taken out."""
    found: dict[tuple[int, str], list[Evidence]] = {}
    columns = [evidence.c[name] for name in ("incident", "rule_id", *_FIELDS)]
    of_them = (evidence.c.incident.in_(numbers), evidence.c.rule_id.in_(rules))
    kept = select(*columns).where(*of_them, evidence.c.text.not_in(["", REDACTED, DISPOSED]))
    for row in connection.execute(kept.order_by(evidence.c.id)):
        line = Evidence(**{name: getattr(row, name) for name in _FIELDS})
        found.setdefault((row.incident, row.rule_id), []).append(line)
    return found


def _records(connection: Connection, numbers: Collection[int]) -> dict[int, Incident]:
    rows = connection.execute(select(incident).where(incident.c.number.in_(numbers)))
    return {record.number: record for record in map(records.from_row, rows)}
