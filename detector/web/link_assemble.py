"""Record → the page behind an acknowledge link, read in one snapshot."""

from sqlalchemy import Connection

from detector.runbooks import Runbook
from detector.web import views
from detector.web.assemble import LATEST_LINES, names, shown
from detector.web.link_view import LinkView
from notifier.message import who_where
from notifier.pace import pace
from store.incident import Incident
from store.notice import DeliveryState
from store.people import Person
from store.repository.incident import incidents, pressed
from store.repository.people import staffing
from store.repository.record import conflicts, evidence
from store.repository.telling import escalations, outbox
from store.site import Site


def assemble(
    connection: Connection,
    frame: views.Frame,
    person: Person,
    number: int,
    *,
    site: Site,
    runbook: Runbook,
    answer: views.Answer | None = None,
) -> LinkView:
    """The page; *answer* is what a POST just did, None to find out."""
    view, called = incidents.get(connection, number), names(connection)
    one = view.incident
    told = [each for each in outbox.of_incident(connection, number) if each.state is DeliveryState.ACCEPTED]
    kept = evidence.of(connection, number)
    goes_on, how = pace([line.time for line in kept], one.last_seen, frame.now)
    coming = escalations.waiting(connection, number) if one.acknowledged_at is None else []
    return LinkView(
        frame=frame,
        answer=answer or standing(one),
        person=person.name,
        number=number,
        title=one.headline,
        severity=one.severity,
        who_where=who_where(view.entities, shown),
        events=one.events,
        first_seen=one.first_seen,
        last_seen=one.last_seen,
        lines=tuple(line.text for line in kept[-LATEST_LINES:]),
        told=tuple(dict.fromkeys(called.get(each.person or "", each.receiver) for each in told)),
        by=called.get(one.acknowledged_by or "", one.acknowledged_by),
        at=one.acknowledged_at,
        is_mine=one.owner == person.id,
        goes_on=goes_on,
        pace=how,
        runbook=runbook,
        next_at=coming[0].due_at if coming else None,
        next_says=coming[0].reason if coming else "",
        others=others(connection, one, person, site),
        acts=frozenset(conflicts.allowed(connection, one, person.id, person.roles)),
        mine=len(pressed.asked_of(connection, person.id, but=number)),
        may_undo=pressed.undoable(connection, one, person.id, frame.now) is not None,
        contained_at=one.contained_at,
        quiet_until=one.quiet_until,
        drill=one.drill,
    )


def others(connection: Connection, record: Incident, person: Person, site: Site) -> tuple[tuple[str, str], ...]:
    """Who else could have it: whom the designation names first, then by name."""
    named = staffing.designation_of(connection, record, staffing.staff_of(connection, site))
    first = (named.lead, named.deputy)
    found = [one for one in pressed.able(connection, record.number) if one.id != person.id]
    found.sort(key=lambda one: (one.id not in first, one.name))
    return tuple((one.id, one.name) for one in found)


def standing(one: Incident) -> views.Answer:
    """What there is to acknowledge."""
    if not one.is_open:
        return views.Answer.CLOSED
    return views.Answer.ASK if one.acknowledged_at is None else views.Answer.TAKEN
