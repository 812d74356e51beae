"""Why a person was told of something about an incident, or was not. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier import following
from notifier.plan import About, Routing, ask_of, subject_of
from notifier.route import trace
from store.notice import Delivery, Notice, NoticeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One notice, and what became of it for one person over one receiver."""

    at: datetime  #: when it was written; of what is to be told later, when that is
    kind: NoticeKind
    reason: str  #: what changed
    told: bool  #: a message was made for them
    receiver: str  #: "" if none was
    state: str  #: of the message, "later", or "not sent"
    because: str


def explain(
    notices: Sequence[Notice], deliveries: Sequence[Delivery], person: str, about: About, routing: Routing
) -> list[Reason]:
    """What *person* was and was not told of an incident, and why, oldest first.

    Why somebody was told stands in the record; why somebody was not is told by the configuration of today.
    """
    names = frozenset(one.name for one in routing.receivers.values() if one.person == person)
    made: dict[int, list[Delivery]] = {}
    for one in deliveries:
        made.setdefault(one.notice, []).append(one)
    found: list[Reason] = []
    for notice in notices:
        theirs = [one for one in made.get(notice.id, ()) if one.person == person or one.receiver in names]
        found += [_told(notice, one) for one in theirs] or [_not_told(notice, made, names, person, about, routing)]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A telling that comes unless it is settled before."""

    at: datetime
    kind: NoticeKind
    whom: str  #: and by what


def coming(notices: Sequence[Notice], about: About, routing: Routing, now: datetime) -> list[Coming]:
    """What people are told next if nobody does anything, the first of it first; by the configuration of today."""
    waiting = [one for one in notices if not one.is_planned and one.due_at > now]
    return [
        Coming(at=one.due_at, kind=one.kind, whom=_later(one, about, routing))
        for one in sorted(waiting, key=lambda one: (one.due_at, one.id))
        if not (following.is_levelled(one) and following.settled(one, about.incident, (), now))
    ]


def _told(notice: Notice, one: Delivery) -> Reason:
    said = f", {one.detail}" if one.detail else ""
    return Reason(
        at=notice.at,
        kind=notice.kind,
        reason=notice.reason,
        told=True,
        receiver=one.receiver,
        state=one.state,
        because=f"{one.reason}{said}",
    )


def _not_told(
    notice: Notice,
    made: dict[int, list[Delivery]],
    names: frozenset[str],
    person: str,
    about: About,
    routing: Routing,
) -> Reason:
    is_later = not notice.is_planned
    because = _later(notice, about, routing) if is_later else _because(notice, made, names, person, about, routing)
    return Reason(
        at=notice.due_at if is_later else notice.at,
        kind=notice.kind,
        reason=notice.reason,
        told=False,
        receiver="",
        state="later" if is_later else "not sent",
        because=because,
    )


def _later(notice: Notice, about: About, routing: Routing) -> str:
    """Whom it will go to."""
    if notice.kind is NoticeKind.STILL_YOURS:
        return "asks who has it whether that is still so"
    level = following.level_of(notice, about, routing, notice.due_at)
    if level is None:
        return "not told yet"
    return f"{level.says}: {', '.join(level.receivers) or 'whom the routes name'}, unless it is settled before"


def _because(
    notice: Notice,
    made: dict[int, list[Delivery]],
    names: frozenset[str],
    person: str,
    about: About,
    routing: Routing,
) -> str:
    others = list(dict.fromkeys(one.receiver for one in made.get(notice.id, ())))
    went = f"went to {', '.join(others)}" if others else "nobody was told: it was settled before, or asks nobody"
    if not names:
        return f"{went}; no receiver is {person}'s"
    if person in about.barred:
        return f"{went}; {person} is involved in it"
    if not others or notice.person is not None or notice.kind.takes_back or notice.kind is NoticeKind.STILL_YOURS:
        return f"{went}; it was for these alone" if others else went
    return "; ".join([went, *(_misses(notice, names, about, routing))])


def _misses(notice: Notice, names: Iterable[str], about: About, routing: Routing) -> Iterator[str]:
    """Of each route that names a receiver of theirs, why it does not lead there; by the routes of today."""
    theirs, named = frozenset(names), False
    looks = trace(routing.routes, subject_of(about, ask_of(notice), notice.due_at))
    for look, route in zip(looks, routing.routes, strict=True):
        if theirs & set(route.receivers):
            named = True
            if not look.is_hit:
                yield f"route {look.number} leads to them, but {look.because}"
    if not named:
        yield "no route names a receiver of theirs"
