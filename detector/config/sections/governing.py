"""How incidents are governed: clocks, terms, forms."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from rules.event import Severity
from store.deadlines import Duty
from store.forms import FormName
from store.incident import Track

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Process(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How incidents are governed."""

    #: Who must sign what others did. "full": always somebody else. "pair": the other one of two. "waived": nobody
    #: else; each such act says so in the record.
    four_eyes: Literal["full", "pair", "waived"] = "full"


class CalendarSection(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """When people work: what is due in working days passes only then."""

    #: IANA name of the zone in which days and hours are meant, e.g. "Europe/Berlin".
    timezone: str = "UTC"
    #: Days of the week on which people work.
    days: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
    #: From when to when; "00:00-24:00" is the whole day.
    hours: str = "09:00-17:00"
    #: Days on which nobody works, e.g. "2026-12-25".
    holidays: tuple[str, ...] = ()


class Clock(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How long something may take; the first clock that fits an incident counts, then those that are built in."""

    #: What must be done in that time.
    duty: Duty
    #: Severities that it is for. Empty: any.
    severity: tuple[Severity, ...] = ()
    #: Tracks that it is for. Empty: any.
    track: tuple[Track, ...] = ()
    #: How long it may take, in minutes. If all three lengths are 0, it may take as long as it takes.
    within_minutes: Annotated[int, Meta(ge=0, le=100_000)] = 0
    #: Or in hours.
    within_hours: Annotated[int, Meta(ge=0, le=100_000)] = 0
    #: Or in working days, see `[calendar]`.
    within_working_days: Annotated[int, Meta(ge=0, le=1_000)] = 0


class Regulatory(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A term that somebody outside sets, e.g. a law; Tocsin watches it and files nothing."""

    #: Unique name, e.g. "early warning".
    name: str
    #: Instant of the incident from which it runs. "aware_at": a person first acted on it.
    start: Literal["occurred_at", "detected_at", "opened_at", "aware_at", "classified_at"] = "aware_at"
    #: Severities that it is for. Empty: any.
    severity: tuple[Severity, ...] = ()
    #: How long it is, in hours. Either this or `within_months` must be given.
    within_hours: Annotated[int, Meta(ge=0, le=100_000)] = 0
    #: Or in months: it ends on the same day of the month at the same time, in the zone of `[calendar]`, or on the
    #: month's last day.
    within_months: Annotated[int, Meta(ge=0, le=120)] = 0


class FormField(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A field that this site adds to a form, see [Forms](forms.md)."""

    #: The form that asks it.
    form: FormName
    #: Unique in its form, of small letters, digits and underscores. Answers are kept under it, so renaming a field
    #: leaves the old answers behind.
    name: str
    #: What people read. Empty: the `name`.
    label: str = ""
    #: The shape of its answer.
    kind: Literal["line", "text", "moment", "date", "time", "number", "yes_no", "choice", "person", "list"] = "text"
    #: What can be chosen, for the kind "choice".
    choices: tuple[str, ...] = ()
    #: The move that needs it, by where it leads to. Empty: it may stay empty.
    needed_by: Literal[
        "",
        "notification",
        "reporting/in_review",
        "investigation",
        "corrective_actions",
        "approval",
        "follow_up",
        "follow_up/resolved",
    ] = ""
