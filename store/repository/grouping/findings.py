"""Take findings into the records: `store.intake` decides, the tables keep."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from rules.finding import Finding
from store import intake
from store.records import Taken
from store.repository.grouping.working_set import WorkingSet
from store.tables import finding
from store.tx import Tx

__all__ = ["Taken", "of", "take", "take_all"]


def take_all(tx: Tx, found: Sequence[Finding], partition: str = "") -> list[Taken]:
    """Take findings, or how they grew: records, evidence, timeline entries and notices in one transaction.

    Counts in findings are absolute, so that taking one twice changes nothing.
    """
    records = WorkingSet(tx, partition, found)
    taken = [intake.take(records, one, tx.now) for one in found]
    records.flush()
    return taken


def take(tx: Tx, found: Finding, partition: str = "") -> Taken:
    """Take one finding. Many are quicker together."""
    return take_all(tx, [found], partition)[0]


def of(connection: Connection, number: int) -> list[str]:
    """Ids of the findings that belong to a record, oldest first."""
    rows = connection.execute(
        select(finding.c.id).where(finding.c.incident == number).order_by(finding.c.first_seen, finding.c.id)
    )
    return [row.id for row in rows]
