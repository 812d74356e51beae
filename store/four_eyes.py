"""Who may sign what: nobody signs what is theirs, and nobody acts where they are involved themselves. Pure.

A signature is weighed against *hands*: who did what to the thing that is signed. The caller gathers them from the
record; the table says which of them clash. There is no exemption for any role.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from rules.event import Severity
from store.incident import Track
from store.people import Person, Role


class FourEyes(StrEnum):
    """How strictly a site, or one waived record, looks. Stored: never rename one."""

    FULL = "full"  #: always somebody else
    PAIR = "pair"  #: two persons: each signs what is not their own
    WAIVED = "waived"  #: nobody else; what would have clashed is written down


class Signature(StrEnum):
    """What is signed. Stored: never rename one."""

    REPORT_REVIEW = "report_review"
    VERIFY = "verify"  #: that an action was done
    APPROVE = "approve"
    SECOND_APPROVAL = "second_approval"
    SETTLE = "settle"  #: a dismissal, mute, silence, exception, or lowered level


class Deed(StrEnum):
    """What somebody did to the thing that is signed."""

    WROTE_REPORT = "wrote_report"  #: text of theirs stands in this version of the report
    WROTE_DOSSIER = "wrote_dossier"  #: text of theirs stands in the dossier, in any version of its history
    OWNS_ACTION = "owns_action"
    DEPUTISES = "deputises"  #: is the deputy of the action's owner
    RECORDED_DONE = "recorded_done"  #: wrote down that the action was done
    REVIEWED_REPORT = "reviewed_report"
    APPROVED = "approved"  #: gave the first approval
    PROPOSED = "proposed"  #: proposed the dismissal, mute, silence, exception or lower level


#: Which deeds keep whom from which signature: the table of the process.
CLASHES: Mapping[Signature, frozenset[Deed]] = MappingProxyType(
    {
        Signature.REPORT_REVIEW: frozenset({Deed.WROTE_REPORT}),
        Signature.VERIFY: frozenset({Deed.OWNS_ACTION, Deed.DEPUTISES, Deed.RECORDED_DONE}),
        Signature.APPROVE: frozenset({Deed.WROTE_REPORT, Deed.WROTE_DOSSIER}),
        Signature.SECOND_APPROVAL: frozenset({Deed.WROTE_REPORT, Deed.WROTE_DOSSIER, Deed.APPROVED}),
        Signature.SETTLE: frozenset({Deed.PROPOSED}),
    }
)

#: And these too on the full track, where all signatures are apart; a pair has nobody left for that.
CLASHES_APART: Mapping[Signature, frozenset[Deed]] = MappingProxyType(
    {
        Signature.APPROVE: frozenset({Deed.REVIEWED_REPORT}),
        Signature.SECOND_APPROVAL: frozenset({Deed.REVIEWED_REPORT}),
    }
)

#: Signatures over text of which a pair signs the other's parts.
_IN_PARTS = frozenset({Signature.REPORT_REVIEW, Signature.APPROVE, Signature.SECOND_APPROVAL})
_WRITING = frozenset({Deed.WROTE_REPORT, Deed.WROTE_DOSSIER})

#: Who may give each signature.
SIGNERS: Mapping[Signature, Role] = MappingProxyType(
    {
        Signature.REPORT_REVIEW: Role.REVIEWER,
        Signature.VERIFY: Role.VERIFIER,
        Signature.APPROVE: Role.APPROVER,
        Signature.SECOND_APPROVAL: Role.APPROVER,
        Signature.SETTLE: Role.RESPONDER,
    }
)

#: From this severity on (the highest ever), what hides an incident needs somebody else's signature.
SETTLED_BY_ANOTHER_FROM = Severity.HIGH
#: For how long a proposal to hide one has effect before that signature; then it lapses.
PROPOSAL_LASTS = timedelta(hours=12)

_WORDS: Mapping[Deed, str] = MappingProxyType(
    {
        Deed.WROTE_REPORT: "wrote {what} of the report",
        Deed.WROTE_DOSSIER: "wrote {what} of the dossier",
        Deed.OWNS_ACTION: "owns {what}",
        Deed.DEPUTISES: "is the deputy for {what}",
        Deed.RECORDED_DONE: "recorded {what} as done",
        Deed.REVIEWED_REPORT: "reviewed the report, and on the full track all signatures are apart",
        Deed.APPROVED: "gave the first approval",
        Deed.PROPOSED: "proposed {what}",
    }
)
_SIGNING: Mapping[Signature, str] = MappingProxyType(
    {
        Signature.REPORT_REVIEW: "review the report",
        Signature.VERIFY: "verify it",
        Signature.APPROVE: "approve",
        Signature.SECOND_APPROVAL: "give the second approval",
        Signature.SETTLE: "settle it",
    }
)
_THINGS: Mapping[Deed, str] = MappingProxyType(
    {
        Deed.WROTE_REPORT: "text",
        Deed.WROTE_DOSSIER: "text",
        Deed.OWNS_ACTION: "the action",
        Deed.DEPUTISES: "the action",
        Deed.RECORDED_DONE: "the action",
        Deed.PROPOSED: "it",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who did what."""

    person: str
    deed: Deed
    what: str = ""  #: the part that they did it to, e.g. a field or an action; "" for the whole

    def __str__(self) -> str:
        return f"{self.person} {_WORDS[self.deed].format(what=self.what or _THINGS.get(self.deed, ''))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The signature may be given."""

    waived: Hand | None = None  #: what would have clashed; to be kept in the register of waivers
    despite_interest: bool = False  #: they are involved themselves, and nobody else is there; to be kept likewise
    leaves: tuple[str, ...] = ()  #: of a pair: parts that are their own, so that the other one must sign them


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The signature may not be given by this person."""

    code: str  #: ``four_eyes`` or ``conflict_of_interest``
    reason: str  #: one sentence for people, naming the clashing act
    clash: Hand | None = None  #: the clashing act; None: a conflict of interest


def may_sign(
    signature: Signature,
    person: str,
    hands: Iterable[Hand],
    *,
    mode: FourEyes,
    track: Track = Track.STANDARD,
    involved: Collection[str] = (),
) -> Allowed | Refused:
    """Whether *person* may give *signature*.

    Args:
        hands: What was done to the very thing that is signed: this version of the report, this action, this dossier.
        mode: The site's; waived for a record whose four eyes were waived by name and with a reason.
        involved: Persons who may not act on this record at all, see `persons_in_conflict`.
    """
    hands = tuple(hands)
    is_waived, is_involved = mode is FourEyes.WAIVED, person in involved
    if is_involved and not is_waived:
        return conflict_of_interest(person)
    clashing = clashes(signature, mode, track)
    own = [one for one in hands if one.person == person and one.deed in clashing]
    if not own:
        return Allowed(despite_interest=is_involved)
    if is_waived:
        return Allowed(waived=own[0], despite_interest=is_involved)
    if mode is FourEyes.PAIR and (parts := _parts_of_own(signature, own, hands)):
        return Allowed(leaves=parts)
    return Refused(code="four_eyes", reason=f"{own[0]}: somebody else must {_SIGNING[signature]}", clash=own[0])


def clashes(signature: Signature, mode: FourEyes, track: Track) -> frozenset[Deed]:
    """The deeds that keep their doer from *signature*."""
    apart = track is Track.FULL and mode is not FourEyes.PAIR
    return CLASHES[signature] | (CLASHES_APART.get(signature, frozenset()) if apart else frozenset())


def conflict_of_interest(person: str) -> Refused:
    """The refusal of anything that *person* would do on a record in which they are involved."""
    reason = f"{person} is involved, or an account of theirs is an entity of this record: somebody else must act on it"
    return Refused(code="conflict_of_interest", reason=reason)


def persons_in_conflict(
    involved: Iterable[str], accounts: Mapping[str, Collection[str]], entities: Iterable[tuple[str, str]]
) -> frozenset[str]:
    """Persons who may not act on a record: those involved, and those of whom an account is an entity of it.

    Args:
        involved: Ids of persons whom the report names as involved.
        accounts: By person id, the names of their accounts in logs; the id itself always counts.
        entities: (kind, value) of the record's entities.
    """
    seen = {_account(value) for kind, value in entities if kind == "account"}
    owners = {person for person, names in accounts.items() if seen & {_account(name) for name in (person, *names)}}
    return frozenset(owners | set(involved))


def named_in(texts: Iterable[str], persons: Iterable[Person]) -> frozenset[str]:
    """Ids of the *persons* that a report names: by id, name, mail address or account, whatever the case."""
    said = {text.strip().casefold() for text in texts} - {""}
    accounts = {_account(text) for text in said}
    return frozenset(
        one.id
        for one in persons
        if said & {name.casefold() for name in (one.id, one.name, one.email or one.id)}
        or accounts & {_account(name) for name in (one.id, *one.accounts)}
    )


def settling_needs_another(highest: Severity) -> bool:
    """Whether hiding an incident needs somebody else's signature, by its highest severity ever."""
    return highest.rank >= SETTLED_BY_ANOTHER_FROM.rank


def approvals_needed(track: Track, mode: FourEyes) -> int:
    """How many approvals a dossier needs. Of a pair's critical one, the only one is printed "1 of 2"."""
    return 2 if track is Track.FULL and mode is FourEyes.FULL else 1


def _parts_of_own(signature: Signature, own: Iterable[Hand], hands: Iterable[Hand]) -> tuple[str, ...]:
    """Of text that both of a pair wrote, the parts that are this one's; none if nothing is the other's alone."""
    own = tuple(own)
    if signature not in _IN_PARTS or any(one.deed not in _WRITING or not one.what for one in own):
        return ()
    mine = {one.what for one in own}
    others = {one.what for one in hands if one.person != own[0].person and one.deed in _WRITING}
    return tuple(sorted(mine)) if others - mine else ()


def _account(name: str) -> str:
    """An account's name as it is compared: without domain, whatever its case."""
    return name.rpartition("\\")[2].partition("@")[0].casefold()
