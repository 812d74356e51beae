"""Acts and moves by hand, on each database: what they set, what they write, who hears of them, what is refused."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from support.fakes import START, FakeClock
from support.once import once
from support.store import ANA, BO, add_persons, finding, line

from rules.event import Decision, Severity
from store import acts, process
from store.calendar import Calendar
from store.database import Store
from store.errors import ActNotAllowed, MoveNotAllowed, NotFound, Refused, StaleVersion
from store.four_eyes import FourEyes
from store.incident import (
    Actor,
    ActorKind,
    DismissReason,
    EntryKind,
    Incident,
    Outcome,
    SourceKind,
    Status,
    Step,
    Tlp,
)
from store.notice import DeliveryState, NewDelivery, NoticeKind
from store.people import Person, Role
from store.process import ACTS, MOVES, Standing, legal_standings
from store.repository.grouping import findings, merges
from store.repository.incident import acts as doing
from store.repository.incident import by_hand, classification, dismissals, incidents, moves, requests, waivers
from store.repository.incident.acts import Done
from store.repository.people import persons
from store.repository.record import evidence, records, timeline
from store.repository.telling import outbox
from store.site import Site
from store.tables import notice
from store.tx import Tx

VI = Actor(kind=ActorKind.PERSON, id="vi")
FALSE = DismissReason.FALSE_POSITIVE


@pytest.fixture
async def opened(store: Store) -> Store:
    """Ana, Bo and Vi, and one incident of severity high."""

    def fill(tx: Tx) -> None:
        add_persons(tx)
        findings.take(tx, finding(severity=Severity.HIGH, evidence=(line(1),)))

    await once(store, lambda: store.write(fill), __name__, "opened")
    return store


async def now(store: Store, number: int = 1) -> Incident:
    return await store.read(lambda c: records.load(c, number))


async def kinds(store: Store, number: int = 1) -> list[EntryKind]:
    return [entry.kind for entry in await store.read(lambda c: timeline.of(c, number))]


async def notices(store: Store, number: int = 1) -> list[tuple[NoticeKind, str | None]]:
    look = select(notice.c.kind, notice.c.person).where(notice.c.incident == number).order_by(notice.c.id)
    return [(row.kind, row.person) for row in await store.read(lambda c: c.execute(look).all())]


async def take(store: Store, number: int = 1) -> None:
    await store.write(lambda tx: incidents.acknowledge(tx, number, ANA, via="token"))


async def dismiss(store: Store, actor: Actor = ANA, number: int = 1, **changes: Any) -> Done:
    version = (await now(store, number)).version
    given: dict[str, Any] = {"version": version, "via": "token", "reason_code": FALSE, "calendar": Calendar()}
    return await store.write(lambda tx: dismissals.dismiss(tx, number, actor, **(given | changes)))


async def settle(store: Store, actor: Actor, *, agree: bool = True, mode: FourEyes = FourEyes.FULL) -> Done:
    version = (await now(store)).version
    return await store.write(
        lambda tx: dismissals.settle(tx, 1, actor, version=version, via="token", agree=agree, mode=mode)
    )


async def low(store: Store, key: str = "low", **changes: Any) -> int:
    """One more incident, of severity low, about other things."""
    given: dict[str, Any] = {"severity": Severity.LOW, "host": key, "source": None, "key": key, "id": key}
    taken = await store.write(lambda tx: findings.take(tx, finding(**(given | changes))))
    assert taken.incident is not None
    return taken.incident


async def test_a_note_adds_and_changes_no_version(opened: Store) -> None:
    """What only adds never makes somebody's reading of the record stale."""
    before = await now(opened)
    done = await opened.write(lambda tx: doing.note(tx, 1, ANA, text="looks like a scanner", via="token"))
    assert (done.incident.version, await now(opened)) == (before.version, before)
    entry = (await opened.read(lambda c: timeline.of(c, 1)))[-1]
    assert (entry.seq, entry.kind, entry.values) == (done.entry, EntryKind.NOTE, {"note": "looks like a scanner"})
    assert "dismiss" in done.allowed


async def test_contain_and_resolve_set_their_instant_once(opened: Store, clock: FakeClock) -> None:
    """The first one counts; the second one is told in the timeline alone. Who was asked hears that it is over."""
    await opened.write(lambda tx: doing.contain(tx, 1, ANA, via="token", text="blocked"))
    clock.advance(60)
    await opened.write(lambda tx: doing.contain(tx, 1, BO, via="token"))
    await opened.write(lambda tx: doing.resolve(tx, 1, BO, via="token"))
    after = await now(opened)
    assert (after.contained_at, after.resolved_at) == (START, START + timedelta(seconds=60))
    assert after.step is Step.NOTIFICATION
    assert (await kinds(opened))[-3:] == [EntryKind.CONTAINED, EntryKind.CONTAINED, EntryKind.RESOLVED]
    assert (await notices(opened))[-1] == (NoticeKind.RESOLVED, None)


async def test_hand_over_tells_the_one_who_gets_it(opened: Store) -> None:
    """One owner at any time: taken over or handed over, once somebody has it; only to who may respond."""
    with pytest.raises(ActNotAllowed) as refused:
        await opened.write(lambda tx: doing.own(tx, 1, BO, via="token"))
    assert refused.value.code == "not_acknowledged"
    await take(opened)
    await opened.write(lambda tx: doing.own(tx, 1, BO, via="token"))
    assert (await now(opened)).owner == "bo"
    assert (await notices(opened))[-1] == (NoticeKind.ACKNOWLEDGED, "ana")  # nothing is asked of her any more
    heard = len(await notices(opened))
    await opened.write(lambda tx: doing.own(tx, 1, BO, via="token"))
    assert len(await notices(opened)) == heard
    await opened.write(lambda tx: doing.hand_over(tx, 1, BO, to="ana", via="token"))
    assert (await now(opened)).owner == "ana"
    assert (await notices(opened))[-1] == (NoticeKind.HANDED_OVER, "ana")
    for nobody in ("vi", "nobody"):
        with pytest.raises(ActNotAllowed) as refused:
            await opened.write(lambda tx, to=nobody: doing.hand_over(tx, 1, BO, to=to, via="token"))  # type: ignore[misc]
        assert (refused.value.code, refused.value.missing) == ("no_such_person", ("to",))


async def test_a_concern_stays_open_until_it_is_answered(opened: Store) -> None:
    """Whoever takes part may raise a concern; an answer names the one that it answers."""
    raised = await opened.write(lambda tx: doing.concern(tx, 1, VI, text="who told the customer?", via="token"))
    assert await opened.read(lambda c: doing.open_concerns(c, 1)) == (raised.entry,)
    with pytest.raises(ActNotAllowed, match="raises no concern"):
        await opened.write(lambda tx: doing.answer(tx, 1, ANA, text="I did", via="token", to_entry=1))
    await opened.write(lambda tx: doing.answer(tx, 1, ANA, text="I did", via="token", to_entry=raised.entry))
    assert await opened.read(lambda c: doing.open_concerns(c, 1)) == ()


async def test_who_saw_another_version_is_told_which_and_by_whom(opened: Store) -> None:
    """A decision upon what has changed meanwhile is not taken."""
    await take(opened)
    with pytest.raises(StaleVersion) as stale:
        await dismiss(opened, version=1)
    assert (stale.value.version, stale.value.by) == ((await now(opened)).version, "ana")


async def test_a_low_one_is_dismissed_at_once(opened: Store) -> None:
    """Below high one person is enough; a reason from the list is needed, and only rules observe nothing."""
    number = await low(opened)
    for reason in (None, DismissReason.OBSERVED_NOTHING):
        with pytest.raises(MoveNotAllowed) as refused:
            await dismiss(opened, number=number, reason_code=reason)
        assert refused.value.code == "reason_code"
    done = await dismiss(opened, number=number, note="our own scanner")
    assert (done.incident.outcome, done.allowed) == (Outcome.DISMISSED, ("restrict", "except", "reopen"))
    assert (await notices(opened, number))[-1] == (NoticeKind.RESOLVED, None)
    entry = (await opened.read(lambda c: timeline.of(c, number)))[-1]
    assert entry.facts["reason_code"] == "false_positive"
    assert entry.values == {"note": "our own scanner"}


async def test_a_high_one_is_proposed_and_settled_by_another(opened: Store) -> None:
    """Nobody dismisses alone what was high: it is quiet until next morning, the proposer cannot agree, another can."""
    done = await dismiss(opened)
    assert (done.incident.status, done.incident.quiet_until) == (Status.OPEN, datetime(2026, 3, 3, 9, tzinfo=UTC))
    assert "settle" in done.allowed
    assert "dismiss" not in done.allowed
    with pytest.raises(ActNotAllowed) as refused:
        await dismiss(opened, BO)
    assert refused.value.code == "proposal_pending"
    with pytest.raises(ActNotAllowed, match="ana proposed the dismissal") as refused:
        await settle(opened, ANA)
    assert refused.value.code == "four_eyes"
    settled = await settle(opened, BO)
    assert (settled.incident.outcome, settled.incident.quiet_until) == (Outcome.DISMISSED, None)
    assert (await kinds(opened))[-2:] == [EntryKind.PROPOSED, EntryKind.SETTLED]


async def test_where_four_eyes_are_waived_the_record_says_so(opened: Store) -> None:
    """One person may settle their own proposal only where the configuration waives the second one."""
    await dismiss(opened)
    await settle(opened, ANA, mode=FourEyes.WAIVED)
    entry = (await opened.read(lambda c: timeline.of(c, 1)))[-1]
    assert entry.facts["waived"] == "four_eyes"


async def test_paging_stops_with_the_proposal_and_goes_on_when_it_ends(opened: Store, clock: FakeClock) -> None:
    """What waits to be sent is not sent; a decline or the next working morning asks again."""
    planned = NewDelivery(receiver="r", target=0, channel="c")
    (first,) = await opened.read(outbox.notices_unplanned)
    await opened.write(lambda tx: outbox.plan(tx, first.id, [planned]))
    await dismiss(opened)
    (told,) = await opened.read(lambda c: outbox.of_incident(c, 1))
    assert told.state is DeliveryState.CANCELLED
    await settle(opened, ANA, agree=False)
    assert (await notices(opened))[-1] == (NoticeKind.LAPSED, None)
    await dismiss(opened)
    due = await opened.read(dismissals.next_due)
    assert due == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert await opened.write(dismissals.lapse) == 0
    clock.set(due)
    assert await opened.write(dismissals.lapse) == 1
    assert await opened.write(dismissals.lapse) == 0
    after = await now(opened)
    assert (after.status, after.quiet_until) == (Status.OPEN, None)
    assert (await kinds(opened))[-1] is EntryKind.LAPSED
    with pytest.raises(ActNotAllowed, match="waits to be settled"):
        await settle(opened, BO)
    assert await opened.read(dismissals.next_due) is None


async def test_worse_breaks_through_a_proposal(opened: Store) -> None:
    """A rise of severity is told although a dismissal is proposed."""
    await dismiss(opened)
    await opened.write(lambda tx: findings.take(tx, finding("f2", rule="r2", severity=Severity.CRITICAL)))
    waiting = await opened.read(outbox.notices_unplanned)
    assert [(one.kind, one.breaks_through) for one in waiting][-1] == (NoticeKind.WORSE, True)


async def test_a_person_reopens_and_a_new_cycle_asks_anew(opened: Store) -> None:
    """Reopening needs a reason; the old acknowledgement is history."""
    number = await low(opened)
    await take(opened, number)
    await dismiss(opened, number=number)
    version = (await now(opened, number)).version
    with pytest.raises(ActNotAllowed) as refused:
        await opened.write(lambda tx: moves.reopen(tx, number, ANA, version=version, via="token", reason=" "))
    assert (refused.value.code, refused.value.missing) == ("reason_required", ("reason",))
    done = await opened.write(lambda tx: moves.reopen(tx, number, ANA, version=version, via="token", reason="again"))
    again = done.incident
    assert (again.cycle, again.step, again.acknowledged_at) == (2, Step.IDENTIFICATION, None)
    assert (await notices(opened, number))[-1] == (NoticeKind.REOPENED, None)
    decided = await opened.write(lambda tx: moves.investigate(tx, number, ANA, version=again.version, via="token"))
    assert decided.incident.step is Step.NOTIFICATION
    assert (await notices(opened, number))[-1] == (NoticeKind.REOPENED, None)  # who was asked is not asked twice


async def test_it_cannot_be_reopened_beside_its_successor(opened: Store, clock: FakeClock) -> None:
    """Two open records never stand for one problem."""
    number = await low(opened)
    await dismiss(opened, number=number)
    clock.advance(40 * 86400)
    successor = await low(opened, id="later", first_seen=clock.now())
    assert successor != number
    version = (await now(opened, number)).version
    with pytest.raises(MoveNotAllowed) as refused:
        await opened.write(lambda tx: moves.reopen(tx, number, ANA, version=version, via="token", reason="again"))
    assert refused.value.code == "key_in_use"


async def test_an_observation_ends_by_itself(opened: Store, clock: FakeClock) -> None:
    """Until a moment nobody is asked; then it is dismissed if nothing came, else people are told."""
    first, second = await low(opened, "one", history=True), await low(opened, "two", history=True)
    until = START + timedelta(hours=2)
    clock.advance(3600)
    for number in (first, second):
        version = (await now(opened, number)).version
        with pytest.raises(MoveNotAllowed) as refused:
            await opened.write(
                lambda tx, n=number, v=version: moves.observe(tx, n, ANA, version=v, via="t", until=None)  # type: ignore[misc]
            )
        assert refused.value.code == "until_required"
        await opened.write(
            lambda tx, n=number, v=version: moves.observe(tx, n, ANA, version=v, via="t", until=until)  # type: ignore[misc]
        )
    await low(opened, "two", id="more", first_seen=START + timedelta(minutes=90))
    clock.set(until)
    assert await opened.write(dismissals.end_observations) == 2
    ended = await now(opened, first)
    assert (ended.outcome, ended.decision) == (Outcome.DISMISSED, Decision.OBSERVE)
    went_on = await now(opened, second)
    assert (went_on.step, went_on.decision) == (Step.NOTIFICATION, Decision.INVESTIGATE)
    assert (await notices(opened, second))[-1] == (NoticeKind.OPENED, None)
    assert await opened.write(dismissals.end_observations) == 0


async def test_merge_and_unmerge(opened: Store) -> None:
    """The target takes over evidence, entities and counts; what grows follows; unmerged, both stand as before."""
    number = await low(opened, evidence=(line(7),), events=5)
    await low(opened, id="second", events=2)
    target, source = await now(opened), await now(opened, number)
    counted = await opened.read(lambda c: incidents.get(c, number))

    def work(tx: Tx) -> Done:
        return merges.merge(tx, number, 1, ANA, version=source.version, via="token")

    merged = (await opened.write(work)).incident
    assert (merged.outcome, merged.merged_into, merged.is_open) == (Outcome.MERGED, 1, False)
    view = await opened.read(lambda c: incidents.get(c, 1))
    assert {tally.events for tally in view.tallies} == {8}  # one rule: 1 + 5 + 2
    assert {entity.value for entity in view.entities} == {"203.0.113.7", "web1", "low"}
    assert [one.text for one in await opened.read(lambda c: evidence.of(c, 1))] == ["line 1", "line 7"]
    grown = await low(opened, events=9)
    assert grown == 1
    fresh = await low(opened, id="third", first_seen=START + timedelta(minutes=1))
    assert fresh == 1
    await opened.write(lambda tx: merges.unmerge(tx, number, BO, version=merged.version, via="token"))
    again = await now(opened, number)
    assert (Standing.of(again), again.merged_into) == (Standing.of(source), None)
    back = await opened.read(lambda c: incidents.get(c, number))
    assert [one.events for one in back.tallies] == [counted.tallies[0].events + 4]
    left = await opened.read(lambda c: incidents.get(c, 1))
    assert [one.events for one in left.tallies] == [2]
    assert left.incident.severity is target.severity


async def test_merging_takes_over_the_worst(opened: Store, clock: FakeClock) -> None:
    """The highest severity, the most persons, the earliest knowledge."""
    number = await low(opened)
    await take(opened)
    clock.advance(60)
    version = (await now(opened)).version
    await opened.write(lambda tx: merges.merge(tx, 1, number, ANA, version=version, via="token"))
    after, source = await now(opened, number), await now(opened)
    assert (after.severity, after.severity_highest, after.track) == (Severity.HIGH, Severity.HIGH, source.track)
    assert after.aware_at == START


async def test_a_lower_level_that_nobody_agreed_to_is_no_way_around(opened: Store) -> None:
    """What one person lowered is merged as bad as it was."""
    number = await low(opened)

    def lower_and_merge(tx: Tx) -> None:
        given: dict[str, Any] = {"via": "token"}
        version = records.load(tx.connection, 1).version
        classification.classify(tx, 1, ANA, version=version, severity=Severity.LOW, reason="nothing", **given)
        merges.merge(tx, 1, number, ANA, version=records.load(tx.connection, 1).version, **given)

    await opened.write(lower_and_merge)
    after = await now(opened, number)
    assert (after.severity, after.severity_highest) == (Severity.HIGH, Severity.HIGH)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": Status.CLOSED, "outcome": Outcome.DISMISSED, "closed_at": START}, "target_closed"),
        (
            {"status": Status.CLOSED, "outcome": Outcome.MERGED, "closed_at": START, "merged_into": 1},
            "target_merged",
        ),
        ({"decision": Decision.OBSERVE}, "target_observed"),
        ({"tlp": Tlp.RED}, "tlp"),
    ],
)
async def test_what_cannot_be_merged_into(opened: Store, changes: dict[str, Any], code: str) -> None:
    """Not into what is over, falls silent, or others may not see."""
    number = await low(opened)

    def change(tx: Tx) -> None:
        before = records.load(tx.connection, number)
        records.change(tx, before, replace(before, **changes))

    await opened.write(change)
    version = (await now(opened)).version
    with pytest.raises(MoveNotAllowed) as refused:
        await opened.write(lambda tx: merges.merge(tx, 1, number, ANA, version=version, via="token"))
    assert refused.value.code == code
    with pytest.raises(MoveNotAllowed):
        await opened.write(lambda tx: merges.merge(tx, 1, 1, ANA, version=version, via="token"))
    with pytest.raises(NotFound):
        await opened.write(lambda tx: merges.merge(tx, 1, 99, ANA, version=version, via="token"))


async def test_a_person_opens_one(opened: Store) -> None:
    """A phone call becomes an incident that pages like any other; who only looks cannot open one."""
    given: dict[str, Any] = {
        "title": "Laptop lost",
        "severity": Severity.CRITICAL,
        "what_happened": "on a train",
        "via": "token",
    }
    done = await opened.write(lambda tx: by_hand.open_by_hand(tx, ANA, drill=True, **given))
    made = done.incident
    assert (made.number, made.step, made.source_kind, made.drill) == (2, Step.NOTIFICATION, SourceKind.PERSON, True)
    assert made == await now(opened, 2)
    assert made.aware_at == START
    assert (await notices(opened, 2)) == [(NoticeKind.OPENED, None)]
    (entry,) = await opened.read(lambda c: timeline.of(c, 2))
    assert entry.values == {"title": "Laptop lost", "what_happened": "on a train"}
    for nobody in (VI, Actor(kind=ActorKind.OS, id="os:0")):
        with pytest.raises(ActNotAllowed):
            await opened.write(lambda tx, by=nobody: by_hand.open_by_hand(tx, by, **given))  # type: ignore[misc]


EVERYBODY = {role: Actor(kind=ActorKind.PERSON, id=role.value) for role in Role}


def standing_at(place: Standing) -> dict[str, Any]:
    """What a record that stands there has in its columns."""
    closed = place.status is Status.CLOSED
    return {
        "step": place.step,
        "stage": place.stage,
        "status": place.status,
        "outcome": place.outcome,
        "closed_at": START if closed else None,
        "merged_into": 2 if place.outcome is Outcome.MERGED else None,
        "acknowledged_at": START,
        "acknowledged_by": "ana",
        "owner": "ana",
    }


def attempt(tx: Tx, name: str, by: Actor) -> Done:
    """Try an act or move of ours on INC-1."""
    version = records.load(tx.connection, 1).version
    given: dict[str, Any] = {"via": "token"}
    decided = given | {"version": version}
    match name:
        case "note" | "concern":
            return getattr(doing, name)(tx, 1, by, text="x", **given)  # type: ignore[no-any-return]
        case "contain" | "resolve" | "own" | "extend":
            return getattr(doing, name)(tx, 1, by, **given)  # type: ignore[no-any-return]
        case "hand_over":
            return doing.hand_over(tx, 1, by, to="ana", **given)
        case "request":
            return requests.ask(tx, 1, by, question="Who?", person="ana", **given).done
        case "withdraw_request":
            requests.ask(tx, 1, ANA, question="Who?", person="ana", **given)
            return requests.withdraw(tx, 1, 1, by, **given).done
        case "waive":
            return waivers.waive(tx, 1, by, reason="alone", site=Site(), **given)
        case "decide":
            return moves.investigate(tx, 1, by, **decided)
        case "observe":
            return moves.observe(tx, 1, by, until=tx.now + timedelta(hours=1), **decided)
        case "dismiss":
            return dismissals.dismiss(tx, 1, by, reason_code=FALSE, calendar=Calendar(), **decided)
        case "merge":
            return merges.merge(tx, 1, 2, by, **decided)
        case "unmerge":
            return merges.unmerge(tx, 1, by, **decided)
        case _:
            return moves.reopen(tx, 1, by, reason="again", **decided)


BY_HAND = (
    "note",
    "concern",
    "contain",
    "resolve",
    "own",
    "extend",
    "hand_over",
    "request",
    "withdraw_request",
    "waive",
)
MOVED = ("decide", "observe", "dismiss", "merge", "unmerge", "reopen")


def may(name: str, place: Standing, role: Role) -> bool:
    """What the tables say."""
    if name in ACTS:
        act = ACTS[name]
        return place.status is Status.OPEN and (not act.roles or role in act.roles)
    ends = process.IDENTIFICATION if name == "observe" else process.NOTIFICATION if name == "decide" else None
    called = "decide" if name == "observe" else name
    return any(
        move.start == place and acts.name_of(move) == called and role in move.who and ends in (None, move.end)
        for move in MOVES.values()
    )


class Undone(Exception):
    """What was tried is rolled back."""


@pytest.mark.parametrize("place", legal_standings(), ids=str)
async def test_every_standing_act_and_role(opened: Store, place: Standing) -> None:
    """Each (standing, act or move, role) is allowed exactly as the tables say, and ``allowed`` names the same."""
    everybody = [Person(id=by.id, name=by.id, roles=frozenset({role})) for role, by in EVERYBODY.items()]
    ana = Person(id="ana", name="Ana", roles=frozenset({Role.RESPONDER}))
    await opened.write(lambda tx: persons.upsert_from_config(tx, [ana, *everybody]))
    await low(opened)

    def stand(tx: Tx) -> None:
        before = records.load(tx.connection, 1)
        changes = standing_at(place) | {"severity_highest": Severity.LOW}
        records.change(tx, before, replace(before, **changes))

    await opened.write(stand)
    found = await now(opened)
    wrong = []
    for name, (role, by) in itertools.product((*BY_HAND, *MOVED), EVERYBODY.items()):

        def work(tx: Tx, name: str = name, by: Actor = by) -> None:
            attempt(tx, name, by)
            raise Undone

        try:
            await opened.write(work)
        except Undone:
            done = True
        except Refused:
            done = False
        listed = ("decide" if name == "observe" else name) in acts.allowed(found, {role})
        if done != may(name, place, role) or listed != may("decide" if name == "observe" else name, place, role):
            wrong.append((name, role, done, listed))
    assert wrong == []
