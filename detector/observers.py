"""Lets several observers watch the pipeline as one."""

from collections.abc import Sequence

from detector.pipeline import Observer
from rules.event import Batch
from rules.outcome import Outcome
from store.repository.grouping.findings import Taken


class Observers:
    """Tells each of *observers*, in order."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def fed(self, batch: Batch, outcome: Outcome) -> None:
        """A batch went through the engine."""
        for one in self._observers:
            one.fed(batch, outcome)

    def stored(self, taken: Sequence[Taken], seconds: float) -> None:
        """A transaction was committed."""
        for one in self._observers:
            one.stored(taken, seconds)

    def store_failed(self, error: Exception) -> None:
        """The store refused for now."""
        for one in self._observers:
            one.store_failed(error)
