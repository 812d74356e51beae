"""A finding becomes a record, evidence, timeline and notice in one transaction."""

from datetime import timedelta

import pytest
from sqlalchemy import event
from support.fakes import START, FakeClock
from support.store import ANA, BO, add_persons, finding, line

from rules.event import Decision, Entity, Severity
from rules.finding import Finding
from store.database import Store
from store.incident import EntryKind, Incident, Step, Track
from store.notice import NoticeKind
from store.repository.grouping import findings
from store.repository.grouping.findings import Taken
from store.repository.incident import incidents
from store.repository.keeping import verification
from store.repository.record import evidence, timeline
from store.repository.telling import outbox
from store.tx import Tx


async def take(store: Store, *found: Finding) -> list[Taken]:
    """Take findings, each in a transaction of its own."""
    return [await store.write(lambda tx, one=one: findings.take(tx, one)) for one in found]  # type: ignore[misc]


async def records(store: Store) -> list[Incident]:
    """All records, oldest first."""
    return list(reversed(await store.read(lambda connection: incidents.list_of(connection, limit=200))))


async def kinds(store: Store, number: int = 1) -> list[EntryKind]:
    """What the timeline of a record tells, in order."""
    return [entry.kind for entry in await store.read(lambda connection: timeline.of(connection, number))]


async def notices(store: Store) -> list[tuple[int, NoticeKind]]:
    """Which record's unplanned notices tell what."""
    found = await store.read(outbox.notices_unplanned)
    return [(notice.incident.number, notice.kind) for notice in found]


async def test_opens_an_incident(store: Store) -> None:
    """A first finding opens INC-1 at the step of notification, with its lines, and asks that someone hears of it."""
    [taken] = await take(store, finding(severity=Severity.HIGH, events=3, seconds=8, evidence=[line(1), line(2)]))
    assert taken == Taken(incident=1, opened=True, notified=True)
    view = await store.read(lambda connection: incidents.get(connection, 1))
    record = view.incident
    assert (record.step, record.severity, record.track) == (Step.NOTIFICATION, Severity.HIGH, Track.STANDARD)
    assert (record.events, record.first_seen, record.last_seen) == (3, START, START + timedelta(seconds=8))
    assert record.group == (("source.ip", "203.0.113.7"),)
    assert set(view.entities) == {Entity(kind="source", value="203.0.113.7"), Entity(kind="host", value="web1")}
    assert [one.text for one in await store.read(lambda c: evidence.of(c, 1))] == ["line 1", "line 2"]
    assert view.sources == ("auth",)
    assert await kinds(store) == [EntryKind.OPENED]
    assert await notices(store) == [(1, NoticeKind.OPENED)]


async def test_taking_twice_changes_nothing(store: Store) -> None:
    """The same finding told again, as after a lost answer to a commit, leaves every number as it was."""
    told = finding(events=5, evidence=[line(1), line(2)])
    await take(store, told)
    before = await store.read(lambda connection: incidents.get(connection, 1))
    [taken] = await take(store, told)
    assert taken == Taken(incident=1)
    assert await store.read(lambda connection: incidents.get(connection, 1)) == before
    assert len(await store.read(lambda c: evidence.of(c, 1))) == 2
    assert await notices(store) == [(1, NoticeKind.OPENED)]


async def test_growth_is_absolute(store: Store) -> None:
    """A finding that grows replaces its count; nothing is added twice."""
    await take(store, finding(events=5), finding(events=9, seconds=30, opened=False), finding(events=9, seconds=30))
    [record] = await records(store)
    assert (record.events, record.last_seen) == (9, START + timedelta(seconds=30))


async def test_merged_episode_is_not_counted(store: Store) -> None:
    """An episode that a late line joined to an older one takes its events with it."""
    await take(store, finding("f1", events=5), finding("f2", events=4, first_seen=START + timedelta(minutes=5)))
    await take(store, finding("f1", events=10, seconds=300), finding("f2", events=4, merged_into="f1"))
    view = await store.read(lambda connection: incidents.get(connection, 1))
    assert view.incident.events == 10
    assert [(tally.findings, tally.events) for tally in view.tallies] == [(1, 10)]


async def test_episode_merged_into_another_record_stays_told(store: Store) -> None:
    """If the older episode is in another record, the younger one's record keeps the count that people saw."""
    day = {"decision": Decision.OBSERVE, "events": 4}
    late, early = START.replace(hour=23, minute=50), START.replace(hour=0) + timedelta(days=1, minutes=5)
    await take(store, finding("f1", first_seen=late, **day), finding("f2", first_seen=early, **day))  # type: ignore[arg-type]
    whole = finding("f1", decision=Decision.OBSERVE, first_seen=late, seconds=900, events=9)
    gone = finding("f2", first_seen=early, merged_into="f1", **day)  # type: ignore[arg-type]
    for _ in range(2):
        await take(store, whole, gone)
        assert [record.events for record in await records(store)] == [9, 4]
        view = await store.read(lambda connection: incidents.get(connection, 2))
        assert [(tally.findings, tally.events) for tally in view.tallies] == [(1, 4)]


async def test_episode_that_was_merged_before_it_was_told_opens_nothing(store: Store) -> None:
    """It goes into the record of the older one, lines and all; if that has none, it is only kept."""
    merged = finding("f2", host="web2", source="192.0.2.1", evidence=[line(2)], merged_into="f1")
    await take(store, finding("f1", events=5, evidence=[line(1)]), merged)
    await take(store, finding("f4", host="web3", source="192.0.2.3", merged_into="f3"))
    [record] = await records(store)
    assert record.events == 5
    assert [one.line for one in await store.read(lambda c: evidence.of(c, 1))] == [1, 2]


async def test_another_group_that_joins_is_told(store: Store) -> None:
    """A record that holds the lines of two attackers of one rule says when the other one joined, and why."""
    first = finding("f1", source="203.0.113.9", account="root")
    other = finding("f2", source="203.0.113.10", account="root", first_seen=START + timedelta(minutes=1))
    again = finding("f3", source="203.0.113.10", account="root", first_seen=START + timedelta(minutes=2))
    assert [one.incident for one in await take(store, first, other, again)] == [1, 1, 1]
    entries = await store.read(lambda connection: timeline.of(connection, 1))
    assert [entry.kind for entry in entries] == [EntryKind.OPENED, EntryKind.JOINED]
    assert entries[1].values == {"title": "Title of rule-1", "group": "source.ip=203.0.113.10"}
    assert "account" in str(entries[1].facts["reason"])


async def test_many_groups_that_join_are_rolled_up(store: Store, clock: FakeClock) -> None:
    """After twenty findings of a rule the timeline tells every ten minutes how the record has grown."""
    attackers = [finding(f"f{number}", source=f"198.51.100.{number}", account="root") for number in range(60)]
    for one in attackers:
        clock.advance(15)
        await take(store, one)
    told = await kinds(store)
    assert (told.count(EntryKind.JOINED), told.count(EntryKind.GREW)) == (19, 1)


async def test_two_rules_on_one_attack(store: Store) -> None:
    """Another rule about the same source and host within the window joins: one attack, one incident, counted apart."""
    first = finding("f1", rule="rule-1", events=4)
    second = finding("f2", rule="rule-2", events=10, first_seen=START + timedelta(minutes=10))
    taken = await take(store, first, second)
    assert [one.incident for one in taken] == [1, 1]
    view = await store.read(lambda connection: incidents.get(connection, 1))
    assert [(tally.rule_id, tally.events) for tally in view.tallies] == [("rule-1", 4), ("rule-2", 10)]
    assert view.incident.events == 10
    assert await kinds(store) == [EntryKind.OPENED, EntryKind.JOINED]


async def test_record_decision_opens_nothing(store: Store) -> None:
    """A finding that is only to be recorded opens no record and tells nobody."""
    [taken] = await take(store, finding(decision=Decision.RECORD))
    assert taken == Taken(incident=None)
    assert await records(store) == []
    assert await notices(store) == []


async def test_observation_collects_attackers(store: Store) -> None:
    """Attempts of a rule on one host and day make one rolling record with all attackers inside, and tell nobody."""
    attackers = [f"203.0.113.{number}" for number in range(1, 12)]
    for number, attacker in enumerate(attackers):
        await take(store, finding(f"f{number}", decision=Decision.OBSERVE, source=attacker, events=10))
    await take(store, finding("late", decision=Decision.OBSERVE, first_seen=START + timedelta(days=1)))
    await take(store, finding("other", decision=Decision.OBSERVE, host="web2"))
    today, tomorrow, elsewhere = await records(store)
    assert {today.step, tomorrow.step, elsewhere.step} == {Step.IDENTIFICATION}
    assert today.events == 110
    view = await store.read(lambda connection: incidents.get(connection, today.number))
    assert {one.value for one in view.entities if one.kind == "source"} == set(attackers)
    assert await notices(store) == []


async def test_one_grows_and_another_joins_at_once(store: Store) -> None:
    """What one finding added to an observation stays when another of the same transaction looks for it by its key."""
    await take(store, finding("f1", decision=Decision.OBSERVE, events=5))
    grown = finding("f1", decision=Decision.OBSERVE, events=50, seconds=900)
    new = finding("f2", decision=Decision.OBSERVE, events=5, seconds=60, source="203.0.113.8")
    await store.write(lambda tx: findings.take_all(tx, [grown, new]))
    [record] = await records(store)
    assert (record.events, record.last_seen) == (55, START + timedelta(seconds=900))


async def test_flood_folds_into_one_campaign(store: Store) -> None:
    """The twenty-first incident of a rule within an hour becomes a campaign that takes all further ones in."""
    flood = [finding(f"f{number}", source=f"198.51.100.{number}", host=f"h{number}") for number in range(40)]
    taken = await take(store, *flood)
    found = await records(store)
    assert len(found) == 21
    assert found[-1].campaign
    assert [one.incident for one in taken[20:]] == [21] * 20
    view = await store.read(lambda connection: incidents.get(connection, 21))
    assert len([one for one in view.entities if one.kind == "source"]) == 20
    await take(store, finding("later", source="192.0.2.1", host="x", first_seen=START + timedelta(hours=2)))
    assert (await records(store))[-1].campaign is False


async def test_severity_rises_and_tells(store: Store) -> None:
    """A worse finding raises the incident, its track too, and tells who was told."""
    await take(store, finding("f1"), finding("f2", rule="rule-2", severity=Severity.CRITICAL))
    [record] = await records(store)
    assert (record.severity, record.track, record.severity_highest) == (
        Severity.CRITICAL,
        Track.FULL,
        Severity.CRITICAL,
    )
    assert record.severity_terms[0].because == "the rule's level is critical"
    assert await notices(store) == [(1, NoticeKind.OPENED), (1, NoticeKind.WORSE)]
    assert await kinds(store) == [EntryKind.OPENED, EntryKind.JOINED, EntryKind.RAISED]


async def test_severity_never_falls_by_itself(store: Store) -> None:
    """A finding that is told milder, or a milder one beside it, leaves the record as severe as it was."""
    await take(store, finding("f1", severity=Severity.HIGH))
    await take(store, finding("f1", severity=Severity.LOW, events=9))
    await take(store, finding("f2", rule="rule-2", severity=Severity.INFORMATIONAL))
    [record] = await records(store)
    assert (record.severity, record.severity_highest, record.track) == (Severity.HIGH, Severity.HIGH, Track.STANDARD)
    assert NoticeKind.WORSE not in [kind for _, kind in await notices(store)]


async def test_breaks_through_an_acknowledgement_once(store: Store) -> None:
    """After someone has it, the first rise breaks through; the second is only written down."""
    await store.write(add_persons)
    await take(store, finding("f1", severity=Severity.LOW))
    await store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    await take(store, finding("f2", severity=Severity.MEDIUM), finding("f3", severity=Severity.HIGH))
    found = await store.read(outbox.notices_unplanned)
    assert [(notice.kind, notice.breaks_through) for notice in found] == [
        (NoticeKind.ACKNOWLEDGED, False),
        (NoticeKind.WORSE, True),
    ]
    assert (await kinds(store)).count(EntryKind.RAISED) == 2


async def test_success_breaks_through_once(store: Store) -> None:
    """After someone has it, that an attempt succeeded is told although the severity stays; the next one is not."""
    await store.write(add_persons)
    await take(store, finding("f1", severity=Severity.HIGH))
    await store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    await take(store, finding("f1", severity=Severity.HIGH, events=2, seconds=1))
    assert await notices(store) == [(1, NoticeKind.OPENED), (1, NoticeKind.ACKNOWLEDGED)][1:]
    await take(store, finding("f1", severity=Severity.HIGH, events=3, seconds=2, success=True))
    await take(store, finding("f2", rule="rule-2", severity=Severity.HIGH, tags=("tocsin.success",)))
    _, worse = await store.read(outbox.notices_unplanned)
    assert (worse.kind, worse.breaks_through) == (NoticeKind.WORSE, True)
    assert worse.reason == "an attempt succeeded: Title of rule-1"
    entries = await store.read(lambda connection: timeline.of(connection, 1))
    assert [entry.kind for entry in entries][2:] == [EntryKind.GREW, EntryKind.JOINED]
    assert entries[2].facts["broke_through"] is True


async def test_known_success_does_not_break_through(store: Store) -> None:
    """What was there when someone took it is no news when it goes on."""
    await store.write(add_persons)
    await take(store, finding("f1", success=True))
    await store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    await take(store, finding("f1", success=True, events=9, seconds=9))
    assert [kind for _, kind in await notices(store)] == [NoticeKind.ACKNOWLEDGED]


async def test_ten_times_the_events_break_through_once(store: Store) -> None:
    """After someone has it, ten times the events that there were then are told, once."""
    await store.write(add_persons)
    await take(store, finding("f1", events=7))
    await store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link"))
    for number in (69, 70, 700):
        await take(store, finding("f1", events=number, seconds=number))
    _, worse = await store.read(outbox.notices_unplanned)
    assert (worse.kind, worse.breaks_through) == (NoticeKind.WORSE, True)
    assert worse.reason == "70 events; there were 7 when ana took it"


async def test_what_a_person_lowered_stays(store: Store) -> None:
    """A finding told again with the severity it had does not raise a record again."""
    high = finding("f1", severity=Severity.HIGH)
    await take(store, high)

    def lower(tx: object) -> None:
        from store.tables import incident

        tx.connection.execute(incident.update().values(severity=Severity.LOW))  # type: ignore[attr-defined]

    await store.write(lower)
    [taken] = await take(store, finding("f1", severity=Severity.HIGH, events=7, seconds=9))
    assert not taken.incident_raised
    assert (await records(store))[0].severity is Severity.LOW


async def test_history_arms_nothing_until_it_is_live(store: Store) -> None:
    """What looking back found fills the list and tells nobody; a live finding of the same key does."""
    await take(store, finding("old", history=True, first_seen=START - timedelta(hours=5)))
    [record] = await records(store)
    assert (record.history, record.step) == (True, Step.IDENTIFICATION)
    assert await notices(store) == []
    await take(store, finding("new"))
    [record] = await records(store)
    assert (record.history, record.step) == (False, Step.NOTIFICATION)
    assert await notices(store) == [(1, NoticeKind.OPENED)]
    assert await kinds(store) == [EntryKind.OPENED, EntryKind.MOVED]


@pytest.mark.parametrize(("minutes", "stale"), [(14, False), (16, True)])
async def test_stale_findings_are_marked(store: Store, clock: FakeClock, minutes: int, stale: bool) -> None:
    """A finding whose last event is more than 15 minutes old is marked, so that nobody is paged for it alone."""
    clock.advance(minutes * 60)
    await take(store, finding())
    [notice] = await store.read(outbox.notices_unplanned)
    assert notice.stale is stale


async def test_growth_is_rolled_up(store: Store, clock: FakeClock) -> None:
    """However often a record grows, its timeline tells of it at most once in ten minutes."""
    for number in range(1, 31):
        clock.advance(60)
        await take(store, finding(events=number, seconds=number))
    assert (await kinds(store)).count(EntryKind.GREW) == 2


async def test_evidence_keeps_first_and_last_of_each_rule(store: Store) -> None:
    """Of a hundred lines the first and the last twenty stay; another rule's lines have places of their own."""
    for start in range(1, 101, 10):
        lines = [line(number) for number in range(start, start + 10)]
        await take(store, finding(events=start + 9, seconds=start, evidence=lines))
    await take(store, finding("f2", rule="rule-2", evidence=[line(50)]))
    kept = [one.line for one in await store.read(lambda c: evidence.of(c, 1))]
    assert kept == [*range(1, 21), 50, *range(81, 101)]


async def test_acknowledging(store: Store) -> None:
    """The first acknowledgement makes its person the owner and tells the others; the second learns who has it."""
    await store.write(add_persons)
    await take(store, finding())
    first = await store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link", note="looking"))
    second = await store.write(lambda tx: incidents.acknowledge(tx, 1, BO, via="session"))
    assert (first.first, first.by, second.first, second.by) == (True, "ana", False, "ana")
    [record] = await records(store)
    assert (record.owner, record.acknowledged_by, record.aware_at) == ("ana", "ana", START)
    assert record.step is Step.NOTIFICATION
    entries = await store.read(lambda connection: timeline.of(connection, 1))
    assert [entry.kind for entry in entries] == [EntryKind.OPENED, EntryKind.ACKNOWLEDGED]
    assert (entries[1].actor, entries[1].via, entries[1].values) == (ANA, "link", {"note": "looking"})


async def test_chain_holds_and_survives_redaction(store: Store) -> None:
    """Every change is an entry of an unbroken chain; a redacted value is gone and the chain still verifies."""
    await store.write(add_persons)
    await take(store, finding("f1"), finding("f2", rule="rule-2", severity=Severity.HIGH))
    await store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link", note="call me: 555"))
    assert await store.read(lambda c: verification.faults_of(c, 1)) == ()
    await store.write(lambda tx: timeline.redact(tx, 1, 4, "note", by=BO, reason="a telephone number"))
    assert await store.read(lambda c: verification.faults_of(c, 1)) == ()
    entries = await store.read(lambda connection: timeline.of(connection, 1))
    assert entries[3].values == {"note": None}
    assert entries[4].facts == {"entry": 4, "name": "note", "reason": "a telephone number"}


async def test_hostile_text_is_stored(store: Store) -> None:
    """NUL, broken bytes and endless keys, as an attacker writes them, are stored and found again."""
    hostile = finding(source="\udcff\x00" * 10, key="rule-1|" + "é\x00\udcff" * 3000)
    await take(store, hostile, finding("f2", source="\udcff\x00" * 10, key=hostile.dedup_key))
    [record] = await records(store)
    assert record.group == (("source.ip", "\\udcff\\x00" * 10),)


async def test_many_at_once_cost_few_statements(store: Store) -> None:
    """Hundreds of findings that join what is there are looked up and written together, so that a commit stays short."""
    await take(store, finding("first", source="198.51.100.1", account="root"))
    flood = [finding(f"f{number}", source=f"198.51.100.{number % 250}", account="root") for number in range(400)]
    said: list[str] = []

    def work(tx: Tx) -> list[Taken]:
        def note(*arguments: object) -> None:
            said.append(str(arguments[2]))

        event.listen(tx.connection, "before_cursor_execute", note)
        try:
            return findings.take_all(tx, flood)
        finally:
            event.remove(tx.connection, "before_cursor_execute", note)

    taken = await store.write(work)
    assert {one.incident for one in taken} == {1}
    told = [statement for statement in said if "timeline" in statement or "INTO value" in statement]
    assert len(said) - len(told) < 30, said
