"""The rules that come with Tocsin: each is held to account by cases, and a day of noise stays quiet."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from support.ssh_noise import MIDNIGHT, a_day

from rules.authoring.testing import Report, run_beside
from rules.engine import Engine
from rules.event import Batch, Decision, Starts
from rules.finding import Finding
from rules.settings import EngineSettings, Trust
from rules.sigma.files import BUNDLED, read_rule_files
from rules.sigma.load import load
from rules.sigma.model import Correlation, Head, RuleSet
from rules.sigma.pipeline import read_pipeline


@pytest.fixture(scope="module")
def bundled() -> RuleSet:
    return load(read_rule_files([BUNDLED]))


@pytest.fixture(scope="module")
def report() -> Report:
    return run_beside([BUNDLED])


def test_all_load(bundled: RuleSet) -> None:
    """Every bundled rule loads."""
    assert "\n".join(map(str, bundled.errors)) == ""
    assert len(bundled.all) > 30


def test_nothing_is_remarkable(bundled: RuleSet) -> None:
    """No bundled rule names a field or a log source that events do not have."""
    assert "\n".join(map(str, bundled.remarks)) == ""


def test_all_cases_pass(report: Report) -> None:
    """Every case of the bundled rules passes."""
    assert "\n".join(map(str, report.errors)) == ""
    assert "\n".join(str(result) for result in report.results if not result.passed) == ""
    assert len(report.results) > 100


def test_every_rule_must_and_must_not(report: Report) -> None:
    """Every bundled rule has a case in which it must find something and one in which it must not."""
    assert report.uncovered == ()


def is_handed_in(head: Head) -> bool:
    """Whether it is about what others, or Tocsin, have judged: that names no technique and no address to trust."""
    return Path(head.path).parent.name in ("alerts", "feedback", "tocsin")


def is_suffered(head: Head) -> bool:
    """Whether it is about what befalls a machine by itself: that names no address or person to trust."""
    return Path(head.path).parent.name == "system"


#: Rules about logs that bear no ATT&CK tag: nobody does this to a machine.
UNTAGGED = {"Hardware error": "a processor or memory that wears out", "Storage is failing": "a disk that wears out"}


def test_every_rule_says_what_it_is_worth(bundled: RuleSet) -> None:
    """Every bundled rule that speaks has a description, references, ATT&CK tags, an author, and the noise to expect."""
    for head in bundled.all:
        assert (head.author, head.license) == ("Tocsin", "Apache-2.0"), head.title
        if not head.as_base_only:
            assert head.description, head.title
            assert head.references, head.title
            assert all(one.startswith("https://") for one in head.references), head.title
            assert head.noise_per_day is not None, head.title
            is_tagged = any(tag.startswith("attack.t") for tag in head.tags)
            assert is_tagged != (is_handed_in(head) or head.title in UNTAGGED), head.title


def test_every_rule_decides(bundled: RuleSet) -> None:
    """Every bundled rule that speaks says what a match is worth; none leaves it to what holds without."""
    decided = {rule for _, text in read_rule_files([BUNDLED]) for rule in _deciding(text)}
    assert {head.title for head in bundled.all if not head.as_base_only} - decided == set()


def _deciding(text: str) -> Iterator[str]:
    """The titles of the rules of a file that say a decision."""
    for one in yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if "decision" in one.get("tocsin", {}):
            yield one["title"]


def test_noise_that_asks_a_person_is_rare(bundled: RuleSet) -> None:
    """All rules that ask for a person together expect less than three findings a day."""
    asking = [head for head in bundled.all if head.decision is Decision.INVESTIGATE and not head.as_base_only]
    assert sum(head.noise_per_day or 0 for head in asking) < 3


def test_every_rule_honours_trust() -> None:
    """No rule stays the same when the operator trusts somebody, except those that count what others match."""
    trusting = Trust(networks=("192.0.2.0/24",), scanners=("192.0.2.1",), monitors=("192.0.2.2",), admins=("ann",))
    files = read_rule_files([BUNDLED])
    plain, changed = load(files), load(files, trusting)
    for before, after in zip(plain.rules, changed.rules, strict=True):
        assert is_handed_in(before) or is_suffered(before) or before.detection != after.detection, before.title
    assert all(isinstance(head, Correlation) for head in plain.correlations)


def findings_in(lines: Iterable[str], rules: RuleSet) -> list[Finding]:
    """What the engine finds, each once, as it stands in the end."""
    engine = Engine(EngineSettings(as_of=MIDNIGHT + timedelta(days=1)), rules)
    data = "".join(f"{line}\n" for line in lines).encode()
    latest: dict[str, Finding] = {}
    position = number = 0
    while position < len(data):
        end = data.find(b"\n", min(position + 300_000, len(data) - 1)) + 1
        batch = Batch(
            source="auth",
            stream="auth",
            origin="auth.log",
            data=data[position:end],
            starts=Starts(line=number + 1, offset=position),
            received_at=MIDNIGHT + timedelta(days=1),
            before=b"",
            after=b"",
        )
        latest.update({finding.id: finding for finding in engine.feed(batch).findings})
        number += batch.data.count(b"\n")
        position = end
    return [finding for finding in latest.values() if finding.merged_into is None]


def test_a_day_of_ssh_noise(bundled: RuleSet) -> None:
    """Eleven attackers in four hours, six times over: nobody is asked for anything, attackers are on record."""
    found = findings_in(a_day(1), bundled)
    assert [(f.rule_title, f.group) for f in found if f.decision is Decision.INVESTIGATE] == []
    attackers = {entity.value for finding in found for entity in finding.entities if entity.kind == "source"}
    assert len(attackers) >= 5  # the others come by too seldom
    assert all(address.startswith("203.0.113.") for address in attackers)


@pytest.mark.parametrize("address", ["192.0.2.77", "203.0.113.4"])
def test_planted_success_is_found(bundled: RuleSet, address: str) -> None:
    """In a day of noise the one attacker who gets in is what a person is asked about, and nothing else is."""
    found = findings_in(a_day(3, planted=(address, timedelta(hours=15, minutes=3))), bundled)
    asked = [finding for finding in found if finding.decision is Decision.INVESTIGATE]
    assert [(finding.rule_title, dict(finding.group)) for finding in asked] == [
        ("SSH login after many failures", {"source.ip": address})
    ]
    assert asked[0].severity == "critical"
    assert "Accepted password for bo" in "".join(evidence.text for evidence in asked[0].evidence)


def test_reference_lists_every_rule(bundled: RuleSet) -> None:
    """The reference names each bundled rule with its decision, level and noise, and no other."""
    page = Path(__file__).parents[2].joinpath("docs", "reference", "rules.md").read_text("utf-8")
    listed = {line for line in page.partition("## Bundled rules")[2].split("\n") if line.startswith("| ")}
    rows = {
        f"| {head.title} | {head.decision} | {head.level} | {head.noise_per_day:g} |"
        for head in bundled.all
        if not head.as_base_only
    }
    assert rows == listed - {"| rule | decision | level | noise per day |"}


def test_the_rule_of_the_how_to_passes_its_cases(tmp_path: Path) -> None:
    """The rule and the cases that the how-to shows are good, and the correlation loads."""
    page = Path(__file__).parents[2].joinpath("docs", "how-to", "write-a-rule.md").read_text("utf-8")
    rule, cases, counting, few, pipeline = (dedent(part.partition("```")[0]) for part in page.split("```yaml\n")[1:])
    assert read_pipeline("own.yml", pipeline)[1] == []
    for name, text in (("su_root.yml", rule), ("su_root.test.yml", cases), ("su_guess.yml", f"{counting}---\n{few}")):
        (tmp_path / name).write_text(text, "utf-8")
    report = run_beside([str(tmp_path)])
    assert "\n".join(map(str, (*report.errors, *report.results))).count("ok: ") == 2
    assert report.passed
