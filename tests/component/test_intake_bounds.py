"""Whoever hands in too much, too deep, too slowly or too often is bounded, and others are served meanwhile."""

import asyncio
import gzip
import io
import json
import os
import shutil
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry
from support.fakes import START, FakeClock
from support.handed_in import GRAFANA
from support.site import Site
from support.store import open_store, sqlite_url

from detector.api.server import Server
from detector.intake.bodies import MOST_BYTES, Bodies
from detector.intake.mappings import preset
from detector.intake.settings import Intake, Proof
from detector.metrics import Metrics
from store.repository.intake import inbox

SECRET = {"Authorization": "Bearer s3cret"}
ALERT = json.dumps({"name": "disk full", "severity": "purple"}).encode()
SOAK_SECONDS = float(os.environ.get("TOCSIN_SOAK_SECONDS", "0"))


@asynccontextmanager
async def serving(template: Path, folder: Path, queue_limit: int = 1024) -> AsyncIterator[Site]:
    """Intakes whose senders have a key; SQLite alone, because the bounds stand before the store."""
    shutil.copy(template, folder)
    clock = FakeClock(START)
    async with open_store(sqlite_url(folder), clock, folder, queue_limit=queue_limit) as store:
        made = Site(store, clock, folder)
        made.intakes["native"] = Intake(name="native", kind="alerts", secret="s3cret")
        made.intakes["grafana"] = Intake(name="grafana", kind="mapped", secret="s3cret", mapping=preset("grafana"))
        made.intakes["signed"] = Intake(name="signed", kind="alerts", proof=Proof.HMAC, secret="s3cret")
        await made.start()
        yield made
        await made.stop()


@pytest.fixture
async def site(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """One that is ready."""
    async with serving(sqlite_template, tmp_path) as made:
        yield made


@pytest.fixture
def count(site: Site) -> Callable[..., float]:
    """What the counters of the doors stand at."""
    metrics = Metrics(CollectorRegistry())
    site.doors.observer = metrics
    return lambda name, **labels: metrics.registry.get_sample_value(name, labels) or 0


async def post(site: Site, path: str, body: bytes, **headers: str) -> tuple[int, str]:
    """Status and code of an answer."""
    async with site.browser.post(path, data=io.BytesIO(body), headers=SECRET | headers) as answer:
        told = json.loads(await answer.read() or b"{}")
        return answer.status, told.get("code", "")


async def kept(site: Site, name: str) -> list[bytes]:
    return [one.body for one in await site.store.read(lambda connection: inbox.after(connection, name, 0))]


async def until(look: Callable[[], bool]) -> None:
    """Step the loop until it is so; the time limit of the test ends it otherwise."""
    while not look():  # noqa: ASYNC110 (nobody tells)
        await asyncio.sleep(0)


async def half_a_request(site: Site, head: str, body: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which not all that was promised was sent."""
    host, _, port = site.server.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"POST {head}\r\nHost: t\r\n\r\n".encode() + body)
    await writer.drain()
    return reader, writer


async def test_a_mapped_body_is_kept_as_it_came(site: Site) -> None:
    """Inflated, if it came in gzip; what the reader makes of it is alerts."""
    plain, zipped, deflated = (json.dumps(GRAFANA).replace("db1", host).encode() for host in ("db1", "db7", "db8"))
    assert (await post(site, "/hooks/grafana", plain))[0] == 202
    assert (await post(site, "/hooks/grafana", gzip.compress(zipped), **{"Content-Encoding": "gzip"}))[0] == 202
    assert (await post(site, "/hooks/grafana", zlib.compress(deflated), **{"Content-Encoding": "deflate"}))[0] == 202
    assert await kept(site, "grafana") == [plain, zipped, deflated]
    assert await post(site, "/hooks/grafana", b'{"title": "?"}') == (400, "not_accepted")


async def test_what_is_refused_and_how(site: Site, count: Callable[..., float]) -> None:
    """Each with its own status; nothing of it is kept, and nothing of it is held in memory afterwards."""
    bomb = gzip.compress(b" " * 50_000_000, 9)
    deep = b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for body, headers, wanted in (
        (b" " * (MOST_BYTES + 1), {}, (413, "request_entity_too_large")),
        (bomb, {"Content-Encoding": "gzip"}, (413, "request_entity_too_large")),
        (ALERT, {"Content-Encoding": "gzip"}, (400, "not_accepted")),
        (gzip.compress(ALERT)[:-9], {"Content-Encoding": "gzip"}, (400, "not_accepted")),
        (ALERT, {"Content-Encoding": "br"}, (415, "unsupported_encoding")),
        (ALERT, {"Content-Encoding": "gzip, gzip"}, (415, "unsupported_encoding")),
        (deep, {}, (400, "not_accepted")),
        (b'{"name": "a", "labels": ' + b'{"a":' * 60 + b"1" + b"}" * 61, {}, (400, "not_accepted")),
        (ALERT, {"Authorization": "Bearer wrong"}, (401, "not_verified")),
    ):
        assert await post(site, "/hooks/native", body, **headers) == wanted, body[:20]
    assert await kept(site, "native") == []
    assert site.doors.bodies.held == 0
    assert count("tocsin_intake_requests_total", intake="native", status="401") == 1
    assert count("tocsin_intake_requests_total", intake="native", status="400") == 4


async def test_a_severity_that_nobody_knows_is_counted(site: Site, count: Callable[..., float]) -> None:
    """It is taken, and there is a figure to watch."""
    assert (await post(site, "/hooks/native", b"[" + ALERT + b"," + ALERT + b"]"))[0] == 202
    assert count("tocsin_intake_unknown_severities_total", intake="native") == 2
    assert count("tocsin_intake_requests_total", intake="native", status="202") == 1


async def test_a_slow_client_is_let_go(site: Site, count: Callable[..., float]) -> None:
    """Its time is up, whatever it still promises; others are served meanwhile."""
    site.doors.bodies = Bodies(seconds=0.2)
    head = f"/hooks/native HTTP/1.1\r\nContent-Length: 1000\r\nAuthorization: {SECRET['Authorization']}"
    slow = [await half_a_request(site, head, b'{"name"') for _ in range(20)]
    assert (await post(site, "/hooks/native", ALERT))[0] == 202
    answers = [await asyncio.wait_for(reader.readline(), 5) for reader, _ in slow]
    assert {line.split()[1] for line in answers} == {b"408"}
    assert site.doors.bodies.held == 0
    for _, writer in slow:
        writer.close()


async def test_who_never_asks_is_let_go(tmp_path: Path) -> None:
    """Half a head, or nothing at all: the connection ends; one that asked is left alone."""
    app = web.Application()
    app.router.add_get("/", _answered)
    server = Server(app, patience_seconds=0.2)
    await server.start("127.0.0.1", 0, tmp_path / "s")
    host, _, port = server.url.removeprefix("http://").partition(":")
    connections = [await asyncio.open_connection(host, int(port)) for _ in range(3)]
    connections[1][1].write(b"POST / HTTP/1.1\r\nHo")
    connections[2][1].write(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
    asked = connections[2][0]
    assert b"200" in await asked.readline()
    ends = [await asyncio.wait_for(reader.read(), 5) for reader, _ in connections[:2]]
    assert ends == [b"", b""]
    connections[2][1].write(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
    await asyncio.wait_for(asked.readuntil(b"HTTP/1.1 200"), 5)
    for _, writer in connections:
        writer.close()
    await server.stop()


async def _answered(_: web.Request) -> web.Response:
    return web.Response()


async def test_of_who_has_no_key_nothing_is_read(site: Site) -> None:
    """The answer comes before the body does."""
    head = "/hooks/native HTTP/1.1\r\nContent-Length: 1000000\r\nAuthorization: Bearer wrong"
    reader, writer = await half_a_request(site, head)
    assert (await asyncio.wait_for(reader.readline(), 5)).split()[1] == b"401"
    writer.close()


async def test_all_bodies_together_are_bounded(site: Site, count: Callable[..., float]) -> None:
    """Who comes when there is no room is told to come again; there is room again once others are gone."""
    site.doors.bodies = Bodies(most_at_once=100_000)
    head = f"/hooks/native HTTP/1.1\r\nContent-Length: 99999\r\nAuthorization: {SECRET['Authorization']}"
    _, first = await half_a_request(site, head, b"{" + b" " * 90_000)
    await until(lambda: site.doors.bodies.held >= 90_000)
    large = json.dumps({"name": "a", "annotations": {"text": "x" * 9_999}}).encode()
    async with site.browser.post("/hooks/native", data=large, headers=SECRET) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    assert (await post(site, "/hooks/native", ALERT))[0] == 202
    first.close()
    await until(lambda: not site.doors.bodies.held)
    assert (await post(site, "/hooks/native", large))[0] == 202


async def test_a_store_that_takes_nothing_now(site: Site) -> None:
    """The sender is asked to come again, and nothing says that it was kept."""
    await site.store.close()
    async with site.browser.post("/hooks/native", data=ALERT, headers=SECRET) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        assert (await answer.json())["code"] == "store_unavailable"
    assert site.handed_in == []


async def test_a_store_that_is_busy(sqlite_template: Path, tmp_path: Path) -> None:
    """The same, when too many writes wait."""
    async with serving(sqlite_template, tmp_path, queue_limit=0) as busy:
        assert await post(busy, "/hooks/native", ALERT) == (503, "store_unavailable")


async def test_a_key_that_came_before_with_another_body(site: Site) -> None:
    """It is refused, for an alert must not be taken for kept that is not."""
    assert (await post(site, "/hooks/native", ALERT, **{"Idempotency-Key": "k"}))[0] == 202
    assert (await post(site, "/hooks/native", ALERT, **{"Idempotency-Key": "k"}))[0] == 202
    other = await post(site, "/hooks/native", b'{"name": "other"}', **{"Idempotency-Key": "k"})
    assert other == (422, "idempotency_key_reused")
    assert len(await kept(site, "native")) == 1


async def many(site: Site, count: int) -> list[int]:
    """So many posts at once, a bomb, something deep and something too large among them."""
    bomb, deep = gzip.compress(b" " * 4_000_000, 9), b"[" * 50_000

    async def one(number: int) -> int:
        match number % 10:
            case 7:
                return (await post(site, "/hooks/native", bomb, **{"Content-Encoding": "gzip"}))[0]
            case 8:
                return (await post(site, "/hooks/native", deep))[0]
            case 9:
                return (await post(site, "/hooks/signed", ALERT))[0]
            case _:
                return (await post(site, "/hooks/native", ALERT))[0]

    return list(await asyncio.gather(*map(one, range(count))))


def of_each(statuses: list[int]) -> dict[int, int]:
    return {status: statuses.count(status) for status in set(statuses)}


async def test_a_hundred_at_once(site: Site, count: Callable[..., float]) -> None:
    """Each gets its answer, and what was accepted is kept."""
    assert of_each(await many(site, 100)) == {202: 70, 413: 10, 400: 10, 401: 10}
    assert site.doors.bodies.held == 0
    assert count("tocsin_intake_requests_total", intake="native", status="202") == 70


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_a_thousand_at_once(site: Site, count: Callable[..., float]) -> None:
    """The same with more, again and again; some may be told to come again."""
    loop = asyncio.get_running_loop()
    end, accepted = loop.time() + min(SOAK_SECONDS, 20), 0
    while True:
        found = of_each(await many(site, 1000))
        accepted += found[202]
        assert sum(found.values()) == 1000
        assert set(found) <= {202, 413, 400, 401, 503}
        assert found[202] + found.get(503, 0) >= 700
        if loop.time() > end:
            break
    assert count("tocsin_intake_requests_total", intake="native", status="202") == accepted
    assert site.doors.bodies.held == 0


def test_bounds_are_those_of_the_documents() -> None:
    """1 MiB, as the page says."""
    page = Path(__file__).parents[2] / "docs" / "how-to" / "hand-in-alerts.md"
    assert MOST_BYTES == 1024 * 1024
    assert "1 MiB" in page.read_text()
