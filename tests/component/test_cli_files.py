"""Verbs about files: check, config show, unit, rules list."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.cli.group import TOCSIN, tocsin

CONFIG = """\
[[source]]
name = "auth"
path = "auth.log"

[rules]
paths = ["rules"]

[[receiver]]
name = "console"
url = "tocsin-console://"

[[receiver]]
name = "mail"
url = "json://u:hunter2@localhost/"

[[route]]
receiver = ["console", "mail"]
"""
RULE = """\
title: Failed password
id: 6f3c2f0e-7a53-4c53-9d2e-0a8f0b5c1a11
logsource:
    product: linux
    service: sshd
detection:
    selection:
        event.outcome: failure
    condition: selection
level: high
"""


FEW = """title: Few
correlation:
  type: event_count
  rules: [6f3c2f0e-7a53-4c53-9d2e-0a8f0b5c1a11]
  group-by: [source.ip]
  timespan: 5m
  condition: {lt: 3}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/failed.yml").write_text(RULE)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(tocsin, list(arguments), env={"TOCSIN_CONFIG": None})


@pytest.mark.usefixtures("folder")
class TestCheck:
    """``tocsin check``"""

    def test_what_is_fine_exits_with_0(self) -> None:
        """The totals are told."""
        done = call("check")
        assert done.exit_code == 0, done.output
        assert "config   config.toml   ok (1 sources, 2 receivers)" in done.output
        assert "rules    1 loaded, 0 rejected" in done.output

    def test_signatures_that_nobody_could_give_are_told(self, folder: Path) -> None:
        """A person alone cannot work with four eyes: each signature is a warning, and the configuration can be used."""
        (folder / "config.toml").write_text(CONFIG + '[[person]]\nid = "solo"\nroles = ["reviewer"]\n')
        done = call("check")
        assert done.exit_code == 0, done.output
        assert "warning: only solo can review reports, and nobody signs their own: two are needed" in done.output
        assert "warning: nobody can verify actions" in done.output

    def test_modes_are_told(self, folder: Path) -> None:
        """Who has rules ask nobody, and why; an entry that is for no rule is a warning with its place."""
        more = "\n".join(
            f'[[rules.mode]]\nmode = "advise"\nrule = ["{name}"]\nauthor = "Ana"\nreason = "new here"\n'
            for name in ("Failed*", "Faild password")
        )
        (folder / "config.toml").write_text(CONFIG + more)
        done = call("check")
        assert done.exit_code == 0, done.output
        assert "notice: advise: 1 rule, by Ana: new here" in done.output
        line = CONFIG.count("\n") + 7
        said = (
            f'config.toml:{line}:9: warning: rules.mode[2] is for no rule that loads; did you mean "Failed password"?'
        )
        assert said in done.output

    def test_broken_rules_are_told_with_their_place(self, folder: Path) -> None:
        """A rule that does not load is named with its reason; exit code 2."""
        (folder / "rules/broken.yml").write_text(
            RULE.replace("condition: selection", "condition: selektion").replace("6f3c", "7f3c")
        )
        done = call("check")
        assert done.exit_code == 2
        assert "rules/broken.yml:9:" in done.output
        assert "rules    1 loaded, 1 rejected" in done.output

    def test_suspect_rules_are_told_and_can_be_used(self, folder: Path) -> None:
        """A field or log source that no events have is told with its place and the nearest name; exit code 0."""
        wrong = RULE.replace("event.outcome", "event.outcom").replace("sshd", "sshdd").replace("6f3c", "7f3c")
        (folder / "rules/suspect.yml").write_text(wrong)
        (folder / "rules/shop.yml").write_text(RULE.replace("linux", "shop").replace("6f3c", "8f3c"))
        done = call("check")
        assert done.exit_code == 0, done.output
        assert 'rules/suspect.yml:5:14: warning: unknown service "sshdd"' in done.output
        assert 'hint: did you mean "sshd"?' in done.output
        assert "rules    3 loaded, 0 rejected, 1 warning, 1 notice" in done.output
        told = json.loads(call("check", "--json").output)["rules"]["remarks"]
        assert [(one["level"], one["file"], one["line"], one["column"]) for one in told] == [
            ("notice", "rules/shop.yml", 4, 5),
            ("warning", "rules/suspect.yml", 5, 14),
        ]

    def test_what_a_source_says_it_holds_is_no_mistake(self, folder: Path) -> None:
        """A log source that no format makes, and fields of a format of one's own, are known by the configuration."""
        own = RULE.replace("linux", "shop").replace("sshd", "basket").replace("event.outcome", "event.outcom")
        (folder / "rules/failed.yml").write_text(own)
        assert ", 1 notice" in call("check").output
        more = '[[source]]\nname = "shop"\npath = "shop.log"\nproduct = "shop"\n'
        (folder / "config.toml").write_text(CONFIG + more)
        assert "rules    1 loaded, 0 rejected\n" in call("check").output
        (folder / "rules/failed.yml").write_text(RULE.replace("event.outcome", "event.outcom"))
        assert 'warning: unknown field "event.outcom"' in call("check").output
        format_ = '[[format]]\nname = "mine"\npattern = "(?P<event__outcom>.*)"\n'
        (folder / "config.toml").write_text(CONFIG + format_)
        assert "rules    1 loaded, 0 rejected\n" in call("check").output

    def test_rules_go_through_pipelines(self, folder: Path) -> None:
        """A rule loads by what a pipeline defines; what is wrong with a pipeline, or where it is not, is told."""
        (folder / "rules/failed.yml").write_text(RULE.replace("outcome: failure", "outcome|expand: '%outcomes%'"))
        assert 'nothing is known as "%outcomes%"' in call("check").output
        named = CONFIG.replace('paths = ["rules"]', 'paths = ["rules"]\npipelines = ["own.yml"]')
        (folder / "config.toml").write_text(named)
        assert 'config.toml:7:14: error: rules.pipelines[1]: there is no file "own.yml"' in call("check").output
        (folder / "own.yml").write_text("vars: {outcomes: failure}\ntransformations: [{type: value_placeholders}]\n")
        done = call("check")
        assert done.exit_code == 0, done.output
        shown = [" ".join(line.split()) for line in call("config", "show", "--origin").output.splitlines()]
        assert 'rules.pipelines = ["own.yml"] # config.toml:7' in shown
        (folder / "own.yml").write_text("finalizers: [{type: concat}]\n")
        assert "own.yml:1:13: error: finalizers acts upon queries" in call("check").output

    def test_an_address_that_cannot_be_told_is_an_error(self, folder: Path) -> None:
        """What the sending library refuses is told at the receiver, without its secrets."""
        (folder / "config.toml").write_text(CONFIG.replace("json://u:hunter2@", "jsonx://u:hunter2@"))
        done = call("check")
        assert done.exit_code == 2
        assert 'config.toml:14:7: error: receiver "mail" cannot be told: ' in done.output
        assert "hunter2" not in done.output

    def test_an_address_is_tried_beside_other_errors(self, folder: Path) -> None:
        """What is wrong elsewhere does not hide who cannot be told; each receiver is told once."""
        (folder / "config.toml").write_text(CONFIG.replace("json://u:hunter2@", "discord://a?u=hunter2@") + "x = 1\n")
        done = call("check")
        assert done.exit_code == 2
        assert "unknown key" in done.output
        assert done.output.count('receiver "mail" cannot be told: ') == 1
        assert "hunter2" not in done.output
        assert "2 errors" in done.output

    @pytest.mark.parametrize(("op", "told"), [("lt", True), ("gte", False)])
    def test_a_rule_that_waits_is_told(self, folder: Path, op: str, told: bool) -> None:
        """A condition that more events may make false is judged late; how late is said, and it is no error."""
        (folder / "rules/few.yml").write_text(FEW.replace("lt", op))
        done = call("check")
        assert done.exit_code == 0, done.output
        said = '"Few" waits: less than 3 events is judged when the time span is over, 310 s after an event'
        assert (f"rules/few.yml:1: notice: {said}" in done.output) is told

    @pytest.mark.parametrize(
        ("condition", "told"),
        [("{lt: 3}", True), ("{gte: 3, lte: 9}", True), ("{eq: 3}", True), ("{gte: 3}", False), ("{gt: 3}", False)],
    )
    def test_a_rule_that_finds_the_end_of_bursts_is_told(self, folder: Path, condition: str, told: bool) -> None:
        """A span begins with each event: the last of many are few. What to write instead is said; it is no error."""
        (folder / "rules/few.yml").write_text(FEW.replace("{lt: 3}", condition))
        done = call("check")
        assert done.exit_code == 0, done.output
        said = 'rules/few.yml:1: warning: "Few" also finds the end of every larger burst'
        assert (said in done.output and 'hint: count "at least" twice' in done.output) is told

    def test_a_folder_that_is_not_there_is_an_error(self, folder: Path) -> None:
        """A file receiver needs its folder, unless that is the state directory, made at the first start."""
        for path, code in (("nowhere/out.txt", 2), ("var/out.txt", 0), ("out.txt", 0)):
            (folder / "config.toml").write_text(CONFIG.replace("tocsin-console://", f"tocsin-file://{path}"))
            assert call("check").exit_code == code

    def test_json_tells_the_same(self, folder: Path) -> None:
        """Each problem is an object with its place."""
        (folder / "config.toml").write_text(CONFIG + "x = 1\n")
        done = call("check", "--json")
        assert done.exit_code == 2
        (problem,) = json.loads(done.output)["problems"]
        assert (problem["level"], problem["file"], problem["line"], problem["column"]) == (
            "error",
            "config.toml",
            18,
            1,
        )


@pytest.mark.usefixtures("folder")
class TestConfigShow:
    """``tocsin config show``"""

    def test_every_value_with_its_origin(self) -> None:
        """What is set names file and line, the rest is a default."""
        lines = [" ".join(line.split()) for line in call("config", "show", "--origin").output.splitlines()]
        assert 'source[1].name = "auth" # config.toml:2' in lines
        assert 'source[1].start = "end" # default' in lines
        assert 'receiver[2].url = "***" # config.toml:14' in lines

    @pytest.mark.parametrize("options", [[], ["--origin"], ["--json"], ["--json", "--origin"]])
    def test_secrets_stay_hidden(self, options: list[str]) -> None:
        """In no form does it show a secret."""
        done = call("config", "show", *options)
        assert done.exit_code == 0
        assert "hunter2" not in done.output
        assert "***" in done.output


@pytest.mark.usefixtures("folder")
class TestRulesList:
    """``tocsin rules list``"""

    def test_rules_are_listed(self) -> None:
        """One line a rule, with level, decision and file."""
        done = call("rules", "list", "--rules", "rules")
        assert done.exit_code == 0
        assert done.output.splitlines()[1].split() == [
            "high",
            "investigate",
            "Failed",
            "password",
            "single",
            "event",
            "rules/failed.yml",
        ]

    def test_a_filter_for_any_rule_says_how_many(self, folder: Path) -> None:
        """It does not write out the titles of all of them."""
        body = "filter: {rules: any, s: {user.name: probe}, condition: not s}\n"
        (folder / "rules/filter.yml").write_text(f"title: Probes\nlogsource: {{product: linux}}\n{body}")
        done = call("rules", "list", "--rules", "rules")
        assert "filter of any rule of its log source (1 of them)" in " ".join(done.output.split())

    def test_as_json(self) -> None:
        """The id is there, for scripts."""
        (rule,) = json.loads(call("rules", "list", "--rules", "rules/failed.yml", "--json").output)["rules"]
        assert rule["id"] == "6f3c2f0e-7a53-4c53-9d2e-0a8f0b5c1a11"

    def test_nothing_loads(self, folder: Path) -> None:
        """A table without rows says that there are rules, and that none is good."""
        (folder / "rules/failed.yml").write_text("title: Alone\n")
        done = call("rules", "list", "--rules", "rules")
        assert done.exit_code == 2
        assert done.stdout.splitlines() == ["no rule loads"]
        assert "rules/failed.yml:1:1: error: " in done.stderr

    def test_a_path_that_is_not_there(self) -> None:
        """Exit code 2, and its name."""
        done = call("rules", "list", "--rules", "nowhere")
        assert done.exit_code == 2
        assert "nowhere" in done.stderr


def test_no_configuration_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a configuration the first step is named."""
    monkeypatch.chdir(tmp_path)
    done = call("check")
    assert done.exit_code == 2
    assert "Copy config.example.toml" in done.stderr


def test_the_unit_starts_what_it_is_told_to() -> None:
    """Command and configuration stand in ExecStart; nothing is left to fill in."""
    text = call("unit", "--executable", "/opt/tocsin/bin/tocsin", "--config", "/etc/t.toml").output
    assert "ExecStart=/opt/tocsin/bin/tocsin run --config /etc/t.toml\n" in text
    assert "@" not in text.replace("@system-service", "").replace("@privileged @resources", "")


@pytest.mark.parametrize("verb", TOCSIN)
def test_the_line_in_the_help_is_the_verbs_own(verb: str) -> None:
    """What the lazy list says of a verb is how the verb's help begins, nearly word for word."""
    done = call(verb, "--help")
    assert done.exit_code == 0
    assert TOCSIN[verb][1].split()[0].rstrip(":,") in done.output


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", "{}"],
        ["replay", "auth.log", "--rules", "{}"],
        ["replay", "auth.log", "--config", "{}"],
        ["replay", "auth.log", "--source", "{}"],
        ["explain", "--file", "{}"],
        ["rules", "test", "{}"],
        ["rules", "test", "--pipeline", "{}"],
        ["rules", "list", "--rules", "{}"],
        ["rules", "progress", "{}"],
        ["check", "--config", "{}"],
    ],
    ids=" ".join,
)
def test_names_that_act_upon_a_terminal_do_not(arguments: list[str]) -> None:
    """Who may write into a folder names files in it; what is said of them moves no cursor and hides nothing."""
    hostile = "no\x1b[2J\x1b]0;evil\x07\u202egol"
    done = CliRunner().invoke(
        tocsin, [one.format(hostile) for one in arguments], env={"TOCSIN_CONFIG": None}, color=True
    )
    assert done.exit_code >= 2
    assert done.output
    assert not set(done.output) & set("\x1b\x07\u202e")
