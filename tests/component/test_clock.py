"""Waiting on the machine's clock."""

import asyncio
from datetime import timedelta

import pytest

from store.clock import SystemClock


@pytest.mark.parametrize("turns", range(6))
async def test_no_cancellation_is_lost(turns: int) -> None:
    """Who is cancelled while it is being woken ends.

    It once went on as if only woken, and a daemon whose store was taken over waited for it for ever.
    """
    clock, wake = SystemClock(), asyncio.Event()
    waiting = asyncio.create_task(clock.wait_until(clock.now() + timedelta(hours=1), wake))
    await asyncio.sleep(0)
    wake.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    was_waiting = waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled() is was_waiting


async def test_it_ends_at_its_moment() -> None:
    """Nobody has to wake it; a moment that has passed is no wait at all."""
    clock, wake = SystemClock(), asyncio.Event()
    await clock.wait_until(clock.now() - timedelta(seconds=1), wake)
    moment = clock.now() + timedelta(milliseconds=5)
    await clock.wait_until(moment, wake)
    assert clock.now() >= moment
    assert not wake.is_set()
