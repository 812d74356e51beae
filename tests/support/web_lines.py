"""What a line of a web server tells, and which bundled rules it fulfils by itself."""

from datetime import UTC, datetime
from functools import cache

from rules.formats.catalogue import by_name
from rules.formats.detect import strictest
from rules.formats.format import Context, Parsed
from rules.match import matches
from rules.sigma.files import BUNDLED, read_rule_files
from rules.sigma.load import load
from rules.sigma.model import RuleSet
from support.rules import event_of

CONTEXT = Context(reference=datetime(2026, 3, 2, tzinfo=UTC))
#: Rules that count every refusal or error: of a single line they say no more than its status.
PLAIN = frozenset({
    "Web request for what is not there",
    "Web request refused",
    "Web server error",
    "Web server has nothing behind it",
})  # fmt: skip

#: Log source, source address, user, outcome, action; "" for what the line does not tell.
Told = tuple[str, str, str, str, str]


@cache
def _bundled() -> RuleSet:
    return load(tuple(file for file in read_rule_files([BUNDLED]) if "/web/" in file[0].replace("\\", "/")))


def read(line: str, named: str = "auto") -> Parsed:
    """The line as its format reads it; a test fails here if none does."""
    parsed = strictest(line, CONTEXT)[1] if named == "auto" else by_name(named).parse(line, CONTEXT)
    assert parsed is not None, line
    assert parsed.time is not None, line
    return parsed


def told(parsed: Parsed) -> Told:
    """What every table of lines holds."""
    source = parsed.logsource
    named = "/".join(part for part in (source.category, source.product, source.service) if part)
    names = ("source.ip", "user.name", "event.outcome", "event.action")
    ip, user, outcome, action = (str(parsed.fields.get(name, "")) for name in names)
    return named, ip, user, outcome, action


def fulfilled(line: str, parsed: Parsed) -> list[str]:
    """Titles of the rules that the line fulfils."""
    event = event_of(parsed.fields, text=line, logsource=parsed.logsource)
    found = {rule.title for rule in _bundled().routed(parsed.logsource) if matches(rule, event)}
    return sorted(found - PLAIN)


#: Method, path, status, bytes, user agent, seconds, host; None for what the line does not tell.
Parts = tuple[str | None, str | None, int | None, int | None, str | None, float | None, str | None]


def parts(parsed: Parsed) -> Parts:
    """What the line tells of the request."""
    names = ("cs-method", "cs-uri-stem", "sc-status", "sc-bytes", "cs-user-agent", "http.duration_seconds", "cs-host")
    method, path, status, size, agent, seconds, host = (parsed.fields.get(name) for name in names)
    return method, path, status, size, agent, seconds, host
