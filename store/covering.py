"""What a plan of actions still lacks: what an action does not say yet, and what no action addresses. Pure.

A *cause* is what an action addresses, a word and a number: ``finding 2`` is the second row of the findings, ``cause 1``
the first of the root causes, ``discrepancy 3`` the third one raised by approvers. ``incident`` is the whole of it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from store.action import PLAN, TEXTS, WAITING, Action, ActionKind, ActionState
from store.discrepancies import Discrepancy
from store.incident import Track

WHOLE: Final = "incident"
NUMBERED: Final = ("finding", "cause", "discrepancy")
#: What "change needed" says where none is.
NO_CHANGE: Final = "no"
#: What is missing if there is neither an action nor a reason for none.
ACTIONS: Final = "actions"
_DIGITS: Final = 3


def cause(text: str) -> str | None:
    """*text* as a cause is written, e.g. ``finding 2``; None if it is none."""
    word, _, number = " ".join(text.split()).casefold().partition(" ")
    if word == WHOLE and not number:
        return WHOLE
    is_number = number.isascii() and number.isdigit() and len(number) <= _DIGITS and int(number) >= 1
    return f"{word} {int(number)}" if word in NUMBERED and is_number else None


def missing(action: Action, track: Track) -> tuple[str, ...]:
    """What must be written before it can be agreed upon, in the order of the plan."""
    needed = {"owner", "text"}
    if not action.needs_no_lead(track):
        needed |= {"causes", "due", "criterion"}
        needed |= {"participants", "content"} if action.kind is ActionKind.TRAINING else set()
    return tuple(name for name in PLAN if name in needed and is_empty(name, getattr(action, name)))


def incomplete(actions: Iterable[Action], now: datetime, track: Track = Track.STANDARD) -> tuple[str, ...]:
    """What actions that are not done yet still lack before they can be approved, as ``action 3: due``.

    Args:
        now: In the zone where days are counted. A date that has passed by then must be moved first.
    """
    undone = (action for action in actions if action.state in (ActionState.PROPOSED, ActionState.AGREED))
    return tuple(f"{action.name}: {what}" for action in undone for what in _lacking(action, now, track))


def open_ones(actions: Iterable[Action], track: Track = Track.STANDARD) -> tuple[Action, ...]:
    """Those that hinder the end: neither verified nor dropped.

    Who is alone on the light track says that it was done, and nobody verifies it.
    """
    enough = (ActionState.DONE,) if track is Track.LIGHT else ()
    return tuple(one for one in actions if one.state in WAITING and one.state not in enough)


def uncovered(
    findings: Sequence[Mapping[str, Any]],
    discrepancies: Iterable[Discrepancy],
    actions: Iterable[Action],
    reasons: Collection[str],
) -> tuple[str, ...]:
    """What has neither an action nor a reason for none.

    A finding without a needed change and a discrepancy that was answered need nothing more.

    Args:
        findings: The rows of the field ``findings``.
        reasons: Causes for which somebody said why there is no action.
    """
    live = [action for action in actions if action.is_live]
    addressed = {*reasons, *(one for action in live for one in action.causes)}
    needed = [f"finding {number}" for number, row in enumerate(findings, 1) if needs_change(row)]
    needed += [f"discrepancy {one.number}" for one in discrepancies if one.is_open and not one.answer]
    nothing = [] if live or reasons else [ACTIONS]
    return (*(one for one in needed if one not in addressed), *nothing)


def unknown(actions: Iterable[Action], there: Mapping[str, int | None]) -> tuple[str, ...]:
    """What actions say they address and that is not there (any more), as ``action 3: finding 9``.

    Args:
        there: By word, how many there are; None: nobody can tell any more.
    """
    return tuple(
        f"{action.name}: {one}"
        for action in actions
        if action.is_live
        for one in action.causes
        if not _is_there(one, there)
    )


def needs_change(finding: Mapping[str, Any]) -> bool:
    """Whether a finding says that something must be changed; anything but ``no`` says where."""
    return str(finding.get("change_needed", "")).strip().rstrip(".").casefold() not in ("", NO_CHANGE)


def is_empty(name: str, value: object) -> bool:
    """Whether nothing was written; what was redacted was."""
    if value is None:
        return name not in TEXTS
    return not (value.strip() if isinstance(value, str) else value)


def _lacking(action: Action, now: datetime, track: Track) -> tuple[str, ...]:
    found = missing(action, track)
    if action.is_late(now.date()):
        found = (*found, "due has passed")
    # Who can be asked to agree upon what is not complete?
    is_open = action.state is ActionState.PROPOSED and not action.needs_no_lead(track)
    return found or (("agree",) if is_open else ())


def _is_there(one: str, there: Mapping[str, int | None]) -> bool:
    word, _, number = one.partition(" ")
    count = there.get(word)
    return word == WHOLE or count is None or int(number) <= count
