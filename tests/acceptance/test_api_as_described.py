"""The installed daemon, asked what its own description of the API makes up: right requests and wrong ones."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from support.budget import soak_seconds
from support.daemon import CONFIG, Daemon, eventually
from support.described import faults
from support.logs import FAILED_PASSWORD_RULE, failed_password

from store.people import Role

#: Right ones and wrong ones of each operation: one of each takes some 30 s.
CASES: Final = int(os.environ.get("TOCSIN_API_CASES", max(1, int(soak_seconds(0.05) / 30))))
INTAKES: Final = "".join(
    f'\n[[intake]]\nname = "{kind}"\nkind = "{kind}"\nproof = "none"\n'
    for kind in ("alerts", "alertmanager", "prometheus", "feedback", "logs")
)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """One open incident, each kind of intake, and Ana, who may do everything."""
    roles = json.dumps([str(role) for role in Role])
    config = CONFIG.replace('roles = ["responder"]', f"roles = {roles}") + INTAKES
    files = {"rules/failed.yml": FAILED_PASSWORD_RULE, "auth.log": ""}
    with Daemon(tmp_path, config=config + '\n[rules]\npaths = ["rules"]\n', files=files) as made:
        made.append("auth.log", [failed_password("203.0.113.7")])
        eventually(made.incidents, "there is an incident", context=lambda: made.said)
        yield made


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_no_request_made_of_the_description_finds_a_fault(daemon: Daemon) -> None:
    """No 5xx, each answer is one that is described, what is wrong is refused; and the daemon is well afterwards."""
    told = daemon.get("/api/openapi.json")
    token = daemon.command("token", "create", "ana", "--json")
    assert token.returncode == 0, token.stderr
    found = [*faults(json.loads(told.text), daemon.url, json.loads(token.stdout)["token"], cases=CASES)]
    assert not found, "\n".join(found)
    assert daemon.get("/healthz").status == 200
    assert "Traceback" not in daemon.log, daemon.said
