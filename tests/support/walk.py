"""Commands in a document, run as they stand there: what they print must be what the document says.

In blocks marked ``console`` a line that begins with ``$ `` is a command, ``> `` goes on with it, and what follows is
its output. An ellipsis (…) in the output stands for anything within a line; a line that is nothing but one, for any
lines. Where a section says "First [these words](document.md#heading)", the commands of that one come first.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

MARK = "--- that was all ---"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST = re.compile(r"^First \[these words\]\((\S+)#(\S+)\)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of a document."""

    text: str
    output: str  #: what the document says that it prints
    place: str  #: document and line, from 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A section of a document."""

    files: Mapping[str, str]  #: by name: blocks of TOML, YAML and so on, whose first line is a comment with the name
    commands: tuple[Command, ...]


def section(document: Path, heading: str) -> Walk:
    """The blocks under *heading*, up to the next one of its level or above; before them, the words that it begins with.

    Args:
        heading: As it stands there, e.g. "## Words"; or as links name it, "words".
    """
    text = document.read_text("utf-8")
    start, end = _bounds(text, heading)
    files: dict[str, str] = {}
    commands: list[Command] = []
    for link in FIRST.finditer(text, start, end):
        commands.extend(section(document.parent / link[1], link[2]).commands)
    for block in FENCE.finditer(text, start, end):
        if block[1] == "console":
            commands.extend(_commands(block[2], document.name, text.count("\n", 0, block.start()) + 2))
        elif name := re.match(r"# (\S+\.\w+)\n", block[2]):
            files[name[1]] = block[2]
    return Walk(files=files, commands=tuple(commands))


def matches(said: str, printed: str) -> bool:
    """Whether *printed* is what the document says."""
    return re.fullmatch(_expression(said), printed.rstrip("\n")) is not None


class Shell:
    """One bash for all commands, so that what one defines the next can use."""

    def __init__(self, folder: Path, environment: Mapping[str, str], seconds: float) -> None:
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._end = Timer(seconds, self._process.kill)
        self._end.start()

    def run(self, command: str) -> str:
        """What *command* prints, errors too."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\nprintf '\\n%s\\n' '{MARK}'\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line == f"{MARK}\n":
                return "".join(lines).removesuffix("\n")
            lines.append(line)
        raise AssertionError(f"the shell ended:\n{''.join(lines)}")

    def close(self) -> None:
        """End the shell."""
        self._end.cancel()
        self._process.kill()
        self._process.communicate()


def _bounds(text: str, heading: str) -> tuple[int, int]:
    headings = list(re.finditer(r"^(##+) (.*)$", text, re.MULTILINE))
    begun = next(one for one in headings if heading in {one[0], one[2].lower().replace(" ", "-")})
    after = (one for one in headings if one.start() > begun.start() and len(one[1]) <= len(begun[1]))
    return begun.end(), next((one.start() for one in after), len(text))


def _commands(block: str, document: str, line: int) -> Iterator[Command]:
    text: list[str] = []
    output: list[str] = []
    begun = line
    for number, one in enumerate(block.splitlines(), line):
        if one.startswith("$ "):
            if text:
                yield Command(text="\n".join(text), output="\n".join(output), place=f"{document}:{begun}")
            text, output, begun = [one[2:]], [], number
        elif one.startswith(">") and not output:
            text.append(one[2:])
        else:
            output.append(one)
    if text:
        yield Command(text="\n".join(text), output="\n".join(output), place=f"{document}:{begun}")


def _expression(said: str) -> str:
    parts = [r"(?:.*\n?)*" if line == "…" else re.escape(line).replace("…", ".*") for line in said.split("\n")]
    return "\n".join(parts).rstrip("\n")
