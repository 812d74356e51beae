"""Two doors to one application: TCP for people and machines, a unix socket for the operator's commands."""

import os
import socket
from collections.abc import Collection
from pathlib import Path

import structlog
from aiohttp import web

from detector.api.patience import Patience

log = structlog.get_logger()

SHUTDOWN_SECONDS = 0.5  # a request in flight may end; a slow peer does not hold the daemon up
LINGER_SECONDS = 1.0  # for what was refused before it had arrived
HEAD_SECONDS = 20.0  # until the first request of a connection is there
IDLE_SECONDS = 75.0  # between two requests of one connection
SOCKET_NAME = "tocsin.sock"


class BindFailed(Exception):
    """The address cannot be listened on. The message says which and what to do."""


class Server:
    """The listening side of the daemon."""

    def __init__(self, app: web.Application, *, patience_seconds: float = HEAD_SECONDS) -> None:
        self._patience = Patience(patience_seconds)
        self._patience.listen(app)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=SHUTDOWN_SECONDS,
            auto_decompress=False,  # who takes a body in gzip inflates it himself, within his bounds
            lingering_time=LINGER_SECONDS,
            keepalive_timeout=IDLE_SECONDS,
        )
        self.url = ""  #: where a browser on this machine finds us, e.g. ``http://127.0.0.1:8787``

    async def start(self, host: str, port: int, socket_path: Path) -> None:
        """Listen on TCP *host*:*port* (0: any free port) and on *socket_path* (mode 0600).

        Raises:
            BindFailed: the address is in use or not ours.
        """
        await self._runner.setup()
        self._patience.begin(self._connections)
        await self._listen_tcp(host, port)
        socket_path.unlink(missing_ok=True)  # noqa: ASYNC240 (the lock is ours: who left it is dead)
        await web.SockSite(self._runner, _private_socket(socket_path)).start()

    async def stop(self) -> None:
        """Stop listening; requests in flight get half a second."""
        self._patience.end()
        await self._runner.cleanup()

    def _connections(self) -> Collection[web.RequestHandler]:
        return self._runner.server.connections if self._runner.server else ()

    async def _listen_tcp(self, host: str, port: int) -> None:
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            raise BindFailed(
                f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}; "
                f"stop what uses it (ss -ltnp), or set http.listen to another address"
            ) from error
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._runner.addresses[0][1]}"


def _private_socket(path: Path) -> socket.socket:
    """A unix socket that only our own user can open."""
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        door.bind(str(path))
    except OSError as error:
        raise BindFailed(f"cannot open the command socket {path}: {error.strerror or error}") from error
    finally:
        os.umask(before)
    return door
