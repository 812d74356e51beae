"""The whole ways of incidents that the documents show: each command as it stands there, each answer as they say.

A day that passes in a document passes in the test, too: the daemon gets its time from libfaketime, and the commands
find a ``date`` that is as far ahead.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.daemon import TOCSIN, Daemon
from support.walk import Shell, Walk, matches, section

DOCUMENTS = Path(__file__).parents[2] / "docs"
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
WANTED = [name for name in ("bash", "curl", "jq") if shutil.which(name) is None] + ([] if FAKETIME else ["libfaketime"])
pytestmark = pytest.mark.skipif(bool(WANTED), reason=f"this machine has no {', '.join(WANTED)}")

ANY_PORT = '\n[http]\nlisten = "127.0.0.1:0"\n'
SECONDS = 280
#: What a command ends with that waits for tomorrow.
TOMORROW = "# the day is over"
#: What the commands find in place of ``date``; the library would trip over the many short children of a shell.
DATE = """\
#!/bin/sh
ahead="$(cat '{ahead}') seconds"
for word; do
    shift
    [ "$before" = -d ] && word="$word $ahead" && told=yes
    before=$word
    set -- "$@" "$word"
done
[ "$told" ] || set -- "$@" -d "$ahead"
exec {date} "$@"
"""
#: So long before midnight, UTC, it begins; a walk is at the end of its day before.
BEFORE_MIDNIGHT = timedelta(minutes=6)

WALKS = (
    ("reference/api.md", "## The whole path"),
    ("reference/paths.md", "## A light incident"),
    ("reference/paths.md", "## A report by a user"),
    ("reference/paths.md", "## A false positive"),
    ("reference/paths.md", "## Two persons"),
    ("reference/paths.md", "## All signatures apart"),
    ("reference/paths.md", "## What is refused, and what is lost by it"),
)


class Days:
    """The time that the daemon and the commands see: ours, moved."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "faketimerc"
        self.commands = folder / "commands"  #: to be looked into before any other folder
        self.commands.mkdir()
        (self.commands / "date").write_text(DATE.format(ahead=self._file, date=shutil.which("date")))
        (self.commands / "date").chmod(0o755)
        now = datetime.now(UTC)
        self._midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        self._move(self._midnight - BEFORE_MIDNIGHT - now)

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes the daemon see that time. Waiting goes on as ever."""
        return {
            "LD_PRELOAD": str(FAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Else waiting for a lock with a bound ends at once: Python's own lock would be asked for without a pause.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }

    def end(self) -> None:
        """The day is over."""
        self._move(self._midnight + timedelta(seconds=2) - datetime.now(UTC))

    def _move(self, by: timedelta) -> None:
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{by.total_seconds():+.0f}\n")
        draft.replace(self._file)  # who reads it never finds half of it


@pytest.fixture
def walking(tmp_path: Path) -> Iterator[Callable[[Walk], tuple[Shell, Days]]]:
    """Start a daemon on the walk's configuration, and a shell that knows where it is."""
    started: list[Daemon | Shell] = []

    def begin(walk: Walk) -> tuple[Shell, Days]:
        days = Days(tmp_path)
        time = days.environment if any(TOMORROW in command.text for command in walk.commands) else {}
        config = walk.files["config.toml"] + ANY_PORT
        daemon = Daemon(tmp_path, config=config, files={"auth.log": ""}, environment=time)
        started.append(daemon.start())
        first = [str(days.commands)] if time else []
        path = os.pathsep.join([*first, str(Path(TOCSIN).parent), os.environ["PATH"]])
        shell = Shell(tmp_path, {**os.environ, "TOCSIN": daemon.url, "PATH": path}, SECONDS)
        started.append(shell)
        return shell, days

    yield begin
    for one in reversed(started):
        one.close() if isinstance(one, Shell) else one.kill()


@pytest.mark.timeout(SECONDS + 20)
@pytest.mark.parametrize(("document", "heading"), WALKS, ids=[heading for _, heading in WALKS])
def test_the_commands_print_what_the_document_says(
    walking: Callable[[Walk], tuple[Shell, Days]], document: str, heading: str
) -> None:
    """From the first command to the last; the first answer that differs ends it."""
    walk = section(DOCUMENTS / document, heading)
    assert len(walk.commands) > 10
    shell, days = walking(walk)
    for command in walk.commands:
        if TOMORROW in command.text:
            days.end()
        printed = shell.run(command.text)
        assert matches(command.output, printed), (
            f"{command.place}: $ {command.text}\nshould print:\n{command.output}\nand prints:\n{printed}"
        )
