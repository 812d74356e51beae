"""What the guide to writing rules shows does what it says."""

from pathlib import Path
from textwrap import dedent

import pytest

from rules.authoring.cases import Case, read_cases
from rules.authoring.testing import run
from rules.sigma.load import load

GUIDE = (Path(__file__).parents[2] / "docs/how-to/write-a-rule.md").read_text(encoding="utf-8")


def blocks() -> list[str]:
    """The YAML of the guide, in order."""
    return [dedent(one.partition("```")[0]) for one in GUIDE.split("```yaml\n")[1:]]


def block(words: str) -> str:
    """The one that holds these words."""
    (found,) = (one for one in blocks() if words in one)
    return found


def cases() -> list[Case]:
    found, errors = read_cases("su_root.test.yml", block("cases:"), lambda _: b"")
    assert not errors
    return found


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_cases_of_the_first_rule(case: Case) -> None:
    """They pass."""
    result = run(case, load([("su_root.yml", block("became_root and not trusted"))]))
    assert result.passed, result


def failures(count: int) -> str:
    lines = (
        f"    2026-03-01T03:{at // 60:02}:{at % 60:02}Z web1 su[1]: FAILED SU (to root) bob on pts/0\n"
        for at in range(count)
    )
    return "".join(lines)


@pytest.mark.parametrize(("count", "found"), [(2, False), (3, True), (19, True), (20, False), (100, False)])
@pytest.mark.parametrize("with_upper_end", [False, True])
def test_few_without_many(count: int, found: bool, with_upper_end: bool) -> None:
    """A few are found, and a burst is not; a count with an upper end finds the end of the burst too."""
    rules = f"{block('title: su failed')}\n---\n{block('some_failures and not many_failures')}"
    title = "A few failures, and no burst"
    if with_upper_end:
        title = "Some failures"
        rules = f"{block('title: su failed')}\n---\n{block('many_failures').partition('---')[0]}"
        rules = rules.replace("timespan: 5m, condition: {gte: 3}", "timespan: 5m, condition: {gte: 3, lt: 20}")
        found = found or count >= 20
    text = f"cases:\n- name: x\n  lines: |\n{failures(count)}  expect: []\n"
    ((case,), errors) = read_cases("x.test.yml", text, lambda _: b"")
    ruleset = load([("x.yml", rules)])
    assert not errors
    assert not ruleset.errors
    heads = {head.id: head.title for head in ruleset.all}
    assert (title in {heads[one] for one in run(case, ruleset).found}) is found
