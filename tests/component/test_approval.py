"""The approval of a frozen dossier, on each database: who signs what they have seen, and what makes that void."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.path import (
    ABE,
    ANA,
    BO,
    DORA,
    INA,
    PEOPLE,
    REX,
    RITA,
    SITE,
    VI,
    ZOE,
    add_people,
    fill,
    given,
    none,
    seen,
    stand,
)
from support.signing import CHECKED, PLAN, approve, frozen, signing
from support.store import finding, line

from detector.api.identity import hash_of
from rules.event import Severity
from rules.finding import Finding
from store import process
from store.action import ActionKind
from store.approval import ApprovalState
from store.database import Store
from store.designation import Designation, Staff
from store.discrepancies import open_ones
from store.errors import InvariantBroken, NotFound, Refused
from store.forms import FormName
from store.four_eyes import FourEyes
from store.incident import Actor, EntryKind, Incident, Step, TimelineEntry, Track
from store.people import Role
from store.process import Standing
from store.repository import (
    action_turns,
    approval,
    discrepancies,
    dossiers,
    findings,
    forms,
    fresh,
    merges,
    persons,
    records,
    signatures,
    stepping,
    timeline,
)
from store.repository import plan as reasons
from store.repository.acts import Done
from store.repository.reviews import ReviewResult
from store.tx import Tx

PAIR = replace(SITE, four_eyes=FourEyes.PAIR)
BOTH = frozenset(Role) - {Role.SOURCE}


@pytest.fixture
async def opened(store: Store) -> Store:
    """Everybody who takes part, and one incident of severity high."""

    def begin(tx: Tx) -> None:
        add_people(tx)
        findings.take(tx, finding(severity=Severity.HIGH, events=20, evidence=(line(1), line(2))))

    await store.write(begin)
    return store


@pytest.fixture
async def waiting(opened: Store) -> Store:
    """Its dossier waits for one signature."""
    await opened.write(frozen)
    return opened


@pytest.fixture
async def full(opened: Store) -> Store:
    """Its dossier waits for two signatures."""
    await opened.write(lambda tx: frozen(tx, track=Track.FULL))
    return opened


async def now(store: Store) -> Incident:
    return await store.read(lambda c: records.load(c, 1))


async def state(store: Store) -> ApprovalState:
    return await store.read(lambda c: approval.state(c, 1))


async def entries(store: Store, *kinds: EntryKind) -> list[TimelineEntry]:
    return await store.read(lambda c: timeline.of(c, 1, *kinds))


async def sign(store: Store, by: Actor, **changes: Any) -> Done:
    return await store.write(lambda tx: approve(tx, by, **changes))


async def refused(store: Store, work: Callable[[Tx], object]) -> Refused:
    """What *work* is refused with; nothing is changed by it."""
    before = await now(store), await state(store), len(await entries(store))
    with pytest.raises(Refused) as error:
        await store.write(work)
    assert (await now(store), await state(store), len(await entries(store))) == before
    return error.value


def edit(tx: Tx, name: FormName = FormName.REPORT, by: Actor = RITA, **answers: Any) -> None:
    """Change answers of a form."""
    before = forms.latest(tx.connection, 1, name)
    forms.save(tx, 1, name, answers, expected=before.version if before else 0, by=by, via="token")


def run(statement: str, tx: Tx) -> None:
    tx.connection.exec_driver_sql(statement)


def by_author(author: Actor, tx: Tx) -> Done:
    return approve(tx, author)


def close(tx: Tx, by: Actor = ABE, mode: FourEyes = FourEyes.FULL) -> Done:
    return discrepancies.close(tx, 1, by, discrepancy=1, mode=mode, via="token")


async def test_a_freeze_is_told_and_kept(waiting: Store) -> None:
    """It has number, hash, evidence and the version of the procedure; neither row can be changed or deleted."""
    seen_now = await state(waiting)
    assert seen_now.frozen is not None
    assert (seen_now.frozen.number, seen_now.frozen.events, seen_now.changes) == (1, 20, ())
    assert seen_now.frozen.hash == seen_now.hash == seen_now.frozen.dossier.hash
    assert seen_now.frozen.procedure_version == SITE.procedure_version != PAIR.procedure_version
    assert set(seen_now.now.parts) == {
        "identification",
        "report",
        "investigation",
        "corrective_actions",
        "follow_up",
        "evidence",
    }
    [told] = await entries(waiting, EntryKind.FROZEN)
    assert (told.seq, told.facts["hash"]) == (seen_now.frozen.entry, seen_now.hash)
    await sign(waiting, ABE)
    for table, text in (("dossier", "frozen dossier"), ("signature", "signature")):
        for statement in (f"update {table} set hash = ''", f"delete from {table}"):
            with pytest.raises(InvariantBroken, match=text):
                await waiting.write(partial(run, statement))


async def test_one_signature_approves(waiting: Store) -> None:
    """It keeps name, time, meaning, hash and place; the incident goes to follow-up and says when it was approved."""
    done = await sign(waiting, ABE, note="well done")
    after, [signed] = await now(waiting), (await state(waiting)).signatures
    assert done.incident == after
    assert (after.step, after.approved_at, after.approval_void) == (Step.FOLLOW_UP, START, None)
    assert (signed.printed_name, signed.at, signed.meaning, signed.printed) == (
        "Abe",
        START,
        "dossier approved",
        "1 of 1",
    )
    assert (signed.hash, signed.compliant_with, signed.note) == (
        (await state(waiting)).hash,
        CHECKED.compliant_with,
        "well done",
    )
    told = (await entries(waiting))[-1]
    assert (told.kind, told.actor, told.facts["to"], told.facts["hash"]) == (
        EntryKind.SIGNED,
        ABE,
        "follow_up",
        signed.hash,
    )
    assert await waiting.read(lambda c: (dossiers.faults(c, 1), signatures.faults(c, 1))) == ((), ())


async def test_a_redacted_name_leaves_the_signature(waiting: Store) -> None:
    """Who, when, what stay; what was said is gone, and everything still verifies."""
    await sign(waiting, ABE)
    [signed] = (await state(waiting)).signatures
    await waiting.write(lambda tx: timeline.redact(tx, 1, signed.entry, "printed_name", by=DORA, reason="asked to"))
    [after] = (await state(waiting)).signatures
    assert (after.printed_name, after.person, after.hash) == ("", "abe", signed.hash)
    assert await waiting.read(lambda c: signatures.faults(c, 1)) == ()


async def test_a_light_signature_stands_for_both(opened: Store) -> None:
    """On the light track one signature says that the report was reviewed, too, and asks for no checklist."""
    await opened.write(lambda tx: frozen(tx, track=Track.LIGHT))
    await sign(opened, ABE, checklist=None)
    [signed] = (await state(opened)).signatures
    assert (signed.meaning, signed.accurate) == ("report reviewed, dossier approved", None)
    assert (await now(opened)).step is Step.FOLLOW_UP


async def test_who_cannot_sign(waiting: Store) -> None:
    """Not without the role, not unless asked, not over one's own text; each refusal says why."""
    error = await refused(waiting, lambda tx: approve(tx, VI))
    assert error.code == "role_required"
    error = await refused(waiting, lambda tx: approve(tx, ZOE))
    assert (error.code, str(error)) == (
        "not_approver",
        "INC-1 cannot go to follow_up: zoe is not asked to approve this; asked is abe",
    )
    promoted = [replace(one, roles=one.roles | {Role.APPROVER}) for one in PEOPLE]
    await waiting.write(lambda tx: persons.upsert_from_config(tx, promoted))
    for author, field in ((RITA, "report"), (INA, "corrective_actions")):
        error = await refused(waiting, partial(by_author, author))
        assert error.code == "four_eyes"
        assert f"{author.id} wrote {field}." in str(error)
    error = await refused(waiting, lambda tx: approve(tx, REX))
    assert error.code == "not_approver"


async def test_an_author_stays_one(waiting: Store) -> None:
    """Whose text was written over has still written in the dossier."""
    promoted = [replace(one, roles=one.roles | {Role.APPROVER, Role.REPORTER}) for one in PEOPLE]
    await waiting.write(lambda tx: persons.upsert_from_config(tx, promoted))
    await waiting.write(lambda tx: edit(tx, by=ABE, harm=given("some")))
    await waiting.write(lambda tx: edit(tx, by=RITA, harm=none("nobody was harmed")))
    error = await refused(waiting, lambda tx: approve(tx, ABE))
    assert (error.code, "abe wrote report.harm of the report" in str(error)) == ("four_eyes", True)


async def test_everything_that_lacks_is_told_at_once(waiting: Store) -> None:
    """Hash, checklist and token: one refusal names them all, and a token that was sent is not used up by it."""
    error = await refused(waiting, lambda tx: approve(tx, ABE, hash="0" * 64, checklist=None, fresh=hash_of("none")))
    assert error.code == "stale_hash"
    assert error.missing == (
        "hash",
        "checklist.accurate",
        "checklist.complete",
        "checklist.compliant_with",
        "fresh",
    )
    assert "reject" in error.allowed
    unsure = replace(CHECKED, accurate=False, compliant_with=" ")
    error = await refused(waiting, lambda tx: approve(tx, ABE, checklist=unsure))
    assert (error.code, error.missing) == ("checklist_required", ("checklist.accurate", "checklist.compliant_with"))


async def test_nobody_signs_what_they_have_not_seen(waiting: Store) -> None:
    """An edit since the freeze makes the hash stale and names the field; the new hash can be signed."""
    old = (await state(waiting)).hash
    await waiting.write(lambda tx: edit(tx, harm=given("one account was locked")))
    error = await refused(waiting, lambda tx: approve(tx, ABE, hash=old))
    assert (error.code, error.missing) == ("stale_hash", ("report.harm",))
    assert "report.harm changed" in str(error)
    assert (await now(waiting)).approval_void is None  # nobody had signed
    await sign(waiting, ABE)
    after = await state(waiting)
    assert after.frozen is not None
    assert (after.frozen.number, after.changes, [one.dossier for one in after.signatures]) == (2, (), [2])
    assert [one.actor for one in await entries(waiting, EntryKind.FROZEN)][-1] == ABE


async def test_confirming_changes_nothing(waiting: Store) -> None:
    """Whoever confirms what the daemon prefilled leaves the hash; the approver sees how many are left."""
    before = await state(waiting)
    assert "report.title" in before.unconfirmed

    def confirm(tx: Tx) -> None:
        version = forms.latest(tx.connection, 1, FormName.REPORT)
        assert version is not None
        forms.save(tx, 1, FormName.REPORT, {}, expected=version.version, by=RITA, via="token", confirmed=("title",))

    await waiting.write(confirm)
    after = await state(waiting)
    assert (after.hash, "report.title" in after.unconfirmed) == (before.hash, False)


async def test_fresh_tokens(waiting: Store, clock: FakeClock) -> None:
    """A token signs once, within five minutes, for the person who made it."""
    await waiting.write(lambda tx: fresh.create(tx, "abe", hash_of("one")))
    assert not await waiting.write(lambda tx: fresh.is_good(tx, "zoe", hash_of("one")))
    error = await refused(waiting, lambda tx: approve(tx, ABE, fresh=hash_of("other")))
    assert (error.code, error.missing) == ("fresh_sign_in", ("fresh",))
    clock.advance(299)
    assert await waiting.write(lambda tx: fresh.is_good(tx, "abe", hash_of("one")))
    clock.advance(1)
    error = await refused(waiting, lambda tx: approve(tx, ABE, fresh=hash_of("one")))
    assert error.code == "fresh_sign_in"
    await waiting.write(lambda tx: fresh.create(tx, "abe", hash_of("two")))
    await sign(waiting, ABE, fresh=hash_of("two"))
    assert not await waiting.write(lambda tx: fresh.spend(tx, "abe", hash_of("two")))


# -- the second approval -----------------------------------------------------------------------------------------------


async def test_two_sign_on_the_full_track(full: Store) -> None:
    """The first signature leaves it where it stands; the same person cannot give the second, another can."""
    done = await sign(full, ABE)
    assert (done.incident.step, done.incident.approved_at) == (Step.APPROVAL, None)
    assert (await entries(full))[-1].facts["printed"] == "1 of 2"
    error = await refused(full, lambda tx: approve(tx, ABE))
    assert (error.code, "abe gave the first approval" in str(error)) == ("four_eyes", True)
    await sign(full, ZOE)
    signed = (await state(full)).signatures
    assert [(one.person, one.printed, one.signature) for one in signed] == [
        ("abe", "1 of 2", "approve"),
        ("zoe", "2 of 2", "second_approval"),
    ]
    assert (await now(full)).step is Step.FOLLOW_UP


async def test_the_reviewer_does_not_approve_on_the_full_track(full: Store) -> None:
    """All signatures are apart there."""
    promoted = [replace(one, roles=one.roles | {Role.APPROVER}) for one in PEOPLE]
    await full.write(lambda tx: persons.upsert_from_config(tx, promoted))
    error = await refused(full, lambda tx: approve(tx, REX))
    assert (error.code, "reviewed the report" in str(error)) == ("four_eyes", True)


async def test_an_edit_voids_the_first_signature(full: Store) -> None:
    """Then both must sign what stands there now, the first one by difference."""
    await sign(full, ABE)
    await full.write(lambda tx: edit(tx, harm=given("one account was locked")))
    assert (await now(full)).approval_void == "approval void since version 2 of report: report.harm changed"
    await sign(full, ZOE)
    assert (await now(full)).step is Step.APPROVAL
    done = await sign(full, ABE)
    assert (done.incident.step, done.incident.approval_void) == (Step.FOLLOW_UP, None)
    signed = (await state(full)).signatures
    assert [(one.person, one.printed) for one in signed] == [("abe", "1 of 2"), ("zoe", "1 of 2"), ("abe", "2 of 2")]
    assert signed[2].meaning == "dossier approved, as the second approver anew: report.harm changed"
    assert [one.number for one in signed if (await state(full)).holds(one)] == [2, 3]


async def test_a_track_that_rises_asks_for_what_is_missing(waiting: Store) -> None:
    """A dossier of the light track that became standard lacks fields; they are named."""
    await waiting.write(lambda tx: edit(tx, harm=None))
    error = await refused(waiting, lambda tx: approve(tx, ABE))
    assert (error.code, error.missing) == ("missing_fields", ("report.harm",))


async def two(store: Store) -> None:
    """Only two persons are left, and each may do anything."""
    only = [replace(one, roles=BOTH) for one in PEOPLE if one.id in ("rita", "ina")]
    await store.write(lambda tx: persons.upsert_from_config(tx, only))


async def test_a_pair_signs_in_parts(full: Store) -> None:
    """Each leaves what is their own to the other; it is approved once nothing is left, on the full track too."""
    await two(full)
    pair = replace(PAIR, staff=Staff())
    done = await sign(full, INA, site=pair)
    assert done.incident.step is Step.APPROVAL
    [first] = (await state(full)).signatures
    assert {"investigation.findings", "follow_up.plan"} <= set(first.leaves)
    error = await refused(full, lambda tx: approve(tx, INA, site=pair))
    assert (error.code, "ina gave the first approval" in str(error)) == ("four_eyes", True)
    done = await sign(full, RITA, site=pair)
    assert done.incident.step is Step.FOLLOW_UP


async def test_a_pair_signs_in_parts_on_the_standard_track(waiting: Store) -> None:
    """Who has signed all but their own is told what waits for the other one."""
    await two(waiting)
    pair = replace(PAIR, staff=Staff())
    await sign(waiting, RITA, site=pair)
    error = await refused(waiting, lambda tx: approve(tx, RITA, site=pair))
    assert error.code == "second_approval_pending"
    assert "the other one must sign report." in str(error)
    done = await sign(waiting, INA, site=pair)
    assert (done.incident.step, (await state(waiting)).signatures[1].printed) == (Step.FOLLOW_UP, "2 of 2")


async def test_a_pair_closes_a_critical_one_with_one_of_two(full: Store) -> None:
    """Who wrote nothing approves alone: printed "1 of 2"; an outsider who is asked for it may add the second."""
    pair = replace(PAIR, staff=Staff(designations=(Designation(approver="abe", deputy="dora"),)))
    done = await sign(full, ABE, site=pair)
    assert done.incident.step is Step.FOLLOW_UP
    assert [one.printed for one in (await state(full)).signatures] == ["1 of 2"]

    def again(tx: Tx) -> Done:
        return approval.sign_again(tx, 1, DORA, via="token", site=pair, given=signing(tx, 1, DORA))

    await full.write(again)
    assert [one.printed for one in (await state(full)).signatures] == ["1 of 2", "2 of 2"]
    assert (await refused(full, again)).code == "not_void"


async def test_a_waiver_is_written_down(waiting: Store) -> None:
    """Where four eyes are waived the author may sign, and the record says what would have clashed."""
    waived = replace(SITE, four_eyes=FourEyes.WAIVED, staff=Staff(designations=(Designation(approver="ina"),)))
    await two(waiting)
    await sign(waiting, INA, site=waived)
    [signed] = (await state(waiting)).signatures
    told = (await entries(waiting))[-1]
    assert (signed.waived, told.facts["waived"]) == (True, "four_eyes")
    assert "ina wrote" in str(told.facts["clash"])


# -- discrepancies and rejection ---------------------------------------------------------------------------------------


def settle(tx: Tx, which: int = 1) -> None:
    """Ina answers, Abe is content."""
    discrepancies.answer(tx, 1, INA, discrepancy=which, text="the time was UTC", via="token")
    discrepancies.close(tx, 1, ABE, discrepancy=which, mode=FourEyes.FULL, via="token")


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


# -- what comes after the approval -------------------------------------------------------------------------------------


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


def plan(tx: Tx, by: Actor) -> None:
    """Write an action down."""
    told = {"text": "Turn passwords off", "criterion": "no login by password", "causes": ("incident",)}
    action_turns.write(tx, 1, by, kind=ActionKind.CORRECTION, plan=told, via="token", site=SITE)


async def test_what_goes_back_is_not_approved_any_more(waiting: Store) -> None:
    """Rework and reopening end an approval, and that it was void."""
    await sign(waiting, ABE)
    await waiting.write(lambda tx: edit(tx, harm=given("one account was locked")))
    void = await now(waiting)
    for to, role in ((process.CORRECTIVE_ACTIONS, Role.INVESTIGATOR), (process.NOTIFICATION, Role.RESPONDER)):
        after = process.advance(void, to, now=START, by=INA, roles=frozenset({role}))
        assert (after.approved_at, after.approval_void) == (None, None)


# -- what the machine attaches meanwhile -------------------------------------------------------------------------------


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
        await go(stepping.review, REX, result=ReviewResult.ACCEPTED)
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
    for number in range(50):
        told: dict[str, Any] = {"severity": Severity.HIGH, **BREAKS[cause]}
        await waiting.write(partial(take, finding(f"b{number}", **told)))
    found = (await state(waiting)).discrepancies
    assert [(one.cause, one.raised_by.id, one.is_open) for one in found] == [(cause, "tocsin", True)]
    assert found[0].item.startswith("since the freeze: ")
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


# -- batches -----------------------------------------------------------------------------------------------------------


async def test_a_batch_is_signed_at_once(opened: Store) -> None:
    """Light incidents of one rule, with one token: all of them, or none."""

    def fill(tx: Tx) -> None:
        for number in (2, 3):
            findings.take(tx, finding(f"f{number}", source=f"203.0.113.{number}", host=f"web{number}"))
        for number in (1, 2, 3):
            frozen(tx, number, track=Track.LIGHT)

    await opened.write(fill)

    def all_of(tx: Tx, **changes: str) -> list[Done]:
        hashes = {number: approval.state(tx.connection, number).hash for number in (1, 2, 3)}
        wanted = [(number, changes.get(f"INC-{number}", told)) for number, told in hashes.items()]
        return approval.approve_all(tx, wanted, ABE, via="token", site=SITE, given=signing(tx, 1, ABE))

    error = await refused(opened, lambda tx: all_of(tx, **{"INC-3": "0" * 64}))
    assert (error.code, "INC-3" in str(error)) == ("stale_hash", True)
    done = await opened.write(all_of)
    assert [one.incident.step for one in done] == [Step.FOLLOW_UP] * 3
    heavy = await refused(
        opened,
        lambda tx: approval.approve_all(tx, [(1, "x"), (1, "x")], ABE, via="", site=SITE, given=signing(tx, 1, ABE)),
    )
    assert heavy.code == "not_a_batch"
