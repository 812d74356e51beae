"""Pipelines go over one rule of pySigma's, item by item; what they make of it is measured after each, and bounded."""

from dataclasses import dataclass
from typing import Any, Final

from sigma.processing.conditions import LogsourceCondition
from sigma.processing.pipeline import ProcessingPipeline
from sigma.processing.transformations import ReplaceStringTransformation
from sigma.rule import SigmaDetection, SigmaRule
from sigma.types import SigmaExpansion, SigmaRegularExpression, SigmaString, SigmaType

from rules.sigma.pipeline import Item, Pipeline

MAX_ITEMS: Final = 5_000  #: fields that a rule asks, in all its selections
MAX_CHARS: Final = 500_000  #: of all that it compares with
MAX_WORK: Final = 10_000_000  #: steps that the items of all pipelines may take with one rule, roughly
MAX_DEPTH: Final = 30  #: of selections within selections, which mapping a field to several makes


class Refused(ValueError):
    """A pipeline does not take the rule, or makes something of it that cannot be."""


class Run:
    """Pipelines going over one rule."""

    def __init__(self, rule: SigmaRule, context: ProcessingPipeline) -> None:
        self._rule = rule
        self._context = context
        self._size = _Size.of(rule)
        self._work = 0

    def apply(self, pipeline: Pipeline) -> bool:
        """Apply a pipeline's items in their order; whether one of them was about the rule."""
        done = [self._item(item) for item in pipeline.items]
        return any(done)

    def _item(self, item: Item) -> bool:
        made = item.made
        if made._pipeline is not self._context:
            made._clear_pipeline()
            made.set_pipeline(self._context)
        self._work += self._size.squares if isinstance(made.transformation, ReplaceStringTransformation) else 0
        self._work += self._size.items + 1
        if self._work > MAX_WORK:
            raise Refused(f"{item.place}: it is too much work with this rule")
        try:
            if not made.match_rule_conditions(self._rule):
                return False
            if not item.inner:
                made.transformation.apply(self._rule)
            for inner in item.inner:
                self._item(inner)
            self._context.applied_ids.add(made.identifier)
        except Refused:
            raise
        except Exception as error:  # pySigma's own errors, and what its items stumble over in unusual rules
            raise Refused(f"{item.place}: {error}") from error
        self._size = _Size.of(self._rule)
        if not self._size.is_bounded:
            raise Refused(f"{item.place}: it makes too much of the rule: {self._size}")
        return True


@dataclass(frozen=True, slots=True)
class _Size:
    """How much a rule asks."""

    items: int  #: fields, in all selections
    chars: int  #: of the values and names
    squares: int  #: sum of the squared lengths of the values: pySigma replaces texts in so many steps
    depth: int

    @classmethod
    def of(cls, rule: SigmaRule) -> "_Size":
        items, lengths, deepest = 0, [0], 0
        waiting: list[tuple[Any, int]] = [(each, 1) for each in rule.detection.detections.values()]
        while waiting:
            part, depth = waiting.pop()
            deepest = max(deepest, depth)
            if isinstance(part, SigmaDetection):
                waiting.extend((each, depth + 1) for each in part.detection_items)
            else:
                items += 1
                lengths.append(len(part.field or ""))
                lengths.extend(map(_chars, part.value))
        return cls(items, sum(lengths), sum(length * length for length in lengths), deepest)

    @property
    def is_bounded(self) -> bool:
        return self.items <= MAX_ITEMS and self.chars <= MAX_CHARS and self.depth <= MAX_DEPTH

    def __str__(self) -> str:
        return f"{self.items:,} fields, {self.chars:,} characters, {self.depth} levels"


def asks_log_source(asked: Any) -> bool:
    """Whether the conditions that an item has ask for nothing else."""
    each = list(asked.values() if isinstance(asked, dict) else asked)
    return bool(each) and all(isinstance(one, LogsourceCondition) for one in each)


def _chars(value: SigmaType) -> int:
    if isinstance(value, SigmaExpansion):
        return sum(map(_chars, value.values))
    text = value.regexp if isinstance(value, SigmaRegularExpression) else value
    return 1 + (sum(len(part) for part in text.s if isinstance(part, str)) if isinstance(text, SigmaString) else 0)
