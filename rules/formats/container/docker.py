"""Docker's and containerd's own messages: ``time="2024-03-01T03:11:20.123456789Z" level=warning msg="…" container=…``.

They are pairs; each stands under ``docker.<name>``, and the message is ``msg``.
https://docs.docker.com/engine/daemon/logs/
"""

from typing import Any

from rules.event import LogSource
from rules.formats.loose.logfmt import pairs

DAEMON = LogSource(product="docker", service="daemon")


def tell(message: str, fields: dict[str, Any]) -> LogSource:
    """Add what a daemon's message tells."""
    told = pairs(message) if message.startswith("time=") else None
    for name, value in (told or {}).items():
        if name == "msg":
            fields["message"] = str(value)
        elif name != "time":
            fields[f"docker.{name}"] = value
    return DAEMON
