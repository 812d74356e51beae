"""Lanes: order within one, independence between them, and an end that nobody waits for."""

import asyncio
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from notifier.lanes import LaneFull, Lanes


async def test_order_and_independence() -> None:
    """A lane works in order; a stuck lane does not hold up another."""
    lanes, release, seen = Lanes(depth=3), threading.Event(), list[int]()
    stuck = lanes.submit("slow", release.wait)
    behind = [lanes.submit("slow", lambda n=n: seen.append(n)) for n in (1, 2)]  # type: ignore[misc]
    assert await asyncio.wait_for(lanes.submit("fast", lambda: "done"), 5) == "done"
    assert not stuck.done()
    release.set()
    await asyncio.wait_for(asyncio.gather(stuck, *behind), 5)
    assert seen == [1, 2]
    assert lanes.in_flight == 0
    lanes.close()


async def test_bounded() -> None:
    """A full lane refuses more, and has room again when something is done."""
    lanes, release = Lanes(depth=1), threading.Event()
    first = lanes.submit("a", release.wait)
    assert lanes.room("a") == 0
    with pytest.raises(LaneFull):
        lanes.submit("a", release.wait)
    release.set()
    await asyncio.wait_for(first, 5)
    assert lanes.room("a") == 1
    lanes.close()


async def test_errors_come_back() -> None:
    """What the work raises is raised where it is awaited, and the lane goes on."""
    lanes = Lanes()
    with pytest.raises(ZeroDivisionError):
        await lanes.submit("a", lambda: 1 // 0)
    assert await lanes.submit("a", lambda: 2) == 2
    lanes.close()


async def test_cancelled_work_frees_its_place() -> None:
    """Nobody waiting any more leaves nothing behind when the work is done after all."""
    lanes, release = Lanes(depth=1), threading.Event()
    lanes.submit("a", release.wait).cancel()
    await asyncio.sleep(0)
    release.set()
    assert await asyncio.wait_for(lanes.submit("a", lambda: 1), 5) == 1
    lanes.close()


async def test_an_abandoned_lane_works_again() -> None:
    """Work for a lane whose thread is stuck is done by a new thread, and the old one's return changes nothing."""
    lanes, release = Lanes(depth=1), threading.Event()
    stuck = lanes.submit("a", release.wait)
    lanes.abandon("a")
    assert await asyncio.wait_for(lanes.submit("a", lambda: 1), 5) == 1
    release.set()
    await asyncio.wait_for(stuck, 5)
    assert lanes.room("a") == 1
    lanes.close()


def test_a_stuck_lane_does_not_hold_the_process() -> None:
    """A process ends at once although a peer holds one of its lanes."""
    program = """
        import asyncio, time
        from notifier.lanes import Lanes
        async def main():
            lanes = Lanes()
            lanes.submit("stuck", lambda: time.sleep(60))
            lanes.close()
        asyncio.run(main())
    """
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=30)
    assert time.monotonic() - began < 10
