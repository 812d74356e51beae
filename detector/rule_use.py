"""What each rule has matched, found and cost since the daemon started. In memory alone: a restart begins anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.event import Batch
from rules.outcome import Outcome
from store.repository.grouping.findings import Taken


@dataclass(slots=True, kw_only=True)
class Used:
    """One rule's part."""

    matches: int = 0  #: events that it matched; of a correlation: none, it matches no single event
    findings: int = 0  #: that opened
    last_match: datetime | None = None  #: latest event time that it matched, or that a finding of it has
    asked: int = 0  #: events about which it was asked, in the batches that were measured
    nanoseconds: int = 0  #: that asking took

    @property
    def microseconds(self) -> float | None:
        """Mean time to ask it about one event that is routed to it; None: it was not measured yet."""
        return self.nanoseconds / self.asked / 1000 if self.asked else None


class RuleUse:
    """Watches the pipeline and adds up."""

    def __init__(self) -> None:
        self._used: dict[str, Used] = {}

    @property
    def used(self) -> Mapping[str, Used]:
        """By rule id; rules of which nothing is known yet are left out."""
        return self._used

    def share(self, rule_id: str) -> float | None:
        """Which part of all the time that was measured went into one rule, from 0 to 1."""
        total = sum(one.nanoseconds for one in self._used.values())
        used = self._used.get(rule_id)
        return used.nanoseconds / total if used is not None and used.asked and total else None

    def fed(self, batch: Batch, outcome: Outcome) -> None:
        """Add what a batch did."""
        for rule_id, count in outcome.rules.items():
            used = self._of(rule_id)
            used.matches += count.matches
            used.asked += count.asked
            used.nanoseconds += count.nanoseconds
            self._saw(used, count.last_match)
        for finding in outcome.findings:
            used = self._of(finding.rule_id)
            used.findings += finding.opened
            self._saw(used, finding.last_seen)

    def stored(self, taken: Sequence[Taken], seconds: float) -> None:
        """A commit says nothing of rules."""

    def store_failed(self, error: Exception) -> None:
        """Nor does its failing."""

    def _of(self, rule_id: str) -> Used:
        return self._used.setdefault(rule_id, Used())

    def _saw(self, used: Used, moment: datetime | None) -> None:
        if moment is not None and (used.last_match is None or moment > used.last_match):
            used.last_match = moment
