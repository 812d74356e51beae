"""What the dispatch does with the store once it is planned: claim, look, settle. May run twice, keeps nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection

from notifier import lost, planning
from notifier.links import Links
from notifier.message import MOST_EXCERPTS, MOST_LISTED, Message
from notifier.plan import About, Routing, moot, reached_by
from notifier.retry import judge
from notifier.route import Receiver
from notifier.sender import SendResult
from notifier.throttle import Form, Held, Parcel, next_parcel
from notifier.wording import Told
from rules.event import Severity
from store.notice import Delivery, DeliveryState, NoticeKind, Settlement
from store.repository.hiding import hidden
from store.repository.incident import requests
from store.repository.record import evidence
from store.repository.telling import letters, outbox, waiting
from store.standing import Standing
from store.tx import Tx

LEASE = timedelta(seconds=120)  #: longer than any bounded attempt; after it a lane counts as stuck
MOST_CLAIMED = 500  #: deliveries that one digest can hold
SETTLED_AT_ONCE = 20  #: in one write; a digest may hold hundreds

Recipient = tuple[str, int]  #: receiver and target
Whom = str | Recipient  #: a person, or an address that is nobody's


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What was claimed for one message."""

    parcel: Parcel
    receiver: Receiver  #: as configured when it was claimed
    standing: Mapping[int, Standing]  #: of its incidents, by number
    routing: Routing  #: as configured when it was claimed

    @property
    def recipient(self) -> Recipient:
        """To whom it goes."""
        return _recipient(self.parcel.deliveries[0])

    @property
    def url(self) -> str:
        """Where it goes; a secret."""
        return self.receiver.urls[self.parcel.deliveries[0].target]


def claim(tx: Tx, channel: str, routing: Routing, sent_at: Mapping[Whom, Sequence[datetime]]) -> Load | None:
    """Lease what goes out over *channel* as the next message; None if nothing does now.

    What need not be said any more is cancelled; what is for others, or is held back, is put back.
    """
    due = outbox.claim(tx, channel, lease_seconds=LEASE.total_seconds(), limit=MOST_CLAIMED)
    stand = {0: Standing.of_installation(tx.now)} | waiting.standing(tx.connection, {one.incident for one in due})
    critical = frozenset(number for number, one in stand.items() if one.severity is Severity.CRITICAL)
    silenced = hidden.suppress(tx, due)
    standing = [one for one in due if one.id not in silenced and not _dropped(tx, one, stand[one.incident], routing)]
    chosen: Parcel | None = None
    for recipient, theirs in _by_recipient(standing):
        sent_lately = sent_at.get(whom(recipient, routing), ())
        verdict = None if chosen else _next(theirs, sent_lately, routing, critical, tx.now)
        if isinstance(verdict, Parcel):
            chosen = verdict
        held_until = verdict.until if isinstance(verdict, Held) else tx.now
        sent = {one.id for one in chosen.deliveries} if chosen else set()
        waiting.put_back(tx, [one.id for one in theirs if one.id not in sent], held_until)
    if chosen is None:
        return None
    receiver = routing.receivers[chosen.deliveries[0].receiver]
    return Load(parcel=chosen, receiver=receiver, standing=stand, routing=routing)


def look(connection: Connection, load: Load) -> Told:
    """What a message says of the incidents of *load*, read right before it is sent."""
    asked = {one.notice for one in load.parcel.deliveries if one.kind is NoticeKind.REQUEST}
    found = {notice: requests.of_notice(connection, notice) for notice in asked}
    wanted = {notice: one for notice, one in found.items() if one is not None}
    if load.parcel.form is Form.SINGLE:
        delivery = load.parcel.deliveries[-1]
        if delivery.kind is NoticeKind.LETTER:
            return Told(about={}, letter=letters.of(connection, delivery.notice))
        about = {delivery.incident: _about(connection, delivery.incident, with_lines=True)}
        changed = {delivery.notice: waiting.reason_of(connection, delivery.notice)}
        return Told(about=about, changed=changed, deadlines=load.routing.site.deadlines, requests=wanted)
    numbers = {delivery.incident for delivery in load.parcel.deliveries}
    worst = sorted(numbers, key=lambda number: (-load.standing[number].severity.rank, number))[:MOST_LISTED]
    about = {number: _about(connection, number, with_lines=False) for number in worst}
    return Told(about=about, deadlines=load.routing.site.deadlines, requests=wanted)


def settle(
    tx: Tx,
    load: Load,
    deliveries: Sequence[Delivery],
    message: Message | None,
    result: SendResult,
    *,
    jitter: float,
    links: Links,
) -> None:
    """Note for *deliveries* of *load* how the attempt ended. Tokens of links are not kept."""
    for delivery in deliveries:
        is_ask = not delivery.kind.takes_back
        verdict = judge(
            result,
            severity=load.standing[delivery.incident].severity if is_ask else Severity.LOW,
            attempts=delivery.attempts,
            created_at=delivery.created_at,
            now=tx.now,
            jitter=jitter,
        )
        settlement = Settlement(
            state=verdict.state,
            detail=verdict.detail,
            retry_at=verdict.retry_at,
            title=message.title if message else "",
            body=links.without_tokens(message.body) if message else "",
            withheld=", ".join(message.withheld) if message else "",
        )
        taken = outbox.settle(tx, delivery.id, settlement, attempt=delivery.attempts)
        if taken and lost.is_lost(delivery, verdict, load.standing[delivery.incident].severity):
            lost.go_on(tx, delivery, load.routing, verdict.detail)


def _dropped(tx: Tx, delivery: Delivery, incident: Standing, routing: Routing) -> bool:
    """Settle *delivery* if it need not or cannot go out any more."""
    receiver = routing.receivers.get(delivery.receiver)
    if receiver is None or delivery.target >= len(receiver.urls):
        why, state = f"receiver {delivery.receiver} is not configured any more", DeliveryState.FAILED
    else:
        takes_back = delivery.kind.takes_back
        before = outbox.of_incident(tx.connection, delivery.incident) if takes_back else ()
        why, state = moot(delivery, incident, reached_by(before)), DeliveryState.CANCELLED
    if why:
        outbox.settle(tx, delivery.id, Settlement(state=state, detail=why), attempt=delivery.attempts)
        if state is DeliveryState.FAILED and delivery.kind.asks:
            lost.go_on(tx, delivery, routing, why)
    return bool(why)


def whom(recipient: Recipient, routing: Routing) -> Whom:
    """Whose messages are counted together: a person's, over all receivers of theirs."""
    receiver = routing.receivers.get(recipient[0])
    return receiver.person if receiver and receiver.person else recipient


def _next(
    theirs: Sequence[Delivery],
    sent_at: Sequence[datetime],
    routing: Routing,
    critical: Collection[int],
    now: datetime,
) -> Parcel | Held | None:
    return next_parcel(theirs, sent_at, most_per_minute=routing.most_per_minute, now=now, critical=critical)


def _by_recipient(deliveries: Sequence[Delivery]) -> Iterator[tuple[Recipient, list[Delivery]]]:
    """Per recipient what is due to it, oldest first; the one whose oldest is oldest comes first."""
    ordered = sorted(deliveries, key=lambda one: (_recipient(one), one.id))
    groups = [(recipient, list(theirs)) for recipient, theirs in groupby(ordered, key=_recipient)]
    return iter(sorted(groups, key=lambda group: group[1][0].id))


def _recipient(delivery: Delivery) -> Recipient:
    return delivery.receiver, delivery.target


def _about(connection: Connection, number: int, *, with_lines: bool) -> About:
    lines = evidence.of(connection, number)[-MOST_EXCERPTS:] if with_lines else []
    return replace(planning.about(connection, number), excerpts=tuple(line.text for line in lines))
