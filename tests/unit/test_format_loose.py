"""logfmt, and formats of the operator's own."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.event import LogSource
from rules.formats.detect import Pin
from rules.formats.expression import Expression, ExpressionError, expressions, time_reader
from rules.formats.format import Context
from rules.formats.loose.logfmt import Logfmt
from rules.settings import Expression as Written

CONTEXT = Context(reference=datetime(2024, 3, 2, tzinfo=UTC))
MOMENT = datetime(2024, 3, 1, 3, 11, 26, tzinfo=UTC)


def logfmt(line: str) -> dict[str, Any] | None:
    parsed = Logfmt().parse(line, CONTEXT)
    return None if parsed is None else parsed.fields


def test_logfmt() -> None:
    """Pairs with and without quotes; common names are normalised."""
    line = 'ts=2024-03-01T03:11:26Z level=warn msg="login \\"failed\\"" user=bob src=203.0.113.7:40000 n=7 zip=007 e='
    parsed = Logfmt().parse(line, CONTEXT)
    assert parsed is not None
    assert parsed.time == MOMENT
    fields = parsed.fields
    assert (fields["msg"], fields["message"], fields["user.name"]) == ('login "failed"', 'login "failed"', "bob")
    assert (fields["source.ip"], fields["source.port"]) == ("203.0.113.7", 40000)
    assert (fields["n"], fields["zip"], fields["e"]) == (7, "007", "")


def test_firewall_pairs() -> None:
    """Date and time in two parts are one stamp."""
    parsed = Logfmt().parse('date=2024-03-01 time=03:11:26 srcip=203.0.113.7 dstport=22 action="deny"', CONTEXT)
    assert parsed is not None
    assert parsed.time == MOMENT
    assert (parsed.fields["source.ip"], parsed.fields["destination.port"]) == ("203.0.113.7", 22)


@pytest.mark.parametrize(
    "line",
    ["", "a", "a=1", "a=1 b", "hello a=1 b=2", "=1 b=2", 'a="1 b=2', 'a="1"b=2 c=3', "a b=1 c=2", "{x=1 y=2"],
)
def test_no_logfmt(line: str) -> None:
    """A line that holds anything but pairs is not guessed at."""
    assert logfmt(line) is None


@settings(deadline=None)
@given(st.text() | st.lists(st.sampled_from(["a=", '"', "\\", " ", "b", "="])).map("".join))
def test_logfmt_never_raises(line: str) -> None:
    """Whatever stands in a line, it is read or refused."""
    logfmt(line)


def test_logfmt_long_hostile_lines() -> None:
    """A MiB of anything costs linear time."""
    for filler in ("a=1 ", 'a="\\"', "=", " ", 'a="\\', "a"):
        logfmt("x=1 y=" + filler * ((1 << 20) // len(filler)))


PATTERN = r"^(?P<when>\S+ \S+) \[(?<level>\w+)\] (?P<source__ip>\S+):(?P<source__port>\d+) (?P<message>.*)$"


def test_expression() -> None:
    """Names become fields, two underscores a dot, and the stamp is read as the operator says."""
    one = Expression("app", PATTERN, "when", "%d.%m.%Y %H:%M:%S")
    parsed = one.parse("01.03.2024 03:11:26 [warn] ::ffff:203.0.113.7:40000 denied", CONTEXT)
    assert parsed is not None
    assert parsed.time == MOMENT
    assert parsed.logsource == LogSource()
    assert parsed.fields == {
        "when": "01.03.2024 03:11:26",
        "level": "warn",
        "source.ip": "203.0.113.7",
        "source.port": 40000,
        "message": "denied",
    }
    assert one.parse("01.03.2024 03:11:26 [warn] nothing", CONTEXT) is None
    assert one.parse("99.03.2024 03:11:26 [warn] x:1 y", CONTEXT) is None


def test_expression_by_name() -> None:
    """A source names the format that its configuration adds."""
    more = expressions({"app": Written(pattern=PATTERN, time_field="when")})
    name, parsed = Pin("app", more=more).choose("2024-03-01 03:11:26 [warn] h:1 \udcff", CONTEXT)
    assert name == "app"
    assert parsed is not None
    assert (parsed.time, parsed.fields["message"]) == (MOMENT, "\ufffd")


@pytest.mark.parametrize(
    ("pattern", "time_field", "time_format", "message"),
    [
        ("(?P<a>x", "", "", "does not compile"),
        ("(?P<a>x)(?=y)", "", "", "no look-around"),
        ("x", "", "", "names nothing"),
        ("(?P<a>x)", "b", "", 'no group is called "b"'),
        ("(?P<a>x)", "a", "%Q", "%Q is not known"),
        ("(?P<a>x)", "a", "%Y", "gives no moment"),
        ("(?P<a>x)", "a", "%Y-%m-%d %H:%M %", "is not known"),
    ],
)
def test_expression_errors(pattern: str, time_field: str, time_format: str, message: str) -> None:
    """What cannot be used says which construct it is."""
    with pytest.raises(ExpressionError, match=message):
        Expression("app", pattern, time_field, time_format)


@pytest.mark.parametrize(
    ("time_format", "text", "moment"),
    [
        ("%Y-%m-%d %H:%M:%S", "2024-03-01 03:11:26", MOMENT),
        ("%F %T", "2024-03-01 03:11:26", MOMENT),
        ("%b %e %H:%M:%S", "Mar  1 03:11:26", MOMENT),
        ("%a %b %d %H:%M:%S %Y", "Fri Mar 01 03:11:26 2024", MOMENT),
        ("%d/%B/%y %I:%M:%S %p", "01/march/24 03:11:26 AM", MOMENT),
        ("%d/%b/%Y %I:%M %p", "01/Mar/2024 12:11 AM", datetime(2024, 3, 1, 0, 11, tzinfo=UTC)),
        ("%Y%m%dT%H%M%S%z", "20240301T041126+0100", MOMENT),
        ("%Y-%m-%dT%H:%M:%S.%f%z", "2024-03-01T03:11:26.250Z", MOMENT + timedelta(milliseconds=250)),
        ("%m/%d %H:%M:%S %Z", "03/01 03:11:26 GMT", MOMENT),
        ("%s", "1709262686", MOMENT),
        ("%s.%f", "1709262686.25", MOMENT + timedelta(milliseconds=250)),
        ("[%Y.%m.%d] 100%% %H:%M", "[2024.03.01] 100% 03:11", MOMENT.replace(second=0)),
        ("%Y-%m-%d %H:%M:%S", "2024-02-30 03:11:26", None),
        ("%Y-%m-%d %H:%M:%S", "2024-03-01 03:11", None),
        ("%Y-%m-%d %H:%M:%S", "2024-03-01 99:11:26", None),
        ("%Y-%m-%d %H:%M:%S", "", None),
    ],
)
def test_time_formats(time_format: str, text: str, moment: datetime | None) -> None:
    """strptime's letters, without strptime; a missing year is the nearest."""
    stamp = time_reader(time_format)(text, CONTEXT)
    assert (stamp and stamp[0]) == moment


def test_time_format_in_a_zone() -> None:
    """A stamp without zone is in the source's."""
    context = Context(reference=CONTEXT.reference, zone=ZoneInfo("Europe/Berlin"))
    stamp = time_reader("%F %T")("2024-03-01 04:11:26", context)
    assert stamp == (MOMENT, timedelta(seconds=1))


@settings(deadline=None)
@given(st.text())
def test_expression_never_raises(line: str) -> None:
    """Whatever stands in a line, it is read or refused."""
    Expression("app", "(?P<when>.*)", "when", "%b %d %H:%M:%S").parse(line, CONTEXT)
    Expression("app", "(?P<source__ip>.*?) (?P<pid>.*)").parse(line, CONTEXT)


def test_linear_expression() -> None:
    """An expression that others take for ever to refuse costs nothing here."""
    assert Expression("app", r"(?P<a>(\w+\s?)*)$").parse("a" * 100_000 + "!", CONTEXT) is None
