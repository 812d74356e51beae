"""Would people hear of it, and nobody else: what `tocsin check` says of receivers, routes and escalations."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from detector.config.documents import parse
from detector.config.load import build
from detector.config.loaded import ConfigErrors
from detector.telling import routing, window_of
from notifier.route import Matcher, Route, Subject, trace
from rules.event import Severity
from store.silence import Window

BASE = """
[[source]]
name = "auth"
path = "auth.log"
[[person]]
id = "ana"
roles = ["responder"]
[[receiver]]
name = "ana"
person = "ana"
url = "tocsin-console://"
[[route]]
receiver = ["ana"]
"""
EVERY_DAY = tuple(range(7))


def said(more: str) -> str:
    """Everything that is said of BASE with *more*."""
    try:
        return "\n".join(map(str, build([parse("config.toml", (BASE + more).encode())], {}).warnings))
    except ConfigErrors as errors:
        return "\n".join(map(str, errors.problems))


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            '[[receiver]]\nname = "out"\nurl = "json://localhost"\nexternal = true\nmax_tlp = "AMBER+STRICT"',
            'error: receiver "out" is read outside, and TLP:AMBER+STRICT must not leave your organisation',
        ),
        (
            '[[receiver]]\nname = "chat"\nurl = "json://localhost"\nmax_tlp = "RED"',
            'error: receiver "chat" is no person\'s, and TLP:RED is for the eyes of single persons alone',
        ),
        (
            '[[route]]\nreceiver = ["ana"]\n[route.match]\ntlp = ["RED"]',
            "warning: what is labelled RED goes to ana as a stub only",
        ),
        ('[[route]]\nreceiver = ["ana"]\n[route.match]\ntime = ["25:00-26:00"]', "is no window of time"),
        (
            '[[escalation]]\nname = "n"\nstep = [{ after_minutes = 5, receiver = ["ann"] }]',
            'there is no receiver "ann"; did you mean "ana"?',
        ),
        ('[[escalation]]\nname = "n"\nlast_resort = ["bo"]', 'there is no receiver "bo"'),
        ('[[escalation]]\nname = "n"\nstep = [{ after_minutes = 0 }]', "escalation[1].step[1].after_minutes"),
        ('[[escalation]]\nname = "n"', 'escalation[1] "n" tells nobody again'),
        (
            '[[escalation]]\nname = "n"\nrepeat = 1\n[[escalation]]\nname = "m"\nrepeat = 1',
            "escalation[2] is never used: escalation[1] takes everything",
        ),
        ('[[escalation]]\nname = "n"\nrepeat = 1\n[[escalation]]\nname = "n"\nrepeat = 1', 'name "n" is taken'),
        (
            '[[person]]\nid = "bo"\nroles = ["reviewer"]\n[[designation]]\nreviewer = "bo"',
            "warning: no receiver is bo's: what they are asked goes where the routes say",
        ),
        ('[[person]]\nid = "bo"\nroles = ["responder"]', "notice: no receiver is bo's"),
    ],
)
def test_what_is_wrong_is_said(more: str, sentence: str) -> None:
    """Each fault with its sentence."""
    assert sentence in said(f"\n{more}\n")


def test_what_is_right_is_not() -> None:
    """A policy with all that it may have."""
    told = said(
        '[[escalation]]\nname = "n"\nrepeat = 2\nlast_resort = ["ana"]\n'
        'step = [{ after_minutes = 0.5, receiver = ["ana"] }, { after_minutes = 5 }]\n'
        '[escalation.match]\ntime = ["sat,sun 00:00-24:00"]\n'
    )
    assert "escalation" not in told
    assert "window" not in told


def test_what_is_read_is_what_is_in_force() -> None:
    """Policies before those that are built in; how long an acknowledgement holds, without what is 0."""
    more = '[[escalation]]\nname = "n"\nrepeat = 2\n[acknowledgement]\ncritical_minutes = 0\n'
    found = routing(build([parse("config.toml", (BASE + more).encode())], {}).config)
    assert [one.name for one in found.escalations] == ["n", "built in, critical", "built in, high"]
    assert list(found.holding.lengths) == [Severity.HIGH]


@pytest.mark.parametrize(
    ("text", "days", "starts", "ends"),
    [
        ("22:00-07:00", EVERY_DAY, time(22), time(7)),
        ("fri,mon 18:00-24:00", (0, 4), time(18), time(0)),
        ("sat 00:00-24:00", (5,), time(0), time(0)),
    ],
)
def test_windows(text: str, days: tuple[int, ...], starts: time, ends: time) -> None:
    """Days and hours as people write them."""
    assert window_of(text, "UTC") == Window(timezone="UTC", days=days, starts=starts, ends=ends)


@pytest.mark.parametrize("text", ["", "22:00", "fry 10:00-12:00", "10:00-10:00", "10:00+01:00-12:00", " 10:00-"])
def test_no_windows(text: str) -> None:
    """What says no time of day."""
    assert window_of(text, "UTC") is None


@pytest.mark.parametrize(
    ("moment", "hit", "because"),
    [
        (datetime(2026, 3, 2, 21, 30, tzinfo=UTC), True, "time=22:00-07:00"),
        (datetime(2026, 3, 2, 9, 0, tzinfo=UTC), False, "time is mon 10:00, wanted 22:00-07:00"),
        # On the last Sunday of March the clocks go forward there: seven o'clock comes at five, UTC, not at six.
        (datetime(2026, 3, 29, 5, 30, tzinfo=UTC), False, "time is sun 07:30, wanted 22:00-07:00"),
        (datetime(2026, 3, 28, 5, 30, tzinfo=UTC), True, "time=22:00-07:00"),
    ],
)
def test_routes_by_time_of_day(moment: datetime, hit: bool, because: str) -> None:
    """By the clock on the wall, summer and winter."""
    window = window_of("22:00-07:00", str(ZoneInfo("Europe/Berlin")))
    assert window is not None
    (look,) = trace((Route(match=Matcher(time=(window,)), receivers=("ana",)),), Subject(at=moment))
    assert (look.is_hit, look.because) == (hit, because)
