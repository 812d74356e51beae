"""The approval of a frozen dossier: which signatures hold, whether they are enough, what a signer still lacks. Pure.

A signature holds for the dossier that was frozen last, as long as what it covers has not changed: whoever signs has
seen what stands there. A pair signs in parts: each leaves what is their own to the other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from store.answers import Answer
from store.discrepancies import Discrepancy, open_ones
from store.dossier import EVIDENCE, Change, Dossier, difference
from store.errors import ActNotAllowed
from store.form_version import FormVersion
from store.forms import Filled
from store.four_eyes import FourEyes, Signature, approvals_needed
from store.incident import Incident, Track
from store.steps import Unmet

#: What a signature says, by what is signed; printed beside the name.
_MEANINGS: Mapping[Signature, str] = {
    Signature.APPROVE: "dossier approved",
    Signature.SECOND_APPROVAL: "dossier approved, as the second approver",
}
#: Stands for an answer where it matters only that there is one.
_ANSWERED: Final = Answer()
#: The light track asks for one signature, which stands for both.
LIGHT_MEANING: Final = "report reviewed, dossier approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What was frozen to be approved."""

    number: int  #: from 1 within its incident
    cycle: int
    at: datetime
    entry: int  #: of the timeline; what follows belongs to the annex
    events: int  #: how many there were
    procedure_version: str
    dossier: Dossier
    hash: str  #: as it was stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """What an approver vouches for."""

    accurate: bool
    complete: bool
    compliant_with: str  #: which documents


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signature as it stands in the record."""

    number: int  #: from 1 within its incident
    dossier: int  #: number of the freeze
    hash: str  #: of what was signed
    signature: Signature
    person: str
    at: datetime
    meaning: str
    place: int
    places: int
    leaves: tuple[str, ...] = ()  #: of a pair: parts of their own, which the other one must sign
    waived: bool = False
    entry: int  #: of the timeline
    printed_name: str = ""  #: "" if it was redacted
    accurate: bool | None = None
    complete: bool | None = None
    compliant_with: str = ""
    note: str = ""

    @property
    def printed(self) -> str:
        """As in "1 of 2"."""
        return f"{self.place} of {self.places}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalState:
    """All that an approver looks at."""

    frozen: Frozen | None  #: the last freeze of this cycle; None: nothing was frozen yet
    now: Dossier  #: as it stands
    changes: tuple[Change, ...]  #: since the last freeze
    signatures: tuple[Signed, ...]  #: of this cycle, the oldest first
    discrepancies: tuple[Discrepancy, ...]
    versions: tuple[FormVersion, ...]  #: of the forms, as far as they count, oldest first and without answers
    unconfirmed: tuple[str, ...]  #: covered fields that nobody has confirmed, as ``report.title``
    void: str | None = None  #: why the approval does not hold any more

    @property
    def hash(self) -> str:
        """What a signer names: the hash of the dossier as it stands."""
        return self.now.hash

    @property
    def filled(self) -> Filled:
        """Which fields were answered, as a gate sees them; what was redacted was answered."""
        return {one.form: dict.fromkeys(one.written, _ANSWERED) for one in self.versions}

    @property
    def holding(self) -> tuple[Signed, ...]:
        """The signatures that hold."""
        return tuple(one for one in self.signatures if self.holds(one))

    def holds(self, one: Signed) -> bool:
        """Whether *one* was given to what stands there now."""
        return self.frozen is not None and one.dossier == self.frozen.number and one.hash == self.hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a new signature would stand among those of its dossier."""

    signature: Signature
    meaning: str
    place: int
    places: int
    completes: bool  #: with it the dossier is approved


def since(frozen: Dossier, now: Dossier) -> tuple[Change, ...]:
    """What people changed since a freeze; what the machine attached belongs to the annex."""
    return tuple(change for change in difference(frozen, now) if change.part != EVIDENCE)


def next_signature(holding: Sequence[Signed], track: Track) -> Signature:
    """What the next one signs: on the full track, once the first approval was given, the second."""
    return Signature.SECOND_APPROVAL if holding and track is Track.FULL else Signature.APPROVE


def place(
    holding: Sequence[Signed], leaves: Iterable[str], track: Track, mode: FourEyes, changes: Sequence[Change] = ()
) -> Place:
    """Where a signature that leaves *leaves* to others would stand.

    Args:
        changes: For a signature anew over what changed since the approval: what that is.
    """
    signature, leaves = next_signature(holding, track), tuple(leaves)
    meaning = LIGHT_MEANING if track is Track.LIGHT else _MEANINGS[signature]
    if changes:
        meaning += f" anew: {', '.join(map(str, changes))}"
    left = set(leaves).intersection(*(one.leaves for one in holding))
    number = len(holding) + 1
    return Place(
        signature=signature,
        meaning=meaning,
        place=number,
        places=max(number, 2 if track is Track.FULL or leaves else 1),
        completes=number >= approvals_needed(track, mode) and not left,
    )


def unmet(
    record: Incident,
    state: ApprovalState,
    *,
    sent_hash: str,
    known: Dossier | None,
    checklist: Checklist | None,
    is_fresh: bool,
) -> Iterator[Unmet]:
    """What keeps a person who may sign from signing now.

    Args:
        known: The frozen dossier with the hash that was sent, if there was one.
    """
    if sent_hash != state.hash:
        yield _stale(state, sent_hash, known)
    if raised := open_ones(state.discrepancies):
        named = tuple(f"discrepancy {one.number}" for one in raised)
        yield Unmet(code="open_discrepancies", says=f"still open: {', '.join(named)}", missing=named)
    if unchecked := _unchecked(record.track, checklist):
        says = "say that it is accurate and complete, and with which documents it complies; who cannot, rejects it"
        yield Unmet(code="checklist_required", says=says, missing=unchecked)
    if not is_fresh:
        says = "a signature needs an unspent token of one's own from POST /api/v1/sign-in/fresh, good for 5 minutes"
        yield Unmet(code="fresh_sign_in", says=says, missing=("fresh",))


def check_unmet(record: Incident, found: Iterable[Unmet]) -> None:
    """Raise if anything keeps an act from being done; all of it is told and named.

    Raises:
        ActNotAllowed: With the code of the first.
    """
    if told := tuple(found):
        sentence = f"{record.name} cannot be signed: {'; '.join(one.says for one in told)}"
        missing = tuple(dict.fromkeys(thing for one in told for thing in one.missing))
        raise ActNotAllowed(told[0].code, sentence, missing=missing)


def check_again(record: Incident, state: ApprovalState) -> None:
    """Raise unless there is something to sign after the approval.

    Raises:
        ActNotAllowed: ``second_approval_pending`` (not approved yet) or ``not_void`` (it holds as it is).
    """
    if record.approved_at is None:
        raise ActNotAllowed(
            "second_approval_pending", f"{record.name} is not approved yet: sign it with the move approve"
        )
    if record.approval_void is None and len(state.holding) >= (2 if record.track is Track.FULL else 1):
        raise ActNotAllowed("not_void", f"the approval of {record.name} holds: there is nothing to sign again")


def check_batch(batch: Sequence[Incident]) -> None:
    """Raise unless all of *batch* can be signed at once.

    Raises:
        ActNotAllowed: ``not_a_batch``, naming those that do not belong to it.
    """
    odd = [one.name for one in batch if one.track is not Track.LIGHT or one.rule_id != batch[0].rule_id]
    if odd or len({one.number for one in batch}) < len(batch):
        raise ActNotAllowed(
            "not_a_batch",
            "a batch has light incidents of one rule, each once; sign the others one by one: "
            + (", ".join(odd) or "one is named twice"),
            missing=tuple(odd),
        )


def _stale(state: ApprovalState, sent_hash: str, known: Dossier | None) -> Unmet:
    changes = since(known, state.now) if known is not None else state.changes
    told = ", ".join(map(str, changes)) or "that is none of this dossier's"
    return Unmet(
        code="stale_hash",
        says=f"the dossier's hash is {state.hash}, not {sent_hash[:64]!r}: {told}; look at it, then sign what you saw",
        missing=tuple(f"{one.part}.{one.field}" for one in changes) or ("hash",),
    )


def _unchecked(track: Track, checklist: Checklist | None) -> tuple[str, ...]:
    if track is Track.LIGHT and checklist is None:
        return ()
    given = {
        "checklist.accurate": checklist is not None and checklist.accurate,
        "checklist.complete": checklist is not None and checklist.complete,
        "checklist.compliant_with": checklist is not None and bool(checklist.compliant_with.strip()),
    }
    return tuple(name for name, is_given in given.items() if not is_given)
