"""Rules and events for tests of what rules mean."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rules.event import Event, LogSource, TimeSource
from rules.settings import Trust
from rules.sigma.load import load
from rules.sigma.model import Rule

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rule_of(detection: str, *, trust: Trust | None = None, head: str = "title: A rule") -> Rule:
    """The rule with this ``detection`` block (YAML, not indented); a test fails here if it does not load."""
    indented = "\n".join("  " + line for line in detection.strip("\n").split("\n"))
    text = f"{head}\nlogsource: {{product: linux}}\ndetection:\n{indented}\n"
    loaded = load([("rule.yml", text)], trust or Trust())
    assert not loaded.errors, "\n".join(map(str, loaded.errors))
    return loaded.rules[0]


def event_of(fields: Mapping[str, Any], *, text: str = "", logsource: LogSource | None = None) -> Event:
    """An event at noon with these fields."""
    return Event(
        source="test",
        stream="test",
        origin="test.log",
        line=1,
        offset=0,
        time=NOON,
        time_resolution=timedelta(seconds=1),
        time_source=TimeSource.LINE,
        received_at=NOON,
        text=text,
        format="test",
        logsource=logsource or LogSource(product="linux"),
        fields=fields,
    )
