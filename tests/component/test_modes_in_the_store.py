"""Rules in the modes simulate and advise: nobody is told, and the digest and the lists say what would have paged."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from support.engine import BRUTE_FORCE, FAILURE, batch_of, settings_of, ssh
from support.fakes import START, FakeClock
from support.path import add_people
from support.site import Site
from support.store import finding, open_store

from detector.cli.group import tocsin
from detector.engine_process import EngineProcess
from notifier import digest
from rules.event import Decision, Mode, Severity
from rules.finding import Finding
from rules.modes import ModeEntry
from store.repository.grouping import findings
from store.repository.overview import day
from store.repository.telling import outbox
from store.site import Site as Rules
from store.tx import Tx


def advised(name: str, **values: object) -> Finding:
    return replace(_of(name, Decision.OBSERVE, **values), mode=Mode.ADVISE, would_ask=True)


def simulated(name: str, **values: object) -> Finding:
    return replace(_of(name, Decision.RECORD, **values), mode=Mode.SIMULATE, would_ask=True)


def _of(name: str, decision: Decision, **values: object) -> Finding:
    return finding(name, decision=decision, key=name, **values)  # type: ignore[arg-type]


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A day's findings: two of a rule in mode advise, three of one in mode simulate, one that is observed as ever."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            add_people(tx)
            findings.take(tx, advised("a1", rule="loud", severity=Severity.LOW, events=3))
            findings.take(tx, advised("a2", rule="loud", severity=Severity.LOW, host="web2"))
            for number in range(3):
                findings.take(tx, simulated(f"s{number}", rule="new", severity=Severity.HIGH))
            findings.take(tx, _of("o1", Decision.OBSERVE, rule="scan", severity=Severity.LOW))

        await store.write(fill)
        made = Site(store, clock, tmp_path)
        await made.start()
        yield made
        await made.stop()


async def test_digest_lists_what_would_have_paged(site: Site) -> None:
    """What is advised first, whatever its severity; what is simulated is counted."""
    since, until = START - timedelta(days=1), START + timedelta(hours=1)
    told = await site.store.read(lambda connection: day.of(connection, Rules(), since=since, until=until))
    _, body = digest.of_day(told, "day 2026-03-02", ZoneInfo("UTC"))
    lines = body.split("\n")
    at = lines.index("Would have paged: 1.")
    assert lines[at + 1 : at + 4] == [
        "- would have paged: Title of loud (mode advise): 2 records, 4 events, at worst low",
        "- observed: Title of scan: 1 records, 1 events, at worst low",
        "- simulated: Title of new: 3 findings, at worst high",
    ]


async def test_nobody_is_told(site: Site) -> None:
    """Neither mode asks anybody; simulated findings are in no record."""
    assert await site.store.read(outbox.pending) == 0
    code, told = await site.ask("GET", "/api/v1/incidents")
    assert code == 200
    assert sorted((one["rule"]["id"], one["decision"], one["advised"]) for one in told["items"]) == [
        ("loud", "observe", True),
        ("loud", "observe", True),
        ("scan", "observe", False),
    ]


async def test_the_engine_runs_rules_in_their_modes() -> None:
    """Its process is told the modes, says which rule is in which, and measures some batches."""
    modes = (ModeEntry(mode=Mode.SIMULATE, rules=("SSH brute force",), author="Ana", reason="new"),)

    async def nothing() -> tuple[bytes | None, list[bytes]]:
        return None, []

    engine = EngineProcess(settings_of(FAILURE, BRUTE_FORCE, modes=modes), nothing)
    try:
        ready = await engine.start()
        assert [(one.title, one.mode, one.decision) for one in ready.rules] == [
            ("SSH login failed", "on", "record"),
            ("SSH brute force", "simulate", "record"),
        ]
        outcome = await engine.feed(batch_of([ssh(at) for at in range(6)]))
        (found,) = outcome.findings
        assert (found.mode, found.decision, found.would_ask) == (Mode.SIMULATE, Decision.RECORD, False)
        (count,) = outcome.rules.values()
        assert (count.matches, count.asked, count.nanoseconds > 0) == (6, 6, True)
    finally:
        await engine.stop()


async def test_page_says_so(site: Site) -> None:
    """Each observation of a rule in mode advise, and no other."""
    await site.sign_in("ana")
    async with site.browser.get("/?tab=observed") as answer:
        page = await answer.text()
    assert page.count("Would have paged (mode advise)") == 2
    assert "Title of scan" in page


async def test_lists_say_so(site: Site, tmp_path: Path) -> None:
    """On a terminal and on the page."""
    (tmp_path / "tocsin.sock").symlink_to(site.door)
    arguments = ["incidents", "list", "--config", str(tmp_path / "config.toml")]
    (tmp_path / "config.toml").write_text(f'[daemon]\nstate_dir = "{tmp_path}"\n')
    done = await asyncio.to_thread(CliRunner().invoke, tocsin, arguments)
    assert done.exit_code == 0, done.output
    (line,) = [one for one in done.output.splitlines() if "INC-1 " in one]
    assert "would have paged" in line
    (line,) = [one for one in done.output.splitlines() if "scan" in one]
    assert "observed" in line
