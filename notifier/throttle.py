"""How many messages one recipient gets: the first at once, in a storm the rest as one. Pure.

Nothing is dropped here: what does not go out singly goes out in a digest.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from store.notice import Delivery, NoticeKind

WINDOW = timedelta(minutes=1)
QUIET = timedelta(seconds=10)  #: so long after the last stale one, catching up counts as done
LONGEST_CATCH_UP = timedelta(minutes=5)


class Form(StrEnum):
    """As what a parcel goes out."""

    SINGLE = "single"
    DIGEST = "digest"
    CAUGHT_UP = "caught_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Deliveries to one recipient that go out as one message. For SINGLE, all are about one incident, oldest first."""

    form: Form
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Nothing may go out before this moment."""

    until: datetime


def next_parcel(
    waiting: Sequence[Delivery],
    sent_at: Sequence[datetime],
    *,
    most_per_minute: int,
    now: datetime,
    critical: Collection[int] = (),
) -> Parcel | Held | None:
    """What goes to one recipient now.

    The last place of a minute is kept for what is critical, so that the first such message of a storm goes out at
    once; what else is critical by then goes with it. Letters go when nothing else waits.

    Args:
        waiting: All that is due to that recipient, oldest first.
        sent_at: When messages went lately to whoever reads there.
        most_per_minute: At most so many messages in any minute, digests included.
        now: The present moment.
        critical: Numbers of the incidents that are critical.

    Returns:
        One message's deliveries; or until when to hold them; or None if there is nothing to send.
    """
    if not waiting:
        return None
    fresh = [delivery for delivery in waiting if not delivery.stale and delivery.kind is not NoticeKind.LETTER]
    pressing = [delivery for delivery in fresh if delivery.incident in critical]
    kept = 0 if pressing or most_per_minute == 1 else 1
    recent = sorted(moment for moment in sent_at if moment > now - WINDOW)
    room = most_per_minute - kept - len(recent)
    if room <= 0:
        return Held(until=recent[kept - most_per_minute] + WINDOW)
    if pressing or fresh:
        return _of_fresh(pressing or fresh, room=room)
    letters = [delivery for delivery in waiting if delivery.kind is NoticeKind.LETTER]
    if letters:
        return Parcel(form=Form.SINGLE, deliveries=(letters[0],))
    return _of_stale(waiting, now)


def _of_fresh(fresh: Sequence[Delivery], *, room: int) -> Parcel:
    """Single messages while there is room for all, and while it is not the last place; then one for all the rest."""
    incidents = _by_incident(fresh)
    if len(incidents) > 1 and room == 1:
        return Parcel(form=Form.DIGEST, deliveries=tuple(fresh))
    return Parcel(form=Form.SINGLE, deliveries=incidents[0])


def _of_stale(stale: Sequence[Delivery], now: datetime) -> Parcel | Held:
    ends_at = min(stale[-1].created_at + QUIET, stale[0].created_at + LONGEST_CATCH_UP)
    if now < ends_at:
        return Held(until=ends_at)
    return Parcel(form=Form.CAUGHT_UP, deliveries=tuple(stale))


def _by_incident(deliveries: Sequence[Delivery]) -> list[tuple[Delivery, ...]]:
    """Per incident what belongs into one message, in the order of their oldest.

    What follows an opening that was never sent is said by the same message: it tells how the incident stands now.
    """
    ordered = sorted(deliveries, key=lambda delivery: (delivery.incident, delivery.id))
    groups = [tuple(group) for _, group in groupby(ordered, key=lambda delivery: delivery.incident)]
    return sorted(groups, key=lambda group: group[0].id)
