"""Routes: first match or go on, reasons for hit and miss."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.route import Choice, Matcher, Receiver, Route, Subject, choose, trace

NAMES = [item.name for item in fields(Matcher) if item.name != "time"]
RECEIVERS = {name: Receiver(name=name, urls=(f"json://secret-{name}",)) for name in ("ana", "bo", "all")}
SUBJECT = Subject(severity=("high",), rule=("tocsin-1", "SSH brute force"), tags=("attack.t1110",), asset=("web1",))


def names(choices: tuple[Choice, ...]) -> list[str]:
    return [choice.receiver.name for choice in choices]


def test_first_match_ends() -> None:
    """The first route that fits decides; those behind it are not looked at."""
    routes = (
        Route(match=Matcher(severity=("critical",)), receivers=("bo",)),
        Route(match=Matcher(severity=("high", "critical")), receivers=("ana",)),
        Route(receivers=("all",)),
    )
    assert names(choose(routes, RECEIVERS, SUBJECT)) == ["ana"]
    assert [(look.is_hit, look.because) for look in trace(routes, SUBJECT)] == [
        (False, "severity is high, wanted critical"),
        (True, "severity=high"),
        (False, "route 2 was the last to be looked at"),
    ]


def test_goes_on() -> None:
    """A route that goes on adds its receivers, and each receiver hears once, for the first reason."""
    routes = (
        Route(match=Matcher(tags=("attack.*",)), receivers=("ana", "bo"), goes_on=True),
        Route(receivers=("all", "ana")),
    )
    assert [(choice.receiver.name, choice.because) for choice in choose(routes, RECEIVERS, SUBJECT)] == [
        ("ana", "route 1: tags=attack.t1110"),
        ("bo", "route 1: tags=attack.t1110"),
        ("all", "route 2: catch-all"),
    ]


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Matcher(rule=("ssh BRUTE force",)), True),
        (Matcher(rule=("tocsin-1",)), True),
        (Matcher(rule=("tocsin-*",)), True),
        (Matcher(rule=("tocsin",)), False),
        (Matcher(asset=("web1",), severity=("low",)), False),
        (Matcher(asset=("web1",), severity=("high",)), True),
        (Matcher(category=("*",)), False),
        (Matcher(), True),
    ],
)
def test_matchers(match: Matcher, fits: bool) -> None:
    """All names must fit, one value each is enough, case does not matter, and an unknown value fits nothing."""
    assert trace([Route(match=match, receivers=("ana",))], SUBJECT)[0].is_hit is fits


def given_as(name: str, value: str) -> dict[str, Any]:
    """The one value of the one name."""
    return {name: (value,)}


@given(st.sampled_from(NAMES), st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_every_name_counts(name: str, wanted: str, found: str) -> None:
    """Each name of a matcher is compared with the value of the same name, and with no other."""
    match, subject = Matcher(**given_as(name, wanted)), Subject(**given_as(name, found))
    fits = found.casefold() == wanted.casefold() or (
        wanted.endswith("*") and found.casefold().startswith(wanted[:-1].casefold())
    )
    assert trace([Route(match=match, receivers=())], subject)[0].is_hit is fits
    rest: dict[str, Any] = {other: (wanted,) for other in NAMES if other != name}
    others = Subject(**rest)
    assert not trace([Route(match=match, receivers=())], others)[0].is_hit


def test_catch_all() -> None:
    """Only a matcher without any value is a catch-all."""
    assert Matcher().is_catch_all
    assert not any(Matcher(**given_as(name, "x")).is_catch_all for name in NAMES)


def test_addresses_are_not_printed() -> None:
    """A receiver can be logged without telling its address."""
    assert "secret" not in repr(RECEIVERS["ana"])


PERSONAL = {
    **{name: Receiver(name=name, urls=("json://x",), person=name) for name in ("ana", "bo")},
    "team": Receiver(name="team", urls=("json://x",)),
    "vendor": Receiver(name="vendor", urls=("json://x",), person="vendor", external=True),
}


@pytest.mark.parametrize(
    ("routes", "barred", "told"),
    [
        ([("ana", "bo")], {"ana"}, ["bo"]),
        ([("ana",), ("bo",)], {"ana"}, ["bo"]),
        ([("ana",), ("bo",)], {"vi"}, ["ana"]),
        ([("ana",)], {"ana"}, ["bo", "team"]),
        ([("ana",), ("bo",)], {"ana", "bo"}, ["team"]),
    ],
)
def test_whoever_is_involved_is_passed_over(routes: list[tuple[str, ...]], barred: set[str], told: list[str]) -> None:
    """What would go to them alone goes to the next route, or to everybody else inside; never outside."""
    made = tuple(Route(receivers=names) for names in routes)
    assert names(choose(made, PERSONAL, SUBJECT, barred)) == told


def test_better_they_than_nobody() -> None:
    """If nobody else is there, even whoever is involved hears of it: it must not go unheard."""
    alone = {"ana": PERSONAL["ana"], "vendor": PERSONAL["vendor"]}
    assert names(choose((Route(receivers=("ana",)),), alone, SUBJECT, {"ana"})) == ["ana"]
