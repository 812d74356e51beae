"""What `/metrics` shows of records and queues as they stand: read at each scrape, so that a restart loses nothing."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from detector.sources.source import SourceStatus
from rules.event import Severity
from store.clock import Clock
from store.database import Store
from store.errors import StoreError
from store.repository.incident.incidents import counts
from store.repository.intake import inbox
from store.repository.overview import lengths
from store.repository.overview.lengths import Lengths
from store.repository.telling import lost, outbox

FRESH_SECONDS: Final = 1.0
NOT_YET: Final = Lengths(buckets=(), count=0, sum_seconds=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What the store tells."""

    open: Mapping[Severity, int] = field(default_factory=dict)  #: incidents, by severity
    unacknowledged: int = 0
    observations: int = 0
    dead: int = 0  #: deliveries that are given up
    queued: Mapping[str, int] = field(default_factory=dict)
    acknowledged: Lengths = NOT_YET
    resolved: Lengths = NOT_YET


def look(connection: Connection, clock: Clock) -> Records:
    """Everything that the store tells, as it is now."""
    count = counts(connection)
    return Records(
        open=lengths.open_by_severity(connection),
        unacknowledged=count.unacknowledged,
        observations=count.observations,
        dead=lost.count(connection, clock.now()),
        queued={"outbox": outbox.pending(connection), "inbox": inbox.unread(connection)},
        acknowledged=lengths.acknowledged(connection),
        resolved=lengths.resolved(connection),
    )


class Figures(Collector):
    """Shows what was last looked at."""

    def __init__(self) -> None:
        self.records = Records()
        self.queued: Mapping[str, int] = {}  #: what waits in memory, by the queue's name
        self.sources: tuple[SourceStatus, ...] = ()

    def collect(self) -> Iterable[Metric]:
        """All of it, in Prometheus' families."""
        yield _gauge("tocsin_build_info", "The version that runs.", ["version"], {version("tocsin"): 1})
        by_severity = {str(one): self.records.open.get(one, 0) for one in Severity}
        yield _gauge("tocsin_incidents_open", "Incidents that are open.", ["severity"], by_severity)
        yield _gauge(
            "tocsin_incidents_unacknowledged", "Open incidents that nobody has.", [], {"": self.records.unacknowledged}
        )
        yield _gauge("tocsin_observations_open", "Observations that go on.", [], {"": self.records.observations})
        yield _gauge("tocsin_deliveries_dead", "Messages given up.", [], {"": self.records.dead})
        yield _gauge("tocsin_queue_length", "What waits, by queue.", ["queue"], {**self.records.queued, **self.queued})
        lag = {one.source: sum(stream.lag_bytes for stream in one.streams) for one in self.sources}
        yield _gauge("tocsin_source_lag_bytes", "Written and not yet read.", ["source"], lag)
        broken = {one.source: int(one.is_degraded) for one in self.sources}
        yield _gauge("tocsin_source_degraded", "1 if something of it cannot be read.", ["source"], broken)
        yield _histogram(
            "tocsin_incident_acknowledge_seconds",
            "From the opening of an incident to its first acknowledgement.",
            self.records.acknowledged,
        )
        yield _histogram(
            "tocsin_incident_resolve_seconds", "From the opening of an incident to its end.", self.records.resolved
        )


class Look:
    """Looks at the store and the queues for a scrape, at most once a second whoever asks."""

    def __init__(
        self,
        figures: Figures,
        store: Store,
        clock: Clock,
        *,
        sources: Callable[[], Iterable[SourceStatus]],
        queued: Callable[[], Mapping[str, int]],
    ) -> None:
        self._figures, self._store, self._clock = figures, store, clock
        self._sources, self._queued = sources, queued
        self._looked_at: float | None = None

    async def refresh(self) -> None:
        """Look; what a store in trouble does not tell stays as it was last seen."""
        now = self._clock.monotonic()
        if self._looked_at is not None and now - self._looked_at < FRESH_SECONDS:
            return
        self._looked_at = now
        self._figures.sources, self._figures.queued = tuple(self._sources()), self._queued()
        with suppress(StoreError):
            self._figures.records = await self._store.read(lambda connection: look(connection, self._clock))


def _gauge(name: str, about: str, labels: list[str], values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=labels)
    for label, value in values.items():
        family.add_metric([label] if labels else [], value)
    return family


def _histogram(name: str, about: str, found: Lengths) -> Metric:
    family = HistogramMetricFamily(name, about)
    buckets = [(str(float(bound)), count) for bound, count in found.buckets]
    family.add_metric([], [*buckets, ("+Inf", found.count)], found.sum_seconds)
    return family
