"""``tocsin actions``."""

from typing import Any

import click

from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import clean, print_json, print_table


@click.group()
def actions() -> None:
    """List what is done about incidents: who owns it, and until when."""


@actions.command("list")
@click.option("--incident", metavar="INC-n", help="Only those of that incident.")
@click.option("--owner", metavar="PERSON", help="Only those that belong to that person.")
@click.option("--late", is_flag=True, help="Only those that are late.")
@click.option("--all", "everything", is_flag=True, help="Those too that are verified, dropped, or of closed incidents.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most.")
@click.option("--after", metavar="PLACE", help="Only those after that place: the next page.")
@daemon_options
@json_option
def list_(
    client: Client,
    incident: str | None,
    owner: str | None,
    late: bool,
    everything: bool,
    limit: int,
    after: str | None,
    as_json: bool,
) -> None:
    """List actions, those that are due first."""
    chosen = {"incident": incident, "owner": owner, "late": late or None, "all": everything or None}
    query = {name: str(value).lower() if value is True else value for name, value in chosen.items()}
    page = client.get("/api/v1/actions", query | {"limit": limit, "after": after})
    if as_json:
        print_json(page)
        return
    titles = ("incident", "action", "kind", "state", "owner", "due", "late", "what")
    print_table(titles, map(_row, page["items"]), "no action")
    if len(page["items"]) == limit:
        last = page["items"][-1]
        number = last["incident"].removeprefix("INC-")
        click.echo(clean(f"more: tocsin actions list --after {last['due'] or '9999-99-99'},{number},{last['number']}"))


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    slips = f"slips: {len(one['slips'])}" if one["slips"] else ""
    return (
        one["incident"],
        one["number"],
        one["kind"],
        one["state"],
        one["owner"] or "nobody",
        one["due"] or "-",
        " ".join(filter(None, ("LATE" if one["late"] else "", slips))),
        "(redacted)" if one["text"] is None else one["text"].partition("\n")[0][:60],
    )
