"""Rules by chance: every modifier, value and condition that SQL has words for, written as YAML.

Left out is what SQLite is known to answer otherwise: docs/decisions/ has the list, and tests hold it.
"""

import json
import re
from typing import Any, Final

from hypothesis import strategies as st

#: Names that SQL must quote are among them.
TEXTS: Final = ("a", "b", "c d", "select", "e.f")
NUMBERS: Final = ("n", "m")  #: hold numbers alone
TRUTHS: Final = ("flag",)  #: hold true or false, as such or as words
ADDRESSES: Final = ("ip",)
TIMES: Final = ("t",)
SIGNS: Final = "aAbBz09 \\*?%_'\"[]^-/.,{}`~\t"

Item = tuple[str, Any]

words = st.text(SIGNS, max_size=6)
whole = st.integers(-3, 40)
numbers = whole | st.sampled_from((0.5, 1.25, -2.5, 10**12))
expressions = st.sampled_from(
    ("a", "^a", "b$", "^a.b$", "[ab]+9", "a|z", "'", "''", '"', r"\\", r"\*", r"\d{2}", "(a)(b)?", "^$", "", "%", "_")
)


def _several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.lists(values, min_size=1, max_size=3)


def _items(
    fields: tuple[str, ...], modifiers: tuple[str, ...], values: st.SearchStrategy[Any]
) -> st.SearchStrategy[Item]:
    """Items like ``field|modifiers: values``; *modifiers* as they are written behind the field."""
    keys = st.builds(
        lambda field, rest: f"{field}|{rest}".rstrip("|"), st.sampled_from(fields), st.sampled_from(modifiers)
    )
    return st.tuples(keys, values)


PLACED: Final = ("", "contains", "startswith", "endswith")
plain = _items(TEXTS, (*PLACED, "neq"), _several(words))
mixed = _items(TEXTS, ("", "neq"), _several(words | whole | st.none()))
every = _items(TEXTS, ("all", "contains|all", "contains|all|neq"), st.lists(words, min_size=1, max_size=3))
cased = _items(TEXTS, tuple(f"{place}|cased".lstrip("|") for place in PLACED), _several(words))
dashes = _items(
    TEXTS,
    ("windash", "windash|contains", "windash|contains|all"),
    st.lists(st.sampled_from((" -a ", "-b", "/a", "a-b", " -a -b")), min_size=1, max_size=2),
)
encoded = _items(
    TEXTS,
    (
        "base64",
        "base64|contains",
        "base64offset|contains",
        "base64offset|contains|all",
        "wide|base64offset|contains",
        "utf16be|base64offset|contains",
        "utf16|base64|contains",
    ),
    _several(st.text("aAb %_'", min_size=4, max_size=8)),
)
matching = _items(TEXTS, ("re", "re|i", "re|m", "re|s", "re|i|m|s", "re|neq"), _several(expressions))
counted = _items(NUMBERS, ("", "neq"), _several(numbers | st.none()))
compared = _items(NUMBERS, ("gt", "gte", "lt", "lte", "gt|neq"), _several(numbers))
truths = _items(TRUTHS, ("", "neq"), st.booleans() | st.none())
networks = _items(
    ADDRESSES,
    ("cidr", "cidr|neq"),
    _several(st.sampled_from(("192.0.2.0/24", "192.0.2.8/29", "10.0.0.0/8", "198.51.100.7/32", "0.0.0.0/0"))),
)
referred = _items(
    TEXTS, ("fieldref", "fieldref|contains", "fieldref|startswith", "fieldref|endswith"), st.sampled_from(TEXTS)
)
present = _items((*TEXTS, *NUMBERS), ("exists",), st.booleans())
moments = st.one_of(
    *(
        _items(TIMES, (part, f"{part}|gte", f"{part}|lt"), _several(st.sampled_from(values)))
        for part, values in (
            ("minute", (0, 30)),
            ("hour", (0, 12)),
            ("day", (1, 28)),
            ("month", (3,)),
            ("year", (2026,)),
        )
    )
)
items = st.one_of(
    plain,
    mixed,
    every,
    cased,
    dashes,
    encoded,
    matching,
    counted,
    compared,
    truths,
    networks,
    referred,
    present,
    moments,
)
#: No wildcards: in the one text that SQLite searches they would reach from one value into the next.
keyword = st.text(SIGNS.replace("*", "").replace("?", "").replace("\\", ""), min_size=1, max_size=4)
keywords = st.lists(keyword | st.integers(0, 40), min_size=1, max_size=3)
mappings = st.lists(items, min_size=1, max_size=3).map(dict)
selections: st.SearchStrategy[Any] = st.one_of(
    mappings,
    mappings,
    st.lists(mappings, min_size=1, max_size=2),
    keywords,
    keywords.map(lambda values: {"|all": values}),
    st.lists(keyword, min_size=1, max_size=3).map(lambda values: {"|cased": values}),
)
NAMES: Final = ("sel_a", "sel_b", "filter_a")
conditions = st.recursive(
    st.sampled_from((*NAMES, "1 of sel_*", "all of sel_*", "1 of them", "all of them", "1 of filter_*")),
    lambda inner: st.one_of(
        inner.map(lambda one: f"not {one}" if " " not in one else f"not ({one})"),
        st.builds("({}) and {}".format, inner, st.sampled_from(NAMES)),
        st.builds("{} or {}".format, inner, inner),
        st.builds("{} and not {}".format, st.sampled_from(NAMES), st.sampled_from(NAMES)),
        inner.map("({})".format),
    ),
    max_leaves=4,
)


def _rule(parts: list[Any], condition: str) -> str:
    detection = {**dict(zip(NAMES, parts, strict=True)), "condition": condition}
    return f"title: A rule\nlogsource: {{product: linux}}\ndetection: {json.dumps(detection)}\n"


rules = st.builds(_rule, st.lists(selections, min_size=3, max_size=3), conditions)
others = st.dictionaries(st.sampled_from(TEXTS), words, max_size=3)


def suits(field: str, value: Any) -> bool:
    """Whether the value is of the kind that the column of the field holds."""
    if field in NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if field in TRUTHS:
        return isinstance(value, bool) or str(value).lower() in ("true", "false", "x", "")
    if field in ADDRESSES:
        return re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}", str(value)) is not None
    if field in TIMES:
        return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(value)) is not None
    return value is not None
