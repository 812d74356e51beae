"""Lines of Zeek, as JSON and between tabs: what each tells, and what only looks like a sign of something.

Written after "Zeek Log Formats and Inspection" of the Zeek documentation.
"""

import json
from typing import Any

import pytest
from support.lines import fulfilled, parsed, source_of, told

OUTSIDE, OURS, INSIDE = "203.0.113.7", "198.51.100.10", "10.0.0.5"


def line(path: str, near: str = INSIDE, far: str = OUTSIDE, port: int = 443, **more: Any) -> str:
    ends = {"id.orig_h": near, "id.orig_p": 51000, "id.resp_h": far, "id.resp_p": port}
    return json.dumps({"_path": path, "ts": 1772334680.5, "uid": "C1", **ends, **more})


def conn(state: str, near: str = INSIDE, far: str = OUTSIDE, port: int = 443, **more: Any) -> str:
    return line("conn", near, far, port, proto="tcp", conn_state=state, **more)


def notice(note: str, source: str) -> str:
    return json.dumps({"_path": "notice", "ts": 1772334680.5, "note": note, "msg": "x", "src": source})


def certificate(serial: str, subject: str) -> str:
    more = {"certificate.serial": serial, "certificate.subject": subject}
    return json.dumps({"_path": "x509", "ts": 1772334680.5, "fingerprint": "ab", "fuid": "F1", **more})


def row(text: str, source: str, who: str | None, user: str | None, deed: str, *rules: str) -> tuple[Any, ...]:
    action, _, outcome = deed.partition(" ")
    return text, source, (who, user, action, outcome or "unknown"), list(rules)


REFUSED = ["Connection refused seen by Zeek", "Connection without an answer seen by Zeek"]
REFUSED_INSIDE = [
    "Connection refused seen by Zeek, from inside",
    "Connection without an answer seen by Zeek, from inside",
]
SHELLS = "Connection to a port of remote shells seen by Zeek"
SENT = "Bytes sent outside, seen by Zeek"
SMALL = "Small connection to the outside seen by Zeek"
LONG = "dnscat.abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst.t.example.net"
BROKEN = "Invalid certificate outside seen by Zeek"

LINES = [
    row(conn("S0", OUTSIDE, OURS, 23), "/zeek/conn", OUTSIDE, None, "connection failure", *REFUSED),
    row(conn("REJ", INSIDE, "10.0.0.9", 445), "/zeek/conn", INSIDE, None, "connection failure", *REFUSED_INSIDE),
    row(conn("SF", OUTSIDE, OURS, 443), "/zeek/conn", OUTSIDE, None, "connection success"),
    row(conn("OTH", OUTSIDE, OURS, 443), "/zeek/conn", OUTSIDE, None, "connection unknown"),
    row(conn("SF", orig_bytes=412), "/zeek/conn", INSIDE, None, "connection success", SENT, SMALL),
    row(conn("SF", port=53, orig_bytes=60), "/zeek/conn", INSIDE, None, "connection success", SENT),
    row(conn("SF", orig_bytes=9_000_000), "/zeek/conn", INSIDE, None, "connection success", SENT),
    row(conn("S1", port=4444), "/zeek/conn", INSIDE, None, "connection success", SHELLS),
    row(conn("SF", far="10.0.0.9", port=4444), "/zeek/conn", INSIDE, None, "connection success"),
    row(
        line("dns", far="10.0.0.53", port=53, query=LONG, qtype_name="TXT", rcode_name="NOERROR"),
        "dns/zeek/dns",
        INSIDE,
        None,
        "zeek_dns",
        "Question for a long name, from inside",
    ),
    row(
        line("dns", far="10.0.0.53", port=53, query="nothing.example", rcode_name="NXDOMAIN"),
        "dns/zeek/dns",
        INSIDE,
        None,
        "zeek_dns",
        "Question for a name that does not exist",
    ),
    row(
        line("dns", far="10.0.0.53", port=53, query="7.113.0.203.in-addr.arpa", rcode_name="NXDOMAIN"),
        "dns/zeek/dns",
        INSIDE,
        None,
        "zeek_dns",
    ),
    row(line("dns", port=5300, query="a.example"), "dns/zeek/dns", INSIDE, None, "zeek_dns", "DNS at an odd port"),
    row(
        line("http", port=80, method="GET", uri="/", status_code=200, username="bob"),
        "/zeek/http",
        INSIDE,
        "bob",
        "http_request success",
        "Password in clear text over HTTP seen by Zeek",
    ),
    row(
        line("http", OUTSIDE, OURS, 80, method="GET", uri="/", status_code=401, username="bob"),
        "/zeek/http",
        OUTSIDE,
        "bob",
        "http_request failure",
    ),
    row(
        line("http", port=80, method="GET", host=OUTSIDE, uri="/a", status_code=200),
        "/zeek/http",
        INSIDE,
        None,
        "http_request success",
        "Web request to a bare address seen by Zeek",
    ),
    row(
        line("ftp", port=21, user="bob", command="RETR", reply_code=226),
        "/zeek/ftp",
        INSIDE,
        "bob",
        "zeek_ftp",
        "Password in clear text over FTP seen by Zeek",
    ),
    row(line("ftp", port=21, user="anonymous", reply_code=226), "/zeek/ftp", INSIDE, "anonymous", "zeek_ftp"),
    row(
        line("ssh", OUTSIDE, OURS, 22, auth_success=False),
        "/zeek/ssh",
        OUTSIDE,
        None,
        "zeek_ssh failure",
        "SSH login failed seen by Zeek",
    ),
    row(line("ssh", OUTSIDE, OURS, 22, auth_success=True), "/zeek/ssh", OUTSIDE, None, "zeek_ssh success"),
    row(line("ssh", OUTSIDE, OURS, 22, auth_attempts=0), "/zeek/ssh", OUTSIDE, None, "zeek_ssh"),
    row(
        line("ssl", established=True, validation_status="self signed certificate"),
        "/zeek/ssl",
        INSIDE,
        None,
        "zeek_ssl failure",
        BROKEN,
    ),
    row(line("ssl", established=True, validation_status="ok"), "/zeek/ssl", INSIDE, None, "zeek_ssl success"),
    row(line("ssl", established=True), "/zeek/ssl", INSIDE, None, "zeek_ssl"),
    row(
        certificate("8BB00EE", "CN=a"),
        "/zeek/x509",
        None,
        None,
        "zeek_x509",
        "Certificate of an attack tool seen by Zeek",
    ),
    row(certificate("0A1B", "CN=multiplayergames.example"), "/zeek/x509", None, None, "zeek_x509"),
    row(
        notice("SSH::Login_By_Password_Guesser", OUTSIDE),
        "/zeek/notice",
        OUTSIDE,
        None,
        "ids_alert",
        "Zeek notice that something succeeded",
    ),
    row(
        notice("Scan::Port_Scan", OUTSIDE),
        "/zeek/notice",
        OUTSIDE,
        None,
        "ids_alert",
        "Zeek notice about an attempt",
    ),
    row(notice("SSL::Certificate_Expired", OUTSIDE), "/zeek/notice", OUTSIDE, None, "ids_alert"),
    row(
        line("weird", OUTSIDE, OURS, 80, name="bad_HTTP_request"),
        "/zeek/weird",
        OUTSIDE,
        None,
        "zeek_weird",
        "Oddity seen by Zeek",
    ),
    row(line("weird", OUTSIDE, OURS, 80, name="dns_unmatched_reply"), "/zeek/weird", OUTSIDE, None, "zeek_weird"),
    row(
        line("files", fuid="F1", source="HTTP", tx_hosts=[OUTSIDE], mime_type="application/x-dosexec"),
        "/zeek/files",
        INSIDE,
        None,
        "zeek_files",
        "Program fetched in clear text seen by Zeek",
    ),
    row(
        line("files", fuid="F1", source="SSL", tx_hosts=[OUTSIDE], mime_type="application/x-x509-ca-cert"),
        "/zeek/files",
        INSIDE,
        None,
        "zeek_files",
    ),
]


@pytest.mark.parametrize(("text", "source", "meaning", "rules"), LINES)
def test_lines(text: str, source: str, meaning: tuple[Any, ...], rules: list[str]) -> None:
    """Each line tells who, from where, what and how it ended, and fulfils the rules that it should."""
    found = parsed(text)
    assert (source_of(found), told(found), fulfilled(found, text, "network", "ids")) == (source, meaning, rules)


HEADER = "#separator \\x09\n#path\t{}\n#fields\t{}\n#types\t{}"
ENDS = ("ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p", "time\tstring\taddr\tport\taddr\tport")


@pytest.mark.parametrize(
    ("path", "fields", "types", "values", "rules"),
    [
        ("conn", "conn_state\torig_bytes", "string\tcount", "SF\t412", [SENT, SMALL]),
        ("ssh", "auth_success", "bool", "F", ["SSH login failed seen by Zeek, from inside"]),
        (
            "dns",
            "query\trcode_name",
            "string\tstring",
            f"{LONG}\tNOERROR",
            ["DNS at an odd port", "Question for a long name, from inside"],
        ),
        ("ssl", "established\tvalidation_status", "bool\tstring", "T\tself signed certificate", [BROKEN]),
        ("ftp", "user\treply_code", "string\tcount", "bob\t226", ["Password in clear text over FTP seen by Zeek"]),
    ],
)
def test_between_tabs(path: str, fields: str, types: str, values: str, rules: list[str]) -> None:
    """What Zeek writes by default fulfils the same rules."""
    header = HEADER.format(path, f"{ENDS[0]}\tproto\t{fields}", f"{ENDS[1]}\tenum\t{types}")
    text = f"1772334680.5\tC1\t{INSIDE}\t51000\t{OUTSIDE}\t443\ttcp\t{values}"
    if path == "dns":
        text = text.replace("\t443\t", "\t5300\t")
    found = parsed(text, header)
    assert fulfilled(found, text, "network", "ids") == rules


def test_names_of_questions_and_hours() -> None:
    """A question bears its domain, a connection its hour."""
    fields = parsed(line("dns", query="a.b.Example.co.uk", qtype_name="A", answers=["192.0.2.1"])).fields
    assert fields["dns.question.registered_domain"] == "example.co.uk"
    assert (fields["record_type"], fields["answer"]) == ("A", ["192.0.2.1"])
    assert parsed(conn("SF")).fields["connection.hour"] == "2026-03-01T03"
