"""The documents of a rule file as one collection: ``action: global``, ``reset`` and ``repeat``.

They are taken as pySigma's SigmaCollection takes them: what a global document says goes over what each rule behind it
says, until the next global or reset; a repeat says what differs from the document before it. Correlations and filters
are left as they are. Every node keeps its place in the file.
"""

from collections.abc import Iterable
from typing import Final

import yaml

from rules.sigma.document import MAX_NODES, Document, Node, size
from rules.sigma.errors import RuleError, nearest

ACTIONS: Final = ("global", "reset", "repeat")
IDENTITIES: Final = ("id", "name", "title")  #: by the first of them that it has, a rule is told from others
MAX_MERGED: Final = 20 * MAX_NODES  #: values in all that the actions of a file may make


def collected(documents: Iterable[Document]) -> tuple[list[Document], list[RuleError]]:
    """The rules that the documents of one file make, and what is wrong with the actions."""
    collection = _Collection()
    for document in documents:
        if isinstance(document.root, yaml.MappingNode):
            collection.take(document, document.root)
        else:
            collection.made.append(document)
    return collection.made, collection.errors


class _Collection:
    def __init__(self) -> None:
        self.made: list[Document] = []
        self.errors: list[RuleError] = []
        self._template: tuple[yaml.MappingNode, tuple[Node, ...]] | None = None
        self._before: tuple[yaml.MappingNode, tuple[Node, ...]] | None = None
        self._is_lost = False  #: what a repeat would be about could not be read
        self._merged = 0
        self._identities: dict[int, int] = {}  #: by identity of the node that names a rule: how many rules it names

    def take(self, document: Document, root: yaml.MappingNode) -> None:
        """Act upon one document."""
        self._is_lost = self._is_lost or document.is_behind_gap
        action = _value(root, "action")
        if action is None:
            self._rule(document, root)
            return
        bare = _without(root, "action")
        if action.value == "global":
            self._template = self._before = (bare, (root,))
            self._is_lost = False
        elif action.value == "reset":
            self._template = None
        elif action.value == "repeat" and not self._is_lost:
            self._repeat(document, bare)
        else:
            self._refuse(document, action)

    def _refuse(self, document: Document, action: Node) -> None:
        if action.value == "repeat":
            document.error(action, "what it repeats could not be read", "put that right first")
        else:
            document.error(action, f'action cannot be "{action.value}"', nearest(str(action.value), ACTIONS))
        self.errors.extend(document.errors)

    def _rule(self, document: Document, root: yaml.MappingNode) -> None:
        if _value(root, "correlation") is not None or _value(root, "filter") is not None:
            self._make(document, root, ())
            return
        self._is_lost = False
        over = self._template
        merged = root if over is None else overlaid(root, over[0])
        self._before = (merged, (root, *(over[1] if over else ())))
        self._make(document, *self._before)

    def _repeat(self, document: Document, bare: yaml.MappingNode) -> None:
        below = self._before
        merged = bare if below is None else overlaid(_at(below[0], bare), bare)
        again = (merged, (document.root, *(below[1] if below else ())))
        if below is not None and below is self._template:  # so it is there: it stays in force with what was added
            self._template = again
        self._before = again
        self._make(document, *again)

    def _make(self, document: Document, root: yaml.MappingNode, parts: tuple[Node, ...]) -> None:
        if len(parts) > 1:
            self._merged += (grown := size(root))
            if grown > MAX_NODES or self._merged > MAX_MERGED:
                document.error(document.root, "the actions of this file make too much of it", length=1)
                self.errors.extend(document.errors)
                return
        identity = next((node for name in IDENTITIES if (node := _value(root, name)) is not None), root)
        ordinal = self._identities.get(id(identity), 0)
        self._identities[id(identity)] = ordinal + 1
        self.made.append(document if root is document.root else document.of(root, parts, ordinal))


def overlaid(below: yaml.MappingNode, above: yaml.MappingNode) -> yaml.MappingNode:
    """*below* with what *above* says instead; what is a mapping in both is overlaid in turn."""
    pairs = list(below.value)
    places = {key.value: at for at, (key, _) in reversed(list(enumerate(pairs))) if isinstance(key, yaml.ScalarNode)}
    for key, value in above.value:
        at = places.pop(key.value, None) if isinstance(key, yaml.ScalarNode) else None
        if at is None:  # also what stands twice in one mapping: that is told of later
            pairs.append((key, value))
        elif isinstance(value, yaml.MappingNode) and isinstance(inner := pairs[at][1], yaml.MappingNode):
            pairs[at] = (pairs[at][0], overlaid(inner, value))
        else:
            pairs[at] = (key, value)
    return _at(yaml.MappingNode(below.tag, pairs), below)


def _at(node: yaml.MappingNode, place: Node) -> yaml.MappingNode:
    """The same mapping, told to stand where *place* does."""
    return yaml.MappingNode(node.tag, node.value, place.start_mark, place.end_mark)


def _value(root: yaml.MappingNode, name: str) -> Node | None:
    return next((value for key, value in root.value if isinstance(key, yaml.ScalarNode) and key.value == name), None)


def _without(root: yaml.MappingNode, name: str) -> yaml.MappingNode:
    pairs = [pair for pair in root.value if not (isinstance(pair[0], yaml.ScalarNode) and pair[0].value == name)]
    return _at(yaml.MappingNode(root.tag, pairs), root)
