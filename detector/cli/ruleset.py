"""The rules that verbs about files work with: the bundled ones, or those named on the command line."""

import click

from detector.cli.output import Misuse
from rules.settings import Trust
from rules.sigma.files import BUNDLED, RuleFileUnreadable, read_rule_files
from rules.sigma.load import load
from rules.sigma.model import RuleSet

rules_option = click.option(
    "--rules",
    "rule_paths",
    multiple=True,
    metavar="PATH",
    help="File or folder of Sigma rules, instead of the bundled ones; may be given several times.",
)


def read_rules(rule_paths: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(path, text) of the rule files.

    Raises:
        Misuse: one cannot be read.
    """
    try:
        return read_rule_files(rule_paths or (BUNDLED,))
    except RuleFileUnreadable as error:
        raise Misuse(str(error)) from None


def ruleset(rule_paths: tuple[str, ...], trust: Trust | None = None) -> RuleSet:
    """The rules, compiled; what does not load is in its ``errors``."""
    return load(read_rules(rule_paths), trust or Trust())
