"""All formats by name, the strict ones first."""

from collections.abc import Iterable
from difflib import get_close_matches

from rules.formats.audit.auditd import Auditd
from rules.formats.cloud.directory import SHAPES
from rules.formats.container.containers import CriLines, DockerLines
from rules.formats.container.docker_events import DockerEvents
from rules.formats.container.kubernetes import KubernetesAudit
from rules.formats.database.database_files import Mysql, Postgresql, PostgresqlCsv, PostgresqlJson
from rules.formats.dns.named_file import Named
from rules.formats.format import Format
from rules.formats.ftp.ftp_files import Proftpd, Vsftpd, Xferlog
from rules.formats.loose.cef import Cef
from rules.formats.loose.json_lines import JsonLines
from rules.formats.loose.logfmt import Logfmt
from rules.formats.loose.w3c import W3c
from rules.formats.mail.mail_files import Dovecot, Exim
from rules.formats.network.eve import Eve
from rules.formats.network.fortigate import Fortigate
from rules.formats.network.zeek_json import ZeekJson
from rules.formats.network.zeek_tsv import ZeekTsv
from rules.formats.ours.handed_in import HandedIn
from rules.formats.syslog.journal import Journal
from rules.formats.syslog.syslog import IsoStamped, Rfc3164, Rfc5424, Syslog
from rules.formats.web.apache_error import ApacheError
from rules.formats.web.caddy import Caddy
from rules.formats.web.haproxy_file import Haproxy
from rules.formats.web.nginx_error import NginxError
from rules.formats.web.server_logs import ServerLogs
from rules.formats.web.squid import Squid
from rules.formats.web.traefik import Traefik
from rules.formats.web.webserver import Combined, Common
from rules.formats.windows.windows_dns import WindowsDns
from rules.formats.windows.windows_json import WindowsJson
from rules.formats.windows.windows_xml import WindowsXml

#: What a line may be that stands by itself, or in a container's frame; the strict ones first.
LINES: tuple[Format, ...] = (
    Auditd(),
    KubernetesAudit(),
    DockerEvents(),
    Eve(),
    WindowsXml(),
    WindowsJson(),
    ZeekJson(),
    PostgresqlJson(),
    Journal(),
    *SHAPES,
    ZeekTsv(),
    W3c(),
    Cef(),
    PostgresqlCsv(),
    Postgresql(),
    Mysql(),
    Squid(),
    Vsftpd(),
    WindowsDns(),
    Xferlog(),
    Named(),
    Proftpd(),
    Exim(),
    Dovecot(),
    Syslog(),
    NginxError(),
    ApacheError(),
    Caddy(),
    Haproxy(),
    Traefik(),
    Fortigate(),
    Combined(),
    Common(),
    JsonLines(),
    Logfmt(),
)

#: What is tried on a stream whose format is not named, the strict ones first.
FORMATS: tuple[Format, ...] = (DockerLines(LINES), CriLines(LINES), *LINES)

#: Only by name: each takes a part of what a format above takes, or reads what only the intake writes.
NAMED: tuple[Format, ...] = (
    Rfc3164(),
    Rfc5424(),
    IsoStamped(),
    HandedIn(),
    ServerLogs("nginx", (Combined(), Common(), NginxError())),
    ServerLogs("apache", (Combined(), Common(), ApacheError())),
)

#: Other words that people use.
ALIASES = {
    "rfc3164": "syslog-rfc3164",
    "rfc5424": "syslog-rfc5424",
    "auth": "syslog",
    "audit": "auditd",
    "eve": "suricata-eve",
    "suricata": "suricata-eve",
    "zeek-tsv": "zeek",
    "fortinet": "fortigate",
    "docker": "docker-json",
    "containerd": "cri",
    "kubernetes": "kubernetes-audit",
    "windows": "windows-json",
    "evtx-xml": "windows-xml",
    "elff": "w3c",
    "iis": "w3c",
    "bluecoat": "w3c",
    "cloudtrail": "aws-cloudtrail",
    "gcp": "gcp-audit",
    "github": "github-audit",
    "m365": "m365-audit",
    "jsonl": "json",
    "ndjson": "json",
    "json-lines": "json",
    "httpd": "apache",
    "clf": "common",
    "mariadb": "mysql",
    "postgres": "postgresql",
    "bind": "named",
}


class UnknownFormat(ValueError):
    """No format bears that name; ``nearest`` is the one that was perhaps meant, or ""."""

    def __init__(self, name: str, names: Iterable[str]) -> None:
        known = tuple(names)
        self.name = name
        self.nearest = next(iter(get_close_matches(name, (*known, *ALIASES), n=1)), "")
        meant = f'; did you mean "{self.nearest}"?' if self.nearest else ""
        super().__init__(f'unknown log format "{name}"{meant} (known: {", ".join(known)})')


def by_name(name: str, more: Iterable[Format] = ()) -> Format:
    """The format called *name*.

    Args:
        more: Formats that the configuration adds (expressions); they hide built-in ones of the same name.

    Raises:
        UnknownFormat: There is none; says the nearest.
    """
    known = {one.name: one for one in (*FORMATS, *NAMED, *more)}
    found = known.get(name) or known.get(ALIASES.get(name.lower(), ""))
    if found is None:
        raise UnknownFormat(name, sorted(known))
    return found


def names(more: Iterable[Format] = ()) -> tuple[str, ...]:
    """All names that a configuration may use, beside "auto"."""
    return tuple(sorted(one.name for one in (*FORMATS, *NAMED, *more)))
