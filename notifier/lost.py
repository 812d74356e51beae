"""A message that does not arrive: the next ones of the escalation hear of it at once. May run twice, keeps nothing."""

from notifier import escalation, planning
from notifier.message import Ask
from notifier.plan import Routing, subject_of
from notifier.retry import Verdict
from rules.event import Severity
from store.notice import Delivery, DeliveryState, NoticeKind
from store.repository.telling import escalations
from store.repository.telling.escalations import Waiting
from store.tx import Tx

_GIVEN_UP = (DeliveryState.DEAD, DeliveryState.FAILED)


def is_lost(delivery: Delivery, verdict: Verdict, severity: Severity) -> bool:
    """Whether others should hear of it because *delivery* ended as *verdict*, before it is tried again.

    What is critical is never given up, and never waited for either: its first failed attempt is enough.
    """
    if not delivery.incident or not (delivery.kind.asks or delivery.kind is NoticeKind.REMINDER):
        return False
    if verdict.state in _GIVEN_UP:
        return True
    is_first = verdict.state is not DeliveryState.ACCEPTED and delivery.attempts == 1
    return severity is Severity.CRITICAL and is_first


def go_on(tx: Tx, delivery: Delivery, routing: Routing, detail: str) -> int | None:
    """Tell the next level now that names a receiver which messages reach. Returns which; None: there is none.

    Nothing follows if the same person was reached otherwise, or if nothing was to be told later: then it was settled,
    or the policy is at its end.
    """
    found = _waiting(tx, delivery)
    if found is None or escalations.has_reached(tx.connection, delivery):
        return None
    about = planning.about(tx.connection, delivery.incident)
    ask = Ask.OVERDUE if delivery.matter else Ask.JOIN
    policy = escalation.policy_for(routing.escalations, subject_of(about, ask, tx.now))
    level = escalation.forward(policy, found.level, escalations.troubled(tx.connection, delivery.incident))
    if level is not None:
        why = f"{delivery.receiver} could not be told" + (f": {detail}" if detail else "")
        escalations.hasten(tx, found, level, why)
    return level


def _waiting(tx: Tx, delivery: Delivery) -> Waiting | None:
    levels = escalations.waiting(tx.connection, delivery.incident)
    return next((one for one in levels if one.matter == delivery.matter), None)
