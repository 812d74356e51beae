"""The steps that people sign off: the report handed in, the investigation concluded, approval requested.

Each decides, so the caller names the version that they saw; each is refused with everything that is missing at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from store import process, steps
from store.forms import FormName
from store.incident import Actor, EntryKind, Incident
from store.process import Standing
from store.repository.dossier import approval, filling, forms, plan
from store.repository.incident import moves, requests
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import records
from store.site import Site
from store.steps import Unmet
from store.tx import Tx


def submit(tx: Tx, number: int, actor: Actor, *, version: int, via: str, site: Site, note: str = "") -> Done:
    """Hand the report in: from now on it says what was handed in, and waits for its reviewer.

    Raises:
        MoveNotAllowed: ``missing_fields``, all of them.
    """
    before = moves.at_version(tx, number, version)
    unmet = unanswered(tx.connection, before, process.IN_REVIEW, site)
    after = step(tx, before, "submit", process.IN_REVIEW, actor, unmet)
    forms.keep(tx, number, {FormName.REPORT: site.forms[FormName.REPORT]})
    return _moved(tx, before, after, actor, via, note)


def conclude(tx: Tx, number: int, actor: Actor, *, version: int, via: str, site: Site, note: str = "") -> Done:
    """Conclude the investigation: what was found is written down, and who was asked has answered.

    Raises:
        MoveNotAllowed: ``no_finding``, ``open_requests`` or ``missing_fields``.
    """
    before = moves.at_version(tx, number, version)
    unmet = [
        *unanswered(tx.connection, before, process.CORRECTIVE_ACTIONS, site),
        *open_requests(tx.connection, number),
    ]
    after = step(tx, before, "conclude", process.CORRECTIVE_ACTIONS, actor, unmet)
    return _moved(tx, before, after, actor, via, note)


def investigate_again(tx: Tx, number: int, actor: Actor, *, version: int, via: str, reason: str) -> Done:
    """Go back to the investigation.

    Raises:
        MoveNotAllowed: ``reason_required``.
    """
    before = moves.at_version(tx, number, version)
    unmet = [] if reason.strip() else [_REASON]
    after = step(tx, before, "investigate_again", process.INVESTIGATION, actor, unmet)
    return _moved(tx, before, after, actor, via, reason)


def request_approval(tx: Tx, number: int, actor: Actor, *, version: int, via: str, site: Site, note: str = "") -> Done:
    """Have the dossier approved: all that it covers is kept as it stands, and frozen.

    Raises:
        MoveNotAllowed: ``no_root_cause``, ``incomplete_action``, ``uncovered_findings`` or ``missing_fields``.
    """
    before = moves.at_version(tx, number, version)
    unmet = [
        *unanswered(tx.connection, before, process.APPROVAL, site),
        *plan_lacks(tx.connection, number, site, tx.now),
    ]
    after = step(tx, before, "request_approval", process.APPROVAL, actor, unmet)
    forms.keep(tx, number, site.forms)
    done = _moved(tx, before, after, actor, via, note)
    approval.freeze(tx, after, site, by=actor, via=via)
    return done


def step(tx: Tx, before: Incident, name: str, to: Standing, actor: Actor, unmet: Iterable[Unmet] = ()) -> Incident:
    """The record after a person's move *name*; nothing is kept yet.

    Raises:
        MoveNotAllowed: Says everything that is unmet.
    """
    roles = persons.roles_of(tx.connection, actor)
    after = steps.step(before, name, to, now=tx.now, by=actor, roles=roles, unmet=unmet)
    return replace(after, aware_at=after.aware_at or tx.now)


_REASON = Unmet(code="reason_required", says="say why the investigation goes on", missing=("reason",))


def unanswered(connection: Connection, before: Incident, to: Standing, site: Site) -> Iterator[Unmet]:
    return steps.unanswered(filling.filled_of(connection, before.number, site), before, to, site.forms)


def _moved(tx: Tx, before: Incident, after: Incident, actor: Actor, via: str, note: str) -> Done:
    records.change(tx, before, after)
    moves.write(tx, after, EntryKind.MOVED, actor, via, moves.from_to(before, after), note)
    return finished(tx, after, actor)


def open_requests(connection: Connection, number: int) -> Iterator[Unmet]:
    """Questions that nobody has answered yet."""
    if found := tuple(one.name for one in requests.open_of(connection, number)):
        says = f"nobody has answered {' or '.join(found)}: wait for it, or withdraw it"
        yield Unmet(code="open_requests", says=says, missing=found)


def plan_lacks(connection: Connection, number: int, site: Site, now: datetime) -> Iterator[Unmet]:
    """What the actions do not say yet, and what no action addresses."""
    found = plan.gaps(connection, number, now=now.astimezone(site.calendar.zone))
    if found.incomplete:
        says = f"actions are not complete: {', '.join(found.incomplete)}"
        yield Unmet(code="incomplete_action", says=says, missing=found.incomplete)
    if found.uncovered:
        says = f"neither an action nor a reason for none: {', '.join(found.uncovered)}"
        yield Unmet(code="uncovered_findings", says=says, missing=found.uncovered)
