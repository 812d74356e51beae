"""``tocsin rules test`` as people and build servers meet it."""

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from click.testing import CliRunner, Result

from detector.cli.group import tocsin

RULE = """title: su to root
logsource: {product: linux, service: su}
detection:
  became_root: {event.action: su, event.outcome: success}
  trusted: {user.name: backup}
  condition: became_root and not trusted
tocsin: {group-by: [host.name, user.name]}
"""
CASES = """cases:
  - name: somebody becomes root
    lines: |
      Mar  1 03:11:20 web1 su[812]: (to root) bob on pts/0
    expect:
      - {rule: su to root, group: {host.name: web1, user.name: bob}}
  - name: an attempt that fails
    lines: |
      Mar  1 03:11:20 web1 su[812]: FAILED SU (to root) bob on pts/0
    expect: []
"""
FAILING = """  - name: 'expects <b>"another"</b> & more \\u001b[31m'
    lines: |
      Mar  1 03:11:20 web1 su[812]: (to root) bob on pts/0 ]]> <x>
    expect:
      - {rule: su to root, group: {host.name: web1, user.name: eve}}
"""

#: Of Apache Ant's JUnit task: what each element must and may bear, and what stands in it, in this order.
SCHEMA: dict[str, tuple[set[str], set[str], list[str]]] = {
    "testsuites": (set(), set(), ["testsuite"]),
    "testsuite": (
        {"name", "timestamp", "hostname", "tests", "failures", "errors", "time", "id", "package"},
        set(),
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "properties": (set(), set(), []),
    "testcase": ({"name", "classname", "time"}, set(), ["error", "failure"]),
    "error": ({"type"}, {"message"}, []),
    "failure": ({"type"}, {"message"}, []),
    "system-out": (set(), set(), []),
    "system-err": (set(), set(), []),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/su.yml").write_text(RULE)
    (tmp_path / "rules/su.test.yml").write_text(CASES)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(tocsin, ["rules", "test", *arguments])


def assert_valid(element: Xml.Element) -> None:
    needed, may, inside = SCHEMA[element.tag]
    assert needed <= set(element.attrib) <= needed | may
    tags = [child.tag for child in element]
    assert tags == sorted(tags, key=inside.index), tags
    for child in element:
        assert_valid(child)


def junit_of(folder: Path) -> Xml.Element:
    root = Xml.fromstring((folder / "junit.xml").read_bytes())
    assert_valid(root)
    return root


def test_what_is_covered_is_told(folder: Path) -> None:
    """The share of what is asked of rules, and by name what no case has a line for."""
    done = call("rules")
    assert (done.exit_code, done.output.split("\n")[:2]) == (
        0,
        ["2 cases, 0 failed, 0 errors", "cases cover 71 % (5 of 7); --coverage names the rest"],
    )
    named = call("rules", "--coverage").output
    assert 'rules/su.yml:1: no case of "su to root" has a line for the selection "trusted"' in named
    assert 'no case of "su to root" has a line for "user.name = backup" of "trusted"' in named


@pytest.mark.parametrize(("least", "exit_code"), [("70", 0), ("72", 1)])
def test_fail_under(folder: Path, least: str, exit_code: int) -> None:
    """A build fails where cases cover less than wanted."""
    done = call("rules", "--fail-under", least)
    assert done.exit_code == exit_code
    assert ("less than 72 %" in done.output) is bool(exit_code)


def test_json(folder: Path) -> None:
    """Programs get differences as values, and what is covered."""
    (folder / "rules/su.test.yml").write_text(CASES + FAILING)
    done = call("rules", "--json")
    assert done.exit_code == 1
    told = json.loads(done.output)
    assert [one["passed"] for one in told["cases"]] == [True, True, False]
    assert told["cases"][2]["compared"] == [
        {
            "what": "differs",
            "rule": "su to root",
            "said": '"su to root" differs',
            "fields": [{"field": "group user.name", "expected": "eve", "found": "bob"}],
            "notes": [],
        }
    ]
    coverage = told["coverage"]
    assert (coverage["asked"], coverage["done"], coverage["percent"], coverage["rules"]) == (7, 5, 71.4, [])
    assert [(one["selection"], one["term"]) for one in coverage["parts"]] == [
        ("trusted", None),
        ("trusted", "user.name = backup"),
    ]


def test_junit(folder: Path) -> None:
    """A build server gets each case, in the shape that it knows."""
    assert call("rules", "--junit", "junit.xml").exit_code == 0
    (suite,) = junit_of(folder)
    assert suite.attrib["name"] == "rules/su.test.yml"
    assert [suite.attrib[name] for name in ("tests", "failures", "errors")] == ["2", "0", "0"]
    assert [(case.attrib["classname"], case.attrib["name"]) for case in suite.iter("testcase")] == [
        ("rules.su.test", "somebody becomes root"),
        ("rules.su.test", "an attempt that fails"),
    ]


def test_junit_of_what_fails(folder: Path) -> None:
    """Names and lines may hold anything: it is text, and nothing that a terminal acts upon."""
    (folder / "rules/su.test.yml").write_text(CASES + FAILING.replace("'", '"', 2).replace('"another"', "another"))
    assert call("rules", "--junit", "junit.xml").exit_code == 1
    (suite,) = junit_of(folder)
    case = list(suite.iter("testcase"))[2]
    assert case.attrib["name"] == "expects <b>another</b> & more \ufffd[31m"
    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib == {"type": "differs", "message": '"su to root" differs'}
    assert (failure.text or "").split("\n") == [
        "rules/su.test.yml:11",
        '"su to root" differs',
        "  group user.name  expected eve",
        "                   found    bob",
    ]
    assert "\x1b" not in (folder / "junit.xml").read_text()


def test_junit_of_what_cannot_be_read(folder: Path) -> None:
    """A rule or a file of cases that is broken is an error of the file."""
    (folder / "rules/su.test.yml").write_text("cases: [{name: x}]")
    done = call("rules", "--junit", "junit.xml")
    assert done.exit_code == 2
    (suite,) = junit_of(folder)
    assert suite.attrib["errors"] == suite.attrib["tests"] == "2"
    assert [error.attrib["type"] for error in suite.iter("error")] == ["unreadable", "unreadable"]


def test_junit_that_cannot_be_written(folder: Path) -> None:
    """It is said where the report cannot go."""
    done = call("rules", "--junit", "nowhere/junit.xml")
    assert done.exit_code == 2
    assert "cannot write nowhere/junit.xml: No such file or directory" in done.output


class TestWhatLooksLikeSuccess:
    """Cases that nobody runs, and rules that are not there, are never a clean 0."""

    def test_a_folder_without_rules(self, folder: Path) -> None:
        """A build that names the wrong folder does not pass."""
        (folder / "empty").mkdir()
        done = call("empty")
        assert done.exit_code == 2
        assert "there is no rule file (.yml, .yaml) in empty" in done.output

    @pytest.mark.usefixtures("folder")
    def test_cases_named_instead_of_their_rule(self) -> None:
        """It is said what to name."""
        done = call("rules/su.test.yml")
        assert done.exit_code == 2
        assert "rules/su.test.yml holds cases: name their rule, rules/su.yml" in done.output

    def test_cases_whose_rule_has_another_name(self, folder: Path) -> None:
        """They would never run."""
        (folder / "rules/sudo.test.yml").write_text(CASES)
        done = call("rules")
        assert done.exit_code == 2
        assert "rules/sudo.test.yml:1:1: error: these cases are of no rule: there is no sudo.yml beside them" in (
            done.output
        )

    def test_cases_of_a_rule_that_did_not_load(self, folder: Path) -> None:
        """The rule is told with its place; its cases say why they failed, and nothing is said to be covered."""
        (folder / "rules/su.yml").write_text(RULE.replace("became_root and", "became_rot and"))
        done = call("rules", "--fail-under", "80")
        assert done.exit_code == 2
        assert 'hint: did you mean "became_root"?' in done.output
        assert '  "su to root" did not load\n' in done.output
        assert "there is nothing for cases to cover: no rule loads" in done.output
        assert "100 %" not in done.output


def test_a_name_that_no_rule_has(folder: Path) -> None:
    """The nearest is told, once."""
    (folder / "rules/su.test.yml").write_text(CASES.replace("rule: su to root", "rule: su 2 root"))
    assert 'no rule beside has the title or id "su 2 root"; did you mean "su to root"?\n' in call("rules").output


def test_lines_of_another_log_source(folder: Path) -> None:
    """What the rule is about, what the lines are, and by which format they were read."""
    (folder / "rules/su.yml").write_text(RULE.replace("service: su}", "service: sudo}"))
    done = call("rules")
    assert "no line is of its log source (product: linux, service: sudo):" in done.output
    assert "its lines are product: linux, service: su, read as syslog" in done.output
    assert "2 cases, 1 failed, 0 errors" in done.output


def test_cases_of_one_name_stay_apart_in_junit(folder: Path) -> None:
    """Readers take them for one."""
    (folder / "rules/su.test.yml").write_text(CASES.replace("an attempt that fails", "somebody becomes root"))
    call("--junit", "report.xml", "rules")
    names = [one.get("name") for one in Xml.parse(folder / "report.xml").iter("testcase")]
    assert names == ["somebody becomes root (line 2)", "somebody becomes root (line 7)"]


def test_suspect_rules_are_told(folder: Path) -> None:
    """A field that no events have is told beside the cases, by test and list; it fails nothing."""
    (folder / "rules/su.yml").write_text(RULE.replace("{user.name: backup}", "{user.nmae: backup}"))
    done = CliRunner().invoke(tocsin, ["rules", "test", "rules"])
    assert done.exit_code == 0, done.output
    assert 'rules/su.yml:5:13: warning: unknown field "user.nmae" in events of product: linux' in done.output
    for asked in ("test", "list"):
        paths = ["rules"] if asked == "test" else ["--rules", "rules"]
        told = json.loads(CliRunner().invoke(tocsin, ["rules", asked, "--json", *paths]).output)
        assert 'did you mean "user.name"?' in told["remarks"][0]
    assert 'unknown field "user.nmae"' in CliRunner().invoke(tocsin, ["rules", "list", "--rules", "rules"]).stderr


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "sub/secret", ".."])
def test_a_log_lies_beside_its_cases(folder: Path, name: str) -> None:
    """Cases come with rules of others: they read nothing elsewhere."""
    for place in ("secret", "rules/sub/secret"):
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_text("Mar  1 03:11:20 web1 su[812]: (to root) secret on pts/0\n")
    (folder / "rules/su.test.yml").write_text(f"cases:\n  - {{name: x, log: {name}, expect: []}}\n")
    done = call("rules")
    assert done.exit_code == 2
    assert "the log cannot be read: " in done.output
    assert "pts/0" not in done.output


def test_a_log_beside_its_cases(folder: Path) -> None:
    """Its name is enough."""
    (folder / "rules/su.log").write_text("Mar  1 03:11:20 web1 su[812]: FAILED SU (to root) bob on pts/0\n")
    (folder / "rules/su.test.yml").write_text("cases:\n  - {name: x, log: su.log, expect: []}\n")
    assert call("rules").exit_code == 0


def test_rules_that_need_a_pipeline_are_tested_through_it(folder: Path) -> None:
    """Without it they do not load; what is wrong with it is told once, however many rules go through it."""
    asking = RULE.replace("user.name: backup", "user.name|expand: '%Backups%'")
    for name in ("su", "sudo"):
        (folder / f"rules/{name}.yml").write_text(asking)
    assert 'nothing is known as "%Backups%"' in call("rules").output
    (folder / "own.yml").write_text("vars: {Backups: [backup]}\ntransformations: [{type: value_placeholders}]\n")
    done = call("rules", "--pipeline", "own.yml")
    assert (done.exit_code, "2 cases, 0 failed, 0 errors" in done.output) == (0, True), done.output
    (folder / "own.yml").write_text("finalizers: [{type: concat}]\n")
    assert call("rules", "--pipeline", "own.yml").output.count("finalizers acts upon queries") == 1
    assert "nowhere.yml: No such file or directory" in call("rules", "--pipeline", "nowhere.yml").output


@pytest.mark.parametrize("asked", [("explain", "--rules", "rules", "--file"), ("replay", "--rules", "rules")])
def test_suspect_rules_are_told_where_they_are_tried(folder: Path, asked: tuple[str, ...]) -> None:
    """Who asks why a rule finds nothing in a file is told of the field that it misspells."""
    (folder / "rules/su.yml").write_text(RULE.replace("event.action: su", "event.acton: su"))
    (folder / "auth.log").write_text("Mar  1 03:11:20 web1 su[812]: (to root) bob on pts/0\n")
    done = CliRunner().invoke(tocsin, [*asked, "auth.log"])
    assert 'rules/su.yml:4:17: warning: unknown field "event.acton"' in done.stderr
    assert 'did you mean "event.action"?' in done.stderr


class TestRulesOfOtherFiles:
    """A correlation, or a filter, and the rules that it refers to."""

    COUNTING = """title: su again and again
correlation:
  {type: event_count, rules: [su to root], group-by: [host.name], timespan: 1h, condition: {gte: 2}}
"""
    FILTER = """title: The backup host may
logsource: {product: linux, service: su}
filter: {rules: [su to root], selection: {host.name: backup}, condition: not selection}
"""

    @pytest.fixture(autouse=True)
    def named(self, folder: Path) -> None:
        (folder / "rules/su.yml").write_text(f"name: su to root\n{RULE}")

    def test_are_found_among_those_that_are_named(self, folder: Path) -> None:
        """The cases of each file are about its own rules."""
        line = "      Mar  1 03:11:2{} web1 su[812]: (to root) bob on pts/0\n"
        (folder / "rules/again.yml").write_text(self.COUNTING)
        (folder / "rules/again.test.yml").write_text(
            f"cases:\n  - name: twice\n    lines: |\n{line.format(0)}{line.format(1)}"
            "    expect: [{rule: su again and again, events: 2}]\n"
        )
        (folder / "rules/backup.yml").write_text(self.FILTER)
        done = call("rules")
        assert (done.exit_code, "3 cases, 0 failed, 0 errors" in done.output) == (0, True), done.output
        assert 'rules/again.yml:1: "su again and again" has no case in which it finds nothing' in done.output
        assert done.output.count('"su to root" has no case') == 0

    def test_are_missing_if_they_are_not_named(self, folder: Path) -> None:
        """Then the reference is an error with its place."""
        (folder / "rules/again.yml").write_text(self.COUNTING)
        done = call("rules/again.yml")
        assert done.exit_code == 2
        assert 'rules/again.yml:3:31: error: no rule has the id or name "su to root"' in done.output
