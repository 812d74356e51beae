"""What still keeps an incident from its next step, before anybody presses the button: as the refusal would name it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from store import process, steps
from store.incident import Incident
from store.process import MOVES, Standing
from store.repository.dossier import filling
from store.repository.steps import closing, stepping
from store.site import Site
from store.steps import Unmet

_ENDS: Final[Mapping[str, Standing]] = MappingProxyType(
    {
        "submit": process.IN_REVIEW,
        "review": process.INVESTIGATION,
        "conclude": process.CORRECTIVE_ACTIONS,
        "request_approval": process.APPROVAL,
        "close": process.RESOLVED,
    }
)


def lacking(connection: Connection, record: Incident, name: str, site: Site, now: datetime) -> tuple[str, ...]:
    """What the move *name* would be refused for from where *record* stands, whoever asks; as ``report.harm``."""
    end = _ENDS.get(name)
    if end is None or (Standing.of(record), end) not in MOVES:
        return ()
    found = _unmet(connection, record, name, end, site, now)
    return tuple(dict.fromkeys(one for unmet in found for one in unmet.missing))


def _unmet(
    connection: Connection, record: Incident, name: str, end: Standing, site: Site, now: datetime
) -> Iterator[Unmet]:
    yield from steps.unanswered(filling.filled_of(connection, record.number, site), record, end, site.forms)
    if name == "conclude":
        yield from stepping.open_requests(connection, record.number)
    if name == "request_approval":
        yield from stepping.plan_lacks(connection, record.number, site, now)
    if name == "close":
        yield from closing.unmet(connection, record)
