"""Verbs of ``tocsin incidents`` that act on one. They need a person's token."""

from typing import Any

import click

from detector.cli.client import in_path
from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import clean, print_json

SEVERITIES = ("informational", "low", "medium", "high", "critical")
REASONS = (
    "false_positive",
    "expected_activity",
    "test_or_drill",
    "duplicate",
    "accepted_risk",
    "insufficient_information",
)


@click.command()
@click.argument("number", metavar="INC-n")
@click.argument("text")
@daemon_options
@json_option
def note(client: Client, number: str, text: str, as_json: bool) -> None:
    """Write a note into an incident's timeline."""
    done = _act(client, number, "note", {"note": text})
    _say(done, as_json, f"{done['id']}: written as entry {done['entry']}.")


@click.command()
@click.argument("number", metavar="INC-n")
@click.option("--note", default="", help="A sentence for the record.")
@daemon_options
@json_option
def contain(client: Client, number: str, note: str, as_json: bool) -> None:
    """Say that an incident spreads no further."""
    done = _act(client, number, "contain", {"note": note})
    _say(done, as_json, f"{done['id']} is contained since {done['contained_at']}.")


@click.command()
@click.argument("number", metavar="INC-n")
@click.argument("person", required=False)
@click.option("--note", default="", help="A sentence for the record.")
@daemon_options
@json_option
def assign(client: Client, number: str, person: str | None, note: str, as_json: bool) -> None:
    """Hand an incident over to PERSON, who is told; without one, take it over."""
    act, body = ("hand_over", {"to": person, "note": note}) if person else ("own", {"note": note})
    done = _act(client, number, act, body)
    _say(done, as_json, f"{done['id']} is {done['owner']}'s now.")


@click.command()
@click.argument("number", metavar="INC-n")
@click.option("--reason", type=click.Choice(REASONS), required=True, help="Why there is nothing to act on.")
@click.option("--note", default="", help="A sentence for the record.")
@daemon_options
@json_option
def dismiss(client: Client, number: str, reason: str, note: str, as_json: bool) -> None:
    """Dismiss an incident; what ever was high or critical is proposed to a second person."""
    done = _move(client, number, "dismiss", {"reason_code": reason, "note": note})
    proposed = f"{done['id']}: proposed; quiet until {done['quiet_until']}, unless another person settles it before."
    _say(done, as_json, proposed if done["status"] == "open" else f"{done['id']} is dismissed.")


@click.command()
@click.argument("number", metavar="INC-n")
@click.option("--agree/--decline", required=True, default=None, help="Dismiss it, or have people asked again.")
@click.option("--note", default="", help="A sentence for the record.")
@daemon_options
@json_option
def settle(client: Client, number: str, agree: bool, note: str, as_json: bool) -> None:
    """Agree to a dismissal that another person proposed, or decline it."""
    done = _move(client, number, "settle", {"agree": agree, "note": note})
    _say(done, as_json, f"{done['id']} is dismissed." if agree else f"{done['id']} stays open; people are asked again.")


@click.command()
@click.argument("number", metavar="INC-n")
@click.option("--reason", required=True, help="Why, for the record.")
@daemon_options
@json_option
def reopen(client: Client, number: str, reason: str, as_json: bool) -> None:
    """Reopen an incident: a new cycle begins, and people are asked anew."""
    done = _move(client, number, "reopen", {"reason": reason})
    _say(done, as_json, f"{done['id']} is open again, cycle {done['cycle']}.")


@click.command("open")
@click.argument("title")
@click.option("--severity", "level", type=click.Choice(SEVERITIES), required=True, help="How bad it is.")
@click.option("--what-happened", required=True, help="In a few sentences.")
@click.option("--drill", is_flag=True, help="It is an exercise, and left out of statistics.")
@daemon_options
@json_option
def open_(client: Client, title: str, level: str, what_happened: str, drill: bool, as_json: bool) -> None:
    """Open an incident by hand: a phone call, a lost laptop, a drill."""
    body = {"title": title, "severity": level, "what_happened": what_happened, "drill": drill}
    done = client.post("/api/v1/incidents", body)
    _say(done, as_json, f"{done['id']} is open; people are being told.")


VERBS = (note, contain, assign, dismiss, settle, reopen, open_)


def _act(client: Client, number: str, act: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/incidents/{in_path(number)}/acts/{act}", body)


def _move(client: Client, number: str, move: str, body: dict[str, Any]) -> Any:
    """Upon the version that it has now: the one who types has just decided."""
    path = f"/api/v1/incidents/{in_path(number)}"
    version = client.get(path)["version"]
    return client.post(f"{path}/moves/{move}", body, version=version)


def _say(done: Any, as_json: bool, sentence: str) -> None:
    if as_json:
        print_json(done)
    else:
        click.echo(clean(sentence))
