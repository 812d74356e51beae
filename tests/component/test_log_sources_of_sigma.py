"""Every log source of SigmaHQ's rules is reached by a line of some format, or is named here as one that none tells.

One line each, after the formats' own documentation; the tables of each format have more.
"""

import json
import tarfile
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from support.engine import NOON

from rules.event import LogSource
from rules.formats.auditd import Auditd
from rules.formats.detect import Pin, strictest
from rules.formats.format import Context
from rules.formats.windows_sources import CATEGORIES, RPC_FIREWALL, SERVICES, source_of
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


def triples() -> dict[Triple, int]:
    """The log sources of the corpus, and how many rules each has."""
    if not CORPUS.is_file():
        pytest.skip(f"needs the corpus of another project, {CORPUS}, which is absent")
    found: dict[Triple, int] = {}
    with tarfile.open(CORPUS) as archive:
        for member in archive:
            if not member.name.endswith(".yml"):
                continue
            part = archive.extractfile(member)
            assert part is not None
            text = part.read().decode("utf-8")
            block = text[text.index("\nlogsource:") :].partition("\ndetection:")[0]
            said = yaml.load(block, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["logsource"]
            triple = (said.get("category"), said.get("product"), said.get("service"))
            found[triple] = found.get(triple, 0) + 1
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
