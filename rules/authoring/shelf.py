"""The rules of one file as they are tested: by themselves, and where they refer to rules of other files, with these."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rules.settings import Trust
from rules.sigma.load import NO_SUCH_RULE, NOBODY, WITHOUT_PIPELINES, load
from rules.sigma.model import RuleSet
from rules.sigma.pipeline import Pipelines


@dataclass(slots=True, kw_only=True)
class Shelf:
    """All rule files that are tested together."""

    texts: Mapping[str, str]  #: by path
    pipelines: Pipelines = WITHOUT_PIPELINES
    _all: dict[Trust, RuleSet] = field(default_factory=dict)  #: all files as one, by trust

    def rules_of(self, path: str, trust: Trust = NOBODY) -> RuleSet:
        """The rules of a file; what else is on the shelf is there only where one of them refers to it."""
        alone = load([(path, self.texts[path])], trust, self.pipelines)
        if len(self.texts) == 1 or not any(NO_SUCH_RULE in error.message for error in alone.errors):
            return alone
        if trust not in self._all:
            self._all[trust] = load(self.texts.items(), trust, self.pipelines)
        return _needed(self._all[trust], path)


def only_of(rules: RuleSet, path: str) -> RuleSet:
    """Those of one file."""
    return replace(
        rules,
        rules=tuple(one for one in rules.rules if one.path == path),
        correlations=tuple(one for one in rules.correlations if one.path == path),
    )


def _needed(rules: RuleSet, path: str) -> RuleSet:
    """Those of one file and all that they refer to; silent are the ones that these alone count."""
    needed = {one.id for one in rules.all if one.path == path}
    for one in reversed(rules.correlations):  # what is counted stands before what counts it
        if one.id in needed:
            needed.update(one.rules)
    correlations = tuple(one for one in rules.correlations if one.id in needed)
    speaking = {rule for one in correlations if one.generate for rule in one.rules}
    silent = {rule for one in correlations for rule in one.rules} - speaking
    return replace(
        rules,
        rules=tuple(replace(one, as_base_only=one.id in silent) for one in rules.rules if one.id in needed),
        correlations=tuple(replace(one, as_base_only=one.id in silent) for one in correlations),
        filters=tuple(one for one in rules.filters if one.path == path),
        errors=tuple(one for one in rules.errors if one.path == path),
        remarks=tuple(one for one in rules.remarks if one.path == path),
    )
