"""The way of an incident through its steps: who takes part, and complete answers for each form."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from store.action import ActionKind
from store.answers import Answer, State
from store.designation import Designation, Staff
from store.forms import FormName
from store.incident import Actor, ActorKind, Incident, Status, Track
from store.people import Person, Role
from store.process import REPORTING, Standing
from store.repository.dossier import action_turns, forms
from store.repository.dossier.reviews import ReviewResult
from store.repository.people import persons
from store.repository.record import records
from store.repository.steps import reviewing, stepping
from store.site import Site
from store.tx import Tx
from support.fakes import START


def person(name: str) -> Actor:
    """The actor of that id."""
    return Actor(kind=ActorKind.PERSON, id=name)


#: One person for each part, by the part; two can approve, and Dora can stand in for anybody.
ROLES: Mapping[str, frozenset[Role]] = {
    "ana": frozenset({Role.RESPONDER}),
    "bo": frozenset({Role.RESPONDER, Role.ACTION_OWNER}),
    "rita": frozenset({Role.REPORTER}),
    "rex": frozenset({Role.REVIEWER}),
    "ina": frozenset({Role.INVESTIGATOR}),
    "vera": frozenset({Role.VERIFIER}),
    "abe": frozenset({Role.APPROVER}),
    "zoe": frozenset({Role.APPROVER}),
    "dora": frozenset({Role.REVIEWER, Role.INVESTIGATOR, Role.APPROVER}),
    "vi": frozenset({Role.VIEWER}),
}
PEOPLE = tuple(
    Person(id=name, name=name.title(), roles=roles, from_config=True) for name, roles in sorted(ROLES.items())
)
ANA, BO, RITA, REX, INA, VERA, ABE, ZOE, DORA, VI = (person(name) for name in ROLES)
SITE = Site(staff=Staff(designations=(Designation(lead="ina", reviewer="rex", approver="abe"),)))


def given(value: Any) -> Answer:
    """An answer with a value."""
    return Answer(value=value)


def none(reason: str) -> Answer:
    """There is none, for a reason."""
    return Answer(state=State.NONE, reason=reason)


#: What persons must answer of each form on the standard track, beside what is prefilled.
ANSWERS: Mapping[FormName, Mapping[str, Answer]] = {
    FormName.REPORT: {
        "site": given("Berlin"),
        "contact": given("rita@example.org"),
        "reporter": given("rita"),
        "what_happened": given("Passwords were guessed from outside; none was right."),
        "harm": none("no login succeeded"),
        "malicious": given("yes"),
    },
    FormName.INVESTIGATION: {
        "lead": given("ina"),
        "scope": given("web1 and its neighbours"),
        "findings": given(
            [
                {
                    "statement": "sshd takes passwords",
                    "evidence": "sshd_config",
                    "confidence": "confirmed",
                    "change_needed": "sshd on web1",
                }
            ]
        ),
    },
    FormName.CORRECTIVE_ACTIONS: {
        "root_cause": given([{"text": "nobody turned passwords off", "method": "five_whys"}]),
        "elsewhere": given("on all hosts of that image"),
        "options": given(["keys only", "a second factor"]),
    },
}
#: A complete action for the only finding of these answers.
_PLAN: Mapping[str, Any] = {
    "causes": ["finding 1"],
    "owner": "bo",
    "due": START.date() + timedelta(days=14),
    "text": "turn passwords off on all hosts",
    "criterion": "no login by password",
}
#: Who writes each form.
WRITERS = {FormName.REPORT: RITA, FormName.INVESTIGATION: INA, FormName.CORRECTIVE_ACTIONS: INA}


def add_people(tx: Tx) -> None:
    """Everybody who takes part."""
    persons.upsert_from_config(tx, PEOPLE)


def fill(tx: Tx, number: int, name: FormName, by: Actor | None = None, **changes: Answer | None) -> None:
    """Save complete answers of a form; *changes* take their place."""
    before = forms.latest(tx.connection, number, name)
    forms.save(
        tx,
        number,
        name,
        {**ANSWERS[name], **changes},
        expected=before.version if before else 0,
        by=by or WRITERS[name],
        via="token",
    )


def stand(tx: Tx, number: int, place: Standing, **changes: Any) -> Incident:
    """Have a record stand at *place*, acknowledged by Ana, however it came there."""
    before = records.load(tx.connection, number)
    after = replace(
        before,
        step=place.step,
        stage=place.stage,
        status=place.status,
        outcome=place.outcome,
        closed_at=tx.now if place.status is Status.CLOSED else None,
        step_entered_at=tx.now,
        acknowledged_at=before.acknowledged_at or tx.now,
        acknowledged_by=before.acknowledged_by or "ana",
        owner=before.owner or "ana",
        **{"track": Track.STANDARD, **changes},
    )
    records.change(tx, before, after)
    return after


def reported(tx: Tx, number: int, site: Site = SITE) -> Incident:
    """A complete report, handed in and waiting for its reviewer."""
    stand(tx, number, REPORTING)
    fill(tx, number, FormName.REPORT)
    return stepping.submit(tx, number, RITA, site=site, **seen(tx, number)).incident


def investigated(tx: Tx, number: int, site: Site = SITE) -> Incident:
    """The report was accepted, the investigation is complete and concluded; causes are written, actions are not."""
    reported(tx, number, site)
    reviewing.review(tx, number, REX, site=site, result=ReviewResult.ACCEPTED, **seen(tx, number))
    fill(tx, number, FormName.INVESTIGATION)
    stepping.conclude(tx, number, INA, site=site, **seen(tx, number))
    fill(tx, number, FormName.CORRECTIVE_ACTIONS)
    return records.load(tx.connection, number)


def seen(tx: Tx, number: int) -> dict[str, Any]:
    """What a move takes of who makes it: the version as it stands."""
    return {"via": "token", "version": records.load(tx.connection, number).version}


def plan(tx: Tx, number: int, site: Site = SITE, **changes: Any) -> int:
    """One complete action that Bo owns, agreed upon. Returns its number."""
    written = action_turns.write(
        tx, number, INA, kind=ActionKind.CONFIGURATION, plan={**_PLAN, **changes}, via="token", site=site
    ).action
    action_turns.agree(tx, number, written.number, INA, version=written.version, via="token", site=site)
    return written.number


def frozen(tx: Tx, number: int, site: Site = SITE) -> Incident:
    """All that comes before approval is done; the dossier waits for its signatures."""
    investigated(tx, number, site)
    plan(tx, number, site)
    return stepping.request_approval(tx, number, INA, site=site, **seen(tx, number)).incident
