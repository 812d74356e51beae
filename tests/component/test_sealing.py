"""The daemon's sealing: every minute in which something changed; a key that is never lost in silence."""

import asyncio
from pathlib import Path

import pytest
from support.fakes import FakeClock
from support.store import finding

from detector import keyring
from detector.sealing import Sealing, keys_of
from store.database import Store
from store.repository.grouping import findings
from store.repository.keeping import verification


async def test_seals_every_minute_in_which_something_changed(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    """A minute with a change is sealed at its end, a quiet one is not; it verifies with the key in the folder."""
    keys = await keys_of(tmp_path, store)
    sealing, stop = Sealing(store, clock, keys), asyncio.Event()
    await sealing.announce()
    task = asyncio.create_task(sealing.run(stop))
    for number in range(3):
        if number != 1:
            key = f"f{number}"
            await store.write(lambda tx, key=key: findings.take(tx, finding(key, rule=key)))  # type: ignore[misc]
        while not clock.waiting_until:  # noqa: ASYNC110 (the clock stands still until somebody waits)
            await asyncio.sleep(0)
        clock.advance(60)
        while not clock.waiting_until:  # noqa: ASYNC110 (the clock stands still until somebody waits)
            await asyncio.sleep(0.001)
    stop.set()
    await task
    report = await store.read(lambda connection: verification.examine_all(connection, keys.public))
    assert (report.seals, report.unsealed, report.faults) == (2, 0, ())
    assert (tmp_path / "seal.key").stat().st_mode & 0o777 == 0o600


async def test_a_missing_key_is_not_replaced_once_there_are_seals(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """A key that is gone although seals were made with it is a reason not to start; the sentence names file and key."""
    keys = await keys_of(tmp_path, store)
    assert (await keys_of(tmp_path, store)).id == keys.id
    sealing = Sealing(store, clock, keys)
    await sealing.announce()
    await sealing.seal()
    (tmp_path / "seal.key").unlink()
    with pytest.raises(keyring.KeyUnusable, match=rf"seal\.key is missing.*{keys.id}"):
        await keys_of(tmp_path, store)
    assert not (tmp_path / "seal.key").exists()


async def test_a_changed_key_is_an_entry(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    """A key appended to the file signs from then on, the installation's chain says so, and old seals still hold."""
    first = await keys_of(tmp_path, store)
    await Sealing(store, clock, first).announce()
    await Sealing(store, clock, first).seal()
    with (tmp_path / "seal.key").open("a") as file:
        file.write("ab" * 32 + "\n")
    both = await keys_of(tmp_path, store)
    assert both.id != first.id
    for _ in range(2):
        await Sealing(store, clock, both).announce()
        await Sealing(store, clock, both).seal()
    report = await store.read(lambda connection: verification.examine_all(connection, both.public))
    assert (report.entries, report.seals, report.faults) == (2, 2, ())


@pytest.mark.parametrize("text", ["", "no key\n", "ab" * 31])
def test_a_broken_key_is_refused(tmp_path: Path, text: str) -> None:
    """A key file that holds anything else is named, never overwritten."""
    (tmp_path / "seal.key").write_text(text)
    with pytest.raises(keyring.KeyUnusable, match=r"seal\.key"):
        keyring.seal_seeds(tmp_path, sealed_with=None)
    assert (tmp_path / "seal.key").read_text() == text
