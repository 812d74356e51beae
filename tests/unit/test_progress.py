"""How far correlations have come, told of a line: what they have, what they need, since when, what is missing."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from support.engine import BREAK_IN, BRUTE_FORCE, FAILURE, NOON, QUIET, SUCCESS, USERS, batch_of, engine_of, ssh

from rules.engine import lines_of
from rules.formats.detect import PinState
from rules.progress import Progress
from rules.settings import SourceProfile
from rules.stream import Stream, StreamState

TOGETHER = """\
title: Failure and success
id: 77777777-7777-4777-8777-777777777777
correlation:
    type: temporal
    rules: [ssh_failure, ssh_success]
    group-by: [source.ip]
    timespan: 60s
level: medium
"""


def after(lines: Sequence[str], *rules: str) -> dict[str, Progress]:
    """By title, what is told after the last line."""
    engine = engine_of(*rules)
    batch = batch_of(lines)
    engine.feed(batch)
    stream = Stream(SourceProfile(), "auto", StreamState(pin=PinState()), (), replay=False)
    stream.begin(batch, batch.received_at)
    _, number, offset, raw = list(lines_of(batch))[-1]
    (event,) = list(stream.events(raw, number, offset, lambda _: True))
    return {one.head.title: one for one in engine.standing(event)}


def test_events() -> None:
    """Three of five, in which group, since when, and when the first leaves the window."""
    told = after([ssh(0), ssh(5), ssh(7, ip="192.0.2.9"), ssh(9)], FAILURE, BRUTE_FORCE)
    (one,) = told.values()
    assert (one.have, one.needs, one.holds) == (3, "at least 5 events", False)
    assert one.group == (("source.ip", "192.0.2.1"),)
    assert one.missing == ("2 more events",)
    assert (one.since, one.latest) == (NOON, NOON + timedelta(seconds=9))
    assert one.until == NOON + timedelta(seconds=60)


def test_what_has_left_the_window_does_not_count() -> None:
    """Only the window that ends with the line is told."""
    (one,) = after([ssh(0), ssh(1), ssh(70)], FAILURE, BRUTE_FORCE).values()
    assert (one.have, one.since) == (1, NOON + timedelta(seconds=70))


def test_what_holds_lacks_nothing() -> None:
    """A condition that is met says so."""
    (one,) = after([ssh(at) for at in range(6)], FAILURE, BRUTE_FORCE).values()
    assert (one.have, one.holds, one.missing) == (6, True, ())


def test_values() -> None:
    """Different values, of which field."""
    (one,) = after([ssh(0, user="a"), ssh(1, user="b"), ssh(2, user="a")], FAILURE, USERS).values()
    assert (one.have, one.needs, one.missing) == (2, "at least 3 different user.name", ("1 more different user.name",))


def test_in_order() -> None:
    """Which rules are still to come."""
    told = after([ssh(at) for at in range(5)], FAILURE, SUCCESS, BRUTE_FORCE, BREAK_IN)
    assert told["SSH brute force"].holds
    chained = told["SSH success after failures"]
    assert (chained.have, chained.count, chained.missing) == (1, 2, ("SSH login succeeded",))
    assert chained.needs == "at least 2 of the rules in their order"
    done = after([*(ssh(at) for at in range(5)), ssh(9, ok=True)], FAILURE, SUCCESS, BRUTE_FORCE, BREAK_IN)
    assert done["SSH success after failures"].holds


def test_in_no_order_yet() -> None:
    """What came too early does not count."""
    told = after([ssh(0, ok=True), *(ssh(at) for at in range(1, 4))], FAILURE, SUCCESS, BRUTE_FORCE, BREAK_IN)
    chained = told["SSH success after failures"]
    assert (chained.have, chained.missing) == (0, ("SSH brute force", "SSH login succeeded"))


def test_fewer_than() -> None:
    """One that waits is met until more come; it is judged when the window is over."""
    (one,) = after([ssh(0), ssh(1)], FAILURE, QUIET).values()
    assert (one.have, one.needs, one.holds, one.missing) == (2, "less than 3 events", True, ())
    (one,) = after([ssh(0), ssh(1), ssh(2)], FAILURE, QUIET).values()
    assert (one.have, one.holds, one.missing) == (3, False, ())


@pytest.mark.parametrize("lines", [[ssh(0, ok=True)], ["no line of sshd"]])
def test_lines_that_nothing_counts(lines: list[str]) -> None:
    """Nothing is told of correlations that do not count the line."""
    assert after(lines, FAILURE, BRUTE_FORCE) == {}
