"""A YAML document with its marks: plain values and the place of each, and the errors that were found in it."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import yaml

from rules.sigma.errors import Level, RuleError, RuleRemark, nearest

MAX_NODES: Final = 20_000  #: of one document with its aliases written out ("billion laughs")

Node = yaml.Node


class Loader(yaml.CSafeLoader):
    """YAML without dates: a rule's dates are text to us."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # as PyYAML declares it
        first: [(tag, expression) for tag, expression in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


class Document:
    """One YAML document of a rule file. Problems are gathered, not raised, so that all are told at once."""

    def __init__(
        self,
        path: str,
        lines: Sequence[str],
        root: Node,
        loader: Any,
        parts: tuple[Node, ...] = (),
        ordinal: int = 0,
        *,
        is_behind_gap: bool = False,
    ) -> None:
        """*parts*: the roots of all documents it was made of, if several; *ordinal*: see ``of``.

        *is_behind_gap*: what stood right before it in the file could not be read.
        """
        self.path = path
        self.root = root
        self.ordinal = ordinal
        self.is_behind_gap = is_behind_gap
        self.errors: list[RuleError] = []
        self._lines = lines
        self._loader = loader
        self._parts = parts or (root,)

    def of(self, root: Node, parts: tuple[Node, ...], ordinal: int) -> "Document":
        """A document of the same file that was put together from several; *ordinal*: how many before it bear its id."""
        return Document(self.path, self._lines, root, self._loader, parts, ordinal)

    @property
    def line(self) -> int:
        """Where the document starts, from 1."""
        return int(self.root.start_mark.line) + 1

    @property
    def version(self) -> str:
        """Hash of the document's text: 16 hex digits."""
        return hashlib.sha256("\0".join(map(self._text_of, self._parts)).encode()).hexdigest()[:16]

    def _text_of(self, root: Node) -> str:
        end = root.end_mark
        lines = self._lines[root.start_mark.line : end.line + (end.column > 0)]
        return "\n".join(line.rstrip() for line in lines).strip()

    @property
    def name(self) -> str:
        """What people call the rule, as far as it can be read."""
        if isinstance(self.root, yaml.MappingNode):
            heads = {key.value: value.value for key, value in self.root.value if is_scalar(key) and is_scalar(value)}
            return str(heads.get("title") or heads.get("id") or "")
        return ""

    def error(self, node: Node, message: str, hint: str = "", *, shift: int = 0, length: int | None = None) -> None:
        """Say that something is wrong at *node*; *shift* and *length* pick a part of its text."""
        found = self.problem(node, message, hint, shift=shift, length=length)
        if found not in self.errors:
            self.errors.append(found)

    def problem(
        self, node: Node, message: str, hint: str = "", *, shift: int = 0, length: int | None = None
    ) -> RuleError:
        """What ``error`` says, without saying it."""
        return RuleError(message=message, hint=hint, **self._place(node, shift, length))

    def remark(self, level: Level, node: Node, message: str, hint: str, *, shift: int, length: int) -> RuleRemark:
        """What may be wrong at *node*, or at a part of its text."""
        return RuleRemark(level=level, message=message, hint=hint, **self._place(node, shift, length))

    def _place(self, node: Node, shift: int, length: int | None) -> dict[str, Any]:
        start, end = node.start_mark, node.end_mark
        line = self._lines[start.line] if start.line < len(self._lines) else ""
        if length is None:
            length = (end.column if end.line == start.line else len(line.rstrip())) - start.column
        return {
            "path": self.path,
            "line": start.line + 1,
            "column": start.column + 1 + shift,
            "rule": self.name,
            "source_line": line.rstrip(),
            "length": length,
        }

    def is_on_one_line(self, node: Node, text: str) -> bool:
        """Whether *text* stands in the file just as the node's value, so that places in it are places in the line."""
        start = node.start_mark
        at = start.column + quote_width(node)
        return self._lines[start.line][at : at + len(text)] == text

    def items(self, node: Node, what: str, allowed: tuple[str, ...] | None = None) -> dict[str, tuple[Node, Node]]:
        """The (key, value) nodes of a mapping by name; wrong ones are reported and left out."""
        if not isinstance(node, yaml.MappingNode):
            self.error(node, f"{what} must be a mapping (name: value), not {kind(node)}")
            return {}
        found: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.error(key, f"a key of {what} must be text, not {kind(key)}")
            elif key.tag == "tag:yaml.org,2002:merge":
                self.error(key, "merge keys (<<) are not supported", "write the keys out")
            elif key.value in found:
                self.error(key, f'key "{key.value}" stands twice in {what}', "keep one of them")
            elif allowed is not None and key.value not in allowed:
                self.error(key, f'unknown key "{key.value}" in {what}', nearest(key.value, allowed))
            else:
                found[key.value] = (key, value)
        return found

    def plain(self, node: Node) -> Any:
        """The value of a node: str, int, float, bool, None, list or dict."""
        if isinstance(node, yaml.MappingNode):
            return {str(self.plain(key)): self.plain(value) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item) for item in node.value]
        try:
            return self._loader.construct_object(node, deep=True)
        except (ValueError, yaml.YAMLError):
            self.error(node, f'"{node.value}" cannot be read as {kind(node)}', "quote it")
            return node.value

    def text(self, node: Node, what: str) -> str | None:
        """The node as text; reported and None if it is something else."""
        value = self.plain(node)
        if isinstance(value, str):
            return value
        self.error(node, f"{what} must be text, not {kind(node)}", "quote it" if is_scalar(node) else "")
        return None

    def texts(self, node: Node, what: str) -> tuple[str, ...]:
        """The node as a list of texts; what is wrong is reported."""
        if not isinstance(node, yaml.SequenceNode):
            self.error(node, f"{what} must be a list, not {kind(node)}", f"write: {what}: [one, two]")
            return ()
        if not node.value:
            self.error(node, f"{what} is an empty list", "leave the key out, or name something")
        return tuple(text for item in node.value if (text := self.text(item, f"each of {what}")) is not None)


def kind(node: Node) -> str:
    """What a node is, in words for people."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    names = {"null": "empty (null)", "bool": "a boolean", "int": "an integer", "float": "a number", "str": "text"}
    return names.get(node.tag.rpartition(":")[2], f"a value tagged {node.tag}")


def quote_width(node: Node) -> int:
    """Characters between the node's place and its text: 1 where it is quoted."""
    return 1 if getattr(node, "style", None) in ("'", '"') else 0


def is_scalar(node: Node) -> bool:
    """Whether the node is a single value."""
    return isinstance(node, yaml.ScalarNode)


def is_null(node: Node) -> bool:
    """Whether the node is null or left empty."""
    return is_scalar(node) and node.tag == "tag:yaml.org,2002:null"


def size(root: Node) -> int:
    """How many nodes there are, walked as a tree with its aliases written out; past MAX_NODES nobody counts on."""
    waiting, seen = [root], 0
    while waiting and seen <= MAX_NODES:
        seen += 1
        waiting.extend(_children(waiting.pop()))
    return seen


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value
