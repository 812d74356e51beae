"""What the page for feedback hands out and takes back, and how often it may be used."""

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.fakes import START
from support.store import finding

from detector.config.feedback import check_feedback
from detector.config.problems import Level
from detector.config.records import Config
from detector.config.sections.reading import IntakeSection
from detector.intake.desk import SLIP_LASTS, SOONEST, Desk, Slip
from detector.intake.limit import MOST_ADDRESSES, Limiter, neighbourhood
from detector.web.feedback_form import CATEGORIES, STATES, TRAP, report_in, typed_in
from rules.event import Severity
from store.incident import Incident, Outcome, Status, Step
from store.ledger import Ledger
from store.reports import ReportState, state_of

OLD, NEW = b"an older key of ours", b"the key that signs"
TYPED = {"category": "broken", "text": "it fails"}


class TestSlips:
    """A form comes back from a page of ours, neither too soon nor too late."""

    def test_what_comes_back_in_time_is_good(self) -> None:
        slip = Desk([OLD]).slip(START, "nonce")
        for after, told in (
            (timedelta(0), Slip.EARLY),
            (SOONEST, Slip.GOOD),
            (SLIP_LASTS - timedelta(seconds=1), Slip.GOOD),
            (SLIP_LASTS, Slip.LATE),
            (timedelta(days=-1), Slip.EARLY),
        ):
            assert Desk([OLD, NEW]).read(slip, START + after) is told

    @pytest.mark.parametrize("slip", ["", "x", "é\0", "a" * 1_000_000, Desk([b"another's key...."]).slip(START, "n")])
    def test_what_is_none_of_ours_counts_for_nothing(self, slip: str) -> None:
        assert Desk([NEW]).read(slip, START + SOONEST) is Slip.FOREIGN


class TestReferences:
    """Whoever has one can ask for it; nobody makes one of another's."""

    def test_a_reference_is_read_back_also_after_the_key_was_rotated(self) -> None:
        reference = Desk([OLD]).reference(7)
        assert reference.startswith("IN-7-")
        assert Desk([OLD, NEW]).number_of(f" {reference.lower()} ") == 7
        assert Desk([NEW]).number_of(reference) is None

    @pytest.mark.parametrize(
        "reference", ["", "IN-7", "IN-7-", "IN--ABC", "FB-7-ABCDEFGHIJKL", "IN-7-É", "IN-²-A", "IN-" + "9" * 5000]
    )
    def test_what_is_no_reference(self, reference: str) -> None:
        assert Desk([NEW]).number_of(reference) is None

    def test_the_code_of_one_fits_no_other(self) -> None:
        code = Desk([NEW]).reference(7).rpartition("-")[2]
        assert Desk([NEW]).number_of(f"IN-8-{code}") is None
        assert len(base64.b32decode(code + "====")) >= 7


class TestLimits:
    """So many an hour from one address, and from all together."""

    def test_one_address_waits_and_others_do_not(self) -> None:
        limiter = Limiter()
        limit: dict[str, Any] = {"each": 2, "all_together": 100}
        waits = [limiter.take("192.0.2.1", START, **limit) for _ in range(3)]
        assert waits == [timedelta(0), timedelta(0), timedelta(minutes=30)]
        assert limiter.take("192.0.2.2", START, **limit) == timedelta(0)
        assert limiter.take("192.0.2.1", START + timedelta(minutes=30), **limit) == timedelta(0)
        assert limiter.take("192.0.2.1", START, **limit) > timedelta(0)  # the clock was set back

    def test_all_together_wait(self) -> None:
        limiter = Limiter()
        waits = [limiter.take(f"192.0.2.{one}", START, each=5, all_together=3) for one in range(4)]
        assert waits == [timedelta(0)] * 3 + [timedelta(minutes=20)]

    def test_a_network_of_ipv6_is_one_sender(self) -> None:
        assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:1") != neighbourhood("2001:db8:0:1::1")
        assert neighbourhood("::ffff:192.0.2.1") == neighbourhood("192.0.2.1")
        assert neighbourhood("") == ""

    def test_its_memory_is_bounded(self) -> None:
        limiter = Limiter()
        for number in range(MOST_ADDRESSES + 10):
            limiter.take(str(number), START, each=1, all_together=10**9)
        assert len(limiter._by_address) == MOST_ADDRESSES


class TestForm:
    """Everything that is wrong is said at once; what is right becomes a report."""

    def test_a_report(self) -> None:
        report, faults = report_in(TYPED | {"contact": "kim@example.org", "consent": "yes"}, ())
        assert report is not None
        assert (faults, report.text, report.consent) == ((), "it fails", True)

    @pytest.mark.parametrize(
        ("typed", "components", "fields"),
        [
            ({}, (), ["category", "text"]),
            (TYPED | {"category": "angry"}, (), ["category"]),
            (TYPED | {"text": "x" * 5001}, (), ["text"]),
            (TYPED | {"component": "y"}, ("x",), ["component"]),
            (TYPED | {"component": "x" * 101}, (), ["component"]),
            (TYPED | {"contact": "kim@example.org"}, (), ["consent"]),
            (TYPED | {TRAP: "http://spam.example"}, (), [TRAP]),
        ],
    )
    def test_what_is_wrong(self, typed: dict[str, str], components: tuple[str, ...], fields: list[str]) -> None:
        report, faults = report_in(typed, components)
        assert (report, [one.field for one in faults]) == (None, fields)

    @pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"&" * 60_000, b"a=%ff%00", b"a=1&" * 10_000, b"=", b"text"])
    def test_hostile_bodies(self, body: bytes) -> None:
        assert len(typed_in(body)) <= 20

    def test_the_first_of_two_counts(self) -> None:
        assert typed_in(b"text=a%0D%0Ab&text=c") == {"text": "a\nb"}


def record(**changed: Any) -> Incident:
    """An open incident that nobody has taken."""
    ledger = Ledger()
    ledger.take(finding(severity=Severity.HIGH))
    made = ledger.records()[0].incident
    assert made is not None
    return replace(made, **changed)


@pytest.mark.parametrize(
    ("held", "limited", "state"),
    [
        (None, False, ReportState.RECEIVED),
        (record(), False, ReportState.RECEIVED),
        (record(acknowledged_at=START), False, ReportState.LOOKED_AT),
        (record(step=Step.REPORTING), False, ReportState.LOOKED_AT),
        (record(cycle=2), False, ReportState.LOOKED_AT),
        (record(step=Step.INVESTIGATION), False, ReportState.WORKED_ON),
        (record(step=Step.FOLLOW_UP), False, ReportState.WORKED_ON),
        (record(step=Step.FOLLOW_UP, acknowledged_at=START), True, ReportState.RECEIVED),
        (record(status=Status.CLOSED, outcome=Outcome.RESOLVED), False, ReportState.FIXED),
        (record(status=Status.CLOSED, outcome=Outcome.DISMISSED), False, ReportState.CLOSED),
        (record(status=Status.CLOSED, outcome=Outcome.RESOLVED), True, ReportState.CLOSED),
    ],
)
def test_how_far_a_report_is(held: Incident | None, limited: bool, state: ReportState) -> None:
    """In five words; of what only its participants see, whether it is closed and no more."""
    assert state_of(held, limited=limited) is state


def test_there_are_words_for_everything() -> None:
    """The page has a sentence for each state, and a choice for each category."""
    assert set(STATES) == set(ReportState)
    assert len(set(CATEGORIES.values())) == len(CATEGORIES)


def pages(*kinds: str) -> list[tuple[Level, str]]:
    """What is said of intakes that have the page."""
    made = tuple(IntakeSection(name=f"i{number}", kind=kind, page=True) for number, kind in enumerate(kinds))  # type: ignore[arg-type]
    return [(one.level, one.message) for one in check_feedback(Config(intakes=made))]


def test_one_intake_has_the_page() -> None:
    """It takes feedback; that everybody may report is said aloud."""
    [(level, said)] = pages("feedback")
    assert (level, "without an account" in said) == (Level.NOTICE, True)
    assert [level for level, _ in pages("feedback", "feedback")] == [Level.NOTICE, Level.ERROR]
    [(level, said)] = pages("logs")
    assert (level, 'kind "logs"' in said) == (Level.ERROR, True)
