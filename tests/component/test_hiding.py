"""Hiding an incident in another, or piece by piece, is no easier than dismissing it; on each database."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from support.fakes import FakeClock
from support.once import once
from support.store import ANA, BO, add_persons, finding

from rules.event import Severity
from store.database import Store
from store.errors import MoveNotAllowed
from store.incident import Incident, Step
from store.notice import NoticeKind
from store.repository.grouping import findings, merges
from store.repository.incident import by_hand, incidents
from store.repository.record import records
from store.tables import notice
from store.tx import Tx


@pytest.fixture
async def two(store: Store, clock: FakeClock) -> Store:
    """INC-1 of severity high, and INC-2, which is harmless and Bo's."""

    def fill(tx: Tx) -> None:
        add_persons(tx)
        findings.take(tx, finding("f1", severity=Severity.HIGH))
        by_hand.open_by_hand(
            tx, ANA, title="a drill", severity=Severity.LOW, what_happened="-", via="token", drill=True
        )
        incidents.acknowledge(tx, 2, BO, via="token")

    await once(store, lambda: store.write(fill), __name__, "two")
    return store


async def now(store: Store, number: int) -> Incident:
    """The record."""
    return await store.read(lambda connection: records.load(connection, number))


async def merge(store: Store) -> None:
    """INC-1 into INC-2."""
    version = (await now(store, 1)).version
    await store.write(lambda tx: merges.merge(tx, 1, 2, ANA, version=version, via="token"))


async def test_what_is_worse_is_told_of_and_is_no_drill(two: Store) -> None:
    """What somebody has already, or what is an exercise, becomes neither silent nor an exercise for what joins it."""
    await merge(two)
    after = await now(two, 2)
    assert (after.drill, after.severity) == (False, Severity.HIGH)
    told = select(notice.c.breaks_through).where(notice.c.incident == 2, notice.c.kind == NoticeKind.WORSE)
    assert await two.read(lambda connection: connection.execute(told).scalars().all()) == [True]


@pytest.mark.parametrize(
    ("changes", "code"), [({"step": Step.FOLLOW_UP}, "target_approved"), ({"restricted": True}, "tlp")]
)
async def test_what_is_approved_or_restricted_takes_nothing_in(two: Store, changes: dict[str, Any], code: str) -> None:
    """Nobody would report, review or approve it there any more; nor does another's restriction come or go with it."""

    def change(tx: Tx) -> None:
        before = records.load(tx.connection, 2)
        records.change(tx, before, replace(before, **changes))

    await two.write(change)
    with pytest.raises(MoveNotAllowed) as refused:
        await merge(two)
    assert refused.value.code == code
