"""Lines of Suricata's EVE: what each tells, and what only looks like a sign of something.

Written after "Eve JSON Format" of the Suricata documentation.
"""

import json
from typing import Any

import pytest
from support.lines import fulfilled, parsed, source_of, told

OUTSIDE, OURS, INSIDE = "203.0.113.7", "198.51.100.10", "10.0.0.5"


def eve(kind: str, source: str = INSIDE, destination: str = OUTSIDE, port: int = 443, **more: Any) -> str:
    ends = {"src_ip": source, "src_port": 51000, "dest_ip": destination, "dest_port": port, "proto": "TCP"}
    stamp = "2026-03-01T03:11:20.123456+0000"
    return json.dumps({"timestamp": stamp, "flow_id": 1, "event_type": kind, **ends, **more})


def alert(severity: int, category: str, source: str, action: str = "allowed") -> str:
    told_of = {"action": action, "signature": "x", "category": category, "severity": severity}
    return eve("alert", source, OURS, alert=told_of)


def row(text: str, source: str, who: str, deed: str, *rules: str) -> tuple[Any, ...]:
    action, _, outcome = deed.partition(" ")
    return text, source, (who, None, action, outcome or "unknown"), list(rules)


OURS_ALERT = "Suricata alert about a machine of ours"
LONG = "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvw.t.example.net"
LINES = [
    row(alert(1, "A Network Trojan was detected", INSIDE), "/suricata/alert", INSIDE, "ids_alert", OURS_ALERT),
    row(alert(1, "Attempted Admin", OUTSIDE), "/suricata/alert", OUTSIDE, "ids_alert", "Suricata alert, grave"),
    row(
        alert(1, "Attempted Admin", OUTSIDE, "blocked"),
        "/suricata/alert",
        OUTSIDE,
        "ids_alert failure",
        "Suricata alert, grave",
    ),
    row(alert(1, "Successful Administrator Gain", OUTSIDE), "/suricata/alert", OUTSIDE, "ids_alert", OURS_ALERT),
    row(
        alert(1, "Malware Command and Control Activity Detected", OUTSIDE),
        "/suricata/alert",
        OUTSIDE,
        "ids_alert",
        OURS_ALERT,
    ),
    row(alert(2, "Attempted Information Leak", OUTSIDE), "/suricata/alert", OUTSIDE, "ids_alert", "Suricata alert"),
    row(alert(3, "Not Suspicious Traffic", OUTSIDE), "/suricata/alert", OUTSIDE, "ids_alert", "Suricata remark"),
    row(
        eve("dns", destination="10.0.0.53", port=53, dns={"type": "query", "rrname": LONG, "rrtype": "TXT"}),
        "dns/suricata/dns",
        INSIDE,
        "ids_dns",
        "Question for a long name, from inside",
    ),
    row(
        eve("dns", destination="10.0.0.53", port=53, dns={"version": 3, "queries": [{"rrname": LONG, "rrtype": "A"}]}),
        "dns/suricata/dns",
        INSIDE,
        "ids_dns",
        "Question for a long name, from inside",
    ),
    row(
        eve(
            "dns", destination="10.0.0.53", port=53, dns={"type": "answer", "rrname": "a.example", "rcode": "NXDOMAIN"}
        ),
        "dns/suricata/dns",
        INSIDE,
        "ids_dns",
        "Question for a name that does not exist",
    ),
    row(
        eve("dns", destination="10.0.0.53", port=53, dns={"type": "query", "rrname": "a.example"}),
        "dns/suricata/dns",
        INSIDE,
        "ids_dns",
    ),
    row(
        eve("tls", tls={"subject": "CN=a", "issuerdn": "CN=a"}),
        "/suricata/tls",
        INSIDE,
        "ids_tls",
        "Self-signed certificate outside seen by Suricata",
    ),
    row(eve("tls", tls={"subject": "CN=a", "issuerdn": "CN=b"}), "/suricata/tls", INSIDE, "ids_tls"),
    row(eve("tls", tls={"sni": "a.example"}), "/suricata/tls", INSIDE, "ids_tls"),
    row(
        eve("http", port=80, http={"hostname": OUTSIDE, "url": "/a", "http_method": "GET", "status": 200}),
        "/suricata/http",
        INSIDE,
        "http_request success",
        "Web request to a bare address seen by Suricata",
    ),
    row(
        eve("http", OUTSIDE, OURS, 80, http={"url": "/a", "http_method": "GET", "status": 404}),
        "/suricata/http",
        OUTSIDE,
        "http_request failure",
    ),
    row(
        eve("flow", OUTSIDE, OURS, 23, flow={"pkts_toserver": 1, "pkts_toclient": 0}),
        "/suricata/flow",
        OUTSIDE,
        "ids_flow",
        "Flow without an answer seen by Suricata",
    ),
    row(eve("flow", OUTSIDE, OURS, 443, flow={"pkts_toclient": 9}), "/suricata/flow", OUTSIDE, "ids_flow"),
    row(
        eve("anomaly", OUTSIDE, OURS, 80, anomaly={"type": "applayer", "event": "A"}),
        "/suricata/anomaly",
        OUTSIDE,
        "ids_anomaly",
        "Anomaly seen by Suricata",
    ),
    row(
        eve("anomaly", OUTSIDE, OURS, 80, anomaly={"type": "decode", "event": "ipv4.trunc_pkt"}),
        "/suricata/anomaly",
        OUTSIDE,
        "ids_anomaly",
    ),
    row(
        eve("fileinfo", OUTSIDE, INSIDE, http={"status": 200}, fileinfo={"magic": "PE32 executable (GUI)"}),
        "/suricata/fileinfo",
        OUTSIDE,
        "ids_fileinfo",
        "Program fetched in clear text seen by Suricata",
    ),
    row(
        eve("fileinfo", OUTSIDE, INSIDE, http={"status": 200}, fileinfo={"magic": "HTML document"}),
        "/suricata/fileinfo",
        OUTSIDE,
        "ids_fileinfo",
    ),
    row(
        eve("ftp", port=21, ftp={"command": "USER", "command_data": "bob"}),
        "/suricata/ftp",
        INSIDE,
        "ids_ftp",
        "Password in clear text over FTP seen by Suricata",
    ),
    row(eve("ftp", port=21, ftp={"command": "USER", "command_data": "anonymous"}), "/suricata/ftp", INSIDE, "ids_ftp"),
]


@pytest.mark.parametrize(("text", "source", "meaning", "rules"), LINES)
def test_lines(text: str, source: str, meaning: tuple[Any, ...], rules: list[str]) -> None:
    """Each line tells who, from where, what and how it ended, and fulfils the rules that it should."""
    found = parsed(text)
    assert (source_of(found), told(found), fulfilled(found, text, "network", "ids")) == (source, meaning, rules)


def test_questions_of_both_versions() -> None:
    """Suricata 8 holds questions in a list; they bear the same names."""
    old = eve("dns", dns={"type": "query", "rrname": "a.example.org", "rrtype": "A"})
    new = eve("dns", dns={"version": 3, "queries": [{"rrname": "a.example.org", "rrtype": "A"}]})
    for text in (old, new):
        fields = parsed(text).fields
        assert (fields["query"], fields["record_type"]) == ("a.example.org", "A")
        assert fields["dns.question.registered_domain"] == "example.org"
