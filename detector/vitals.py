"""Takes the pulse of what must advance, and looks at what the outgoing heartbeat vouches for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from detector.engine_process import EngineProcess
from detector.heartbeat import Pulse
from detector.outgoing import Health
from detector.pipeline import Pipeline
from detector.readers import Readers
from detector.settings import Settings
from detector.sources.source import SourceStatus
from store.clock import Clock
from store.database import Store
from store.errors import StoreError
from store.repository.telling import reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """The parts that are looked at."""

    store: Store
    clock: Clock
    engine: EngineProcess
    pipeline: Pipeline
    readers: Readers
    settings: Callable[[], Settings]  #: what is in force

    def pulse(self) -> Pulse:
        """How what must advance stands."""
        pipeline, engine = self.pipeline, self.engine
        return Pulse(
            turned_at=max(pipeline.advanced_at, pipeline.refused_at),
            committing_since=self.store.committing_since,
            engine_silent_since=engine.silent_since,
            engine_starts=engine.starts,
            asked_at=self._asked_at(self.clock.now(), self.clock.monotonic()),
        )

    async def health(self, stuck: tuple[str, ...]) -> Health:
        """What is well, and what is not.

        Args:
            stuck: What does not advance.
        """
        settings, trouble, down = self.settings(), self.store.trouble, frozenset[str]()
        try:
            down = await self.store.read(lambda connection: reach.failing(connection, self.clock.now()))
        except StoreError as error:
            trouble = str(error)
        return Health(
            stuck=stuck,
            store_trouble=trouble,
            sources=self.readers.status(),
            required=frozenset(one.name for one in settings.config.sources if one.required),
            routing=settings.routing,
            down=down,
        )

    def _asked_at(self, now: datetime, monotonic: float) -> dict[str, float]:
        """Since when each source that is asked for its next batch has shown nothing, not even that it looked."""
        looked = looked_at(self.readers.status(), now, monotonic)
        return {name: max(since, looked.get(name, since)) for name, since in self.pipeline.asked_at.items()}


def looked_at(sources: Iterable[SourceStatus], now: datetime, monotonic: float) -> dict[str, float]:
    """When each source looked for something new, in monotonic seconds. One that says that it cannot, says so itself."""
    found = {}
    for one in sources:
        if one.is_degraded:
            found[one.source] = monotonic
        elif one.looked_at is not None:
            found[one.source] = monotonic - max(0.0, (now - one.looked_at).total_seconds())
    return found
