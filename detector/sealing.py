"""Seals what changed: every minute, and once more when the daemon stops."""

import asyncio
from datetime import timedelta
from pathlib import Path

import structlog

from detector import keyring
from store.clock import Clock
from store.database import Store
from store.errors import StoreBusy, StoreUnavailable
from store.repository.record import seals
from store.seals import Keys, Seal, read
from store.tx import Tx

log = structlog.get_logger()

EVERY = timedelta(minutes=1)


async def keys_of(folder: Path, store: Store) -> Keys:
    """The keys of this installation; the first start makes one.

    Raises:
        KeyUnusable: The file is not there although seals were made with it, or it cannot be used.
    """
    last = await store.read(seals.last)
    return Keys(keyring.seal_seeds(folder, sealed_with=None if last is None else _key_of(last)))


class Sealing:
    """Makes seals; a quiet minute makes none."""

    def __init__(self, store: Store, clock: Clock, keys: Keys) -> None:
        self._store = store
        self._clock = clock
        self._keys = keys

    async def announce(self) -> None:
        """Have the installation's own chain say which key signs from here on."""
        await self._store.write(lambda tx: seals.announce(tx, self._keys))

    async def run(self, stop: asyncio.Event) -> None:
        """Seal every minute until *stop*."""
        while not stop.is_set():
            await self._clock.wait_until(self._clock.now() + EVERY, stop)
            if not stop.is_set():
                await self.seal()

    async def seal(self) -> None:
        """Seal now. What a busy store refuses is sealed a minute later, or after the next start."""
        try:
            if await self._store.read(seals.is_due):
                await self._store.write(self._make)
        except (StoreBusy, StoreUnavailable) as error:
            log.warning("store refused a seal", error=str(error))

    def _make(self, tx: Tx) -> None:
        seals.make(tx, self._keys)


def _key_of(last: Seal) -> str:
    try:
        return read(last.body).key
    except ValueError:
        return "unknown"
