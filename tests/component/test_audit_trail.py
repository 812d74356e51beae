"""The audit trail as it lies in a database: sealed, examined, and tampered with."""

import asyncio
import hashlib
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from support.fakes import FakeClock
from support.store import ANA, BO, PERSONS, finding, line, open_store, sqlite_url

from rules.event import Severity
from store import engines, triggers
from store.action import ActionKind
from store.answers import Answer
from store.approval import Place
from store.database import Store
from store.errors import InvariantBroken
from store.examine import Fault, Harm
from store.forms import FormName
from store.four_eyes import Allowed, Signature
from store.incident import DAEMON
from store.people import Role
from store.repository.dossier import action_turns, actions, dossiers, forms, signatures
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.keeping import verification
from store.repository.keeping.verification import Report, Witness
from store.repository.people import persons
from store.repository.record import seals, timeline
from store.seals import Keys
from store.site import Site
from store.tx import Tx

KEYS = Keys([bytes(range(32))])
WRITES = frozenset({Role.RESPONDER, Role.REPORTER})


async def fill(store: Store, clock: FakeClock) -> None:
    """Two incidents over two seals, one value redacted; what came last is not sealed."""
    await store.write(lambda tx: seals.announce(tx, KEYS))
    await store.write(lambda tx: persons.upsert_from_config(tx, (replace(PERSONS[0], roles=WRITES), *PERSONS[1:])))
    await store.write(lambda tx: findings.take(tx, finding("f1")))
    await store.write(lambda tx: findings.take(tx, finding("f2", rule="rule-2", source="192.0.2.9", host="db")))
    await store.write(lambda tx: seals.make(tx, KEYS))
    clock.advance(60)
    await store.write(lambda tx: incidents.acknowledge(tx, 1, ANA, via="link", note="call me: 555"))
    await store.write(lambda tx: timeline.redact(tx, 1, 2, "note", by=BO, reason="a telephone number"))
    await store.write(lambda tx: seals.make(tx, KEYS))
    for version, words in enumerate(("Mallory did it", "Mallory did it twice")):
        await store.write(partial(save, version, words))
    await store.write(lambda tx: forms.redact(tx, 1, FormName.REPORT, "what_happened", by=BO, reason="a name"))
    await store.write(partial(save, 2, "somebody did it"))
    await store.write(plan)
    await store.write(lambda tx: seals.make(tx, KEYS))
    clock.advance(60)
    worse = finding("f3", rule="rule-3", severity=Severity.CRITICAL, evidence=[line(7), line(8)])
    await store.write(lambda tx: findings.take(tx, worse))


def save(expected: int, words: str, tx: Tx) -> None:
    """Save INC-1's report."""
    answers = {"what_happened": Answer(value=words), "zone": Answer(value="UTC")}
    forms.save(tx, 1, FormName.REPORT, answers, expected=expected, by=ANA, via="token")


def plan(tx: Tx) -> None:
    """Write an action in two versions, redact what stood in one of its fields, and freeze the dossier."""
    site, given = Site(), {"text": "Block Mallory", "criterion": "quiet"}
    action_turns.write(tx, 1, ANA, kind=ActionKind.CORRECTION, plan=given, via="token", site=site)
    actions.redact(tx, 1, 1, "text", by=BO, reason="a name")
    action_turns.change(tx, 1, 1, ANA, version=1, changes={"text": "Block them"}, via="token", site=site)
    record = incidents.get(tx.connection, 1).incident
    frozen = dossiers.freeze(tx, record, site, by=DAEMON)
    place = Place(signature=Signature.APPROVE, meaning="approved", place=1, places=1, completes=True)
    person = PERSONS[1]
    signing: dict[str, Any] = {"verdict": Allowed(), "checklist": None, "note": "fine", "facts": {}}
    signatures.add(tx, record, frozen, place, person, by=BO, via="token", **signing)


async def report_of(store: Store, witness: Witness | None = None) -> Report:
    """What an examination says."""
    return await store.read(lambda connection: verification.examine_all(connection, KEYS.public, witness))


async def test_sound(store: Store, clock: FakeClock) -> None:
    """What was written holds, redacted values too; entries since the last seal are told as not sealed yet."""
    await fill(store, clock)
    report = await report_of(store)
    assert report.faults == ()
    assert report.seals == 3
    assert report.records == 3
    assert report.unsealed >= 1
    assert report.last is not None
    noted = Witness(number=3, hash=report.last.hash.hex())
    assert (await report_of(store, noted)).faults == ()


async def test_a_seal_is_made_only_if_something_changed(store: Store, clock: FakeClock) -> None:
    """A quiet minute makes no seal; what was sealed is not sealed again."""
    await fill(store, clock)
    assert await store.read(seals.is_due)
    fourth = await store.write(lambda tx: seals.make(tx, KEYS))
    assert fourth is not None
    assert fourth.number == 4
    assert not await store.read(seals.is_due)
    assert await store.write(lambda tx: seals.make(tx, KEYS)) is None
    assert (await report_of(store)).unsealed == 0


def execute(statement: str, tx: Tx) -> None:
    """Do to the database what a statement says."""
    tx.connection.execute(text(statement))


@pytest.mark.parametrize("table", ["seal", "seal_head"])
async def test_seals_are_append_only(store: Store, clock: FakeClock, table: str) -> None:
    """The database itself refuses to change or delete a seal."""
    await fill(store, clock)
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {'number' if table == 'seal' else 'seq'} = 9"):
        with pytest.raises(InvariantBroken, match="a seal is never"):
            await store.write(partial(execute, statement))


@pytest.mark.parametrize(
    ("statements", "harm", "record", "entry"),
    [
        (["UPDATE timeline SET via = 'x' WHERE incident = 1 AND seq = 1"], Harm.COLUMN, 1, 1),
        (["UPDATE value SET value = 'x' WHERE incident = 1 AND seq = 1 AND name = 'title'"], Harm.CHANGED, 1, 1),
        (["DELETE FROM value WHERE incident = 1 AND seq = 1 AND name = 'title'"], Harm.REMOVED, 1, 1),
        (["DELETE FROM value WHERE incident = 1 AND seq = 2", "DELETE FROM timeline WHERE incident = 1 AND seq = 2"],
         Harm.REMOVED, 1, 2),
        (["DELETE FROM value WHERE incident = 2", "DELETE FROM timeline WHERE incident = 2"], Harm.TRUNCATED, 2, 1),
        (["DELETE FROM form WHERE version = 2"], Harm.REMOVED, 1, None),
        (["DELETE FROM form_answer", "DELETE FROM form"], Harm.REMOVED, 1, None),
        (["UPDATE form SET version = 7 WHERE version = 2"], Harm.INSERTED, 1, None),
        (["UPDATE form SET hash = 'x' || substr(hash, 2) WHERE version = 1"], Harm.CHANGED, 1, None),
        (["UPDATE form SET author_id = 'bo' WHERE version = 1"], Harm.COLUMN, 1, None),
        (["DELETE FROM form_answer WHERE field = 'zone'"], Harm.REMOVED, 1, None),
        (["UPDATE form_answer SET answer = '{}' WHERE field = 'zone'"], Harm.CHANGED, 1, None),
        (["UPDATE form_answer SET field = 'harm' WHERE field = 'zone'"], Harm.INSERTED, 1, None),
        (["DELETE FROM form_answer WHERE field = 'what_happened'"], Harm.REMOVED, 1, None),
        (["DELETE FROM action WHERE version = 1"], Harm.REMOVED, 1, None),
        (["UPDATE action SET owner = 'bo' WHERE version = 1"], Harm.COLUMN, 1, None),
        (["DELETE FROM action_text WHERE field = 'criterion'"], Harm.REMOVED, 1, None),
        (["DELETE FROM signature", "DELETE FROM dossier"], Harm.REMOVED, 1, None),
        (["UPDATE dossier SET hash = 'x' || substr(hash, 2)"], Harm.CHANGED, 1, None),
        (["DELETE FROM signature"], Harm.REMOVED, 1, None),
        (["UPDATE signature SET person = 'ana'"], Harm.CHANGED, 1, None),
        (["UPDATE signature SET meaning = 'seen'"], Harm.CHANGED, 1, None),
        (["UPDATE signature SET entry = 1"], Harm.INSERTED, 1, None),
        (["UPDATE evidence SET text = 'line 8' WHERE line = 7"], Harm.CHANGED, 1, None),
        (["UPDATE evidence SET sha256 = '00' || substr(sha256, 3)"], Harm.CHANGED, 1, None),
        (["UPDATE seal SET number = 7 WHERE number = 2"], Harm.SEAL, None, None),
        (["DELETE FROM seal_head WHERE record = 2"], Harm.SEAL, None, None),
    ],
)  # fmt: skip
async def test_tampering_is_named(
    store_url: str,
    clock: FakeClock,
    tmp_path: Path,
    statements: list[str],
    harm: Harm,
    record: int | None,
    entry: int | None,
) -> None:
    """Whoever can write the database and takes its triggers away is found, with record, entry and what was done."""
    async with open_store(store_url, clock, tmp_path) as store:
        await fill(store, clock)
    engine = create_engine(engines.parse(store_url))
    if engine.dialect.name != "sqlite" and "UPDATE seal SET number" in statements[0]:
        statements = ["ALTER TABLE seal_head DROP CONSTRAINT fk_seal_head_seal", *statements]
    with engine.begin() as connection:
        for name, table in triggers._installed_names(connection):
            on = "" if connection.dialect.name == "sqlite" else f" ON {table}"
            connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")
        for statement in statements:
            connection.execute(text(statement))
    with engine.begin() as connection:
        found = verification.examine_all(connection, KEYS.public).faults
    engine.dispose()
    assert found[0].harm is Harm.GUARD
    assert any((one.harm, one.record, one.entry) == (harm, record, entry) for one in found), [*map(str, found)]


async def test_truncation_is_found_with_the_last_seal(clock: FakeClock, tmp_path: Path) -> None:
    """Newest entries cut off are found by the seal that covers them; the seal cut off too, by its noted hash."""
    url = sqlite_url(tmp_path)
    async with open_store(url, clock, tmp_path) as store:
        await fill(store, clock)
        await store.write(lambda tx: seals.make(tx, KEYS))
        last = (await report_of(store)).last
    assert last is not None
    with tampered(tmp_path / "tocsin.db") as database:
        database.execute("DELETE FROM timeline WHERE incident = 1 AND seq = (SELECT max(seq) FROM timeline)")
        [fault] = [one for one in examined(database, url) if one.harm is Harm.TRUNCATED]
        assert (fault.record, fault.seal) == (1, 4)
        database.execute("DELETE FROM seal_head WHERE seal = 4")
        database.execute("DELETE FROM seal WHERE number = 4")
        assert not [one for one in examined(database, url) if one.harm is not Harm.REMOVED]
        noted = Witness(number=4, hash=last.hash.hex())
        assert any(one.harm is Harm.TRUNCATED and one.seal == 4 for one in examined(database, url, noted))


async def test_a_chain_written_anew_is_found(clock: FakeClock, tmp_path: Path) -> None:
    """A record whose entries were forged with fitting hashes does not have the heads that seals cover."""
    url = sqlite_url(tmp_path)
    async with open_store(url, clock, tmp_path) as store:
        await fill(store, clock)
        await store.write(lambda tx: findings.take(tx, finding("f9", rule="r9", source="198.51.100.1", host="x")))
    with tampered(tmp_path / "tocsin.db") as database:
        entry, hashed = database.execute("SELECT entry, hash FROM timeline WHERE incident = 3").fetchone()
        forged = entry.replace(b'"incident":3', b'"incident":2')
        database.execute(
            "UPDATE timeline SET entry = ?, hash = ? WHERE incident = 2", (forged, hashlib.sha256(forged).digest())
        )
        assert hashed != hashlib.sha256(forged).digest()
        found = examined(database, url)
    assert any(one.record == 2 and "seal 1 covers" in one.says for one in found), [*map(str, found)]


@contextmanager
def tampered(file: Path) -> Iterator[sqlite3.Connection]:
    """The database without its triggers, in the hands of somebody who may write it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        yield database


def examined(database: sqlite3.Connection, url: str, witness: Witness | None = None) -> list[Fault]:
    """What an examination says, the missing triggers left out."""
    engine = create_engine(engines.parse(url))
    with engine.begin() as connection:
        found = verification.examine_all(connection, KEYS.public, witness).faults
    engine.dispose()
    return [one for one in found if one.harm is not Harm.GUARD]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which everything is sealed."""
    folder = tmp_path_factory.mktemp("filled")

    async def make() -> None:
        clock = FakeClock()
        async with open_store(sqlite_url(folder), clock, folder) as store:
            await fill(store, clock)
            await store.write(lambda tx: seals.make(tx, KEYS))

    asyncio.run(make())
    with closing(sqlite3.connect(folder / "tocsin.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / "tocsin.db"


COVERED = {
    "timeline": ("incident", "seq", "at", "kind", "actor_kind", "actor_id", "via", "entry", "hash"),
    "value": ("incident", "seq", "name", "salt", "value"),
    "form": ("incident", "form", "version", "cycle", "author_kind", "author_id", "at", "content", "hash"),
    "form_answer": ("incident", "form", "commitment", "field", "salt", "answer"),
    "action": ("incident", "number", "version", "state", "kind", "owner", "due", "content", "hash"),
    "action_text": ("incident", "action", "commitment", "field", "salt", "text"),
    "dossier": ("incident", "number", "cycle", "content", "hash"),
    "signature": ("incident", "dossier", "hash", "signature", "person", "at", "meaning", "place", "places", "entry"),
    "seal": ("number", "body", "signature"),
    "seal_head": ("record", "seq", "hash", "seal"),
}


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_flipped_bit_and_any_missing_row_is_found(filled: Path, data: st.DataObject) -> None:
    """One bit of any covered value, or any covered row, and the examination names it."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "tocsin.db"
        copy.write_bytes(filled.read_bytes())
        with tampered(copy) as database:
            database.execute("PRAGMA ignore_check_constraints = ON")
            table = data.draw(st.sampled_from(sorted(COVERED)), "table")
            rows = [row for (row,) in database.execute(f"SELECT rowid FROM {table} ORDER BY rowid")]
            row = data.draw(st.sampled_from(rows), "row")
            if data.draw(st.booleans(), "remove the row"):
                database.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))
            else:
                flip(database, table, data.draw(st.sampled_from(COVERED[table]), "column"), row, data)
            assert examined(database, sqlite_url(copy.parent))


def flip(database: sqlite3.Connection, table: str, column: str, row: int, data: st.DataObject) -> None:
    """Flip one bit of one value."""
    (found,) = database.execute(f"SELECT CAST({column} AS BLOB) FROM {table} WHERE rowid = ?", (row,)).fetchone()
    (kind,) = database.execute(f"SELECT typeof({column}) FROM {table} WHERE rowid = ?", (row,)).fetchone()
    if kind == "integer":
        changed: object = int(found) ^ 1 << data.draw(st.integers(0, 40), "bit")
    elif not found:
        changed = "x"
    else:
        raw = bytearray(found)
        raw[data.draw(st.integers(0, len(raw) - 1), "byte")] ^= 1 << data.draw(st.integers(0, 7), "bit")
        changed = bytes(raw)
    place = "CAST(? AS TEXT)" if kind == "text" else "?"
    database.execute(f"UPDATE OR IGNORE {table} SET {column} = {place} WHERE rowid = ?", (changed, row))
    assume(database.execute("SELECT changes()").fetchone() == (1,))  # another row may bear that number
