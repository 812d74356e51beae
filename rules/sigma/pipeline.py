"""Processing pipelines of pySigma in YAML: read, checked, and made into pySigma's own items.

A pipeline may come from anywhere. So every key and value is checked here before pySigma sees it; what would read a
file, fetch something, run something or act upon queries is refused by name; expressions go through RE2 alone; and
expressions of conditions are parsed by our own parser, since pySigma's takes exponential time for parentheses.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rules.sigma.detection import Detection
from rules.sigma.document import Node, is_scalar, kind
from rules.sigma.errors import RuleError
from rules.sigma.modifiers import renamed
from rules.sigma.pipeline_parts import KINDS, Parts
from rules.sigma.reading import documents

KEYS: Final = ("name", "priority", "vars", "transformations", "allowed_backends", "postprocessing", "finalizers")
QUERIES: Final = ("postprocessing", "finalizers")
OURS: Final = "tocsin"  #: as one of ``allowed_backends``
MAX_CHARS: Final = 1_000_000  #: of a pipeline's text
MAX_ITEMS: Final = 500  #: transformations of a pipeline
MAX_NESTED: Final = 3  #: levels of ``nest``
#: What pySigma can and we cannot, and why.
REFUSED: Final[Mapping[str, str]] = {
    "query_expression_placeholders": "there is no query that an expression could stand in",
    "file_placeholders": "a pipeline reads no other files",
    "http_placeholders": "a pipeline fetches nothing",
    "command_placeholders": "a pipeline runs nothing",
    "field_name_transform": "it needs a function in Python",
}
ITEM_KEYS: Final = (
    "type", "id",
    *(f"{one}_{end}" for one in KINDS for end in ("conditions", "cond_op", "cond_not", "cond_expr")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pipelines:
    """The texts of pipelines: (path, text) each."""

    everywhere: tuple[tuple[str, str], ...] = ()  #: for every rule
    by_source: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)  #: besides, for its events

    def __bool__(self) -> bool:
        return bool(self.everywhere or any(self.by_source.values()))


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a pipeline, as pySigma's, with the items within it (``nest``)."""

    place: str  #: for people: ``windows.yml:12 (field_name_mapping)``
    made: Any  #: pySigma's ProcessingItem; of a nest, one without items
    inner: "tuple[Item, ...]" = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline that can be applied."""

    path: str
    version: str  #: hash of its text
    priority: int  #: of several, those with lower ones are applied first
    variables: Mapping[str, Any]
    items: tuple[Item, ...]


def read_pipeline(path: str, text: str) -> tuple[Pipeline | None, list[RuleError]]:
    """The pipeline in *text*; None, and every reason, if there is something wrong with it."""
    if len(text) > MAX_CHARS:
        message = f"a pipeline has at most {MAX_CHARS:,} characters"
        return None, [RuleError(path=path, line=1, column=1, message=message)]
    found, errors = documents(path, text)
    if errors or not found:
        return None, errors or [RuleError(path=path, line=1, column=1, message="there is no pipeline in it")]
    if len(found) > 1:
        found[1].error(found[1].root, "a pipeline is one document", "write one file each", length=1)
        return None, found[1].errors
    made = _Reader(found[0]).pipeline()
    return (None if found[0].errors else made), found[0].errors


class _Reader(Parts):
    """Reads the nodes of a pipeline; what is wrong goes to the document."""

    seen = 0  #: transformations

    def pipeline(self) -> Pipeline:
        document = self.document
        nodes = {name: value for name, (_, value) in document.items(document.root, "a pipeline", KEYS).items()}
        for name in QUERIES:
            if name in nodes and (is_scalar(nodes[name]) or nodes[name].value):
                document.error(
                    nodes[name], f"{name} acts upon queries, and there are none here", "leave it out", length=1
                )
        backends = nodes.get("allowed_backends")
        if backends is not None and OURS not in document.texts(backends, "allowed_backends"):
            document.error(backends, "allowed_backends: this pipeline is for others", f'add "{OURS}", or leave it out')
        priority = document.plain(nodes["priority"]) if "priority" in nodes else 0
        if type(priority) is not int:
            document.error(nodes["priority"], f"priority must be a whole number, not {kind(nodes['priority'])}")
        if "name" in nodes:
            document.text(nodes["name"], "name")
        return Pipeline(
            path=document.path,
            version=document.version,
            priority=priority if type(priority) is int else 0,
            variables=self.variables(nodes["vars"]) if "vars" in nodes else {},
            items=self.items(nodes["transformations"], 0) if "transformations" in nodes else (),
        )

    def variables(self, node: Node) -> dict[str, Any]:
        """What ``value_placeholders`` fills in: a text, a number, or a list of these, by name."""
        found = {}
        for name, (_, value) in self.document.items(node, "vars").items():
            parts = [value] if is_scalar(value) else value.value if kind(value) == "a list" else []
            plain = [self.document.plain(part) for part in parts]
            if not parts or any(type(one) not in (str, int, float) for one in plain):
                self.document.error(value, f"vars.{name} must be a text, a number or a list of these")
            found[name] = plain
        return found

    def items(self, node: Node, depth: int) -> tuple[Item, ...]:
        if kind(node) != "a list":
            self.document.error(node, f"transformations must be a list, not {kind(node)}")
            return ()
        self.seen += len(node.value)
        if self.seen > MAX_ITEMS:
            self.document.error(node, f"a pipeline has at most {MAX_ITEMS} transformations", length=1)
            return ()
        if depth > MAX_NESTED:
            self.document.error(node, f"at most {MAX_NESTED} levels of nest")
            return ()
        return tuple(made for one in node.value if (made := self.item(one, depth)) is not None)

    def item(self, node: Node, depth: int) -> Item | None:
        """One transformation with its conditions."""
        before = len(self.document.errors)
        nodes = self.document.items(node, "a transformation")
        name = self.type_of(node, nodes, self.transformations, "transformation")
        if name is None:
            return None
        if name in REFUSED:
            self.document.error(nodes["type"][1], f'transformation "{name}" is not supported', REFUSED[name])
            return None
        own = {key: pair for key, pair in nodes.items() if key not in ITEM_KEYS}
        inner = self.items(own["items"][1], depth + 1) if name == "nest" and "items" in own else ()
        place = f"{self.document.path}:{node.start_mark.line + 1}"
        parameters = self.parameters(node, name, self.transformations[name], own, ITEM_KEYS)
        if name == "nest":
            parameters["items"] = []
        if name == "add_condition":
            self.added(own)
            parameters["conditions"] = renamed(parameters.get("conditions"))
            parameters.setdefault("name", f"_cond_{hashlib.sha256(place.encode()).hexdigest()[:8]}")
        linked = self.linked(nodes)
        if len(self.document.errors) > before:
            return None
        made = self.built(node, lambda: self.processing_item(name, parameters, linked, nodes, place))
        return None if made is None else Item(f"{place} ({name})", made, inner)

    def processing_item(
        self, name: str, parameters: dict[str, Any], linked: dict[str, Any], nodes: Mapping[str, Any], place: str
    ) -> Any:
        from sigma.processing.pipeline import ProcessingItem

        identifier = str(self.document.plain(nodes["id"][1])) if "id" in nodes else place
        transformation: Any = self.transformations[name](**parameters)
        return ProcessingItem(transformation, identifier=identifier, **linked)

    def added(self, nodes: Mapping[str, tuple[Node, Node]]) -> None:
        """The conditions that ``add_condition`` adds are as in a detection."""
        if "conditions" in nodes and kind(nodes["conditions"][1]) == "a mapping":
            Detection(self.document, {}, is_open=True).selection(nodes["conditions"][1], "conditions")
