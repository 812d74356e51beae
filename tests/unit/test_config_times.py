"""Calendar, leave, clocks and terms: what is refused, what comes of them, and what the example says is built in."""

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from detector import governance
from detector.config.documents import parse
from detector.config.load import build
from detector.config.loaded import ConfigErrors
from detector.config.problems import Level
from detector.config.records import Config
from rules.event import Severity
from store.calendar import Calendar
from store.deadlines import DEFAULT_LIMITS, STARTS, Deadlines, Duty, Limit, Start, Timer, Within
from store.designation import Colleague, Leave, Staff
from store.four_eyes import FourEyes
from store.incident import Track
from store.people import Role

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def loaded(text: str) -> Config:
    return build([parse("config.toml", text.encode())], {}).config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[calendar]\ndays = []", "calendar.days is empty: nothing would ever be due in working days"),
        ('[calendar]\nhours = "9-17"', 'calendar.hours "9-17" is no span of hours within a day'),
        ('[calendar]\nhours = "22:00-06:00"', 'calendar.hours "22:00-06:00" is no span of hours within a day'),
        ('[calendar]\nhours = "09:00"', 'calendar.hours "09:00" is no span of hours within a day'),
        ('[calendar]\nhours = "09:00Z-17:00Z"', 'calendar.hours "09:00Z-17:00Z" is no span of hours within a day'),
        ('[calendar]\nholidays = ["25.12."]', 'calendar.holidays[1] "25.12." is no date'),
        ('[calendar]\ntimezone = "Europe/Berln"', 'there is no zone "Europe/Berln"; did you mean "Europe/Berlin"?'),
        (
            '[[person]]\nid = "ana"\nleave = [{ from = "2026-12-20", to = "2026-12-19" }]',
            "person[1].leave[1] ends on 2026-12-19, before it begins on 2026-12-20",
        ),
        ('[[person]]\nid = "ana"\nleave = [{ from = "soon", to = "2026-12-19" }]', 'leave[1].from "soon" is no date'),
        ('[[person]]\nid = "ana"\nleave = [{ from = "2026-12-19" }]', "person[1].leave[1].to is missing"),
        (
            '[[receiver]]\nname = "a"\nurl = "tocsin-console://"\ndigest_at = "8 am"\n[[route]]\nreceiver = ["a"]',
            'receiver[1].digest_at "8 am" is no time of day',
        ),
        (
            '[[clock]]\nduty = "report"\nwithin_hours = 4\nwithin_working_days = 1',
            "clock[1] has more than one length: within_hours, within_working_days",
        ),
        ('[[clock]]\nduty = "raport"', 'clock[1].duty cannot be "raport"; did you mean "report"?'),
        ('[[clock]]\nduty = "report"\nwithin_hours = 100001', "within_hours must be at most 100000, not 100001"),
        ('[[regulatory]]\nname = "a"', "regulatory[1] has no length"),
        (
            '[[regulatory]]\nname = "a"\nwithin_hours = 1\nwithin_months = 1',
            "regulatory[1] has more than one length: within_hours, within_months",
        ),
        (
            '[[regulatory]]\nname = "a"\nwithin_hours = 1\n[[regulatory]]\nname = "a"\nwithin_hours = 2',
            'regulatory[2].name "a" is taken by regulatory[1]',
        ),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, message: str) -> None:
    """Each mistake is told once, in one sentence."""
    with pytest.raises(ConfigErrors) as caught:
        loaded(text)
    (told,) = [one.message for one in caught.value.problems if one.level is Level.ERROR]
    assert message in told


def test_nothing_configured_is_what_is_built_in() -> None:
    """An empty file has the clocks of the process and five days of eight hours."""
    made = governance.deadlines(loaded(""))
    assert made == Deadlines(calendar=Calendar(zone=made.calendar.zone))
    assert str(made.calendar.zone) == "UTC"
    assert governance.staff(loaded("")) == Staff()
    assert governance.four_eyes(loaded("")) is FourEyes.FULL


def test_clocks_stand_before_those_built_in() -> None:
    """Each section becomes a limit, in the order of the file."""
    made = governance.deadlines(
        loaded(
            '[[clock]]\nduty = "report"\nseverity = ["critical"]\ntrack = ["full"]\nwithin_hours = 8\n'
            '[[clock]]\nduty = "approval"\nwithin_working_days = 3\n'
            '[[clock]]\nduty = "acknowledge"\nseverity = ["low"]\nwithin_minutes = 90\n'
            '[[clock]]\nduty = "report_review"\n'
        )
    )
    assert made.limits[:-7] == (
        Limit(
            duty=Duty.REPORT,
            severities=(Severity.CRITICAL,),
            tracks=(Track.FULL,),
            within=Within(elapsed=timedelta(hours=8)),
        ),
        Limit(duty=Duty.APPROVAL, within=Within(working_days=3)),
        Limit(duty=Duty.ACKNOWLEDGE, severities=(Severity.LOW,), within=Within(elapsed=timedelta(minutes=90))),
        Limit(duty=Duty.REPORT_REVIEW, within=None),
    )
    assert made.limits[-7:] == DEFAULT_LIMITS
    assert made.of(Duty.REPORT_REVIEW, severity=Severity.HIGH, track=Track.FULL, start=MONDAY) is None


def test_the_calendar_is_the_site_s() -> None:
    """Zone, days, hours and holidays decide what a working day is."""
    made = governance.deadlines(
        loaded(
            '[calendar]\ntimezone = "Europe/Berlin"\ndays = ["mon", "wed"]\nhours = "08:00-24:00"\n'
            'holidays = ["2026-11-25"]\n'
        )
    ).calendar
    assert (made.opens, made.closes, made.days) == (time(8), time(0), frozenset({0, 2}))
    assert made.holidays == {date(2026, 11, 25)}
    assert made.after(MONDAY, made.working_day).isoformat() == "2026-11-30T10:00:00+00:00"


def test_terms_become_timers() -> None:
    """Hours or months, from the instant that is named."""
    made = governance.deadlines(
        loaded(
            '[[regulatory]]\nname = "early"\nstart = "detected_at"\nseverity = ["high"]\nwithin_hours = 24\n'
            '[[regulatory]]\nname = "final"\nwithin_months = 1\n'
        )
    )
    assert made.timers == (
        Timer(
            name="early",
            start=Start.DETECTED_AT,
            severities=(Severity.HIGH,),
            within=Within(elapsed=timedelta(hours=24)),
        ),
        Timer(name="final", within=Within(months=1)),
    )


def test_persons_become_colleagues_with_leave_and_accounts() -> None:
    """And designations name them."""
    made = governance.staff(
        loaded(
            '[[person]]\nid = "ana"\nroles = ["reviewer"]\ntimezone = "Europe/Berlin"\naccounts = ["asmith"]\n'
            'leave = [{ from = "2026-12-20", to = "2027-01-05" }]\n'
            '[[designation]]\nseverity = ["critical"]\nasset = ["db*"]\nlead = "ana"\ndeputy = "ana"\n'
        )
    )
    assert made.colleagues == (
        Colleague(
            id="ana",
            roles=frozenset({Role.REVIEWER}),
            timezone="Europe/Berlin",
            accounts=("asmith",),
            leave=(Leave(first=date(2026, 12, 20), last=date(2027, 1, 5)),),
        ),
    )
    assert made.designation(severity=Severity.CRITICAL, hosts=["db1"]).lead == "ana"
    assert made.designation(severity=Severity.CRITICAL, hosts=["web1"]).lead == ""


def test_the_example_says_what_is_built_in() -> None:
    """The list above [[clock]] is the code's, with each start."""
    said = [line.removeprefix("# - ") for line in EXAMPLE.split("\n") if line.startswith("# - ") and ", since " in line]
    assert said == [built_in(limit) for limit in DEFAULT_LIMITS]


def test_the_how_to_can_be_copied() -> None:
    """Its sections make a configuration together, and the built-in clocks in its table are the code's."""
    text = (ROOT / "docs/how-to/set-clocks.md").read_text(encoding="utf-8")
    config = loaded(dedent("".join(re.findall(r"^ +```toml\n(.*?)^ +```", text, re.MULTILINE | re.DOTALL))))
    assert [one.name for one in governance.deadlines(config).timers] == ["early warning", "final report"]
    assert len(config.clocks) == 2
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(Duty)


def built_in(limit: Limit) -> str:
    """A limit in words."""
    since = {
        Duty.ACKNOWLEDGE: "since somebody was asked",
        Duty.REPORT: "since a person first acted on it",
        Duty.REPORT_REVIEW: "since the report was handed in",
        Duty.APPROVAL: "since the dossier was handed in",
    }
    assert limit.within is not None
    assert STARTS[limit.duty] is not Start.OPENED_AT
    minutes = limit.within.elapsed // timedelta(minutes=1)
    units = ((limit.within.working_days, "working day"), (minutes // 60, "hour"), (minutes, "minute"))
    many, unit = next(one for one in units if one[0])
    who = f" for {', '.join(limit.severities)}" if limit.severities else ""
    return f"{limit.duty}: {many} {unit}{'' if many == 1 else 's'}{who}, {since[limit.duty]}"
