"""PAM's lines, which any program may write: ``pam_unix(sshd:auth): authentication failure; … rhost=… user=…``.

Their actions are ``pam_auth``, ``session_open`` and ``session_close``, never that of the program: a failed login also
makes a line of the program's own, and that one is counted.
"""

from typing import Any

from rules.formats.addresses import put_endpoint
from rules.formats.programs.program import happened


def tell(message: str, fields: dict[str, Any]) -> None:
    """Add what a message that starts with ``pam_`` tells."""
    head, colon, text = message.partition("): ")
    if not colon:
        return
    module, _, service = head.partition("(")
    fields["pam.module"] = module
    fields["pam.service"] = service.partition(":")[0]
    if text.startswith(("authentication failure;", "authentication failure ")):
        failure(text, fields)
    elif text.startswith("session opened for user "):
        _session(text[24:], "session_open", fields)
    elif text.startswith("session closed for user "):
        _session(text[24:], "session_close", fields)
    elif text.startswith("check pass; user unknown"):
        happened(fields, "pam_auth", "failure", "invalid_user")
    elif text.startswith("password changed for "):
        fields["user.name"] = text[21:]
        happened(fields, "user_password", "success")


def failure(text: str, fields: dict[str, Any]) -> None:
    """Add what ``…; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root`` tells.

    ``user=`` is last and may hold anything, so it is cut off first.
    """
    happened(fields, "pam_auth", "failure", "authentication_failure")
    text, _, user = text.partition(" user=")
    if user:
        fields["user.name"] = user
    rhost = text.partition(" rhost=")[2].strip()
    if rhost:
        put_endpoint(fields, "source", rhost)


def _session(text: str, action: str, fields: dict[str, Any]) -> None:
    """``bob(uid=1000) by root(uid=0)``, in older versions without the parentheses."""
    who, _, by = text.partition(" by ")
    fields["user.name"] = who.partition("(uid=")[0]
    if actor := by.partition("(uid=")[0]:
        fields["user.actor.name"] = actor
    happened(fields, action, "success")
