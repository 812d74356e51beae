"""Daemons as processes. Each test module that asks for ``daemon`` has one of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.daemon import Daemon, failed_password_daemon


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A running daemon with one rule: each address that fails to log in is an incident."""
    with failed_password_daemon(tmp_path_factory.mktemp("d")) as daemon:
        yield daemon


@pytest.fixture
def idle_daemon(tmp_path: Path) -> Iterator[Daemon]:
    """The same, not started; killed at the end if the test left it running."""
    daemon = failed_password_daemon(tmp_path)
    yield daemon
    daemon.kill()
