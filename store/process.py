"""The seven steps: which moves and acts there are, who may do them, and the functions that do them. Pure.

Nothing else may change a step. A refusal carries a code from `MOVES` or `ACTS`, and what is allowed instead.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from rules.event import Decision
from store.errors import ActNotAllowed, MoveNotAllowed
from store.incident import Actor, ActorKind, Incident, Outcome, Stage, Status, Step, Track
from store.people import Role


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an incident stands, in full."""

    step: Step
    stage: Stage = Stage.NONE
    status: Status = Status.OPEN
    outcome: Outcome = Outcome.NONE

    @classmethod
    def of(cls, incident: Incident) -> "Standing":
        """Where *incident* stands."""
        return cls(incident.step, incident.stage, incident.status, incident.outcome)

    def __str__(self) -> str:
        parts = [self.step.value]
        if self.stage is not Stage.NONE:
            parts.append(self.stage.value)
        if self.status is Status.CLOSED:
            parts.append(self.outcome.value)
        return "/".join(parts)


#: Steps in which an incident can still be dismissed or merged.
BEFORE_APPROVAL = (
    Step.IDENTIFICATION,
    Step.NOTIFICATION,
    Step.REPORTING,
    Step.INVESTIGATION,
    Step.CORRECTIVE_ACTIONS,
)


def legal_standings() -> tuple[Standing, ...]:
    """Every combination an incident may stand in; the database's CHECK is written from it."""
    in_work = [Standing(step) for step in Step] + [Standing(Step.REPORTING, Stage.IN_REVIEW)]
    dismissed = [Standing(step, Stage.NONE, Status.CLOSED, Outcome.DISMISSED) for step in BEFORE_APPROVAL]
    merged = [_merged(place) for place in in_work if place.step in BEFORE_APPROVAL]
    return (*in_work, RESOLVED, *dismissed, *merged)


def _merged(place: Standing) -> Standing:
    return Standing(place.step, place.stage, Status.CLOSED, Outcome.MERGED)


IDENTIFICATION = Standing(Step.IDENTIFICATION)
NOTIFICATION = Standing(Step.NOTIFICATION)
REPORTING = Standing(Step.REPORTING)
IN_REVIEW = Standing(Step.REPORTING, Stage.IN_REVIEW)
INVESTIGATION = Standing(Step.INVESTIGATION)
CORRECTIVE_ACTIONS = Standing(Step.CORRECTIVE_ACTIONS)
APPROVAL = Standing(Step.APPROVAL)
FOLLOW_UP = Standing(Step.FOLLOW_UP)
RESOLVED = Standing(Step.FOLLOW_UP, Stage.NONE, Status.CLOSED, Outcome.RESOLVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One way from one standing to another."""

    start: Standing
    end: Standing
    who: tuple[Role, ...] = ()  #: roles that may do it; empty: nobody by hand
    by_itself: str = ""  #: when the daemon or a rule does it; empty: never
    codes: tuple[str, ...] = ()  #: what it can be refused with
    reopens: bool = False  #: a new cycle: clocks run anew, the old acknowledgement is history


_LIGHT_PAGE = "on the light track, when the page is confirmed"


def _moves() -> Iterator[Move]:
    lead = (Role.INVESTIGATOR,)
    yield Move(
        start=IDENTIFICATION,
        end=NOTIFICATION,
        who=(Role.RESPONDER,),
        by_itself="the rule decides, or an observation reaches its count",
        codes=("undecided",),
    )
    yield Move(
        start=IDENTIFICATION,
        end=IDENTIFICATION,
        who=(Role.RESPONDER,),
        codes=("until_required",),
    )
    yield Move(
        start=NOTIFICATION,
        end=REPORTING,
        by_itself="a responsible person acknowledged; each required recipient is accepted or listed as outstanding",
        codes=("not_acknowledged",),
    )
    yield Move(
        start=REPORTING,
        end=IN_REVIEW,
        who=(Role.REPORTER,),
        by_itself=_LIGHT_PAGE,
        codes=("missing_fields",),
    )
    review = ("not_reviewer", "four_eyes", "conflict_of_interest")
    yield Move(start=IN_REVIEW, end=REPORTING, who=(Role.REVIEWER,), codes=(*review, "notes_required"))
    yield Move(
        start=IN_REVIEW,
        end=INVESTIGATION,
        who=(Role.REVIEWER,),
        by_itself=_LIGHT_PAGE,
        codes=(*review, "missing_fields"),
    )
    yield Move(
        start=INVESTIGATION,
        end=CORRECTIVE_ACTIONS,
        who=lead,
        by_itself=_LIGHT_PAGE,
        codes=("no_finding", "open_requests", "missing_fields"),
    )
    yield Move(start=CORRECTIVE_ACTIONS, end=INVESTIGATION, who=lead, codes=("reason_required",))
    yield Move(
        start=CORRECTIVE_ACTIONS,
        end=APPROVAL,
        who=lead,
        by_itself=_LIGHT_PAGE,
        codes=("no_root_cause", "incomplete_action", "uncovered_findings", "missing_fields"),
    )
    yield Move(
        start=APPROVAL,
        end=FOLLOW_UP,
        who=(Role.APPROVER,),
        codes=(
            "not_approver",
            "four_eyes",
            "missing_fields",
            "stale_hash",
            "open_discrepancies",
            "second_approval_pending",
            "checklist_required",
            "fresh_sign_in",
        ),
    )
    for end in (REPORTING, INVESTIGATION, CORRECTIVE_ACTIONS):
        yield Move(
            start=APPROVAL,
            end=end,
            who=(Role.APPROVER, *lead),
            codes=("discrepancies_required", "reason_required"),
        )
    yield Move(
        start=FOLLOW_UP,
        end=CORRECTIVE_ACTIONS,
        who=(*lead, Role.APPROVER),
        by_itself="the verdict is not_effective",
        codes=("reason_required",),
    )
    yield Move(
        start=FOLLOW_UP,
        end=RESOLVED,
        who=lead,
        by_itself="on the light track, when the watch is over",
        codes=(
            "open_actions",
            "watch_running",
            "open_concerns",
            "verdict_missing",
            "not_effective",
            "missing_fields",
            "approval_void",
        ),
    )
    yield from _endings_and_reopenings()


def _endings_and_reopenings() -> Iterator[Move]:
    match = "a match whose event time is after the end"
    for step in BEFORE_APPROVAL:
        dismissed = Standing(step, Stage.NONE, Status.CLOSED, Outcome.DISMISSED)
        stages = (Stage.NONE, Stage.IN_REVIEW) if step is Step.REPORTING else (Stage.NONE,)
        for stage in stages:
            place = Standing(step, stage)
            nothing = "an observation ended with nothing in it" if step is Step.IDENTIFICATION else ""
            yield Move(
                start=place,
                end=dismissed,
                who=(Role.RESPONDER,),
                by_itself=nothing,
                codes=("reason_code", "four_eyes"),
            )
            yield Move(
                start=place,
                end=_merged(place),
                who=(Role.RESPONDER,),
                codes=("target_closed", "target_merged", "target_observed", "target_approved", "tlp"),
            )
            yield Move(
                start=_merged(place), end=place, who=(Role.RESPONDER,), codes=("target_closed", "key_in_use", "tlp")
            )
        yield Move(
            start=dismissed,
            end=IDENTIFICATION,
            who=(Role.RESPONDER,),
            by_itself=match,
            codes=("key_in_use",),
            reopens=True,
        )
    for start in (RESOLVED, FOLLOW_UP):
        yield Move(
            start=start,
            end=NOTIFICATION,
            who=(Role.RESPONDER,),
            by_itself=match,
            codes=("key_in_use",),
            reopens=True,
        )


#: The table: what is not in it cannot happen.
MOVES: Mapping[tuple[Standing, Standing], Move] = MappingProxyType({(move.start, move.end): move for move in _moves()})

#: Codes that the record itself can answer, with what must hold. The others need forms, persons or deliveries: who
#: calls `advance` looks at those and passes what is unmet.
GUARDS: Mapping[str, Callable[[Incident], bool]] = MappingProxyType(
    {
        "undecided": lambda incident: incident.decision is Decision.INVESTIGATE,
        "not_acknowledged": lambda incident: incident.acknowledged_at is not None or incident.track is Track.LIGHT,
        "approval_void": lambda incident: incident.approval_void is None,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something done to an open incident that moves no step."""

    name: str
    roles: tuple[Role, ...]  #: empty: any participant
    four_eyes: bool = False
    sets: tuple[str, ...] = ()  #: instants of the incident that it sets the first time
    when_resolved: bool = False  #: it can be done after the incident was resolved too
    when_closed: bool = False  #: it can be done after the incident was closed too, whatever the outcome
    when_open: bool = True

    def fits(self, incident: Incident) -> bool:
        """Whether *incident* stands where it can be done."""
        if incident.is_open:
            return self.when_open
        return self.when_closed or (self.when_resolved and incident.outcome is Outcome.RESOLVED)


#: Who may ask others for information.
ASKERS = (Role.RESPONDER, Role.REPORTER, Role.REVIEWER, Role.INVESTIGATOR, Role.APPROVER)

#: Who may plan what follows an action.
PLANNERS = (Role.RESPONDER, Role.INVESTIGATOR, Role.APPROVER)

ACTS: Mapping[str, Act] = MappingProxyType(
    {
        act.name: act
        for act in (
            Act(name="acknowledge", roles=(Role.RESPONDER,), sets=("acknowledged_at", "aware_at")),
            Act(name="extend", roles=(Role.RESPONDER,)),
            Act(name="note", roles=(Role.RESPONDER,)),
            Act(name="contain", roles=(Role.RESPONDER,), sets=("contained_at",)),
            Act(name="resolve", roles=(Role.RESPONDER,), sets=("resolved_at",)),
            Act(name="own", roles=(Role.RESPONDER,)),
            Act(name="hand_over", roles=(Role.RESPONDER,)),
            Act(name="evidence", roles=(Role.RESPONDER,)),
            Act(name="correction", roles=(Role.RESPONDER,)),
            Act(name="classify", roles=(Role.RESPONDER, Role.INVESTIGATOR)),
            Act(name="countersign", roles=(Role.RESPONDER, Role.APPROVER), four_eyes=True),
            Act(name="split", roles=(Role.RESPONDER,)),
            Act(name="review_again", roles=(Role.REVIEWER,), four_eyes=True),
            Act(name="request", roles=ASKERS),
            Act(name="withdraw_request", roles=ASKERS),
            Act(name="waive", roles=(Role.APPROVER,)),
            Act(name="timer", roles=(Role.INVESTIGATOR, Role.APPROVER), when_resolved=True),
            Act(name="answer", roles=()),
            Act(name="concern", roles=()),
            Act(name="discrepancy", roles=(Role.APPROVER,)),
            Act(name="answer_discrepancy", roles=(Role.REPORTER, Role.INVESTIGATOR)),
            Act(name="close_discrepancy", roles=(Role.APPROVER,)),
            Act(name="sign_again", roles=(Role.APPROVER,), four_eyes=True),
            Act(name="watch", roles=PLANNERS),
            Act(name="take_back_watch", roles=PLANNERS),
            Act(name="tried", roles=(*PLANNERS, Role.VERIFIER), four_eyes=True),
            Act(name="accept_risk", roles=(Role.APPROVER,), four_eyes=True),
            Act(name="improve", roles=PLANNERS, when_resolved=True),
            Act(name="improvement", roles=(*PLANNERS, Role.ACTION_OWNER), when_resolved=True),
            Act(name="restrict", roles=(Role.RESPONDER, Role.INVESTIGATOR, Role.APPROVER), when_closed=True),
            Act(name="lift_restriction", roles=(Role.APPROVER,), when_closed=True),
            Act(name="redact", roles=(Role.APPROVER,), when_closed=True),
            Act(name="hold", roles=(Role.APPROVER,), when_closed=True),
            Act(name="release_hold", roles=(Role.APPROVER,), four_eyes=True, when_closed=True),
            Act(name="except", roles=(Role.RESPONDER,), when_closed=True, when_open=False),
            Act(name="dispose", roles=(Role.APPROVER,), when_closed=True, when_open=False),
            Act(name="settle_disposal", roles=(Role.APPROVER,), four_eyes=True, when_closed=True, when_open=False),
        )
    }
)


def advance(
    incident: Incident,
    to: Standing,
    *,
    now: datetime,
    by: Actor,
    roles: Collection[Role] = (),
    unmet: Collection[str] = (),
) -> Incident:
    """Return the incident standing at *to*.

    Args:
        now: Time of the move, aware UTC.
        by: Who moves it. The daemon and rules may do only what happens by itself.
        roles: What *by* may do, if a person.
        unmet: Codes that the caller found unmet, of those that need more than the record.

    Raises:
        MoveNotAllowed: No such move, not this actor, or something is missing (all of it is named).
    """
    move = MOVES.get((Standing.of(incident), to))
    if move is None:
        raise MoveNotAllowed(
            "not_a_move",
            f"{incident.name} stands at {Standing.of(incident)} and cannot go to {to}",
            allowed=tuple(str(end) for end in reachable(incident)),
        )
    _check_mover(incident, move, by, roles)
    missing = tuple(code for code in move.codes if code in unmet or not GUARDS.get(code, _met)(incident))
    if missing:
        raise MoveNotAllowed(missing[0], f"{incident.name} cannot go to {to}: {', '.join(missing)}", missing=missing)
    return _moved(incident, move, now)


def moves_from(place: Standing) -> tuple[Move, ...]:
    """All moves that start at *place*, in the order of the table."""
    return tuple(move for move in MOVES.values() if move.start == place)


def reachable(incident: Incident) -> tuple[Standing, ...]:
    """Where the incident can go from where it stands, in the order of the table."""
    return tuple(end for start, end in MOVES if start == Standing.of(incident))


def acknowledge(incident: Incident, *, now: datetime, by: Actor, roles: Collection[Role]) -> Incident:
    """Return the incident as *by* having said "I have it". Moves no step. The first one counts; calling again is
    harmless and changes nothing.

    Raises:
        ActNotAllowed: It is closed, or *by* is no person or has not the role.
    """
    check_act(incident, ACTS["acknowledge"], by=by, roles=roles)
    if incident.acknowledged_at is not None:
        return incident
    return replace(
        incident,
        acknowledged_at=now,
        acknowledged_by=by.id,
        acknowledged_events=incident.events,
        owner=incident.owner or by.id,
        aware_at=incident.aware_at or now,
        broke_through=False,
        version=incident.version + 1,
    )


def allowed_acts(incident: Incident, roles: Collection[Role]) -> tuple[str, ...]:
    """What a person with *roles* may do to the incident now, moving no step."""
    able = (act for act in ACTS.values() if not act.roles or set(act.roles) & set(roles))
    return tuple(act.name for act in able if act.fits(incident))


def check_act(incident: Incident, act: Act, *, by: Actor, roles: Collection[Role]) -> None:
    """Raise if *by* may not do *act* on *incident* now.

    Raises:
        ActNotAllowed: with the codes ``closed``, ``not_closed``, ``person_required`` or ``role_required``.
    """
    if incident.is_open and not act.when_open:
        raise ActNotAllowed("not_closed", f"{incident.name} is open: {act.name} is for what is closed")
    if not act.fits(incident):
        raise ActNotAllowed(
            "closed", f"{incident.name} is {incident.outcome.value}: it must be reopened before one can {act.name} it"
        )
    if by.kind is not ActorKind.PERSON:
        raise ActNotAllowed(
            "person_required", f"only a person can {act.name} {incident.name}; sign in, or use a person's token"
        )
    if act.roles and not set(act.roles) & set(roles):
        needed = " or ".join(role.value for role in act.roles)
        raise ActNotAllowed("role_required", f"{by.id} cannot {act.name} {incident.name}: the role {needed} is needed")


def _check_mover(incident: Incident, move: Move, by: Actor, roles: Collection[Role]) -> None:
    if by.kind is ActorKind.PERSON:
        if set(move.who) & set(roles):
            return
        needed = " or ".join(role.value for role in move.who) or "nobody: it happens by itself"
        raise MoveNotAllowed("role_required", f"{by.id} cannot move {incident.name} to {move.end}; needed: {needed}")
    if by.kind is ActorKind.OS or not move.by_itself:
        raise MoveNotAllowed("person_required", f"{incident.name} goes to {move.end} only by a person's act")


def _met(incident: Incident) -> bool:
    return True


def _moved(incident: Incident, move: Move, now: datetime) -> Incident:
    end = move.end
    fresh: dict[str, Any] = {}
    if move.reopens:
        fresh = {
            "cycle": incident.cycle + 1,
            "acknowledged_at": None,
            "acknowledged_by": None,
            "acknowledged_events": None,
            "broke_through": False,
            "contained_at": None,
            "resolved_at": None,
            "approved_at": None,
            "notified_at": None,
            "observe_until": None,
            "observe_events": None,
            "watched_from": None,
            "watched_until": None,
        }
    if end.outcome is not Outcome.MERGED:
        fresh["merged_into"] = None
    if end.status is Status.CLOSED:
        fresh["quiet_until"] = None
    if end.step is not Step.FOLLOW_UP:
        fresh |= {"approved_at": None, "approval_void": None}
    return replace(
        incident,
        step=end.step,
        stage=end.stage,
        status=end.status,
        outcome=end.outcome,
        step_entered_at=now,
        closed_at=now if end.status is Status.CLOSED else None,
        version=incident.version + 1,
        **fresh,
    )
