"""Tables of classic lines: what each tells, and which bundled rules it fulfils by itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property

from rules.event import Event, LogSource, TimeSource
from rules.formats.detect import strictest
from rules.formats.format import Context, Parsed
from rules.predicate import predicate
from rules.sigma.files import BUNDLED, find_rule_files, read_text
from rules.sigma.load import load
from rules.sigma.model import Rule, RuleSet

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


class Asker:
    """The single-event rules of a bundled folder, read when the first line is asked about."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    @cached_property
    def _rules(self) -> tuple[RuleSet, list[tuple[Rule, Callable[[Event], bool]]]]:
        found = find_rule_files([BUNDLED])
        rules = load([(shown, read_text(path)) for shown, path in found if path.parent.name == self._folder])
        assert not rules.errors
        return rules, [(rule, predicate(rule.detection)) for rule in rules.rules]

    def fulfilled(self, line: str) -> frozenset[str]:
        """Names, or titles, of the rules that a line fulfils."""
        event = _event(line)
        rules, known = self._rules
        routed = {rule.id for rule in rules.routed(event.logsource)}
        return frozenset(rule.name or rule.title for rule, holds in known if rule.id in routed and holds(event))

    def told(self, line: str) -> tuple[str | None, str | None, str | None, str | None, frozenset[str]]:
        """(source address, user, outcome, action, rules)."""
        return (*told(line), self.fulfilled(line))


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


def rows(table: str) -> list[Row]:
    """The rows of a table in which a line is followed by ``=> address | user | outcome | action | rules``.

    ``-`` stands for nothing; several rules are divided by semicolons.
    """
    found: list[Row] = []
    line = ""
    for text in table.strip("\n").split("\n"):
        if not text.startswith("=> "):
            line = text
            continue
        source, user, outcome, action, rules = (None if part == "-" else part for part in text[3:].split(" | "))
        names = () if rules is None else rules.split("; ")
        found.append((line, source, user, outcome, action, frozenset(names)))
    return found
