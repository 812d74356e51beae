"""Every kind of broken rule in one table: where it is wrong, what was expected, what is nearest; the others run."""

# ruff: noqa: E501 (a case a line)

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.sigma.load import load
from rules.sigma.pipeline import Pipelines

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
    ("indented too much", INDENTED, (8, 7), "not readable as YAML: mapping values are not allowed", "indent it as its neighbours are"),
    ("indented too little", OUTDENTED, (23, 3), 'the condition does not name "User"', "indent it as deep"),
    ("modifier without its selection", OUTDENTED.replace("User", "User|cased"), (23, 3), 'does not name "User|cased"', ""),
    ("tab", TABBED, (23, 1), "not readable as YAML: found a tab character", "indent with blanks, not with tabs (while scanning"),
    ("list not closed", RULE.replace("[people]", "[people"), (14, 7), "not readable as YAML: did not find expected ',' or ']'", "close the list with ]"),
    ("mapping not closed", RULE.replace("{account: User}", "{account: User"), (34, 27), "not readable as YAML: did not find expected ',' or '}'", "close the mapping with }"),
    ("quote not closed", RULE.replace("/nc", "'/nc"), (34, 28), "not readable as YAML: found unexpected end of stream", "close the quotes (while scanning a quoted scalar that begins in line 22)"),
    ("backslash in quotes", RULE.replace("/nc", '"C:\\Windows"'), (22, 24), "not readable as YAML: found unknown escape character", "single quotes"),
    ("star", RULE.replace("/nc", "*nc"), (22, 21), "not readable as YAML: found undefined alias", "quote a text that begins with *"),
    ("at sign", RULE.replace("/nc", "@nc"), (22, 21), "not readable as YAML: found character that cannot start any token", "quote a text"),
    ("colon in a text", RULE.replace("What it finds", "What: it finds"), (5, 18), "not readable as YAML: mapping values are not allowed", "quote a text with a colon"),
    ("list item out of line", RULE.replace("    - one", "     - one"), (26, 5), "not readable as YAML: did not find expected", "indent"),
    ("no colon", RULE.replace("author: Ann", "author Ann"), (7, 1), "not readable as YAML: could not find expected ':'", "write name: value"),
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


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.one_of(st.none(), st.text("ab: \n-[]{}'\"\t#&*!|>%@`,?\\\r\x00\x0c\u2028\x85\ufeffé\ud800", max_size=25)),
        max_size=5,
    )
)
def test_documents_beside_anything(parts: list[str | None]) -> None:
    """Whatever stands between two lines of ``---``, the rules before and behind it load."""
    wanted = [at for at, part in enumerate(parts) if part is None]
    lines = [GOOD.replace("Good", f"Good {at}") if part is None else part for at, part in enumerate(parts)]
    whole = "".join(line for each in lines for line in (*_without_divisions(each), "\n---\n"))
    assert [rule.title for rule in load([("x.yml", f"---\n{whole}")]).rules] == [f"Good {at}" for at in wanted]


def _without_divisions(text: str) -> list[str]:
    return [line for line in text.splitlines(keepends=True) if not line.startswith("---")]


def test_a_file_of_nothing_but_broken_documents() -> None:
    """It is given up after twenty, in time."""
    found = load([("x.yml", "---\na: [\n" * 5000 + "---\n" + GOOD)])
    assert not found.rules
    assert len(found.errors) == 22
    assert found.errors[0].message == "more than 20 documents of this file cannot be read: nothing of it is taken"


SSHD = """title: Suspect
id: 5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a12
name: suspect
logsource: {product: linux, service: sshd}
detection:
  selection:
    source.ip: 192.0.2.1
    'user.name|fieldref': user.actor.name
  condition: selection
tocsin:
  group-by: [source.ip, user.name]
  entities: {source: source.ip, account: [user.name]}
"""
COUNTED = (
    SSHD
    + """---
title: Count
correlation:
  type: value_count
  rules: [suspect]
  group-by: [source.ip, who]
  timespan: 5m
  condition: {gte: 3, field: source.port}
  aliases:
    who: {suspect: user.name}
tocsin: {entities: {source: source.ip}}
"""
)
HIDING = SSHD + "---\n" + FILTER.replace("[broken]", "[suspect]").replace("a: 1", "source.ip: a")
WINDOWS = RULE.replace("product: linux", "product: windows")

#: what is wrong, the file, (line, column), how much it weighs, what is said, what is hinted
SUSPECT = [
    ("field", WINDOWS.replace("Image|", "Imgae|"), (22, 5), "warning", 'unknown field "Imgae" in events of category: process_creation, product: windows', 'did you mean "Image"?'),
    ("field in other case", WINDOWS.replace("User:", "user:"), (23, 5), "warning", 'unknown field "user"', 'did you mean "User"?'),
    ("field in a list", WINDOWS.replace("- Image:", "- Parentimage:"), (26, 7), "warning", 'unknown field "Parentimage"', '"ParentImage"?'),
    ("field in quotes", SSHD.replace("'user.name|", "'user.nmae|"), (8, 6), "warning", 'unknown field "user.nmae" in events of product: linux, service: sshd', '"user.name"?'),
    ("field of a program", SSHD.replace("source.ip: 192", "sorce.ip: 192"), (7, 5), "warning", 'unknown field "sorce.ip"', '"source.ip"? If your logs have it, name it under fields'),
    ("other mark", SSHD.replace("source.ip: 192", "source_ip: 192"), (7, 5), "warning", 'unknown field "source_ip"', '"source.ip"?'),
    ("field that is compared", SSHD.replace("user.actor.name", "user.actr.name"), (8, 27), "warning", 'unknown field "user.actr.name"', '"user.actor.name"?'),
    ("field of others", SSHD.replace("source.ip: 192", "Image: 192"), (7, 5), "notice", 'events of product: linux, service: sshd have no field "Image"', "tocsin explain --file shows"),
    ("group", SSHD.replace("[source.ip, user.name]", "[source.ip, usr.name]"), (11, 25), "warning", 'unknown field "usr.name"', '"user.name"?'),
    ("entity", SSHD.replace("source: source.ip", "source: src.ip"), (12, 22), "notice", 'have no field "src.ip"', "name it under fields"),
    ("entity in a list", SSHD.replace("[user.name]}", "[user.nam]}"), (12, 43), "warning", 'unknown field "user.nam"', '"user.name"?'),
    ("group of a correlation", COUNTED.replace("[source.ip, who]", "[sourceip, who]"), (18, 14), "warning", 'unknown field "sourceip" in events of product: linux', '"source.ip"?'),
    ("field of a correlation", COUNTED.replace("source.port", "source.prot"), (20, 30), "warning", 'unknown field "source.prot"', '"source.port"?'),
    ("alias", COUNTED.replace("suspect: user.name", "suspect: user.naem"), (22, 20), "warning", 'unknown field "user.naem"', '"user.name"?'),
    ("entity of a correlation", COUNTED.replace("{entities: {source: source.ip", "{entities: {source: source.pi"), (23, 29), "warning", 'unknown field "source.pi"', '"source.ip"?'),
    ("field of a filter", HIDING.replace("source.ip: a", "sorce.ip: a").replace("product: linux}\nfil", "product: linux, service: sshd}\nfil"), (18, 7), "warning", 'unknown field "sorce.ip"', '"source.ip"?'),
    ("word of ours", SSHD.replace("source.ip: 192.0.2.1", "event.action: ssh_logn"), (7, 19), "warning", 'event.action is never "ssh_logn"', 'did you mean "ssh_login"?'),
    ("one of several words", SSHD.replace("source.ip: 192.0.2.1", "event.outcome: [success, failiure]"), (7, 30), "warning", 'event.outcome is never "failiure"', 'did you mean "failure"?'),
    ("word of others", SSHD.replace("source.ip: 192.0.2.1", "event.outcome: denied"), (7, 20), "notice", 'event.outcome is never "denied"', "allowed: failure, success, unknown"),
    ("selection without effect", SSHD.replace("  condition:", "  filter: {user.name: bob}\n  condition:"), (9, 3), "warning", 'the condition does not name "filter"', "it changes nothing"),
    ("product", SSHD.replace("linux", "linuxx"), (4, 22), "warning", 'unknown product "linuxx"', 'did you mean "linux"?'),
    ("service", SSHD.replace("sshd", "sshdd"), (4, 38), "warning", 'unknown service "sshdd"', 'did you mean "sshd"?'),
    ("category", WINDOWS.replace("process_creation", "process_creatoin"), (19, 13), "warning", 'unknown category "process_creatoin"', '"process_creation"?'),
    ("part of a log source", SSHD.replace("product: linux, service", "category"), (4, 23), "warning", 'unknown category "sshd"', "write service: sshd"),
    ("log source that nobody has", SSHD.replace("product: linux, service: sshd", "product: shop"), (4, 12), "notice", "no format makes events of product: shop by itself", "a source whose configuration says"),
    ("parts that do not go together", SSHD.replace("linux", "windows"), (4, 12), "notice", "no format makes events of product: windows, service: sshd", "CEF"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "text", "place", "level", "message", "hint"), SUSPECT, ids=[row[0] for row in SUSPECT]
)
def test_a_suspect_rule(what: str, text: str, place: tuple[int, int], level: str, message: str, hint: str) -> None:
    """A rule that names what no events have loads, and this is told with its place and the nearest name."""
    found = load([("rules/suspect.yml", text)])
    assert not found.errors
    told = [((one.line, one.column), one.level, one.message, one.hint) for one in found.remarks]
    assert len(told) == 1, told
    assert told[0][:2] == (place, level)
    assert message in told[0][2]
    assert hint in told[0][3]


@pytest.mark.parametrize(
    "text", [RULE, WINDOWS, SSHD, COUNTED, HIDING], ids=["linux", "windows", "sshd", "count", "filter"]
)
def test_a_rule_about_which_nothing_is_remarkable(text: str) -> None:
    """Without the mistakes above nothing is said."""
    assert load([("x.yml", text)]).remarks == ()


def test_words_that_logs_may_bear() -> None:
    """Of logs that bear names of their own, a word is remarked upon only if it is near; patterns never are."""
    web = SSHD.replace("product: linux, service: sshd", "category: webserver")
    for asked in (
        "event.outcome: denied",
        "event.action: bought",
        "event.action: kubernetes_lst",
        "event.outcome: fail*",
    ):
        assert load([("x.yml", web.replace("source.ip: 192.0.2.1", asked))]).remarks == (), asked
    for asked in ("event.action|contains: ssh_logn", "event.action: ssh_logn*", "event.outcome: FAILURE"):
        assert load([("x.yml", SSHD.replace("source.ip: 192.0.2.1", asked))]).remarks == (), asked
    near = web.replace("source.ip: 192.0.2.1", "event.action: http_requst")
    assert [one.level for one in load([("x.yml", near)]).remarks] == ["warning"]


def test_what_an_author_vouches_for() -> None:
    """A field that a rule names under ``fields`` is there, and in another taxonomy fields are called otherwise."""
    wrong = SSHD.replace("source.ip: 192", "sorce.ip: 192")
    assert len(load([("x.yml", wrong)]).remarks) == 1
    assert load([("x.yml", f"fields: [sorce.ip]\n{wrong}")]).remarks == ()
    assert load([("x.yml", f"taxonomy: ecs\n{wrong}")]).remarks == ()


def test_a_correlation_of_several_logs() -> None:
    """An entity need be in the events of one of its rules alone; what it groups by must be in those of all."""
    web = "title: Web\nname: web\nlogsource: {category: webserver}\ndetection: {s: {cs-method: GET}, condition: s}\n"
    text = COUNTED.replace("rules: [suspect]", "rules: [suspect, web]") + "---\n" + web
    assert load([("x.yml", text)]).remarks == ()
    assert load([("x.yml", text.replace("{entities: {source: source.ip", "{entities: {source: c-ip"))]).remarks == ()
    told = load([("x.yml", text.replace("[source.ip, who]", "[c-ip, who]"))]).remarks
    assert [(one.line, one.message) for one in told] == [
        (18, 'events of product: linux, service: sshd have no field "c-ip"')
    ]


def test_what_pipelines_rename_is_not_remarkable() -> None:
    """A field that a pipeline gives another name is judged by no name; what it leaves is."""
    mapped = Pipelines((("p.yml", "transformations: [{type: field_name_mapping, mapping: {sorce.ip: source.ip}}]\n"),))
    text = SSHD.replace("source.ip: 192", "sorce.ip: 192").replace(
        "'user.name|fieldref': user.actor.name", "usr.name: a"
    )
    told = load([("x.yml", text)], pipelines=mapped).remarks
    assert [(one.line, one.column, one.level) for one in told] == [(8, 5, "warning")]


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
