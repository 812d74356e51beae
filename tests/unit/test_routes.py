"""Which rules are asked about events of a log source: all that cover it, whatever log sources lines make up."""

from itertools import product

from support.engine import FAILURE, SUCCESS, batch_of, engine_of

from rules.event import LogSource
from rules.sigma.load import load
from rules.sigma.model import MOST_ROUTES, covers

NAMES = (None, "linux", "windows", "webserver", "sshd", "auth", "made up")


def rule(number: int, source: LogSource) -> str:
    return f"title: Rule {number}\nlogsource: {{{source}}}\ndetection: {{s: {{user.name: root}}, condition: s}}\n"


def every_source() -> list[LogSource]:
    return [LogSource(category=one, product=two, service=three) for one, two, three in product(NAMES, repeat=3)]


def test_all_that_cover_it_in_their_order() -> None:
    """The same as asking each rule."""
    said = [one for one in every_source() if one != LogSource()][::3]
    rules = load([("rules.yml", "---\n".join(rule(number, one) for number, one in enumerate(said)))])
    assert len(rules.rules) == len(said)
    for found in every_source():
        assert rules.routed(found) == tuple(one for one in rules.rules if covers(one.logsource, found))


def test_made_up_log_sources_are_forgotten() -> None:
    """CEF names its product itself: as many as there are lines, and none is kept for ever."""
    engine = engine_of(FAILURE, SUCCESS)
    heads = (f"2026-03-01T12:00:00Z web1 CEF: 0|v|made up {number}|1|1|n|1|src=192.0.2.1" for number in range(6000))
    outcome = engine.feed(batch_of(list(heads)))
    assert outcome.counts[0].parsed == 6000
    assert len(engine._routes[""]) <= MOST_ROUTES
    assert len(engine.rules._routes) <= MOST_ROUTES
