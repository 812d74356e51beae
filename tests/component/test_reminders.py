"""Hand-overs, reminders and timers on each database: who hears what, and each of it once, whatever happens between."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.store import ANA, add_persons, finding

from detector.lapses import Lapses
from notifier import planning
from notifier.plan import Routing
from notifier.route import Receiver, Route
from rules.event import Severity
from store.action import ActionKind
from store.answers import Answer, State
from store.calendar import Calendar
from store.database import Store
from store.deadlines import Deadlines, Duty, Start, Timer, Within
from store.designation import Colleague, Designation, Leave, Staff
from store.duties import Matter
from store.errors import ActNotAllowed, MoveNotAllowed
from store.forms import FormName
from store.incident import (
    Actor,
    ActorKind,
    EntryKind,
    Incident,
    NewEntry,
    Outcome,
    Stage,
    Status,
    Step,
    TimelineEntry,
)
from store.notice import NewDelivery, Notice, NoticeKind
from store.people import Person, Role
from store.repository.dossier import action_turns, forms
from store.repository.dossier.reviews import ReviewResult
from store.repository.follow_up import improvements
from store.repository.grouping import findings
from store.repository.incident import incidents, requests
from store.repository.people import fresh, persons
from store.repository.record import agenda, records, timeline
from store.repository.steps import duties, reviewing, timers
from store.repository.telling import outbox
from store.site import Site
from store.timers import TimerDecision
from store.tx import Tx

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MAY = frozenset({Role.REPORTER, Role.REVIEWER, Role.INVESTIGATOR, Role.APPROVER, Role.ACTION_OWNER})
TEAM = tuple(Person(id=one, name=one.title(), roles=MAY) for one in ("cy", "dee", "eve"))
CY, DEE = (Actor(kind=ActorKind.PERSON, id=one.id) for one in TEAM[:2])
STAFF = Staff(designations=(Designation(lead="cy", reviewer="dee", approver="dee", deputy="eve"),))
SITE = Site(
    staff=STAFF,
    deadlines=Deadlines(timers=(Timer(name="early warning", within=Within(elapsed=DAY)),)),
)
QUIET = replace(SITE, deadlines=Deadlines())
RECEIVERS = {
    **{
        f"{one}'s phone": Receiver(name=f"{one}'s phone", urls=(f"phone://{one}",), person=one) for one in ("cy", "dee")
    },
    "team": Receiver(name="team", urls=("chat://team",)),
}


def routing(site: Site = SITE) -> Routing:
    """Cy and Dee have phones; whatever else comes goes to the team's room."""
    return Routing(routes=(Route(receivers=("team",)),), receivers=RECEIVERS, site=site)


class Desk:
    """A store with one high incident that Ana has, and what reminds people."""

    def __init__(self, store: Store, clock: FakeClock, site: Site) -> None:
        self.store, self.clock, self.site = store, clock, site
        self.woken = 0
        self.lapses = self.restarted()

    def restarted(self) -> Lapses:
        """As after a restart: nothing is remembered but what the store keeps."""
        self.lapses = Lapses(self.store, self.clock, lambda: self.site, self._wake)
        return self.lapses

    async def go_to(self, step: Step, stage: Stage = Stage.NONE, number: int = 1) -> None:
        """Have the incident enter a step now."""

        def work(tx: Tx) -> None:
            before = records.load(tx.connection, number)
            records.change(tx, before, replace(before, step=step, stage=stage, step_entered_at=tx.now))

        await self.store.write(work)

    async def look_after(self, passed: timedelta) -> list[tuple[str, int, str]]:
        """Let time pass, look, and return what people were reminded of by now: matter, percent, whom."""
        self.clock.advance(passed.total_seconds())
        await self.lapses.remind()
        return await self.reminded()

    async def reminded(self) -> list[tuple[str, int, str]]:
        found = await self.store.read(lambda c: timeline.of(c, 1, EntryKind.REMINDED))
        return [(str(one.facts["matter"]), int(one.facts["percent"] or 0), str(one.facts["asked"])) for one in found]

    async def notices(self, kind: NoticeKind) -> list[Notice]:
        found: list[Notice] = await self.store.read(lambda c: outbox.notices_unplanned(c, 1000))
        return [one for one in found if one.kind is kind]

    async def deliveries(self, kind: NoticeKind) -> list[NewDelivery]:
        """Who would hear of the newest notice of a kind."""
        newest = (await self.notices(kind))[-1].id
        now = self.clock.now()
        planned = await self.store.read(
            lambda c: planning.survey(c, routing(self.site), lambda url: url.partition(":")[0], now)
        )
        return list(next(one.deliveries for one in planned if one.notice.id == newest))

    async def record(self) -> Incident:
        return await self.store.read(lambda c: records.load(c, 1))

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
async def desk(store: Store, clock: FakeClock) -> Desk:
    """Ana has had it since START."""

    def fill(tx: Tx) -> None:
        add_persons(tx)
        for one in TEAM:
            persons.add(tx, one, ANA)
        findings.take(tx, finding(severity=Severity.HIGH))
        incidents.acknowledge(tx, 1, ANA, via="token")

    await once(store, lambda: store.write(fill), __name__, "desk")
    return Desk(store, clock, QUIET)


def receivers(found: Sequence[NewDelivery]) -> list[tuple[str, str]]:
    return [(one.receiver, one.reason) for one in found]


async def asked(desk: Desk, duty: Duty) -> list[tuple[str, str]]:
    """Who is asked for it now, and why."""
    now, matter = desk.clock.now(), Matter.of(duty)
    found = await desk.store.read(lambda c: duties.asked(c, records.load(c, 1), matter, desk.site, now))
    return [(one.person, one.because) for one in found or ()]


# -- hand-over ---------------------------------------------------------------------------------------------------------


async def test_whose_turn_it_is_hears_of_it_with_the_move(desk: Desk) -> None:
    """The notice is written in the transaction that enters the step, and never without it."""

    def fails(tx: Tx) -> None:
        before = records.load(tx.connection, 1)
        records.change(tx, before, replace(before, step=Step.REPORTING, stage=Stage.IN_REVIEW, step_entered_at=tx.now))
        raise ActNotAllowed("x", "it fails after all")

    with pytest.raises(ActNotAllowed):
        await desk.store.write(fails)
    assert await desk.notices(NoticeKind.YOUR_TURN) == []
    await desk.go_to(Step.REPORTING)
    await desk.go_to(Step.REPORTING, Stage.IN_REVIEW)
    first, second = await desk.notices(NoticeKind.YOUR_TURN)
    assert (first.matter, first.reason) == ("duty:report", "the people responsible were told")
    assert (second.matter, second.reason) == ("duty:report_review", "the report was handed in")
    assert receivers(await desk.deliveries(NoticeKind.YOUR_TURN)) == [("dee's phone", "designated reviewer")]


@pytest.mark.parametrize(("finisher", "told"), [("cy", ["cy's phone"]), ("dee", []), ("ana", [])])
async def test_who_finished_hears_who_is_next(desk: Desk, finisher: str, told: list[str]) -> None:
    """Over a receiver of their own, or not at all; who is next knows already. Planned twice, it is told once."""
    desk.site = SITE

    def hand_in(tx: Tx) -> None:
        before = records.load(tx.connection, 1)
        by = Actor(kind=ActorKind.PERSON, id=finisher)
        timeline.append(tx, 1, NewEntry(kind=EntryKind.NOTE, actor=by))
        records.change(tx, before, replace(before, step=Step.REPORTING, stage=Stage.IN_REVIEW, step_entered_at=tx.now))

    await desk.store.write(hand_in)
    now = desk.clock.now()
    seen = await desk.store.read(lambda c: planning.survey(c, routing(SITE), lambda url: url, now))
    for _ in range(2):
        await desk.store.write(lambda tx: planning.plan(tx, seen))
    found = await desk.notices(NoticeKind.HANDED_ON)
    assert [one.person for one in found] == [finisher] * (finisher != "dee")
    assert all(one.reason.startswith("next is dee, to review the report, by 2026-") for one in found)
    later = await desk.store.read(lambda c: planning.survey(c, routing(SITE), lambda url: url, now))
    assert [one.receiver for each in later for one in each.deliveries] == told


async def test_of_a_step_that_was_left_again_nobody_hears(desk: Desk) -> None:
    """What goes through several steps at once asks only for what it waits for in the end."""

    def work(tx: Tx) -> None:
        for step in (Step.REPORTING, Step.INVESTIGATION, Step.CORRECTIVE_ACTIONS, Step.APPROVAL):
            before = records.load(tx.connection, 1)
            records.change(tx, before, replace(before, step=step, step_entered_at=tx.now))

    await desk.store.write(work)
    now = desk.clock.now()
    planned = await desk.store.read(lambda c: planning.survey(c, routing(QUIET), lambda url: url, now))
    turns = {one.id: one.matter for one in await desk.notices(NoticeKind.YOUR_TURN)}
    heard = {turns[one.notice.id] for one in planned if one.notice.id in turns and one.deliveries}
    assert list(turns.values()) == ["duty:report", "duty:investigation", "duty:corrective_actions", "duty:approval"]
    assert heard == {"duty:approval"}


async def test_whoever_no_receiver_reaches_is_told_where_the_routes_say(desk: Desk) -> None:
    """Ana has no phone of her own: nothing waits unheard."""
    await desk.go_to(Step.REPORTING)
    (delivery,) = await desk.deliveries(NoticeKind.YOUR_TURN)
    assert (delivery.receiver, delivery.person) == ("team", None)


async def test_whoever_wrote_the_report_is_not_asked_to_review_it(desk: Desk) -> None:
    """Nor is anybody whose account is part of the incident: then everybody else is asked."""

    def write(tx: Tx) -> None:
        text = {"what_happened": Answer(state=State.GIVEN, value="It broke.")}
        forms.save(tx, 1, FormName.REPORT, text, expected=0, by=DEE, via="t")

    await desk.go_to(Step.REPORTING)
    await desk.store.write(write)
    await desk.go_to(Step.REPORTING, Stage.IN_REVIEW)
    assert await asked(desk, Duty.REPORT_REVIEW) == [("eve", "deputy, dee is away or may not")]

    def involve(tx: Tx) -> None:
        findings.take(tx, finding("f2", account="eve", severity=Severity.HIGH))

    await desk.store.write(involve)
    assert await asked(desk, Duty.REPORT_REVIEW) == [("cy", "all are asked, nobody designated is there")]


async def test_whoever_is_asked_in_the_authors_place_may_review(desk: Desk) -> None:
    """The designated one wrote the report and nobody deputises: who is asked is who may, and only who may is asked."""
    desk.site = replace(QUIET, staff=Staff(designations=(Designation(reviewer="dee"),)))

    def write(tx: Tx) -> None:
        text = {"what_happened": Answer(state=State.GIVEN, value="It broke.")}
        forms.save(tx, 1, FormName.REPORT, text, expected=0, by=DEE, via="t")

    def review(tx: Tx) -> None:
        version = records.load(tx.connection, 1).version
        given = {"result": ReviewResult.RETURNED, "notes": "When?", "via": "t", "site": desk.site}
        reviewing.review(tx, 1, CY, version=version, **given)  # type: ignore[arg-type]

    await desk.go_to(Step.REPORTING)
    await desk.go_to(Step.REPORTING, Stage.IN_REVIEW)
    with pytest.raises(MoveNotAllowed) as refused:
        await desk.store.write(review)
    assert (refused.value.code, "asked is dee" in str(refused.value)) == ("not_reviewer", True)
    await desk.store.write(write)
    assert [one[0] for one in await asked(desk, Duty.REPORT_REVIEW)] == ["cy", "eve"]
    await desk.store.write(review)
    assert (await desk.record()).stage is Stage.NONE


async def test_persons_added_by_command_are_asked_and_those_without_access_are_not(desk: Desk) -> None:
    """The configuration knows of leave alone; who there is, the store knows."""
    desk.site = replace(QUIET, staff=Staff())
    await desk.go_to(Step.REPORTING, Stage.IN_REVIEW)
    why = "all are asked, nobody designated is there"
    assert await asked(desk, Duty.REPORT_REVIEW) == [("cy", why), ("dee", why), ("eve", why)]
    await desk.store.write(lambda tx: persons.disable(tx, "dee", ANA))
    away = Colleague(id="cy", roles=frozenset(), leave=(Leave(first=START.date(), last=START.date()),))
    desk.site = replace(QUIET, staff=Staff(colleagues=(away,)))
    assert await asked(desk, Duty.REPORT_REVIEW) == [("eve", why)]


# -- reminders ---------------------------------------------------------------------------------------------------------


async def test_reminders_come_once_and_go_to_the_deputy_then_to_all(desk: Desk) -> None:
    """Of two working days, from Monday to Tuesday: the reviewer and the deputy at half time, everyone at the end."""
    await desk.go_to(Step.REPORTING, Stage.IN_REVIEW)
    assert await desk.look_after(7 * HOUR) == []
    review = "duty:report_review"
    had = [(review, 50, "dee, eve")]
    assert await desk.look_after(HOUR) == had
    assert receivers(await desk.deliveries(NoticeKind.REMINDER)) == [
        ("dee's phone", "designated reviewer"),
        ("team", "route 1: catch-all"),
    ]
    assert await desk.look_after(HOUR) == had
    had.append((review, 80, "dee, eve"))
    assert await desk.look_after(20 * HOUR) == had
    had.append((review, 100, "dee, eve, cy"))
    assert await desk.look_after(3 * HOUR) == had
    assert await desk.look_after(30 * DAY) == had
    notices = await desk.notices(NoticeKind.REMINDER)
    assert [one.reason for one in notices] == [
        "50 % of the time to review the report is over",
        "80 % of the time to review the report is over",
        "the time to review the report is over",
    ]
    assert {one.until for one in notices} == {START + 32 * HOUR}
    assert desk.woken >= 3


async def test_restarts_and_reloads_remind_nobody_again(desk: Desk) -> None:
    """What people have had stands in the store; a reload looks at everything anew, and finds it told."""
    await desk.go_to(Step.REPORTING, Stage.IN_REVIEW)
    had = await desk.look_after(DAY)
    for site in (QUIET, SITE, replace(SITE, staff=Staff())):
        desk.site = site
        desk.restarted()
        reminded = [one for one in await desk.look_after(timedelta(seconds=5)) if one[0].startswith("duty")]
        assert reminded == had
    entries = await desk.store.read(lambda c: timeline.of(c, 1, EntryKind.REMINDED))
    assert len([one for one in entries if one.facts["matter"] == "duty:report_review"]) == 1


async def test_a_reminder_is_never_half_written(desk: Desk) -> None:
    """Notice and entry are one transaction: if it fails, both come with the next look."""
    await desk.go_to(Step.REPORTING, Stage.IN_REVIEW)
    desk.clock.advance(DAY.total_seconds())

    def fails(tx: Tx) -> None:
        (item,) = agenda.due(tx.connection, tx.now)
        assert duties.remind(tx, QUIET, item) == 1
        raise ActNotAllowed("x", "it fails after all")

    with pytest.raises(ActNotAllowed):
        await desk.store.write(fails)
    assert (await desk.reminded(), await desk.notices(NoticeKind.REMINDER)) == ([], [])
    assert len(await desk.look_after(timedelta(0))) == len(await desk.notices(NoticeKind.REMINDER)) == 1


async def test_a_severity_that_rises_is_looked_at_at_once(desk: Desk) -> None:
    """It brings the end nearer: an acknowledgement that had an hour has a quarter of it, and that is over."""

    def unacknowledged(tx: Tx) -> None:
        findings.take(tx, finding("g1", key="other", source="198.51.100.1", host="db", severity=Severity.HIGH))

    await desk.store.write(unacknowledged)
    desk.clock.advance(1200)
    await desk.lapses.remind()
    second = await desk.store.read(lambda c: timeline.of(c, 2, EntryKind.REMINDED))
    assert second == []
    critical = finding(
        "g1", key="other", source="198.51.100.1", host="db", severity=Severity.CRITICAL, events=2, seconds=1
    )
    await desk.store.write(lambda tx: findings.take(tx, critical))
    await desk.lapses.remind()
    (entry,) = await desk.store.read(lambda c: timeline.of(c, 2, EntryKind.REMINDED))
    assert (entry.facts["matter"], entry.facts["percent"]) == ("duty:acknowledge", 100)
    assert entry.facts["asked"] == "ana, bo"


async def test_while_a_dismissal_is_proposed_nobody_is_reminded(desk: Desk) -> None:
    """But for the law, which does not wait; once the proposal has ended, what is due is told."""
    desk.site = SITE
    await desk.go_to(Step.REPORTING)

    def quiet(tx: Tx, until: datetime | None) -> None:
        before = records.load(tx.connection, 1)
        records.change(tx, before, replace(before, quiet_until=until))

    await desk.store.write(lambda tx: quiet(tx, START + 9 * DAY))
    assert [one[:2] for one in await desk.look_after(12 * HOUR)] == [("timer:early warning", 50)]
    await desk.store.write(lambda tx: quiet(tx, None))
    assert (await desk.look_after(timedelta(0)))[-1][:2] == ("duty:report", 50)


async def test_a_look_is_bounded_and_looks_at_nothing_that_is_not_due(desk: Desk) -> None:
    """However many are due at once, one look is at a few; what has been looked at waits for its moment."""

    def many(tx: Tx) -> None:
        for number in range(60):
            findings.take(
                tx,
                finding(
                    f"m{number}",
                    rule=f"r{number}",
                    key=f"k{number}",
                    source=f"198.51.100.{number}",
                    host=f"h{number}",
                    severity=Severity.HIGH,
                ),
            )

    await desk.store.write(many)
    assert await desk.lapses.remind() == 61
    assert await desk.lapses.remind() == 0
    desk.clock.advance(3600)
    found = await desk.store.read(lambda c: duties.survey(c, QUIET, desk.clock.now()))
    assert (len(found.due), found.quiet) == (agenda.AT_ONCE, ())
    assert await desk.lapses.remind() == 60
    assert not await desk.store.read(lambda c: agenda.is_due(c, desk.clock.now()))
    assert len(await desk.notices(NoticeKind.REMINDER)) == 60


async def test_what_changes_while_one_looks_is_looked_at_again(desk: Desk) -> None:
    """A look on a snapshot does not put off what was changed beside it, not even in the same instant."""
    await desk.go_to(Step.REPORTING)
    found = await desk.store.read(lambda c: duties.survey(c, QUIET, desk.clock.now()))
    assert [moment for _, moment in found.quiet] == [START + 12 * HOUR]
    await desk.go_to(Step.REPORTING, Stage.IN_REVIEW)
    await desk.store.write(lambda tx: agenda.looked(tx, found.quiet))
    assert await desk.look_after(8 * HOUR) == [("duty:report_review", 50, "dee, eve")]


# -- timers ------------------------------------------------------------------------------------------------------------


async def decide(desk: Desk, decision: TimerDecision, *, by: Actor = CY, reason: str = "", **more: datetime) -> None:
    """Decide about the early warning, with a token that signs."""

    def work(tx: Tx) -> None:
        if decision is TimerDecision.NOT_REPORTABLE:
            fresh.create(tx, by.id, "digest")
        given = {"via": "token", "site": SITE, "reason": reason, "fresh": "digest", **more}
        timers.decide(tx, 1, by, name="early warning", decision=decision, **given)  # type: ignore[arg-type]

    await desk.store.write(work)


async def refusal(desk: Desk, decision: TimerDecision, **given: object) -> str:
    with pytest.raises(ActNotAllowed) as refused:
        await decide(desk, decision, **given)  # type: ignore[arg-type]
    assert refused.value.missing or refused.value.code == "role_required"
    assert str(refused.value)
    return refused.value.code


async def test_a_timer_of_the_law_runs_beside_the_steps(desk: Desk) -> None:
    """From the awareness, reminded of like a clock, to the lead first; also after the incident was resolved."""
    desk.site = SITE
    await desk.go_to(Step.FOLLOW_UP)
    timer = "timer:early warning"
    assert await desk.look_after(12 * HOUR) == [(timer, 50, "cy, eve")]

    def resolve(tx: Tx) -> None:
        before = records.load(tx.connection, 1)
        closed = replace(before, status=Status.CLOSED, outcome=Outcome.RESOLVED, closed_at=tx.now)
        records.change(tx, before, closed)

    await desk.store.write(resolve)
    assert (await desk.look_after(12 * HOUR))[-1] == (timer, 100, "cy, eve, dee")
    (view,) = await desk.store.read(lambda c: duties.clocks(c, records.load(c, 1), SITE, desk.clock.now() + HOUR))
    assert view.is_overdue(desk.clock.now() + HOUR)
    assert [one.percent for one in view.told] == [50, 100]


async def test_a_timer_that_comes_into_force_reminds_of_nothing_that_was_over(desk: Desk) -> None:
    """What was resolved after its time would have been over, or long ago, is left alone; what runs is not."""
    await desk.go_to(Step.FOLLOW_UP)
    desk.clock.advance(2 * DAY.total_seconds())

    def resolve(tx: Tx) -> None:
        before = records.load(tx.connection, 1)
        records.change(tx, before, replace(before, status=Status.CLOSED, outcome=Outcome.RESOLVED, closed_at=tx.now))

    await desk.store.write(resolve)
    await desk.lapses.remind()
    desk.site = SITE
    assert await desk.look_after(timedelta(0)) == []
    month = Timer(name="final report", within=Within(months=1))
    desk.site = replace(SITE, deadlines=Deadlines(timers=(month,)))
    assert [one[:2] for one in await desk.look_after(30 * DAY)] == [("timer:final report", 100)]
    desk.clock.advance(agenda.LATELY.total_seconds())
    desk.site = replace(SITE, deadlines=Deadlines(timers=(replace(month, name="new"),)))
    assert len(await desk.look_after(timedelta(0))) == 1


async def test_a_timer_that_was_met_reminds_nobody(desk: Desk) -> None:
    """Filed within its time it needs no reason; taken back, it runs again with its reminders."""
    desk.site = SITE
    await desk.go_to(Step.INVESTIGATION)
    await decide(desk, TimerDecision.FILED)
    assert await desk.look_after(5 * DAY) == []
    (view,) = await desk.store.read(lambda c: duties.clocks(c, records.load(c, 1), SITE, desk.clock.now()))
    assert view.decided is not None
    assert (view.decided.decision, view.decided.by, view.decided.is_late) == (TimerDecision.FILED, "cy", False)
    assert (view.asked, view.is_overdue(desk.clock.now())) == ((), False)
    assert await refusal(desk, TimerDecision.REPORTABLE) == "reason_required"
    await decide(desk, TimerDecision.REPORTABLE, reason="it was the wrong authority")
    assert [one[:2] for one in await desk.look_after(timedelta(0))] == [("timer:early warning", 100)]


async def test_lateness_and_not_reportable_need_a_reason(desk: Desk) -> None:
    """And the second a signature; the timeline keeps who and what for ever, and the reason as what can be redacted."""
    desk.site = SITE
    await desk.go_to(Step.INVESTIGATION)
    assert await refusal(desk, TimerDecision.NOT_REPORTABLE) == "reason_required"
    assert await refusal(desk, TimerDecision.NOT_REPORTABLE, reason="no", by=ANA) == "role_required"
    assert await refusal(desk, TimerDecision.FILED, filed_at=START + HOUR) == "filed_in_future"

    def unsigned(tx: Tx) -> None:
        reason = "no customer is affected"
        decision = TimerDecision.NOT_REPORTABLE
        timers.decide(tx, 1, CY, name="early warning", decision=decision, via="t", site=SITE, reason=reason)

    with pytest.raises(ActNotAllowed) as refused:
        await desk.store.write(unsigned)
    assert (refused.value.code, refused.value.missing) == ("fresh_sign_in", ("fresh",))
    await decide(desk, TimerDecision.NOT_REPORTABLE, reason="no customer is affected")
    desk.clock.advance(2 * DAY.total_seconds())
    assert await refusal(desk, TimerDecision.FILED) == "reason_required"
    await decide(desk, TimerDecision.FILED, filed_at=START + DAY)  # at the very moment it is not late
    await decide(desk, TimerDecision.FILED, reason="found out today")
    entries: list[TimelineEntry] = await desk.store.read(lambda c: timeline.of(c, 1, EntryKind.TIMER))
    assert [one.facts["late"] for one in entries] == [False, False, True]
    assert entries[0].values == {"note": "no customer is affected"}


async def test_there_must_be_such_a_timer(desk: Desk) -> None:
    """One that is not configured, or does not run for this incident, cannot be decided."""

    def work(tx: Tx) -> None:
        timers.decide(tx, 1, CY, name="x", decision=TimerDecision.FILED, via="t", site=QUIET)

    with pytest.raises(ActNotAllowed) as refused:
        await desk.store.write(work)
    assert (refused.value.code, refused.value.missing) == ("no_timer", ("timer",))


# -- actions -----------------------------------------------------------------------------------------------------------


async def test_the_date_of_an_action_is_reminded_of_and_moves_with_a_slip(desk: Desk) -> None:
    """To its owner, the deputy at half time, the lead once the day is over; a later date has reminders of its own."""
    await desk.go_to(Step.CORRECTIVE_ACTIONS)

    def write_down(tx: Tx) -> None:
        plan = {"owner": "dee", "deputy": "eve", "due": date(2026, 3, 11), "text": "lock it", "criterion": "locked"}
        plan |= {"causes": ("finding 1",)}
        action_turns.write(tx, 1, CY, kind=ActionKind.CONFIGURATION, plan=plan, via="t", site=QUIET)
        action_turns.agree(tx, 1, 1, CY, version=1, via="t", site=QUIET)

    await desk.store.write(write_down)
    assert receivers(await desk.deliveries(NoticeKind.YOUR_TURN)) == [("dee's phone", "is to do it")]
    had = [("action:1", 50, "dee, eve")]
    assert await desk.look_after(timedelta(hours=115)) == []
    assert await desk.look_after(5 * HOUR) == had  # of nine days and fifteen hours
    had.append(("action:1", 100, "dee, eve, cy"))
    assert await desk.look_after(5 * DAY) == had

    def slip(tx: Tx) -> None:
        reason = "the part comes late"
        action_turns.move(tx, 1, 1, CY, version=2, due=date(2026, 3, 17), reason=reason, via="t", site=QUIET)

    await desk.store.write(slip)
    had.append(("action:1", 50, "dee, eve"))
    assert await desk.look_after(timedelta(0)) == had
    await desk.go_to(Step.FOLLOW_UP)

    def done(tx: Tx) -> None:
        action_turns.done(tx, 1, 1, DEE, version=3, evidence="see the ticket", via="t", site=QUIET)

    await desk.store.write(done)
    assert await desk.look_after(30 * DAY) == had


async def test_an_improvement_is_reminded_of_after_the_incident_was_closed(desk: Desk) -> None:
    """Its owner, and the lead once its day is over; done, nobody is."""
    await desk.go_to(Step.FOLLOW_UP)

    def write_down(tx: Tx) -> None:
        improvements.improve(tx, 1, CY, via="t", item="rehearse it", owner="dee", due=date(2026, 3, 11))
        before = records.load(tx.connection, 1)
        records.change(tx, before, replace(before, status=Status.CLOSED, outcome=Outcome.RESOLVED, closed_at=tx.now))

    await desk.store.write(write_down)
    had = [("improvement:1", 50, "dee")]
    assert await desk.look_after(5 * DAY) == had
    assert receivers(await desk.deliveries(NoticeKind.REMINDER)) == [("dee's phone", "is to do it")]
    had.append(("improvement:1", 100, "dee, cy"))
    assert await desk.look_after(5 * DAY) == had

    def move(tx: Tx, what: str, due: date | None = None) -> None:
        improvements.turn(tx, 1, 1, CY, via="t", what=what, note="because", due=due)

    await desk.store.write(lambda tx: move(tx, "moved", date(2026, 4, 1)))
    await desk.store.write(lambda tx: move(tx, "done"))
    assert await desk.look_after(60 * DAY) == had


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_dates_at_the_ends_of_time_stop_nothing(desk: Desk, zone: str) -> None:
    """Whatever people or log lines say of when something was, or is to be: the daemon looks on."""
    terms = (Timer(name="t", start=Start.OCCURRED_AT, within=Within(months=120)),)
    desk.site = replace(SITE, deadlines=Deadlines(timers=terms, calendar=Calendar(zone=ZoneInfo(zone))))
    await desk.go_to(Step.FOLLOW_UP)

    def write_down(tx: Tx) -> None:
        for due in (date.max, date.min):
            improvements.improve(tx, 1, CY, via="t", item="rehearse it", owner="dee", due=due)
        before = records.load(tx.connection, 1)
        records.change(tx, before, replace(before, first_seen=datetime.min.replace(tzinfo=UTC)))

    await desk.store.write(write_down)
    found = [one[:2] for one in await desk.look_after(DAY)]
    assert sorted(found) == [("improvement:2", 100), ("timer:t", 100)]


async def test_a_request_is_reminded_of_until_it_is_answered(desk: Desk) -> None:
    """Who is asked, and at half time who asked; a reminder that has not gone out when the answer comes never does."""
    await desk.go_to(Step.INVESTIGATION)

    def ask(tx: Tx) -> None:
        requests.ask(tx, 1, CY, question="Was it you?", person="dee", due_at=START + 10 * HOUR, via="t")

    await desk.store.write(ask)
    had = [("request:1", 50, "dee, cy")]
    assert await desk.look_after(5 * HOUR) == had
    assert [one[0] for one in receivers(await desk.deliveries(NoticeKind.REMINDER))] == ["dee's phone", "cy's phone"]
    await desk.store.write(lambda tx: requests.answer(tx, 1, 1, DEE, text="No.", via="t"))
    assert await desk.deliveries(NoticeKind.REMINDER) == []
    assert await desk.look_after(DAY) == had
