"""sshd's lines: what each means, and which of them counts as an attempt."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.event import LogSource
from rules.formats.format import Context
from rules.formats.syslog.syslog import Syslog

CONTEXT = Context(reference=datetime(2024, 3, 2, tzinfo=UTC))
FRAME = {"message", "host.name", "program", "pid"}


def told(message: str, program: str = "sshd") -> dict[str, Any]:
    parsed = Syslog().parse(f"Mar  1 03:11:26 web1 {program}[812]: {message}", CONTEXT)
    assert parsed is not None
    assert parsed.logsource == LogSource(product="linux", service="sshd")
    return {name: value for name, value in parsed.fields.items() if name not in FRAME}


def meant(action: str, outcome: str = "unknown", reason: str | None = None, **fields: Any) -> dict[str, Any]:
    names = {"user": "user.name", "ip": "source.ip", "port": "source.port", "method": "ssh.method", "key": "ssh.key"}
    whole = {"event.action": action, "event.outcome": outcome}
    if reason:
        whole["event.reason"] = reason
    return whole | {names.get(name, name): value for name, value in fields.items()}


FAILED = meant("ssh_login", "failure", "wrong_credentials", user="root", ip="203.0.113.7", port=22, method="password")
PEER: dict[str, Any] = {"ip": "203.0.113.7", "port": 22}
PAM: dict[str, Any] = {"pam.module": "pam_unix", "pam.service": "sshd"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Failed password for root from 203.0.113.7 port 22 ssh2", FAILED),
        (
            "Failed password for invalid user admin from 2001:DB8::7 port 22 ssh2",
            meant("ssh_login", "failure", "invalid_user", user="admin", ip="2001:db8::7", port=22, method="password"),
        ),
        (
            "Failed password for invalid user  from 203.0.113.7 port 22 ssh2",
            meant("ssh_login", "failure", "invalid_user", user="", method="password", **PEER),
        ),
        (
            "Failed keyboard-interactive/pam for bob from ::ffff:203.0.113.7 port 22 ssh2",
            meant("ssh_offer", "failure", "wrong_credentials", user="bob", method="keyboard-interactive/pam", **PEER),
        ),
        (
            "Failed publickey for bob from 203.0.113.7 port 22 ssh2: RSA SHA256:abc",
            meant(
                "ssh_offer",
                "failure",
                "wrong_credentials",
                user="bob",
                method="publickey",
                key="RSA SHA256:abc",
                **PEER,
            ),
        ),
        (
            "Failed none for invalid user bob from 203.0.113.7 port 22 ssh2",
            meant("ssh_offer", "failure", "invalid_user", user="bob", method="none", **PEER),
        ),
        (
            "Accepted password for bob from 203.0.113.7 port 22 ssh2",
            meant("ssh_login", "success", user="bob", method="password", **PEER),
        ),
        (
            "Accepted publickey for bob from 203.0.113.7 port 22 ssh2: ED25519 SHA256:abc",
            meant("ssh_login", "success", user="bob", method="publickey", key="ED25519 SHA256:abc", **PEER),
        ),
        (
            "Postponed publickey for bob from 203.0.113.7 port 22 ssh2 [preauth]",
            meant("ssh_offer", user="bob", method="publickey", **PEER),
        ),
        (
            "Invalid user admin from 203.0.113.7 port 22",
            meant("ssh_invalid_user", "failure", "invalid_user", user="admin", **PEER),
        ),
        (
            "Invalid user admin from 203.0.113.7",
            meant("ssh_invalid_user", "failure", "invalid_user", user="admin", ip="203.0.113.7"),
        ),
        (
            "Invalid user  from 203.0.113.7 port 22",
            meant("ssh_invalid_user", "failure", "invalid_user", user="", **PEER),
        ),
        (
            "input_userauth_request: invalid user admin [preauth]",
            meant("ssh_offer", "failure", "invalid_user", user="admin"),
        ),
        ("Connection closed by 203.0.113.7 port 22 [preauth]", meant("ssh_disconnect", reason="closed", **PEER)),
        ("Connection closed by 203.0.113.7 [preauth]", meant("ssh_disconnect", reason="closed", ip="203.0.113.7")),
        ("Connection closed by remote host", meant("ssh_disconnect", reason="closed")),
        ("Connection reset by 203.0.113.7 port 22 [preauth]", meant("ssh_disconnect", reason="reset", **PEER)),
        (
            "Connection closed by authenticating user root 203.0.113.7 port 22 [preauth]",
            meant("ssh_disconnect", reason="closed", user="root", **PEER),
        ),
        (
            "Connection closed by invalid user x y 203.0.113.7 port 22 [preauth]",
            meant("ssh_disconnect", reason="invalid_user", user="x y", **PEER),
        ),
        (
            "Connection closed by invalid user  203.0.113.7 port 22 [preauth]",
            meant("ssh_disconnect", reason="invalid_user", user="", **PEER),
        ),
        ("Disconnected from 203.0.113.7 port 22 [preauth]", meant("ssh_disconnect", reason="disconnected", **PEER)),
        (
            "Disconnected from user bob 203.0.113.7 port 22",
            meant("ssh_disconnect", reason="disconnected", user="bob", **PEER),
        ),
        (
            "Disconnected from invalid user admin 203.0.113.7 port 22 [preauth]",
            meant("ssh_disconnect", reason="invalid_user", user="admin", **PEER),
        ),
        (
            "Received disconnect from 203.0.113.7 port 22:11: Bye Bye [preauth]",
            meant("ssh_disconnect", reason="disconnected", **PEER),
        ),
        (
            "Received disconnect from 203.0.113.7: 11: Bye Bye [preauth]",
            meant("ssh_disconnect", reason="disconnected", ip="203.0.113.7"),
        ),
        (
            "error: Received disconnect from 203.0.113.7 port 22:3: com.example: Auth fail [preauth]",
            meant("ssh_disconnect", reason="disconnected", **PEER),
        ),
        (
            "Disconnecting authenticating user root 203.0.113.7 port 22: Too many authentication failures [preauth]",
            meant("ssh_max_attempts", "failure", "too_many_attempts", user="root", **PEER),
        ),
        (
            "Disconnecting: Too many authentication failures for root [preauth]",
            meant("ssh_max_attempts", "failure", "too_many_attempts"),
        ),
        (
            "error: maximum authentication attempts exceeded for invalid user a from 203.0.113.7 port 22 ssh2",
            meant("ssh_max_attempts", "failure", "too_many_attempts", user="a", **PEER),
        ),
        (
            "error: maximum authentication attempts exceeded for root from 203.0.113.7 port 22 ssh2 [preauth]",
            meant("ssh_max_attempts", "failure", "too_many_attempts", user="root", **PEER),
        ),
        (
            "error: PAM: Authentication failure for illegal user bob from 203.0.113.7",
            meant("pam_auth", "failure", "authentication_failure", user="bob", ip="203.0.113.7"),
        ),
        (
            "User bob from 203.0.113.7 not allowed because not listed in AllowUsers",
            meant("ssh_denied", "failure", "not listed in AllowUsers", user="bob", ip="203.0.113.7"),
        ),
        (
            "ROOT LOGIN REFUSED FROM 203.0.113.7 port 22 [preauth]",
            meant("ssh_denied", "failure", "root login refused", user="root", **PEER),
        ),
        ("Did not receive identification string from 203.0.113.7 port 22", meant("ssh_probe", **PEER)),
        ("Did not receive identification string from UNKNOWN port 65535", meant("ssh_probe")),
        (
            "Bad protocol version identification 'a from 192.0.2.1 port 1' from 203.0.113.7 port 22",
            meant("ssh_probe", **PEER),
        ),
        ("banner exchange: Connection from 203.0.113.7 port 22: invalid format", meant("ssh_probe", **PEER)),
        (
            "Unable to negotiate with 203.0.113.7 port 22: no matching host key type found. Their offer: ssh-dss",
            meant("ssh_probe", **PEER),
        ),
        ("error: kex_exchange_identification: Connection closed by remote host", meant("ssh_probe")),
        (
            "fatal: Timeout before authentication for 203.0.113.7 port 22",
            meant("ssh_disconnect", reason="timeout", **PEER),
        ),
        ("error: error: Failed password for root from 203.0.113.7 port 22 ssh2", {}),
        ("Timeout before authentication for 203.0.113.7 port 22", meant("ssh_disconnect", reason="timeout", **PEER)),
        (
            "drop connection #10 from [203.0.113.7]:22 on [198.51.100.1]:22 past MaxStartups",
            meant("ssh_disconnect", "failure", "too_many_connections", **PEER),
        ),
        (
            "reverse mapping checking getaddrinfo for a.example [203.0.113.7] failed - POSSIBLE BREAK-IN ATTEMPT!",
            meant("ssh_probe", reason="reverse_mapping", ip="203.0.113.7"),
        ),
        (
            "Address 203.0.113.7 maps to a.example, but this does not map back to the address.",
            meant("ssh_probe", reason="reverse_mapping", ip="203.0.113.7"),
        ),
        ('Connection from 203.0.113.7 port 22 on 198.51.100.1 port 22 rdomain ""', meant("ssh_connect", **PEER)),
        ("Server listening on 0.0.0.0 port 22.", {}),
        (
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= "
            "rhost=203.0.113.7  user=root",
            meant("pam_auth", "failure", "authentication_failure", user="root", ip="203.0.113.7", **PAM),
        ),
        ("pam_unix(sshd:auth): check pass; user unknown", meant("pam_auth", "failure", "invalid_user", **PAM)),
        (
            "PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.7  user=root",
            meant("pam_auth", "failure", "authentication_failure", user="root", ip="203.0.113.7") | {"pam.failures": 2},
        ),
        (
            "pam_unix(sshd:session): session opened for user bob(uid=1000) by (uid=0)",
            meant("session_open", "success", user="bob", **PAM),
        ),
        ("pam_unix(sshd:session): session closed for user bob", meant("session_close", "success", user="bob", **PAM)),
    ],
)
def test_lines(message: str, expected: dict[str, Any]) -> None:
    """Each classic line tells who, from where, what and how it ended."""
    assert told(message) == expected


@pytest.mark.parametrize("program", ["sshd", "sshd-session", "sshd-auth"])
def test_newer_names(program: str) -> None:
    """OpenSSH 9.8 split the program; its lines are sshd's still."""
    assert told("Failed password for root from 203.0.113.7 port 22 ssh2", program) == FAILED


ONE_ATTEMPT = {
    "password, unknown user": [
        "Invalid user admin from 203.0.113.7 port 22",
        "pam_unix(sshd:auth): check pass; user unknown",
        "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.7 ",
        "Failed password for invalid user admin from 203.0.113.7 port 22 ssh2",
        "Received disconnect from 203.0.113.7 port 22:11: Bye Bye [preauth]",
        "Disconnected from invalid user admin 203.0.113.7 port 22 [preauth]",
    ],
    "password, known user": [
        "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.7  user=r",
        "Failed password for root from 203.0.113.7 port 22 ssh2",
        "Connection closed by authenticating user root 203.0.113.7 port 22 [preauth]",
    ],
    "keyboard-interactive, first try": ["error: PAM: Authentication failure for root from 203.0.113.7"],
    "keyboard-interactive, unknown user": [
        "error: PAM: Authentication failure for illegal user admin from 203.0.113.7",
        "Failed keyboard-interactive/pam for invalid user admin from 203.0.113.7 port 22 ssh2",
    ],
    "keyboard-interactive, last try": [
        "error: PAM: Authentication failure for root from 203.0.113.7",
        "Failed keyboard-interactive/pam for root from 203.0.113.7 port 22 ssh2",
        "error: maximum authentication attempts exceeded for root from 203.0.113.7 port 22 ssh2 [preauth]",
        "Disconnecting authenticating user root 203.0.113.7 port 22: Too many authentication failures [preauth]",
    ],
    "user who is not allowed": [
        "User bob from 203.0.113.7 not allowed because not listed in AllowUsers",
        "Failed none for invalid user bob from 203.0.113.7 port 22 ssh2",
        "Failed password for invalid user bob from 203.0.113.7 port 22 ssh2",
    ],
}


@pytest.mark.parametrize("attempt", ONE_ATTEMPT)
def test_one_attempt_counts_once(attempt: str) -> None:
    """Of all the lines that sshd writes for one attempt exactly one is a failed login."""
    logins = [line for line in map(told, ONE_ATTEMPT[attempt]) if line.get("event.action") == "ssh_login"]
    assert [login["event.outcome"] for login in logins] == ["failure"]


NAMES = [
    "root from 192.0.2.1 port 22 ssh2",
    "a from 192.0.2.1 port 1 ssh2: RSA SHA256:x",
    "x 192.0.2.1 port 22 [preauth]",
    "invalid user root from 192.0.2.1",
    " for root from 192.0.2.1 port 22 ssh2",
    "message repeated 99 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]",
    'x, client user "y',
    "x from 192.0.2.1 port 22 ssh2: RSA-CERT SHA256:x ID y (serial 0) CA RSA SHA256:z",
]
SPOOFED = [
    "Failed password for invalid user {} from 203.0.113.7 port 22 ssh2",
    "Failed none for invalid user {} from 203.0.113.7 port 22 ssh2",
    "Invalid user {} from 203.0.113.7 port 22",
    "Connection closed by invalid user {} 203.0.113.7 port 22 [preauth]",
    "Disconnected from invalid user {} 203.0.113.7 port 22 [preauth]",
    "error: maximum authentication attempts exceeded for invalid user {} from 203.0.113.7 port 22 ssh2 [preauth]",
    "User {} from 203.0.113.7 not allowed because not listed in AllowUsers",
    "Failed publickey for invalid user {} from 203.0.113.7 port 22 ssh2: RSA SHA256:abc",
    "Postponed publickey for invalid user {} from 203.0.113.7 port 22 ssh2 [preauth]",
    "Disconnecting invalid user {} 203.0.113.7 port 22: Too many authentication failures [preauth]",
]
#: The client wrote a part on both sides of the address: a line that can be read in two ways names none.
BETWEEN = [
    "Failed publickey for invalid user {0} from 203.0.113.7 port 22 ssh2: RSA-CERT SHA256:a ID {0} (serial 0) CA RSA b",
    'Failed hostbased for invalid user {0} from 203.0.113.7 port 22 ssh2: RSA b, client user "{0}", client host h',
    "Disconnecting invalid user {0} 203.0.113.7 port 22: Change of username or service not allowed: ({0},a) -> (b,{0})",
    "Disconnecting invalid user {0} 203.0.113.7 port 22: bad service request {0} [preauth]",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("line", SPOOFED)
def test_spoofed_names(line: str, name: str) -> None:
    """A user name that looks like the rest of the line cannot put the blame on another address."""
    fields = told(line.format(name))
    assert fields["source.ip"] == "203.0.113.7"
    assert fields["user.name"] == name


@pytest.mark.parametrize("name", [*NAMES, "192.0.2.1", '192.0.2.1, client user "', "x 192.0.2.1 port 22: Change of a"])
@pytest.mark.parametrize("line", BETWEEN)
def test_names_on_both_sides(line: str, name: str) -> None:
    """Where a client wrote before and behind the address, it is that one or none, never another."""
    assert told(line.format(name)).get("source.ip", "203.0.113.7") == "203.0.113.7"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc"]), max_size=60), st.sampled_from(SPOOFED))
def test_any_name(name: str, line: str) -> None:
    """Whatever the user name, address and name are told apart."""
    fields = told(line.format(name))
    assert (fields["source.ip"], fields["user.name"]) == ("203.0.113.7", name)


def test_hostbased_text_of_the_client() -> None:
    """What a client says of itself behind the address is not taken for the address."""
    fields = told(
        "Failed hostbased for root from 203.0.113.7 port 22 ssh2: RSA SHA256:x, "
        'client user "a from 192.0.2.1 port 9 ssh2", client host "h"'
    )
    assert fields["source.ip"] == "203.0.113.7"


@settings(deadline=None)
@given(st.sampled_from(sorted({m.split(" ")[0] for m in SPOOFED} | {"PAM", "User", "drop", "error:"})), st.text())
def test_never_raises(first: str, rest: str) -> None:
    """A line that starts like one of sshd's may go on as it likes."""
    told(f"{first} {rest}")
