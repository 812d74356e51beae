"""Days on which people and their programs come and go at a machine, and nothing is wrong."""

# ruff: noqa: E501 (lines of logs stand as they are written)

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from support.traffic.days_of_hosts import MINUTE, SECOND
from support.traffic.lines import HOME, OFFICE, Line, auth, every, syslog


def key_login(at: datetime, user: str, address: str, seconds: float = 2) -> Iterator[Line]:
    """Somebody, or something, logs in with a key and leaves again."""
    pid = 2000 + at.second + 60 * at.minute
    yield auth(
        at, f"sshd[{pid}]", f"Accepted publickey for {user} from {address} port 50022 ssh2: ED25519 SHA256:{user * 9}"
    )
    yield auth(at, f"sshd[{pid}]", f"pam_unix(sshd:session): session opened for user {user}(uid=1001) by (uid=0)")
    end = at + timedelta(seconds=seconds)
    yield auth(end, f"sshd[{pid}]", f"Received disconnect from {address} port 50022:11: disconnected by user")
    yield auth(end, f"sshd[{pid}]", f"Disconnected from user {user} {address} port 50022")
    yield auth(end, f"sshd[{pid}]", f"pam_unix(sshd:session): session closed for user {user}")


def backups(at: datetime) -> Iterator[Line]:
    """A machine elsewhere fetches what changed, by rsync, every five minutes."""
    for moment in every(at, 5 * MINUTE, 48):
        yield auth(moment, "sshd[1999]", f"reverse mapping checking getaddrinfo for a.example [{HOME}] failed.")
        yield from key_login(moment, "backup", HOME, 9)


def ansible(at: datetime) -> Iterator[Line]:
    """A playbook: thirty tasks in a minute, each through sudo."""
    yield auth(at, "sshd[7001]", f"Accepted publickey for ansible from {OFFICE} port 50100 ssh2: ED25519 SHA256:abc")
    for number, moment in enumerate(every(at, 2 * SECOND, 30)):
        module = ("copy", "apt", "service", "template", "user", "file")[number % 6]
        command = (
            f"/bin/sh -c 'echo BECOME-SUCCESS-{number:x}qzwxe ; /usr/bin/python3 "
            f"/home/ansible/.ansible/tmp/ansible-tmp-177{number}-1/AnsiballZ_{module}.py'"
        )
        yield auth(
            moment,
            f"sudo[{7100 + number}]",
            f" ansible : TTY=pts/1 ; PWD=/home/ansible ; USER=root ; COMMAND={command}",
        )
        yield auth(
            moment,
            f"sudo[{7100 + number}]",
            "pam_unix(sudo:session): session opened for user root(uid=0) by ansible(uid=1002)",
        )
        yield auth(moment, f"sudo[{7100 + number}]", "pam_unix(sudo:session): session closed for user root")
    # an unprivileged user's tasks go through /tmp, and a unit is put in place
    yield auth(
        at + 62 * SECOND,
        "sudo[7200]",
        " ansible : TTY=pts/1 ; PWD=/home/ansible ; USER=postgres ; COMMAND=/bin/sh -c 'echo BECOME-SUCCESS-x ; "
        "/usr/bin/python3 /var/tmp/ansible-tmp-17799-2/AnsiballZ_postgresql_db.py'",
    )
    yield auth(
        at + 64 * SECOND,
        "sudo[7201]",
        " ansible : TTY=pts/1 ; PWD=/home/ansible ; USER=root ; COMMAND=/usr/bin/systemctl daemon-reload",
    )


def ci_runners(at: datetime) -> Iterator[Line]:
    """Builds: two hundred logins an hour with a key, and as many of people's to the forge, all as ``git``."""
    for number, moment in enumerate(every(at, 18 * SECOND, 100)):
        yield from key_login(moment, "git" if number % 2 else "deploy", f"198.51.100.{100 + number % 90}", 5)


def knocking_monitor(at: datetime) -> Iterator[Line]:
    """A monitoring that nobody named in ``[trust]`` looks each minute whether the doors open."""
    for number, moment in enumerate(every(at, MINUTE, 60)):
        port = 30000 + number
        yield auth(moment, f"sshd[{9000 + number}]", f"Connection closed by {HOME} port {port} [preauth]")
        yield auth(
            moment, f"sshd[{9300 + number}]", f"Received disconnect from {HOME} port {port}:11: Bye Bye [preauth]"
        )
        yield auth(
            moment, f"sshd[{9600 + number}]", "error: kex_exchange_identification: Connection closed by remote host"
        )
        yield auth(moment, f"sshd[{9600 + number}]", f"Connection closed by {HOME} port {port}")
        yield syslog(moment, "mail", "postfix/smtpd[2204]", f"connect from monitor.example.net[{HOME}]")
        yield syslog(
            moment, "mail", "postfix/smtpd[2204]", f"lost connection after CONNECT from monitor.example.net[{HOME}]"
        )
        yield syslog(
            moment,
            "mail",
            "dovecot",
            f"imap-login: Disconnected: Connection closed (no auth attempts in 0 secs): user=<>, rip={HOME}, "
            f"lip=198.51.100.2, TLS, session=<m{number}>",
        )
        stamp = f"{moment:%Y-%m-%d %H:%M:%S}.123 UTC [{number + 800}]"
        yield Line(moment, "postgresql", f"{stamp} LOG:  invalid length of startup packet")
        stamp = f"{moment:%Y-%m-%d}  {moment.hour}:{moment:%M:%S} {number}"
        yield Line(
            moment,
            "mysql",
            f"{stamp} [Warning] Aborted connection {number} to db: 'unconnected' user: 'unauthenticated' host: '{HOME}' "
            "(This connection closed normally without authentication)",
        )


def four_wrong_passwords(at: datetime) -> Iterator[Line]:
    """Somebody comes back from holidays: the fifth password is the right one, at each door."""
    for moment in every(at, 9 * SECOND, 4):
        yield auth(
            moment,
            "sshd[8001]",
            f"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={HOME}  user=ann",
        )
        yield auth(moment + SECOND, "sshd[8001]", f"Failed password for ann from {HOME} port 50111 ssh2")
    yield auth(at + 50 * SECOND, "sshd[8002]", f"Accepted password for ann from {HOME} port 50112 ssh2")
    at += 2 * MINUTE
    for number in (0, 1):
        moment = at + number * 30 * SECOND
        yield auth(
            moment,
            "sudo",
            "pam_unix(sudo:auth): authentication failure; logname=ann uid=1001 euid=0 tty=/dev/pts/0 ruser=ann rhost=  user=ann",
        )
        wrong = f"{3 - 2 * number} incorrect password attempt{'' if number else 's'}"
        yield auth(
            moment + 9 * SECOND,
            "sudo",
            f"     ann : {wrong} ; TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/usr/bin/apt update",
        )
    yield auth(at + MINUTE, "sudo", "     ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/usr/bin/apt update")


def wrong_jump_host(at: datetime) -> Iterator[Line]:
    """An agent offers six keys before the right one, again and again; and somebody types a password as a name."""
    for number, moment in enumerate(every(at, 10 * MINUTE, 12)):
        for key in range(5):
            yield auth(
                moment,
                f"sshd[{8100 + number}]",
                f"Failed publickey for bo from {HOME} port {50200 + number} ssh2: RSA SHA256:{key}aaa",
            )
        yield auth(
            moment,
            f"sshd[{8100 + number}]",
            f"error: maximum authentication attempts exceeded for bo from {HOME} port {50200 + number} ssh2 [preauth]",
        )
        yield auth(
            moment,
            f"sshd[{8100 + number}]",
            f"Disconnecting authenticating user bo {HOME} port {50200 + number}: Too many authentication failures [preauth]",
        )
        yield from key_login(moment + 20 * SECOND, "bo", HOME)
    yield auth(at + MINUTE, "sshd[8300]", f"Invalid user Tr0ub4dor&3 from {HOME} port 50500")


def new_colleague(at: datetime) -> Iterator[Line]:
    """Somebody gets an account, the right to become root, and a key."""
    who = "ann : TTY=pts/0 ; PWD=/home/ann ; USER=root"
    yield auth(at, "sudo", f"     {who} ; COMMAND=/usr/sbin/adduser kim")
    yield auth(at, "groupadd[812]", "new group: name=kim, GID=1007")
    yield auth(
        at, "useradd[813]", "new user: name=kim, UID=1007, GID=1007, home=/home/kim, shell=/bin/bash, from=/dev/pts/0"
    )
    yield auth(at + 20 * SECOND, "passwd[814]", "pam_unix(passwd:chauthtok): password changed for kim")
    yield auth(at + 30 * SECOND, "chfn[815]", "changed user 'kim' information")
    yield auth(at + 60 * SECOND, "sudo", f"     {who} ; COMMAND=/usr/sbin/usermod -aG sudo kim")
    yield auth(at + 60 * SECOND, "usermod[816]", "add 'kim' to group 'sudo'")
    yield auth(at + 60 * SECOND, "usermod[816]", "add 'kim' to shadow group 'sudo'")
    yield auth(at + 90 * SECOND, "sudo", f"     {who} ; COMMAND=/usr/bin/tee -a /home/kim/.ssh/authorized_keys")


DAYS: Final = (
    new_colleague,
    backups,
    ansible,
    ci_runners,
    knocking_monitor,
    four_wrong_passwords,
    wrong_jump_host,
)
