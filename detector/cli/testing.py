"""``tocsin rules test``."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from detector.cli.options import json_option
from detector.cli.output import Failure, Misuse, clean, print_json
from rules.authoring.coverage import Coverage
from rules.authoring.testing import CaseResult, Report, run_beside
from rules.sigma.files import BUNDLED, CASES, RuleFileUnreadable, case_less, read_pipelines
from rules.sigma.pipeline import Pipelines


@click.command("test")
@click.argument("paths", nargs=-1, metavar="[PATH…]")
@click.option("--coverage", "every", is_flag=True, help="Name every selection and term that no case has a line for.")
@click.option(
    "--fail-under",
    "least",
    type=click.FloatRange(0, 100),
    default=0,
    metavar="PERCENT",
    help="Exit with 1 if cases cover less than so much of what is asked of the rules.",
)
@click.option(
    "--pipeline",
    "pipeline_paths",
    multiple=True,
    metavar="FILE",
    help="Processing pipeline that the rules go through first; may be given several times.",
)
@click.option("--junit", "junit_path", metavar="FILE", help="Also write what became of each case there, as JUnit XML.")
@json_option
def test(
    paths: tuple[str, ...],
    every: bool,
    least: float,
    pipeline_paths: tuple[str, ...],
    junit_path: str | None,
    as_json: bool,
) -> None:
    """Run the cases beside rules (rule.test.yml): those of the bundled rules, or of the files and folders named.

    Exits with 1 if a case fails or --fail-under is not reached, with 2 if a rule or a case cannot be read.
    """
    for path in paths:
        if path.endswith(CASES):
            raise Misuse(f"{clean(path)} holds cases: name their rule, {clean(str(case_less(Path(path))))}")
    try:
        pipelines = Pipelines(read_pipelines(pipeline_paths))
        report = run_beside(paths or (BUNDLED,), time.perf_counter, pipelines)
    except RuleFileUnreadable as error:
        raise Misuse(str(error)) from None
    if not report.files and not report.errors:
        raise Misuse(f"there is no rule file (.yml, .yaml) in {clean(', '.join(paths))}")
    if junit_path:
        _write_junit(junit_path, report)
    is_low = report.coverage.percent < least
    if as_json:
        print_json(plain(report))
    else:
        _print(report, every=every, low=f", less than {least:g} %" if is_low else "")
    failed = is_low or any(not one.passed for one in report.results)
    sys.exit(Misuse.exit_code if report.errors else Failure.exit_code if failed else 0)


def plain(report: Report) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "cases": [_plain_case(one) for one in report.results],
        "errors": [str(one) for one in report.errors],
        "remarks": [str(one) for one in report.remarks],
        "uncovered": report.uncovered,
        "coverage": _plain_coverage(report.coverage),
    }


def _plain_case(one: CaseResult) -> dict[str, Any]:
    return {
        "name": one.case.name,
        "path": one.case.path,
        "line": one.case.line,
        "passed": one.passed,
        "differences": one.differences,
        "compared": msgspec.to_builtins(one.compared),
    }


def _plain_coverage(found: Coverage) -> dict[str, Any]:
    return {
        "asked": found.asked,
        "done": found.done,
        "percent": round(found.percent, 1),
        "rules": msgspec.to_builtins(found.rules),
        "parts": [
            {"path": one.path, "line": one.line, "title": one.title, **msgspec.to_builtins(one.part)}
            for one in found.parts
        ],
    }


def _print(report: Report, *, every: bool, low: str) -> None:
    failed = [one for one in report.results if not one.passed]
    for text in (*map(str, report.errors), *map(str, report.remarks), *map(str, failed), *report.uncovered):
        click.echo("\n".join(map(clean, text.split("\n"))))
    parts = [str(one) for one in report.coverage.parts]
    for text in parts if every else ():
        click.echo(clean(text))
    click.echo(f"{_many(len(report.results), 'case')}, {len(failed)} failed, {_many(len(report.errors), 'error')}")
    hint = "" if every or not parts else "; --coverage names the rest"
    covered = report.coverage
    if not covered.asked:
        click.echo("there is nothing for cases to cover: no rule loads")
        return
    click.echo(f"cases cover {covered.percent:.0f} % ({covered.done} of {covered.asked}){low}{hint}")


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _write_junit(path: str, report: Report) -> None:
    from detector.cli.junit import junit  # an XML library is for those who ask

    try:
        Path(path).write_bytes(junit(report, datetime.now(UTC)))
    except OSError as error:
        raise Misuse(f"cannot write {clean(path)}: {error.strerror}") from None
