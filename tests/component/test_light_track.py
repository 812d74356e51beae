"""The light track, on each database: one page by one person, and it waits for one signature."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.path import ANA, RITA, SITE, VI, add_people, seen, stand
from support.site import Site
from support.store import finding, open_store

from rules.event import Severity
from store import process
from store.action import ActionState
from store.answers import Answer
from store.database import Store
from store.errors import Refused, StaleVersion
from store.forms import FormName, unconfirmed
from store.incident import ActorKind, EntryKind, Stage, Track
from store.process import Standing
from store.repository.dossier import actions, approval, forms
from store.repository.grouping import findings
from store.repository.incident import by_hand
from store.repository.incident.acts import Done
from store.repository.record import records, timeline
from store.repository.steps import light, stepping
from store.repository.steps.light import Page
from store.tx import Tx

PAGE = Page(what_happened="A scan of all ports", cause="the host is open to the world", no_action="that is its purpose")
ONE = "/api/v1/incidents/INC-1"


def begin(tx: Tx) -> None:
    """One incident of severity medium, told of, with nobody having touched it."""
    add_people(tx)
    findings.take(tx, finding(severity=Severity.MEDIUM))
    before = records.load(tx.connection, 1)
    records.change(tx, before, replace(before, step=process.REPORTING.step, step_entered_at=tx.now))


@pytest.fixture
async def opened(store: Store) -> Store:
    """Everybody who takes part, and one incident of the light track whose page is to be confirmed."""
    await once(store, lambda: store.write(begin), __name__, "opened")
    return store


async def confirm(store: Store, page: Page = PAGE, by: Any = RITA) -> Done:
    return await store.write(lambda tx: light.confirm(tx, 1, by, page, site=SITE, **seen(tx, 1)))


async def refused(store: Store, page: Page = PAGE, by: Any = RITA) -> Refused:
    """What it is refused with; nothing is kept."""
    before = await store.read(lambda c: (records.load(c, 1), timeline.of(c, 1)))
    with pytest.raises(Refused) as error:
        await confirm(store, page, by)
    assert await store.read(lambda c: (records.load(c, 1), timeline.of(c, 1))) == before
    return error.value


async def test_one_page_leads_to_approval(opened: Store) -> None:
    """The person hands it in, the daemon goes on step by step, the dossier is frozen, everything is confirmed."""
    done = await confirm(opened)
    assert Standing.of(done.incident) == process.APPROVAL
    entries = await opened.read(lambda c: timeline.of(c, 1))
    moved = [(one.actor.kind, one.facts["to"]) for one in entries if one.kind is EntryKind.MOVED]
    assert moved == [
        (ActorKind.PERSON, "reporting/in_review"),
        (ActorKind.DAEMON, "investigation"),
        (ActorKind.DAEMON, "corrective_actions"),
        (ActorKind.DAEMON, "approval"),
    ]
    views = await opened.read(lambda c: forms.views(c, 1))
    assert views[FormName.REPORT].by["title"] == "rita"
    assert [name for name in light.FORMS if unconfirmed(views[name].answers)] == []
    state = await opened.read(lambda c: approval.state(c, 1))
    assert (state.frozen is not None, state.changes) == (True, ())


async def test_everything_that_is_missing_is_named_at_once(opened: Store) -> None:
    """What happened, why, and what is done about it: three things, no more."""
    said = await refused(opened, Page())
    assert said.missing == ("report.what_happened", "corrective_actions.root_cause", "actions")
    assert "confirm" in said.allowed


async def test_an_action_that_was_done(opened: Store) -> None:
    """What was put right at once is done; it belongs to whoever says so."""
    await confirm(opened, replace(PAGE, no_action="", action="blocked the address", done="rule 17 of the firewall"))
    (action,) = await opened.read(lambda c: actions.of(c, 1))
    assert (action.state, action.owner, action.evidence) == (ActionState.DONE, "rita", "rule 17 of the firewall")


async def test_an_action_that_is_to_be_done(opened: Store) -> None:
    """It is agreed upon, and its owner is named."""
    page = replace(PAGE, no_action="", action="close the ports", action_plan={"owner": "bo"})
    await confirm(opened, page)
    (action,) = await opened.read(lambda c: actions.of(c, 1))
    assert (action.state, action.owner) == (ActionState.AGREED, "bo")


async def test_what_was_saved_before_counts(opened: Store) -> None:
    """What stands in the forms need not be said again; an edit makes a new version of the page."""
    version = await opened.read(lambda c: records.load(c, 1).version)
    answers = {"what_happened": Answer(value="A scan")}
    await opened.write(lambda tx: forms.save(tx, 1, FormName.REPORT, answers, expected=0, by=RITA, via="token"))
    with pytest.raises(StaleVersion) as stale:
        await opened.write(lambda tx: light.confirm(tx, 1, RITA, PAGE, site=SITE, version=version, via="token"))
    assert stale.value.by == "rita"
    await confirm(opened, replace(PAGE, what_happened=""))
    report = await opened.read(lambda c: forms.view(c, 1, FormName.REPORT))
    assert report.answers["what_happened"].value == "A scan"


@pytest.mark.parametrize("by", [ANA, VI])
async def test_who_confirms_is_a_reporter(opened: Store, by: Any) -> None:
    """Others cannot."""
    assert (await refused(opened, by=by)).code == "role_required"


async def test_other_tracks_have_no_page(opened: Store) -> None:
    """More persons must touch those; nor is there one once it is approved."""
    await opened.write(lambda tx: stand(tx, 1, process.REPORTING))
    assert (await refused(opened)).code == "not_light"
    for place in (process.NOTIFICATION, process.APPROVAL, process.FOLLOW_UP):
        await opened.write(lambda tx, place=place: stand(tx, 1, place, track=Track.LIGHT))  # type: ignore[misc]
        said = await refused(opened)
        assert (said.code, "confirm" in said.allowed) == ("not_a_move", False)


async def test_answers_that_are_wrong(opened: Store) -> None:
    """They are refused as in any form."""
    said = await refused(opened, replace(PAGE, what_happened="x" * 20_001))
    assert (said.code, said.missing) == ("invalid_answers", ("what_happened",))


async def test_a_page_that_was_sent_back_is_confirmed_again(opened: Store) -> None:
    """From wherever the approver sent it; only what is missing is said anew."""
    await confirm(opened)
    for place in (process.REPORTING, process.INVESTIGATION, process.CORRECTIVE_ACTIONS):
        await opened.write(lambda tx, place=place: stand(tx, 1, place, track=Track.LIGHT))  # type: ignore[misc]
        done = await confirm(opened, Page(cause="nobody looked"))
        assert Standing.of(done.incident) == process.APPROVAL


async def test_a_track_that_rises_asks_for_the_rest(opened: Store) -> None:
    """A report that was handed in on the light track waits for its reviewer on the standard one."""
    await opened.write(lambda tx: stand(tx, 1, process.REPORTING, track=Track.LIGHT))
    answers = {"what_happened": Answer(value="A scan")}
    await opened.write(lambda tx: forms.save(tx, 1, FormName.REPORT, answers, expected=0, by=RITA, via="token"))
    await opened.write(lambda tx: stepping.submit(tx, 1, RITA, site=SITE, **seen(tx, 1)))
    worse = finding("f2", rule="r2", severity=Severity.HIGH)
    await opened.write(lambda tx: findings.take(tx, worse))
    record = await opened.read(lambda c: records.load(c, 1))
    assert (record.track, record.stage) == (Track.STANDARD, Stage.IN_REVIEW)
    assert (await refused(opened)).code == "not_light"


async def test_what_was_said_at_the_opening_stands_in_the_page(opened: Store) -> None:
    """Who opened it by hand has said what happened: one says why, and what is done about it."""

    def by_phone(tx: Tx) -> None:
        told: dict[str, Any] = {"title": "Mail", "severity": Severity.LOW, "what_happened": "A phish", "via": "token"}
        number = by_hand.open_by_hand(tx, ANA, **told).incident.number
        stand(tx, number, process.REPORTING, track=Track.LIGHT)

    await opened.write(by_phone)
    page = replace(PAGE, what_happened="")
    done = await opened.write(lambda tx: light.confirm(tx, 2, RITA, page, site=SITE, **seen(tx, 2)))
    assert Standing.of(done.incident) == process.APPROVAL
    report = await opened.read(lambda c: forms.view(c, 2, FormName.REPORT))
    assert (report.answers["what_happened"].value, report.by["what_happened"]) == ("A phish", "rita")


# -- over HTTP ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """The same behind a server."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:
        await once(store, lambda: store.write(begin), __name__, "site")
        made = Site(store, clock, tmp_path)
        made.rules = SITE
        await made.start()
        yield made
        await made.stop()


async def test_two_persons_one_page_one_signature(site: Site) -> None:
    """One confirms; who confirmed cannot sign; another signs once, and the record is followed up."""
    rita, abe = await site.token_of("rita"), await site.token_of("abe")
    _, record = await site.ask("GET", ONE, token=rita)
    assert "confirm" in record["allowed"]
    body = {"what_happened": "A scan", "cause": "an open port", "action": "closed it", "done": "rule 17"}
    code, told = await site.ask("POST", f"{ONE}/moves/confirm", token=rita, json=body)
    assert (code, told["code"]) == (428, "if_match_required")
    code, told = await site.ask("POST", f"{ONE}/moves/confirm", token=rita, version=record["version"], json={"a": 1})
    assert (code, told["code"]) == (422, "invalid_body")
    code, told = await site.ask("POST", f"{ONE}/moves/confirm", token=rita, version=record["version"], json=body)
    assert (code, told["step"]) == (200, "approval"), told
    _, dossier = await site.ask("GET", f"{ONE}/approval", token=abe)
    _, fresh = await site.ask("POST", "/api/v1/sign-in/fresh", token=abe, json={"token": abe})
    signed = {"hash": dossier["hash"], "fresh": fresh["fresh"]}
    code, told = await site.ask("POST", f"{ONE}/moves/approve", token=abe, version=told["version"], json=signed)
    assert (code, told["step"]) == (200, "follow_up"), told
