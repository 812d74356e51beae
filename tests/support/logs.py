"""Lines as real programs write them, stamped now, for tests that run the daemon."""

from datetime import UTC, datetime

#: A rule that opens one incident per source address, from the first failed password on.
FAILED_PASSWORD_RULE = """\
title: Failed password
id: 6f3c2f0e-3a0b-4b57-9c39-0d8e3f1f7a11
status: test
description: Opens an incident for each address that fails to log in.
author: Tocsin
logsource:
    product: linux
    service: sshd
detection:
    selection:
        event.action: ssh_login
        event.outcome: failure
    condition: selection
level: high
tocsin:
    decision: investigate
    group-by: [source.ip]
    window: 1h
"""


def failed_password(
    address: str, *, user: str = "root", port: int = 40000, host: str = "web1", at: datetime | None = None
) -> str:
    """sshd says that a password was wrong, now or at another moment."""
    stamp = (at or datetime.now(UTC)).isoformat(timespec="microseconds")
    return f"{stamp} {host} sshd[812]: Failed password for invalid user {user} from {address} port {port} ssh2"
