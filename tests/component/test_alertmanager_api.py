"""What programs made for Alertmanager read of us: alerts that fire, as far as the caller may see them."""

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.site import ANA, Site
from support.store import finding, open_store, sqlite_url

from detector.api.identity import hash_of
from detector.api.labels import fingerprint
from detector.intake.settings import Intake, Proof
from rules.event import Entity
from store.incident import DAEMON
from store.repository import findings, persons, tokens

PATHS = ("alerts", "alerts/groups", "status", "receivers")


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    """A database that is up to date and holds nothing."""
    shutil.copy(sqlite_template, tmp_path)
    return sqlite_url(tmp_path)


@pytest.fixture
async def site(url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """An intake for Prometheus at which nobody shows a proof, and the token of a person."""
    async with open_store(url, FakeClock(START), tmp_path) as store:
        await store.write(lambda tx: persons.upsert_from_config(tx, [ANA]))
        await store.write(lambda tx: tokens.create(tx, "ana", "amtool", hash_of("t0ken"), DAEMON))
        made = Site(store, FakeClock(START), tmp_path)
        made.intakes["prom"] = Intake(name="prom", kind="prometheus", proof=Proof.NONE)
        await made.start()
        yield made
        await made.stop()


async def get(site: Site, path: str, token: str = "") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with site.browser.get(f"/api/v2/{path}", headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def fire(site: Site, *names: str, **labels: str) -> None:
    ends_at = START + timedelta(minutes=4)
    told = [{"labels": {"alertname": name, **labels}, "endsAt": ends_at.isoformat()} for name in names]
    body = [one | {"startsAt": START.isoformat(), "generatorURL": "http://p/graph"} for one in told]
    async with site.browser.post("/api/v2/alerts", data=json.dumps(body).encode()) as answer:
        assert answer.status == 200


async def test_there_is_none_of_it_until_it_is_declared(site: Site) -> None:
    """Not even that there would be something to sign in for."""
    site.intakes.clear()
    assert [(await get(site, path, "t0ken"))[0] for path in PATHS] == [404] * 4


async def test_who_may_read(site: Site) -> None:
    """Where senders need no proof, readers from there need none; else a person's token, never a sender's secret."""
    assert [(await get(site, path))[0] for path in PATHS] == [200] * 4
    site.intakes["prom"] = Intake(name="prom", kind="prometheus", secret="s3cret")
    assert [(await get(site, path))[0] for path in PATHS] == [401] * 4
    assert [(await get(site, path, "s3cret"))[0] for path in PATHS] == [401] * 4
    assert [(await get(site, path, "t0ken"))[0] for path in PATHS] == [200] * 4


async def test_an_alert_is_listed_as_its_sender_told_it(site: Site) -> None:
    """With the record that people made of it; the fingerprint is what Prometheus calls it."""
    await fire(site, "Down", severity="page", instance="web1:9100")
    key = "alertname=Down,instance=web1:9100,severity=page"
    found = finding("f1")
    about = (*found.entities, Entity(kind="alert", value=key))
    await site.store.write(lambda tx: findings.take(tx, replace(found, entities=about)))
    _, [one] = await get(site, "alerts")
    assert one["labels"] == {"alertname": "Down", "severity": "page", "instance": "web1:9100"}
    assert one["annotations"] == {"tocsin_incident": "INC-1"}
    assert (one["startsAt"], one["generatorURL"], one["status"]["state"]) == (
        "2026-03-02T09:00:00Z",
        "http://p/graph",
        "active",
    )


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ('filter=alertname="Down"', ["Down"]),
        ('filter=alertname=~"D.*"&filter=zone!="a"', ["Down"]),
        ('filter=alertname!~"Down|Full"', []),
        ("filter=alertname%3DFull", ["Full"]),
        ("active=false", []),
        ("active=true&silenced=false&inhibited=false&unprocessed=false", ["Down", "Full"]),
        ("receiver=toc.*", ["Down", "Full"]),
        ("receiver=mail", []),
    ],
)
async def test_filters(site: Site, query: str, names: list[str]) -> None:
    """As amtool sends them; expressions match the whole value."""
    await fire(site, "Down", "Full")
    _, found = await get(site, f"alerts?{query}")
    assert [one["labels"]["alertname"] for one in found] == names
    _, groups = await get(site, f"alerts/groups?{query}")
    assert [one["labels"]["alertname"] for one in groups] == names


@pytest.mark.parametrize("query", ["filter=%3D", 'filter=a=~"("', "filter=a=~(", "receiver=("])
async def test_filters_that_are_none(site: Site, query: str) -> None:
    """The answer is a text that amtool shows."""
    status, told = await get(site, f"alerts?{query}")
    assert (status, str(told).partition(":")[0]) == (400, "invalid_query")


def test_fingerprints_are_those_of_prometheus() -> None:
    """The vectors are those of its own tests."""
    assert int(fingerprint({"name": "garland, briggs", "fear": "love is not enough"}), 16) == 5799056148416392346
    assert int(fingerprint({}), 16) == 14695981039346656037
