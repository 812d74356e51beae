"""What of the configuration governs the process: clocks and terms, who there is, how four eyes look, what forms ask."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from detector.config import records
from detector.config.sections import governing, people
from detector.config.times import hours_of, lengths_of, to_date
from detector.config.values import DAYS
from store.calendar import Calendar
from store.deadlines import DEFAULT_LIMITS, Deadlines, Limit, Start, Timer, Within
from store.designation import Colleague, Designation, Leave, Staff
from store.forms import Forms, SiteField, with_site_fields
from store.four_eyes import FourEyes
from store.site import Site


def site(config: records.Config) -> Site:
    """All of it."""
    return Site(forms=forms(config), four_eyes=four_eyes(config), staff=staff(config), deadlines=deadlines(config))


def deadlines(config: records.Config) -> Deadlines:
    """The clocks and terms of *config*; what it leaves out is as built in."""
    return Deadlines(
        limits=(*(_limit(one) for one in config.clocks), *DEFAULT_LIMITS),
        calendar=_calendar(config.calendar),
        timers=tuple(_timer(one) for one in config.regulatory),
    )


def staff(config: records.Config) -> Staff:
    """The persons of *config*, and who is designated for what."""
    return Staff(
        colleagues=tuple(_colleague(one) for one in config.persons),
        designations=tuple(_designation(one) for one in config.designations),
    )


def four_eyes(config: records.Config) -> FourEyes:
    """How four eyes look at this site."""
    return FourEyes(config.process.four_eyes)


def forms(config: records.Config) -> Forms:
    """The forms, with the fields that this site adds."""
    return with_site_fields(map(site_field, config.form_fields))


def site_field(section: governing.FormField) -> SiteField:
    """A field that this site adds."""
    return SiteField(
        form=section.form.value,
        name=section.name,
        kind=section.kind,
        needed_by=section.needed_by,
        label=section.label,
        choices=section.choices,
    )


def _calendar(section: governing.CalendarSection) -> Calendar:
    hours = hours_of(section.hours)
    assert hours is not None, "the configuration was checked"
    return Calendar(
        zone=ZoneInfo(section.timezone),
        days=frozenset(DAYS.index(day) for day in section.days),
        opens=hours[0],
        closes=hours[1],
        holidays=frozenset(map(to_date, section.holidays)),
    )


def _limit(section: governing.Clock) -> Limit:
    within = Within(
        elapsed=timedelta(hours=section.within_hours, minutes=section.within_minutes),
        working_days=section.within_working_days,
    )
    return Limit(
        duty=section.duty,
        severities=section.severity,
        tracks=section.track,
        within=within if lengths_of(section) else None,
    )


def _timer(section: governing.Regulatory) -> Timer:
    return Timer(
        name=section.name,
        start=Start(section.start),
        severities=section.severity,
        within=Within(elapsed=timedelta(hours=section.within_hours), months=section.within_months),
    )


def _colleague(section: people.Person) -> Colleague:
    return Colleague(
        id=section.id,
        roles=frozenset(section.roles),
        timezone=section.timezone,
        leave=tuple(Leave(first=to_date(one.from_), last=to_date(one.to)) for one in section.leave),
        accounts=section.accounts,
    )


def _designation(section: people.Designation) -> Designation:
    return Designation(
        severities=section.severity,
        categories=section.category,
        assets=section.asset,
        lead=section.lead,
        reviewer=section.reviewer,
        approver=section.approver,
        deputy=section.deputy,
        stakeholders=section.stakeholders,
    )
