"""Records → views: what a page needs, read in one snapshot."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlalchemy import Connection

from detector.web import do_view, form_view, views
from detector.web.inputs import words
from detector.web.lacking import lacking
from detector.web.pages import clock
from notifier.message import who_where
from notifier.untrusted import visible
from rules.event import Decision, Entity, Severity
from rules.finding import Evidence
from store import process
from store.four_eyes import settling_needs_another
from store.incident import Incident, Status, TimelineEntry
from store.notice import Delivery
from store.people import Person
from store.repository.dossier import forms
from store.repository.incident import incidents
from store.repository.people import persons
from store.repository.record import conflicts, evidence, timeline
from store.repository.steps import duties, visibility
from store.repository.telling import outbox
from store.site import Site

PAGE = 50
LATEST_LINES = 5


def shown(entity: Entity) -> str:
    """An entity in a page; pages escape it."""
    return visible(entity.value)


def names(connection: Connection) -> Mapping[str, str]:
    """Name of each person, by id."""
    return {person.id: person.name for person in persons.all_of(connection)}


def wanted(tab: views.Tab, severity: Severity | None) -> incidents.Filter:
    """The filter behind a tab of the list. What is only observed asks for nothing and has a tab of its own."""
    match tab:
        case views.Tab.CLOSED:
            return incidents.Filter(status=Status.CLOSED, severity=severity)
        case views.Tab.OBSERVED:
            return incidents.Filter(status=Status.OPEN, severity=severity, decision=Decision.OBSERVE)
        case _:
            acknowledged = False if tab is views.Tab.UNACKNOWLEDGED else None
            return incidents.Filter(
                status=Status.OPEN, severity=severity, decision=Decision.INVESTIGATE, acknowledged=acknowledged
            )


def incidents_view(
    connection: Connection,
    frame: views.Frame,
    person: Person | None,
    *,
    tab: views.Tab,
    severity: Severity | None,
    after: int | None,
    site: Site,
) -> views.IncidentsView:
    """The list. Of what others alone may see there are number and step, unless a filter would tell more."""
    found = incidents.list_of(connection, wanted(tab, severity), after=after, limit=PAGE + 1)
    hidden = visibility.hidden(connection, [one.number for one in found], person.id if person else None, site)
    page, called = [one for one in found[:PAGE] if one.number not in hidden], names(connection)
    about = incidents.entities_of(connection, [one.number for one in page])
    rows = tuple(
        views.IncidentRow(
            number=one.number,
            title=one.headline,
            severity=one.severity,
            who_where=who_where(about.get(one.number, ()), shown),
            events=one.events,
            last_seen=one.last_seen,
            step=one.step,
            owner=called.get(one.owner or "", one.owner),
            may_acknowledge=may_acknowledge(one, person),
            advised=one.advised and one.decision is Decision.OBSERVE,
        )
        for one in page
    )
    return views.IncidentsView(
        frame=frame,
        tab=tab,
        counts={one: incidents.count(connection, wanted(one, severity)) for one in views.Tab},
        rows=rows,
        severity=severity,
        next_after=found[PAGE - 1].number if len(found) > PAGE else None,
        hidden=tuple((one.number, one.step) for one in found[:PAGE] if one.number in hidden and severity is None),
    )


def _credit(view: incidents.IncidentView) -> str:
    credit = view.owed.get(view.incident.rule_id)
    return ", ".join(filter(None, (credit.author, credit.license))) if credit else ""


def incident_view(
    connection: Connection, frame: views.Frame, person: Person | None, number: int, site: Site
) -> views.IncidentView:
    """One incident with everything that is known of it."""
    view, called = incidents.get(connection, number), names(connection)
    one = view.incident
    able = conflicts.allowed(connection, one, person.id, person.roles) if person else ()
    return views.IncidentView(
        frame=frame,
        number=number,
        title=one.headline,
        severity=one.severity,
        terms=tuple(
            views.Term(because=term.because, value=term.value, is_level=term.term == "rule")
            for term in one.severity_terms
        ),
        step=one.step,
        status=one.status,
        outcome=one.outcome,
        who_where=who_where(view.entities, shown),
        entities=tuple((entity.kind, entity.value) for entity in view.entities),
        events=one.events,
        first_seen=one.first_seen,
        last_seen=one.last_seen,
        rule_title=one.rule_title,
        rule_path=one.rule_path,
        rule_credit=_credit(view),
        tlp=one.tlp,
        owner=called.get(one.owner or "", one.owner),
        acknowledged_by=called.get(one.acknowledged_by or "", one.acknowledged_by),
        acknowledged_at=one.acknowledged_at,
        lines=tuple(map(_line, evidence.of(connection, number))),
        timeline=tuple(
            _happening(entry, {one.rule_id: one.rule_title, **called})
            for entry in reversed(timeline.of(connection, number))
        ),
        told=tuple(_told(delivery, called) for delivery in outbox.of_incident(connection, number)),
        may_acknowledge="acknowledge" in able and may_acknowledge(one, person),
        version=one.version,
        acts=frozenset(able),
        needs_another=settling_needs_another(one.severity_highest),
        contained_at=one.contained_at,
        quiet_until=one.quiet_until,
        drill=one.drill,
        doables=tuple(
            replace(doable, lacks=len(lacking(connection, one, doable.name, site, frame.now)))
            for doable in do_view.doables(able, number)
        ),
        void=one.approval_void,
        due=tuple(_due(connection, one, site, frame, called)),
        forms=tuple(form_view.line(form, one.track) for form in forms.views(connection, number, site.forms).values()),
    )


def may_acknowledge(one: Incident, person: Person | None) -> bool:
    """Whether *person* could acknowledge it now."""
    if person is None or one.acknowledged_at is not None or one.decision is Decision.OBSERVE:
        return False
    return "acknowledge" in process.allowed_acts(one, person.roles)


def _due(
    connection: Connection, record: Incident, site: Site, frame: views.Frame, called: Mapping[str, str]
) -> Iterator[str]:
    """What is overdue, and what is due next."""
    if not record.is_open:
        return
    running = [
        one
        for one in duties.clocks(connection, record, site, frame.now)
        if one.asked and not (one.decided is not None and one.decided.decision.ends)
    ]
    late = [one for one in running if one.is_overdue(frame.now)]
    for one in late or running[:1]:
        asked = ", ".join(called.get(who.person, who.person) for who in one.asked)
        when = f"{'overdue since' if one in late else 'due'} {clock(one.deadline.due_at, frame.now, frame.zone)}"
        yield f"{words(one.matter.title)}: {when}; asked: {asked}"


def _line(line: Evidence) -> views.Line:
    return views.Line(origin=line.origin, line=line.line, offset=line.offset, time=line.time, text=line.text)


def _happening(entry: TimelineEntry, called: Mapping[str, str]) -> views.Happening:
    facts = [f"{name.replace('_', ' ')} {value}" for name, value in entry.facts.items() if value not in (None, "")]
    values = [f"{name}: {'(redacted)' if value is None else value}" for name, value in entry.values.items()]
    what = ", ".join([entry.kind.value, *facts, *values])
    return views.Happening(at=entry.at, who=called.get(entry.actor.id, entry.actor.id), what=what, via=entry.via)


def _told(delivery: Delivery, called: Mapping[str, str]) -> views.Told:
    return views.Told(
        receiver=delivery.receiver,
        person=called.get(delivery.person or "", delivery.person),
        state=delivery.state,
        at=delivery.finished_at or delivery.due_at,
        attempts=delivery.attempts,
        detail=delivery.detail,
    )
