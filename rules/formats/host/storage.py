"""smartd, mdadm and ZFS's zed: disks that are about to fail, and arrays that have lost one.

smartd also tells each change of a value, and calls attributes ``Prefailure`` that are well: only what it calls failed,
and sectors that cannot be read, is ``smart_failure``. The texts are those of smartd.cpp
(https://www.smartmontools.org/), mdadm(8) under ``--monitor`` and zed(8).
"""

from typing import Any

from rules.event import LogSource
from rules.formats.reading.program import happened

STORAGE = LogSource(product="linux", service="syslog")

#: What smartd says of a disk -> why it is failing.
FAILURES = {
    "FAILED SMART self-check. BACK UP DATA NOW!": "self_check",
    "SMART Failure:": "self_check",
    "Failed SMART usage Attribute:": "attribute",
    "Currently unreadable (pending) sectors": "pending_sectors",
    "Offline uncorrectable sectors": "uncorrectable_sectors",
    "Self-Test Log error count increased": "self_test",
    "new Self-Test Log error": "self_test",
    "Critical Warning (": "critical_warning",
}

#: What mdadm calls what happened -> whether an array has lost a disk.
MD_EVENTS = {
    "Fail": "member_failed",
    "FailSpare": "spare_failed",
    "DegradedArray": "degraded",
    "DeviceDisappeared": "disappeared",
}
BAD_STATES = frozenset({"DEGRADED", "FAULTED", "UNAVAIL", "REMOVED", "OFFLINE", "SUSPENDED"})


def smartd(message: str, fields: dict[str, Any]) -> LogSource:
    """``Device: /dev/sda [SAT], 8 Currently unreadable (pending) sectors``."""
    device, found, said = message.removeprefix("Device: ").partition(", ")
    if message.startswith("Device: ") and found:
        fields["disk.device"] = device.partition(" ")[0].removeprefix("/dev/")
        reason = next((reason for what, reason in FAILURES.items() if what in said), "")
        if reason and not said.startswith(("0 Currently", "0 Offline", "No more ")) and "decreased" not in said:
            happened(fields, "smart_failure", "failure", reason)
        elif said.startswith("ATA error count increased"):  # a bad cable does that too
            happened(fields, "disk_error", "failure", "ata_error")
    return STORAGE


def mdadm(message: str, fields: dict[str, Any]) -> LogSource:
    """``Fail event detected on md device /dev/md0, component device /dev/sdb1``."""
    name, found, where = message.partition(" event detected on md device ")
    if found:
        array, _, device = where.partition(", component device ")
        fields["disk.array"] = array.removeprefix("/dev/")
        if device:
            fields["disk.device"] = device.partition(" ")[0].removeprefix("/dev/")
        if name in MD_EVENTS:
            happened(fields, "array_degraded", "failure", MD_EVENTS[name])
    return STORAGE


def zed(message: str, fields: dict[str, Any]) -> LogSource:
    """``eid=42 class=statechange pool='tank' vdev=sdb1 vdev_state=FAULTED``; quotes only in newer versions."""
    parts = dict(part.partition("=")[::2] for part in message.split(" ", 40) if "=" in part)
    if "eid" not in parts:
        return STORAGE
    for name, target in (("pool", "disk.array"), ("vdev", "disk.device"), ("vdev_path", "disk.device")):
        if value := parts.get(name, "").strip("'\""):
            fields[target] = value.removeprefix("/dev/")
    state = parts.get("vdev_state", "").strip("'\"")
    if parts.get("class") == "statechange" and state in BAD_STATES:
        happened(fields, "array_degraded", "failure", state.lower())
    elif parts.get("class") in ("io", "checksum", "io_failure"):
        happened(fields, "disk_error", "failure", parts["class"])
    return STORAGE
