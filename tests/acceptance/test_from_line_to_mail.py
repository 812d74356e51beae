"""The whole way, with the installed daemon and a real mail server: found, told by mail, acknowledged by the link in it.

What comes in as log lines, as an alert of another system and as reports of people goes the same way.
"""

import json
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

import pytest
from support.daemon import STOP_SECONDS, Daemon, eventually
from support.logs import FAILED_PASSWORD_RULE, failed_password
from support.mail import Fault, Sink, sink

from rules.sigma.files import bundled_folder

CONFIG = """\
[daemon]
state_dir = "var"

[http]
listen = "127.0.0.1:0"

[rules]
paths = ["rules"]

[[source]]
name = "auth"
path = "auth.log"
start = "beginning"

[[intake]]
name = "prom"
kind = "alertmanager"
proof = "none"

[[intake]]
name = "people"
kind = "feedback"
proof = "none"

[[receiver]]
name = "stuck"
url = "json://127.0.0.1:{stuck}/?rto=15"

[[route]]
receiver = ["stuck", "ana-auth"]
[route.match]
severity = ["critical"]
"""
#: Two persons for each source, because nobody gets more than five messages in a minute.
PERSONS = """
[[person]]
id = "ana-{source}"
roles = ["responder"]

[[person]]
id = "bo-{source}"
roles = ["responder"]

[[receiver]]
name = "ana-{source}"
person = "ana-{source}"
url = "{ana}"

[[receiver]]
name = "bo-{source}"
person = "bo-{source}"
url = "{bo}"

[[route]]
receiver = ["ana-{source}", "bo-{source}"]
"""
SOURCES = ("auth", "prom", "people")
BUNDLED = ("alerts/alerts.yml", "feedback/feedback.yml")


@pytest.fixture(scope="module")
def mail() -> Iterator[Sink]:
    with sink() as server:
        yield server


@pytest.fixture(scope="module")
def deaf() -> Iterator[socket.socket]:
    """Takes connections, and never says a word on them."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, mail: Sink, deaf: socket.socket) -> Iterator[Daemon]:
    """A daemon that reads lines, takes alerts and reports, and tells two persons by mail."""
    config = configured(mail, deaf.getsockname()[1])
    rules = {f"rules/{Path(name).name}": (bundled_folder() / name).read_text() for name in BUNDLED}
    files = {"rules/failed.yml": FAILED_PASSWORD_RULE, "auth.log": "", **rules}
    with Daemon(tmp_path_factory.mktemp("m"), config=config, files=files) as daemon:
        yield daemon


def configured(mail: Sink, stuck: int) -> str:
    """Whoever is told of a source reads mail; of what is critical, ana hears and somebody who never answers."""
    text = CONFIG.format(stuck=stuck)
    for source in SOURCES:
        urls = {name: mail.url_to(f"{name}-{source}@example.com", "&rto=30&cto=30") for name in ("ana", "bo")}
        last = source == SOURCES[-1]
        text += PERSONS.format(source=source, **urls) + ("" if last else f'[route.match]\nsource = ["{source}"]\n')
    return text


def alert(severity: str) -> bytes:
    """What Alertmanager sends of one alert."""
    labels = {"alertname": f"Down{severity}", "severity": severity, "instance": "db1:9100"}
    return json.dumps({"version": "4", "alerts": [{"status": "firing", "labels": labels}]}).encode()


def cause(daemon: Daemon, source: str) -> None:
    """Have something come in."""
    if source == "auth":
        daemon.append("auth.log", [failed_password("203.0.113.7")])
    elif source == "prom":
        assert daemon.hand_in("/hooks/prom", alert("error")).status == 200
    else:
        for number in range(5):
            report = {"text": f"I cannot pay, no. {number}", "component": "checkout", "category": "broken"}
            assert daemon.hand_in("/hooks/people", json.dumps(report).encode()).status == 202


def mails_to(mail: Sink, person: str) -> list[EmailMessage]:
    """What one person was told."""
    return [one for one in mail.taken if one["To"] == f"{person}@example.com"]


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("auth", "Failed password"),
        ("prom", "Downerror: Alert of another system"),
        ("people", "Several people report the same"),
    ],
)
def test_from_what_came_in_to_who_has_it(daemon: Daemon, mail: Sink, source: str, title: str) -> None:
    """Both are told; ana presses the button behind the link in her mail; it shows everywhere, and bo is told so."""
    cause(daemon, source)

    theirs = eventually(lambda: mails_to(mail, f"bo-{source}"), "bo has mail", context=lambda: daemon.said)
    number = int(re.findall(r"INC-(\d+): " + title, theirs[0]["Subject"])[0])
    (first,) = eventually(lambda: mails_to(mail, f"ana-{source}"), "ana has mail", context=lambda: daemon.said)
    assert (first.get_content_type(), first["Auto-Submitted"]) == ("text/plain", "auto-generated")
    (link,) = re.findall(r"^http://\S+/a/\S+$", first.get_content().replace("\r\n", "\n"), re.MULTILINE)

    for method in ("HEAD", "GET", "GET"):  # a scanner
        assert daemon.visit(link, method).status == 200
    assert daemon.incident(number)["acknowledged_by"] is None
    form = re.search(r"<form method=\"post\"[^>]*><button class=\"big\">Acknowledge", daemon.visit(link).text)
    assert form, daemon.visit(link).text
    assert daemon.visit(link, "POST", b"").status == 200

    assert daemon.incident(number)["acknowledged_by"] == f"ana-{source}"  # the API
    assert f"ana-{source}" in daemon.visit(link).text  # the page
    if source == SOURCES[0]:
        assert f"acknowledged by ana-{source}" in daemon.command("incidents", "show", str(number)).stdout
    eventually(lambda: len(mails_to(mail, f"bo-{source}")) == 2, "bo hears of it", context=lambda: daemon.said)
    asked, answered = mails_to(mail, f"bo-{source}")
    assert "Acknowledged: nothing is asked of you any more" in answered.get_content()
    assert f"ana-{source}" in answered.get_content()
    assert (answered["Subject"], answered["References"]) == (asked["Subject"], asked["References"])
    assert answered["References"] != first["References"]


def test_stop_with_stuck_peers(daemon: Daemon, mail: Sink, deaf: socket.socket) -> None:
    """A mail server that does not greet and a receiver that does not answer hold no stop up, and nothing is lost."""
    mail.fault, before = Fault.GREETS_NOT, len(mail.connections)
    assert daemon.hand_in("/hooks/prom", alert("critical")).status == 200
    deaf.settimeout(20)
    with deaf.accept()[0]:
        eventually(lambda: len(mail.connections) > before, "it waits for a greeting", context=lambda: daemon.said)
        began = time.monotonic()
        assert daemon.stop() == 0
        took = time.monotonic() - began
    print(f"stopped within {took:.2f} s with two stuck peers")
    assert took < STOP_SECONDS  # both would have held it longer
    with closing(sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True)) as database:
        states = database.execute("SELECT receiver, state FROM delivery WHERE state = 'sending'").fetchall()
    assert sorted(states) == [
        ("ana-auth", "sending"),
        ("stuck", "sending"),
    ]  # may have arrived: the next start marks them


def test_a_start_that_fails(tmp_path: Path, mail: Sink) -> None:
    """Whoever is named for emergencies hears of it by mail, past the store, which cannot be opened."""
    mail.fault = Fault.NONE
    config = configured(mail, 1) + '\n[emergency]\nreceiver = "bo-auth"\n'
    broken = Daemon(tmp_path, config=config, files={"auth.log": "", "rules/failed.yml": FAILED_PASSWORD_RULE})
    broken.write("var/tocsin.db", "this is no database" * 1000)
    before = len(mail.taken)
    assert broken.launch().wait(STOP_SECONDS) == 2, broken.said
    (told,) = mail.taken[before:]
    assert told["Subject"].startswith("TOCSIN DOWN on ")
    assert "it failed to start" in told.get_content()
    assert "This message is not recorded" in told.get_content()
