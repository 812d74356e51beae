"""Lines of programs for tables: what each tells, and which bundled rules it fulfils."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from rules.event import Event, LogSource
from rules.formats.detect import strictest
from rules.formats.format import Context, Parsed
from rules.match import holds
from rules.sigma.files import BUNDLED, read_rule_files
from rules.sigma.load import load
from rules.sigma.model import RuleSet

CONTEXT = Context(reference=datetime(2026, 3, 2, tzinfo=UTC))


def parsed(line: str, header: str = "") -> Parsed:
    """What the strictest format that takes *line* makes of it; a test fails here if none does."""
    _, found = strictest(line, Context(reference=CONTEXT.reference, header=header))
    assert found is not None, line
    return found


def source_of(found: Parsed) -> str:
    """The log source in one word: ``category/product/service``, what is not said left empty."""
    said = found.logsource
    return "/".join((said.category or "", said.product or "", said.service or ""))


def told(found: Parsed) -> tuple[Any, ...]:
    """Who did what from where, and how it ended; None for what the line does not tell."""
    return tuple(found.fields.get(name) for name in ("source.ip", "user.name", "event.action", "event.outcome"))


@cache
def bundled() -> RuleSet:
    """All bundled rules, loaded once."""
    return load(read_rule_files([BUNDLED]))


def fulfilled(found: Parsed, line: str, *folders: str) -> list[str]:
    """The titles of the rules of these folders of ``rules/bundled`` that the line by itself fulfils, sorted."""
    event = _event(found, line)
    rules = [rule for rule in bundled().routed(found.logsource) if rule.path.split("/")[-2] in folders]
    return sorted(rule.title for rule in rules if holds(rule.condition, event))


def _event(found: Parsed, line: str) -> Event:
    moment = found.time or CONTEXT.reference
    return Event(
        source="test",
        stream="test",
        origin="test.log",
        line=1,
        offset=0,
        time=moment,
        time_resolution=found.resolution,
        time_source=found.time_source,
        received_at=moment,
        text=line,
        format="",
        logsource=found.logsource or LogSource(),
        fields=found.fields,
    )
