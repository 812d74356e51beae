"""``tocsin check``."""

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import click

from detector.cli.options import config_option, existing_config, json_option
from detector.cli.output import Misuse, clean_line, print_json
from detector.config.load import load, placed
from detector.config.loaded import ConfigErrors, Loaded
from detector.config.machine import check_machine
from detector.config.machine import receivers as whom_to_tell
from detector.config.modes import check_fits, told
from detector.config.problems import KEPT, Level, Place, Problem, report, total
from detector.config.records import Config
from detector.config.signers import check_signers
from detector.settings import build
from rules.sigma.errors import RuleError, RuleProblem, RuleRemark
from rules.sigma.files import RuleFileUnreadable
from rules.sigma.load import load_for
from rules.sigma.model import AVERAGES, Correlation, RuleSet


@click.command()
@config_option
@json_option
def check(config_path: str | None, as_json: bool) -> None:
    """Check configuration and rules; tell everything that is wrong.

    Exits with 2 if there are errors, with 0 if there are only warnings and notices.
    """
    path = existing_config(config_path)
    try:
        loaded = load(path)
    except ConfigErrors as error:
        partly = error.partly
        more = () if partly is None else placed(whom_to_tell(partly.config), partly.origins)
        found = (*error.problems, *more)
        _tell(found, None, report(found, KEPT), as_json)
        sys.exit(Misuse.exit_code)
    today = datetime.now(UTC).date()
    try:
        engine = build(loaded.config).engine
    except RuleFileUnreadable as error:
        raise Misuse(str(error)) from None
    rules = load_for(engine)
    modes = (*check_fits(engine.modes, rules), *told(engine.modes, rules))
    here = (*check_signers(loaded.config, today), *check_machine(loaded.config), *modes)
    problems = (*loaded.warnings, *placed(here, loaded.origins), *waiting(rules, loaded.config))
    is_sound = not rules.errors and not any(one.level is Level.ERROR for one in problems)
    _tell(problems, rules, _text(str(path), loaded, problems, rules), as_json)
    sys.exit(0 if is_sound else Misuse.exit_code)


def waiting(rules: RuleSet, config: Config) -> Iterator[Problem]:
    """A rule that is told late by its nature says by how much."""
    lateness = max((one.lateness_seconds for one in config.sources), default=0.0)
    for one in rules.correlations:
        if one.waits and not one.as_base_only:
            delay = f"{one.timespan_seconds + lateness:g} s after an event"
            message = f'"{one.title}" waits: {one.needs} is judged when the time span is over, {delay}'
            yield Problem(level=Level.NOTICE, message=message, place=Place(file=f"{one.path}:{one.line}"))
        if of_tails(one):
            message = f'"{one.title}" also finds the end of every larger burst: the last span in it has {one.needs}'
            hint = (
                'count "at least" twice and ask for one without the other: Fewer than, in docs/how-to/write-a-rule.md'
            )
            place = Place(file=f"{one.path}:{one.line}")
            yield Problem(level=Level.WARNING, message=message, hint=hint, place=place)


def of_tails(one: Correlation) -> bool:
    """Whether a condition has an upper end: a span begins with each event, so the last ones of many are few."""
    grows = not one.patterns and one.type not in AVERAGES
    return grows and any(op not in ("gte", "gt") for op, _ in one.bounds)


def _text(path: str, loaded: Loaded, problems: Iterable[Problem], rules: RuleSet) -> str:
    problems = tuple(problems)
    config = loaded.config
    said = total(problems) if problems else "ok"
    loads = len(rules.rules) + len(rules.correlations)
    lines = [
        *map(str, problems),
        *map(str, rules.errors),
        *map(str, rules.remarks),
        f"config   {path}   {said} ({len(config.sources)} sources, {len(config.receivers)} receivers)",
        f"rules    {loads} loaded, {_rejected(rules.errors)} rejected{_remarked(rules.remarks)}",
    ]
    if any(one.level is Level.ERROR for one in problems):
        lines.append(KEPT)
    return "\n".join(lines)


def _rejected(errors: Iterable[RuleError]) -> int:
    """How many rules the errors are about: one rule may have several."""
    return len({(one.path, one.rule) for one in errors})


def _remarked(remarks: Iterable[RuleRemark]) -> str:
    """How many remarks there are of each level, with a comma before each number."""
    levels = [one.level for one in remarks]
    counts = [(levels.count(level), level) for level in dict.fromkeys(sorted(levels, reverse=True))]
    return "".join(f", {count} {level}{'' if count == 1 else 's'}" for count, level in counts)


def _tell(problems: Iterable[Problem], rules: RuleSet | None, text: str, as_json: bool) -> None:
    if not as_json:
        click.echo("\n".join(map(clean_line, text.split("\n"))))
        return
    answer: dict[str, Any] = {"problems": [_plain(one) for one in problems]}
    if rules is not None:
        answer["rules"] = {
            "loaded": len(rules.rules) + len(rules.correlations),
            "rejected": _rejected(rules.errors),
            "errors": [_plain_of_rule(one) for one in rules.errors],
            "remarks": [{"level": one.level, **_plain_of_rule(one)} for one in rules.remarks],
        }
    print_json(answer)


def _plain_of_rule(one: RuleProblem) -> dict[str, Any]:
    return {"file": one.path, "line": one.line, "column": one.column, "message": one.message, "hint": one.hint}


def _plain(problem: Problem) -> dict[str, Any]:
    place = problem.place
    return {
        "level": problem.level,
        "file": place.file if place else None,
        "line": place.span.line if place and place.span else None,
        "column": place.span.column if place and place.span else None,
        "message": problem.message,
        "hint": problem.hint,
        "allowed": problem.allowed,
    }
