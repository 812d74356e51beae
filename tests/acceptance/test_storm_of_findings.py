"""Fifty lines a second go on joining an incident while five persons take it to its approval over HTTP."""

import itertools
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.daemon import CONFIG, Answer, Daemon, eventually
from support.logs import FAILED_PASSWORD_RULE, failed_password

LINES_A_SECOND = 50
ROLES = {
    "rita": ["responder", "reporter"],
    "rex": ["reviewer"],
    "ina": ["investigator"],
    "abe": ["approver"],
    "zoe": ["approver"],
}
PEOPLE = "".join(f'\n[[person]]\nid = "{name}"\nroles = {roles}\n'.replace("'", '"') for name, roles in ROLES.items())
RULES = '\n[rules]\npaths = ["rules"]\n'
#: A login that succeeds joins what failed before.
SUCCESS_RULE = (
    FAILED_PASSWORD_RULE.replace("Failed password", "Password accepted")
    .replace("6f3c2f0e-3a0b-4b57-9c39-0d8e3f1f7a11", "6f3c2f0e-3a0b-4b57-9c39-0d8e3f1f7a12")
    .replace("failure", "success")
    .replace("level: high", "level: critical")
)
REPORT = {
    "site": {"value": "Berlin"},
    "contact": {"value": "rita@example.org"},
    "reporter": {"value": "rita"},
    "what_happened": {"value": "Passwords are guessed from outside."},
    "harm": {"state": "none", "reason": "no login succeeded"},
    "malicious": {"value": "yes"},
}
FOUND = {
    "statement": "sshd takes passwords",
    "evidence": "sshd_config",
    "confidence": "confirmed",
    "change_needed": "sshd on web1",
}
INVESTIGATION = {"lead": {"value": "ina"}, "scope": {"value": "web1"}, "findings": {"value": [FOUND]}}
CAUSE = {
    "root_cause": {"value": [{"text": "nobody turned passwords off", "method": "five_whys"}]},
    "elsewhere": {"value": "on all hosts of that image"},
    "options": {"value": ["keys only"]},
}
CHECKED = {"accurate": True, "complete": True, "compliant_with": "procedure 3"}


def accepted_password() -> str:
    """One of them was right."""
    return failed_password("203.0.113.7").replace("Failed", "Accepted").replace("invalid user ", "")


class Storm(threading.Thread):
    """Somebody guesses passwords, evenly, until it is told to stop."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__(daemon=True)
        self._daemon = daemon
        self.over = threading.Event()
        self.lines = 0

    def run(self) -> None:
        begun = time.monotonic()
        for number in itertools.count(1):
            self._daemon.append("auth.log", [failed_password("203.0.113.7", port=1024 + number % 60000)])
            self.lines = number
            if self.over.wait(max(0.0, begun + number / LINES_A_SECOND - time.monotonic())):
                return


class People:
    """What persons do over HTTP; each decides upon the version that the one before led to."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.tokens = {name: daemon.post("/api/v1/tokens", {"person": name}).json()["token"] for name in ROLES}
        self.version = 0

    def send(self, who: str, method: str, path: str, body: Any, version: int | None = None) -> Answer:
        """One request; whatever it is, it is not told that somebody changed something."""
        answer = self._daemon.request(method, path, json.dumps(body).encode(), token=self.tokens[who], version=version)
        assert answer.status != 412, answer.text
        return answer

    def fill(self, who: str, form: str, answers: Any) -> None:
        told = self.send(who, "PUT", f"/api/v1/incidents/1/forms/{form}", {"answers": answers}, 0)
        assert told.status == 200, told.text

    def move(self, who: str, name: str, **body: Any) -> dict[str, Any]:
        """A move upon the version that was seen last."""
        answer = self.send(who, "POST", f"/api/v1/incidents/1/moves/{name}", body, self.version)
        told: dict[str, Any] = answer.json()
        if answer.status == 200:
            self.version = told["version"]
        return told

    def act(self, who: str, path: str, **body: Any) -> None:
        told = self.send(who, "POST", f"/api/v1/incidents/1/{path}", body)
        assert told.status in (200, 201), told.text

    def approval(self) -> dict[str, Any]:
        found: dict[str, Any] = self._daemon.get("/api/v1/incidents/1/approval").json()
        return found

    def sign(self, who: str, seen: str) -> dict[str, Any]:
        fresh = self.send(who, "POST", "/api/v1/sign-in/fresh", {"token": self.tokens[who]}).json()["fresh"]
        return self.move(who, "approve", hash=seen, fresh=fresh, checklist=CHECKED)

    def raised(self, word: str) -> bool:
        """Whether a discrepancy tells of that."""
        return any(word in one["item"] for one in self.approval()["discrepancies"])

    def settle(self) -> list[str]:
        """Discrepancies are answered and closed. Returns what they said."""
        raised = [one for one in self.approval()["discrepancies"] if one["open"]]
        for one in raised:
            self.act("ina", "acts/answer_discrepancy", discrepancy=one["number"], answer="seen, it changes nothing")
            self.act("abe", "acts/close_discrepancy", discrepancy=one["number"])
        return [one["item"] for one in raised]


@pytest.fixture
def stormy(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that reads what is guessed."""
    files = {"rules/failed.yml": FAILED_PASSWORD_RULE, "rules/success.yml": SUCCESS_RULE, "auth.log": ""}
    with Daemon(tmp_path, config=CONFIG + PEOPLE + RULES, files=files) as daemon:
        yield daemon


def test_nobody_is_hindered(stormy: Daemon) -> None:
    """No 412, no void, the signature holds for what was frozen; a break-through is a discrepancy by itself."""
    people, storm = People(stormy), Storm(stormy)
    storm.start()
    eventually(stormy.incidents, "an incident", context=lambda: stormy.said)
    assert people.send("rita", "POST", "/api/v1/incidents/1/acknowledge", {}).status == 200
    eventually(lambda: stormy.incident(1)["step"] == "reporting", "it is told", context=lambda: stormy.incident(1))
    people.version = stormy.incident(1)["version"]
    people.fill("rita", "report", REPORT)
    assert people.move("rita", "submit")["stage"] == "in_review"
    assert people.move("rex", "review", result="accepted")["step"] == "investigation"
    people.fill("ina", "investigation", INVESTIGATION)
    assert people.move("ina", "conclude")["step"] == "corrective_actions"
    people.fill("ina", "corrective_actions", CAUSE)
    people.act("ina", "actions/none", cause="finding 1", reason="the host is switched off")
    assert people.move("ina", "request_approval")["step"] == "approval"
    frozen, lines = people.approval()["hash"], storm.lines
    eventually(lambda: storm.lines > lines + LINES_A_SECOND, "a second of the storm")
    stormy.append("auth.log", [accepted_password()])
    eventually(lambda: people.raised("critical"), "a discrepancy", context=people.approval)
    assert people.sign("abe", frozen)["code"] == "open_discrepancies"
    people.settle()
    assert people.sign("abe", frozen)["step"] == "approval"
    people.settle()
    signed = people.sign("zoe", frozen)
    storm.over.set()
    storm.join()
    assert (signed.get("step"), signed.get("approval_void")) == ("follow_up", None), signed
    eventually(lambda: stormy.lines_read("auth") == storm.lines + 1, "all is read", context=lambda: stormy.said)
    after = stormy.incident(1)
    assert after["events"] >= storm.lines
    assert [one for one in after["timeline"] if one["kind"] == "voided"] == []
