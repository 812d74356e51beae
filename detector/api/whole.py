"""All that is known of an incident and can be read, for an export."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from detector.api import action_wire, approval_wire, clocks, follow_up, forms, requests, waivers, wire
from store.incident import Incident
from store.repository.dossier import actions
from store.repository.dossier import approval as approvals
from store.repository.dossier import forms as kept_forms
from store.repository.follow_up import improvements, watches
from store.repository.incident import incidents
from store.repository.incident import requests as kept_requests
from store.repository.incident import waivers as kept_waivers
from store.repository.keeping import disposal, holds
from store.repository.record import evidence, installation, timeline
from store.repository.steps import duties
from store.repository.telling import outbox
from store.site import Site


def whole(connection: Connection, number: int, site: Site, now: datetime) -> dict[str, Any]:
    """The incident, its forms as they stand, and everything that hangs on it.

    Raises:
        NotFound: There is no such incident.
    """
    view = incidents.get(connection, number)
    record = wire.incident_in_full(
        view.incident,
        entities=view.entities,
        tallies=view.tallies,
        owed=view.owed,
        evidence=evidence.of(connection, number),
        timeline=timeline.of(connection, number),
        deliveries=outbox.of_incident(connection, number),
        allowed=(),
    )
    return record | _work(connection, view.incident, site, now) | _end(connection, view.incident, site, now)


def _work(connection: Connection, record: Incident, site: Site, now: datetime) -> dict[str, Any]:
    """What people wrote and are asked for."""
    number, today = record.number, now.astimezone(site.calendar.zone).date()
    views = kept_forms.views(connection, number, site.forms).values()
    running = duties.clocks(connection, record, site, now)
    return {
        "forms": [forms.shown(record, one) for one in views],
        "actions": [action_wire.shown(one, today) for one in actions.of(connection, number)],
        "no_action_because": [*actions.reasons(connection, number).values()],
        "requests": [requests.shown(one) for one in kept_requests.of(connection, number)],
        "clocks": [clocks.shown(one, overdue=one.is_overdue(now)) for one in running],
    }


def _end(connection: Connection, record: Incident, site: Site, now: datetime) -> dict[str, Any]:
    """What was signed, what follows, and what keeps it."""
    number, today = record.number, now.astimezone(UTC).date()
    decide = {one.number for one in watches.current(connection, record)}
    proposed = disposal.pending(connection, number)
    state = approvals.state_of(connection, record)
    return {
        "approval": approval_wire.shown(connection, record, state, site),
        "procedures": [
            {"procedure_version": one.procedure_version, "since": one.since}
            for one in installation.procedures(connection, record.opened_at, record.closed_at)
        ],
        "waivers": [waivers.shown(one) for one in kept_waivers.register(connection) if one.incident == number],
        "watches": [follow_up.shown(one, decides=one.number in decide) for one in watches.of(connection, number)],
        "improvements": [follow_up.item(one, today) for one in improvements.of(connection, number)],
        "holds": [{"entry": entry, "by": by} for entry, by in holds.standing(connection, number).items()],
        "disposal_proposed": {"entry": proposed[0], "by": proposed[1]} if proposed else None,
    }
