"""Lines of the host's own daemons: what each tells, and which of the rules on hosts it fulfils by itself.

The tables are in ``lines/``, one per family: the line as it stands behind stamp and host, and below it service, source
address, user, action, outcome, and the titles of the rules; ``-`` for what is not told. Each table names the
documentation that its lines were written after. Lines that look alike and mean nothing stand at its end.
"""

from pathlib import Path
from typing import Any

import pytest
from support.lines import fulfilled, parsed, source_of, told

FOLDERS = ("ssh", "sudo", "accounts", "pam", "persistence", "system")
TABLES = sorted(Path(__file__).with_name("lines").glob("*.txt"))
LEAST = 15  #: lines per daemon


def rows(table: Path) -> list[tuple[str, str]]:
    """(line, what it is to tell) of one table."""
    text = [line for line in table.read_text("utf-8").split("\n") if line and not line.startswith("#")]
    return [("Mar  1 03:11:20 web1 " + line, said[2:]) for line, said in zip(text[::2], text[1::2], strict=True)]


def said_of(line: str) -> str:
    found = parsed(line)
    cells = ("-" if value is None else str(value) for value in told(found))
    rules = "; ".join(fulfilled(found, line, *FOLDERS)) or "-"
    return " | ".join((source_of(found).rpartition("/")[2], *cells, rules))


def test_all_daemons_have_a_table() -> None:
    """There is a table for each family of daemons, and none is short."""
    names = {table.stem: len(rows(table)) for table in TABLES}
    assert {"sshd", "sudo", "su", "pam", "accounts", "cron", "systemd", "kernel", "storage"} <= names.keys()
    assert min(names.values()) >= LEAST, names


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_lines(table: Path) -> None:
    """Each line tells who, from where, what and how it ended, and fulfils these rules and no other."""
    expected = rows(table)
    assert [(line, said_of(line)) for line, _ in expected] == expected


def detail(line: str, *names: str) -> tuple[Any, ...]:
    fields = parsed("Mar  1 03:11:20 web1 " + line).fields
    return tuple(fields.get(name) for name in names)


@pytest.mark.parametrize(
    ("line", "name", "reason"),
    [
        ("nginx[812]: segfault at 0 ip 00 sp 00 error 4", "nginx", "segfault"),
        ("traps: php-fpm[812] general protection fault ip:7f sp:7f error:0", "php-fpm", "general protection fault"),
        ("traps: app[812] trap invalid opcode ip:55 sp:7f error:0", "app", "invalid opcode"),
        ("a b[1]: x[812]: segfault at 8 ip 00 sp 00 error 6", "a b[1]: x", "segfault"),
        ("Out of memory: Killed process 812 (mysqld) total-vm:1kB, UID:112 pgtables:6kB", "mysqld", "memory"),
        ("Memory cgroup out of memory: Killed process 812 (a) b) total-vm:1kB, UID:0 x", "a) b", "cgroup"),
        ("INFO: task jbd2/sda1-8:812 blocked for more than 120 seconds.", "jbd2/sda1-8", "hung_task"),
    ],
)
def test_which_program(line: str, name: str, reason: str) -> None:
    """A program that crashed, was killed or hangs is named, however it calls itself."""
    found = detail(f"kernel: [   12.000001] {line}", "process.name", "process.pid", "event.reason")
    assert found == (name, 812, reason)


@pytest.mark.parametrize(
    ("line", "device", "array", "reason"),
    [
        ("kernel: I/O error, dev nvme0n1, sector 1 op 0x1:(WRITE)", "nvme0n1", None, "io_error"),
        ("kernel: critical medium error, dev sdb, sector 1", "sdb", None, "medium_error"),
        ("kernel: nvme nvme0: I/O 1 QID 4 timeout, aborting", "nvme0", None, "timeout"),
        ("kernel: EXT4-fs error (device sda1): ext4_lookup:1: inode #2", "sda1", None, "damaged"),
        ("kernel: EXT4-fs (sda1): Remounting filesystem read-only", "sda1", None, "read_only"),
        ("kernel: XFS (dm-0): Filesystem has been shut down due to log error (0x2).", "dm-0", None, "shut_down"),
        ("kernel: BTRFS error (device sdb1: state E): bdev /dev/sdb1 errs: wr 1", "sdb1", None, "io_error"),
        ("kernel: md/raid1:md0: Disk failure on sdb1, disabling device.", "sdb1", "md0", "member_failed"),
        ("mdadm[9]: Fail event detected on md device /dev/md0, component device /dev/sdb1", "sdb1", "md0",
         "member_failed"),
        ("zed: eid=4 class=statechange pool='tank' vdev=sdb1 vdev_state=FAULTED", "sdb1", "tank", "faulted"),
        ("smartd[9]: Device: /dev/sda [SAT], 8 Currently unreadable (pending) sectors", "sda", None,
         "pending_sectors"),
    ],
)  # fmt: skip
def test_which_disk(line: str, device: str, array: str | None, reason: str) -> None:
    """A disk or an array that fails is named, and why."""
    assert detail(line, "disk.device", "disk.array", "event.reason") == (device, array, reason)


@pytest.mark.parametrize(
    ("line", "unit", "reason"),
    [
        ("systemd[1]: app.service: Failed with result 'oom-kill'.", "app.service", "oom-kill"),
        ("systemd[1]: Unit app.service entered failed state.", "app.service", "failed"),
        ("systemd[1]: app@1.service start request repeated too quickly, refusing to start.", "app@1.service",
         "start_limit"),
        ("systemd[1]: Failed to start app.service - The app.", "app.service", None),
        ("systemd[1]: Failed to start The app.", None, None),
        ("systemd-oomd[7]: Killed /system.slice/app.service due to memory pressure for /x", "app.service", "pressure"),
        ("systemd[1]: /tmp/x.service:3: Unknown key name 'Foo'", "x.service", None),
    ],
)  # fmt: skip
def test_which_unit(line: str, unit: str | None, reason: str | None) -> None:
    """A unit is named, and why it failed."""
    assert detail(line, "systemd.unit", "event.reason") == (unit, reason)


def test_who_did_it_to_whom() -> None:
    """Who changed another's crontab or password, or called su, is told apart from whose it is."""
    both = ("user.actor.name", "user.name")
    assert detail("crontab[9]: (root) REPLACE (bob)", *both) == ("root", "bob")
    assert detail("crontab[9]: (bob) REPLACE (bob)", *both) == (None, "bob")
    assert detail("passwd[9]: password for 'bob' changed by 'root'", *both) == ("root", "bob")
    asked = "pam_unix(su:auth): authentication failure; logname=bob uid=1 euid=0 tty=p ruser=bob rhost=  user=root"
    assert detail(f"su[9]: {asked}", *both) == ("bob", "root")


def test_a_folder_cannot_refuse_a_command() -> None:
    """What a user calls a folder is no remark of sudo's: it would hide a command that ran."""
    line = "sudo:  bob : TTY=pts/0 ; PWD=/home/bob/a ; command not allowed ; USER=root ; COMMAND=/bin/sh"
    names = ("event.outcome", "PWD", "user.effective.name", "COMMAND")
    assert detail(line, *names) == ("success", "/home/bob/a ; command not allowed", "root", "/bin/sh")
