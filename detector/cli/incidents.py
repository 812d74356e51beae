"""``tocsin incidents``."""

from pathlib import Path
from typing import Any

import click

from detector.cli import acting, keeping
from detector.cli.client import in_path
from detector.cli.export import free, unpack
from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import clean, print_json, print_table, severity

SEVERITIES = ("informational", "low", "medium", "high", "critical")
LINES_SHOWN = 10


@click.group()
def incidents() -> None:
    """List and show incidents, and act on them."""


for _verb in (*acting.VERBS, *keeping.VERBS):
    incidents.add_command(_verb)


@incidents.command("list")
@daemon_options
@click.option("--status", type=click.Choice(["open", "closed"]), help="Only open or closed ones.")
@click.option("--severity", "level", type=click.Choice(SEVERITIES), help="Only of that severity.")
@click.option("--decision", type=click.Choice(["investigate", "observe"]), help="Only incidents, or only observations.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most.")
@click.option("--after", type=int, metavar="NUMBER", help="Only those before that number: the next page.")
@json_option
def list_(
    client: Client,
    status: str | None,
    level: str | None,
    decision: str | None,
    limit: int,
    after: int | None,
    as_json: bool,
) -> None:
    """List incidents and observations, newest first."""
    query = {"status": status, "severity": level, "decision": decision, "limit": limit, "after": after}
    page = client.get("/api/v1/incidents", query)
    if as_json:
        print_json(page)
        return
    titles = ("id", "severity", "step", "events", "last seen", "acknowledged", "title", "about")
    print_table(titles, map(_row, page["items"]), "no incident")
    if len(page["items"]) == limit:
        click.echo(f"more: tocsin incidents list --after {page['items'][-1]['number']}")


@incidents.command()
@click.argument("number", metavar="INC-n")
@daemon_options
@json_option
def show(client: Client, number: str, as_json: bool) -> None:
    """Show one incident: what, why, the lines, what happened since."""
    record = client.get(f"/api/v1/incidents/{in_path(number)}")
    if as_json:
        print_json(record)
        return
    name = f"{clean(record['id'])}  {severity(record['severity'])}  {clean(record['title'])}  {_about(record)}"
    click.echo(name.rstrip())
    taken = f"{record['acknowledged_by']} since {record['acknowledged_at']}" if record["acknowledged_at"] else "nobody"
    click.echo(clean(f"{record['status']}, step {record['step']}; acknowledged by {taken}"))
    click.echo(clean(f"rule {record['rule']['title']} ({record['rule']['path']}), decision {record['decision']}"))
    click.echo(clean(f"{record['events']} events from {record['first_seen']} to {record['last_seen']}"))
    for term in record["severity_terms"]:
        click.echo(clean(f"  {term['term']} {term['value']:+d}: {term['because']}"))
    _print_lines(record["evidence"])
    click.echo("timeline:")
    for entry in record["timeline"]:
        click.echo(clean(f"  {_entry(entry)}"))
    for one in record["deliveries"]:
        click.echo(clean(f"  told {one['receiver']}: {one['state']} {one['detail'] or one['reason']}".rstrip()))


@incidents.command()
@click.argument("number", metavar="INC-n")
@click.option("--note", default="", help="A sentence for the record.")
@daemon_options
@json_option
def ack(client: Client, number: str, note: str, as_json: bool) -> None:
    """Acknowledge an incident: "I have it". Needs your token in TOCSIN_TOKEN or --token-file."""
    done = client.post(f"/api/v1/incidents/{in_path(number)}/acknowledge", {"note": note})
    if as_json:
        print_json(done)
    elif done["first"]:
        click.echo(clean(f"{number} is yours, {done['by']}, since {done['at']}."))
    else:
        click.echo(clean(f"{number} was taken by {done['by']} at {done['at']} already."))


@incidents.command()
@click.argument("number", metavar="INC-n")
@click.option("--out", required=True, metavar="FOLDER", help="Where the files go; must not exist, or be empty.")
@daemon_options
@json_option
def export(client: Client, number: str, out: str, as_json: bool) -> None:
    """Write everything about an incident into a folder, with a program that verifies it without the daemon."""
    free(out)
    names = unpack(client.get_file(f"/api/v1/incidents/{in_path(number)}/export"), out)
    if as_json:
        print_json({"folder": out, "files": names})
    else:
        click.echo(clean(f"{len(names)} files in {out}; verify them with: python3 {Path(out) / 'verify.py'}"))


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    if one.get("hidden"):
        return one["id"], "-", one["step"], "-", "-", "-", "(those who take part in it see it)", ""
    standing = "observed" if one["decision"] == "observe" else one["step"]
    if one["advised"] and standing == "observed":
        standing = "would have paged"
    return (
        one["id"],
        one["severity"],
        standing if one["status"] == "open" else one["outcome"],
        one["events"],
        one["last_seen"],
        one["acknowledged_by"] or ("-" if one["decision"] == "observe" else "nobody"),
        one["title"],
        _about(one),
    )


def _about(one: dict[str, Any]) -> str:
    return clean(" ".join(f"{name}={value}" for name, value in one["group"].items()))


def _print_lines(evidence: list[dict[str, Any]]) -> None:
    click.echo("evidence:")
    for one in evidence[:LINES_SHOWN]:
        click.echo(clean(f"  {one['origin']}:{one['line']}  {one['text']}"))
    if len(evidence) > LINES_SHOWN:
        click.echo(f"  … and {len(evidence) - LINES_SHOWN} more (--json prints all)")


def _entry(entry: dict[str, Any]) -> str:
    reason = entry["facts"].get("reason") or ""
    values = "; ".join("(redacted)" if value is None else value for value in entry["values"].values())
    via = f"by {entry['via']}" if entry["via"] else ""
    return "  ".join(filter(None, (entry["at"], entry["kind"], entry["actor"]["id"], via, reason, values)))
