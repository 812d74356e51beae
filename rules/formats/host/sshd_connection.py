"""sshd's lines about connections: how they begin and end, and clients that are no ordinary ssh clients."""

from collections.abc import Callable
from typing import Any

from rules.formats.reading.addresses import address, put_endpoint
from rules.formats.reading.program import happened

Fields = dict[str, Any]

TOO_MANY = "Too many authentication failures"


def peer(where: str, fields: Fields) -> str:
    """``ADDRESS port NUMBER[ more]``; returns ``more``."""
    host, _, rest = where.partition(" port ")
    port, _, more = rest.partition(" ")
    host = host.partition(" ")[0]
    if host != "UNKNOWN":
        put_endpoint(fields, "source", host, port.partition(":")[0])
    return more


def _connection(rest: str, fields: Fields) -> None:
    """``closed|reset by [invalid user|authenticating user NAME ]192.0.2.1 port 22 [preauth]``, ``from … port …``."""
    verb, _, where = rest.partition(" ")
    if where.startswith("by "):
        _ended(where[3:], "closed" if verb == "closed" else "reset", fields)
    elif verb == "from":
        peer(where, fields)
        happened(fields, "ssh_connect")


def _disconnected(rest: str, fields: Fields) -> None:
    """``from [invalid user|authenticating user|user NAME ]192.0.2.1 port 22[ [preauth]]``."""
    if rest.startswith("from "):
        _ended(rest[5:], "disconnected", fields)


def _disconnecting(rest: str, fields: Fields) -> None:
    """``authenticating user root 192.0.2.1 port 22: Too many authentication failures [preauth]``.

    Older: ``Disconnecting: Too many authentication failures for root [preauth]``. Of other reasons the client may have
    written a part (``Change of username or service not allowed: (a,b) -> (c,d)``), as it did of the name.
    """
    rest = rest.removesuffix(" [preauth]")
    if rest.endswith(TOO_MANY) or rest.startswith(TOO_MANY):  # "… for root" in older versions
        _ended(rest.removesuffix(f": {TOO_MANY}"), "disconnected", fields)
        happened(fields, "ssh_max_attempts", "failure", "too_many_attempts")
    elif rest.count(" port ") == 1 and rest.count(": Change of ") < 2:
        _ended(rest, "disconnected", fields)
    else:
        happened(fields, "ssh_disconnect", "unknown", "disconnected")


def _ended(where: str, reason: str, fields: Fields) -> None:
    """``[KIND user NAME ]ADDRESS port NUMBER …``: the last `` port `` counts, the word before it is the address."""
    happened(fields, "ssh_disconnect", "unknown", reason)
    head, found, tail = where.rpartition(" port ")
    if not found:  # older versions: "Connection closed by 192.0.2.1 [preauth]"
        if address(host := where.partition(" ")[0]):
            put_endpoint(fields, "source", host)
        return
    who, _, host = head.rpartition(" ")
    if host != "UNKNOWN":
        put_endpoint(fields, "source", host, tail.partition(" ")[0].partition(":")[0])
    for kind in ("invalid user ", "authenticating user ", "user "):
        if f"{who} ".startswith(kind):
            fields["user.name"] = who[len(kind) :]
            if kind == "invalid user ":
                fields["event.reason"] = "invalid_user"
            return


def _received(rest: str, fields: Fields) -> None:
    """``disconnect from 192.0.2.1 port 22:11: Bye Bye [preauth]``; older: ``from 192.0.2.1: 11: …``."""
    if rest.startswith("disconnect from "):
        where = rest[16:].partition(": ")[0]
        peer(where, fields)
        happened(fields, "ssh_disconnect", "unknown", "disconnected")


def _refused(rest: str, fields: Fields) -> None:
    """``connect from a.example (192.0.2.1)``: TCP wrappers, or ``Match`` and ``RefuseConnection``."""
    if rest.startswith("connect from "):
        host, _, more = rest[13:].partition(" ")
        put_endpoint(fields, "source", more.strip("()") or host)
        happened(fields, "ssh_denied", "failure", "connection refused")


def _probe(after: str, last: bool = False) -> Callable[[str, Fields], None]:
    """A client that is no ordinary ssh client; the address stands behind *after*.

    Args:
        last: The last *after* counts, because what the client sent stands before it; else the first.
    """

    def tell_probe(rest: str, fields: Fields) -> None:
        _, found, where = rest.rpartition(after) if last else rest.partition(after)
        if found:
            peer(where, fields)
            happened(fields, "ssh_probe")

    return tell_probe


def _protocol(rest: str, fields: Fields) -> None:
    """``major versions differ for 192.0.2.1 port 22: SSH-2.0-OpenSSH_9.8 vs. SSH-1.5-x``."""
    where = rest.removeprefix("major versions differ for ")
    if where != rest:
        peer(where.partition(": ")[0], fields)
        happened(fields, "ssh_probe")


def _broken(rest: str, fields: Fields) -> None:
    """``Connection from [KIND user NAME ]192.0.2.1 port 22: message authentication code incorrect [preauth]``."""
    if rest.startswith("Connection from ") and rest.count(" port ") == 1:
        _ended(rest[16:], "", fields)
        happened(fields, "ssh_probe")


def _timeout(rest: str, fields: Fields) -> None:
    """``before authentication for 192.0.2.1 port 22``; newer: ``… for connection from 192.0.2.1 to …``."""
    _, found, where = rest.partition("for ")
    if found:
        where = where.removeprefix("connection from ")
        peer(where, fields)
        happened(fields, "ssh_disconnect", "unknown", "timeout")


def _drop(rest: str, fields: Fields) -> None:
    """``drop connection #10 from [192.0.2.1]:40000 on [198.51.100.1]:22 past MaxStartups``."""
    where = rest.partition(" from [")[2]
    host, found, more = where.partition("]:")
    if found:
        put_endpoint(fields, "source", host, more.partition(" ")[0])
        happened(fields, "ssh_disconnect", "failure", "penalty" if "penalty" in more else "too_many_connections")


def _mapping(rest: str, fields: Fields) -> None:
    """``mapping checking getaddrinfo for a.example [192.0.2.1] failed``; the name is what the address's owner wrote."""
    host = rest.rpartition(" [")[2].partition("]")[0]
    if rest.startswith("mapping checking ") and "failed" in rest:
        put_endpoint(fields, "source", host)
        happened(fields, "ssh_probe", "unknown", "reverse_mapping")


def _address(rest: str, fields: Fields) -> None:
    """``192.0.2.1 maps to a.example, but this does not map back to the address.``."""
    host, found, _ = rest.partition(" maps to ")
    if found:
        put_endpoint(fields, "source", host)
        happened(fields, "ssh_probe", "unknown", "reverse_mapping")


#: first word of a message -> what tells the rest
FIRST_WORDS: dict[str, Callable[[str, Fields], None]] = {
    "Connection": _connection,
    "Disconnected": _disconnected,
    "Disconnecting": _disconnecting,
    "Disconnecting:": _disconnecting,
    "Received": _received,
    "Did": _probe(" from "),
    "Bad": _probe(" from ", last=True),
    "banner": _probe("Connection from "),
    "Unable": _probe("negotiate with "),
    "Timeout": _timeout,
    "drop": _drop,
    "reverse": _mapping,
    "Address": _address,
    "refused": _refused,
    "Protocol": _protocol,
    "ssh_dispatch_run_fatal:": _broken,
}
