"""Persons and tokens while no daemon runs: this command takes the daemon's lock and answers with the daemon's routes.

Nothing but the daemon writes while it runs, and both write in the same way: here the same routes stand on the same
store, behind a socket in a folder of their own that only this process knows.
"""

import asyncio
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from detector.cli.client import Client, connect
from detector.cli.output import Failure, Misuse, Unreachable

T = TypeVar("T")


class Either(Client):
    """The daemon's API; while no daemon has the store, that of this command.

    Args:
        daemon: How to reach the daemon.
        config_path: The configuration that says where the store is.
        token: Who acts; "": the account that runs the command.
    """

    def __init__(self, daemon: Client, config_path: Callable[[], Path], token: str) -> None:
        self._daemon = daemon
        self._config_path = config_path
        self._token = token

    def get(self, path: str, query: Mapping[str, object] | None = None) -> Any:
        """What is there, as JSON."""
        return self._either(lambda client: client.get(path, query))

    def post(self, path: str, body: Mapping[str, object], *, version: int | None = None) -> Any:
        """Hand *body* over and return the answer."""
        return self._either(lambda client: client.post(path, body, version=version))

    def delete(self, path: str) -> None:
        """Remove what is there."""
        self._either(lambda client: client.delete(path))

    def _either(self, ask: Callable[[Client], T]) -> T:
        try:
            return ask(self._daemon)
        except Unreachable as unreachable:
            return _alone(self._config_path(), ask, self._token, unreachable)


def _alone(config_path: Path, ask: Callable[[Client], T], token: str, unreachable: Unreachable) -> T:
    from detector.config.load import load
    from detector.config.loaded import ConfigErrors
    from store.errors import AlreadyRunning, StoreError

    try:
        config = load(config_path).config
    except ConfigErrors as error:
        raise Misuse(str(error)) from None
    folder = Path(config.daemon.state_dir)
    _refuse_for_others(folder)
    try:
        return asyncio.run(_answer(config, folder, ask, token))
    except AlreadyRunning as error:
        raise Unreachable(f"{unreachable.message}\nIt holds its lock, but does not answer: {error}") from None
    except StoreError as error:
        raise Failure(f"no daemon runs, and the store cannot be opened without it: {error}") from None


def _refuse_for_others(folder: Path) -> None:
    """What root made here the daemon could not open."""
    if folder.exists() and folder.stat().st_uid != os.geteuid():
        raise Failure(f"no daemon runs, and {folder} belongs to another account: run this as that account")


async def _answer(config: Any, folder: Path, ask: Callable[[Client], T], token: str) -> T:
    """What *ask* gets from routes on a store that is open for just so long."""
    from aiohttp import web

    from detector import keyring
    from detector.api import keys
    from detector.api.application import new_application
    from detector.passwords import Passwords
    from notifier.links import Links
    from store.clock import SystemClock
    from store.database import Store

    clock, url = SystemClock(), config.store_url
    keyring.state_dir(folder)
    store = await Store.open(url, clock, lock_dir=folder, upgrade=url.startswith("sqlite"))
    app = new_application()
    app[keys.STORE] = store
    app[keys.CLOCK] = clock
    app[keys.PASSWORDS] = Passwords()
    links = Links(keyring.link_secrets(folder), config.http.base_url or f"http://{config.http.listen}")
    app[keys.LINKS] = lambda: links
    app[keys.NEW_SECRET] = lambda: secrets.token_urlsafe(32)
    runner = web.AppRunner(app, access_log=None)
    try:
        await runner.setup()
        with tempfile.TemporaryDirectory(prefix="tocsin-") as private:
            door = Path(private, "socket")
            await web.UnixSite(runner, str(door)).start()
            return await asyncio.to_thread(ask, connect(door, url=None, token=token))
    finally:
        await runner.cleanup()
        await store.close()
