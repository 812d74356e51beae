"""The rules for mail, FTP, databases and name service together: noise asks nobody, and one attack is one incident."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support import service_day as day

import rules
from detector.cli.group import tocsin

BUNDLED = Path(rules.__file__).parent / "bundled"
FOLDERS = ("mail", "ftp", "database", "dns")
NOON = 43_200
INTRUDER = "203.0.113.200"


def asked(folder: Path, **files: list[str]) -> list[dict[str, object]]:
    """What a person would be asked about, after a replay of these files."""
    for name, lines in files.items():
        (folder / f"{name}.log").write_text("".join(f"{text}\n" for text in lines))
    paths = [str(folder / f"{name}.log") for name in files]
    chosen = [word for name in FOLDERS for word in ("--rules", str(BUNDLED / name))]
    done = CliRunner().invoke(tocsin, ["replay", "--json", "--exit-zero", *chosen, "--as-of", "2026-03-02", *paths])
    assert done.exit_code == 0, done.output
    return [one for line in done.stdout.splitlines() if (one := json.loads(line))["decision"] == "investigate"]


@pytest.fixture(scope="module")
def noise() -> dict[str, list[str]]:
    return day.a_day(1)


def test_a_day_of_noise_asks_nobody(tmp_path: Path, noise: dict[str, list[str]]) -> None:
    """Guesses, relay attempts, old passwords, newsletters and aliases are on record at most."""
    assert [(one["title"], one["group"]) for one in asked(tmp_path, **noise)] == []


def test_a_mailbox_that_is_taken_over_is_one_incident(tmp_path: Path) -> None:
    """Guessed, opened, and used for spam from forty addresses: one matter."""
    guesses = [(NOON + n * 10, day.mailbox(INTRUDER, "bob", good=False)) for n in range(25)]
    opened = [(NOON + 300, day.mailbox(INTRUDER, "bob", good=True))]
    spam = [(NOON + 360 + n * 2, day.submission(f"192.0.2.{n % 40}", "bob", f"{n:06X}EF")) for n in range(300)]
    (one,) = asked(tmp_path, attack=day.syslog([*guesses, *opened, *spam]))
    assert (one["title"], one["severity"]) == ("Mail login after many failures", "critical")


def test_files_left_after_guessing_are_one_incident(tmp_path: Path, noise: dict[str, list[str]]) -> None:
    """Guessed, logged in, and pages put where the web server serves them."""
    attack = [(NOON + n * 5.0, day.ftp(INTRUDER, "www", good=False)) for n in range(12)]
    attack.append((NOON + 70, day.ftp(INTRUDER, "www", good=True)))
    put = f'[www] OK UPLOAD: Client "{INTRUDER}", "/www/%d.php", 123 bytes, 1.00Kbyte/sec'
    attack += [(NOON + 90 + n * 30, put % n) for n in range(5)]
    (one,) = asked(tmp_path, noise=noise["vsftpd"], attack=day.vsftpd(attack))
    assert one["severity"] == "critical"


def test_a_database_held_to_ransom_is_one_incident(tmp_path: Path, noise: dict[str, list[str]]) -> None:
    """Guessed, copied, deleted, and a note left: four rules, one matter."""
    attack = [(NOON + n * 5.0, day.wrong_password(INTRUDER, "postgres")) for n in range(15)]
    attack.append((NOON + 100, day.let_in(INTRUDER, "postgres", "pg_dump")))
    for n, statement in enumerate(("DROP DATABASE shop", "CREATE TABLE README_TO_RECOVER (note text)")):
        attack.append((NOON + 120 + n, day.database(INTRUDER, "postgres", f"LOG:  statement: {statement}")))
    (one,) = asked(tmp_path, noise=noise["postgresql"], attack=day.postgresql(attack))
    assert one["severity"] == "critical"
    assert INTRUDER in json.dumps(one)


def test_a_name_server_that_tells_and_takes_is_one_incident(tmp_path: Path, noise: dict[str, list[str]]) -> None:
    """A zone is copied by a stranger, who then changes it."""
    attack = [
        (NOON, day.question(INTRUDER, "transfer of 'example.com/IN': AXFR started (serial 1)")),
        (NOON + 60.0, day.question(INTRUDER, "updating zone 'example.com/IN': adding an RR at 'www' A 192.0.2.1")),
    ]
    (one,) = asked(tmp_path, noise=noise["named"], attack=day.named(attack))
    assert one["severity"] in ("high", "critical")


def test_one_outage_of_a_database_is_one_incident(tmp_path: Path) -> None:
    """No room, a crash, and clients turned away: one cause, one matter."""
    lines = [(NOON, 'PANIC:  could not write to file "pg_wal/xlogtemp.812": No space left on device')]
    lines += [(NOON + 2, "LOG:  server process (PID 812) was terminated by signal 6: Aborted")]
    lines += [(NOON + 9 + n, "FATAL:  sorry, too many clients already") for n in range(12)]
    (one,) = asked(tmp_path, postgresql=[line.replace(" [1-1]", "") for line in day.postgresql([*lines])])
    assert one["title"] == "Database out of disk"


def test_a_ransom_seen_by_statements_alone_is_one_incident(tmp_path: Path) -> None:
    """MySQL's general log names no address beside a statement."""
    stamp = "2026-03-01T12:00:0{}.000000Z\t   12 Query\t{}"
    statements = ("DROP DATABASE shop", "CREATE TABLE README_TO_RECOVER (note text)")
    (one,) = asked(tmp_path, mysql=[stamp.format(n, text) for n, text in enumerate(statements)])
    assert one["severity"] == "critical"
