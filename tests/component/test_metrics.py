"""What is shown to Prometheus: by its conventions, of the records as they stand, and enough for what we ship."""

import json
import re
import shutil
import subprocess
from datetime import UTC
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from support.fakes import START, FakeClock
from support.site import ANA
from support.store import finding, open_store

from detector.figures import Figures, Look, Records
from detector.metrics import Metrics
from rules.event import Severity
from store.incident import Actor, ActorKind
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.intake import inbox
from store.repository.overview.lengths import Lengths
from store.repository.people import persons
from store.tx import Tx

DATA = Path(__file__).parents[2] / "detector" / "data"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: prometheus)")


def shown() -> bytes:
    """Everything there is, with something in it."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    took = Lengths(buckets=((60, 1), (300, 2)), count=3, sum_seconds=1000.0)
    metrics.figures.records = Records(open={Severity.HIGH: 2}, queued={"outbox": 1}, acknowledged=took, resolved=took)
    metrics.attempted("mail", "accepted", 0.1)
    return generate_latest(registry)


def names() -> set[str]:
    """Every name that a query may use."""
    families = re.findall(r"^# TYPE (\S+) (\S+)$", shown().decode(), re.MULTILINE)
    return {
        name + part
        for name, kind in families
        for part in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))
    }


@needs_promtool
def test_names_and_help_are_by_the_conventions() -> None:
    """promtool finds nothing to say."""
    told = subprocess.run(
        [str(PROMTOOL), "check", "metrics"], input=shown(), capture_output=True, timeout=20, check=False
    )
    assert (told.stdout + told.stderr).decode() == ""
    assert told.returncode == 0


@needs_promtool
def test_the_alert_rules_are_valid() -> None:
    """Prometheus takes them, and their expressions."""
    told = subprocess.run(
        [str(PROMTOOL), "check", "rules", str(DATA / "tocsin.rules.yml")], capture_output=True, timeout=20, check=False
    )
    assert told.returncode == 0, told.stderr.decode()


def test_rules_and_dashboard_ask_for_what_there_is() -> None:
    """Each metric that they name is shown."""
    groups = yaml.safe_load((DATA / "tocsin.rules.yml").read_text())["groups"]
    asked = [rule["expr"] for group in groups for rule in group["rules"]]
    panels = json.loads((DATA / "tocsin.dashboard.json").read_text())["panels"]
    asked += [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(asked) > 30
    assert set(re.findall(r"tocsin_\w+", " ".join(asked))) - names() == set()


async def test_figures_are_of_the_records(store_url: str, tmp_path: Path) -> None:
    """Open incidents, what waits, and how long it took: whoever looks anew sees the same."""
    clock = FakeClock(START.astimezone(UTC))
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [ANA])
            findings.take(tx, finding())
            inbox.put(tx, "grafana", "alerts", b"{}")

        await store.write(fill)
        clock.advance(240)
        ana = Actor(kind=ActorKind.PERSON, id="ana")
        await store.write(lambda tx: incidents.acknowledge(tx, 1, ana, via="token"))
        figures = Figures()
        await Look(figures, store, clock, sources=lambda: (), queued=lambda: {"writer": 0}).refresh()
    seen = figures.records
    assert sum(seen.open.values()) == 1
    assert set(seen.open) <= set(Severity)
    assert seen.queued["inbox"] == 1
    assert seen.unacknowledged == 0
    assert (seen.acknowledged.buckets[:2], seen.acknowledged.count) == (((60, 0), (300, 1)), 1)
    assert seen.acknowledged.sum_seconds == pytest.approx(240, abs=1)
    assert seen.resolved.count == 0
