"""Which program's messages are understood by which module, and the log source of each program's lines."""

from typing import Any

from rules.event import LogSource
from rules.formats.programs import pam, sshd, sudo
from rules.formats.programs.program import Tell

AUTH = LogSource(product="linux", service="auth")
CRON = LogSource(product="linux", service="cron")
SYSLOG = LogSource(product="linux", service="syslog")

#: Sigma's `service: auth` means all that Debian writes into auth.log, `service: syslog` all that came by syslog:
#: a rule for the service on the left also takes events of the services on the right.
COVERS: dict[str, frozenset[str]] = {
    "auth": frozenset({"auth", "sshd", "sudo", "su"}),
    "syslog": frozenset({"syslog", "auth", "sshd", "sudo", "su", "cron", "vsftpd", "clamav", "guacamole"}),
}


def plain(logsource: LogSource) -> Tell:
    """For a program of which only PAM's lines are understood."""

    def tell(message: str, fields: dict[str, Any]) -> LogSource:
        if message.startswith("pam_"):
            pam.tell(message, fields)
        return logsource

    return tell


OTHER: Tell = plain(SYSLOG)

PROGRAMS: dict[str, Tell] = {
    "sshd": sshd.tell,
    "sshd-session": sshd.tell,  # OpenSSH 9.8 and later
    "sshd-auth": sshd.tell,  # OpenSSH 10
    "sudo": sudo.tell,
}
