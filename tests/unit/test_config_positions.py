"""Positions of TOML keys and values, held against tomllib."""

import datetime
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from detector.config.positions import KeyPath, Span, Spot, positions

BARE = st.text("abcdefgXYZ019_-", min_size=1, max_size=6)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
QUOTE = str.maketrans({"\\": "\\\\", '"': '\\"'})


def quoted(text: str) -> str:
    return f'"{text.translate(QUOTE)}"'


KEYS = st.one_of(BARE, TEXT.map(quoted))
SCALARS = st.one_of(
    st.integers(-999, 999).map(str),
    st.booleans().map(lambda value: str(value).lower()),
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(lambda value: f"{value:f}"),
    TEXT.map(quoted),
    st.dates(datetime.date(1900, 1, 1)).map(str),
    st.sampled_from(["'a\\b'", '"""a\nb"""', "'''\nx'''", "1979-05-27T07:32:00Z", "0xff", "07:32:00"]),
)


def arrays(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joins = st.sampled_from([",", ", ", ",\n  ", ", # why\n\t"])
    return st.tuples(st.lists(items, max_size=3), joins).map(lambda drawn: f"[{drawn[1].join(drawn[0])}]")


def inline(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.dictionaries(KEYS, items, max_size=3).map(
        lambda drawn: f"{{ {', '.join(f'{key} = {value}' for key, value in drawn.items())} }}"
    )


VALUES = st.recursive(SCALARS, lambda items: arrays(items) | inline(items), max_leaves=6)
PAIRS = st.tuples(st.lists(KEYS, min_size=1, max_size=2).map(".".join), VALUES).map(" = ".join)
HEADERS = st.tuples(st.lists(KEYS, min_size=1, max_size=3).map(".".join), st.booleans()).map(
    lambda drawn: f"[[{drawn[0]}]]" if drawn[1] else f"[{drawn[0]}]"
)
LINES = st.lists(st.one_of(PAIRS, PAIRS, HEADERS, st.just("# why"), st.just("")), max_size=12)


def accepted(lines: list[str]) -> str:
    """As many of the lines as make a document together, each added if tomllib takes it after those before."""
    text = ""
    for line in lines:
        try:
            tomllib.loads(f"{text}{line}\n")
        except tomllib.TOMLDecodeError:
            continue
        text += f"{line}\n"
    return text


def leaves(value: Any, path: KeyPath = ()) -> list[tuple[KeyPath, Any]]:
    if isinstance(value, dict):
        return [leaf for key, one in value.items() for leaf in leaves(one, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, one in enumerate(value) for leaf in leaves(one, (*path, index))]
    return [(path, value)]


def written(text: str, span: Span) -> str:
    return text.split("\n")[span.line - 1][span.column - 1 :][: span.length]


@given(LINES)
def test_every_value_stands_where_positions_says(lines: list[str]) -> None:
    """At each value's place stands a text that tomllib reads as that very value, and at its key that key."""
    text = accepted(lines)
    spots = positions(text)
    for path, value in leaves(tomllib.loads(text)):
        spot = spots[path]
        shown = written(text, spot.value)
        if '"""' not in shown and "'''" not in shown:
            assert tomllib.loads(f"it = {shown}") == {"it": value}
        if isinstance(path[-1], str):
            assert tomllib.loads(f"{written(text, spot.key)} = 0") == {path[-1]: 0}


def test_items_of_arrays_of_tables_are_told_apart() -> None:
    """The same key in the second [[source]] has the second one's line."""
    spots = positions('[[source]]\npath = "a"\n\n[[source]]\n  path = "bé" # c\n[source.sub]\nx = [1,\n 22]\n')
    assert spots["source", 0, "path"].key == Span(line=2, column=1, length=4)
    assert spots["source", 1] == Spot(key=Span(line=4, column=3, length=6), value=Span(line=4, column=3, length=6))
    assert spots["source", 1, "path"].value == Span(line=5, column=10, length=4)
    assert spots["source", 1, "sub", "x", 1].value == Span(line=8, column=2, length=2)


def test_columns_count_characters() -> None:
    """A letter of several bytes is one column."""
    assert positions('"ä€𝄞" = 1')["ä€𝄞",].value == Span(line=1, column=9, length=1)
