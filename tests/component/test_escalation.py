"""Escalation in the store: each level once and in its time, whatever ends or fails between."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from support.fakes import FakeClock
from support.store import ANA, BO, add_persons, finding, open_store, sqlite_url

from notifier import jobs, planning
from notifier.escalation import Policy, Step
from notifier.links import Links
from notifier.plan import Routing
from notifier.route import Matcher, Receiver, Route
from notifier.sender import SendResult, Sent
from rules.event import Severity
from store.database import Store
from store.deadlines import Deadlines, Duty, Limit, Within
from store.errors import ActNotAllowed
from store.holding import Holding
from store.incident import EntryKind, Incident
from store.incident import Step as Place
from store.notice import Delivery, DeliveryState, NoticeKind
from store.repository.grouping import findings
from store.repository.incident import acts, incidents, pressed
from store.repository.record import agenda, records, timeline
from store.repository.steps import duties, notifying
from store.repository.telling import escalations, lost, outbox
from store.site import Site
from store.tx import Tx

MINUTE = timedelta(minutes=1)
LINKS = Links([b"k" * 32], "http://tocsin.test")
PEOPLE = ("ana", "bo", "boss")
RECEIVERS = {one: Receiver(name=one, urls=(f"phone-{one}://x",), person=one) for one in PEOPLE}
NIGHT = Policy(
    name="night",
    steps=(Step(after=5 * MINUTE, receivers=("bo",)), Step(after=10 * MINUTE)),
    repeat_after=15 * MINUTE,
    last_resort=("boss",),
)
ROUTING = Routing(routes=(Route(receivers=("ana",)),), receivers=RECEIVERS, escalations=(NIGHT,), holding=Holding())
ACCEPTED, REFUSED = SendResult(outcome=Sent.ACCEPTED), SendResult(outcome=Sent.PERMANENT, detail="401")


class Desk:
    """A store and a clock. Nothing else is remembered: each look is one after a restart."""

    def __init__(self, store: Store, clock: FakeClock, routing: Routing = ROUTING) -> None:
        self.store, self.clock, self.routing = store, clock, routing

    async def opened(self, severity: Severity = Severity.CRITICAL) -> Incident:
        def work(tx: Tx) -> Incident:
            add_persons(tx)
            findings.take(tx, finding(severity=severity))
            return records.load(tx.connection, 1)

        return await self.store.write(work)

    async def look(self, passed: timedelta = timedelta(0)) -> list[tuple[NoticeKind, str]]:
        """Let time pass, plan what is due, and return what was planned by it: kind and receiver."""
        self.clock.advance(passed.total_seconds())
        before = len(await self.deliveries())
        while planned := await self.store.read(
            lambda c: planning.survey(c, self.routing, channel_of, self.clock.now())
        ):
            await self.store.write(partial(planning.plan, planned=planned))
        return [(one.kind, one.receiver) for one in (await self.deliveries())[before:]]

    async def send(self, channel: str, result: SendResult = ACCEPTED) -> list[str]:
        """Send what is due over a channel; returns what was sent: kinds."""
        sent: list[str] = []
        while load := await self.store.write(lambda tx: jobs.claim(tx, channel, self.routing, {})):
            await self.store.write(
                partial(
                    jobs.settle,
                    load=load,
                    deliveries=load.parcel.deliveries,
                    message=None,
                    result=result,
                    jitter=0,
                    links=LINKS,
                )
            )
            sent += [one.kind for one in load.parcel.deliveries]
        return sent

    async def deliveries(self) -> list[Delivery]:
        return await self.store.read(lambda c: outbox.of_incident(c, 1))

    async def next_minutes(self) -> float | None:
        """In how many minutes the next notice is due."""
        due = await self.store.read(escalations.next_due)
        return None if due is None else (due - self.clock.now()) / MINUTE

    async def told(self, kind: EntryKind) -> list[str]:
        found = await self.store.read(lambda c: timeline.of(c, 1, kind))
        return [str(one.facts.get("receivers") or one.facts.get("reason")) for one in found]

    async def record(self) -> Incident:
        return await self.store.read(lambda c: records.load(c, 1))


def channel_of(url: str) -> str:
    return url.partition(":")[0]


@pytest.fixture
async def desk(sqlite_template: Path, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Desk]:
    """On SQLite: what these tests show is decided in Python."""
    shutil.copy(sqlite_template, tmp_path)
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:
        yield Desk(store, clock)


@pytest.fixture
def each_desk(store: Store, clock: FakeClock) -> Desk:
    """On each database in turn."""
    return Desk(store, clock)


async def test_each_level_in_its_time_and_once(desk: Desk) -> None:
    """The routes' receivers, the steps, the last resort; then nobody. The timeline tells of each."""
    await desk.opened()
    assert await desk.look() == [(NoticeKind.OPENED, "ana")]
    assert await desk.look(5 * MINUTE - timedelta(seconds=1)) == []
    assert await desk.look(timedelta(seconds=1)) == [(NoticeKind.ESCALATED, "bo")]
    assert await desk.look() == []
    assert await desk.look(10 * MINUTE) == [(NoticeKind.ESCALATED, "ana")]
    assert await desk.look(15 * MINUTE) == [(NoticeKind.ESCALATED, "boss")]
    assert await desk.next_minutes() is None
    assert await desk.told(EntryKind.ESCALATED) == ["bo", "ana", "boss"]
    reasons = [one.reason for one in await desk.deliveries()]
    assert reasons[1:3] == ['escalation "night", step 1', 'escalation "night", step 2; route 1: catch-all']


async def test_what_was_missed_is_not_made_up_for_at_once(desk: Desk) -> None:
    """Nothing ran for a day: one level is told, and the next has its whole wait."""
    await desk.opened()
    await desk.look()
    assert await desk.look(timedelta(days=1)) == [(NoticeKind.ESCALATED, "bo")]
    assert await desk.next_minutes() == 10


async def test_who_was_told_by_escalation_hears_that_somebody_has_it(desk: Desk) -> None:
    """Exactly those: Ana and Bo, not the boss, who would have been next, and never is."""
    await desk.opened()
    await desk.look()
    await desk.send("phone-ana")
    await desk.look(5 * MINUTE)
    await desk.send("phone-bo")
    await desk.store.write(lambda tx: incidents.acknowledge(tx, 1, BO, via="link"))
    assert await desk.look() == [(NoticeKind.ACKNOWLEDGED, "ana"), (NoticeKind.ACKNOWLEDGED, "bo")]
    assert await desk.send("phone-bo") == ["acknowledged"]
    assert await desk.look(12 * MINUTE) == []


async def test_who_was_told_hears_that_another_one_took_it_over(desk: Desk) -> None:
    """Ana and Bo, whoever has it by now; who had it by a hand-over as well, and that one alone is not told twice."""
    await desk.opened()
    await desk.look()
    await desk.send("phone-ana")
    await desk.store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    await desk.look()
    await desk.store.write(lambda tx: acts.hand_over(tx, 1, ANA, to="bo", via="token"))
    await desk.look()
    for one in ("phone-ana", "phone-bo"):
        await desk.send(one)
    await desk.store.write(lambda tx: acts.own(tx, 1, ANA, via="token"))
    assert await desk.look() == [(NoticeKind.ACKNOWLEDGED, "ana"), (NoticeKind.ACKNOWLEDGED, "bo")]
    assert (await desk.send("phone-ana"), await desk.send("phone-bo")) == (["acknowledged"], ["acknowledged"])
    assert (await desk.record()).owner == "ana"


async def test_settled_between_planning_and_sending(desk: Desk) -> None:
    """Bo's page waits behind a slow channel; Ana takes it meanwhile; Bo is not paged."""
    await desk.opened()
    await desk.look()
    await desk.look(5 * MINUTE)
    await desk.store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    assert await desk.send("phone-bo") == []
    assert (await desk.deliveries())[1].state is DeliveryState.CANCELLED


async def test_resolved_by_a_person_ends_it(desk: Desk) -> None:
    """Nobody is asked to take what is over."""
    await desk.opened()
    await desk.look()
    await desk.send("phone-ana")
    await desk.store.write(lambda tx: acts.resolve(tx, 1, ANA, via="token"))
    assert await desk.look(20 * MINUTE) == [(NoticeKind.RESOLVED, "ana")]


async def test_it_goes_on_to_reporting_while_levels_wait(desk: Desk) -> None:
    """What is to be told later keeps nothing back: everybody who is to hear of it now was told."""
    await desk.opened(Severity.LOW)
    await desk.look()
    await desk.send("phone-ana")
    assert await desk.store.read(notifying.ready) == [1]
    assert await desk.store.read(outbox.pending) == 0


async def test_what_could_not_be_told_goes_to_the_next_at_once(each_desk: Desk) -> None:
    """Ana's phone refuses: Bo hears of it now, not in five minutes; what comes after that keeps its wait."""
    await each_desk.opened(Severity.HIGH)
    await each_desk.look()
    await each_desk.send("phone-ana", REFUSED)
    assert await each_desk.look() == [(NoticeKind.ESCALATED, "bo")]
    assert await each_desk.next_minutes() == 10
    (first, _) = await each_desk.deliveries()
    assert first.state is DeliveryState.FAILED


async def test_what_did_not_arrive_can_be_sent_again(each_desk: Desk) -> None:
    """It is listed until it is sent again, a later message arrives, or a day after what it was about is closed."""
    await each_desk.opened(Severity.HIGH)
    await each_desk.look()
    await each_desk.send("phone-ana", REFUSED)
    (one,) = await each_desk.store.read(lambda c: lost.lost(c, each_desk.clock.now() + timedelta(days=9)))
    assert (one.receiver, one.detail) == ("ana", "401")
    assert await each_desk.store.read(lambda c: lost.count(c, each_desk.clock.now())) == 1
    again = await each_desk.store.write(lambda tx: lost.resend(tx, one.id))
    assert (again.state, again.resent) == (DeliveryState.QUEUED, True)
    assert await each_desk.send("phone-ana") == ["opened"]
    assert await each_desk.store.read(lambda c: lost.count(c, each_desk.clock.now())) == 0
    with pytest.raises(ActNotAllowed, match="only a lost one"):
        await each_desk.store.write(lambda tx: lost.resend(tx, one.id))


async def test_with_nobody_else_it_is_not_told_in_circles(desk: Desk) -> None:
    """Only Ana is named, and her phone refuses: the next telling keeps its time."""
    desk.routing = replace(ROUTING, escalations=(Policy(name="again", repeat=3, repeat_after=5 * MINUTE),))
    await desk.opened()
    await desk.look()
    await desk.send("phone-ana", REFUSED)
    assert await desk.look() == []
    assert await desk.next_minutes() == 5


async def test_worse_goes_on_by_the_faster_policy(desk: Desk) -> None:
    """What becomes critical waits no longer than critical incidents do; two chains there are never."""
    slow = Policy(name="slow", match=Matcher(severity=("high",)), repeat=9, repeat_after=60 * MINUTE)
    desk.routing = replace(ROUTING, escalations=(slow, NIGHT))
    await desk.opened(Severity.HIGH)
    await desk.look()
    assert await desk.next_minutes() == 60
    worse = finding("f2", rule="rule-2", key="two", severity=Severity.CRITICAL)
    await desk.store.write(lambda tx: findings.take(tx, worse))
    assert await desk.look() == [(NoticeKind.WORSE, "ana")]
    assert len(await desk.store.read(lambda c: escalations.waiting(c, 1))) == 1
    assert await desk.look(5 * MINUTE) == [(NoticeKind.ESCALATED, "bo")]


async def test_an_acknowledgement_lapses(each_desk: Desk) -> None:
    """Ana has it and is not heard of: she is asked quietly, then paged alone; five minutes later Bo is."""
    await each_desk.opened()
    await each_desk.look()
    await each_desk.store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    await each_desk.look()
    assert await each_desk.look(24 * MINUTE) == [(NoticeKind.STILL_YOURS, "ana")]
    assert await each_desk.look(6 * MINUTE) == [(NoticeKind.LAPSED, "ana")]
    lapsed = await each_desk.record()
    assert (lapsed.acknowledged_by, lapsed.owner) == (None, None)
    assert await each_desk.told(EntryKind.LAPSED) == ["nothing was heard of ana, who has it, for 30 min"]
    assert await each_desk.look(5 * MINUTE) == [(NoticeKind.ESCALATED, "bo")]
    await each_desk.store.write(lambda tx: incidents.acknowledge(tx, 1, BO, via="link"))
    await each_desk.look()
    assert (await each_desk.record()).owner == "bo"
    assert await each_desk.next_minutes() == 24


async def test_work_keeps_an_acknowledgement(desk: Desk) -> None:
    """A note after twenty minutes: she is not asked before another twenty-four have passed."""
    await desk.opened()
    await desk.look()
    await desk.store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    await desk.look(20 * MINUTE)
    await desk.store.write(lambda tx: acts.note(tx, 1, ANA, text="looking", via="token"))
    assert await desk.look(4 * MINUTE) == []
    assert await desk.look(20 * MINUTE) == [(NoticeKind.STILL_YOURS, "ana")]
    await desk.store.write(lambda tx: acts.contain(tx, 1, ANA, via="token"))
    assert await desk.look(timedelta(days=1)) == []
    assert (await desk.record()).acknowledged_by == "ana"


async def test_work_at_the_last_moment(desk: Desk) -> None:
    """A note between the look and the write keeps the acknowledgement, and begins its time anew."""
    await desk.opened()
    await desk.look()
    await desk.store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    await desk.look()
    await desk.look(24 * MINUTE)
    desk.clock.advance(360)
    planned = await desk.store.read(lambda c: planning.survey(c, desk.routing, channel_of, desk.clock.now()))
    assert [one.following.lapses for one in planned] == [True]
    await desk.store.write(lambda tx: acts.note(tx, 1, ANA, text="here", via="token"))
    await desk.store.write(partial(planning.plan, planned=planned))
    assert (await desk.record()).owner == "ana"
    assert await desk.next_minutes() == 24


async def test_who_has_it_is_asked_once(desk: Desk) -> None:
    """An acknowledgement that was taken back leaves no second question behind."""
    await desk.opened()
    await desk.look()
    for _ in range(2):
        await desk.store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
        await desk.look()
        await desk.store.write(lambda tx: pressed.undo(tx, 1, ANA, via="link"))
        await desk.look()
    await desk.store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    await desk.look()
    assert await desk.look(24 * MINUTE) == [(NoticeKind.STILL_YOURS, "ana")]
    assert await desk.look(MINUTE) == []


async def test_who_hands_it_over_is_not_asked(desk: Desk) -> None:
    """Who has it by then is."""
    await desk.opened()
    await desk.look()
    await desk.store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    await desk.look()
    await desk.store.write(lambda tx: acts.hand_over(tx, 1, ANA, to="bo", via="token"))
    assert await desk.look(24 * MINUTE) == [(NoticeKind.HANDED_OVER, "bo"), (NoticeKind.STILL_YOURS, "bo")]


async def test_an_overdue_duty_escalates(desk: Desk) -> None:
    """The time to investigate is over: after the reminder those hear of it whom the policy names, until it goes on."""
    limit = Limit(duty=Duty.INVESTIGATION, within=Within(elapsed=60 * MINUTE))
    site = Site(deadlines=Deadlines(limits=(limit,)))
    desk.routing = replace(ROUTING, site=site)
    await desk.opened()
    await desk.look()
    await desk.store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))

    def go_to(tx: Tx, place: Place) -> None:
        before = records.load(tx.connection, 1)
        records.change(tx, before, replace(before, step=place, step_entered_at=tx.now))

    async def remind() -> None:
        for item in await desk.store.read(lambda c: agenda.due(c, desk.clock.now())):
            await desk.store.write(partial(duties.remind, site=site, item=item))

    await desk.store.write(lambda tx: go_to(tx, Place.INVESTIGATION))
    await desk.look()
    desk.clock.advance(3600)
    await remind()
    assert [kind for kind, _ in await desk.look()] == [NoticeKind.REMINDER]
    assert await desk.look(5 * MINUTE) == [(NoticeKind.REMINDER, "bo")]
    await desk.store.write(lambda tx: go_to(tx, Place.CORRECTIVE_ACTIONS))
    assert await desk.look(60 * MINUTE) == [(NoticeKind.YOUR_TURN, "ana")]
