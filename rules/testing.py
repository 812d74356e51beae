"""Cases beside rules: run them, show what differs field by field, and say which rules no case holds to account."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from rules.cases import Case, read_cases
from rules.engine import Engine, lines_of
from rules.event import Batch, Event, Starts
from rules.finding import Finding
from rules.formats.catalogue import UnknownFormat
from rules.formats.detect import PinState
from rules.match import Explanation, explain
from rules.settings import EngineSettings
from rules.sigma.errors import RuleError, nearest
from rules.sigma.files import case_file, find_rule_files, read_text
from rules.sigma.load import load
from rules.sigma.model import Correlation, Rule, RuleSet
from rules.stream import Stream, StreamState

SOURCE: Final = "case"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What became of one case."""

    case: Case
    differences: tuple[str, ...]  #: lines for people; empty if the case passed
    found: frozenset[str]  #: ids of the rules that found something
    quiet: frozenset[str]  #: ids of the rules that were asked about at least one line and found nothing

    @property
    def passed(self) -> bool:
        """Whether all was found that must be, and nothing else."""
        return not self.differences

    def __str__(self) -> str:
        head = f"{self.case.path}:{self.case.line}: {'ok' if self.passed else 'FAILED'}: {self.case.name}"
        return "\n".join((head, *(f"  {line}" for line in self.differences)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of all cases of some rules."""

    results: tuple[CaseResult, ...]
    errors: tuple[RuleError, ...]  #: rules and cases that could not be read
    uncovered: tuple[str, ...]  #: rules without a case in which they must, or must not, find something; for people

    @property
    def passed(self) -> bool:
        """Whether every case passed and everything could be read."""
        return not self.errors and all(result.passed for result in self.results)


def run_beside(paths: Iterable[str]) -> Report:
    """Run the cases of all rule files at *paths* (as ``rules.paths`` names them), each file by itself.

    Raises:
        RuleFileUnreadable: a file or folder cannot be read.
    """
    results: list[CaseResult] = []
    errors: list[RuleError] = []
    uncovered: list[str] = []
    for shown, path in find_rule_files(paths):
        text = read_text(path)
        rules = load([(shown, text)])
        errors.extend(rules.errors)
        beside = case_file(path)
        ran: list[CaseResult] = []
        if beside is not None:
            cases, wrong = read_cases(str(Path(shown).with_name(beside.name)), read_text(beside), _logs_in(path.parent))
            errors.extend(wrong)
            ran = [run(case, load([(shown, text)], case.trust)) for case in cases]
        results.extend(ran)
        uncovered.extend(coverage(rules, ran))
    return Report(results=tuple(results), errors=tuple(errors), uncovered=tuple(uncovered))


def run(case: Case, rules: RuleSet) -> CaseResult:
    """Feed the lines of a case to the engine and compare what it finds with what is expected."""
    settings = EngineSettings(sources={SOURCE: case.profile}, as_of=case.as_of)
    asked = {rule.id for event in _events(case) for rule in rules.routed(event.logsource)}
    try:
        found = _findings(case, Engine(settings, rules))
    except UnknownFormat as error:
        return CaseResult(case=case, differences=(str(error),), found=frozenset(), quiet=frozenset())
    speaking = {finding.rule_id for finding in found}
    return CaseResult(
        case=case,
        differences=tuple(_differences(case, rules, found)),
        found=frozenset(speaking),
        quiet=frozenset(head.id for head in rules.all if asked & _bases(head, rules)) - speaking,
    )


def coverage(rules: RuleSet, results: Iterable[CaseResult]) -> Iterator[str]:
    """One line for each rule that no passed case obliges to find something, or that none obliges to be quiet."""
    good = [result for result in results if result.passed]
    found = frozenset[str]().union(*(result.found for result in good))
    quiet = frozenset[str]().union(*(result.quiet for result in good))
    for head in rules.all:
        lacks = [
            what
            for what, ids in (("in which it finds something", found), ("in which it finds nothing", quiet))
            if head.id not in ids
        ]
        if lacks and not head.as_base_only:
            yield f'{head.path}:{head.line}: "{head.title}" has no case {" and none ".join(lacks)}'


def _logs_in(folder: Path) -> Any:
    return lambda name: (folder / name).read_bytes()


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
    for outcome in (engine.feed(_batch(case)), engine.advance(case.as_of + timedelta(days=3650))):
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


def _differences(case: Case, rules: RuleSet, found: list[Finding]) -> Iterator[str]:
    heads = {name: head for head in rules.all for name in (head.title, head.id)}
    left = list(found)
    for expected in case.expected:
        name = str(expected["rule"])
        head = heads.get(name)
        if head is None:
            hint = nearest(name, [each.title for each in rules.all if not each.as_base_only])
            yield f'no rule beside has the title or id "{name}"; {hint}'
            continue
        finding = _best(expected, [each for each in left if each.rule_id == head.id])
        if finding is None:
            yield f'"{head.title}" found nothing{_wanted(expected)}'
            yield from _nearest_line(case, rules, head)
            continue
        left.remove(finding)
        wrong = [(key, value, _value(finding, key)) for key, value in expected.items() if key != "rule"]
        wrong = [(key, value, got) for key, value, got in wrong if not _same(key, value, got)]
        if wrong:
            yield f'"{head.title}" differs'
            yield from (f"  {key:<11} expected {_shown(value)}, found {_shown(got)}" for key, value, got in wrong)
    for finding in left:
        numbers = ", ".join(str(each.line) for each in finding.evidence)
        yield f'"{finding.rule_title}" found what was not expected: {dict(finding.group)}, lines {numbers}'
        yield from _why(case, rules, finding)


def _best(expected: Mapping[str, Any], candidates: list[Finding]) -> Finding | None:
    """The finding that has most of what is expected; the first of several."""

    def agreement(finding: Finding) -> int:
        return sum(_same(key, value, _value(finding, key)) for key, value in expected.items() if key != "rule")

    return max(candidates, key=agreement, default=None)


def _value(finding: Finding, key: str) -> Any:
    """What a finding has for a key of an expectation."""
    match key:
        case "group":
            return dict(finding.group)
        case "entities":
            kinds = dict.fromkeys(entity.kind for entity in finding.entities)
            return {kind: [each.value for each in finding.entities if each.kind == kind] for kind in kinds}
        case "lines":
            return [each.line for each in finding.evidence]
        case _:
            return getattr(finding, key.replace("-", "_"))


def _same(key: str, expected: Any, found: Any) -> bool:
    if key == "group":
        expected = {name: str(value) for name, value in expected.items()}
    if key == "entities":  # those that are named must be there, others may be
        return all(
            set(map(str, value if isinstance(value, list) else [value])) <= set(found.get(kind, ()))
            for kind, value in expected.items()
        )
    return bool(expected == found)


def _wanted(expected: Mapping[str, Any]) -> str:
    parts = [f"{key} {_shown(value)}" for key, value in expected.items() if key in ("group", "events")]
    return f" (expected: {', '.join(parts)})" if parts else ""


def _shown(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _nearest_line(case: Case, rules: RuleSet, head: Rule | Correlation) -> Iterator[str]:
    """How many lines match, and of the others the one that comes closest, with what it lacks."""
    bases = _bases(head, rules)
    matched, closest = 0, None
    for event in _events(case):
        for rule in rules.routed(event.logsource):
            if rule.id not in bases:
                continue
            explanation = explain(rule, event)
            matched += explanation.matched
            score = sum(reason.holds for reason in explanation.reasons)
            if not explanation.matched and (closest is None or score > closest[0]):
                closest = (score, rule, event, explanation)
    if isinstance(head, Correlation):
        yield f"  {matched} lines match the rules that it counts; it needs {_needs(head)}"
    if closest is not None:
        _, rule, event, explanation = closest
        yield f'  nearest: line {event.line} for "{rule.title}": {event.text}'
        yield from _reasons(explanation)
    elif not matched:
        yield "  no line is of its log source: " + "; ".join(
            sorted({f"line {event.line} is {event.format or 'of no known format'}" for event in _events(case)})[:3]
        )


def _why(case: Case, rules: RuleSet, finding: Finding) -> Iterator[str]:
    """The terms that made the first line of a finding match."""
    first = min((each.line for each in finding.evidence), default=0)
    wanted = {finding.rule_id, *finding.base_rule_ids}
    for event in _events(case):
        if event.line == first:
            for rule in rules.routed(event.logsource):
                explanation = explain(rule, event)
                if rule.id in wanted and explanation.matched:
                    yield f'  line {event.line} matches "{rule.title}": {event.text}'
                    yield from _reasons(explanation)
                    return


def _reasons(explanation: Explanation) -> Iterator[str]:
    for reason in explanation.reasons:
        value = "nothing" if reason.value is None else f'"{reason.value}"'
        yield f"    {reason}" + ("" if reason.holds and reason.span else f"   (has {value})")


def _needs(head: Correlation) -> str:
    """The condition of a correlation, for people."""
    group = f" for each {', '.join(head.group_by)}" if head.group_by else ""
    what = f"different {head.value_field}" if head.value_field else "events"
    if head.type == "temporal_ordered":
        return f"matches of {len(head.rules)} rules in their order within {head.timespan_seconds:g} s{group}"
    return f"{head.op} {head.count} {what} within {head.timespan_seconds:g} s{group}"


def _bases(head: Rule | Correlation, rules: RuleSet) -> frozenset[str]:
    """The ids of the single-event rules behind a rule."""
    if isinstance(head, Rule):
        return frozenset((head.id,))
    by_id = {each.id: each for each in rules.all}
    return frozenset[str]().union(*(_bases(by_id[each], rules) for each in head.rules))


def _events(case: Case) -> Iterator[Event]:
    """The lines of a case as the engine reads them."""
    batch = _batch(case)
    try:
        stream = Stream(case.profile, batch.kind, StreamState(pin=PinState()), (), replay=True)
    except UnknownFormat:
        return
    stream.begin(batch, case.as_of)
    for _, line, offset, raw in lines_of(batch):
        event = stream.read(raw, line, offset, lambda _: True)
        if event is not None:
            yield event
