"""What systemd is told: ready, reloading, watchdog, stopping. Silent where NOTIFY_SOCKET is not set.

Protocol: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

import socket
import time
from collections.abc import Mapping
from typing import Final

LONGEST_STATUS: Final = 300  #: characters


class Systemd:
    """Sends the daemon's state to the service manager that started it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        watchdog = environment.get("WATCHDOG_USEC", "")
        #: Half of what systemd waits before it restarts us, in seconds; None where it does not watch.
        self.watchdog_seconds = int(watchdog) / 2_000_000 if watchdog.isdigit() and int(watchdog) else None

    def ready(self, status: str) -> None:
        """Intake works. *status* is one line for ``systemctl status``."""
        self._send(f"READY=1\nSTATUS={_one_line(status)}")

    def status(self, text: str) -> None:
        """Another line for ``systemctl status``."""
        self._send(f"STATUS={_one_line(text)}")

    def reloading(self) -> None:
        """A reload began; ``ready`` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def alive(self) -> None:
        """Everything that must advance did."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """We were told to stop and do."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        """One datagram; a manager that does not listen is no reason to stop detecting."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.setblocking(False)  # a manager that does not read must not hold up the loop
            try:
                out.connect(address)
                out.sendall(text.encode())
            except OSError:
                return


def _one_line(text: str) -> str:
    """A line break would begin another assignment."""
    return " ".join(text.split())[:LONGEST_STATUS]
