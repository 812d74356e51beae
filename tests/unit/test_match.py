"""What the parts of a Sigma detection mean."""

from ipaddress import ip_network
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.calls import calls_in
from support.rules import event_of, rule_of

from rules.match import MISSING, explain, lookup, matches
from rules.settings import Trust
from rules.sigma.values import Cidr, Expression, Number, Segment, Text

A_CASES: list[tuple[str, Any, bool]] = [
    # item of the selection, value of field a, does it match
    ("a: foo", "foo", True),
    ("a: foo", "FOO", True),
    ("a: FOO", "foo", True),
    ("a: foo", "foobar", False),
    ("a: foo", None, False),
    ("a: foo", ["bar", "foo"], True),
    ("a: foo", {"deep": "foo"}, True),
    ("a: [foo, bar]", "bar", True),
    ("a: [foo, bar]", "baz", False),
    ("a: fo*", "foobar", True),
    ("a: '*oo'", "foo", True),
    ("a: f?o", "fxo", True),
    ("a: f?o", "fo", False),
    (r"a: 'f\?o'", "f?o", True),
    (r"a: 'f\?o'", "fxo", False),
    (r"a: 'f\*o'", "f*o", True),
    (r"a: 'f\*o'", "fxxo", False),
    (r"a: 'c:\\*'", r"C:\Windows", True),
    (r"a: 'c:\Windows'", r"C:\windows", True),
    (r"a: 'c:\\\*'", r"c:\*", True),
    ("a: '*'", "", True),
    ("a: ''", "", True),
    ("a: ''", "x", False),
    ("a: ''", None, False),
    ("a: null", None, True),
    ("a: null", "", False),
    ("a: null", "null", False),
    ("a: [null, '']", "", True),
    ("a: 22", 22, True),
    ("a: 22", "22", True),
    ("a: 22", "22.0", False),
    ("a: 22", True, False),
    ("a: 1", True, False),
    ("a: '22'", 22, True),
    ("a: 1.5", 1.5, True),
    ("a: true", True, True),
    ("a: true", "True", True),
    ("a: true", False, False),
    ("a: 'true'", True, True),
    ("a|contains: oo", "foobar", True),
    ("a|contains: 'o?b'", "foobar", True),
    ("a|contains: [x, oo]", "foobar", True),
    ("a|contains|all: [ob, oo]", "foobar", True),
    ("a|contains|all: [ob, xx]", "foobar", False),
    ("a|startswith: FO", "foobar", True),
    ("a|startswith: oo", "foobar", False),
    ("a|endswith: bar", "fooBAR", True),
    ("a|endswith: foo", "foobar", False),
    ("a|cased: Foo", "Foo", True),
    ("a|cased: Foo", "foo", False),
    ("a|contains|cased: Oo", "fOobar", True),
    ("a|contains|cased: Oo", "foobar", False),
    ("a|neq: foo", "bar", True),
    ("a|neq: foo", "foo", False),
    ("a|neq: [foo, bar]", "bar", False),
    (r"a|re: '^f.o$'", "fxo", True),
    (r"a|re: 'x'", "fxo", True),
    (r"a|re: 'X'", "fxo", False),
    (r"a|re|i: 'X'", "fxo", True),
    (r"a|re: '^b$'", "a\nb", False),
    (r"a|re|m: '^b$'", "a\nb", True),
    (r"a|re: 'a.b'", "a\nb", False),
    (r"a|re|s: 'a.b'", "a\nb", True),
    (r"a|re|i|s: 'A.B'", "a\nb", True),
    (r"a|re: 'é\d'", "é7", True),
    (r"a|re: '^\d+$'", 443, True),
    (r"a|re: 'b.c'", "b\udcffc", True),
    ("a|cidr: 10.0.0.0/8", "10.1.2.3", True),
    ("a|cidr: 10.0.0.0/8", "11.1.2.3", False),
    ("a|cidr: 10.0.0.0/8", "::ffff:10.1.2.3", True),
    ("a|cidr: 10.0.0.0/8", "10.1.2", False),
    ("a|cidr: [10.0.0.0/8, '2001:db8::/32']", "2001:db8::7", True),
    ("a|cidr: 'fe80::/10'", "fe80::1%eth0", True),
    ("a|gt: 5", 6, True),
    ("a|gt: 5", 5, False),
    ("a|gte: 5", "5", True),
    ("a|lt: 5", 4.5, True),
    ("a|lte: 5", "five", False),
    ("a|lte: 5", "nan", False),
    ("a|lt: 5", None, False),
    ("a|gte: 1", True, False),
    ("a|base64: foo", "Zm9v", True),
    ("a|base64offset|contains: foobar", "Zm9vYmF6", False),
    ("a|base64offset|contains: foobar", "Zm9vYmFy", True),
    ("a|base64offset|contains: foobar", "eGZvb2Jhcg==", True),
    ("a|base64offset|contains: foobar", "eHhmb29iYXI=", True),
    ("a|wide|base64: ab", "YQBiAA==", True),
    ("a|utf16be|base64: ab", "AGEAYg==", True),
    ("a|utf16|base64: ab", "//5hAGIA", True),
    ("a|windash|contains: ' -f '", "x /f y", True),
    ("a|windash|contains: ' -f '", "x \u2013f y", True),
    ("a|windash|contains: ' -f '", "x +f y", False),
    ("a|contains|windash|all: [' -f ', ' -g ']", "x /f /g y", True),
    ("a|contains|windash|all: [' -f ', ' -g ']", "x /f y", False),
    ("a|fieldref: b", "bee", True),
    ("a|fieldref: b", "BEE", True),
    ("a|fieldref: b", "be", False),
    ("a|fieldref: none", None, False),
    ("a|fieldref|startswith: b", "beetle", True),
    ("a|fieldref|endswith: b", "frisbee", True),
    ("a|fieldref|contains: b", "a bee c", True),
    ("a|fieldref|contains: b", "a be c", False),
    ("a|exists: true", None, True),
    ("a|exists: true", "", True),
    ("a|exists: false", "", False),
    ("nowhere|exists: false", "", True),
    ("nowhere|exists: true", "", False),
    ("nowhere: null", "", True),
    ("nowhere: ''", "", False),
    ("nowhere: '*'", "", False),
    ("nowhere|neq: x", "", True),
]


@pytest.mark.parametrize(("item", "value", "expected"), A_CASES)
def test_item(item: str, value: Any, expected: bool) -> None:
    """An item matches a value exactly as Sigma says."""
    rule = rule_of(f"selection:\n  {item}\ncondition: selection")
    assert matches(rule, event_of({"a": value, "b": "bee"})) is expected


SELECTIONS = """
one: {a: 1}
two: {b: 2}
two_more: {c: 3}
_hidden: {d: 4}
"""


@pytest.mark.parametrize(
    ("condition", "true_for"),
    [
        ("one", ["a", "ab", "abc"]),
        ("one and two", ["ab", "abc"]),
        ("one or two", ["a", "b", "ab", "bc", "abc"]),
        ("not one", ["", "b", "c", "bc", "d"]),
        ("not one and not two", ["", "c", "d"]),
        ("not (one or two)", ["", "c", "d"]),
        ("one or two and two_more", ["a", "ab", "bc", "abc"]),
        ("(one or two) and two_more", ["bc", "abc"]),
        ("not one or two", ["", "b", "ab", "c", "bc", "abc", "d"]),
        ("1 of two*", ["b", "c", "ab", "bc", "abc"]),
        ("any of two*", ["b", "c", "ab", "bc", "abc"]),
        ("all of two*", ["bc", "abc"]),
        ("all of them", ["abc"]),
        ("1 of them", ["a", "b", "ab", "c", "bc", "abc"]),
        ("1 of _hid*", ["d"]),
        ("_hidden", ["d"]),
        ("not not one", ["a", "ab", "abc"]),
        ("[one, two_more]", ["a", "ab", "c", "bc", "abc"]),
    ],
)
def test_condition(condition: str, true_for: list[str]) -> None:
    """A condition holds for exactly those events for which its logic does."""
    rule = rule_of(f"{SELECTIONS}condition: {condition}")
    values = {"a": 1, "b": 2, "c": 3, "d": 4}
    every = ["", "a", "b", "ab", "c", "bc", "abc", "d"]
    found = [names for names in every if matches(rule, event_of({name: values[name] for name in names}))]
    assert found == [names for names in every if names in true_for]


@pytest.mark.parametrize(
    ("selection", "text", "fields", "expected"),
    [
        ("[sudo, su]", "bob ran SUDO now", {}, True),
        ("[sudo, su]", "nothing", {}, False),
        ("sudo", "x sudo y", {}, True),
        ("['a*b']", "xx a 1 b yy", {}, True),
        ("[22]", "port 22", {}, True),
        ("{'|all': [one, two]}", "two and one", {}, True),
        ("{'|all': [one, two]}", "two", {}, False),
        (r"{'|re': 'p\d+'}", "xp7", {}, True),
        (r"['c:\windows']", r'{"p": "C:\\Windows"}', {"p": r"C:\Windows"}, True),
        ("[deep]", "", {"a": {"b": [{"c": "so DEEP"}]}}, True),
        ("[{a: 1}, {b: 2}]", "", {"b": 2}, True),
        ("[{a: 1, b: 2}, {c: 3}]", "", {"b": 2}, False),
        ("[word, {b: 2}]", "a word", {}, True),
    ],
)
def test_keywords_and_lists(selection: str, text: str, fields: dict[str, Any], expected: bool) -> None:
    """A keyword is looked for in the whole event, also where JSON escapes it; of a list one part is enough."""
    rule = rule_of(f"selection: {selection}\ncondition: selection")
    assert matches(rule, event_of(fields, text=text)) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", 1),
        ("with space", 2),
        ("dotted.flat", 3),
        ("outer.inner", 4),
        ("outer.dotted.deep", 5),
        ("dotted.half.deep", 6),
        ("list.x", [7, 8]),
        ("list.y", MISSING),
        ("empty", None),
        ("outer.none", MISSING),
        ("plain.inner", MISSING),
    ],
)
def test_lookup(name: str, expected: Any) -> None:
    """A field is found under its own name first, then inside nested objects; null is not missing."""
    fields = {
        "plain": 1,
        "with space": 2,
        "dotted.flat": 3,
        "outer": {"inner": 4, "dotted": {"deep": 5}},
        "dotted.half": {"deep": 6},
        "list": [{"x": 7}, {"x": 8}, "no object"],
        "empty": None,
    }
    assert lookup(fields, name) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("10.9.9.9", True), ("192.0.2.7", True), ("192.0.2.8", False), ("scan.example", True), ("nothing", False)],
)
def test_trust_is_filled_in(value: str, expected: bool) -> None:
    """A placeholder stands for the networks, addresses and names that the operator trusts."""
    trust = Trust(networks=("10.0.0.0/8", "192.0.2.7"), scanners=("Scan.example",))
    detection = "s:\n  a|expand: ['%trust.networks%', '%trust.scanners%']\ncondition: s"
    assert matches(rule_of(detection, trust=trust), event_of({"a": value})) is expected


def test_trust_within_a_text() -> None:
    """A placeholder may be a part of a value."""
    rule = rule_of("s:\n  a|contains|expand: 'by %trust.admins%('\ncondition: s", trust=Trust(admins=("ann", "bo")))
    assert matches(rule, event_of({"a": "opened by Bo(uid=0)"}))
    assert not matches(rule, event_of({"a": "opened by eve(uid=0)"}))


def test_nobody_trusted_matches_nothing() -> None:
    """An empty list of trust matches no event, so that "and not trusted" takes nothing away."""
    rule = rule_of("s: {a: 1}\ntrusted:\n  b|expand: '%trust.networks%'\ncondition: s and not trusted")
    assert matches(rule, event_of({"a": 1, "b": "10.0.0.1"}))
    assert matches(rule, event_of({"a": 1}))


def reference_glob(pattern: str, text: str) -> bool:
    """Wildcards by the book: the smallest thing that can be right."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return reference_glob(pattern[1:], text) or (bool(text) and reference_glob(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and reference_glob(pattern[1:], text[1:])


def text_of(pattern: str) -> Text:
    return Text(
        tuple(
            Segment(part, frozenset(i for i, character in enumerate(part) if character == "?"))
            for part in pattern.split("*")
        )
    )


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_wildcards_equal_the_reference(pattern: str, text: str) -> None:
    """Matching by segments gives what trying every possibility gives, and the place it names lies in the text."""
    span = text_of(pattern).find(text)
    assert (span is not None) is reference_glob(pattern, text)
    if span is not None:
        assert 0 <= span[0] <= span[1] <= len(text)


@given(st.text(max_size=20), st.text(max_size=6))
def test_span_is_the_part_that_matched(text: str, wanted: str) -> None:
    """The place that is named for "contains" holds the text that was looked for, in whatever case."""
    pattern = Text((Segment(""), Segment(wanted.lower()), Segment("")))
    span = pattern.find(text)
    assert (span is not None) is (wanted.lower() in text.lower())
    if span is not None and wanted and len(text.lower()) == len(text):
        assert text[slice(*span)].lower() == wanted.lower()


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans()))
def test_no_value_breaks_a_test(value: Any) -> None:
    """Whatever an event holds, a test answers."""
    for test in (
        text_of("a*"),
        Number(3),
        Expression.compiled("a.b"),
        Cidr(ip_network("10.0.0.0/8")),
    ):
        test.find(value)


def test_explanation_of_a_match() -> None:
    """A match is explained by the terms that made it, with the place of each in the value."""
    rule = rule_of(
        """
selection:
  message|contains: [Accepted, Failed password]
  event.outcome: failure
filter:
  source.ip|cidr: 10.0.0.0/8
condition: selection and not filter
"""
    )
    fields = {"message": "sshd: failed password for x", "event.outcome": "failure", "source.ip": "203.0.113.7"}
    found = explain(rule, event_of(fields))
    assert found.matched
    assert found.failing is None
    assert [(r.selection, r.term, r.negated, r.value, r.span) for r in found.reasons] == [
        ("selection", "message contains Failed password", False, "sshd: failed password for x", (6, 21)),
        ("selection", "event.outcome = failure", False, "failure", (0, 7)),
        ("filter", "source.ip cidr 10.0.0.0/8", True, "203.0.113.7", None),
    ]


def test_explanation_of_a_miss() -> None:
    """A miss is explained by what still held and the first term that did not."""
    rule = rule_of("s: {a: 1, b: 2, c: 3}\ncondition: s")
    found = explain(rule, event_of({"a": 1, "b": 7, "c": 7}))
    assert not found.matched
    assert [reason.holds for reason in found.reasons] == [True, False]
    assert found.failing is not None
    assert (found.failing.term, found.failing.value) == ("b = 2", "7")


@given(st.fixed_dictionaries({name: st.integers(0, 1) for name in "abcd"}))
@pytest.mark.parametrize(
    "condition", ["not (w and x)", "not (w or x) or (y and not z)", "w and not (x or not y)", "not not w or 1 of them"]
)
def test_explanation_agrees_with_the_match(condition: str, fields: dict[str, int]) -> None:
    """An explanation says "matched" when the rule matches, and then all its reasons hold; otherwise one fails."""
    rule = rule_of(f"w: {{a: 1}}\nx: {{b: 1}}\ny: {{c: 1}}\nz: {{d: 1}}\ncondition: {condition}")
    found = explain(rule, event_of(fields))
    assert found.matched is matches(rule, event_of(fields))
    assert found.matched is (found.failing is None)


def test_lower_case_of_the_turkish_i() -> None:
    """A letter that grows when lower-cased neither hides a match nor moves its place out of the text."""
    rule = rule_of("s:\n  a|contains: passwd\ncondition: s")
    found = explain(rule, event_of({"a": "\u0130\u0130 PASSWD"}))
    assert found.matched
    assert found.reasons[0].span == (0, 9)


def test_single_wildcards_run_in_linear_time() -> None:
    """A line made of what a pattern begins with costs little more than any other; a lone surrogate is one character."""
    pattern = text_of("*a?b?*c*")
    began = process_time()
    assert pattern.find("a" * 1_000_000) is None
    assert process_time() - began < 1.0
    assert pattern.find("xa\udcffb.\u00e9c") == (1, 7)
    assert text_of("*???*").find("ab") is None
    assert text_of("*???*").find("abcd") == (0, 3)


@given(st.lists(st.sampled_from(["a", "é", "\U0001f642", "\ufffd", "\udcff", "\udc80"])).map("".join))
def test_bytes_that_are_no_text_move_no_place(text: str) -> None:
    """Each is one character, whatever stands beside it, and U+FFFD in a text is one as it is."""
    assert text_of("*<???>*").find(f"{text}<x\udcff\ufffd>") == (len(text), len(text) + 5)
    assert text_of("*<?\ufffd>*").find(f"\udcff{text}<x\ufffd>") == (len(text) + 1, len(text) + 5)


def test_a_text_of_bytes_that_are_none_is_not_looked_at_one_by_one() -> None:
    """A megabyte of them costs about what a megabyte of letters does."""
    bad = "\udcff" * 100_000
    assert calls_in(lambda: text_of("*a?b*").find(f"{bad}axb")) < 1_000


def test_fields_with_many_values_are_compared_in_linear_time() -> None:
    """Two long lists in one event are not compared each with each."""
    event = event_of({"a": [f"a{n}" for n in range(30_000)] + ["B7"], "b": [f"b{n}" for n in range(30_000)]})
    equal, holds = (rule_of(f"s:\n  a|fieldref{more}: b\ncondition: s") for more in ("", "|endswith"))
    began = process_time()
    assert matches(equal, event)
    assert not matches(holds, event_of({"a": event.fields["a"][:-1], "b": event.fields["b"]}))
    assert process_time() - began < 2.0


def test_expression_runs_in_linear_time() -> None:
    """An expression that would keep a backtracking engine busy for ever answers at once."""
    assert Expression.compiled(r"^(\w+\s?)*$").find("a" * 5000 + "!") is None
