"""Talks to the daemon: HTTP over its unix socket, or over the network with a token. Standard library only."""

import http.client
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from detector.cli.output import Failure, Misuse, Unreachable, clean

TIMEOUT_SECONDS = 30.0
LONGEST_SOCKET_PATH = 100  #: the kernel takes 107 bytes


class Client:
    """The daemon's API, one request at a time."""

    def __init__(self, connection: http.client.HTTPConnection, *, where: str, path: str = "", token: str = "") -> None:
        self._connection = connection
        self._where = where
        self._path = path
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def get(self, path: str, query: Mapping[str, object] | None = None) -> Any:
        """What is there, as JSON; parameters that are None are left out.

        Raises:
            Failure: the daemon is not reachable, or refuses.
        """
        given = {name: value for name, value in (query or {}).items() if value is not None}
        return self._ask("GET", f"{path}?{urlencode(given)}" if given else path)

    def get_file(self, path: str) -> bytes:
        """What is there, as it is. Raises as ``get`` does."""
        content: bytes = self._ask("GET", path, raw=True)
        return content

    def post(self, path: str, body: Mapping[str, object], *, version: int | None = None) -> Any:
        """Hand *body* over and return the answer. Raises as ``get`` does.

        Args:
            version: Of the record, that the one who decides has seen.
        """
        return self._ask("POST", path, json.dumps(body), {} if version is None else {"If-Match": f'"{version}"'})

    def delete(self, path: str) -> None:
        """Remove what is there. Raises as ``get`` does."""
        self._ask("DELETE", path)

    def _ask(
        self,
        method: str,
        path: str,
        body: str | None = None,
        more: Mapping[str, str] | None = None,
        *,
        raw: bool = False,
    ) -> Any:
        headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {}) | dict(more or {})
        try:
            self._connection.request(method, self._path + path, body, headers)
            response = self._connection.getresponse()
            status, content = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(self._not_reachable(error)) from None
        finally:
            self._connection.close()
        answer = _decoded(content)
        if status >= 400:
            raise Failure(_refusal(status, answer))
        if 300 <= status < 400:
            raise Misuse(f"{self._where} answered with a redirect ({status}): is it Tocsin's own address?")
        return content if raw else answer

    def _not_reachable(self, error: Exception) -> str:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if isinstance(error, PermissionError):
            advice = "Run this as the user of the daemon, or use --url with a token."
        else:
            advice = "Start it with `tocsin run`, name its configuration with --config, or its address with --url."
            if not self._where.startswith(("/", "http")):
                advice += "\nThat path is relative: this must run in the daemon's working directory."
        return f"the daemon is not reachable at {self._where}: {reason}.\n{advice}"


def connect(socket_path: Path, *, url: str | None, token: str) -> Client:
    """A client for the daemon at *url* or, without one, behind the socket at *socket_path*."""
    if not url:
        return Client(UnixConnection(socket_path), where=str(socket_path), token=token)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https"):
        raise Misuse(f'--url "{clean(url)}" is no address: write it as https://tocsin.example.org')
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=TIMEOUT_SECONDS)
    return Client(connection, where=f"{parts.scheme}://{parts.netloc}", path=parts.path.rstrip("/"), token=token)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Open the socket; a path too long for the kernel goes by way of its folder's descriptor."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_SECONDS)
        if len(os.fsencode(self._path)) <= LONGEST_SOCKET_PATH:
            self.sock.connect(str(self._path))
            return
        folder = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY)
        try:
            self.sock.connect(f"/proc/self/fd/{folder}/{self._path.name}")
        finally:
            os.close(folder)


def in_path(text: str) -> str:
    """*text* as one part of a path."""
    return quote(text, safe="")


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return None


def _refusal(status: int, answer: Any) -> str:
    """What a refusal says: the sentence for people, what is missing, what is allowed."""
    problem = answer if isinstance(answer, dict) else {}
    lines = [str(problem.get("detail") or problem.get("title") or f"the daemon answered {status}")]
    for key in ("missing", "allowed"):
        if problem.get(key):
            lines.append(f"{key}: {', '.join(map(str, problem[key]))}")
    if status in (401, 403) and "tocsin token create" not in lines[0]:
        lines.append(
            "This acts as a person only with that person's token: `tocsin token create PERSON` makes one; "
            "then set TOCSIN_TOKEN, or use --token-file."
        )
    return "\n".join(map(clean, lines))
