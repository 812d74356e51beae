"""``tocsin user``."""

import sys

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


@user.command()
@click.argument("person", metavar="ID")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read it from the first line of standard input.")
@click.option("--link", is_flag=True, help="Print a link that works once: the person sets it in a browser.")
@click.option("--remove", "is_removed", is_flag=True, help="Take it away: they sign in by links that work once.")
@administration_options
@json_option
def password(client: Client, person: str, from_stdin: bool, link: bool, is_removed: bool, as_json: bool) -> None:
    """Set the password of a person, who types it: nobody else knows it, and it is shown nowhere."""
    if from_stdin + link + is_removed > 1:
        raise click.UsageError("give one of --stdin, --link and --remove")
    if link:
        made = client.post("/api/v1/sign-in-links", {"person": person})
        told = {"url": f"{made['url']}?then=password", "valid_seconds": made["valid_seconds"]}
        print_json(told) if as_json else click.echo(told["url"])
        return
    if is_removed:
        client.delete(f"/api/v1/users/{in_path(person)}/password")
    else:
        body = {"password": _typed(from_stdin)}
        client.post(f"/api/v1/users/{in_path(person)}/password", body)
    if as_json:
        print_json({"id": person, "has_password": not is_removed})
    else:
        click.echo(f"{clean(person)} has {'no password any more' if is_removed else 'a new password'}.")


def _typed(from_stdin: bool) -> str:
    """The new password, without showing it."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt("New password", hide_input=True, confirmation_prompt="The same again", err=True)
    return typed


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
