"""Rules as functions decide just as the plain evaluator does."""

from ipaddress import ip_network
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.rules import event_of

from rules.match import holds
from rules.predicate import predicate
from rules.sigma.model import And, Condition, Not, Or, Selection, Term
from rules.sigma.values import (
    Boolean,
    Cidr,
    Compare,
    Exists,
    Expression,
    FieldReference,
    Null,
    Number,
    Segment,
    Test,
    Text,
    literal,
)

TESTS: tuple[Test, ...] = (
    literal("foo"),
    literal("192.0.2.7"),
    literal("oo", starts=True, ends=True),
    Text((Segment("Foo"),), cased=True),
    Text((Segment("f?o", frozenset({1})),)),
    Text((Segment("i\u0307"),)),  # what U+0130 becomes when lower-cased
    Number(22),
    Boolean(True),
    Compare("gte", 22),
    Cidr(ip_network("192.0.2.0/24")),
    Cidr(ip_network("2001:db8::/32")),
    Expression.compiled("o+$"),
    literal("fo", starts=True),
    literal("\u0307", ends=True),
    Text((Segment(""), Segment("f"), Segment("o"), Segment(""))),
    Expression.compiled("(?i)^FO"),
    Expression.compiled("a|^true$"),
    Expression.compiled(r"\Q.foo"),  # nobody ends it
)
FIELD_TESTS: tuple[Test, ...] = (Null(), Exists(True), Exists(False), FieldReference("b"), FieldReference("c", True))
FIELDS = ("a", "b", "c", "deep.a")
VALUES: tuple[Any, ...] = (
    "foo", "FOO", "Foo", "fxo", "", "22", "true", "\u0130", "192.0.2.7", "2001:db8::1", "192.0.2.7" + " " * 90,
    "\udcff", 22, 22.0, True, False, None, ["foo", 22], {"x": "foo"},
)  # fmt: skip

terms = st.builds(Term, st.sampled_from(FIELDS), st.sampled_from(TESTS + FIELD_TESTS), st.just("a term"))
keywords = st.builds(Term, st.none(), st.sampled_from(TESTS), st.just("a keyword"))
conditions: st.SearchStrategy[Condition] = st.recursive(
    terms | keywords,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(Selection, st.just("s"), inner)
        | st.builds(And, st.lists(inner, max_size=4).map(tuple))
        | st.builds(Or, st.lists(inner, max_size=4).map(tuple))
    ),
    max_leaves=8,
)
values = st.sampled_from(VALUES)
events = st.builds(
    event_of,
    st.dictionaries(st.sampled_from(FIELDS), values)
    | st.fixed_dictionaries({"deep": st.fixed_dictionaries({"a": values})}, optional={"a": values}),
    text=st.sampled_from(("", "foo", "a Foo b", "192.0.2.7")),
)


@given(st.lists(st.sampled_from(TESTS), min_size=2, max_size=6), values)
def test_questions_to_one_field_are_asked_together(tests: list[Test], value: Any) -> None:
    """Texts by their shape, expressions as one: the answer is that of each by itself."""
    condition = Or(tuple(Term("a", test, "a term") for test in tests))
    event = event_of({"a": value})
    assert predicate(condition)(event) is holds(condition, event)


@given(conditions, st.lists(events, min_size=1, max_size=4))
def test_a_function_decides_as_the_plain_evaluator_does(condition: Condition, several: list[Any]) -> None:
    """Whatever the condition and the event, both say the same; also when asked again."""
    decides = predicate(condition)
    for event in several + several:
        assert decides(event) is holds(condition, event)
