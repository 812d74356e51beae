"""``tocsin sign-in``."""

import click

from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import print_json


@click.command("sign-in")
@click.argument("person")
@daemon_options
@json_option
def sign_in(client: Client, person: str, as_json: bool) -> None:
    """Make a link that signs PERSON in once, in a browser."""
    made = client.post("/api/v1/sign-in-links", {"person": person})
    if as_json:
        print_json(made)
        return
    click.echo(made["url"])
    click.echo(f"Works once, within {made['valid_seconds'] // 60} minutes.", err=True)
