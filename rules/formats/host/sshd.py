"""sshd: one line, one meaning; of the several lines that it writes for one attempt exactly one is ``ssh_login``.

Which lines count. ``ssh_login``/``failure`` is the line ``Failed password``, and ``ssh_login``/``success`` the line
``Accepted``. Where PAM asks (``keyboard-interactive/pam``), sshd writes ``Failed`` at once only for names that do not
exist; for the others it is ``error: PAM: … for root from …`` that it writes each time, so that one counts, if it names
an address (``UseDNS`` puts a name there). Everything around it has an action of its own: ``Invalid user``
(``ssh_invalid_user``), PAM's lines (``pam_auth``), ``maximum authentication attempts exceeded``
(``ssh_max_attempts``), the end of the connection (``ssh_disconnect``). ``Failed publickey`` and ``Failed none`` are
``ssh_offer``: a client offers all the keys that it has, and that is no attempt to guess.

Forged names. A client names any user it likes, also ``root from 192.0.2.1 port 22 ssh2``. sshd writes the true
address behind the name, so the last `` from `` (or, where the line has none, the last `` port ``) is the one that
counts. In three places sshd writes more of the client's text behind the address: for ``hostbased``, as the name of a
certificate's key, and as the reason of ``Disconnecting``. That is cut off before; where two readings are possible the
line names no address rather than perhaps a wrong one.

The messages are those of OpenSSH 5 to 10: auth.c, auth2.c, packet.c, kex.c and sshd.c, ``log_msg`` and ``logit``
(https://github.com/openssh/openssh-portable).
"""

from collections.abc import Callable

from rules.event import LogSource
from rules.formats.host import pam, sshd_connection
from rules.formats.host.sshd_connection import Fields, peer
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.program import happened

SSHD = LogSource(product="linux", service="sshd")

GUESSES = ("password", "keyboard-interactive", "challenge-response")
UNKNOWN = ("invalid user ", "illegal user ")
PAM_ASKS = "keyboard-interactive/pam"


def tell(message: str, fields: Fields) -> LogSource:
    """Add what sshd's message tells."""
    first, _, rest = message.partition(" ")
    say = _FIRST_WORDS.get(first)
    if say is not None:
        say(rest, fields)
    elif first[:1] == "/" and rest.startswith("Authentication tried for "):  # "/home/bob/.ssh/authorized_keys:1: …"
        _elsewhere(rest[15:], fields)
    elif message.startswith("pam_"):
        pam.tell(message, fields)
    return SSHD


def _failed(rest: str, fields: Fields) -> None:
    """``password for invalid user bob from 192.0.2.1 port 22 ssh2``."""
    method, found, rest = rest.partition(" for ")
    if not found or " from " not in rest:  # "Failed to allocate …"
        return
    known = _user_and_peer(method, rest, fields)
    counts = method.startswith(GUESSES) and not (known and method == PAM_ASKS)
    happened(
        fields, "ssh_login" if counts else "ssh_offer", "failure", "wrong_credentials" if known else "invalid_user"
    )


def _accepted(rest: str, fields: Fields) -> None:
    """``publickey for bob from 192.0.2.1 port 22 ssh2: ED25519 SHA256:…``.

    ``Accepted key …`` and ``Accepted certificate ID …`` (verbose) say that a key may log in, not that it did.
    """
    method, found, rest = rest.partition(" for ")
    if not found or " from " not in rest or method.startswith(("key ", "certificate ")):
        return
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
    known = not rest.startswith(UNKNOWN)
    head, key = _without_key(method, rest)
    who, found, where = head.rpartition(" from ")
    if found:
        fields["user.name"] = who if known else who[13:]
        if key:
            fields["ssh.key"] = key
        peer(where, fields)
    return known


def _without_key(method: str, rest: str) -> tuple[str, str]:
    """``… ssh2: KEY`` -> (``… ssh2``, KEY); ("", "") where a part that the client wrote could be either.

    A key is a type and a hash. Of a certificate it also has a name (``… ID NAME (serial 1) CA …``), and for hostbased
    the client's user and host: what a client that is not let in has chosen itself.
    """
    if method == "hostbased":
        return (rest.partition(', client user "')[0], "") if rest.count(', client user "') < 2 else ("", "")
    if method != "publickey":
        return rest, ""
    end = rest.rpartition(" (serial ")[2].split(" ", 4)
    if len(end) == 4 and end[1] == "CA":
        head, _, key = rest.partition(" ssh2: ")
        return (f"{head} ssh2", key) if rest.count(" ssh2: ") == 1 else ("", "")
    head, found, key = rest.rpartition(" ssh2: ")
    return (f"{head} ssh2", key) if found and " from " not in key else (rest, "")


def _invalid(rest: str, fields: Fields) -> None:
    """``user bob from 192.0.2.1 port 22``; older versions wrote no port."""
    if not rest.startswith("user "):
        return
    fields["user.name"], _, where = rest[5:].rpartition(" from ")
    peer(where, fields)
    happened(fields, "ssh_invalid_user", "failure", "invalid_user")


def _old_invalid(rest: str, fields: Fields) -> None:
    """``input_userauth_request: invalid user bob [preauth]``."""
    if rest.startswith("invalid user "):
        fields["user.name"] = rest[13:].removesuffix(" [preauth]")
        happened(fields, "ssh_offer", "failure", "invalid_user")


def _error(rest: str, fields: Fields) -> None:
    """``error:`` and ``fatal:`` stand before some of the other messages, and before some of their own."""
    first, _, more = rest.partition(" ")
    if first == "PAM:" and " for " in more:
        _pam_refused(more, fields)
    elif first == "kex_exchange_identification:":
        happened(fields, "ssh_probe")
    elif first not in ("error:", "fatal:") and (say := _FIRST_WORDS.get(first)):
        say(more, fields)


def _pam_refused(rest: str, fields: Fields) -> None:
    """``Authentication failure for [illegal user ]root from 192.0.2.1``; an account that expired was no guess."""
    why, _, who = rest.partition(" for ")
    who, _, host = who.rpartition(" from ")
    known = not who.startswith(UNKNOWN)
    fields["user.name"] = who if known else who[13:]
    put_endpoint(fields, "source", host.partition(" ")[0])
    if known and "source.ip" in fields and "expired" not in why:
        fields["ssh.method"] = PAM_ASKS
        happened(fields, "ssh_login", "failure", "wrong_credentials")
    else:
        happened(fields, "pam_auth", "failure", "authentication_failure")


def _maximum(rest: str, fields: Fields) -> None:
    """``authentication attempts exceeded for [invalid user ]root from 192.0.2.1 port 22 ssh2 [preauth]``."""
    if rest.startswith("authentication attempts exceeded for "):
        who, _, where = rest[37:].rpartition(" from ")
        fields["user.name"] = who.removeprefix("invalid user ")
        peer(where, fields)
        happened(fields, "ssh_max_attempts", "failure", "too_many_attempts")


def _pam_more(rest: str, fields: Fields) -> None:
    """``PAM 2 more authentication failures; logname= … rhost=192.0.2.1  user=root``."""
    count, _, text = rest.partition(" ")
    if not text.startswith("more authentication failure"):  # "PAM unable to dlopen(…)", "PAM service(sshd) ignoring …"
        return
    pam.failure(text, fields)
    if (failures := number(count)) is not None:
        fields["pam.failures"] = failures


def _not_allowed(rest: str, fields: Fields) -> None:
    """``User bob from 192.0.2.1 not allowed because not listed in AllowUsers``; of some reasons without the address."""
    head, found, why = rest.rpartition(" not allowed because ")
    if found:
        who, found, host = head.rpartition(" from ")
        fields["user.name"] = who if found else head
        if found:
            put_endpoint(fields, "source", host)
        happened(fields, "ssh_denied", "failure", why)


def _access(rest: str, fields: Fields) -> None:
    """``Access denied for user bob by PAM account configuration``."""
    if rest.startswith("denied for user "):
        fields["user.name"] = rest[16:].partition(" by PAM account configuration")[0]
        happened(fields, "ssh_denied", "failure", "PAM account configuration")


def _elsewhere(rest: str, fields: Fields) -> None:
    """``tried for bob with correct key but not from a permitted host (host=a.example, ip=192.0.2.1, required=…).``.

    Of a certificate: ``with valid certificate but not from a permitted source address (192.0.2.1).``.
    """
    who, found, where = rest.removeprefix("tried for ").partition(" but not from a permitted ")
    if found:
        fields["user.name"] = who.rpartition(" with ")[0]
        inside = where.partition("(")[2].partition(")")[0]
        put_endpoint(fields, "source", inside.rpartition(", ip=")[2].partition(",")[0] or inside)
        happened(fields, "ssh_denied", "failure", "key_from_elsewhere")


def _root_refused(rest: str, fields: Fields) -> None:
    """``ROOT LOGIN REFUSED FROM 192.0.2.1 port 22``."""
    if rest.startswith("LOGIN REFUSED FROM "):
        fields["user.name"] = "root"
        peer(rest[19:], fields)
        happened(fields, "ssh_denied", "failure", "root login refused")


_FIRST_WORDS: dict[str, Callable[[str, Fields], None]] = {
    "Failed": _failed,
    "Accepted": _accepted,
    "Postponed": _postponed,
    "Partial": _postponed,
    "Invalid": _invalid,
    "Illegal": _invalid,
    "input_userauth_request:": _old_invalid,
    "error:": _error,
    "fatal:": _error,
    "maximum": _maximum,
    "PAM": _pam_more,
    "User": _not_allowed,
    "ROOT": _root_refused,
    "Authentication": _elsewhere,
    "Access": _access,
    **sshd_connection.FIRST_WORDS,
}
