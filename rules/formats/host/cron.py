"""cron and at: ``(root) CMD (run-parts /etc/cron.hourly)``, ``(bob) REPLACE (bob)`` (a crontab was changed), …

Of Vixie's cron (Debian), cronie (Red Hat) and anacron; ``log_it`` in https://github.com/cronie-crond/cronie.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.host import pam
from rules.formats.reading.program import happened

CRON = LogSource(product="linux", service="cron")

ACTIONS = {
    "CMD": "cron_run",
    "REPLACE": "cron_edit",
    "DELETE": "cron_edit",
    "RELOAD": "cron_reload",
    "WRONG FILE OWNER": "cron_refused",
    "BAD FILE MODE": "cron_refused",
    "WRONG INODE INFO": "cron_refused",
    "BAD LINK COUNT": "cron_refused",
    "NOT A REGULAR FILE": "cron_refused",
    "AUTH": "cron_denied",
}
FAILURES = frozenset({"cron_refused", "cron_denied"})


def tell(message: str, fields: dict[str, Any]) -> LogSource:
    """Add what cron's message tells."""
    if message[:1] == "(":
        user, _, rest = message[1:].partition(") ")
        verb, found, argument = rest.partition(" (")
        if user != "CRON" and user[:1] != "*":  # cron itself, and tables of the system
            fields["user.name"] = user
        if found:
            _entry(verb, argument.removesuffix(")").strip(" "), fields)
    elif message.startswith("Starting job "):
        _job(message[13:], fields)
    elif message.startswith("pam_"):
        pam.tell(message, fields)
    return CRON


def _entry(verb: str, argument: str, fields: dict[str, Any]) -> None:
    """What was done with what: a command, the name of a crontab's owner, a file."""
    action = ACTIONS.get(verb, "")
    if not action:
        return
    if action == "cron_run":
        fields["process.command_line"] = argument
    elif action in ("cron_reload", "cron_refused"):
        fields["cron.file"] = argument
    elif action == "cron_edit" and argument != (user := fields.get("user.name", "")):  # "(root) REPLACE (bob)"
        fields["user.actor.name"], fields["user.name"] = user, argument
    if action == "cron_edit":
        fields["cron.change"] = verb.lower()
    happened(fields, action, "failure" if action in FAILURES else "success")


def _job(text: str, fields: dict[str, Any]) -> None:
    """atd: ``5 (a0000501) for user 'bob' (1000)``."""
    fields["user.name"] = text.partition(" for user '")[2].partition("'")[0]
    happened(fields, "at_run", "success")
