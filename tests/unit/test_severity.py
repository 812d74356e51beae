"""Severity: each shift alone, all together, and never lowered where an attempt succeeded."""

import pytest

from rules.event import Severity
from rules.severity import MAPPINGS, Assets, Facts, from_outside, judge

ASSETS = Assets(critical=frozenset({"db1"}), lab=frozenset({"lab1", "lab2"}))


@pytest.mark.parametrize(
    ("facts", "expected", "terms"),
    [
        (Facts(hosts=("web1",)), Severity.MEDIUM, ["rule"]),
        (Facts(hosts=("web1", "DB1")), Severity.HIGH, ["rule", "critical_asset"]),
        (Facts(hosts=("web1",), success=True), Severity.HIGH, ["rule", "success"]),
        (Facts(hosts=("web1", "web2"), second_entity="web2"), Severity.HIGH, ["rule", "second_entity"]),
        (Facts(hosts=("lab1",)), Severity.LOW, ["rule", "lab_asset"]),
        (Facts(hosts=("lab1", "web1")), Severity.MEDIUM, ["rule"]),
        (Facts(hosts=("lab1",), success=True), Severity.MEDIUM, ["rule", "success", "lab_asset"]),
        (Facts(hosts=("db1",), success=True), Severity.HIGH, ["rule", "critical_asset", "success"]),
        (Facts(), Severity.MEDIUM, ["rule"]),
    ],
)
def test_the_level_moves_by_at_most_one_and_says_why(facts: Facts, expected: Severity, terms: list[str]) -> None:
    """Every term that plays a part is there, with a sentence."""
    severity, told = judge(Severity.MEDIUM, facts=facts, assets=ASSETS)
    assert (severity, [term.term for term in told]) == (expected, terms)
    assert all(term.because for term in told)


def test_pin_means_the_level_and_nothing_else() -> None:
    """The rule's author knows best."""
    severity, told = judge(Severity.LOW, pin=True, facts=Facts(hosts=("db1",), success=True), assets=ASSETS)
    assert (severity, [term.term for term in told]) == (Severity.LOW, ["rule", "pin"])


def test_nothing_is_above_critical_or_below_informational() -> None:
    """The ends of the scale hold."""
    assert judge(Severity.CRITICAL, facts=Facts(success=True))[0] is Severity.CRITICAL
    assert judge(Severity.INFORMATIONAL, facts=Facts(hosts=("lab1",)), assets=ASSETS)[0] is Severity.INFORMATIONAL


def test_words_of_other_systems_are_understood_in_any_spelling() -> None:
    """Unknown ones are said to be unknown, for the caller to count."""
    assert from_outside("zabbix", " Disaster ") is Severity.CRITICAL
    assert from_outside("prometheus", "warning") is Severity.MEDIUM
    assert from_outside("prometheus", "dunno") is None


def test_no_vocabulary_has_an_order_of_its_own() -> None:
    """Worse there is never milder here."""
    for words in MAPPINGS.values():
        ranks = [severity.rank for severity in words.values()]
        assert ranks in (sorted(ranks), sorted(ranks, reverse=True))
