"""Who may log in and as whom: su, useradd, usermod, groupadd, gpasswd, passwd and their kin.

``user_add``, ``user_modify``, ``user_delete``, ``user_password``, ``user_lock``, ``user_unlock``, ``group_add``,
``group_delete``, ``group_member_add`` and ``group_member_remove``; and ``su``.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.host import pam
from rules.formats.reading.addresses import number
from rules.formats.reading.program import Tell, happened

SU = LogSource(product="linux", service="su")

TOOLS = (
    "useradd",
    "userdel",
    "usermod",
    "groupadd",
    "groupdel",
    "groupmod",
    "gpasswd",
    "passwd",
    "chpasswd",
    "chage",
    "chfn",
    "chsh",
    "newusers",
)


def su(message: str, fields: dict[str, Any]) -> LogSource:
    """``(to root) bob on pts/0``, ``FAILED SU (to root) bob on pts/0``; before 2018 ``Successful su for root by bob``.

    The older form is followed by ``- pts/0 bob:root``, which says the same again and is no second attempt.
    """
    outcome = "failure" if message.startswith("FAILED ") else "success"
    rest = message.removeprefix("FAILED ").removeprefix("Successful ")
    if rest.startswith(("(to ", "SU (to ")):
        target, _, who = rest.partition("(to ")[2].partition(") ")
        user, _, tty = who.partition(" on ")
        fields["TTY"] = tty
    elif rest.startswith("su for "):
        target, _, user = rest[7:].partition(" by ")
    else:
        if message.startswith("pam_"):
            pam.tell(message, fields)
        return SU
    fields["user.name"], fields["user.effective.name"] = user, target
    happened(fields, "su", outcome)
    return SU


def tool(program: str) -> Tell:
    """The parser for one of TOOLS; the service of its lines is its name."""
    logsource = LogSource(product="linux", service=program)

    def tell(message: str, fields: dict[str, Any]) -> LogSource:
        if message.startswith("pam_"):
            pam.tell(message, fields)
        else:
            _change(message, fields)
        return logsource

    return tell


def _change(message: str, fields: dict[str, Any]) -> None:
    """One change of the user or group database."""
    if message.startswith("new user: "):
        _new(message[10:], "user", fields)
    elif message.startswith(("new group: ", "group added to ")):
        _new(message.partition(": ")[2], "group", fields)
    elif message.startswith("failed adding user "):
        fields["user.name"] = _in_quotes(message)
        happened(fields, "user_add", "failure", message.partition(", ")[2])
    elif message.startswith("changed password expiry for "):
        fields["user.name"] = message[28:].strip("'")
        happened(fields, "user_modify", "success")
    elif message.startswith(("user ", "members of group ")):
        _gpasswd(message, fields)
    else:
        _by_verb(message, fields)


def _new(text: str, kind: str, fields: dict[str, Any]) -> None:
    """``name=eve, UID=1001, GID=1001, home=/home/eve, shell=/bin/bash, from=/dev/pts/0``."""
    parts = dict(part.partition("=")[::2] for part in text.split(", ", 20))
    fields[f"{kind}.name"] = parts.get("name", "")
    for name, target in (("UID", "user.id"), ("GID", "group.id"), ("home", "user.home"), ("shell", "user.shell")):
        if name in parts:
            whole = number(parts[name])
            fields[target] = parts[name] if whole is None else whole
    happened(fields, f"{kind}_add", "success")


#: how a message starts -> action; the name stands in the first quotes
VERBS = {
    "delete user '": "user_delete",
    "lock user '": "user_lock",
    "unlock user '": "user_unlock",
    "change user '": "user_modify",
    "change user name '": "user_modify",
    "changed user '": "user_modify",
    "password for '": "user_password",
    "removed group '": "group_delete",
    "group '": "group_delete",
    "add '": "group_member_add",
    "delete '": "group_member_remove",
}


def _by_verb(message: str, fields: dict[str, Any]) -> None:
    """``add 'eve' to group 'sudo'``, ``delete user 'eve'``, ``change user 'eve' password``, …"""
    action = next((action for start, action in VERBS.items() if message.startswith(start)), "")
    if not action or " shadow group '" in message:  # the shadow file repeats what the group file got
        return
    if action == "group_delete":
        if "removed" in message:
            fields["group.name"] = _in_quotes(message)
            happened(fields, action, "success")
        return
    fields["user.name"] = _in_quotes(message)
    if action.startswith("group_member"):
        fields["group.name"] = _in_quotes(message.partition(" group ")[2])
    elif action == "user_modify":
        fields["user.change"] = message.partition("' ")[2]
        if fields["user.change"].startswith(("UID ", "shell ")):
            fields["user.change.to"] = message.rpartition(" to '")[2].removesuffix("'")
        action = "user_password" if fields["user.change"] == "password" else action
    if action == "user_password" and " changed by '" in message:
        fields["user.actor.name"] = _in_quotes(message.partition(" changed by ")[2])
    happened(fields, action, "success")


def _gpasswd(message: str, fields: dict[str, Any]) -> None:
    """``user eve added by root to group sudo``, ``user eve removed by root from group sudo``."""
    words = message.split(" ", 8)
    if len(words) == 8 and words[2] in ("added", "removed") and words[6] == "group":
        fields["user.name"], fields["user.actor.name"], fields["group.name"] = words[1], words[4], words[7]
        happened(fields, "group_member_add" if words[2] == "added" else "group_member_remove", "success")
    elif len(words) >= 7 and words[0] == "members":
        fields["group.name"], fields["user.actor.name"] = words[3], words[6]
        happened(fields, "group_member_set", "success")


def _in_quotes(text: str) -> str:
    """What stands in the first pair of single quotes."""
    return text.partition("'")[2].partition("'")[0]
