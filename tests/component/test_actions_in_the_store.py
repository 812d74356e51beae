"""Actions on each database: versions, digests that survive a redaction, who wrote what, gaps, and merged records."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from support.fakes import START, FakeClock
from support.once import once
from support.store import finding

from rules.event import Severity
from store.action import ActionKind, ActionState
from store.answers import Answer
from store.database import Store
from store.designation import Colleague, Staff
from store.duties import Matter, MatterKind
from store.errors import ActNotAllowed, InvariantBroken, NotFound, StaleVersion
from store.forms import FormName
from store.four_eyes import FourEyes
from store.incident import Actor, ActorKind, EntryKind, Incident, Step
from store.notice import NoticeKind
from store.people import Person, Role
from store.repository.dossier import action_turns, actions, discrepancies, forms, plan
from store.repository.dossier.action_turns import Acted
from store.repository.grouping import findings, merges
from store.repository.people import persons
from store.repository.record import records, timeline
from store.repository.steps import duties
from store.site import Site
from store.tables import notice
from store.tx import Tx

ROLES = {
    "ana": {Role.RESPONDER},
    "lea": {Role.INVESTIGATOR, Role.RESPONDER},
    "oli": {Role.ACTION_OWNER},
    "dee": {Role.ACTION_OWNER},
    "ver": {Role.VERIFIER},
}
ANA, LEA, OLI, DEE, VER = (Actor(kind=ActorKind.PERSON, id=one) for one in ROLES)
DUE = START.date() + timedelta(days=10)
PLAN: dict[str, Any] = {
    "causes": ("finding 1",),
    "text": "lock accounts",
    "owner": "oli",
    "deputy": "dee",
    "due": DUE,
    "criterion": "none",
}


@pytest.fixture
async def opened(store: Store) -> Store:
    """Persons of every part, and one incident of severity high."""

    def fill(tx: Tx) -> None:
        everybody = [Person(id=one, name=one, roles=frozenset(roles), from_config=True) for one, roles in ROLES.items()]
        persons.upsert_from_config(tx, everybody)
        findings.take(tx, finding(severity=Severity.HIGH))

    await once(store, lambda: store.write(fill), __name__, "opened")
    return store


async def write(
    store: Store, actor: Actor = LEA, kind: ActionKind = ActionKind.CONFIGURATION, number: int = 1, **changes: Any
) -> Acted:
    given: dict[str, Any] = {"kind": kind, "plan": PLAN | changes, "via": "token", "site": Site()}
    return await store.write(lambda tx: action_turns.write(tx, number, actor, **given))


async def take(store: Store, name: str, actor: Actor = LEA, which: int = 1, number: int = 1, **given: Any) -> Acted:
    """Do *name* to an action, upon the version that it has."""
    version = (await store.read(lambda c: actions.get(c, number, which))).version
    given = {"version": version, "via": "token", "site": Site()} | given
    return await store.write(lambda tx: getattr(action_turns, name)(tx, number, which, actor, **given))


async def change(store: Store, number: int = 1, **changes: Any) -> Incident:
    """Put the incident there, whatever it takes otherwise."""

    def work(tx: Tx) -> Incident:
        before = records.load(tx.connection, number)
        records.change(tx, before, after := replace(before, **changes))
        return after

    return await store.write(work)


async def save(store: Store, form: FormName, **rows: Any) -> None:
    def work(tx: Tx) -> None:
        latest = forms.latest(tx.connection, 1, form)
        answers = {name: Answer(value=value) for name, value in rows.items()}
        forms.save(tx, 1, form, answers, expected=latest.version if latest else 0, by=LEA, via="token")

    await store.write(work)


async def test_every_version_is_kept_and_told(opened: Store, clock: FakeClock) -> None:
    """Each change is a version of its own with an entry that bears its hash; nothing is ever changed or deleted."""
    await write(opened)
    clock.advance(60)
    await take(opened, "change", changes={"text": "lock after five failures"})
    await take(opened, "agree")
    await take(opened, "move", due=DUE + timedelta(days=5), reason="the vendor is late")
    kept = await opened.read(lambda c: actions.history(c, 1))
    assert [one.action.version for one in kept] == [1, 2, 3, 4]
    entries = [one for one in await opened.read(lambda c: timeline.of(c, 1)) if one.kind is EntryKind.ACTION]
    assert [one.facts["hash"] for one in entries] == [one.hash for one in kept]
    assert [(one.facts["did"], one.facts["fields"]) for one in entries][1:] == [
        ("change", "text"),
        ("agree", ""),
        ("move", "due"),
    ]
    assert entries[-1].values == {"note": "the vendor is late"}
    one = await opened.read(lambda c: actions.get(c, 1, 1))
    assert [(slip.due, slip.until, slip.by, slip.reason) for slip in one.slips] == [
        (DUE, DUE + timedelta(days=5), "lea", "the vendor is late")
    ]
    for statement in ("UPDATE action SET owner = 'me'", "DELETE FROM action", "UPDATE action_text SET text = ''"):
        with pytest.raises(InvariantBroken):
            await opened.write(lambda tx, said=statement: tx.connection.execute(text(said)))  # type: ignore[misc]


async def test_who_is_to_do_it_hears_of_it(opened: Store) -> None:
    """Whoever owns it is told when it is agreed upon, becomes theirs, is moved or returned, unless that was they."""

    async def told() -> list[tuple[NoticeKind, str]]:
        rows = select(notice.c.kind, notice.c.matter).where(notice.c.matter.startswith("action:"))
        return [(row.kind, row.matter) for row in await opened.read(lambda c: c.execute(rows).all())]

    await write(opened, owner="dee", deputy="")
    await take(opened, "change", changes={"criterion": "no success"})
    assert await told() == []
    await take(opened, "agree")
    assert await told() == [(NoticeKind.YOUR_TURN, "action:1")]
    await take(opened, "change", changes={"criterion": "none"})
    await take(opened, "change", changes={"owner": "oli"})
    await take(opened, "move", due=DUE + timedelta(days=1), reason="the vendor is late")
    assert len(await told()) == 3
    await change(opened, step=Step.FOLLOW_UP)
    await take(opened, "done", OLI, evidence="commit 1")
    await take(opened, "give_back", VER, reason="the test fails")
    assert len(await told()) == 4
    one = await opened.read(lambda c: actions.get(c, 1, 1))
    assert (one.state, one.done_by, one.effective_from, one.evidence) == (ActionState.AGREED, None, None, "")
    await write(opened, ANA, ActionKind.CORRECTION, owner="ana", deputy="", causes=())
    await take(opened, "agree", ANA, 2)
    assert len(await told()) == 4


async def test_a_redaction_leaves_hashes_and_digests(opened: Store) -> None:
    """Text and salt are gone from every version, also from the bytes of the database; what was signed still holds."""
    await write(opened)
    await take(opened, "change", changes={"owner": "dee", "deputy": ""})
    before = await opened.read(lambda c: actions.digests(c, 1))
    hashes = [one.hash for one in await opened.read(lambda c: actions.history(c, 1))]
    await opened.write(lambda tx: actions.redact(tx, 1, 1, "text", by=LEA, reason="a name", via="token"))
    one = await opened.read(lambda c: actions.get(c, 1, 1))
    assert (one.text, one.criterion) == (None, "none")
    assert await opened.read(lambda c: actions.digests(c, 1)) == before
    assert [one.hash for one in await opened.read(lambda c: actions.history(c, 1))] == hashes
    with pytest.raises(NotFound, match="redacted before"):
        await opened.write(lambda tx: actions.redact(tx, 1, 1, "text", by=LEA, reason="again"))
    await take(opened, "agree")
    assert (await opened.read(lambda c: actions.digests(c, 1))) == before
    last = (await opened.read(lambda c: timeline.of(c, 1)))[-2]
    assert (last.kind, last.facts["field"], last.facts["reason"]) == (EntryKind.REDACTED, "text", "a name")


async def test_what_an_approval_covers(opened: Store) -> None:
    """The plan, not how far it has come; a drop takes it away; a correction that addresses nothing is no plan."""
    await write(opened)
    await write(opened, ANA, ActionKind.CORRECTION, owner="", deputy="", causes=(), due=None)
    await opened.write(lambda tx: plan.give_reason(tx, 1, LEA, cause="finding 2", reason="not worth it", via="token"))
    before = await opened.read(lambda c: actions.digests(c, 1))
    assert set(before) == {
        f"1.{name}" for name in ("kind", "causes", "owner", "deputy", "due", "text", "criterion")
    } | {"none.finding 2"}
    assert (before["1.owner"], before["1.due"]) == ("oli", DUE.isoformat())
    assert "lock" not in before["1.text"]
    await take(opened, "agree")
    await change(opened, step=Step.FOLLOW_UP)
    await take(opened, "done", DEE, evidence="commit 1")
    await take(opened, "verify", VER)
    assert await opened.read(lambda c: actions.digests(c, 1)) == before
    await opened.write(lambda tx: plan.give_reason(tx, 1, LEA, cause="finding 2", reason="it is", via="token"))
    after = await opened.read(lambda c: actions.digests(c, 1))
    assert {name for name in before if before[name] != after[name]} == {"none.finding 2"}
    await write(opened)
    assert "3.text" in await opened.read(lambda c: actions.digests(c, 1))
    await take(opened, "drop", which=3, reason="twice")
    assert await opened.read(lambda c: actions.digests(c, 1)) == after
    assert (await opened.read(lambda c: actions.get(c, 1, 3))).dropped_because == "twice"


async def test_who_wrote_the_plan(opened: Store) -> None:
    """Everybody whose words stood in it in any version; doing and verifying is no writing."""
    await write(opened, ANA, ActionKind.CORRECTION, owner="oli")
    await take(opened, "change", changes={"text": "block the network"})
    await take(opened, "done", ANA, evidence="ufw")
    await take(opened, "verify", VER)
    await opened.write(lambda tx: plan.give_reason(tx, 1, LEA, cause="incident", reason="x", via="token"))
    assert await opened.read(lambda c: actions.writers(c, 1)) == {
        "action 1": {"ana", "lea"},
        "no action for incident": {"lea"},
    }


async def test_gaps_of_a_plan(opened: Store) -> None:
    """Findings that need a change, open discrepancies, and everything that an action does not say yet."""
    row = {"statement": "s", "evidence": "e", "confidence": "likely"}
    rows = [row | {"change_needed": "sshd"}, row | {"change_needed": "no"}, row | {"change_needed": "logging"}]
    await save(opened, FormName.INVESTIGATION, findings=rows)
    found = await opened.read(lambda c: plan.gaps(c, 1, now=START))
    assert (found.incomplete, found.uncovered) == ((), ("finding 1", "finding 3", "actions"))
    await write(opened, criterion="", causes=("finding 1", "finding 4"))
    found = await opened.read(lambda c: plan.gaps(c, 1, now=START))
    assert found.incomplete == ("action 1: criterion", "action 1: finding 4")
    assert found.uncovered == ("finding 3",)
    await take(opened, "change", changes={"criterion": "none", "causes": ("finding 1",)})
    await take(opened, "agree")
    await opened.write(lambda tx: plan.give_reason(tx, 1, LEA, cause="finding 3", reason="too dear", via="token"))
    found = await opened.read(lambda c: plan.gaps(c, 1, now=START))
    assert (found.incomplete, found.uncovered) == ((), ())
    record = await change(opened, step=Step.APPROVAL)
    await opened.write(lambda tx: discrepancies.add(tx, record, ["the date is wrong"], VER, "token"))
    found = await opened.read(lambda c: plan.gaps(c, 1, now=START))
    assert found.uncovered == ("discrepancy 1",)
    await write(opened, causes=("discrepancy 1",))
    assert (await opened.read(lambda c: plan.gaps(c, 1, now=START))).uncovered == ()
    await opened.write(lambda tx: forms.redact(tx, 1, FormName.INVESTIGATION, "findings", by=LEA, reason="names"))
    found = await opened.read(lambda c: plan.gaps(c, 1, now=START))
    assert (found.incomplete, found.uncovered) == (("action 2: agree",), ())


async def test_a_new_cycle_asks_anew(opened: Store) -> None:
    """What covered the findings of the old cycle covers none of the new one, until somebody takes it up again."""
    await write(opened)
    await take(opened, "agree")
    await opened.write(lambda tx: plan.give_reason(tx, 1, LEA, cause="incident", reason="x", via="token"))
    await change(opened, cycle=2)
    found = await opened.read(lambda c: plan.gaps(c, 1, now=START))
    assert found.uncovered == ("actions",)
    assert await opened.read(lambda c: actions.reasons(c, 1)) == {}
    await take(opened, "change", changes={"text": "lock accounts on all hosts"})
    found = await opened.read(lambda c: plan.gaps(c, 1, now=START))
    assert (found.incomplete, found.uncovered) == (("action 1: finding 1",), ())


async def test_actions_go_on_with_the_record_that_carries_theirs(opened: Store) -> None:
    """Merging loses no action: it is listed with the other record's, and done as that one's step allows."""
    other = finding("f2", rule="rule-2", source="198.51.100.1", host="db1", severity=Severity.HIGH)
    await opened.write(lambda tx: findings.take(tx, other))
    await write(opened)
    await write(opened, number=2, text="of the other")
    await take(opened, "agree", number=2)
    version = (await opened.read(lambda c: records.load(c, 2))).version
    await opened.write(lambda tx: merges.merge(tx, 2, 1, LEA, version=version, via="token"))
    listed = await opened.read(lambda c: actions.of(c, 1))
    assert [(one.incident, one.number, one.called_in(1)) for one in listed] == [(1, 1, "1"), (2, 1, "INC-2/1")]
    gaps = await opened.read(lambda c: plan.gaps(c, 1, now=START))
    assert gaps.incomplete == ("action 1: agree", "action 1: finding 1")
    gaps = await opened.read(lambda c: plan.gaps(c, 1, now=START + timedelta(days=11)))
    assert "INC-2 action 1: due has passed" in gaps.incomplete
    assert "INC-2/1.text" in await opened.read(lambda c: actions.digests(c, 1))
    with pytest.raises(ActNotAllowed) as refused:
        await take(opened, "done", OLI, number=2, evidence="x")
    assert refused.value.code == "not_approved"
    await change(opened, step=Step.FOLLOW_UP)
    acted = await take(opened, "done", OLI, number=2, evidence="x")
    assert (acted.action.state, acted.record.number) == (ActionState.DONE, 1)


async def test_what_is_done_is_to_be_verified(opened: Store) -> None:
    """Whoever may verify it is asked, nobody who had a hand in it; once it is verified nobody is."""
    await write(opened)
    await take(opened, "agree")
    await change(opened, step=Step.FOLLOW_UP)
    await take(opened, "done", OLI, evidence="x")
    asked_for = Matter(MatterKind.VERIFICATION, "1")

    async def asked() -> list[str] | None:
        record = await opened.read(lambda c: records.load(c, 1))
        staff = Staff(colleagues=tuple(Colleague(id=one, roles=frozenset(ROLES[one])) for one in ROLES))
        found = await opened.read(lambda c: duties.asked(c, record, asked_for, Site(staff=staff), START))
        return None if found is None else [one.person for one in found]

    matters = await opened.read(lambda c: c.execute(select(notice.c.matter).order_by(notice.c.id)).scalars().all())
    assert (matters[-1], await asked()) == ("verification:1", ["ver"])
    await take(opened, "verify", VER)
    assert await asked() is None


async def test_two_at_once(opened: Store) -> None:
    """Of two who saw the same version one is told that the other was first; two who add are both heard."""
    first, second = await asyncio.gather(write(opened), write(opened))
    assert {first.action.number, second.action.number} == {1, 2}
    given: dict[str, Any] = {"version": 1, "via": "token", "site": Site()}

    async def attempt(changes: dict[str, Any]) -> str:
        try:
            await opened.write(lambda tx: action_turns.change(tx, 1, 1, LEA, changes=changes, **given))
        except StaleVersion as stale:
            return f"{stale.version} by {stale.by}"
        return "done"

    assert sorted(await asyncio.gather(attempt({"text": "a"}), attempt({"text": "b"}))) == ["2 by lea", "done"]


async def test_what_was_waived_is_told(opened: Store) -> None:
    """Where nobody else is there one person may verify their own, and the timeline says what clashed."""
    await opened.write(
        lambda tx: persons.upsert_from_config(
            tx, [Person(id="oli", name="Oli", roles=frozenset(Role), from_config=True)]
        )
    )
    await write(opened, OLI, ActionKind.CORRECTION, deputy="")
    await take(opened, "done", OLI, evidence="x")
    with pytest.raises(ActNotAllowed) as refused:
        await take(opened, "verify", OLI)
    assert (refused.value.code, refused.value.allowed) == ("four_eyes", ("return", "drop"))
    await take(opened, "verify", OLI, site=Site(four_eyes=FourEyes.WAIVED))
    facts = (await opened.read(lambda c: timeline.of(c, 1)))[-1].facts
    assert (facts["waived"], facts["clash"]) == ("four_eyes", "oli owns action 1")


async def test_refusals_keep_nothing(opened: Store) -> None:
    """What is refused writes neither a version nor an entry."""
    await write(opened)
    before = await opened.read(lambda c: timeline.of(c, 1))
    with pytest.raises(ActNotAllowed):
        await write(opened, due=date(2020, 1, 1))
    for name, given in (("move", {"due": None, "reason": ""}), ("drop", {"reason": ""})):
        with pytest.raises(ActNotAllowed) as refused:
            await take(opened, name, **given)
        assert refused.value.allowed == ("change", "move", "agree", "drop")
    assert await opened.read(lambda c: timeline.of(c, 1)) == before
    with pytest.raises(NotFound):
        await opened.read(lambda c: actions.get(c, 1, 2))
