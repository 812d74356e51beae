"""Scanners, previews and prefetching browsers fetch every address they see."""

import re
import sqlite3
import time
from http import HTTPStatus
from typing import Any

import pytest
from support.daemon import Daemon, eventually
from support.logs import failed_password
from support.routes import routes

#: What moves by itself, whether or not anybody asks: the owner's sign of life, a seal a minute, and every ten seconds
#: until when sources and rules were alive.
MOVES_BY_ITSELF = {"owner", "seal", "seal_head", "coverage"}

READING = sorted({path for method, path in routes() if method == "GET"})


def records(daemon: Daemon) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    with sqlite3.connect(f"file:{daemon.state_dir / 'tocsin.db'}?mode=ro", uri=True) as database:
        names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        return {name: database.execute(f'select * from "{name}"').fetchall() for name in set(names) - MOVES_BY_ITSELF}


def is_looked_at(daemon: Daemon) -> bool:
    """Whether no clock of a record waits to be looked at: that is noted, whenever it comes."""
    now = time.time_ns() // 1000
    return all(look_at > now for _, look_at, _ in records(daemon)["agenda"])


def has_gone_on(incident: dict[str, Any]) -> bool:
    """Whether nothing more happens to it by itself."""
    return bool(incident["track"] != "light" or incident["step"] == "reporting")


@pytest.fixture(scope="module")
def link(daemon: Daemon) -> str:
    """An incident, told and settled: the link in its message."""
    daemon.append("auth.log", [failed_password("203.0.113.7")])
    eventually(lambda: daemon.outbox(), "the message arrives", context=lambda: daemon.said)
    eventually(lambda: daemon.status()["summary"]["deliveries_pending"] == 0, "it is settled")
    eventually(lambda: has_gone_on(daemon.incident(1)), "it stands where it waits for people")
    eventually(lambda: is_looked_at(daemon), "its clocks are looked at")
    found = re.search(r"https?://\S+/a/\S+", daemon.outbox())
    assert found, daemon.outbox()
    return found.group()


@pytest.mark.parametrize("path", READING)
def test_fetching_changes_no_record(daemon: Daemon, link: str, path: str) -> None:
    """GET and HEAD, twice, by nobody, by a person and by the socket: not one row differs afterwards."""
    made = daemon.post("/api/v1/tokens", {"person": "ana", "label": path}).json()
    signing_in = daemon.post("/api/v1/sign-in-links", {"person": "ana"}).json()["url"]
    values = {"number": "1", "form": "report", "name": "note", "action": "1", "request": "1", "exception": "1"}
    values |= {"person": "ana", "silence": "1", "report": "1", "reference": "none"}
    values |= {"id": daemon.request("GET", "/api/v1/rules").json()["items"][0]["id"]}
    values |= {"token": link.rpartition("/")[2], "code": signing_in.rpartition("/")[2]}
    address = path.format_map(values)
    before = records(daemon)
    for method in ("GET", "HEAD", "GET", "HEAD"):
        for answer in (
            daemon.visit(daemon.url + address, method),
            daemon.request(method, address),
            daemon.request(method, address, token=made["token"]),
        ):
            assert answer.status < HTTPStatus.INTERNAL_SERVER_ERROR, answer.text
    assert records(daemon) == before
