"""Conditions, selections and keywords against an evaluation so plain that it can be seen to be right."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rules import event_of, rule_of

from rules.match import explain, holds, matches
from rules.predicate import predicate
from rules.sigma.condition import parse
from rules.sigma.model import And, Condition, Not, Or, Selection, Term
from rules.sigma.values import Exists

NAMES = ("a", "b", "sel_1", "sel_2", "_hidden", "_hid2", "notepad", "and_more", "1st")
PATTERNS = ("them", "sel_*", "*", "s*_*", "*e*", "_*", "_hid*", "a", "sel_1")

Tree = tuple[Any, ...]  #: ("is", name), ("not", tree), ("and" or "or", tree, tree), ("1", "any" or "all", pattern)


def leaves() -> st.SearchStrategy[Tree]:
    patterns = [pattern for pattern in PATTERNS if meant(pattern)]
    return st.tuples(st.just("is"), st.sampled_from(NAMES)) | st.tuples(
        st.sampled_from(("1", "any", "all")), st.sampled_from(patterns)
    )


def meant(pattern: str) -> list[str]:
    """What a pattern names: hidden selections only if it begins as they do."""
    wanted = "*" if pattern == "them" else pattern
    return [one for one in NAMES if fnmatchcase(one, wanted) and (pattern[0] == "_" or one[0] != "_")]


trees: st.SearchStrategy[Tree] = st.recursive(
    st.deferred(leaves),
    lambda inner: (
        st.tuples(st.just("not"), inner)
        | st.tuples(st.sampled_from(("and", "or")), inner, inner)
    ),
    max_leaves=8,
)  # fmt: skip
BINDING = {"or": 1, "and": 2, "not": 3}  #: the higher, the closer


def holds_plainly(tree: Tree, truth: Mapping[str, bool]) -> bool:
    """The condition by the book."""
    match tree:
        case ("is", name):
            return truth[name]
        case ("not", part):
            return not holds_plainly(part, truth)
        case ("and", left, right):
            return holds_plainly(left, truth) and holds_plainly(right, truth)
        case ("or", left, right):
            return holds_plainly(left, truth) or holds_plainly(right, truth)
        case (quantifier, pattern):
            each = [truth[name] for name in meant(pattern)]
            return all(each) if quantifier == "all" else any(each)
        case _:
            raise AssertionError(tree)


def written(tree: Tree, draw: Any, around: int = 0) -> str:
    """The condition as text: in parentheses where it must be, elsewhere where chance puts them, with any blanks."""
    blank = draw(st.sampled_from((" ", "  ", "\t", "\n ")))
    binding = BINDING.get(tree[0], 4)
    match tree:
        case ("is", name):
            text = str(name)
        case ("not", part):
            text = f"not{blank}{written(part, draw, binding)}"
        case (("and" | "or") as word, left, right):
            text = f"{written(left, draw, binding)}{blank}{word}{blank}{written(right, draw, binding)}"
        case _:
            text = f"{tree[0]}{blank}of{blank}{tree[1]}"
    if binding < around or draw(st.integers(0, 5)) == 0:
        text = f"({text}{blank})"
    return text


SELECTIONS: dict[str, Condition] = {name: Term(name, Exists(True), name) for name in NAMES}


@settings(deadline=None, max_examples=200)
@given(st.data(), trees, st.lists(st.sets(st.sampled_from(NAMES)), min_size=1, max_size=5))
def test_a_condition_holds_when_its_logic_does(data: st.DataObject, tree: Tree, several: list[set[str]]) -> None:
    """However it is written, for whatever holds of the selections; the explanation and the function agree."""
    text = written(tree, data.draw)
    made, _ = parse(text, SELECTIONS)
    decides = predicate(made)
    for true in several:
        event = event_of(dict.fromkeys(true, 1))
        expected = holds_plainly(tree, {name: name in true for name in NAMES})
        assert holds(made, event) is expected, text
        assert decides(event) is expected, text


def shape(condition: Any, detections: Any = None) -> Any:
    """The structure of a condition, ours or pySigma's, without regard to how many a sign takes at once."""
    match condition:
        case Selection(name):
            return name
        case Not(part):
            return ("not", shape(part))
        case And(parts) | Or(parts):
            return ("and" if isinstance(condition, And) else "or", *map(shape, parts))
    kind = type(condition).__name__
    if kind == "ConditionIdentifier":
        return condition.identifier
    if kind == "ConditionSelector":
        names = [one.identifier for one in condition.resolve_referenced_detections(detections)]
        return ("and" if condition.args[0] == "all" else "or", *names)
    return (kind.removeprefix("Condition").lower(), *(shape(part, detections) for part in condition.args))


@settings(deadline=None, max_examples=40)
@given(
    st.data(),
    st.recursive(leaves(), lambda inner: st.tuples(st.sampled_from(("and", "or")), inner, inner), max_leaves=4),
)
def test_a_condition_is_read_as_pysigma_reads_it(data: st.DataObject, tree: Tree) -> None:
    """Precedence and patterns are those of the reference implementation."""
    from sigma.conditions import SigmaCondition
    from sigma.rule import SigmaDetections

    text = written(tree, data.draw)
    detections = SigmaDetections(dict.fromkeys(NAMES), [text])  # type: ignore[arg-type]
    theirs = SigmaCondition(text, detections).parse(postprocess=False)
    assert shape(parse(text, SELECTIONS)[0]) == shape(theirs, detections)


@given(st.lists(trees, min_size=1, max_size=3), st.sets(st.sampled_from(NAMES)), st.data())
@settings(deadline=None, max_examples=25)
def test_of_a_list_of_conditions_one_is_enough(several: list[Tree], true: set[str], data: st.DataObject) -> None:
    """Each of them is a condition of its own."""
    body = {name: {f"{name}|exists": True} for name in NAMES}
    rule = rule_of(yaml.safe_dump({**body, "condition": [written(tree, data.draw) for tree in several]}))
    truth = {name: name in true for name in NAMES}
    assert matches(rule, event_of(dict.fromkeys(true, 1))) is any(holds_plainly(tree, truth) for tree in several)


words = st.text("abA", min_size=1, max_size=2)
scalars = words | st.integers(0, 12)
items = st.dictionaries(
    st.tuples(
        st.sampled_from(("x", "y", "z")), st.sampled_from(("", "|contains", "|contains|all", "|startswith", "|neq"))
    ),
    st.lists(words, min_size=1, max_size=2),
    min_size=1,
    max_size=2,
).map(lambda found: {field + modifiers: values for (field, modifiers), values in found.items()})
keyword_items = st.lists(scalars, min_size=1, max_size=3).map(lambda found: {"|all": found})
maps = items | keyword_items
selections = st.one_of(
    scalars,
    st.lists(scalars, min_size=1, max_size=3),
    maps,
    st.lists(maps | scalars, min_size=1, max_size=3),
)
events = st.dictionaries(
    st.sampled_from(("x", "y", "z", "w")), st.text("abA", max_size=3) | st.integers(0, 120) | st.none(), max_size=3
)


def found_anywhere(word: Any, text: str, fields: Mapping[str, Any]) -> bool:
    return any(str(word).lower() in str(value).lower() for value in (text, *fields.values()) if value is not None)


def item_holds(key: str, values: Sequence[str], text: str, fields: Mapping[str, Any]) -> bool:
    field, *modifiers = key.split("|")
    if not field:
        return all(found_anywhere(word, text, fields) for word in values)
    value = fields.get(field)
    has = "" if value is None else str(value).lower()

    def is_so(word: str) -> bool:
        if "contains" in modifiers:
            return value is not None and word.lower() in has
        if "startswith" in modifiers:
            return value is not None and has.startswith(word.lower())
        return value is not None and has == word.lower()

    each = [is_so(word) for word in values]
    return not any(each) if "neq" in modifiers else all(each) if "all" in modifiers else any(each)


def selection_holds(selection: Any, text: str, fields: Mapping[str, Any]) -> bool:
    """A selection by the book: of a list any part, of a mapping every item, a keyword anywhere."""
    if isinstance(selection, list):
        return any(selection_holds(part, text, fields) for part in selection)
    if isinstance(selection, dict):
        return all(item_holds(key, values, text, fields) for key, values in selection.items())
    return found_anywhere(selection, text, fields)


@settings(deadline=None, max_examples=150)
@given(selections, events, st.text("abA 1", max_size=4))
def test_selections_and_keywords(selection: Any, fields: dict[str, Any], text: str) -> None:
    """Lists, mappings, keywords and ``|all`` in any mixture."""
    rule = rule_of(yaml.safe_dump({"s": selection, "condition": "s"}))
    event = event_of(fields, text=text)
    expected = selection_holds(selection, text, fields)
    assert matches(rule, event) is expected
    assert predicate(rule.condition)(event) is expected
    assert explain(rule, event).matched is expected


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("|contains", "say x now", True),
        ("|startswith", "say x now", True),
        ("|cased", "say X now", False),
        ("|neq", "say x now", False),
        ("|neq", "say y now", True),
        ("|wide", "say x\0now", True),
        ("|base64", "say eA== now", True),
        ("|re", "say x now", True),
        ("|re|startswith", "say x now", False),
        ("|expand", "say x now", True),
    ],
)
def test_keywords_take_modifiers(key: str, text: str, expected: bool) -> None:
    """A key without a field says how the keyword is looked for; it may stand anywhere, but for an expression."""
    rule = rule_of(f"s: {{'{key}': x}}\ncondition: s")
    assert matches(rule, event_of({}, text=text)) is expected
