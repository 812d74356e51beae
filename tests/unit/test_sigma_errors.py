"""What is wrong with a rule file is told with its place, its line and a way out; the other rules load."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.sigma.load import load

GOOD = """title: Good
id: 5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11
status: test
level: high
tags: [attack.t1110]
date: 2026-03-01
logsource: {product: linux, service: sshd}
detection:
  selection:
    message|contains: Failed
    source.ip|expand: '%trust.networks%'
  condition: selection
tocsin:
  decision: observe
  group-by: [source.ip]
  window: 10m
  noise-per-day: 5
  entities: {source: source.ip, account: [user.name, user.target]}
"""

CORRELATION = """title: Many
correlation:
  type: value_count
  rules: [5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11]
  group-by: [source.ip]
  timespan: 5m
  condition: {gte: 3, field: user.name}
  aliases:
    source.ip: {5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11: src}
"""

# what is replaced in GOOD, by what, where the error is, what it says, what it hints
RULE_ERRORS = [
    ("title: Good", "titel: Good", (1, 1), 'unknown key "titel" in a rule', 'did you mean "title"?'),
    ("title: Good", "title: [Good]", (1, 8), "title must be text, not a list", ""),
    ("title: Good\n", "", (1, 1), "a rule needs a title", ""),
    ("5e7b0e2c-3ad1", "xx", (2, 5), 'id must be a UUID, not "xx', "for example: "),
    ("status: test", "status: tset", (3, 9), 'status cannot be "tset"', 'did you mean "test"?'),
    ("level: high", "level: hihg", (4, 8), 'level cannot be "hihg"', 'did you mean "high"?'),
    ("level: high", "level: 3", (4, 8), 'level cannot be "3"', "allowed: critical, high"),
    ("attack.t1110", "t1110", (5, 8), "a tag is a namespace, a dot and a name", "for example: attack"),
    ("tags: [attack.t1110]", "tags: []", (5, 7), "tags is an empty list", "leave the key out"),
    ("2026-03-01", "yesterday", (6, 7), 'date must be a date, not "yesterday"', "YYYY-MM-DD"),
    ("service: sshd", "servce: sshd", (7, 29), 'unknown key "servce" in logsource', 'did you mean "service"?'),
    ("{product: linux, service: sshd}", "{definition: x}", (7, 12), "logsource names neither", ""),
    ("{product: linux, service: sshd}", "linux", (7, 12), "logsource must be a mapping (name: value), not text", ""),
    ("logsource: {product: linux, service: sshd}\n", "", (1, 1), "a rule needs a logsource", ""),
    ("  condition: selection", "  condition: slection", (12, 14), 'no selection is called "slection"', '"selection"?'),
    (
        "condition: selection",
        "condition: selection and",
        (12, 27),
        "expected the name of a selection, found the end",
        "",
    ),
    ("condition: selection", "condition: NOT selection", (12, 14), 'found "NOT"', 'write "not" in lower case'),
    ("condition: selection", "condition: selection AND x", (12, 24), 'found "AND"', 'write "and" in lower case'),
    ("condition: selection", "condition: (selection", (12, 24), 'expected ")", found the end', ""),
    ("condition: selection", "condition: selection)", (12, 23), "there is no matching (", ""),
    ("condition: selection", "condition: 'selection x'", (12, 25), 'expected "and" or "or", found "x"', ""),
    ("condition: selection", "condition: 1 of filter_*", (12, 19), '"1 of filter_*" matches no selection', "selection"),
    ("condition: selection", "condition: selection | count() > 5", (12, 24), 'found "|"', "write a correlation"),
    ("condition: selection", "condition: not", (12, 17), "expected the name of a selection", ""),
    ("condition: selection", "condition: " + "(" * 60 + "selection", (12, 65), "at most 50 levels", ""),
    ("  condition: selection\n", "", (9, 3), "detection has no condition", "condition: selection"),
    ("condition: selection", "condition: 7", (12, 14), "condition must be text, not an integer", ""),
    ("  condition", "  timeframe: 5m\n  condition", (12, 3), "timeframe is gone from Sigma", "correlation"),
    ("message|contains", "message|contian", (10, 13), 'unknown modifier "contian"', 'did you mean "contains"?'),
    ("message|contains", "'message|contian'", (10, 14), 'unknown modifier "contian"', 'did you mean "contains"?'),
    ("contains: Failed", "hour: 24", (10, 19), "hour is a number from 0 to 23, never 24", ""),
    ("contains: Failed", "hour: 7.5", (10, 19), "hour needs a whole number, not 7.5", ""),
    ("contains: Failed", "hour: noon", (10, 19), "hour needs a number, not text", ""),
    ("contains: Failed", "hour|contains: 7", (10, 18), "contains does not go with hour: it takes text or", "all, gt"),
    ("contains: Failed", "contains: []", (10, 23), '"message|contains" is an empty list', ""),
    ("contains: Failed", "contains: {a: b}", (10, 23), "must be a value or a list of values, not a mapping", ""),
    ("contains: Failed", "contains: [a, [b]]", (10, 27), "a value must be text, a number, a boolean or null", ""),
    ("contains: Failed", "contains: 7", (10, 23), "contains needs text, not an integer", "quote it"),
    ("contains: Failed", "contains: null", (10, 23), "contains needs text, not empty (null)", ""),
    ("contains: Failed", "gte: many", (10, 18), "gte needs a number, not text", ""),
    ("contains: Failed", "exists: maybe", (10, 21), "exists needs true or false, not text", ""),
    ("contains: Failed", "cidr: 10.0.0.1/8", (10, 19), "10.0.0.1/8 has host bits set", ""),
    ("contains: Failed", "re: '(?=x)'", (10, 17), "re2 does not take this expression", "never backtracks"),
    ("contains: Failed", "re: '(x'", (10, 17), "re2 does not take this expression: missing )", ""),
    ("contains: Failed", "re: 7", (10, 17), "re needs text, not an integer", "quote it"),
    ("contains: Failed", "i: x", (10, 13), "i is a flag of a regular expression: it needs re before", "example re|i"),
    (
        "contains: Failed",
        "re|cased: x",
        (10, 16),
        "cased does not go with re: it takes text, not a regular",
        "i, ignorec",
    ),
    (
        "contains: Failed",
        "contains|re: x",
        (10, 22),
        "re must be the first modifier, before contains",
        "as it is written",
    ),
    ("contains: Failed", "expand|cidr: x", (10, 20), "cidr must be the first modifier, before expand", ""),
    (
        "contains: Failed",
        "contains|base64: x",
        (10, 22),
        "base64 does not go after contains",
        "encode first: base64|con",
    ),
    (
        "contains: Failed",
        "gte|hour: 7",
        (10, 17),
        "hour does not go with gte: it takes a number, not a comparison",
        "all",
    ),
    (
        "contains: Failed",
        "exists|contains: true",
        (10, 20),
        "contains does not go with exists",
        "after exists may stand",
    ),
    ("contains: Failed", "fieldref: 'x*'", (10, 23), "Field references must not contain wildcards", ""),
    ("contains: Failed", "base64: 'a*'", (10, 21), "Base64 encoding of strings with wildcards", ""),
    ("message|contains", "'|cidr'", (10, 7), "cidr needs the name of a field before it", "source.ip|cidr"),
    ("message|contains: Failed", "message: 1\n    message: 2", (11, 5), 'key "message" stands twice', "keep one"),
    ("%trust.networks%", "%trust.network%", (11, 23), 'nothing is known as "%trust.network%"', '"trust.networks"?'),
    ("%trust.networks%", "%home%", (11, 23), 'nothing is known as "%home%"', "allowed: trust.admins"),
    ("message|contains: Failed", "<<: {message: x}", (10, 5), "merge keys (<<) are not supported", "write the keys"),
    ("tocsin:", "filter: {rules: [x]}\ntocsin:", (9, 3), "a filter has no detection", "the rules that it names have"),
    ("  condition", "  other: []\n  condition", (12, 10), 'selection "other" is an empty list', ""),
    ("  condition", "  other: {}\n  condition", (12, 10), 'selection "other" is an empty mapping', ""),
    ("  condition", "  other: [[a]]\n  condition", (12, 11), "holds a list within a list", ""),
    ("  condition", "  other: null\n  condition", (12, 10), "null needs the name of a field", "field: null"),
    ("decision: observe", "decision: page", (14, 13), 'decision cannot be "page"', "allowed: investigate"),
    ("window: 10m", "window: 10", (16, 11), 'window must be a duration, not "10"', "for example 10m"),
    ("window: 10m", "window: 0m", (16, 11), 'window must be a duration, not "0m"', ""),
    ("window: 10m", "window: 11y", (16, 11), "window is longer than ten years: 11y", "nothing is held that long"),
    ("window: 10m", "window: " + "9" * 5000 + "y", (16, 11), "window is longer than ten years: 999999999999y", ""),
    ("window: 10m", "widnow: 10m", (16, 3), 'unknown key "widnow" in tocsin', 'did you mean "window"?'),
    ("noise-per-day: 5", "noise-per-day: few", (17, 18), "noise-per-day must be a number of 0 or more", ""),
    ("noise-per-day: 5", "pin: perhaps", (17, 8), "pin must be true or false, not text", ""),
    ("account:", "acount:", (18, 33), 'unknown key "acount" in entities', 'did you mean "account"?'),
    ("title: Good", "title: Good\n  x: [", (2, 4), "not readable as YAML", ""),
    ("title: Good", "title: Goo\udcff", (1, 11), "bytes that are no UTF-8", "save the file as UTF-8"),
    ("Failed", "[" * 3000, (10, 60), "nested more than 40 levels deep", ""),
    ("Failed", "&a [*a]", (1, 1), "more than 20,000 values", ""),
    ("Failed", "!!python/name:os.system x", (10, 23), "cannot be read as a value tagged", "quote it"),
]


@pytest.mark.parametrize(("old", "new", "place", "message", "hint"), RULE_ERRORS)
def test_broken_rule(old: str, new: str, place: tuple[int, int], message: str, hint: str) -> None:
    """A broken rule does not load and says where and why; the rule beside it loads."""
    assert old in GOOD
    beside = GOOD.replace("5e7b0e2c", "00000000")
    loaded = load([("broken.yml", GOOD.replace(old, new, 1)), ("good.yml", beside)])
    assert [rule.path for rule in loaded.rules] == ["good.yml"]
    found = [(e.path, (e.line, e.column), e.message, e.hint) for e in loaded.errors]
    assert any(p == "broken.yml" and at == place and message in m and hint in h for p, at, m, h in found), found


CORRELATION_ERRORS = [
    ("type: value_count", "type: value_cuont", (3, 9), 'type cannot be "value_cuont"', 'did you mean "value_count"?'),
    ("type: value_count", "type: event_count", (7, 23), "event_count counts events, not values", "value_count"),
    ("type: value_count", "type: temporal", (7, 23), "temporal counts rules that match, not values", "take field out"),
    ("5e7b0e2c", "5e7b0e2d", (4, 11), "no rule has the id or name", 'did you mean "5e7b0e2c'),
    ("[5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11]", "[]", (4, 10), "rules is an empty list", ""),
    ("group-by: [source.ip]", "group-by: source.ip", (5, 13), "group-by must be a list, not text", "[one, two]"),
    ("timespan: 5m", "timespan: 5 minutes", (6, 13), 'timespan must be a duration, not "5 minutes"', "10m"),
    ("  timespan: 5m\n", "", (3, 3), "correlation needs timespan", ""),
    (", field: user.name", "", (7, 14), "value_count needs the field whose values it counts", ""),
    ("gte: 3", "gte: few", (7, 20), "gte must be a whole number, not text", ""),
    ("gte: 3", "gte: 2.5", (7, 20), "gte must be a whole number, not 2.5", ""),
    ("gte: 3", "gte: -1", (7, 20), "gte must be a whole number, not -1", ""),
    ("gte: 3, ", "", (7, 14), "the condition needs one of gte, gt, lte, lt, eq, neq", ""),
    ("gte: 3", "gt: 9, lt: 7", (7, 14), "the condition can never hold", ""),
    ("gte: 3", "lt: 1", (7, 14), "the condition can never hold", "silence is no finding"),
    ("gte: 3", "at-least: 3", (7, 15), 'unknown key "at-least" in the condition', "allowed: eq, field"),
    ("gte: 3", "gte: 3, percentile: 9", (7, 23), "value_count takes no percentile", "value_percentile"),
    ("{gte: 3, field: user.name}", "good", (7, 14), "a condition of value_count compares with a number", "gte: 10"),
    (
        "[5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11]",
        "[5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11, 5E7B0E2C-3AD1-4C52-8B43-2E0F0C7D3A11]",
        (4, 49),
        "twice",
        "counts",
    ),
    ("  condition: {gte: 3, field: user.name}\n", "", (3, 3), "correlation needs a condition", "gte: 10"),
    ("timespan: 5m", "timespan: 5m\n  generate: 1", (7, 13), "generate must be true or false", ""),
    ("{5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11: src}", "{other: src}", (9, 17), 'no rule has the id or name "other"', ""),
    ("title: Many", "title: Many\nlogsource: {product: x}", (2, 12), "a correlation has no logsource", ""),
    ("title: Many", "title: Many\ntocsin: {group-by: [x]}", (2, 9), "group-by of a correlation stands in corr", ""),
]


VALUES_OF = CORRELATION.replace("value_count", "value_percentile").replace("gte: 3,", "gte: 3.5, percentile: 95,")

# the same, for a type of numbers
NUMBER_ERRORS = [
    ("value_percentile", "value_percentil", (3, 9), 'type cannot be "value_percentil"', '"value_percentile"?'),
    ("percentile: 95", "percentile: 101", (7, 37), "percentile must be a number from 0 to 100, not 101", ""),
    ("percentile: 95", "percentile: high", (7, 37), "percentile must be a number from 0 to 100, not text", ""),
    (", percentile: 95", "", (7, 14), "value_percentile needs the percentile", "percentile: 95"),
    ("type: value_percentile", "type: value_median", (7, 25), "value_median takes no percentile", "percentile 50"),
    ("gte: 3.5", "gte: .nan", (7, 20), "gte must be a number, not .nan", ""),
    ("gte: 3.5", "gte: '3'", (7, 20), "gte must be a number, not text", ""),
    ("gte: 3.5", "gt: 3, lt: 2", (7, 14), "the condition can never hold", ""),
    (", field: user.name", "", (7, 14), "value_percentile needs the field whose numbers it takes", ""),
    ("field: user.name", "field: [a, b]", (7, 48), "value_percentile takes one field, not a list", "of each"),
]

RULES = "title: {0}\nname: {0}\nlogsource: {{product: linux}}\ndetection: {{s: {{message: {0}}}, condition: s}}\n"
TEMPORAL = """title: Both
correlation:
  type: temporal
  rules: [one, two, three]
  timespan: 5m
  condition: one and two and not three
"""

EXPRESSION_ERRORS = [
    ("not three", "not tree", (6, 34), '"tree" is none of the rules of this correlation', 'did you mean "three"?'),
    (" and not three", "", (6, 14), 'does not say what "three" has to do with it', "name every rule"),
    ("one and two and not three", "one and two and", (6, 29), "expected the name of a rule, found the end", ""),
    ("one and two and not three", "1 of them", (6, 14), '"1" is none of the rules of this correlation', "allowed: one"),
    ("one and two and not three", "(one and two", (6, 26), 'expected ")", found the end', ""),
    ("one and two and not three", "one two", (6, 18), 'expected "and" or "or", found "two"', ""),
    ("one and two and not three", "one) two", (6, 17), "there is no matching (", ""),
    ("one and two and not three", "'one and & two'", (6, 23), 'expected the name of a rule, found "&"', ""),
    ("one and two and not three", "not (one and two and three)", (6, 14), "holds where no rule matches", "join it"),
    ("one and two and not three", "one and not one and two and three", (6, 14), "can never hold", ""),
    ("one and two and not three", "(" * 60 + "one", (6, 65), "at most 50 levels", ""),
    ("one and two and not three", "[one]", (6, 14), "the condition must be a mapping", ""),
    ("one and two and not three", "{gte: 4}", (6, 14), "the condition can never hold", "there are 3 rules"),
    ("  rules: [one, two, three]\n", "", (5, 14), 'no rule has the id or name "tree"', ""),
    ("type: temporal", "type: temporal_ordered", (6, 14), "gte or gt", "which"),
]


@pytest.mark.parametrize(("old", "new", "place", "message", "hint"), NUMBER_ERRORS)
def test_broken_correlation_of_numbers(old: str, new: str, place: tuple[int, int], message: str, hint: str) -> None:
    """What a type of numbers needs is said where it is missing or wrong."""
    assert old in VALUES_OF
    assert load([("good.yml", GOOD), ("many.yml", VALUES_OF)]).errors == ()
    loaded = load([("good.yml", GOOD), ("many.yml", VALUES_OF.replace(old, new, 1))])
    assert loaded.correlations == ()
    found = [((e.line, e.column), e.message, e.hint) for e in loaded.errors]
    assert any(at == place and message in m and hint in h for at, m, h in found), found


@pytest.mark.parametrize(("old", "new", "place", "message", "hint"), EXPRESSION_ERRORS)
def test_broken_expression(old: str, new: str, place: tuple[int, int], message: str, hint: str) -> None:
    """What is wrong with an expression over rules is said at its place in it."""
    text = TEMPORAL
    if old.startswith("  rules"):
        text = text.replace("not three", "not tree")
    if "ordered" in new:
        text = text.replace("one and two and not three", "{lt: 3}")
    assert old in text
    rules = [(f"{name}.yml", RULES.format(name)) for name in ("one", "two", "three")]
    assert load([*rules, ("both.yml", TEMPORAL)]).errors == ()
    loaded = load([*rules, ("both.yml", text.replace(old, new, 1))])
    assert loaded.correlations == ()
    found = [((e.line, e.column), e.message, e.hint) for e in loaded.errors]
    assert any(at == place and message in m and hint in h for at, m, h in found), found


@pytest.mark.parametrize("kind", ["temporal", "temporal_ordered"])
def test_a_condition_that_amounts_to_too_much_is_refused(kind: str) -> None:
    """What would take minutes to spell out is an error instead."""
    names = [f"r{number}" for number in range(14)]
    rules = [(f"{name}.yml", RULES.format(name)) for name in names]
    pairs = " and ".join(f"({one} or {other})" for one, other in zip(names[::2], names[1::2], strict=True))
    asked = pairs if kind == "temporal" else "{gte: 7}"
    text = (
        f"title: x\ncorrelation:\n  type: {kind}\n  rules: [{', '.join(names)}]\n  timespan: 5m\n  condition: {asked}\n"
    )
    [error] = load([*rules, ("x.yml", text)]).errors
    assert "amounts to more than 64" in error.message


@pytest.mark.parametrize(("old", "new", "place", "message", "hint"), CORRELATION_ERRORS)
def test_broken_correlation(old: str, new: str, place: tuple[int, int], message: str, hint: str) -> None:
    """A broken correlation does not load and says where and why; the rule it counts loads and speaks for itself."""
    assert old in CORRELATION
    loaded = load([("good.yml", GOOD), ("many.yml", CORRELATION.replace(old, new, 1))])
    assert loaded.correlations == ()
    assert [rule.as_base_only for rule in loaded.rules] == [False]
    found = [(e.path, (e.line, e.column), e.message, e.hint) for e in loaded.errors]
    assert any(p == "many.yml" and at == place and message in m and hint in h for p, at, m, h in found), found


def test_the_good_ones_are_good() -> None:
    """What the tables above break is whole before."""
    loaded = load([("good.yml", GOOD), ("many.yml", CORRELATION)])
    assert loaded.errors == ()
    assert [rule.title for rule in loaded.all] == ["Good", "Many"]


def test_error_as_people_see_it() -> None:
    """An error shows file, line and column, the line itself, and a caret with a hint under the place."""
    loaded = load([("rules/x.yml", GOOD.replace("message|contains", "message|contian"))])
    assert str(loaded.errors[0]) == (
        'rules/x.yml:10:13: error: unknown modifier "contian"\n'
        "  10 |     message|contian: Failed\n"
        '     |             ^^^^^^^ hint: did you mean "contains"? allowed: all, base64, base64offset, cased, cidr, '
        "contains, day, dotall, endswith, exists, expand, fieldref, gt, gte, hour, i, ignorecase, lt, lte, m, minute, "
        "month, multiline, neq, re, s, startswith, utf16, utf16be, utf16le, week, wide, windash, year"
    )


def test_a_long_line_is_shown_in_part() -> None:
    """Of a very long line the part around the place is shown."""
    loaded = load([("x.yml", GOOD.replace("message|contains", "m" * 500 + "|contian"))])
    lines = str(loaded.errors[0]).split("\n")
    assert len(lines[1]) < 250
    assert lines[1][lines[2].index("^") :].startswith("contian")


def test_all_errors_at_once() -> None:
    """Each error of a file is told, not only the first."""
    text = GOOD.replace("high", "hihg").replace("contains", "contian").replace("10m", "10x")
    assert [error.line for error in load([("x.yml", text)]).errors] == [4, 10, 16]


def test_duplicate_ids_refuse_both_by_name() -> None:
    """Of two rules with one id neither loads, and each error names the other."""
    other = GOOD.replace("title: Good", "title: Other")
    loaded = load([("a.yml", GOOD), ("b.yml", other)])
    assert loaded.rules == ()
    assert [(e.path, e.line, e.message) for e in loaded.errors] == [
        ("a.yml", 2, 'this id is also that of "Other" (b.yml:1)'),
        ("b.yml", 2, 'this id is also that of "Good" (a.yml:1)'),
    ]


def test_duplicate_names_refuse_both_and_who_counts_them() -> None:
    """A name that two rules bear means neither of them; a correlation over it does not load either."""
    one = GOOD.replace("title: Good", "title: Good\nname: fails")
    two = one.replace("5e7b0e2c", "00000000").replace("Good", "Other")
    many = CORRELATION.replace("[5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11]", "[fails]")
    loaded = load([("a.yml", one), ("b.yml", two), ("c.yml", many)])
    assert loaded.all == ()
    assert ("c.yml", 4) in [(e.path, e.line) for e in loaded.errors if "did not load" in e.message]


def test_circle_of_correlations() -> None:
    """Correlations that refer to each other in a circle are named in the order of the circle."""
    link = (
        "title: {0}\nname: {0}\ncorrelation: {{type: event_count, rules: [{1}], timespan: 5m, condition: {{gte: 2}}}}\n"
    )
    loaded = load([("x.yml", "---\n".join([link.format("a", "b"), link.format("b", "c"), link.format("c", "a")]))])
    assert loaded.correlations == ()
    assert any('"a" → "b" → "c" → "a"' in error.message for error in loaded.errors)


def test_correlation_over_a_broken_rule() -> None:
    """A correlation over a rule that does not load says so instead of counting nothing."""
    loaded = load([("good.yml", GOOD.replace("high", "hihg")), ("many.yml", CORRELATION)])
    assert loaded.all == ()
    assert "(good.yml:1), which did not load" in loaded.errors[-1].message


def test_a_file_that_stops_too_early_shows_its_last_line() -> None:
    """Where YAML misses something behind the end, the caret stands behind the last line that says something."""
    loaded = load([("rules/e.yml", "title: Good\ntags: [a.b\n\n")])
    head, *rest = str(loaded.errors[0]).split("\n")
    assert head.startswith("rules/e.yml:2:11: error: not readable as YAML: ")
    assert rest[0] == "  2 | tags: [a.b"
    assert rest[1].startswith("    |           ^")


@pytest.mark.parametrize("op", ["lt", "lte", "eq", "neq"])
def test_a_correlation_over_one_that_waits_is_refused(op: str) -> None:
    """What is known only when a time span is over cannot be counted at its own time: said where it is referred to."""
    waits = CORRELATION.replace("title: Many", "title: Few\nname: few").replace("gte: 3", f"{op}: 3")
    over = "title: Over\ncorrelation: {type: event_count, rules: [few], timespan: 5m, condition: {gte: 2}}\n"
    loaded = load([("good.yml", GOOD), ("few.yml", waits), ("over.yml", over)])
    assert [made.title for made in loaded.correlations] == ["Few"]
    [error] = loaded.errors
    assert (error.path, error.line, error.column) == ("over.yml", 2, 42)
    words = {"lt": "less than", "lte": "at most", "eq": "just", "neq": "not"}[op]
    assert f'"few" (few.yml:1), whose condition ({words} 3 different user.name) has to wait' in error.message
    assert "gte or gt" in error.hint


def test_empty_files_are_no_errors() -> None:
    """A file with nothing in it, or only comments, is no rule and no error."""
    assert load([("a.yml", ""), ("b.yml", "# nothing\n"), ("c.yml", "---\n")]).errors == ()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_text_breaks_loading(data: st.DataObject) -> None:
    """Whatever a rule file holds, loading ends with rules or with errors that can be shown."""
    text = data.draw(st.sampled_from([GOOD, CORRELATION, GOOD + "---\n" + CORRELATION]))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    put = data.draw(st.text("abc:-[]{}|*%'\"\n \t&!?0\u00e9#", max_size=8) | st.text(max_size=5))
    loaded = load([("x.yml", text[:start] + put + text[end:])])
    assert all(str(error) for error in loaded.errors)
