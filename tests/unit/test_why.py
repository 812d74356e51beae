"""Why somebody was told of something, or was not."""

from dataclasses import replace
from datetime import timedelta

from support.fakes import START
from support.store import finding

from notifier.escalation import Policy, Step
from notifier.plan import About, Routing
from notifier.route import Matcher, Receiver, Route
from notifier.why import coming, explain
from rules.event import Severity
from store.incident import Incident
from store.ledger import Ledger
from store.notice import Delivery, DeliveryState, Notice, NoticeKind

RECEIVERS = {one: Receiver(name=one, urls=(f"phone://{one}",), person=one) for one in ("ana", "bo")}
ROUTING = Routing(
    routes=(Route(match=Matcher(severity=("low",)), receivers=("bo",)), Route(receivers=("ana",))),
    receivers=RECEIVERS,
    escalations=(Policy(name="night", steps=(Step(after=timedelta(minutes=5), receivers=("bo",)),)),),
)


def incident() -> Incident:
    ledger = Ledger()
    ledger.take(finding(severity=Severity.HIGH))
    made = ledger.records()[0].incident
    assert made is not None
    return made


def notice(number: int, kind: NoticeKind = NoticeKind.OPENED, *, level: int = 0, planned: bool = True) -> Notice:
    made = incident()
    return Notice(
        id=number,
        incident=made,
        kind=kind,
        cycle=1,
        at=START,
        reason="why",
        severity=made.severity,
        stale=False,
        breaks_through=False,
        due_at=START + timedelta(minutes=5 * level),
        level=level,
        is_planned=planned,
    )


def delivery(of: int, receiver: str) -> Delivery:
    return Delivery(
        id=of,
        notice=of,
        incident=1,
        kind=NoticeKind.OPENED,
        receiver=receiver,
        target=0,
        channel="phone",
        person=receiver,
        reason="route 2: catch-all",
        state=DeliveryState.FAILED,
        created_at=START,
        due_at=START,
        lease_until=None,
        attempts=1,
        resent=False,
        title="",
        body="",
        detail="401",
        finished_at=START,
        silence=None,
        stale=False,
        breaks_through=False,
        matter="",
        noticed_at=START,
        until=None,
    )


def because(person: str, *notices: Notice, about: About | None = None) -> list[tuple[str, str]]:
    """State and why, of each notice."""
    about = about or About(incident=incident())
    found = explain(notices, [delivery(1, "ana")], person, about, ROUTING)
    return [(one.state, one.because) for one in found]


def test_who_was_told() -> None:
    """Which route chose them, how it ended, and what the channel said."""
    assert because("ana", notice(1)) == [("failed", "route 2: catch-all, 401")]


def test_who_was_not() -> None:
    """Each route that names them, and why it did not lead there; or that none does, or that they are involved."""
    missed = "went to ana; route 1 leads to them, but severity is high, wanted low"
    assert because("bo", notice(1)) == [("not sent", missed)]
    assert because("cy", notice(1)) == [("not sent", "went to ana; no receiver is cy's")]
    barred = About(incident=incident(), barred=frozenset({"bo"}))
    assert because("bo", notice(1), about=barred) == [("not sent", "went to ana; bo is involved in it")]


def test_what_asks_nobody() -> None:
    """It was settled before anybody was told."""
    settled = "nobody was told: it was settled before, or asks nobody"
    assert because("bo", notice(2)) == [("not sent", settled)]
    assert because("bo", replace(notice(1), person="ana"))[0][1] == "went to ana; it was for these alone"


def test_what_comes_later() -> None:
    """When, and to whom, unless somebody takes it."""
    later = notice(2, NoticeKind.ESCALATED, level=1, planned=False)
    assert because("ana", later) == [("later", 'escalation "night", step 1: bo, unless it is settled before')]
    (found,) = explain([later], [], "ana", About(incident=incident()), ROUTING)
    assert found.at == START + timedelta(minutes=5)
    asked = notice(2, NoticeKind.STILL_YOURS, planned=False)
    assert because("ana", asked) == [("later", "asks who has it whether that is still so")]


def test_who_is_told_next() -> None:
    """Whom the next level reaches, and when; nobody once somebody has it, and what was told is not to come."""
    told, later = notice(1), notice(2, NoticeKind.ESCALATED, level=1, planned=False)
    (found,) = coming([told, later], About(incident=incident()), ROUTING, START)
    assert (found.at, found.kind) == (START + timedelta(minutes=5), NoticeKind.ESCALATED)
    assert found.whom == 'escalation "night", step 1: bo, unless it is settled before'
    taken = replace(incident(), acknowledged_by="ana", acknowledged_at=START)
    assert coming([told, later], About(incident=taken), ROUTING, START) == []
