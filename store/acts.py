"""Acts that move no step, and what a person may do now. Pure; who may do what stands in `store.process`."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from store.errors import ActNotAllowed, MoveNotAllowed, Refused
from store.incident import Actor, EntryKind, Incident, Outcome, Step, Track
from store.people import Role
from store.process import (
    ACTS,
    APPROVAL,
    BEFORE_APPROVAL,
    CORRECTIVE_ACTIONS,
    FOLLOW_UP,
    IDENTIFICATION,
    IN_REVIEW,
    INVESTIGATION,
    MOVES,
    NOTIFICATION,
    REPORTING,
    RESOLVED,
    Move,
    Standing,
    check_act,
    moves_from,
)

#: What each act writes into the timeline.
ENTRIES = {
    "acknowledge": EntryKind.ACKNOWLEDGED,
    "extend": EntryKind.EXTENDED,
    "note": EntryKind.NOTE,
    "contain": EntryKind.CONTAINED,
    "resolve": EntryKind.RESOLVED,
    "own": EntryKind.OWNED,
    "hand_over": EntryKind.HANDED_OVER,
    "concern": EntryKind.CONCERN,
    "answer": EntryKind.ANSWER,
}
#: Acts that need somebody to have the incident.
_NEEDS_OWNER = frozenset({"extend", "own", "hand_over"})
#: Steps in which a report was accepted.
_REVIEWED = (Step.INVESTIGATION, Step.CORRECTIVE_ACTIONS, Step.APPROVAL, Step.FOLLOW_UP)
#: Acts that make sense only while this holds.
_ONLY_WHILE: Mapping[str, Callable[[Incident], bool]] = MappingProxyType(
    {
        "discrepancy": lambda incident: incident.step is Step.APPROVAL,
        "classify": lambda incident: incident.lowering is None,
        "countersign": lambda incident: incident.lowering is not None,
        "split": lambda incident: incident.step in BEFORE_APPROVAL,
        "except": lambda incident: incident.outcome is Outcome.DISMISSED,
        "review_again": lambda incident: incident.track is not Track.LIGHT and incident.step in _REVIEWED,
        "sign_again": lambda incident: incident.approved_at is not None,
    }
)


#: What a caller asks for to go from one place to another by hand.
_NAMES = {
    (REPORTING, IN_REVIEW): "submit",
    (IN_REVIEW, REPORTING): "review",
    (IN_REVIEW, INVESTIGATION): "review",
    (INVESTIGATION, CORRECTIVE_ACTIONS): "conclude",
    (CORRECTIVE_ACTIONS, INVESTIGATION): "investigate_again",
    (CORRECTIVE_ACTIONS, APPROVAL): "request_approval",
    (APPROVAL, FOLLOW_UP): "approve",
    (APPROVAL, REPORTING): "reject",
    (APPROVAL, INVESTIGATION): "reject",
    (APPROVAL, CORRECTIVE_ACTIONS): "reject",
    (FOLLOW_UP, CORRECTIVE_ACTIONS): "rework",
    (FOLLOW_UP, RESOLVED): "close",
}


#: Where the light track's page leads through when it is confirmed, wherever an approver sent it back to.
LIGHT_WAY = (REPORTING, IN_REVIEW, INVESTIGATION, CORRECTIVE_ACTIONS, APPROVAL)


def do(
    incident: Incident, name: str, *, now: datetime, by: Actor, roles: Collection[Role], to: str | None = None
) -> Incident:
    """Return the incident after the act *name*; the same one if it only adds to the timeline.

    The instant that an act sets is set once: a second one is told in the timeline alone.

    Args:
        to: Person id; who has it from now on, for ``hand_over``.

    Raises:
        ActNotAllowed: It is closed, *by* may not, or nobody has acknowledged it yet.
    """
    act = ACTS[name]
    check_act(incident, act, by=by, roles=roles)
    if name in _NEEDS_OWNER and incident.acknowledged_at is None:
        raise ActNotAllowed("not_acknowledged", f"nobody has {incident.name} yet: acknowledge it first")
    changing: dict[str, object] = {moment: now for moment in act.sets if getattr(incident, moment) is None}
    if name == "own":
        changing |= {"owner": by.id} if incident.owner != by.id else {}
    if name == "hand_over":
        changing |= {"owner": to} if incident.owner != to else {}
    if name == "extend" and incident.broke_through:
        changing["broke_through"] = False  # what comes now is news again
    if not changing:
        return incident
    return replace(incident, version=incident.version + 1, **changing)  # type: ignore[arg-type]


def name_of(move: Move) -> str:
    """What a caller asks for to make *move*; a standing where there is no shorter word."""
    if move.reopens:
        return "reopen"
    if move.end.outcome is Outcome.DISMISSED:
        return "dismiss"
    if move.end.outcome is Outcome.MERGED:
        return "merge"
    if move.start.outcome is Outcome.MERGED:
        return "unmerge"
    if move.start == IDENTIFICATION and move.end in (IDENTIFICATION, NOTIFICATION):
        return "decide"
    return _NAMES.get((move.start, move.end), str(move.end))


def check_named(incident: Incident, name: str, to: Standing) -> None:
    """Raise unless going to *to* from where it stands is what *name* means: moves can share their ends.

    Raises:
        MoveNotAllowed: ``not_a_move``.
    """
    move = MOVES.get((Standing.of(incident), to))
    if move is None or name_of(move) != name:
        raise MoveNotAllowed(
            "not_a_move", f"{incident.name} stands at {Standing.of(incident)}: {name} is no move there"
        )


def allowed(incident: Incident, roles: Collection[Role]) -> tuple[str, ...]:
    """What a person with *roles* may do to the incident now: acts, then moves."""
    acts = [
        act.name
        for act in ACTS.values()
        if act.fits(incident)
        and (not act.roles or set(act.roles) & set(roles))
        and not (act.name in _NEEDS_OWNER and incident.acknowledged_at is None)
        and _ONLY_WHILE.get(act.name, bool)(incident)
    ]
    moves = [name_of(move) for move in moves_from(Standing.of(incident)) if set(move.who) & set(roles)]
    if may_confirm(incident) and Role.REPORTER in roles:
        moves.append("confirm")
    if incident.quiet_until is not None and "dismiss" in moves:
        moves[moves.index("dismiss")] = "settle"
    return tuple(dict.fromkeys([*acts, *moves]))


def may_confirm(incident: Incident) -> bool:
    """Whether it has a page to confirm: on the light track, until it is approved."""
    return incident.track is Track.LIGHT and Standing.of(incident) in LIGHT_WAY[:-1]


@contextmanager
def telling_what_is_allowed(incident: Incident, roles: Collection[Role]) -> Iterator[None]:
    """Have every refusal inside say what may be done instead."""
    try:
        yield
    except Refused as refused:
        refused.allowed = allowed(incident, roles)
        raise
