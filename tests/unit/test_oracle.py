"""What a rule means to us it means to pySigma's SQLite backend too, but for what a decision lists."""

import random
import re
import sqlite3
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.exceptions import SigmaError
from support import any_rule
from support.budget import rounds
from support.near import events_near
from support.oracle import Table, ours, query_of
from support.rules import event_of, rule_of
from unit.test_match import A_CASES
from unit.test_modifiers import CASES, TRUST

from rules.event import Event
from rules.sigma.load import load

PAGE = Path(__file__).parents[2] / "docs" / "decisions" / "0011-where-we-differ-from-sql.md"
CANNOT: Final = "Cannot be asked"

#: Beside the cases of other tests: (item of the selection, value of field a, does it match).
MORE_CASES: list[tuple[str, Any, bool]] = [
    ("a: \u00c4", "\u00e4", True),
    ("a|contains: \u0441", "\u0421", True),
    ("a: true", 1, False),
    ("a: true", "1", False),
    ("a: 22", 22.0, True),
    ("A: foo", "foo", False),
    ("a|cidr: '2001:db8::/32'", "2001:0db8::1", True),
    ("'|re': '^foo$'", "foo", True),
    ("'|contains': 'foo*bee'", "foo", False),
    ("a|hour: 12", "12:00", False),
]
#: Why, as the page says it, and the cases with an other answer (an item and the value of the field).
DIFFERENT: dict[str, list[tuple[str, Any]]] = {
    "Several values": [
        ("a: foo", ["bar", "foo"]),
        ("a: foo", {"deep": "foo"}),
        ("a|contains: x", ["y", "axb"]),
        ("a|all: [x, y]", ["x", "y"]),
        ("a|neq: x", ["x", "y"]),
        ("a|fieldref: l", "y"),
        ("a|gt: 5", [1, 9]),
    ],
    "Null and missing": [("a|exists: true", None), ("a|exists: false", None), ("a|exists|neq: true", None)],
    "Networks": [
        ("a|cidr: 10.0.0.0/8", "::ffff:10.1.2.3"),
        ("a|cidr: 10.0.0.0/8", "10.1.2"),
        ("a|cidr: 0.0.0.0/0", "2001:db8::1"),
        ("a|cidr: 192.0.2.0/24", "::ffff:192.0.2.1"),
        ("a|cidr: 192.0.2.0/24", " 192.0.2.1 "),
        ("a|cidr: 192.0.2.0/24", "192.0.2.1:80"),
        ("a|cidr: '2001:db8::/32'", "2001:0db8::1"),
    ],
    "Numbers": [("a|gte: 1", True), ("a|gt: 0", True), ("a|gt: 5", "many")],
    "True and one": [("a: true", 1), ("a: true", "1")],
    "Letters beyond ASCII": [("a: \u00c4", "\u00e4"), ("a|contains: \u0441", "\u0421")],
    "Ends of an expression": [
        ("a|re|startswith: 'b|x'", "abc"),
        ("a|re|endswith: 'b|x'", "abc"),
        ("a|re|m|startswith: b", "a\nb"),
        ("a|re|endswith: c", "c\n"),
    ],
    "Placeholders in an expression": [
        ("a|re|expand: '^%trust.admins%$'", "ann.b"),
        ("a|re|expand|i: '^%trust.admins%$'", "B*B"),
    ],
    "Case before an encoding": [("a|cased|base64: foo", "zm9v"), ("a|cased|windash|contains: ' -E'", "x /e")],
    "Times": [
        ("a|hour: 23", "2026-03-01T23:30:00-05:00"),
        ("a|hour: 4", "2026-03-01T23:30:00-05:00"),
        ("a|hour: 23", "01/Mar/2026:23:30:00 -0500"),
        ("a|hour: 12", 1772366400),
        ("a|hour: 12", "1772366400"),
        ("a|hour: 12", 1772366400000),
        ("a|hour: 12", 1772366400.5),
        ("a|hour: 0", "2026-03-01"),
        ("a|hour: 12", "12:00"),
        ("a|week: 9", "2026-03-01"),
        ("a|week: 53", "2027-01-01"),
        ("a|year: 2026", "2026-03-01 00:00:00 UTC"),
        ("'@timestamp|hour': 12", ""),
    ],
    "Names of fields": [("A: foo", "foo")],
    "Keywords": [("'|re': '^foo$'", "foo"), ("'|contains': 'foo*bee'", "foo")],
    CANNOT: [
        ("a|re: 'b.c'", "b\udcffc"),
        *((item, value) for item, value, _ in CASES if "utf16le" in item),
        ("a|wide|contains: ab", "xa\0b\0"),
        ("a|utf16be: ab", "\0a\0b"),
        *((item, value) for item, value, _ in CASES if "%trust" in item and "a|expand" in item),
        ("a|all|cidr: [192.0.2.0/24, 192.0.2.0/30]", "192.0.2.2"),
        ("a|neq|re: x", "y"),
    ],
}


def verdict(item: str, value: Any) -> str:
    """How the answers to one case compare: "equal", "different" or "cannot be asked"."""
    detection = f"s:\n  {item}\ncondition: s"
    event = event_of({"a": value, "b": "bee", "n": "7", "l": ["x", "y"]})
    try:
        query = query_of(
            f"title: A rule\nlogsource: {{product: linux}}\ndetection:\n  s:\n    {item}\n  condition: s\n"
        )
        with Table([event], [query]) as table:
            theirs = table.matched(query)
    except (SigmaError, UnicodeEncodeError, sqlite3.Error):
        return CANNOT
    return "equal" if ours(rule_of(detection, trust=TRUST), [event]) == theirs else "different"


def test_what_stands_in_tables() -> None:
    """Each case that other tests know by hand has the same answer in SQL, or stands on the list with its reason."""
    listed = {(item, repr(value)): reason for reason, cases in DIFFERENT.items() for item, value in cases}
    surprises = []
    for item, value, _ in (*A_CASES, *CASES, *MORE_CASES):
        reason = listed.pop((item, repr(value)), "equal")
        found = verdict(item, value)
        if found != (reason if reason in ("equal", CANNOT) else "different"):
            surprises.append((item, value, found, reason))
    assert (surprises, listed) == ([], {})


@pytest.mark.parametrize(("item", "value", "expected"), MORE_CASES)
def test_where_sql_says_otherwise(item: str, value: Any, expected: bool) -> None:
    """What we mean there."""
    rule = rule_of(f"s:\n  {item}\ncondition: s")
    assert bool(ours(rule, [event_of({"a": value, "b": "bee"})])) is expected


def test_each_difference_is_explained() -> None:
    """The decision has a row for each reason, and none too many."""
    assert re.findall(r"^\| \*\*(.+?)\*\* \|", PAGE.read_text(), re.MULTILINE) == list(DIFFERENT)


examples = (any_rule.rules, st.lists(any_rule.others, max_size=2), st.integers(0, 2**32))


@given(*examples)
def test_rules_by_chance(text: str, others: list[dict[str, Any]], number: int) -> None:
    """Of a rule with any modifiers, values and condition, and of events near it, both say the same."""
    loaded = load([("rule.yml", text)])
    assert not loaded.errors, "\n".join(map(str, loaded.errors))
    events = [suited(event) for event in events_near(loaded.rules[0].condition, random.Random(number), 6)]
    events += [event_of(fields) for fields in others]
    query = query_of(text)
    with Table(events, [query]) as table:
        assert ours(loaded.rules[0], events) == table.matched(query), query


def suited(event: Event) -> Event:
    """The event with nothing but what the columns of the table are for."""
    fields = {field: value for field, value in event.fields.items() if any_rule.suits(field, value)}
    return event_of(fields, text=event.text)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_many_more_rules_by_chance(seed: int) -> None:
    """The same for as long as the budget allows."""
    for number in rounds(0.02, seed):
        again = given(*examples)(test_rules_by_chance.hypothesis.inner_test)  # type: ignore[attr-defined]
        hypothesis.seed(number)(settings(settings.get_profile("soak"))(again))()
