"""A real Prometheus fires at the installed daemon, ends, fires again and dies; a real amtool reads what it made."""

import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.daemon import CONFIG, ENDS_WITH_US, Daemon, eventually

PROMETHEUS, AMTOOL = shutil.which("prometheus"), shutil.which("amtool")

INTAKE = """
[[intake]]
name = "prom"
kind = "prometheus"
proof = "none"
"""
SETTINGS = """\
global: {{scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}}
alerting: {{alertmanagers: [{{api_version: v2, static_configs: [{{targets: ["{daemon}"]}}]}}]}}
rule_files: [rules.yml]
scrape_configs: [{{job_name: disk, static_configs: [{{targets: ["{target}"]}}]}}]
"""
RULES = """\
groups:
  - name: disk
    rules:
      - alert: DiskFull
        expr: disk_full == 1
        labels: {severity: critical}
        annotations: {summary: "the disk of {{ $labels.instance }} is full"}
"""


class Disk:
    """What Prometheus scrapes: one number."""

    def __init__(self) -> None:
        self.full = 1
        disk = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(b"disk_full %d\n" % disk.full)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name of the method it replaces)
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "Disk":
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def prometheus(folder: Path, daemon: str, target: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A Prometheus on a free port that scrapes *target* and tells *daemon*."""
    (folder / "prometheus.yml").write_text(SETTINGS.format(daemon=daemon, target=target))
    (folder / "rules.yml").write_text(RULES)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "config.file": "prometheus.yml",
        "storage.tsdb.path": "data",
        "web.listen-address": f"127.0.0.1:{port}",
        "rules.alert.resend-delay": "500ms",
        "log.level": "warn",
    }
    command = [*ENDS_WITH_US, str(PROMETHEUS), *(f"--{name}={value}" for name, value in options.items())]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def amtool(folder: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run amtool with the token of a person."""
    settings = ("--alertmanager.url", url, "--http.config.file", "amtool-http.yml", "--no-version-check")
    command = [str(AMTOOL), *settings, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=20, check=False)


def listed(folder: Path, url: str, *asked: str) -> list[dict[str, Any]]:
    """The alerts that amtool lists."""
    done = amtool(folder, url, "--output", "json", "alert", "query", *asked)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def silence_and_end_it(folder: Path, url: str) -> None:
    """What a person does with amtool; of a critical alert a second person would have to agree."""
    made = amtool(folder, url, "silence", "add", "alertname=DiskFull", "--comment", "it is being changed")
    assert made.returncode == 0, made.stderr
    [name] = made.stdout.split()
    query = amtool(folder, url, "--output", "json", "silence", "query")
    assert [(one["id"], one["createdBy"]) for one in json.loads(query.stdout)] == [(name, "ana")], query.stderr
    assert amtool(folder, url, "silence", "expire", name).returncode == 0
    assert json.loads(amtool(folder, url, "--output", "json", "silence", "query").stdout) == []


@pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed (apt install prometheus)")
@pytest.mark.skipif(AMTOOL is None, reason="amtool is not installed (apt install prometheus-alertmanager)")
@pytest.mark.timeout(120)
def test_prometheus_fires_ends_fires_again_and_dies(tmp_path: Path) -> None:
    """One incident all along; people hear of each turn, and that nobody knows after the last; amtool lists it."""
    with Daemon(tmp_path, config=CONFIG + INTAKE, files={"auth.log": ""}) as daemon, Disk() as disk:
        token = daemon.post("/api/v1/tokens", {"person": "ana", "label": "amtool"}).json()["token"]
        daemon.write("amtool-http.yml", f"authorization: {{credentials: {token}}}\n")
        url = daemon.url

        def told(what: str) -> None:
            eventually(lambda: what in daemon.outbox(), f"people hear: {what}", 30, lambda: daemon.said)

        with prometheus(tmp_path, url.partition("://")[2], disk.address):
            told("INC-1")
            [one] = listed(tmp_path, url, "alertname=DiskFull", "severity=~crit.*")
            assert one["labels"]["instance"] == disk.address
            assert one["annotations"]["tocsin_incident"] == "INC-1"
            assert f"{url}/" not in one["generatorURL"]
            assert one["generatorURL"].startswith("http://")
            assert listed(tmp_path, url, "alertname!=DiskFull") == []
            silence_and_end_it(tmp_path, url)
            disk.full = 0
            told("its sender says that it is over")
            assert listed(tmp_path, url) == []
            disk.full = 1
            told("it fires again")
        told("No longer reported, state unknown")
        assert listed(tmp_path, url) == []
        [incident] = daemon.incidents()
        assert (incident["title"], incident["status"]) == ("Alert of another system, critical", "open")
        assert incident["events"] < 5, "what only repeats is not counted"
        shown = amtool(tmp_path, url, "config", "show")
        assert (shown.returncode, "tocsin" in shown.stdout) == (0, True), shown.stderr
