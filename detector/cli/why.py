"""``tocsin why``."""

from typing import Any

import click

from detector.cli.client import in_path
from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import Misuse, clean, print_json


@click.command()
@click.argument("incident", required=False)
@click.argument("person", required=False)
@click.option("--at", "time", metavar="TIME", help="A moment with its zone, as in 2026-03-02T09:30:00Z.")
@click.option("--source", metavar="NAME", help="A source, by its name in the configuration.")
@click.option("--rule", metavar="ID", help="With --source, one rule; without it, whichever were in force.")
@daemon_options
@json_option
def why(
    client: Client,
    incident: str | None,
    person: str | None,
    time: str | None,
    source: str | None,
    rule: str | None,
    as_json: bool,
) -> None:
    """Say why a person was told of an incident, or was not; or, with --at and --source, whether anybody was watching.

    `tocsin why INC-3 ana` tells of each notice about INC-3 what was sent to Ana, or why nothing was. `tocsin why --at
    TIME --source NAME` tells whether a source was read at a moment, and with which rules. Exits with 1 if nothing was
    sent, or if nobody was watching.
    """
    if incident and person and not (time or source or rule):
        _of_person(client, incident, person, as_json)
    elif time and source and not incident:
        _of_source(client, time, source, rule, as_json)
    else:
        raise Misuse("write `tocsin why INC-3 PERSON`, or `tocsin why --at TIME --source NAME`")


def _of_person(client: Client, incident: str, person: str, as_json: bool) -> None:
    number = in_path(incident.upper().removeprefix("INC-"))
    told = client.get(f"/api/v1/incidents/{number}/told/{in_path(person)}")
    if as_json:
        print_json(told)
    else:
        for one in told["items"]:
            click.echo(clean(_line(one)))
    if not any(one["told"] for one in told["items"]):
        raise SystemExit(1)


def _line(one: dict[str, Any]) -> str:
    over = f" over {one['receiver']}" if one["receiver"] else ""
    return f"{one['at']}  {one['kind']} ({one['reason']})  {one['state']}{over}: {one['because']}"


def _of_source(client: Client, time: str, source: str, rule: str | None, as_json: bool) -> None:
    told = client.get("/api/v1/coverage/at", {"time": time, "source": source, "rule": rule})
    if as_json:
        print_json(told)
    else:
        click.echo("watched" if told["watched"] else "not watched")
        for sentence in told["told"]:
            click.echo(clean(f"  {sentence}"))
    if not told["watched"]:
        raise SystemExit(1)
