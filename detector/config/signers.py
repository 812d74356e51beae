"""Is there somebody for every signature? Asked by ``tocsin check``; persons added by commands are not counted."""

from collections.abc import Iterator, Sequence
from datetime import date

from detector.config.positions import KeyPath
from detector.config.problems import Level, Problem
from detector.config.records import Config
from detector.config.shape import dotted
from detector.governance import four_eyes, staff
from store.designation import Designation, Seat, Staff
from store.four_eyes import SIGNERS, FourEyes, Signature
from store.signers import Gap, gaps

THINGS = {
    Signature.REPORT_REVIEW: "review reports",
    Signature.VERIFY: "verify actions",
    Signature.APPROVE: "approve",
    Signature.SECOND_APPROVAL: "approve a second time",
    Signature.SETTLE: "settle a dismissal, a mute or a silence",
}
WORK = {
    Signature.REPORT_REVIEW: "write reports",
    Signature.VERIFY: "own actions",
    Signature.APPROVE: "write what is approved",
    Signature.SECOND_APPROVAL: "write what is approved",
    Signature.SETTLE: "propose it",
}


def check_signers(config: Config, today: date) -> Iterator[Problem]:
    """Signatures for which there are too few persons, at all or while some are on leave; designations in vain."""
    who = staff(config)
    if who.colleagues:
        yield from (_told(gap, config) for gap in gaps(who.colleagues, four_eyes(config), today=today))
    yield from _designated_in_vain(who)


def _told(gap: Gap, config: Config) -> Problem:
    first = next((one for one in gap.away), "")
    index = next((at for at, one in enumerate(config.persons) if one.id == first), None)
    path: KeyPath = ("process", "four_eyes") if index is None else ("person", index, "leave")
    message = f"{_when(gap)}{_too_few(gap, four_eyes(config))}"
    return Problem(level=Level.WARNING, path=path, message=message, hint=_way_out(gap))


def _when(gap: Gap) -> str:
    if gap.first is None:
        return ""
    days = f"on {gap.first}" if gap.first == gap.last else f"from {gap.first} to {gap.last}"
    return f"{days}, while {_named(gap.away, 'and')} {'is' if len(gap.away) == 1 else 'are'} away: "


def _too_few(gap: Gap, mode: FourEyes) -> str:
    if gap.signature is None:
        who = _named(gap.writers, "or")
        signed = "reviewed, approved and approved again by three others"
        return f"what {who} writes about a critical incident cannot be {signed}"
    thing = THINGS[gap.signature]
    if not gap.possible:
        return f"nobody can {thing}"
    (one,) = gap.possible
    if mode is FourEyes.FULL:
        return f"only {one} can {thing}, and nobody signs their own: two are needed"
    return f"only {one} can {thing}, who may also {WORK[gap.signature]}: nobody else could sign that"


def _way_out(gap: Gap) -> str:
    roles = (
        {SIGNERS[gap.signature]} if gap.signature else {SIGNERS[Signature.REPORT_REVIEW], SIGNERS[Signature.APPROVE]}
    )
    role = _named(tuple(f'"{one}"' for one in sorted(roles)), "or")
    if gap.first is not None:
        return f"give somebody who is there the role {role}"
    return f"give another person the role {role}"


def _designated_in_vain(who: Staff) -> Iterator[Problem]:
    """Who is designated without the role for it is never asked."""
    roles = {one.id: one.roles for one in who.colleagues}
    for index, one in enumerate(who.designations):
        for key, person, seats in _seats(one):
            if person in roles and not any(seat.role in roles[person] for seat in seats):
                needed = _named(tuple(f'"{seat.role}"' for seat in seats), "or")
                path: KeyPath = ("designation", index, key)
                message = f"{dotted(path)}: {person} is never asked, for want of the role {needed}"
                yield Problem(level=Level.WARNING, path=path, at_value=True, message=message)


def _seats(one: Designation) -> Iterator[tuple[str, str, tuple[Seat, ...]]]:
    for seat in Seat:
        yield seat.value, one.named(seat), (seat,)
    yield "deputy", one.deputy, tuple(seat for seat in Seat if one.named(seat)) or tuple(Seat)


def _named(names: Sequence[str], word: str) -> str:
    """ "ana, bo and cy"."""
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
