"""pkexec and doas, which run a command as somebody else, as sudo does.

``bob: Executing command [USER=root] [TTY=/dev/pts/0] [CWD=/home/bob] [COMMAND=/usr/bin/id]`` (polkit's pkexec.c) and
``bob ran command id as root from /home/bob`` (doas.c). A user's name holds no blank and no colon.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.host import pam
from rules.formats.reading.program import happened

PKEXEC = LogSource(product="linux", service="pkexec")
DOAS = LogSource(product="linux", service="doas")

#: what pkexec says -> outcome, reason
VERDICTS = {
    "Executing command": ("success", ""),
    "Error executing command as another user: Not authorized": ("failure", "not_authorized"),
    "Error executing command as another user: Request dismissed": ("failure", "dismissed"),
    "The value for the SHELL variable was not found the /etc/shells file": ("failure", "forged_environment"),
    "The value for environment variable": ("failure", "forged_environment"),
}


def pkexec(message: str, fields: dict[str, Any]) -> LogSource:
    """Add what pkexec's message tells."""
    user, found, rest = message.partition(": ")
    if message.startswith("pam_"):
        pam.tell(message, fields)
    elif found and user and " " not in user:
        for start, (outcome, reason) in VERDICTS.items():
            if rest.startswith(start):
                fields["user.name"] = user
                fields["user.effective.name"] = rest.partition(" [USER=")[2].partition("]")[0]
                fields["process.command_line"] = rest.partition(" [COMMAND=")[2].removesuffix("]")
                happened(fields, "pkexec", outcome, reason)
                break
    return PKEXEC


def doas(message: str, fields: dict[str, Any]) -> LogSource:
    """``bob ran command id as root from /``, ``failed auth for bob``, ``command not permitted for bob: id``."""
    user, found, rest = message.partition(" ran command ")
    if found and " " not in user:
        command, _, target = rest.rpartition(" from ")[0].rpartition(" as ")
        fields["user.name"], fields["user.effective.name"] = user, target
        fields["process.command_line"] = command
        happened(fields, "doas", "success")
    elif message.startswith("failed auth for "):
        fields["user.name"] = message[16:]
        happened(fields, "doas", "failure", "incorrect_password")
    elif message.startswith("command not permitted for "):
        fields["user.name"], _, fields["process.command_line"] = message[26:].partition(": ")
        happened(fields, "doas", "failure", "command_not_allowed")
    return DOAS
