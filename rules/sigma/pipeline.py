"""Processing pipelines of pySigma in YAML: read, checked, and made into pySigma's own items.

A pipeline may come from anywhere. So every key and value is checked here before pySigma sees it; what would read a
file, fetch something, run something or act upon queries is refused by name; expressions go through RE2 alone; and
expressions of conditions are parsed by our own parser, since pySigma's takes exponential time for parentheses.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, signature
from typing import Any, Final

from rules.sigma import condition as conditions
from rules.sigma.detection import Detection
from rules.sigma.document import Document, Node, documents, is_null, is_scalar, kind
from rules.sigma.errors import RuleError, nearest
from rules.sigma.model import And, Condition, Not, Or, Selection
from rules.sigma.modifiers import Unsuitable, renamed
from rules.sigma.parameters import PARAMETERS, Wrong

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
KINDS: Final = ("rule", "detection_item", "field_name")  #: of conditions; each has its keys
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


class _Reader:
    """Reads the nodes of a pipeline; what is wrong goes to the document."""

    def __init__(self, document: Document) -> None:
        from sigma.processing import conditions as of_items
        from sigma.processing.transformations import transformations

        self.document = document
        self.seen = 0  #: transformations
        self.transformations = transformations
        self.conditions = {
            "rule": of_items.rule_conditions,
            "detection_item": of_items.detection_item_conditions,
            "field_name": of_items.field_name_conditions,
        }

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

    def type_of(self, node: Node, nodes: Mapping[str, Any], known: Mapping[str, Any], what: str) -> str | None:
        if "type" not in nodes:
            self.document.error(node, f"a {what} needs its type", nearest("", known, show=len(known) < 12), length=1)
            return None
        name = self.document.text(nodes["type"][1], "type")
        if name is None or name in known:
            return name
        self.document.error(nodes["type"][1], f'there is no {what} "{name}"', nearest(name, known))
        return None

    def parameters(
        self,
        owner: Node,
        name: str,
        made_by: type,
        nodes: Mapping[str, tuple[Node, Node]],
        others: tuple[str, ...] = ("type",),
    ) -> dict[str, Any]:
        """What the transformation or condition is told, each of the right kind; *others*: keys beside them."""
        takes = {one: each for one, each in signature(made_by).parameters.items() if not one.startswith("_")}
        found: dict[str, Any] = {}
        for key, (key_node, value) in nodes.items():
            if key not in takes:
                self.document.error(key_node, f'unknown key "{key}" in {name}', nearest(key, (*takes, *others)))
                continue
            plain = self.document.plain(value)
            found[key] = self.mapping(value) if key == "mapping" and kind(value) == "a mapping" else plain
            try:
                PARAMETERS[key](name, plain)
            except Wrong as error:
                self.document.error(value, f"{key} of {name} must be {error}, not {kind(value)}")
            except Unsuitable as error:
                self.document.error(value, str(error), error.hint)
        missing = [one for one, each in takes.items() if each.default is Parameter.empty and one not in found]
        if missing:
            self.document.error(owner, f"{name} needs {' and '.join(missing)}", length=1)
        return found

    def mapping(self, node: Node) -> dict[str | None, Any]:
        """A mapping in which null stands for keywords, which have no field."""
        return {
            None if is_null(key) else str(self.document.plain(key)): self.document.plain(to) for key, to in node.value
        }

    def added(self, nodes: Mapping[str, tuple[Node, Node]]) -> None:
        """The conditions that ``add_condition`` adds are as in a detection."""
        if "conditions" in nodes and kind(nodes["conditions"][1]) == "a mapping":
            Detection(self.document, {}, is_open=True).selection(nodes["conditions"][1], "conditions")

    def linked(self, nodes: Mapping[str, tuple[Node, Node]]) -> dict[str, Any]:
        """The conditions of an item and how they are put together, as pySigma's ProcessingItem takes them."""
        found: dict[str, Any] = {}
        for one in KINDS:
            of_kind = {key.removeprefix(f"{one}_"): pair[1] for key, pair in nodes.items() if key.startswith(f"{one}_")}
            made = self.conditions_of(one, of_kind["conditions"]) if "conditions" in of_kind else {}
            found[f"{one}_conditions"] = made
            negated = self.document.plain(of_kind["cond_not"]) if "cond_not" in of_kind else False
            if type(negated) is not bool:
                self.document.error(of_kind["cond_not"], f"{one}_cond_not must be true or false")
            found[f"{one}_condition_negation"] = negated
            if "cond_expr" in of_kind:
                found[f"{one}_condition_expression"] = self.expression(of_kind["cond_expr"], made)
                if "cond_op" in of_kind:
                    self.document.error(of_kind["cond_op"], f"{one}_cond_op does not go with {one}_cond_expr")
            else:
                found[f"{one}_condition_linking"] = self.linking(of_kind.get("cond_op"), one)
        return found

    def linking(self, node: Node | None, of_kind: str) -> Callable[[Any], bool]:
        written = self.document.plain(node) if node is not None else "and"
        if node is not None and written not in ("and", "or"):
            self.document.error(node, f'{of_kind}_cond_op must be "and" or "or", not "{written}"')
        return any if written == "or" else all

    def conditions_of(self, of_kind: str, node: Node) -> dict[str, Any]:
        """The conditions by name; of a list, by number."""
        if kind(node) == "a list":
            named = {str(at): value for at, value in enumerate(node.value, 1)}
        else:
            named = {name: value for name, (_, value) in self.document.items(node, f"{of_kind}_conditions").items()}
        made = {name: self.condition(of_kind, value) for name, value in named.items()}
        return {name: one for name, one in made.items() if one is not None}

    def condition(self, of_kind: str, node: Node) -> Any:
        before = len(self.document.errors)
        nodes = self.document.items(node, "a condition")
        known = self.conditions[of_kind]
        name = self.type_of(node, nodes, known, f"{of_kind} condition".replace("_", " "))
        if name is None:
            return None
        own = {key: pair for key, pair in nodes.items() if key != "type"}
        parameters = self.parameters(node, name, known[name], own)
        if parameters.get("mode") == "re" and isinstance(parameters.get("fields"), list):
            for written, value in zip(parameters["fields"], own["fields"][1].value, strict=True):
                self.field_expression(written, value)
        if len(self.document.errors) > before:
            return None
        return self.built(node, lambda: known[name](**parameters))

    def field_expression(self, written: str, node: Node) -> None:
        try:
            PARAMETERS["pattern"]("", written)
        except Unsuitable as error:
            self.document.error(node, str(error), error.hint)

    def built(self, node: Node, make: Callable[[], Any]) -> Any:
        """What *make* gives; what pySigma has against it is told at *node*."""
        try:
            return make()
        except Exception as error:  # pySigma's own, and what wrong kinds of values lead to
            self.document.error(node, f"pySigma does not take it: {error}", length=1)
            return None

    def expression(self, node: Node, named: Mapping[str, Any]) -> Any:
        """An expression over conditions, as pySigma's tree."""
        written = self.document.text(node, "the expression")
        if written is None:
            return None
        try:
            tree, used = conditions.parse(written, dict.fromkeys(named, Or(())))
        except conditions.ConditionError as error:
            self.document.error(node, f"expression: {error}", error.hint)
            return None
        if unused := set(named) - used:
            self.document.error(
                node, f'the expression leaves out "{min(unused)}"', "use it, or leave the condition out"
            )
        return _tree(tree, written)


def _tree(tree: Condition, written: str) -> Any:
    from sigma.processing import condition_expressions as theirs

    match tree:
        case Selection(name):
            made: Any = theirs.ConditionIdentifier(0, name)
        case Not(part):
            made = theirs.ConditionNOT(0, _tree(part, written))
        case And(parts) | Or(parts):
            join = theirs.ConditionAND if isinstance(tree, And) else theirs.ConditionOR
            made = _tree(parts[0], written)
            for part in parts[1:]:
                made = join(0, made, _tree(part, written))
        case _:
            raise AssertionError(tree)
    made.set_expression(written)
    return made
