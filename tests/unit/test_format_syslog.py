"""The three spellings of syslog."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.event import LogSource, TimeSource
from rules.formats.format import Context, Parsed
from rules.formats.syslog.syslog import IsoStamped, Rfc3164, Rfc5424, Syslog

MARCH = Context(reference=datetime(2024, 3, 2, tzinfo=UTC))
BERLIN = ZoneInfo("Europe/Berlin")


def parse(line: str, context: Context = MARCH) -> Parsed:
    parsed = Syslog().parse(line, context)
    assert parsed is not None, line
    return parsed


def test_classic_line() -> None:
    """Host, program, process and message are named; the year is inferred and said to be."""
    parsed = parse("Mar  1 03:11:26 web1 app[1]: Started Daily apt download activities.")
    assert parsed.fields == {
        "message": "Started Daily apt download activities.",
        "host.name": "web1",
        "program": "app",
        "pid": 1,
    }
    assert parsed.time == datetime(2024, 3, 1, 3, 11, 26, tzinfo=UTC)
    assert parsed.resolution == timedelta(seconds=1)
    assert parsed.time_source is TimeSource.INFERRED_YEAR
    assert parsed.logsource == LogSource(product="linux", service="syslog")
    assert parsed.repeats == 1


@pytest.mark.parametrize(
    ("line", "program", "pid", "message"),
    [
        ("Mar  1 03:11:26 web1 kernel: [12.5] eth0: link up", "kernel", None, "[12.5] eth0: link up"),
        ("Mar 11 03:11:26 web1 postfix/smtpd[77]: connect from x", "postfix/smtpd", 77, "connect from x"),
        ("Mar  1 03:11:26 web1 /usr/sbin/cron[9]: hello", "cron", 9, "hello"),
        ("Mar  1 03:11:26 web1 app[a-b]: hello", "app", "a-b", "hello"),
        ("Mar  1 03:11:26 web1 app:", "app", None, ""),
        ("Mar  1 03:11:26 web1 app:hello", "app", None, "hello"),
        ("Mar  1 03:11:26 web1 -- MARK --", None, None, "-- MARK --"),
        ("Mar  1 03:11:26 web1 last message repeated 3 times", None, None, "last message repeated 3 times"),
        ("Mar  1 03:11:26 web1 app: a\u2028b\x00c\udcff", "app", None, "a\u2028b\x00c\udcff"),
        ("<38>Mar  1 03:11:26 web1 app: hello", "app", None, "hello"),
    ],
)
def test_tags(line: str, program: str | None, pid: object, message: str) -> None:
    """A tag is what stands before a colon and holds no blank; without one the message is kept whole."""
    fields = parse(line).fields
    assert (fields.get("program"), fields.get("pid"), fields["message"]) == (program, pid, message)


def test_one_blank_before_a_short_day() -> None:
    """A day of one digit with only one blank before it is taken as well."""
    assert parse("Mar 1 03:11:26 web1 sshd[812]: hello") == parse("Mar  1 03:11:26 web1 sshd[812]: hello")


def test_iso_stamped() -> None:
    """rsyslog's own spelling bears zone and fraction."""
    parsed = parse("2024-03-01T03:11:26.123456+01:00 web1 sudo: pam_unix(sudo:session): session opened for user root")
    assert parsed.time == datetime(2024, 3, 1, 2, 11, 26, 123456, tzinfo=UTC)
    assert parsed.resolution == timedelta(microseconds=1)
    assert parsed.time_source is TimeSource.LINE
    assert parsed.fields["program"] == "sudo"


def test_rfc5424() -> None:
    """Structured data, message id and priority become fields."""
    parsed = parse(
        r'<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 87 ID47 [exampleSDID@32473 iut="3" '
        r'eventSource="App\"lication\]"][more@1] ' + "\ufeffAn event"
    )
    assert parsed.fields == {
        "message": "An event",
        "host.name": "mymachine.example.com",
        "program": "evntslog",
        "pid": 87,
        "syslog.msgid": "ID47",
        "syslog.facility": 20,
        "syslog.severity": 5,
        "syslog.sd.exampleSDID@32473.iut": "3",
        "syslog.sd.exampleSDID@32473.eventSource": 'App"lication]',
    }
    assert parsed.time == datetime(2003, 10, 11, 22, 14, 15, 3000, tzinfo=UTC)
    assert parsed.resolution == timedelta(milliseconds=1)


def test_rfc5424_without_anything() -> None:
    """All parts may be absent; without a stamp the arrival counts."""
    parsed = parse("<13>1 - - - - - -")
    assert parsed.fields == {"message": "", "syslog.facility": 1, "syslog.severity": 5}
    assert parsed.time is None
    assert parsed.time_source is TimeSource.ARRIVAL


@pytest.mark.parametrize(
    "line",
    [
        "",
        "-",
        "<",
        "<999>1 - - - - - -",
        "<13>1 - - - - - [a",
        '<13>1 - - - - - [a b="c',
        '<13>1 - - - - - [a b="c"',
        "<13>1 yesterday - - - - -",
        "Mar  1 03:11:26",
        "Mar  1 03:11:26 web1",
        "Mar 32 03:11:26 web1 app: x",
        "Mar  1 03:11:99 web1 app: x",
        "Foo  1 03:11:26 web1 app: x",
        "Feb 30 03:11:26 web1 app: x",
        "Mar \u0661\u0661 03:11:26 web1 app: x",
        "2024-03-01 web1 app: x",
        "2024-03-01T03:11:26Z INFO main: started",
        "203.0.113.7 - - [01/Mar/2024:03:11:26 +0000] GET",
        '{"time":"2024-03-01T03:11:26Z"}',
    ],
)
def test_other_lines(line: str) -> None:
    """What is no syslog is refused, not guessed at."""
    assert Syslog().parse(line, MARCH) is None


@pytest.mark.parametrize(
    ("stamp", "reference", "expected"),
    [
        ("Dec 31 23:59:59", datetime(2025, 1, 1, 0, 0, 5, tzinfo=UTC), datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("Jan  1 00:00:01", datetime(2024, 12, 31, 23, 59, 58, tzinfo=UTC), datetime(2025, 1, 1, 0, 0, 1, tzinfo=UTC)),
        ("Feb 29 12:00:00", datetime(2025, 3, 1, tzinfo=UTC), datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("Feb 29 12:00:00", datetime(2027, 3, 1, tzinfo=UTC), datetime(2028, 2, 29, 12, tzinfo=UTC)),
        ("Feb 29 12:00:00", datetime(2024, 2, 29, tzinfo=UTC), datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("Feb 29 12:00:00", datetime(2100, 3, 1, tzinfo=UTC), datetime(2096, 2, 29, 12, tzinfo=UTC)),
        ("Oct  1 00:00:00", datetime(2024, 3, 1, tzinfo=UTC), datetime(2023, 10, 1, tzinfo=UTC)),
        ("Jun 30 23:59:60", datetime(2024, 7, 1, tzinfo=UTC), datetime(2024, 6, 30, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_year(stamp: str, reference: datetime, expected: datetime) -> None:
    """The missing year is the one nearest to the reference."""
    assert parse(f"{stamp} web1 app: x", Context(reference=reference)).time == expected


def test_doubled_hour() -> None:
    """When summer time ends, the hour's second pass begins where the source would otherwise go back."""
    reference = datetime(2024, 10, 27, 12, tzinfo=UTC)
    previous, times = None, []
    for clock in ("01:59:59", "02:00:00", "02:59:59", "02:59:58", "02:00:00", "02:30:00", "03:00:00"):
        context = Context(reference=reference, zone=BERLIN, previous=previous)
        previous = parse(f"Oct 27 {clock} web1 app: x", context).time
        assert previous is not None
        times.append(previous.strftime("%H:%M:%S"))
    assert times == ["23:59:59", "00:00:00", "00:59:59", "00:59:58", "01:00:00", "01:30:00", "02:00:00"]


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_absurd_years(year: str) -> None:
    """A forged year at the calendar's edge is a time or none, never an error."""
    for zone in ("+14:00", "-14:00", "Z", ""):
        Syslog().parse(f"<13>1 {year}-01-01T00:00:00{zone} h a 1 - - x", MARCH)
        Syslog().parse(f"{year}-12-31T23:59:59{zone} h a: x", Context(reference=MARCH.reference, zone=BERLIN))


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(2023, 9, 10), max_value=datetime(2024, 8, 20)))  # noqa: DTZ001
def test_stamps_round_trip(moment: datetime) -> None:
    """Within half a year of the reference a written stamp is read as the same second."""
    aware = moment.replace(microsecond=0, tzinfo=UTC)
    assert parse(f"{aware:%b} {aware.day:2} {aware:%H:%M:%S} web1 app: x").time == aware


@settings(deadline=None)
@given(st.datetimes(timezones=st.sampled_from([UTC, BERLIN])))
def test_iso_round_trip(moment: datetime) -> None:
    """An ISO stamp is read as the moment that was written."""
    parsed = Syslog().parse(f"{moment.isoformat()} web1 app: x", MARCH)
    assert parsed is None or parsed.time == moment.astimezone(UTC)


@settings(deadline=None)
@given(st.text(), st.sampled_from(["", "Mar  1 03:11:26 ", "<13>1 ", "<13>1 - - - - - [a ", "2024-03-01T00:00:00Z h "]))
def test_never_raises(text: str, head: str) -> None:
    """Whatever stands in a line, it is read or refused."""
    for one in (Syslog(), Rfc3164(), Rfc5424(), IsoStamped()):
        one.parse(head + text, MARCH)


def test_long_hostile_lines() -> None:
    """A MiB of escapes, quotes or blanks costs linear time."""
    for filler in ("\\", '"', " ", "[", "a=", ' a="', "\\\\"):
        text = filler * ((1 << 20) // len(filler))
        Syslog().parse(f'<13>1 - - - - - [a b="{text}', MARCH)
        Syslog().parse(f"<13>1 - - - - - [{text}", MARCH)
        parse(f"Mar  1 03:11:26 web1 sshd[1]: Failed password for {text}")
        parse(f"Mar  1 03:11:26 web1 sudo: {text}")


def test_repeated_message() -> None:
    """A repeated message stands for as many observations, and reads as if it stood there itself."""
    parsed = parse(
        "Mar  1 03:11:26 web1 sshd[812]: message repeated 5 times: "
        "[ Failed password for root from 203.0.113.7 port 40022 ssh2]"
    )
    assert parsed.repeats == 5
    assert parsed.fields["message"] == "Failed password for root from 203.0.113.7 port 40022 ssh2"
    assert parsed.fields["source.ip"] == "203.0.113.7"


@pytest.mark.parametrize("count", ["0", "-1", "x", "9" * 30, "\u0661"])
def test_repeated_nonsense(count: str) -> None:
    """A count that is none leaves the message as it stands, once."""
    parsed = parse(f"Mar  1 03:11:26 web1 sshd[812]: message repeated {count} times: [ hello]")
    assert parsed.repeats == 1
    assert parsed.fields["message"].startswith("message repeated")


def test_repeats_are_bounded() -> None:
    """A forged count cannot grow without bound."""
    assert parse("Mar  1 03:11:26 web1 a: message repeated 99999999999 times: [ x]").repeats == 1_000_000
