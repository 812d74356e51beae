"""``tocsin deliveries``."""

from typing import Any

import click

from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import clean, print_json, print_table


@click.group()
def deliveries() -> None:
    """List messages that did not arrive, and send them again."""


@deliveries.command("list")
@daemon_options
@json_option
def list_(client: Client, as_json: bool) -> None:
    """List the messages that did not arrive and are not tried any more: of the last 24 hours, and about what is open.

    Those to whom a later message about the same did arrive are left out. Exits with 1 if there are any.
    """
    told = client.get("/api/v1/deliveries")
    if as_json:
        print_json(told)
    else:
        titles = ("id", "incident", "receiver", "about", "state", "attempts", "since", "said")
        print_table(titles, map(_row, told["items"]), "every message arrived, or is still tried")
    if told["items"]:
        raise SystemExit(1)


@deliveries.command("resend")
@click.argument("delivery", type=click.IntRange(min=1))
@daemon_options
@json_option
def resend(client: Client, delivery: int, as_json: bool) -> None:
    """Try the message with the id DELIVERY once more; it is marked as sent again."""
    told = client.post(f"/api/v1/deliveries/{delivery}/resend", {})
    if as_json:
        print_json(told)
    else:
        click.echo(clean(f"message {told['id']} to {told['receiver']} is tried again"))


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    incident = f"INC-{one['incident']}" if one["incident"] else "-"
    since, said = one["finished_at"], clean(one["detail"])
    return one["id"], incident, one["receiver"], one["kind"], one["state"], one["attempts"], since, said
