"""How far correlations have counted: asked of the engine, of its process, over HTTP and on the command line."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.engine import (
    BREAK_IN,
    BRUTE_FORCE,
    FAILURE,
    NOON,
    QUIET,
    SUCCESS,
    USERS,
    batch_of,
    engine_of,
    settings_of,
    ssh,
)
from support.fakes import START, FakeClock
from support.path import add_people
from support.site import Site
from support.store import open_store

from detector.cli.group import tocsin
from detector.engine_process import EngineProcess, Ready
from detector.engine_wire import LoadedRule
from rules.correlation.standing import LOOKED_AT, MOST, Standings
from rules.event import Decision, Severity

FAILURE_ID = "11111111-1111-4111-8111-111111111111"
BRUTE_FORCE_ID = "33333333-3333-4333-8333-333333333333"
USERS_ID = "44444444-4444-4444-8444-444444444444"
BREAK_IN_ID = "55555555-5555-4555-8555-555555555555"


def asked(rule_id: str, lines: list[str], *rules: str) -> Standings:
    engine = engine_of(*rules)
    engine.feed(batch_of(lines))
    found = engine.standings(rule_id)
    assert found is not None
    return found


class TestOfTheEngine:
    """``Engine.standings``"""

    def test_the_fullest_group_comes_first(self) -> None:
        """What it has and lacks, since when, and when the first falls out."""
        lines = [ssh(0, ip="192.0.2.1"), *(ssh(at, ip="192.0.2.2") for at in (1, 2, 3))]
        found = asked(BRUTE_FORCE_ID, lines, FAILURE, BRUTE_FORCE)
        assert (found.type, found.needs, found.timespan_seconds, found.groups) == (
            "event_count", "at least 5 events", 60, 2,
        )  # fmt: skip
        first, second = found.fullest
        assert (first.group, first.have, first.count, first.missing) == (
            {"source.ip": "192.0.2.2"}, 3, 5, ("2 more events",),
        )  # fmt: skip
        assert (first.since, first.latest) == (NOON + timedelta(seconds=1), NOON + timedelta(seconds=3))
        assert first.until == NOON + timedelta(seconds=61)
        assert second.have == 1

    def test_what_has_passed_is_not_told(self) -> None:
        """Nothing that comes can be added to a window that is over."""
        lines = [ssh(0, ip="192.0.2.1"), *(ssh(at, ip="192.0.2.2") for at in (200, 201))]
        assert [one.group["source.ip"] for one in asked(BRUTE_FORCE_ID, lines, FAILURE, BRUTE_FORCE).fullest] == [
            "192.0.2.2"
        ]

    def test_what_holds_may_be_more(self) -> None:
        """Of what decides at once no more is held than decides; what still lacks something is exact."""
        found = asked(BRUTE_FORCE_ID, [ssh(at / 100) for at in range(500)], FAILURE, BRUTE_FORCE).fullest[0]
        assert (found.holds, found.may_be_more) == (True, True)
        assert 5 <= found.have <= 500
        assert not asked(BRUTE_FORCE_ID, [ssh(0)], FAILURE, BRUTE_FORCE).fullest[0].may_be_more

    def test_values_and_chains(self) -> None:
        """Different values; of a chain, what is still to come."""
        lines = [ssh(at, user=f"u{at % 2}") for at in range(6)]
        (users,) = asked(USERS_ID, lines, FAILURE, USERS).fullest
        assert (users.have, users.missing) == (2, ("1 more different user.name",))
        (chain,) = asked(BREAK_IN_ID, lines, FAILURE, SUCCESS, BRUTE_FORCE, BREAK_IN).fullest
        assert (chain.have, chain.count, chain.missing) == (1, 2, ("SSH login succeeded",))

    def test_one_that_waits_says_so(self) -> None:
        """It may hold now and not when its window has passed."""
        found = asked("66666666-6666-4666-8666-666666666666", [ssh(0)], FAILURE, QUIET)
        assert (found.waits, found.fullest[0].holds) == (True, True)

    def test_a_rule_about_single_events_counts_nothing(self) -> None:
        """It is told who counts its matches."""
        found = asked(FAILURE_ID, [ssh(0)], FAILURE, BRUTE_FORCE)
        assert (found.type, found.counted_by, found.fullest) == ("", ("SSH brute force",), ())
        assert engine_of(FAILURE).standings("nowhere") is None

    def test_asking_changes_nothing(self) -> None:
        """The state is the same, and so is what is found afterwards."""
        plain, asking = engine_of(FAILURE, BRUTE_FORCE), engine_of(FAILURE, BRUTE_FORCE)
        for at in range(6):
            asking.standings(BRUTE_FORCE_ID)
            batch = batch_of([ssh(at)], first=at + 1)
            assert plain.feed(batch) == asking.feed(batch)
        assert plain.snapshot() == asking.snapshot()

    def test_many_groups_cost_no_more_than_some(self) -> None:
        """Those that counted last are looked at, and few of them are told."""
        engine = engine_of(FAILURE, BRUTE_FORCE)
        engine.feed(batch_of([ssh(0, ip=f"10.0.{at // 250}.{at % 250}") for at in range(300)]))
        found = engine.standings(BRUTE_FORCE_ID)
        assert found is not None
        assert (found.groups, found.looked_at, len(found.fullest)) == (300, 300, MOST)
        assert LOOKED_AT == 10_000


class FakeState:
    """Nothing was committed."""

    async def load(self) -> tuple[bytes | None, list[bytes]]:
        """No state."""
        return None, []


async def test_of_the_process() -> None:
    """The child answers between two batches; one who goes away while asking harms nobody."""
    engine = EngineProcess(settings_of(FAILURE, BRUTE_FORCE), FakeState().load)
    await engine.start()
    try:
        await engine.feed(batch_of([ssh(0), ssh(1)]))
        pid = engine.pid
        gone = asyncio.create_task(engine.standings(BRUTE_FORCE_ID))
        await asyncio.sleep(0)
        gone.cancel()
        found = await engine.standings(BRUTE_FORCE_ID)
        assert found is not None
        assert found.fullest[0].have == 2
        assert await engine.standings("nowhere") is None
        assert engine.pid == pid
    finally:
        await engine.stop()
    with pytest.raises(TimeoutError):  # no process is started for one who only wants to know
        await engine.standings(BRUTE_FORCE_ID)
    assert engine.pid is None


async def test_many_who_ask_do_not_keep_lines_waiting() -> None:
    """Between two batches the engine answers one of them."""
    engine = EngineProcess(settings_of(FAILURE, BRUTE_FORCE), FakeState().load)
    await engine.start()
    try:
        answered: list[str] = []
        asking = [asyncio.create_task(engine.standings(BRUTE_FORCE_ID)) for _ in range(30)]
        for one in asking:
            one.add_done_callback(lambda _: answered.append("question"))
        for at in range(3):
            await engine.feed(batch_of([ssh(at)], first=at + 1))
            answered.append("lines")
        assert answered.count("question") <= 4
        await asyncio.gather(*asking)
    finally:
        await engine.stop()


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A daemon that has counted three failures of one address."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:
        await store.write(add_people)
        made = Site(store, clock, tmp_path)
        made.ready = Ready(
            tuple(
                LoadedRule(name, title, Severity.LOW, Decision.RECORD, "rules/a.yml", "1")
                for name, title in ((FAILURE_ID, "SSH login failed"), (BRUTE_FORCE_ID, "SSH brute force"))
            ),
            (),
            (),
        )
        engine = engine_of(FAILURE, BRUTE_FORCE)
        engine.feed(batch_of([ssh(0), ssh(5), ssh(9)]))
        made.standings = engine.standings
        await made.start()
        yield made
        await made.stop()


async def test_over_http(site: Site) -> None:
    """For whoever keeps the machine; a rule that does not run is not found."""
    code, told = await site.ask("GET", f"/api/v1/rules/{BRUTE_FORCE_ID}/progress")
    assert code == 200
    assert (told["title"], told["needs"], told["now"]) == (
        "SSH brute force",
        "at least 5 events",
        "2026-03-01T11:59:55Z",
    )
    assert told["fullest"][0]["group"] == {"source.ip": "192.0.2.1"}
    assert told["fullest"][0]["until"] == "2026-03-01T12:01:00Z"
    code, told = await site.ask("GET", "/api/v1/rules/nowhere/progress")
    assert (code, told["code"]) == (404, "no_such_rule")


async def test_over_http_while_the_engine_has_no_time(site: Site) -> None:
    """Whoever asks is told to ask again."""

    def busy(_: str) -> Standings | None:
        raise TimeoutError

    site.standings = busy
    code, told = await site.ask("GET", f"/api/v1/rules/{BRUTE_FORCE_ID}/progress")
    assert (code, told["code"]) == (503, "engine_busy")


async def run(site: Site, folder: Path, *arguments: str) -> Result:
    (folder / "config.toml").write_text('[daemon]\nstate_dir = "."\n')
    (folder / "tocsin.sock").unlink(missing_ok=True)
    (folder / "tocsin.sock").symlink_to(site.door)
    return await asyncio.to_thread(CliRunner().invoke, tocsin, ["rules", "progress", *arguments])


async def test_on_the_command_line(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By title, however it is written; what it needs, and a row for each group."""
    monkeypatch.chdir(tmp_path)
    shown = [" ".join(line.split()) for line in (await run(site, tmp_path, "ssh BRUTE force")).output.splitlines()]
    assert shown[0] == (
        '"SSH brute force" needs at least 5 events in 1m; all sources have passed 2026-03-01T11:59:55Z.'
    )
    assert shown[2] == (
        "source.ip=192.0.2.1 3 2026-03-01T12:00:00Z 2026-03-01T12:00:09Z 2026-03-01T12:01:00Z 2 more events"
    )
    single = (await run(site, tmp_path, FAILURE_ID)).output
    assert "is about single events" in single
    assert "Its matches are counted by: SSH brute force" in single


async def test_a_rule_that_does_not_run_is_named(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the nearest title."""
    monkeypatch.chdir(tmp_path)
    done = await run(site, tmp_path, "ssh brutforce")
    assert done.exit_code == 2
    assert 'no rule that runs has the title or id "ssh brutforce"; did you mean "SSH brute force"?' in done.output
