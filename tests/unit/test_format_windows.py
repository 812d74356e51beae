"""Windows events -> Sigma's log sources and field names; the same as XML, and Sysmon for Linux in syslog.

Shapes and names follow Microsoft's descriptions of the events (learn.microsoft.com: 4657, 4688, 4689, 5156, Defender's
event ids), the manual of Sysmon and Sigma's taxonomy; names and addresses are made up.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.event import LogSource
from rules.formats.detect import strictest
from rules.formats.format import Context, Parsed
from rules.formats.windows.windows_xml import LONGEST, WindowsXml

CONTEXT = Context(reference=datetime(2024, 3, 1, 12, tzinfo=UTC))
SECURITY, SYSMON = "Security", "Microsoft-Windows-Sysmon/Operational"
DEFENDER = "Microsoft-Windows-Windows Defender/Operational"
KERNEL_FILE = "Microsoft-Windows-Kernel-File/Analytic"


def event(channel: str, event_id: int, data: dict[str, Any], provider: str = "P") -> dict[str, Any]:
    """As an evtx converter writes it."""
    return {
        "Event": {
            "System": {
                "Provider": {"#attributes": {"Name": provider}},
                "EventID": event_id,
                "TimeCreated": {"#attributes": {"SystemTime": "2024-03-01T03:11:26.123456Z"}},
                "Channel": channel,
                "Computer": "ws1.example",
            },
            "EventData": data,
        }
    }


def xml(channel: str, event_id: int, data: dict[str, str], provider: str = "P") -> str:
    """As Windows writes it."""
    named = "".join(f'<Data Name="{name}">{value}</Data>' for name, value in data.items())
    return (
        '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>'
        f'<Provider Name="{provider}" Guid="{{00000000-0000-4000-8000-000000000000}}"/><EventID>{event_id}</EventID>'
        "<Version>5</Version><Level>4</Level><Task>1</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>"
        '<TimeCreated SystemTime="2024-03-01T03:11:26.123456Z"/><EventRecordID>7</EventRecordID><Correlation/>'
        f'<Execution ProcessID="3" ThreadID="4"/><Channel>{channel}</Channel><Computer>ws1.example</Computer>'
        f'<Security UserID="S-1-5-18"/></System><EventData>{named}</EventData></Event>'
    )


def read(line: str) -> Parsed:
    """As detection reads it."""
    _, parsed = strictest(line, CONTEXT)
    assert parsed is not None
    return parsed


CREATED = {
    "SubjectUserName": "WS1$",
    "SubjectDomainName": "EXAMPLE",
    "SubjectLogonId": "0x3e7",
    "TargetUserName": "alice",
    "TargetDomainName": "EXAMPLE",
    "NewProcessId": "0x1a2",
    "NewProcessName": r"C:\Windows\System32\whoami.exe",
    "ParentProcessName": r"C:\Windows\System32\cmd.exe",
    "CommandLine": "whoami /all",
    "MandatoryLabel": "S-1-16-12288",
}
#: channel, number, data -> category, service, fields
EVENTS: list[tuple[str, int, dict[str, Any], str | None, str | None, dict[str, Any]]] = [
    (
        SECURITY,
        4688,
        CREATED,
        "process_creation",
        "security",
        {
            "Image": r"C:\Windows\System32\whoami.exe",
            "ParentImage": r"C:\Windows\System32\cmd.exe",
            "User": r"EXAMPLE\alice",
            "IntegrityLevel": "High",
            "LogonId": "0x3e7",
            "process.name": "whoami.exe",
            "process.command_line": "whoami /all",
            "host.name": "ws1.example",
        },
    ),
    (
        SECURITY,
        4688,
        {**CREATED, "TargetUserName": "-", "TargetDomainName": "-"},
        "process_creation",
        "security",
        {"User": r"EXAMPLE\WS1$"},
    ),
    (SECURITY, 4689, {"ProcessName": r"C:\x.exe"}, "process_termination", "security", {"Image": r"C:\x.exe"}),
    (
        SECURITY,
        4657,
        {
            "ObjectName": r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\x",
            "ObjectValueName": "Start",
            "OperationType": "%%1905",
            "NewValue": "4",
            "ProcessName": r"C:\Windows\regedit.exe",
        },
        "registry_set",
        "security",
        {
            "TargetObject": r"HKLM\System\CurrentControlSet\Services\x\Start",
            "Details": "4",
            "Image": r"C:\Windows\regedit.exe",
        },
    ),
    (
        SECURITY,
        4657,
        {"ObjectName": r"\REGISTRY\USER\S-1-5-21-1\Software\Run", "ObjectValueName": "a", "OperationType": "%%1906"},
        "registry_delete",
        "security",
        {"TargetObject": r"HKU\S-1-5-21-1\Software\Run\a"},
    ),
    (
        SECURITY,
        5156,
        {
            "Application": r"\device\harddiskvolume2\windows\system32\rundll32.exe",
            "Direction": "%%14593",
            "SourceAddress": "192.0.2.5",
            "SourcePort": "50000",
            "DestAddress": "198.51.100.9",
            "DestPort": "443",
        },
        "network_connection",
        "security",
        {"DestinationIp": "198.51.100.9", "DestinationPort": "443", "Initiated": "true", "destination.port": 443},
    ),
    (SECURITY, 5156, {"Direction": "%%14592"}, None, "security", {}),
    (SECURITY, 4720, {"TargetUserName": "eve"}, None, "security", {"user.name": "eve"}),
    (
        DEFENDER,
        1116,
        {
            "Threat Name": "HackTool:Win32/Mimikatz",
            "Path": r"file:_C:\Users\Public\m.exe; containerfile:_C:\Users\Public\m.zip",
            "Process Name": "Unknown",
        },
        "antivirus",
        "windefend",
        {
            "Signature": "HackTool:Win32/Mimikatz",
            "ThreatName": "HackTool:Win32/Mimikatz",
            "ProcessName": "Unknown",
            "Filename": [r"C:\Users\Public\m.exe", r"C:\Users\Public\m.zip"],
        },
    ),
    (
        DEFENDER,
        5007,
        {"New Value": "a", "Feature Name": "b"},
        None,
        "windefend",
        {"NewValue": "a", "Feature_Name": "b"},
    ),
    (KERNEL_FILE, 12, {"FileName": r"C:\x\Login Data"}, "file_access", "kernel-file", {}),
    (KERNEL_FILE, 27, {"FilePath": r"C:\x.enc"}, "file_rename", "kernel-file", {"TargetFilename": r"C:\x.enc"}),
    (
        "Microsoft-Windows-DNS-Client/Operational",
        3008,
        {"QueryName": "a.example.", "QueryType": "28", "QueryResults": "2001:db8::1;"},
        "dns",
        "dns-client",
        {"query": "a.example", "record_type": "AAAA", "answer": "2001:db8::1;"},
    ),
    (
        "Microsoft-Windows-DNSServer/Analytical",
        256,
        {"QNAME": "x.example.", "QTYPE": "16"},
        "dns",
        "dns-server-analytic",
        {"query": "x.example", "record_type": "TXT"},
    ),
    (
        "Application",
        1000,
        {"Data": {"#text": ["w3wp.exe", "10.0", "5d", "clr.dll", "4.8", "5e", "c0000005"]}},
        None,
        "application",
        {"AppName": "w3wp.exe", "ModuleName": "clr.dll", "ExceptionCode": "c0000005"},
    ),
    (
        "Windows PowerShell",
        400,
        {"Data": {"#text": ["Available", "None", "\tHostVersion=3.0\n\tEngineVersion=2.0"]}},
        "ps_classic_start",
        "powershell-classic",
        {"Data": ["Available", "None", "\tHostVersion=3.0\n\tEngineVersion=2.0"]},
    ),
    ("Microsoft-Windows-PowerShell/Operational", 4104, {"ScriptBlockText": "x"}, "ps_script", "powershell", {}),
    ("Microsoft-Windows-PowerShell/Operational", 4103, {"Payload": "x"}, "ps_module", "powershell", {}),
    ("Microsoft-Windows-Security-Mitigations/KernelMode", 11, {"ProcessPath": "x"}, None, "security-mitigations", {}),
    (SYSMON, 12, {"EventType": "DeleteKey"}, "registry_delete", "sysmon", {}),
    (SYSMON, 12, {"EventType": "CreateKey"}, "registry_add", "sysmon", {}),
    (SYSMON, 3, {"SourceIp": "192.0.2.1", "DestinationIp": "198.51.100.1"}, "network_connection", "sysmon", {}),
    ("Something-Else/Operational", 1, {"a": "b"}, None, None, {"a": "b"}),
]


@pytest.mark.parametrize(("channel", "event_id", "data", "category", "service", "fields"), EVENTS)
def test_events(
    channel: str, event_id: int, data: dict[str, Any], category: str | None, service: str | None, fields: dict[str, Any]
) -> None:
    """An event -> its log source, and fields that rules ask for; as JSON and as XML."""
    lines = [json.dumps(event(channel, event_id, data))]
    if all(isinstance(value, str) for value in data.values()):
        lines.append(xml(channel, event_id, data))
    for line in lines:
        parsed = read(line)
        assert parsed.logsource == LogSource(product="windows", category=category, service=service)
        assert {name: parsed.fields.get(name) for name in fields} == fields


def test_rpc_firewall() -> None:
    """Its values bear no names: interface and operation are found by the form of the first."""
    uuid = "367abb81-9844-35f1-ad32-98f038001003"
    data = {"Data": ["a", "ncacn_ip_tcp", uuid, "2", "x"]}
    for channel, provider in (("RPCFW", "P"), ("Application", "RPCFWP")):
        parsed = read(json.dumps(event(channel, 3, data, provider)))
        assert parsed.logsource == LogSource(product="rpc_firewall", category="application")
        assert [parsed.fields[name] for name in ("EventLog", "InterfaceUuid", "OpNum")] == ["RPCFW", uuid, "2"]


PROCESS = {
    "RuleName": "-",
    "UtcTime": "2024-03-01 03:11:26.120",
    "ProcessId": "812",
    "Image": "/usr/bin/curl",
    "CommandLine": "curl http://198.51.100.7/a?b=1&amp;c=&lt;d&gt;",
    "CurrentDirectory": "/tmp",
    "User": "www-data",
    "LogonId": "0",
    "ParentImage": "/usr/bin/bash",
    "ParentCommandLine": "bash",
}


def test_xml() -> None:
    """The same event as XML and as JSON is the same."""
    data = {"Image": r"C:\a.exe", "CommandLine": "a &amp; b", "User": "x"}
    of_xml = read(xml(SYSMON, 1, data))
    of_json = read(json.dumps(event(SYSMON, 1, {**data, "CommandLine": "a & b"})))
    assert (of_xml.logsource, of_xml.time) == (of_json.logsource, of_json.time)
    for name in (*data, "EventID", "Channel", "Computer", "Provider_Name", "process.name"):
        assert of_xml.fields[name] == of_json.fields[name]


def test_xml_values_without_names() -> None:
    """Data without names stand in a list; an EventID with attributes is a number all the same."""
    line = xml("Application", 1000, {}).replace(
        "<EventData></EventData>", "<EventData><Data>a.exe</Data><Data>1.0</Data></EventData>"
    )
    parsed = read(line.replace("<EventID>", "<EventID Qualifiers='0'>"))
    assert (parsed.fields["EventID"], parsed.fields["AppName"]) == (1000, "a.exe")


#: What Sysmon for Linux writes: number, data -> category, fields
LINUX: list[tuple[int, dict[str, str], str, dict[str, Any]]] = [
    (1, PROCESS, "process_creation", {"CommandLine": "curl http://198.51.100.7/a?b=1&c=<d>", "process.name": "curl"}),
    (
        3,
        {"Image": "/usr/bin/nc", "Initiated": "true", "DestinationIp": "198.51.100.9", "DestinationPort": "4444"},
        "network_connection",
        {"destination.ip": "198.51.100.9", "Initiated": "true"},
    ),
    (4, {"State": "Started"}, "sysmon_status", {}),
    (5, {"Image": "/usr/bin/nc"}, "process_termination", {}),
    (9, {"Device": "/dev/sda"}, "raw_access_thread", {}),
    (11, {"Image": "/usr/bin/tee", "TargetFilename": "/etc/cron.d/x"}, "file_event", {}),
    (16, {"Configuration": "/opt/sysmon/config.xml"}, "sysmon_status", {}),
    (23, {"TargetFilename": "/var/log/auth.log"}, "file_delete", {}),
]


@pytest.mark.parametrize(("event_id", "data", "category", "fields"), LINUX)
def test_sysmon_for_linux(event_id: int, data: dict[str, str], category: str, fields: dict[str, Any]) -> None:
    """As XML behind a syslog header, and as JSON."""
    body = xml("Linux-Sysmon/Operational", event_id, data, "Linux-Sysmon")
    as_json = json.dumps(event("Linux-Sysmon/Operational", event_id, data))
    for line in (f"Mar  1 03:11:26 web1 sysmon: {body}", body, as_json):
        parsed = read(line)
        assert parsed.logsource == LogSource(product="linux", category=category, service="sysmon")
        if line is not as_json:
            assert {name: parsed.fields.get(name) for name in fields} == fields
    assert read(f"Mar  1 03:11:26 web1 sysmon: {body}").fields["host.name"] == "web1"


def test_sysmon_says_something_else() -> None:
    """A message that is no event stays a message; one that claims to be from Windows is not believed."""
    for message in ("Sysmon v1.3.3 - Monitors system events", "<Event><System>", xml(SYSMON, 1, {"Image": "x"})):
        parsed = read(f"Mar  1 03:11:26 web1 sysmon: {message}")
        assert parsed.logsource == LogSource(product="linux", service="sysmon")
        assert parsed.fields["message"] == message


def test_hostile_xml() -> None:
    """Entities are refused, control characters are not a hiding place, depth and length cost nothing more."""
    bomb = '<!DOCTYPE Event [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + xml(SYSMON, 1, {"Image": "&b;"})
    parse = WindowsXml().parse
    assert parse(bomb, CONTEXT) is None
    assert parse(bomb.replace("<!DOCTYPE", "<Event><!DOCTYPE"), CONTEXT) is None
    hidden = parse(xml(SYSMON, 1, {"Image": "C:\\a\x01.exe"}), CONTEXT)
    assert hidden is not None
    assert hidden.fields["Image"] == "C:\\a\ufffd.exe"
    deep = "<Event>" * 20_000 + "</Event>" * 20_000
    assert parse(deep, CONTEXT) is None
    assert parse("<Event>" + " " * LONGEST + "</Event>", CONTEXT) is None


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["Image", "Data", "", "#text"]), st.integers(0, 300))
def test_xml_never_raises(text: str, name: str, cut: int) -> None:
    """Whatever stands in it, and wherever it is cut off."""
    line = xml(SYSMON, 1, {name: text}) + text
    WindowsXml().parse(line, CONTEXT)
    WindowsXml().parse(line[:-cut] + "</Event>", CONTEXT)
    strictest(f"Mar  1 03:11:26 web1 sysmon: {line}", CONTEXT)
