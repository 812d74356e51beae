"""The command against a small HTTP server on a unix socket: requests, refusals, tables, exit codes."""

import json
import socketserver
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from detector.cli.group import tocsin
from rules.sigma.load import load as load_rules

INCIDENT = {
    "decision": "investigate",
    "advised": False,
    "number": 1,
    "id": "INC-1",
    "title": "SSH brute force",
    "severity": "high",
    "step": "notification",
    "status": "open",
    "outcome": "none",
    "events": 10,
    "last_seen": "2026-03-01T03:12:04Z",
    "acknowledged_by": None,
    "group": {"user.name": "ro\x1b[2Jot\u202e"},
}


class Server(socketserver.ThreadingUnixStreamServer):
    """Who asked need not wait for all of the answer."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], BrokenPipeError):
            super().handle_error(request, client_address)


class Peer:
    """Answers what it was told to, and remembers what it was asked."""

    def __init__(self, path: Path) -> None:
        self.answers: dict[tuple[str, str], tuple[int, Any]] = {}
        self.asked: list[tuple[str, str, Any, str | None]] = []
        self.path = path
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = (self.command, self.path, json.loads(body) if body else None, self.headers.get("Authorization"))
                peer.asked.append(asked)
                status, answer = peer.answers.get((self.command, self.path), (404, {"detail": "no such thing"}))
                content = json.dumps(answer).encode() if answer is not None else b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Stay quiet."""

            def address_string(self) -> str:
                return "unix"

        self._server = Server(str(path), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    (tmp_path / "config.toml").write_text(f'[daemon]\nstate_dir = "{tmp_path}"\n')
    peer = Peer(tmp_path / "tocsin.sock")
    yield peer
    peer.close()


def call(peer: Peer, *arguments: str, **environment: str) -> Result:
    config = str(peer.path.parent / "config.toml")
    return CliRunner().invoke(tocsin, [*arguments, "--config", config], env={"TOCSIN_TOKEN": None, **environment})


def test_a_list_becomes_a_table_that_no_terminal_acts_upon(peer: Peer) -> None:
    """Columns line up, and what an attacker wrote moves no cursor."""
    peer.answers["GET", "/api/v1/incidents?status=open&limit=50"] = (200, {"items": [INCIDENT]})
    done = call(peer, "incidents", "list", "--status", "open")
    assert done.exit_code == 0, done.output
    titles, row = done.output.splitlines()
    assert titles.split() == ["id", "severity", "step", "events", "last", "seen", "acknowledged", "title", "about"]
    assert row.startswith("INC-1  high      notification  10      2026-03-01T03:12:04Z  nobody        SSH brute force")
    assert row.endswith("user.name=ro\ufffd[2Jot\ufffd")


def test_json_is_what_the_daemon_said(peer: Peer) -> None:
    """--json passes the answer on, in ASCII."""
    peer.answers["GET", "/api/v1/incidents?limit=50"] = (200, {"items": [INCIDENT]})
    done = call(peer, "incidents", "list", "--json")
    assert json.loads(done.output) == {"items": [INCIDENT]}
    assert done.output.isascii()


def test_actions_with_who_owns_them_and_what_is_late(peer: Peer) -> None:
    """Owner, date, and what slipped or is late, line by line; the next page is named."""
    one = {"incident": "INC-1", "number": 2, "kind": "training", "state": "agreed", "owner": "oli", "due": "2026-03-20"}
    one |= {"late": True, "slips": [{}], "text": "teach\x1b[2J\nthem"}
    other = one | {"number": 3, "owner": None, "due": None, "late": False, "slips": [], "text": None}
    path = "/api/v1/actions?incident=INC-1&owner=oli&late=true&limit=2"
    peer.answers["GET", path] = (200, {"items": [one, other]})
    done = call(peer, "actions", "list", "--incident", "INC-1", "--owner", "oli", "--late", "--limit", "2")
    assert done.exit_code == 0, done.output
    assert [line.split() for line in done.output.splitlines()[1:]] == [
        ["INC-1", "2", "training", "agreed", "oli", "2026-03-20", "LATE", "slips:", "1", "teach\ufffd[2J"],
        ["INC-1", "3", "training", "agreed", "nobody", "-", "(redacted)"],
        ["more:", "tocsin", "actions", "list", "--after", "9999-99-99,1,3"],
    ]
    peer.answers["GET", "/api/v1/actions?all=true&limit=50"] = (200, {"items": [one]})
    assert json.loads(call(peer, "actions", "list", "--all", "--json").output) == {"items": [one]}


def test_the_next_page_is_named(peer: Peer) -> None:
    """A full page says how to get the next one."""
    peer.answers["GET", "/api/v1/incidents?limit=1"] = (200, {"items": [INCIDENT]})
    assert call(peer, "incidents", "list", "--limit", "1").output.endswith("more: tocsin incidents list --after 1\n")


def test_acknowledging_takes_the_persons_token(peer: Peer, tmp_path: Path) -> None:
    """The token comes from the environment or a file, and goes into the header alone."""
    answer = {"first": True, "by": "ana", "at": "2026-03-01T03:13:05Z"}
    peer.answers["POST", "/api/v1/incidents/INC-1/acknowledge"] = (200, answer)
    done = call(peer, "incidents", "ack", "INC-1", "--note", "on it", TOCSIN_TOKEN="tcs_x")
    assert done.output == "INC-1 is yours, ana, since 2026-03-01T03:13:05Z.\n"
    (tmp_path / "token").write_text("tcs_y\n")
    call(peer, "incidents", "ack", "INC-1", "--token-file", str(tmp_path / "token"))
    assert peer.asked == [
        ("POST", "/api/v1/incidents/INC-1/acknowledge", {"note": "on it"}, "Bearer tcs_x"),
        ("POST", "/api/v1/incidents/INC-1/acknowledge", {"note": ""}, "Bearer tcs_y"),
    ]


def test_a_second_acknowledgement_says_who_has_it(peer: Peer) -> None:
    """Who comes second is told by whom and when it was taken."""
    answer = {"first": False, "by": "bo", "at": "2026-03-01T03:12:50Z"}
    peer.answers["POST", "/api/v1/incidents/1/acknowledge"] = (200, answer)
    done = call(peer, "incidents", "ack", "1")
    assert (done.exit_code, done.output) == (0, "1 was taken by bo at 2026-03-01T03:12:50Z already.\n")


def test_a_refusal_says_why_what_is_missing_and_what_is_allowed(peer: Peer) -> None:
    """Problem+json becomes sentences on standard error, and exit code 1."""
    problem = {"detail": "a person must do this\x1b[0m", "missing": ["token"], "allowed": ["note", "answer"]}
    peer.answers["POST", "/api/v1/incidents/1/acknowledge"] = (403, problem)
    done = call(peer, "incidents", "ack", "1")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[:3] == ["a person must do this\ufffd[0m", "missing: token", "allowed: note, answer"]
    assert "tocsin token create" in done.stderr


def test_a_tokens_secret_stands_alone_on_standard_output(peer: Peer) -> None:
    """So that a script can take it; what people should know goes to standard error."""
    peer.answers["POST", "/api/v1/tokens"] = (201, {"id": 7, "token": "tcs_secret"})
    done = call(peer, "token", "create", "ana", "--label", "ci")
    assert done.stdout == "tcs_secret\n"
    assert peer.asked[0][2] == {"person": "ana", "label": "ci"}


def test_persons_are_named_in_paths_safely(peer: Peer) -> None:
    """A slash in a name leads nowhere else."""
    peer.answers["DELETE", "/api/v1/users/a%2F..%2Fb"] = (204, None)
    assert call(peer, "user", "remove", "a/../b").exit_code == 0


def test_a_link_to_sign_in_is_printed(peer: Peer) -> None:
    """The link stands alone on standard output."""
    peer.answers["POST", "/api/v1/sign-in-links"] = (201, {"url": "http://localhost/in/x", "valid_seconds": 900})
    done = call(peer, "sign-in", "ana")
    assert done.stdout == "http://localhost/in/x\n"
    assert "15 minutes" in done.stderr


def test_a_password_is_read_and_never_shown(peer: Peer) -> None:
    """From standard input, from a prompt that shows nothing, or by a link: it goes to the daemon and nowhere else."""
    peer.answers["POST", "/api/v1/users/ana/password"] = (200, None)
    peer.answers["DELETE", "/api/v1/users/ana/password"] = (200, None)
    peer.answers["POST", "/api/v1/sign-in-links"] = (201, {"url": "http://x/in/abc", "valid_seconds": 900})
    at = ["--config", str(peer.path.parent / "config.toml")]
    for given, typed in ((["--stdin"], "blue  bicycle 7\nmore"), ([], "blue  bicycle 7\nblue  bicycle 7\n")):
        done = CliRunner().invoke(tocsin, ["user", "password", "ana", *given, *at], input=typed)
        assert (done.exit_code, "ana has a new password" in done.output) == (0, True)
        assert "bicycle" not in done.output
        assert peer.asked[-1][2] == {"password": "blue  bicycle 7"}
    assert call(peer, "user", "password", "ana", "--link").output == "http://x/in/abc?then=password\n"
    assert "no password any more" in call(peer, "user", "password", "ana", "--remove").output
    assert call(peer, "user", "password", "ana", "--link", "--remove").exit_code == 2


def test_no_daemon_is_exit_code_3(tmp_path: Path) -> None:
    """The message names the socket and what to do."""
    (tmp_path / "config.toml").write_text(f'[daemon]\nstate_dir = "{tmp_path}"\n')
    done = CliRunner().invoke(tocsin, ["status", "--config", str(tmp_path / "config.toml")])
    assert done.exit_code == 3
    assert done.stderr.startswith(
        f"the daemon is not reachable at {tmp_path}/tocsin.sock: No such file or directory.\n"
    )
    assert "tocsin run" in done.stderr


def test_a_broken_configuration_does_not_hide_the_daemon(peer: Peer) -> None:
    """The socket is found although the rest of the configuration is wrong."""
    (peer.path.parent / "config.toml").write_text(f'[daemon]\nstate_dir = "{peer.path.parent}"\nwrong = 1\n')
    peer.answers["GET", "/api/v1/tokens"] = (200, {"items": []})
    assert call(peer, "token", "list").output == "no tokens\n"


def test_a_long_path_reaches_the_socket_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The kernel takes 107 bytes; folders are longer at times."""
    short = tmp_path_factory.mktemp("s")
    long = short / ("x" * 120)
    peer = Peer(short / "tocsin.sock")
    try:
        peer.answers["GET", "/api/v1/tokens"] = (200, {"items": []})
        long.symlink_to(short)
        (short / "config.toml").write_text(f'[daemon]\nstate_dir = "{long}"\n')
        assert call(peer, "token", "list").output == "no tokens\n"
    finally:
        peer.close()


@pytest.mark.parametrize("url", ["localhost:8787", "ftp://x", "http://[", "http://x:99999"])
def test_an_address_that_is_none_is_exit_code_2(url: str) -> None:
    """--url is checked before anything is sent."""
    done = CliRunner().invoke(tocsin, ["status", "--url", url])
    assert done.exit_code == 2
    assert "https://" in done.stderr


def test_an_unknown_verb_names_the_nearest() -> None:
    """A slip of the finger costs one look."""
    done = CliRunner().invoke(tocsin, ["incidnts"])
    assert done.exit_code == 2
    assert 'did you mean "incidents"?' in done.stderr


class TestExplainIncident:
    """``tocsin explain INC-n``"""

    LINE = "2026-03-01T03:00:00Z web1 sshd[812]: Failed password for root from 203.0.113.7 port 22 ssh2"
    RULE = """\
title: Failed login
id: 6f3c2f0e-7a53-4c53-9d2e-0a8f0b5c1a11
logsource:
    product: linux
    service: sshd
detection:
    selection:
        event.outcome: failure
    condition: selection
level: high
"""

    def record(self, version: str) -> dict[str, Any]:
        return INCIDENT | {
            "title": "Failed login",
            "rule": {
                "id": "6f3c2f0e-7a53-4c53-9d2e-0a8f0b5c1a11",
                "title": "Failed login",
                "path": "failed.yml",
                "version": version,
            },
            "first_seen": "2026-03-01T03:00:00Z",
            "last_seen": "2026-03-01T03:00:38Z",
            "severity_terms": [{"term": "rule", "value": 3, "because": "the rule's level is high"}],
            "evidence": [
                {
                    "source": "auth",
                    "origin": "a.log",
                    "line": 1,
                    "offset": 0,
                    "time": "2026-03-01T03:00:00Z",
                    "text": self.LINE,
                }
            ],
            "timeline": [{"kind": "opened", "facts": {"reason": "no open record like it"}}],
            "deliveries": [{"receiver": "mail", "state": "accepted", "reason": "route 1: catch-all", "detail": ""}],
            "told_next": [{"at": "2026-03-01T03:10:00Z", "kind": "escalated", "whom": "step 1: bo"}],
        }

    def told(self, peer: Peer, version: str) -> str:
        rule = peer.path.parent / "failed.yml"
        rule.write_text(self.RULE)
        peer.answers["GET", "/api/v1/incidents/INC-1"] = (200, self.record(version))
        done = call(peer, "explain", "INC-1", "--rules", str(rule))
        assert done.exit_code == 0, done.output
        return done.output

    def test_each_step_on_the_way_is_told(self, peer: Peer) -> None:
        """From the line that was read to who was told, in that order."""
        (rule,) = load_rules([("failed.yml", self.RULE)]).rules
        lines = self.told(peer, rule.version).splitlines()
        assert lines[0] == 'INC-1 opened because failed.yml "Failed login" matched 10 events in 38 s'
        branches = [line.split()[1] for line in lines[1:] if line[0] in "├└"]
        assert branches == ["read", "parse", "match", "count", "group", "severity", "route", "next"]
        assert "├ read     a.log:1   offset 0   " + self.LINE in lines
        assert "│          selection: event.outcome = failure ✔" in lines
        assert lines[-2] == "├ route    mail: accepted (route 1: catch-all)"
        assert lines[-1] == "└ next     2026-03-01T03:10:00Z: step 1: bo"

    def test_what_was_handed_in_is_read_as_what_it_is(self, peer: Peer) -> None:
        """An alert is JSON as well, but the rule matched it as an alert; it stands at no offset of a file."""
        rule = peer.path.parent / "failed.yml"
        text = self.RULE.replace("linux", "tocsin").replace("sshd", "alert")
        rule.write_text(text.replace("event.outcome: failure", "alert.name: DiskFull"))
        (loaded,) = load_rules([("failed.yml", rule.read_text())]).rules
        (line,) = self.record(loaded.version)["evidence"]
        line |= {"origin": "intake am", "text": '{"tocsin": "alert", "name": "DiskFull", "status": "firing"}'}
        told = self.record(loaded.version) | {"events": 1, "evidence": [line]}
        peer.answers["GET", "/api/v1/incidents/INC-1"] = (200, told)
        lines = call(peer, "explain", "INC-1", "--rules", str(rule)).output.splitlines()
        assert lines[0].endswith("matched 1 event")
        assert f"├ read     intake am:1   {line['text']}" in lines
        (named,) = [line for line in lines if "selection: alert.name = DiskFull ✔   bytes " in line]
        assert named.endswith(" of the line")

    def test_the_rules_of_the_configuration_are_asked(self, peer: Peer) -> None:
        """Without --rules the configuration says where the rule is; a rule that is not there is named."""
        (rule,) = load_rules([("failed.yml", self.RULE)]).rules
        (peer.path.parent / "failed.yml").write_text(self.RULE)
        peer.answers["GET", "/api/v1/incidents/INC-1"] = (200, self.record(rule.version))
        assert f"the rule {rule.id} is not at hand" in call(peer, "explain", "INC-1").output
        with (peer.path.parent / "config.toml").open("a") as config:
            config.write(f'[rules]\npaths = ["{peer.path.parent}/failed.yml"]\n')
        assert "selection: event.outcome = failure ✔" in call(peer, "explain", "INC-1").output

    def test_a_rule_that_changed_since_is_not_blamed(self, peer: Peer) -> None:
        """What matched then is not explained by what the rule says now."""
        assert "the rule has changed since (0123456789abcdef then, " in self.told(peer, "0123456789abcdef")


@pytest.mark.parametrize(
    ("arguments", "path", "body", "says"),
    [
        (["note", "INC-1", "a scanner"], "acts/note", {"note": "a scanner"}, "INC-1: written as entry 4."),
        (["contain", "INC-1"], "acts/contain", {"note": ""}, "INC-1 is contained since 03:12."),
        (["assign", "INC-1", "bo"], "acts/hand_over", {"to": "bo", "note": ""}, "INC-1 is bo's now."),
        (["assign", "INC-1"], "acts/own", {"note": ""}, "INC-1 is bo's now."),
        (
            ["dismiss", "INC-1", "--reason", "duplicate"],
            "moves/dismiss",
            {"reason_code": "duplicate", "note": ""},
            "INC-1: proposed; quiet until 09:00, unless another person settles it before.",
        ),
        (["settle", "INC-1", "--agree"], "moves/settle", {"agree": True, "note": ""}, "INC-1 is dismissed."),
        (["reopen", "INC-1", "--reason", "x"], "moves/reopen", {"reason": "x"}, "INC-1 is open again, cycle 2."),
    ],
)
def test_verbs_that_act(peer: Peer, arguments: list[str], path: str, body: dict[str, Any], says: str) -> None:
    """Each verb is one request, after a look at the version where something is decided."""
    told = {"id": "INC-1", "entry": 4, "contained_at": "03:12", "owner": "bo", "status": "open", "cycle": 2}
    peer.answers["GET", "/api/v1/incidents/INC-1"] = (200, {"version": 6})
    peer.answers["POST", f"/api/v1/incidents/INC-1/{path}"] = (200, told | {"quiet_until": "09:00"})
    done = call(peer, "incidents", *arguments)
    assert (done.exit_code, done.output) == (0, f"{says}\n")
    assert peer.asked[-1][2] == body


def test_one_opens_an_incident_from_the_shell(peer: Peer) -> None:
    """Three things are asked: what it is called, how bad it is, what happened."""
    peer.answers["POST", "/api/v1/incidents"] = (201, {"id": "INC-2"})
    options = ["--severity", "high", "--what-happened", "on a train", "--drill"]
    done = call(peer, "incidents", "open", "Laptop lost", *options)
    assert done.output == "INC-2 is open; people are being told.\n"
    expected = {"title": "Laptop lost", "severity": "high", "what_happened": "on a train", "drill": True}
    assert peer.asked[-1][2] == expected


def test_what_goes_from_a_record_is_named_by_its_place(peer: Peer) -> None:
    """Each way to name a text for redaction, and one that names none; holds and disposal pass their reasons on."""
    done = {"id": "INC-1", "entry": 9, "tlp": "TLP:AMBER"}
    for act in ("redact", "hold", "release_hold", "dispose", "settle_disposal", "restrict", "lift_restriction"):
        peer.answers["POST", f"/api/v1/incidents/INC-1/acts/{act}"] = (200, done)
    peer.answers["GET", "/api/v1/incidents/INC-1"] = (200, INCIDENT | {"version": 4})
    verbs: dict[tuple[str, ...], dict[str, object]] = {
        ("redact", "--entry", "2", "--name", "note"): {"entry": 2, "name": "note"},
        ("redact", "--form", "report", "--field", "harm"): {"form": "report", "field": "harm"},
        ("redact", "--action", "1", "--field", "text"): {"action": 1, "field": "text"},
        ("redact", "--line", "/var/log/a:b:7"): {"origin": "/var/log/a:b", "line": 7},
        ("hold",): {},
        ("release-hold", "9"): {"entry": 9},
        ("dispose",): {},
        ("settle-disposal", "--agree"): {"agree": True},
        ("restrict",): {},
        ("lift-restriction",): {},
    }
    for (name, *rest), body in verbs.items():
        result = call(peer, "incidents", name, "INC-1", *rest, "--reason", "a name")
        assert result.exit_code == 0, result.output
        assert peer.asked[-1][2] == body | {"reason": "a name"}
    assert call(peer, "incidents", "redact", "INC-1", "--line", "7", "--reason", "x").exit_code == 2


def test_a_period_is_written_once(peer: Peer, tmp_path: Path) -> None:
    """A table and a calendar go into new files, never over old ones; a period must have a beginning."""
    peer.answers["GET", "/api/v1/export.csv?from=2026-01-01&until=2026-02-01"] = (200, "id")
    peer.answers["GET", "/api/v1/calendar.ics"] = (200, "BEGIN")
    out = tmp_path / "table.csv"
    period = ("export", "--from", "2026-01-01", "--until", "2026-02-01", "--as", "csv", "--out", str(out))
    assert call(peer, *period).exit_code == 0
    assert out.read_text() == '"id"'
    assert call(peer, *period).exit_code == 2
    assert call(peer, "export", "--as", "calendar", "--out", str(tmp_path / "due.ics")).exit_code == 0
    assert call(peer, "export", "--as", "csv", "--out", str(tmp_path / "x")).exit_code == 2
    assert call(peer, "export", "--as", "calendar", "--from", "2026-01-01", "--out", str(tmp_path / "x")).exit_code == 2


def test_what_others_alone_may_see_is_a_line(peer: Peer) -> None:
    """A list shows number and step of it."""
    hidden = {"id": "INC-2", "number": 2, "step": "reporting", "hidden": True}
    peer.answers["GET", "/api/v1/incidents?limit=50"] = (200, {"items": [INCIDENT, hidden]})
    *_, row = call(peer, "incidents", "list").output.splitlines()
    assert " ".join(row.split()) == "INC-2 - reporting - - - (those who take part in it see it)"
