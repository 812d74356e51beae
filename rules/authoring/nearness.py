"""Rules that almost matched an event: which of their terms failed, as few as there are. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rules.event import Event
from rules.match import Reason, holds, reason_of
from rules.sigma.model import And, Condition, Not, Or, Rule, Selection, Term

MOST: Final = 3  #: rules that are named for one event
LACKING: Final = 2  #: a rule that lacks more terms is not near


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """A rule that an event does not fulfil for want of a few terms."""

    rule: Rule
    held: int  #: terms that hold, of those that ask for something to be there
    missing: tuple[Reason, ...]  #: the fewest with which it would have matched; the first failed first


@dataclass(frozen=True, slots=True)
class _Lack:
    """A term that failed. Its reason is made for those that are told alone: thousands are looked at."""

    term: Term
    selection: str
    negated: bool


@dataclass(frozen=True, slots=True)
class _Gap:
    held: int = 0
    missing: tuple[_Lack, ...] = ()

    def joined(self, other: "_Gap") -> "_Gap":
        return _Gap(self.held + other.held, self.missing + other.missing)

    @property
    def rank(self) -> tuple[int, int]:
        return len(self.missing), -self.held


def near_misses(rules: Iterable[Rule], event: Event, *, most: int = MOST) -> tuple[NearMiss, ...]:
    """Of *rules*, which apply to the event, those that lack little: the nearest first.

    A rule of which nothing but exceptions holds is not near, however little it asks.
    """
    found: list[tuple[Rule, _Gap]] = []
    for rule in rules:
        gap = _gap(rule.condition, event, "", negated=False)
        if gap is not None and gap.missing and gap.held:
            found.append((rule, gap))
    found.sort(key=lambda one: (one[1].rank, one[0].title, one[0].id))
    return tuple(
        NearMiss(
            rule=rule,
            held=gap.held,
            missing=tuple(reason_of(one.term, event, one.selection, one.negated) for one in gap.missing),
        )
        for rule, gap in found[:most]
    )


HELD: Final = _Gap(1)
EXCEPTED: Final = _Gap(0)


def _gap(condition: Condition, event: Event, selection: str, *, negated: bool) -> _Gap | None:
    """What is lacking for the condition (of a negated one: for its opposite); None if it is too much, or nothing
    would help.
    """
    match condition:
        case Term():
            if holds(condition, event) is negated:
                return _Gap(0, (_Lack(condition, selection, negated),))
            return EXCEPTED if negated else HELD
        case Selection(name, part):
            return _gap(part, event, name, negated=negated)
        case Not(part):
            return _gap(part, event, selection, negated=not negated)
        case And(parts) | Or(parts):
            if isinstance(condition, And) is not negated:
                return _of_all(parts, event, selection, negated)
            return _of_any(parts, event, selection, negated)


def _of_all(parts: Sequence[Condition], event: Event, selection: str, negated: bool) -> _Gap | None:
    whole = _Gap()
    for part in parts:
        gap = _gap(part, event, selection, negated=negated)
        if gap is None or len(whole.missing) + len(gap.missing) > LACKING:
            return None
        whole = whole.joined(gap)
    return whole


def _of_any(parts: Sequence[Condition], event: Event, selection: str, negated: bool) -> _Gap | None:
    """The nearest of them; an exception that is fulfilled in one way is fulfilled."""
    nearest = None
    for part in parts:
        gap = _gap(part, event, selection, negated=negated)
        if gap is not None and (nearest is None or gap.rank < nearest.rank):
            nearest = gap
        if nearest is not None and not nearest.missing:
            break
    return nearest
