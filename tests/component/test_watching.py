"""Watches in the store: they begin with their action, count what was seen, are judged, and have consequences."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from support.fakes import START, FakeClock
from support.once import once
from support.path import ABE, BO, INA, PEOPLE, SITE, VERA, add_people, frozen, given, none, plan, seen, stand
from support.store import finding, line

from rules.event import Entity, Severity
from store import process
from store.coverage import Alive, Kind, digest
from store.database import Store
from store.errors import ActNotAllowed, MoveNotAllowed
from store.forms import FormName
from store.incident import EntryKind, Incident, Outcome, Step, Track
from store.notice import NoticeKind
from store.people import Person, Role
from store.promise import Promise
from store.repository.dossier import action_turns, actions, forms
from store.repository.follow_up import coverage, improvements, watch_acts, watches, watching
from store.repository.grouping import findings
from store.repository.incident import acts, incidents, moves
from store.repository.people import fresh, persons
from store.repository.record import records, timeline
from store.repository.steps import closing
from store.tables import notice
from store.tx import Tx
from store.watch import Verdict

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RULES = {"rule-1": "v1"}
WEB1 = Entity(kind="host", value="web1")
#: A busy rule: the daemon saw it for ten days before the fix, ten events a day.
FIX = START + 10 * DAY


def alive(tx: Tx, start: datetime, until: datetime, rules: dict[str, str] | None = None, source: str = "auth") -> None:
    """Source and rules were alive between two moments, and then no more."""
    versions = RULES if rules is None else rules
    coverage.keep_rules(tx, versions)
    coverage.seen(
        tx,
        [
            Alive(kind=Kind.SOURCE, name=source, start=start, until=until),
            Alive(kind=Kind.RULES, name=digest(versions), start=start, until=until),
        ],
    )
    coverage.end_all(tx, "over")


class Case:
    """An incident that is followed up, with one action that has effect since `FIX`."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock

    async def open(
        self, *, before: int = 10, track: Track = Track.STANDARD, severity: Severity = Severity.HIGH
    ) -> None:
        def fill(tx: Tx) -> None:
            add_people(tx)
            for day in range(before):
                when = START + day * DAY + HOUR
                findings.take(tx, match(f"f{day}", when, events=10, severity=severity, evidence=(line(day + 1, when),)))

        async def make() -> None:
            await self.store.write(fill)
            self.clock.set(FIX)
            await self.store.write(lambda tx: self._follow_up(tx, track))

        await once(self.store, make, __name__, before, track, severity)
        self.clock.set(FIX)

    def _follow_up(self, tx: Tx, track: Track) -> None:
        alive(tx, START, FIX)
        frozen(tx, 1)
        stand(tx, 1, process.FOLLOW_UP, track=track, approved_at=tx.now)
        agreed = actions.get(tx.connection, 1, 1)
        action_turns.done(tx, 1, 1, BO, version=agreed.version, evidence="4f2a", via="token", site=SITE)

    async def verify(self) -> None:
        def work(tx: Tx) -> None:
            done = actions.get(tx.connection, 1, 1)
            action_turns.verify(tx, 1, 1, VERA, version=done.version, via="token", site=SITE)

        await self.store.write(work)

    async def plan(self, **changes: Any) -> None:
        promise: dict[str, Any] = {
            "criterion": "no guessing succeeds",
            "hours": 48.0,
            "action": 1,
            "scope": [WEB1],
        } | changes
        await self.store.write(lambda tx: watch_acts.plan(tx, 1, INA, via="token", **promise))

    async def pass_(
        self, hours: float, *, seen_hours: float | None = None, rules: dict[str, str] | None = None
    ) -> None:
        """Let time pass, of which the daemon saw the first part."""
        start = self.clock.now()
        self.clock.advance(hours * 3600)
        until = start + (hours if seen_hours is None else seen_hours) * HOUR
        await self.store.write(lambda tx: alive(tx, start, until, rules))

    async def look(self) -> int:
        """What the daemon does every two seconds."""
        now = self.clock.now()
        ended = 0
        for number, which in await self.store.read(lambda connection: watching.due(connection, now)):
            ended += await self.store.write(lambda tx, n=number, k=which: watching.go_on(tx, n, k))  # type: ignore[misc]
        for number in await self.store.read(closing.ripe):
            ended += await self.store.write(lambda tx, n=number: closing.close_by_itself(tx, n))  # type: ignore[misc]
        return ended

    async def happen(self, id: str = "again", when: datetime | None = None, **changes: Any) -> None:  # noqa: A002
        """The attack comes again, now."""
        moment = when or self.clock.now()
        await self.store.write(lambda tx: findings.take(tx, match(id, moment, **changes)))

    async def watches(self) -> Sequence[Promise]:
        return await self.store.read(lambda connection: watches.of(connection, 1))

    async def watch(self) -> Promise:
        return (await self.watches())[-1]

    async def record(self, number: int = 1) -> Incident:
        return await self.store.read(lambda connection: records.load(connection, number))

    async def entries(self, kind: EntryKind) -> list[dict[str, Any]]:
        told = await self.store.read(lambda connection: timeline.of(connection, 1))
        return [dict(one.facts) for one in told if one.kind is kind]

    async def notices(self) -> Sequence[Any]:
        look = select(notice).where(notice.c.incident == 1).order_by(notice.c.id)
        return await self.store.read(lambda connection: connection.execute(look).all())

    async def close(self, **changes: Any) -> None:
        await self.store.write(lambda tx: closing.close(tx, 1, INA, site=SITE, **(seen(tx, 1) | changes)))

    async def write_up(self, lessons: Any = None) -> None:
        """Answer what the form of step 7 asks for."""

        def work(tx: Tx) -> None:
            answers = {
                "plan": given([{"check": "look", "due": "2026-04-01", "owner": "ina"}]),
                "lessons": none("nothing new") if lessons is None else given(lessons),
                "closing_note": given("done"),
            }
            before = forms.latest(tx.connection, 1, FormName.FOLLOW_UP)
            expected = before.version if before else 0
            forms.save(tx, 1, FormName.FOLLOW_UP, answers, expected=expected, by=INA, via="token")

        await self.store.write(work)


def match(id: str, when: datetime, **changes: Any) -> Any:  # noqa: A002
    return finding(id, first_seen=when, **({"host": "web1", "severity": Severity.HIGH} | changes))


@pytest.fixture
async def case(store: Store, clock: FakeClock) -> Case:
    made = Case(store, clock)
    await made.open()
    return made


async def test_a_watch_begins_with_its_action(case: Case) -> None:
    """It runs from when the action has effect, and knows which versions of its rules it watches with."""
    await case.plan()
    assert (await case.watch()).start is None
    await case.look()
    one = await case.watch()
    assert (one.start, one.until, one.versions) == (FIX, FIX + 48 * HOUR, RULES)
    assert (one.rules, one.sources) == (("rule-1",), ("auth",))
    assert [facts["what"] for facts in await case.entries(EntryKind.WATCHING)] == ["planned", "began"]
    assert await case.look() == 0, "nothing is due"


async def test_silence_while_somebody_listened_is_effective(case: Case) -> None:
    """Ten a day before, none in two exposed days: the old rate cannot have gone on."""
    await case.plan()
    await case.look()
    await case.pass_(48)
    assert await case.look() == 1
    one = await case.watch()
    assert one.verdict is Verdict.EFFECTIVE
    assert (one.before_matches, one.before_hours, one.after_matches, one.after_hours) == (100, 240.0, 0, 48.0)
    assert one.judgement is not None
    assert one.judgement.sentence == "10 a day before, 0 in 48 exposed hours"
    assert (await case.entries(EntryKind.VERDICT))[0]["exposed_hours"] == "48"
    assert (await case.record()).step is Step.FOLLOW_UP


@pytest.mark.parametrize("blind", ["daemon", "rule"])
async def test_silence_while_nobody_listened_proves_nothing(case: Case, blind: str) -> None:
    """Down, or with the rule rewritten: those hours do not count; it goes on once, then it says so."""
    await case.plan()
    await case.look()
    seen_hours = 1.0 if blind == "daemon" else None
    rules = {"rule-1": "v2"} if blind == "rule" else None
    await case.pass_(49, seen_hours=seen_hours, rules=rules)
    assert await case.look() == 0
    one = await case.watch()
    assert (one.extended, one.until, one.verdict) == (True, FIX + 96 * HOUR, None)
    await case.pass_(48, seen_hours=0, rules=rules)
    assert await case.look() == 1
    one = await case.watch()
    assert one.verdict is Verdict.INSUFFICIENT_DATA
    assert one.after_hours == (1.0 if blind == "daemon" else 0.0)


async def test_it_waits_for_lines_that_are_not_read_yet(case: Case) -> None:
    """Silence is not judged before everything written until its end was looked at, or two minutes have passed."""
    await case.plan()
    await case.look()
    await case.pass_(48, seen_hours=47.999)
    assert await case.look() == 0
    case.clock.advance(121)
    assert await case.look() == 1
    assert (await case.watch()).verdict is Verdict.EFFECTIVE


async def test_a_match_sends_it_back_to_its_actions(case: Case) -> None:
    """More than promised ends it at once: the incident goes back by itself, people hear of it although somebody has
    it, and the verdict stays as history."""
    await case.plan()
    await case.look()
    await case.pass_(5)
    await case.happen(source="198.51.100.9", key="another attacker")
    assert await case.look() == 1
    record, one = await case.record(), await case.watch()
    assert (record.step, record.status.value, record.cycle) == (Step.CORRECTIVE_ACTIONS, "open", 1)
    assert (one.verdict, one.after_matches, one.counts) == (Verdict.NOT_EFFECTIVE, 1, False)
    assert one.judgement is not None
    assert one.judgement.sentence == "10 a day before, 1 in 5 exposed hours; none was promised"
    moved = (await case.entries(EntryKind.MOVED))[-1]
    assert (moved["from"], moved["to"], moved["watch"]) == ("follow_up", "corrective_actions", 1)
    told = await case.notices()
    assert (told[-1].kind, told[-1].breaks_through) == (NoticeKind.WORSE, True)
    assert await case.look() == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "web2"},
        {"rule": "rule-2"},
        {"when": FIX - HOUR},
        {"history": True, "when": FIX - DAY},
        {"merged_into": "f1"},
    ],
    ids=str,
)
async def test_what_it_does_not_promise_does_not_count(case: Case, changes: dict[str, Any]) -> None:
    """Another host, another rule, lines read late of what was before, an episode that is part of an older one."""
    await case.plan()
    await case.look()
    await case.pass_(5)
    await case.happen(**({"source": "198.51.100.9", "key": "other"} | changes))
    assert await case.look() == 0
    assert (await case.watch()).verdict is None


async def test_a_limit_is_a_promise_too(case: Case) -> None:
    """So many are as promised, one more is not."""
    await case.plan(at_most=3)
    await case.look()
    await case.pass_(5)
    await case.happen(key="noise", events=3)
    assert await case.look() == 0
    await case.happen(key="noise", events=4, opened=False)
    assert await case.look() == 1
    assert (await case.record()).step is Step.CORRECTIVE_ACTIONS


async def test_findings_that_opened_nothing_count(case: Case) -> None:
    """A rule that is only recorded is counted as well: what counts is the event, not the record."""
    from rules.event import Decision

    await case.pass_(1, rules=RULES | {"rule-9": "v1"})
    await case.plan(rules=["rule-9"], sources=["auth"])
    await case.look()
    await case.pass_(1)
    await case.happen("r9", rule="rule-9", decision=Decision.RECORD, key="r9")
    assert await case.look() == 1
    assert (await case.watch()).verdict is Verdict.NOT_EFFECTIVE


async def test_matches_before_it_is_followed_up_are_judged_then(store: Store, clock: FakeClock) -> None:
    """A watch runs from the fix on, whatever is signed meanwhile; its verdict moves only what is followed up."""
    case = Case(store, clock)
    await case.open()
    await case.store.write(lambda tx: stand(tx, 1, process.APPROVAL))
    await case.plan()
    await case.look()
    await case.happen(key="other", when=FIX + HOUR)
    assert await case.look() == 0
    await case.store.write(lambda tx: stand(tx, 1, process.FOLLOW_UP))
    assert await case.look() == 1
    assert (await case.watch()).verdict is Verdict.NOT_EFFECTIVE


async def test_nobody_planned_one(case: Case) -> None:
    """It promises that its own rules are silent where they matched, for thirty days from then on."""
    await case.look()
    await case.look()
    one = await case.watch()
    assert (one.planned_by, one.action, one.rules, one.scope) == ("tocsin", None, ("rule-1",), (WEB1,))
    assert (one.start, one.hours) == (FIX, 720.0)


async def test_after_a_rework_the_promise_is_made_anew(case: Case) -> None:
    """The old verdict is history; nobody planned another one, so the same is promised for the record as a whole."""
    await case.plan(at_most=0)
    await case.look()
    await case.happen(key="other", when=FIX + HOUR)
    await case.look()
    await case.pass_(24)
    await case.store.write(lambda tx: stand(tx, 1, process.FOLLOW_UP))
    await case.look()
    await case.look()
    old, new = await case.watches()
    assert (old.verdict, old.counts) == (Verdict.NOT_EFFECTIVE, False)
    assert (new.action, new.criterion, new.scope, new.hours) == (None, old.criterion, old.scope, old.hours)
    assert new.start == case.clock.now()


async def test_a_dropped_action_takes_its_watch_along(case: Case) -> None:
    """What is not done promises nothing."""

    def drop(tx: Tx) -> None:
        stand(tx, 1, process.CORRECTIVE_ACTIONS)
        number = plan(tx, 1, causes=["incident"])
        watch_acts.plan(tx, 1, INA, via="token", criterion="c", hours=1, action=number)
        one = actions.get(tx.connection, 1, number)
        action_turns.drop(tx, 1, number, INA, version=one.version, reason="another way", via="token", site=SITE)

    await case.store.write(drop)
    await case.look()
    assert (await case.watch()).counts is False


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"criterion": " "}, ("criterion",)),
        ({"hours": 0}, ("hours",)),
        ({"hours": 1e-12}, ("hours",)),
        ({"hours": float("nan")}, ("hours",)),
        ({"hours": 2161}, ("hours",)),
        ({"action": 7}, ("action",)),
        ({"scope": [Entity(kind="source", value="203.0.113.7")]}, ("scope",)),
        ({"rules": ["rule-7"]}, ("rules",)),
        ({"sources": ["nowhere"]}, ("sources",)),
        ({"criterion": "", "hours": -1, "action": 9, "sources": ["x"]}, ("criterion", "hours", "action", "sources")),
    ],
    ids=str,
)
async def test_a_watch_that_could_prove_nothing_is_refused(
    case: Case, changes: dict[str, Any], missing: tuple[str, ...]
) -> None:
    """All that is wrong is named at once."""
    with pytest.raises(ActNotAllowed) as refused:
        await case.plan(**changes)
    assert (refused.value.code, refused.value.missing) == ("invalid_watch", missing)
    assert await case.watches() == ()


async def test_once_signed_only_an_approver_takes_a_watch_back(case: Case) -> None:
    """Hiding what a watch would show is no easier than signing the plan."""
    await case.plan()

    async def take_back(actor: Any, reason: str = "wrong host") -> None:
        await case.store.write(lambda tx: watch_acts.take_back(tx, 1, 1, actor, via="token", reason=reason))

    with pytest.raises(ActNotAllowed, match="approver"):
        await take_back(INA)
    with pytest.raises(ActNotAllowed, match="why"):
        await take_back(ABE, " ")
    await take_back(ABE)
    assert (await case.watch()).counts is False
    with pytest.raises(ActNotAllowed, match="over"):
        await take_back(ABE)


async def test_what_was_taken_back_is_not_promised_anew(case: Case) -> None:
    """It may have been wrong: the incident's own rules and hosts are watched instead."""
    await case.plan(scope=[Entity(kind="host", value="web9")], hours=1.0)
    await case.store.write(lambda tx: watch_acts.take_back(tx, 1, 1, ABE, via="token", reason="wrong host"))
    await case.look()
    assert ((await case.watch()).scope, (await case.watch()).hours) == ((WEB1,), 720.0)


async def test_a_void_approval_closes_nothing(store: Store, clock: FakeClock) -> None:
    """A light incident whose dossier changed waits for its signature, and holds up no other."""
    case = Case(store, clock)
    await case.open(before=1, track=Track.LIGHT, severity=Severity.LOW)
    await case.plan(hours=1)
    await case.look()
    await case.store.write(
        lambda tx: stand(tx, 1, process.FOLLOW_UP, track=Track.LIGHT, approval_void="since version 2")
    )
    await case.pass_(1)
    await case.look()
    await case.pass_(1)
    assert await case.look() == 1
    assert (await case.record()).is_open


async def _insufficient(case: Case) -> None:
    await case.plan()
    await case.look()
    await case.pass_(49, seen_hours=0)
    await case.look()
    await case.pass_(49, seen_hours=0)
    assert await case.look() == 1
    assert (await case.watch()).verdict is Verdict.INSUFFICIENT_DATA


async def test_somebody_else_tries_it(case: Case) -> None:
    """Where counting proved nothing, a trial by somebody who did not do it decides."""
    await _insufficient(case)

    async def tried(actor: Any) -> None:
        await case.store.write(
            lambda tx: watch_acts.tried(tx, 1, 1, actor, via="token", how="ten wrong passwords", proof="ATT-3")
        )

    with pytest.raises(ActNotAllowed) as refused:
        await tried(BO)
    assert refused.value.code == "four_eyes"
    await tried(VERA)
    one = await case.watch()
    assert one.verdict is Verdict.EFFECTIVE_TESTED
    assert one.judgement is not None
    assert one.judgement.sentence.endswith("; tried by vera")
    assert one.trial is not None
    assert (one.trial.how, one.trial.evidence) == ("ten wrong passwords", "ATT-3")
    assert [facts["verdict"] for facts in await case.entries(EntryKind.VERDICT)] == [
        "insufficient_data",
        "effective_tested",
    ]


async def test_the_risk_is_borne_by_who_signs(case: Case) -> None:
    """A fresh token, a reason, and something to bear; then it can be closed, once."""
    await case.plan()
    await case.look()

    async def accept(reason: str = "switched off in May", token: str = "t" * 64) -> None:
        await case.store.write(
            lambda tx: watch_acts.accept_risk(tx, 1, 1, ABE, via="token", reason=reason, fresh_digest=token)
        )

    with pytest.raises(ActNotAllowed) as refused:
        await accept()
    assert refused.value.code == "no_risk"
    await case.pass_(49, seen_hours=0)
    await case.look()
    await case.pass_(49, seen_hours=0)
    await case.look()
    for given_, code in (({"reason": ""}, "reason_required"), ({}, "fresh_sign_in")):
        with pytest.raises(ActNotAllowed) as refused:
            await accept(**given_)
        assert refused.value.code == code
    await case.store.write(lambda tx: fresh.create(tx, "abe", "t" * 64))
    await accept()
    one = await case.watch()
    assert (one.verdict, one.accepted_by) == (Verdict.INSUFFICIENT_DATA, "abe")
    await case.verify()
    await case.write_up()
    await case.close()
    assert (await case.record()).outcome is Outcome.RESOLVED


async def test_the_risk_of_what_did_not_hold_is_borne_too(case: Case) -> None:
    """It went back to its actions; who signs that it is borne makes the verdict stand; no other watch is planned."""
    await case.plan()
    await case.look()
    await case.pass_(5)
    await case.happen(key="other")
    await case.look()

    def accept(tx: Tx, actor: Any) -> None:
        fresh.create(tx, actor.id, actor.id.ljust(64, "x"))
        digest = actor.id.ljust(64, "x")
        watch_acts.accept_risk(tx, 1, 1, actor, via="token", reason="it is a decoy", fresh_digest=digest)

    def write_in_report(tx: Tx) -> None:
        add = Person(id="ina", name="Ina", roles=frozenset({Role.INVESTIGATOR, Role.APPROVER}), from_config=True)
        persons.upsert_from_config(tx, [*(one for one in PEOPLE if one.id != "ina"), add])

    await case.store.write(write_in_report)
    with pytest.raises(ActNotAllowed) as refused:
        await case.store.write(lambda tx: accept(tx, INA))
    assert refused.value.code == "four_eyes"
    await case.store.write(lambda tx: accept(tx, ABE))
    await case.store.write(lambda tx: stand(tx, 1, process.FOLLOW_UP))
    assert await case.look() == 0
    await case.verify()
    await case.write_up()
    await case.close()
    assert (await case.entries(EntryKind.MOVED))[-1]["verdicts"] == "watch 1: not_effective"
    assert (await case.record()).watched_from is None


async def test_it_is_not_closed_before_all_is_done(case: Case) -> None:
    """Everything that speaks against it is told at once; then it is closed, with its verdicts in the timeline."""
    await case.plan()
    await case.look()
    await case.store.write(lambda tx: acts.concern(tx, 1, BO, text="backup?", via="token"))
    with pytest.raises(MoveNotAllowed) as refused:
        await case.close()
    concern = (await case.store.read(lambda connection: acts.open_concerns(connection, 1)))[0]
    assert refused.value.code == "open_actions"
    missing = ("action 1", "watch 1", f"concern {concern}")
    assert refused.value.missing[:3] == missing
    assert "follow_up.closing_note" in refused.value.missing
    assert "watch 1: until 2026-03-14 09:00:00 UTC" in str(refused.value)
    await case.verify()
    await case.pass_(48)
    await case.look()
    await case.store.write(lambda tx: acts.answer(tx, 1, BO, text="fine", via="token", to_entry=concern))
    await case.write_up([{"item": "alert on new hosts", "owner": "ina", "due": "2026-06-01"}])
    await case.close(note="well done")
    record = await case.record()
    assert (record.outcome, record.watched_from) == (Outcome.RESOLVED, FIX)
    assert record.watched_until == FIX + 30 * DAY
    assert (await case.entries(EntryKind.MOVED))[-1]["verdicts"] == "watch 1: effective"
    (lesson,) = await case.store.read(improvements.all_open)
    assert (lesson.incident, lesson.item, lesson.owner, str(lesson.due)) == (
        1,
        "alert on new hosts",
        "ina",
        "2026-06-01",
    )


async def test_who_may_not_close(case: Case) -> None:
    """A role, a version, a place."""
    for actor in (BO, VERA, ABE):
        with pytest.raises(MoveNotAllowed) as refused:
            await case.store.write(lambda tx, who=actor: closing.close(tx, 1, who, site=SITE, **seen(tx, 1)))  # type: ignore[misc]
        assert refused.value.code == "role_required"
    await case.store.write(lambda tx: stand(tx, 1, process.INVESTIGATION))
    with pytest.raises(MoveNotAllowed) as refused:
        await case.close()
    assert refused.value.code == "not_a_move"


async def test_rework_by_hand_needs_a_reason(case: Case) -> None:
    """Whoever doubts sends it back; a watch that runs runs on."""
    await case.plan()
    await case.look()

    async def rework(reason: str) -> None:
        await case.store.write(lambda tx: closing.rework(tx, 1, INA, reason=reason, **seen(tx, 1)))

    with pytest.raises(MoveNotAllowed) as refused:
        await rework(" ")
    assert (refused.value.code, refused.value.missing) == ("reason_required", ("reason",))
    await rework("half of the hosts were left out")
    assert (await case.record()).step is Step.CORRECTIVE_ACTIONS
    assert (await case.watch()).is_running


@pytest.mark.parametrize("quiet", [True, False])
async def test_light_is_closed_by_its_watch(store: Store, clock: FakeClock, quiet: bool) -> None:
    """Nobody is asked a third time: not even if the silence proves nothing. A match sends it back."""
    case = Case(store, clock)
    await case.open(before=1, track=Track.LIGHT, severity=Severity.LOW)
    await case.plan(hours=1)
    await case.look()
    await case.pass_(1)
    if not quiet:
        await case.happen(key="other")
    await case.look()
    record = await case.record()
    if not quiet:
        assert record.step is Step.CORRECTIVE_ACTIONS
        return
    assert (record.is_open, (await case.watch()).extended) == (True, True)
    await case.pass_(1)
    assert await case.look() == 2
    record = await case.record()
    assert (record.outcome, (await case.watch()).verdict) == (Outcome.RESOLVED, Verdict.INSUFFICIENT_DATA)


async def closed(case: Case, **changes: Any) -> None:
    """Close it with an effective verdict."""
    await case.plan(**changes)
    await case.look()
    await case.pass_(48)
    await case.look()
    await case.verify()
    await case.write_up()
    await case.close()


@pytest.mark.parametrize(
    ("days", "reopened"), [(1, True), (27, True), (28.1, False), (400, False)], ids=lambda one: str(one)
)
async def test_a_match_after_closing_reopens_within_its_window(case: Case, days: float, reopened: bool) -> None:
    """Thirty days after the fix at most: a new cycle that pages as a new incident. Later it is one of its own."""
    await closed(case)
    case.clock.advance(days * 86400)
    await case.happen("late", evidence=(line(99, case.clock.now()),))
    record = await case.record()
    assert record.is_open is reopened
    newest = await case.store.read(lambda connection: incidents.counts(connection).open)
    assert newest == 1
    if not reopened:
        assert (await case.record(2)).recurrence_of == 1
        return
    assert (record.cycle, record.step, record.acknowledged_at) == (2, Step.NOTIFICATION, None)
    assert (record.watched_from, record.watched_until) == (None, None)
    assert await case.store.read(lambda connection: watches.current(connection, record)) == ()
    told = await case.notices()
    assert (told[-1].kind, told[-1].cycle) == (NoticeKind.OPENED, 2)


@pytest.mark.parametrize(("at_most", "reopened"), [(0, True), (5, False)])
async def test_a_line_read_late_counts_against_what_was_promised(case: Case, at_most: int, reopened: bool) -> None:
    """Its event is after the fix and before the closing: none was promised, so it reopens; a few were: it does not."""
    await closed(case, at_most=at_most)
    case.clock.advance(60)
    await case.happen("late", when=FIX + HOUR)
    assert (await case.record()).is_open is reopened


@pytest.mark.parametrize(
    ("changes", "host", "reopened"),
    [({}, "web1", True), ({}, "db1", False), ({"scope": ()}, "db1", True), ({"at_most": 3}, "web1", False)],
    ids=["where it was promised", "elsewhere", "everywhere was promised", "a few were promised"],
)
async def test_another_attacker_breaks_what_was_promised(
    case: Case, changes: dict[str, Any], host: str, reopened: bool
) -> None:
    """The promise is about the protected side: who breaks it does not matter."""
    await closed(case, **changes)
    case.clock.advance(86400)
    await case.happen("other", source="198.51.100.77", host=host)
    record = await case.record()
    assert (record.is_open, record.cycle) == ((True, 2) if reopened else (False, 1))
    assert await case.store.read(lambda connection: incidents.counts(connection).open) == 1


async def test_another_attacker_while_it_is_followed_up(case: Case) -> None:
    """It is the same incident, whose actions are worked on again; no second one is opened."""
    await case.plan()
    await case.look()
    await case.pass_(1)
    await case.happen("other", source="198.51.100.77")
    assert await case.store.read(lambda connection: incidents.counts(connection).open) == 1
    await case.look()
    assert (await case.record()).step is Step.CORRECTIVE_ACTIONS


async def test_what_was_before_the_fix_reopens_nothing(case: Case) -> None:
    """However late it is read."""
    await closed(case)
    await case.happen("late", when=FIX - HOUR)
    assert (await case.record()).is_open is False


async def test_reopened_by_hand_the_watches_are_history(case: Case) -> None:
    """A new cycle needs a promise of its own."""
    await closed(case)

    def reopen(tx: Tx) -> None:
        from support.path import ANA

        moves.reopen(tx, 1, ANA, reason="not convinced", **seen(tx, 1))

    await case.store.write(reopen)
    record = await case.record()
    assert record.cycle == 2
    assert await case.store.read(lambda connection: watches.current(connection, record)) == ()
