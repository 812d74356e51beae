"""When what a person decided to observe ends, and how."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.fakes import START
from support.store import finding

from rules.event import Decision, Severity
from store.incident import Incident
from store.ledger import Ledger
from store.observation import Ending, ending

HOUR = timedelta(hours=1)


def observed(severity: Severity = Severity.LOW, **changed: Any) -> Incident:
    """Decided at START, until an hour later; one event had come."""
    ledger = Ledger()
    ledger.take(finding(severity=severity, first_seen=START - HOUR))
    made = ledger.records()[0].incident
    assert made is not None
    given: dict[str, Any] = {
        "decision": Decision.OBSERVE,
        "observe_until": START + HOUR,
        "step_entered_at": START,
    } | changed
    return replace(made, **given)


LATER: dict[str, Any] = {"events": 4, "last_seen": START + HOUR / 2}


@pytest.mark.parametrize(
    ("record", "before", "after"),
    [
        (observed(), None, Ending.NOTHING),
        (observed(**LATER), None, Ending.SOMETHING),
        (observed(Severity.HIGH), None, Ending.SOMETHING),  # too bad to be left alone
        (observed(observe_events=5, **LATER), None, Ending.NOTHING),  # fewer than were waited for
        (observed(Severity.HIGH, observe_events=5, **LATER), None, Ending.SOMETHING),
        (observed(observe_events=4, **LATER), Ending.COUNT, Ending.COUNT),
        (observed(observe_events=3, **LATER), Ending.COUNT, Ending.COUNT),
        (observed(observe_until=None, **LATER), None, None),  # no person decided that: a rule's, with an end of its own
    ],
)
def test_how_it_ends(record: Incident, before: Ending | None, after: Ending | None) -> None:
    """At its end, to the very moment; and before that only once as many events came as were waited for."""
    assert ending(record, START + HOUR - timedelta(microseconds=1)) is before
    assert ending(record, START + HOUR) is after
