"""``tocsin replay --html``: one page that needs nothing, runs nothing, and is the same for the same input."""

import base64
import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.cli.group import tocsin

RULES = """\
title: Failed <b>login</b>
id: 6f3c2f0e-7a53-4c53-9d2e-0a8f0b5c1a11
name: failed_login
logsource: {product: linux, service: sshd}
detection: {s: {event.action: ssh_login, event.outcome: failure}, condition: s}
level: low
---
title: Brute force
id: 6f3c2f0e-7a53-4c53-9d2e-0a8f0b5c1a12
correlation: {type: event_count, rules: [failed_login], group-by: [source.ip], timespan: 1m, condition: {gte: 5}}
level: high
author: Ann
license: MIT
---
title: Somebody came in
logsource: {product: linux, service: sshd}
detection: {s: {event.action: ssh_login, event.outcome: success}, condition: s}
tocsin: {group-by: [user.name]}
---
title: Never seen
logsource: {product: linux, service: sshd}
detection: {s: {user.name: nobody-at-all}, condition: s}
"""
CONFIG = """[rules]
paths = ["rules.yml"]

[[rules.mode]]
mode = "advise"
rule = ["Somebody came in"]
author = "Ana"
reason = "new <here>"
"""
START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
HOSTILE = '"><script>alert(1)</script>\x1b[2J\u202egnp<img/src=x/onerror=alert(1)>'
VOID = {"meta", "br", "img", "input", "link", "rect"}


class Reader(HTMLParser):
    """What a browser would make of a page: its elements, and the text in each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: dict[str, str] = {}
        self.open: list[str] = []
        self.rows: list[list[str]] = []  #: of all tables, the text of each cell
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open:
            self.rows[-1][-1] += data
        self.text[self.open[-1] if self.open else ""] = self.text.get(self.open[-1] if self.open else "", "") + data


def login(second: float, *, user: str = "root", ok: bool = False, address: str = "203.0.113.7") -> str:
    moment = START + timedelta(seconds=second)
    said = "Accepted" if ok else "Failed"
    return f"{moment.isoformat()} web1 sshd[812]: {said} password for {user} from {address} port 22 ssh2\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "config.toml").write_text(CONFIG)
    lines = [login(second) for second in range(6)] + [login(86_400, user="bob", ok=True)]
    write(tmp_path, lines)
    return tmp_path


def write(folder: Path, lines: list[str]) -> None:
    (folder / "auth.log").write_text("".join(lines))
    at = (START + timedelta(days=2)).timestamp()
    os.utime(folder / "auth.log", (at, at))


def call(*arguments: str) -> Result:
    return CliRunner().invoke(tocsin, ["replay", "auth.log", "--html", "page.html", *arguments])


def page(folder: Path) -> str:
    return (folder / "page.html").read_text("utf-8")


def assert_inert(text: str) -> Reader:
    """Nothing runs, nothing is fetched, every element is closed."""
    read = Reader(text)
    assert read.open == []
    tags = {tag for tag, _ in read.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "image", "use"}
    for _, attributes in read.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert attributes.get("href", "#").startswith("#")
        assert "src" not in attributes
    policy = next(one["content"] for tag, one in read.elements if one.get("http-equiv"))
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in style
    return read


def test_all_is_on_one_page(folder: Path) -> None:
    """Findings, what would have paged, the timeline, rules with counts, files and options."""
    done = call("--rules", "rules.yml", "--timezone", "Europe/Berlin")
    assert done.exit_code == 1
    read = assert_inert(page(folder))
    told = page(folder)
    for part in (
        "<b>2</b> incidents, <b>0</b> observations, <b>0</b> only recorded; from 2026-03-01 03:00:00 to 2026-03-02",
        '<a href="#R-1">Brute force</a> source.ip=203.0.113.7',
        "1 other rule matched nothing.",
        "<dt>timezone</dt><dd>Europe/Berlin</dd>",
        "<dt>rules</dt><dd>rules.yml</dd>",
        "<small>rules.yml, by Ann, MIT</small>",
        "<dt>as of</dt><dd>2026-03-03T03:00:00Z</dd>",
        "auth.log:1  2026-03-01T03:00:00+00:00 web1 sshd[812]: Failed password for root",
    ):
        assert part in told, part
    for row in (
        ["2026-03-01", "1", "0", "0"],
        ["Failed <b>login</b>", "low", "counted by others", "on", "6", "0", "2026-03-01 03:00:05"],
        ["Brute force", "high", "investigate", "on", "-", "1", "2026-03-01 03:00:05"],
        ["auth.log", "7", "7", "0", "syslog (not settled)"],
    ):
        assert row in read.rows, row
    bars = [attributes for tag, attributes in read.elements if tag == "rect"]
    assert [(bar["x"], bar["width"]) for bar in bars] == [("0.0", "6.0"), ("994.0", "6.0")]


def test_what_would_have_paged_in_mode_advise(folder: Path) -> None:
    """It is an observation, listed beside the incidents, with who wanted it so."""
    call("--config", "config.toml")
    told = page(folder)
    rows = Reader(told).rows
    assert ["2026-03-02", "0", "1", "0"] in rows
    assert ["mode advise", "Somebody came in "] in [row[2:] for row in rows]
    assert '<a href="#R-2">Somebody came in</a>' in told
    assert "<dt>modes</dt><dd>advise, by Ana: new &lt;here&gt;</dd>" in told
    assert "<td>observe</td><td>advise</td>" in told


def test_same_input_same_page(folder: Path) -> None:
    """Nothing tells when it was made."""
    call("--rules", "rules.yml")
    before = page(folder)
    call("--rules", "rules.yml")
    assert page(folder) == before
    assert [one.name for one in folder.iterdir() if "page" in one.name] == ["page.html"]


def test_hostile_text_is_text(folder: Path) -> None:
    """What an attacker wrote is shown as it is written, without what would act upon who looks."""
    write(folder, [login(0, user=HOSTILE, ok=True)])
    call("--rules", "rules.yml")
    read = assert_inert(page(folder))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page(folder)
    assert "<script>alert(1)</script>" in read.text["dd"]
    assert not {"\x1b", "\u202e"} & set(page(folder))


def test_nothing_found(folder: Path) -> None:
    """The page says so."""
    write(folder, [login(0)])
    assert call("--rules", "rules.yml").exit_code == 0
    assert_inert(page(folder))
    assert "<p>Nothing.</p>" in page(folder)
    assert "Nothing was found." in page(folder)


def test_rules_that_do_not_load_are_named(folder: Path) -> None:
    """Who reads the page knows what was not looked for."""
    (folder / "rules.yml").write_text(RULES + "---\ntitle: Broken <i>\n")
    call("--rules", "rules.yml")
    assert "1 did not load:" in page(folder)
    assert_inert(page(folder))


def test_a_page_that_cannot_be_written(folder: Path) -> None:
    """It is said where it cannot go."""
    done = CliRunner().invoke(tocsin, ["replay", "auth.log", "--rules", "rules.yml", "--html", "nowhere/page.html"])
    assert done.exit_code == 2
    assert "cannot write nowhere/page.html: No such file or directory" in done.stderr


def test_many_findings_are_bounded(folder: Path) -> None:
    """The page stays readable; what is left out is said."""
    users = 1003
    write(folder, [login(2 * one, user=f"u{one}", ok=True, address=f"198.51.100.{one % 250}") for one in range(users)])
    (folder / "rules.yml").write_text(RULES.replace("group-by: [user.name]", "group-by: [user.name], decision: record"))
    call("--rules", "rules.yml", "--exit-zero")
    read = assert_inert(page(folder))
    assert sum(tag == "details" for tag, _ in read.elements) == 1000
    (timeline,) = [attributes for tag, attributes in read.elements if tag == "svg"]
    assert int(timeline["height"]) <= 1200  # a phone shows no page of bars alone
    assert sum(tag == "rect" for tag, _ in read.elements) == 200
    assert "3 more are left out here" in page(folder)


def test_modes_stand_behind_decisions(folder: Path) -> None:
    """Who reads the table sees why somebody who came in is only observed."""
    done = call("--config", "config.toml")
    assert "observe, advise" in done.stdout
    modes = [json.loads(line)["mode"] for line in call("--config", "config.toml", "--json").stdout.splitlines()]
    assert sorted(modes) == ["advise", "on"]


def test_all_rules_of_a_finding_are_named(folder: Path) -> None:
    """What another rule found about the same has joined it, and who reads sees that."""
    write(folder, [login(second) for second in range(5)] + [login(9, ok=True)])
    more = "group-by: [user.name]"
    (folder / "rules.yml").write_text(RULES.replace(more, "group-by: [source.ip]"))
    call("--rules", "rules.yml")
    assert "<dt>also</dt><dd>Somebody came in</dd>" in page(folder)
