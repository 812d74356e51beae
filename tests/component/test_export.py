"""The bundle of an incident: it verifies in a folder of its own, with Python alone, and shows any change."""

import io
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path

import pytest
from support.fakes import START, FakeClock
from support.site import ANA, SEAL_KEYS, VIC, Site
from support.store import finding, line

from rules.finding import Evidence
from store.database import Store
from store.incident import Actor, ActorKind
from store.repository import findings, incidents, persons, seals, timeline
from store.tx import Tx

ACTOR = Actor(kind=ActorKind.PERSON, id="ana")
HOSTILE = "<script>alert(1)</script> [x](javascript:alert(1)) \x1b[31m\u202e # *b*"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """An incident with a hostile line, a note and a redacted note, sealed twice beside another incident."""
    clock = FakeClock(START.astimezone(UTC))
    store = await Store.open(f"sqlite:///{tmp_path / 't.db'}", clock, lock_dir=tmp_path, upgrade=True)
    evil = line(2)
    evil = Evidence(**{name: getattr(evil, name) for name in Evidence.__slots__} | {"text": HOSTILE})

    def fill(tx: Tx) -> None:
        persons.upsert_from_config(tx, [ANA, VIC])
        findings.take(tx, finding(evidence=(line(1), evil)))
        findings.take(tx, finding("f2", rule="rule-2", source="192.0.2.9", host="db"))
        seals.make(tx, SEAL_KEYS)
        incidents.acknowledge(tx, 1, ACTOR, via="token", note="the secret zebra")
        timeline.redact(tx, 1, 2, "note", by=ACTOR, reason="a telephone number")
        seals.make(tx, SEAL_KEYS)

    await store.write(fill)
    made = Site(store, clock, tmp_path)
    await made.start()
    yield made
    await made.stop()
    await store.close()


async def unpacked(site: Site, folder: Path) -> Path:
    """The bundle of INC-1, fetched over the API."""
    async with site.operator.get("http://tocsin/api/v1/incidents/INC-1/export") as answer:
        assert (answer.status, answer.content_type) == (200, "application/zip")
        packed = await answer.read()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(folder)
    return folder / "INC-1"


def verified(folder: Path) -> tuple[int, str]:
    """What verify.py says there, with no packages, no environment, and nothing else to read."""
    done = subprocess.run([sys.executable, "-I", "-S", "verify.py"], cwd=folder, env={}, capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout


async def test_a_bundle_verifies_and_any_change_is_found(site: Site, tmp_path: Path) -> None:
    """As it was exported it holds; with a byte changed in any file, or an entry or a file taken away, it does not."""
    folder = await unpacked(site, tmp_path / "out")
    code, said = verified(folder)
    assert code == 0, said
    assert "1 values redacted, 2 seals" in said
    assert "entries 1 to 3 are sealed" in said
    assert SEAL_KEYS.public[SEAL_KEYS.id].hex() in said
    assert b"zebra" not in b"".join(path.read_bytes() for path in folder.iterdir())
    for name in sorted({path.name for path in folder.iterdir()} - {"verify.py"}):
        whole = (folder / name).read_bytes()
        middle = len(whole) // 2
        (folder / name).write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        assert verified(folder)[0] == 1, name
        (folder / name).write_bytes(whole)
    (folder / "evidence.jsonl").unlink()
    assert verified(folder)[0] == 1


async def test_reports_cannot_act(site: Site, tmp_path: Path) -> None:
    """Text that attackers write formats nothing and runs nothing, in either report."""
    folder = await unpacked(site, tmp_path / "out")
    page, text = (folder / "report.html").read_text(), (folder / "report.md").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\\<script\\>" in text
    assert "](javascript" not in text
    assert "(redacted)" in page
    assert not {"\x1b", "\u202e"} & {*page, *text}


async def test_a_bundle_needs_somebody_and_an_incident(site: Site) -> None:
    """Nobody gets a bundle without credentials over TCP, and none is made of an incident that is not there."""
    async with site.browser.get("/api/v1/incidents/1/export") as answer:
        assert answer.status == 401
    code, refused = await site.ask("GET", "/api/v1/incidents/9/export")
    assert (code, refused["code"]) == (404, "not_found")
