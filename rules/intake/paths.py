"""Where in a JSON document something stands, and texts with such places in them. Pure.

``labels.host``      a member of the alert; ``$.title`` a member of the whole body
``hosts[0].name``    an item of an array, ``[-1]`` its last
``hosts[*].name``    all of them
``"a.b".c``          a name that holds dots
``{host.name}: {problem}``    a text with places; there is none of it if one of its places is empty
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

LONGEST: Final = 200
MOST_STEPS: Final = 16
#: How many values one path leads to at most; more are passed over.
MOST_FOUND: Final = 1000
LONGEST_TEXT: Final = 4000
_ENDS_NAME: Final = frozenset('.[]{}"')
ALL: Final = None


class PathError(ValueError):
    """A path or template that cannot be read. The message says at which character."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path, ready to be followed."""

    text: str
    from_top: bool  #: it begins at the whole body, not at the alert
    steps: tuple[str | int | None, ...]  #: names, indexes, and None for all items


Template = tuple[str | Path, ...]


@dataclass(slots=True)
class Place:
    """One alert within its body; what is found from the top is found once for all alerts."""

    item: Any
    top: Any
    _from_top: dict[Path, list[Any]]

    @classmethod
    def whole(cls, top: Any) -> "Place":
        """The body itself."""
        return cls(top, top, {})

    def at(self, item: Any) -> "Place":
        """The same body, at one of its alerts."""
        return Place(item, self.top, self._from_top)

    def find(self, path: Path) -> list[Any]:
        """All that *path* leads to, in order; nothing where there is nothing."""
        if not path.from_top:
            return _follow(path.steps, self.item)
        if path not in self._from_top:
            self._from_top[path] = _follow(path.steps, self.top)
        return self._from_top[path]

    def text(self, path: Path) -> str:
        """What *path* leads to as text, several joined by commas; "" if there is none."""
        return ", ".join(filter(None, map(text_of, self.find(path))))[:LONGEST_TEXT]

    def fill(self, template: Template) -> str:
        """The text with its places filled; "" if one is empty."""
        parts = [part if isinstance(part, str) else self.text(part) for part in template]
        return "".join(parts)[:LONGEST_TEXT] if all(parts) else ""

    def first(self, templates: Sequence[Template]) -> str:
        """The first of *templates* of which nothing is empty; "" if there is none."""
        return next(filter(None, map(self.fill, templates)), "")

    def first_at(self, paths: Sequence[Path]) -> str:
        """What the first of *paths* that leads to something leads to."""
        return next(filter(None, map(self.text, paths)), "")


def text_of(value: Any) -> str:
    """A value of JSON as text; nothing for null."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return msgspec.json.encode(value).decode()[:LONGEST_TEXT]


def parse(text: str) -> Path:
    """*text* as a path.

    Raises:
        PathError: It is none.
    """
    if len(text) > LONGEST:
        raise PathError(f"a path has at most {LONGEST} characters")
    from_top = text == "$" or text.startswith(("$.", "$["))
    steps = tuple(_steps(text, 1 if from_top else 0))
    if not steps and not from_top:
        raise PathError("a path is missing")
    if len(steps) > MOST_STEPS:
        raise PathError(f"a path has at most {MOST_STEPS} steps")
    return Path(text, from_top, steps)


def _steps(text: str, at: int) -> Iterator[str | int | None]:
    begins = at
    while at < len(text):
        if text[at] == "[":
            step, at = _index(text, at)
            yield step
            continue
        if at > 0:
            if text[at] != ".":
                raise PathError(f'expected "." or "[" at character {at + 1}, not "{text[at]}"')
            at += 1
        elif begins == 0 and text[at] == ".":
            raise PathError("a path begins with a name")
        name, at = _name(text, at)
        yield name


def _index(text: str, at: int) -> tuple[int | None, int]:
    end = text.find("]", at)
    inside = text[at + 1 : end] if end > 0 else ""
    if inside == "*":
        return ALL, end + 1
    digits = inside.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 4):
        raise PathError(f'expected "[0]", "[-1]" or "[*]" at character {at + 1}')
    return int(inside), end + 1


def _name(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] == '"':
        end = text.find('"', at + 1)
        if end < 0:
            raise PathError(f"the quote at character {at + 1} does not end")
        return text[at + 1 : end], end + 1
    end = at
    while end < len(text) and text[end] not in _ENDS_NAME and not text[end].isspace():
        end += 1
    if end == at:
        raise PathError(f"expected a name at character {at + 1}")
    return text[at:end], end


def template(text: str) -> Template:
    """*text* with its places; ``{{`` and ``}}`` stand for braces.

    Raises:
        PathError: It is empty, a brace does not end, or between two is no path.
    """
    if not text:
        raise PathError("a text is missing")
    parts: list[str | Path] = []
    plain, at = "", 0
    while at < len(text):
        if text[at : at + 2] in ("{{", "}}"):
            plain, at = plain + text[at], at + 2
        elif text[at] == "{":
            end = text.find("}", at)
            if end < 0:
                raise PathError(f'the "{{" at character {at + 1} does not end')
            parts += [plain, parse(text[at + 1 : end])] if plain else [parse(text[at + 1 : end])]
            plain, at = "", end + 1
        elif text[at] == "}":
            raise PathError(f'nothing begins that the "}}" at character {at + 1} could end')
        else:
            plain, at = plain + text[at], at + 1
    return tuple([*parts, plain] if plain else parts)


def _follow(steps: Sequence[str | int | None], value: Any) -> list[Any]:
    found = [value]
    for step in steps:
        found = [one for each in found for one in _step(step, each)][:MOST_FOUND]
    return found


def _step(step: str | int | None, value: Any) -> Sequence[Any]:
    if isinstance(step, str):
        return (value[step],) if isinstance(value, dict) and step in value else ()
    if not isinstance(value, list):
        return ()
    if step is None:
        return value
    return (value[step],) if -len(value) <= step < len(value) else ()
