"""A seeded day of what firewalls, Zeek, Suricata, Docker, Kubernetes and the audit log tell where nothing is wrong.

People browse, machines are scanned, things are deployed, packages are upgraded. All addresses are private or reserved
for documentation.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
DAY_SECONDS = 86_400
OUTSIDE = [f"203.0.113.{last}" for last in range(1, 200)]
SITES = [f"192.0.2.{last}" for last in range(1, 250)]
CLIENTS = [f"10.0.1.{last}" for last in range(10, 30)]
PORTS = (22, 23, 80, 443, 445, 1433, 3306, 3389, 5060, 5432, 5900, 6379, 8080, 8443)


def at(second: float) -> datetime:
    return MIDNIGHT + timedelta(seconds=second)


def packet(second: float, source: str, target: str, port: int, verdict: str = "BLOCK", flags: str = "SYN") -> str:
    """A line of ufw."""
    moment = at(second)
    return (
        f"{moment:%b} {moment.day:2} {moment:%H:%M:%S} gw kernel: [UFW {verdict}] IN=eth0 OUT= MAC=00:16:3e:00:00:01 "
        f"SRC={source} DST={target} LEN=44 TTL=241 PROTO=TCP SPT=51000 DPT={port} {flags} URGP=0"
    )


def zeek(path: str, second: float, source: str, target: str, port: int, **more: Any) -> str:
    """A line of Zeek, as JSON."""
    ends = {"id.orig_h": source, "id.orig_p": 51000, "id.resp_h": target, "id.resp_p": port}
    return json.dumps({"_path": path, "ts": at(second).timestamp(), "uid": "C1", **ends, **more})


def eve(kind: str, second: float, source: str, target: str, port: int, **more: Any) -> str:
    """A line of Suricata."""
    ends = {"src_ip": source, "src_port": 51000, "dest_ip": target, "dest_port": port, "proto": "TCP"}
    stamp = f"{at(second):%Y-%m-%dT%H:%M:%S.%f}+0000"
    return json.dumps({"timestamp": stamp, "flow_id": 1, "event_type": kind, **ends, **more})


def request(second: float, who: str, verb: str, resource: str, code: int = 200, **more: Any) -> str:
    """A line of Kubernetes' audit log; *resource* is ``namespace/resource[/subresource]``."""
    namespace, _, rest = resource.partition("/")
    name, _, subresource = rest.partition("/")
    reference = {"resource": name} | ({"namespace": namespace} if namespace else {})
    reference |= {"subresource": subresource} if subresource else {}
    stamp = f"{at(second):%Y-%m-%dT%H:%M:%S.%f}Z"
    event = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "stage": "ResponseComplete", "auditID": "a"}
    user = {"username": who, "groups": ["system:authenticated"]}
    told = {"verb": verb, "user": user, "sourceIPs": ["10.0.2.7"], "requestURI": f"/api/v1/{rest}"}
    answer = {"objectRef": reference, "responseStatus": {"code": code}, "requestReceivedTimestamp": stamp}
    return json.dumps(event | told | answer | more)


def container(second: float, action: str, name: str, **attributes: str) -> str:
    """A line of ``docker events``."""
    actor = {"ID": name, "Attributes": {"name": name, "image": f"example/{name}:1", **attributes}}
    return json.dumps({"Type": "container", "Action": action, "Actor": actor, "time": int(at(second).timestamp())})


def audit(second: float, serial: int, number: int, exe: str, *records: str, person: str = "1000") -> list[str]:
    """A system call of root, with the records that belong to it."""
    stamp = f"audit({at(second).timestamp():.3f}:{serial})"
    first = (
        f"SYSCALL arch=c000003e syscall={number} success=yes exit=0 a0=1 a1=2 a2=241 a3=0 ppid=1 pid=2 auid={person} "
        f'uid=0 comm="x" exe="{exe}" key=(null)'
    )
    lines = []
    for one in (first, *records, 'PROCTITLE proctitle="x"'):
        kind, _, body = one.partition(" ")
        lines.append(f"type={kind} msg={stamp}: {body}")
    return lines


def started(second: float, serial: int, *arguments: str) -> list[str]:
    """A program that starts."""
    shown = " ".join(f"a{n}={one.encode().hex().upper()}" for n, one in enumerate(arguments))
    return audit(second, serial, 59, arguments[0], f"EXECVE argc={len(arguments)} {shown}")


def written(second: float, serial: int, exe: str, path: str) -> list[str]:
    """A file that is written."""
    return audit(second, serial, 257, exe, f'PATH item=0 name="{path}" nametype=NORMAL')


def a_day(seed: int) -> dict[str, list[str]]:
    """Lines by name of a file, each in order of time."""
    chance = random.Random(seed)
    moments = sorted(chance.uniform(0, DAY_SECONDS) for _ in range(1000))
    return {
        "firewall": list(_packets(chance, moments)),
        "zeek": sorted(_connections(chance, moments), key=lambda line: json.loads(line)["ts"]),
        "suricata": list(_seen(chance, moments[::3])),
        "docker": list(_deployments()),
        "kubernetes": list(_requests(moments[::5])),
        "audit": list(_audited(moments[::8])),
    }


def _packets(chance: random.Random, moments: list[float]) -> Iterator[str]:
    for second in moments:
        kind = chance.random()
        if kind < 0.8:  # the internet knocks
            target = f"198.51.100.{chance.randrange(1, 17)}"
            yield packet(second, chance.choice(OUTSIDE), target, chance.choice(PORTS))
        elif kind < 0.9:  # late answers
            yield packet(second, chance.choice(SITES), "198.51.100.1", chance.randrange(32768, 60000), flags="ACK RST")
        else:  # clients look for a printer, a share, a neighbour
            port = chance.choice([9100, 445, 631])
            yield packet(second, chance.choice(CLIENTS), f"10.0.3.{chance.randrange(1, 6)}", port)


def _connections(chance: random.Random, moments: list[float]) -> Iterator[str]:
    for second in moments:
        client, kind = chance.choice(CLIENTS), chance.random()
        sizes = {"orig_bytes": chance.randrange(500, 90_000), "resp_bytes": 9000, "proto": "tcp"}
        if kind < 0.5:
            yield zeek("conn", second, client, chance.choice(SITES), 443, conn_state="SF", **sizes)
        elif kind < 0.8:
            code = "NXDOMAIN" if chance.random() < 0.1 else "NOERROR"
            name = f"www{chance.randrange(500)}.site{chance.randrange(80)}.example"
            yield zeek("dns", second, client, "10.0.0.53", 53, query=name, qtype_name="A", rcode_name=code)
        elif kind < 0.95:
            port = chance.choice(PORTS)
            yield zeek("conn", second, chance.choice(OUTSIDE), "198.51.100.1", port, conn_state="S0", proto="tcp")
        else:
            yield zeek("ssh", second, chance.choice(OUTSIDE), "198.51.100.1", 22, auth_success=False)
    for hour in range(24):  # a client of push messages, and the monitoring
        same = {"conn_state": "SF", "orig_bytes": 412, "proto": "tcp"}
        yield zeek("conn", hour * 3600 + 60, CLIENTS[0], SITES[0], 5223, **same)


def _seen(chance: random.Random, moments: list[float]) -> Iterator[str]:
    for second in moments:
        source, severity = chance.choice(OUTSIDE), chance.choice([2, 3, 3])
        alert = {"signature": "x", "category": "Attempted Information Leak", "severity": severity, "action": "allowed"}
        yield eve("alert", second, source, "198.51.100.1", 443, alert=alert)
        yield eve("flow", second, source, "198.51.100.1", 443, flow={"pkts_toserver": 4, "pkts_toclient": 3})


def _deployments() -> Iterator[str]:
    for minute in range(0, 1440, 30):
        yield container(minute * 60, "exec_create: /bin/sh -c curl -f http://localhost/health", "shop")
        yield container(minute * 60 + 1, "exec_die", "shop", exitCode="0")
    for deploy in range(3):  # a new version replaces the old one
        yield container(36_000 + deploy * 600, "die", "shop", exitCode="143")
        yield container(36_005 + deploy * 600, "start", "shop")


def _requests(moments: list[float]) -> Iterator[str]:
    for turn, second in enumerate(moments):
        yield request(second, "system:serviceaccount:kube-system:job-controller", "list", "/secrets")
        yield request(second, "system:node:node1", "update", "kube-system/leases")
        yield request(second, "system:anonymous", "get", "/x", requestURI="/livez")
        if turn % 10 == 0:
            yield request(second, "ann@example.org", "list", "shop/secrets")
            yield request(second, "ann@example.org", "patch", "shop/deployments")
            yield request(second, "ann@example.org", "get", "shop/pods/log")


def _audited(moments: list[float]) -> Iterator[str]:
    for serial, second in enumerate(moments, 100):
        lines = (
            started(second, serial, "/usr/bin/run-parts", "/etc/cron.hourly"),
            started(second, serial, "/usr/bin/dpkg", "--configure", "-a"),
            written(second, serial, "/usr/sbin/useradd", "/etc/passwd"),
            written(second, serial, "/usr/bin/dpkg", "/etc/pam.d/other"),
            audit(second, serial, 313, "/usr/bin/kmod", 'KERN_MODULE name="nf_tables"', person="4294967295"),
            audit(second, serial, 227, "/usr/sbin/chronyd"),
        )
        yield from lines[serial % len(lines)]
