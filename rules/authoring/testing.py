"""Cases beside rules: run them, show what differs field by field, and say which rules no case holds to account."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import reduce
from pathlib import Path
from typing import Any, Final

from rules.authoring.cases import Case, read_cases
from rules.authoring.comparing import Difference, absent, best, differing, surplus
from rules.authoring.coverage import Coverage, Exercise, coverage
from rules.authoring.hinting import bases, closest_line, why
from rules.authoring.shelf import Shelf, only_of
from rules.engine import Engine, lines_of
from rules.event import Batch, Event, Starts
from rules.finding import Finding
from rules.formats.catalogue import UnknownFormat
from rules.formats.detect import PinState
from rules.settings import EngineSettings
from rules.sigma.duration import LONGEST
from rules.sigma.errors import RuleError, RuleRemark, nearest
from rules.sigma.files import case_file, case_less, find_rule_files, lone_case_files, read_text
from rules.sigma.load import NOBODY, WITHOUT_PIPELINES
from rules.sigma.model import Correlation, Rule, RuleSet
from rules.sigma.pipeline import Pipelines
from rules.stream import Stream, StreamState

SOURCE: Final = "case"

Stopwatch = Callable[[], float]
"""Seconds since whenever; only differences are used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What became of one case."""

    case: Case
    compared: tuple[Difference, ...]  #: what is not as expected; empty if the case passed
    found: frozenset[str]  #: ids of the rules that found something
    quiet: frozenset[str]  #: ids of the rules that were asked about at least one line and found nothing
    seconds: float = 0.0  #: that it took, if somebody measured

    @property
    def differences(self) -> tuple[str, ...]:
        """The same as lines for people."""
        return tuple(line for one in self.compared for line in one.lines())

    @property
    def passed(self) -> bool:
        """Whether all was found that must be, and nothing else."""
        return not self.compared

    def __str__(self) -> str:
        head = f"{self.case.path}:{self.case.line}: {'ok' if self.passed else 'FAILED'}: {self.case.name}"
        return "\n".join((head, *(f"  {line}" for line in self.differences)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of all cases of some rules."""

    results: tuple[CaseResult, ...]
    errors: tuple[RuleError, ...]  #: rules and cases that could not be read
    remarks: tuple[RuleRemark, ...]  #: what may be wrong with rules that could
    coverage: Coverage
    files: int  #: of rules

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Rules without a case in which they must, or must not, find something; for people."""
        return tuple(map(str, self.coverage.rules))

    @property
    def passed(self) -> bool:
        """Whether every case passed and everything could be read."""
        return not self.errors and all(result.passed for result in self.results)


def run_beside(
    paths: Sequence[str], stopwatch: Stopwatch = lambda: 0.0, pipelines: Pipelines = WITHOUT_PIPELINES
) -> Report:
    """Run the cases of all rule files at *paths* (as ``rules.paths`` names them), each file by itself.

    What a file refers to may lie in another of them.

    Args:
        paths: Files and folders.
        stopwatch: Measures what each case takes.
        pipelines: What rules go through before they are asked.

    Raises:
        RuleFileUnreadable: a file or folder cannot be read.
    """
    alone = tuple(_alone(shown) for shown in lone_case_files(paths))
    files = list(find_rule_files(paths))
    shelf = Shelf(texts={shown: read_text(path) for shown, path in files}, pipelines=pipelines)
    each = [_run_file(shown, path, shelf, stopwatch) for shown, path in files]
    errors = dict.fromkeys((*alone, *(error for one in each for error in one.errors)))  # each file goes through them
    return Report(
        results=tuple(result for one in each for result in one.results),
        errors=tuple(errors),
        remarks=tuple(remark for one in each for remark in one.remarks),
        coverage=reduce(Coverage.joined, (one.coverage for one in each), Coverage()),
        files=len(files),
    )


def _alone(shown: str) -> RuleError:
    rule = case_less(Path(shown)).name
    message = f"these cases are of no rule: there is no {rule} beside them"
    return RuleError(path=shown, line=1, column=1, message=message, hint="cases are named like their rule: x.test.yml")


def _run_file(shown: str, path: Path, shelf: Shelf, stopwatch: Stopwatch) -> Report:
    """The cases beside one file of rules."""
    beside, done = case_file(path), Exercise()
    rules = shelf.rules_of(shown)
    cases: list[Case] = []
    wrong = list(rules.errors)
    if beside is not None:
        cases, more = read_cases(str(Path(shown).with_name(beside.name)), read_text(beside), _logs_in(path.parent))
        wrong += more
    results = []
    for case in cases:
        began = stopwatch()
        result = run(case, shelf.rules_of(shown, case.trust) if case.trust != NOBODY else rules, done)
        results.append(replace(result, seconds=stopwatch() - began))
    covered = coverage(only_of(rules, shown), done)
    return Report(results=tuple(results), errors=tuple(wrong), remarks=rules.remarks, coverage=covered, files=1)


def run(case: Case, rules: RuleSet, done: Exercise | None = None) -> CaseResult:
    """Feed the lines of a case to the engine and compare what it finds with what is expected.

    Args:
        case: What to run.
        rules: As loaded with the case's trust.
        done: Is told which parts of the rules the case has a line for, and, if it passes, what it obliges them to.
    """
    settings = EngineSettings(sources={SOURCE: case.profile}, as_of=case.as_of, trust=case.trust)
    try:
        found = _findings(case, Engine(settings, rules))
    except UnknownFormat as error:
        unread = Difference(what="unreadable", rule="", said=str(error))
        return CaseResult(case=case, compared=(unread,), found=frozenset(), quiet=frozenset())
    events = tuple(_events(case))
    asked = {rule.id for event in events for rule in rules.routed(event.logsource)}
    speaking = frozenset(finding.rule_id for finding in found)
    result = CaseResult(
        case=case,
        compared=tuple(_Compared(case, rules, events).differences(found)),
        found=speaking,
        quiet=frozenset(head.id for head in rules.all if asked & bases(head, rules)) - speaking,
    )
    if done is not None:
        done.see(rules, events)
        if result.passed:
            done.found |= result.found
            done.quiet |= result.quiet
    return result


def _logs_in(folder: Path) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        if name != Path(name).name:  # cases come with rules of others, and what they show may be printed
            raise OSError(0, "it must be the name of a file beside this one")
        return (folder / name).read_bytes()

    return read


def _batch(case: Case) -> Batch:
    data = case.data if case.data.endswith(b"\n") or not case.data else case.data + b"\n"
    return Batch(
        source=SOURCE,
        stream=SOURCE,
        origin=case.path,
        data=data,
        starts=Starts(line=1, offset=0),
        received_at=case.as_of,
        before=b"",
        after=b"",
    )


def _findings(case: Case, engine: Engine) -> list[Finding]:
    """What there is after all lines were read and all windows have ended, in the order of opening."""
    latest: dict[str, Finding] = {}
    lines: dict[str, dict[int, Any]] = {}
    for outcome in (engine.feed(_batch(case)), engine.advance(case.as_of + LONGEST + timedelta(days=1))):
        for finding in outcome.findings:
            latest[finding.id] = finding
            lines.setdefault(finding.id, {}).update({each.line: each for each in finding.evidence})
    for finding in list(latest.values()):
        if finding.merged_into is not None:
            lines.setdefault(finding.merged_into, {}).update(lines[finding.id])
            del latest[finding.id]
    return [_with_lines(finding, lines[finding.id]) for finding in latest.values()]


def _with_lines(finding: Finding, lines: Mapping[int, Any]) -> Finding:
    return replace(finding, evidence=tuple(lines[number] for number in sorted(lines)))


@dataclass(frozen=True, slots=True)
class _Compared:
    """What was found beside what a case expects."""

    case: Case
    rules: RuleSet
    events: tuple[Event, ...]

    def differences(self, found: list[Finding]) -> Iterator[Difference]:
        """Each finding that is not what it should be: those expected first, in their order."""
        heads = {name: head for head in self.rules.all for name in (head.title, head.id)}
        left = list(found)
        for expected in self.case.expected:
            head = heads.get(str(expected["rule"]))
            if head is None:
                yield self._no_such_rule(str(expected["rule"]))
                continue
            finding = best(expected, [each for each in left if each.rule_id == head.id])
            if finding is None:
                yield self._missing(expected, head)
                continue
            left.remove(finding)
            if wrong := differing(expected, finding):
                yield Difference(what="differs", rule=head.title, said=f'"{head.title}" differs', fields=wrong)
        yield from map(self._unexpected, left)

    def _no_such_rule(self, name: str) -> Difference:
        if any(error.rule == name for error in self.rules.errors):
            return Difference(what="no such rule", rule=name, said=f'"{name}" did not load')
        titles = [each.title for each in self.rules.all if not each.as_base_only]
        hint = nearest(name, titles, show=len(titles) > 1) or "; ".join(f'there is "{one}"' for one in titles)
        said = f'no rule beside has the title or id "{name}"' + (f"; {hint}" if hint else "")
        return Difference(what="no such rule", rule=name, said=said)

    def _missing(self, expected: Mapping[str, Any], head: Rule | Correlation) -> Difference:
        return Difference(
            what="missing",
            rule=head.title,
            said=f'"{head.title}" found nothing',
            fields=absent(expected),
            notes=tuple(closest_line(head, self.rules, self.events)),
        )

    def _unexpected(self, finding: Finding) -> Difference:
        return Difference(
            what="unexpected",
            rule=finding.rule_title,
            said=f'"{finding.rule_title}" found what was not expected',
            fields=surplus(finding),
            notes=tuple(why(finding, self.rules, self.events)),
        )


def _events(case: Case) -> Iterator[Event]:
    """The lines of a case as the engine reads them."""
    batch = _batch(case)
    try:
        stream = Stream(case.profile, batch.kind, StreamState(pin=PinState()), (), replay=True, trust=case.trust)
    except UnknownFormat:
        return
    stream.begin(batch, case.as_of)
    for _, line, offset, raw in lines_of(batch):
        yield from stream.events(raw, line, offset, lambda _: True)
