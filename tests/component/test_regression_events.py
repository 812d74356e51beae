"""Every recorded event of SigmaHQ's regression data fires its rule, on the way that a line of a file goes."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.engine import batch_of

from rules.engine import Engine
from rules.settings import EngineSettings
from rules.sigma.load import load

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"


def texts(name: str) -> Iterator[tuple[str, str]]:
    """(path, text) of each file of a corpus."""
    archive_path = CORPORA / name
    if not archive_path.is_file():
        pytest.skip(f"needs the corpus of another project, {archive_path}, which is absent")
    with tarfile.open(archive_path) as archive:
        for member in archive:
            found = archive.extractfile(member) if member.isfile() else None
            if found is not None:
                yield member.name, found.read().decode("utf-8")


def events_in(text: str) -> Iterator[dict[str, Any]]:
    """JSON objects that stand one after the other."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        event, at = decoder.raw_decode(text, at)
        yield event
        while text[at : at + 1].isspace():
            at += 1


def test_each_event_fires_its_rule() -> None:
    """JSON line, detection of the format, log source, rule: nothing is set by hand."""
    recorded = {
        Path(path).stem: list(events_in(text))
        for path, text in texts("sigma-regression.tar.xz")
        if path.endswith(".json")
    }
    marks = {f"id: {rule_id}": rule_id for rule_id in recorded}
    rules = [
        (path, text)
        for path, text in texts("sigma-rules.tar.xz")
        if path.endswith(".yml") and any(line in marks for line in text.split("\n", 12))
    ]
    loaded = load(rules)
    assert (len(loaded.rules), loaded.errors) == (len(recorded), ())
    engine = Engine(EngineSettings(as_of=None), loaded)
    missed = []
    for number, (rule_id, events) in enumerate(sorted(recorded.items())):
        lines = [json.dumps(event) for event in events]
        outcome = engine.feed(batch_of(lines, stream=str(number)))
        assert outcome.counts[0].parsed == len(lines)
        if rule_id not in {finding.rule_id for finding in outcome.findings}:
            missed.append((rule_id, lines))
    assert len(recorded) == 98
    assert missed == []
