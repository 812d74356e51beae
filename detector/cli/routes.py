"""``tocsin routes``."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click

from detector.cli.client import Client
from detector.cli.options import daemon_options, existing_config, json_option
from detector.cli.output import Failure, Misuse, clean, print_json

NAMES = ("severity", "rule", "source", "tag", "category", "step", "ask", "tlp", "asset")


@click.group()
def routes() -> None:
    """Say who would be told."""


def _matched(command: Any) -> Any:
    for name in reversed(NAMES):
        help_ = f"{name.upper() if name == 'tlp' else name.capitalize()} of what is told; may be given several times."
        command = click.option(f"--{name}", multiple=True, metavar="VALUE", help=help_)(command)
    return command


@routes.command("test")
@click.argument("incident", required=False)
@_matched
@click.option("--at", "time", metavar="TIME", help="When it is told, with its zone; default: now.")
@daemon_options
@json_option
def test(client: Client, incident: str | None, time: str | None, as_json: bool, **given: tuple[str, ...]) -> None:
    """Say which routes take a notice and which do not, and why; and who is told next if nobody acknowledges.

    Works on the configuration file, without a daemon; only for an INCIDENT the daemon is asked what it is about.
    Without --ask somebody is asked to take it (join). Exits with 1 if nobody would be told.
    """
    from detector.config.load import load
    from detector.config.loaded import ConfigErrors
    from detector.telling import routing

    at = _moment(time)
    record = client.get(f"/api/v1/incidents/{_number(incident)}") if incident else {}
    try:
        loaded = load(existing_config(click.get_current_context().params["config_path"]))
    except ConfigErrors as error:
        raise Misuse(str(error)) from None
    told = _told(routing(loaded.config), _subject(given, record, at), at)
    if as_json:
        print_json(told)
    else:
        for line in _lines(told):
            click.echo(clean(line))
    if not told["receivers"]:
        raise SystemExit(Failure.exit_code)


def _told(routing: Any, subject: Any, at: datetime) -> dict[str, Any]:
    """What becomes of it, as JSON."""
    from notifier.escalation import policy_for, schedule
    from notifier.route import choose, trace

    looks = trace(routing.routes, subject)
    chosen = choose(routing.routes, routing.receivers, subject)
    policy = policy_for(routing.escalations, subject)
    levels = schedule(policy, at) if policy else ()
    return {
        "at": at.isoformat(),
        "routes": [
            {"route": one.number, "hit": one.is_hit, "because": one.because, "receivers": list(one.receivers)}
            for one in looks
        ],
        "receivers": [
            {"receiver": one.receiver.name, "person": one.receiver.person, "because": one.because} for one in chosen
        ],
        "escalation": policy.name if policy else None,
        "then": [
            {
                "level": one.number,
                "at": moment.isoformat(),
                "after_seconds": (moment - at).total_seconds(),
                "receivers": list(one.receivers) or [each.receiver.name for each in chosen],
                "because": one.says,
            }
            for moment, one in levels
        ],
    }


def _subject(given: dict[str, tuple[str, ...]], record: dict[str, Any], at: datetime) -> Any:
    from notifier.route import Subject
    from store.designation import categories

    found = _of_record(record) if record else {}
    tags = given["tag"] or tuple(found.get("tags", ()))
    tlp = given["tlp"] or tuple(found.get("tlp", ()))
    return Subject(
        severity=given["severity"] or tuple(found.get("severity", ())),
        rule=given["rule"] or tuple(found.get("rule", ())),
        source=given["source"] or tuple(found.get("source", ())),
        tags=tags,
        category=given["category"] or categories(tags),
        step=given["step"] or tuple(found.get("step", ("notification",))),
        ask=given["ask"] or ("join",),
        tlp=tuple(dict.fromkeys(name for one in tlp for name in (one, one.removeprefix("TLP:"))))
        or ("TLP:AMBER", "AMBER"),
        asset=given["asset"] or tuple(found.get("asset", ())),
        at=at,
    )


def _of_record(record: dict[str, Any]) -> dict[str, list[str]]:
    """What routes look at of an incident, as the API gives it."""
    rules = [name for one in record["rules"] for name in (one["rule_id"], one["rule_title"])]
    return {
        "severity": [record["severity"]],
        "rule": [record["rule"]["id"], record["rule"]["title"], *rules],
        "source": list(dict.fromkeys(one["source"] for one in record["evidence"])),
        "tags": list(record["rule"]["tags"]),
        "step": [record["step"]],
        "tlp": [record["tlp"]],
        "asset": [one["value"] for one in record["entities"] if one["kind"] == "host"],
    }


def _lines(told: dict[str, Any]) -> Iterator[str]:
    for one in told["routes"]:
        leads = f" → {', '.join(one['receivers'])}" if one["hit"] else ""
        yield f"route {one['route']}  {'hit ' if one['hit'] else 'miss'}  {one['because']}{leads}"
    names = [f"{one['receiver']} ({one['person']})" if one["person"] else one["receiver"] for one in told["receivers"]]
    yield f"told at once: {', '.join(names) or 'nobody'}"
    if told["escalation"] is None:
        yield "then: nobody is told again, no escalation takes it"
    elif not told["then"]:
        yield f'then: nobody is told again, by the escalation "{told["escalation"]}"'
    for one in told["then"]:
        yield f"after {one['after_seconds'] / 60:g} min: {', '.join(one['receivers'])}   {one['because']}"


def _number(incident: str) -> str:
    text = incident.upper().removeprefix("INC-")
    if not (text.isascii() and text.isdigit()):
        raise Misuse(f'"{clean(incident)}" is no incident: write INC-3')
    return text


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        moment: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Misuse(f'--at "{clean(text)}" is no moment with a zone, e.g. 2026-03-02T09:30:00Z')
    return moment
