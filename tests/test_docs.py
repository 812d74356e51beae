"""What the documents say is what there is: verbs, routes, metrics, words, dependencies, rules, links.

Options are held by unit/test_config_example.py.
"""

import re
import tomllib
from enum import StrEnum
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from support import commands
from support.routes import routes

from detector.metrics import Metrics
from rules.event import Decision, Severity, TimeSource
from store.action import ActionKind, ActionState
from store.deadlines import Duty
from store.designation import Seat
from store.duties import MatterKind
from store.excepting import ExceptionState
from store.four_eyes import FourEyes, Signature
from store.incident import (
    ActorKind,
    DismissReason,
    EntryKind,
    Outcome,
    SourceKind,
    Stage,
    Status,
    Step,
    Tlp,
    Track,
)
from store.notice import DeliveryState, NoticeKind
from store.people import ContactKind
from store.reports import ReportState
from store.request import RequestState
from store.timers import TimerDecision

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
BUNDLED = [path for path in sorted((ROOT / "rules" / "bundled").rglob("*.yml")) if not path.name.endswith(".test.yml")]

#: Every enumeration whose values people meet.
VOCABULARY: tuple[type[StrEnum], ...] = (
    ActionKind,
    ActionState,
    ActorKind,
    ContactKind,
    Decision,
    DeliveryState,
    DismissReason,
    Duty,
    EntryKind,
    ExceptionState,
    FourEyes,
    MatterKind,
    NoticeKind,
    Outcome,
    ReportState,
    RequestState,
    Seat,
    Severity,
    Signature,
    SourceKind,
    Stage,
    Status,
    Step,
    TimeSource,
    TimerDecision,
    Tlp,
    Track,
)


def named(path: Path) -> str:
    """A document's name for people."""
    return str(path.relative_to(ROOT))


def test_the_page_of_commands_is_what_the_command_says() -> None:
    """Each verb and each option has its place in the reference, in the command's own words."""
    assert (REFERENCE / "cli.md").read_text() == commands.render(), commands.__doc__


def test_every_verb_in_the_documents_exists() -> None:
    """A document never names a verb that is not there."""
    known = {name for name, _ in commands.verbs()}
    groups = {verb.partition(" ")[0] for verb in known if " " in verb}
    wrong = []
    for document in DOCUMENTS:
        for words in re.findall(r"(?:^|[`/ ])tocsin ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", _code(document), re.MULTILINE):
            first = words.partition(" ")[0]
            if words not in known and first not in known and not (first in groups and words == first):
                wrong.append(f"{named(document)}: tocsin {words}")
    assert wrong == []


def test_every_route_is_documented() -> None:
    """Each route of the API and of the pages has its heading or line in the reference."""
    text = (REFERENCE / "api.md").read_text()
    found = [f"{method} {path}" for method, path in routes()]
    assert found
    assert [route for route in found if f"`{route}`" not in text] == []


def test_every_metric_is_documented() -> None:
    """Each metric is in the table, under the name that Prometheus sees, and nothing else is."""
    registry = CollectorRegistry()
    Metrics(registry)
    real = {family.name + ("_total" if family.type == "counter" else "") for family in registry.collect()}
    told = set(re.findall(r"^\| `(tocsin_\w+)`", (REFERENCE / "metrics.md").read_text(), re.MULTILINE))
    assert told == real


@pytest.mark.parametrize("enumeration", VOCABULARY, ids=lambda enumeration: enumeration.__name__)
def test_every_term_is_documented(enumeration: type[StrEnum]) -> None:
    """What is stored and sent over the API can be looked up."""
    text = (REFERENCE / "words.md").read_text()
    assert [term.value for term in enumeration if f"`{term.value}`" not in text] == []


def test_every_dependency_is_decided() -> None:
    """Each dependency has its line: what it is for, who keeps it, and under which licence."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["postgres"],
        *project["dependency-groups"]["build"],
        *project["dependency-groups"]["dev"],
    ]
    names = {match.group().lower() for line in wanted if (match := re.match(r"[\w.-]+", line))}
    text = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text()
    rows = {row[0]: row[1:] for row in re.findall(r"^\| ([\w.-]+) \| (.+) \| (.+) \| (.+) \|$", text, re.MULTILINE)}
    rows.pop("Package", None)
    assert set(rows) == names


@pytest.mark.parametrize("rule", BUNDLED, ids=lambda path: path.stem)
def test_every_bundled_rule_has_cases(rule: Path) -> None:
    """Beside each rule that is shipped lie lines that must match and lines that must not."""
    cases = rule.with_name(f"{rule.stem}.test.yml")
    assert cases.exists(), f"{named(cases)} is missing"


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_somewhere(document: Path) -> None:
    """Each relative link in a document names a file, and each fragment a heading in it."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, fragment = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        if not path.exists() or (fragment and fragment not in _anchors(path)):
            broken.append(target)
    assert broken == []


def test_every_page_is_in_the_index() -> None:
    """Who starts at docs/index.md reaches every page, decisions through theirs."""
    pages = {path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "decisions"} - {
        ROOT / "docs/index.md"
    }
    linked = re.findall(r"\]\(([^)\s]+)\)", (ROOT / "docs" / "index.md").read_text())
    assert pages - {(ROOT / "docs" / target).resolve() for target in linked} == set()


def test_every_make_target_in_the_documents_exists() -> None:
    """A document never says `make x` where the Makefile has no x."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named_targets = {
        (named(document), target)
        for document in DOCUMENTS
        for target in re.findall(r"(?:^|`)make ([a-z]+)", document.read_text(), re.MULTILINE)
    }
    assert named_targets
    assert {(document, target) for document, target in named_targets if target not in targets} == set()


def test_the_readme_names_the_two_commands() -> None:
    """Who opens the project sees what to type."""
    text = (ROOT / "README.md").read_text()
    assert "make run" in text
    assert "make test" in text


def test_every_folder_of_the_repository_is_on_the_map() -> None:
    """The page about the architecture says what each folder of ``store/repository`` holds, and of no other."""
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text()
    assert set(re.findall(r"^\| `(\w+)/` \|", page, re.MULTILINE)) == {
        path.parent.name for path in (ROOT / "store" / "repository").glob("*/__init__.py")
    }


def test_every_decision_is_listed() -> None:
    """Each page in docs/decisions is in the table of its README, and follows the template."""
    folder = ROOT / "docs" / "decisions"
    listed = set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text()))
    pages = [path for path in folder.glob("*.md") if path.name != "README.md"]
    assert {path.name for path in pages} == listed
    for page in pages:
        text = page.read_text()
        for part in ("Status: ", "## What it is about", "## Decision", "## Instead of", "## What follows"):
            assert part in text, f"{page.name} lacks {part!r}"


def _code(document: Path) -> str:
    """What stands in a document as code: fenced blocks and spans."""
    text = document.read_text()
    fenced = re.findall(r"^[ \t]*```.*?^[ \t]*```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`[^`\n]+`", text)
    return "\n".join([*fenced, *spans])


def _anchors(document: Path) -> set[str]:
    """The fragments that a Markdown document's headings can be reached by."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
