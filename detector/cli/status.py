"""``tocsin status``."""

from collections import Counter
from typing import Any

import click

from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import clean, print_json, print_table


@click.command()
@daemon_options
@json_option
def status(client: Client, as_json: bool) -> None:
    """Show how the daemon is doing: sources, rules, incidents, messages, and what is wrong."""
    told = client.get("/api/v1/status")
    if as_json:
        print_json(told)
        return
    summary = told["summary"]
    click.echo(clean(f"tocsin {told['version']}, process {told['pid']}, since {told['started_at']}"))
    click.echo(clean(f"pages  {told['http']['base_url'] or told['http']['url']}"))
    click.echo(clean(f"store  {told['store']}"))
    modes = Counter(one["mode"] for one in told["rules"] if one["mode"] != "on")
    lowered = "".join(f", {many} in the mode {mode}" for mode, many in sorted(modes.items()))
    click.echo(clean(f"rules  {len(told['rules'])} loaded, {len(told['rule_errors'])} rejected{lowered}"))
    click.echo(
        f"open   {summary['open']} incidents, {summary['unacknowledged']} of them unacknowledged; "
        f"{summary['observations']} observations; {summary['deliveries_pending']} messages pending, "
        f"{summary['deliveries_dead']} given up"
    )
    click.echo()
    titles = ("source", "file", "state", "format", "lines", "unparsed", "matched", "behind", "last line")
    print_table(titles, map(_source, told["sources"]), "no source has been read yet")
    for sentence in summary["hushed"]:
        click.echo(click.style("silenced: ", fg="yellow") + clean(sentence))
    for sentence in told["degraded"]:
        click.echo(click.style("degraded: ", fg="yellow") + clean(sentence))


def _source(source: dict[str, Any]) -> tuple[object, ...]:
    lag = source["lag_bytes"]
    return (
        source["source"],
        source["origin"],
        source["state"],
        source["format"] or "-",
        source["lines"],
        source["unparsed"],
        source["matched"],
        "-" if lag is None else f"{lag} B",
        source["last_line_at"] or "-",
    )
