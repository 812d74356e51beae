"""Who is asked next: each in their turn and after their wait, whatever happens between; and how long one has it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fakes import START
from support.store import finding

from notifier.escalation import (
    DEFAULTS,
    Policy,
    Step,
    after_lapse,
    follow,
    forward,
    level_of,
    levels,
    policy_for,
    reached,
    schedule,
)
from notifier.route import Matcher, Subject
from rules.event import Severity
from store.holding import Holding, What, first_look, look
from store.incident import Incident, Stage, Track
from store.incident import Step as Place
from store.ledger import Ledger

MINUTE = timedelta(minutes=1)
NIGHT = Policy(
    name="night",
    steps=(Step(after=5 * MINUTE, receivers=("bo",)), Step(after=10 * MINUTE)),
    repeat=1,
    repeat_after=20 * MINUTE,
    last_resort=("boss",),
)
POLICIES = st.builds(
    Policy,
    name=st.just("any"),
    steps=st.lists(
        st.builds(Step, after=st.timedeltas(MINUTE, 60 * MINUTE), receivers=st.sampled_from([(), ("a",), ("a", "b")])),
        max_size=3,
    ).map(tuple),
    repeat=st.integers(0, 2),
    repeat_after=st.timedeltas(MINUTE, 60 * MINUTE),
    last_resort=st.sampled_from([(), ("boss",)]),
)


def told(policy: Policy) -> list[tuple[float, tuple[str, ...], str]]:
    """Minutes since the first telling, whom, and which level it is."""
    return [((at - START) / MINUTE, one.receivers, one.says) for at, one in schedule(policy, START)]


def test_steps_then_again_then_the_last_resort() -> None:
    """The routes tell first; then the steps, all of it again, and who is asked when that was in vain."""
    assert told(NIGHT) == [
        (5, ("bo",), 'escalation "night", step 1'),
        (15, (), 'escalation "night", step 2'),
        (35, (), 'escalation "night", from the beginning, time 2'),
        (40, ("bo",), 'escalation "night", step 1, time 2'),
        (50, (), 'escalation "night", step 2, time 2'),
        (70, ("boss",), 'escalation "night", last resort'),
    ]


@pytest.mark.parametrize(("severity", "tellings", "minutes"), [("critical", 12, 60), ("high", 4, 60)])
def test_what_is_built_in(severity: str, tellings: int, minutes: int) -> None:
    """Without configuration those whom the routes name are asked again, for an hour; less than high is not."""
    policy = policy_for(DEFAULTS, Subject(severity=(severity,), ask=("join",)))
    assert policy is not None
    found = told(policy)
    assert (len(found), found[-1][0]) == (tellings, minutes)
    assert policy_for(DEFAULTS, Subject(severity=("medium",), ask=("join",))) is None
    assert policy_for(DEFAULTS, Subject(severity=(severity,), ask=("overdue",))) is None


def test_a_policy_that_tells_nobody_again() -> None:
    """It is one: nothing follows."""
    assert list(levels(Policy(name="quiet"))) == []
    assert follow(Policy(name="quiet"), 0, START) is None
    assert follow(None, 0, START) is None


@settings(max_examples=40)
@given(POLICIES, st.lists(st.timedeltas(timedelta(0), 90 * MINUTE), min_size=1, max_size=12), st.integers(0, 20))
def test_never_two_levels_before_their_wait(policy: Policy, pauses: list[timedelta], acknowledged: int) -> None:
    """However late each level is looked at (nothing ran), the next has its whole wait; an acknowledgement ends it.

    What is known between two looks is the level and its moment alone, as the store keeps it: each look is a restart.
    """
    coming, tellings = follow(policy, 0, START), [(0, START)]
    for number, pause in enumerate(pauses):
        if coming is None or number >= acknowledged:
            break
        now = coming.due_at + pause
        level = level_of(policy, coming.level)
        assert level is not None
        assert now - tellings[-1][1] >= level.after
        tellings.append((coming.level, now))
        coming = follow(policy, coming.level, now)
    assert [number for number, _ in tellings] == list(range(len(tellings)))
    assert len(tellings) <= 1 + min(acknowledged, policy.last)


def test_after_a_lapse_the_first_level_comes_soon() -> None:
    """Who had it is paged alone; five minutes later the next ones are."""
    coming = after_lapse(START)
    assert (coming.level, coming.due_at) == (1, START + 5 * MINUTE)


@pytest.mark.parametrize(
    ("waiting", "troubled", "level"),
    [(1, ["ana"], 1), (1, ["ana", "bo"], 6), (2, ["ana"], 4), (6, ["boss"], None), (7, [], None)],
)
def test_forward_to_somebody_else(waiting: int, troubled: list[str], level: int | None) -> None:
    """Who could not be told is made up for by the next level that names somebody else; never by the same again."""
    assert forward(NIGHT, waiting, troubled) == level
    assert forward(DEFAULTS[0], 1, ["ana"]) is None


def test_whom_a_level_reaches() -> None:
    """Not who is involved, unless nobody else is named; not a receiver that is gone."""
    level = level_of(replace(NIGHT, steps=(Step(after=MINUTE, receivers=("bo", "cy", "gone")),)), 1)
    assert level is not None
    persons = {"bo": "bo", "cy": "cy"}
    assert reached(level, persons.keys(), persons, ()) == ["bo", "cy"]
    assert reached(level, persons.keys(), persons, ("bo",)) == ["cy"]
    assert reached(level, persons.keys(), persons, ("bo", "cy")) == ["bo", "cy"]
    assert reached(level, (), {}, ()) == []


def test_policies_are_chosen_by_what_it_is_about() -> None:
    """The first that fits counts."""
    policies = (Policy(name="web", match=Matcher(asset=("web*",))), Policy(name="all"))
    assert [(policy_for(policies, Subject(asset=(host,))) or NIGHT).name for host in ("web1", "db1")] == ["web", "all"]


def taken(**changes: object) -> Incident:
    """A critical incident that Ana has had since START."""
    ledger = Ledger()
    ledger.take(finding(severity=Severity.CRITICAL))
    made = ledger.records()[0].incident
    assert made is not None
    had = {"owner": "ana", "acknowledged_by": "ana", "acknowledged_at": START, "track": Track.FULL}
    return replace(made, **(had | changes))  # type: ignore[arg-type]


def due(incident: Incident, minutes: float, worked: float = 0, level: int = 0) -> tuple[What, float | None, int]:
    """What is due, in how many minutes since START it is looked at again, and with which question."""
    found = look(incident, Holding(), worked_at=START + worked * MINUTE, level=level, now=START + minutes * MINUTE)
    again = None if found.again_at is None else (found.again_at - START) / MINUTE
    return found.what, again, found.level


def test_who_has_it_is_asked_and_then_loses_it() -> None:
    """At 80 % of half an hour, and at its end; work in between begins it anew."""
    assert first_look(taken(), Holding(), START) == START + 24 * MINUTE
    assert due(taken(), 24) == (What.ASK, 30, 1)
    assert due(taken(), 30, level=1) == (What.LAPSE, None, 0)
    assert due(taken(), 30, worked=27, level=1) == (What.LATER, 51, 0)
    assert due(taken(), 24, worked=23) == (What.LATER, 47, 0)


def test_who_was_asked_late_has_the_rest_of_the_time() -> None:
    """Nothing ran for two hours: it does not lapse in the moment in which it is asked."""
    assert due(taken(), 120) == (What.ASK, 126, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"contained_at": START},
        {"resolved_at": START},
        {"acknowledged_at": None, "acknowledged_by": None},
        {"step": Place.INVESTIGATION},
        {"step": Place.REPORTING, "stage": Stage.IN_REVIEW},
        {"track": Track.LIGHT},
        {"severity": Severity.MEDIUM},
    ],
)
def test_what_does_not_lapse(changes: dict[str, object]) -> None:
    """What is contained or over, what nobody has, and what the clocks of later steps see to."""
    assert due(taken(**changes), 100) == (What.OVER, None, 0)


def test_while_its_dismissal_waits_nobody_is_asked() -> None:
    """It is looked at again after that."""
    until = START + 60 * MINUTE
    assert due(taken(quiet_until=until), 24) == (What.LATER, 84, 0)
