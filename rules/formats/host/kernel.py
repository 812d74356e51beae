"""The kernel's own messages: programs that crash, memory that runs out, modules, faults of its own and of disks.

A packet that the filter logged is rules/formats/network/firewall.py's. Of the lines of one fault exactly one is told:
of an OOM kill the line ``Killed process``, of a crash the line with the address. The texts are those of Linux 3 to 6:
arch/x86/mm/fault.c, mm/oom_kill.c, kernel/module/, kernel/panic.c, block/blk-core.c, fs/ext4/super.c, fs/xfs/,
fs/btrfs/messages.c, drivers/md/ (https://www.kernel.org/doc/html/latest/admin-guide/tainted-kernels.html).
"""

from collections.abc import Callable
from typing import Any

from rules.event import LogSource
from rules.formats.host import kernel_storage
from rules.formats.network import firewall
from rules.formats.reading.addresses import number
from rules.formats.reading.program import happened

Fields = dict[str, Any]
Part = Callable[[str, Fields], bool]
"""Adds what the message tells, if it is one of those that it knows, and says whether it was."""


def tell(message: str, fields: Fields) -> LogSource:
    """Add what a message of the kernel tells."""
    logsource = firewall.tell(message, fields)
    if logsource is not firewall.KERNEL:
        return logsource
    text = without_uptime(message)
    any(part(text, fields) for part in _PARTS)
    return logsource


def without_uptime(message: str) -> str:
    """``[12345.678901] text`` -> ``text``."""
    if message[:1] == "[" and message[1:16].lstrip(" ")[:1].isdigit():
        return message.partition("] ")[2]
    return message


def _crash(text: str, fields: Fields) -> bool:
    """``nginx[812]: segfault at 0 ip 00… error 4 in nginx[55…]``; ``traps: php[9] general protection fault ip:7f…``.

    A process names itself as it likes, so the last bracket before what happened counts.
    """
    for what in (" segfault at ", " general protection fault ip:", " trap ", " general protection ip:"):
        head, found, rest = text.partition(what)
        head = head.removeprefix("traps: ").removesuffix(":")
        name, bracket, pid = head.rpartition("[")
        if found and bracket and pid[-1:] == "]":
            _put_process(name, pid[:-1], fields)
            reason = rest.partition(" ip:")[0] if what == " trap " else what.strip().removesuffix(" ip:")
            happened(fields, "process_crash", "failure", reason.removesuffix(" at"))
            return True
    return False


def _put_process(name: str, pid: str, fields: Fields) -> None:
    fields["process.name"] = fields["service.name"] = name
    if (whole := number(pid)) is not None:
        fields["process.pid"] = whole


def _out_of_memory(text: str, fields: Fields) -> bool:
    """``Out of memory: Killed process 812 (mysqld) total-vm:…, UID:112 …``; older without the first words.

    ``Out of memory: Kill process 812 (mysqld) score 900`` announces what the next line says again.
    """
    head, found, rest = text.partition("Killed process ")
    if not found or head.rstrip(" ") not in ("", "Out of memory:", "Memory cgroup out of memory:"):
        return False
    pid, _, rest = rest.partition(" (")
    name, _, rest = rest.partition(") total-vm:") if ") total-vm:" in rest else rest.partition(")")
    _put_process(name, pid, fields)
    uid = rest.partition(", UID:")[2].partition(" ")[0]
    if (whole := number(uid)) is not None:
        fields["user.id"] = whole
    happened(fields, "oom_kill", "failure", "cgroup" if "cgroup" in head else "memory")
    return True


#: what a message says -> why the module taints the kernel
TAINTS = {
    ": module verification failed: ": "unsigned",
    ": loading out-of-tree module taints kernel": "out_of_tree",
    ": module license ": "license",
}


def _module(text: str, fields: Fields) -> bool:
    """``rk: module verification failed: signature and/or required key missing - tainting kernel``."""
    for what, reason in TAINTS.items():
        name, found, rest = text.partition(what)
        if found and " " not in name and (reason != "license" or "taints kernel" in rest):
            fields["kernel.module"] = name
            happened(fields, "kernel_module", "success", reason)
            return True
    if "unsigned module loading is restricted" in text or text.startswith("Loading of unsigned module is rejected"):
        happened(fields, "kernel_module", "failure", "unsigned")
        return True
    return False


#: how a message starts -> what broke
FAULTS = {
    "Kernel panic - not syncing": "panic",
    "Oops: ": "oops",
    "Internal error: Oops": "oops",
    "BUG: unable to handle ": "oops",
    "BUG: kernel NULL pointer dereference": "oops",
    "kernel BUG at ": "bug",
    "general protection fault": "oops",
}
HANGS = {
    "soft lockup - CPU": "soft_lockup",
    "hard LOCKUP on cpu": "hard_lockup",
    "detected stall": "rcu_stall",
    "self-detected stall on CPU": "rcu_stall",
}


def _fault(text: str, fields: Fields) -> bool:
    """``Oops: 0000 [#1] SMP PTI``, ``Kernel panic - not syncing: …``, ``watchdog: BUG: soft lockup - CPU#0 stuck``."""
    for start, reason in FAULTS.items():
        if text.startswith(start):
            happened(fields, "kernel_fault", "failure", reason)
            return True
    if text.startswith(("watchdog: ", "BUG: ", "NMI watchdog: ", "rcu: INFO: ", "INFO: rcu_")):
        reason = next((reason for what, reason in HANGS.items() if what in text), "")
        if reason:
            name, _, pid = text.rpartition("! [")[2].removesuffix("]").rpartition(":")
            if reason == "soft_lockup" and name:
                _put_process(name, pid, fields)
            happened(fields, "kernel_hang", "failure", reason)
        return bool(reason)
    if text.startswith("INFO: task ") and " blocked for more than " in text:
        name, _, pid = text[11:].partition(" blocked for ")[0].rpartition(":")
        _put_process(name, pid, fields)
        happened(fields, "kernel_hang", "failure", "hung_task")
        return True
    return False


def _promiscuous(text: str, fields: Fields) -> bool:
    """``device eth0 entered promiscuous mode``; since Linux 6.5 ``eth0: entered promiscuous mode``."""
    for verb in ("entered", "left"):
        name, found, _ = text.partition(f" {verb} promiscuous mode")
        name = name.removeprefix("device ").removesuffix(":").rpartition(" ")[2]
        if found and name:
            fields["network.interface"] = name
            happened(fields, "promiscuous_on" if verb == "entered" else "promiscuous_off", "success")
            return True
    return False


def _hardware(text: str, fields: Fields) -> bool:
    """``mce: [Hardware Error]: CPU 0: Machine Check Exception: 5 Bank 4: …``, ``EDAC MC0: 1 UE memory read error …``.

    ``Machine check events logged`` alone may speak of errors that were put right.
    """
    if text.startswith("EDAC ") and " UE " in text:
        happened(fields, "hardware_error", "failure", "memory")
        return True
    if "[Hardware Error]: " in text:
        grave = "Machine Check Exception" in text or "]: Uncorrected" in text
        happened(fields, "hardware_error", "failure", "uncorrected" if grave else "machine_check")
        return True
    return False


_PARTS: tuple[Part, ...] = (
    _crash,
    _out_of_memory,
    _module,
    _fault,
    _promiscuous,
    _hardware,
    kernel_storage.tell,
)
