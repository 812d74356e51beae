"""Is it alive, does it take anything in, what does it count."""

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from detector.api.identity import require_admin, require_known
from detector.api.keys import LOOK, READINESS, REGISTRY, RELOAD, STATUS
from detector.api.wire import answer

routes = web.RouteTableDef()


@routes.get("/healthz")
async def healthz(_request: web.Request) -> web.Response:
    """The process answers."""
    return web.Response(text="ok\n")


@routes.get("/readyz")
async def readyz(request: web.Request) -> web.Response:
    """503 only when nothing can be taken in; everything else that is wrong is named in ``degraded``."""
    readiness = await request.app[READINESS]()
    return answer(readiness, status=200 if readiness.ready else 503)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Counters and histograms in Prometheus' text format."""
    await request.app[LOOK]()
    body = generate_latest(request.app[REGISTRY])
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


@routes.get("/api/v1/status")
async def status(request: web.Request) -> web.Response:
    """Everything that ``tocsin status`` shows."""
    require_known(request)
    return answer(await request.app[STATUS]())


@routes.post("/-/reload")
async def reload(request: web.Request) -> web.Response:
    """Read configuration and rules again; on any error the old ones keep running (422 names them all)."""
    require_admin(request)
    result = await request.app[RELOAD]()
    return answer(result, status=200 if result.applied else 422)
