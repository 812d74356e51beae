"""What hosts and their services write: syslog's programs, Linux's audit log, servers, containers; what is handed in.

Names of the first kind are our parsers' own (docs/reference/events.md), so nothing else can stand in such events; those
of auditd are in audit-documentation's field dictionary, those of Sysmon for Linux in ``windows``.
"""

from typing import Final

from rules.formats.host.accounts import TOOLS
from rules.formats.taxonomy import known_names
from rules.vocabulary.family import Family, family, words

#: What an event of any format may bear.
EVERYWHERE: Final = words(
    """message source.ip source.port source.domain destination.ip destination.port destination.domain user.name
    user.effective.name user.actor.name host.name program pid event.action event.outcome event.reason event.during
    process.name process.command_line service.name syslog.facility syslog.severity syslog.msgid systemd.unit
    container.stream @timestamp"""
)
#: What a name may begin with, of which the log itself says how it goes on.
OPEN: Final = ("syslog.sd.", "container.", "docker.", "labels.", "annotations.")

PAM: Final = "pam.module pam.service pam.failures"
ACCOUNT: Final = f"{PAM} user.id user.home user.shell user.change user.change.to group.name group.id"
WEB: Final = """c-ip cs-method cs-version cs-uri cs-uri-stem cs-uri-query url.decoded sc-status sc-bytes cs-referer
    cs-user-agent cs-username cs-host http.duration_seconds http.more http.forwarded_for http.proxy http.route
    upstream.address haproxy.captured haproxy.frontend haproxy.state service.type log.level"""
#: What a web server that writes names and values calls them, beside which stand ours.
WEB_NATIVE: Final = f"""{" ".join((*known_names.WEB_NAMES, *known_names.ENDPOINTS, *known_names.FORWARDED))}
    request_time ClientAddr ClientPort ClientUsername DownstreamContentSize Duration OriginStatus RequestAddr
    RequestCount RequestPort RequestProtocol RequestScheme RouterName ServiceAddr ServiceName ServiceURL StartUTC
    entryPointName request.proto request.headers resp_headers bytes_read duration size level logger
    msg request user_id"""
PACKETS: Final = """src_ip src_port dst_ip dst_port protocol action firewall.prefix firewall.rule firewall.in
    firewall.out firewall.bytes firewall.flags firewall.application"""
DNS: Final = """query record_type answer dns.response_code dns.question.registered_domain"""
ASKED: Final = f"{DNS} dns.class dns.flags dns.channel"


def _linux(*services: str, category: str | None = None) -> list[tuple[str | None, str, str]]:
    return [(category, "linux", service) for service in services]


AUDITED: Final = """type SYSCALL Image CurrentDirectory CommandLine ProcessId ParentProcessId User LogonId
    TargetFilename SourceFilename DestinationIp DestinationPort SourceIp SourcePort Initiated
    a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 acct acl addr apparmor arch ARCH argc audit_backlog_limit audit_backlog_wait_time
    audit_enabled audit_failure auid AUID banners bool bus cap_fe cap_fi cap_fp cap_fver cap_pa cap_pe cap_pi cap_pp
    capability cgroup cipher class cmd code comm compat cwd daddr data default-context denied_mask dev device dir
    direction dmac dport egid EGID enabled enforcing entries errno euid EUID exe exit fam family fd file flags fe fi
    feature format fp fs frootid fsgid FSGID fsuid FSUID fver gid GID grantors grp hook hostname icmp_type id igid
    img-ctx inif ino inode inode_gid inode_uid invalid_context ioctlcmd ip ipid ipx-net item items iuid kernel key kind
    ksize laddr len lport list lsm mac macproto maj major minor mode model msg name nametype nargs net new new-chardev
    new-disk new_fs new_gid new_level new_lock new_net new_pe new_pi new_pp new_pa new-rng new-role new-seuser
    new-vcpu nlnk-fam nlnk-grp nlnk-pid oauid obj obj_gid obj_uid obj_role obj_type obj_user ocomm oflag ogid OGID old
    old-auid old-chardev old-disk old-enabled old_enforcing old_lock old-level old_pa old_pe old_pi old_pp old_prom
    old-range old-rng old-role old-ses old-seuser old_val op operation opid oses ouid OUID outif pa parent path pe per
    perm permissive perm_mask pfs pi pp ppid printer proctitle prog-id profile prom proto qbytes range rdev reason
    removed requested_mask res resp resrc result role rport saddr SADDR sauid scontext selected-context seperm seperms
    seqno seresult ses seuser sgid SGID sig sigev_signo smac spid sport state subj subj_clr subj_role subj_sen
    subj_type subj_user success suid SUID syscall table tclass tcontext terminal tty uid UID unit uri uuid val ver virt
    vm vm-ctx vm-pid watch"""

FAMILIES: Final[tuple[Family, ...]] = (
    family(_linux("sshd"), f"{PAM} ssh.method ssh.key", is_whole=True),
    family(
        _linux("sudo"), f"{PAM} TTY PWD USER GROUP ENV TSID HOST CHROOT COMMAND sudo.attempts", is_whole=True
    ),
    family(_linux("su"), f"{PAM} TTY", is_whole=True),
    family(_linux("doas", "pkexec", "login", "polkitd", "systemd-logind", "guacamole"), PAM, is_whole=True),
    family(_linux(*TOOLS), ACCOUNT, is_whole=True),
    family(_linux("cron"), f"{PAM} cron.file cron.change", is_whole=True),
    family(
        _linux("syslog"),
        f"""{ACCOUNT} process.pid process.executable systemd.scope systemd.path systemd.restarts kernel.module
        network.interface disk.device disk.array""",
        is_whole=True,
    ),
    family(
        [(None, "linux", "clamav"), ("antivirus", "linux", "clamav")], f"{PAM} Signature Filename file.path",
        is_whole=True,
    ),
    family(
        _linux("postfix", "dovecot", "exim", "amavis", category="mail"),
        f"""{PAM} mail.queue_id mail.auth mail.from mail.to mail.original_to mail.helo mail.relay mail.answer
        mail.recipients mail.attempts mail.service""",
        is_whole=True,
    ),
    family(_linux("proftpd", "vsftpd", "xferlog", category="ftp"), f"{PAM} file.path file.size", is_whole=True),
    family(
        _linux("mysql", "postgresql", category="database"),
        "db.name db.application service.type db.statement db.state db.severity db.thread",
        is_whole=True,
    ),
    family(_linux("named", category="dns"), ASKED, is_whole=True),
    family(
        [
            (None, "linux", "auditd"),
            *_linux("auditd", category="process_creation"),
            *_linux("auditd", category="file_event"),
            *_linux("auditd", category="file_delete"),
            *_linux("auditd", category="network_connection"),
        ],
        AUDITED,
    ),
    family(_linux("netfilter", category="firewall"), PACKETS, is_whole=True),
    family([("firewall", "pf", "filterlog")], PACKETS, is_whole=True),
    family(
        [("firewall", "cisco", "asa"), (None, "cisco", "asa")], f"{PACKETS} cisco.message cisco.severity",
        is_whole=True,
    ),
    family(
        [(None, "cisco", "aaa"), (None, "cisco", "bgp"), (None, "cisco", "ldp"), (None, "cisco", "syslog")],
        "",
        is_whole=True,
    ),
    family([(None, "huawei", "bgp"), (None, "juniper", "bgp")], "", is_whole=True, services=True),
    family(
        [("firewall", "paloalto", "traffic"), ("appliance", "paloalto", "globalprotect"), (None, "paloalto", "system")],
        PACKETS,
        services=True,
    ),
    family(
        [("firewall", "fortigate", "traffic"), (None, "fortigate", "event"), (None, "fortigate", "utm")],
        f"""{PACKETS} date time tz devname devid vd logid type subtype level eventtime logdesc msg user ui cfgpath
        cfgobj cfgattr cfgtid srcip srcport srcintf srcintfrole dstip dstport dstintf dstintfrole policyid policytype
        policyname poluuid sessionid proto service trandisp duration sentbyte rcvdbyte sentpkt rcvdpkt app appcat
        apprisk remip group tunneltype tunnelid reason status method srcname dsthost hostname url catdesc attack
        attackid severity crscore crlevel virus filename""",
        services=True,
    ),
    family(
        [("webserver", None, None)],
        f"{WEB} {WEB_NATIVE} s-ip s-port sc-substatus sc-win32-status date time time-taken",
    ),
    family(
        [
            ("webserver_error", "nginx", "nginx"),
            ("webserver_error", "apache", "apache"),
            ("webserver_error", "haproxy", "haproxy"),
            ("webserver_error", "modsecurity", "nginx"),
            ("webserver_error", "modsecurity", "apache"),
            (None, "haproxy", "tcp"),
        ],
        f"{WEB} http.server apache.code apache.module waf.rule waf.severity",
        is_whole=True,
    ),
    family([("webserver_error", "caddy", "caddy"), ("webserver_error", "traefik", "traefik")], f"{WEB} {WEB_NATIVE}"),
    family(
        [("proxy", None, None)],
        f"""{WEB} {WEB_NATIVE} c-uri c-uri-stem c-uri-query c-uri-extension c-useragent cs-uri-extension cs-bytes
        time-taken sc-content-type r-ip dst_ip proxy.action cs-cookie s-action s-ip x-virus-id""",
    ),
    family([(None, "docker", "daemon"), (None, "docker", "events")], "process.exit_code Type Action"),
    family([("application", "docker", "container")], "log"),
    family(
        [(None, "tocsin", "alert")],
        "alert.name alert.status alert.severity alert.key alert.sender",
        is_whole=True,
    ),
    family(
        [(None, "tocsin", "feedback")],
        "feedback.reference feedback.category feedback.component feedback.topic",
        is_whole=True,
    ),
    family(
        [(None, "tocsin", "self")],
        "tocsin.condition tocsin.status tocsin.key tocsin.source tocsin.since",
        is_whole=True,
    ),
)  # fmt: skip
