"""``tocsin explain``."""

from contextlib import ExitStack
from typing import Any

import click

from detector.cli.bench import Wishes, bench, bench_options
from detector.cli.client import in_path
from detector.cli.options import Client, daemon_options
from detector.cli.output import Misuse, clean, print_json, severity
from detector.cli.story import story
from detector.replay.explain import Line, explained


@click.command()
@click.argument("incident", required=False, metavar="[INC-n]")
@click.option("--file", "path", metavar="FILE", help='Explain each line of a file; "-" is standard input.')
@daemon_options
@bench_options
def explain(client: Client, incident: str | None, path: str | None, wishes: Wishes, as_json: bool, **_: Any) -> None:
    """Say why: how an incident came about, or how each line of a file is read and which rules match it."""
    if (incident is None) == (path is None):
        raise Misuse("name an incident (tocsin explain INC-1) or a file (tocsin explain --file FILE)")
    if path is None:
        _explain_incident(client, incident or "", wishes, as_json)
    else:
        _explain_file(path, wishes, as_json)


def _explain_file(path: str, wishes: Wishes, as_json: bool) -> None:
    with ExitStack() as house:
        on = bench(house, [path], wishes)
        assert on.settings.as_of is not None
        (file,) = on.files
        profile, as_of, trust = on.settings.sources[file.name], on.settings.as_of, on.settings.trust
        for line in explained(file, profile, on.rules, on.formats, as_of, trust):
            if as_json:
                print_json(plain(line), indent=None)
            else:
                _print_line(line)


def plain(line: Line) -> dict[str, Any]:
    """One line of ``--json``."""
    return {
        "line": line.number,
        "format": line.event.format or None if line.event else None,
        "fields": dict(line.event.fields) if line.event else {},
        "matches": [{"id": rule.id, "title": rule.title, "level": rule.level} for rule in line.rules],
        "excepted": [{"id": rule.id, "title": rule.title, "filter": one.title} for rule, one in line.excepted],
        "text": line.text,
    }


def _print_line(line: Line) -> None:
    click.echo(f"{line.number}: {clean(line.text)}")
    if line.event is None:
        click.echo("   nothing to match: blank, or a header")
        return
    click.echo(f"   read as {line.event.format or 'plain text: no format takes it'}")
    for name, value in line.event.fields.items():
        if name != "message":
            click.echo(clean(f"     {name} = {value}"))
    for rule in line.rules:
        click.echo(f"   matches {severity(rule.level)} {clean(rule.title)} ({clean(rule.path)})")
    for excepted, by in line.excepted:
        click.echo(f"   does not count for {clean(excepted.title)}: {clean(by.title)} ({clean(by.path)})")
    if not line.rules:
        click.echo("   no rule matches")


def _explain_incident(client: Client, incident: str, wishes: Wishes, as_json: bool) -> None:
    record = client.get(f"/api/v1/incidents/{in_path(incident)}")
    told = story(record, wishes)
    if as_json:
        print_json({"incident": record["id"], "title": record["title"], "why": told.branches})
        return
    click.echo(clean(told.head))
    for name, lines in told.branches.items():
        for index, line in enumerate(lines):
            mark = ("├" if name != told.last else "└") if index == 0 else ("│" if name != told.last else " ")
            click.echo(clean(f"{mark} {name if index == 0 else '':<8} {line}"))
