"""``tocsin replay`` says which rules were about no line: what nobody asks finds nothing."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.cli.group import tocsin

RULES = """\
title: Failed login
name: failed_login
logsource: {product: linux, service: sshd}
detection: {s: {event.outcome: failure}, condition: s}
---
title: Brute force
correlation: {type: event_count, rules: [failed_login], group-by: [source.ip], timespan: 1m, condition: {gte: 5}}
---
title: Bad <b>path</b>
name: bad_path
logsource: {category: webserver}
detection: {s: {cs-uri-stem|contains: passwd}, condition: s}
---
title: Many bad paths
correlation: {type: event_count, rules: [bad_path], group-by: [source.ip], timespan: 1m, condition: {gte: 5}}
---
title: Anything of Linux
logsource: {product: linux}
detection: {s: {user.name: root}, condition: s}
"""
SSHD = "2026-03-01T03:00:0{} web1 sshd[812]: Failed password for root from 203.0.113.7 port 22 ssh2\n"
CRON = "2026-03-01T03:00:09Z web1 CRON[9]: (root) CMD (true)\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "auth.log").write_text(SSHD.format("1Z") + SSHD.format("2Z") + CRON)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(tocsin, ["replay", "--rules", "rules.yml", *arguments])


@pytest.mark.usefixtures("folder")
def test_it_is_said_in_a_sentence() -> None:
    """Of which log sources the lines are, and how many rules are of another; a correlation is as what it counts."""
    shown = [" ".join(line.split()) for line in call("auth.log").stdout.splitlines()]
    assert "product: linux, service: sshd 2 2" in shown
    assert "product: linux, service: cron 1 1" in shown
    assert "2 of 5 rules were not asked: no line is of their log source; -v lists them" in shown
    assert not any("Bad <b>path</b>" in line for line in shown)


@pytest.mark.usefixtures("folder")
def test_they_are_listed_by_log_source() -> None:
    """With ``-v``."""
    shown = [" ".join(line.split()) for line in call("auth.log", "-v").stdout.splitlines()]
    assert "category: webserver 2 Bad <b>path</b>, Many bad paths" in shown


@pytest.mark.usefixtures("folder")
def test_as_json() -> None:
    """The findings stay one object each; what was asked is the last, if it was asked for."""
    done = call("auth.log", "--json")
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["R-1"]
    assert "2 of 5 rules were not asked" in done.stderr
    told = json.loads(call("auth.log", "--json", "--verbose").stdout.splitlines()[-1])
    assert (told["rules"], told["rules_not_asked"]) == (5, 2)
    assert told["log_sources"][0] == {
        "category": None, "product": "linux", "service": "sshd", "events": 2, "rules": 2,
    }  # fmt: skip
    (missing,) = told["not_asked"]
    assert missing["category"] == "webserver"
    assert [one["title"] for one in missing["rules"]] == ["Bad <b>path</b>", "Many bad paths"]


def test_on_the_page(folder: Path) -> None:
    """Both tables, and titles that are no HTML."""
    call("auth.log", "--html", "page.html")
    page = (folder / "page.html").read_text()
    assert "2 of them because no line is of their log source" in page
    assert ">category: webserver</td>" in page
    assert "Bad &lt;b&gt;path&lt;/b&gt;, Many bad paths" in page
    assert ">product: linux, service: sshd</td>" in page


def test_nothing_found_in_vain_is_never_a_clean_0(folder: Path) -> None:
    """Where no rule is about any line, the exit code says so, and the message what the lines are and the rules want."""
    (folder / "rules.yml").write_text(RULES.split("---")[2])
    done = call("auth.log")
    assert done.exit_code == 2
    assert "no rule was asked: the lines are of the log source product: linux, service: sshd" in done.stderr
    assert "the rules are for category: webserver" in done.stderr
    assert "--source" in done.stderr


def test_an_empty_file_is_in_vain_for_nobody(folder: Path) -> None:
    """There is nothing that could have been asked about."""
    (folder / "auth.log").write_text("")
    done = call("auth.log")
    assert done.exit_code == 0
    assert "not asked" not in done.output


def test_log_sources_that_lines_make_up_cost_no_memory(folder: Path) -> None:
    """A format may take a part of the log source from the line; beyond a thousand they are not told apart."""
    line = '{{"timestamp":"2026-03-01T03:00:00.0+0000","event_type":"made-up-{}","flow_id":1,"src_ip":"192.0.2.1"}}\n'
    (folder / "eve.json").write_text("".join(line.format(number) for number in range(3000)))
    done = call("eve.json", "--json", "-v", "--format", "eve")
    told = json.loads(done.stdout.splitlines()[-1])
    assert len(told["log_sources"]) == 1000


def test_lines_of_no_log_source(folder: Path) -> None:
    """An application's own JSON is read, and nobody knows what it is of: its source has to say so."""
    (folder / "app.log").write_text('{"time": "2026-03-01T03:00:00Z", "msg": "paid"}\n' * 3)
    (folder / "rules.yml").write_text(RULES.split("---")[2])
    done = call("app.log")
    assert done.exit_code == 2
    assert "the lines are of no log source: no format says what they are; the rules are for category: webserver" in (
        done.stderr
    )
    assert "\n  hint: name the format with --format, or with --source" in done.stderr
