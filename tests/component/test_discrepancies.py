"""What does not fit in a dossier, on each database: raised by approvers or by what joins, and a dossier sent back."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from support.once import once
from support.path import (
    ABE,
    ANA,
    BO,
    INA,
    PEOPLE,
    REX,
    RITA,
    SITE,
    ZOE,
    fill,
    seen,
    stand,
)
from support.signing import (
    PLAN,
    approve,
    begin,
    edit,
    entries,
    frozen,
    now,
    refused,
    settle,
    sign,
    signing,
    state,
)
from support.store import finding, line

from rules.event import Severity
from rules.finding import Finding
from store import process
from store.action import ActionKind
from store.database import Store
from store.discrepancies import open_ones
from store.errors import NotFound
from store.forms import FormName
from store.four_eyes import FourEyes
from store.incident import Actor, EntryKind, Step, Track
from store.notice import NoticeKind
from store.people import Role
from store.process import Standing
from store.repository.dossier import action_turns, approval, discrepancies
from store.repository.dossier import plan as reasons
from store.repository.dossier.reviews import ReviewResult
from store.repository.grouping import findings, merges
from store.repository.incident.acts import Done
from store.repository.people import persons
from store.repository.record import records
from store.repository.steps import reviewing, stepping
from store.tables import notice
from store.tx import Tx


@pytest.fixture
async def opened(store: Store) -> Store:
    """Everybody who takes part, and one incident of severity high."""
    await once(store, lambda: store.write(begin), __name__, "opened")
    return store


@pytest.fixture
async def waiting(store: Store) -> Store:
    """Its dossier waits for one signature."""

    async def make() -> None:
        await store.write(begin)
        await store.write(frozen)

    await once(store, make, __name__, "waiting")
    return store


@pytest.fixture
async def full(store: Store) -> Store:
    """Its dossier waits for two signatures."""

    async def make() -> None:
        await store.write(begin)
        await store.write(lambda tx: frozen(tx, track=Track.FULL))

    await once(store, make, __name__, "full")
    return store


def close(tx: Tx, by: Actor = ABE, mode: FourEyes = FourEyes.FULL) -> Done:
    return discrepancies.close(tx, 1, by, discrepancy=1, mode=mode, via="token")


async def test_discrepancies_hinder_the_approval(waiting: Store) -> None:
    """Raised, answered by who wrote, closed by another: all three are in the timeline; then it can be signed."""
    await waiting.write(lambda tx: discrepancies.raise_one(tx, 1, ABE, item="the times differ", via="token"))
    error = await refused(waiting, lambda tx: approve(tx, ABE))
    assert (error.code, error.missing) == ("open_discrepancies", ("discrepancy 1",))

    assert (await refused(waiting, close)).code == "answer_required"
    await waiting.write(settle)
    told = await entries(waiting, EntryKind.DISCREPANCY)
    assert [(one.facts["what"], one.actor.id) for one in told] == [
        ("raised", "abe"),
        ("answered", "ina"),
        ("closed", "abe"),
    ]
    [one] = (await state(waiting)).discrepancies
    assert (one.item, one.answer, one.answered_by, one.closed_by) == (
        "the times differ",
        "the time was UTC",
        "ina",
        "abe",
    )
    assert (await refused(waiting, close)).code == "discrepancy_closed"
    await sign(waiting, ABE)


async def test_who_answered_does_not_close(waiting: Store) -> None:
    """Unless four eyes are waived."""
    promoted = [replace(one, roles=one.roles | {Role.APPROVER}) for one in PEOPLE]
    await waiting.write(lambda tx: persons.upsert_from_config(tx, promoted))
    await waiting.write(lambda tx: discrepancies.raise_one(tx, 1, ABE, item="the times differ", via="token"))
    await waiting.write(lambda tx: discrepancies.answer(tx, 1, INA, discrepancy=1, text="UTC", via="token"))
    for mode in (FourEyes.FULL, FourEyes.PAIR):
        error = await refused(waiting, partial(close, by=INA, mode=mode))
        assert error.code == "four_eyes"
    await waiting.write(partial(close, by=INA, mode=FourEyes.WAIVED))


async def test_what_discrepancies_are_refused_with(waiting: Store) -> None:
    """Nothing to say, no such one, not the role, and not where no dossier waits."""
    say: dict[str, Any] = {"via": "token"}
    error = await refused(waiting, lambda tx: discrepancies.raise_one(tx, 1, ABE, item=" ", **say))
    assert (error.code, error.missing) == ("item_required", ("item",))
    error = await refused(waiting, lambda tx: discrepancies.raise_one(tx, 1, INA, item="x", **say))
    assert error.code == "role_required"
    with pytest.raises(NotFound, match="INC-1 has no discrepancy 7"):
        await waiting.write(lambda tx: discrepancies.answer(tx, 1, INA, discrepancy=7, text="x", **say))
    await sign(waiting, ABE)
    error = await refused(waiting, lambda tx: discrepancies.raise_one(tx, 1, ABE, item="x", **say))
    assert error.code == "not_frozen"


def send_back(tx: Tx, by: Actor = ABE, to: Step = Step.INVESTIGATION, **more: Any) -> Done:
    return approval.reject(tx, 1, by, to=to, **seen(tx, 1), **more)


@pytest.mark.parametrize("to", [Step.REPORTING, Step.INVESTIGATION, Step.CORRECTIVE_ACTIONS])
async def test_an_approver_rejects(waiting: Store, to: Step) -> None:
    """With what does not fit; it stays open, and hinders the next approval too."""
    error = await refused(waiting, lambda tx: send_back(tx, to=to, reason="not good"))
    assert (error.code, error.missing) == ("discrepancies_required", ("discrepancies",))
    done = await waiting.write(lambda tx: send_back(tx, to=to, items=("who locked it?", "and when?")))
    assert Standing.of(done.incident) == Standing(to)
    assert [one.item for one in (await state(waiting)).discrepancies if one.is_open] == ["who locked it?", "and when?"]
    assert (await entries(waiting))[-1].facts["what"] == "rejected"


async def test_what_was_raised_before_is_enough_to_reject(waiting: Store) -> None:
    """An open discrepancy need not be said twice."""
    await waiting.write(lambda tx: discrepancies.raise_one(tx, 1, ABE, item="the times differ", via="token"))
    await waiting.write(send_back)
    assert (await now(waiting)).step is Step.INVESTIGATION


async def test_the_lead_withdraws(waiting: Store) -> None:
    """With a reason, and without discrepancies."""
    error = await refused(waiting, lambda tx: send_back(tx, INA))
    assert (error.code, error.missing) == ("reason_required", ("note",))
    await waiting.write(lambda tx: send_back(tx, INA, reason="we forgot a host"))
    told = (await entries(waiting))[-1]
    assert (told.facts["what"], told.values) == ("withdrawn", {"note": "we forgot a host"})


async def test_a_rejected_signature_is_history(full: Store) -> None:
    """After another freeze of the very same content, nobody has signed it yet."""
    await sign(full, ABE)
    await full.write(lambda tx: send_back(tx, ZOE, Step.CORRECTIVE_ACTIONS, items=("look again",)))
    await full.write(settle)

    def again(tx: Tx) -> None:
        record = process.advance(
            records.load(tx.connection, 1),
            process.APPROVAL,
            now=tx.now,
            by=INA,
            roles=frozenset({Role.INVESTIGATOR}),
        )
        records.change(tx, records.load(tx.connection, 1), record)
        approval.freeze(tx, record, SITE)

    await full.write(again)
    after = await state(full)
    assert (len(after.signatures), after.holding) == (1, ())
    assert (await sign(full, ABE)).incident.step is Step.APPROVAL


def take(one: Finding, tx: Tx) -> None:
    findings.take(tx, one)


@contextlib.asynccontextmanager
async def storm(store: Store) -> AsyncIterator[None]:
    """Findings join, fifty at least, as long as the body runs."""
    done = asyncio.Event()

    async def blow() -> int:
        for number in itertools.count():
            if done.is_set() and number >= 50:
                return number
            lines = (line(100 + number),)
            await store.write(partial(take, finding(f"s{number}", severity=Severity.HIGH, events=1, evidence=lines)))
        return 0

    blowing = asyncio.create_task(blow())
    yield
    done.set()
    assert await blowing >= 50


async def test_a_storm_of_findings_hinders_nobody(opened: Store) -> None:
    """From the report to two approvals each move is made upon the version that the one before led to, and both sign
    the hash that was frozen: no 412, no stale hash, no void, and no discrepancy but that there are ten times as many.
    """
    version = (await opened.write(lambda tx: stand(tx, 1, process.REPORTING, track=Track.FULL))).version

    async def go(move: Callable[..., Done], by: Actor, **more: Any) -> None:
        nonlocal version
        done = await opened.write(lambda tx: move(tx, 1, by, version=version, via="token", site=SITE, **more))
        assert done.incident.version == version + (move is not approval.approve or done.incident.step is Step.FOLLOW_UP)
        version = done.incident.version

    async with storm(opened):
        await opened.write(lambda tx: fill(tx, 1, FormName.REPORT))
        await go(stepping.submit, RITA)
        await go(reviewing.review, REX, result=ReviewResult.ACCEPTED)
        await opened.write(lambda tx: fill(tx, 1, FormName.INVESTIGATION))
        await go(stepping.conclude, INA)
        await opened.write(lambda tx: fill(tx, 1, FormName.CORRECTIVE_ACTIONS))
        await opened.write(lambda tx: edit(tx, FormName.FOLLOW_UP, INA, **PLAN))
        await opened.write(
            lambda tx: reasons.give_reason(tx, 1, INA, cause="finding 1", reason="retired soon", via="token")
        )
        await go(stepping.request_approval, INA)
        frozen_hash = (await state(opened)).hash
        for signer in (ABE, ZOE):
            for one in open_ones((await state(opened)).discrepancies):
                assert one.cause == "events"
                await opened.write(partial(settle, which=one.number))
            made = await opened.write(lambda tx, by=signer: signing(tx, 1, by, hash=frozen_hash))  # type: ignore[misc]
            await go(approval.approve, signer, given=made)
    after = await state(opened)
    assert (after.hash, [one.person for one in after.holding]) == (frozen_hash, ["abe", "zoe"])
    assert (await now(opened)).version == version
    assert await entries(opened, EntryKind.VOIDED) == []


BREAKS: dict[str, dict[str, Any]] = {
    "success": {"success": True},
    "severity critical": {"severity": Severity.CRITICAL},
    "events": {"events": 10},
}


@pytest.mark.parametrize("cause", BREAKS)
async def test_what_changes_the_picture_is_a_discrepancy(waiting: Store, cause: str) -> None:
    """It hinders the approval by itself, once for each cause, though people were told of something before."""

    await waiting.write(
        lambda tx: records.change(tx, r := records.load(tx.connection, 1), replace(r, broke_through=True))
    )
    before = await now(waiting)
    already = len(await waiting.read(lambda c: c.execute(select(notice.c.id)).all()))
    for number in range(50):
        told: dict[str, Any] = {"severity": Severity.HIGH, **BREAKS[cause]}
        await waiting.write(partial(take, finding(f"b{number}", **told)))
    found = (await state(waiting)).discrepancies
    assert [(one.cause, one.raised_by.id, one.is_open) for one in found] == [(cause, "tocsin", True)]
    assert found[0].item.startswith("since the freeze: ")
    heard = await waiting.read(lambda c: c.execute(select(notice.c.kind, notice.c.reason)).all())
    assert [(row.kind, row.reason) for row in heard[already:]] == [(NoticeKind.YOUR_TURN, found[0].item)]
    after = await now(waiting)
    assert (after.version, after.step, after.approval_void) == (before.version, Step.APPROVAL, None)
    error = await refused(waiting, lambda tx: approve(tx, ABE))
    assert error.code == "open_discrepancies"
    await waiting.write(settle)
    if cause == "severity critical":  # two must sign from then on
        assert (await sign(waiting, ABE)).incident.step is Step.APPROVAL
        await sign(waiting, ZOE)
    else:
        await sign(waiting, ABE)
    assert (await now(waiting)).step is Step.FOLLOW_UP


async def test_only_what_waits_is_hindered(opened: Store) -> None:
    """Before the freeze nothing is raised."""
    await opened.write(lambda tx: findings.take(tx, finding("b1", severity=Severity.CRITICAL, success=True)))
    assert (await state(opened)).discrepancies == ()


async def test_what_is_merged_into_it_is_a_discrepancy(waiting: Store) -> None:
    """Another incident that it carries on makes another picture; its planned actions make another dossier."""

    def second(tx: Tx) -> None:
        findings.take(tx, finding("f2", source="203.0.113.9", host="db1"))
        stand(tx, 2, process.REPORTING)
        told = {"text": "Block it", "criterion": "no login", "causes": ("incident",)}
        action_turns.write(tx, 2, BO, kind=ActionKind.CORRECTION, plan=told, via="token", site=SITE)

    await waiting.write(second)
    await waiting.write(lambda tx: merges.merge(tx, 2, 1, ANA, **seen(tx, 2)))
    after = await state(waiting)
    assert [(one.cause, one.is_open) for one in after.discrepancies] == [("merged 2", True)]
    assert {change.part for change in after.changes} == {"actions"}
    error = await refused(waiting, lambda tx: approve(tx, ABE))
    assert error.code == "open_discrepancies"
    await waiting.write(settle)
    await sign(waiting, ABE)
    await waiting.write(lambda tx: merges.unmerge(tx, 2, ANA, **seen(tx, 2)))
    void = (await now(waiting)).approval_void
    assert void is not None
    assert void.startswith("approval void: actions.")
