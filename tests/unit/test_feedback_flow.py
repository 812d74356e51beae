"""From reports to incidents, by the bundled rules: what waits, what is told, and what joins what."""

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from support.engine import NOON

import rules
from rules.engine import Engine
from rules.event import Batch, Severity, Starts
from rules.finding import Finding
from rules.intake.parcels import lines_of
from rules.settings import EngineSettings
from rules.sigma.files import read_rule_files
from rules.sigma.load import load
from store.deadlines import Deadlines
from store.incident import Incident
from store.ledger import Ledger
from store.notice import NoticeKind

FOLDER = Path(rules.__file__).parent / "bundled"
SETTINGS = EngineSettings(rule_files=read_rule_files([str(FOLDER / "feedback"), str(FOLDER / "alerts")]))
RULES = load(SETTINGS.rule_files)
Report = dict[str, str]
SAME: list[Report] = [
    {"text": "Checkout fails"},
    {"text": "I cannot pay"},
    {"text": "nothing happens", "component": "check-out"},
    {"text": "Payment is stuck", "category": "slow"},
    {"text": "error 500 when checking out", "category": "broken"},
]
ALERT = {"name": "Errors", "severity": "medium", "labels": {"service": "checkout"}}


class Desk:
    """An engine and records; what is handed in comes a minute apart."""

    def __init__(self) -> None:
        self.engine = Engine(SETTINGS, RULES)
        self.ledger = Ledger()
        self.findings: dict[str, Finding] = {}
        self.number = count(1)

    def hand_in(self, *bodies: object, kind: str = "feedback", at_once: bool = False) -> list[Incident]:
        """The incidents after that."""
        numbered = [(number, body) for number, body in zip(self.number, bodies, strict=False)]
        parts = [[(number, lines_of(kind, json.dumps(body).encode(), NOON, number))] for number, body in numbered]
        for part in [[one for each in parts for one in each]] if at_once else parts:
            self._feed(part)
        return [one.incident for one in self.ledger.records() if one.incident is not None]

    def _feed(self, part: Sequence[tuple[int, bytes]]) -> None:
        number = part[0][0]
        batch = Batch(
            source="people",
            stream="inbox",
            origin="intake people",
            data=b"".join(line for _, line in part),
            starts=Starts(line=1, offset=number << 24),
            received_at=NOON + timedelta(minutes=number),
            before=b"",
            after=b"",
            kind="tocsin",
        )
        for found in self.engine.feed(batch).findings:
            self.findings[found.id] = found
            self.ledger.take(found)


def test_one_report_waits_to_be_read() -> None:
    """Nobody is told of it; a working day is given for it, and people are reminded within that day."""
    desk = Desk()
    [waiting] = desk.hand_in(SAME[0])
    assert (waiting.severity, desk.ledger.notices) == (Severity.LOW, ())
    clock = Deadlines().current(waiting)
    assert clock is not None
    assert [one.percent for one in clock.reminders] == [50, 80, 100]


def test_five_about_the_same_are_told_once_in_the_incident_of_the_first() -> None:
    """Each says it in another way; four change nothing."""
    desk = Desk()
    [four] = desk.hand_in(*SAME[:4])
    assert (four.severity, four.events, desk.ledger.notices) == (Severity.LOW, 4, ())
    [burst] = desk.hand_in(SAME[4])
    assert (burst.number, burst.severity, burst.events) == (four.number, Severity.HIGH, 5)
    assert (four.title, burst.title) == ("Feedback", "Several people report the same")
    [told] = desk.ledger.notices
    assert (told.kind, "Several people report the same" in told.reason) == (NoticeKind.WORSE, True)


def test_a_burst_about_what_nobody_knows_joins_too() -> None:
    """There is no component by which to join: the reports themselves are shared."""
    texts = ["The thermostat is dead", "thermostats broken", "my THERMOSTAT!", "no thermostat", "thermostat, please"]
    [burst] = Desk().hand_in(*({"text": text} for text in texts))
    assert (burst.severity, burst.events) == (Severity.HIGH, 5)


def test_reports_about_other_things_are_not_joined() -> None:
    """Though their words are the same."""
    found = Desk().hand_in(
        *({"text": f"The {thing} fails"} for thing in ("search", "login", "export", "door", "sauna"))
    )
    assert [one.severity for one in found] == [Severity.LOW] * 5


@pytest.mark.parametrize("category", ["security", "privacy"])
def test_what_is_grave_is_told_at_once(category: str) -> None:
    """Also if one person alone reports it."""
    desk = Desk()
    [grave] = desk.hand_in({"text": "I see the orders of others", "category": category})
    assert (grave.severity, [one.kind for one in desk.ledger.notices]) == (Severity.MEDIUM, [NoticeKind.OPENED])


def test_a_report_joins_the_incident_of_its_component() -> None:
    """What an alert opened a minute ago about the same component; and not that about another one."""
    desk = Desk()
    [opened] = desk.hand_in(ALERT, kind="alerts")
    [joined] = desk.hand_in({"text": "I cannot pay"})
    assert (joined.number, joined.severity) == (opened.number, Severity.MEDIUM)
    assert len(desk.hand_in({"text": "search is slow"})) == 2


def test_how_reports_arrive_does_not_matter() -> None:
    """One by one as they come, or many read at once: the same findings."""
    seen = []
    for at_once in (False, True):
        desk = Desk()
        desk.hand_in(*SAME, {"text": "search fails"}, at_once=at_once)
        seen.append({(one.rule_title, one.group, one.events) for one in desk.findings.values()})
    assert seen[0] == seen[1]
    assert len(seen[0]) == 3
