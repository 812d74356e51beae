"""From a line in a log to a person who says "I have it"."""

import re
from http import HTTPStatus

import pytest
from support.daemon import Daemon, eventually
from support.logs import failed_password

ADDRESS = "203.0.113.7"


@pytest.fixture(scope="module")
def number(daemon: Daemon) -> int:
    """The incident that one line opened."""
    daemon.append("auth.log", [failed_password(ADDRESS)])
    incidents = eventually(lambda: daemon.incidents(), "an incident opens", context=lambda: daemon.said)
    assert len(incidents) == 1
    return int(incidents[0]["number"])


@pytest.fixture(scope="module")
def link(daemon: Daemon, number: int) -> str:
    """The link in the message about it."""
    message = eventually(lambda: daemon.outbox(), "the message arrives", context=lambda: daemon.said)
    eventually(lambda: daemon.incident(number)["notified_at"], "the delivery is settled", context=lambda: daemon.said)
    links = re.findall(r"https?://\S+", message)
    assert links, message
    return str(links[0])


def test_a_line_becomes_an_incident_that_says_why(daemon: Daemon, number: int) -> None:
    """The record names the rule, the severity with its reasons, and the very line."""
    incident = daemon.incident(number)
    assert incident["rule"]["title"] == "Failed password"
    assert incident["severity"] == "high"
    assert incident["severity_terms"]
    assert any(ADDRESS in evidence["text"] for evidence in incident["evidence"])


def test_the_message_names_the_incident(daemon: Daemon, number: int, link: str) -> None:
    """Who gets the message knows which record it is about, and where to go."""
    assert f"INC-{number}" in daemon.outbox()
    assert link.startswith(daemon.url)


def test_fetching_the_link_changes_nothing(daemon: Daemon, number: int, link: str) -> None:
    """Mail scanners and previews fetch every link: GET and HEAD show, and leave the record as it is."""
    before = daemon.incident(number)
    for method in ("GET", "HEAD", "GET"):
        page = daemon.visit(link, method)
        assert page.status == HTTPStatus.OK, page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "<button" in daemon.visit(link).text.lower()
    assert daemon.incident(number) == before


def test_pressing_the_button_acknowledges(daemon: Daemon, number: int, link: str) -> None:
    """POST acts in the name of the person whom the message was for; API and command both show it."""
    assert daemon.incident(number)["acknowledged_by"] is None
    page = daemon.visit(link, "POST", b"")
    assert page.status == HTTPStatus.OK, page.text
    assert daemon.incident(number)["acknowledged_by"] == "ana"
    shown = daemon.command("incidents", "show", f"INC-{number}", "--json")
    assert shown.returncode == 0, shown.stderr
    assert '"ana"' in shown.stdout


def test_pressing_twice_says_who_has_it(daemon: Daemon, number: int, link: str) -> None:
    """A second POST changes nothing, and names who took it."""
    daemon.visit(link, "POST", b"")
    before = daemon.incident(number)
    again = daemon.visit(link, "POST", b"")
    assert again.status in (HTTPStatus.OK, HTTPStatus.CONFLICT)
    assert "Ana" in again.text
    assert daemon.incident(number) == before


def test_a_forged_link_does_nothing(daemon: Daemon, number: int, link: str) -> None:
    """A link whose signature is wrong is refused, and tells nothing about the record."""
    forged = link[:-10] + ("A" if link[-10] != "A" else "B") + link[-9:]
    before = daemon.incident(number)
    for method in ("GET", "POST"):
        page = daemon.visit(forged, method, b"" if method == "POST" else None)
        assert HTTPStatus.BAD_REQUEST <= page.status < HTTPStatus.INTERNAL_SERVER_ERROR
        assert ADDRESS not in page.text
    assert daemon.incident(number) == before


def test_the_socket_alone_never_acknowledges(daemon: Daemon) -> None:
    """A local account may administer; an incident is acknowledged by a person."""
    daemon.append("auth.log", [failed_password("203.0.113.99", user="bo")])
    numbers = eventually(
        lambda: [item["number"] for item in daemon.incidents() if item["acknowledged_by"] is None],
        "a second incident opens",
        context=lambda: daemon.said,
    )
    refused = daemon.post(f"/api/v1/incidents/{numbers[0]}/acknowledge")
    assert refused.status == HTTPStatus.FORBIDDEN
    assert refused.json()["code"]
    assert daemon.incident(numbers[0])["acknowledged_by"] is None


def test_a_token_acts_as_its_person(daemon: Daemon) -> None:
    """Who has no browser acknowledges with a token, in one request."""
    daemon.append("auth.log", [failed_password("203.0.113.98", user="cy")])
    number = eventually(
        lambda: next((item["number"] for item in daemon.incidents() if "203.0.113.98" in str(item)), None),
        "an incident opens",
        context=lambda: daemon.said,
    )
    made = daemon.post("/api/v1/tokens", {"person": "ana", "label": "laptop"})
    assert made.status in (HTTPStatus.OK, HTTPStatus.CREATED), made.text
    done = daemon.post(f"/api/v1/incidents/{number}/acknowledge", {}, token=made.json()["token"])
    assert done.status == HTTPStatus.OK, done.text
    assert daemon.incident(number)["acknowledged_by"] == "ana"
