"""``tocsin rules list``."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from detector.cli.bench import configured
from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import Failure, Misuse, clean, print_json, print_table
from detector.cli.ruleset import read_rules, rules_option
from detector.config.locate import find_config
from rules.event import Mode
from rules.modes import ModeEntry, entry_of, with_modes
from rules.sigma.load import load, load_for
from rules.sigma.model import Correlation, Filter, Rule, RuleSet

Figures = Mapping[str, Mapping[str, Any]]
"""By rule id, what the daemon says of it; see ``GET /api/v1/rules``."""

Order = Callable[[Rule | Correlation, Mapping[str, Any]], Any]

#: How rules are sorted, by the option's value; what is not known comes last.
ORDERS: Mapping[str, Order] = {
    "file": lambda rule, _: (rule.path, rule.line),
    "title": lambda rule, _: rule.title.casefold(),
    "level": lambda rule, _: -rule.level.rank,
    "cost": lambda _, use: -(use.get("microseconds") or 0),
    "share": lambda _, use: -(use.get("share") or 0),
    "matches": lambda _, use: -(use.get("matches") or 0),
    "findings": lambda _, use: -(use.get("findings") or 0),
    "last": lambda _, use: (use.get("last_match") is None, _backwards(use.get("last_match") or "")),
}


@click.command("list")
@rules_option
@daemon_options
@click.option(
    "--sort",
    "order",
    type=click.Choice(list(ORDERS)),
    help="By file, title or level; or by what the daemon says: what asking costs (per event, or in all), matches, …",
)
@json_option
def list_(client: Client, rule_paths: tuple[str, ...], order: str | None, as_json: bool) -> None:
    """List rules: those of the configuration, or those that come with Tocsin, or those named with --rules.

    Without --rules it asks the daemon what each matched, found and costs since it started, and who muted it.
    Exits with 2 if a rule does not load.
    """
    found, modes = _at_hand(rule_paths)
    figures = {} if rule_paths else _figures(client)
    heads = list(found.all)
    if order:
        by_figure = order not in ("file", "title", "level")
        heads.sort(
            key=lambda rule: (by_figure and rule.id not in figures, ORDERS[order](rule, figures.get(rule.id, {})))
        )
    if as_json:
        print_json(_plain(found, heads, modes, figures))
    else:
        _print(found, heads, modes, figures)
    sys.exit(Misuse.exit_code if found.errors else 0)


def _at_hand(rule_paths: tuple[str, ...]) -> tuple[RuleSet, tuple[ModeEntry, ...]]:
    """The rules in their modes, and what says so."""
    config = None if rule_paths else find_config(click.get_current_context().params.get("config_path"))
    if config is None:
        return load(read_rules(rule_paths)), ()
    settings = configured(str(config))
    return with_modes(load_for(settings), settings.modes), settings.modes


def _figures(client: Client) -> Figures:
    """What the daemon says; nothing, and why, if none answers."""
    try:
        return {one["id"]: one for one in client.get("/api/v1/rules")["items"]}
    except Failure as error:
        reason = error.message.split("\n", 1)[0]
        click.echo(f"{reason}\nWhat rules matched and cost, and mutes, are not shown.", err=True)
        return {}


def _print(found: RuleSet, heads: Sequence[Rule | Correlation], modes: Sequence[ModeEntry], figures: Figures) -> None:
    moded = bool(modes or figures)
    titles = ["level", "decision", *(["mode"] if moded else []), "title", "kind"]
    titles += ["matches", "findings", "last match", "µs", "share"] if figures else []
    rows = []
    for one in heads:
        row: list[object] = [
            one.level,
            one.decision,
            *([_standing(one, figures)] if moded else []),
            one.title,
            kind(one),
        ]
        rows.append([*row, *(_used(figures.get(one.id)) if figures else ()), one.path])
    for each in found.filters:
        rows.append(
            [
                "",
                "",
                *([""] if moded else []),
                each.title,
                _hides(each, found),
                *([""] * 5 if figures else []),
                each.path,
            ]
        )
    print_table([*titles, "file"], rows, "no rule loads" if found.errors else "no rules")
    for sentence in _sentences(heads, modes, figures):
        click.echo(clean(sentence))
    for problem in (*found.errors, *found.remarks):
        click.echo("\n".join(map(clean, str(problem).split("\n"))), err=True)


def _standing(rule: Rule | Correlation, figures: Figures) -> str:
    muted = figures.get(rule.id, {}).get("mute")
    return f"{rule.mode}, muted" if muted else str(rule.mode)


def _used(use: Mapping[str, Any] | None) -> tuple[object, ...]:
    """Cells of what the daemon says of a rule; it may not run the rule, or not yet know."""
    if use is None:
        return ("not run", "", "", "", "")
    cost, share = use["microseconds"], use["share"]
    return (
        use["matches"],
        use["findings"],
        use["last_match"] or "-",
        "-" if cost is None else f"{cost:.1f}",
        "-" if share is None else f"{share:.1%}",
    )


def _sentences(heads: Sequence[Rule | Correlation], modes: Sequence[ModeEntry], figures: Figures) -> list[str]:
    """Who asked that rules ask nobody, and why."""
    told = []
    for entry in modes:
        lowers = [one for one in heads if one.mode is not Mode.ON and entry_of(one, modes) is entry]
        if lowers:
            told.append(entry.sentence(len(lowers)))
    for one in heads:
        if mute := figures.get(one.id, {}).get("mute"):
            told.append(f"muted: {one.title} until {mute['until']}, by {mute['by']}: {mute['reason']}")
    return told


def _plain(
    found: RuleSet, heads: Sequence[Rule | Correlation], modes: Sequence[ModeEntry], figures: Figures
) -> dict[str, Any]:
    return {
        "rules": [_plain_rule(one, entry_of(one, modes), figures.get(one.id)) for one in heads],
        "filters": [_plain_filter(one) for one in found.filters],
        "errors": [str(one) for one in found.errors],
        "remarks": [str(one) for one in found.remarks],
    }


def _plain_rule(rule: Rule | Correlation, entry: ModeEntry | None, use: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "level": rule.level,
        "decision": rule.decision,
        "mode": rule.mode,
        "mode_author": entry.author if entry else "",
        "mode_reason": entry.reason if entry else "",
        "kind": kind(rule),
        "path": rule.path,
        "version": rule.version,
        "author": rule.author,
        "license": rule.license,
        "tags": rule.tags,
        "filters": [one.id for one in rule.filters],
        "use": None
        if use is None
        else {name: use[name] for name in ("matches", "findings", "last_match", "microseconds", "share", "mute")},
    }


def _plain_filter(one: Filter) -> dict[str, object]:
    return {"id": one.id, "title": one.title, "path": one.path, "version": one.version, "rules": one.rules}


def kind(rule: Rule | Correlation) -> str:
    """What sort of rule it is."""
    if isinstance(rule, Correlation):
        return rule.type
    return "base" if rule.as_base_only else "single event"


def _hides(one: Filter, rules: RuleSet) -> str:
    if one.for_any:
        return f"filter of any rule of its log source ({len(one.rules)} of them)"
    titles = {rule.id: rule.title for rule in rules.all}
    return "filter of " + ", ".join(titles.get(rule, rule) for rule in one.rules)


def _backwards(text: str) -> list[int]:
    """A key that sorts texts the other way round."""
    return [-ord(char) for char in text]
