"""``tocsin user``."""

import click

from detector.cli.client import in_path
from detector.cli.options import Client, administration_options, json_option
from detector.cli.output import clean, print_json, print_table


@click.group()
def user() -> None:
    """Add, list and remove persons; while no daemon runs, too."""


@user.command()
@click.argument("person", metavar="ID")
@click.option("--name", default="", help="What people call them; default: the ID.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="What they may do; may be given several times.")
@click.option("--email", default="", help="Where mail reaches them.")
@click.option("--timezone", default="UTC", show_default=True, help="Zone in which they are told times.")
@administration_options
@json_option
def add(
    client: Client, person: str, name: str, roles: tuple[str, ...], email: str, timezone: str, as_json: bool
) -> None:
    """Add a person. ID is short and lasting: it stands in every record."""
    body = {"id": person, "name": name, "roles": roles or ("responder",), "email": email, "timezone": timezone}
    made = client.post("/api/v1/users", body)
    if as_json:
        print_json(made)
    else:
        click.echo(clean(f"{made['id']} is added ({', '.join(made['roles'])}). Next: tocsin sign-in {made['id']}"))


@user.command("list")
@administration_options
@json_option
def list_(client: Client, as_json: bool) -> None:
    """List persons."""
    found = client.get("/api/v1/users")
    if as_json:
        print_json(found)
        return
    rows = (
        (
            one["id"],
            one["name"],
            " ".join(one["roles"]),
            one["email"] or "-",
            "configuration" if one["from_config"] else "command",
            one["disabled_at"] or "-",
        )
        for one in found["items"]
    )
    print_table(("id", "name", "roles", "email", "from", "removed"), rows, "nobody")


@user.command()
@click.argument("person", metavar="ID")
@administration_options
@json_option
def remove(client: Client, person: str, as_json: bool) -> None:
    """Take a person's access away. The name stays in the records."""
    client.delete(f"/api/v1/users/{in_path(person)}")
    if as_json:
        print_json({"id": person, "removed": True})
    else:
        click.echo(f"{clean(person)} can no longer sign in.")
