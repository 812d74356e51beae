"""Our own counters and histograms, on a registry that is passed in. No label holds an address, a user or a number."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from detector.engine_process import Ready
from detector.figures import Figures
from rules.event import Batch
from rules.outcome import Outcome
from store.repository.grouping.findings import Taken

LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Everything that ``/metrics`` shows; also the pipeline's observer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        per_source = ["source"]
        self.lines = Counter("tocsin_source_lines", "Lines read.", per_source, registry=registry)
        self.bytes = Counter("tocsin_source_bytes", "Bytes read.", per_source, registry=registry)
        self.unparsed = Counter("tocsin_source_unparsed_lines", "Lines no format took.", per_source, registry=registry)
        self.matched = Counter(
            "tocsin_source_matched_lines", "Lines that matched a rule.", per_source, registry=registry
        )
        self.late = Counter("tocsin_source_late_lines", "Lines too late for a window.", per_source, registry=registry)
        self.suspect = Counter(
            "tocsin_source_suspect_stamps", "Lines with a stamp too far from now.", per_source, registry=registry
        )
        self.poisoned = Counter(
            "tocsin_source_poisoned_lines",
            "Lines left out because the engine died on them.",
            per_source,
            registry=registry,
        )
        self.last_line = Gauge(
            "tocsin_source_last_line_timestamp_seconds", "When a line was last read.", per_source, registry=registry
        )
        self.evicted = Counter(
            "tocsin_rule_evicted_groups", "Groups forgotten because a rule held too many.", ["rule"], registry=registry
        )
        self.rule_findings = Counter("tocsin_rule_findings", "Findings opened.", ["rule"], registry=registry)
        self.findings = Counter("tocsin_findings", "Findings opened.", ["decision", "severity"], registry=registry)
        self.incidents = Counter("tocsin_incidents_opened", "Incidents opened.", registry=registry)
        self.commit_seconds = Histogram(
            "tocsin_commit_seconds",
            "From the first batch of a commit to its end.",
            buckets=LATENCIES,
            registry=registry,
        )
        self.store_failures = Counter("tocsin_store_failures", "Commits the store refused for now.", registry=registry)
        self.retention_removed = Counter(
            "tocsin_retention_removed_rows", "Rows removed after their time.", ["kind"], registry=registry
        )
        self.observations_closed = Counter(
            "tocsin_observations_closed", "Observations that were over.", registry=registry
        )
        self.store_freed = Counter(
            "tocsin_store_freed_bytes", "Bytes of the database's file given back to the disk.", registry=registry
        )
        self.store_bytes = Gauge("tocsin_store_bytes", "What the database holds.", registry=registry)
        self.heartbeats = Counter("tocsin_heartbeats", "Outgoing heartbeats.", ["outcome"], registry=registry)
        self.engine_restarts = Gauge("tocsin_engine_restarts", "Restarts of the engine process.", registry=registry)
        self.loop_lag = Gauge("tocsin_event_loop_lag_seconds", "How late the event loop ran last.", registry=registry)
        self.reload_ok = Gauge(
            "tocsin_config_last_reload_successful", "1 if the last reload was applied.", registry=registry
        )
        self.reload_ok.set(1)  # what is in force at the start was applied, too
        self.figures = Figures()
        registry.register(self.figures)
        self.rules = Gauge("tocsin_rules_loaded", "Rules that run.", registry=registry)
        self.rules_rejected = Gauge("tocsin_rules_rejected", "Rules that did not load.", registry=registry)
        self.handed_in_requests = Counter(
            "tocsin_intake_requests", "Requests that handed something in.", ["intake", "status"], registry=registry
        )
        self.unknown_severities = Counter(
            "tocsin_intake_unknown_severities",
            "Alerts with a severity that nobody knows.",
            ["intake"],
            registry=registry,
        )
        self.deliveries = Counter(
            "tocsin_deliveries", "Attempts to deliver a message.", ["channel", "outcome"], registry=registry
        )
        self.delivery_seconds = Histogram(
            "tocsin_delivery_seconds", "How long an attempt took.", buckets=LATENCIES, registry=registry
        )

    def took_rules(self, ready: Ready) -> None:
        """Say which rules are in force."""
        self.rules.set(len(ready.rules))
        self.rules_rejected.set(len(ready.errors))

    def fed(self, batch: Batch, outcome: Outcome) -> None:
        """Count what went through the engine."""
        self.bytes.labels(batch.source).inc(len(batch.data))
        self.last_line.labels(batch.source).set(batch.received_at.timestamp())
        for count in outcome.counts:
            self.lines.labels(count.source).inc(count.lines)
            self.unparsed.labels(count.source).inc(count.unparsed)
            self.matched.labels(count.source).inc(count.matched)
            self.late.labels(count.source).inc(count.late)
            self.suspect.labels(count.source).inc(count.suspect)
            self.poisoned.labels(count.source).inc(count.poisoned)
        for rule, groups in outcome.evictions.items():
            self.evicted.labels(rule).inc(groups)
        for finding in outcome.findings:
            if finding.opened:
                self.findings.labels(finding.decision, finding.severity).inc()
                self.rule_findings.labels(finding.rule_id).inc()

    def handed_in(self, intake: str, status: int) -> None:
        """Count an answer to who hands in."""
        self.handed_in_requests.labels(intake, str(status)).inc()

    def unknown_severity(self, intake: str, count: int) -> None:
        """Count alerts that are read as medium for want of a word that we know."""
        self.unknown_severities.labels(intake).inc(count)

    def attempted(self, channel: str, outcome: str, seconds: float) -> None:
        """Count an attempt to deliver a message."""
        self.deliveries.labels(channel, outcome).inc()
        self.delivery_seconds.observe(seconds)

    def stored(self, taken: Sequence[Taken], seconds: float) -> None:
        """Count what a commit opened."""
        self.commit_seconds.observe(seconds)
        self.incidents.inc(sum(one.opened for one in taken))

    def store_failed(self, error: Exception) -> None:
        """Count a refusal of the store."""
        self.store_failures.inc()

    def removed(self, kind: str, count: int) -> None:
        """Count what was kept long enough."""
        self.retention_removed.labels(kind).inc(count)

    def closed_observations(self, count: int) -> None:
        """Count observations that were over."""
        self.observations_closed.inc(count)

    def beat(self, outcome: str) -> None:
        """Count an outgoing heartbeat."""
        self.heartbeats.labels(outcome).inc()

    def holds(self, size_bytes: int) -> None:
        """Say how much the database holds."""
        self.store_bytes.set(size_bytes)

    def freed(self, size_bytes: int) -> None:
        """Count what the database's file gave back."""
        self.store_freed.inc(size_bytes)
