"""What is done about an incident: an action, its life, and who may do what to it. Pure.

`LIFE` is the table: what is not in it cannot happen. A *correction* puts right what happened; it may be written and
done from the first minute, without approval. Every other kind keeps it from happening again: the lead writes it, its
owner does it once the dossier was approved, and somebody who had no hand in it verifies it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from store.errors import ActNotAllowed
from store.four_eyes import Allowed, Deed, FourEyes, Hand, Refused, Signature, may_sign
from store.incident import Actor, ActorKind, Incident, Step, Track
from store.people import Role


class ActionState(StrEnum):
    """Where an action stands. Stored and sent over the API: never rename one."""

    PROPOSED = "proposed"  #: it is being written
    AGREED = "agreed"  #: it is to be done by its owner until it is due
    DONE = "done"  #: somebody recorded it done, with evidence
    VERIFIED = "verified"  #: somebody else saw that it was done
    DROPPED = "dropped"  #: it will not be done, for a stated reason


class ActionKind(StrEnum):
    """What sort of action it is. Stored and sent over the API: never rename one."""

    CORRECTION = "correction"  #: puts right what happened
    PROCEDURE = "procedure"
    TRAINING = "training"  #: names persons, content and attendance
    SPECIFICATION = "specification"
    QUALITY_CONTROL = "quality_control"
    CONFIGURATION = "configuration"
    DETECTION_RULE = "detection_rule"
    OTHER = "other"


#: What the approver approves: a change of one of these after the freeze makes the approval void.
PLAN: Final = ("kind", "causes", "owner", "deputy", "due", "text", "criterion", "participants", "content")
#: Of all that can be written, what may have to be redacted one day.
TEXTS: Final = ("text", "criterion", "participants", "content", "evidence", "attended")
LIVE: Final = (ActionState.PROPOSED, ActionState.AGREED, ActionState.DONE, ActionState.VERIFIED)
#: Somebody still has to do something.
WAITING: Final = (ActionState.PROPOSED, ActionState.AGREED, ActionState.DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A date that was agreed and did not hold."""

    due: date  #: as it was
    until: date  #: as it was moved to
    by: str  #: person id
    at: datetime
    reason: str | None  #: None: redacted


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action as it stands. Every change makes a new version; a text that is None was redacted."""

    incident: int
    number: int  #: from 1 within its incident
    cycle: int  #: of the incident, in which it was written or changed last
    version: int = 1  #: its ETag
    state: ActionState = ActionState.PROPOSED
    kind: ActionKind
    causes: tuple[str, ...] = ()  #: what it addresses, see `store.covering`
    owner: str = ""  #: person id; "": nobody yet
    deputy: str = ""  #: person id; "": nobody
    due: date | None = None  #: it is late once that day is over
    text: str | None = ""  #: what is to be done
    criterion: str | None = ""  #: how one will see that it helped
    participants: tuple[str, ...] | None = ()  #: of a training: who is to be there
    content: str | None = ""  #: of a training: what is taught
    evidence: str | None = ""  #: what shows that it was done
    attended: tuple[str, ...] | None = ()  #: of a training: who was there
    valid_until: date | None = None  #: of a training: the last day on which it counts; None: it does not lapse
    written_at: datetime  #: when something of the plan was changed last
    proposed_by: str  #: person id
    proposed_at: datetime
    agreed_by: str | None = None
    agreed_at: datetime | None = None
    done_by: str | None = None  #: who recorded it done
    done_at: datetime | None = None
    effective_from: datetime | None = None  #: since when it has effect; the watch begins there
    verified_by: str | None = None
    verified_at: datetime | None = None
    dropped_by: str | None = None
    dropped_at: datetime | None = None
    dropped_because: str | None = None  #: None: it was not dropped, or the reason was redacted
    slips: tuple[Slip, ...] = ()

    @property
    def name(self) -> str:
        """What people call it within its incident, e.g. action 3."""
        return f"action {self.number}"

    def called_in(self, number: int) -> str:
        """What it is called within incident *number*: ``3``, or ``INC-2/3`` if that one carries INC-2 on."""
        return str(self.number) if self.incident == number else f"INC-{self.incident}/{self.number}"

    @property
    def is_live(self) -> bool:
        """Whether it was not dropped."""
        return self.state is not ActionState.DROPPED

    @property
    def hands(self) -> tuple[Hand, ...]:
        """Who had a hand in it, and may not verify it."""
        found = (
            (self.owner, Deed.OWNS_ACTION),
            (self.deputy, Deed.DEPUTISES),
            (self.done_by or "", Deed.RECORDED_DONE),
        )
        return tuple(Hand(person=person, deed=deed, what=self.name) for person, deed in found if person)

    def is_late(self, today: date) -> bool:
        """Whether the day on which it was due is over and it is not done."""
        is_undone = self.state in (ActionState.PROPOSED, ActionState.AGREED)
        return is_undone and self.due is not None and self.due < today

    def needs_no_lead(self, track: Track) -> bool:
        """Whether whoever is there may write it and record it done."""
        return self.kind is ActionKind.CORRECTION or track is Track.LIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Something that can be done to an action."""

    name: str
    starts: tuple[ActionState, ...]
    end: ActionState | None = None  #: None: it stays where it stands
    roles: tuple[Role, ...] = ()
    without_lead: tuple[Role, ...] = ()  #: and these, where no lead is needed
    owners: bool = False  #: its owner and its deputy, who need the role action_owner
    needs_approval: bool = False  #: of all but corrections


_LEAD: Final = (Role.INVESTIGATOR,)
_WHOEVER: Final = (Role.RESPONDER, Role.REPORTER, Role.INVESTIGATOR)
_DRAFT: Final = (ActionState.PROPOSED, ActionState.AGREED)

#: The table of an action's life.
LIFE: Mapping[str, Turn] = MappingProxyType(
    {
        turn.name: turn
        for turn in (
            Turn(name="change", starts=_DRAFT, roles=_LEAD, without_lead=_WHOEVER),
            Turn(name="move", starts=_DRAFT, roles=_LEAD, without_lead=_WHOEVER),
            Turn(
                name="agree",
                starts=(ActionState.PROPOSED,),
                end=ActionState.AGREED,
                roles=_LEAD,
                without_lead=_WHOEVER,
            ),
            Turn(
                name="done",
                starts=(ActionState.AGREED,),
                end=ActionState.DONE,
                without_lead=_WHOEVER,
                owners=True,
                needs_approval=True,
            ),
            Turn(name="return", starts=(ActionState.DONE,), end=ActionState.AGREED, roles=(Role.VERIFIER,)),
            Turn(name="verify", starts=(ActionState.DONE,), end=ActionState.VERIFIED, roles=(Role.VERIFIER,)),
            Turn(
                name="drop",
                starts=WAITING,
                end=ActionState.DROPPED,
                roles=_LEAD,
                without_lead=_WHOEVER,
            ),
        )
    }
)


def writers(kind: ActionKind, track: Track) -> tuple[Role, ...]:
    """The roles that may write a new action of *kind*."""
    return _WHOEVER if kind is ActionKind.CORRECTION or track is Track.LIGHT else _LEAD


def check_writer(kind: ActionKind, record: Incident, by: Actor, roles: Collection[Role]) -> None:
    """Raise if *by* may not write a new action of *kind* now.

    Raises:
        ActNotAllowed: ``closed``, ``person_required`` or ``role_required``.
    """
    _check_open(record, by)
    needed = writers(kind, record.track)
    if not set(needed) & set(roles):
        raise ActNotAllowed(
            "role_required",
            f"{by.id} cannot write an action of the kind {kind} for {record.name}; needed: {_or(needed)}",
        )


def check(action: Action, name: str, *, record: Incident, by: Actor, roles: Collection[Role]) -> Turn:
    """The turn *name* of the table; four eyes are looked at by `check_four_eyes`.

    Raises:
        ActNotAllowed: ``closed``, ``person_required``, ``role_required``, ``not_owner``, ``not_a_move`` (not from
            where it stands) or ``not_approved`` (done before the dossier was approved).
    """
    _check_open(record, by)
    turn = LIFE[name]
    if refused := _who(action, turn, record.track, by, roles):
        raise refused
    if action.state not in turn.starts and not _straight(action, turn):
        raise ActNotAllowed(
            "not_a_move",
            f"{action.name} of {record.name} is {action.state}: {name} is possible while {_or(turn.starts)}",
        )
    if turn.needs_approval and not _may_be_done(action, record):
        raise ActNotAllowed(
            "not_approved",
            f"{action.name} of {record.name} is done once the dossier is approved; "
            "what was put right at once is a correction",
        )
    return turn


def check_four_eyes(action: Action, by: Actor, mode: FourEyes, track: Track) -> Allowed:
    """Whether *by* may verify it, and what was waived for that.

    Raises:
        ActNotAllowed: ``four_eyes``, naming the clashing act.
    """
    verdict = may_sign(Signature.VERIFY, by.id, action.hands, mode=mode, track=track)
    if isinstance(verdict, Refused):
        raise ActNotAllowed(verdict.code, verdict.reason)
    return verdict


def allowed(
    action: Action, *, record: Incident, by: Actor, roles: Collection[Role], mode: FourEyes = FourEyes.FULL
) -> tuple[str, ...]:
    """What *by* may do to it now, in the order of the table."""
    found = []
    for name in LIFE:
        try:
            check(action, name, record=record, by=by, roles=roles)
            if name == "verify":
                check_four_eyes(action, by, mode, record.track)
        except ActNotAllowed:
            continue
        found.append(name)
    return tuple(found)


def _straight(action: Action, turn: Turn) -> bool:
    """Whether a correction is done without anybody's having agreed upon it."""
    return turn.name == "done" and action.kind is ActionKind.CORRECTION and action.state is ActionState.PROPOSED


def _may_be_done(action: Action, record: Incident) -> bool:
    """Whether it needs no approval, or had it: in this cycle, or in one before."""
    is_older = action.incident == record.number and action.cycle < record.cycle
    return action.kind is ActionKind.CORRECTION or record.step is Step.FOLLOW_UP or is_older


def _who(action: Action, turn: Turn, track: Track, by: Actor, roles: Collection[Role]) -> ActNotAllowed | None:
    """Why *by* may not; None: they may."""
    able = (*turn.roles, *(turn.without_lead if action.needs_no_lead(track) else ()))
    if set(able) & set(roles):
        return None
    is_theirs = by.id in (action.owner, action.deputy)
    if turn.owners and is_theirs and Role.ACTION_OWNER in roles:
        return None
    what = f"{by.id} cannot {turn.name} {action.name}"
    if turn.owners and Role.ACTION_OWNER in roles and not able:
        theirs = _or(tuple(filter(None, (action.owner, action.deputy)))) or "nobody yet"
        return ActNotAllowed("not_owner", f"{what}: it is to be done by {theirs}")
    needed = (*able, *((Role.ACTION_OWNER,) if turn.owners else ()))
    return ActNotAllowed("role_required", f"{what}; needed: {_or(dict.fromkeys(needed))}")


def _check_open(record: Incident, by: Actor) -> None:
    if not record.is_open:
        raise ActNotAllowed("closed", f"{record.name} is {record.outcome.value}: it must be reopened to act on it")
    if by.kind is not ActorKind.PERSON:
        raise ActNotAllowed("person_required", f"only a person can act on the actions of {record.name}")


def _or(words: Iterable[str]) -> str:
    return " or ".join(words)
