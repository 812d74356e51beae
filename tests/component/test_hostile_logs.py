"""Logs by somebody who wants to stop the reading are read to their end, and what stands around them counts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from support.engine import engine_of
from support.hostile import BAITS, FRAMES, START, line
from support.tailing import Tail

from rules.engine import Engine
from rules.settings import EngineSettings
from rules.sigma.files import BUNDLED, read_rule_files
from rules.sigma.load import load
from rules.sigma.model import RuleSet

NEIGHBOURS: Final = """\
title: The lines around
id: 77777777-7777-4777-8777-777777777777
logsource: {product: linux, service: sshd}
detection:
    failed: {user.name: neighbour, event.outcome: failure}
    condition: failed
tocsin: {decision: record, group-by: [source.ip]}
"""
NEIGHBOUR: Final = line(FRAMES["sshd"], "neighbour", START)
MAX_LINE_BYTES: Final = 8_192
NOW: Final = datetime(2026, 3, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def bundled() -> RuleSet:
    return load(read_rule_files([BUNDLED]))


def hostile(frame: str) -> list[bytes]:
    """Each bait in this frame, in a line, and in one that is too long."""
    return [line(frame, bait * (length // len(bait) + 1), START) for bait in BAITS.values() for length in (60, 10_000)]


def written(folder: Path, data: bytes) -> Path:
    """A file with these bytes."""
    path = folder / "log"
    path.write_bytes(data)
    return path


async def counted(path: Path, rules: RuleSet) -> tuple[int, int]:
    """How many lines a source read of the file, and how many of them were the neighbour's failed logins."""
    engines = (Engine(EngineSettings(), rules), engine_of(NEIGHBOURS))
    found = lines = 0
    async with Tail(path, max_line_bytes=MAX_LINE_BYTES, start="beginning") as tail:
        await tail.look()
        for batch in tail.batches:
            outcomes = [engine.feed(batch) for engine in engines]
            lines += outcomes[0].counts[0].lines if outcomes[0].counts else 0
            found = max([found, *(finding.events for finding in outcomes[1].findings)])
    return lines, found


@pytest.mark.parametrize("name", FRAMES)
async def test_hostile_lines_hide_no_neighbour(name: str, tmp_path: Path, bundled: RuleSet) -> None:
    """All bundled rules are asked about each bait; the failed logins before, between and after them count."""
    bad = hostile(FRAMES[name])
    log = written(tmp_path, NEIGHBOUR * 200 + b"".join(one + NEIGHBOUR for one in bad))
    assert await counted(log, bundled) == (200 + 2 * len(bad), 200 + len(bad))


@pytest.mark.parametrize(("codec", "mark"), [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")])
async def test_halves_of_letters_in_utf_16_hide_no_neighbour(
    codec: str, mark: bytes, tmp_path: Path, bundled: RuleSet
) -> None:
    """Nor do surrogates without their other half, letters in the wrong order of bytes, and a byte order mark within."""
    neighbour = NEIGHBOUR.decode().encode(codec)
    bad = [(text * 50 + "\n").encode(codec, "surrogatepass") for text in ("\ud800", "\udc00\ud800", "\ufeff", "\u0130")]
    log = written(tmp_path, mark + neighbour + b"".join(one + neighbour for one in bad))
    assert await counted(log, bundled) == (1 + 2 * len(bad), 1 + len(bad))
