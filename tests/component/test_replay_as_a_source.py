"""``replay`` and ``explain --file`` with ``--source``: files are read as a source of the configuration is."""

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from detector.cli.bench import Wishes
from detector.cli.group import tocsin
from detector.cli.story import story

CONFIG = """\
[rules]
paths = ["rules.yml"]

[[source]]
name = "shop"
path = "/srv/shop/*.log"
format = "shop"
timezone = "Europe/Berlin"
product = "shop"
category = "payments"
encoding = "latin-1"
max_line_bytes = 256
pipelines = ["names.yml"]

[[source]]
name = "auth"
path = "/var/log/auth.log"

[[format]]
name = "shop"
pattern = '(?P<time>\\S+ \\S+) (?P<who>\\S+) (?P<message>.*)'
time_field = "time"
time_format = "%Y-%m-%d %H:%M:%S"
"""
NAMES = """\
name: names of the shop
transformations:
  - {type: field_name_mapping, mapping: {User: who}}
"""
RULES = """\
title: Refund
logsource: {product: shop, category: payments}
detection: {s: {User: 'ä*', message|contains: refund}, condition: s}
tocsin: {group-by: [who]}
"""
LINE = "2026-07-01 12:00:00 änn refund of 100\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (("config.toml", CONFIG), ("names.yml", NAMES), ("rules.yml", RULES)):
        (tmp_path / name).write_text(text)
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_bytes(LINE.encode("latin-1"))
        at = datetime(2026, 7, 1, 13, tzinfo=UTC).timestamp()
        os.utime(tmp_path / name, (at, at))
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(tocsin, [*arguments], env={"TOCSIN_CONFIG": None})


def found(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.usefixtures("folder")
def test_the_whole_profile_is_taken() -> None:
    """Format, zone, log source, encoding and pipelines: without each of them nothing would be found."""
    done = call("replay", "a.log", "--source", "shop", "--json")
    assert done.exit_code == 1, done.output
    (one,) = found(done)
    assert (one["title"], one["group"], one["first_seen"]) == ("Refund", {"who": "änn"}, "2026-07-01T10:00:00Z")
    assert call("replay", "a.log", "--source", "auth", "--config", "config.toml").exit_code != 1


@pytest.mark.usefixtures("folder")
def test_several_files_are_of_it() -> None:
    """Each file that is named is read so."""
    (one,) = found(call("replay", "a.log", "b.log", "--source", "shop", "--json"))
    assert one["events"] == 2


@pytest.mark.usefixtures("folder")
def test_what_is_said_besides_wins() -> None:
    """Another zone, or rules of another folder, for once."""
    (one,) = found(call("replay", "a.log", "--source", "shop", "--timezone", "UTC", "--rules", "rules.yml", "--json"))
    assert one["first_seen"] == "2026-07-01T12:00:00Z"


def test_long_lines_are_cut_where_the_source_cuts_them(folder: Path) -> None:
    """What the daemon would not have seen is not found."""
    (folder / "a.log").write_bytes(("2026-07-01 12:00:00 änn " + "x" * 300 + " refund\n").encode("latin-1"))
    assert call("replay", "a.log", "--source", "shop").exit_code == 0


@pytest.mark.usefixtures("folder")
def test_explain_reads_in_the_same_way() -> None:
    """The fields as the source has them, and the rule as its pipelines make it."""
    done = call("explain", "--file", "a.log", "--source", "shop", "--json")
    (line,) = found(done)
    assert (line["format"], line["fields"]["who"]) == ("shop", "änn")
    assert [one["title"] for one in line["matches"]] == ["Refund"]
    assert [term["term"] for term in line["marks"][0]["terms"]] == ["who = ä*", "message = *refund*"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--source", "shpo"], 'config.toml has no source "shpo"; did you mean "shop"?'),
        (["--source", "shop", "--config", "other.toml"], "other.toml"),
        (["--source", "shop", "--format", "jsn"], 'did you mean "json"?'),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_is_not_there_is_named(arguments: list[str], words: str) -> None:
    """With the nearest name."""
    done = call("replay", "a.log", *arguments)
    assert done.exit_code == 2
    assert words in done.stderr


def test_without_a_configuration_there_is_no_source(folder: Path) -> None:
    """It is said how to name one."""
    (folder / "config.toml").unlink()
    done = call("replay", "a.log", "--source", "shop")
    assert done.exit_code == 2
    assert "name it with --config" in done.stderr


def test_a_pipeline_that_is_wrong_is_told_for_the_source(folder: Path) -> None:
    """Under the source's name, not that of each file."""
    (folder / "names.yml").write_text("transformations: [{type: rule_failure, message: not here}]\n")
    done = call("replay", "a.log", "b.log", "--source", "shop")
    assert done.stderr.count('for source "shop": pipeline:') == 1


def test_an_incident_is_explained_as_its_source_is_read(folder: Path) -> None:
    """Its line is no line of any other format, and the rule is the one that the pipelines of the source make."""
    (one,) = found(call("replay", "a.log", "--source", "shop", "--json"))
    (evidence,) = one["evidence"]
    record = {
        "id": "INC-1",
        "rule": one["rule"],
        "events": 1,
        "first_seen": one["first_seen"],
        "last_seen": one["last_seen"],
        "evidence": [{**evidence, "source": "shop", "origin": "/srv/shop/a.log"}],
        "group": one["group"],
        "timeline": [],
        "severity": "medium",
        "severity_terms": one["severity_terms"],
        "deliveries": [],
        "told_next": [],
    }
    wishes = Wishes(rule_paths=(), format=None, timezone=None, as_of=None, config_path=str(folder / "config.toml"))
    told = story(record, wishes).branches
    assert told["parse"] == ["shop   time=2026-07-01 12:00:00  who=änn"]
    assert [line.split("   ")[0] for line in told["match"]] == [
        'as "Refund"', "s: who = ä* ✔", "s: message = *refund* ✔",
    ]  # fmt: skip


def test_without_files_those_of_the_source_are_read(folder: Path) -> None:
    """All that the daemon would read, and what a rotation moved aside."""
    (folder / "config.toml").write_text(CONFIG.replace("/srv/shop/*.log", "a.log").replace("/var/log/auth", "nowhere"))
    (folder / "a.log.1").write_bytes(LINE.encode("latin-1"))
    (folder / "a.log.2.gz").write_bytes(gzip.compress(LINE.encode("latin-1")))
    (one,) = found(call("replay", "--source", "shop", "--json"))
    assert one["events"] == 3
    done = call("replay", "--source", "auth")
    assert (done.exit_code, done.stderr) == (2, 'source "auth" has no files here\n')
    done = call("replay")
    assert done.exit_code == 2
    assert "name a FILE" in done.stderr
