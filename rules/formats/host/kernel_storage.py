"""What the kernel says of disks, file systems and arrays that fail.

``disk_error`` is one refused request, ``filesystem_error`` damage or a file system that no longer takes writes,
``array_degraded`` an array that lost a member. Drives for disks that come and go (sr0, fd0) are left out: an empty one
gives the same errors.
"""

from typing import Any

from rules.formats.reading.program import happened

Fields = dict[str, Any]

#: Drives whose medium is taken out, and what is no device.
REMOVABLE = ("sr", "fd", "loop")

#: what a message says of a request -> why
REQUESTS = {
    "I/O error, dev ": "io_error",
    "critical medium error, dev ": "medium_error",
    "critical target error, dev ": "target_error",
    "critical nexus error, dev ": "nexus_error",
    "Buffer I/O error on dev ": "io_error",
    "Buffer I/O error on device ": "io_error",
}


def tell(text: str, fields: Fields) -> bool:
    """Add what *text* (without the time since the start) tells; False if it is about nothing of this."""
    return _request(text, fields) or _file_system(text, fields) or _array(text, fields)


def _request(text: str, fields: Fields) -> bool:
    """``blk_update_request: I/O error, dev sda, sector 5 op 0x0:(READ)``, ``Buffer I/O error on dev sda1, …``."""
    for what, reason in REQUESTS.items():
        head, found, rest = text.partition(what)
        if found and head in ("", "blk_update_request: ", "print_req_error: ", "end_request: "):
            device = rest.partition(",")[0].partition(" ")[0]
            if not device.startswith(REMOVABLE) and not (reason == "target_error" and _is_refusal(rest)):
                fields["disk.device"] = device
                happened(fields, "disk_error", "failure", reason)
            return True
    if text.startswith("nvme ") and " timeout, aborting" in text:  # since Linux 6.8 with the request behind it
        fields["disk.device"] = text[5:].partition(":")[0]
        happened(fields, "disk_error", "failure", "timeout")
        return True
    return False


def _is_refusal(rest: str) -> bool:
    """A disk that cannot forget blocks, or fill them with zeros, says so by an error; nothing is wrong with it."""
    return "(DISCARD)" in rest or "(WRITE_ZEROES)" in rest


def _file_system(text: str, fields: Fields) -> bool:
    """``EXT4-fs error (device sda1): …``, ``EXT4-fs (sda1): Remounting filesystem read-only``, ``XFS (sda1): …``."""
    kind, bracket, rest = text.partition(" (")
    device, closed, said = rest.partition("):")
    if not bracket or not closed:
        device, closed, said = "", "", text
    reason = _damage(kind, said.lstrip(" "))
    if reason:
        if device := device.removeprefix("device ").partition(" ")[0].rstrip(":"):
            fields["disk.device"] = device
        happened(fields, "filesystem_error", "failure", reason)
    return bool(reason)


def _damage(kind: str, said: str) -> str:
    """What is wrong with the file system; "" if nothing is."""
    if kind in ("EXT4-fs error", "EXT3-fs error", "EXT2-fs error", "BTRFS critical"):
        return "damaged"
    if said.startswith(("Remounting filesystem read-only", "forced readonly")):
        return "read_only"
    if kind == "BTRFS error":
        return "io_error" if said.startswith("bdev ") or " errs: " in said else "damaged"
    if kind == "BTRFS warning":
        return "damaged" if said.startswith(("csum failed ", "checksum error at ")) else ""
    if kind == "XFS":
        return next((reason for what, reason in XFS.items() if what in said), "")
    if said.startswith(("Aborting journal on device ", "JBD2: Detected IO errors while flushing file data on ")):
        return "journal"
    return ""


XFS = {
    "orruption detected": "damaged",
    "orruption of in-memory data": "damaged",
    "xfs_do_force_shutdown": "shut_down",
    "has been shut down": "shut_down",
    "log I/O error": "io_error",
    "I/O Error Detected": "io_error",
    "metadata I/O error": "io_error",
}


def _array(text: str, fields: Fields) -> bool:
    """``md/raid1:md0: Disk failure on sdb1, disabling device.``."""
    head, found, rest = text.partition(": Disk failure on ")
    if found and head.startswith("md/raid"):
        fields["disk.array"] = head.rpartition(":")[2]
        fields["disk.device"] = rest.partition(",")[0]
        happened(fields, "array_degraded", "failure", "member_failed")
        return True
    return False
