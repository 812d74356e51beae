"""Every kind of broken rule in one table: where it is wrong, what was expected, what is nearest; the others run."""

# ruff: noqa: E501 (a case a line)

import pytest

from rules.sigma.load import load

ID = "5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11"
RULE = f"""title: Broken
id: {ID}
name: broken
status: test
description: What it finds
author: Ann
license: MIT
level: high
date: 2026-03-01
modified: 2026-03-02
tags: [attack.t1110]
references: [https://example.org]
falsepositives: [people]
fields: [user.name]
scope: [server]
taxonomy: sigma
logsource:
  product: linux
  category: process_creation
detection:
  selection:
    Image|endswith: /nc
    User: root
  other:
    - one
    - Image: two
  condition: selection or other
tocsin:
  decision: observe
  group-by: [User]
  window: 10m
  noise-per-day: 1
  pin: true
  entities: {{account: User}}
"""
GOOD = "title: Good\nlogsource: {product: linux}\ndetection: {s: {a: 1}, condition: s}\n"
COUNT = """title: Count
name: count
correlation:
  type: event_count
  rules: [broken]
  group-by: [User]
  timespan: 5m
  condition: {gte: 3}
"""
FILTER = "title: Filter\nlogsource: {product: linux}\nfilter:\n  rules: [broken]\n  s: {a: 1}\n  condition: not s\n"
#: What a rule looks like in which a key is wrongly indented.
OUTDENTED = RULE.replace("    User: root", "  User: root")
INDENTED = RULE.replace("level: high", " level: high")
TABBED = RULE.replace("    User: root", "\tUser: root")

#: what is wrong, the file, (line, column), what is said, what is hinted
TABLE = [
    ("modifier", RULE.replace("endswith", "endwith"), (22, 11), 'unknown modifier "endwith"', 'did you mean "endswith"?'),
    ("no modifier", RULE.replace("endswith", ""), (22, 11), 'unknown modifier ""', "allowed: all, base64"),
    ("modifiers together", RULE.replace("endswith", "endswith|cidr"), (22, 20), "cidr must be the first modifier, before endswith", ""),
    ("flag alone", RULE.replace("endswith", "i"), (22, 11), "i is a flag of a regular expression", "example re|i"),
    ("value of a modifier", RULE.replace("/nc", "7"), (22, 21), "endswith needs text, not an integer", "quote it"),
    ("null for a modifier", RULE.replace("/nc", "null"), (22, 21), "endswith needs text, not empty (null)", ""),
    ("key of a rule", RULE.replace("level:", "lvel:"), (8, 1), 'unknown key "lvel" in a rule', 'did you mean "level"?'),
    ("level", RULE.replace("high", "hgih"), (8, 8), 'level cannot be "hgih"', 'did you mean "high"?'),
    ("status", RULE.replace("status: test", "status: tets"), (4, 9), 'status cannot be "tets"', 'did you mean "test"?'),
    ("id", RULE.replace(ID, "7"), (2, 5), "id must be text, not an integer", "quote it"),
    ("id that is no UUID", RULE.replace(ID, "nc-1"), (2, 5), 'id must be a UUID, not "nc-1"', "for example: "),
    ("date", RULE.replace("2026-03-01", "March"), (9, 7), 'date must be a date, not "March"', "YYYY-MM-DD"),
    ("tag", RULE.replace("attack.t1110", "t1110"), (11, 8), "a tag is a namespace, a dot and a name", "attack.t1110"),
    ("log source", RULE.replace("category:", "categry:"), (19, 3), 'unknown key "categry" in logsource', '"category"?'),
    ("empty log source", RULE.replace("product: linux", "product: ''"), (18, 12), "product is empty", "leave the key out"),
    ("empty id", RULE.replace(ID, "''"), (2, 5), 'id must be a UUID, not ""', "for example"),
    ("empty keyword", RULE.replace("- one", "- ''"), (25, 7), "an empty keyword stands in everything", "looked for"),
    ("no log source", RULE.replace("logsource:", "custom:"), (1, 1), "a rule needs a logsource", ""),
    ("indented too much", INDENTED, (8, 7), "not readable as YAML: mapping values are not allowed", ""),
    ("indented too little", OUTDENTED, (23, 3), 'the condition does not name "User"', "indent it as deep"),
    ("modifier without its selection", OUTDENTED.replace("User", "User|cased"), (23, 3), 'does not name "User|cased"', ""),
    ("tab", TABBED, (23, 1), "not readable as YAML: found a tab character", "scanning"),
    ("selection", RULE.replace("selection or", "slection or"), (27, 14), 'no selection is called "slection"', '"selection"?'),
    ("pattern", RULE.replace("selection or", "1 of sel_* or"), (27, 19), '"1 of sel_*" matches no selection', "selection"),
    ("parenthesis", RULE.replace("selection or", "(selection or"), (27, 33), 'expected ")", found the end', ""),
    ("capitals", RULE.replace("selection or", "selection OR"), (27, 24), 'found "OR"', 'write "or" in lower case'),
    ("counting", RULE.replace("or other", "| count() > 3"), (27, 24), 'found "|"', "write a correlation"),
    ("no condition", RULE.replace("  condition: selection or other\n", ""), (21, 3), "detection has no condition", "for example"),
    ("expression", RULE.replace("endswith: /nc", "re: '(?<!x)nc'"), (22, 15), "re2 does not take this expression", "look-around"),
    ("back-reference", RULE.replace("endswith: /nc", r"re: '(a)\1'"), (22, 15), "re2 does not take this expression", "back-references"),
    ("too long for a hole", RULE.replace("/nc", "?" * 100_000), (22, 21), "a text with ? in it is too long", "fewer"),
    ("network", RULE.replace("endswith: /nc", "cidr: 192.0.2.300/24"), (22, 17), "192.0.2.300", ""),
    ("hour", RULE.replace("endswith: /nc", "hour: 25"), (22, 17), "hour is a number from 0 to 23, never 25", ""),
    ("placeholder", RULE.replace("endswith: /nc", "expand: '%Servers%'"), (22, 19), 'nothing is known as "%Servers%"', "trust."),
    ("list in a list", RULE.replace("/nc", "[a, [b]]"), (22, 25), "a value must be text, a number, a boolean or null, not a list", ""),
    ("mapping as value", RULE.replace("/nc", "{a: b}"), (22, 21), "must be a value or a list of values, not a mapping", ""),
    ("empty list", RULE.replace("/nc", "[]"), (22, 21), '"Image|endswith" is an empty list', "null for no value"),
    ("key twice", RULE.replace("User: root", "Image|endswith: /nc"), (23, 5), 'key "Image|endswith" stands twice', "keep one"),
    ("merge key", RULE.replace("User: root", "<<: {a: b}"), (23, 5), "merge keys (<<) are not supported", "write the keys out"),
    ("foreign tag", RULE.replace("root", "!!python/name:os.system x"), (23, 11), "cannot be read as a value tagged", "quote it"),
    ("decision", RULE.replace("decision: observe", "decision: obsrve"), (29, 13), 'decision cannot be "obsrve"', '"observe"?'),
    ("window", RULE.replace("10m", "10 minutes"), (31, 11), 'window must be a duration, not "10 minutes"', "units: s, m"),
    ("noise below nothing", RULE.replace("day: 1", "day: -1"), (32, 18), "must be a number of 0 or more, not -1", ""),
    ("noise in words", RULE.replace("day: 1", "day: few"), (32, 18), "must be a number of 0 or more, not text", ""),
    ("entity", RULE.replace("account:", "acount:"), (34, 14), 'unknown key "acount" in entities', '"account"?'),
    ("same id twice", RULE + "---\n" + RULE.replace("title: Broken", "title: Again").replace("name: broken\n", ""), (2, 5), 'this id is also that of "Again"', "neither was loaded"),
    ("same name twice", RULE + "---\n" + RULE.replace("title: Broken", "title: Again").replace(ID, ID.replace("5", "6")), (3, 7), 'this name is also that of "Again"', "neither"),
    ("unknown rule", COUNT.replace("broken", "goood"), (5, 11), 'no rule has the id or name "goood"', '"good"?'),
    ("correlation of itself", COUNT.replace("broken", "count"), (5, 11), 'in a circle: "Count" → "Count"', ""),
    ("correlations in a circle", COUNT.replace("broken", "two") + "---\n" + COUNT.replace("ount", "wo").replace("broken", "count").replace("event_cwo", "event_count").replace("name: cwo", "name: two"), (14, 11), "refer to each other in a circle", ""),
    ("type of a correlation", COUNT.replace("event_count", "event_cuont"), (4, 9), 'type cannot be "event_cuont"', '"event_count"?'),
    ("span of a correlation", COUNT.replace("5m", "5min"), (7, 13), 'timespan must be a duration, not "5min"', "10m"),
    ("key of a correlation", COUNT.replace("group-by", "groupby"), (6, 3), 'unknown key "groupby" in correlation', '"group-by"?'),
    ("rule of a filter", FILTER.replace("broken", "goood"), (4, 11), 'no rule has the id or name "goood"', '"good"?'),
    ("selection of a filter", FILTER.replace("not s", "not t"), (6, 18), 'no selection is called "t"', "allowed: s"),
    ("action", "action: globl\n" + RULE, (1, 9), 'action cannot be "globl"', 'did you mean "global"?'),
    ("no mapping", "- a\n", (1, 1), "a rule must be a mapping (name: value), not a list", ""),
    ("only text", "rule\n", (1, 1), "a rule must be a mapping (name: value), not text", ""),
    ("no UTF-8", RULE.replace("Ann", "\udce9"), (6, 9), "bytes that are no UTF-8", "save the file as UTF-8"),
    ("aliases without end", "a: &a [*a]\n", (1, 1), "more than 20,000 values", ""),
    ("too deep", RULE.replace("/nc", "[" * 99), (22, 58), "nested more than 40 levels deep", ""),
]  # fmt: skip
KEYS = {line.split(":")[0].strip(): at for at, line in enumerate(RULE.split("\n"), 1) if ":" in line}


@pytest.mark.parametrize(("what", "text", "place", "message", "hint"), TABLE, ids=[row[0] for row in TABLE])
def test_a_bad_rule(what: str, text: str, place: tuple[int, int], message: str, hint: str) -> None:
    """It is named with file, line, column, what was expected and what is nearest, and the rule beside it runs."""
    good = GOOD.replace("title: Good", "title: Good\nname: good")
    found = load([("rules/bad.yml", text), ("rules/good.yml", good)])
    assert [rule.title for rule in found.all] == ["Good"]
    told = [((one.line, one.column), one.message, one.hint) for one in found.errors if one.path == "rules/bad.yml"]
    assert any(at == place and message in said and hint in h for at, said, h in told), told


#: Documents that no reader takes, and where and why not; line and column from 1, in the document itself.
UNREADABLE = [
    ("flow that does not end", "title: [a\n", (1, 10), "not readable as YAML: did not find expected ',' or ']'"),
    ("quote that does not end", "title: 'a\n", (1, 10), "not readable as YAML: found unexpected"),
    ("tab", "title: a\n\tlevel: high\n", (2, 1), "not readable as YAML: found a tab character"),
    ("indentation", INDENTED, (8, 7), "not readable as YAML: mapping values are not allowed"),
    ("unknown alias", "title: *a\n", (1, 8), "not readable as YAML: found undefined alias"),
    ("character", "title: \x01\n", (1, 8), "control characters are not allowed"),
    ("no UTF-8", "title: \udce9\n", (1, 8), "bytes that are no UTF-8"),
    ("aliases without end", "a: &a [*a]\n", (1, 1), "more than 20,000 values"),
    ("too deep", "a: " + "[" * 99 + "\n", (1, 43), "nested more than 40 levels deep"),
    ("end without a document", "...\nx\n", (2, 1), "not readable as YAML: did not find expected <document start>"),
]


@pytest.mark.parametrize(("what", "text", "place", "message"), UNREADABLE, ids=[row[0] for row in UNREADABLE])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_document_that_cannot_be_read(what: str, text: str, place: tuple[int, int], message: str, at: int) -> None:
    """It costs only itself, wherever it stands; the others load as if it were not there, at their own lines."""
    others = [GOOD.replace("Good", "One"), GOOD.replace("Good", "Two")]
    parts = [*others[:at], text, *others[at:]]
    found = load([("x.yml", "---\n" + "---\n".join(parts))])
    starts = [2 + sum(one.count("\n") + 1 for one in parts[:n]) for n in range(3)]
    assert [rule.line for rule in found.rules] == [start for n, start in enumerate(starts) if n != at]
    assert [rule.version for rule in found.rules] == [load([("x.yml", one)]).rules[0].version for one in others]
    told = [((one.line - starts[at] + 1, one.column), one.message) for one in found.errors]
    assert [(where, message in said) for where, said in told] == [(place, True)], told


REPEAT = "action: repeat\ntitle: Again\n"


@pytest.mark.parametrize(
    ("parts", "loads", "told"),
    [
        ((GOOD, "a: [", REPEAT), ["Good"], [(5, 5), (7, 9)]),
        ((GOOD, "a: [", COUNT, REPEAT), ["Good"], [(5, 5), (11, 11), (16, 9)]),
        ((GOOD, "a: [", REPEAT, REPEAT, GOOD.replace("Good", "Two")), ["Good", "Two"], [(5, 5), (7, 9), (10, 9)]),
        ((GOOD, "a: [", GOOD.replace("Good", "Two"), REPEAT), ["Good", "Two", "Again"], [(5, 5)]),
        ((GOOD, "action: global\na: [", GOOD.replace("Good", "Two")), ["Good"], [(6, 5)]),
        (("action: global\nlevel: low\n", "a: [", GOOD), ["Good"], [(4, 5)]),
    ],
)  # fmt: skip
def test_what_would_be_about_a_document_that_cannot_be_read(
    parts: tuple[str, ...], loads: list[str], told: list[tuple[int, int]]
) -> None:
    """It does not take another one instead: a repeat is refused, and behind an action nothing is taken."""
    found = load([("x.yml", "\n---\n".join(part.strip("\n") for part in parts))])
    assert [rule.title for rule in found.rules] == loads
    assert [(one.line, one.column) for one in found.errors] == told


def test_a_file_of_nothing_but_broken_documents() -> None:
    """It is given up after twenty, in time."""
    found = load([("x.yml", "---\na: [\n" * 5000 + "---\n" + GOOD)])
    assert not found.rules
    assert len(found.errors) == 22
    assert found.errors[0].message == "more than 20 documents of this file cannot be read: nothing of it is taken"


@pytest.mark.parametrize("value", ["{x: [y]}", "[[x]]", "7", "null", "true", "''"])
@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("title", "Image|endswith", "User", "- Image")])
def test_a_wrong_type_anywhere(key: str, value: str) -> None:
    """A value of the wrong kind is told at its line, or it is one that the key takes."""
    at = KEYS[key]
    lines = RULE.split("\n")
    depth = len(lines[at - 1]) - len(lines[at - 1].lstrip())
    below = next((n for n, line in enumerate(lines[at:]) if len(line) - len(line.lstrip()) <= depth), 0)
    changed = [*lines[: at - 1], f"{' ' * depth}{key}: {value}", *lines[at + below :]]
    found = load([("bad.yml", "\n".join(changed)), ("good.yml", GOOD)])
    assert "Good" in [rule.title for rule in found.rules]
    loads = len(found.rules) == 2
    assert loads is ((key, value) in TAKEN)
    assert loads or any(error.line in (at, at + 1) for error in found.errors), found.errors


#: Values of another kind that mean something, or that mean nothing and do no harm.
TAKEN = {
    *((key, "''") for key in ("name", "description", "author", "license", "date", "modified", "taxonomy")),
    *((key, value) for key in ("selection", "other") for value in ("{x: [y]}", "7", "true")),
    ("noise-per-day", "7"),
    ("pin", "true"),
}
