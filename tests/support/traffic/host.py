"""What the machine itself and the people at it write: sshd, sudo, cron, systemd, the kernel, packages."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from support.traffic.lines import (
    ADMINS,
    MONITOR,
    NAMES,
    OFFICE,
    PEOPLE,
    Line,
    auth,
    every,
    stranger,
    syslog,
    within,
)

DAY_SECONDS = 86_000
SEEN_BY_SCANNERS = (22, 23, 25, 80, 443, 445, 1433, 2375, 3306, 3389, 5060, 5432, 6379, 8080, 8443, 9200, 27017)
COMMANDS = (
    "/usr/bin/apt list --upgradable",
    "/usr/bin/systemctl status shop",
    "/usr/bin/journalctl -u shop",
    "/usr/bin/tail -n 50 /var/log/syslog",
)
UNITS = ("logrotate", "apt-daily", "man-db", "fstrim", "certbot", "e2scrub_all", "dpkg-db-backup")


def guessers(random: Random, day: datetime, attackers: int) -> Iterator[Line]:
    """The internet at port 22: guesses, and knocks that are no guesses."""
    for _ in range(attackers):
        address, at = stranger(random), within(random, day, DAY_SECONDS)
        yield from (_knock if random.random() < 0.4 else _guesses)(random, at, address)


def _knock(random: Random, at: datetime, address: str) -> Iterator[Line]:
    pid, port = random.randint(2000, 30000), random.randint(30000, 60000)
    yield auth(
        at,
        f"sshd[{pid}]",
        random.choice(
            (
                f"Connection closed by {address} port {port}",
                "error: kex_exchange_identification: Connection closed by remote host",
                f"banner exchange: Connection from {address} port {port}: invalid format",
                f"Unable to negotiate with {address} port {port}: no matching host key type found. Their "
                "offer: ssh-rsa,ssh-dss [preauth]",
                f"Connection reset by {address} port {port} [preauth]",
            )
        ),
    )


def _guesses(random: Random, at: datetime, address: str) -> Iterator[Line]:
    for _ in range(random.choice((1, 3, 5, 12, 30))):
        pid, port, user = random.randint(2000, 30000), random.randint(30000, 60000), random.choice(NAMES)
        kind = "" if user == "root" else "invalid user "
        if kind:
            yield auth(at, f"sshd[{pid}]", f"Invalid user {user} from {address} port {port}")
        yield auth(at, f"sshd[{pid}]", f"Failed password for {kind}{user} from {address} port {port} ssh2")
        yield auth(
            at,
            f"sshd[{pid}]",
            f"Connection closed by {kind or 'authenticating user '}{user} {address} port {port} [preauth]",
        )
        at += timedelta(seconds=random.uniform(1, 40))


def people(random: Random, day: datetime) -> Iterator[Line]:
    """Work: log in, mistype now and then, look after the machine."""
    for visit in range(14):
        user, at, pid = random.choice(PEOPLE), within(random, day + timedelta(hours=8), 36_000), 31_000 + visit
        address = OFFICE if random.random() < 0.7 else f"198.51.100.{random.randint(100, 140)}"
        for _ in range(random.choice((0, 0, 0, 0, 1, 2))):
            yield auth(at, f"sshd[{pid}]", f"Failed password for {user} from {address} port 50022 ssh2")
            at += timedelta(seconds=7)
        how = random.choice(("password", "publickey"))
        key = ": ED25519 SHA256:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG" if how == "publickey" else ""
        yield auth(at, f"sshd[{pid}]", f"Accepted {how} for {user} from {address} port 50022 ssh2{key}")
        yield auth(at, f"sshd[{pid}]", f"pam_unix(sshd:session): session opened for user {user}(uid=1001) by (uid=0)")
        if user in ADMINS:
            yield from _administers(random, at + timedelta(minutes=1), user)
        yield auth(
            at + timedelta(minutes=25), f"sshd[{pid}]", f"pam_unix(sshd:session): session closed for user {user}"
        )


def _administers(random: Random, at: datetime, user: str) -> Iterator[Line]:
    where = f"TTY=pts/0 ; PWD=/home/{user} ; USER=root"
    if random.random() < 0.15:
        failure = (
            f"authentication failure; logname={user} uid=1001 euid=0 tty=/dev/pts/0 ruser={user} rhost=  user={user}"
        )
        yield auth(at, "sudo", f"pam_unix(sudo:auth): {failure}")
        at += timedelta(seconds=5)
    for _ in range(random.randint(1, 3)):
        yield auth(at, "sudo", f"{user} : {where} ; COMMAND={random.choice(COMMANDS)}")
        yield auth(at, "sudo", f"pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid=1001)")
        yield auth(at + timedelta(seconds=3), "sudo", "pam_unix(sudo:session): session closed for user root")
        at += timedelta(minutes=2)


def machine(random: Random, day: datetime) -> Iterator[Line]:
    """Cron, timers, the monitoring's knock at sshd, clocks, and strangers at closed ports."""
    for at in every(day, timedelta(minutes=15), 95):
        pid = random.randint(1000, 30000)
        yield auth(at, f"CRON[{pid}]", "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)")
        yield syslog(at, "syslog", f"CRON[{pid}]", "(root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)")
        yield auth(at, f"CRON[{pid}]", "pam_unix(cron:session): session closed for user root")
        yield auth(at, f"sshd[{pid + 1}]", f"Connection closed by {MONITOR} port {random.randint(30000, 60000)}")
    for unit in UNITS:
        at = within(random, day, DAY_SECONDS)
        yield syslog(at, "syslog", "systemd[1]", f"Starting {unit}.service - of every day...")
        yield syslog(at + timedelta(seconds=4), "syslog", "systemd[1]", f"{unit}.service: Deactivated successfully.")
        yield syslog(at + timedelta(seconds=4), "syslog", "systemd[1]", f"Finished {unit}.service - of every day.")
    yield syslog(
        within(random, day, DAY_SECONDS), "syslog", "chronyd[611]", "Selected source 192.0.2.123 (ntp.example.net)"
    )
    yield syslog(
        within(random, day, DAY_SECONDS),
        "syslog",
        "smartd[702]",
        "Device: /dev/sda [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from 64 to 63",
    )
    for _ in range(260):
        yield _blocked(random, within(random, day, DAY_SECONDS))


def _blocked(random: Random, at: datetime) -> Line:
    address, port = stranger(random), random.choice(SEEN_BY_SCANNERS)
    packet = "LEN=44 TOS=0x00 PREC=0x00 TTL=241 ID=54321 PROTO=TCP"
    return syslog(
        at,
        "syslog",
        "kernel",
        f"[{at.timestamp() % 10**6:.6f}] [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56:00:00:5e:00:01:01:08:00 "
        f"SRC={address} DST=198.51.100.2 {packet} SPT={random.randint(1024, 65000)} DPT={port} WINDOW=1024 "
        "RES=0x00 SYN URGP=0",
    )


def upgrade(random: Random, day: datetime) -> Iterator[Line]:
    """Packages are upgraded in the night; one brings an account of its own, and services start again."""
    at = day + timedelta(hours=6, minutes=random.randint(0, 50))
    yield syslog(
        at, "syslog", "systemd[1]", "Starting apt-daily-upgrade.service - Daily apt upgrade and clean activities..."
    )
    for group in (f"_svc{random.randint(1, 9)}",):
        yield auth(at, "groupadd[5120]", f"group added to /etc/group: name={group}, GID=118")
        yield auth(at, "groupadd[5120]", f"new group: name={group}, GID=118")
        yield auth(
            at,
            "useradd[5127]",
            f"new user: name={group}, UID=111, GID=118, home=/var/lib/{group}, shell=/usr/sbin/nologin, from=none",
        )
        yield auth(at, "usermod[5134]", f"change user '{group}' password")
        yield auth(at, "chage[5141]", f"changed password expiry for {group}")
    for unit in ("nginx", "postfix@-", "ssh"):
        at += timedelta(seconds=9)
        yield syslog(at, "syslog", "systemd[1]", f"Stopping {unit}.service...")
        yield syslog(at, "syslog", "systemd[1]", f"{unit}.service: Deactivated successfully.")
        yield syslog(at + timedelta(seconds=1), "syslog", "systemd[1]", f"Started {unit}.service.")
    yield auth(at, "sshd[801]", "Received signal 15; terminating.")
    yield auth(at + timedelta(seconds=1), "sshd[5300]", "Server listening on 0.0.0.0 port 22.")
    yield syslog(
        at + timedelta(seconds=30),
        "syslog",
        "systemd[1]",
        "Finished apt-daily-upgrade.service - Daily apt upgrade and clean activities.",
    )


def deploy(random: Random, at: datetime) -> Iterator[Line]:
    """The shop is put in place anew by its own account; its Java machine ends with 143, as they do."""
    yield auth(
        at,
        "sshd[7001]",
        f"Accepted publickey for deploy from {OFFICE} port 50100 ssh2: "
        "ED25519 SHA256:deploydeploydeploydeploydeploydeploydeploy0",
    )
    yield auth(at, "sshd[7001]", "pam_unix(sshd:session): session opened for user deploy(uid=1010) by (uid=0)")
    yield auth(at, "sudo", "deploy : PWD=/home/deploy ; USER=root ; COMMAND=/usr/bin/systemctl restart shop.service")
    yield syslog(at, "syslog", "systemd[1]", "Stopping shop.service - The shop...")
    yield syslog(
        at + timedelta(seconds=2),
        "syslog",
        "systemd[1]",
        "shop.service: Main process exited, code=exited, status=143/n/a",
    )
    yield syslog(at + timedelta(seconds=2), "syslog", "systemd[1]", "shop.service: Failed with result 'exit-code'.")
    yield syslog(at + timedelta(seconds=2), "syslog", "systemd[1]", "Stopped shop.service - The shop.")
    yield syslog(at + timedelta(seconds=3), "syslog", "systemd[1]", "Started shop.service - The shop.")
    yield auth(at + timedelta(seconds=40), "sshd[7001]", "pam_unix(sshd:session): session closed for user deploy")
