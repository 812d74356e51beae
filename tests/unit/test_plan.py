"""Who hears of what is for one person."""

from dataclasses import replace

import pytest
from support.fakes import START
from support.store import finding

from notifier.message import Ask
from notifier.plan import About, Routing, deliveries_of, subject_of
from notifier.route import Matcher, Receiver, Route, trace
from store.ledger import Ledger
from store.notice import NewDelivery, Notice, NoticeKind

RECEIVERS = {
    "ana": Receiver(name="ana", urls=("phone://ana", "mail://ana"), person="ana"),
    "desk": Receiver(name="desk", urls=("chat://desk",)),
    "customer": Receiver(name="customer", urls=("mail://them",), external=True),
}
ROUTING = Routing(routes=(Route(receivers=("ana", "desk", "customer")),), receivers=RECEIVERS)


def about(*tags: str) -> About:
    ledger = Ledger()
    ledger.take(finding(tags=tags))
    made = ledger.records()[0].incident
    assert made is not None
    return About(incident=replace(made, owner="ana"))


def told(kind: NoticeKind, person: str) -> list[NewDelivery]:
    made = about().incident
    notice = Notice(
        id=1,
        incident=made,
        kind=kind,
        cycle=1,
        at=START,
        due_at=START,
        reason="why",
        severity=made.severity,
        stale=False,
        breaks_through=False,
        person=person,
    )
    return deliveries_of(notice, about(), (), ROUTING, lambda url: url)


@pytest.mark.parametrize("kind", [NoticeKind.HANDED_OVER, NoticeKind.REQUEST])
def test_what_is_for_one_person_goes_to_all_their_receivers(kind: NoticeKind) -> None:
    """And to nobody else."""
    assert [(one.receiver, one.target, one.person) for one in told(kind, "ana")] == [
        ("ana", 0, "ana"),
        ("ana", 1, "ana"),
    ]


@pytest.mark.parametrize("kind", [NoticeKind.HANDED_OVER, NoticeKind.REQUEST])
def test_what_is_for_somebody_whom_no_receiver_reaches_is_heard_inside(kind: NoticeKind) -> None:
    """Where the routes say, never outside, and with no link by which one acts for another."""
    found = told(kind, "cy")
    assert [(one.receiver, one.target, one.person) for one in found] == [
        ("ana", 0, None),
        ("ana", 1, None),
        ("desk", 0, None),
    ]
    assert found[0].reason == "no receiver is cy's; route 1: catch-all"


def test_that_nothing_is_asked_of_somebody_any_more_is_told_to_nobody_else() -> None:
    """Who cannot be reached was asked for nothing."""
    assert told(NoticeKind.ACKNOWLEDGED, "cy") == []


@pytest.mark.parametrize("category", ["initial_access", "attack.initial_access"])
def test_a_route_takes_a_category_by_the_tags_of_the_rule(category: str) -> None:
    """As a designation does: with and without what Sigma writes before them."""
    routes = (Route(match=Matcher(category=(category,)), receivers=("ana",)),)
    tagged = subject_of(about("attack.initial_access", "success"), Ask.JOIN)
    assert [look.is_hit for look in trace(routes, tagged)] == [True]
    assert [look.is_hit for look in trace(routes, subject_of(about(), Ask.JOIN))] == [False]
