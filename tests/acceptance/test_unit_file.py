"""The systemd unit that the command prints."""

import shutil
import subprocess
from pathlib import Path

import pytest
from support.daemon import tocsin

MOST_EXPOSED = 1.5


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    """Not even a warning: an option that systemd does not know it passes over with exit status 0."""
    (tmp_path / "tocsin.service").write_text(tocsin("unit", folder=tmp_path).stdout)
    command = ["systemd-analyze", "verify", "./tocsin.service"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_service_is_closed_to_what_it_does_not_need(tmp_path: Path) -> None:
    """systemd rates its exposure at 1.5 or less, of 10."""
    (tmp_path / "tocsin.service").write_text(tocsin("unit", folder=tmp_path).stdout)
    command = ["systemd-analyze", "security", "--offline=true", "./tocsin.service"]
    rated = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    words = rated.strip().splitlines()[-1].split()
    assert float(words[words.index("tocsin.service:") + 1]) <= MOST_EXPOSED, rated
