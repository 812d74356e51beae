"""One YAML document becomes one Rule, Correlation or Filter, its references to other rules still as written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, get_args
from uuid import NAMESPACE_URL, UUID, uuid5

from rules.event import Decision, LogSource, Severity
from rules.sigma.detection import Detection
from rules.sigma.document import Document, Node, is_scalar, kind
from rules.sigma.duration import seconds
from rules.sigma.errors import nearest
from rules.sigma.expression import named
from rules.sigma.filter import under_title
from rules.sigma.model import (
    DEFAULT_ENTITIES,
    DEFAULT_GROUP_BY,
    DEFAULT_WINDOW_SECONDS,
    Condition,
    Correlation,
    CorrelationType,
    Filter,
    Or,
    Rule,
)
from rules.sigma.terms import Undefined
from rules.sigma.threshold import Threshold, aliases, threshold

TEXTS: Final = ("title", "id", "name", "description", "author", "license", "taxonomy", "date", "modified")
LISTS: Final = ("references", "falsepositives", "fields", "tags", "scope")
FREE: Final = ("related", "custom", "simulation", "regression_tests_path")  #: known, not used by us
KEYS: Final = (*TEXTS, *LISTS, *FREE, "status", "level", "logsource", "detection", "correlation", "filter", "tocsin")
STATUSES: Final = ("stable", "test", "experimental", "deprecated", "unsupported")
#: What a rule may find out about a record that there is already.
CLAIMS: Final = ("resolved", "expired")
TOCSIN_KEYS: Final = ("decision", "group-by", "window", "noise-per-day", "pin", "entities", "claims")
ENTITY_KINDS: Final = ("source", "account", "host", "component", "target", "alert", "report")
CORRELATION_KEYS: Final = ("type", "rules", "group-by", "timespan", "condition", "aliases", "generate")
ANY: Final = "any"  #: as the rules of a filter: all those whose log source it takes in


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A rule with what is needed to link it with others."""

    rule: Rule | Correlation | Filter  #: to be used only if the draft is sound
    document: Document
    nodes: Mapping[str, Node]  #: the values of the rule's keys
    references: tuple[tuple[str, Node], ...] = ()  #: of a correlation or filter: each rule it names, and where
    #: placeholders that pipelines may know, by name: where the first stands, and what to say if none does
    open: Mapping[str, tuple[Node, Undefined]] = field(default_factory=dict)
    reads: Detection | None = None  #: what its detection, or filter, asks for

    @property
    def place(self) -> str:
        """Where the rule starts."""
        return f"{self.rule.path}:{self.rule.line}"

    @property
    def names(self) -> tuple[str, ...]:
        """By what correlations may refer to it."""
        return (self.rule.id, self.rule.name) if self.rule.name else (self.rule.id,)

    @property
    def is_sound(self) -> bool:
        """Whether nothing wrong has been found."""
        return not self.document.errors


def draft(document: Document, placeholders: Mapping[str, Sequence[str]], *, is_open: bool = False) -> Draft | None:
    """The rule of a document; None if it is not even a mapping. What is wrong is in ``document.errors``.

    *is_open*: pipelines may know what a placeholder stands for that is not among the *placeholders*.
    """
    nodes = {name: value for name, (_, value) in document.items(document.root, "a rule", KEYS).items()}
    if not nodes:
        return None
    reader = _Reader(document, nodes)
    detection = Detection(document, placeholders, is_open=is_open)
    if "filter" in nodes:
        return reader.filter(detection)
    return reader.correlation() if "correlation" in nodes else reader.rule(detection)


class _Reader:
    """Reads the nodes of one document; what is wrong goes to the document."""

    def __init__(self, document: Document, nodes: Mapping[str, Node]) -> None:
        self.document = document
        self.nodes = nodes

    def rule(self, reads: Detection) -> Draft:
        head = self.head(DEFAULT_GROUP_BY, DEFAULT_WINDOW_SECONDS)
        logsource = self.logsource()
        detection: Condition | None = None
        if "detection" in self.nodes:
            detection = reads.compile(self.nodes["detection"])
        else:
            self.document.error(self.document.root, "a rule needs detection (or correlation)", length=1)
        made = Rule(**head, logsource=logsource, detection=detection or Or(()))
        return Draft(made, self.document, self.nodes, open=reads.open, reads=reads)

    def filter(self, reads: Detection) -> Draft:
        for name in ("detection", "correlation", "tocsin"):
            if name in self.nodes:
                self.document.error(self.nodes[name], f"a filter has no {name}", "the rules that it names have")
        node = self.nodes["filter"]
        nodes = {name: value for name, (_, value) in self.document.items(node, "filter").items()}
        if "rules" not in nodes:
            self.document.error(node, "a filter needs rules", "name each by its id or name", length=1)
        for_any = "rules" in nodes and is_scalar(nodes["rules"]) and str(nodes["rules"].value).lower() == ANY
        references = () if for_any else tuple(self.references(nodes))
        head = self.head(DEFAULT_GROUP_BY, DEFAULT_WINDOW_SECONDS)
        condition = reads.compile(node, "filter", without=("rules",))
        made = Filter(
            id=head["id"] if "id" in self.nodes else self.identifier("", f"filter:{head['title']}"),
            logsource=self.logsource(),
            rules=tuple(name for name, _ in references),
            for_any=for_any,
            condition=under_title(head["title"], condition or Or(())),
            **{name: head[name] for name in ("title", "path", "line", "version", "description")},
        )
        return Draft(made, self.document, self.nodes, references, reads.open, reads)

    def head(self, group_by: tuple[str, ...], window_seconds: float) -> dict[str, Any]:
        """The values of the fields of Head."""
        texts = {name: self.text(name) for name in TEXTS}
        lists = {name: self.texts(name) for name in LISTS}
        if not texts["title"] and "title" not in self.nodes:
            self.document.error(self.document.root, "a rule needs a title", length=1)
        for name in ("date", "modified"):
            self.date(name, texts[name])
        block = self.block(group_by, window_seconds)
        return {
            "id": self.identifier(texts["id"], texts["name"] or texts["title"]),
            "name": texts["name"] or None,
            "title": texts["title"],
            "path": self.document.path,
            "line": self.document.line,
            "version": self.document.version,
            "author": texts["author"],
            "license": texts["license"],
            "level": Severity(self.choice("level", tuple(Severity)) or Severity.MEDIUM),
            "status": self.choice("status", STATUSES) or "",
            "tags": self.tags(lists["tags"]),
            "references": lists["references"],
            "description": texts["description"],
            "falsepositives": lists["falsepositives"],
            "as_base_only": False,
            **block,
        }

    def text(self, name: str) -> str:
        return (self.document.text(self.nodes[name], name) or "") if name in self.nodes else ""

    def texts(self, name: str) -> tuple[str, ...]:
        return self.document.texts(self.nodes[name], name) if name in self.nodes else ()

    def choice(self, name: str, allowed: Sequence[str], nodes: Mapping[str, Node] | None = None) -> str | None:
        """A value that must be one of a few."""
        node = (self.nodes if nodes is None else nodes).get(name)
        if node is None:
            return None
        value = self.document.plain(node) if is_scalar(node) else None
        if value in allowed:
            return str(value)
        shown = f'"{value}"' if is_scalar(node) else kind(node)
        self.document.error(node, f"{name} cannot be {shown}", nearest(str(value), allowed))
        return None

    def identifier(self, written: str, name: str) -> str:
        """The rule's id; without one, an id that stays the same as long as the name (or title) does.

        Of several rules that one id was written for (``action: global``), the first has it.
        """
        ordinal = self.document.ordinal
        if not written and "id" not in self.nodes:
            return str(uuid5(NAMESPACE_URL, f"tocsin:rule:{name}" + (f":{ordinal}" if ordinal else "")))
        try:
            return str(uuid5(UUID(written), str(ordinal)) if ordinal else UUID(written))
        except ValueError:
            hint = f"for example: {uuid5(NAMESPACE_URL, 'tocsin:rule:' + (name or written))}"
            self.document.error(self.nodes["id"], f'id must be a UUID, not "{written}"', hint)
            return written

    def date(self, name: str, written: str) -> None:
        parts = written.replace("/", "-").split("-")
        if written and not (len(parts) == 3 and len(parts[0]) == 4 and all(part.isdigit() for part in parts)):
            self.document.error(self.nodes[name], f'{name} must be a date, not "{written}"', "write YYYY-MM-DD")

    def tags(self, tags: tuple[str, ...]) -> tuple[str, ...]:
        for node in self.nodes["tags"].value if tags else ():
            namespace, dot, rest = str(node.value).partition(".")
            if not (namespace and dot and rest):
                hint = "for example: attack.t1110"
                self.document.error(node, f'a tag is a namespace, a dot and a name, not "{node.value}"', hint)
        return tags

    def logsource(self) -> LogSource:
        if "logsource" not in self.nodes:
            self.document.error(self.document.root, "a rule needs a logsource", length=1)
            return LogSource()
        node = self.nodes["logsource"]
        items = self.document.items(node, "logsource", ("category", "product", "service", "definition"))
        names = [name for name in ("category", "product", "service") if name in items]
        if not names and not self.document.errors:
            self.document.error(node, "logsource names neither category, product nor service")
        said = {name: self.document.text(items[name][1], name) for name in names}
        for name in names:
            if said[name] == "":
                self.document.error(items[name][1], f"{name} is empty", "leave the key out, or name something")
        return LogSource(**said)

    def block(self, group_by: tuple[str, ...], window_seconds: float) -> dict[str, Any]:
        """What the ``tocsin`` block says, or what holds without it."""
        nodes: dict[str, Node] = {}
        if "tocsin" in self.nodes:
            items = self.document.items(self.nodes["tocsin"], "tocsin", TOCSIN_KEYS)
            nodes = {name: value for name, (_, value) in items.items()}
        return {
            "decision": Decision(self.choice("decision", tuple(Decision), nodes) or Decision.INVESTIGATE),
            "group_by": self.document.texts(nodes["group-by"], "group-by") if "group-by" in nodes else group_by,
            "window_seconds": seconds(self.document, nodes["window"], "window")
            if "window" in nodes
            else window_seconds,
            "noise_per_day": self.number(nodes["noise-per-day"]) if "noise-per-day" in nodes else None,
            "pin": self.flag(nodes["pin"], "pin") if "pin" in nodes else False,
            "entities": self.entities(nodes["entities"]) if "entities" in nodes else DEFAULT_ENTITIES,
            "claims": self.choice("claims", CLAIMS, nodes) or "",
        }

    def entities(self, node: Node) -> tuple[tuple[str, str], ...]:
        """``kind: field`` or ``kind: [field, field]``."""
        found: list[tuple[str, str]] = []
        for name, (_, value) in self.document.items(node, "entities", ENTITY_KINDS).items():
            what = f"entities.{name}"
            fields = [self.document.text(value, what)] if is_scalar(value) else self.document.texts(value, what)
            found.extend((name, field) for field in fields if field)
        return tuple(found)

    def number(self, node: Node) -> float | None:
        value = self.document.plain(node)
        number = None if isinstance(value, bool) or not isinstance(value, int | float) else value
        if number is not None and number >= 0:
            return float(number)
        self.document.error(node, f"noise-per-day must be a number of 0 or more, not {number or kind(node)}")
        return None

    def flag(self, node: Node, what: str) -> bool:
        value = self.document.plain(node)
        if not isinstance(value, bool):
            self.document.error(node, f"{what} must be true or false, not {kind(node)}")
        return value is True

    def correlation(self) -> Draft:
        for name in ("detection", "logsource"):
            if name in self.nodes:
                self.document.error(self.nodes[name], f"a correlation has no {name}", "the rules it refers to have")
        node = self.nodes["correlation"]
        items = self.document.items(node, "correlation", CORRELATION_KEYS)
        nodes = {name: value for name, (_, value) in items.items()}
        condition = nodes.get("condition")
        by_text = condition is not None and is_scalar(condition) and "rules" not in nodes  # an expression names them
        for name in ("type", "timespan") if by_text else ("type", "rules", "timespan"):
            if name not in nodes:
                self.document.error(node, f"correlation needs {name}", length=1)
        kind_of: Any = self.choice("type", get_args(CorrelationType), nodes)
        text = self.document.text(condition, "condition") if condition is not None and by_text else None
        references = self.references(nodes) if text is None else [(name, condition) for name in named(text)]
        rules = tuple(name for name, _ in references)
        asked = threshold(self.document, kind_of, node, condition, rules) if kind_of else Threshold()
        timespan = seconds(self.document, nodes["timespan"], "timespan") if "timespan" in nodes else 0.0
        group_by = self.document.texts(nodes["group-by"], "group-by") if "group-by" in nodes else ()
        head = self.head(group_by, max(DEFAULT_WINDOW_SECONDS, timespan))
        if head["group_by"] != group_by:
            self.document.error(self.nodes["tocsin"], "group-by of a correlation stands in correlation, not in tocsin")
        known, alias_references = aliases(self.document, nodes["aliases"]) if "aliases" in nodes else ({}, [])
        made = Correlation(
            **head,
            type=kind_of or "event_count",
            rules=rules,
            timespan_seconds=timespan,
            aliases=known,
            generate=self.flag(nodes["generate"], "generate") if "generate" in nodes else False,
            bounds=asked.bounds,
            patterns=asked.patterns,
            value_fields=asked.value_fields,
            percentile=asked.percentile,
            needs=asked.needs,
        )
        return Draft(made, self.document, self.nodes, (*references, *alias_references))

    def references(self, nodes: Mapping[str, Node]) -> list[tuple[str, Node]]:
        node = nodes.get("rules")
        if node is None:
            return []
        if is_scalar(node):
            return [(name, node)] if (name := self.document.text(node, "rules")) else []
        names = self.document.texts(node, "rules")
        return list(zip(names, node.value, strict=False)) if len(names) == len(node.value) else []
