"""cron: ``(root) CMD (run-parts /etc/cron.hourly)``, ``(bob) REPLACE (bob)`` (a crontab was changed), …"""

from typing import Any

from rules.event import LogSource
from rules.formats.programs import pam
from rules.formats.programs.program import happened

CRON = LogSource(product="linux", service="cron")

ACTIONS = {"CMD": "cron_run", "REPLACE": "cron_edit", "DELETE": "cron_edit"}


def tell(message: str, fields: dict[str, Any]) -> LogSource:
    """Add what cron's message tells."""
    if message[:1] == "(":
        user, _, rest = message[1:].partition(") ")
        verb, found, argument = rest.partition(" (")
        fields["user.name"] = user
        if verb == "CMD" and found:
            fields["process.command_line"] = argument.removesuffix(")").strip(" ")
        if verb in ACTIONS:
            happened(fields, ACTIONS[verb], "success")
    elif message.startswith("pam_"):
        pam.tell(message, fields)
    return CRON
