"""What ``replay`` prints of the rules that were about no line."""

from typing import Any

import click

from detector.cli.output import print_table
from detector.replay.asked import Asked, NotAsked
from rules.event import LogSource

MOST_SHOWN = 10  #: log sources, where not all were asked for
TITLES_SHOWN = 3


def print_asked(asked: Asked, *, every: bool) -> None:
    """Of which log sources the lines were; how many rules were not asked, and with *every* which."""
    if not asked.events:
        return
    click.echo()
    shown = asked.of_lines if every else asked.of_lines[:MOST_SHOWN]
    rows = ((one.logsource, one.events, one.rules) for one in shown)
    print_table(("log source of the lines", "events", "rules asked"), rows)
    if len(shown) < len(asked.of_lines):
        click.echo(f"and {len(asked.of_lines) - len(shown)} more")
    if every and asked.missing:
        click.echo()
        print_table(("log source of no line", "rules", "which"), map(_row, asked.missing))
    if asked.not_asked:
        click.echo()
        click.echo(sentence(asked) + ("" if every else "; -v lists them"))


def sentence(asked: Asked) -> str:
    """How many rules were not asked, and why."""
    return f"{asked.not_asked} of {asked.total} rules were not asked: no line is of their log source"


def plain(asked: Asked) -> dict[str, Any]:
    """The last line of ``--json --verbose``."""
    return {
        "rules": asked.total,
        "rules_not_asked": asked.not_asked,
        "log_sources": [
            {**_plain_source(one.logsource), "events": one.events, "rules": one.rules} for one in asked.of_lines
        ],
        "not_asked": [
            {**_plain_source(one.logsource), "rules": [{"id": head.id, "title": head.title} for head in one.rules]}
            for one in asked.missing
        ],
    }


def in_vain(asked: Asked) -> str:
    """No rule was about any line: what the lines are, and what the rules are for."""
    lines = "; ".join(str(one.logsource) for one in asked.of_lines[:TITLES_SHOWN])
    lines = "no log source: no format says what they are" if lines == str(LogSource()) else f"the log source {lines}"
    wanted = "; ".join(str(one.logsource) for one in asked.missing[:TITLES_SHOWN])
    return (
        f"no rule was asked: the lines are of {lines}; the rules are for {wanted}.\n"
        "  hint: name the format with --format, or with --source a source of a configuration: "
        "its product, category and service say what the lines are"
    )


def _row(one: NotAsked) -> tuple[object, ...]:
    titles = ", ".join(head.title for head in one.rules[:TITLES_SHOWN])
    return (one.logsource, len(one.rules), titles + (", …" if len(one.rules) > TITLES_SHOWN else ""))


def _plain_source(one: LogSource) -> dict[str, str | None]:
    return {"category": one.category, "product": one.product, "service": one.service}
