"""What makes an approval void, on each database, and how the difference is signed."""

from dataclasses import replace
from typing import Any

import pytest
from support.fakes import START
from support.once import once
from support.path import (
    ABE,
    BO,
    INA,
    PEOPLE,
    SITE,
    given,
)
from support.signing import approve, begin, edit, entries, frozen, now, plan, refused, sign, signing, state
from support.store import finding, line

from store import process
from store.database import Store
from store.errors import Refused
from store.forms import FormName
from store.incident import EntryKind, Step
from store.people import Role
from store.repository.dossier import action_turns, approval
from store.repository.grouping import findings
from store.repository.incident.acts import Done
from store.repository.people import persons
from store.tx import Tx


@pytest.fixture
async def opened(store: Store) -> Store:
    """Everybody who takes part, and one incident of severity high."""
    await once(store, lambda: store.write(begin), __name__, "opened")
    return store


@pytest.fixture
async def waiting(opened: Store) -> Store:
    """Its dossier waits for one signature."""
    await opened.write(frozen)
    return opened


async def test_an_edit_voids_the_approval_until_it_is_signed_again(waiting: Store) -> None:
    """It says since which version, by which field; nothing closes before the difference is signed."""
    await sign(waiting, ABE)
    before = await state(waiting)
    version = (await now(waiting)).version
    await waiting.write(lambda tx: edit(tx, harm=given("one account was locked")))
    await waiting.write(lambda tx: edit(tx, what_happened=given("Passwords were guessed.")))
    void = await now(waiting)
    assert (
        void.approval_void
        == "approval void since version 2 of report: report.harm changed, report.what_happened changed"
    )
    assert void.version > version
    assert [one.facts["since"] for one in await entries(waiting, EntryKind.VOIDED)] == ["report 2", "report 2"]
    with pytest.raises(Refused) as error:
        process.advance(void, process.RESOLVED, now=START, by=INA, roles=frozenset({Role.INVESTIGATOR}))
    assert error.value.missing == ("approval_void",)

    def again(tx: Tx, **changes: Any) -> Done:
        return approval.sign_again(tx, 1, ABE, via="token", site=SITE, given=signing(tx, 1, ABE, **changes))

    refusal = await refused(waiting, lambda tx: again(tx, hash=before.hash))
    assert (refusal.code, refusal.missing) == ("stale_hash", ("report.harm", "report.what_happened"))
    done = await waiting.write(again)
    assert (done.incident.approval_void, done.incident.step) == (None, Step.FOLLOW_UP)
    after = await state(waiting)
    assert after.signatures[-1].meaning == "dossier approved anew: report.harm changed, report.what_happened changed"
    assert after.holding == after.signatures[-1:]
    assert (await refused(waiting, again)).code == "not_void"


async def test_what_belongs_to_step_seven_voids_nothing(waiting: Store) -> None:
    """Progress, notes and later matches go to the annex; the plan is covered."""
    await sign(waiting, ABE)
    await waiting.write(lambda tx: edit(tx, FormName.FOLLOW_UP, INA, adjustments=given(["a week longer"])))
    await waiting.write(lambda tx: findings.take(tx, finding("f9", events=9, evidence=(line(9),))))
    assert (await now(waiting)).approval_void is None
    plan = given([{"check": "none", "due": "2026-05-01", "owner": "ina"}])
    await waiting.write(lambda tx: edit(tx, FormName.FOLLOW_UP, INA, plan=plan))
    assert (await now(waiting)).approval_void == "approval void since version 3 of follow_up: follow_up.plan changed"


async def test_the_actions_are_covered(opened: Store) -> None:
    """Who planned one does not approve; another plan voids the approval; that it was done does not."""
    await opened.write(lambda tx: plan(tx, BO))
    await opened.write(frozen)
    promoted = [replace(one, roles=one.roles | {Role.APPROVER}) for one in PEOPLE]
    await opened.write(lambda tx: persons.upsert_from_config(tx, promoted))
    error = await refused(opened, lambda tx: approve(tx, BO))
    assert (error.code, "bo wrote action 1 of the dossier" in str(error)) == ("four_eyes", True)
    await sign(opened, ABE)
    assert (await now(opened)).approval_void is None

    def later(tx: Tx) -> None:
        action_turns.change(tx, 1, 1, BO, version=1, changes={"criterion": "no login"}, via="token", site=SITE)

    await opened.write(later)
    assert (await now(opened)).approval_void == "approval void: actions.1.criterion changed"


async def test_what_goes_back_is_not_approved_any_more(waiting: Store) -> None:
    """Rework and reopening end an approval, and that it was void."""
    await sign(waiting, ABE)
    await waiting.write(lambda tx: edit(tx, harm=given("one account was locked")))
    void = await now(waiting)
    for to, role in ((process.CORRECTIVE_ACTIONS, Role.INVESTIGATOR), (process.NOTIFICATION, Role.RESPONDER)):
        after = process.advance(void, to, now=START, by=INA, roles=frozenset({role}))
        assert (after.approved_at, after.approval_void) == (None, None)
