"""Is there somebody for every signature? Proven from roles, leave, tracks and how four eyes look. Pure.

With four eyes in full each signature needs two possible signers, so that one can sign what the other wrote; and on the
full track, whoever writes, three others must review, approve and approve a second time. A pair needs one other person.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise, product
from types import MappingProxyType

from store.designation import Colleague
from store.four_eyes import SIGNERS, FourEyes, Signature
from store.people import Role

#: Roles whose work is signed: whoever has one of them may be kept from the signature by it.
WORK_OF: Mapping[Signature, frozenset[Role]] = MappingProxyType(
    {
        Signature.REPORT_REVIEW: frozenset({Role.REPORTER}),
        Signature.VERIFY: frozenset({Role.ACTION_OWNER}),
        Signature.APPROVE: frozenset({Role.REPORTER, Role.INVESTIGATOR}),
        Signature.SECOND_APPROVAL: frozenset({Role.REPORTER, Role.INVESTIGATOR}),
        Signature.SETTLE: frozenset({Role.RESPONDER}),
    }
)
#: What is signed on the full track by persons who are all different.
APART = (Signature.REPORT_REVIEW, Signature.APPROVE, Signature.SECOND_APPROVAL)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A signature for which there are too few persons."""

    signature: Signature | None  #: None: those of the full track, taken together
    possible: tuple[str, ...] = ()  #: persons who may give it
    writers: tuple[str, ...] = ()  #: persons after whose work nobody is left
    first: date | None = None  #: first day on which it is so; None: always
    last: date | None = None  #: last day
    away: tuple[str, ...] = ()  #: who are missed on those days


def gaps(colleagues: Sequence[Colleague], mode: FourEyes, *, today: date) -> tuple[Gap, ...]:
    """Everything that nobody could sign: at all, then on days on which some are away, from *today* on."""
    always = tuple(_gaps_among(colleagues, mode))
    later: list[Gap] = []
    for first, last in _periods(colleagues, today):
        there = [one for one in colleagues if not one.is_away_on(first)]
        for gap in _gaps_among(there, mode):
            if not any(_covers(one, gap) for one in always):
                away = _missed(gap, colleagues, there)
                _add(later, replace(gap, first=first, last=last, away=away))
    return (*always, *later)


def needed(signature: Signature, mode: FourEyes) -> int:
    """How many persons must be able to give *signature*."""
    if mode is FourEyes.PAIR and signature is Signature.SECOND_APPROVAL:
        return 0
    return 2 if mode is FourEyes.FULL else 1


def _gaps_among(there: Sequence[Colleague], mode: FourEyes) -> Iterator[Gap]:
    found = [gap for signature in Signature if (gap := _gap_of(signature, there, mode))]
    yield from found
    if mode is FourEyes.FULL and not {gap.signature for gap in found} & set(APART):
        stuck = tuple(one.id for one in _with_any(there, {Role.REPORTER}) if not _can_all_sign(one.id, there))
        if stuck:
            yield Gap(signature=None, writers=stuck)


def _gap_of(signature: Signature, there: Sequence[Colleague], mode: FourEyes) -> Gap | None:
    possible = _signers(signature, there)
    if len(possible) < needed(signature, mode):
        return Gap(signature=signature, possible=possible)
    if mode is FourEyes.PAIR and len(possible) == 1 and needed(signature, mode):
        writers = tuple(one.id for one in _with_any(there, WORK_OF[signature]) if one.id in possible)
        return Gap(signature=signature, possible=possible, writers=writers) if writers else None
    return None


def _can_all_sign(writer: str, there: Sequence[Colleague]) -> bool:
    """Whether three others can give the signatures of the full track, each another one."""
    others = [[one for one in _signers(signature, there) if one != writer] for signature in APART]
    return any(len(set(chosen)) == len(APART) for chosen in product(*others))


def _signers(signature: Signature, there: Iterable[Colleague]) -> tuple[str, ...]:
    return tuple(one.id for one in _with_any(there, {SIGNERS[signature]}))


def _with_any(there: Iterable[Colleague], roles: Collection[Role]) -> Iterator[Colleague]:
    return (one for one in there if one.roles & set(roles))


def _missed(gap: Gap, everybody: Iterable[Colleague], there: Sequence[Colleague]) -> tuple[str, ...]:
    """Who are away and could have signed."""
    roles = {SIGNERS[one] for one in ((gap.signature,) if gap.signature else APART)}
    return tuple(one.id for one in _with_any(everybody, roles) if one not in there)


def _periods(colleagues: Iterable[Colleague], today: date) -> Iterator[tuple[date, date]]:
    """(first, last) day of the spans in which the same persons are away, as far as leave is known."""
    leave = [one for person in colleagues for one in person.leave if one.last >= today]
    begins = {max(one.first, today) for one in leave} | {one.last + _DAY for one in leave}
    ordered = sorted(begins)
    for first, following in pairwise(ordered):
        yield first, following - _DAY


def _covers(always: Gap, gap: Gap) -> bool:
    """Whether *gap* says nothing that *always* has not said; writers who are away themselves are no news."""
    is_same = (always.signature, always.possible) == (gap.signature, gap.possible)
    return is_same and set(gap.writers) <= set(always.writers)


def _add(later: list[Gap], gap: Gap) -> None:
    """Add *gap*, or lengthen the same one that ends the day before."""
    for index, one in enumerate(later):
        if (
            one.last is not None
            and gap.first == one.last + _DAY
            and replace(gap, first=one.first, last=one.last) == one
        ):
            later[index] = replace(one, last=gap.last)
            return
    later.append(gap)
