"""What holds on every route: other methods are refused with those there are, and HEAD is GET without a body."""

import re
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path

import pytest
from support.fakes import START, FakeClock
from support.routes import routes
from support.site import ANA, Site
from support.store import finding, open_store

from store.repository.grouping import findings
from store.repository.people import persons
from store.tx import Tx


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """One open incident and a responder."""
    clock = FakeClock(START.astimezone(UTC))

    def fill(tx: Tx) -> None:
        persons.upsert_from_config(tx, [ANA])
        findings.take(tx, finding())

    async with open_store(f"sqlite:///{tmp_path / 't.db'}", clock, tmp_path) as store:
        await store.write(fill)
        made = Site(store, clock, tmp_path)
        await made.start()
        yield made
        await made.stop()


def methods() -> dict[str, set[str]]:
    """The methods of each path, with 1 for what stands for something."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for method, path in routes():
        found[re.sub(r"\{\w+\}", "1", path)] |= {method, "HEAD"} if method == "GET" else {method}
    return found


async def test_other_methods_are_refused_with_those_there_are(site: Site) -> None:
    """405 names in Allow what may be done, on every route of API and pages."""
    wrong = {}
    for path, there in methods().items():
        async with site.operator.request("PATCH", f"http://tocsin{path}") as answer:
            allowed = set(filter(None, answer.headers.get("Allow", "").split(",")))
            if answer.status != 405 or not there <= allowed or "PATCH" in allowed:
                wrong[path] = (answer.status, allowed)
    assert wrong == {}


async def test_head_is_get_without_a_body(site: Site) -> None:
    """Status and headers are those of GET, on every route that can be read, whoever asks."""
    wrong: dict[str, object] = {}
    same = ("Content-Type", "ETag", "Link", "Allow", "Cache-Control")
    for path in (path for path, there in methods().items() if "GET" in there):
        told = []
        for method in ("GET", "HEAD"):
            async with site.operator.request(method, f"http://tocsin{path}", allow_redirects=False) as answer:
                told.append((answer.status, [answer.headers.get(name) for name in same]))
                if answer.status >= 500 or (method == "HEAD" and await answer.read()):
                    wrong[path] = told[-1]
        if told[0] != told[1]:
            wrong[path] = tuple(told)
    assert wrong == {}


async def test_who_cannot_take_anything_in_says_so_and_who_can_says_what_is_wrong(site: Site) -> None:
    """The process answers whatever is wrong; ready is who takes in, and the rest is told beside it."""
    for path in ("/healthz", "/readyz"):
        async with site.browser.get(path) as answer:
            assert answer.status == 200
    assert (await site.ask("GET", "/readyz"))[1] == {"ready": True, "degraded": []}
