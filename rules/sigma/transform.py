"""Rules as pipelines make them: pySigma transforms its own form of a rule, and that becomes a condition of ours.

Imported only where there are pipelines, since it takes pySigma with it. What a pipeline makes of a rule is bounded
after each of its items.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sigma.conditions import ConditionAND
from sigma.modifiers import reverse_modifier_mapping
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaLogSource, SigmaRule
from sigma.types import (
    Placeholder,
    SigmaExpansion,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaType,
)

from rules.event import LogSource
from rules.sigma import condition as conditions
from rules.sigma.applying import Refused, Run, asks_log_source
from rules.sigma.model import And, Condition, Not, Or, Selection
from rules.sigma.modifiers import LINKS, PLACES, renamed
from rules.sigma.pipeline import Pipeline
from rules.sigma.terms import Undefined, cased, expression, joined, tests_of
from rules.sigma.values import Null, Test

FLAGS: Final[Mapping[SigmaRegularExpressionFlag, str]] = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
#: Modifiers that have become part of the value.
GONE: Final = frozenset({*LINKS, *PLACES, "expand", "base64", "base64offset", "wide", "utf16", "utf16be", "windash"})
NOTHING: Final = And(())  #: what a pipeline has taken away, before the condition closes over it


@dataclass(frozen=True, slots=True)
class Form:
    """A rule as pipelines make it."""

    logsource: LogSource
    condition: Condition
    changed_by: tuple[str, ...]  #: versions of the pipelines that did something with it


class Filled(SigmaType):
    """What is filled in before any pipeline, so that none can make something else of whom the operator trusts."""

    def __init__(self, tests: tuple[Test, ...]) -> None:
        self.tests = tests


class Transformer:
    """Applies pipelines, those with lower priorities first.

    Args:
        pipelines: All that apply to one source, or to any.
        placeholders: What ``expand`` fills in of itself, by name.
    """

    def __init__(self, pipelines: Iterable[Pipeline], placeholders: Mapping[str, Sequence[str]]) -> None:
        self._pipelines = sorted(pipelines, key=lambda one: one.priority)
        self._placeholders = placeholders

    def form(self, said: Mapping[str, Any]) -> Form | None:
        """The rule that says this, transformed; None if no item is about it.

        Raises:
            Refused: it cannot be.
            Undefined: a placeholder is not known to any of the pipelines.
        """
        if not self._may_be_about(said):
            return None
        rule, changed_by = self._applied(said)
        if not changed_by:
            return None
        return Form(logsource=_logsource(rule), condition=self._condition(rule), changed_by=changed_by)

    def field(self, said: Mapping[str, Any], name: str) -> str:
        """What the field *name* is called in the events that the rule is about.

        Raises:
            Refused: it has several names there, or the rule cannot be transformed.
        """
        rule, _ = self._applied({**said, "fields": [name]})
        names = list(dict.fromkeys(rule.fields)) or [name]
        if len(names) > 1:
            raise Refused(f'the field "{name}" would be several: {", ".join(names)}')
        return names[0]

    def _may_be_about(self, said: Mapping[str, Any]) -> bool:
        """Whether an item could be: to ask only for the log source costs little, to make a rule of pySigma's much."""
        wanted = said.get("logsource") or {}
        source = SigmaLogSource(*(wanted.get(name) for name in ("category", "product", "service")))
        stub = SigmaRule(logsource=source)
        return any(
            not asks_log_source(item.made.rule_conditions) or item.made.match_rule_conditions(stub)
            for one in self._pipelines
            for item in one.items
        )

    def _applied(self, said: Mapping[str, Any]) -> tuple[SigmaRule, tuple[str, ...]]:
        rule = SigmaRule.from_dict(for_pysigma(said), collect_errors=True)
        if rule.errors and not rule.detection.detections:
            raise Refused(f"pySigma does not take the rule: {rule.errors[-1]}")
        for item in _items(rule):
            item.value = [self._filled(item, value) for value in item.value]
        # They share one context, as pipelines do that pySigma puts together.
        context = ProcessingPipeline(
            vars={name: value for one in self._pipelines for name, value in one.variables.items()}
        )
        run = Run(rule, context)
        changed_by = [one.version for one in self._pipelines if run.apply(one)]
        return rule, tuple(changed_by)

    def _filled(self, item: SigmaDetectionItem, value: SigmaType) -> SigmaType:
        """The value, if it is about trust with the tests that it stands for."""
        if isinstance(value, SigmaExpansion):
            return SigmaExpansion([self._filled(item, each) for each in value.values])
        names = _placeholders(value)
        if names and all(name in self._placeholders for name in names):
            return Filled(tuple(self._tests(item, value)))
        return value

    def _condition(self, rule: SigmaRule) -> Condition:
        selections = {name: self._detection(each) for name, each in rule.detection.detections.items()}
        parts = []
        for each in rule.detection.parsed_condition:
            try:
                parts.append(conditions.parse(each.condition, selections)[0])
            except conditions.ConditionError as error:
                raise Refused(f"condition: {error}") from error
        whole = _closed(parts[0] if len(parts) == 1 else Or(tuple(parts)))
        if whole is None:
            raise Refused("nothing is left of what the rule asks")
        return whole

    def _detection(self, detection: SigmaDetection | SigmaDetectionItem) -> Condition:
        if isinstance(detection, SigmaDetectionItem):
            return self._item(detection)
        parts = [part for each in detection.detection_items if (part := self._detection(each)) is not NOTHING]
        if not parts:
            return NOTHING
        if len(parts) == 1:
            return parts[0]
        return And(tuple(parts)) if detection.item_linking is ConditionAND else Or(tuple(parts))

    def _item(self, item: SigmaDetectionItem) -> Condition:
        if not item.value and item.field is None:
            raise Refused("a keyword without a value is left")
        parts = [joined(item.field, self._tests(item, value), _text(item, value)) for value in item.value]
        parts = parts or [joined(item.field, [Null()], f"{item.field} = null")]
        linked = And(tuple(parts)) if item.value_linking is ConditionAND else Or(tuple(parts))
        whole = parts[0] if len(parts) == 1 else linked
        return Not(whole) if item.negated else whole

    def _tests(self, item: SigmaDetectionItem, value: SigmaType) -> Iterator[Test]:
        names = _modifiers(item)
        if isinstance(value, Filled):
            yield from value.tests
        elif isinstance(value, SigmaExpansion):
            for each in value.values:
                yield from self._tests(item, each)
        elif isinstance(value, SigmaRegularExpression):
            if unknown := _placeholders(value):
                raise Undefined(unknown, self._placeholders.keys())
            places = set(PLACES) & set(names)
            source = str(value.regexp)
            source = {"startswith": rf"\A(?:{source})", "endswith": rf"(?:{source})\z"}.get("".join(places), source)
            yield expression(source, "".join(sorted(FLAGS[flag] for flag in value.flags)))
        else:
            yield from tests_of(item.field, cased(value) if "cased" in names else value, self._placeholders)


def for_pysigma(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule says, with the modifiers that pySigma knows."""
    detection = said.get("detection")
    known = renamed(detection) if isinstance(detection, Mapping) else detection
    return {**{name: value for name, value in said.items() if name not in ("tocsin", "custom")}, "detection": known}


def _items(rule: SigmaRule) -> Iterator[SigmaDetectionItem]:
    waiting: list[SigmaDetection | SigmaDetectionItem] = list(rule.detection.detections.values())
    while waiting:
        part = waiting.pop()
        if isinstance(part, SigmaDetection):
            waiting.extend(part.detection_items)
        else:
            yield part


def _placeholders(value: SigmaType) -> list[str]:
    text = value.regexp if isinstance(value, SigmaRegularExpression) else value
    return [part.name for part in text.s if isinstance(part, Placeholder)] if isinstance(text, SigmaString) else []


def _modifiers(item: SigmaDetectionItem) -> list[str]:
    return [reverse_modifier_mapping[one.__name__] for one in item.modifiers]


def _text(item: SigmaDetectionItem, value: SigmaType) -> str:
    """The question as people read it."""
    asked = " ".join(name for name in _modifiers(item) if name not in GONE) or "="
    shown = "whom the configuration trusts" if isinstance(value, Filled) else _shown(value)
    return f"{item.field or 'anything'} {asked} {shown}"


def _shown(value: Any) -> str:
    if isinstance(value, SigmaExpansion):
        return " or ".join(map(_shown, value.values))
    for name in ("regexp", "number", "field", "cidr", "exists", "boolean", "null"):
        if hasattr(value, name):
            inner = getattr(value, name)
            return "null" if inner is None else str(inner).lower() if isinstance(inner, bool) else str(inner)
    return str(value)


def _closed(tree: Condition) -> Condition | None:
    """The condition without what pipelines have taken away, as pySigma closes over it; None if nothing is left."""
    match tree:
        case Selection(_, part):
            return None if part is NOTHING else tree
        case Not(part):
            inner = _closed(part)
            return None if inner is None else Not(inner)
        case And(parts) | Or(parts):
            left = tuple(inner for part in parts if (inner := _closed(part)) is not None)
            return type(tree)(left) if len(left) > 1 else left[0] if left else None
        case _:
            return tree


def _logsource(rule: SigmaRule) -> LogSource:
    source: SigmaLogSource = rule.logsource
    return LogSource(category=source.category, product=source.product, service=source.service)
