"""``tocsin silences`` and ``tocsin rules mute``: what is recorded and told to nobody. Changes need a person's token."""

from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any

import click

from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import Misuse, clean, print_json, print_table
from store.silence import fits

PATH = "/api/v1/silences"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

until_option = click.option(
    "--until",
    metavar="WHEN",
    help='A moment with its zone ("2026-03-01T06:00+01:00"), or so long from now: 90m, 8h, 3d.',
)
reason_option = click.option("--reason", required=True, help="Why nobody is to be told; it stays.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what it would have hidden.")


@click.group()
def silences() -> None:
    """List, make, settle and end silences and mutes."""


@silences.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that are over.")
@daemon_options
@json_option
def list_(client: Client, every: bool, as_json: bool) -> None:
    """List silences and mutes: what they match, until when, by whom, why, and what they hid."""
    items = [one for one in client.get(PATH)["items"] if every or one["ended_at"] is None]
    if as_json:
        print_json(items)
        return
    titles = ("number", "state", "matches", "until", "by", "hid", "reason")
    print_table(titles, map(_row, items), "nothing is silenced")


@silences.command()
@click.argument("matchers", nargs=-1, required=True, metavar="NAME=VALUE…")
@until_option
@click.option("--from", "starts", metavar="WHEN", help="When it begins; default: now.")
@click.option("--until-resolved", metavar="INC-n", help="It ends when this incident does, after 30 days at the latest.")
@click.option("--window", metavar="TEXT", help='Only then: "sat,sun 03:00-05:00 Europe/Berlin".')
@reason_option
@dry_run_option
@daemon_options
@json_option
def add(
    client: Client,
    matchers: tuple[str, ...],
    until: str | None,
    starts: str | None,
    until_resolved: str | None,
    window: str | None,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Have nobody told of what matches all NAMEs by any of their VALUEs: asset=web1, rule=ID, source=nginx, …"""
    body: dict[str, Any] = {"matchers": matched(matchers), "reason": reason, "dry_run": dry_run}
    now = datetime.now(UTC)
    if until:
        body["ends_at"] = moment(until, now)
    if starts:
        body["starts_at"] = moment(starts, now)
    if until_resolved:
        body["until_resolved"] = _number(until_resolved)
    if window:
        body["window"] = windowed(window)
    _made(client.post(PATH, body), as_json)


@silences.command()
@click.argument("number", type=int)
@click.option("--agree/--decline", required=True, default=None, help="Have it stand, or end it.")
@click.option("--note", default="", help="A sentence for the record.")
@daemon_options
@json_option
def settle(client: Client, number: int, agree: bool, note: str, as_json: bool) -> None:
    """Agree to a silence that another person made, or to its later end; or decline."""
    _say(_change(client, number, "settle", {"agree": agree, "note": note}), as_json)


@silences.command()
@click.argument("number", type=int)
@until_option
@reason_option
@daemon_options
@json_option
def extend(client: Client, number: int, until: str | None, reason: str, as_json: bool) -> None:
    """Have a silence end later, or earlier."""
    if not until:
        raise Misuse("--until is missing: when is it to end?")
    body = {"ends_at": moment(until, datetime.now(UTC)), "reason": reason}
    _say(_change(client, number, "extend", body), as_json)


@silences.command()
@click.argument("number", type=int)
@click.option("--reason", default="", help="Why; it stays.")
@daemon_options
@json_option
def end(client: Client, number: int, reason: str, as_json: bool) -> None:
    """End a silence: people are told again, also of what it hid and nobody has."""
    _say(_change(client, number, "end", {"reason": reason}), as_json)


@click.command()
@click.argument("rule")
@until_option
@reason_option
@dry_run_option
@daemon_options
@json_option
def mute(client: Client, rule: str, until: str | None, reason: str, dry_run: bool, as_json: bool) -> None:
    """Have nobody told of what RULE (its id or title) finds; it is recorded and counted as ever."""
    if not until:
        raise Misuse("--until is missing: a mute has an end, 30 days from now at the latest")
    _must_run(rule, [one[name] for one in client.get("/api/v1/rules")["items"] for name in ("title", "id")])
    ends_at = moment(until, datetime.now(UTC))
    body = {"matchers": {"rule": [rule]}, "ends_at": ends_at, "reason": reason, "dry_run": dry_run}
    _made(client.post(PATH, body), as_json)


def _must_run(rule: str, known: list[str]) -> None:
    """A mute of a name that is not quite that of a rule would let people sleep badly: it hides nothing.

    Raises:
        Misuse: No rule is called so. While none is known (the daemon starts), any may be.
    """
    if known and not any(fits(rule, name) for name in known):
        titles = {name.casefold(): name for name in known}
        near = get_close_matches(rule.casefold(), titles, n=1)
        meant = f'did you mean "{titles[near[0]]}"?' if near else "tocsin rules list names them"
        raise Misuse(clean(f'no rule that runs has the title or id "{rule}"; {meant}'))


def matched(texts: tuple[str, ...]) -> dict[str, list[str]]:
    """``name=value`` texts as matchers.

    Raises:
        Misuse: One is not written so.
    """
    found: dict[str, list[str]] = {}
    for text in texts:
        name, is_there, value = text.partition("=")
        if not (name and is_there and value):
            raise Misuse(f'"{clean(text)}" is no matcher: write it as name=value, e.g. asset=web1')
        found.setdefault(name, []).append(value)
    return found


def moment(text: str, now: datetime) -> str:
    """A moment, or so long from *now*, as the API takes it.

    Raises:
        Misuse: It is neither.
    """
    count, unit = text[:-1], text[-1:]
    if unit in _UNITS and count.isascii() and count.isdigit() and len(count) < 6:
        return (now + int(count) * _UNITS[unit]).isoformat()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Misuse(f'"{clean(text)}" is no moment: write 2026-03-01T06:00+01:00, or so long from now: 90m, 8h, 3d')
    return found.isoformat()


def windowed(text: str) -> dict[str, Any]:
    """``sat,sun 03:00-05:00 Europe/Berlin`` as the API takes it.

    Raises:
        Misuse: It is not written so.
    """
    parts = text.split()
    days = parts[0].casefold().split(",") if len(parts) == 3 else []
    starts, _, ends = parts[1].partition("-") if len(parts) == 3 else ("", "", "")
    if not (days and set(days) <= set(DAYS) and starts and ends):
        raise Misuse(f'"{clean(text)}" is no window: write it as "sat,sun 03:00-05:00 Europe/Berlin"')
    return {"timezone": parts[2], "days": [DAYS.index(day) for day in days], "starts": starts, "ends": ends}


def _number(text: str) -> int:
    digits = text.upper().removeprefix("INC-")
    if not (digits.isascii() and digits.isdigit()):
        raise Misuse(f'"{clean(text)}" is no incident: write it as INC-7')
    return int(digits)


def _change(client: Client, number: int, act: str, body: dict[str, Any]) -> Any:
    """Upon the version that it has now: the one who types has just decided."""
    version = client.get(f"{PATH}/{number}")["version"]
    return client.post(f"{PATH}/{number}/{act}", body, version=version)


def _made(made: Any, as_json: bool) -> None:
    if as_json:
        print_json(made)
        return
    if "silence" not in made:
        click.echo(clean(made["preview"]["sentence"]))
        return
    _say(made, as_json=False)
    click.echo(clean(made["preview"]["sentence"]))


def _say(done: Any, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    what = f"{'mute' if done['is_mute'] else 'silence'} {done['silence']}"
    if done["ended_at"]:
        sentence = f"{what} is {done['state']}; it hid {done['hid']['notices']}."
    elif done["longer_until"]:
        sentence = f"{what} ends at {done['ends_at']}, unless another person agrees to {done['longer_until']}."
    elif done["state"] == "proposed":
        sentence = f"{what} has no effect before another person agrees to it."
    elif done["needs_another"]:
        sentence = f"{what} lapses at {done['lapses_at']}, unless another person agrees to it."
    else:
        sentence = f"{what} is agreed until {done['ends_at']}."
    click.echo(clean(sentence))


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    matches = " ".join(f"{name}={'|'.join(values)}" for name, values in one["matchers"].items())
    until = one["lapses_at"] or one["ends_at"]
    state = "in force" if one["in_force"] else one["state"].replace("_", " ")
    hid = one["hid"]
    return (
        one["silence"],
        f"{state}, waits for a second person" if one["needs_another"] and not one["ended_at"] else state,
        matches,
        until + (f", or {one['until_resolved']} is over" if one["until_resolved"] else ""),
        one["created_by"],
        f"{hid['notices']} about {hid['incidents']}",
        one["reason"],
    )
