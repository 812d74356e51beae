"""What each modifier of Sigma means at its edges; what goes without saying stands in test_match.py."""

from base64 import b64encode
from collections.abc import Collection
from typing import Any

import pytest
from support.rules import event_of, rule_of

from rules.match import matches
from rules.predicate import predicate
from rules.settings import Trust
from rules.sigma.modifiers import ALIASES, MODIFIERS, PARTS, UTF_16, Key, combination
from rules.sigma.moments import written_time

TRUST = Trust(networks=("192.0.2.0/24",), admins=("ann.b", "b*b"))

CASES: list[tuple[str, Any, bool]] = [
    # item of the selection, value of field a, does it match
    (r"a|contains: 'b\*c'", "ab*cd", True),
    (r"a|contains: 'b\*c'", "abxcd", False),
    ("a|contains: ''", "", True),
    ("a|contains: ''", None, False),
    ("a|contains: x", ["y", "axb"], True),
    ("a|contains: '1'", 210, True),
    ("a|contains: '*b*'", "abc", True),
    ("a|startswith: ''", "x", True),
    ("a|startswith: 'a?c'", "ABCd", True),
    ("a|endswith: 'a?c'", "xabc", True),
    ("a|endswith: 'a?c'", "xac", False),
    (r"a|endswith: '\\x.exe'", r"C:\x.exe", True),
    (r"a|startswith: '\\\\host'", r"\\HOST\share", True),
    ("a|startswith|all: [ab, a]", "abc", True),
    ("a|all: [x, y]", ["x", "y"], True),
    ("a|all: [x, y]", ["x"], False),
    ("a|contains|all: x", "axb", True),
    ("a|neq: ['', null]", "x", True),
    ("a|neq: ['', null]", "", False),
    ("a|neq: null", None, False),
    ("a|neq: null", "", True),
    ("a|neq: 1", 1, False),
    ("a|neq: 1", "01", True),
    ("a|neq|contains: [x, y]", "ayb", False),
    ("a|contains|neq|all: [x, y]", "axb", True),
    ("a|contains|neq|all: [x, y]", "axyb", False),
    ("a|neq: x", ["x", "y"], False),
    ("a|re: '^b'", "abc", False),
    ("a|re: b", "abc", True),
    ("a|re: B", "abc", False),
    ("a|re|i: B", "abc", True),
    ("a|re|ignorecase: B", "abc", True),
    ("a|re|m: '^b$'", "a\nb\nc", True),
    ("a|re: '^b$'", "a\nb\nc", False),
    ("a|re|s: 'a.b'", "a\nb", True),
    ("a|re: 'a.b'", "a\nb", False),
    ("a|re|i|m|s: '^B.C'", "a\nb\nc", True),
    (r"a|re: '^\*$'", "*", True),
    (r"a|re: '^\d+$'", 123, True),
    ("a|re: ''", "", True),
    ("a|re: ''", None, False),
    ("a|re: [x, y]", "aya", True),
    ("a|re|all: [x, y]", "aya", False),
    ("a|re|neq: x", "y", True),
    ("a|re|contains: 'b|x'", "abc", True),
    ("a|re|startswith: 'b|x'", "abc", False),
    ("a|re|startswith: 'a|x'", "abc", True),
    ("a|re|endswith: 'c|x'", "abc", True),
    ("a|re|endswith: 'b|x'", "abc", False),
    ("a|re|m|startswith: b", "a\nb", False),
    ("a|re|endswith: c", "c\n", False),
    ("a|re|startswith|endswith: b", "abc", True),
    ("a|re|expand: '^%trust.admins%$'", "ann.b", True),
    ("a|re|expand: '^%trust.admins%$'", "annxb", False),
    ("a|re|expand|i: '^%trust.admins%$'", "B*B", True),
    ("a|re|expand: '^%trust.monitors%$'", "ann.b", False),
    ("a|cidr: 192.0.2.0/24", "192.0.2.255", True),
    ("a|cidr: 192.0.2.0/24", "192.0.3.0", False),
    ("a|cidr: 192.0.2.7", "192.0.2.7", True),
    ("a|cidr: 0.0.0.0/0", "2001:db8::1", False),
    ("a|cidr: '2001:db8::/32'", "2001:DB8:0::1", True),
    ("a|cidr: '2001:db8::/32'", "fe80::1%eth0", False),
    ("a|cidr: 192.0.2.0/24", "::ffff:192.0.2.1", True),
    ("a|cidr: 192.0.2.0/24", " 192.0.2.1 ", True),
    ("a|cidr: 192.0.2.0/24", "192.0.2.1:80", False),
    ("a|cidr: [192.0.2.0/24, '::1/128']", "::1", True),
    ("a|cidr|neq: 192.0.2.0/24", "198.51.100.1", True),
    ("a|cidr: 192.0.2.0/24", "", False),
    ("a|cidr: 192.0.2.0/24", None, False),
    ("a|base64: foo", "zm9v", True),
    ("a|base64|cased: foo", "zm9v", False),
    ("a|cased|base64: foo", "zm9v", False),
    ("a|cased|base64: foo", "Zm9v", True),
    ("a|base64: 'f\u00fc'", b64encode("f\u00fc".encode()).decode(), True),
    ("a|base64offset|contains|all: [foobar, bazqux]", b64encode(b"xxfoobar-bazqux").decode(), True),
    ("a|base64offset|contains|all: [foobar, nothing]", b64encode(b"xxfoobar-bazqux").decode(), False),
    *(
        (f"a|{name}|base64offset|contains: 'Invoke-'", b64encode(b"." * lead + "Invoke-X".encode(codec)).decode(), True)
        for name, codec in (("wide", "utf-16-le"), ("utf16le", "utf-16-le"), ("utf16be", "utf-16-be"))
        for lead in (0, 1, 2)
    ),
    ("a|utf16le: ab", "a\0b\0", True),
    ("a|wide|contains: ab", "xa\0b\0", True),
    ("a|utf16be: ab", "\0a\0b", True),
    ("a|utf16le|contains: 'a*b'", "a\0zzb\0", True),
    ("a|windash|contains: ' -e '", "x \u2015e y", True),
    ("a|contains|windash: ' /e '", "x -e y", True),
    ("a|windash|contains: 'a-b'", "a/b", False),
    ("a|windash|cased|contains: ' -E'", "x /E", True),
    ("a|cased|windash|contains: ' -E'", "x /e", False),
    ("a|windash: '-a -b -c'", "/a \u2013b \u2014c", True),
    ("a|expand: '%trust.networks%'", "192.0.2.9", True),
    ("a|expand|contains: 'by %trust.admins%'", "by ANN.B now", True),
    ("a|expand|cased: '%trust.admins%!'", "ANN.B!", False),
    ("a|expand|cased: '%trust.admins%!'", "ann.b!", True),
    ("a|expand: '%trust.admins%'", "bxb", False),
    ("a|expand: 'all of 50%'", "all of 50%", True),
    ("a|expand: '%%'", "%%", True),
    ("a|all|cidr: [192.0.2.0/24, 192.0.2.0/30]", "192.0.2.2", True),
    ("a|neq|re: x", "y", True),
    ("a: '%trust.networks%'", "%TRUST.networks%", True),
    ("a|fieldref: b", "Bee", True),
    ("a|fieldref|neq: b", "bee", False),
    ("a|fieldref|neq: b", "wasp", True),
    ("a|fieldref: [none, b]", "bee", True),
    ("a|fieldref: n", 7, True),
    ("a|fieldref: l", "y", True),
    ("a|fieldref: nothing", "bee", False),
    ("a|fieldref: nothing", None, False),
    ("a|exists: true", 0, True),
    ("a|exists: false", None, False),
    ("a|exists|neq: true", None, False),
    ("missing|exists|neq: true", "", True),
    ("a|cased: 'F?o*'", "Fxoo", True),
    ("a|cased: 'F?o*'", "fxoo", False),
    ("a|cased|contains|all: [A, b]", "xAb", True),
    ("a|cased: ''", "", True),
    ("a|gt: 5", 5, False),
    ("a|gt: 5", "5.5", True),
    ("a|gte: 5", "5", True),
    ("a|lt: -1", -2, True),
    ("a|lte: 1.5", 1.5, True),
    ("a|gt: 5", "many", False),
    ("a|gt: 5", "", False),
    ("a|gt: 5", None, False),
    ("a|gt: 0", True, False),
    ("a|gt: 5", "1_0", False),
    ("a|lt: 5", "nan", False),
    ("a|gt: 5", "inf", True),
    ("a|gt: 5", [1, 9], True),
    ("a|gt|neq: 5", 3, True),
    ("a|gte|all: [3, 5]", 4, False),
    ("a|gte|all: [3, 5]", 5, True),
    ("a|hour: 23", "2026-03-01T23:30:00-05:00", True),
    ("a|hour: 4", "2026-03-01T23:30:00-05:00", False),
    ("a|hour: 23", "2026-03-01 23:30:00.123", True),
    ("a|hour: 23", "2026-03-01T23:30:00Z", True),
    ("a|hour: 23", "01/Mar/2026:23:30:00 -0500", True),
    ("a|hour: 12", 1772366400, True),
    ("a|hour: 12", "1772366400", True),
    ("a|hour: 12", 1772366400000, True),
    ("a|hour: 12", 1772366400.5, True),
    ("a|hour: 0", "2026-03-01", False),
    ("a|hour: 0", "noon", False),
    ("a|hour: 0", "", False),
    ("a|hour: 0", 7, False),
    ("a|hour: 0", True, False),
    ("a|hour: 0", None, False),
    ("a|hour: 0", "x" * 100_000, False),
    ("a|hour: [22, 23]", "2026-03-01T23:30:00Z", True),
    ("a|hour|neq: 23", "2026-03-01T23:30:00Z", False),
    ("a|hour|gte: 22", "2026-03-01T23:30:00Z", True),
    ("a|hour|lt: 6", "2026-03-01T23:30:00Z", False),
    ("a|minute: 30", "2026-03-01T23:30:00Z", True),
    ("a|minute|lte: 29", "2026-03-01T23:30:00Z", False),
    ("a|day: 1", "2026-03-01", True),
    ("a|week: 9", "2026-03-01", True),
    ("a|week: 53", "2027-01-01", True),
    ("a|month: 3", "2026-03-01", True),
    ("a|year: 2026", "2026-03-01 00:00:00 UTC", True),
    ("a|year|gt: 2026", "2026-03-01", False),
    ("'@timestamp|hour': 12", "", True),
    ("'@timestamp|hour|gte': 13", "", False),
    ("'@timestamp|exists': true", "", False),
]


@pytest.mark.parametrize(("item", "value", "expected"), CASES)
def test_modifier(item: str, value: Any, expected: bool) -> None:
    """An item with modifiers matches as Sigma says, and as a function too."""
    rule = rule_of(f"s:\n  {item}\ncondition: s", trust=TRUST)
    event = event_of({"a": value, "b": "bee", "n": "7", "l": ["x", "y"]})
    assert matches(rule, event) is expected
    assert predicate(rule.condition)(event) is expected


def test_every_modifier_of_pysigma_is_known() -> None:
    """What pySigma takes we take, and what we take pySigma does, under that or another name."""
    from sigma.modifiers import modifier_mapping

    assert {ALIASES.get(name, name) for name in MODIFIERS} == set(modifier_mapping)
    assert {item.split("|")[at] for item, _, _ in CASES for at in range(1, item.count("|") + 1)}


def test_what_goes_together_is_what_pysigma_takes() -> None:
    """Of all pairs of modifiers those are refused that pySigma cannot apply, and those that would mean nothing."""
    from sigma.exceptions import SigmaError
    from sigma.rule.detection import SigmaDetectionItem

    stricter = set()
    for first in MODIFIERS:
        for second in MODIFIERS:
            key = Key(f"f|{first}|{second}", "f", (first, second))
            starts = next((name for name in (first, second) if MODIFIERS[name].takes), "")
            value = {"a number": 3, "true or false": True}.get(
                (*MODIFIERS[starts].takes, "")[0] if starts else "", "192.0.2.1"
            )
            try:
                SigmaDetectionItem.from_mapping(key.for_pysigma, [value])
                taken = True
            except (SigmaError, TypeError):
                taken = False
            if combination(key) is None:
                assert taken, key.written
            elif taken:
                stricter.add(key.written)
    groups: tuple[Collection[str], ...] = (UTF_16, PARTS)
    meaningless = {f"f|{one}|{other}" for group in groups for one in group for other in group}
    assert {written for written in stricter - meaningless if not written.endswith("|fieldref")} == set()


def test_a_field_of_that_name_goes_before_the_time_of_the_event() -> None:
    """``@timestamp`` is the time of the event, in UTC, only where the event has no such field."""
    rule = rule_of("s:\n  '@timestamp|hour': 3\ncondition: s")
    assert not matches(rule, event_of({}))
    assert matches(rule, event_of({"@timestamp": "2026-03-01T03:00:00+09:00"}))
    assert not matches(rule, event_of({"@timestamp": None}))


def test_times_that_are_none() -> None:
    """What writes no time is none, whatever it is."""
    assert [written_time(text) for text in ("2026-13-01", "99999999999999999999", "/Mar/", "0" * 20)] == [None] * 4
