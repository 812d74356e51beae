"""The loop that tells people: notices → deliveries → claim, send, settle. Survives every restart.

One message is on its way per channel. It is claimed with a lease right before it is sent, in the transaction that
looks whether its ask still stands, and settled right after. What was being sent when the daemon ended may have
arrived: it is sent again at the next start, marked.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import structlog

from notifier import jobs, planning
from notifier.jobs import Load, Whom
from notifier.lanes import Lanes
from notifier.links import Links
from notifier.message import Message
from notifier.plan import Routing
from notifier.planning import Planned
from notifier.route import Receiver
from notifier.sender import Sender, SendResult, Sent
from notifier.throttle import WINDOW
from notifier.trial import TRIED_FOR_SECONDS, Trial, message_to
from notifier.wording import worded
from rules.event import Severity
from store.clock import Clock
from store.database import Store
from store.errors import OwnershipLost, StoreUnavailable
from store.repository.telling import escalations, outbox, waiting
from store.tx import Tx

log = structlog.get_logger()

STORE_PAUSE = timedelta(seconds=1)  #: before the store is asked again after it could not answer
BATCHES_AT_ONCE = 10  #: of notices that are planned before what is due is looked for
LONGEST_SLEEP = timedelta(minutes=5)
GRACE_SECONDS = 0.5  #: for messages on their way when the daemon stops


class Observer(Protocol):
    """Who counts attempts."""

    def attempted(self, channel: str, outcome: str, seconds: float) -> None:
        """An attempt over *channel* (the scheme alone) ended as *outcome*, a `Sent`."""


class Dispatch:
    """Tells people.

    Args:
        store: Where notices and deliveries are.
        clock: Time.
        sender: Hands a message over; called in lanes.
        routing: What the configuration says now; asked anew for each decision.
        links: Makes links with the secrets and the base URL that are in force now.
        wake: To be set when a notice was committed.
        random: 0 to 1, for jitter.
        observer: Counts attempts.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        sender: Sender,
        routing: Callable[[], Routing],
        links: Callable[[], Links],
        wake: asyncio.Event,
        random: Callable[[], float],
        observer: Observer,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sender = sender
        self._routing = routing
        self._links = links
        self._wake = wake
        self._random = random
        self._observer = observer
        self._lanes = Lanes(depth=1)
        self._serving: dict[str, asyncio.Future[Any]] = {}
        self._sent_at: defaultdict[Whom, deque[datetime]] = defaultdict(deque)
        self._claiming = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Tell people until *stop*; ends within 2 s of it whatever a peer does. What is unsent stays in the store."""
        await self._insist(outbox.expire_leases_at_start, stop)
        async with asyncio.TaskGroup() as group:
            waker = group.create_task(self._wake_on(stop), name="wake dispatch at stop")
            while not stop.is_set():
                self._wake.clear()  # before looking: what comes while we look wakes us
                await self._clock.wait_until(await self._round(group, stop), self._wake)
            waker.cancel()
            await self._end()

    async def try_out(self, names: Collection[str] = ()) -> list[Trial]:
        """Send a test over the receivers *names* (none: all), each by the lane that its messages take.

        Nothing of it is kept, and no message waits for longer than its lane is taken.
        """
        found = [one for one in self._routing().receivers.values() if not names or one.name in names]
        tried = (self._try(one, target) for one in found for target in range(len(one.urls)))
        return list(await asyncio.gather(*tried))

    async def _try(self, receiver: Receiver, target: int) -> Trial:
        url = receiver.urls[target]
        channel, begun = self._sender.channel(url), self._clock.monotonic()
        try:
            async with asyncio.timeout(TRIED_FOR_SECONDS):
                while channel in self._serving:
                    await asyncio.wait({self._serving[channel]})
                task = asyncio.ensure_future(self._send_trial(channel, url, receiver))
                self._serving[channel] = task
                task.add_done_callback(lambda _: self._free(channel))
                await asyncio.wait({task})
                result = task.result()
        except TimeoutError:
            result = SendResult(outcome=Sent.UNCERTAIN, detail=f"no answer within {TRIED_FOR_SECONDS:g} s")
        passed = self._clock.monotonic() - begun
        return Trial(
            receiver=receiver.name,
            target=target,
            channel=channel,
            outcome=result.outcome,
            detail=result.detail,
            elapsed_seconds=passed,
        )

    async def _send_trial(self, channel: str, url: str, receiver: Receiver) -> SendResult:
        try:
            return await self._send(channel, url, message_to(receiver, self._clock.now(), self._links().incidents()))
        except Exception as error:
            log.exception("a test could not be sent", receiver=receiver.name, channel=channel)
            return SendResult(outcome=Sent.RETRY, detail=f"failed in an unknown way: {type(error).__name__}")

    def _free(self, channel: str) -> None:
        del self._serving[channel]
        self._wake.set()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _round(self, group: asyncio.TaskGroup, stop: asyncio.Event) -> datetime:
        """Plan what is new, start what is due; returns when to look again."""
        try:
            is_more = await self._plan_some()
            due = await self._store.read(waiting.due_by_channel)
            later = await self._store.read(escalations.next_due)
        except OwnershipLost:
            raise
        except StoreUnavailable as error:
            log.warning("notices wait: the store cannot be used now", error=str(error))
            return self._clock.now() + STORE_PAUSE
        now = self._clock.now()
        idle = {channel: moment for channel, moment in due.items() if channel not in self._serving}
        for channel in (channel for channel, moment in idle.items() if moment <= now):
            name = f"send over {channel}"
            self._serving[channel] = group.create_task(self._serve(channel, stop), name=name)
        if is_more:
            return now
        coming = [moment for moment in idle.values() if moment > now] + ([] if later is None else [later])
        return min([now + LONGEST_SLEEP, *coming])

    async def _plan_some(self) -> bool:
        """Plan what is new, in a storm only so much that what is planned goes out meanwhile. Whether there is more."""
        for _ in range(BATCHES_AT_ONCE):
            planned = await self._plan()
            if not planned:
                return False
            if any(one.notice.incident.severity is Severity.CRITICAL for one in planned):
                return True
        return True

    async def _plan(self) -> Sequence[Planned]:
        """Plan the notices that come first; none if there were none."""
        routing = self._routing()
        now = self._clock.now()
        planned = await self._store.read(lambda c: planning.survey(c, routing, self._sender.channel, now))
        if planned:
            await self._store.write(lambda tx: planning.plan(tx, planned), patient=True)
        return planned

    async def _serve(self, channel: str, stop: asyncio.Event) -> None:
        """Send what is due over *channel*, one message after the other."""
        try:
            while not stop.is_set() and (load := await self._claim(channel)):
                await self._deliver(channel, load, stop)
        except OwnershipLost:
            raise
        except StoreUnavailable as error:
            log.warning("messages wait: the store cannot be used now", channel=channel, error=str(error))
        finally:
            self._free(channel)

    async def _claim(self, channel: str) -> Load | None:
        routing = self._routing()
        async with self._claiming:  # a person may read several channels: each claim must count what the last one took
            sent_at = {whom: tuple(moments) for whom, moments in self._sent_at.items()}
            load = await self._store.write(lambda tx: jobs.claim(tx, channel, routing, sent_at), patient=True)
            if load is not None:
                self._remember(jobs.whom(load.recipient, routing))
            return load

    async def _deliver(self, channel: str, load: Load, stop: asyncio.Event) -> None:
        """Word, send and settle one message."""
        message, result = await self._attempt(channel, load)
        self._observer.attempted(channel.partition(":")[0], result.outcome, result.elapsed_seconds)
        jitter, links, settled = self._random(), self._links(), load.parcel.deliveries
        for start in range(0, len(settled), jobs.SETTLED_AT_ONCE):
            some = settled[start : start + jobs.SETTLED_AT_ONCE]
            work = partial(jobs.settle, load=load, deliveries=some, message=message, result=result)
            await self._insist(partial(work, jitter=jitter, links=links), stop)
        if result.outcome is not Sent.ACCEPTED:
            self._wake.set()  # others may have to hear of it at once

    async def _attempt(self, channel: str, load: Load) -> tuple[Message | None, SendResult]:
        """One bad record must not keep the others from being told: what fails in an unknown way is tried again."""
        message: Message | None = None
        try:
            told = await self._store.read(lambda connection: jobs.look(connection, load))
            message = worded(load.parcel, told, load.standing, load.receiver, self._links(), self._clock.now())
            return message, await self._send(channel, load.url, message)
        except Exception as error:
            of = {"receiver": load.receiver.name, "channel": channel, "incidents": sorted(load.standing)}
            log.exception("a message could not be sent", **of)
            return message, SendResult(outcome=Sent.RETRY, detail=f"failed in an unknown way: {type(error).__name__}")

    async def _send(self, channel: str, url: str, message: Message) -> SendResult:
        attempt = self._lanes.submit(channel, lambda: self._sender.send(url, message))
        finished, _ = await asyncio.wait({attempt}, timeout=jobs.LEASE.total_seconds())
        if finished:
            return attempt.result()
        self._lanes.abandon(channel)
        return SendResult(outcome=Sent.UNCERTAIN, detail="the channel did not come back within its lease")

    def _remember(self, whom: Whom) -> None:
        now, moments = self._clock.now(), self._sent_at[whom]
        moments.append(now)
        while moments[0] <= now - WINDOW:
            moments.popleft()

    async def _insist(self, work: Callable[[Tx], object], stop: asyncio.Event) -> None:
        """Write *work*; while the store cannot, try again until *stop*."""
        while True:
            try:
                await self._store.write(work, patient=True)
            except OwnershipLost:
                raise
            except StoreUnavailable as error:
                log.warning("trying again: the store cannot be used now", error=str(error))
                if stop.is_set():
                    return
                await self._clock.wait_until(self._clock.now() + STORE_PAUSE, stop)
            else:
                return

    async def _end(self) -> None:
        """Let what is on its way arrive for a moment; its lease tells the next start what did not."""
        self._lanes.close()
        on_their_way = set(self._serving.values())
        if on_their_way:
            await asyncio.wait(on_their_way, timeout=GRACE_SECONDS)
        for task in on_their_way:
            task.cancel()
