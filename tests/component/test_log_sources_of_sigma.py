"""Every log source of SigmaHQ's rules is reached by a line of some format, or is named here as one that none tells.

One line each, after the formats' own documentation; the tables of each format have more.
"""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from support.engine import NOON

from rules.event import LogSource
from rules.formats.audit.auditd import Auditd
from rules.formats.detect import Pin, strictest
from rules.formats.format import Context
from rules.formats.windows.windows_sources import CATEGORIES, RPC_FIREWALL, SERVICES, source_of
from rules.match import MISSING, lookup
from rules.settings import SourceProfile
from rules.sigma.model import covers

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "sigma-rules.tar.xz"
CONTEXT = Context(reference=NOON)
HEAD = "Mar  1 03:11:26 web1 "
WHEN = "2026-03-01T03:11:26Z"
Triple = tuple[str | None, str | None, str | None]

#: What applications write has no form of its own, and what an appliance keeps to itself no log: the operator says what
#: a source holds (``product``, ``category``, ``service``), and rules with keywords hold.
TOLD_BY_THE_OPERATOR: Final[frozenset[Triple]] = frozenset(
    {
        ("application", "django", None),
        ("application", "jvm", None),
        ("application", "nodejs", None),
        ("application", "python", None),
        ("application", "ruby_on_rails", None),
        ("application", "spring", None),
        ("application", "sql", None),
        ("application", "velocity", None),
        ("file_event", "paloalto", "globalprotect"),
        (None, "fortios", "sslvpnd"),
        (None, "qualys", None),
    }
)


def zeek(path: str, **more: Any) -> str:
    """A line of Zeek."""
    return json.dumps(
        {"_path": path, "ts": 1772334686.1, "uid": "C1", "id.orig_h": "192.0.2.1", "id.resp_h": "192.0.2.2", **more}
    )


def at(**fields: Any) -> str:
    """A JSON line of that time."""
    return json.dumps(fields)


AUDITED = (
    (
        "type=SYSCALL msg=audit(1772334686.123:7): arch=c000003e syscall=59 success=yes exit=0 pid=8 "
        'uid=0 comm="id" exe="/usr/bin/id"'
    ),
    (
        "type=SYSCALL msg=audit(1772334686.123:8): arch=c000003e syscall=85 success=yes exit=3 pid=8 "
        'uid=0 comm="tee" exe="/usr/bin/tee" type=PATH msg=audit(1772334686.123:8): item=0 '
        'name="/etc/x" nametype=CREATE'
    ),
    (
        "type=SYSCALL msg=audit(1772334686.123:9): arch=c000003e syscall=42 success=yes exit=0 pid=8 "
        'uid=0 comm="nc" exe="/usr/bin/nc" type=SOCKADDR msg=audit(1772334686.123:9): '
        "saddr=0200115CC63364090000000000000000"
    ),
)
REQUEST = '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8"'
LINES = (
    *(
        (f'{line} type=PROCTITLE msg=audit({line.partition("audit(")[2].partition(")")[0]}): proctitle="x"')
        for line in AUDITED
    ),
    HEAD + "sshd[1]: Connection closed by 203.0.113.7 port 22",
    HEAD + "sudo: bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls",
    HEAD + "CRON[1]: (root) CMD (true)",
    HEAD + "app[1]: hello",
    HEAD + "clamd[1]: /srv/x.zip: Win.Test.EICAR_HDB-1 FOUND",
    HEAD + "guacd[1]: Starting",
    HEAD + 'vsftpd[1]: CONNECT: Client "203.0.113.7"',
    HEAD + "named[1]: client @0x7f 192.0.2.1#50000 (a.example): query: a.example IN TXT +E(0)K (192.0.2.53)",
    HEAD + "kernel: [UFW BLOCK] IN=a OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=40 PROTO=TCP SPT=1 DPT=2 SYN",
    HEAD + "7: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:no logging",
    HEAD + "7: %SYS-5-CONFIG_P: Configured programmatically",
    HEAD + "7: %BGP-3-NOTIFICATION: sent to neighbor 192.0.2.1",
    HEAD + "7: %LDP-5-NBRCHG: LDP Neighbor 192.0.2.1:0 is DOWN",
    HEAD + "%%01BGP/3/BGP_AUTH_FAILED(l)[0]:BGP session authentication failed.",
    HEAD + "/kernel: tcp_auth_ok: Packet from 192.0.2.1:179 missing MD5 digest",
    HEAD + "1,2026/03/01 03:11:26,001,GLOBALPROTECT,0,2305,2026/03/01 03:11:26,vsys1,x",
    (
        'date=2026-03-01 time=03:11:26 devname="fw1" devid="FG1" logid="0100044546" type="event" '
        'subtype="system" action="Add"'
    ),
    "2026-03-01 03:11:26.123 UTC [812] app@app LOG:  statement: DROP DATABASE shop;",
    (
        "[Sun Mar 01 03:11:26.123456 2026] [core:error] [pid 8:tid 9] [client 203.0.113.7:50000] "
        "AH00126: Invalid URI in request"
    ),
    (
        '2026/03/01 03:11:26 [error] 8#8: *1 open() "/x" failed (2: No such file or directory), client: '
        "203.0.113.7, server: a"
    ),
    REQUEST,
    "1772334686.000 5 192.0.2.24 TCP_MISS/200 411 GET http://example.org/ - HIER_DIRECT/198.51.100.1 text/html",
    *(zeek(path) for path in ("dce_rpc", "dns", "http", "kerberos", "rdp", "smb_files", "x509")),
    at(
        timestamp="2026-03-01T03:11:26.123456+0000",
        flow_id=1,
        event_type="netflow",
        src_ip="192.0.2.1",
        dest_ip="192.0.2.2",
        netflow={},
    ),
    at(eventVersion="1.09", eventTime=WHEN, eventSource="iam.amazonaws.com", eventName="CreateUser"),
    at(time=WHEN, resourceId="/subscriptions/s", operationName="MICROSOFT.X/DELETE", category="Administrative"),
    at(time=WHEN, operationName="Update user", category="AuditLogs", properties={}),
    at(time=WHEN, operationName="Sign-in activity", category="SignInLogs", properties={}),
    at(detectedDateTime=WHEN, riskEventType="leakedCredentials"),
    at(createdDateTime=WHEN, **{"@odata.type": "#microsoft.graph.noMfaOnRoleActivationAlertIncident"}),
    at(timestamp=WHEN, protoPayload={"serviceName": "compute.googleapis.com", "methodName": "x"}),
    at(timestamp=WHEN, protoPayload={"serviceName": "admin.googleapis.com", "methodName": "x"}),
    at(timestamp=WHEN, protoPayload={"serviceName": "login.googleapis.com", "methodName": "x"}),
    at(CreationTime=WHEN, Workload="AzureActiveDirectory", Operation="x", RecordType=8),
    at(CreationTime=WHEN, Workload="Exchange", Operation="x", RecordType=1),
    at(CreationTime=WHEN, Workload="SecurityComplianceCenter", Operation="AlertTriggered", RecordType=40),
    at(published=WHEN, eventType="user.session.start", actor={}, outcome={}),
    at(created_at=1772334686000, action="org.add_member", org="o", _document_id="d"),
    at(timestamp=WHEN, auditType={"category": "x", "action": "y"}),
    at(created_at=WHEN, event_type_id=3, account_id=1),
    at(timestamp=1772334686, event_type="authentication", factor="x", access_device={}),
    at(utc_time="2026-03-01 03:11:26.1", logtype=4002, node_id="c"),
    at(
        kind="Event",
        apiVersion="audit.k8s.io/v1",
        level="Metadata",
        auditID="1",
        stage="ResponseComplete",
        requestURI="/",
        verb="get",
        user={"username": "a"},
        requestReceivedTimestamp=WHEN,
        stageTimestamp=WHEN,
    ),
    at(schema_version=1, time=WHEN, event_type=9, process={}, event={"exec": {}}),
    at(
        schema_version=1,
        time=WHEN,
        event_type=9,
        process={},
        event={"create": {"destination": {"existing_file": {"path": "/x"}}}},
    ),
)


def of_lines() -> set[LogSource]:
    """The log sources of the lines above, each line by itself."""
    found = set()
    for line in LINES:
        _, parsed = strictest(line, CONTEXT)
        assert parsed is not None, line
        assert parsed.header is None, line
        found.add(parsed.logsource)
    return found


def of_windows() -> set[LogSource]:
    """Those of the Windows channels that are known, without and with the numbers that have a category."""
    found = {RPC_FIREWALL, source_of("Microsoft-Windows-Sysmon/Operational", 12, "DeleteKey")}
    for channel, service in SERVICES.items():
        found |= {source_of(channel, number) for number in (0, 12, *CATEGORIES.get(service, {}))}
    return found


def rule_texts() -> Iterator[str]:
    """The rules of the corpus."""
    if not CORPUS.is_file():
        pytest.skip(f"needs the corpus of another project, {CORPUS}, which is absent")
    with tarfile.open(CORPUS) as archive:
        for member in archive:
            part = archive.extractfile(member) if member.name.endswith(".yml") else None
            if part is not None:
                yield part.read().decode("utf-8")


def triples() -> set[Triple]:
    """The log sources of the corpus."""
    found = set()
    for text in rule_texts():
        block = text[text.index("\nlogsource:") :].partition("\ndetection:")[0]
        said = yaml.load(block, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["logsource"]
        found.add((said.get("category"), said.get("product"), said.get("service")))
    return found


def test_each_log_source_has_a_line() -> None:
    """Only those that are named above have none."""
    produced = of_lines() | of_windows()
    missing = {
        triple
        for triple in triples()
        if not any(covers(LogSource(category=triple[0], product=triple[1], service=triple[2]), one) for one in produced)
    }
    assert missing == TOLD_BY_THE_OPERATOR


#: Where Sigma's names are not the log's own: lines that together bear every name that some rule asks for.
SYSMON: Final = "".join(
    f'<Data Name="{name}">x</Data>'
    for name in (
        "Image",
        "CommandLine",
        "ParentImage",
        "ParentCommandLine",
        "CurrentDirectory",
        "User",
        "LogonId",
        "TargetFilename",
        "DestinationHostname",
        "DestinationIp",
        "DestinationPort",
        "Initiated",
    )
)
HEADER: Final = (
    "#Fields: date time c-ip cs-method cs-uri-scheme cs-host cs-uri-path cs-uri-query cs(User-Agent) cs(Cookie) "
    "cs(Referer) rs(Content-Type) sc-status cs-username r-ip s-action"
)
RICH: Final = (
    *(
        f"{HEAD}sysmon: <Event><System><EventID>{number}</EventID><Channel>Linux-Sysmon/Operational</Channel></System>"
        f"<EventData>{SYSMON}</EventData></Event>"
        for number in (1, 3, 11)
    ),
    "type=SYSCALL msg=audit(1772334686.123:7): arch=c000003e syscall=59 success=yes exit=0 pid=8 uid=0 euid=33 "
    'comm="id" exe="/usr/bin/id" key="k" type=EXECVE msg=audit(1772334686.123:7): a0="a" a1="b" a2="c" a3="d" a4="e" '
    'a5="f" a6="g" a7="h" type=PATH msg=audit(1772334686.123:7): name="/x" nametype=CREATE '
    "type=PROCTITLE msg=audit(1772334686.123:7): proctitle=69",
    "type=SERVICE_STOP msg=audit(1772334686.123:7): pid=1 uid=0 msg='unit=ufw res=success'",
    (
        "2026-03-01 03:11:26 192.0.2.5 GET http example.org /a.exe ?b=1 curl/8 a=b - text/html 200 "
        "alice 198.51.100.1 TCP_MISS"
    ),
    f"shop.example:443 {REQUEST}",
    at(**json.loads(zeek("dns", query="a.example", qtype_name="A", answers=["192.0.2.1"]))),
    HEAD + "kernel: [UFW ALLOW] IN=a OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=40 PROTO=TCP SPT=1 DPT=2 SYN",
    HEAD + "clamd[1]: /srv/x.zip: Win.Test.EICAR_HDB-1 FOUND",
    at(
        time=WHEN,
        resourceId="/subscriptions/s",
        operationName="X/Y/DELETE",
        category="Administrative",
        CategoryValue="A",
    ),
    at(
        time=WHEN,
        operationName="Update user",
        category="AuditLogs",
        properties={
            "category": "c",
            "result": "success",
            "activityDisplayName": "a",
            "activityType": "t",
            "loggedByService": "s",
            "failure_status_reason": "f",
            "additionalDetails": {"additionalInfo": "i"},
            "initiatedBy": {"user": {"userPrincipalName": "u"}},
            "targetResources": [
                {
                    "type": "User",
                    "userPrincipalName": "v",
                    "modifiedProperties": [{"displayName": "ConsentContext.IsAdminConsent", "newValue": '"False"'}],
                }
            ],
        },
    ),
    at(
        time=WHEN,
        operationName="Sign-in activity",
        category="SignInLogs",
        resultType="0",
        resultDescription="d",
        properties={
            "authenticationRequirement": "a",
            "userAgent": "u",
            "riskState": "r",
            "resourceDisplayName": "n",
            "conditionalAccessStatus": "c",
            "networkLocationDetails": [],
            "deviceDetail": {"deviceId": "", "isCompliant": False, "trustType": ""},
            "clientAppUsed": "IMAP",
            "userPrincipalName": "p",
        },
    ),
    at(detectedDateTime=WHEN, riskEventType="leakedCredentials"),
    at(createdDateTime=WHEN, **{"@odata.type": "#microsoft.graph.noMfaOnRoleActivationAlertIncident"}),
    at(
        timestamp=WHEN,
        logName="projects/p/logs/cloudaudit.googleapis.com%2Factivity",
        resource={"type": "k8s_cluster"},
        protoPayload={
            "serviceName": "k8s.io",
            "methodName": "x",
            "authorizationInfo": [{"permission": "p", "granted": True}],
        },
    ),
    *(
        at(
            timestamp=WHEN,
            protoPayload={
                "serviceName": f"{name}.googleapis.com",
                "methodName": "x",
                "metadata": {
                    "event": [
                        {
                            "eventName": "E",
                            "parameter": [{"name": "SETTING_NAME", "value": "s"}, {"name": "NEW_VALUE", "value": "v"}],
                        }
                    ]
                },
            },
        )
        for name in ("admin", "login")
    ),
    at(CreationTime=WHEN, Workload="SecurityComplianceCenter", Operation="AlertTriggered", RecordType=40, Data="{}"),
    at(CreationTime=WHEN, Workload="Exchange", Operation="x", RecordType=1),
    at(schema_version=1, time=WHEN, event_type=9, process={}, event={"exec": {}}),
    at(
        schema_version=1,
        time=WHEN,
        event_type=9,
        process={},
        event={"create": {"destination": {"existing_file": {"path": "/x"}}}},
    ),
)
#: log source -> names that rules ask for and no such log has: they are there only where somebody adds them
ABSENT: Final[dict[Triple, set[str]]] = {
    ("webserver", None, None): {"cs-content-type"},
    ("firewall", None, None): {"blocked"},
    ("process_creation", "macos", None): {"OriginalFileName"},
}
CARRIED: Final[tuple[Triple, ...]] = (
    ("process_creation", "linux", None),
    ("file_event", "linux", None),
    ("network_connection", "linux", None),
    (None, "linux", "auditd"),
    ("webserver", None, None),
    ("proxy", None, None),
    ("dns", None, None),
    ("firewall", None, None),
    ("antivirus", None, None),
    *((None, "azure", service) for service in ("activitylogs", "auditlogs", "signinlogs", "riskdetection", "pim")),
    *((None, "gcp", service) for service in ("gcp.audit", "google_workspace.admin", "google_workspace.login")),
    *((None, "m365", service) for service in ("exchange", "threat_management", "threat_detection")),
    ("process_creation", "macos", None),
    ("file_event", "macos", None),
)


def asked() -> dict[Triple, set[str]]:
    """The fields that the rules of each log source in CARRIED ask for."""
    found: dict[Triple, set[str]] = {triple: set() for triple in CARRIED}
    for text in rule_texts():
        if "product: windows" in text:
            continue
        said = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        where = said["logsource"]
        triple = (where.get("category"), where.get("product"), where.get("service"))
        if triple in found:
            selections = [value for name, value in said["detection"].items() if name not in ("condition", "timeframe")]
            found[triple] |= {name for selection in selections for name in names_in(selection)}
    return found


def names_in(selection: Any) -> set[str]:
    """The fields of a selection, without modifiers; keywords have none."""
    if isinstance(selection, list):
        return {name for part in selection for name in names_in(part)}
    return {name.partition("|")[0] for name in selection} - {""} if isinstance(selection, dict) else set()


def test_events_bear_the_names_that_rules_ask_for() -> None:
    """Where they are not the log's own, each name that a rule asks for is given by some line of that log source."""
    pin, events = Pin(), []
    for line in (*RICH[:5], HEADER, *RICH[5:]):
        _, parsed = pin.choose(line, CONTEXT)
        assert parsed is not None, line
        events.append(parsed)
    missing = {}
    for triple, names in asked().items():
        wanted = LogSource(category=triple[0], product=triple[1], service=triple[2])
        covered = [event.fields for event in events if event.header is None and covers(wanted, event.logsource)]
        absent = {name for name in names if all(lookup(fields, name) is MISSING for fields in covered)}
        if absent != ABSENT.get(triple, set()):
            missing[triple] = absent
    assert missing == {}


@pytest.mark.parametrize("triple", sorted(TOLD_BY_THE_OPERATOR, key=str))
def test_what_the_operator_says_of_a_source_counts(triple: Triple) -> None:
    """A source with product, category and service as a rule asks is reached, whatever its format."""
    wanted = LogSource(category=triple[0], product=triple[1], service=triple[2])
    profile = SourceProfile(category=triple[0], product=triple[1], service=triple[2])
    for found in (LogSource(), LogSource(product="linux", service="syslog")):
        assert covers(wanted, profile.claims(found))


def test_records_that_wait_are_told_in_a_stream() -> None:
    """The audit log's lines above are whole events; a first record alone waits."""
    assert Pin(Auditd.name).choose(AUDITED[0], CONTEXT)[1].header is not None  # type: ignore[union-attr]
