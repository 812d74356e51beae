"""``tocsin replay`` and ``tocsin explain --file``: the same engine over files, and what is printed."""

import gzip
import json
import os
import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from detector.cli.group import tocsin
from detector.replay.reading import LogFile, LogUnreadable

RULES = """\
title: Failed login
id: 6f3c2f0e-7a53-4c53-9d2e-0a8f0b5c1a11
name: failed_login
logsource:
    product: linux
    service: sshd
detection:
    selection:
        event.action: ssh_login
        event.outcome: failure
    condition: selection
level: low
---
title: Brute force
id: 6f3c2f0e-7a53-4c53-9d2e-0a8f0b5c1a12
correlation:
    type: event_count
    rules: [failed_login]
    group-by: [source.ip]
    timespan: 1m
    condition:
        gte: 5
level: high
author: Ann
license: MIT
"""
START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
NOTHING, FOUND, MISUSE = 0, 1, 2


def failure(second: float, address: str = "203.0.113.7") -> str:
    moment = START + timedelta(seconds=second)
    return f"{moment.isoformat()} web1 sshd[812]: Failed password for root from {address} port 22 ssh2\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yml").write_text(RULES)
    return tmp_path


def write(path: Path, lines: list[str], at: datetime = START + timedelta(hours=1)) -> None:
    path.write_text("".join(lines))
    os.utime(path, (at.timestamp(), at.timestamp()))


def call(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(tocsin, [*arguments, "--rules", "rules.yml"], input=stdin)


def found(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_one_object_for_each_incident(folder: Path) -> None:
    """What would have been opened is one line of JSON with its evidence, and the exit code says that there is some."""
    write(folder / "auth.log", [failure(second) for second in range(10)])
    done = call("replay", "auth.log", "--json")
    assert done.exit_code == FOUND, done.output
    (one,) = found(done)
    assert {key: one[key] for key in ("id", "decision", "title", "severity", "group", "events")} == {
        "id": "R-1",
        "decision": "investigate",
        "title": "Brute force",
        "severity": "high",
        "group": {"source.ip": "203.0.113.7"},
        "events": 10,
    }
    assert (one["first_seen"], one["last_seen"]) == ("2026-03-01T03:00:00Z", "2026-03-01T03:00:09Z")
    assert one["rule"]["id"] == "6f3c2f0e-7a53-4c53-9d2e-0a8f0b5c1a12"
    told = {"id": one["rule"]["id"], "title": "Brute force", "author": "Ann", "license": "MIT"}
    assert one["rule"].items() >= told.items()
    assert one["rules"] == [{**told, "findings": 1, "events": 10}]
    assert {"kind": "source", "value": "203.0.113.7"} in one["entities"]
    first = one["evidence"][0]
    assert (first["source"], first["line"], first["offset"], first["text"]) == ("auth.log", 1, 0, failure(0).rstrip())


def test_accounts_that_a_configuration_trusts(folder: Path) -> None:
    """Bundled rules ask nobody about whom ``trust.admins`` names."""
    lines = [f"Mar  1 03:00:00 web1 doas: command not permitted for {name}: sh\n" for name in ("ann", "bob")]
    write(folder / "auth.log", lines)
    (folder / "own.toml").write_text('[trust]\nadmins = ["ann", "192.0.2.0/28"]\n')
    (one,) = found(CliRunner().invoke(tocsin, ["replay", "auth.log", "--json", "--config", "own.toml"]))
    assert (one["title"], one["group"]["user.name"]) == ("pkexec or doas refused", "bob")


def test_exit_codes(folder: Path) -> None:
    """0 if nothing was found or --exit-zero asks for it, 1 if something was."""
    write(folder / "quiet.log", [failure(second * 100) for second in range(10)])
    write(folder / "auth.log", [failure(second) for second in range(10)])
    assert call("replay", "quiet.log").exit_code == NOTHING
    assert call("replay", "auth.log").exit_code == FOUND
    assert call("replay", "auth.log", "--exit-zero").exit_code == NOTHING


def test_several_files_are_merged_by_time(folder: Path) -> None:
    """An attack spread over two files is one, whichever is named first, and no line is lost between them."""
    write(folder / "a.log", [failure(second) for second in range(0, 3000, 20)])
    write(folder / "b.log", [failure(second) for second in range(10, 3000, 20)])
    for files in (["a.log", "b.log"], ["b.log", "a.log"]):
        done = call("replay", *files, "--json")
        (one,) = found(done)
        assert one["events"] == 300
        assert one["first_seen"] == "2026-03-01T03:00:00Z"
    assert call("replay", "a.log").exit_code == NOTHING  # three a minute


def test_merging_loses_no_line(folder: Path, chance: random.Random) -> None:
    """However unlike the files are (quiet, busy, a line without a stamp), each line is read once."""
    names = ["a.log", "b.log", "c.log"]
    for name, step in zip(names, (1, 60, 600), strict=True):
        lines = [failure(second + chance.random()) for second in range(0, 6000, step)]
        write(folder / name, [*lines[:3], "no stamp at all\n", *lines[3:]])
    tables = call("replay", *names).output.split("file ")[1].splitlines()[1:4]
    assert [line.split()[:4] for line in tables] == [
        ["a.log", "6001", "6000", "1"],
        ["b.log", "101", "100", "1"],
        ["c.log", "11", "10", "1"],
    ]


def test_gzip_utf_16_and_standard_input_are_the_same(folder: Path) -> None:
    """How the bytes come makes no difference to what is found."""
    text = "".join(failure(second) for second in range(10))
    at = (START.timestamp() + 3600,) * 2
    (folder / "a.log").write_text(text)
    (folder / "b.log").write_bytes(gzip.compress(text.encode()))
    (folder / "c.log").write_bytes(text.encode("utf-16"))
    (folder / "d.log").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").rstrip().encode())
    outcomes = []
    for name in ("a.log", "b.log", "c.log", "d.log"):
        os.utime(folder / name, at)
        outcomes.append(found(call("replay", name, "--json")))
    outcomes.append(found(call("replay", "-", "--json", stdin=text.encode())))
    summaries = [[(one["title"], one["events"], one["first_seen"]) for one in outcome] for outcome in outcomes]
    assert summaries == [[("Brute force", 10, "2026-03-01T03:00:00Z")]] * 5


def test_a_file_that_is_not_understood_is_never_a_clean_0(folder: Path) -> None:
    """Less than half parsed: exit code 2, the first line that was not, and the nearest format."""
    log = [failure(0), failure(1), *[f"what is this {number}\n" for number in range(5)]]
    write(folder / "auth.log", log)
    done = call("replay", "auth.log")
    assert done.exit_code == MISUSE
    assert "auth.log: only 2 of 7 lines were understood" in done.stderr
    assert "what is this 0" in done.stderr
    assert "nearest format: syslog (29 % of the first lines)".replace(" %", "%") in done.stderr


def test_a_named_format_is_used(folder: Path) -> None:
    """--format forces it; an unknown name is told with the nearest."""
    write(folder / "auth.log", [failure(second) for second in range(10)])
    assert call("replay", "auth.log", "--format", "json").exit_code == MISUSE
    done = call("replay", "auth.log", "--format", "sylog")
    assert done.exit_code == MISUSE
    assert 'did you mean "syslog"?' in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.log"], "nowhere.log"),
        (["/var/log/tocsin-nowhere.log"], "journalctl -o short-iso | tocsin replay -"),
        (["auth.log", "auth.log"], "twice"),
        (["auth.log", "--timezone", "Mars/Base"], "Mars/Base"),
        (["auth.log", "--rules", "nowhere.yml"], "nowhere.yml"),
        (["broken.gz"], "broken.gz"),
        ([], "FILE"),
    ],
)
def test_misuse_is_exit_code_2(folder: Path, arguments: list[str], words: str) -> None:
    """What cannot be done is named."""
    write(folder / "auth.log", [failure(0)])
    (folder / "broken.gz").write_bytes(gzip.compress(b"x" * 1000)[:-10])
    done = call("replay", *arguments)
    assert done.exit_code == MISUSE
    assert words in done.stderr


def test_rules_that_do_not_load_are_named(folder: Path) -> None:
    """The others run; but nothing found is then no clean 0."""
    write(folder / "auth.log", [failure(0)])
    (folder / "broken.yml").write_text(RULES.split("---")[0].replace("condition: selection", "condition: selektion"))
    done = call("replay", "auth.log", "--rules", "broken.yml")
    assert done.exit_code == MISUSE
    assert "broken.yml:11:" in done.stderr
    assert "selektion" in done.stderr


class TestYears:
    """Stamps without a year."""

    def lines(self) -> list[str]:
        return [
            f"Dec 10 06:55:{second:02} web1 sshd[1]: Failed password for root from 203.0.113.7 port 2 ssh2\n"
            for second in range(10)
        ]

    def test_belong_to_the_files_own_time(self, folder: Path) -> None:
        """A December line in a file of January is of the year before."""
        write(folder / "auth.log", self.lines(), at=datetime(2026, 1, 3, tzinfo=UTC))
        (one,) = found(call("replay", "auth.log", "--json"))
        assert one["first_seen"] == "2025-12-10T06:55:00Z"

    def test_are_never_later_than_the_file(self, folder: Path) -> None:
        """A December line in a file of November is of the year before, and its seconds are believed."""
        write(folder / "auth.log", self.lines(), at=datetime(2026, 11, 23, tzinfo=UTC))
        done = call("replay", "auth.log", "--json")
        (one,) = found(done)
        assert (one["first_seen"], one["last_seen"]) == ("2025-12-10T06:55:00Z", "2025-12-10T06:55:09Z")

    def test_the_moment_can_be_said(self, folder: Path) -> None:
        """--as-of decides."""
        write(folder / "auth.log", self.lines())
        (one,) = found(call("replay", "auth.log", "--json", "--as-of", "2020-01-01"))
        assert one["first_seen"] == "2019-12-10T06:55:00Z"

    def test_reach_back_almost_a_year(self, folder: Path) -> None:
        """A quiet machine's file begins in January and ends in November: January is not of the year to come."""
        last = "Nov 23 06:00:00 web1 sshd[1]: Connection closed by 203.0.113.7 port 2\n"
        january = [line.replace("Dec", "Jan") for line in self.lines()]
        write(folder / "auth.log", [*january, *[last] * 40], at=datetime(2026, 11, 23, 6, tzinfo=UTC))
        (one,) = found(call("replay", "auth.log", "--json"))
        assert (one["first_seen"], one["last_seen"]) == ("2026-01-10T06:55:00Z", "2026-01-10T06:55:09Z")

    def test_each_file_has_a_time_of_its_own(self, folder: Path) -> None:
        """A file beside it, of another year, changes nothing: neither the year nor that seconds are believed."""
        write(folder / "auth.log", self.lines(), at=datetime(2026, 11, 23, tzinfo=UTC))
        write(folder / "other.log", [failure(second, "198.51.100.1") for second in range(10)])
        done = call("replay", "auth.log", "other.log", "--json")
        assert [(one["first_seen"], one["last_seen"]) for one in found(done)] == [
            ("2025-12-10T06:55:00Z", "2025-12-10T06:55:09Z"),
            ("2026-03-01T03:00:00Z", "2026-03-01T03:00:09Z"),
        ]

    def test_the_guess_is_said_aloud(self, folder: Path) -> None:
        """A person is told which moment was taken, and how to change it."""
        write(folder / "auth.log", self.lines(), at=datetime(2026, 1, 3, tzinfo=UTC))
        for options in ([], ["--json"]):
            done = call("replay", "auth.log", *options)
            assert "as of 2026-01-03 00:00 UTC (the file's time; --as-of changes it)" in done.stderr


def test_a_format_that_does_not_fit_shows_a_line_of_the_file(folder: Path) -> None:
    """Also where another format would read every line."""
    write(folder / "auth.log", [failure(second) for second in range(5)])
    done = call("replay", "auth.log", "--format", "combined")
    assert done.exit_code == MISUSE
    assert f"first line that was not: {failure(0)}" in done.stderr
    assert "nearest format: syslog" in done.stderr


def test_a_forged_stamp_blinds_nothing(folder: Path) -> None:
    """One line years ahead neither hides the attack nor moves the moment as of which the file is read."""
    lines = [failure(second) for second in range(20)]
    lines[10] = failure(3600 * 24 * 1000)
    write(folder / "auth.log", lines, at=START + timedelta(minutes=1))
    (one,) = found(call("replay", "auth.log", "--json"))
    assert one["first_seen"] == "2026-03-01T03:00:00Z"
    assert one["last_seen"] == "2026-03-01T03:00:19Z"


def test_stamps_later_than_the_file_are_believed_if_all_are(folder: Path) -> None:
    """A file that was copied with another clock is read as of its last lines."""
    write(folder / "auth.log", [failure(second) for second in range(10)], at=START - timedelta(days=400))
    (one,) = found(call("replay", "auth.log", "--json"))
    assert (one["first_seen"], one["last_seen"]) == ("2026-03-01T03:00:00Z", "2026-03-01T03:00:09Z")


class TestExplain:
    """``tocsin explain --file``"""

    def test_one_object_for_each_line(self, folder: Path) -> None:
        """Format, fields and matching rules of every line; blank and strange ones too."""
        write(folder / "auth.log", [failure(0), "\n", "what is this\n", failure(1).rstrip("\n")])
        done = call("explain", "--file", "auth.log", "--json")
        assert done.exit_code == 0, done.output
        lines = found(done)
        assert [line["line"] for line in lines] == [1, 2, 3, 4]
        assert [line["format"] for line in lines] == ["syslog", None, None, "syslog"]
        assert lines[0]["matches"] == [
            {"id": "6f3c2f0e-7a53-4c53-9d2e-0a8f0b5c1a11", "title": "Failed login", "level": "low"}
        ]
        assert lines[0]["fields"]["source.ip"] == "203.0.113.7"
        assert lines[0]["log_source"] == {"category": None, "product": "linux", "service": "sshd"}
        assert [line["rules_asked"] for line in lines] == [1, 0, 0, 1]
        assert lines[0]["text"] == failure(0).rstrip("\n")
        assert lines[2]["matches"] == []

    def test_what_matched_is_marked(self, folder: Path) -> None:
        """Each term with the characters of its value and the bytes of the line; not every value stands in the line."""
        write(folder / "auth.log", ["Ä\n", failure(0)])
        line = found(call("explain", "--file", "auth.log", "--json"))[1]
        assert line["offset"] == 3
        (mark,) = line["marks"]
        assert mark["id"] == "6f3c2f0e-7a53-4c53-9d2e-0a8f0b5c1a11"
        assert [(term["term"], term["value"], term["bytes"]) for term in mark["terms"]] == [
            ("event.action = ssh_login", "ssh_login", None),
            ("event.outcome = failure", "failure", None),
        ]

    def test_what_matched_is_marked_for_people(self, folder: Path) -> None:
        """A caret below each character, with its bytes, which are not characters."""
        (folder / "rules.yml").write_text(
            "title: Root\nlogsource: {product: linux}\ndetection: {s: {message|contains: password}, condition: s}\n"
        )
        write(folder / "auth.log", [failure(0).replace("web1", "wéb1")])
        shown = call("explain", "--file", "auth.log").output.splitlines()
        at = next(index for index, text in enumerate(shown) if "message contains password" in text)
        line, carets = shown[at + 1], shown[at + 2]
        start = carets.index("^")
        assert line[start : start + carets.count("^")] == "password"
        start = failure(0).index("password") + 1  # é is two bytes
        assert shown[at].endswith(f"bytes {start}-{start + 8}")

    def test_a_long_line_fills_no_screen(self, folder: Path) -> None:
        """Its beginning is shown, for people; programs get all of it."""
        write(folder / "auth.log", [failure(0).rstrip() + "x" * 100_000 + "\n"])
        assert len(call("explain", "--file", "auth.log").output) < 10_000
        assert "more characters)" in call("explain", "--file", "auth.log").output
        assert len(found(call("explain", "--file", "auth.log", "--json"))[0]["text"]) > 100_000

    def test_a_line_that_no_rule_is_about_says_so(self, folder: Path) -> None:
        """Its log source is told, so that an author sees what his rule would have to be about."""
        write(folder / "auth.log", [failure(0), failure(0).replace("sshd[812]", "cron[9]")])
        shown = call("explain", "--file", "auth.log").output
        assert "log source product: linux, service: sshd; 1 rule is about it" in shown
        assert "log source product: linux, service: cron; no rules are about it" in shown
        assert "no rule matches" not in shown

    def test_what_is_missing_until_another_day_says_which(self, folder: Path) -> None:
        """A time of day alone would be taken for today's."""
        (folder / "rules.yml").write_text(RULES.replace("timespan: 1m", "timespan: 2d"))
        write(folder / "auth.log", [failure(0)])
        assert "in 2d for source.ip=203.0.113.7, since 2026-03-01 03:00:00; missing until 2026-03-03 03:00:00: 4" in (
            call("explain", "--file", "auth.log").output
        )

    def test_what_correlations_count_is_told(self, folder: Path) -> None:
        """After each line: how many of how many, in which group, since when, what is missing until when."""
        write(folder / "auth.log", [failure(second) for second in (0, 10, 20, 30, 40)])
        lines = found(call("explain", "--file", "auth.log", "--json"))
        assert [line["counts"][0]["have"] for line in lines] == [1, 2, 3, 4, 5]
        assert lines[2]["counts"] == [
            {
                "id": "6f3c2f0e-7a53-4c53-9d2e-0a8f0b5c1a12",
                "title": "Brute force",
                "type": "event_count",
                "group": {"source.ip": "203.0.113.7"},
                "have": 3,
                "op": "gte",
                "count": 5,
                "holds": False,
                "may_be_more": False,
                "missing": ["2 more events"],
                "since": "2026-03-01T03:00:00+00:00",
                "latest": "2026-03-01T03:00:20+00:00",
                "until": "2026-03-01T03:01:00+00:00",
            }
        ]
        shown = call("explain", "--file", "auth.log").output
        head = 'counts for "Brute force": {}, needs at least 5 events in 1m for source.ip=203.0.113.7, '
        since = "since 2026-03-01 03:00:00"
        assert f"{head.format(3)}{since}; missing until 03:01:00: 2 more events" in shown
        assert f"{head.format('5 or more')}{since}: it holds" in shown

    def test_near_misses_are_told(self, folder: Path) -> None:
        """A rule that lacks one term is named with it, and what is there instead."""
        (folder / "rules.yml").write_text(
            "title: Root\nlogsource: {product: linux}\n"
            "detection: {s: {event.outcome: failure, user.name: bob}, condition: s}\n"
        )
        write(folder / "auth.log", [failure(0)])
        (line,) = found(call("explain", "--file", "auth.log", "--json"))
        ((near,),) = [line["near_misses"]]
        assert (near["title"], near["held"]) == ("Root", 1)
        assert [(one["term"], one["value"]) for one in near["missing"]] == [("user.name = bob", "root")]
        shown = call("explain", "--file", "auth.log").output
        assert "almost medium Root (rules.yml)" in shown
        assert 's: user.name = bob ✘   (has "root")' in shown

    def test_bytes_that_are_no_text_are_spelled_out(self, folder: Path) -> None:
        """Strict readers of JSON refuse lone surrogates; what is outside of the basic plane stays."""
        (folder / "auth.log").write_bytes(b"caf\xe9 " + "😀".encode() + b"\n")
        done = call("explain", "--file", "auth.log", "--json")
        assert json.loads(done.stdout)["text"] == "caf\\udce9 😀"
        json.loads(done.stdout)["text"].encode()

    def test_for_people_nothing_moves_the_cursor(self, folder: Path) -> None:
        """What an attacker wrote is printed without its escapes."""
        write(folder / "auth.log", [failure(0).replace("root", "r\x1b[2Joot")])
        done = call("explain", "--file", "auth.log")
        assert "\x1b" not in done.output
        assert "matches low Failed login (rules.yml)" in done.output

    def test_one_of_incident_and_file_is_needed(self) -> None:
        """Neither, or both, is misuse."""
        for arguments in ([], ["INC-1", "--file", "x"]):
            done = CliRunner().invoke(tocsin, ["explain", *arguments])
            assert done.exit_code == MISUSE
            assert "tocsin explain INC-1" in done.stderr


class TestStrangeFiles:
    """What may be named instead of a log."""

    def test_a_pipe_is_read_once_and_kept(self, folder: Path) -> None:
        """As a shell makes it of ``<(zcat auth.log.*.gz)``."""
        os.mkfifo(folder / "pipe")
        writer = threading.Thread(
            target=lambda: (folder / "pipe").write_text("".join(failure(second) for second in range(10)))
        )
        writer.start()
        done = call("replay", "pipe", "--json", "--as-of", "2026-03-02")
        writer.join()
        assert [one["events"] for one in found(done)] == [10], done.output

    def test_what_has_no_lines_at_all_is_no_log(self, folder: Path) -> None:
        """Memory has an end: a disk image, or NULs without end, is refused with the place."""
        (folder / "image").write_bytes(b"x\n" + b"\0" * 3 * 1024 * 1024)
        with LogFile("image", longest_line_bytes=1024 * 1024) as file, pytest.raises(LogUnreadable) as refused:
            list(file.lines())
        assert str(refused.value) == "line 2 of image has no end within 1 MiB: is this a log?"

    def test_a_folder(self, folder: Path) -> None:
        """It is said which."""
        (folder / "logs").mkdir()
        for arguments in (("replay", "logs"), ("explain", "--file", "logs")):
            done = call(*arguments)
            assert (done.exit_code, done.stderr) == (MISUSE, "cannot read logs: Is a directory\n")

    def test_an_empty_file(self, folder: Path) -> None:
        """Explaining it says so instead of nothing."""
        write(folder / "auth.log", [])
        assert call("explain", "--file", "auth.log").stderr == "auth.log holds no line\n"
        assert "rules were not asked" not in call("replay", "auth.log").output


class TestPage:
    """``--html`` where it cannot be written."""

    def test_the_log_is_never_overwritten(self, folder: Path) -> None:
        """Also not by another name of the same file."""
        write(folder / "auth.log", [failure(second) for second in range(10)])
        (folder / "link").symlink_to("auth.log")
        for name in ("auth.log", "link"):
            done = call("replay", "auth.log", "--html", name)
            assert done.exit_code == MISUSE
            assert "is the log itself: it would be lost" in done.stderr
        assert (folder / "auth.log").read_text().startswith(failure(0))

    def test_a_folder_in_its_place_leaves_nothing_behind(self, folder: Path) -> None:
        """The half of it goes away again."""
        write(folder / "auth.log", [failure(0)])
        (folder / "page.html").mkdir()
        done = call("replay", "auth.log", "--html", "page.html")
        assert done.exit_code == MISUSE
        assert "cannot write page.html: Is a directory" in done.stderr
        assert sorted(one.name for one in folder.iterdir()) == ["auth.log", "page.html", "rules.yml"]
