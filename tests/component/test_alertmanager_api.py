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
from store.repository.grouping import findings
from store.repository.people import persons, tokens

KEYS = "alertname=Down,severity=low|alertname=Doze,severity=low"
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


def silence(value: str, **more: Any) -> dict[str, Any]:
    """What amtool posts to silence alerts of that name."""
    matchers = [{"name": "alertname", "value": value, "isRegex": "*" in value, "isEqual": True}]
    times = {"startsAt": START.isoformat(), "endsAt": (START + timedelta(hours=1)).isoformat()}
    return {"matchers": matchers, "createdBy": "root", "comment": "the disk is changed", **times, **more}


async def send(site: Site, method: str, path: str, body: Any = None, token: str = "t0ken") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with site.browser.request(method, f"/api/v2/{path}", headers=headers, json=body) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text else None


async def test_silences_need_a_persons_token(site: Site) -> None:
    """Wherever one stands; and a name in the body is nobody's word."""
    await fire(site, "Down")
    asked = [("GET", "silences"), ("POST", "silences"), ("GET", "silence/1"), ("DELETE", "silence/1")]
    for method, path in asked:
        assert (await send(site, method, path, silence("Down"), token=""))[0] == 401
    status, made = await send(site, "POST", "silences", silence("Down"))
    assert status == 200
    [one] = (await send(site, "GET", "silences"))[1]
    assert (one["id"], one["createdBy"], one["comment"]) == (made["silenceID"], "ana", "the disk is changed")


async def test_a_silence_is_about_the_alerts_that_match_now(site: Site) -> None:
    """They are shown as silenced; it ends at another time, or at once."""
    await fire(site, "Down", "Doze", "Full", severity="low")
    _, made = await send(site, "POST", "silences", silence("Do.*"))
    [one] = (await send(site, "GET", "silences"))[1]
    assert one["matchers"] == [{"name": "entity", "value": KEYS, "isRegex": True, "isEqual": True}]
    assert one["status"] == {"state": "active"}
    _, found = await get(site, "alerts?active=false")
    assert {one["labels"]["alertname"]: one["status"]["silencedBy"] for one in found} == {
        "Down": [made["silenceID"]],
        "Doze": [made["silenceID"]],
    }
    assert [one["labels"]["alertname"] for one in (await get(site, "alerts?silenced=false"))[1]] == ["Full"]
    later = silence("Do.*", id=made["silenceID"], endsAt=(START + timedelta(minutes=30)).isoformat())
    assert (await send(site, "POST", "silences", later))[0] == 200
    _, one = await send(site, "GET", f"silence/{made['silenceID']}")
    assert one["endsAt"] <= "2026-03-02T09:30:00Z"
    assert (await send(site, "DELETE", f"silence/{made['silenceID']}"))[0] == 200
    assert (await send(site, "GET", f"silence/{made['silenceID']}"))[1]["status"]["state"] == "expired"
    assert (await get(site, "alerts?active=false"))[1] == []
    for none in ("9" * 36, "-1", "٣", "00000000-0000-4000-8000--1", "00000000-0000-4000-8000-ffffffffffff"):
        assert (await send(site, "GET", f"silence/{none}"))[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (silence("Nothing"), 422, "nothing_matches"),
        (silence("(.*"), 422, "invalid_body"),
        (silence("Down", comment=""), 422, "reason_required"),
        (silence("Down", id="00000000-0000-4000-8000-00000000000f"), 404, "not_found"),
        (silence("Down", id="x"), 404, "not_found"),
        ({"matchers": []}, 422, "invalid_body"),
    ],
)
async def test_what_is_no_silence(site: Site, body: Any, status: int, code: str) -> None:
    """It is refused with a text that amtool shows."""
    await fire(site, "Down")
    found, said = await send(site, "POST", "silences", body)
    assert (found, str(said).partition(":")[0]) == (status, code)


def test_fingerprints_are_those_of_prometheus() -> None:
    """The vectors are those of its own tests."""
    assert int(fingerprint({"name": "garland, briggs", "fear": "love is not enough"}), 16) == 5799056148416392346
    assert int(fingerprint({}), 16) == 14695981039346656037
