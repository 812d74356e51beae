"""How far correlations have come, told of a line: what they have, what they need, since when, what is missing."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from support.engine import BREAK_IN, BRUTE_FORCE, FAILURE, NOON, QUIET, SUCCESS, USERS, batch_of, engine_of, ssh

from rules.correlation.progress import Progress
from rules.engine import lines_of
from rules.formats.detect import PinState
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
    assert chained.needs == "matches of all 2 rules in their order"
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


def of_type(kind: str, condition: str) -> str:
    """A correlation of that type over failures and successes of an address within a minute."""
    return f"""\
title: Numbers
id: 88888888-8888-4888-8888-888888888888
correlation:
    type: {kind}
    rules: [ssh_failure, ssh_success]
    group-by: [source.ip]
    timespan: 60s
    condition: {condition}
level: medium
"""


#: Ports that `numbered` writes.
PORTS = (10, 20, 60)


def numbered() -> list[str]:
    """Failures from these ports."""
    return [ssh(at).replace("port 40000", f"port {port}") for at, port in enumerate(PORTS)]


@pytest.mark.parametrize(
    ("kind", "condition", "have", "count", "holds", "missing"),
    [
        ("value_sum", "{field: source.port, gte: 100}", 90, 100, False, ("10 more source.port",)),
        ("value_sum", "{field: source.port, gte: 90}", 90, 90, True, ()),
        ("value_avg", "{field: source.port, gt: 30}", 30, 30, False, ()),
        ("value_avg", "{field: source.port, lte: 30}", 30, 30, True, ()),
        ("value_median", "{field: source.port, gte: 25}", 20, 25, False, ()),
        ("value_percentile", "{field: source.port, percentile: 75, gte: 40}", 40, 40, True, ()),
        ("temporal", "{gte: 2}", 1, 2, False, ("SSH login succeeded",)),
        ("temporal", "ssh_failure and ssh_success", 1, 2, False, ("SSH login succeeded",)),
        ("temporal", "ssh_failure and not ssh_success", 1, 1, True, ()),
    ],
)
def test_every_type(
    kind: str, condition: str, have: float, count: float, holds: bool, missing: tuple[str, ...]
) -> None:
    """Numbers are told as they are written; of what the end of the window decides nothing is said to be missing."""
    (one,) = after(numbered(), FAILURE, SUCCESS, of_type(kind, condition)).values()
    assert (one.have, one.count, one.holds, one.missing) == (have, count, holds, missing)


def test_what_must_not_be_there_is_missing() -> None:
    """A rule that matched and must not is named."""
    pair = [ssh(0), ssh(1, ok=True)]
    (one,) = after(pair, FAILURE, SUCCESS, of_type("temporal", "ssh_failure and not ssh_success")).values()
    assert (one.holds, one.missing) == (False, ('no "SSH login succeeded"',))
