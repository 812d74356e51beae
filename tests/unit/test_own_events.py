"""When something is wrong with a source for so long that it is said, and when it is over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from detector.own_events import Condition, Limits, Memory, OwnEvent, Seen, first, gone, look, sentences

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SEEN = Seen(source="auth", lines=100, unparsed=0, poisoned=0)
LIMITS = Limits(silent_after_seconds=3600, lagging_after_seconds=900, unparsed_share=0.5)


class Watch:
    """Looks every half a minute."""

    def __init__(self, seen: Seen = SEEN, limits: Limits = LIMITS) -> None:
        self.seen, self.limits, self.now = seen, limits, NOW
        self.memory = first(seen)
        self.said: list[str] = []

    def look(self, minutes: float, *, lines: int = 0, unparsed: int = 0, **changes: Any) -> "Watch":
        """Let time pass in which the source is as said; *lines* and *unparsed* are added at each look."""
        for _ in range(int(minutes * 2)):
            self.now += timedelta(seconds=30)
            self.seen = replace(
                self.seen, lines=self.seen.lines + lines, unparsed=self.seen.unparsed + unparsed, **changes
            )
            self.step(30)
        return self

    def step(self, passed: float) -> list[OwnEvent]:
        self.memory, events = look(self.memory, self.seen, self.limits, passed_seconds=passed, now=self.now)
        self.memory = msgspec.msgpack.decode(msgspec.msgpack.encode(self.memory), type=Memory)  # as across a restart
        self.said += [f"{one.condition} {'over' if one.is_over else 'began'}" for one in events]
        return events


def test_quiet_at_start() -> None:
    """What was before the first look is not held against a source."""
    assert Watch(replace(SEEN, unparsed=90, poisoned=3)).look(30, lines=10).said == []


def test_silence_begins_once_and_ends() -> None:
    """After the limit it is said once; the next line ends it."""
    watch = Watch().look(59.5)
    assert watch.said == []
    assert watch.look(600).said == ["source_silent began"]
    assert sentences({"auth": watch.memory}) == ["nothing comes from source auth any more"]
    assert watch.look(1, lines=1).said == ["source_silent began", "source_silent over"]
    assert sentences({"auth": watch.memory}) == []


def test_silence_is_not_what_nobody_asked_for() -> None:
    """Not where it was switched off, not of a source that never said anything; and switching off ends it."""
    assert Watch(limits=replace(LIMITS, silent_after_seconds=0)).look(600).said == []
    assert Watch(replace(SEEN, lines=0)).look(600).said == []
    watch = Watch().look(61)
    watch.limits = replace(LIMITS, silent_after_seconds=0)
    assert watch.look(1).said == ["source_silent began", "source_silent over"]


def test_time_in_which_nobody_looked_does_not_count() -> None:
    """A machine that slept for a week, or whose clock jumped, was not looking."""
    watch = Watch().look(10)
    watch.step(7 * 86_400)
    watch.now += timedelta(days=30)
    watch.step(-5)
    assert watch.said == []


def test_a_rotation_is_no_trouble_and_flapping_is_one() -> None:
    """Gone for a minute is nothing; gone for long is said once, though it comes back now and then for a moment."""
    watch = Watch().look(1, trouble=Condition.VANISHED, detail="a.log: gone").look(5, trouble=None, lines=1)
    assert watch.said == []
    watch.look(6, trouble=Condition.VANISHED)
    for _ in range(10):
        watch.look(0.5, trouble=None).look(3, trouble=Condition.VANISHED)
    assert watch.said == ["source_vanished began"]
    assert watch.look(3, trouble=None, lines=1).said == ["source_vanished began", "source_vanished over"]


def test_unreadable_in_place_of_gone() -> None:
    """One trouble that follows another ends the first."""
    watch = Watch().look(6, trouble=Condition.VANISHED).look(6, trouble=Condition.UNREADABLE)
    assert watch.said == ["source_vanished began", "source_vanished over", "source_unreadable began"]


def test_a_share_over_ten_minutes() -> None:
    """A few odd lines are nothing; most lines of ten minutes are; between the limit and its half nothing changes."""
    watch = Watch().look(30, lines=10, unparsed=4)
    assert watch.said == []
    assert watch.look(11, lines=10, unparsed=9).said == ["source_unparsed began"]
    assert watch.look(11, lines=10, unparsed=4).said == ["source_unparsed began"]
    assert watch.look(21, lines=10).said == ["source_unparsed began", "source_unparsed over"]
    assert Watch(limits=replace(LIMITS, unparsed_share=1)).look(30, lines=10, unparsed=10).said == []


def test_lagging() -> None:
    """Behind for longer than the limit is said; it is over once catching up took less than half of that."""
    watch = Watch().look(5, lines=1).look(16, lines=1, is_behind=True)
    assert watch.said == ["source_lagging began"]
    watch.look(0.5, lines=1, is_behind=False).look(12, lines=1, is_behind=True)
    watch.look(0.5, lines=1, is_behind=False)  # reached again, after twelve minutes
    assert watch.said == ["source_lagging began"]
    assert watch.look(1, lines=1).said == ["source_lagging began", "source_lagging over"]


def test_years_to_read_are_no_lag() -> None:
    """A source that never caught up yet is given longer, but not for ever."""
    watch = Watch().look(100, lines=1, is_behind=True)
    assert watch.said == []
    assert watch.look(30, lines=1, is_behind=True).said == ["source_lagging began"]


def test_poisoned_lines() -> None:
    """Each rise is said once, and is never over."""
    watch = Watch().look(1, poisoned=2).look(5)
    assert watch.said == ["line_poisoned began"]


def test_a_source_that_is_not_read_any_more() -> None:
    """What was wrong with it is over."""
    watch = Watch().look(61)
    assert [(one.condition, one.is_over) for one in gone("auth", watch.memory, NOW)] == [(Condition.SILENT, True)]
