"""Several rules in one file, and what ``action: global``, ``reset`` and ``repeat`` make of them."""

from copy import deepcopy
from itertools import pairwise
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rules import event_of

from rules.match import matches
from rules.sigma.collection import collected
from rules.sigma.load import load
from rules.sigma.reading import documents

ID = "5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11"
GLOBAL = f"""action: global
title: Tool
id: {ID}
level: high
logsource: {{product: linux}}
detection: {{condition: s}}
"""
ONE = "detection: {s: {a: 1}}\n"
TWO = "logsource: {service: sudo}\ndetection: {s: {a: 2}}\n"


def test_a_global_document_is_part_of_those_behind_it() -> None:
    """It is no rule itself; each rule behind it says the rest, until a reset."""
    plain = "title: Own\nlogsource: {product: x}\ndetection: {s: {a: 3}, condition: s}\n"
    found = load([("x.yml", "---\n".join([GLOBAL, ONE, TWO, "action: reset\n", plain]))])
    assert not found.errors, found.errors
    assert [(rule.title, rule.line, rule.logsource.service) for rule in found.rules] == [
        ("Tool", 8, None),
        ("Tool", 10, "sudo"),
        ("Own", 15, None),
    ]
    assert found.rules[0].id == ID
    assert len({rule.id for rule in found.rules}) == 3
    assert [matches(rule, event_of({"a": 2})) for rule in found.rules] == [False, True, False]


def test_what_a_version_is_of() -> None:
    """A change of the global document is one of every rule behind it; a change of one rule is of no other."""
    versions = [
        [rule.version for rule in load([("x.yml", "---\n".join(parts))]).rules]
        for parts in ([GLOBAL, ONE, TWO], [GLOBAL.replace("high", "low"), ONE, TWO], [GLOBAL, ONE, TWO + "# more\n"])
    ]
    assert [one != other for one, other in zip(versions[0], versions[1], strict=True)] == [True, True]
    assert [one != other for one, other in zip(versions[0], versions[2], strict=True)] == [False, True]


def test_a_repeat_says_what_differs() -> None:
    """The document before it counts again, with what the repeat says instead."""
    first = "title: One\nlogsource: {product: x}\ndetection: {s: {a: 1, b: 1}, condition: s}\n"
    again = "action: repeat\ntitle: Two\ndetection: {s: {a: 2}}\n"
    found = load([("x.yml", first + "---\n" + again)])
    assert not found.errors, found.errors
    assert [matches(rule, event_of({"a": 2, "b": 1})) for rule in found.rules] == [False, True]


def test_errors_keep_their_places() -> None:
    """What is wrong in a part is told where it stands, and only that rule does not load."""
    text = "---\n".join([GLOBAL, "detection: {s: {a|contian: 1}}\n", "action: repaet\n", ONE])
    found = load([("x.yml", text)])
    assert [rule.line for rule in found.rules] == [12]
    assert [(error.line, error.column, error.message) for error in found.errors] == [
        (8, 19, 'unknown modifier "contian"'),
        (10, 9, 'action cannot be "repaet"'),
    ]
    assert 'did you mean "repeat"?' in found.errors[1].hint
    assert [error.line for error in load([("x.yml", GLOBAL.replace("high", "hihg") + "---\n" + ONE)]).errors] == [4]


def test_a_file_cannot_make_more_and_more_of_itself() -> None:
    """Many repeats of much are refused in time, and what came before loads."""
    much = f"title: Much\nlogsource: {{product: x}}\ndetection: {{s: [a], condition: s}}\ncustom: [{'a, ' * 9000}a]\n"
    found = load([("x.yml", much + "".join(f"---\naction: repeat\ntitle: A{at}\n" for at in range(60)))])
    assert 1 < len(found.rules) < 60
    assert {error.message for error in found.errors} == {"the actions of this file make too much of it"}


values = st.sampled_from(("a", "b", 1, ["x"], None))
#: A mapping under one name is one everywhere: pySigma breaks off where it is a text elsewhere.
inner = st.fixed_dictionaries(
    {}, optional={"p": values, "q": st.dictionaries(st.sampled_from("rs"), values, max_size=2)}
)
bodies = st.fixed_dictionaries({}, optional={"title": st.sampled_from(("A", "B")), "x": inner, "y": values})


def _document(action: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"action": action, **body} if action else {"title": "T", **body}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.builds(_document, st.sampled_from(("", "", "global", "repeat", "reset")), bodies), max_size=6))
def test_actions_are_those_of_pysigma(parts: list[dict[str, Any]]) -> None:
    """Whatever actions follow each other, each rule says what it says to pySigma."""
    from sigma.collection import SigmaCollection

    made = [
        SigmaCollection.from_dicts(deepcopy(parts[:end]), collect_errors=True).rules for end in range(len(parts) + 1)
    ]
    # Asked as soon as it is there: what its rules hold in mappings, pySigma changes when they are repeated.
    theirs = [after[-1] for before, after in pairwise(made) if len(after) > len(before)]
    ours, errors = collected(documents("x.yml", yaml.safe_dump_all(parts, sort_keys=False))[0])
    assert errors == []
    for mine, other in zip(ours, theirs, strict=True):
        said = mine.plain(mine.root)
        assert {name: said.get(name) for name in "xy"} == {name: other.custom_attributes.get(name) for name in "xy"}
        assert (said.get("title") or "") == (other.title or "")
