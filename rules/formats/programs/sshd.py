"""sshd: one line, one meaning; of the several lines that it writes for one attempt exactly one is ``ssh_login``.

Which lines count. ``ssh_login``/``failure`` is the line ``Failed password`` (or ``keyboard-interactive``), and
``ssh_login``/``success`` the line ``Accepted``. Everything around it has an action of its own: ``Invalid user``
(``ssh_invalid_user``), PAM's lines (``pam_auth``), ``maximum authentication attempts exceeded``
(``ssh_max_attempts``), the end of the connection (``ssh_disconnect``). ``Failed publickey`` and ``Failed none`` are
``ssh_offer``: a client offers all the keys that it has, and that is no attempt to guess.

Forged names. A client names any user it likes, also ``root from 192.0.2.1 port 22 ssh2``. sshd writes the true
address behind the name, so the last `` from `` (or, where the line has none, the last `` port ``) is the one that
counts. Only for ``hostbased`` does sshd write more of the client's text behind the address; that is cut off before.
"""

from collections.abc import Callable
from typing import Any

from rules.event import LogSource
from rules.formats.addresses import address, number, put_endpoint
from rules.formats.programs import pam
from rules.formats.programs.program import happened

SSHD = LogSource(product="linux", service="sshd")

Fields = dict[str, Any]

GUESSES = ("password", "keyboard-interactive", "challenge-response")


def tell(message: str, fields: Fields) -> LogSource:
    """Add what sshd's message tells."""
    first, _, rest = message.partition(" ")
    say = _FIRST_WORDS.get(first)
    if say is not None:
        say(rest, fields)
    elif message.startswith("pam_"):
        pam.tell(message, fields)
    return SSHD


def _failed(rest: str, fields: Fields) -> None:
    """``password for invalid user bob from 192.0.2.1 port 22 ssh2``."""
    method, _, rest = rest.partition(" for ")
    known = _user_and_peer(method, rest, fields)
    action = "ssh_login" if method.startswith(GUESSES) else "ssh_offer"
    happened(fields, action, "failure", "wrong_credentials" if known else "invalid_user")


def _accepted(rest: str, fields: Fields) -> None:
    """``publickey for bob from 192.0.2.1 port 22 ssh2: ED25519 SHA256:…``."""
    method, _, rest = rest.partition(" for ")
    _user_and_peer(method, rest, fields)
    happened(fields, "ssh_login", "success")


def _postponed(rest: str, fields: Fields) -> None:
    """``publickey for bob from 192.0.2.1 port 22 ssh2 [preauth]``."""
    method, _, rest = rest.partition(" for ")
    _user_and_peer(method, rest, fields)
    happened(fields, "ssh_offer")


def _user_and_peer(method: str, rest: str, fields: Fields) -> bool:
    """``[invalid user ]NAME from ADDRESS port NUMBER ssh2[: KEY]`` -> whether the user exists."""
    fields["ssh.method"] = method
    if method == "hostbased":
        rest = rest.partition(', client user "')[0]
    who, _, where = rest.rpartition(" from ")
    known = not who.startswith("invalid user ")
    fields["user.name"] = who if known else who[13:]
    key = _peer(where, fields).partition(": ")[2]
    if key:
        fields["ssh.key"] = key
    return known


def _peer(where: str, fields: Fields) -> str:
    """``ADDRESS port NUMBER[ more]``; returns ``more``."""
    host, _, rest = where.partition(" port ")
    port, _, more = rest.partition(" ")
    host = host.partition(" ")[0]
    if host != "UNKNOWN":
        put_endpoint(fields, "source", host, port.partition(":")[0])
    return more


def _invalid(rest: str, fields: Fields) -> None:
    """``user bob from 192.0.2.1 port 22``; older versions wrote no port."""
    if not rest.startswith("user "):
        return
    fields["user.name"], _, where = rest[5:].rpartition(" from ")
    _peer(where, fields)
    happened(fields, "ssh_invalid_user", "failure", "invalid_user")


def _old_invalid(rest: str, fields: Fields) -> None:
    """``input_userauth_request: invalid user bob [preauth]``."""
    if rest.startswith("invalid user "):
        fields["user.name"] = rest[13:].removesuffix(" [preauth]")
        happened(fields, "ssh_offer", "failure", "invalid_user")


def _connection(rest: str, fields: Fields) -> None:
    """``closed|reset by [invalid user|authenticating user NAME ]192.0.2.1 port 22 [preauth]``, ``from … port …``."""
    verb, _, where = rest.partition(" ")
    if where.startswith("by "):
        _ended(where[3:], "closed" if verb == "closed" else "reset", fields)
    elif verb == "from":
        _peer(where, fields)
        happened(fields, "ssh_connect")


def _disconnected(rest: str, fields: Fields) -> None:
    """``from [invalid user|authenticating user|user NAME ]192.0.2.1 port 22[ [preauth]]``."""
    if rest.startswith("from "):
        _ended(rest[5:], "disconnected", fields)


def _disconnecting(rest: str, fields: Fields) -> None:
    """``authenticating user root 192.0.2.1 port 22: Too many authentication failures [preauth]``.

    Older: ``Disconnecting: Too many authentication failures for root [preauth]``.
    """
    _ended(rest, "disconnected", fields)
    if "Too many authentication failures" in rest:
        happened(fields, "ssh_max_attempts", "failure", "too_many_attempts")


def _ended(where: str, reason: str, fields: Fields) -> None:
    """``[KIND user NAME ]ADDRESS port NUMBER …``: the last `` port `` counts, the word before it is the address."""
    happened(fields, "ssh_disconnect", "unknown", reason)
    head, found, tail = where.rpartition(" port ")
    if not found:  # older versions: "Connection closed by 192.0.2.1 [preauth]"
        if address(host := where.partition(" ")[0]):
            put_endpoint(fields, "source", host)
        return
    who, _, host = head.rpartition(" ")
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
        _peer(where, fields)
        happened(fields, "ssh_disconnect", "unknown", "disconnected")


def _error(rest: str, fields: Fields) -> None:
    """``error:`` and ``fatal:`` stand before some of the other messages, and before some of their own."""
    first, _, more = rest.partition(" ")
    if first == "PAM:" and " for " in more:
        who, _, host = more.partition(" for ")[2].rpartition(" from ")
        fields["user.name"] = who.removeprefix("illegal user ").removeprefix("invalid user ")
        put_endpoint(fields, "source", host.partition(" ")[0])
        happened(fields, "pam_auth", "failure", "authentication_failure")
    elif first == "kex_exchange_identification:":
        happened(fields, "ssh_probe")
    elif first not in ("error:", "fatal:") and (say := _FIRST_WORDS.get(first)):
        say(more, fields)


def _maximum(rest: str, fields: Fields) -> None:
    """``authentication attempts exceeded for [invalid user ]root from 192.0.2.1 port 22 ssh2 [preauth]``."""
    if rest.startswith("authentication attempts exceeded for "):
        who, _, where = rest[37:].rpartition(" from ")
        fields["user.name"] = who.removeprefix("invalid user ")
        _peer(where, fields)
        happened(fields, "ssh_max_attempts", "failure", "too_many_attempts")


def _pam_more(rest: str, fields: Fields) -> None:
    """``PAM 2 more authentication failures; logname= … rhost=192.0.2.1  user=root``."""
    count, _, text = rest.partition(" ")
    pam.failure(text, fields)
    if (failures := number(count)) is not None:
        fields["pam.failures"] = failures


def _not_allowed(rest: str, fields: Fields) -> None:
    """``User bob from 192.0.2.1 not allowed because not listed in AllowUsers``."""
    head, found, why = rest.rpartition(" not allowed because ")
    if found:
        fields["user.name"], _, host = head.rpartition(" from ")
        put_endpoint(fields, "source", host)
        happened(fields, "ssh_denied", "failure", why)


def _root_refused(rest: str, fields: Fields) -> None:
    """``ROOT LOGIN REFUSED FROM 192.0.2.1 port 22``."""
    if rest.startswith("LOGIN REFUSED FROM "):
        fields["user.name"] = "root"
        _peer(rest[19:], fields)
        happened(fields, "ssh_denied", "failure", "root login refused")


def _probe(after: str, last: bool = False) -> Callable[[str, Fields], None]:
    """A client that is no ordinary ssh client; the address stands behind *after*.

    Args:
        last: The last *after* counts, because what the client sent stands before it; else the first.
    """

    def tell_probe(rest: str, fields: Fields) -> None:
        _, found, where = rest.rpartition(after) if last else rest.partition(after)
        if found:
            _peer(where, fields)
            happened(fields, "ssh_probe")

    return tell_probe


def _timeout(rest: str, fields: Fields) -> None:
    """``before authentication for 192.0.2.1 port 22``; newer: ``… for connection from 192.0.2.1 to …``."""
    _, found, where = rest.partition("for ")
    if found:
        where = where.removeprefix("connection from ")
        _peer(where, fields)
        happened(fields, "ssh_disconnect", "unknown", "timeout")


def _drop(rest: str, fields: Fields) -> None:
    """``drop connection #10 from [192.0.2.1]:40000 on [198.51.100.1]:22 past MaxStartups``."""
    where = rest.partition(" from [")[2]
    host, found, more = where.partition("]:")
    if found:
        put_endpoint(fields, "source", host, more.partition(" ")[0])
        happened(fields, "ssh_disconnect", "failure", "too_many_connections")


def _mapping(rest: str, fields: Fields) -> None:
    """``reverse mapping checking getaddrinfo for name [192.0.2.1] failed``; ``Address 192.0.2.1 maps to …``."""
    host = rest.rpartition(" [")[2].partition("]")[0] if " [" in rest else rest.partition(" ")[0]
    if "failed" in rest or " maps to " in rest:
        put_endpoint(fields, "source", host)
        happened(fields, "ssh_probe", "unknown", "reverse_mapping")


_FIRST_WORDS: dict[str, Callable[[str, Fields], None]] = {
    "Failed": _failed,
    "Accepted": _accepted,
    "Postponed": _postponed,
    "Partial": _postponed,
    "Invalid": _invalid,
    "Illegal": _invalid,
    "input_userauth_request:": _old_invalid,
    "Connection": _connection,
    "Disconnected": _disconnected,
    "Disconnecting": _disconnecting,
    "Disconnecting:": _disconnecting,
    "Received": _received,
    "error:": _error,
    "fatal:": _error,
    "maximum": _maximum,
    "PAM": _pam_more,
    "User": _not_allowed,
    "ROOT": _root_refused,
    "Did": _probe(" from "),
    "Bad": _probe(" from ", last=True),
    "banner": _probe("Connection from "),
    "Unable": _probe("negotiate with "),
    "Timeout": _timeout,
    "drop": _drop,
    "reverse": _mapping,
    "Address": _mapping,
}
