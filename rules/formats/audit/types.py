"""Types of records by number, for those who write numbers: the kernel itself, and an auditd older than the kernel.

From the kernel's include/uapi/linux/audit.h and the audit project's lib/audit-records.h.
"""

from typing import Final

TYPES: Final = {
    "1100": "USER_AUTH", "1101": "USER_ACCT", "1102": "USER_MGMT", "1103": "CRED_ACQ", "1104": "CRED_DISP",
    "1105": "USER_START", "1106": "USER_END", "1107": "USER_AVC", "1108": "USER_CHAUTHTOK", "1109": "USER_ERR",
    "1110": "CRED_REFR", "1112": "USER_LOGIN", "1113": "USER_LOGOUT", "1114": "ADD_USER", "1115": "DEL_USER",
    "1116": "ADD_GROUP", "1117": "DEL_GROUP", "1123": "USER_CMD", "1124": "USER_TTY", "1130": "SERVICE_START",
    "1131": "SERVICE_STOP", "1300": "SYSCALL", "1302": "PATH", "1303": "IPC", "1305": "CONFIG_CHANGE",
    "1306": "SOCKADDR", "1307": "CWD", "1309": "EXECVE", "1318": "OBJ_PID", "1319": "TTY", "1320": "EOE",
    "1321": "BPRM_FCAPS", "1322": "CAPSET", "1323": "MMAP", "1324": "NETFILTER_PKT", "1325": "NETFILTER_CFG",
    "1326": "SECCOMP", "1327": "PROCTITLE", "1330": "KERN_MODULE", "1331": "FANOTIFY", "1334": "BPF",
    "1336": "URINGOP", "1337": "OPENAT2", "1400": "AVC", "1401": "SELINUX_ERR", "1403": "MAC_POLICY_LOAD",
    "1404": "MAC_STATUS", "1405": "MAC_CONFIG_CHANGE", "1700": "ANOM_PROMISCUOUS", "1701": "ANOM_ABEND",
    "1702": "ANOM_LINK", "1703": "ANOM_CREAT",
}  # fmt: skip


def named(kind: str) -> str:
    """``1400`` or ``UNKNOWN[1400]`` -> AVC; any other stays as it is."""
    return TYPES.get(kind.removeprefix("UNKNOWN[").removesuffix("]"), kind)
