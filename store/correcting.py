"""Instants that a person corrects: the timeline keeps both, with the reason. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from store.errors import ActNotAllowed
from store.incident import Incident

#: What can be corrected, and what it is called. What the machine itself did when it did it is not among them.
INSTANTS: Mapping[str, str] = MappingProxyType(
    {
        "occurred_at": "when it began",
        "detected_at": "when it was noticed",
        "aware_at": "when a person first knew of it",
        "contained_at": "when it was contained",
        "resolved_at": "when it was over",
    }
)
#: None of these comes before it began.
_AFTER_IT_BEGAN = ("detected_at", "contained_at", "resolved_at")


def instant_of(record: Incident, instant: str) -> datetime | None:
    """The instant as it stands."""
    moment: datetime | None = record.began_at if instant == "occurred_at" else getattr(record, instant)
    return moment


def corrected(
    record: Incident, instant: str, to: datetime, *, reason: str, now: datetime, acted: datetime | None = None
) -> Incident:
    """*record* with an instant as it really was.

    Args:
        acted: When a person did something to it first: they knew of it, and the clocks of the law ran.

    Raises:
        ActNotAllowed: ``reason_required``, or ``invalid_moment``: it has not come, it was never set, or the order of
            what happened would be turned around.
    """
    if not reason.strip():
        raise ActNotAllowed("reason_required", f"say why {INSTANTS[instant]} was wrong", missing=("reason",))
    if to > now:
        raise _invalid(f"{INSTANTS[instant]} cannot be in the future: {to.isoformat()}")
    if instant_of(record, instant) is None:
        raise _invalid(f"nobody has said yet {INSTANTS[instant]}: do that first, then correct it")
    if instant == "aware_at" and acted is not None and to > acted:
        raise _invalid(f"a person did something to it at {acted.isoformat()}, and so knew of it by then")
    changes: Mapping[str, Any] = {instant: to}
    after = replace(record, version=record.version + 1, **changes)
    for name in _AFTER_IT_BEGAN:
        moment = instant_of(after, name)
        if moment is not None and moment < after.began_at:
            raise _invalid(f"{INSTANTS[name]} ({moment.isoformat()}) would come before {INSTANTS['occurred_at']}")
    return after


def _invalid(sentence: str) -> ActNotAllowed:
    return ActNotAllowed("invalid_moment", sentence, missing=("to",))
