"""JSON lines: any program's, Suricata's, Zeek's, Windows' and the journal's."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.event import LogSource
from rules.formats.catalogue import FORMATS
from rules.formats.detect import strictest
from rules.formats.format import Context, Parsed
from rules.formats.loose.json_lines import JsonLines
from rules.formats.network.eve import Eve
from rules.formats.network.zeek_json import ZeekJson
from rules.formats.syslog.journal import Journal
from rules.formats.windows.windows_json import WindowsJson

CONTEXT = Context(reference=datetime(2024, 3, 2, tzinfo=UTC))
MOMENT = datetime(2024, 3, 1, 3, 11, 26, tzinfo=UTC)


def read(line: str | dict[str, Any], name: str) -> Parsed:
    text = line if isinstance(line, str) else json.dumps(line)
    found, parsed = strictest(text, CONTEXT)
    assert found == name
    assert parsed is not None
    return parsed


def test_any_object() -> None:
    """Nested values are found by dots and as they were; common names are normalised."""
    parsed = read(
        '{"time":"2024-03-01T03:11:26.5Z","msg":"login failed","user":"bob","a":{"b":{"c":1}},'
        '"remote_addr":"::ffff:203.0.113.7","list":[{"x":1},{"x":2,"y":3}],"src_port":"40000"}',
        "json",
    )
    assert parsed.time == MOMENT + timedelta(seconds=0.5)
    assert parsed.logsource == LogSource()
    fields = parsed.fields
    assert fields["a"] == {"b": {"c": 1}}
    assert (fields["a.b.c"], fields["list.x"], fields["list.y"]) == (1, [1, 2], [3])
    assert (fields["message"], fields["user.name"]) == ("login failed", "bob")
    assert (fields["source.ip"], fields["source.port"]) == ("203.0.113.7", 40000)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2024-03-01T03:11:26Z", MOMENT),
        ("2024-03-01T04:11:26+01:00", MOMENT),
        ("2024-03-01 03:11:26,250", MOMENT + timedelta(milliseconds=250)),
        ("2024-03-01 03:11:26 +0000", MOMENT),
        ("2024-03-01 03:11:26 UTC", MOMENT),
        ("01/Mar/2024:03:11:26 +0000", MOMENT),
        (1709262686, MOMENT),
        (1709262686.25, MOMENT + timedelta(milliseconds=250)),
        (1709262686250, MOMENT + timedelta(milliseconds=250)),
        (1709262686250000, MOMENT + timedelta(milliseconds=250)),
        (1709262686250000000, MOMENT + timedelta(milliseconds=250)),
        ("1709262686.250001", MOMENT + timedelta(microseconds=250001)),
        ("1709262686", MOMENT),
        ("yesterday", None),
        (True, None),
        (10**400, None),
        (1e300, None),
        (-5, None),
        ([1], None),
        (None, None),
    ],
)
def test_times(value: Any, moment: datetime | None) -> None:
    """A time is read however loggers write it; what is none leaves the arrival to count."""
    parsed = JsonLines().parse(json.dumps({"timestamp": value}), CONTEXT)
    assert parsed is not None
    assert parsed.time == moment


def test_requests_as_json() -> None:
    """A web server that logs JSON is a web server."""
    nginx = read(
        {
            "time": "2024-03-01T03:11:26+00:00",
            "remote_addr": "203.0.113.7",
            "request_method": "GET",
            "request_uri": "/a?b=%27",
            "status": "404",
            "http_user_agent": "curl",
        },
        "json",
    )
    assert nginx.logsource == LogSource(category="webserver")
    fields = nginx.fields
    assert (fields["cs-method"], fields["cs-uri-stem"], fields["sc-status"]) == ("GET", "/a", 404)
    assert (fields["c-ip"], fields["url.decoded"], fields["cs-user-agent"]) == ("203.0.113.7", "/a?b='", "curl")
    caddy = read(
        {
            "ts": 1709262686.0,
            "msg": "handled request",
            "request": {"remote_ip": "203.0.113.7", "method": "GET", "uri": "/", "headers": {"User-Agent": ["curl"]}},
            "status": 200,
        },
        "json",
    )
    assert caddy.logsource == LogSource(category="webserver")
    assert (caddy.fields["cs-user-agent"], caddy.fields["source.ip"]) == ("curl", "203.0.113.7")


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ('{"a":1,"a":2}', "a", 2),
        ('{"a":"\\ud800"}', "a", "\ud800"),
        ('{"a":NaN,"b":1}', "b", 1),
        ('{"a":"x\tb"}', "a", "x\tb"),
        ('{"a":"\udcff"}', "a", "\ufffd"),
        ('{"a":"\u2028"}', "a", "\u2028"),
        ('{"a":"\\u0000"}', "a", "\x00"),
        ('{"a":123456789012345678901234567890}', "a", 123456789012345678901234567890),
        ('{"a":{"b":{}},"c":[]}', "a.b", {}),
    ],
)
def test_hostile_objects(line: str, name: str, value: Any) -> None:
    """What strict decoders refuse cannot hide the rest of an event; of a key that stands twice the last counts."""
    parsed = JsonLines().parse(line, CONTEXT)
    assert parsed is not None
    assert parsed.fields[name] == value


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[1]",
        "1",
        "null",
        '"x"',
        '{"a":1} x',
        '{"a":' + "[" * 200_000,
        '{"a":' * 200_000 + "1" + "}" * 200_000,
        '{"a":' + "9" * 100_000 + "}",
    ],
)
def test_no_objects(line: str) -> None:
    """What is no object, or too deep to be one, is refused."""
    assert JsonLines().parse(line, CONTEXT) is None


def test_wide_and_deep_objects_are_bounded() -> None:
    """However many names an object holds, only so many are spread out."""
    wide = {"a": {str(number): {"x": {"y": number}} for number in range(50_000)}}
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"d": deep or 1}
    for one in (wide, deep, {"l": [{str(n): n} for n in range(20_000)]}):
        parsed = JsonLines().parse(json.dumps(one), CONTEXT)
        assert parsed is not None
        assert len(parsed.fields) < 1200
        assert max(map(len, parsed.fields)) < 100


ALERT = {
    "timestamp": "2024-03-01T03:11:26.123456+0000",
    "flow_id": 1,
    "event_type": "alert",
    "src_ip": "203.0.113.7",
    "src_port": 40000,
    "dest_ip": "198.51.100.1",
    "dest_port": 80,
    "proto": "TCP",
    "alert": {"action": "blocked", "signature_id": 2001, "signature": "ET SCAN", "severity": 1},
}


def test_suricata_alert() -> None:
    """An alert keeps Suricata's names, with ours beside them."""
    parsed = read(ALERT, "suricata-eve")
    assert parsed.logsource == LogSource(product="suricata", service="alert")
    assert parsed.time == MOMENT + timedelta(microseconds=123456)
    fields = parsed.fields
    assert (fields["alert.signature_id"], fields["src_ip"]) == (2001, "203.0.113.7")
    assert (fields["source.ip"], fields["source.port"]) == ("203.0.113.7", 40000)
    assert (fields["destination.ip"], fields["destination.port"]) == ("198.51.100.1", 80)
    assert (fields["event.action"], fields["event.outcome"], fields["event.reason"]) == (
        "ids_alert",
        "failure",
        "ET SCAN",
    )


def test_suricata_others() -> None:
    """Requests are requests; the rest is named by its type; what only looks alike is plain JSON."""
    request = {k: v for k, v in ALERT.items() if k != "alert"} | {
        "event_type": "http",
        "http": {"hostname": "a.example", "url": "/x?y", "http_method": "GET", "status": 200},
    }
    assert read(request, "suricata-eve").fields["cs-uri-stem"] == "/x"
    stats = {"timestamp": ALERT["timestamp"], "event_type": "stats", "stats": {"uptime": 1}}
    assert read(stats, "suricata-eve").fields["event.action"] == "ids_stats"
    read({"timestamp": ALERT["timestamp"], "event_type": "click"}, "json")


CONN = {
    "ts": 1709262686.123456,
    "uid": "C1",
    "id.orig_h": "203.0.113.7",
    "id.orig_p": 40000,
    "id.resp_h": "198.51.100.1",
    "id.resp_p": 22,
    "proto": "tcp",
    "conn_state": "S0",
}


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("path", [None, "conn"])
def test_zeek(nested: bool, path: str | None) -> None:
    """Zeek's connections, with dots in their names or nested, with or without the path."""
    line: dict[str, Any] = {name: value for name, value in CONN.items() if not name.startswith("id.") or not nested}
    if nested:
        line["id"] = {name[3:]: value for name, value in CONN.items() if name.startswith("id.")}
    if path:
        line["_path"] = path
    parsed = read(line, "zeek-json")
    assert parsed.logsource == LogSource(product="zeek", service="conn")
    fields = parsed.fields
    assert (fields["id.orig_h"], fields["source.ip"], fields["destination.port"]) == ("203.0.113.7", "203.0.113.7", 22)
    assert (fields["event.action"], fields["event.outcome"], fields["event.reason"]) == ("connection", "failure", "S0")


@pytest.mark.parametrize(
    ("more", "path", "action"),
    [
        ({"query": "a.example", "qtype_name": "A"}, "dns", "zeek_dns"),
        ({"method": "GET", "uri": "/", "user_agent": "x", "status_code": 500}, "http", "http_request"),
        ({"note": "Scan::Port_Scan", "msg": "x"}, "notice", "ids_alert"),
        ({"strange": 1}, None, None),
    ],
)
def test_zeek_paths(more: dict[str, Any], path: str | None, action: str | None) -> None:
    """Where the path is not told it follows from fields that only one log has."""
    line = {name: value for name, value in CONN.items() if name != "conn_state"} | more
    parsed = read(line, "zeek-json")
    assert parsed.logsource == LogSource(category="dns" if path == "dns" else None, product="zeek", service=path)
    assert parsed.fields.get("event.action") == action


def test_zeek_request_as_rules_name_it() -> None:
    """Some rules for Zeek's http.log name fields as a proxy's."""
    fields = read({**CONN, "_path": "http", "uri": "/a.exe", "user_agent": "Microsoft-WebDAV"}, "zeek-json").fields
    assert (fields["c-uri"], fields["c-useragent"]) == ("/a.exe", "Microsoft-WebDAV")


SYSMON = {
    "Image": "C:\\Windows\\System32\\cmd.exe",
    "CommandLine": "cmd /c whoami",
    "User": "CORP\\bob",
    "UtcTime": "2024-03-01 03:11:26.000",
}
SHAPES: dict[str, dict[str, Any]] = {
    "attributes": {
        "Event": {
            "System": {
                "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
                "EventID": 1,
                "TimeCreated": {"#attributes": {"SystemTime": "2024-03-01T03:11:26.000000Z"}},
                "Channel": "Microsoft-Windows-Sysmon/Operational",
                "Computer": "pc1.corp.example",
            },
            "EventData": SYSMON,
        }
    },
    "list of data": {
        "Event": {
            "System": {
                "Provider": {"@Name": "Microsoft-Windows-Sysmon"},
                "EventID": {"#text": "1"},
                "TimeCreated": {"@SystemTime": "2024-03-01T03:11:26.000000Z"},
                "Channel": "Microsoft-Windows-Sysmon/Operational",
                "Computer": "pc1.corp.example",
            },
            "EventData": {"Data": [{"@Name": name, "#text": value} for name, value in SYSMON.items()]},
        }
    },
    "winlogbeat": {
        "@timestamp": "2024-03-01T03:11:26.000Z",
        "winlog": {
            "event_id": "1",
            "channel": "Microsoft-Windows-Sysmon/Operational",
            "provider_name": "Microsoft-Windows-Sysmon",
            "computer_name": "pc1.corp.example",
            "event_data": SYSMON,
        },
    },
    "flat": {
        "EventTime": "2024-03-01 03:11:26",
        "EventID": 1,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "SourceName": "Microsoft-Windows-Sysmon",
        "Hostname": "pc1.corp.example",
        **SYSMON,
    },
}


@pytest.mark.parametrize("shape", SHAPES)
def test_windows_shapes(shape: str) -> None:
    """However it was shipped, a Windows event bears the same flat names."""
    parsed = read(SHAPES[shape], "windows-json")
    assert parsed.logsource == LogSource(product="windows", category="process_creation", service="sysmon")
    assert parsed.time == MOMENT
    fields = parsed.fields
    assert (fields["EventID"], fields["Provider_Name"]) == (1, "Microsoft-Windows-Sysmon")
    assert (fields["Image"], fields["CommandLine"]) == (SYSMON["Image"], SYSMON["CommandLine"])
    assert (fields["host.name"], fields["user.name"]) == ("pc1.corp.example", "CORP\\bob")


@pytest.mark.parametrize(
    ("channel", "event_id", "more", "category", "service"),
    [
        ("Security", 4688, {"NewProcessName": "C:\\a.exe"}, "process_creation", "security"),
        ("Security", 4625, {}, None, "security"),
        ("Microsoft-Windows-Sysmon/Operational", 12, {"EventType": "DeleteKey"}, "registry_delete", "sysmon"),
        ("Microsoft-Windows-Sysmon/Operational", 12, {"EventType": "CreateKey"}, "registry_add", "sysmon"),
        ("Microsoft-Windows-PowerShell/Operational", 4104, {}, "ps_script", "powershell"),
        ("Strange", 1, {}, None, None),
    ],
)
def test_windows_sources(
    channel: str, event_id: int, more: dict[str, Any], category: str | None, service: str | None
) -> None:
    """Channel and number give Sigma's log source."""
    parsed = read({"EventID": event_id, "Channel": channel, **more}, "windows-json")
    assert parsed.logsource == LogSource(product="windows", category=category, service=service)


def test_windows_user_data() -> None:
    """User data are wrapped in an element that is named after the event; its names are found without it."""
    system = {"EventID": 5858, "Channel": "Microsoft-Windows-WMI-Activity/Operational"}
    data = {"Operation_ClientFailure": {"#attributes": {"xmlns": "x"}, "Operation": "Start", "EventID": 1}}
    fields = read({"Event": {"System": system, "UserData": data}}, "windows-json").fields
    assert (fields["Operation"], fields["EventID"]) == ("Start", 5858)


def test_windows_process_creation_by_security() -> None:
    """Security 4688 also bears the names that rules on process creation use."""
    fields = read(
        {
            "EventID": 4688,
            "Channel": "Security",
            "NewProcessName": "C:\\a.exe",
            "SubjectUserName": "bob",
            "SubjectDomainName": "CORP",
        },
        "windows-json",
    ).fields
    assert (fields["Image"], fields["User"]) == ("C:\\a.exe", "CORP\\bob")


def test_windows_logon() -> None:
    """A failed logon tells who and from where."""
    fields = read(
        {"EventID": 4625, "Channel": "Security", "TargetUserName": "bob", "IpAddress": "203.0.113.7", "IpPort": "0"},
        "windows-json",
    ).fields
    assert (fields["event.action"], fields["event.outcome"]) == ("windows_logon", "failure")
    assert (fields["user.name"], fields["source.ip"]) == ("bob", "203.0.113.7")


def test_journal() -> None:
    """A message in systemd's journal is read like one in syslog."""
    line = {
        "__REALTIME_TIMESTAMP": "1709262686123456",
        "_HOSTNAME": "web1",
        "SYSLOG_IDENTIFIER": "sshd",
        "_PID": "812",
        "_SYSTEMD_UNIT": "ssh.service",
        "MESSAGE": "Failed password for root from 203.0.113.7 port 22 ssh2",
    }
    parsed = read(line, "journal")
    assert parsed.logsource == LogSource(product="linux", service="sshd")
    assert parsed.time == MOMENT + timedelta(microseconds=123456)
    assert (parsed.fields["event.action"], parsed.fields["pid"]) == ("ssh_login", 812)
    binary = read(line | {"MESSAGE": [72, 105, 255]}, "journal")
    assert binary.fields["message"] == "Hi\udcff"


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from([
    "timestamp", "event_type", "alert", "src_ip", "src_port", "flow_id", "host", "http", "http.url", "http.status",
    "ts", "uid", "id.orig_h", "id", "_path", "conn_state", "note", "msg", "fuid", "EventID", "Channel", "Event",
    "winlog", "__REALTIME_TIMESTAMP", "MESSAGE", "_PID", "status", "method", "uri", "date", "time", "user",
])  # fmt: skip


@settings(deadline=None)
@given(st.dictionaries(KEYS, JSON_LIKE, max_size=8))
def test_never_raises(found: dict[str, Any]) -> None:
    """Whatever stands under the names that formats ask for, a line is read or refused."""
    told = {"ts": 1709262686, "timestamp": "2024-03-01T03:11:26Z", "uid": "C1", "id.orig_h": "x", "_path": "conn"}
    for line in (json.dumps(found), json.dumps({**told, "event_type": "http", **found})):
        for one in FORMATS:
            one.parse(line, CONTEXT)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["System", "EventData", "UserData"]), JSON_LIKE), JSON_LIKE)
def test_windows_never_raises(event: dict[str, Any], data: Any) -> None:
    """Whatever shape the parts of a Windows event have, it is read or refused."""
    system = {"EventID": 1, "Channel": "Security", "Provider": data, "TimeCreated": data, "Execution": data}
    for found in (
        {"Event": event, "EventID": 1},
        {"Event": {"System": system, "EventData": data}},
        {"winlog": {"event_id": 1, "channel": "Security", "event_data": data}},
        {"EventID": data, "Channel": data},
    ):
        WindowsJson().parse(json.dumps(found), CONTEXT)


@settings(deadline=None)
@given(st.text(), st.sampled_from(['{"event_type"', '{"ts"', '{"EventID"', '{"__REALTIME_TIMESTAMP"', "{", ""]))
def test_no_json_never_raises(text: str, head: str) -> None:
    """Broken JSON is refused."""
    for one in (Eve(), ZeekJson(), WindowsJson(), Journal(), JsonLines()):
        one.parse(head + text, CONTEXT)
