"""The steps that people sign off, on each database: what each needs, who may, what it leaves behind."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.fakes import FakeClock
from support.once import once
from support.path import (
    ANA,
    BO,
    DORA,
    INA,
    PEOPLE,
    REX,
    RITA,
    SITE,
    VI,
    add_people,
    fill,
    frozen,
    given,
    investigated,
    none,
    person,
    reported,
    seen,
    stand,
)
from support.store import finding

from rules.event import Severity
from store import process
from store.action import ActionKind
from store.answers import State
from store.database import Store
from store.designation import Colleague, Designation, Leave, Staff
from store.errors import ActNotAllowed, Refused, StaleVersion
from store.forms import FormName
from store.four_eyes import FourEyes
from store.incident import Actor, EntryKind, Incident, Stage, Step, TimelineEntry, Track
from store.people import Person, Role
from store.process import Standing
from store.repository.dossier import action_turns, approval, forms, reviews
from store.repository.dossier.reviews import ReviewResult
from store.repository.grouping import findings
from store.repository.incident import requests
from store.repository.incident.acts import Done
from store.repository.people import persons
from store.repository.record import records, timeline
from store.repository.steps import reviewing, stepping
from store.site import Site
from store.tx import Tx

ACCEPTED, RETURNED = ReviewResult.ACCEPTED, ReviewResult.RETURNED


@pytest.fixture
async def opened(store: Store) -> Store:
    """Everybody who takes part, and one incident of severity high."""

    def begin(tx: Tx) -> None:
        add_people(tx)
        findings.take(tx, finding(severity=Severity.HIGH))

    await once(store, lambda: store.write(begin), __name__, "opened")
    return store


async def now(store: Store) -> Incident:
    return await store.read(lambda c: records.load(c, 1))


async def last(store: Store) -> TimelineEntry:
    return (await store.read(lambda c: timeline.of(c, 1)))[-1]


async def go(store: Store, move: Callable[..., Done], actor: Actor, *, site: Site = SITE, **more: Any) -> Done:
    """Make *move* upon the version as it stands."""
    given_site = {} if move is stepping.investigate_again else {"site": site}
    return await store.write(lambda tx: move(tx, 1, actor, **seen(tx, 1), **given_site, **more))


async def refused(store: Store, move: Callable[..., Done], actor: Actor, **more: Any) -> Refused:
    """What *move* is refused with; nothing is changed by it."""
    before, entries = await now(store), len(await store.read(lambda c: timeline.of(c, 1)))
    with pytest.raises(Refused) as error:
        await go(store, move, actor, **more)
    assert (await now(store), len(await store.read(lambda c: timeline.of(c, 1)))) == (before, entries)
    return error.value


async def test_a_report_is_handed_in_complete(opened: Store) -> None:
    """All fields that are missing are named at once; complete it waits for its reviewer."""
    await opened.write(lambda tx: stand(tx, 1, process.REPORTING))
    said = await refused(opened, stepping.submit, RITA)
    assert said.code == "missing_fields"
    assert said.missing == tuple(f"report.{name}" for name in ("site", "contact", "what_happened", "harm", "malicious"))
    assert "report.harm" in str(said)
    await opened.write(lambda tx: fill(tx, 1, FormName.REPORT))
    done = await go(opened, stepping.submit, RITA, note="as far as we know")
    assert (done.incident.step, done.incident.stage) == (Step.REPORTING, Stage.IN_REVIEW)
    entry = await last(opened)
    assert (entry.kind, entry.facts["to"], entry.values) == (
        EntryKind.MOVED,
        "reporting/in_review",
        {"note": "as far as we know"},
    )


async def test_who_hands_in_needs_the_role_and_the_version(opened: Store) -> None:
    """A viewer or responder cannot; nor can who saw another version; nor from another step."""
    await opened.write(lambda tx: stand(tx, 1, process.REPORTING))
    await opened.write(lambda tx: fill(tx, 1, FormName.REPORT))
    for actor in (VI, ANA):
        assert (await refused(opened, stepping.submit, actor)).code == "role_required"
    with pytest.raises(StaleVersion):
        await opened.write(lambda tx: stepping.submit(tx, 1, RITA, version=99, via="token", site=SITE))
    await opened.write(lambda tx: stand(tx, 1, process.INVESTIGATION))
    assert (await refused(opened, stepping.submit, RITA)).code == "not_a_move"


async def test_what_was_handed_in_stays_as_it_is(opened: Store, clock: FakeClock) -> None:
    """From then on the machine changes nothing in the report, whatever it finds; the other forms follow it."""
    await opened.write(lambda tx: reported(tx, 1))
    before = await opened.read(lambda c: forms.view(c, 1, FormName.REPORT))
    more = finding("f2", rule="r2", severity=Severity.HIGH, host="web1", account="root")
    await opened.write(lambda tx: findings.take(tx, more))
    assert await opened.read(lambda c: forms.view(c, 1, FormName.REPORT)) == before
    entities = (await opened.read(lambda c: forms.view(c, 1, FormName.IDENTIFICATION))).answers["entities"].value
    assert {"kind": "account", "value": "root"} in entities


async def test_a_returned_report_comes_back_with_notes(opened: Store) -> None:
    """Returning needs notes; they stand in the timeline and in the form; then it is handed in again and accepted."""
    await opened.write(lambda tx: reported(tx, 1))
    said = await refused(opened, reviewing.review, REX, result=RETURNED, notes=" ")
    assert (said.code, said.missing) == ("notes_required", ("notes",))
    back = await go(opened, reviewing.review, REX, result=RETURNED, notes="Which hosts?")
    assert Standing.of(back.incident) == process.REPORTING
    entry = await last(opened)
    assert (entry.kind, entry.facts["result"], entry.values) == (
        EntryKind.REVIEWED,
        "returned",
        {"notes": "Which hosts?"},
    )
    shown = await opened.read(lambda c: forms.view(c, 1, FormName.REPORT))
    assert (shown.answers["review_result"].value, shown.answers["review_notes"].value) == ("returned", "Which hosts?")
    assert shown.by["review_notes"] == "rex"
    assert await opened.read(lambda c: reviews.accepted_by(c, 1, cycle=1)) == ()
    await opened.write(lambda tx: fill(tx, 1, FormName.REPORT, what_happened=given("Guessing on web1 alone")))
    await go(opened, stepping.submit, RITA)
    done = await go(opened, reviewing.review, REX, result=ACCEPTED)
    assert Standing.of(done.incident) == process.INVESTIGATION
    entry, version = await last(opened), await opened.read(lambda c: forms.latest(c, 1, FormName.REPORT))
    assert version is not None
    assert (entry.facts["version"], entry.facts["hash"]) == (version.version, version.hash)
    assert await opened.read(lambda c: reviews.accepted_by(c, 1, cycle=1)) == ("rex",)
    shown = await opened.read(lambda c: forms.view(c, 1, FormName.REPORT))
    assert shown.answers["review_notes"].state is State.NONE
    assert version.authors == {"rita"}, "a reviewer is no author"


async def test_notes_of_a_review_can_be_redacted(opened: Store) -> None:
    """Then the form shows the result without them."""
    await opened.write(lambda tx: reported(tx, 1))
    await go(opened, reviewing.review, REX, result=RETURNED, notes="Mallory did it")
    entry = await last(opened)
    await opened.write(lambda tx: timeline.redact(tx, 1, entry.seq, "notes", by=REX, reason="a name"))
    shown = await opened.read(lambda c: forms.view(c, 1, FormName.REPORT))
    assert shown.answers["review_result"].value == "returned"
    assert "review_notes" not in shown.answers


async def test_nobody_reviews_their_own_text(opened: Store) -> None:
    """Whoever wrote text that stands in the version is refused, by name and field; where it is waived it is told."""
    both = Person(id="rex", name="Rex", roles=frozenset({Role.REPORTER, Role.REVIEWER}))
    await opened.write(lambda tx: persons.upsert_from_config(tx, [both, *_others("rex")]))
    await opened.write(lambda tx: stand(tx, 1, process.REPORTING))
    await opened.write(lambda tx: fill(tx, 1, FormName.REPORT))
    await opened.write(lambda tx: fill(tx, 1, FormName.REPORT, REX, harm=none("a clerk lost an hour")))
    await go(opened, stepping.submit, RITA)
    for result in (ACCEPTED, RETURNED):
        said = await refused(opened, reviewing.review, REX, result=result, notes="n")
        assert said.code == "four_eyes"
        assert "rex wrote harm of the report" in str(said)
    waived = replace(SITE, four_eyes=FourEyes.WAIVED)
    await go(opened, reviewing.review, REX, result=ACCEPTED, site=waived)
    facts = (await last(opened)).facts
    assert (facts["waived"], facts["clash"]) == ("four_eyes", "rex wrote harm of the report")


async def test_text_that_was_replaced_clashes_no_more(opened: Store) -> None:
    """Of the version that is reviewed only what stands in it counts."""
    both = Person(id="rex", name="Rex", roles=frozenset({Role.REPORTER, Role.REVIEWER}))
    await opened.write(lambda tx: persons.upsert_from_config(tx, [both, *_others("rex")]))
    await opened.write(lambda tx: stand(tx, 1, process.REPORTING))
    await opened.write(lambda tx: fill(tx, 1, FormName.REPORT, REX))
    changes: dict[str, Any] = {name: given("rita's own") for name in ("site", "contact", "what_happened", "harm")}
    changes |= {"malicious": given("no"), "reporter": given("ana")}
    await opened.write(lambda tx: fill(tx, 1, FormName.REPORT, **changes))
    await go(opened, stepping.submit, RITA)
    assert (await go(opened, reviewing.review, REX, result=ACCEPTED)).incident.step is Step.INVESTIGATION


async def test_a_pair_reviews_each_the_others_part(opened: Store) -> None:
    """Of two who both wrote, each reviews what the other wrote; the report goes on once both have."""
    pair = [Person(id=name, name=name, roles=frozenset({Role.REPORTER, Role.REVIEWER})) for name in ("rex", "rita")]
    await opened.write(lambda tx: persons.upsert_from_config(tx, pair))
    site = replace(SITE, four_eyes=FourEyes.PAIR)
    await opened.write(lambda tx: stand(tx, 1, process.REPORTING))
    await opened.write(lambda tx: fill(tx, 1, FormName.REPORT, harm=None))
    await opened.write(lambda tx: _save(tx, REX, {"harm": none("none")}))
    await go(opened, stepping.submit, RITA, site=site)
    first = await go(opened, reviewing.review, REX, result=ACCEPTED, site=site)
    assert Standing.of(first.incident) == process.IN_REVIEW
    assert (await last(opened)).facts["left"] == "harm"
    said = await refused(opened, reviewing.review, REX, result=ACCEPTED, site=site)
    assert said.code == "four_eyes", "the same person is no second one"
    assert "harm" in str(said)
    done = await go(opened, reviewing.review, RITA, result=ACCEPTED, site=site)
    assert Standing.of(done.incident) == process.INVESTIGATION


async def test_of_a_pair_a_part_counts_for_its_version_only(opened: Store) -> None:
    """What is changed after the first one's review is reviewed anew."""
    pair = [Person(id=name, name=name, roles=frozenset({Role.REPORTER, Role.REVIEWER})) for name in ("rex", "rita")]
    await opened.write(lambda tx: persons.upsert_from_config(tx, pair))
    site = replace(SITE, four_eyes=FourEyes.PAIR)
    await opened.write(lambda tx: stand(tx, 1, process.REPORTING))
    await opened.write(lambda tx: fill(tx, 1, FormName.REPORT, harm=None))
    await opened.write(lambda tx: _save(tx, REX, {"harm": none("none")}))
    await go(opened, stepping.submit, RITA, site=site)
    await go(opened, reviewing.review, REX, result=ACCEPTED, site=site)
    await opened.write(lambda tx: _save(tx, RITA, {"what_happened": given("something else")}))
    said = await refused(opened, reviewing.review, RITA, result=ACCEPTED, site=site)
    assert said.code == "not_reviewer"
    await go(opened, reviewing.review, REX, result=ACCEPTED, site=site)
    done = await go(opened, reviewing.review, RITA, result=ACCEPTED, site=site)
    assert Standing.of(done.incident) == process.INVESTIGATION


async def test_who_is_not_asked_does_not_review(opened: Store, clock: FakeClock) -> None:
    """Another one with the role than who is designated may only once the time is over."""
    others = [Person(id="una", name="Una", roles=frozenset({Role.REVIEWER}))]
    await opened.write(lambda tx: persons.upsert_from_config(tx, [*others, *_others("una")]))
    await opened.write(lambda tx: reported(tx, 1))
    una = person("una")
    said = await refused(opened, reviewing.review, una, result=ACCEPTED)
    assert (said.code, str(said).rpartition("asked is ")[2]) == ("not_reviewer", "rex")
    clock.advance(timedelta(days=4).total_seconds())
    await go(opened, reviewing.review, una, result=ACCEPTED)


async def test_the_deputy_may_review(opened: Store) -> None:
    """At any time, beside who is designated."""
    await opened.write(lambda tx: reported(tx, 1))
    site = replace(SITE, staff=Staff(designations=(Designation(reviewer="rex", deputy="dora"),)))
    await go(opened, reviewing.review, DORA, result=ACCEPTED, site=site)


async def test_who_is_on_leave_is_not_asked(opened: Store) -> None:
    """If the reviewer is away and there is no deputy, everybody with the role is asked."""
    await opened.write(lambda tx: reported(tx, 1))
    day = (await now(opened)).step_entered_at.date()
    away = Colleague(id="rex", roles=frozenset({Role.REVIEWER}), leave=(Leave(first=day, last=day),))
    site = replace(SITE, staff=Staff(colleagues=(away,), designations=(Designation(reviewer="rex"),)))
    await go(opened, reviewing.review, DORA, result=ACCEPTED, site=site)


async def test_an_edit_in_review_makes_the_reviewers_version_stale(opened: Store) -> None:
    """Nobody accepts a text that they have not seen."""
    await opened.write(lambda tx: reported(tx, 1))
    version = (await now(opened)).version
    await opened.write(lambda tx: _save(tx, RITA, {"what_happened": given("or was it?")}))
    with pytest.raises(StaleVersion) as stale:
        await opened.write(
            lambda tx: reviewing.review(tx, 1, REX, version=version, via="token", site=SITE, result=ACCEPTED)
        )
    assert stale.value.by == "rita"


async def test_what_changed_after_the_acceptance_is_reviewed_again(opened: Store) -> None:
    """By difference: who wrote what changed cannot; it moves nothing, and then the acceptance stands again."""
    await opened.write(lambda tx: reported(tx, 1))
    await go(opened, reviewing.review, REX, result=ACCEPTED)

    async def again(by: Actor, version: int) -> Done:
        return await opened.write(
            lambda tx: reviewing.review_again(tx, 1, by, report_version=version, via="token", site=SITE)
        )

    with pytest.raises(ActNotAllowed) as stands:
        await again(REX, 2)
    assert stands.value.code == "review_stands"
    both = Person(id="rex", name="Rex", roles=frozenset({Role.REPORTER, Role.REVIEWER}))
    await opened.write(lambda tx: persons.upsert_from_config(tx, [both, *_others("rex")]))
    await opened.write(lambda tx: _save(tx, RITA, {"harm": none("a clerk lost an hour")}))
    shown = await opened.read(lambda c: forms.view(c, 1, FormName.REPORT))
    assert shown.reviewed < shown.version
    with pytest.raises(StaleVersion):
        await again(REX, shown.reviewed)
    with pytest.raises(ActNotAllowed) as other:
        await again(DORA, shown.version)
    assert other.value.code == "not_reviewer"
    before = await now(opened)
    await again(REX, shown.version)
    assert await now(opened) == before
    entry = await last(opened)
    assert (entry.kind, entry.facts["fields"], entry.facts["version"]) == (EntryKind.REVIEWED, "harm", shown.version)
    await opened.write(lambda tx: _save(tx, REX, {"harm": none("two hours")}))
    with pytest.raises(ActNotAllowed, match="rex wrote harm of the report"):
        await again(REX, shown.version + 1)
    await again(DORA, shown.version + 1)  # who else would be asked?


async def test_a_track_that_rose_asks_for_what_is_missing(opened: Store) -> None:
    """Handed in on the light track, accepted on the standard one: only the difference is asked for."""
    await opened.write(lambda tx: stand(tx, 1, process.REPORTING, track=Track.LIGHT))
    await opened.write(lambda tx: _save(tx, RITA, {"what_happened": given("Guessing")}))
    await go(opened, stepping.submit, RITA)
    await opened.write(lambda tx: stand(tx, 1, process.IN_REVIEW))
    said = await refused(opened, reviewing.review, REX, result=ACCEPTED)
    assert said.missing == ("report.site", "report.contact", "report.harm", "report.malicious")
    await go(opened, reviewing.review, REX, result=RETURNED, notes="it is more now")


async def test_an_investigation_is_concluded_with_findings(opened: Store) -> None:
    """Findings are rows; a reason why there are none is not enough; a scope is missing too, and both are told."""
    await opened.write(lambda tx: reported(tx, 1))
    await go(opened, reviewing.review, REX, result=ACCEPTED)
    said = await refused(opened, stepping.conclude, INA)
    assert (said.code, said.missing) == ("no_finding", ("investigation.findings", "investigation.scope"))
    await opened.write(lambda tx: fill(tx, 1, FormName.INVESTIGATION, findings=none("nothing was found")))
    said = await refused(opened, stepping.conclude, INA)
    assert (said.code, said.missing) == ("no_finding", ("investigation.findings",))
    assert (await refused(opened, stepping.conclude, REX)).code == "role_required"
    await opened.write(lambda tx: _save(tx, INA, {"findings": FINDINGS}, FormName.INVESTIGATION))
    done = await go(opened, stepping.conclude, INA)
    assert Standing.of(done.incident) == process.CORRECTIVE_ACTIONS


async def test_it_is_investigated_again_for_a_reason(opened: Store) -> None:
    """The reason stands in the timeline."""
    await opened.write(lambda tx: investigated(tx, 1))
    said = await refused(opened, stepping.investigate_again, INA, reason="")
    assert (said.code, said.missing) == ("reason_required", ("reason",))
    back = await go(opened, stepping.investigate_again, INA, reason="another host")
    assert Standing.of(back.incident) == process.INVESTIGATION
    assert (await last(opened)).values == {"note": "another host"}


async def test_approval_is_requested_with_a_cause(opened: Store) -> None:
    """Without a root cause it is refused; unknown and why is one; then everything prefilled is kept."""
    await opened.write(lambda tx: investigated(tx, 1))
    await opened.write(lambda tx: _save(tx, INA, {"root_cause": None}, FormName.CORRECTIVE_ACTIONS))
    said = await refused(opened, stepping.request_approval, INA)
    assert said.code == "no_root_cause"
    assert "corrective_actions.root_cause" in said.missing


async def test_who_was_asked_answers_before_it_is_concluded(opened: Store) -> None:
    """An open request is named; answered or withdrawn it hinders no more."""
    await opened.write(lambda tx: reported(tx, 1))
    await go(opened, reviewing.review, REX, result=ACCEPTED)
    await opened.write(lambda tx: fill(tx, 1, FormName.INVESTIGATION))
    await opened.write(lambda tx: requests.ask(tx, 1, INA, question="Was it you?", person="bo", via="token"))
    said = await refused(opened, stepping.conclude, INA)
    assert (said.code, said.missing) == ("open_requests", ("request 1 of INC-1",))
    await opened.write(lambda tx: requests.answer(tx, 1, 1, BO, text="no", via="token"))
    await go(opened, stepping.conclude, INA)


async def test_each_finding_needs_an_action_before_approval(opened: Store) -> None:
    """What no action addresses, and what an action does not say yet, is named; all of it at once."""
    await opened.write(lambda tx: investigated(tx, 1))
    said = await refused(opened, stepping.request_approval, INA)
    assert (said.code, said.missing) == ("uncovered_findings", ("finding 1", "actions"))
    await opened.write(lambda tx: _write(tx, {"text": "turn it off"}))
    said = await refused(opened, stepping.request_approval, INA)
    assert said.code == "incomplete_action"
    assert {"action 1: causes", "action 1: due", "action 1: owner", "finding 1"} <= set(said.missing)


async def test_what_is_to_be_approved_is_frozen(opened: Store) -> None:
    """All that was prefilled is kept and frozen, and from then on nothing follows the machine any more."""
    await opened.write(lambda tx: frozen(tx, 1))
    assert Standing.of(await now(opened)) == process.APPROVAL
    kinds = [entry.kind for entry in await opened.read(lambda c: timeline.of(c, 1))]
    assert kinds[-2:] == [EntryKind.MOVED, EntryKind.FROZEN]
    shown = await opened.read(lambda c: forms.views(c, 1))
    assert all(shown[name].version >= 1 for name in (FormName.IDENTIFICATION, FormName.FOLLOW_UP))
    state = await opened.read(lambda c: approval.state(c, 1))
    assert state.frozen is not None
    assert (state.frozen.hash, state.changes) == (state.hash, ())
    await opened.write(lambda tx: findings.take(tx, finding("f2", rule="r2", severity=Severity.HIGH, account="root")))
    assert await opened.read(lambda c: forms.views(c, 1)) == shown


FINDINGS = given([{"statement": "s", "evidence": "e", "confidence": "likely", "change_needed": "no"}])


def _others(*but: str) -> list[Person]:
    """Everybody else."""
    return [one for one in PEOPLE if one.id not in but]


def _write(tx: Tx, plan: dict[str, Any]) -> None:
    kind = ActionKind.CONFIGURATION
    action_turns.write(tx, 1, INA, kind=kind, plan=plan, via="token", site=SITE)


def _save(tx: Tx, by: Actor, changes: dict[str, Any], name: FormName = FormName.REPORT) -> None:
    before = forms.latest(tx.connection, 1, name)
    version = before.version if before else 0
    forms.save(tx, 1, name, changes, expected=version, by=by, via="token")
