"""What is known of log sources and fields, held against the formats that make events."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest
import yaml
from support.lines import CONTEXT
from support.put_fields import NAMED, put_fields

from rules.event import LogSource
from rules.formats.detect import strictest
from rules.formats.format import Parsed
from rules.sigma.files import BUNDLED, case_file, find_rule_files
from rules.vocabulary.hosts import EVERYWHERE, OPEN
from rules.vocabulary.spelling import slip, slips
from rules.vocabulary.vocabulary import MOST_SEARCHES, PARTS, Unknown, Vocabulary

ROOT = Path(__file__).parents[2]
SSHD = LogSource(product="linux", service="sshd")
CREATION = LogSource(category="process_creation", product="windows")


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary()


NAMES = ("CommandLine", "Image", "ParentImage", "source.ip", "source.port", "user.name", "param1", "a0", "query")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Comandline", "CommandLine"),  # one too few, and the case
        ("CommandLinee", "CommandLine"),
        ("CmomandLine", "CommandLine"),  # two changed places
        ("ComandLnie", "CommandLine"),  # two slips in a long word
        ("commandline", "CommandLine"),
        ("sorce.ip", "source.ip"),
        ("source_ip", "source.ip"),  # another mark between the parts
        ("sourceip", "source.ip"),
        ("imgae", "Image"),
        ("Iage", "Image"),
        ("qeury", "query"),
        ("param2", ""),  # differs in digits: another of its kind
        ("a1", ""),
        ("TargetImage", ""),  # too far
        ("Command", ""),
        ("", ""),
        ("x" * 10_000, ""),
    ],
)
def test_slips_of_the_fingers(written: str, meant: str) -> None:
    """A word is taken for another only if it is one with a slip or two in it."""
    assert slip(written, NAMES) == meant


def test_slips_are_counted() -> None:
    """Left out, added, another, or two that changed places: one each; counting stops at what is asked for."""
    assert [slips("abcd", other, 9) for other in ("abcd", "abd", "abxcd", "abXd", "abdc", "badc", "")] == [
        0, 1, 1, 1, 1, 2, 4,
    ]  # fmt: skip
    assert slips("abcdefgh", "ijklmnop", 2) == 3


def log_sources() -> Iterator[tuple[Path, dict[str, str]]]:
    """What the formats write out as a log source: (file, part -> word)."""
    for path in sorted((ROOT / "rules" / "formats").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "LogSource":
                said = {one.arg or "": one.value for one in node.keywords}
                yield path, {part: str(one.value) for part, one in said.items() if _is_text(one)}


def _is_text(node: ast.expr) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_log_source_is_known(vocabulary: Vocabulary) -> None:
    """Each log source that a format writes out is known, with all its parts; and no other word is."""
    found = [(path, said) for path, said in log_sources() if said]
    assert len(found) > 50
    for path, said in found:
        assert vocabulary.names(LogSource(**said)) is not None, (path.name, said)
    page = (ROOT / "docs" / "reference" / "events.md").read_text()
    words = {word for one in vocabulary.sources for part in PARTS if (word := getattr(one, part))}
    code = "".join(path.read_text() for path in sorted((ROOT / "rules" / "formats").rglob("*.py")))
    assert sorted(word for word in words if word not in page and f'"{word}"' not in code and word not in WORDS) == []


#: The log's own words that stand for others of their kind: of Zeek's paths and of Suricata's types of events.
WORDS = frozenset(
    ("dhcp", "intel", "modbus", "mysql", "pe", "radius", "sip", "smb_cmd", "snmp", "software", "syslog", "tunnel",
     "weird", "fileinfo", "smb", "smtp", "stats", "tls", "utm")
)  # fmt: skip


def test_every_field_is_known(vocabulary: Vocabulary) -> None:
    """Each field that the parsers put into an event is known of some log source."""
    known = EVERYWHERE.union(*(one.names for one in vocabulary.families))
    assert sorted(name for name in put_fields() - known if not name.startswith(OPEN)) == []


def test_what_is_known_of_ours_is_on_the_page(vocabulary: Vocabulary) -> None:
    """A field of events that can bear no other stands in the reference."""
    whole = [one for one in vocabulary.families if one.is_whole]
    assert len(whole) > 15
    assert sorted(frozenset().union(*(one.names for one in whole)) - NAMED) == []


def observed() -> Iterator[Parsed]:
    """What the formats make of every line in the cases of the bundled rules."""
    seen: set[str] = set()
    for _, path in find_rule_files([BUNDLED]):
        beside = case_file(path)
        assert beside is not None, path
        cases = yaml.load(beside.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["cases"]
        lines = {line for case in cases for line in str(case.get("lines") or "").splitlines()} - seen
        seen |= lines
        for line in sorted(lines):
            _, parsed = strictest(line, CONTEXT)
            if parsed is not None and parsed.header is None and parsed.logsource != LogSource():
                yield from (parsed, *parsed.also)


def test_nothing_that_events_bear_is_called_unknown(vocabulary: Vocabulary) -> None:
    """Of thousands of lines no field and no log source would be remarked upon in a rule."""
    count = 0
    for one in observed():
        count += 1
        assert vocabulary.is_told(one.logsource), one.logsource
        for name in one.fields:
            assert vocabulary.field(one.logsource, name) is None, (one.logsource, name)
    assert count > 4000


def test_only_what_is_whole_has_no_other_fields(vocabulary: Vocabulary) -> None:
    """Of a log that may bear any name, what is near to nothing is not remarked upon."""
    assert vocabulary.field(SSHD, "Image") == Unknown()
    assert vocabulary.field(CREATION, "ssh.method") is None
    assert vocabulary.field(LogSource(category="webserver"), "my_own") is None
    assert vocabulary.field(SSHD, "syslog.sd.id@1.x") is None


def test_what_the_configuration_says_is_known() -> None:
    """What a source claims to hold may bear any field, and its own formats bear what they name."""
    own = Vocabulary([LogSource(product="shop"), SSHD], ["basket.sise"])
    assert own.is_told(LogSource(product="shop", service="web"))
    assert own.word(LogSource(product="shop"), "product") is None
    assert own.word(LogSource(product="shopp"), "product") == Unknown("shop")
    assert own.field(SSHD, "Image") is None
    assert own.field(SSHD, "sorce.ip") == Unknown("source.ip")
    assert own.field(CREATION, "basket.sise") is None
    linux = Vocabulary([LogSource(product="linux")])  # its service is what the format says
    assert linux.word(LogSource(product="linux", service="sshdd"), "service") == Unknown("sshd")
    assert not Vocabulary([LogSource()]).is_told(LogSource(product="shop"))


@pytest.mark.parametrize(
    ("part", "word", "unknown"),
    [
        ("product", "linuxx", Unknown("linux")),
        ("product", "windws", Unknown("windows")),
        ("service", "sshdd", Unknown("sshd")),
        ("category", "process_creatoin", Unknown("process_creation")),
        ("category", "web_server", Unknown("webserver")),
        ("category", "sshd", Unknown("sshd", "service")),
        ("service", "linux", Unknown("linux", "product")),
        ("product", "django", None),
        ("service", "auth", None),
        ("category", "registry_event", None),
    ],
)
def test_parts_of_log_sources(vocabulary: Vocabulary, part: str, word: str, unknown: Unknown | None) -> None:
    """A misspelt part is told with the word that was meant, one in the wrong place with its place."""
    assert vocabulary.word(LogSource(**{part: word}), part) == unknown  # type: ignore[arg-type]


def test_unknown_names_without_end_are_given_up_in_time() -> None:
    """Of a rule set with ever more unknown names only the first are looked for."""
    asked = Vocabulary()
    found = [asked.field(CREATION, f"Comandline{'x' * (at % 3)}{at}") for at in range(20_000)]
    assert found.count(None) >= 20_000 - MOST_SEARCHES
