"""The installed command as a process: started, watched over its socket, stopped or killed, by its own id only."""

import atexit
import functools
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self, TypeVar

from support.logs import FAILED_PASSWORD_RULE

T = TypeVar("T")

#: The console script of the environment that runs the tests: the checkout's, or the wheel's.
TOCSIN = str(Path(sys.executable).parent / "tocsin")
READY_SECONDS = 30.0
STOP_SECONDS = 15.0
#: Between two looks, in seconds.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.12
STORE_FILE = "tocsin.db"

#: Run before the command, in its process: it must not outlive a test run that was killed. (In place of a preexec_fn,
#: which is not safe beside threads.) PR_SET_PDEATHSIG is 1.
ENDS_WITH_US = (
    sys.executable,
    "-ISc",
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])",
)

#: One log, one person, one file to which messages go.
CONFIG = """\
[daemon]
state_dir = "var"

[http]
listen = "127.0.0.1:0"

[[source]]
name = "auth"
path = "auth.log"
start = "beginning"

[[person]]
id = "ana"
name = "Ana"
roles = ["responder"]

[[receiver]]
name = "file"
person = "ana"
url = "tocsin-file://outbox.txt"

[[route]]
receiver = ["file"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back on a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def eventually(
    look: Callable[[], T | None], what: str, seconds: float = 20.0, context: Callable[[], object] | None = None
) -> T:
    """Call *look* until what it returns is true, and return that.

    Raises:
        AssertionError: it was not within *seconds*; says *what* was awaited and what *context* tells.
    """
    end, pause = time.monotonic() + seconds, SHORTEST_PAUSE
    while True:
        if found := look():
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}\n{context() if context else ''}")
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)  # each look costs the daemon time, too


@functools.cache
def up_to_date() -> Path:
    """A database that ``tocsin db upgrade`` made, once for all daemons of a run; it goes with the run."""
    folder = tempfile.TemporaryDirectory(prefix="tocsin-")
    atexit.register(folder.cleanup)
    config = Path(folder.name, "config.toml")
    config.write_text(CONFIG)
    command = [TOCSIN, "db", "upgrade", "--config", "config.toml"]
    subprocess.run(command, cwd=folder.name, check=True, capture_output=True)
    return config.parent / "var" / STORE_FILE


class Daemon:
    """``tocsin run`` on a configuration of its own, in a folder of its own.

    Args:
        folder: Where configuration, logs and state are; short, because a unix socket's path is limited.
        config: The configuration's text; paths in it are relative to *folder*.
        files: Further files to write, by relative path (rules, logs).
        environment: Variables to add.
        begins_empty: It finds a database without tables; else one that is up to date and holds nothing, which is
            quicker.
    """

    def __init__(
        self,
        folder: Path,
        *,
        config: str = CONFIG,
        files: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        begins_empty: bool = False,
    ) -> None:
        self.folder = folder
        self.begins_empty = begins_empty or 'state_dir = "var"' not in config
        self.environment = dict(environment or {})
        self.process: subprocess.Popen[bytes] | None = None
        self.write("config.toml", config)
        for name, text in (files or {}).items():
            self.write(name, text)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    # The process.

    @property
    def state_dir(self) -> Path:
        """Where the daemon keeps what it must not forget."""
        return self.folder / "var"

    @property
    def database(self) -> Path:
        """Its SQLite file."""
        return self.state_dir / STORE_FILE

    @property
    def console(self) -> str:
        """Everything it has printed, over all its lives."""
        return self._text("console.txt")

    @property
    def log(self) -> str:
        """Everything it has logged, over all its lives."""
        return self._text("log.txt")

    @property
    def said(self) -> str:
        """Console and log, to be shown when a test fails."""
        return f"--- console\n{self.console[-4000:]}\n--- log\n{self.log[-8000:]}"

    def start(self, *options: str) -> Self:
        """Start it and wait until it is ready."""
        self.launch(*options)
        eventually(self._is_ready, "the daemon is ready", READY_SECONDS, lambda: self.said)
        return self

    def launch(self, *options: str) -> subprocess.Popen[bytes]:
        """Start it and do not wait."""
        assert self.process is None or self.process.poll() is not None, "it runs already"
        if not self.begins_empty and not self.state_dir.exists():
            self.state_dir.mkdir(mode=0o700)
            shutil.copy(up_to_date(), self.database)
        with self._append_to("console.txt") as console, self._append_to("log.txt") as log:
            self.process = subprocess.Popen(
                [*ENDS_WITH_US, TOCSIN, "run", "--config", "config.toml", *options],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        return self.process

    def stop(self) -> int:
        """Ask it to stop (SIGTERM), wait, and return its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """SIGKILL to the daemon alone; its engine must notice by itself. Harmless if it is already gone."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(STOP_SECONDS)

    def kill_engine(self) -> bool:
        """SIGKILL to the engine child; False if there was none at this moment."""
        for pid in self.children():
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    def children(self) -> list[int]:
        """Process ids of the daemon's children that run the engine."""
        if self.process is None or self.process.poll() is not None:
            return []
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        pids = [int(pid) for task in tasks for pid in task.read_text().split()]
        return [pid for pid in pids if b"engine_child" in _command_line(pid)]

    # Its files.

    def write(self, name: str, text: str) -> Path:
        """Write *text* to a file in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def append(self, name: str, lines: Iterable[str]) -> None:
        """Append whole *lines* to a log."""
        with (self.folder / name).open("a") as log:
            log.writelines(f"{line}\n" for line in lines)

    def outbox(self, name: str = "outbox.txt") -> str:
        """What the file receiver got so far."""
        return self._text(name)

    # Its faces.

    def get(self, path: str, *, token: str | None = None) -> Answer:
        """GET over the command socket."""
        return self.request("GET", path, token=token)

    def post(self, path: str, body: object = None, *, token: str | None = None) -> Answer:
        """POST JSON over the command socket."""
        return self.request("POST", path, json.dumps(body or {}).encode(), token=token)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        token: str | None = None,
        version: int | None = None,
    ) -> Answer:
        """Any request over the command socket, upon *version* if given."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return _exchange(_SocketConnection(self.state_dir / "tocsin.sock", 10), method, path, body, headers)

    def hand_in(self, path: str, body: bytes, *, secret: str = "") -> Answer:
        """What another system sends over TCP, with the secret of an intake."""
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        host = self.url.partition("://")[2]
        return _exchange(http.client.HTTPConnection(host, timeout=10), "POST", path, body, headers)

    def visit(self, url: str, method: str = "GET", form: bytes | None = None) -> Answer:
        """A browser's request to a link in a message: *url* over TCP, without cookies, redirects not followed."""
        _, _, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        return _exchange(http.client.HTTPConnection(host, timeout=10), method, slash + path, form, headers)

    def status(self) -> dict[str, Any]:
        """The daemon's own account of itself."""
        found: dict[str, Any] = self.get("/api/v1/status").json()
        return found

    def lines_read(self, source: str) -> int:
        """How many lines of *source* are read and stored."""
        return sum(stream["lines"] for stream in self.status()["sources"] if stream["source"] == source)

    def incidents(self, limit: int = 50) -> list[dict[str, Any]]:
        """The newest incidents."""
        found: list[dict[str, Any]] = self.get(f"/api/v1/incidents?limit={limit}").json()["items"]
        return found

    def incident(self, number: int) -> dict[str, Any]:
        """One incident with all that belongs to it."""
        found: dict[str, Any] = self.get(f"/api/v1/incidents/{number}").json()
        return found

    @property
    def url(self) -> str:
        """Where a browser finds it, e.g. http://127.0.0.1:40123."""
        return str(self.status()["http"]["url"]).rstrip("/")

    def command(self, *arguments: str, seconds: float = 30.0) -> subprocess.CompletedProcess[str]:
        """Run another verb in the same folder, on the same configuration."""
        return tocsin(*arguments, folder=self.folder, seconds=seconds)

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the daemon ended with {self.process.returncode}\n{self.said}"
        try:
            return self.get("/readyz").status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def _text(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(errors="replace") if path.exists() else ""

    def _append_to(self, name: str) -> IO[bytes]:
        return (self.folder / name).open("ab")


def failed_password_daemon(folder: Path) -> Daemon:
    """A daemon, not started, for which each address that fails to log in is an incident."""
    files = {"rules/failed.yml": FAILED_PASSWORD_RULE, "auth.log": ""}
    return Daemon(folder, config=CONFIG + '\n[rules]\npaths = ["rules"]\n', files=files)


def tocsin(*arguments: str, folder: Path, seconds: float = 30.0) -> subprocess.CompletedProcess[str]:
    """Run the installed command in *folder* to its end."""
    return subprocess.run(
        [TOCSIN, *arguments], cwd=folder, capture_output=True, text=True, timeout=seconds, check=False
    )


def _exchange(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
) -> Answer:
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return Answer(status=answer.status, headers=dict(answer.getheaders()), body=answer.read())
    finally:
        connection.close()


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
