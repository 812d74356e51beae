"""What is saved of the rules' state: with each batch what it changed, and however it is applied, nothing else."""

import random
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.engine import BREAK_IN, BRUTE_FORCE, FAILURE, SUCCESS, USERS, batches_of, engine_of, ssh

from rules.correlation.correlate import insert
from rules.correlation.group import Group, GroupState
from rules.correlation.item import Item
from rules.correlation.measure import Condition, Measure
from rules.saved import State, StateUnreadable, decoded, encoded

SOON = """\
title: Success after failures
correlation: {type: temporal_ordered, rules: [ssh_failure, ssh_success], group-by: [source.ip], timespan: 1h}
tocsin: {decision: observe}
"""
SLOW = """\
title: Many failures
correlation: {type: event_count, rules: [ssh_failure], group-by: [source.ip], timespan: 1h, condition: {gte: 600}}
tocsin: {decision: observe}
"""

EVERY = (FAILURE, SUCCESS, BRUTE_FORCE, USERS, BREAK_IN, SOON, SLOW)

EITHER = """\
title: Many guesses, or many names
correlation:
    type: event_count
    rules: [ssh_brute_force, ssh_users]
    group-by: [source.ip]
    timespan: 60s
    condition: {gte: 2}
tocsin: {decision: observe}
"""
TWO_WAYS = (FAILURE, BRUTE_FORCE.replace("gte: 5", "gte: 3"), USERS.replace("id:", "name: ssh_users\nid:", 1), EITHER)


def stored(state: GroupState) -> GroupState:
    """As it comes back from the disk."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=GroupState)


def rebuilt(states: Iterable[GroupState]) -> Group:
    """The group that these lead to, one after the other."""
    group = None
    for state in states:
        group = state.after(group)
    assert group is not None
    return group


@given(st.data())
def test_what_changed_leads_to_the_whole(data: st.DataObject) -> None:
    """Lines in any order, saved at any moment; the last few parts may be applied twice."""
    measure = data.draw(st.sampled_from([Measure.EVENTS, Measure.VALUES]))
    condition = Condition(measure=measure, span=10, bounds=(("gte", 3),))
    group, states = Group(), []
    for number, time in enumerate(data.draw(st.lists(st.integers(0, 60), min_size=1, max_size=60))):
        insert(group, condition, time, Item(value=str(time % 5)), lambda _: ("x", 1), str(number))
        if data.draw(st.booleans()):
            states.append(stored(group.unsaved()))
    states.append(stored(group.unsaved()))
    again = data.draw(st.integers(0, len(states)))
    assert rebuilt([*states, *states[again:]]).whole() == group.whole()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, 9))
def test_deltas_alone_lead_to_what_the_engine_holds(seed: int, sizes: list[int], again: int) -> None:
    """Chains, values and orders, lines early and late, in any cut; the last few deltas may be applied twice."""
    chance = random.Random(seed)
    lines = [
        ssh(max(0, at / 2 + chance.uniform(-30, 30)), user=chance.choice("abc"), ok=chance.random() < 0.02)
        for at in range(150)
    ]
    engine = engine_of(*EVERY)
    deltas = [engine.feed(batch).delta for batch in batches_of(lines, sizes)]
    restored = engine_of(*EVERY)
    restored.restore(None, [*deltas, *deltas[-again:]])
    assert decoded(restored.snapshot()) == decoded(engine.snapshot())
    assert restored.held_bytes == engine.held_bytes > 0


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_an_event_that_comes_by_two_ways_is_counted_once_also_after_a_kill(seed: int) -> None:
    """A late line makes it a match of one rule, and a later one of another; both are counted by a third."""
    chance = random.Random(seed)
    stamps = [round(max(0, at * 4 + chance.uniform(-30, 30)), 3) for at in range(40)]
    batches = batches_of([ssh(at, user=chance.choice("abcd")) for at in stamps], [chance.randint(1, 4) for _ in stamps])
    through, killed, deltas = engine_of(*TWO_WAYS), engine_of(*TWO_WAYS), []
    for batch in batches:
        told, wanted = killed.feed(batch), through.feed(batch)
        deltas.append(told.delta)
        assert [(one.id, one.events) for one in told.findings] == [(one.id, one.events) for one in wanted.findings]
        if chance.random() < 0.4:
            killed = engine_of(*TWO_WAYS)
            killed.restore(None, deltas)
    assert decoded(killed.snapshot()) == decoded(through.snapshot())


def test_what_is_saved_does_not_grow_with_what_is_held() -> None:
    """Of a long row of failures each batch saves its own lines, not those before."""
    engine = engine_of(FAILURE, SUCCESS, SOON, BRUTE_FORCE)
    sizes = [len(engine.feed(batch).delta) for batch in batches_of([ssh(at) for at in range(2000)], [100] * 20)]
    assert max(sizes[2:]) < 2 * sizes[1]
    assert len(engine.snapshot()) > 3 * sizes[-1]


def test_nothing_but_state_is_taken_for_it() -> None:
    """What another version wrote is told from what nobody wrote."""
    state = State(5, {}, [], [], [])
    assert decoded(encoded(state)) == state
    assert decoded(b"\x95\x01\x05\xc0\x90\x90") is None
    for garbage in (b"garbage", encoded(state)[:-1], b"\x02" + b"x" * 20):
        with pytest.raises(StateUnreadable, match="cannot be read"):
            decoded(garbage)
