"""Where in a TOML text each key and each value stands: what tomllib does not tell."""

import tomllib
from dataclasses import dataclass

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

KeyPath = tuple[str | int, ...]
"""Names of tables and keys, and indexes of arrays, from the document's top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of one line."""

    line: int  #: from 1
    column: int  #: in characters, from 1
    length: int  #: in characters, at least 1; of what spans several lines, the part on the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a key and its value stand; in arrays, and for tables, both are the same."""

    key: Span
    value: Span


def positions(text: str) -> dict[KeyPath, Spot]:
    """The spot of every table, key, value and item of an array in *text*, which tomllib has accepted."""
    return _Reader(text).spots


class _Reader:
    """Walks the syntax tree once, keeping which item of each array of tables is being written."""

    def __init__(self, text: str) -> None:
        source = text.encode()
        self.spots: dict[KeyPath, Spot] = {}
        self._lines = source.split(b"\n")
        self._items: dict[KeyPath, int] = {}
        for node in Parser(Language(tree_sitter_toml.language())).parse(source).root_node.named_children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type in ("table", "table_array_element"):
                self._table(node)

    def _table(self, node: Node) -> None:
        header, *pairs = [child for child in node.named_children if child.type != "comment"]
        keys = self._keys(header)
        path: KeyPath = ()
        for at, (name, key) in enumerate(keys, start=1):
            path = (*path, name)
            self._note(path, key, key)
            if node.type == "table_array_element" and at == len(keys):
                self._items[path] = self._items.get(path, -1) + 1
            if path in self._items:
                path = (*path, self._items[path])
                self._note(path, key, key)
        for pair in pairs:
            self._pair(pair, path)

    def _pair(self, node: Node, path: KeyPath) -> None:
        if node.type != "pair" or len(node.named_children) < 2:
            return  # the grammar met something that it does not know; tomllib did
        key_node, *_, value_node = [child for child in node.named_children if child.type != "comment"]
        for name, key in self._keys(key_node):
            path = (*path, name)
            self._note(path, key, key)
        # What was noted for the last part of the key is only half of it: its value stands elsewhere.
        self.spots[path] = Spot(key=self._span(self._last(key_node)), value=self._span(value_node))
        self._value(value_node, path)

    def _value(self, node: Node, path: KeyPath) -> None:
        items = [child for child in node.named_children if child.type != "comment"]
        if node.type == "inline_table":
            for item in items:
                self._pair(item, path)
        elif node.type == "array":
            for index, item in enumerate(items):
                self._note((*path, index), self._span(item), self._span(item))
                self._value(item, (*path, index))

    def _note(self, path: KeyPath, key: Span, value: Span) -> None:
        self.spots.setdefault(path, Spot(key=key, value=value))

    def _keys(self, node: Node) -> list[tuple[str, Span]]:
        if node.type == "dotted_key":
            return [part for child in node.named_children for part in self._keys(child)]
        return [(_name(node), self._span(node))]

    def _last(self, node: Node) -> Node:
        return self._last(node.named_children[-1]) if node.type == "dotted_key" else node

    def _span(self, node: Node) -> Span:
        row, start = node.start_point
        line = self._lines[row]
        end = node.end_point.column if node.end_point.row == row else len(line.rstrip())
        column = len(line[:start].decode(errors="replace"))
        return Span(line=row + 1, column=column + 1, length=max(1, len(line[start:end].decode(errors="replace"))))


def _name(node: Node) -> str:
    """A key as it is meant: without its quotes and escapes."""
    text = (node.text or b"").decode()
    if node.type == "bare_key":
        return text
    return next(iter(tomllib.loads(f"{text} = 0")))
