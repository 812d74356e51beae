"""Days on which a machine is looked after, or looks after itself, and says much: restarts, updates, ageing disks."""

# ruff: noqa: E501 (lines of logs stand as they are written)

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from support.traffic.lines import Line, auth, every, syslog

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def kernel(at: datetime, since_start: float, text: str) -> Line:
    """A line of the kernel's, so many seconds after it started."""
    return syslog(at, "syslog", "kernel", f"[{since_start:12.6f}] {text}")


def systemd(at: datetime, text: str) -> Line:
    """A line of the first process."""
    return syslog(at, "syslog", "systemd[1]", text)


def upgrade_with_restarts(at: datetime) -> Iterator[Line]:
    """unattended-upgrades brings a new C library, and needrestart restarts everything that uses it."""
    yield syslog(
        at, "syslog", "systemd[1]", "Starting apt-daily-upgrade.service - Daily apt upgrade and clean activities..."
    )
    yield auth(at, "groupadd[812]", "group added to /etc/group: name=_chrony, GID=117")
    yield auth(at, "groupadd[812]", "new group: name=_chrony, GID=117")
    yield auth(
        at,
        "useradd[813]",
        "new user: name=_chrony, UID=112, GID=117, home=/var/lib/chrony, shell=/usr/sbin/nologin, from=none",
    )
    yield auth(at, "usermod[814]", "change user '_chrony' password")
    yield auth(at, "chage[815]", "changed password expiry for _chrony")
    yield auth(at, "chfn[816]", "changed user '_chrony' information")
    yield systemd(
        at + 9 * SECOND, "Reexecuting requested from client PID 900 ('systemctl') (unit apt-daily-upgrade.service)..."
    )
    yield systemd(at + 9 * SECOND, "systemd 252.38-1~deb12u1 running in system mode (+PAM +AUDIT +SELINUX)")
    for number, unit in enumerate(
        ("dovecot", "mariadb", "nginx", "php8.2-fpm", "postfix@-", "postgresql@15-main", "ssh", "shop")
    ):
        moment = at + (10 + 2 * number) * SECOND
        yield systemd(moment, f"Stopping {unit}.service - The {unit}...")
        if unit in ("shop", "dovecot", "php8.2-fpm"):  # these end with a code that systemd does not know
            yield systemd(moment + SECOND, f"{unit}.service: Main process exited, code=exited, status=143/n/a")
            yield systemd(moment + SECOND, f"{unit}.service: Failed with result 'exit-code'.")
        else:
            yield systemd(moment + SECOND, f"{unit}.service: Deactivated successfully.")
        yield systemd(moment + SECOND, f"Stopped {unit}.service - The {unit}.")
        yield systemd(moment + 2 * SECOND, f"Started {unit}.service - The {unit}.")
    yield auth(at + 22 * SECOND, "sshd[700]", "Received signal 15; terminating.")
    yield auth(at + 23 * SECOND, "sshd[999]", "Server listening on 0.0.0.0 port 22.")
    yield syslog(
        at + 10 * SECOND, "mail", "dovecot", "master: Warning: Killed with signal 15 (by pid=1 uid=0 code=kill)"
    )
    yield syslog(at + 18 * SECOND, "mail", "postfix/postfix-script[910]", "stopping the Postfix mail system")
    yield syslog(at + 18 * SECOND, "mail", "postfix/master[600]", "terminating on signal 15")
    yield Line(
        at + 20 * SECOND, "postgresql", f"{at:%Y-%m-%d %H:%M:%S}.001 UTC [600] LOG:  received fast shutdown request"
    )
    for pid in (611, 612, 613):
        yield Line(
            at + 20 * SECOND,
            "postgresql",
            f"{at:%Y-%m-%d %H:%M:%S}.100 UTC [{pid}] shop@shop FATAL:  terminating connection due to administrator command",
        )
    for pid in range(620, 626):
        yield Line(
            at + 21 * SECOND,
            "postgresql",
            f"{at:%Y-%m-%d %H:%M:%S}.300 UTC [{pid}] shop@shop FATAL:  the database system is starting up",
        )
    yield Line(
        at + 22 * SECOND,
        "postgresql",
        f"{at:%Y-%m-%d %H:%M:%S}.800 UTC [630] LOG:  database system is ready to accept connections",
    )


def reboot(at: datetime) -> Iterator[Line]:
    """A new kernel is started: what a machine says while it stops, and while it comes up."""
    yield auth(at, "systemd-logind[500]", "System is rebooting.")
    yield systemd(at, "shop.service: Main process exited, code=exited, status=143/n/a")
    yield systemd(at, "shop.service: Failed with result 'exit-code'.")
    yield systemd(at + SECOND, "user@1000.service: Killing process 2211 (python3) with signal SIGKILL.")
    yield systemd(at + SECOND, "session-3.scope: Stopping timed out. Killing.")
    yield systemd(at + SECOND, "session-3.scope: Failed with result 'timeout'.")
    boot = at + 40 * SECOND
    for number, text in enumerate(
        (
            "Linux version 6.1.0-28-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0)",
            "ACPI BIOS Error (bug): Could not resolve symbol [\\_SB.PCI0], AE_NOT_FOUND (20220331/psargs-330)",
            "ACPI Error: Aborting method \\_GPE._E01 due to previous error (AE_NOT_FOUND) (20220331/psparse-529)",
            "mce: [Hardware Error]: Machine check events logged",
            "RAS: Correctable Errors collector initialized.",
            "EDAC MC: Ver: 3.0.0",
            "MDS CPU bug present and SMT on, data leak possible.",
            "device-mapper: core: CONFIG_IMA_DISABLE_HTABLE is disabled. Duplicate IMA measurements will not be recorded",
            "EXT4-fs (sda1): orphan cleanup on readonly fs",
            "EXT4-fs (sda1): recovery complete",
            "EXT4-fs (sda1): mounted filesystem with ordered data mode. Quota mode: none.",
            "EXT4-fs (sda1): re-mounted. Quota mode: none.",
            "zfs: module license 'CDDL' taints kernel.",
            "Disabling lock debugging due to kernel taint",
            "zfs: module verification failed: signature and/or required key missing - tainting kernel",
            "br-3f2a: port 1(veth12ab) entered blocking state",
            "device veth12ab entered promiscuous mode",
            'audit: type=1400 audit(1772420000.100:11): apparmor="STATUS" operation="profile_load" profile="unconfined" name="man_filter" pid=480 comm="apparmor_parser"',
            "usb 1-1: device descriptor read/64, error -71",
            "ata5: SATA link down (SStatus 4 SControl 300)",
            "nvme nvme0: missing or invalid SUBNQN field.",
            "watchdog: watchdog0: watchdog did not stop!",
            "clocksource: timekeeping watchdog on CPU1: Marking clocksource 'tsc' as unstable because the skew is too large:",
        )
    ):
        yield kernel(boot + number * SECOND / 9, number / 9, text)
    yield systemd(boot + 4 * SECOND, "Failed to start kdump-tools.service - Kernel crash dump capture service.")
    yield systemd(boot + 4 * SECOND, "kdump-tools.service: Failed with result 'exit-code'.")
    yield Line(
        boot + 6 * SECOND,
        "mysql",
        f"{boot:%Y-%m-%d}  {boot.hour}:{boot:%M:%S} 0 [Note] InnoDB: Starting crash recovery from checkpoint LSN=45502",
    )
    yield syslog(boot + 7 * SECOND, "syslog", "systemd-fsck[300]", "/dev/sda2: recovering journal")
    yield auth(boot + 8 * SECOND, "sshd[640]", "Server listening on 0.0.0.0 port 22.")


def logrotate(at: datetime) -> Iterator[Line]:
    """At midnight all logs are put aside, and everything opens its own anew."""
    yield systemd(at, "Starting logrotate.service - Rotate log files...")
    yield syslog(
        at, "syslog", "rsyslogd", '[origin software="rsyslogd" swVersion="8.2302.0" x-pid="503"] rsyslogd was HUPed'
    )
    yield Line(at, "error", f"{at:%Y/%m/%d %H:%M:%S} [notice] 812#812: signal process started")
    yield Line(at, "error", f"{at:%Y/%m/%d %H:%M:%S} [notice] 812#812: reopening logs")
    yield Line(
        at,
        "mysql",
        f"{at:%Y-%m-%d}  {at.hour}:{at:%M:%S} 0 [Note] /usr/sbin/mariadbd (initiated by: root[root] @ localhost []): "
        "refresh",
    )
    yield systemd(at + SECOND, "logrotate.service: Deactivated successfully.")
    yield systemd(at + SECOND, "Finished logrotate.service - Rotate log files.")


def memory_of_a_build(at: datetime) -> Iterator[Line]:
    """A build in a container takes more memory than it was given, is ended, and tried again with more."""
    for number, moment in enumerate(every(at, 20 * MINUTE, 4)):
        task = f"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=docker-4f1b.scope,mems_allowed=0,oom_memcg=/system.slice/docker-4f1b.scope,task_memcg=/system.slice/docker-4f1b.scope,task=node,pid={8000 + number},uid=1000"
        killed = (
            f"Memory cgroup out of memory: Killed process {8000 + number} (node) total-vm:2123456kB, "
            "anon-rss:1023456kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:7000kB oom_score_adj:0"
        )
        yield kernel(
            moment, 900_000 + number, "node invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
        )
        yield kernel(moment, 900_000 + number, task)
        yield kernel(moment, 900_000 + number, killed)


def disk_that_ages(at: datetime) -> Iterator[Line]:
    """smartd tells of temperatures and of counters that creep, all day."""
    for number, moment in enumerate(every(at, 30 * MINUTE, 40)):
        yield syslog(
            moment,
            "syslog",
            "smartd[600]",
            f"Device: /dev/sda [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from {60 + number % 3} to {61 + number % 3}",
        )
        yield syslog(
            moment,
            "syslog",
            "smartd[600]",
            f"Device: /dev/sda [SAT], SMART Prefailure Attribute: 1 Raw_Read_Error_Rate changed from {75 + number % 2} to {76 - number % 2}",
        )
    yield syslog(
        at + MINUTE, "syslog", "smartd[600]", "Device: /dev/sda [SAT], is back in ACTIVE or IDLE mode, resuming checks"
    )


def sectors_pending(at: datetime) -> Iterator[Line]:
    """smartd says every half hour that a disk cannot read some of its sectors."""
    for moment in every(at, 30 * MINUTE, 40):
        yield syslog(
            moment, "syslog", "smartd[600]", "Device: /dev/sdb [SAT], 8 Currently unreadable (pending) sectors"
        )


def clock_and_stick(at: datetime) -> Iterator[Line]:
    """The clock is put right, and somebody plugs in a stick and pulls it out again."""
    yield syslog(at, "syslog", "chronyd[601]", "System clock wrong by 1.413962 seconds")
    yield syslog(at, "syslog", "chronyd[601]", "System clock was stepped by 1.413962 seconds")
    yield syslog(
        at,
        "syslog",
        "systemd-timesyncd[602]",
        "Timed out waiting for reply from 192.0.2.123:123 (0.debian.pool.ntp.org).",
    )
    yield syslog(at, "syslog", "ntpd[603]", "kernel reports TIME_ERROR: 0x41: Clock Unsynchronized")
    yield syslog(at, "syslog", "systemd[1]", "systemd-timesyncd.service: Consumed 1.2s CPU time.")
    stick = at + MINUTE
    for number, text in enumerate(
        (
            "usb 2-1: new high-speed USB device number 5 using xhci_hcd",
            "usb-storage 2-1:1.0: USB Mass Storage device detected",
            "sd 6:0:0:0: [sdc] Attached SCSI removable disk",
            "sd 6:0:0:0: [sdc] No Caching mode page found",
            "sd 6:0:0:0: [sdc] Assuming drive cache: write through",
            "FAT-fs (sdc1): Volume was not properly unmounted. Some data may be corrupt. Please run fsck.",
            "usb 2-1: USB disconnect, device number 5",
            "blk_update_request: I/O error, dev sdc, sector 0 op 0x1:(WRITE) flags 0x800 phys_seg 0 prio class 0",
            "Buffer I/O error on dev sdc1, logical block 0, lost async page write",
        )
    ):
        yield kernel(stick + number * SECOND, 5000 + number, text)


def paused_machine(at: datetime) -> Iterator[Line]:
    """The host of this virtual machine holds it for a minute to take a snapshot."""
    for number in range(4):
        yield kernel(
            at, 7000 + number, f"watchdog: BUG: soft lockup - CPU#{number} stuck for 52s! [swapper/{number}:0]"
        )
    yield kernel(at + SECOND, 7001, "rcu: INFO: rcu_preempt self-detected stall on CPU")
    yield kernel(at + SECOND, 7001.5, "clocksource: timekeeping watchdog on CPU0: hpet wd-wd read-back delay of 60us")
    yield syslog(at + 2 * SECOND, "syslog", "systemd[1]", "systemd-journald.service: Watchdog timeout (limit 3min)!")
    yield syslog(
        at + 2 * SECOND,
        "syslog",
        "systemd[1]",
        "systemd-journald.service: Main process exited, code=killed, status=6/ABRT",
    )
    yield syslog(at + 2 * SECOND, "syslog", "systemd[1]", "systemd-journald.service: Failed with result 'watchdog'.")
    yield syslog(
        at + 3 * SECOND,
        "syslog",
        "systemd[1]",
        "systemd-journald.service: Scheduled restart job, restart counter is at 1.",
    )


def late_packets(at: datetime) -> Iterator[Line]:
    """The firewall refuses what belongs to connections that are over, and what the neighbours call into the network."""
    ufw = "[UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56:52:54:00:ab:cd:ef:08:00"
    rest = "LEN=60 TOS=0x00 PREC=0x00 TTL=57 ID=0"
    for number, moment in enumerate(every(at, SECOND, 60)):
        port = 40000 + 37 * number % 20000
        yield kernel(
            moment,
            number,
            f"{ufw} SRC=142.250.185.78 DST=198.51.100.2 {rest} PROTO=TCP SPT=443 DPT={port} WINDOW=0 RES=0x00 RST URGP=0",
        )
        yield kernel(moment, number, f"{ufw} SRC=10.0.0.2 DST=198.51.100.2 {rest} PROTO=UDP SPT=53 DPT={port} LEN=88")
        yield kernel(
            moment,
            number,
            f"{ufw} SRC=10.0.0.9 DST=198.51.100.2 {rest} PROTO=TCP SPT=5432 DPT={port} WINDOW=501 RES=0x00 ACK FIN URGP=0",
        )
        yield kernel(
            moment,
            number,
            f"{ufw} SRC=10.0.0.{number % 200 + 9} DST=224.0.0.251 {rest} PROTO=UDP SPT=5353 DPT=5353 LEN=56",
        )
        yield kernel(moment, number, f"{ufw} SRC=10.0.0.7 DST=10.0.0.255 {rest} PROTO=UDP SPT={port} DPT=32412 LEN=29")


DAYS: Final = (
    upgrade_with_restarts,
    reboot,
    logrotate,
    memory_of_a_build,
    disk_that_ages,
    sectors_pending,
    clock_and_stick,
    paused_machine,
    late_packets,
)
