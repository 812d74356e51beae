"""What each rule matched, found and cost: counted in the engine, added up in the daemon, shown over HTTP and listed."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.engine import BRUTE_FORCE, FAILURE, NOON, SUCCESS, batch_of, engine_of, ssh
from support.fakes import START, FakeClock
from support.path import ANA, add_people
from support.site import Site
from support.store import open_store

from detector.cli.group import tocsin
from detector.engine_process import Ready
from detector.engine_wire import LoadedRule, Remark
from detector.rule_use import RuleUse
from rules.event import Decision, Mode, Severity
from rules.outcome import Outcome
from rules.usage import RuleCount
from store.repository.hiding import silences
from store.silence import NewSilence

FAILURE_ID = "11111111-1111-4111-8111-111111111111"
SUCCESS_ID = "22222222-2222-4222-8222-222222222222"
BRUTE_FORCE_ID = "33333333-3333-4333-8333-333333333333"
LINES = [ssh(at) for at in range(5)] + [ssh(9, ok=True)]
CONFIG = """[daemon]
state_dir = "."

[rules]
paths = ["rules"]

[[rules.mode]]
mode = "advise"
rule = ["SSH brute force"]
author = "Ana"
reason = "new here"

[[receiver]]
name = "console"
url = "tocsin-console://"

[[route]]
receiver = ["console"]
"""


def test_matches_are_counted() -> None:
    """Each rule's matches with the time of the last; without a watch nothing is measured."""
    outcome = engine_of(FAILURE, SUCCESS, BRUTE_FORCE).feed(batch_of(LINES))
    assert outcome.rules == {
        FAILURE_ID: RuleCount(5, NOON + timedelta(seconds=4)),
        SUCCESS_ID: RuleCount(1, NOON + timedelta(seconds=9)),
    }


def test_cost_is_measured_with_a_watch() -> None:
    """Each rule is asked about each line that is routed to it; the batch after it is not measured any more."""
    engine, ticks = engine_of(FAILURE, SUCCESS), count()
    measured = engine.feed(batch_of(LINES), watch=lambda: 1000 * next(ticks)).rules
    assert {name: (one.asked, one.nanoseconds) for name, one in measured.items()} == {
        FAILURE_ID: (6, 6000),
        SUCCESS_ID: (6, 6000),
    }
    assert engine.feed(batch_of([ssh(20)], first=7)).rules[FAILURE_ID].asked == 0


def test_same_findings_with_and_without_a_watch() -> None:
    """Measuring changes nothing else."""
    rules = (FAILURE, SUCCESS, BRUTE_FORCE)
    plain, watched = engine_of(*rules).feed(batch_of(LINES)), engine_of(*rules).feed(batch_of(LINES), watch=lambda: 0)
    assert plain.findings == watched.findings
    assert plain.delta == watched.delta


def test_batches_add_up() -> None:
    """The mean per event, and the share of all that was measured."""
    use = RuleUse()
    for seconds in (60, 0):
        last = NOON + timedelta(seconds=seconds)
        use.fed(batch_of([]), Outcome(rules={"a": RuleCount(2, last, 4, 6000), "b": RuleCount(0, None, 4, 2000)}))
    used = use.used["a"]
    assert (used.matches, used.microseconds, used.last_match) == (4, 1.5, NOON + timedelta(seconds=60))
    assert (use.share("a"), use.share("b"), use.share("c")) == (0.75, 0.25, None)


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A daemon that read ``LINES``, and in which a rule is muted."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:
        await store.write(add_people)
        made = Site(store, clock, tmp_path)
        rules = (
            LoadedRule(FAILURE_ID, "SSH login failed", Severity.LOW, Decision.RECORD, "rules/a.yml", "1"),
            LoadedRule(BRUTE_FORCE_ID, "SSH brute force", Severity.MEDIUM, Decision.OBSERVE, "r", "1", Mode.ADVISE),
        )
        suspect = Remark("warning", "rules/a.yml:4:5", "SSH login failed", 'unknown field "a"', "")
        made.ready = Ready(rules, ("broken",), (), (suspect,), 1)
        ticks = count()
        batch = batch_of(LINES)
        made.rule_use.fed(batch, engine_of(FAILURE, BRUTE_FORCE).feed(batch, watch=lambda: 1000 * next(ticks)))
        new = NewSilence(
            matchers={"rule": ("ssh login*",)},
            reason="told by phone",
            starts_at=clock.now(),
            ends_at=clock.now() + timedelta(hours=1),
        )
        await store.write(lambda tx: silences.add(tx, ANA, new, via=""))
        await made.start()
        yield made
        await made.stop()


async def test_over_http(site: Site) -> None:
    """What is known of each rule that runs, and of a mute who made it, why and until when."""
    code, told = await site.ask("GET", "/api/v1/rules")
    assert (code, told["errors"]) == (200, ["broken"])
    assert [(one["level"], one["place"]) for one in told["remarks"]] == [("warning", "rules/a.yml:4:5")]
    failed, brute = told["items"]
    assert {name: failed[name] for name in ("matches", "findings", "microseconds", "share")} == {
        "matches": 5,
        "findings": 0,
        "microseconds": 1.0,
        "share": 1.0,
    }
    assert failed["mute"]["by"] == "ana"
    assert failed["mute"]["reason"] == "told by phone"
    assert failed["mute"]["until"] is not None
    assert (brute["mode"], brute["findings"], brute["microseconds"], brute["mute"]) == ("advise", 1, None, None)


async def listed(folder: Path, door: Path, *arguments: str) -> Result:
    (folder / "rules").mkdir(exist_ok=True)
    for name, text in (("a", FAILURE), ("b", BRUTE_FORCE), ("c", SUCCESS)):
        (folder / f"rules/{name}.yml").write_text(text)
    (folder / "config.toml").write_text(CONFIG)
    (folder / "tocsin.sock").unlink(missing_ok=True)
    (folder / "tocsin.sock").symlink_to(door)
    return await asyncio.to_thread(CliRunner().invoke, tocsin, ["rules", "list", *arguments])


async def test_list_shows_it(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column each; below the table who asked that rules ask nobody, and why."""
    monkeypatch.chdir(tmp_path)
    done = await listed(tmp_path, site.door)
    assert done.exit_code == 0, done.output
    failed = next(line for line in done.output.splitlines() if "SSH login failed" in line)
    assert failed.split() == [
        "low", "record", "on,", "muted", "SSH", "login", "failed", "base", "5", "0", "2026-03-01T12:00:04Z", "1.0",
        "100.0%", "rules/a.yml",
    ]  # fmt: skip
    brute = next(line for line in done.output.splitlines() if "SSH brute force" in line)
    assert brute.split()[:3] == ["medium", "observe", "advise"]
    assert "not run" in next(line for line in done.output.splitlines() if "SSH login succeeded" in line)
    assert "advise: 1 rule, by Ana: new here" in done.output
    assert "by ana: told by phone" in done.output


async def test_list_sorts(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what is known; rules of which nothing is known come last."""
    monkeypatch.chdir(tmp_path)
    for order, first in (
        ("findings", "SSH brute force"),
        ("matches", "SSH login failed"),
        ("last", "SSH login failed"),
    ):
        told = json.loads((await listed(tmp_path, site.door, "--sort", order, "--json")).output)
        assert told["rules"][0]["title"] == first, order
        assert told["rules"][-1]["use"] is None
    brute = next(one for one in told["rules"] if one["title"] == "SSH brute force")
    assert (brute["mode"], brute["mode_author"], brute["mode_reason"]) == ("advise", "Ana", "new here")


async def test_list_without_a_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are listed, and it is said what is not shown."""
    monkeypatch.chdir(tmp_path)
    done = await listed(tmp_path, tmp_path / "nowhere")
    assert done.exit_code == 0
    assert "What rules matched and cost, and mutes, are not shown." in done.stderr
    assert next(line for line in done.stdout.splitlines() if "SSH brute" in line).split()[2] == "advise"


async def test_mute_names_a_rule_that_runs(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A title that is not quite one would hide nothing: the nearest is told, and nothing is made."""
    monkeypatch.chdir(tmp_path)
    await listed(tmp_path, site.door)
    monkeypatch.setenv("TOCSIN_TOKEN", await site.token_of("ana"))
    for written, expected in (
        ("ssh brutforce", 'no rule that runs has the title or id "ssh brutforce"; did you mean "SSH brute force"?'),
        ("zzz", "tocsin rules list names them"),
        ("ssh brute*", "mute 2"),
        (BRUTE_FORCE_ID, "mute 3"),
    ):
        mute = ["rules", "mute", written, "--until", (START + timedelta(hours=2)).isoformat(), "--reason", "known"]
        done = await asyncio.to_thread(CliRunner().invoke, tocsin, mute)
        assert expected in done.output
        assert done.exit_code == (0 if expected.startswith("mute") else 2)
