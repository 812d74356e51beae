"""Forms in the database: prefilled by looking, saved as versions, refused when stale, redacted for good."""

import asyncio
from collections.abc import Iterable, Mapping

import pytest
from sqlalchemy import text
from support.fakes import START
from support.once import once
from support.store import finding

from rules.event import Severity
from store import dossier, forms
from store.answers import Answer, State
from store.database import Store
from store.errors import ActNotAllowed, InvariantBroken, NotFound, StaleVersion
from store.fields import Gate
from store.forms import FormName
from store.incident import DAEMON, Actor, ActorKind, EntryKind, Incident, Status, Step, TimelineEntry, Track
from store.people import Person, Role
from store.repository.dossier import forms as kept
from store.repository.dossier.forms import FormView
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.keeping import verification
from store.repository.people import persons
from store.repository.record import records, timeline
from store.tables import incident
from store.tx import Tx

ANA = Actor(kind=ActorKind.PERSON, id="ana")
BO = Actor(kind=ActorKind.PERSON, id="bo")
VI = Actor(kind=ActorKind.PERSON, id="vi")
PERSONS = (
    Person(id="ana", name="Ana", roles=frozenset({Role.RESPONDER, Role.REPORTER, Role.INVESTIGATOR})),
    Person(id="bo", name="Bo", roles=frozenset({Role.REPORTER})),
    Person(id="vi", name="Vi", roles=frozenset({Role.VIEWER})),
)


@pytest.fixture(autouse=True)
async def incident_one(store: Store) -> None:
    """INC-1, and three persons."""

    def fill(tx: Tx) -> None:
        persons.upsert_from_config(tx, PERSONS)
        findings.take(tx, finding(severity=Severity.MEDIUM, events=3))

    await once(store, lambda: store.write(fill), __name__, "incident_one")


async def save(
    store: Store,
    changes: Mapping[str, Answer | str | None],
    *,
    expected: int = 0,
    by: Actor = ANA,
    name: FormName = FormName.REPORT,
    confirmed: Iterable[str] = (),
) -> FormView:
    """Save an edit of INC-1's form."""
    answers = {field: Answer(value=one) if isinstance(one, str) else one for field, one in changes.items()}
    return await store.write(
        lambda tx: kept.save(tx, 1, name, answers, expected=expected, by=by, via="token", confirmed=confirmed)
    )


async def view(store: Store, name: FormName = FormName.REPORT) -> FormView:
    """INC-1's form."""
    return await store.read(lambda connection: kept.view(connection, 1, name))


async def place(store: Store, **values: object) -> None:
    """Put INC-1 somewhere."""
    await store.write(lambda tx: tx.connection.execute(incident.update().values(**values)))


async def now(store: Store) -> Incident:
    """INC-1."""
    return await store.read(lambda connection: records.load(connection, 1))


async def entries(store: Store) -> list[TimelineEntry]:
    """INC-1's timeline."""
    return await store.read(lambda connection: timeline.of(connection, 1))


async def test_looking_prefills_and_writes_nothing(store: Store) -> None:
    """A form that nobody has saved shows what is known by now, marked, at version 0; looking leaves no trace."""
    seen = await view(store)
    assert (seen.version, seen.author, seen.answers["asset"].value) == (0, None, "web1")
    assert forms.unconfirmed(seen.answers) == tuple(seen.answers)
    assert await store.read(lambda c: kept.history(c, 1)) == []
    views = await store.read(lambda c: kept.views(c, 1))
    filled = {name: one.answers for name, one in views.items()}
    assert len(forms.left_to_people(filled, Track.LIGHT)) <= 4
    assert forms.missing_of(filled, Track.LIGHT, Gate.IN_REVIEW) == ("report.what_happened",)
    with pytest.raises(NotFound, match="INC-2"):
        await store.read(lambda c: kept.view(c, 2, FormName.REPORT))


async def test_a_save_is_a_version_and_an_entry(store: Store) -> None:
    """What a person saves stands with their name; the rest stays as it was; the timeline names the fields only."""
    first = await save(store, {"what_happened": "Guessing from outside"}, confirmed=["title"])
    assert (first.version, first.author, first.at) == (1, ANA, START)
    second = await save(store, {"harm": Answer(state=State.NONE, reason="no login")}, expected=1, by=BO)
    assert second.answers["what_happened"].value == "Guessing from outside"
    assert (second.by["what_happened"], second.by["harm"], second.by["asset"]) == ("ana", "bo", "")
    assert not second.answers["title"].auto
    assert await view(store) == second
    *_, entry = await store.read(lambda c: timeline.of(c, 1))
    assert (entry.kind, entry.actor, entry.via) == (EntryKind.FORM_SAVED, BO, "token")
    assert (entry.facts["form"], entry.facts["version"], entry.facts["fields"]) == ("report", 2, "harm")
    versions = await store.read(lambda c: kept.history(c, 1))
    assert entry.facts["hash"] == versions[-1].hash
    assert dossier.authors(versions) == {"ana", "bo"}
    assert (await store.read(lambda c: incidents.get(c, 1))).incident.aware_at == START


async def test_stale_versions_are_refused(store: Store) -> None:
    """Who saves over a version they have not seen is told the current one and whose it is; nothing is lost."""
    await save(store, {"what_happened": "Guessing"}, by=BO)
    for expected in (0, 2):
        with pytest.raises(StaleVersion, match=r"version 1, saved by bo; yours is"):
            await save(store, {"what_happened": "Nothing"}, expected=expected)
    assert (await view(store)).answers["what_happened"].value == "Guessing"
    assert (await save(store, {"scope": "web1"}, name=FormName.INVESTIGATION)).version == 1


async def test_of_two_at_once_one_is_told(store: Store) -> None:
    """Two saves of one version at the same moment: one stands, the other is refused."""
    done = await asyncio.gather(
        *(save(store, {"what_happened": text}) for text in ("one", "other")), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in done) == ["FormView", "StaleVersion"]
    assert len(await store.read(lambda c: kept.history(c, 1))) == 1


async def test_what_the_machine_attaches_meets_no_version(store: Store) -> None:
    """Findings that go on arriving change neither version nor what a person wrote; what is prefilled follows them."""
    await save(store, {"title": "Mine"})
    more = finding("f1", severity=Severity.HIGH, events=9, seconds=60, opened=False)
    await store.write(lambda tx: findings.take(tx, more))
    seen = await view(store)
    assert (seen.version, seen.answers["title"].value) == (1, "Mine")
    assert (await view(store, FormName.IDENTIFICATION)).answers["severity"].value == "high"
    assert (await save(store, {"what_happened": "More"}, expected=1)).version == 2


async def test_saving_nothing_new_makes_no_version(store: Store) -> None:
    """The same answer again leaves version and timeline alone."""
    await save(store, {"what_happened": "Guessing"})
    again = await save(store, {"what_happened": "Guessing"}, expected=1)
    assert again.version == 1
    assert [one.kind for one in await store.read(lambda c: timeline.of(c, 1))].count(EntryKind.FORM_SAVED) == 1


async def test_all_faults_are_told_and_nothing_is_kept(store: Store) -> None:
    """Wrong answers, unknown fields and fields of acts are refused together; the good ones among them wait."""
    with pytest.raises(ActNotAllowed) as refused:
        await save(
            store,
            {"title": "good", "tlp": "pink", "reporter": "nobody", "review_notes": "fine", "shoe": None},
            confirmed=["hat"],
        )
    assert refused.value.code == "invalid_answers"
    assert refused.value.missing == ("tlp", "reporter", "review_notes", "shoe", "hat")
    assert (await view(store)).version == 0


async def test_who_may_write(store: Store) -> None:
    """A form is written by persons with the roles that it asks, while the incident is open."""
    for by, code in ((VI, "role_required"), (DAEMON, "person_required")):
        with pytest.raises(ActNotAllowed) as refused:
            await save(store, {"title": "Mine"}, by=by)
        assert refused.value.code == code
    with pytest.raises(ActNotAllowed, match="needed: investigator"):
        await save(store, {"scope": "web1"}, by=BO, name=FormName.INVESTIGATION)
    with pytest.raises(ActNotAllowed, match="kept by the record"):
        await save(store, {}, name=FormName.NOTIFICATION)
    await place(store, step=Step.FOLLOW_UP, status=Status.CLOSED, outcome="resolved", closed_at=START)
    with pytest.raises(ActNotAllowed, match="must be reopened"):
        await save(store, {"title": "Late"})


async def test_an_answer_is_taken_away(store: Store) -> None:
    """A field set to nothing has no answer any more, and a prefilled one comes back."""
    await save(store, {"what_happened": "Guessing", "title": "Mine"})
    seen = await save(store, {"what_happened": None, "title": None}, expected=1)
    assert "what_happened" not in seen.answers
    assert seen.answers["title"].auto


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"personal_data": Answer(value=[{"category": "health", "persons": 12}])}, "personal data is concerned"),
        ({"tlp": Answer(value="TLP:RED")}, "the report says TLP:RED"),
    ],
)
async def test_what_is_reported_asks_for_more_persons(store: Store, changes: dict[str, Answer], because: str) -> None:
    """Personal data and TLP:RED put the incident on the full track, once, and the timeline says why."""
    before = (await store.read(lambda c: incidents.get(c, 1))).incident
    await save(store, changes)
    assert (await save(store, {"harm": "more"}, expected=1)).version == 2
    record = (await store.read(lambda c: incidents.get(c, 1))).incident
    assert (record.track, record.version) == (Track.FULL, before.version + 1)
    raised = [one for one in await store.read(lambda c: timeline.of(c, 1)) if one.kind is EntryKind.RAISED]
    assert [one.facts["reason"] for one in raised] == [because]
    await place(store, track=Track.STANDARD)
    await save(store, {"harm": "less"}, expected=2)
    assert (await store.read(lambda c: incidents.get(c, 1))).incident.track is Track.STANDARD


async def test_no_personal_data_raises_nothing(store: Store) -> None:
    """Saying that there is none leaves the track as it was."""
    await save(store, {"personal_data": Answer(state=State.NONE, reason="only addresses of machines")})
    assert (await store.read(lambda c: incidents.get(c, 1))).incident.track is Track.LIGHT


async def test_versions_are_never_changed(store: Store) -> None:
    """The database refuses to change or delete a version, and to change an answer, whoever asks."""
    await save(store, {"title": "Mine"})
    for statement in (
        "UPDATE form SET hash = hash",
        "DELETE FROM form",
        "UPDATE form_answer SET answer = answer",
    ):
        with pytest.raises(InvariantBroken, match="never"):
            await store.write(lambda tx, statement=statement: tx.connection.execute(text(statement)))  # type: ignore[misc]
    assert await store.read(lambda c: verification.faults_of(c, 1)) == ()


async def test_a_redacted_answer_is_gone_from_every_version(store: Store) -> None:
    """Values and salts are deleted, of what stood there before too; who, when and why stay, every hash verifies."""
    await save(store, {"what_happened": "It was Mallory"})
    await save(store, {"what_happened": "It was Mallory, from Hull", "harm": "none seen"}, expected=1)
    before = [one.hash for one in await store.read(lambda c: kept.history(c, 1))]
    await store.write(
        lambda tx: kept.redact(tx, 1, FormName.REPORT, "what_happened", by=BO, reason="a name", via="token")
    )
    after = await store.read(lambda c: kept.history(c, 1))
    assert [one.hash for one in after] == before
    assert all("what_happened" not in one.answers for one in after)
    assert (await store.read(lambda c: timeline.of(c, 1)))[-1].facts["answers"] == 2
    assert await store.read(lambda c: verification.faults_of(c, 1)) == ()
    seen = await view(store)
    assert seen.redacted == ("what_happened",)
    *_, entry = await store.read(lambda c: timeline.of(c, 1))
    assert (entry.kind, entry.facts["field"], entry.facts["reason"]) == (EntryKind.REDACTED, "what_happened", "a name")
    with pytest.raises(NotFound, match="redacted before"):
        await store.write(lambda tx: kept.redact(tx, 1, FormName.REPORT, "what_happened", by=BO, reason="again"))
    third = await save(store, {"site": "Berlin"}, expected=2)
    assert third.redacted == ("what_happened",)
    fourth = await save(store, {"what_happened": "It was somebody"}, expected=3)
    assert (fourth.redacted, fourth.answers["what_happened"].value) == ((), "It was somebody")


async def test_kept_for_the_freeze(store: Store) -> None:
    """What is prefilled is kept before a dossier is frozen, once; later findings then change no form."""
    await save(store, {"what_happened": "Guessing"})
    await store.write(lambda tx: kept.keep(tx, 1))
    frozen = await store.read(lambda c: kept.standing(c, 1))
    assert {one.form: one.author for one in frozen} == {
        FormName.IDENTIFICATION: DAEMON,
        FormName.REPORT: ANA,
        FormName.INVESTIGATION: DAEMON,
        FormName.FOLLOW_UP: DAEMON,
    }
    await store.write(lambda tx: kept.keep(tx, 1))
    await place(store, step=Step.APPROVAL)
    more = finding("f1", severity=Severity.CRITICAL, events=90, seconds=60, opened=False)
    await store.write(lambda tx: findings.take(tx, more))
    await store.write(lambda tx: kept.keep(tx, 1))
    now = await store.read(lambda c: kept.standing(c, 1))
    assert dossier.voided(dossier.assemble(1, 1, frozen, []), dossier.assemble(1, 1, now, [])) is None
    await save(store, {"progress": Answer(value=["half"])}, expected=1, name=FormName.FOLLOW_UP)
    now = await store.read(lambda c: kept.standing(c, 1))
    assert dossier.voided(dossier.assemble(1, 1, frozen, []), dossier.assemble(1, 1, now, [])) is None
    await save(store, {"harm": "smoke"}, expected=1, by=BO)
    now = await store.read(lambda c: kept.standing(c, 1))
    void = dossier.voided(dossier.assemble(1, 1, frozen, []), dossier.assemble(1, 1, now, []), now)
    assert void is not None
    assert void.sentence == "approval void since version 2 of report: report.harm added"


async def test_a_new_cycle_carries_the_report_and_asks_the_rest_anew(store: Store) -> None:
    """After a reopening the report stands; the investigation begins empty, and its versions go on counting."""
    await save(store, {"what_happened": "Guessing"})
    await save(store, {"scope": "web1"}, name=FormName.INVESTIGATION)
    await place(store, cycle=2)
    assert (await view(store)).answers["what_happened"].value == "Guessing"
    empty = await view(store, FormName.INVESTIGATION)
    assert (empty.version, "scope" in empty.answers) == (1, False)
    assert [one.form for one in await store.read(lambda c: kept.standing(c, 1))] == [FormName.REPORT]
    again = await save(store, {"scope": "web1 and web2"}, expected=1, name=FormName.INVESTIGATION)
    assert (again.version, again.answers["scope"].value) == (2, "web1 and web2")
    versions = await store.read(lambda c: kept.history(c, 1))
    assert [one.cycle for one in versions if one.form is FormName.INVESTIGATION] == [1, 2]


async def test_hostile_text_comes_back(store: Store) -> None:
    """Zero bytes, other scripts and control characters are kept as they can be kept, and verify."""
    await save(store, {"what_happened": "a\0b \u202e \U0001f525 <script>"})
    assert (await save(store, {"what_happened": "a\0b \u202e \U0001f525 <script>"}, expected=1)).version == 1
    assert (await view(store)).answers["what_happened"].value == "a\\x00b \u202e \U0001f525 <script>"
    assert await store.read(lambda c: verification.faults_of(c, 1)) == ()


# -- what the identification says of the record ------------------------------------------------------------------------


async def test_a_severity_in_the_form_is_the_records(store: Store) -> None:
    """Confirming it classifies the record; one that rises takes the track along; another decision is a move."""
    await save(store, {}, confirmed=["severity"], name=FormName.IDENTIFICATION)
    record = await now(store)
    assert (record.classified_at, record.severity) == (START, Severity.MEDIUM)
    await save(store, {"severity": "critical"}, expected=1, name=FormName.IDENTIFICATION)
    record = await now(store)
    assert (record.severity, record.severity_highest, record.track) == (
        Severity.CRITICAL,
        Severity.CRITICAL,
        Track.FULL,
    )
    assert (await entries(store))[-1].kind is EntryKind.CLASSIFIED
    with pytest.raises(ActNotAllowed, match="the move decide") as refused:
        await save(store, {"decision": "observe"}, expected=2, name=FormName.IDENTIFICATION)
    assert refused.value.missing == ("decision",)


async def test_a_severity_that_falls_in_the_form_needs_what_it_needs_elsewhere(store: Store) -> None:
    """A reason; and of what was ever high, somebody else, or it rises again, in the form too."""
    await save(store, {"severity": "high"}, name=FormName.IDENTIFICATION)
    with pytest.raises(ActNotAllowed) as refused:
        await save(store, {"severity": "low"}, expected=1, name=FormName.IDENTIFICATION)
    assert (refused.value.code, refused.value.missing) == ("reason_required", ("decision_reason",))
    falls = {"severity": "low", "decision_reason": "a lab machine"}
    await save(store, falls, expected=1, name=FormName.IDENTIFICATION)
    record = await now(store)
    assert (record.severity, record.severity_highest, record.lowering is not None) == (
        Severity.LOW,
        Severity.HIGH,
        True,
    )
    await place(store, severity=Severity.HIGH, lowering=None)
    seen = (await view(store, FormName.IDENTIFICATION)).answers["severity"]
    assert (seen.value, seen.auto) == ("high", True)
