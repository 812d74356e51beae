"""The bundle of an incident: it verifies in a folder of its own, with Python alone, and shows any change."""

import asyncio
import io
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stdout
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fakes import START, FakeClock
from support.site import ANA, SEAL_KEYS, VIC, Site
from support.store import finding, line

from rules.finding import Evidence
from store.action import ActionKind
from store.answers import Answer
from store.database import Store
from store.export import bundle, verify
from store.forms import FormName
from store.incident import DAEMON, Actor, ActorKind
from store.people import Person, Role
from store.repository.dossier import action_turns, actions, dossiers, forms
from store.repository.grouping import findings
from store.repository.incident import incidents, requests, waivers
from store.repository.people import persons
from store.repository.record import seals, timeline
from store.seals import Keys
from store.site import Site as Rules
from store.tx import Tx

ACTOR = Actor(kind=ActorKind.PERSON, id="ana")
HOSTILE = "<script>alert(1)</script> [x](javascript:alert(1)) \x1b[31m\u202e # *b*"


@asynccontextmanager
async def standing(tmp_path: Path) -> AsyncIterator[Site]:
    """An incident with a hostile line, a note and a redacted note, sealed twice beside another incident."""
    clock = FakeClock(START.astimezone(UTC))
    store = await Store.open(f"sqlite:///{tmp_path / 't.db'}", clock, lock_dir=tmp_path, upgrade=True)
    evil = line(2)
    evil = Evidence(**{name: getattr(evil, name) for name in Evidence.__slots__} | {"text": HOSTILE})

    def fill(tx: Tx) -> None:
        persons.upsert_from_config(tx, [replace(ANA, roles=ANA.roles | {Role.REPORTER}), VIC])
        findings.take(tx, finding(evidence=(line(1), evil)))
        findings.take(tx, finding("f2", rule="rule-2", source="192.0.2.9", host="db"))
        seals.make(tx, SEAL_KEYS)
        incidents.acknowledge(tx, 1, ACTOR, via="token", note="the secret zebra")
        timeline.redact(tx, 1, 2, "note", by=ACTOR, reason="a telephone number")
        for version, harm in enumerate((HOSTILE, "the secret zebra", "none")):
            answers = {"harm": Answer(value=harm), "what_happened": Answer(value=HOSTILE)}
            forms.save(tx, 1, FormName.REPORT, answers, expected=version, by=ACTOR, via="token")
            if harm == "the secret zebra":
                forms.redact(tx, 1, FormName.REPORT, "harm", by=ACTOR, reason="an animal")
        rules = Rules()
        for changes in ({"text": "the secret zebra", "criterion": HOSTILE}, {"text": HOSTILE}):
            if "criterion" in changes:
                action_turns.write(tx, 1, ACTOR, kind=ActionKind.CORRECTION, plan=changes, via="token", site=rules)
                actions.redact(tx, 1, 1, "text", by=ACTOR, reason="an animal")
            else:
                action_turns.change(tx, 1, 1, ACTOR, version=1, changes=changes, via="token", site=rules)
        dossiers.freeze(tx, incidents.get(tx.connection, 1).incident, rules, by=DAEMON)
        requests.ask(tx, 1, ACTOR, question=HOSTILE, person="vic", via="token")
        seals.make(tx, SEAL_KEYS)

    await store.write(fill)
    made = Site(store, clock, tmp_path)
    await made.start()
    yield made
    await made.stop()
    await store.close()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """The same, for one test."""
    async with standing(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a bundle."""

    async def make() -> dict[str, bytes]:
        async with standing(tmp_path_factory.mktemp("site")) as site:
            folder = await unpacked(site, tmp_path_factory.mktemp("out"))
            return {path.name: path.read_bytes() for path in folder.iterdir()}

    return asyncio.run(make())


async def unpacked(site: Site, folder: Path) -> Path:
    """The bundle of INC-1, fetched over the API."""
    async with site.operator.get("http://tocsin/api/v1/incidents/INC-1/export") as answer:
        assert (answer.status, answer.content_type) == (200, "application/zip")
        packed = await answer.read()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(folder)
    return folder / "INC-1"


def verified(folder: Path, *known: str) -> tuple[int, str]:
    """What verify.py says there, with no packages, no environment, and nothing else to read."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", *known], cwd=folder, env={}, capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


async def test_a_bundle_verifies_and_any_change_is_found(site: Site, tmp_path: Path) -> None:
    """As it was exported it holds; with a byte changed in any file, or an entry or a file taken away, it does not."""
    folder = await unpacked(site, tmp_path / "out")
    code, said = verified(folder)
    assert code == 0, said
    assert "12 entries, 6 documents, 4 values redacted, 2 seals" in said
    assert "entries 1 to 12 are sealed" in said
    public = SEAL_KEYS.public[SEAL_KEYS.id].hex()
    assert public in said
    assert verified(folder, public)[0] == 0
    assert verified(folder, "00" * 32)[0] == 1
    assert b"zebra" not in b"".join(path.read_bytes() for path in folder.iterdir())
    for name in sorted({path.name for path in folder.iterdir()} - {"verify.py"}):
        whole = (folder / name).read_bytes()
        middle = len(whole) // 2
        (folder / name).write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        assert verified(folder)[0] == 1, name
        (folder / name).write_bytes(whole)
    (folder / "more.txt").write_text("x")
    assert "more.txt: it was not exported" in verified(folder)[1]
    (folder / "more.txt").unlink()
    (folder / "evidence.jsonl").unlink()
    assert "evidence.jsonl: it was exported, and is not here" in verified(folder)[1]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_byte_counts(whole: dict[str, bytes], data: st.DataObject) -> None:
    """Any byte that is changed, taken out or put in, in any file, is found."""
    name = data.draw(st.sampled_from(sorted(whole)), "file")
    content = whole[name]
    place = data.draw(st.integers(0, len(content) - 1), "place")
    byte = bytes([data.draw(st.integers(0, 255), "byte")])
    inserted, taken = content[:place] + byte + content[place:], content[:place] + content[place + 1 :]
    changed = content[:place] + byte + content[place + 1 :]
    other = data.draw(st.sampled_from([inserted, taken, changed]), "other")
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        for one, was in whole.items():
            (Path(folder) / one).write_bytes(was)
        (Path(folder) / name).write_bytes(other)
        assert verify.main(Path(folder)) == (other != content)


FORGERIES: dict[str, tuple[str, str, str]] = {
    "another answer": ("documents.json", r'"value": "{\\"reason.*"', r'"value": "{}"'),
    "an answer gone": ("documents.json", r'"what_happened": \{\s+"value".*\s+"salt".*\s+\}', ""),
    "a version gone": ("documents.json", r"\A\[\s+\{[\s\S]*?\n \},", "["),
    "a dossier that nobody froze": ("documents.json", '"sort": "form"', '"sort": "dossier"'),
    "another action": ("documents.json", r'"sort": "action",\s+"content": ".', '"sort": "action", "content": " {'),
    "another dossier": ("documents.json", r'parts\\":\{', r'parts\\": {'),
    "a value gone": ("timeline.json", r',\s+"title": \{\s+"value".*\s+"salt".*\s+\}', ""),
    "another hash": ("timeline.json", r'"hash": "..', '"hash": "zz'),
    "an entry gone": ("timeline.json", r"\A\[\s+\{[\s\S]*?\n \},", "["),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_list_that_was_signed_anew_hides_nothing(whole: dict[str, bytes], tmp_path: Path, forgery: str) -> None:
    """Who signs the list of files anew with a key of their own still cannot change what entries and seals tell."""
    name, pattern, instead = FORGERIES[forgery]
    forged = re.sub(pattern, instead, whole[name].decode(), count=1)
    assert forged != whole[name].decode()
    mine = Keys([bytes(32)])
    keys = json.dumps({one.id: one.public[one.id].hex() for one in (mine, SEAL_KEYS)}).encode()
    made = {one: was for one, was in whole.items() if one not in ("manifest.json", "manifest.sig", "verify.py")}
    files = bundle.signed(
        made | {name: forged.encode(), "keys.json": keys}, {"type": "tocsin.export", "v": 1, "record": 1}, mine
    )
    for one, content in files.items():
        (tmp_path / one).write_bytes(content)
    code, said = verified(tmp_path)
    assert code == 1
    assert "it is not the file that was exported" not in said
    whole_again = bundle.signed(made | {"keys.json": keys}, {"type": "tocsin.export", "v": 1, "record": 1}, mine)
    for one, content in whole_again.items():
        (tmp_path / one).write_bytes(content)
    assert verified(tmp_path)[0] == 0
    assert "it is not the key that you know" in verified(tmp_path, SEAL_KEYS.public[SEAL_KEYS.id].hex())[1]


async def test_reports_cannot_act(site: Site, tmp_path: Path) -> None:
    """Text that attackers write formats nothing and runs nothing, in either report."""
    folder = await unpacked(site, tmp_path / "out")
    page, text = (folder / "report.html").read_text(), (folder / "report.md").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\\<script\\>" in text
    assert "](javascript" not in text
    assert text.count("\\<script\\>") == page.count("&lt;script&gt;") >= 6
    for title in ("Form: report", "Actions", "Requests for information", "What is approved", "Lines"):
        assert f"## {title}\n" in text
        assert f"<h2>{title}</h2>" in page
    assert "(redacted)" in page
    assert not {"\x1b", "\u202e"} & {*page, *text}


async def test_waivers_of_an_incident_stand_in_its_bundle(site: Site, tmp_path: Path) -> None:
    """By whom and why its four eyes were waived: in the record, and in both reports."""
    abe = Person(id="abe", name="Abe", roles=frozenset({Role.APPROVER}))

    def waive(tx: Tx) -> None:
        persons.upsert_from_config(tx, [ANA, VIC, abe])
        waivers.waive(tx, 1, Actor(kind=ActorKind.PERSON, id="abe"), reason="a night", site=Rules(), via="token")

    await site.store.write(waive)
    folder = await unpacked(site, tmp_path / "out")
    (told,) = json.loads((folder / "record.json").read_text())["waivers"]
    assert (told["by"], told["reason"]) == ("abe", "a night")
    assert "## Done because four eyes were waived\n" in (folder / "report.md").read_text()
    assert verified(folder)[0] == 0


async def test_a_bundle_needs_somebody_and_an_incident(site: Site) -> None:
    """Nobody gets a bundle without credentials over TCP, and none is made of an incident that is not there."""
    async with site.browser.get("/api/v1/incidents/1/export") as answer:
        assert answer.status == 401
    code, refused = await site.ask("GET", "/api/v1/incidents/9/export")
    assert (code, refused["code"]) == (404, "not_found")
