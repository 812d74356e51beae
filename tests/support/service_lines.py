"""Tables of classic lines: what each tells, and which bundled rules it fulfils by itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from rules.event import Event, LogSource, TimeSource
from rules.formats.detect import strictest
from rules.formats.format import Context, Parsed
from rules.predicate import predicate
from rules.sigma.files import BUNDLED, find_rule_files, read_text
from rules.sigma.load import load
from rules.sigma.model import Rule

NOW = datetime(2024, 3, 2, tzinfo=UTC)
CONTEXT = Context(reference=NOW)

Told = tuple[str | None, str | None, str | None, str | None]
#: (line, source address, user, outcome, action, bases or titles of the rules that it fulfils)
Row = tuple[str, str | None, str | None, str | None, str | None, frozenset[str]]


def parsed(line: str) -> Parsed:
    """What the strictest format that takes *line* makes of it."""
    _, found = strictest(line, CONTEXT)
    assert found is not None, line
    return found


def told(line: str) -> Told:
    """(source address, user, outcome, action)."""
    fields = parsed(line).fields
    names = ("source.ip", "user.name", "event.outcome", "event.action")
    source, user, outcome, action = (fields.get(name) for name in names)
    return source, user, outcome, action


def asker(folder: str) -> Callable[[str], frozenset[str]]:
    """A function that says which single-event rules of a bundled folder a line fulfils, by name or title."""
    files = [(shown, read_text(path)) for shown, path in find_rule_files([BUNDLED]) if path.parent.name == folder]
    rules = load(files)
    assert not rules.errors
    known: list[tuple[Rule, Callable[[Event], bool]]] = [(rule, predicate(rule.detection)) for rule in rules.rules]

    def ask(line: str) -> frozenset[str]:
        event = _event(line)
        routed = {rule.id for rule in rules.routed(event.logsource)}
        return frozenset(rule.name or rule.title for rule, holds in known if rule.id in routed and holds(event))

    return ask


def _event(line: str) -> Event:
    found = parsed(line)
    return Event(
        source="table",
        stream="table",
        origin="table",
        line=1,
        offset=0,
        time=found.time or NOW,
        time_resolution=timedelta(seconds=1),
        time_source=TimeSource.LINE,
        received_at=NOW,
        text=line,
        format="",
        logsource=found.logsource,
        fields=found.fields,
    )


def service(line: str) -> LogSource:
    """The log source of a line."""
    return parsed(line).logsource
