"""Which program's messages are understood by which module, and the log source of each program's lines."""

from typing import Any

from rules.event import LogSource
from rules.formats.audit import single
from rules.formats.container import docker
from rules.formats.database import mysql, postgres
from rules.formats.dns import named
from rules.formats.ftp import proftpd, vsftpd
from rules.formats.host import accounts, cron, kernel, pam, pkexec, sshd, storage, sudo, systemd
from rules.formats.loose import cef
from rules.formats.mail import dovecot, exim, mail, postfix
from rules.formats.network import asa, fortigate, paloalto, pf, routers
from rules.formats.reading.program import Tell
from rules.formats.web import haproxy, webservers
from rules.formats.windows import sysmon


def plain(service: str) -> Tell:
    """For a program of which only PAM's lines are understood."""
    logsource = LogSource(product="linux", service=service)

    def tell(message: str, fields: dict[str, Any]) -> LogSource:
        if message.startswith("pam_"):
            pam.tell(message, fields)
        return logsource

    return tell


UNKNOWN = plain("syslog")


def other(message: str, fields: dict[str, Any]) -> LogSource:
    """For every program that is not in PROGRAMS; firewalls write no name of a program, or one for each message."""
    if fields.get("program", "").startswith("postfix"):  # postfix/smtpd, postfix-out/smtp, …
        return postfix.tell(message, fields)
    if marked := asa.mark_in(fields.get("program", ""), message):
        return asa.tell(marked, fields)
    if (
        "program" not in fields
        and (found := fortigate.put(message, fields) or paloalto.put(message, fields)) is not None
    ):
        return found
    if (event := cef.put_behind(fields.get("program", ""), message, fields)) is not None:
        return event
    if (routed := routers.put(message, fields)) is not None:
        return routed
    return UNKNOWN(message, fields)


OTHER: Tell = other

PROGRAMS: dict[str, Tell] = {
    "sshd": sshd.tell,
    "sshd-session": sshd.tell,  # OpenSSH 9.8 and later
    "sshd-auth": sshd.tell,  # OpenSSH 10
    "sudo": sudo.tell,
    "su": accounts.su,
    "doas": pkexec.doas,
    "pkexec": pkexec.pkexec,
    "kernel": routers.junos("bgp", single.or_kernel(kernel.tell)),
    "rpd": routers.junos("bgp", UNKNOWN),
    "tac_plus": routers.accounting,
    **dict.fromkeys(("audit", "auditd", "audispd", "audisp-syslog"), single.tell),
    "systemd": systemd.tell,
    "systemd-oomd": systemd.oomd,
    "smartd": storage.smartd,
    "mdadm": storage.mdadm,
    "zed": storage.zed,
    "filterlog": pf.filterlog,
    **dict.fromkeys(("pf", "pflogd", "pflog"), pf.printed),
    **dict.fromkeys(("dockerd", "containerd"), docker.tell),
    "nginx": webservers.nginx,
    "caddy": webservers.caddy,
    "traefik": webservers.traefik,
    "haproxy": haproxy.tell,
    **dict.fromkeys(("apache2", "httpd"), webservers.apache),
    "dovecot": dovecot.tell,
    **dict.fromkeys(dovecot.PROCESSES, dovecot.login_process),
    **dict.fromkeys(("exim", "exim4"), exim.tell),
    **dict.fromkeys(("amavis", "amavisd"), mail.amavis),
    "sysmon": sysmon.tell,
    "proftpd": proftpd.tell,
    "vsftpd": vsftpd.tell,
    **dict.fromkeys(("mysqld", "mysqld_safe", "mysql", "mariadbd", "mariadbd-safe", "mariadb"), mysql.tell),
    **dict.fromkeys(("postgres", "postgresql"), postgres.tell),
    "named": named.tell,
    **{name: accounts.tool(name) for name in accounts.TOOLS},
    **dict.fromkeys(("cron", "CRON", "crond", "CROND", "crontab", "anacron", "atd"), cron.tell),
    **{name: plain(name) for name in ("login", "polkitd", "systemd-logind")},
    # Sigma's names of these logs are not those of the programs.
    **{name: plain("clamav") for name in ("freshclam", "clamav")},
    "clamd": mail.clamav,
    **{name: plain("guacamole") for name in ("guacd", "guacamole")},
}
