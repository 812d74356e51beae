"""The ``detection`` of a rule as a tree of terms. pySigma applies modifiers to values; places and checks are ours."""

from collections.abc import Mapping, Sequence
from typing import Final

from rules.sigma import condition as conditions
from rules.sigma.document import Document, Node, is_scalar, kind, quote_width
from rules.sigma.errors import nearest
from rules.sigma.model import And, Condition, Not, Or
from rules.sigma.modifiers import ALLOWED, MODIFIERS, Key, Unsuitable, check_kind, combination
from rules.sigma.terms import Undefined, term

WILD: Final = frozenset("*?\\")  #: what makes a pattern of a text


class Detection:
    """Compiles the detection of one document; problems go to the document."""

    def __init__(self, document: Document, placeholders: Mapping[str, Sequence[str]], *, is_open: bool = False) -> None:
        """*placeholders*: what ``expand`` fills in, by name; *is_open*: of the others a pipeline may know something."""
        self.document = document
        self.placeholders = placeholders
        self.is_open = is_open
        self.fields: list[tuple[str, Node]] = []  #: each field that is asked for, at the text that begins with it
        self.words: list[tuple[str, str, Node]] = []  #: each text that a field is asked to equal
        self.idle: list[tuple[str, Node]] = []  #: each selection that no condition names
        self._used: set[str] = set()  #: the selections that conditions name
        self.open: dict[str, tuple[Node, Undefined]] = {}  #: by name of a placeholder that is left to pipelines

    def compile(self, node: Node, what: str = "detection", *, without: tuple[str, ...] = ()) -> Condition | None:
        """The tree of the whole detection; None if something in it is wrong. *without*: keys that are no selections."""
        before = len(self.document.errors)
        items = {name: item for name, item in self.document.items(node, what).items() if name not in without}
        wanted = items.pop("condition", None)
        if old := items.pop("timeframe", None):
            self.document.error(old[0], "timeframe is gone from Sigma", "write a correlation with timespan")
        selections = {name: self.selection(value, f'selection "{name}"') for name, (_, value) in items.items()}
        if wanted is None:
            self.document.error(node, f"{what} has no condition", "for example: condition: selection", length=1)
            return None
        tree = self.condition(wanted[1], {name: part or Or(()) for name, part in selections.items()})
        for name, (key, value) in items.items() if tree is not None else ():
            # What has slipped out of a selection: a field with its value, not a selection that nobody needs.
            if name in self._used:
                continue
            if is_scalar(value) or not conditions.is_name(name):
                hint = "indent it as deep as its neighbours, name it in the condition, or leave it out"
                self.document.error(key, f'the condition does not name "{name}"', hint)
            elif not name.startswith("_"):
                self.idle.append((name, key))
        return tree if len(self.document.errors) == before else None

    def condition(self, node: Node, selections: Mapping[str, Condition]) -> Condition | None:
        """The tree of the condition; of a list of conditions any may hold."""
        if is_scalar(node):
            return self._parsed(node, selections)
        conditions_list = node.value if kind(node) == "a list" else []
        if not conditions_list:
            self.document.error(node, f"condition must be text, not {kind(node)}")
            return None
        parts = [part for item in conditions_list if (part := self._parsed(item, selections))]
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def selection(self, node: Node, what: str) -> Condition | None:
        """A mapping (all items hold), or a list (any part holds)."""
        if is_scalar(node):
            return self.values(node, Key("", None, ()), [node])
        if not node.value:
            empty = "list" if kind(node) == "a list" else "mapping"
            self.document.error(node, f"{what} is an empty {empty}", "an empty selection would match nothing or all")
            return None
        if kind(node) == "a mapping":
            parts = [self.item(*pair) for pair in self.document.items(node, what).values()]
            return _joined(And, parts)
        if all(is_scalar(item) for item in node.value):
            return self.values(node, Key("", None, ()), node.value)
        return _joined(Or, [self._alternative(item, what) for item in node.value])

    def _alternative(self, node: Node, what: str) -> Condition | None:
        if kind(node) == "a list":
            self.document.error(node, f"{what} holds a list within a list")
            return None
        return self.selection(node, f"a part of {what}")

    def item(self, key_node: Node, value_node: Node) -> Condition | None:
        """One ``field|modifiers: values``."""
        key = self._key(key_node)
        if key is None:
            return None
        if is_scalar(value_node):
            return self.values(key_node, key, [value_node])
        if kind(value_node) == "a mapping":
            self.document.error(value_node, f'"{key.written}" must be a value or a list of values, not a mapping')
            return None
        if not value_node.value:
            self.document.error(value_node, f'"{key.written}" is an empty list', "name a value, or null for no value")
            return None
        return self.values(key_node, key, value_node.value)

    def values(self, owner: Node, key: Key, nodes: list[Node]) -> Condition | None:
        """The values of one item: any of them (with ``all``: all of them), negated by ``neq``."""
        parts = [self.value(key, node) for node in nodes]
        joined = _joined(And if "all" in key.modifiers else Or, parts)
        if joined is not None and "neq" in key.modifiers:
            return Not(joined)
        return joined

    def value(self, key: Key, node: Node) -> Condition | None:
        """One value of an item; what is wrong with it is reported at the value."""
        if not is_scalar(node):
            self.document.error(node, f"a value must be text, a number, a boolean or null, not {kind(node)}")
            return None
        try:
            value = self.document.plain(node)
            check_kind(key, value, kind(node))
            if key.field is not None and isinstance(value, str) and key.is_plain and not WILD.intersection(value):
                self.words.append((key.field, value, node))
            if "fieldref" in key.modifiers:
                self.fields.append((value, node))
            return term(key, value, self.placeholders)
        except Undefined as error:
            if self.is_open:
                self.open.update({name: (node, error) for name in error.names if name not in self.open})
                return Or(())
            self.document.error(node, str(error), error.hint)
        except Unsuitable as error:
            self.document.error(node, str(error), error.hint)
        except ValueError as error:  # base of pySigma's errors, and of YAML scalars like 0x_
            self.document.error(node, f"{error} (in {key.written or 'a keyword'})")
        return None

    def _parsed(self, node: Node, selections: Mapping[str, Condition]) -> Condition | None:
        if not is_scalar(node) or not isinstance(text := self.document.plain(node), str):
            self.document.error(node, f"condition must be text, not {kind(node)}")
            return None
        try:
            tree, used = conditions.parse(text, selections)
            self._used |= used
            return tree
        except conditions.ConditionError as error:
            in_place = self.document.is_on_one_line(node, text)
            self.document.error(
                node,
                f"condition: {error}",
                error.hint,
                shift=error.at + quote_width(node) if in_place else 0,
                length=error.length if in_place else None,
            )
            return None

    def _key(self, node: Node) -> Key | None:
        """The key of an item, if its modifiers exist and go together; what is wrong is told at the modifier."""
        written = node.value
        field, *modifiers = written.split("|")
        if field:
            self.fields.append((field, node))
        shifts = [len(field) + quote_width(node) + 1]
        for name in modifiers:
            shifts.append(shifts[-1] + len(name) + 1)
        good = True
        for name, shift in zip(modifiers, shifts, strict=False):
            if name not in MODIFIERS:
                hint = f"{nearest(name, MODIFIERS, show=False)} {ALLOWED}".strip()
                self.document.error(node, f'unknown modifier "{name}"', hint, shift=shift, length=len(name) or 1)
                good = False
        key = Key(written, field or None, tuple(modifiers))
        clash = combination(key) if good else None
        if clash is not None:
            at, name = shifts[clash.index], modifiers[clash.index]
            self.document.error(node, clash.message, clash.hint, shift=at, length=len(name))
        return key if good and clash is None else None


def _joined(join: type[And] | type[Or], parts: Sequence[Condition | None]) -> Condition | None:
    """The parts under one roof; None if one of them is wrong."""
    good = [part for part in parts if part is not None]
    if len(good) != len(parts):
        return None
    return good[0] if len(good) == 1 else join(tuple(good))
