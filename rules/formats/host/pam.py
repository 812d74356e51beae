"""PAM's lines, which any program may write: ``pam_unix(sshd:auth): authentication failure; … rhost=… user=…``.

Their actions are ``pam_auth``, ``session_open`` and ``session_close``, never that of the program: a failed login also
makes a line of the program's own, and that one is counted. The exception is ``user_password``, which the modules that
change a password tell and few programs do.

The texts are those of Linux-PAM's modules (https://github.com/linux-pam/linux-pam, ``pam_syslog`` in ``modules/``).
"""

from collections.abc import Callable
from typing import Any

from rules.formats.reading.addresses import address, put_endpoint
from rules.formats.reading.program import happened


def tell(message: str, fields: dict[str, Any]) -> None:
    """Add what a message that starts with ``pam_`` tells."""
    head, colon, text = message.partition("): ")
    if not colon:
        return
    module, _, service = head.partition("(")
    fields["pam.module"] = module
    fields["pam.service"] = service.partition(":")[0]
    for start, say in _STARTS.items():
        if text.startswith(start):
            say(text[len(start) :], fields)
            return


def failure(text: str, fields: dict[str, Any]) -> None:
    """Add what ``…; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root`` tells.

    ``user=`` is last and may hold anything, so it is cut off first. ``ruser=`` is what the other side says of itself
    (for sshd it is empty): where that holds another ``rhost=`` there is no telling which is true.
    """
    happened(fields, "pam_auth", "failure", "authentication_failure")
    text, _, user = text.partition(" user=")
    if user:
        fields["user.name"] = user
    before, _, rhost = text.partition(" rhost=")
    if (rhost := rhost.strip()) and " rhost=" not in rhost:
        put_endpoint(fields, "source", rhost)
    if (actor := before.partition(" ruser=")[2]) and not rhost:  # on this machine: who called su
        fields["user.actor.name"] = actor


def _unknown(_: str, fields: dict[str, Any]) -> None:
    """``check pass; user unknown``."""
    happened(fields, "pam_auth", "failure", "invalid_user")


def _code(text: str, fields: dict[str, Any]) -> None:
    """``Invalid verification code for bob``: the second factor was wrong."""
    fields["user.name"] = text
    happened(fields, "pam_auth", "failure", "wrong_code")


def _changed(text: str, fields: dict[str, Any]) -> None:
    """``password changed for bob``."""
    fields["user.name"] = text
    happened(fields, "user_password", "success")


def _locked(text: str, fields: dict[str, Any]) -> None:
    """pam_faillock: ``Consecutive login failures for user bob account temporarily locked``."""
    fields["user.name"] = text.partition(" account temporarily locked")[0]
    happened(fields, "account_lockout", "failure", "too_many_attempts")


def _tally(text: str, fields: dict[str, Any]) -> None:
    """pam_tally2: ``user bob (1000) tally 5, deny 3``."""
    who, found, counted = text.rpartition(" tally ")
    if found and "deny" in counted:
        fields["user.name"] = who.rpartition(" (")[0] or who
        happened(fields, "account_lockout", "failure", "too_many_attempts")


def _access(text: str, fields: dict[str, Any]) -> None:
    """pam_access: ``access denied for user `bob' from `192.0.2.1'``; what is behind ``from`` may be a terminal."""
    who, _, where = text.rpartition("' from `")
    fields["user.name"] = who.strip("`'")
    if address(host := where.rstrip("'")) is not None:
        put_endpoint(fields, "source", host)
    happened(fields, "pam_denied", "failure", "access_rules")


def _wheel(text: str, fields: dict[str, Any]) -> None:
    """pam_wheel: ``Access denied to 'bob' for 'root'``."""
    user, _, target = text.strip("'").partition("' for '")
    fields["user.name"], fields["user.effective.name"] = user, target
    happened(fields, "pam_denied", "failure", "not_in_group")


def _requirement(text: str, fields: dict[str, Any]) -> None:
    """pam_succeed_if: ``requirement "uid >= 1000" not met by user "bob"``.

    Stacks ask such things to choose their way (``uid < 1000``), so by itself that is no refusal.
    """
    what, found, user = text.rpartition(" not met by user ")
    if found:
        fields["user.name"] = user.strip('"')
        happened(fields, "pam_check", "failure", what.strip('"'))


def _expired(text: str, fields: dict[str, Any]) -> None:
    """``account bob has expired (account expired)``."""
    user, found, _ = text.partition(" has expired")
    if found:
        fields["user.name"] = user
        happened(fields, "pam_denied", "failure", "account_expired")


def _opened(text: str, fields: dict[str, Any]) -> None:
    _session(text, "session_open", fields)


def _closed(text: str, fields: dict[str, Any]) -> None:
    _session(text, "session_close", fields)


def _session(text: str, action: str, fields: dict[str, Any]) -> None:
    """``bob(uid=1000) by root(uid=0)``, in older versions without the parentheses."""
    who, _, by = text.partition(" by ")
    fields["user.name"] = who.partition("(uid=")[0]
    if actor := by.partition("(uid=")[0]:
        fields["user.actor.name"] = actor
    happened(fields, action, "success")


#: how the text behind ``pam_module(service:type): `` starts -> what tells the rest
_STARTS: dict[str, Callable[[str, dict[str, Any]], None]] = {
    "authentication failure": failure,
    "session opened for user ": _opened,
    "session closed for user ": _closed,
    "check pass; user unknown": _unknown,
    "Invalid verification code for ": _code,
    "password changed for ": _changed,
    "Consecutive login failures for user ": _locked,
    "user ": _tally,
    "access denied for user ": _access,
    "Access denied to ": _wheel,
    "requirement ": _requirement,
    "account ": _expired,
}
