"""``tocsin notify``."""

from typing import Any

import click

from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import clean, print_json, print_table


@click.group()
def notify() -> None:
    """Show that people can be told."""


@notify.command("test")
@click.argument("receiver", required=False)
@daemon_options
@json_option
def test(client: Client, receiver: str | None, as_json: bool) -> None:
    """Send a real message over RECEIVER, or over each, by the daemon's own ways; tell what became of it and how long it
    took. Exits with 1 if one was not accepted.
    """
    told = client.post("/api/v1/receivers/test", {"receiver": receiver} if receiver else {})
    if as_json:
        print_json(told)
    else:
        titles = ("receiver", "channel", "result", "seconds", "said")
        print_table(titles, map(_row, told["items"]), "no receiver is configured")
    if not told["items"] or not all(one["accepted"] for one in told["items"]):
        raise SystemExit(1)


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    name = one["receiver"] if not one["target"] else f"{one['receiver']} ({one['target'] + 1})"
    return name, one["channel"], one["outcome"], f"{one['elapsed_seconds']:.2f}", clean(one["detail"])
