"""The approval of a frozen dossier, on each database: who signs, what they have seen, and what hinders them."""

from dataclasses import replace
from functools import partial

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.path import (
    ABE,
    DORA,
    INA,
    PEOPLE,
    REX,
    RITA,
    SITE,
    VI,
    ZOE,
    given,
    none,
)
from support.signing import CHECKED, approve, begin, edit, entries, frozen, now, refused, sign, signing, state
from support.store import finding

from detector.api.identity import hash_of
from store.database import Store
from store.designation import Designation, Staff
from store.errors import InvariantBroken
from store.forms import FormName
from store.four_eyes import FourEyes
from store.incident import Actor, EntryKind, Step, Track
from store.people import Role
from store.repository.dossier import approval, dossiers, forms, signatures
from store.repository.grouping import findings
from store.repository.incident.acts import Done
from store.repository.people import fresh, persons
from store.repository.record import timeline
from store.tx import Tx

PAIR = replace(SITE, four_eyes=FourEyes.PAIR)
BOTH = frozenset(Role) - {Role.SOURCE}


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


def run(statement: str, tx: Tx) -> None:
    tx.connection.exec_driver_sql(statement)


def by_author(author: Actor, tx: Tx) -> Done:
    return approve(tx, author)


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
