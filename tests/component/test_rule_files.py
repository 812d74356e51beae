"""Rules on disk: which files are rules, and the rules of other people as a measure of how much of Sigma we know."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.rules import event_of

from rules.match import explain, matches
from rules.sigma.condition import parse
from rules.sigma.errors import Level
from rules.sigma.files import RuleFileUnreadable, find_rule_files, read_rule_files
from rules.sigma.load import load
from rules.sigma.model import And, Condition, Not, Or, RuleSet, Selection, Term
from rules.sigma.pipeline import Pipelines

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"


def test_which_files_are_rules(tmp_path: Path) -> None:
    """Folders are searched to the bottom in a stable order; cases beside rules and other files are no rules."""
    for name in ("b.yml", "a/x.yaml", "a/x.test.yml", "a/readme.md", "a/y.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("title: x\n")
    found = [path.relative_to(tmp_path).as_posix() for _, path in find_rule_files([str(tmp_path)])]
    assert found == ["a/x.yaml", "a/y.yml", "b.yml"]
    one = str(tmp_path / "b.yml")
    assert read_rule_files([one, one]) == ((one, "title: x\n"),)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """A path without rules is an error, not an empty set of rules."""
    with pytest.raises(RuleFileUnreadable, match="nowhere: no such rule file or folder"):
        read_rule_files([str(tmp_path / "nowhere")])


def test_file_that_is_not_utf8_does_not_stop_the_others(tmp_path: Path) -> None:
    """A rule file in another encoding is named with the place; the others load."""
    (tmp_path / "a.yml").write_bytes(b"title: caf\xe9\n")
    (tmp_path / "b.yml").write_text("title: x\nlogsource: {product: x}\ndetection: {s: {a: b}, condition: s}\n")
    loaded = load(read_rule_files([str(tmp_path)]))
    assert len(loaded.rules) == 1
    assert [(error.line, error.column, error.message) for error in loaded.errors] == [
        (1, 11, "bytes that are no UTF-8")
    ]


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not CORPORA.is_dir():
        pytest.skip(f"needs the corpora of other projects in {CORPORA}, which is absent")
    folder = tmp_path_factory.mktemp("corpora")
    for name in ("sigma-rules", "sigma-regression"):
        with tarfile.open(CORPORA / f"{name}.tar.xz") as archive:
            careful = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Debian 12's Python has none
            archive.extractall(folder, **careful)  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="module")
def sigmahq(corpora: Path) -> RuleSet:
    return load(read_rule_files([str(corpora)]))


def test_sigmahq_rules_load(sigmahq: RuleSet) -> None:
    """All of SigmaHQ's rules load, but for two that need a list which only their operator can know."""
    assert len(sigmahq.rules) == 3752
    assert {(Path(error.path).stem, error.message) for error in sigmahq.errors} == {
        (f"win_security_adcs_certighost_{name}", 'nothing is known as "%known_cdcs%"')
        for name in ("cdc_chase_request", "cert_issued_via_chase")
    }


def test_sigmahq_rules_are_hardly_remarkable(sigmahq: RuleSet) -> None:
    """Their fields and log sources are known, but for those of logs that only their operator can name."""
    assert "\n".join(str(one) for one in sigmahq.remarks if one.level is Level.WARNING) == ""
    told = {
        one.message.removeprefix("no format makes events of ").removesuffix(" by itself") for one in sigmahq.remarks
    }
    applications = ("django", "jvm", "nodejs", "python", "ruby_on_rails", "spring", "sql", "velocity")
    assert told == {
        *(f"category: application, product: {name}" for name in applications),
        "category: file_event, product: paloalto, service: globalprotect",
        "product: fortios, service: sslvpnd",
        "product: qualys",
    }
    assert len(sigmahq.remarks) <= len(sigmahq.rules) * 0.005


def meaning(condition: Condition) -> Any:
    """What a condition asks, without the names of selections and what stands in parentheses for nothing."""
    match condition:
        case Term(field, test):
            return field, test
        case Selection(_, part):
            return meaning(part)
        case Not(part):
            return "not", meaning(part)
        case And(parts) | Or(parts):
            kind = type(condition).__name__
            asked = [meaning(part) for part in parts]
            flat = [one for each in asked for one in (each[1:] if each[0] == kind else [each])]
            return flat[0] if len(flat) == 1 else (kind, *flat)


def test_a_pipeline_that_changes_nothing_leaves_sigmahq_as_it_is(corpora: Path, sigmahq: RuleSet) -> None:
    """What we make of pySigma's form of a rule is what we make of its text; each twelfth rule is asked."""
    nothing = Pipelines((("nothing.yml", "transformations: [{type: set_state, key: a, val: b}]\n"),))
    files = read_rule_files([str(corpora)])
    piped = load(files[::12], pipelines=nothing)
    plain = {rule.id: rule for rule in sigmahq.rules}
    assert len(piped.rules) > 300
    for rule in piped.rules:
        assert rule.version != plain[rule.id].version
        assert meaning(rule.detection) == meaning(plain[rule.id].detection), rule.title


def test_a_pipeline_can_say_what_only_the_operator_knows(corpora: Path, sigmahq: RuleSet) -> None:
    """With a pipeline that defines their placeholder, the last rules of SigmaHQ load too."""
    paths = {error.path for error in sigmahq.errors}
    cdcs = "vars: {known_cdcs: ['dc1', 'dc2']}\ntransformations: [{type: value_placeholders}]\n"
    found = load(read_rule_files(sorted(paths)), pipelines=Pipelines((("own.yml", cdcs),)))
    assert (len(found.rules), found.errors) == (2, ())


def shape(condition: Any, detections: Any = None) -> Any:
    """The structure of a condition before its selections are filled in, ours or pySigma's."""
    match condition:
        case Selection(name):
            return name
        case Not(part):
            return ("not", shape(part))
        case And(parts) | Or(parts):
            return ("and" if isinstance(condition, And) else "or", *map(shape, parts))
    name = type(condition).__name__
    if name == "ConditionIdentifier":
        return condition.identifier
    if name == "ConditionSelector":
        names = [found.identifier for found in condition.resolve_referenced_detections(detections)]
        return ("and" if condition.args[0] == "all" else "or", *names)
    shapes = [shape(part, detections) for part in condition.args]
    return ({"ConditionAND": "and", "ConditionOR": "or", "ConditionNOT": "not"}[name], *shapes)


def test_conditions_have_the_shape_that_pysigma_sees(corpora: Path) -> None:
    """For every condition of SigmaHQ our tree is pySigma's."""
    from sigma.conditions import SigmaCondition
    from sigma.rule import SigmaDetections
    from sigma.rule.base import SigmaYAMLLoader
    from yaml import load as read

    seen: set[tuple[str, ...]] = set()
    for _, path in find_rule_files([str(corpora)]):
        detection = read(path.read_text("utf-8"), SigmaYAMLLoader)["detection"]
        condition = detection["condition"]
        names: dict[str, Condition] = {name: Or(()) for name in detection if name != "condition"}
        if (condition, *names) in seen:
            continue
        seen.add((condition, *names))
        detections = SigmaDetections(dict.fromkeys(names), [condition])  # type: ignore[arg-type]
        theirs = SigmaCondition(condition, detections).parse(postprocess=False)
        assert shape(parse(condition, names)[0]) == shape(theirs, detections), condition
    assert len(seen) > 700


def events_in(text: str) -> Iterator[dict[str, Any]]:
    """JSON objects that stand one after the other."""
    at = 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        event, at = json.JSONDecoder().raw_decode(text, at)
        yield event


def flat(event: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields of a Windows event as Sigma's taxonomy names them."""
    body = event["Event"]
    for name, value in body["System"].items():
        attributes = value.get("#attributes", {}) if isinstance(value, dict) else {}
        if name == "Provider":
            yield "Provider_Name", attributes.get("Name")
        yield name, value
    for part in ("EventData", "UserData"):
        for name, value in (body.get(part) or {}).items():
            if part == "UserData" and isinstance(value, dict):
                yield from value.items()
            else:
                yield name, value


def test_real_events_fire_their_rules(corpora: Path, sigmahq: RuleSet) -> None:
    """Each event of SigmaHQ's regression data fires the rule it was recorded for."""
    rules = {rule.id: rule for rule in sigmahq.rules}
    files = sorted((corpora / "regression").glob("*.json"))
    missed = []
    for path in files:
        events = [event_of(dict(flat(each)), text=json.dumps(each)) for each in events_in(path.read_text("utf-8"))]
        rule = rules[path.stem]
        if not any(matches(rule, event) for event in events):
            missed.append(f"{rule.title}: {explain(rule, events[0]).failing}")
    assert len(files) == 98
    assert missed == []
