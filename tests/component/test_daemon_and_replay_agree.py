"""Whatever findings come in whatever order, the daemon's database and a replay open the same records."""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.fakes import START, FakeClock
from support.store import finding, line, open_store, sqlite_url

from rules.event import Decision, Severity
from rules.finding import Finding
from store.database import Store
from store.ledger import Ledger
from store.records import Taken
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.record import evidence


@st.composite
def told(draw: st.DrawFn) -> Finding:
    """A finding about one of a few attackers, hosts and rules; ids repeat, so that many are growth."""
    number = draw(st.integers(0, 12))
    rule = f"rule-{number % 3}"
    source, host = f"203.0.113.{number % 4}", draw(st.sampled_from(["web1", "web2", None]))
    start = draw(st.integers(0, 90))
    return finding(
        f"f{number}",
        rule=rule,
        decision=list(Decision)[number % 3] if number < 6 else Decision.INVESTIGATE,
        severity=draw(st.sampled_from(list(Severity))),
        source=source,
        host=host,
        account=draw(st.sampled_from(["root", None])),
        first_seen=START + timedelta(minutes=start),
        seconds=draw(st.integers(0, 600)),
        events=draw(st.integers(1, 50)),
        evidence=[line(draw(st.integers(1, 60))) for _ in range(draw(st.integers(0, 3)))],
        base_rule_ids=("rule-0",) if rule == "rule-2" else (),
        merged_into=draw(st.sampled_from([None] * 9 + ["f1"])),
    )


#: Once, replay let a finding join by a key that only a counted one had brought into the record.
COUNTED_FIRST = [
    finding("f1", rule="rule-1", decision=Decision.OBSERVE, source="203.0.113.1"),
    finding("f0", rule="rule-0", decision=Decision.RECORD, source="203.0.113.0", merged_into="f1"),
    finding("f12", rule="rule-0", decision=Decision.INVESTIGATE, source="203.0.113.0"),
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@example(stream=COUNTED_FIRST, together=1)
@given(stream=st.lists(told(), min_size=1, max_size=40), together=st.integers(1, 40))
async def test_same_records(sqlite_template: Path, stream: list[Finding], together: int) -> None:
    """Key, severity, counts, entities, tallies and evidence of every record are the same, however many come at once."""
    ledger = Ledger()
    taken = [ledger.take(one) for one in stream]
    with tempfile.TemporaryDirectory() as name:
        shutil.copy(sqlite_template, name)
        async with open_store(sqlite_url(Path(name)), FakeClock(), Path(name)) as store:
            stored: list[Taken] = []
            for batch in (stream[start : start + together] for start in range(0, len(stream), together)):
                stored += await store.write(lambda tx, batch=batch: findings.take_all(tx, batch))  # type: ignore[misc]
            kept = await everything(store)
    assert [(one.incident, one.opened, one.incident_raised) for one in stored] == [
        (one.incident, one.opened, one.incident_raised) for one in taken
    ]
    assert kept == [shape(record) for record in ledger.records() if record.incident is not None]


async def everything(store: Store) -> list[Any]:
    """All records of the store, with what hangs on them."""
    found = await store.read(lambda connection: incidents.list_of(connection, limit=1000))
    views = [await store.read(lambda c, n=one.number: incidents.get(c, n)) for one in reversed(found)]  # type: ignore[misc]
    lines = [await store.read(lambda c, n=one.number: evidence.of(c, n)) for one in reversed(found)]  # type: ignore[misc]
    return [
        (_head(view.incident), set(view.entities), set(view.tallies), tuple(kept))
        for view, kept in zip(views, lines, strict=True)
    ]


def shape(record: Any) -> Any:
    """A record of the replay in the same form."""
    lines = tuple(dict.fromkeys(record.evidence))
    return (_head(record.incident), set(record.entities), set(record.rules), lines)


def _head(incident: Any) -> Any:
    """What must agree; the two have different clocks."""
    names = ("number", "decision", "dedup_key", "severity", "severity_terms", "track", "events", "first_seen")
    return tuple(getattr(incident, name) for name in (*names, "last_seen", "step", "campaign", "history", "group"))
