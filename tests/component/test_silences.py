"""Silences in the store: made, agreed upon, made longer, ended, and told in the installation's own chain."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.store import ANA, BO, add_persons, finding

from rules.event import Severity
from store.database import Store
from store.errors import ActNotAllowed, StaleVersion
from store.four_eyes import FourEyes
from store.incident import Actor, ActorKind, EntryKind
from store.repository.grouping import findings
from store.repository.hiding import silences
from store.repository.incident import acts
from store.repository.record import timeline
from store.silence import Hidden, NewSilence, Silence, SilenceState
from store.site import Site
from store.tx import Tx

HOUR = timedelta(hours=1)
VI = Actor(kind=ActorKind.PERSON, id="vi")


@pytest.fixture
async def filled(store: Store) -> Store:
    """Ana and Bo may silence, Vi may not; INC-1 is open."""

    def fill(tx: Tx) -> None:
        add_persons(tx)
        findings.take(tx, finding("f1", severity=Severity.HIGH))

    await once(store, lambda: store.write(fill), __name__, "filled")
    return store


def new(**values: Any) -> NewSilence:
    given: dict[str, Any] = {
        "matchers": {"asset": ("web1",)},
        "reason": "new disks",
        "starts_at": START,
        "ends_at": START + 48 * HOUR,
    }
    return NewSilence(**given | values)


async def add(store: Store, actor: Actor = ANA, **values: Any) -> Silence:
    return await store.write(lambda tx: silences.add(tx, actor, new(**values), via="token 1"))


async def settle(store: Store, one: Silence, actor: Actor, **values: Any) -> Silence:
    given: dict[str, Any] = {"version": one.version, "agree": True, "note": "", "via": "", "site": Site()}
    return await store.write(lambda tx: silences.settle(tx, one.number, actor, **given | values))


async def in_force(store: Store, clock: FakeClock) -> list[int]:
    return [one.number for one in await store.read(lambda c: silences.in_force(c, clock.now()))]


async def test_what_hides_much_lapses_unless_another_agrees(filled: Store, clock: FakeClock) -> None:
    """In force at once, for twelve hours; the one who made it cannot agree, another can; each change is told."""
    one = await add(filled)
    assert (one.state, one.lapses_at) == (SilenceState.IN_FORCE, one.created_at + 12 * HOUR)
    with pytest.raises(ActNotAllowed, match="ana proposed silence 1"):
        await settle(filled, one, ANA)
    with pytest.raises(StaleVersion):
        await settle(filled, replace(one, version=7), BO)
    agreed = await settle(filled, one, BO)
    assert (agreed.state, agreed.settled_by) == (SilenceState.AGREED, "bo")
    other = await add(filled, matchers={"asset": ("db1",)})
    clock.advance(12 * 3600 + 1)
    assert await in_force(filled, clock) == [one.number]  # before anybody noted that the other one lapsed
    assert [ended.number for ended in await filled.write(silences.lapse)] == [other.number]
    told = await filled.read(lambda c: timeline.of(c, 0, EntryKind.SILENCED))
    assert [(entry.facts["silence"], entry.facts["did"], entry.actor.id) for entry in told] == [
        (1, "made", "ana"),
        (1, "agreed", "bo"),
        (2, "made", "ana"),
        (2, "over", "tocsin"),
    ]
    assert told[0].values == {"matchers": "asset=web1", "reason": "new disks"}
    assert told[0].via == "token 1"
    again = await add(filled, matchers={"asset": ("db*",)}, ends_at=clock.now() + HOUR)
    assert again.state is SilenceState.PROPOSED  # not in force: nobody agreed to the last one
    seen, until = Hidden(count=1, incidents=(1,)), clock.now() + HOUR
    by_host = await add(filled, matchers={"asset": ("mail1",)}, preview=seen, ends_at=until)
    by_rule = await add(filled, matchers={"rule": ("r1",)}, preview=seen, ends_at=until)
    assert (by_host.state, by_rule.state) == (SilenceState.IN_FORCE, SilenceState.PROPOSED)  # it is the same incident


async def test_what_hides_little_takes_one(filled: Store, clock: FakeClock) -> None:
    """Until its end; then it is over by itself."""
    one = await add(filled, worst=Severity.MEDIUM)
    assert (one.state, one.lapses_at) == (SilenceState.AGREED, None)
    assert await filled.read(silences.next_due) == one.ends_at
    clock.advance(48 * 3600 + 1)
    (over,) = await filled.write(silences.lapse)
    assert (over.state, over.ended_by) == (SilenceState.OVER, None)
    assert await filled.read(silences.next_due) is None


async def test_longer_takes_as_many_as_at_first(filled: Store) -> None:
    """Whoever asks for it cannot agree; declined, the end stays; shorter costs nothing."""
    one = await settle(filled, await add(filled), BO)
    later = one.ends_at + HOUR

    async def extend(of: Silence, ends_at: Any = later, reason: str = "slow disks") -> Silence:
        given: dict[str, Any] = {"version": of.version, "ends_at": ends_at, "reason": reason, "via": ""}
        return await filled.write(lambda tx: silences.extend(tx, of.number, BO, **given))

    asked = await extend(one)
    assert (asked.ends_at, asked.longer_until, asked.longer_by) == (one.ends_at, later, "bo")
    with pytest.raises(ActNotAllowed, match="bo proposed"):
        await settle(filled, asked, BO)
    declined = await settle(filled, asked, ANA, agree=False)
    assert (declined.state, declined.ends_at, declined.longer_until) == (SilenceState.AGREED, one.ends_at, None)
    agreed = await settle(filled, await extend(declined), ANA)
    assert (agreed.ends_at, agreed.longer_until) == (later, None)
    shorter = await extend(agreed, one.ends_at - HOUR)
    assert (shorter.ends_at, shorter.longer_until) == (one.ends_at - HOUR, None)
    with pytest.raises(ActNotAllowed, match="within 30 days"):
        await extend(shorter, one.starts_at + timedelta(days=31))
    with pytest.raises(ActNotAllowed, match="reason"):
        await extend(shorter, later, " ")


async def test_it_ends_with_the_incident_that_it_waits_for(filled: Store, clock: FakeClock) -> None:
    """And is not made for one that is over."""
    one = await add(filled, until_resolved=1)
    assert await filled.write(silences.lapse) == []
    clock.advance(60)
    await filled.write(lambda tx: acts.resolve(tx, 1, BO, via=""))
    assert (await filled.read(silences.next_due) or START) <= clock.now()
    (over,) = await filled.write(silences.lapse)
    assert (over.number, over.state) == (one.number, SilenceState.OVER)
    with pytest.raises(ActNotAllowed, match="INC-1 is over"):
        await add(filled, until_resolved=1)


REFUSED: list[tuple[Actor, dict[str, Any], str]] = [
    (VI, {}, "role_required"),
    (Actor(kind=ActorKind.OS, id="0"), {}, "person_required"),
    (ANA, {"reason": " "}, "reason_required"),
    (ANA, {"ends_at": START - HOUR}, "invalid_moment"),
    (ANA, {"ends_at": START + timedelta(days=31)}, "invalid_moment"),
]


async def test_it_takes_a_responder_a_reason_and_an_end(filled: Store) -> None:
    """Each refusal has its code."""
    for actor, values, code in REFUSED:
        with pytest.raises(ActNotAllowed) as refused:
            await add(filled, actor, **values)
        assert refused.value.code == code, values


async def test_ended_and_waived(filled: Store) -> None:
    """Anybody who may make one may end one; where four eyes are waived, that is written down."""
    one = await add(filled)
    ended = await filled.write(
        lambda tx: silences.end(tx, one.number, BO, version=None, reason="the disks are in", via="")
    )
    assert (ended.state, ended.ended_by) == (SilenceState.WITHDRAWN, "bo")
    with pytest.raises(ActNotAllowed, match="it is withdrawn"):
        await settle(filled, ended, BO)
    other = await add(filled, matchers={"rule": ("x",)})
    agreed = await settle(filled, other, ANA, site=replace(Site(), four_eyes=FourEyes.WAIVED))
    assert (agreed.state, agreed.name) == (SilenceState.AGREED, "mute 2")
    told = await filled.read(lambda c: timeline.of(c, 0, EntryKind.SILENCED))
    assert told[-1].facts["waived"] == "four_eyes"
