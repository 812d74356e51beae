"""The engine's real process: killed, crashed and hung in every way that could lose or double a line."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import structlog
from msgspec.structs import replace
from support.engine import BRUTE_FORCE, FAILURE, NOON, USERS, batch_of, batches_of, engine_of, final, settings_of, ssh

from detector.engine_child import CRASH_ON, HANG_ON
from detector.engine_link import EngineFailed
from detector.engine_process import EngineProcess
from detector.rule_remarks import log_remarks
from rules.event import Severity
from rules.outcome import Outcome
from rules.settings import EngineSettings, SourceProfile

RULES = (FAILURE, BRUTE_FORCE, USERS)


@dataclass(slots=True)
class FakeStore:
    """Keeps what was committed."""

    snapshot: bytes | None = None
    deltas: list[bytes] = field(default_factory=list)

    async def load(self) -> tuple[bytes | None, list[bytes]]:
        """The committed state."""
        return self.snapshot, list(self.deltas)


@asynccontextmanager
async def running(
    settings: EngineSettings | None = None, store: FakeStore | None = None, **options: float
) -> AsyncIterator[EngineProcess]:
    """A started engine process that is stopped at the end."""
    engine = EngineProcess(settings or settings_of(*RULES), (store or FakeStore()).load, **options)  # type: ignore[arg-type]
    try:
        await engine.start()
        yield engine
    finally:
        await engine.stop()


def kill(engine: EngineProcess) -> None:
    """What an administrator in a hurry does."""
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)


def lines(count: int) -> list[str]:
    """Failures of three attackers."""
    return [ssh(at / 10, ip=f"192.0.2.{at % 3}", user=f"u{at % 7}") for at in range(count)]


def unmeasured(outcome: Outcome) -> Outcome:
    """The same without the time that rules took."""
    counts = {rule: replace(count, asked=0, nanoseconds=0) for rule, count in outcome.rules.items()}
    return replace(outcome, rules=counts)


async def test_it_finds_what_the_engine_finds() -> None:
    """The same outcomes as the engine in our own process, to the byte of the state."""
    plain = engine_of(*RULES)
    async with running() as engine:
        for batch in batches_of(lines(60), [7, 20]):
            assert unmeasured(await engine.feed(batch)) == unmeasured(plain.feed(batch))
        assert await engine.advance(NOON) == plain.advance(NOON)
        assert await engine.snapshot() == plain.snapshot()
    assert engine.restarts == 0


async def test_what_is_suspect_is_logged_once() -> None:
    """A rule in force that names a field that no events have is a line of the log; after a reload only what is new."""
    texts = [FAILURE.replace("4111-8", f"{at:04}-8").replace("event.outcome", "event.outcom") for at in range(1, 30)]
    named = [text.replace("name: ssh_failure", f"name: rule{at}") for at, text in enumerate(texts)]
    engine = EngineProcess(settings_of(FAILURE, *named[:2]), FakeStore().load)
    try:
        with structlog.testing.capture_logs() as lines:
            first = await engine.start()
            log_remarks(first)
        assert [(one["event"], one["place"], one["what"]) for one in lines if "place" in one] == [
            (
                "a rule may not ask what it was meant to",
                f"rule{at}.yml:6:39",
                'unknown field "event.outcom" in events of product: linux, service: sshd',
            )
            for at in (2, 3)
        ]
        with structlog.testing.capture_logs() as lines:
            log_remarks(await engine.reload(settings_of(FAILURE, *named)), first)
        *told, last = [one.get("place", one.get("more")) for one in lines]
        assert (len(told), last) == (19, 9)  # of twenty that it is told of, rule2.yml is no news
        assert "rule2.yml:6:39" not in told
    finally:
        await engine.stop()


async def test_start_tells_the_rules_and_why_others_are_missing() -> None:
    """A broken rule is named with its place; the others work."""
    broken = (
        FAILURE.replace("condition: failed", "condition: nothing")
        .replace("4111-8", "4112-8")
        .replace("ssh_failure", "other")
    )
    engine = EngineProcess(settings_of(FAILURE, broken), FakeStore().load)
    try:
        ready = await engine.start()
        assert [(rule.title, rule.level, rule.path) for rule in ready.rules] == [
            ("SSH login failed", Severity.LOW, "rule1.yml")
        ]
        assert len(ready.errors) == 1
        assert ready.errors[0].startswith("rule2.yml:")
    finally:
        await engine.stop()


async def test_a_kill_between_batches_loses_nothing_that_is_committed_or_about_to_be() -> None:
    """Two batches are committed, one is not yet: the fifth failure still completes the five."""
    store = FakeStore()
    one, two, three, four = batches_of([ssh(at) for at in range(5)], [1, 1, 2])
    async with running(store=store) as engine:
        for batch in (one, two):
            store.deltas.append((await engine.feed(batch)).delta)
            engine.committed()
        await engine.feed(three)
        kill(engine)
        (finding,) = (await engine.feed(four)).findings
    assert (finding.opened, finding.events, len(finding.evidence)) == (True, 5, 5)
    assert engine.restarts == 1


async def test_a_new_process_says_anew_what_it_works_with() -> None:
    """What the engine told at its start is of the process in use, not of one that died."""
    async with running() as engine:
        first, deaths = engine.ready, engine.restarts
        kill(engine)
        await engine.advance(NOON)
        assert engine.restarts == deaths + 1
        assert engine.ready is not first
        assert engine.ready == first


async def test_a_commit_while_the_state_is_loaded_loses_nothing() -> None:
    """A reload after a death loads what was committed; what is committed meanwhile is in neither list, yet counts."""
    store = FakeStore()
    one, two = batches_of([ssh(at) for at in range(5)], [4, 1])

    async def load() -> tuple[bytes | None, list[bytes]]:
        loaded = await store.load()
        engine.committed()
        return loaded

    engine = EngineProcess(settings_of(*RULES), load)
    try:
        await engine.start()
        await engine.feed(one)
        kill(engine)
        await engine.reload(settings_of(*RULES))
        (finding,) = (await engine.feed(two)).findings
    finally:
        await engine.stop()
    assert (finding.opened, finding.events) == (True, 5)


async def test_kills_at_random_instants_lose_nothing_and_accuse_nobody(chance: random.Random) -> None:
    """Whatever it is doing when it dies: every line counts once and none is left out."""
    wanted = lines(3000)
    store, outcomes = FakeStore(), list[Outcome]()
    async with running(store=store) as engine:

        async def killer() -> None:
            for restarts in range(4):
                while engine.pid is None or engine.restarts < restarts:  # noqa: ASYNC110 (nobody tells us)
                    await asyncio.sleep(0.01)
                await asyncio.sleep(chance.uniform(0, 0.05))
                if engine.pid is not None:
                    kill(engine)

        killing = asyncio.create_task(killer())
        cuts = [chance.randint(1, 40) for _ in range(200)]
        for batch in batches_of(wanted, cuts):
            outcomes.append(await engine.feed(batch))
            store.deltas.append(outcomes[-1].delta)
            if chance.random() < 0.5:
                engine.committed()
            await asyncio.sleep(0 if killing.done() else 0.001)
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)
    plain = [engine_of(*RULES).feed(batch_of(wanted))]
    assert {i: f.events for i, f in final(outcomes).items()} == {i: f.events for i, f in final(plain).items()}
    assert sum(outcome.counts[0].lines for outcome in outcomes) == 3000
    assert not any(outcome.internal for outcome in outcomes)


async def test_a_line_that_crashes_the_engine_costs_three_restarts_and_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is told raw with its place and why; all others count."""
    monkeypatch.setenv(CRASH_ON, "poison")
    told = lines(30)
    told[11] = "poison \udcff"
    async with running() as engine:
        outcome = await engine.feed(batch_of(told, first=101, offset=5000))
        assert engine.restarts == 3
        (event,) = outcome.internal
        assert (event.line, event.raw) == (112, b"poison \xff")
        assert event.offset == 5000 + sum(len(line) + 1 for line in told[:11])
        assert event.reason == "the engine ended with exit status 70 twice while working on this line"
        (count,) = outcome.counts
        assert (count.lines, count.parsed, count.poisoned) == (30, 29, 1)
        after = await engine.feed(batch_of(lines(3), first=131, offset=9000))
        assert (after.internal, engine.restarts) == ((), 3)


async def test_a_line_that_hangs_the_engine_costs_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits, for the batch and then per line, turn a hang into a death."""
    monkeypatch.setenv(HANG_ON, "tar pit")
    told = [*lines(5), "tar pit", *lines(5)]
    async with running(batch_timeout_seconds=2, line_timeout_seconds=1) as engine:
        outcome = await engine.feed(batch_of(told))
    assert engine.restarts == 3
    assert [(event.line, event.reason) for event in outcome.internal] == [
        (6, "the engine took longer than 1 s twice while working on this line")
    ]
    assert outcome.counts[0].parsed == 10


async def test_several_poisonous_lines_in_one_batch_are_all_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, and only they."""
    monkeypatch.setenv(CRASH_ON, "poison")
    told = ["poison", *lines(4), "poison", *lines(4), "poison"]
    async with running() as engine:
        outcome = await engine.feed(batch_of(told))
    assert [event.line for event in outcome.internal] == [1, 6, 11]
    assert engine.restarts <= 9


async def test_a_process_that_cannot_start_is_an_error_with_its_last_words() -> None:
    """Three tries, then the reason, not an endless loop."""
    engine = EngineProcess(settings_of(FAILURE), FakeStore().load, executable="/bin/false")
    with pytest.raises(EngineFailed, match=r"ended with exit status 1, 3 times in a row while starting"):
        await engine.start()
    await engine.stop()


async def test_state_that_cannot_be_read_is_refused_at_start() -> None:
    """Starting with an empty state would silently forget what is going on."""
    engine = EngineProcess(settings_of(FAILURE), FakeStore(snapshot=b"garbage").load)
    with pytest.raises(EngineFailed, match="cannot be read"):
        await engine.start()
    assert engine.pid is None


async def test_reload_goes_on_with_the_counts_and_another_process() -> None:
    """Four failures before, one after: five. What lost its state is named."""
    store = FakeStore()
    first, second = batches_of([ssh(at) for at in range(5)], [4])
    async with running(store=store) as engine:
        store.deltas.append((await engine.feed(first)).delta)
        before = engine.pid
        ready = await engine.reload(settings_of(FAILURE, BRUTE_FORCE, USERS.replace("60s", "90s")))
        assert engine.pid != before
        assert [name.split(":")[0] for name in ready.dropped] == ["44444444-4444-4444-8444-444444444444"]
        (finding,) = (await engine.feed(second)).findings
        assert finding.events == 5


async def test_a_file_broken_by_a_reload_keeps_its_last_good_text() -> None:
    """Also after the process has died; a file that was never good stays out."""
    async with running() as engine:
        broken = settings_of(FAILURE.replace("condition: failed", "condition: nothing"), BRUTE_FORCE, USERS, "a: [")
        for _ in range(2):
            ready = await engine.reload(broken)
            assert [error.split(":")[0] for error in ready.errors] == ["rule1.yml", "rule4.yml"]
            assert len(ready.rules) == 3
        kill(engine)
        (finding,) = (await engine.feed(batch_of([ssh(at) for at in range(5)]))).findings
        assert finding.rule_title == "SSH brute force"


async def test_a_pipeline_broken_by_a_reload_keeps_its_last_good_text() -> None:
    """The rules mean what they meant; the pipeline of another source too."""
    renamed = "transformations: [{type: field_name_mapping, mapping: {outcome: event.outcome}}]\n"
    rule = FAILURE.replace("event.outcome", "outcome")
    assert rule != FAILURE

    def settings(text: str) -> EngineSettings:
        other = {"other": SourceProfile(pipelines=(("other.yml", text),))}
        return replace(settings_of(rule, sources=other), pipelines=(("pipe.yml", text),))

    async with running(settings=settings(renamed)) as engine:
        ready = await engine.reload(settings(renamed.replace("mapping:", "maping:")))
        assert {error.split(":")[0] for error in ready.errors} == {"pipe.yml", "other.yml"}
        assert len((await engine.feed(batch_of([ssh(1)]))).findings) == 1


async def test_a_reload_that_fails_leaves_the_old_engine_at_work() -> None:
    """Nothing changes but the error told."""
    async with running() as engine:
        before = engine.pid
        with pytest.raises(EngineFailed, match="sislog"):
            await engine.reload(settings_of(FAILURE, sources={"auth": SourceProfile(format="sislog")}))
        assert engine.pid == before
        assert (await engine.feed(batch_of(lines(5)))).counts[0].parsed == 5


async def test_batches_go_on_while_a_reload_compiles() -> None:
    """Both take turns; nothing waits for the compiler."""
    async with running() as engine:
        reloading = asyncio.create_task(engine.reload(settings_of(*RULES)))
        fed = 0
        while not reloading.done():
            await engine.feed(batch_of([ssh(fed)], first=fed + 1, offset=fed * 200))
            fed += 1
        await reloading
        assert fed > 3
        assert (await engine.feed(batch_of([ssh(fed)], first=fed + 1, offset=fed * 200))).findings[0].events == fed + 1


async def test_a_question_that_was_given_up_does_not_spoil_the_next() -> None:
    """A cancelled feed costs the process, never the order of answers."""
    async with running() as engine:
        feeding = asyncio.create_task(engine.feed(batch_of(lines(3000))))
        await asyncio.sleep(0.01)
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        assert (await engine.feed(batch_of(lines(5)))).counts[0].lines == 5


async def test_ctrl_c_does_not_reach_it_and_the_end_of_its_input_ends_it() -> None:
    """The daemon decides when it ends, and none is left behind."""
    engine = EngineProcess(settings_of(FAILURE), FakeStore().load)
    await engine.start()
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    assert (await engine.feed(batch_of(lines(5)))).counts[0].lines == 5
    assert (engine.pid, engine.restarts) == (pid, 0)
    await engine.stop()
    await engine.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
