"""Processing pipelines: what they make of rules, and what of them is refused."""

# ruff: noqa: E501 (a case a line)

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.engine import batch_of
from support.rules import event_of

from rules.engine import Engine
from rules.event import LogSource
from rules.match import matches
from rules.predicate import predicate
from rules.settings import EngineSettings, SourceProfile, Trust
from rules.sigma.load import load, load_for
from rules.sigma.model import Rule, RuleSet
from rules.sigma.pipeline import Pipelines

RULE = """title: Root
id: 5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11
name: root
tags: [attack.t1059]
logsource: {product: linux, category: process_creation}
detection:
  s: {User: root, Image|endswith: [/sh, /bash]}
  condition: s
"""
TRUST = Trust(networks=("192.0.2.0/24",))


def pipe(items: str, head: str = "") -> tuple[tuple[str, str], ...]:
    indented = "\n".join("  " + line for line in items.strip("\n").split("\n"))
    return (("pipe.yml", f"{head}transformations:\n{indented}\n"),)


def loaded(rule: str, *pipelines: tuple[tuple[str, str], ...], trust: Trust = TRUST) -> RuleSet:
    return load([("rule.yml", rule)], trust, Pipelines(tuple(one for each in pipelines for one in each)))


def piped(rule: str, *pipelines: tuple[tuple[str, str], ...]) -> Rule:
    found = loaded(rule, *pipelines)
    assert not found.errors, "\n".join(map(str, found.errors))
    return found.rules[0]


def asks(detection: str) -> str:
    """A rule with this detection."""
    return "title: A\nlogsource: {product: linux, category: process_creation}\n" + f"detection: {detection}\n"


S = "{{s: {{{0}}}, condition: s}}"

#: transformations, items of the selection, fields of an event, does it match
CASES: list[tuple[str, str, Mapping[str, Any], bool]] = [
    ("- {type: field_name_mapping, mapping: {User: user.name}}", "User: root", {"user.name": "root"}, True),
    ("- {type: field_name_mapping, mapping: {User: user.name}}", "User: root", {"User": "root"}, False),
    ("- {type: field_name_mapping, mapping: {User: [a, b]}}", "User: root", {"b": "root"}, True),
    ("- {type: field_name_mapping, mapping: {User: [a, b]}}", "User|neq: root", {"a": "x", "b": "root"}, True),
    ("- {type: field_name_mapping, mapping: {B: b}}", "a|fieldref: B", {"a": 1, "b": 1, "B": 2}, True),
    ("- {type: field_name_mapping, mapping: {null: message}}", "'|all': [one, two]", {"message": "two one"}, True),
    ("- {type: field_name_prefix_mapping, mapping: {win.: w.}}", "win.a: 1", {"w.a": 1}, True),
    ("- {type: field_name_prefix, prefix: event.}", "a: 1", {"event.a": 1}, True),
    ("- {type: field_name_suffix, suffix: .raw}", "a|cidr: 192.0.2.0/24", {"a.raw": "192.0.2.1"}, True),
    (
        "- type: field_name_prefix\n  prefix: x.\n  field_name_conditions: [{type: include_fields, fields: ['^a'], mode: re}]",
        "ab: 1, b: 2",
        {"x.ab": 1, "b": 2},
        True,
    ),
    (
        "- type: drop_detection_item\n  field_name_conditions: [{type: include_fields, fields: [b]}]",
        "a: 1, b: 2",
        {"a": 1},
        True,
    ),
    ("- {type: add_condition, conditions: {c: 3, d|startswith: x}}", "a: 1", {"a": 1, "c": 3, "d": "xy"}, True),
    ("- {type: add_condition, conditions: {c: 3}}", "a: 1", {"a": 1}, False),
    ("- {type: add_condition, conditions: {c: 3}, negated: true}", "a: 1", {"a": 1}, True),
    ("- {type: add_condition, conditions: {c: $product}, template: true}", "a: 1", {"a": 1, "c": "linux"}, True),
    (
        "- type: add_condition\n  conditions: {c: 3}\n  rule_conditions: [{type: logsource, product: windows}]",
        "a: 1",
        {"a": 1},
        True,
    ),
    (
        "- type: add_condition\n  conditions: {c: 3}\n  rule_conditions: {w: {type: logsource, product: windows},"
        " p: {type: logsource, category: process_creation}}\n  rule_cond_expr: p and not w",
        "a: 1",
        {"a": 1},
        False,
    ),
    ("- {type: replace_string, regex: '^(.)b', replacement: '\\1c'}", "a|contains: 'xb'", {"a": "axba"}, True),
    ("- {type: replace_string, regex: 'b', replacement: 'c'}", "a: xb", {"a": "xc"}, True),
    ("- {type: map_string, mapping: {one: [two, three]}}", "a: one", {"a": "three"}, True),
    ("- {type: set_value, value: 7}", "a: one", {"a": 7}, True),
    ("- {type: convert_type, target_type: str}", "a: 5", {"a": "5"}, True),
    ("- {type: case, method: upper}", "a|cased: x", {"a": "X"}, True),
    ("- {type: regex, method: plain}", "a: 'x*Y'", {"a": "x Y"}, True),
    ("- {type: regex, method: plain}", "a: 'x*Y'", {"a": "x y"}, False),
    (
        "- {type: hashes_fields, valid_hash_algos: [MD5], field_prefix: hash.}",
        "Hashes|contains: MD5=987B65CD9B9F4E9A1AFD8F8B48CF64A7",
        {"hash.MD5": "987b65cd9b9f4e9a1afd8f8b48cf64a7"},
        True,
    ),
    ("- {type: extract_fields, regex: '(?P<k>\\w+)=(?P<v>\\w+)', field_prefix: p}", "a: x=y", {"p.k": "x", "p.v": "y"}, True),
    ("- {type: value_placeholders}", "a|expand: '%hosts%'", {"a": "web9"}, True),
    ("- {type: value_placeholders}", "a|expand|contains: 'on %hosts%!'", {"a": "is on DB1! now"}, True),
    ("- {type: value_placeholders}", "a|re|expand: '^%hosts%$'", {"a": "db1"}, True),
    ("- {type: value_placeholders}", "a|re|expand|endswith: '%hosts%'", {"a": "x db1"}, True),
    ("- {type: wildcard_placeholders}", "a|expand: 'x%any%'", {"a": "xyz"}, True),
    ("- {type: wildcard_placeholders}", "a|expand: '%trust.networks%'", {"a": "203.0.113.9"}, False),
    ("- {type: wildcard_placeholders}", "a|expand: '%trust.networks%'", {"a": "192.0.2.9"}, True),
    (
        "- type: nest\n  items:\n    - {type: set_state, key: k, val: v}\n    - type: field_name_suffix\n      suffix: .n\n"
        "      rule_conditions: [{type: processing_state, key: k, val: v}]",
        "a: 1",
        {"a.n": 1},
        True,
    ),
    ("- {type: change_logsource, category: webserver}", "a|utf16le|contains: x", {"a": "x\0"}, True),
    ("- {type: field_name_prefix, prefix: p.}", "t|hour|gte: 9, e|exists: true", {"p.t": "2026-03-01T10:00", "p.e": 0}, True),
    ("- {type: field_name_prefix, prefix: p.}", "a|windash|contains|all: ['-x', '-y']", {"p.a": "/x /y"}, True),
    ("- {type: field_name_prefix, prefix: p.}", "a|cased|windash: '-X'", {"p.a": "/x"}, False),
    ("- {type: field_name_prefix, prefix: p.}", "a: [null, '']", {"p.a": None}, True),
    ("- {type: set_custom_attribute, attribute: x, value: y}\n- type: field_name_suffix\n  suffix: .x\n"
     "  rule_conditions: [{type: rule_attribute, attribute: x, value: y}, {type: tag, tag: attack.t1059}]\n"
     "  rule_cond_op: or", "a: 1", {"a.x": 1}, True),
]  # fmt: skip


@pytest.mark.parametrize(("items", "selection", "fields", "expected"), CASES)
def test_transformation(items: str, selection: str, fields: Mapping[str, Any], expected: bool) -> None:
    """A rule that a pipeline went over asks what pySigma makes of it."""
    rule = piped(asks(S.format(selection)), pipe(items, "vars: {hosts: ['web*', db1]}\n"))
    assert matches(rule, event_of(fields)) is expected
    assert predicate(rule.condition)(event_of(fields)) is expected


def test_a_pipeline_that_is_about_no_rule_changes_none() -> None:
    """Neither what a rule asks nor its version; one that is about it changes both."""
    plain = load([("rule.yml", RULE)]).rules[0]
    other = pipe("- {type: field_name_prefix, prefix: x., rule_conditions: [{type: logsource, product: windows}]}")
    assert piped(RULE, other) == plain
    changed = piped(RULE, pipe("- {type: change_logsource, product: linux, service: sshd}"))
    assert changed.logsource == LogSource(product="linux", service="sshd")
    assert changed.version != plain.version


def test_priorities_decide_who_goes_first() -> None:
    """Of several pipelines that with the lower priority, else in the order named."""
    one = pipe("- {type: field_name_suffix, suffix: '.1'}")
    two = pipe("- {type: field_name_suffix, suffix: '.2'}", "priority: -1\n")
    three = pipe("- {type: field_name_suffix, suffix: '.3'}")
    assert matches(piped(asks(S.format("a: 1")), one, two, three), event_of({"a.2.1.3": 1}))


def test_a_filter_goes_through_with_its_rule() -> None:
    """It names the same fields; the name of the filter is told with its selection."""
    one = "title: Shell\nlogsource: {product: linux}\nfilter: {rules: [root], t: {User: root}, condition: not t}\n"
    rule = piped(RULE + "---\n" + one, pipe("- {type: field_name_mapping, mapping: {User: user.name}}"))
    assert not matches(rule, event_of({"user.name": "root", "Image": "/bin/sh"}))
    assert "user.name" in str(rule.filters[0].condition)
    assert "Shell: t" in str(rule.filters[0].condition)


def test_a_correlation_counts_by_the_names_that_pipelines_give() -> None:
    """Fields of ``group-by`` are found under their new names; the group keeps the name that the author gave."""
    many = """title: Many
correlation: {type: event_count, rules: [root], group-by: [User], timespan: 5m, condition: {gte: 2}}
"""
    found = loaded(RULE + "---\n" + many, pipe("- {type: field_name_mapping, mapping: {User: user.name}}"))
    (made,) = found.correlations
    assert not found.errors, found.errors
    assert (made.group_by, made.field_of("User", found.rules[0].id)) == (("User",), "user.name")
    twice = loaded(RULE + "---\n" + many, pipe("- {type: field_name_mapping, mapping: {User: [a, b]}}"))
    assert ['field "User" would be several: a, b' in str(error) for error in twice.errors] == [True]


def test_what_is_of_tocsins_own_taxonomy_stays_as_it_is() -> None:
    """Bundled rules, exceptions and rules that say so name fields as events have them."""
    prefix = Pipelines(pipe("- {type: field_name_prefix, prefix: x.}"))
    for path, text in (("rules/bundled/a.yml", RULE), ("own.yml", RULE + "taxonomy: tocsin\n")):
        assert load([(path, text)], TRUST, prefix).rules == load([(path, text)]).rules
    hides = "title: Shell\nlogsource: {product: linux}\nfilter: {rules: [root], t: {x.User: root}, condition: not t}\n"
    rule = load([("rule.yml", RULE), ("exception 1", hides)], TRUST, prefix).rules[0]
    assert not matches(rule, event_of({"x.User": "root", "x.Image": "/bin/sh"}))


def test_a_pipeline_of_one_source() -> None:
    """It is for the events of that source alone, after those for all."""
    rule = "title: A\nlogsource: {product: app}\ndetection: {s: {User: root}, condition: s}\n"
    broken = rule.replace("title: A", "title: B\ntags: [a.b]")
    fails = "\n- {type: rule_failure, message: not here, rule_conditions: [{type: tag, tag: a.b}]}"
    own = pipe("- {type: field_name_mapping, mapping: {User: user.name}}" + fails)
    profile = SourceProfile(format="json", product="app")
    found = EngineSettings(
        rule_files=(("rule.yml", rule + "---\n" + broken),),
        sources={"plain": profile, "own": SourceProfile(format="json", product="app", pipelines=own)},
    )
    rules = load_for(found)
    assert [error.message for error in rules.errors] == [
        'for source "own": pipeline: pipe.yml:3 (rule_failure): not here'
    ]
    engine = Engine(found, rules)

    def told(source: str, user: str, name: str) -> set[str]:
        line = f'{{"User": "{user}", "user.name": "{name}"}}'
        batch = replace(batch_of([line], stream=source), source=source)
        return {one.rule_title for one in engine.feed(batch).findings}

    assert told("plain", "root", "x") == {"A", "B"}
    assert told("plain", "x", "root") == set()
    assert told("own", "x", "root") == {"A"}
    assert told("own", "root", "x") == set()


def test_a_placeholder_that_pipelines_of_one_source_fill() -> None:
    """The rule is asked about that source's events alone, and that is said."""
    rule = "title: A\nlogsource: {product: app}\ndetection: {s: {User|expand: '%admins%'}, condition: s}\n"
    hides = "title: F\nlogsource: {product: app}\nfilter: {rules: any, s: {User: adm9}, condition: not s}\n"
    own = pipe("- type: value_placeholders", "vars: {admins: [root, adm*]}\n")
    prefix = pipe("- {type: field_name_prefix, prefix: x.}")
    pipelines = {"plain": (), "own": own, "other": prefix}
    sources = {name: SourceProfile(format="json", product="app", pipelines=each) for name, each in pipelines.items()}
    found = EngineSettings(rule_files=(("rule.yml", rule + "---\n" + hides),), sources=sources)
    rules = load_for(found)
    assert [one.message for one in rules.errors] == ['for source "other": nothing is known as "%admins%"']
    told = [(one.level, one.column, one.message) for one in rules.remarks if "admins" in one.message]
    assert told == [("notice", 30, 'nothing is known as "%admins%", but for the pipelines of "own"')]
    engine = Engine(found, rules)

    def finds(source: str, user: str) -> bool:
        batch = replace(batch_of([f'{{"User": "{user}", "x.User": "{user}"}}'], stream=source), source=source)
        return bool(engine.feed(batch).findings)

    asked = [(source, user) for source in sources for user in ("root", "adm1", "adm9", "%admins%", "bob")]
    assert [one for one in asked if finds(*one)] == [("own", "root"), ("own", "adm1")]


def test_a_correlation_cannot_take_the_names_of_one_source() -> None:
    """That is said, since it would count nothing there."""
    many = "title: Many\ncorrelation: {type: event_count, rules: [root], group-by: [User], timespan: 5m, condition: {gte: 2}}\n"
    own = pipe("- {type: field_name_mapping, mapping: {User: user.name}}")
    found = load([("rule.yml", RULE + "---\n" + many)], TRUST, Pipelines((), {"web": own}))
    assert ['for source "web": its pipelines call "User" "user.name"' in str(one) for one in found.errors] == [True]


def test_placeholders_that_nobody_defines() -> None:
    """The rule is named with the placeholder at its place; the others run. With a pipeline that defines it, it loads."""
    rule = asks(S.format("a|expand: '%hosts%'"))
    other = asks(S.format("b: 1")).replace("title: A", "title: B")
    for pipelines in (Pipelines(), Pipelines(pipe("- {type: field_name_prefix, prefix: x.}"))):
        found = load([("rule.yml", rule + "---\n" + other)], TRUST, pipelines)
        assert [one.title for one in found.rules] == ["B"]
        assert [(one.line, one.column, one.message) for one in found.errors] == [
            (3, 27, 'nothing is known as "%hosts%"')
        ]
    about_none = pipe(
        "- {type: value_placeholders, rule_conditions: [{type: logsource, product: x}]}", "vars: {hosts: a}\n"
    )
    assert "%hosts%" in loaded(rule, about_none).errors[0].message
    unknown = loaded(rule, pipe("- {type: value_placeholders}", "vars: {other: a}\n"))
    assert [(one.line, "variable 'hosts'" in one.message) for one in unknown.errors] == [(1, True)]


#: the pipeline, where it is wrong, what is said, the hint
REFUSED: list[tuple[str, tuple[int, int], str, str]] = [
    ("transformation: []", (1, 1), 'unknown key "transformation" in a pipeline', '"transformations"'),
    ("postprocessing: [{type: embed, prefix: x}]", (1, 17), "postprocessing acts upon queries", "leave it out"),
    ("finalizers: [{type: concat}]", (1, 13), "finalizers acts upon queries", ""),
    ("allowed_backends: [splunk]", (1, 19), "this pipeline is for others", 'add "tocsin"'),
    ("priority: high", (1, 11), "priority must be a whole number, not text", ""),
    ("vars: {a: {b: c}}", (1, 11), "vars.a must be a text, a number or a list", ""),
    ("vars: {a: []}", (1, 11), "vars.a must be a text, a number or a list", ""),
    ("transformations: {a: b}", (1, 18), "transformations must be a list, not a mapping", ""),
    ("transformations: [x]", (1, 19), "a transformation must be a mapping", ""),
    ("transformations: [{mapping: {a: b}}]", (1, 19), "a transformation needs its type", ""),
    ("transformations: [{type: field_name_maping}]", (1, 26), 'no transformation "field_name_maping"', '"field_name_mapping"'),
    ("transformations: [{type: file_placeholders, path: /etc/passwd}]", (1, 26), '"file_placeholders" is not', "no other files"),
    ("transformations: [{type: http_placeholders, url: x}]", (1, 26), '"http_placeholders" is not', "fetches nothing"),
    ("transformations: [{type: command_placeholders, cmd: x}]", (1, 26), '"command_placeholders" is not', "runs nothing"),
    ("transformations: [{type: query_expression_placeholders}]", (1, 26), "is not supported", "no query"),
    ("transformations: [{type: field_name_transform}]", (1, 26), "is not supported", "Python"),
    ("transformations: [{type: rule_failure}]", (1, 19), "rule_failure needs message", ""),
    ("transformations: [{type: case, metod: upper}]", (1, 32), 'unknown key "metod" in case', '"method"'),
    ("transformations: [{type: case, method: title}]", (1, 40), 'method of case must be "lower" or "upper" or', ""),
    ("transformations: [{type: field_name_prefix, prefix: 3}]", (1, 53), "prefix of field_name_prefix must be text, not an", ""),
    ("transformations: [{type: field_name_mapping, mapping: {a: 3}}]", (1, 55), '"a" must be mapped to a text or a list', ""),
    ("transformations: [{type: replace_string, regex: '(?=x)', replacement: ''}]", (1, 49), "re2 does not take", "never back"),
    ("transformations: [{type: replace_string, regex: 'x', replacement: '" + "x" * 201 + "'}]", (1, 67), "at most 200", ""),
    ("transformations: [{type: case, rule_conditions: [{type: logsorce}]}]", (1, 57), 'no rule condition "logsorce"', "logsource"),
    ("transformations: [{type: case, rule_conditions: [{type: logsource, produkt: x}]}]", (1, 68), '"produkt" in logs', "product"),
    ("transformations: [{type: case, rule_cond_op: xor}]", (1, 46), 'must be "and" or "or", not "xor"', ""),
    ("transformations: [{type: case, rule_cond_expr: a and b}]", (1, 48), 'no selection is called "a"', ""),
    ("transformations: [{type: case, rule_conditions: {a: {type: is_sigma_rule}}, rule_cond_expr: 'not'}]", (1, 93), "expr", ""),
    ("transformations: [{type: case, rule_cond_expr: " + "(" * 200 + "}]", (1, 48), "at most 50 levels of parentheses", ""),
    ("transformations: [{type: case, detection_item_conditions: [{type: match_string, cond: any, pattern: '(x'}]}]",
     (1, 101), "re2 does not take this expression: missing )", ""),
    ("transformations: [{type: case, field_name_conditions: [{type: include_fields, fields: ['(x'], mode: re}]}]",
     (1, 88), "re2 does not take this expression: missing )", ""),
    ("transformations: [{type: extract_fields, regex: 'x'}]", (1, 19), "pySigma does not take it", ""),
    ("transformations: [{type: add_condition, conditions: {a|contian: x}}]", (1, 56), 'unknown modifier "contian"', "contains"),
    ("transformations: " + "[{type: nest, items: " * 6 + "[]" + "}]" * 6, (1, 102), "at most 3 levels of nest", ""),
    ("a: &a [x]\nb: *a\n--- {}", (3, 5), "a pipeline is one document", ""),
    ("vars: &a [*a]", (1, 1), "more than 20,000 values", ""),
    ("!!python/object/apply:os.system [x]", (1, 1), "a pipeline must be a mapping", ""),
    ("", (1, 1), "there is no pipeline in it", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "message", "hint"), REFUSED, ids=range(len(REFUSED)))
def test_a_broken_pipeline(text: str, place: tuple[int, int], message: str, hint: str) -> None:
    """It is told where and why, it is not applied, and the rules run as they are written."""
    found = loaded(RULE, (("pipe.yml", text),))
    assert [rule.detection for rule in found.rules] == [rule.detection for rule in load([("rule.yml", RULE)]).rules]
    told = [(e.path, (e.line, e.column), e.message, e.hint) for e in found.errors]
    assert any(p == "pipe.yml" and at == place and message in said and hint in h for p, at, said, h in told), told


#: transformations, and what is said of the rule
FAILING = [
    ("- {type: rule_failure, message: no processes here}", "pipe.yml:2 (rule_failure): no processes here"),
    ("- {type: detection_item_failure, message: no such item}", "pipe.yml:2 (detection_item_failure): no such item"),
    ("- {type: strict_field_mapping_failure}", "fields are not mapped"),
    ("- {type: drop_detection_item}", "nothing is left of what the rule asks"),
    ("- {type: convert_type, target_type: num}", "can't be converted to number"),
    ("\n".join(["- {type: field_name_mapping, mapping: {User: [User, User]}}"] * 40), "makes too much of the rule"),
    (
        "\n".join(["- {type: replace_string, regex: o, replacement: " + "o" * 200 + "}"] * 9),
        "is too much work with this rule",
    ),
]


@pytest.mark.parametrize(("items", "message"), FAILING)
def test_a_rule_that_a_pipeline_does_not_take(items: str, message: str) -> None:
    """It does not load and says which item is against it; the rule beside it loads."""
    beside = RULE.replace("5e7b0e2c", "00000000").replace("name: root", "name: b") + "taxonomy: tocsin\n"
    found = loaded(RULE + "---\n" + beside, pipe(items))
    assert [rule.name for rule in found.rules] == ["b"]
    (error,) = found.errors
    assert (error.path, error.line, error.rule) == ("rule.yml", 1, "Root")
    assert message in error.message


def test_a_correlation_over_a_rule_that_no_pipeline_takes() -> None:
    """It says so instead of counting nothing."""
    many = "title: Many\ncorrelation: {type: event_count, rules: [root], timespan: 5m, condition: {gte: 2}}\n"
    found = loaded(RULE + "---\n" + many, pipe("- {type: rule_failure, message: never}"))
    assert found.all == ()
    assert "which did not load" in found.errors[-1].message


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_text_breaks_a_pipeline(data: st.DataObject) -> None:
    """Whatever stands in a pipeline, loading ends with rules or with errors that can be shown."""
    items, selection, _, _ = data.draw(st.sampled_from(CASES))
    [(path, text)] = pipe(items, "vars: {hosts: [a, b]}\n")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    put = data.draw(st.text("abc:-[]{}|*%'\"\n \t&!?0\u00e9#", max_size=8))
    found = loaded(asks(S.format(selection)), ((path, text[:start] + put + text[end:]),))
    assert all(str(error) for error in found.errors)
