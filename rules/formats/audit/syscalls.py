"""Names of system calls by number, for records that do not bear them (``log_format`` RAW).

The numbers are those of Linux's syscall tables (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/
unistd.h). Only calls that rules and the audit log's usual watches are about.
"""

from collections.abc import Mapping
from typing import Final

X86_64: Final[Mapping[str, str]] = {
    "2": "open", "41": "socket", "42": "connect", "43": "accept", "44": "sendto", "49": "bind", "50": "listen",
    "56": "clone", "57": "fork", "58": "vfork", "59": "execve", "62": "kill", "76": "truncate", "77": "ftruncate",
    "82": "rename", "83": "mkdir", "84": "rmdir", "85": "creat", "86": "link", "87": "unlink", "88": "symlink",
    "90": "chmod", "91": "fchmod", "92": "chown", "93": "fchown", "94": "lchown", "99": "sysinfo", "101": "ptrace",
    "103": "syslog", "105": "setuid", "106": "setgid", "113": "setreuid", "114": "setregid", "117": "setresuid",
    "119": "setresgid", "132": "utime", "133": "mknod", "135": "personality", "155": "pivot_root", "157": "prctl",
    "159": "adjtimex", "161": "chroot", "164": "settimeofday", "165": "mount", "166": "umount2", "169": "reboot",
    "170": "sethostname", "171": "setdomainname", "175": "init_module", "176": "delete_module", "188": "setxattr",
    "227": "clock_settime", "235": "utimes", "246": "kexec_load", "257": "openat", "258": "mkdirat", "259": "mknodat",
    "260": "fchownat", "263": "unlinkat", "264": "renameat", "265": "linkat", "266": "symlinkat", "268": "fchmodat",
    "272": "unshare", "280": "utimensat", "288": "accept4", "304": "open_by_handle_at", "308": "setns",
    "310": "process_vm_readv", "311": "process_vm_writev", "313": "finit_module", "316": "renameat2",
    "319": "memfd_create", "320": "kexec_file_load", "321": "bpf", "322": "execveat", "435": "clone3",
    "437": "openat2",
}  # fmt: skip
GENERIC: Final[Mapping[str, str]] = {
    "5": "setxattr", "33": "mknodat", "34": "mkdirat", "35": "unlinkat", "36": "symlinkat", "37": "linkat",
    "38": "renameat", "39": "umount2", "40": "mount", "41": "pivot_root", "45": "truncate", "46": "ftruncate",
    "51": "chroot", "52": "fchmod", "53": "fchmodat", "54": "fchownat", "55": "fchown", "56": "openat",
    "88": "utimensat", "92": "personality", "97": "unshare", "104": "kexec_load", "105": "init_module",
    "106": "delete_module", "112": "clock_settime", "116": "syslog", "117": "ptrace", "129": "kill", "142": "reboot",
    "143": "setregid", "144": "setgid", "145": "setreuid", "146": "setuid", "147": "setresuid", "149": "setresgid",
    "161": "sethostname", "162": "setdomainname", "167": "prctl", "170": "settimeofday", "171": "adjtimex",
    "179": "sysinfo", "198": "socket", "200": "bind", "201": "listen", "202": "accept", "203": "connect",
    "206": "sendto", "220": "clone", "221": "execve", "242": "accept4", "265": "open_by_handle_at", "268": "setns",
    "270": "process_vm_readv", "271": "process_vm_writev", "273": "finit_module", "276": "renameat2",
    "279": "memfd_create", "280": "bpf", "281": "execveat", "294": "kexec_file_load", "435": "clone3",
    "437": "openat2",
}  # fmt: skip
I386: Final[Mapping[str, str]] = {
    "5": "open", "8": "creat", "9": "link", "10": "unlink", "11": "execve", "14": "mknod", "15": "chmod",
    "21": "mount", "26": "ptrace", "37": "kill", "38": "rename", "83": "symlink", "102": "socketcall",
    "103": "syslog", "116": "sysinfo", "128": "init_module", "136": "personality", "295": "openat", "297": "mknodat",
    "301": "unlinkat", "302": "renameat", "303": "linkat", "304": "symlinkat", "350": "finit_module",
    "353": "renameat2", "358": "execveat", "359": "socket", "362": "connect", "364": "accept4", "437": "openat2",
}  # fmt: skip

#: the record's ``arch`` (AUDIT_ARCH_… of include/uapi/linux/audit.h) -> its table
BY_ARCH: Final[Mapping[str, Mapping[str, str]]] = {
    "c000003e": X86_64,
    "c00000b7": GENERIC,
    "c00000f3": GENERIC,
    "40000003": I386,
}


def name_of(arch: str, number: str) -> str | None:
    """The name of a call, None if it is not known."""
    return BY_ARCH.get(arch, {}).get(number)
