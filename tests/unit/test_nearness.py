"""Which rules almost matched, and where in a line that stands which matched."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from support.rules import event_of

from rules.authoring.marking import mark
from rules.authoring.nearness import LACKING, near_misses
from rules.match import Reason, explain, matches
from rules.sigma.load import load
from rules.sigma.model import Rule


def rule(detection: str, title: str = "R") -> Rule:
    loaded = load([("x.yml", f"title: {title}\nlogsource: {{product: x}}\ndetection: {{{detection}}}\n")])
    assert not loaded.errors, loaded.errors
    return loaded.rules[0]


def missing(detection: str, **fields: object) -> list[str] | None:
    """The terms that are lacking; None: not near."""
    found = near_misses([rule(detection)], event_of(fields))
    return [str(reason) for reason in found[0].missing] if found else None


@pytest.mark.parametrize(
    ("detection", "lacking"),
    [
        ("s: {a: x, b: y}, condition: s", ["s: b = y ✘"]),
        ("s: {a: x, b: y, c: z}, condition: s", ["s: b = y ✘", "s: c = z ✘"]),
        ("s: {a: x, b: y, c: z, d: z}, condition: s", None),
        ("s: {b: y}, condition: s", None),
        ("s: {a: x}, condition: s", None),
        ("s: {a: x, b: [p, q]}, condition: s", ["s: b = p ✘"]),
        ("s: {a: x}, t: {b: y, c: z}, u: {c: w}, condition: s and (t or u)", ["u: c = w ✘"]),
        ("s: {a: x}, f: {e: 1}, condition: s and not f", ["not f: e = 1 ✘"]),
        ("s: {a: x}, f: {e: 1, g: 2}, condition: s and not f", ["not f: e = 1 ✘"]),
        ("s: {c: x}, f: {e: 5}, condition: s and not f", None),
        (
            "s: {a: x}, f: {e: 1}, g: {g: 2}, condition: s and not 1 of f and not g",
            ["not f: e = 1 ✘", "not g: g = 2 ✘"],
        ),
        ("s: {a: x, 'b|expand': '%trust.admins%'}, condition: s", None),
    ],
)
def test_what_is_lacking(detection: str, lacking: list[str] | None) -> None:
    """The fewest terms with which it would have matched; nothing if it matches, is far off, or nothing would help."""
    assert missing(detection, a="x", e=1, g=2) == lacking


def test_the_nearest_come_first() -> None:
    """By how few terms are lacking, then by how many hold; only a few are named."""
    rules = [
        rule("s: {a: x, b: y, c: z}, condition: s", "two"),
        rule("s: {a: x, b: y}, condition: s", "one of two"),
        rule("s: {a: x, e: 1, b: y}, condition: s", "one of three"),
        rule("s: {a: x, h: y, c: z}, condition: s", "two again"),
    ]
    found = near_misses(rules, event_of({"a": "x", "e": 1}))
    assert [one.rule.title for one in found] == ["one of three", "one of two", "two"]
    assert [one.held for one in found] == [2, 1, 1]


FIELDS = some.fixed_dictionaries({name: some.sampled_from("xy") for name in "abc"})
CONDITIONS = some.recursive(
    some.sampled_from(("s", "t", "u")),
    lambda inner: some.one_of(
        inner.map(lambda one: f"not ({one})"),
        some.tuples(inner, some.sampled_from(("and", "or")), inner).map(lambda three: f"({' '.join(three)})"),
    ),
    max_leaves=5,
)


@settings(max_examples=40, deadline=None)
@given(CONDITIONS, FIELDS)
def test_lacking_terms_are_what_is_wrong(condition: str, fields: dict[str, str]) -> None:
    """What is near does not match, each lacking term fails, and it is no more than is allowed."""
    one = rule(f"s: {{a: x}}, t: {{b: x, c: x}}, u: {{c: y}}, condition: '{condition}'")
    seen = event_of(fields)
    for near in near_misses([one], seen):
        assert not matches(one, seen)
        assert 1 <= len(near.missing) <= LACKING
        assert not any(reason.holds for reason in near.missing)


def marked(line: str, detection: str, **fields: object) -> list[tuple[str, tuple[int, int]] | None]:
    """Text and bytes of each mark."""
    found = []
    for reason in explain(rule(detection), event_of(fields, text=line)).reasons:
        place = mark(line, reason)
        found.append(None if place is None else (line[slice(*place.characters)], place.bytes))
    return found


@pytest.mark.parametrize(
    ("line", "detection", "fields", "marks"),
    [
        ("user root failed", "s: {a: root}, condition: s", {"a": "root"}, [("root", (5, 9))]),
        ("é root", "s: {a: root}, condition: s", {"a": "root"}, [("root", (3, 7))]),
        ("rooted root", "s: {a: root}, condition: s", {"a": "root"}, [("root", (7, 11))]),
        ("rooted", "s: {a: root}, condition: s", {"a": "root"}, [("root", (0, 4))]),
        ("other", "s: {a: root}, condition: s", {"a": "root"}, [None]),
        ("the message is", "s: {a|contains: ess}, condition: s", {"a": "message"}, [("ess", (5, 8))]),
        ("Keyword here", "s: [keyword], condition: s", {}, [("Keyword", (0, 7))]),
        ("n 22", "s: {a|gt: 5}, condition: s", {"a": "22"}, [("22", (2, 4))]),
        ("x", "s: {a: null}, condition: s", {}, [None]),
        ("\udcff root", "s: {a: root}, condition: s", {"a": "root"}, [("root", (2, 6))]),
    ],
)
def test_marks(
    line: str, detection: str, fields: dict[str, object], marks: list[tuple[str, tuple[int, int]] | None]
) -> None:
    """Characters and bytes of what matched, as a whole word first; nothing where the line does not say it."""
    assert marked(line, detection, **fields) == marks


def test_what_failed_is_marked_nowhere() -> None:
    """Nor is what a rule wants not to be there."""
    reason = Reason(selection="s", term="a = b", holds=True, negated=True, field="a", value="b", span=(0, 1))
    assert mark("b", reason) is None


def test_marking_a_bad_line_ends_soon() -> None:
    """A line full of the same value costs no more than its length."""
    reason = Reason(selection="s", term="a = b", holds=True, negated=False, field="a", value="a", span=(0, 1))
    found = mark("a" * 1_000_000, reason)
    assert found is not None
    assert found.characters == (0, 1)
