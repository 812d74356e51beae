"""Windows' own names of an event's fields -> those of Sigma's taxonomy and the normalised ones.

Rules on a category name Sysmon's fields; the Security log, Defender and the DNS logs tell the same under other names.
Sources: Microsoft's descriptions of the events 4657, 4688, 4689 and 5156, of Defender's events, and Sigma's taxonomy.
"""

from collections.abc import Mapping
from typing import Any, Final

from rules.event import LogSource
from rules.formats.reading.addresses import put_endpoint
from rules.formats.reading.program import happened
from rules.formats.taxonomy.question import put_question
from rules.formats.windows.dns_types import type_name

#: (service, category) -> native name -> Sigma's
RENAMED: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("security", "process_creation"): {
        "NewProcessName": "Image",
        "ParentProcessName": "ParentImage",
        "SubjectLogonId": "LogonId",
    },
    ("security", "process_termination"): {"ProcessName": "Image", "SubjectLogonId": "LogonId"},
    ("security", "registry_set"): {"ProcessName": "Image", "NewValue": "Details"},
    ("security", "registry_delete"): {"ProcessName": "Image"},
    ("security", "network_connection"): {
        "Application": "Image",
        "SourceAddress": "SourceIp",
        "DestAddress": "DestinationIp",
        "DestPort": "DestinationPort",
    },
    ("windefend", "antivirus"): {"ThreatName": "Signature"},
    ("dns-client", "dns"): {"QueryName": "query", "QueryResults": "answer"},
    ("dns-server-analytic", "dns"): {"QNAME": "query"},
    ("kernel-file", "file_event"): {"FileName": "TargetFilename"},
    ("kernel-file", "file_rename"): {"FilePath": "TargetFilename"},
    ("kernel-file", "file_delete"): {"FilePath": "TargetFilename"},
}
#: mandatory label -> Sysmon's word for it
INTEGRITY = {
    "S-1-16-0": "Untrusted",
    "S-1-16-4096": "Low",
    "S-1-16-8192": "Medium",
    "S-1-16-8448": "Medium Plus",
    "S-1-16-12288": "High",
    "S-1-16-16384": "System",
}
#: how the kernel names a hive -> how Sysmon does
HIVES = (("\\REGISTRY\\MACHINE\\", "HKLM\\"), ("\\REGISTRY\\USER\\", "HKU\\"))
CONTROL_SETS = ("HKLM\\SYSTEM\\ControlSet001\\", "HKLM\\SYSTEM\\ControlSet002\\")
#: what an application error (1000) tells in values without names
CRASH = (
    "AppName",
    "AppVersion",
    "AppTimeStamp",
    "ModuleName",
    "ModuleVersion",
    "ModuleTimeStamp",
    "ExceptionCode",
    "FaultingOffset",
)
MOST_FILES = 100


def put_names(logsource: LogSource, event_id: int, fields: dict[str, Any]) -> None:
    """Add Sigma's names of what the event tells; what already bears one stays."""
    for name in [name for name in fields if " " in name][:100]:  # Defender: "Threat Name"
        fields.setdefault(name.replace(" ", ""), fields[name])
        fields.setdefault(name.replace(" ", "_"), fields[name])
    kind = (logsource.service or "", logsource.category or "")
    for native, name in RENAMED.get(kind, {}).items():
        if native in fields:
            fields.setdefault(name, fields[native])
    if logsource.product == "rpc_firewall":
        _rpc(fields)
    elif kind[0] == "security":
        _security(kind[1], fields)
    elif kind[1] == "antivirus":
        fields.setdefault("Filename", _files(str(fields.get("Path") or "")))
    elif kind[1] == "dns":
        _query(fields)
    elif event_id == 1000 and isinstance(data := fields.get("Data"), list):
        for name, value in zip(CRASH, data, strict=False):
            fields.setdefault(name, value)


def _security(category: str, fields: dict[str, Any]) -> None:
    if category == "process_creation":
        if isinstance(user := _account(fields), str):
            fields.setdefault("User", user)
        if (label := INTEGRITY.get(str(fields.get("MandatoryLabel")))) is not None:
            fields.setdefault("IntegrityLevel", label)
    elif category in ("registry_set", "registry_delete"):
        fields.setdefault("TargetObject", _registry(fields))
    elif category == "network_connection":
        fields.setdefault("Initiated", "true")


def _account(fields: dict[str, Any]) -> str | None:
    """Whose the new process is: the target, where it is another's than the creator's."""
    for side in ("Target", "Subject"):
        user, domain = fields.get(f"{side}UserName"), fields.get(f"{side}DomainName")
        if isinstance(user, str) and user not in ("-", ""):
            return f"{domain}\\{user}" if domain and domain != "-" else user
    return None


def _registry(fields: dict[str, Any]) -> str:
    r"""``\REGISTRY\MACHINE\SOFTWARE\x`` and the value's name -> ``HKLM\SOFTWARE\x\name``."""
    path = str(fields.get("ObjectName") or "")
    for native, name in HIVES:
        if path[: len(native)].upper() == native:
            path = name + path[len(native) :]
    for native in CONTROL_SETS:
        if path[: len(native)].lower() == native.lower():
            path = "HKLM\\System\\CurrentControlSet\\" + path[len(native) :]
    value = fields.get("ObjectValueName")
    return f"{path}\\{value}" if value and value != "-" else path


def _files(path: str) -> str | list[str]:
    """``file:_C:\\x.exe; containerfile:_C:\\y.zip`` -> the paths."""
    found = [part.partition(":_")[2] or part for part in path.split("; ")[:MOST_FILES]]
    return found[0] if len(found) == 1 else found


def _query(fields: dict[str, Any]) -> None:
    name, kind = fields.get("query"), fields.get("QueryType", fields.get("QTYPE"))
    put_question(fields, str(name or "").rstrip("."), "" if kind is None else type_name(str(kind)), None)


def _rpc(fields: dict[str, Any]) -> None:
    """The RPC Firewall writes values without names; the number of the operation stands behind the interface's UUID."""
    fields["EventLog"] = "RPCFW"
    values: Any = fields.get("Data")
    for at, value in enumerate(values[:50]) if isinstance(values, list) else ():
        if isinstance(value, str) and len(value) == 36 and value.count("-") == 4:
            fields.setdefault("InterfaceUuid", value)
            if at + 1 < len(values):
                fields.setdefault("OpNum", values[at + 1])
            return


def normalise(event_id: int, fields: dict[str, Any], line: str) -> None:
    """Host, user, process, addresses, and what a logon came to."""
    if isinstance(host := fields.get("Computer"), str):
        fields["host.name"] = host
    user = fields.get("TargetUserName") or fields.get("User") or fields.get("SubjectUserName")
    if isinstance(user, str):
        fields["user.name"] = user
    if isinstance(command := fields.get("CommandLine"), str):
        fields["process.command_line"] = command
    if isinstance(image := fields.get("Image"), str):
        fields["process.name"] = image.replace("/", "\\").rpartition("\\")[2]
    for ip, port, side in (
        ("IpAddress", "IpPort", "source"),
        ("SourceIp", "SourcePort", "source"),
        ("DestinationIp", "DestinationPort", "destination"),
    ):
        if isinstance(value := fields.get(ip), str) and value not in ("-", ""):
            put_endpoint(fields, side, value, str(fields.get(port, ""))[:10])
    if event_id in (4624, 4625):
        happened(fields, "windows_logon", "success" if event_id == 4624 else "failure")
    if not isinstance(fields.get("message"), str):
        fields["message"] = str(fields["Message"]) if isinstance(fields.get("Message"), str) else line
