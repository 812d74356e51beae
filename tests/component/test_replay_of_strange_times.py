"""Lines whose stamps no clock can have shown, moments that nobody can have meant, and spans of years."""

import json
import os
from datetime import UTC, datetime
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
title: Two failures in years
correlation: {type: event_count, rules: [failed_login], group-by: [source.ip], timespan: 10y, condition: {eq: 2}}
"""
LINE = "{} web1 sshd[812]: Failed password for root from 203.0.113.7 port 22 ssh2\n"
WRITTEN = datetime(2026, 3, 2, tzinfo=UTC).timestamp()


def call(folder: Path, *arguments: str) -> Result:
    (folder / "rules.yml").write_text(RULES)
    os.utime(folder / "auth.log", (WRITTEN, WRITTEN))
    return CliRunner().invoke(tocsin, [*arguments, "--rules", "rules.yml"])


@pytest.mark.parametrize("stamp", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1601-01-01T00:00:00Z"])
@pytest.mark.parametrize("verb", [("replay", "auth.log"), ("explain", "--file", "auth.log")])
def test_lines_of_no_clock(verb: tuple[str, ...], stamp: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They happened when their neighbours did, or when the file was written; a file of nothing else is read, too."""
    monkeypatch.chdir(tmp_path)
    for stamps in ((stamp, stamp), ("2026-03-01T03:00:00Z", stamp)):
        (tmp_path / "auth.log").write_text("".join(map(LINE.format, stamps)))
        done = call(tmp_path, *verb, "--json")
        assert done.exit_code in (0, 1), done.output
        if verb[0] == "replay":
            (one,) = map(json.loads, done.stdout.splitlines())
            assert (one["events"], one["first_seen"][:7]) == (2, "2026-03")


def test_a_span_of_years_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is judged when its span is over is judged, however long that is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "auth.log").write_text(LINE.format("2026-03-01T03:00:00Z") * 2)
    done = call(tmp_path, "replay", "auth.log", "--as-of", "2026-03-01T03:00:00")
    assert "Two failures in years" in done.stdout


@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31"])
def test_a_moment_that_nobody_means(moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused by the name of its option."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "auth.log").write_text(LINE.format("2026-03-01T03:00:00Z"))
    for verb in (("replay", "auth.log"), ("explain", "--file", "auth.log")):
        done = call(tmp_path, *verb, "--as-of", moment)
        assert (done.exit_code, "--as-of must be from 1970 to 9000" in done.output) == (2, True)
