"""The bodies of requests that hand something in: bounded each in size and time, and all together in memory."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import hdrs, web
from aiohttp.http_exceptions import TransferEncodingError

from detector.api.problem import Problem

#: Of one body, after it was inflated.
MOST_BYTES: Final = 1024 * 1024
#: Of all bodies that are read or wait for their commit.
MOST_AT_ONCE: Final = 64 * 1024 * 1024
#: For one body to arrive.
SECONDS: Final = 15.0
#: What is inflated here, and how zlib is told which; the server itself inflates nothing.
WINDOW_BITS: Final = {"gzip": 31, "deflate": 15}


class Bodies:
    """Takes bodies in, as long as there is room."""

    def __init__(self, *, most_at_once: int = MOST_AT_ONCE, seconds: float = SECONDS) -> None:
        self._most_at_once = most_at_once
        self._seconds = seconds
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes of the bodies that are here now."""
        return self._held

    @asynccontextmanager
    async def taken(self, request: web.Request) -> AsyncIterator[bytes]:
        """The whole body, which counts until the context ends.

        Raises:
            Problem: 413 it is too large, also once inflated; 415 its encoding is none that we read; 400 it is not
                encoded as it says, or breaks off; 408 it takes too long; 503 there is no room now.
        """
        held = _Held()
        try:
            pour = _inflating(_encoding_of(request)) or _plain
            await self._read(request, held, pour)
            yield held.whole()
        finally:
            self._held -= held.size

    async def _read(self, request: web.Request, held: "_Held", pour: "Pour") -> None:
        content = request.content
        try:
            async with asyncio.timeout(self._seconds):
                while chunk := await content.readany():
                    held.came += len(chunk)
                    self._keep(held, pour(chunk, MOST_BYTES + 1 - held.size))
                self._keep(held, pour(b"", 1))
        except TimeoutError:
            raise Problem(408, "too_slow", f"the body did not arrive within {self._seconds:g} s") from None
        except (web.RequestPayloadError, TransferEncodingError, ConnectionResetError, zlib.error) as error:
            raise Problem(400, "not_accepted", f"the body cannot be read: {str(error)[:200]}") from None

    def _keep(self, held: "_Held", piece: bytes) -> None:
        if max(held.size + len(piece), held.came) > MOST_BYTES:
            raise _too_large()
        if self._held + len(piece) > self._most_at_once:
            raise Problem(503, "too_much_at_once", "too much is handed in at once; send it again")
        self._held += len(piece)
        held.add(piece)


class _Held:
    """What was taken of one body."""

    __slots__ = ("_parts", "came", "size")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.came = 0  #: bytes as they were sent
        self.size = 0  #: bytes as they are kept

    def add(self, piece: bytes) -> None:
        if piece:
            self._parts.append(piece)
            self.size += len(piece)

    def whole(self) -> bytes:
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)


#: A piece as it came, and how much of what it becomes is wanted at most; b"" as the last: raises if something lacks.
Pour = Callable[[bytes, int], bytes]


def _plain(piece: bytes, most: int) -> bytes:
    return piece


def _inflating(encoding: str) -> Pour | None:
    """Inflates no further than is asked for, however small a piece is."""
    if encoding not in WINDOW_BITS:
        return None
    inflater = zlib.decompressobj(WINDOW_BITS[encoding])

    def pour(piece: bytes, most: int) -> bytes:
        if not piece:
            if not inflater.eof:
                raise zlib.error("it breaks off")
            return b""
        if inflater.eof:
            raise zlib.error("something follows its end")
        found = inflater.decompress(piece, most)
        if inflater.unused_data:
            raise zlib.error("something follows its end")
        return found

    return pour


def _encoding_of(request: web.Request) -> str:
    encoding = request.headers.get(hdrs.CONTENT_ENCODING, "identity").strip().lower()
    if encoding != "identity" and encoding not in WINDOW_BITS:
        raise Problem(415, "unsupported_encoding", "a body is taken plain, or with Content-Encoding gzip or deflate")
    if (request.content_length or 0) > MOST_BYTES:
        raise _too_large()
    return encoding


def _too_large() -> Problem:
    return Problem(413, "request_entity_too_large", f"a body has at most {MOST_BYTES} bytes, inflated; send several")
