"""The tutorial as a newcomer types it: each command as it stands there, each answer as the page says.

The link in the message is followed, and its button pressed; what is pressed on the pages after that is held elsewhere.
"""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from support.daemon import TOCSIN, Daemon, eventually
from support.walk import FENCE, Shell, matches

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/tutorial/first-incident.md").read_text("utf-8")
#: The incident that the page is about.
WRITTEN: Final = PAGE.partition("CRITICAL ")[2].partition(":")[0]
EXAMPLE: Final = "config.example.toml"
CASES: Final = "my-rules/deploy_password.test.yml"
COMMENTED: Final = '#paths = ["bundled"]\n'
SECONDS: Final = 150
STAMP: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?|\b[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d")
ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d+(/a/)?\S*")
TYPED: Final = ("$ ", ".venv/bin/", "cp ", "echo ", "python3 ")
#: The samples begin so long before now; what is observed has one record a day, so until then there are more of them.
SAMPLE_HOURS: Final = 6


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[tuple[Daemon, Shell]]:
    """A checkout's folder: the example, and the installed command where `make run` puts it."""
    daemon = Daemon(tmp_path, config="")
    (tmp_path / "config.toml").unlink()
    daemon.write(EXAMPLE, (ROOT / EXAMPLE).read_text("utf-8").replace("127.0.0.1:8787", "127.0.0.1:0"))
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/bin").symlink_to(Path(TOCSIN).parent)
    shell = Shell(tmp_path, os.environ, SECONDS)
    yield daemon, shell
    shell.close()
    daemon.kill()


@pytest.mark.timeout(SECONDS + 20)
def test_the_tutorial_holds(newcomer: tuple[Daemon, Shell]) -> None:
    """From `make run` to the rule of one's own, which finds its line."""
    daemon, shell = newcomer
    is_early = datetime.now(UTC).hour < SAMPLE_HOURS
    number = WRITTEN
    for block in FENCE.finditer(PAGE):
        text = block[2].replace(WRITTEN, number)
        if block[1] == "yaml":
            daemon.write(re.findall(r"`(my-rules/\S+)`", PAGE[: block.start()])[-1], text)
        elif block[1] == "toml":
            _uncomment(daemon, text)
        elif text == "make run\n":
            number = _begin(daemon)
            assert is_early or number == WRITTEN, "the samples or the rules changed: the page names another incident"
        elif text.startswith("$ "):
            command, output = _split(text)
            printed = shell.run(command)
            is_same = matches(_masked(output), _masked(printed))
            assert is_same or (is_early and " replay " in command), f"{command}\n{printed}"
            if "FAILED" in output:
                cases = (daemon.folder / CASES).read_text("utf-8")
                daemon.write(CASES, cases.replace("severity: medium", "severity: high"))
                assert ", 0 failed" in shell.run(command)
        elif text.startswith(TYPED):
            for command in text.splitlines():
                _type(daemon, shell, command)
        else:
            _see(daemon, text)
            if "Asked of you: acknowledge" in text:
                _acknowledge(daemon)
    for title in ("Root by another name", "Deploy account logs in with a password"):
        eventually(partial(_is_known, daemon, number, title), title, 20, lambda: daemon.said)


def test_the_readme_names_the_same_incident() -> None:
    """Who types the short form meets what the tutorial explains."""
    assert set(re.findall(r"INC-\d+", (ROOT / "README.md").read_text("utf-8"))) == {WRITTEN}


def _begin(daemon: Daemon) -> str:
    """`make run`, until the message is there. Which incident it is about."""
    daemon.start("--config", EXAMPLE, "--sample")
    title = PAGE.partition(f"{WRITTEN}: ")[2].partition(",")[0]
    eventually(lambda: _told(daemon, title), "it is told", 60, lambda: daemon.said)
    found = re.search(rf"(INC-\d+): {title}", daemon.console)
    assert found
    return found[1]


def _told(daemon: Daemon, title: str) -> bool:
    """Whether a message about it has been printed to its end."""
    return re.search(rf"INC-\d+: {title}(?s:.*?)· id D-", daemon.console) is not None


def _is_known(daemon: Daemon, number: str, title: str) -> bool:
    """Whether it was told, or became part of that incident, as it does within half an hour of the sample."""
    if _told(daemon, title):
        return True
    timeline = daemon.command("incidents", "show", number).stdout.partition("timeline:")[2]
    return any(" joined " in line and title in line for line in timeline.splitlines())


def _see(daemon: Daemon, text: str) -> None:
    """Each line of what the page shows is what the daemon has printed; a file never gets a link to sign in."""
    said = [_masked(line) for line in f"{daemon.console}\n{daemon.log}".splitlines()]
    for line in text.splitlines():
        shown = _masked(line.partition("    sign in once")[0])
        assert any(matches(shown, one) for one in said), f"{line}\n{daemon.said}"


def _type(daemon: Daemon, shell: Shell, command: str) -> None:
    """Type it. Who copies the configuration has stopped the daemon, and `replay` tells by its code that it found."""
    if command.startswith("cp "):
        assert daemon.stop() == 0, daemon.said
    if command == ".venv/bin/tocsin run":
        daemon.start()
        return
    printed = shell.run(f"{command}\nended=$?")
    assert int(shell.run("echo $ended")) == (" replay " in command), f"{command}\n{printed}"


def _uncomment(daemon: Daemon, text: str) -> None:
    """Make of the line that the page names what it shows."""
    config = (daemon.folder / "config.toml").read_text("utf-8")
    assert config.count(COMMENTED) == 1
    assert f"`{COMMENTED.strip()}`" in PAGE
    daemon.write("config.toml", config.replace(COMMENTED, text))


def _acknowledge(daemon: Daemon) -> None:
    """Open the link of the first message, press its button, and open it again."""
    link = re.search(r"http://\S+/a/\S+", daemon.console)
    assert link
    assert "Acknowledge</button>" in daemon.visit(link[0]).text
    assert "You acknowledged at" in daemon.visit(link[0], "POST", b"").text
    assert "You took this" in daemon.visit(link[0]).text
    eventually(lambda: "Acknowledged: nothing is asked of you" in daemon.console, "a second message tells so")


def _split(text: str) -> tuple[str, str]:
    """A command, which goes on after a line that ends with ``|``, and what it prints."""
    lines = text.removeprefix("$ ").splitlines()
    count = 1
    while lines[count - 1].endswith("|"):
        count += 1
    return "\n".join(lines[:count]), "\n".join(lines[count:])


def _masked(text: str) -> str:
    """Without what differs each time: moments, and the addresses of links."""
    return ADDRESS.sub(r"<address>\1", STAMP.sub("<moment>", text))
