"""What mail scanners and chat previews do with the link in a message, and then what a person does with it."""

import re
import shutil
import sqlite3
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.daemon import Daemon, eventually
from support.logs import failed_password

from notifier.links import ACKNOWLEDGE, Links

#: What moves by itself, whether or not anybody asks.
MOVES_BY_ITSELF = {"owner", "seal", "seal_head", "coverage"}
CHROMIUM = shutil.which("chromium")


def records(daemon: Daemon) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    with sqlite3.connect(f"file:{daemon.state_dir / 'tocsin.db'}?mode=ro", uri=True) as database:
        names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        return {name: database.execute(f'select * from "{name}"').fetchall() for name in set(names) - MOVES_BY_ITSELF}


def is_settled(daemon: Daemon) -> bool:
    """Whether nothing more is noted by itself soon."""
    told = daemon.status()["summary"]["deliveries_pending"] == 0
    now = time.time_ns() // 1000
    return told and all(look_at > now for _, look_at, _ in records(daemon)["agenda"])


@pytest.fixture(scope="module")
def link(daemon: Daemon) -> str:
    """An incident, told: the link in its message."""
    daemon.append("auth.log", [failed_password("203.0.113.7")])
    eventually(lambda: daemon.outbox(), "the message arrives", context=lambda: daemon.said)
    eventually(lambda: is_settled(daemon), "it is settled")
    found = re.search(r"https?://\S+/a/\S+", daemon.outbox())
    assert found, daemon.outbox()
    return found.group()


def test_a_scanner_changes_nothing(daemon: Daemon, link: str) -> None:
    """HEAD, GET five times, and what its form leads to: not one row differs, and nothing is spent."""
    before = records(daemon)
    for method in ("HEAD", "GET", "GET", "GET", "GET", "GET"):
        answer = daemon.visit(link, method)
        assert answer.status == 200
    assert 'method="post"' in answer.text
    assert "action=" not in answer.text  # the form posts to the page itself: there is nothing else to fetch
    assert "<script" not in answer.text
    assert records(daemon) == before


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed: no browser to run the page in")
def test_a_browser_that_runs_the_page_changes_nothing(daemon: Daemon, link: str, tmp_path: Path) -> None:
    """A scanner that loads the page with all that belongs to it, and runs what runs."""
    before = records(daemon)
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--dump-dom"]
    seen = subprocess.run([CHROMIUM or "", *options, link], capture_output=True, text=True, timeout=60, check=False)
    assert "Acknowledge" in seen.stdout, seen.stderr
    assert records(daemon) == before


def test_expired_and_foreign_links_do_what_the_page_says(daemon: Daemon, link: str) -> None:
    """Expired: 410 and room to ask for a fresh one; signed by others: 404. Neither acts."""
    base, then = link.partition("/a/")[0], datetime.now(UTC)
    ours = [bytes.fromhex(line) for line in (daemon.state_dir / "link.key").read_text().split()]
    for keys, expires_at, status, says in (
        (ours, then - timedelta(hours=1), 410, "Send me a fresh link"),
        ([b"x" * 32], then + timedelta(hours=1), 404, "not ours"),
    ):
        given: dict[str, Any] = {"record": 1, "act": ACKNOWLEDGE, "person": "ana", "nonce": "n"}
        other = Links(keys, base).make(expires_at=expires_at, **given)
        before = records(daemon)
        for method in ("GET", "POST"):
            answer = daemon.visit(other, method)
            assert (answer.status, says in answer.text) == (status, True)
        assert records(daemon) == before


def test_then_a_person_presses(daemon: Daemon, link: str) -> None:
    """It works once as if nobody had looked before, says so, and the second press says who took it."""
    assert "You acknowledged at" in daemon.visit(link, "POST").text
    assert daemon.incident(1)["acknowledged_by"] == "ana"
    assert "You took this" in daemon.visit(link, "POST").text
