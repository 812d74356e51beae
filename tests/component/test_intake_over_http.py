"""Handing in over HTTP: verified, kept before it is answered, and read in order of arrival."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.site import ANA, Site
from support.store import open_store

from detector.intake.settings import Intake, Proof
from detector.sources.inbox import InboxSource
from store.repository.intake import inbox, positions
from store.repository.intake.inbox import STREAM, position_of
from store.repository.keeping import retention
from store.repository.keeping.retention import Keep
from store.repository.people import persons

ALERT = {"name": "disk full", "severity": "high", "labels": {"host": "db1"}}
WEBHOOK = {"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "Down"}}]}
REPORT = {"text": "checkout fails", "component": "checkout"}


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """An intake of each kind, on each database in turn."""
    clock = FakeClock(START)
    async with open_store(store_url, clock, tmp_path) as store:
        await store.write(lambda tx: persons.upsert_from_config(tx, [ANA]))
        made = Site(store, clock, tmp_path)
        for kind in ("alerts", "alertmanager", "prometheus", "feedback", "logs"):
            made.intakes[kind] = Intake(name=kind, kind=kind, secret=f"secret of {kind}")
        made.intakes["near"] = Intake(name="near", kind="logs", proof=Proof.NONE, format="syslog")
        await made.start()
        yield made
        await made.stop()


async def hand_in(site: Site, path: str, body: Any, *, secret: str = "", key: str = "") -> tuple[int, Any, str]:
    """Status, JSON and Location of an answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Authorization": f"Bearer {secret}" if secret else "", "Idempotency-Key": key}
    headers = {name: value for name, value in given.items() if value}
    async with site.browser.post(path, data=io.BytesIO(raw), headers=headers) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text else None, answer.headers.get("Location", "")


async def kept(site: Site, name: str) -> int:
    """How many parcels an intake has."""
    return len(await site.store.read(lambda connection: inbox.after(connection, name, 0)))


@pytest.mark.parametrize(
    ("path", "kind", "body", "status"),
    [
        ("/api/v1/alerts", "alerts", ALERT, 202),
        ("/hooks/alerts", "alerts", [ALERT, ALERT], 202),
        ("/hooks/alertmanager", "alertmanager", WEBHOOK, 200),
        ("/api/v2/alerts", "prometheus", [{"labels": {"alertname": "Down"}}], 200),
        ("/api/v1/feedback", "feedback", REPORT, 202),
        ("/api/v1/logs", "logs", b"Mar  1 03:00:00 web1 sshd[1]: hello\n", 202),
    ],
)
async def test_what_is_handed_in_is_kept_raw(site: Site, path: str, kind: str, body: Any, status: int) -> None:
    """The body stands in the inbox when the answer comes, and its reader was told."""
    code, told, location = await hand_in(site, path, body, secret=f"secret of {kind}")
    assert code == status
    [parcel] = await site.store.read(lambda connection: inbox.after(connection, kind, 0))
    assert parcel.body == (body if isinstance(body, bytes) else json.dumps(body).encode())
    assert (parcel.kind, parcel.received_at, site.handed_in) == (kind, START, [kind])
    if status == 202:
        assert (told["reference"], location) == (f"IN-{parcel.id}", f"/api/v1/inbox/{parcel.id}")


async def test_nothing_of_what_is_refused_is_kept(site: Site) -> None:
    """A wrong secret gets 401 without a reason, what can never be read 400 with one, an unknown address 404."""
    for path, body, secret, status, code in (
        ("/api/v1/alerts", ALERT, "secret of feedback", 401, "not_verified"),
        ("/api/v1/alerts", ALERT, "", 401, "not_verified"),
        ("/api/v1/alerts", {"severity": "high"}, "secret of alerts", 400, "not_accepted"),
        ("/api/v1/alerts", b"{", "secret of alerts", 400, "not_accepted"),
        ("/hooks/nobody", ALERT, "secret of alerts", 404, "not_found"),
        ("/hooks/alerts", b" " * 1_100_000, "secret of alerts", 413, "request_entity_too_large"),
    ):
        status_seen, told, _ = await hand_in(site, path, body, secret=secret)
        assert (status_seen, told["code"]) == (status, code), path
    assert [await kept(site, name) for name in site.intakes] == [0] * len(site.intakes)


async def test_a_repeated_request_is_kept_once(site: Site) -> None:
    """The key tells a repetition; without one each request counts, but for alerts, of which the same says no more."""
    for path, kind, body in (("/api/v1/alerts", "alerts", ALERT), ("/api/v1/feedback", "feedback", REPORT)):
        first = await hand_in(site, path, body, secret=f"secret of {kind}", key="k1")
        again = await hand_in(site, path, body, secret=f"secret of {kind}", key="k1")
        assert first == again
        await hand_in(site, path, body, secret=f"secret of {kind}")
        await hand_in(site, path, body, secret=f"secret of {kind}")
    assert [await kept(site, kind) for kind in ("alerts", "feedback")] == [1, 3]


async def test_what_became_of_it(site: Site) -> None:
    """Whoever is known sees whether it was read yet; nobody else does."""
    _, told, location = await hand_in(site, "/api/v1/feedback", REPORT, secret="secret of feedback")
    assert (await site.browser.get(location)).status == 401
    token = await site.token_of("ana")
    status, shown = await site.ask("GET", location, token=token)
    assert (status, shown["reference"], shown["read"]) == (200, told["reference"], False)
    assert (await site.ask("GET", "/api/v1/inbox/99", token=token))[0] == 404


async def test_the_inbox_is_a_source(site: Site) -> None:
    """Parcels come as batches in order, each with its position; a source that begins after one skips it."""
    for number in range(3):
        await hand_in(site, "/hooks/near", f"Mar  1 03:00:0{number} web1 a\nMar  1 03:00:0{number} web1 b\n".encode())
    source = InboxSource("near", store=site.store, clock=site.clock, format="syslog")
    reading = source.batches()
    batches = [await anext(reading) for _ in range(3)]
    assert [batch.data.count(b"\n") for batch in batches] == [2, 2, 2]
    assert [batch.kind for batch in batches] == ["syslog"] * 3
    assert batches[0].before == position_of(0)
    assert [one.after for one in batches[:2]] == [one.before for one in batches[1:]]
    assert len({(batch.starts.offset, batch.starts.line) for batch in batches}) == 3
    later = InboxSource("near", store=site.store, clock=site.clock, after=int(batches[1].after))
    assert (await anext(later.batches())).data == batches[2].data


async def test_alerts_that_come_close_together_are_one_batch(site: Site) -> None:
    """In order and each once; what came more than a second later is another batch."""
    for number in range(3):
        alert = {"name": f"disk {number} full"}
        assert (await hand_in(site, "/api/v1/alerts", alert, secret="secret of alerts"))[0] == 202
        if number == 1:
            site.clock.advance(2)
    reading = InboxSource("alerts", store=site.store, clock=site.clock).batches()
    first, second = await anext(reading), await anext(reading)
    assert [json.loads(line)["name"] for line in first.data.splitlines()] == ["disk 0 full", "disk 1 full"]
    assert (first.received_at, second.before) == (START, first.after)
    assert json.loads(second.data)["name"] == "disk 2 full"
    assert first.starts.offset + len(first.data) < second.starts.offset


async def test_what_comes_right_after_a_batch_is_one_batch(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who hands in without a pause is not answered later because each alert goes through the rules by itself."""
    monkeypatch.setattr("detector.sources.inbox.PACE", 1.0)
    source = InboxSource("alerts", store=site.store, clock=site.clock)
    reading, names = source.batches(), iter(range(9))

    async def alert() -> None:
        await hand_in(site, "/api/v1/alerts", {"name": f"disk {next(names)} full"}, secret="secret of alerts")
        source.wake()

    await alert()
    assert (await anext(reading)).data.count(b"\n") == 1
    second = asyncio.ensure_future(anext(reading))
    await asyncio.sleep(0)
    for _ in range(3):
        await alert()
    assert (await second).data.count(b"\n") == 3


async def test_who_waits_is_woken(site: Site) -> None:
    """A source that has read everything yields at once what is handed in then."""
    source = InboxSource("near", store=site.store, clock=site.clock)
    waiting = asyncio.ensure_future(anext(source.batches()))
    await asyncio.sleep(0)
    await hand_in(site, "/hooks/near", b"a line\n")
    source.wake()
    assert (await asyncio.wait_for(waiting, 2)).data == b"a line\n"


async def test_what_was_read_goes_after_a_week(site: Site) -> None:
    """However old it is, what was not read stays."""
    for number in range(3):
        await hand_in(site, "/hooks/near", f"line {number}\n".encode())
    first = (await site.store.read(lambda connection: inbox.after(connection, "near", 0)))[0].id
    await site.store.write(lambda tx: positions.save(tx, "near", "", STREAM, "near", position_of(first + 1)))
    [chore] = [one for one in retention.CHORES if one.kind == "parcels"]
    keep = Keep(findings=None, observations=None, deliveries=None, raw=timedelta(days=7))
    for days, due in ((6, []), (8, [first, first + 1])):
        now = START + timedelta(days=days)
        assert await site.store.read(lambda connection, now=now: chore.due(connection, keep, now)) == due  # type: ignore[misc]
