"""The audit log of Linux (``/var/log/audit/audit.log``): records that tell of one event are joined.

Records of a system call share an id and stand in several lines, at times with those of other events between them; the
record PROCTITLE (or EOE) is the last. Until then a record waits in what is remembered of the stream
(``Parsed.header``), so that reading may be stopped and resumed anywhere. An event whose last record never comes is told
when a record is two seconds younger, or when too much waits. Messages of programs (USER_LOGIN, SERVICE_STOP, …) stand
alone and wait for nothing.
"""

import msgspec

from rules.formats.audit.joined import event_of
from rules.formats.audit.record import Head, head_of
from rules.formats.format import NOWHERE, Context, Parsed

MARK = "audit"  #: what is remembered begins with it, so that it is not taken for another format's
MOST_CHARACTERS = 65_536
MOST_LINES = 256
SECONDS_TO_WAIT = 2.0
LONGEST_HEAD = 512  #: characters: a node's name and a type are bounded
LAST = frozenset({"PROCTITLE", "EOE"})
#: Types of records that others of the same event stand beside.
PARTS = frozenset({
    "SYSCALL", "PATH", "IPC", "SOCKETCALL", "CONFIG_CHANGE", "SOCKADDR", "CWD", "EXECVE", "IPC_SET_PERM", "MQ_OPEN",
    "MQ_SENDRECV", "MQ_NOTIFY", "MQ_GETSETATTR", "FD_PAIR", "OBJ_PID", "BPRM_FCAPS", "CAPSET", "MMAP", "NETFILTER_CFG",
    "KERN_MODULE", "FANOTIFY", "BPF", "TIME_INJOFFSET", "TIME_ADJNTPVAL", "OPENAT2", "URINGOP", "DM_EVENT", "AVC",
    "SELINUX_ERR", "AVC_PATH", "MAC_POLICY_LOAD", "MAC_STATUS", "MAC_CONFIG_CHANGE", "ANOM_PROMISCUOUS", "ANOM_LINK",
    "ANOM_CREAT",
})  # fmt: skip


class Auditd:
    """Linux's audit log."""

    name = "auditd"
    strictness = 96

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read a record, or several of one event with blanks between them."""
        head = head_of(line)
        if head is None:
            return None
        together = _together(line)
        if len(together) > 1:
            return event_of(together)
        waiting = [] if not context.header.startswith(MARK) else context.header.split("\n")[1:]
        return _told(head, line, waiting)


def _told(head: Head, line: str, waiting: list[str]) -> Parsed:
    """What this record completes, and what waits from now on."""
    finished, rest = _too_old(head, waiting)
    if head.type in LAST:
        mine, rest = _of(head.id, rest)
        finished.append([*mine, line] if head.type != "EOE" else mine)
    elif head.type in PARTS:
        rest.append(line)
        while len(rest) > MOST_LINES or sum(map(len, rest)) > MOST_CHARACTERS:
            oldest = head_of(rest[0])
            mine, rest = _of(oldest.id if oldest else "", rest)
            finished.append(mine)
    else:
        finished.append([line])
    events = [event_of(read) for lines in finished if (read := _read(lines))]
    remembered = "\n".join((MARK, *rest)) if rest else MARK
    if not events:
        return Parsed(fields={}, logsource=NOWHERE, time=None, header=remembered)
    return _several(events, remembered if waiting or rest else None)


def _several(events: list[Parsed], remembered: str | None) -> Parsed:
    """The first of *events* with the others beside it."""
    if len(events) > 1:
        events = [msgspec.structs.replace(one, text=str(one.fields["message"])) for one in events]
    return msgspec.structs.replace(events[0], after=remembered, also=tuple(events[1:]))


def _read(lines: list[str]) -> list[tuple[Head, str]]:
    return [(head, line) for line in lines if (head := head_of(line)) is not None]


def _of(identity: str, waiting: list[str]) -> tuple[list[str], list[str]]:
    """The lines of one event, and the others; what is no record belongs to the event without an id."""
    mine: list[str] = []
    rest: list[str] = []
    mark = f" msg=audit({identity.rpartition('|')[2]}):"
    for line in waiting:
        if (
            identity and line.find(mark, 0, LONGEST_HEAD) < 0
        ):  # whoever opens many events has them all searched each time
            rest.append(line)
            continue
        head = head_of(line)
        (mine if head is None or head.id == identity else rest).append(line)
    return mine, rest


def _too_old(head: Head, waiting: list[str]) -> tuple[list[list[str]], list[str]]:
    """The events whose last record did not come in time, and what waits on."""
    finished = []
    rest = waiting
    while rest:
        oldest = head_of(rest[0])
        if oldest is not None and abs((head.stamp[0] - oldest.stamp[0]).total_seconds()) <= SECONDS_TO_WAIT:
            break
        mine, rest = _of(oldest.id if oldest else "", rest)
        finished.append(mine)
    return finished, rest


def _together(line: str) -> list[tuple[Head, str]]:
    """The records of an event that was written down as one line; what is no such line has one."""
    if line.count(" msg=audit(") < 2:
        return []
    starts = [0]
    at = line.find(" type=", 1)
    while at >= 0 and len(starts) <= MOST_LINES:
        if head_of(line[at + 1 : at + 200]) is not None:
            starts.append(at + 1)
        at = line.find(" type=", at + 1)
    return _read([line[start:end].rstrip(" ") for start, end in zip(starts, [*starts[1:], len(line)], strict=True)])
