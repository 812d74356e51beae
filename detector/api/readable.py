"""What a form must be before anybody looks at what it says: of the one kind that our pages send, in UTF-8, and there in
time. Anything else is refused here, once, so that no page fails on it.
"""

import asyncio
from typing import Final

from aiohttp import hdrs, web
from aiohttp.http_exceptions import TransferEncodingError

from detector.api.problem import Problem

FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
#: What the codecs of Python understand beside these is nobody's script: some never end, some make text that is none.
CHARSETS: Final = frozenset({None, "utf-8", "utf8"})
#: For a form to arrive.
SECONDS: Final = 15.0
#: The page has bounds of its own, and shows again whatever came; the API reads JSON, whatever the sender calls it.
READ_THEMSELVES: Final = ("/feedback", "/api/")


async def require_readable_form(request: web.Request, seconds: float = SECONDS) -> None:
    """Raise if what is posted is a form that cannot be read.

    Raises:
        Problem: 415 it is of another kind, or not in UTF-8; 400 it cannot be read; 408 it takes too long.
    """
    if request.method != hdrs.METH_POST or request.path.startswith(READ_THEMSELVES):
        return
    if request.content_type == MULTIPART:
        raise Problem(415, "unsupported_media_type", f"forms are sent as {FORM} here")
    if request.content_type != FORM:
        return
    if (request.charset.lower() if request.charset else None) not in CHARSETS:
        raise Problem(415, "unsupported_media_type", "forms are sent in UTF-8 here")
    await whole_body(request, seconds)
    try:
        await request.post()
    except UnicodeDecodeError:
        raise Problem(400, "not_a_form", "the form cannot be read: it is not UTF-8") from None


async def whole_body(request: web.Request, seconds: float = SECONDS) -> bytes:
    """The body, which aiohttp bounds in size.

    Raises:
        Problem: 408 it takes too long; 400 it breaks off.
    """
    try:
        async with asyncio.timeout(seconds):
            return await request.read()
    except TimeoutError:
        raise Problem(408, "too_slow", f"the body did not arrive within {seconds:g} s") from None
    except (web.RequestPayloadError, TransferEncodingError, ConnectionResetError) as error:
        raise Problem(400, "broken_body", f"the body cannot be read: {str(error)[:200]}") from None
