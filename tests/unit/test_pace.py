"""Whether it is still going on, from the lines that are kept; and what a rule tells whoever is woken."""

from datetime import UTC, datetime, timedelta

import pytest

from detector.runbooks import Runbook, Runbooks
from notifier.pace import pace

NOW = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)


def ago(*seconds: float) -> list[datetime]:
    return [NOW - timedelta(seconds=one) for one in seconds]


@pytest.mark.parametrize(
    ("times", "last", "goes_on", "says"),
    [
        (ago(3600), 3600, False, "nothing for 1 h"),
        (ago(400, 301), 301, False, "nothing for 5 min 1 s"),
        (ago(60), 60, True, "one event in the last 5 min"),
        (ago(60, 30, 0), 0, True, "about 2 a minute now"),
        (ago(280, 0), 0, True, "about 13 an hour now"),
        (ago(9000, 1, 1, 1), 1, True, "about 120 a minute now"),
        ([], 10, True, "events in the last 5 min"),
    ],
)
def test_pace(times: list[datetime], last: float, goes_on: bool, says: str) -> None:
    """The lines of the last five minutes tell the rate; silence is told by how long it lasts."""
    assert pace(times, NOW - timedelta(seconds=last), NOW) == (goes_on, says)


RULES = """\
title: First
id: r-1
---
title: Second
id: r-2
description: >-
  Somebody
  guesses.
falsepositives: [A scanner]
references: ['https://example.org/x', 'javascript:alert(1)']
"""


@pytest.mark.parametrize(
    ("rule", "path", "found"),
    [
        (
            "r-2",
            "rules/x.yml:3",
            Runbook(means="Somebody guesses.", harmless=("A scanner",), links=("https://example.org/x",)),
        ),
        ("r-1", "rules/x.yml:1", Runbook()),
        ("r-9", "rules/x.yml:1", Runbook()),
        ("r-2", "rules/gone.yml:1", Runbook()),
        ("r-2", "rules/broken.yml", Runbook()),
    ],
)
def test_runbook(rule: str, path: str, found: Runbook) -> None:
    """It is the rule's own text, by the file and the id that the incident names; nothing acts when it is pressed."""
    files = (("rules/x.yml", RULES), ("rules/broken.yml", "a: [b"))
    assert Runbooks(lambda: files).of(rule, path) == found
