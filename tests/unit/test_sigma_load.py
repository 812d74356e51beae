"""What a rule file becomes when nothing is wrong with it."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from support.rules import event_of, rule_of

from rules.event import Decision, LogSource, Severity
from rules.sigma.load import load
from rules.sigma.model import DEFAULT_ENTITIES, CorrelationType, Pattern, RuleSet, covers

RULE = """title: Failed
name: failed
author: Ann
license: Apache-2.0
level: low
tags: [attack.t1110]
references: [https://example.org/a]
falsepositives: [people]
logsource: {product: linux, service: sshd}
detection: {s: {a: 1}, condition: s}
tocsin: {decision: record, group-by: [source.ip, host.name], window: 2h, noise-per-day: 1.5, pin: true}
"""
SUCCESS = """title: Succeeded
name: succeeded
logsource: {product: linux, service: sshd}
detection: {s: {a: 2}, condition: s}
"""
MANY = """title: Many failed
name: many
correlation:
  type: event_count
  rules: failed
  group-by: [source.ip]
  timespan: 10m
  condition: {gt: 4}
"""
THEN = """title: Many failed, then one succeeded
correlation:
  type: temporal_ordered
  rules: [many, succeeded]
  group-by: [who]
  timespan: 1h
  aliases: {who: {many: source.ip, succeeded: client}}
level: high
"""


def loaded(*texts: str) -> RuleSet:
    found = load([("rules.yml", "---\n".join(texts))])
    assert not found.errors, "\n".join(map(str, found.errors))
    return found


def test_rule_as_loaded() -> None:
    """A rule carries all that its file says."""
    rule = loaded(RULE).rules[0]
    assert (rule.title, rule.name, rule.author, rule.license) == ("Failed", "failed", "Ann", "Apache-2.0")
    assert (rule.level, rule.decision, rule.pin) == (Severity.LOW, Decision.RECORD, True)
    assert (rule.tags, rule.references) == (("attack.t1110",), ("https://example.org/a",))
    assert (rule.group_by, rule.window_seconds, rule.noise_per_day) == (("source.ip", "host.name"), 7200.0, 1.5)
    assert rule.logsource == LogSource(product="linux", service="sshd")
    assert (rule.path, rule.line) == ("rules.yml", 1)


def test_what_holds_when_a_rule_says_nothing() -> None:
    """A rule from elsewhere, without a tocsin block, is investigated, one incident per machine and half hour."""
    rule = loaded(SUCCESS).rules[0]
    assert (rule.level, rule.decision, rule.pin) == (Severity.MEDIUM, Decision.INVESTIGATE, False)
    assert (rule.group_by, rule.window_seconds, rule.noise_per_day) == (("host.name",), 1800.0, None)
    assert rule.entities == DEFAULT_ENTITIES


def test_correlations_as_loaded() -> None:
    """Correlations stand after what they refer to, with ids in place of names, also when written before it."""
    found = loaded(THEN, MANY, SUCCESS, RULE)
    ids = {rule.title: rule.id for rule in found.all}
    assert [made.title for made in found.correlations] == ["Many failed", "Many failed, then one succeeded"]
    many, then = found.correlations
    assert (many.type, many.rules, many.bounds) == ("event_count", (ids["Failed"],), (("gt", 4),))
    assert (many.needs, many.waits) == ("more than 4 events", False)
    assert (many.timespan_seconds, many.window_seconds, many.group_by) == (600.0, 1800.0, ("source.ip",))
    assert then.rules == (many.id, ids["Succeeded"])
    assert then.patterns == (Pattern(then.rules),)
    assert (then.timespan_seconds, then.window_seconds) == (3600.0, 3600.0)
    assert then.field_of("who", ids["Succeeded"]) == "client"
    assert then.field_of("who", many.id) == "source.ip"
    assert then.field_of("other", many.id) == "other"


@pytest.mark.parametrize(
    ("generate", "silent"),
    [("", {"Failed": True, "Many failed": False}), ("  generate: true\n", {"Failed": False, "Many failed": False})],
)
def test_who_speaks_for_itself(generate: str, silent: dict[str, bool]) -> None:
    """A rule that a correlation counts makes no findings of its own, unless the correlation says ``generate``."""
    found = loaded(RULE, MANY + generate)
    assert {rule.title: rule.as_base_only for rule in found.all} == silent


def test_id_of_a_rule_without_one() -> None:
    """A rule without id keeps its identity when its text or place changes, as long as its name stays."""
    one = load([("a.yml", RULE)]).rules[0]
    two = load([("b/c.yml", "\n" + RULE.replace("level: low", "level: high").replace("Failed", "Failed again"))]).rules[
        0
    ]
    assert one.id == two.id
    assert one.version != two.version


def test_version_is_of_the_rule_not_of_the_file() -> None:
    """A change of one rule leaves the version of the others in the file as it is."""
    before, after = loaded(RULE, SUCCESS), loaded(RULE, SUCCESS.replace("a: 2", "a: 3"))
    assert before.rules[0].version == after.rules[0].version == load([("x.yml", RULE)]).rules[0].version
    assert before.rules[1].version != after.rules[1].version
    assert len(before.rules[0].version) == 16


ANY = LogSource()
LINUX = LogSource(product="linux")


def service(name: str) -> LogSource:
    return LogSource(product="linux", service=name)


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        (LINUX, service("sshd"), True),
        (LINUX, ANY, False),
        (service("sshd"), service("sshd"), True),
        (service("sshd"), service("sudo"), False),
        (service("auth"), service("sshd"), True),
        (service("auth"), service("sudo"), True),
        (service("auth"), service("useradd"), True),
        (service("auth"), service("nginx"), False),
        (service("sshd"), service("auth"), False),
        (service("auth"), LogSource(product="zeek", service="sshd"), False),
        (LogSource(category="webserver"), LogSource(category="webserver", product="apache"), True),
        (LogSource(category="webserver", product="apache"), LogSource(category="webserver"), False),
        (LogSource(category="firewall"), ANY, False),
        (LogSource(category="registry_event"), LogSource(category="registry_set", product="windows"), True),
        (LogSource(category="registry_event"), LogSource(category="registry_rename"), True),
        (LogSource(category="registry_set"), LogSource(category="registry_event"), False),
    ],
)
def test_routing(wanted: LogSource, found: LogSource, expected: bool) -> None:
    """What a rule says of its log source must be so; what it does not say may be anything."""
    assert covers(wanted, found) is expected


def test_rules_are_routed() -> None:
    """Only the rules for an event's log source are asked about it."""
    found = loaded(RULE, SUCCESS.replace("sshd", "sudo"))
    assert [rule.title for rule in found.routed(service("sudo"))] == ["Succeeded"]
    assert [rule.title for rule in found.routed(service("sshd"))] == ["Failed"]
    assert found.routed(ANY) == ()


def test_date_is_text() -> None:
    """A value that looks like a date is compared as it is written."""
    from rules.match import matches

    assert matches(rule_of("s: {day: 2026-03-01}\ncondition: s"), event_of({"day": "2026-03-01"}))


def test_pysigma_is_imported_late_and_without_its_disk_cache() -> None:
    """Importing our loader does not import pySigma, and compiling never imports its on-disk cache (CVE-2025-69872)."""
    program = """
import sys
from rules.sigma.load import load
assert "sigma" not in sys.modules
found = load([("x.yml", "title: x\\nlogsource: {product: x}\\ndetection: {s: {a|contains: b}, condition: s}")])
assert len(found.rules) == 1, found.errors
assert "sigma" in sys.modules
assert "diskcache" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_correlations_of_the_how_to_load() -> None:
    """Each example of a type, with rules of the names that it uses, is a correlation without errors."""
    page = Path(__file__).parents[2].joinpath("docs", "how-to", "write-a-rule.md").read_text("utf-8")
    rows = [
        line.split(" | ")[1].rstrip(" |") for line in page.split("\n") if line.startswith("| ") and "`type: " in line
    ]
    assert {row.split("`")[1] for row in rows} == {f"type: {kind}" for kind in get_args(CorrelationType)} - {
        "type: event_count"
    }
    for row in rows:
        parts = row.split("`")[1::2]
        named = next(
            (part.partition("[")[2].rstrip("]").split(", ") for part in parts if part.startswith("rules")), None
        )
        body = ", ".join([*parts, "timespan: 5m", *([] if named else ["rules: [one]"])])
        files = [(f"{name}.yml", RULE.replace("name: failed", f"name: {name}")) for name in named or ["one"]]
        files = [(path, text.replace("title: Failed", f"title: {path}")) for path, text in files]
        assert load([*files, ("c.yml", f"title: c\ncorrelation: {{{body}}}\n")]).errors == (), row
