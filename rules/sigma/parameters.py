"""What kind of value each parameter of a pipeline's transformations and conditions takes; by name, as in pySigma."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rules.sigma.modifiers import Unsuitable
from rules.sigma.terms import expression

MAX_EXPRESSION: Final = 1000  #: characters of a regular expression
MAX_REPLACEMENT: Final = 200  #: characters of what is put in its place; bounds how much longer a value gets
MAX_NAMES: Final = 50  #: fields or values that one is mapped to; bounds how much larger a rule gets


class Wrong(ValueError):
    """A value of another kind; the message says which kind is wanted."""


Check = Callable[[str, Any], None]
"""Called with the type of the transformation or condition, and the value.

Raises Wrong or Unsuitable.
"""


def _of(wanted: str, *kinds: type) -> Check:
    def check(_: str, value: Any) -> None:
        if type(value) not in kinds:
            raise Wrong(wanted)

    return check


def _choice(choices: Mapping[str, Sequence[str]] | Sequence[str]) -> Check:
    def check(owner: str, value: Any) -> None:
        allowed = choices.get(owner, ()) if isinstance(choices, Mapping) else choices
        if value not in allowed:
            raise Wrong(" or ".join(f'"{one}"' for one in allowed))

    return check


def _texts(_: str, value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Wrong("a list of texts")


def _text_or_texts(owner: str, value: Any) -> None:
    if not isinstance(value, str):
        _texts(owner, value)


def _mapping(owner: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise Wrong("a mapping")
    for one, to in value.items():
        if not isinstance(to, str) and not (isinstance(to, list) and to and all(isinstance(each, str) for each in to)):
            raise Unsuitable(f'mapping of {owner}: "{one}" must be mapped to a text or a list of texts')
        if len(to) > MAX_NAMES and isinstance(to, list):
            raise Unsuitable(f'mapping of {owner}: "{one}" is mapped to more than {MAX_NAMES}')


def _expression(_: str, value: Any) -> None:
    if not isinstance(value, str):
        raise Wrong("text")
    if len(value) > MAX_EXPRESSION:
        raise Unsuitable(f"a regular expression of a pipeline has at most {MAX_EXPRESSION} characters")
    expression(value)


def _replacement(_: str, value: Any) -> None:
    if not isinstance(value, str):
        raise Wrong("text")
    if len(value) > MAX_REPLACEMENT:
        raise Unsuitable(f"a replacement has at most {MAX_REPLACEMENT} characters")


def _anything(_: str, value: Any) -> None:
    """Nothing is wrong with it."""


TEXT: Final = _of("text", str)
FLAG: Final = _of("true or false", bool)
SCALAR: Final = _of("text, a number, true, false or null", str, int, float, bool, type(None))

PARAMETERS: Final[Mapping[str, Check]] = {
    **dict.fromkeys(
        (
            "suffix", "prefix", "field_prefix", "message", "key", "attribute", "tag", "category", "product", "service",
            "name", "processing_item_id",
        ),
        TEXT,
    ),
    **dict.fromkeys(
        (
            "template", "negated", "negate", "drop_algo_prefix", "preserve_unmatched", "skip_special",
            "interpret_special",
        ),
        FLAG,
    ),
    **dict.fromkeys(("include", "exclude", "fields", "valid_hash_algos", "field_to_parse"), _texts),
    "field": _text_or_texts,
    "mapping": _mapping,
    "conditions": _of("a mapping", dict),
    "items": _of("a list", list),
    **dict.fromkeys(("regex", "pattern"), _expression),
    "replacement": _replacement,
    **dict.fromkeys(("value", "val"), SCALAR),
    "method": _choice({
        "regex": ("plain", "ignore_case_flag", "ignore_case_brackets"),
        "case": ("lower", "upper", "snake_case"),
    }),
    "cond": _choice(("any", "all")),
    "mode": _choice(("plain", "re")),
    "force_type": _choice(("str", "num")),
    "target_type": _choice(("str", "num")),
    "op": _choice(("eq", "ne", "gte", "gt", "lte", "lt", "in", "not_in")),
}  # fmt: skip
