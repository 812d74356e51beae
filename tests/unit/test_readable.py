"""Bodies that do not arrive."""

import asyncio
from typing import cast

import pytest
from aiohttp import web
from aiohttp.http_exceptions import TransferEncodingError

from detector.api.problem import Problem
from detector.api.readable import whole_body


class Request:
    """One whose body fails so; None: it never arrives."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    async def read(self) -> bytes:
        if self.error:
            raise self.error
        await asyncio.Event().wait()
        return b""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, 408),
        (ConnectionResetError("Connection lost"), 400),
        (web.RequestPayloadError("it breaks off"), 400),
        (TransferEncodingError("a chunk is none"), 400),
    ],
)
async def test_who_sends_half_of_it_is_let_go(error: Exception | None, status: int) -> None:
    """It is their fault and no fault of ours, and no way to keep a connection."""
    with pytest.raises(Problem) as refused:
        await whole_body(cast(web.Request, Request(error)), seconds=0)
    assert refused.value.status == status
