"""What people judge, correct, add and take apart, on each database: classify, countersign, correct, evidence, split."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from support.fakes import START, FakeClock
from support.once import once
from support.path import ABE, ANA, BO, INA, SITE, VI, add_people, frozen, seen, stand
from support.store import finding, line

from rules.event import Entity, Severity
from store import process
from store.database import Store
from store.errors import Refused
from store.forms import FormName
from store.four_eyes import FourEyes
from store.incident import EntryKind, Incident, Step, TimelineEntry, Tlp, Track
from store.notice import NoticeKind
from store.repository.dossier import forms
from store.repository.grouping import findings, merges, splitting
from store.repository.incident import classification, corrections, exhibits, incidents
from store.repository.incident.acts import Done
from store.repository.record import evidence, records, timeline
from store.tables import notice
from store.tx import Tx

HIGH, LOW, MEDIUM, CRITICAL = Severity.HIGH, Severity.LOW, Severity.MEDIUM, Severity.CRITICAL


@pytest.fixture
async def opened(store: Store) -> Store:
    """Everybody who takes part, and one incident of severity high."""

    def begin(tx: Tx) -> None:
        add_people(tx)
        findings.take(tx, finding(severity=HIGH, evidence=(line(1),)))

    await once(store, lambda: store.write(begin), __name__, "opened")
    return store


async def now(store: Store, number: int = 1) -> Incident:
    return await store.read(lambda c: records.load(c, number))


async def last(store: Store, number: int = 1) -> TimelineEntry:
    return (await store.read(lambda c: timeline.of(c, number)))[-1]


async def told(store: Store, number: int = 1) -> list[NoticeKind]:
    look = select(notice.c.kind).where(notice.c.incident == number).order_by(notice.c.id)
    return list(await store.read(lambda c: c.execute(look).scalars().all()))


async def classify(store: Store, by: Any = ANA, **more: Any) -> Done:
    return await store.write(lambda tx: classification.classify(tx, 1, by, **seen(tx, 1), **more))


async def countersign(store: Store, by: Any, *, agree: bool = True, mode: FourEyes = FourEyes.FULL) -> Done:
    return await store.write(lambda tx: classification.countersign(tx, 1, by, agree=agree, mode=mode, **seen(tx, 1)))


async def refused(doing: Any) -> tuple[str, tuple[str, ...]]:
    with pytest.raises(Refused) as error:
        await doing
    return error.value.code, error.value.missing


# -- classify ----------------------------------------------------------------------------------------------------------


async def test_the_first_who_confirms_it_classifies_it(opened: Store, clock: FakeClock) -> None:
    """Confirming changes no severity; the instant is set once."""
    done = await classify(opened)
    assert (done.incident.classified_at, done.incident.severity) == (START, HIGH)
    clock.advance(60)
    await classify(opened, severity=HIGH)
    assert (await now(opened)).classified_at == START
    assert (await last(opened)).kind is EntryKind.CLASSIFIED


async def test_what_rises_rises_at_once(opened: Store) -> None:
    """With the track that it asks for; people hear of it although somebody has it."""
    await opened.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="token"))
    after = (await classify(opened, severity=CRITICAL)).incident
    assert (after.severity, after.severity_highest, after.track) == (CRITICAL, CRITICAL, Track.FULL)
    assert after.severity_terms[-1].because == "ana says critical"
    assert (await told(opened))[-1] is NoticeKind.WORSE
    after = (await classify(opened, track=Track.FULL)).incident
    assert (after.lowering, after.track) == (None, Track.FULL)


async def test_what_was_never_high_falls_at_once(opened: Store) -> None:
    """For a reason."""

    def mild(tx: Tx) -> None:
        before = records.load(tx.connection, 1)
        records.change(tx, before, replace(before, severity=MEDIUM, severity_highest=MEDIUM))

    await opened.write(mild)
    assert await refused(classify(opened, severity=LOW)) == ("reason_required", ("reason",))
    after = (await classify(opened, severity=LOW, reason="a lab machine")).incident
    assert (after.severity, after.lowering) == (LOW, None)
    assert (await last(opened)).values == {"note": "a lab machine"}


async def test_what_was_high_falls_until_a_second_person_agrees(opened: Store) -> None:
    """It falls at once; who proposed it cannot agree; another can, and then it stays."""
    done = await classify(opened, severity=LOW, reason="a lab machine")
    assert (done.incident.severity, done.incident.severity_highest) == (LOW, HIGH)
    assert ("countersign" in done.allowed, "classify" in done.allowed) == (True, False)
    assert await refused(classify(opened, BO, severity=CRITICAL)) == ("level_pending", ())
    assert await refused(countersign(opened, ANA)) == ("four_eyes", ())
    assert (await refused(countersign(opened, VI)))[0] == "role_required"
    after = (await countersign(opened, BO)).incident
    assert (after.severity, after.lowering) == (LOW, None)
    assert (await last(opened)).facts["proposed_by"] == "ana"
    assert await refused(countersign(opened, BO)) == ("no_proposal", ())


async def test_nobody_agrees_and_it_rises_again(opened: Store, clock: FakeClock) -> None:
    """After twelve hours it is what it was, with its reasons; people hear of it."""
    before = await now(opened)
    await classify(opened, severity=LOW, reason="a lab machine")
    due = await opened.read(classification.next_due)
    assert due == START + timedelta(hours=12)
    assert await opened.write(classification.lapse) == 0
    clock.set(due)
    assert await opened.write(classification.lapse) == 1
    assert await opened.write(classification.lapse) == 0
    after = await now(opened)
    assert (after.severity, after.severity_terms, after.lowering) == (HIGH, before.severity_terms, None)
    assert ((await last(opened)).kind, (await told(opened))[-1]) == (EntryKind.LAPSED, NoticeKind.WORSE)
    assert await opened.read(classification.next_due) is None


async def test_who_proposed_it_may_take_it_back(opened: Store) -> None:
    """Declining needs no second person, and a severity that rose meanwhile stays."""
    await classify(opened, severity=LOW, reason="a lab machine")
    await opened.write(lambda tx: findings.take(tx, finding("f2", rule="r2", severity=CRITICAL)))
    after = (await countersign(opened, ANA, agree=False)).incident
    assert (after.severity, after.lowering) == (CRITICAL, None)


async def test_closing_is_no_way_around_the_second_person(opened: Store, clock: FakeClock) -> None:
    """Merged into another and taken out again, it still waits, and lapses."""

    def other(tx: Tx) -> None:
        findings.take(tx, finding("f2", rule="r2", key="r2", source="192.0.2.9", host="db", severity=HIGH))

    await opened.write(other)
    await classify(opened, severity=LOW, reason="a lab machine")
    await opened.write(lambda tx: merges.merge(tx, 1, 2, ANA, **seen(tx, 1)))
    clock.advance(13 * 3600)
    assert await opened.write(classification.lapse) == 1
    await opened.write(lambda tx: merges.unmerge(tx, 1, ANA, **seen(tx, 1)))
    assert (await now(opened)).severity is HIGH


async def test_a_track_falls_only_once_another_agrees(opened: Store, clock: FakeClock) -> None:
    """Until then nobody signs alone what two must; lapsed, it stays."""
    await opened.write(lambda tx: stand(tx, 1, process.REPORTING))
    assert await refused(classify(opened, track=Track.LIGHT)) == ("reason_required", ("reason",))
    waits = (await classify(opened, track=Track.LIGHT, reason="nothing came of it")).incident
    assert waits.track is Track.STANDARD
    clock.advance(12 * 3600)
    await opened.write(classification.lapse)
    assert (await now(opened)).track is Track.STANDARD
    await classify(opened, track=Track.LIGHT, reason="nothing came of it")
    after = (await countersign(opened, ABE)).incident
    assert (after.track, after.severity) == (Track.LIGHT, HIGH)


async def test_a_track_that_rose_meanwhile_stays(opened: Store) -> None:
    """The second person agreed to something else."""
    await opened.write(lambda tx: stand(tx, 1, process.REPORTING))
    await classify(opened, track=Track.LIGHT, reason="nothing came of it")
    await opened.write(lambda tx: findings.take(tx, finding("f2", rule="r2", severity=CRITICAL)))
    assert (await countersign(opened, BO)).incident.track is Track.FULL


async def test_waived_the_record_says_so(opened: Store) -> None:
    """Where four eyes are waived one person is enough."""
    await classify(opened, severity=LOW, reason="a lab machine")
    await countersign(opened, ANA, mode=FourEyes.WAIVED)
    assert (await last(opened)).facts["waived"] == "four_eyes"


# -- correct -----------------------------------------------------------------------------------------------------------


async def correct(store: Store, instant: str, to: Any, reason: str = "the clock was wrong", by: Any = ANA) -> Done:
    return await store.write(
        lambda tx: corrections.correct(tx, 1, by, instant=instant, to=to, reason=reason, **seen(tx, 1))
    )


async def test_both_instants_stay(opened: Store, clock: FakeClock) -> None:
    """What it was and what it is stand in the timeline, with the reason; what the machine counts stays."""
    clock.advance(3600)
    to = START - timedelta(days=2)
    after = (await correct(opened, "occurred_at", to)).incident
    assert (after.began_at, after.first_seen) == (to, START)
    entry = await last(opened)
    assert entry.facts == {"instant": "occurred_at", "from": START.isoformat(), "to": to.isoformat()}
    assert (entry.kind, entry.values) == (EntryKind.CORRECTED, {"note": "the clock was wrong"})
    await opened.write(lambda tx: findings.take(tx, finding("f1", severity=HIGH, events=9, seconds=60, opened=False)))
    assert (await now(opened)).began_at == to
    form = await opened.read(lambda c: forms.view(c, 1, FormName.IDENTIFICATION))
    assert form.answers["occurred_at"].value == "2026-02-28T09:00:00Z"


@pytest.mark.parametrize(
    ("instant", "hours", "code"),
    [
        ("detected_at", 2, "invalid_moment"),  # in the future
        ("detected_at", -1, "invalid_moment"),  # before it began
        ("contained_at", 0, "invalid_moment"),  # nobody has contained it
        ("occurred_at", 0.5, "invalid_moment"),  # after it was noticed
    ],
)
async def test_what_cannot_be(opened: Store, clock: FakeClock, instant: str, hours: float, code: str) -> None:
    """Nothing happens in the future, before it was said, or before it began."""
    clock.advance(3600)
    before = await now(opened)
    assert await refused(correct(opened, instant, START + timedelta(hours=hours))) == (code, ("to",))
    assert await refused(correct(opened, "detected_at", START, reason=" ")) == ("reason_required", ("reason",))
    assert (await refused(correct(opened, "detected_at", START, by=VI)))[0] == "role_required"
    assert await now(opened) == before


async def test_nobody_knew_of_it_later_than_they_acted(opened: Store, clock: FakeClock) -> None:
    """Clocks of the law start when somebody knew: that may have been earlier than the record says, never later."""
    clock.advance(3600)
    await classify(opened)
    clock.advance(3600)
    acted = START + timedelta(hours=1)
    assert await refused(correct(opened, "aware_at", START + timedelta(hours=2))) == ("invalid_moment", ("to",))
    for moment in (START, acted):
        assert (await correct(opened, "aware_at", moment)).incident.aware_at == moment


# -- evidence ----------------------------------------------------------------------------------------------------------


async def add(store: Store, by: Any = ANA, **more: Any) -> Done:
    return await store.write(lambda tx: exhibits.add(tx, 1, by, via="token", **more))


async def test_a_person_adds_evidence(opened: Store) -> None:
    """It stands among the lines, and makes nobody's version stale; a text's hash is calculated."""
    before = await now(opened)
    done = await add(opened, evidence_text="screenshot says 'pwned'", text="from the help desk")
    assert await now(opened) == before
    entry = await last(opened)
    digest = hashlib.sha256(b"screenshot says 'pwned'").hexdigest()
    assert (entry.seq, entry.facts, entry.values["note"]) == (done.entry, {"sha256": digest}, "from the help desk")
    one = (await opened.read(lambda c: evidence.of(c, 1)))[0]
    assert (one.source, one.sha256, one.text) == ("person:ana", digest, "screenshot says 'pwned'")
    assert await opened.read(lambda c: evidence.sources_of(c, 1)) == ("auth",)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, ("text", "reference")),
        ({"evidence_text": " "}, ("text", "reference")),
        ({"reference": "share/disk.img"}, ("sha256",)),
        ({"reference": "share/disk.img", "sha256": "abc"}, ("sha256",)),
        ({"evidence_text": "x", "sha256": "0" * 64}, ("sha256",)),
    ],
)
async def test_evidence_that_says_too_little(opened: Store, given: dict[str, str], missing: tuple[str, ...]) -> None:
    """What is kept elsewhere needs its hash; a hash that does not fit is refused."""
    assert await refused(add(opened, **given)) == ("invalid_evidence", missing)


async def test_evidence_of_persons_is_never_dropped_for_lines(opened: Store) -> None:
    """However many of either there are."""
    for number in range(45):
        await add(opened, evidence_text=f"note {number}")
    many = tuple(line(number) for number in range(2, 60))
    await opened.write(lambda tx: findings.take(tx, finding("f1", severity=HIGH, events=60, seconds=60, evidence=many)))
    kept = await opened.read(lambda c: evidence.of(c, 1))
    assert sum(one.source == "person:ana" for one in kept) == 45


async def test_redacted_evidence_is_gone_everywhere(opened: Store) -> None:
    """From the timeline, from the lines, and from the record that it was merged into; the hash stays."""

    def other(tx: Tx) -> None:
        findings.take(tx, finding("f2", rule="r2", key="r2", source="192.0.2.9", host="db", severity=HIGH))

    await opened.write(other)
    done = await add(opened, evidence_text="Mallory did it")
    await opened.write(lambda tx: merges.merge(tx, 1, 2, ANA, **seen(tx, 1)))
    await opened.write(lambda tx: timeline.redact(tx, 1, done.entry, "text", by=ABE, reason="a name"))
    for number in (1, 2):
        lines = await opened.read(lambda c, number=number: evidence.of(c, number))  # type: ignore[misc]
        assert [one.text for one in lines if one.source.startswith("person")] == [""]


# -- split -------------------------------------------------------------------------------------------------------------


async def joined(store: Store) -> None:
    """A second rule's finding about another account joins INC-1, with a line of its own."""
    more = finding(
        "f2", rule="r2", severity=MEDIUM, account="root", events=3, seconds=10, evidence=(line(50),), key="r2|root"
    )
    assert (await store.write(lambda tx: findings.take(tx, more))).incident == 1


async def split(store: Store, *ids: str, by: Any = ANA, **more: Any) -> Done:
    given = [one.rjust(32, "0") for one in ids]
    return await store.write(lambda tx: splitting.split(tx, 1, by, ids=given, **seen(tx, 1), **more))


async def test_a_part_becomes_a_record_of_its_own(opened: Store) -> None:
    """With its counts, lines and entities; people are told; what comes next joins the one that has its like."""
    await joined(opened)
    done = await split(opened, "f2", title="Root by hand", note="another attack")
    new = done.incident
    assert (new.number, new.title, new.severity, new.step) == (2, "Root by hand", MEDIUM, Step.NOTIFICATION)
    assert (new.track, new.rule_id, new.dedup_key) == (Track.STANDARD, "r2", "r2|root")
    assert await told(opened, 2) == [NoticeKind.OPENED]
    old_view = await opened.read(lambda c: incidents.get(c, 1))
    new_view = await opened.read(lambda c: incidents.get(c, 2))
    assert [(one.rule_id, one.events) for one in old_view.tallies] == [("rule-1", 1)]
    assert [(one.rule_id, one.events) for one in new_view.tallies] == [("r2", 3)]
    assert [one.text for one in await opened.read(lambda c: evidence.of(c, 1))] == ["line 1"]
    assert [one.text for one in await opened.read(lambda c: evidence.of(c, 2))] == ["line 50"]
    assert Entity(kind="account", value="root") in new_view.entities
    entry = await last(opened)
    assert (entry.kind, entry.facts, entry.values) == (
        EntryKind.SPLIT,
        {"into": 2, "findings": 1},
        {"note": "another attack"},
    )
    assert (await last(opened, 2)).facts["split_off"] == 1
    again = finding("f3", rule="r2", account="root", key="r2|root", first_seen=START + timedelta(minutes=5))
    assert (await opened.write(lambda tx: findings.take(tx, again))).incident == 2
    grown = finding("f2", rule="r2", severity=MEDIUM, account="root", events=7, seconds=20, key="r2|root", opened=False)
    assert (await opened.write(lambda tx: findings.take(tx, grown))).incident == 2
    counted = await opened.read(lambda c: incidents.get(c, 2))
    assert [one.events for one in counted.tallies] == [8]


async def test_what_opened_it_can_go_too(opened: Store) -> None:
    """Then the new record bears the key, and the old one that of what is left."""
    await joined(opened)
    key = (await now(opened)).dedup_key
    new = (await split(opened, "f1")).incident
    assert (new.dedup_key, (await now(opened)).dedup_key) == (key, "r2|root")
    assert (new.severity, new.tlp) == (HIGH, Tlp.AMBER)
    again = finding("f3", severity=HIGH, first_seen=START + timedelta(minutes=5))
    assert (await opened.write(lambda tx: findings.take(tx, again))).incident == new.number


async def test_what_cannot_be_split(opened: Store) -> None:
    """Nothing, all of it, findings of others; nor by who may not, nor what is frozen."""
    await joined(opened)
    for ids in ((), ("f1", "f2"), ("f1", "nine")):
        assert await refused(split(opened, *ids)) == ("invalid_split", ("findings",))
    assert (await refused(split(opened, "f2", by=INA)))[0] == "role_required"
    await opened.write(lambda tx: frozen(tx, 1, SITE))
    code, _ = await refused(split(opened, "f2"))
    assert code == "frozen"


async def test_a_split_record_is_merged_back(opened: Store) -> None:
    """Splitting by mistake costs nothing."""
    await joined(opened)
    await split(opened, "f2")
    await opened.write(lambda tx: merges.merge(tx, 2, 1, ANA, **seen(tx, 2)))
    view = await opened.read(lambda c: incidents.get(c, 1))
    assert sorted((one.rule_id, one.events) for one in view.tallies) == [("r2", 3), ("rule-1", 1)]
    assert len(await opened.read(lambda c: evidence.of(c, 1))) == 2
