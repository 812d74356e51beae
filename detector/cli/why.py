"""``tocsin why``."""

import click

from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import clean, print_json


@click.command()
@click.option("--at", "time", required=True, metavar="TIME", help="A moment with its zone, as in 2026-03-02T09:30:00Z.")
@click.option("--source", required=True, metavar="NAME", help="A source, by its name in the configuration.")
@click.option("--rule", metavar="ID", help="One rule; without it, whichever were in force.")
@daemon_options
@json_option
def why(client: Client, time: str, source: str, rule: str | None, as_json: bool) -> None:
    """Say whether anybody was watching: was a source read at a moment, and with which rules?

    Exits with 1 if not.
    """
    told = client.get("/api/v1/coverage/at", {"time": time, "source": source, "rule": rule})
    if as_json:
        print_json(told)
    else:
        click.echo("watched" if told["watched"] else "not watched")
        for sentence in told["told"]:
            click.echo(clean(f"  {sentence}"))
    if not told["watched"]:
        raise SystemExit(1)
