"""Which program's messages are understood by which module, and the log source of each program's lines."""

from typing import Any

from rules.event import LogSource
from rules.formats.programs import accounts, cron, firewall, pam, sshd, sudo
from rules.formats.programs.program import Tell


def plain(service: str) -> Tell:
    """For a program of which only PAM's lines are understood."""
    logsource = LogSource(product="linux", service=service)

    def tell(message: str, fields: dict[str, Any]) -> LogSource:
        if message.startswith("pam_"):
            pam.tell(message, fields)
        return logsource

    return tell


#: For every program that is not in PROGRAMS.
OTHER: Tell = plain("syslog")

PROGRAMS: dict[str, Tell] = {
    "sshd": sshd.tell,
    "sshd-session": sshd.tell,  # OpenSSH 9.8 and later
    "sshd-auth": sshd.tell,  # OpenSSH 10
    "sudo": sudo.tell,
    "su": accounts.su,
    "kernel": firewall.tell,
    **{name: accounts.tool(name) for name in accounts.TOOLS},
    **dict.fromkeys(("cron", "CRON", "crond", "crontab", "anacron"), cron.tell),
    **{name: plain(name) for name in ("login", "pkexec", "polkitd", "systemd-logind", "vsftpd")},
    # Sigma's names of these logs are not those of the programs.
    **{name: plain("clamav") for name in ("clamd", "freshclam", "clamav")},
    **{name: plain("guacamole") for name in ("guacd", "guacamole")},
}
