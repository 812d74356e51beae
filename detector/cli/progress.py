"""``tocsin rules progress``."""

from collections.abc import Mapping
from typing import Any

import click

from detector.cli.client import in_path
from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import Misuse, clean, print_json, print_table
from rules.sigma.duration import written
from rules.sigma.errors import nearest

LONGEST = 60  #: characters of a value in the table


@click.command("progress")
@click.argument("rule", metavar="RULE")
@daemon_options
@json_option
def progress(client: Client, rule: str, as_json: bool) -> None:
    """Say how far a rule (by title or id) has counted in the running daemon: its fullest groups, and what they lack.

    At most 20 groups are told, of those that counted last; what has left the time span does not count any more.
    """
    told = client.get(f"/api/v1/rules/{in_path(_id_of(client, rule))}/progress")
    if as_json:
        print_json(told)
    else:
        _print(told)


def _id_of(client: Client, wanted: str) -> str:
    """The id of the rule that runs under this title or id.

    Raises:
        Misuse: there is none, or several have the title.
    """
    rules = client.get("/api/v1/rules")["items"]
    found = [one["id"] for one in rules if wanted in (one["id"], one["title"])]
    found = found or [one["id"] for one in rules if wanted.casefold() == one["title"].casefold()]
    if not found:
        hint = nearest(wanted, [one["title"] for one in rules], show=False) or "tocsin rules list names them"
        raise Misuse(clean(f'no rule that runs has the title or id "{wanted}"; {hint}'))
    if len(found) > 1:
        raise Misuse(clean(f'{len(found)} rules have the title "{wanted}"; name one by its id: {", ".join(found)}'))
    return str(found[0])


def _print(told: Mapping[str, Any]) -> None:
    if not told["type"]:
        click.echo(clean(f'"{told["title"]}" is about single events: it finds at the first, and counts nothing.'))
        if told["counted_by"]:
            click.echo(clean(f"Its matches are counted by: {', '.join(told['counted_by'])}"))
        return
    judged = ", judged when that has passed" if told["waits"] else ""
    read = f"; all sources have passed {told['now']}" if told["now"] else ""
    click.echo(clean(f'"{told["title"]}" needs {told["needs"]} in {written(told["timespan_seconds"])}{judged}{read}.'))
    titles = ("group", "has", "since", "latest", "until", "missing until then")
    print_table(titles, map(_row, told["fullest"]), "Nothing is counted now.")
    rest = told["groups"] - len(told["fullest"])
    if rest:
        click.echo(f"{rest} more groups are held: emptier ones, or such whose time has passed.")
    if told["looked_at"] < told["groups"]:
        click.echo(f"Only the {told['looked_at']} that counted last were looked at.")


def _row(one: Mapping[str, Any]) -> tuple[object, ...]:
    group = " ".join(f"{name}={_cut(value)}" for name, value in one["group"].items()) or "all together"
    has = f"{one['have']}{' or more' if one['approximate'] or one['may_be_more'] else ''}"
    missing = "it holds" if one["holds"] else ", ".join(one["missing"]) or "-"
    return (group, has, one["since"], one["latest"], one["until"], missing)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
