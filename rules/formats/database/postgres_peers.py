"""Where PostgreSQL's connections came from, as ``log_connections`` told it before.

``connection received: host=203.0.113.7 port=40022`` names the address, and a prefix like Debian's
(``%m [%p] %q%u@%d``) leaves it out of all that follows; both have the process. The last few connections are enough:
whether somebody is let in is told within seconds. A number is only believed where it stands before all that a client
can choose.
"""

from typing import Any, Final

from rules.formats.reading.addresses import number, put_endpoint

MARK: Final = "postgresql-peers"
CONNECT: Final = "database_connect"  #: event.action of a connection that came
MOST: Final = 32  #: connections that are remembered


def pid_of(prefix: str) -> int | None:
    """The process of ``2024-03-01 03:11:26.123 UTC [812] …``; None if something else stands there."""
    behind_zone = prefix.split(" ", 3)[3:]
    if not behind_zone or behind_zone[0][:1] != "[":
        return None
    return number(behind_zone[0][1:].partition("]")[0].partition("-")[0])


def put_peer(header: str, pid: int | None, fields: dict[str, Any]) -> None:
    """Add the address of that process's connection, where the line does not name it."""
    if pid is None or "source.ip" in fields or not header.startswith(MARK) or fields.get("event.action") == CONNECT:
        return
    _, found, rest = header.rpartition(f" {pid}=")
    if found:
        put_endpoint(fields, "source", rest.partition(" ")[0])


def remembering(header: str, pid: int | None, fields: dict[str, Any]) -> str | None:
    """What is to be remembered from now on, if the line tells of a new connection; None: what was before."""
    if pid is None or fields.get("event.action") != CONNECT:
        return None
    before = header.split(" ")[1:] if header.startswith(MARK) else []
    kept = [one for one in before if not one.startswith(f"{pid}=")]
    if address := fields.get("source.ip"):  # not of a connection within the machine
        kept.append(f"{pid}={address}")
    return " ".join((MARK, *kept[-MOST:]))
