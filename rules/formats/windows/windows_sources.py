"""Channel and EventID of a Windows event -> Sigma's log source (product windows, with category and service)."""

from functools import lru_cache
from typing import Any

from rules.event import LogSource

#: channel, in lower case -> Sigma's service
SERVICES = {
    "security": "security",
    "system": "system",
    "application": "application",
    "microsoft-windows-sysmon/operational": "sysmon",
    "microsoft-windows-powershell/operational": "powershell",
    "powershellcore/operational": "powershell",
    "windows powershell": "powershell-classic",
    "microsoft-windows-windows defender/operational": "windefend",
    "microsoft-windows-taskscheduler/operational": "taskscheduler",
    "microsoft-windows-wmi-activity/operational": "wmi",
    "microsoft-windows-ntlm/operational": "ntlm",
    "microsoft-windows-codeintegrity/operational": "codeintegrity-operational",
    "microsoft-windows-bits-client/operational": "bits-client",
    "microsoft-windows-dns-client/operational": "dns-client",
    "microsoft-windows-dnsserver/analytical": "dns-server-analytic",
    "microsoft-windows-dns-server/audit": "dns-server-audit",
    "dns server": "dns-server",
    "microsoft-windows-driverframeworks-usermode/operational": "driver-framework",
    "microsoft-windows-windows firewall with advanced security/firewall": "firewall-as",
    "microsoft-windows-appxdeploymentserver/operational": "appxdeployment-server",
    "microsoft-windows-appxpackaging/operational": "appxpackaging-om",
    "microsoft-windows-appmodel-runtime/admin": "appmodel-runtime",
    "microsoft-windows-applocker/exe and dll": "applocker",
    "microsoft-windows-applocker/msi and script": "applocker",
    "microsoft-windows-applocker/packaged app-deployment": "applocker",
    "microsoft-windows-applocker/packaged app-execution": "applocker",
    "microsoft-windows-printservice/admin": "printservice-admin",
    "microsoft-windows-printservice/operational": "printservice-operational",
    "microsoft-windows-smbclient/security": "smbclient-security",
    "microsoft-windows-smbclient/connectivity": "smbclient-connectivity",
    "microsoft-windows-smbserver/connectivity": "smbserver-connectivity",
    "microsoft-windows-terminalservices-localsessionmanager/operational": "terminalservices-localsessionmanager",
    "microsoft-windows-ldap-client/debug": "ldap",
    "microsoft-windows-lsa/operational": "lsa-server",
    "microsoft-windows-security-mitigations/kernel mode": "security-mitigations",
    "microsoft-windows-security-mitigations/user mode": "security-mitigations",
    "microsoft-windows-security-mitigations/kernelmode": "security-mitigations",
    "microsoft-windows-security-mitigations/usermode": "security-mitigations",
    "microsoft-windows-shell-core/operational": "shell-core",
    "microsoft-windows-diagnosis-scripted/operational": "diagnosis-scripted",
    "microsoft-windows-capi2/operational": "capi2",
    "microsoft-windows-certificateservicesclient-lifecycle-system/operational": (
        "certificateservicesclient-lifecycle-system"
    ),
    "microsoft-iis-configuration/operational": "iis-configuration",
    "msexchange management": "msexchange-management",
    "openssh/operational": "openssh",
    "microsoft-servicebus-client": "microsoft-servicebus-client",
    "microsoft-servicebus-client/operational": "microsoft-servicebus-client",
    "microsoft-servicebus-client/admin": "microsoft-servicebus-client",
    "microsoft-windows-kernel-file/analytic": "kernel-file",
    "linux-sysmon/operational": "sysmon",
}

#: Sysmon's EventID -> Sigma's category. A rule for `registry_event` covers 12, 13 and 14.
SYSMON = {
    1: "process_creation",
    2: "file_change",
    3: "network_connection",
    4: "sysmon_status",
    5: "process_termination",
    6: "driver_load",
    7: "image_load",
    8: "create_remote_thread",
    9: "raw_access_thread",
    10: "process_access",
    11: "file_event",
    13: "registry_set",
    14: "registry_rename",
    15: "create_stream_hash",
    16: "sysmon_status",
    17: "pipe_created",
    18: "pipe_created",
    19: "wmi_event",
    20: "wmi_event",
    21: "wmi_event",
    22: "dns_query",
    23: "file_delete",
    24: "clipboard_capture",
    25: "process_tampering",
    26: "file_delete",
    27: "file_block_executable",
    28: "file_block_shredding",
    29: "file_executable_detected",
    255: "sysmon_error",
}
POWERSHELL = {4103: "ps_module", 4104: "ps_script"}
POWERSHELL_CLASSIC = {400: "ps_classic_start", 600: "ps_classic_provider_start", 800: "ps_classic_script"}
SECURITY = {
    4688: "process_creation",
    4689: "process_termination",
    4657: "registry_set",
    5156: "network_connection",
}
#: what Defender found, and what it did about it
DEFENDER = dict.fromkeys((1006, 1007, 1015, 1116, 1117, 1118, 1119), "antivirus")
KERNEL_FILE = {12: "file_access", 19: "file_rename", 26: "file_delete", 27: "file_rename", 30: "file_event"}
DNS_CLIENT = {3008: "dns"}
#: queries received, recursed, answered and forwarded
DNS_SERVER = dict.fromkeys((256, 257, 260, 261, 279), "dns")

CATEGORIES = {
    "sysmon": SYSMON,
    "powershell": POWERSHELL,
    "powershell-classic": POWERSHELL_CLASSIC,
    "security": SECURITY,
    "windefend": DEFENDER,
    "kernel-file": KERNEL_FILE,
    "dns-client": DNS_CLIENT,
    "dns-server-analytic": DNS_SERVER,
}
#: of these the product is not Windows
PRODUCTS = {"linux-sysmon/operational": "linux"}
RPC_FIREWALL = LogSource(category="application", product="rpc_firewall")
#: how the RPC Firewall calls its channel and its providers
RPC_FIREWALL_NAMES = frozenset({"rpcfw", "rpcfwp"})


def kind_of(fields: dict[str, Any]) -> str:
    """What of an event, beside channel and number, decides its log source."""
    provider = str(fields.get("Provider_Name", ""))[:20].lower()
    if provider in RPC_FIREWALL_NAMES:
        return provider
    if fields.get("OperationType") == "%%1906":  # Security 4657: a value was deleted
        return "DeleteValue"
    if fields.get("Direction") == "%%14592":
        return "inbound"
    return str(fields.get("EventType", ""))[:20]


@lru_cache(maxsize=4096)
def source_of(channel: str, event_id: int, kind: str = "") -> LogSource:
    """The log source of an event of *channel*; a channel that Sigma has no name for has no service.

    Args:
        kind: As ``kind_of`` tells, e.g. what Sysmon writes beside a registry event: added or deleted keys.
    """
    channel = channel.lower()
    if channel in RPC_FIREWALL_NAMES or kind in RPC_FIREWALL_NAMES:
        return RPC_FIREWALL
    service = SERVICES.get(channel)
    category = CATEGORIES.get(service or "", {}).get(event_id)
    if service == "sysmon" and event_id == 12:
        category = "registry_delete" if kind.startswith("Delete") else "registry_add"
    elif category == "registry_set" and kind.startswith("Delete"):
        category = "registry_delete"
    elif service == "security" and kind == "inbound":
        category = None  # its "source" is this host
    return LogSource(product=PRODUCTS.get(channel, "windows"), category=category, service=service)
