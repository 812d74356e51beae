"""sudo: who ran, or was not let run, what as whom.

``bob : command not allowed ; TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/usr/bin/id``: the parts stand in this
order, and COMMAND holds whatever was typed, so the first `` ; COMMAND=`` ends what sudo says.

With ``log_format=json`` it is ``@cee:{"sudo":{"accept":{"submituser":"bob","runuser":"root","command":…}}}``, or
``reject`` or ``alert`` with a ``reason``, which has the same words (sudoers(5), "JSON log entries").
"""

from typing import Any

from rules.event import LogSource
from rules.formats.host import pam
from rules.formats.reading.addresses import number
from rules.formats.reading.json_object import decode
from rules.formats.reading.program import happened

SUDO = LogSource(product="linux", service="sudo")

#: what sudo says between the user and the first part -> event.reason
REFUSALS = {
    "command not allowed": "command_not_allowed",
    "user NOT in sudoers": "not_in_sudoers",
    "user NOT authorized on host": "not_in_sudoers",
    "a password is required": "password_required",
    "no tty present and no askpass program specified": "password_required",
    "sorry, you must have a tty to run sudo": "tty_required",
    "not allowed to preserve the environment": "command_not_allowed",
}
#: Sudo's parts that Sigma rules know by sudo's own names.
NATIVE = {"TTY", "PWD", "USER", "GROUP", "ENV", "TSID", "HOST", "CHROOT"}


def tell(message: str, fields: dict[str, Any]) -> LogSource:
    """Add what sudo's message tells."""
    message = message.lstrip(" ")
    if message.startswith("pam_"):
        pam.tell(message, fields)
        return SUDO
    if message.startswith("@cee:"):
        _record(decode(message[5:]) or {}, fields)
        return SUDO
    user, found, rest = message.partition(" : ")
    if not found or not user or " " in user:
        return SUDO
    fields["user.name"] = user
    if rest.startswith("(command continued) "):
        fields["process.command_line"] = rest[20:]
        return SUDO
    head, typed, command = f" ; {rest}".partition(" ; COMMAND=")
    if typed:
        fields["COMMAND"] = fields["process.command_line"] = command
    remarks = _parts(head, fields)
    if "USER" in fields:
        fields["user.effective.name"] = fields["USER"]
    _judge(remarks, bool(typed), fields)
    return SUDO


#: sudo's names in JSON -> those of its lines
IN_JSON = {"ttyname": "TTY", "submitcwd": "PWD", "runuser": "USER", "rungroup": "GROUP", "submithost": "HOST"}


def _record(record: dict[str, Any], fields: dict[str, Any]) -> None:
    """``{"sudo":{"reject":{"reason":"command not allowed", …}}}``; of ``exit`` nothing is told that was not before."""
    told = record.get("sudo")
    kind, said = next(iter(told.items()), ("", None)) if isinstance(told, dict) else ("", None)
    if kind not in ("accept", "reject", "alert") or not isinstance(said, dict):
        return
    texts = {name: value for name, value in said.items() if isinstance(value, str)}
    if "submituser" in texts:
        fields["user.name"] = texts["submituser"]
    fields |= {name: texts[key].removeprefix("/dev/") for key, name in IN_JSON.items() if key in texts}
    if "USER" in fields:
        fields["user.effective.name"] = fields["USER"]
    if command := texts.get("command", ""):
        typed = said.get("runargv")
        arguments = [one for one in typed[1:] if isinstance(one, str)] if isinstance(typed, list) else []
        fields["COMMAND"] = fields["process.command_line"] = " ".join((command, *arguments))
    remark = texts.get("reason", "" if kind == "accept" else kind)
    _judge([remark] if remark else [], bool(command), fields)


def _parts(head: str, fields: dict[str, Any]) -> list[str]:
    """Put the parts ``NAME=value`` into *fields*; return those that are remarks.

    Remarks stand before the first of these parts: what follows them belongs to a value (a folder may be called
    ``a ; command not allowed``).
    """
    remarks, last = [], ""
    for part in head.split(" ; "):
        name, equals, value = part.partition("=")
        if equals and name in NATIVE:
            fields[name], last = value, name
        elif last:
            fields[last] += f" ; {part}"
        elif part:
            remarks.append(part)
    return remarks


def _judge(remarks: list[str], typed: bool, fields: dict[str, Any]) -> None:
    """Without a remark the command ran; one that is not known is a failure, and sudo's words are the reason."""
    remark = remarks[0] if remarks else ""
    if not remark:
        happened(fields, "sudo", "success" if typed else "unknown")
    elif " incorrect password attempt" in remark:
        happened(fields, "sudo", "failure", "incorrect_password")
        if (attempts := number(remark.partition(" ")[0])) is not None:
            fields["sudo.attempts"] = attempts
    else:
        happened(fields, "sudo", "failure", REFUSALS.get(remark, remark))
