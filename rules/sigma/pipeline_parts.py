"""The parts of a pipeline's items: types, parameters and conditions, each checked before pySigma sees it."""

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any, Final

from rules.sigma import condition as conditions
from rules.sigma.document import Document, Node, is_null, kind
from rules.sigma.errors import nearest
from rules.sigma.model import And, Condition, Not, Or, Selection
from rules.sigma.modifiers import Unsuitable
from rules.sigma.parameters import PARAMETERS, Wrong

KINDS: Final = ("rule", "detection_item", "field_name")  #: of conditions; each has its keys


class Parts:
    """Reads nodes; what is wrong goes to the document."""

    def __init__(self, document: Document) -> None:
        from sigma.processing import conditions as of_items
        from sigma.processing.transformations import transformations

        self.document = document
        self.transformations = transformations
        self.conditions = {
            "rule": of_items.rule_conditions,
            "detection_item": of_items.detection_item_conditions,
            "field_name": of_items.field_name_conditions,
        }

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
