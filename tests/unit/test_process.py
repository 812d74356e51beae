"""The seven steps: what is not in the table cannot happen."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from support.fakes import START
from support.store import finding

from rules.event import Decision, Severity
from store import intake, process
from store.errors import ActNotAllowed, MoveNotAllowed
from store.incident import DAEMON, Actor, ActorKind, Incident, Outcome, Stage, Status, Step, Track
from store.ledger import Ledger
from store.people import Role
from store.process import ACTS, MOVES, Standing, advance, legal_standings

ANA = Actor(kind=ActorKind.PERSON, id="ana")
LATER = START + timedelta(hours=1)
ALL_ROLES = frozenset(Role)

EVERY = [Standing(*parts) for parts in itertools.product(Step, Stage, Status, Outcome)]  #: legal or not


def incident_at(place: Standing, *, acknowledged: bool = True) -> Incident:
    """An incident that stands there."""
    ledger = Ledger()
    ledger.take(finding(severity=Severity.HIGH))
    made = ledger.records()[0].incident
    assert made is not None
    return replace(
        made,
        step=place.step,
        stage=place.stage,
        status=place.status,
        outcome=place.outcome,
        closed_at=START if place.status is Status.CLOSED else None,
        acknowledged_at=START if acknowledged else None,
        acknowledged_by="ana" if acknowledged else None,
        owner="ana" if acknowledged else None,
    )


def test_every_pair_of_standings() -> None:
    """Of all pairs of standings exactly those in the table can be moved between, by somebody."""
    possible = set()
    for start, end in itertools.product(EVERY, EVERY):
        incident = incident_at(start)
        for by in (ANA, DAEMON):
            try:
                moved = advance(incident, end, now=LATER, by=by, roles=ALL_ROLES)
            except MoveNotAllowed:
                continue
            assert Standing.of(moved) == end
            possible.add((start, end))
    assert possible == set(MOVES)


def test_moves_lead_between_legal_standings() -> None:
    """No move starts or ends where an incident may not stand, and every legal standing can be left or reached."""
    legal = set(legal_standings())
    assert {place for pair in MOVES for place in pair} == legal


@pytest.mark.parametrize("place", EVERY, ids=str)
def test_legal_standings(place: Standing) -> None:
    """Open has no outcome, closed has one; in review only in reporting; resolved only after follow-up."""
    legal = (place.status is Status.OPEN) == (place.outcome is Outcome.NONE)
    if place.stage is Stage.IN_REVIEW:
        legal &= place.step is Step.REPORTING and place.outcome in (Outcome.NONE, Outcome.MERGED)
    if place.outcome is Outcome.RESOLVED:
        legal &= place.step is Step.FOLLOW_UP
    if place.outcome in (Outcome.DISMISSED, Outcome.MERGED):
        legal &= place.step not in (Step.APPROVAL, Step.FOLLOW_UP)
    assert (place in legal_standings()) == legal


@pytest.mark.parametrize("move", MOVES.values(), ids=lambda move: f"{move.start}-{move.end}")
def test_each_role_and_move(move: process.Move) -> None:
    """A person moves an incident only with one of the roles of that move; the daemon only what happens by itself."""
    incident = incident_at(move.start)
    for role in Role:
        allowed = role in move.who
        assert moves(incident, move.end, ANA, frozenset({role})) == allowed, role
    assert moves(incident, move.end, DAEMON, ALL_ROLES) == bool(move.by_itself)
    assert not moves(incident, move.end, Actor(kind=ActorKind.OS, id="os:0"), ALL_ROLES)


def moves(incident: Incident, end: Standing, by: Actor, roles: frozenset[Role]) -> bool:
    """Whether the move is made."""
    try:
        advance(incident, end, now=LATER, by=by, roles=roles)
    except MoveNotAllowed:
        return False
    return True


@pytest.mark.parametrize("move", MOVES.values(), ids=lambda move: f"{move.start}-{move.end}")
def test_each_code_refuses(move: process.Move) -> None:
    """Each code of a move refuses it, all unmet ones are named at once, and codes of other moves do not matter."""
    incident = incident_at(move.start)
    by = ANA if move.who else DAEMON
    if move.codes:
        with pytest.raises(MoveNotAllowed) as refusal:
            advance(incident, move.end, now=LATER, by=by, roles=ALL_ROLES, unmet=move.codes)
        assert refusal.value.missing == move.codes
        assert refusal.value.code == move.codes[0]
    advance(incident, move.end, now=LATER, by=by, roles=ALL_ROLES, unmet=["some_other_code"])


def test_refusal_names_what_is_allowed() -> None:
    """A move that is not in the table is refused with those that are."""
    with pytest.raises(MoveNotAllowed, match="stands at notification and cannot go to approval") as refusal:
        advance(incident_at(process.NOTIFICATION), process.APPROVAL, now=LATER, by=ANA, roles=ALL_ROLES)
    assert refusal.value.code == "not_a_move"
    assert refusal.value.allowed == ("reporting", "notification/dismissed", "notification/merged")


def test_reporting_needs_an_acknowledgement() -> None:
    """Without an acknowledgement nobody reports, except on the light track."""
    waiting = incident_at(process.NOTIFICATION, acknowledged=False)
    with pytest.raises(MoveNotAllowed) as refusal:
        advance(waiting, process.REPORTING, now=LATER, by=DAEMON)
    assert refusal.value.code == "not_acknowledged"
    light = replace(waiting, track=Track.LIGHT)
    assert advance(light, process.REPORTING, now=LATER, by=DAEMON).step is Step.REPORTING


def test_observation_stays_where_it_is() -> None:
    """An observation asks nobody for anything, so it cannot be moved to notification."""
    observation = replace(incident_at(process.IDENTIFICATION), decision=Decision.OBSERVE)
    with pytest.raises(MoveNotAllowed) as refusal:
        advance(observation, process.NOTIFICATION, now=LATER, by=DAEMON)
    assert refusal.value.code == "undecided"


def test_reopening_starts_a_cycle() -> None:
    """A reopened incident pages like a new one: the old acknowledgement is history, the owner stays."""
    closed = incident_at(process.RESOLVED)
    again = advance(closed, process.NOTIFICATION, now=LATER, by=DAEMON)
    assert (again.cycle, again.acknowledged_at, again.closed_at, again.owner) == (2, None, None, "ana")
    assert again.step_entered_at == LATER


def test_acknowledge_once() -> None:
    """The first acknowledgement sets owner and instants; a second changes nothing."""
    waiting = incident_at(process.NOTIFICATION, acknowledged=False)
    taken = process.acknowledge(waiting, now=LATER, by=ANA, roles={Role.RESPONDER})
    assert (taken.acknowledged_at, taken.acknowledged_by, taken.owner, taken.aware_at) == (LATER, "ana", "ana", LATER)
    assert (taken.step, taken.version) == (waiting.step, waiting.version + 1)
    bo = Actor(kind=ActorKind.PERSON, id="bo")
    assert process.acknowledge(taken, now=LATER, by=bo, roles={Role.RESPONDER}) is taken


@pytest.mark.parametrize(
    ("by", "roles", "place", "code"),
    [
        (ANA, {Role.VIEWER}, process.NOTIFICATION, "role_required"),
        (Actor(kind=ActorKind.OS, id="os:0"), ALL_ROLES, process.NOTIFICATION, "person_required"),
        (DAEMON, ALL_ROLES, process.NOTIFICATION, "person_required"),
        (ANA, {Role.RESPONDER}, process.RESOLVED, "closed"),
    ],
)
def test_who_cannot_acknowledge(by: Actor, roles: set[Role], place: Standing, code: str) -> None:
    """Only a person with the role, and only while it is open."""
    with pytest.raises(ActNotAllowed) as refusal:
        process.acknowledge(incident_at(place, acknowledged=False), now=LATER, by=by, roles=roles)
    assert refusal.value.code == code


@pytest.mark.parametrize("place", legal_standings(), ids=str)
def test_acts_are_allowed_while_it_is_open(place: Standing) -> None:
    """In every open step each act is allowed to its roles; later, those that keep a record; of timers once resolved."""
    incident = incident_at(place)
    for_all = {act.name for act in ACTS.values() if not act.roles}
    later = {"dispose", "settle_disposal", "except"}
    after = later | {"restrict", "lift_restriction", "redact", "hold", "release_hold"}
    after |= {"timer", "improve", "improvement"} if place == process.RESOLVED else set()
    assert set(process.allowed_acts(incident, ALL_ROLES)) == (set(ACTS) - later if incident.is_open else after)
    assert set(process.allowed_acts(incident, ())) == (for_all if incident.is_open else set())


def test_track_follows_severity_and_success() -> None:
    """Critical and proven success ask for the full track, high for the standard one."""
    tracks = [intake.track_for(severity, ()) for severity in Severity]
    assert tracks == [Track.LIGHT, Track.LIGHT, Track.LIGHT, Track.STANDARD, Track.FULL]
    assert intake.track_for(Severity.LOW, ("tocsin.success",)) is Track.FULL
