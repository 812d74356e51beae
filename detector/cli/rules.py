"""``tocsin rules``."""

import sys

import click

from detector.cli.options import json_option
from detector.cli.output import Misuse, clean, print_json, print_table
from detector.cli.ruleset import rules_option, ruleset
from detector.cli.silences import mute
from detector.cli.testing import test
from rules.sigma.model import Correlation, Filter, Rule, RuleSet


@click.group()
def rules() -> None:
    """List, test and mute rules."""


@rules.command("list")
@rules_option
@json_option
def list_(rule_paths: tuple[str, ...], as_json: bool) -> None:
    """List rules: those that come with Tocsin, or those named with --rules. Exits with 2 if one does not load."""
    found = ruleset(rule_paths)
    if as_json:
        print_json(
            {
                "rules": [_plain(one) for one in found.all],
                "filters": [_plain_filter(one) for one in found.filters],
                "errors": [str(one) for one in found.errors],
            }
        )
    else:
        titles = ("level", "decision", "title", "kind", "file")
        rows = [(str(one.level), str(one.decision), one.title, _kind(one), one.path) for one in found.all]
        rows += [("", "", one.title, _hides(one, found), one.path) for one in found.filters]
        print_table(titles, rows, "no rule loads" if found.errors else "no rules")
        for error in found.errors:
            click.echo("\n".join(map(clean, str(error).split("\n"))), err=True)
    sys.exit(Misuse.exit_code if found.errors else 0)


rules.add_command(test)
rules.add_command(mute)


def _kind(rule: Rule | Correlation) -> str:
    if isinstance(rule, Correlation):
        return rule.type
    return "base" if rule.as_base_only else "single event"


def _hides(one: Filter, rules: RuleSet) -> str:
    titles = {rule.id: rule.title for rule in rules.all}
    return "filter of " + ", ".join(titles[rule] for rule in one.rules)


def _plain_filter(one: Filter) -> dict[str, object]:
    return {"id": one.id, "title": one.title, "path": one.path, "version": one.version, "rules": one.rules}


def _plain(rule: Rule | Correlation) -> dict[str, object]:
    return {
        "id": rule.id,
        "title": rule.title,
        "level": rule.level,
        "decision": rule.decision,
        "kind": _kind(rule),
        "path": rule.path,
        "version": rule.version,
        "author": rule.author,
        "license": rule.license,
        "tags": rule.tags,
        "filters": [one.id for one in rule.filters],
    }
