"""Verbs of ``tocsin incidents`` about who sees one and what goes from it. They need an approver's token."""

from typing import Any

import click

from detector.cli.client import in_path
from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import Misuse, clean, print_json

FORMS = (
    "identification",
    "notification",
    "report",
    "investigation",
    "corrective_actions",
    "approval",
    "follow_up",
)
reason_option = click.option("--reason", required=True, help="Why; it stays in the record.")


@click.command()
@click.argument("number", metavar="INC-n")
@click.option("--entry", type=int, metavar="N", help="A value of this timeline entry; with --name.")
@click.option("--name", metavar="NAME", help="Which value, as `tocsin incidents show --json` names it.")
@click.option("--form", type=click.Choice(FORMS), help="All that was ever answered to a field of it; with --field.")
@click.option("--action", type=int, metavar="N", help="All that ever stood in a field of it; with --field.")
@click.option("--field", metavar="NAME", help="Which field.")
@click.option("--line", "place", metavar="FILE:N", help="A line of evidence.")
@reason_option
@daemon_options
@json_option
def redact(client: Client, number: str, reason: str, place: str | None, as_json: bool, **where: Any) -> None:
    """Delete a text for ever; the record says who did it and why, and still verifies."""
    body = {name: value for name, value in where.items() if value is not None}
    if place is not None:
        origin, _, line = place.rpartition(":")
        if not (origin and line.isascii() and line.isdigit()):
            raise Misuse(f'--line "{clean(place)}" is no line: write it as FILE:N, as `tocsin incidents show` does')
        body |= {"origin": origin, "line": int(line)}
    done = _act(client, number, "redact", body | {"reason": reason})
    _say(done, as_json, f"{done['id']}: redacted; entry {done['entry']} says so.")


@click.command()
@click.argument("number", metavar="INC-n")
@reason_option
@daemon_options
@json_option
def restrict(client: Client, number: str, reason: str, as_json: bool) -> None:
    """Have those alone see an incident who take part in it."""
    done = _act(client, number, "restrict", {"reason": reason}, upon_version=True)
    _say(done, as_json, f"{done['id']} is restricted: those who take part in it see it.")


@click.command("lift-restriction")
@click.argument("number", metavar="INC-n")
@reason_option
@daemon_options
@json_option
def lift_restriction(client: Client, number: str, reason: str, as_json: bool) -> None:
    """Have everybody see an incident again, unless it is TLP:RED."""
    done = _act(client, number, "lift_restriction", {"reason": reason}, upon_version=True)
    _say(done, as_json, f"{done['id']} is not restricted any more; it is {done['tlp']}.")


@click.command()
@click.argument("number", metavar="INC-n")
@reason_option
@daemon_options
@json_option
def hold(client: Client, number: str, reason: str, as_json: bool) -> None:
    """Place a legal hold: nothing of an incident may go until somebody else releases it."""
    done = _act(client, number, "hold", {"reason": reason})
    _say(done, as_json, f"{done['id']} is held by entry {done['entry']}.")


@click.command("release-hold")
@click.argument("number", metavar="INC-n")
@click.argument("entry", type=int)
@reason_option
@daemon_options
@json_option
def release_hold(client: Client, number: str, entry: int, reason: str, as_json: bool) -> None:
    """Release the legal hold that timeline entry ENTRY placed."""
    done = _act(client, number, "release_hold", {"entry": entry, "reason": reason})
    _say(done, as_json, f"{done['id']}: the hold of entry {entry} is released.")


@click.command()
@click.argument("number", metavar="INC-n")
@reason_option
@daemon_options
@json_option
def dispose(client: Client, number: str, reason: str, as_json: bool) -> None:
    """Propose to dispose of a closed incident; nothing goes before another person agrees."""
    done = _act(client, number, "dispose", {"reason": reason})
    _say(done, as_json, f"{done['id']}: proposed; another approver settles it with `tocsin incidents settle-disposal`.")


@click.command("settle-disposal")
@click.argument("number", metavar="INC-n")
@click.option("--agree/--decline", required=True, default=None, help="Dispose of it for ever, or keep it.")
@click.option("--reason", default="", help="Why; it stays in the record.")
@daemon_options
@json_option
def settle_disposal(client: Client, number: str, agree: bool, reason: str, as_json: bool) -> None:
    """Agree to dispose of an incident that another person proposed, or decline."""
    done = _act(client, number, "settle_disposal", {"agree": agree, "reason": reason})
    _say(done, as_json, f"{done['id']} is {'disposed of' if agree else 'kept'}.")


VERBS = (redact, restrict, lift_restriction, hold, release_hold, dispose, settle_disposal)


def _act(client: Client, number: str, act: str, body: dict[str, Any], *, upon_version: bool = False) -> Any:
    path = f"/api/v1/incidents/{in_path(number)}"
    version = client.get(path)["version"] if upon_version else None
    return client.post(f"{path}/acts/{act}", body, version=version)


def _say(done: Any, as_json: bool, sentence: str) -> None:
    if as_json:
        print_json(done)
    else:
        click.echo(clean(sentence))
