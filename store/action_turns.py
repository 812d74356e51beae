"""What each turn of an action's life makes of it. Pure; the table, and who may, are in `store.action`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from store.action import Action, ActionKind, ActionState
from store.covering import is_empty, missing
from store.errors import ActNotAllowed
from store.incident import Actor, Incident, Track


def changed(action: Action, changes: Mapping[str, Any], *, track: Track, cycle: int, now: datetime) -> Action:
    """It with another plan, in the incident's present *cycle*.

    What was agreed upon keeps what it needs for that, and its date is moved, never overwritten.

    Raises:
        ActNotAllowed: ``reason_required``, ``incomplete_action``.
    """
    after = _next(replace(action, **changes), cycle=cycle, written_at=now)
    if action.state is ActionState.PROPOSED:
        return after
    if action.due not in (None, after.due):
        raise ActNotAllowed(
            "reason_required",
            f"the date of {action.name} was agreed: move it, with a reason",
            missing=("reason",),
        )
    # The track may have risen since: what it lacks for that may come one by one.
    had = missing(action, track)
    if lacking := tuple(name for name in missing(after, track) if name not in had):
        raise _incomplete(action, lacking)
    return after


def agreed(action: Action, *, record: Incident, by: Actor, now: datetime) -> Action:
    """It, to be done.

    Raises:
        ActNotAllowed: ``incomplete_action``, naming everything that is missing.
    """
    lacking = missing(action, record.track)
    if lacking:
        raise _incomplete(action, lacking)
    return _next(action, state=ActionState.AGREED, agreed_by=by.id, agreed_at=now)


def moved(action: Action, until: date | None, reason: str, *, now: datetime) -> Action:
    """It, due on another day.

    Raises:
        ActNotAllowed: ``incomplete_action``: it has no date, or no other one is given; ``reason_required``.
    """
    if action.due is None or until is None or until == action.due:
        raise ActNotAllowed("incomplete_action", f"{action.name} needs another date to be moved to", missing=("due",))
    _check_reason(action, "moved", reason)
    return _next(action, due=until, written_at=now)


def done(
    action: Action,
    *,
    record: Incident,
    by: Actor,
    now: datetime,
    evidence: str,
    attended: tuple[str, ...] = (),
    valid_until: date | None = None,
    since: datetime | None = None,
) -> Action:
    """It, recorded as done.

    Args:
        valid_until: Of a training, the last day on which it counts.
        since: Since when it has effect; None: since now.

    Raises:
        ActNotAllowed: ``incomplete_action`` (it lacks text, evidence or attendance), ``invalid_action`` (it cannot
            have had effect then).
    """
    is_training = action.kind is ActionKind.TRAINING
    given = (("text", action.text), ("evidence", evidence), *((("attended", attended),) if is_training else ()))
    if lacking := tuple(name for name, value in given if is_empty(name, value)):
        raise _incomplete(action, lacking)
    _check_effect(action, record, since, now)
    return _next(
        action,
        state=ActionState.DONE,
        evidence=evidence,
        attended=attended,
        valid_until=valid_until,
        done_by=by.id,
        done_at=now,
        effective_from=since or now,
    )


def verified(action: Action, *, record: Incident, by: Actor, now: datetime, since: datetime | None = None) -> Action:
    """It, seen to be done. Four eyes are looked at before, by `store.action.check_four_eyes`.

    Args:
        since: Since when it really has effect; None: as it was recorded.

    Raises:
        ActNotAllowed: ``invalid_action``: it cannot have had effect then.
    """
    _check_effect(action, record, since, now)
    effective_from = since or action.effective_from
    return _next(action, state=ActionState.VERIFIED, verified_by=by.id, verified_at=now, effective_from=effective_from)


def returned(action: Action, reason: str) -> Action:
    """It, to be done again.

    Raises:
        ActNotAllowed: ``reason_required``.
    """
    _check_reason(action, "returned", reason)
    return _next(
        action,
        state=ActionState.AGREED,
        evidence="",
        attended=(),
        valid_until=None,
        done_by=None,
        done_at=None,
        effective_from=None,
    )


def dropped(action: Action, reason: str, *, by: Actor, now: datetime) -> Action:
    """It, not to be done.

    Raises:
        ActNotAllowed: ``reason_required``.
    """
    _check_reason(action, "dropped", reason)
    return _next(action, state=ActionState.DROPPED, dropped_by=by.id, dropped_at=now)


def _next(action: Action, **changes: Any) -> Action:
    return replace(action, version=action.version + 1, **changes)


def _check_effect(action: Action, record: Incident, since: datetime | None, now: datetime) -> None:
    if since is not None and not record.first_seen <= since <= now:
        raise ActNotAllowed(
            "invalid_action",
            f"{action.name} cannot have had effect since {since.isoformat()}: "
            f"that must lie between the beginning of {record.name}, {record.first_seen.isoformat()}, and now",
            missing=("effective_from",),
        )


def _check_reason(action: Action, what: str, reason: str) -> None:
    if not reason.strip():
        raise ActNotAllowed("reason_required", f"say why {action.name} is {what}", missing=("reason",))


def _incomplete(action: Action, lacking: tuple[str, ...]) -> ActNotAllowed:
    return ActNotAllowed("incomplete_action", f"{action.name} lacks {', '.join(lacking)}", missing=lacking)
