"""What all pages share: what is around them, and how they become an answer."""

from datetime import datetime

from aiohttp import web

from detector.api.identity import CALLER
from detector.api.keys import CLOCK, STATUS
from detector.web import views
from detector.web.pages import Pages, ago, clock

PAGES: web.AppKey[Pages] = web.AppKey("pages", Pages)


async def frame_of(request: web.Request) -> views.Frame:
    """What every page has around it; what is wrong inside is shown to those who are signed in."""
    person = request[CALLER].person
    now = request.app[CLOCK].now()
    if person is None:
        return views.Frame(now=now)
    status = await request.app[STATUS]()
    last = max((one.last_line_at for one in status.sources if one.last_line_at), default=None)
    return views.Frame(
        now=now,
        zone=person.timezone,
        person=person.name,
        degraded=status.degraded,
        last_line_at=last,
        hushed=status.summary.hushed,
    )


def at(moment: datetime, frame: views.Frame) -> str:
    """A moment in words: how long ago, and by the reader's clock."""
    return f"{ago(moment, frame.now)} ({clock(moment, frame.now, frame.zone)})"


def html(page: str, *, status: int = 200) -> web.Response:
    """A page as an answer."""
    return web.Response(text=page, status=status, content_type="text/html")
