"""Weighs silences: what they may hide by the rules that are loaded, and what they would have hidden."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from rules import excepting
from rules.event import Severity
from rules.settings import EngineSettings
from rules.sigma.load import load_for
from rules.sigma.model import Correlation, Rule
from store import silence
from store.clock import Clock
from store.database import Store
from store.repository.hiding import hidden
from store.silence import Hidden, Matchers


class Silencing:
    """What silences would do, by the rules in force.

    Args:
        settings: What the engine is told; asked each time.
    """

    def __init__(self, store: Store, clock: Clock, settings: Callable[[], EngineSettings]) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings

    async def weigh(self, matchers: Matchers) -> tuple[Severity, Hidden]:
        """The worst that *matchers* let it hide, and what it would have hidden lately."""
        bounds = [silence.worst_of(matchers.get("severity", ()))]
        if named := matchers.get("rule", ()):
            settings = self._settings()
            rules = await asyncio.to_thread(load_for, settings)
            bounds.append(worst_of_rules(rules.all, named))
        preview = await self._store.read(lambda connection: hidden.preview(connection, matchers, self._clock.now()))
        return min(bounds, key=lambda severity: severity.rank), preview


def worst_of_rules(rules: Iterable[Rule | Correlation], named: Sequence[str]) -> Severity:
    """The worst that the rules can find that are *named* by id or title; of a name that no rule bears all is feared."""
    found: list[Rule | Correlation] = []
    for name in named:
        bearing = [one for one in rules if silence.fits(name, one.id) or silence.fits(name, one.title)]
        if not bearing:
            return Severity.CRITICAL
        found += bearing
    return excepting.worst(found)
