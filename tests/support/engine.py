"""Lines, batches and engines for tests of the engine and its process."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from rules.engine import Engine
from rules.event import Batch, Starts
from rules.finding import Finding
from rules.outcome import Outcome
from rules.settings import EngineSettings
from rules.sigma.load import load
from rules.sigma.model import RuleSet

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

FAILURE = """\
title: SSH login failed
id: 11111111-1111-4111-8111-111111111111
name: ssh_failure
logsource: {product: linux, service: sshd}
detection:
    failed: {event.action: ssh_login, event.outcome: failure}
    condition: failed
level: low
tocsin: {decision: record, group-by: [source.ip], window: 60s}
"""
SUCCESS = """\
title: SSH login succeeded
id: 22222222-2222-4222-8222-222222222222
name: ssh_success
logsource: {product: linux, service: sshd}
detection:
    accepted: {event.action: ssh_login, event.outcome: success}
    condition: accepted
level: informational
tocsin: {decision: record, group-by: [source.ip], window: 60s}
"""
BRUTE_FORCE = """\
title: SSH brute force
id: 33333333-3333-4333-8333-333333333333
name: ssh_brute_force
correlation:
    type: event_count
    rules: [ssh_failure]
    group-by: [source.ip]
    timespan: 60s
    condition: {gte: 5}
level: medium
tocsin: {decision: observe}
"""
USERS = """\
title: SSH user enumeration
id: 44444444-4444-4444-8444-444444444444
correlation:
    type: value_count
    rules: [ssh_failure]
    group-by: [source.ip]
    timespan: 60s
    condition: {field: user.name, gte: 3}
level: medium
tocsin: {decision: observe}
"""
BREAK_IN = """\
title: SSH success after failures
id: 55555555-5555-4555-8555-555555555555
correlation:
    type: temporal_ordered
    rules: [ssh_brute_force, ssh_success]
    group-by: [source.ip]
    timespan: 60s
level: high
tocsin: {decision: investigate}
"""
QUIET = """\
title: Few failures
id: 66666666-6666-4666-8666-666666666666
correlation:
    type: event_count
    rules: [ssh_failure]
    group-by: [source.ip]
    timespan: 60s
    condition: {lt: 3}
level: low
"""


def settings_of(*rules: str, **other: object) -> EngineSettings:
    """Settings with these rules, one file each."""
    files = tuple((f"rule{number}.yml", text) for number, text in enumerate(rules, 1))
    return EngineSettings(rule_files=files, **other)  # type: ignore[arg-type]


def engine_of(*rules: str, **other: object) -> Engine:
    """An engine with these rules; a test fails here if one does not load."""
    settings = settings_of(*rules, **other)
    return Engine(settings, _loaded(settings.rule_files))


@cache
def _loaded(files: tuple[tuple[str, str], ...]) -> RuleSet:
    loaded = load(files)
    assert not loaded.errors, "\n".join(map(str, loaded.errors))
    return loaded


def ssh(at: float, *, ip: str = "192.0.2.1", user: str = "root", ok: bool = False, host: str = "web1") -> str:
    """What sshd writes *at* so many seconds after noon."""
    stamp = (NOON + timedelta(seconds=at)).isoformat(timespec="milliseconds")
    said = "Accepted" if ok else "Failed"
    return f"{stamp} {host} sshd[812]: {said} password for {user} from {ip} port 40000 ssh2"


def batch_of(
    lines: Sequence[str | bytes],
    *,
    first: int = 1,
    offset: int = 0,
    stream: str = "s1",
    received_at: datetime = NOON + timedelta(hours=1),
    skip: Iterable[int] = (),
    history: bool = False,
    backlog: bool = False,
) -> Batch:
    """One batch of one stream of the source "auth"."""
    data = b"".join(
        (line if isinstance(line, bytes) else line.encode("utf-8", "surrogateescape")) + b"\n" for line in lines
    )
    return Batch(
        source="auth",
        stream=stream,
        origin=f"/var/log/{stream}.log",
        data=data,
        starts=Starts(line=first, offset=offset),
        received_at=received_at,
        before=str(offset).encode(),
        after=str(offset + len(data)).encode(),
        skip=frozenset(skip),
        history=history,
        backlog=backlog,
    )


def batches_of(lines: Sequence[str], sizes: Iterable[int], **same: object) -> list[Batch]:
    """*lines* cut into batches of these *sizes*; the last takes the rest."""
    made: list[Batch] = []
    at = offset = 0
    for size in (*sizes, len(lines)):
        part = lines[at : at + size]
        if part:
            made.append(batch_of(part, first=at + 1, offset=offset, **same))  # type: ignore[arg-type]
            at, offset = at + len(part), offset + len(made[-1].data)
    return made


def final(outcomes: Iterable[Outcome]) -> dict[str, Finding]:
    """What is last told of each episode that was not merged into another, without its lines."""
    told: dict[str, Finding] = {}
    for outcome in outcomes:
        for finding in outcome.findings:
            told[finding.id] = finding
    return {identity: finding for identity, finding in told.items() if finding.merged_into is None}


def spans(findings: Iterable[Finding]) -> set[tuple[str, tuple[str, ...], float, float, int]]:
    """(rule title, group, first and last second after noon, events)."""
    return {
        (
            finding.rule_title,
            tuple(value for _, value in finding.group),
            (finding.first_seen - NOON).total_seconds(),
            (finding.last_seen - NOON).total_seconds(),
            finding.events,
        )
        for finding in findings
    }
