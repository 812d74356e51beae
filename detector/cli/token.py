"""``tocsin token``."""

import click

from detector.cli.options import Client, administration_options, json_option
from detector.cli.output import clean, print_json, print_table


@click.group()
def token() -> None:
    """Make, list and revoke tokens for the API; while no daemon runs, too."""


@token.command()
@click.argument("person")
@click.option("--label", default="", help="What it is for, e.g. the machine that will hold it.")
@administration_options
@json_option
def create(client: Client, person: str, label: str, as_json: bool) -> None:
    """Make a token with which programs act as PERSON. It is printed once and cannot be shown again."""
    made = client.post("/api/v1/tokens", {"person": person, "label": label})
    if as_json:
        print_json(made)
        return
    click.echo(made["token"])
    click.echo(
        f"Token {made['id']} of {clean(person)}. Keep it: it is not shown again. Use it as TOCSIN_TOKEN.", err=True
    )


@token.command("list")
@administration_options
@json_option
def list_(client: Client, as_json: bool) -> None:
    """List tokens, without their secrets."""
    found = client.get("/api/v1/tokens")
    if as_json:
        print_json(found)
        return
    rows = (
        (one["id"], one["person"], one["label"], one["created_at"], one["revoked_at"] or "-") for one in found["items"]
    )
    print_table(("id", "person", "label", "created", "revoked"), rows, "no tokens")


@token.command()
@click.argument("number", type=int, metavar="ID")
@administration_options
@json_option
def revoke(client: Client, number: int, as_json: bool) -> None:
    """End a token, by the id that `tocsin token list` shows."""
    client.delete(f"/api/v1/tokens/{number}")
    if as_json:
        print_json({"id": number, "revoked": True})
    else:
        click.echo(f"Token {number} is revoked.")
