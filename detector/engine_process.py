"""The engine in a process of its own: what it does not survive, the daemon does.

The process may die at any moment, from outside or of a line; another one then starts from what is committed and what
is about to be, and the same batch is fed again. So nothing is lost and nothing counted twice.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

import msgspec
import structlog

from detector.engine_link import ChildDied, EngineFailed, Link
from detector.engine_wire import (
    Advance,
    Compiled,
    Done,
    Feed,
    Held,
    HowFar,
    Init,
    LoadedRule,
    Question,
    Remark,
    Restore,
    Restored,
    Snapshot,
    Stands,
)
from detector.poison import PoisonGuard
from rules.correlation.standing import Standings
from rules.entities import clean
from rules.event import Batch
from rules.outcome import Outcome
from rules.settings import EngineSettings

log = structlog.get_logger()

START_SECONDS: Final = 120.0  #: compiling thousands of rules on a slow machine
LINE_SECONDS: Final = 5.0
TURN_SECONDS: Final = 5.0  #: how long one who only wants to know waits for the engine
TRIES: Final = 3  #: processes that end by themselves while starting, or over the same question, before it is hopeless
KILLED_TRIES: Final = 10  #: the same for those that a signal ended: someone kills them, or memory is short

State = tuple[bytes | None, list[bytes]]
A = TypeVar("A", Done, Held, Stands)


class Ready(msgspec.Struct, frozen=True):
    """The engine works with these rules."""

    rules: tuple[LoadedRule, ...]
    errors: tuple[str, ...]  #: why rules did not load, as people read it; their last good version may be in force
    dropped: tuple[str, ...]  #: "rule id: why its state was dropped"
    remarks: tuple[Remark, ...] = ()  #: what may be wrong with rules in force, the first of it
    remarked: int = 0  #: how many remarks there are


def _ready(compiled: Compiled, restored: Restored) -> Ready:
    return Ready(compiled.rules, compiled.errors, restored.dropped, compiled.remarks, compiled.remarked)


class EngineProcess:
    """The daemon's handle on the engine.

    Args:
        settings: What the engine is told.
        load_state: Gives the committed state: the latest snapshot and the deltas since.
        batch_timeout_seconds: A batch that takes longer is taken to hang.
        line_timeout_seconds: The same for one line, once a batch has failed.
        executable: The Python to run.
    """

    def __init__(
        self,
        settings: EngineSettings,
        load_state: Callable[[], Awaitable[State]],
        *,
        batch_timeout_seconds: float = 30,
        line_timeout_seconds: float = LINE_SECONDS,
        executable: str = sys.executable,
    ) -> None:
        self.restarts = 0
        self.ready = Ready((), (), ())  #: what the process in use said of itself when it started
        self._settings = settings
        self._load_state = load_state
        self._batch_seconds = batch_timeout_seconds
        self._line_seconds = line_timeout_seconds
        self._executable = executable
        self._last_good: dict[str, str] = {}
        self._uncommitted: list[bytes] = []
        self._link: Link | None = None
        self._asking: set[asyncio.Task[Standings | None]] = set()  #: on behalf of who may have gone
        self._one_asks = asyncio.Lock()
        self._turn = asyncio.Lock()  # one question at a time; reload swaps between two

    @property
    def pid(self) -> int | None:
        """Process id of the child; None while there is none."""
        return self._link.pid if self._link else None

    @property
    def silent_since(self) -> float | None:
        """Since when it owes an answer without a sign of life, in monotonic seconds; None: it owes none, or starts."""
        return self._link.silent_since if self._link else None

    @property
    def starts(self) -> bool:
        """Whether a process is being started, which has a limit of its own."""
        return self._link is None

    @property
    def rule_files(self) -> tuple[tuple[str, str], ...]:
        """(path, text) of what it was told to load."""
        return self._settings.rule_files

    async def start(self) -> Ready:
        """Start the process and bring it to the committed state.

        Raises:
            EngineFailed: It cannot be started, three times in a row.
        """
        async with self._turn:
            return await self._start()

    async def feed(self, batch: Batch) -> Outcome:
        """Work on *batch*, whatever it costs the process; a line that kills it is left out and told in ``internal``.

        Raises:
            EngineFailed: The engine dies without end, and no line is to blame.
        """
        guard = PoisonGuard(replace(batch, origin=clean(batch.origin)))
        async with self._turn:
            while True:
                try:
                    outcome = await self._feed(guard)
                    break
                except ChildDied as death:
                    guard.died(death.why)
                    if guard.hopeless:
                        message = f"the engine {death.why} again and again over {batch.origin}, and no line is to blame"
                        raise self._failed(message, death) from death
                    await self._restart(death)
            self._keep(outcome)
        return guard.explained(outcome)

    async def advance(self, watermark: datetime) -> Outcome:
        """Let time pass without lines; see Engine.advance."""
        async with self._turn:
            outcome = (await self._ask(Advance(watermark), Done)).outcome
            self._keep(outcome)
        return outcome

    async def snapshot(self) -> bytes:
        """All state that everything fed so far has left."""
        async with self._turn:
            return (await self._ask(Snapshot(), Held)).snapshot

    async def standings(self, rule_id: str) -> Standings | None:
        """How far a rule has come in its fullest groups; None if no such rule is in force.

        Whoever asks may be cancelled at any time; what was asked is then answered to nobody.

        Raises:
            TimeoutError: The engine had no time within TURN_SECONDS: a backlog is read, or it starts.
        """
        asking = asyncio.create_task(self._standings(rule_id), name="standings")
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        return await asyncio.shield(asking)

    async def _standings(self, rule_id: str) -> Standings | None:
        async with contextlib.AsyncExitStack() as turn:
            async with asyncio.timeout(TURN_SECONDS):
                await turn.enter_async_context(self._one_asks)  # however many ask: every second turn is for lines
                await turn.enter_async_context(self._turn)
            if self._link is None:  # no process is started for one who only wants to know
                raise TimeoutError
            try:
                return (await self._link.ask(HowFar(rule_id), Stands, seconds=self._batch_seconds)).standings
            except ChildDied as death:
                await self._restart(death)
                raise TimeoutError from death

    def committed(self) -> None:
        """What was fed so far is stored: ``load_state`` gives it from now on."""
        self._uncommitted.clear()

    async def reload(self, settings: EngineSettings) -> Ready:
        """Take other settings: a new process compiles beside the old one and takes over between two batches.

        A rule file that is broken keeps the text with which it worked last.

        Raises:
            EngineFailed: The new one cannot work; the old one goes on.
        """
        try:
            fresh, compiled = await self._launch(settings)
        except ChildDied as death:
            raise self._failed(f"the reloaded engine {death.why}, the old one goes on", death) from death
        try:
            async with self._turn:
                restored = await self._hand_over(fresh)
                old, self._link = self._link, fresh
                self._adopt(settings, compiled)
        except ChildDied as death:
            raise self._failed(f"the reloaded engine {death.why}, the old one goes on", death) from death
        finally:
            if self._link is not fresh:
                await fresh.kill()
        if old is not None:
            await old.close()
        self.ready = _ready(compiled, restored)
        return self.ready

    async def stop(self) -> None:
        """Let the process end. A second stop is harmless."""
        async with self._turn:
            link, self._link = self._link, None
            if link is not None:
                await link.close()

    async def _feed(self, guard: PoisonGuard) -> Outcome:
        link = await self._alive()
        question = Feed(guard.batch, guard.careful)
        if guard.careful:
            done = await link.ask(question, Done, seconds=self._line_seconds, progress=guard.progress)
        else:
            done = await link.ask(question, Done, seconds=self._batch_seconds)
        return done.outcome

    async def _ask(self, question: Question, wanted: type[A]) -> A:
        deaths = 0
        while True:
            link = await self._alive()
            try:
                return await link.ask(question, wanted, seconds=self._batch_seconds)
            except ChildDied as death:
                deaths += 1
                if self._is_enough(deaths, death):
                    raise self._failed(f"the engine {death.why} {deaths} times in a row", death) from death
                await self._restart(death)

    def _keep(self, outcome: Outcome) -> None:
        if outcome.delta:
            self._uncommitted.append(outcome.delta)

    async def _alive(self) -> Link:
        if self._link is None:
            await self._start()
        assert self._link is not None
        return self._link

    async def _restart(self, death: ChildDied) -> None:
        self.restarts += 1
        log.warning("the engine died and is started again", why=death.why, restarts=self.restarts)
        self._link = None
        ready = await self._start()
        for dropped in ready.dropped:
            log.warning("the engine dropped state", why=dropped)

    async def _start(self) -> Ready:
        """Start a process, and another if it dies before it is ready."""
        deaths = 0
        while True:
            try:
                link, compiled = await self._launch(self._settings)
                restored = await self._restore(link)
            except ChildDied as death:
                deaths += 1
                if self._is_enough(deaths, death):
                    raise self._failed(
                        f"the engine {death.why}, {deaths} times in a row while starting", death
                    ) from death
                continue
            self._link = link
            self._adopt(self._settings, compiled)
            self.ready = _ready(compiled, restored)
            return self.ready

    async def _launch(self, settings: EngineSettings) -> tuple[Link, Compiled]:
        link = await Link.open(self._executable)
        async with _or_kill(link):
            return link, await link.ask(Init(settings, self._last_good), Compiled, seconds=START_SECONDS)

    async def _restore(self, link: Link) -> Restored:
        async with _or_kill(link):
            # Before the first await: a commit meanwhile empties the list, and what was loaded may not hold it yet.
            # What is in both is applied twice, which changes nothing.
            uncommitted = tuple(self._uncommitted)
            snapshot, deltas = await self._load_state()
            state = Restore(snapshot, [*deltas, *uncommitted])
            return await link.ask(state, Restored, seconds=START_SECONDS)

    async def _hand_over(self, fresh: Link) -> Restored:
        """Give a new process all that the old one holds; if that is dead, what it left."""
        if self._link is not None:
            try:
                held = await self._link.ask(Snapshot(), Held, seconds=self._batch_seconds)
            except ChildDied:
                self._link = None
            else:
                return await fresh.ask(Restore(held.snapshot, []), Restored, seconds=START_SECONDS)
        return await self._restore(fresh)

    def _adopt(self, settings: EngineSettings, compiled: Compiled) -> None:
        """Remember with which texts the rules compile."""
        self._settings = settings
        self._last_good = {
            path: self._last_good[path] if path in compiled.broken else text
            for path, text in settings.texts
            if path not in compiled.broken or path in self._last_good
        }

    def _is_enough(self, deaths: int, death: ChildDied) -> bool:
        return deaths >= (KILLED_TRIES if death.by_signal else TRIES)

    def _failed(self, message: str, death: ChildDied) -> EngineFailed:
        return EngineFailed(f"{message}; it wrote last:\n{death.tail or '(nothing)'}")


@contextlib.asynccontextmanager
async def _or_kill(link: Link) -> AsyncIterator[None]:
    """A process that is not taken into use must not stay."""
    try:
        yield
    except BaseException:
        await link.kill()
        raise
