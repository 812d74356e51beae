"""Who may not do what an incident waits for, and so is not asked for it: whoever has an interest, or wrote it."""

from collections.abc import Iterable

from sqlalchemy import Connection

from store import four_eyes
from store.action import Action
from store.deadlines import Duty
from store.designation import Staff
from store.forms import FormName
from store.four_eyes import Refused, Signature
from store.incident import Incident
from store.repository.dossier import approval, authorship, forms
from store.repository.incident import waivers
from store.repository.record import conflicts
from store.site import Site


def of(connection: Connection, record: Incident, duty: Duty | None, site: Site, staff: Staff) -> frozenset[str]:
    """Ids of those of *staff* who may not do *duty*, or anything if it is None."""
    site = waivers.governing(connection, record.number, site)
    involved = conflicts.of(connection, record.number)
    if duty is Duty.REPORT_REVIEW:
        return involved | _authors(connection, record, site, (one.id for one in staff.colleagues))
    return involved | approval.barred(connection, record, site, staff) if duty is Duty.APPROVAL else involved


def of_action(connection: Connection, record: Incident, action: Action, site: Site, staff: Staff) -> frozenset[str]:
    """Ids of those of *staff* who may not verify *action*."""
    mode = waivers.governing(connection, record.number, site).four_eyes
    verdicts = {
        one.id: four_eyes.may_sign(Signature.VERIFY, one.id, action.hands, mode=mode, track=record.track)
        for one in staff.colleagues
    }
    refused = frozenset(person for person, verdict in verdicts.items() if isinstance(verdict, Refused))
    return refused | conflicts.of(connection, record.number)


def _authors(connection: Connection, record: Incident, site: Site, persons: Iterable[str]) -> frozenset[str]:
    """Who may not review the report, for what they wrote of it."""
    report = forms.latest(connection, record.number, FormName.REPORT)
    wrote = tuple(authorship.of_report(connection, record, report))
    verdicts = {
        person: four_eyes.may_sign(Signature.REPORT_REVIEW, person, wrote, mode=site.four_eyes, track=record.track)
        for person in persons
    }
    return frozenset(person for person, verdict in verdicts.items() if isinstance(verdict, Refused))
