"""Logs by somebody who wants to be expensive: what they fill in, and into which lines.

A *bait* is a text of which as much as is wanted stands one behind the other, made of what is dear somewhere. A *frame*
is a line of a log in which somebody from outside has a say: a name, a path, an agent, a key.
"""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from rules.sigma.model import RuleSet
from rules.sigma.values import Text
from support.near import terms_of

START: Final = datetime(2026, 3, 1, tzinfo=UTC)

#: What each bait repeats.
BAITS: Final[dict[str, str]] = {
    "letters": "a",
    "letters and a sign": "a" * 60 + "!",
    "blanks": " ",
    "tabs and blanks": " \t",
    "quotes": '"',
    "backslashes": "\\",
    "quotes within backslashes": '\\"',
    "brackets": "[(<{",
    "closing": "}>)]",
    "pairs": "a=b ",
    "pairs in quotes": 'a="b" ',
    "colons": ": ",
    "percent": "%25",
    "dots": "../",
    "addresses": "192.0.2.1 ",
    "digits": "9",
    "dashes": "-/",
    "words": "from user for by ",
    "semicolons": " ; ",
    "commas": ", ",
    "U+0130": "\u0130",
    "U+212A": "\u212a",
    "combining": "i\u0307",
    "no UTF-8": "\udcff",
    "halves of letters": "\udce2\udc82",
    "controls": "\x1b[0m\x07",
    "NUL": "x\0",
    "line separators": "\u2028\x0b\x85",
    "JSON escapes": "\\u0130",
    "heads of lines": "type=SYSCALL msg=audit(1772323200.1:7): ",
    "stamps": "2026-03-01T00:00:00Z Mar  1 00:00:00 ",
}

#: In each line <bait> stands for what is filled in, <json> for the same as JSON writes it.
FRAMES: Final[dict[str, str]] = {
    "bare": "<bait>",
    "program": "<syslog> app[1]: <bait>",
    "sshd": "<syslog> sshd[1]: Failed password for invalid user <bait> from 192.0.2.1 port 1 ssh2",
    "sudo": "<syslog> sudo:  bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=<bait>",
    "cron": "<syslog> CRON[1]: (root) CMD (<bait>)",
    "kernel": "<syslog> kernel: [UFW BLOCK] IN=e OUT= SRC=192.0.2.1 DST=192.0.2.2 <bait> PROTO=TCP",
    "postfix": "<syslog> postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 550 <bait>; to=<a>",
    "dovecot": "<syslog> dovecot: imap-login: Disconnected (auth failed, 1 attempts): user=<<bait>>, rip=192.0.2.1",
    "named": "<syslog> named[1]: client @0x7 192.0.2.1#5 (<bait>): query: <bait> IN A +E (192.0.2.2)",
    "mysql": "<iso> 1 [Note] Access denied for user '<bait>'@'192.0.2.1' (using password: YES)",
    "postgres": '<blank> UTC [1] a@b FATAL:  password authentication failed for user "<bait>"',
    "nginx, path": '192.0.2.1 - - [<clf>] "GET /<bait> HTTP/1.1" 404 5 "-" "curl/8"',
    "nginx, agent": '192.0.2.1 - - [<clf>] "GET / HTTP/1.1" 404 5 "-" "<bait>"',
    "nginx, error": '<error> [error] 8#8: *1 open() "/<bait>" failed (2: No such file or directory), client: 192.0.2.1',
    "auditd": 'type=EXECVE msg=audit(<epoch>:1): argc=1 a0="sh" <bait>',
    "auditd, open": "type=SYSCALL msg=audit(<epoch>:1): arch=c000003e syscall=59 success=yes exit=0 key=<bait>",
    "repeated": (
        "<syslog> sshd[1]: message repeated 5 times: [ Failed password for <bait> from 192.0.2.1 port 1 ssh2]"
    ),
    "RFC 5424": '<34>1 <iso> web1 app 1 - [a@1 b="<bait>"] text',
    "logfmt": 'time="<iso>" level=info msg="<bait>"',
    "container": "<iso> stdout P <bait>",
    "CEF": "CEF:0|vendor|product|1|2|name|5|src=192.0.2.1 <bait>",
    "JSON": '{"time": "<iso>", "message": <json>}',
    "JSON, raw": '{"time": "<iso>", "message": "<bait>"}',
    "JSON, keys": '{"time": "<iso>", <keys>}',
    "JSON, list": '{"time": "<iso>", "a": [<objects>]}',
    "JSON, deep": '{"time": "<iso>", "a": <nested>}',
    "JSON, number": '{"time": "<iso>", "n": <digits>}',
    "Windows": (
        '{"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "UtcTime": "<iso>", '
        '"Image": "x.exe", "CommandLine": <json>}'
    ),
    "Windows, XML": "<xml><Data Name='CommandLine'><bait></Data></EventData></Event>",
    "Windows, many": "<xml><elements></EventData></Event>",
    "Zeek": (
        '{"_path": "conn", "ts": <epoch>, "uid": <json>, "id.orig_h": "10.0.0.5", "id.orig_p": 5, '
        '"id.resp_h": "192.0.2.1", "id.resp_p": 443, "proto": "tcp", "orig_bytes": 100, "conn_state": "SF"}'
    ),
    "Suricata": (
        '{"timestamp": "<iso>", "flow_id": 1, "event_type": "http", "src_ip": "192.0.2.1", '
        '"dest_ip": "192.0.2.2", "http": {"url": <json>}}'
    ),
    "Kubernetes": (
        '{"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "1", '
        '"stage": "ResponseComplete", "requestURI": <json>, "verb": "get", "stageTimestamp": "<iso>"}'
    ),
}
SHAPED: Final = (
    "JSON, list",
    "JSON, deep",
    "JSON, number",
    "Windows, many",
)  #: these are filled with their shape: one bait is enough


def line(frame: str, bait: str, at: datetime) -> bytes:
    """A line of this frame with this bait."""
    parts: dict[str, Callable[[], str]] = {
        "<syslog>": lambda: f"{at:%b} {at.day:2} {at:%H:%M:%S} web1",
        "<iso>": lambda: f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "<blank>": lambda: f"{at:%Y-%m-%d %H:%M:%S}.000",
        "<clf>": lambda: f"{at:%d/%b/%Y:%H:%M:%S} +0000",
        "<error>": lambda: f"{at:%Y/%m/%d %H:%M:%S}",
        "<xml>": lambda: (
            "<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID><Computer>w</Computer>"
            f"<TimeCreated SystemTime='{at:%Y-%m-%dT%H:%M:%S.%fZ}'/>"
            "<Channel>Microsoft-Windows-Sysmon/Operational</Channel></System><EventData>"
        ),
        "<epoch>": lambda: f"{at.timestamp():.3f}",
        "<json>": lambda: json.dumps(bait),
        "<keys>": lambda: json.dumps({f"{bait[:8]}{n}": n for n in range(len(bait) // 14 + 1)})[1:-1],
        "<objects>": lambda: ",".join(['{"b":1}'] * (len(bait) // 8 + 1)),
        "<nested>": lambda: '{"a":' * (len(bait) // 6) + "1" + "}" * (len(bait) // 6),
        "<elements>": lambda: "".join(f"<Data Name='k{n}'>v</Data>" for n in range(len(bait) // 27 + 1)),
        "<digits>": lambda: "9" * len(bait),
        "<bait>": lambda: bait,
    }
    text = frame
    for name, made in parts.items():
        if name in text:
            text = text.replace(name, made())
    return text.encode("utf-8", "surrogateescape").replace(b"\n", b" ") + b"\n"


def log(frame: str, bait: str, line_bytes: int, size: int, start: datetime = START) -> bytes:
    """A log of about so many bytes, of lines of about so many."""
    unit = len(bait.encode("utf-8", "surrogateescape"))
    filled = (bait * (line_bytes // unit + 1))[: max(1, line_bytes * len(bait) // unit)]
    number = max(1, size // line_bytes)
    return b"".join(line(frame, filled, start + timedelta(milliseconds=50 * at)) for at in range(number))


def literals(rules: RuleSet, chance: random.Random) -> str:
    """All texts that the rules look for, in any order."""
    tests = [term.test for rule in rules.rules for term in terms_of(rule.condition)]
    found = sorted({part.text for test in tests if isinstance(test, Text) for part in test.segments if part.text})
    chance.shuffle(found)
    return " ".join(found)
