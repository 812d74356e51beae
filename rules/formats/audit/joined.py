"""Records of one event -> its fields, in auditd's names and in those of Sigma's taxonomy for Linux.

All values of a name that several records bear are gathered in a list (``type`` of a program's start is
``["SYSCALL", "EXECVE", "CWD", "PATH", "PROCTITLE"]``): a rule about one record of the event holds, and so does one
about several.
"""

from collections.abc import Sequence
from posixpath import join, normpath
from typing import Any

from rules.event import LogSource
from rules.formats.audit.record import Head, decoded, fields_of
from rules.formats.audit.sockaddr import endpoint
from rules.formats.audit.syscalls import name_of
from rules.formats.format import Parsed
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.program import happened

STARTS = frozenset({"execve", "execveat"})
#: what a call does with the file that its record of type PATH names -> (category, event.action)
FILES = {
    **dict.fromkeys(("open", "openat", "openat2", "open_by_handle_at"), ("file_event", "file_write")),
    **dict.fromkeys(("creat", "truncate", "mknod", "mknodat"), ("file_event", "file_write")),
    **dict.fromkeys(("link", "linkat", "symlink", "symlinkat"), ("file_event", "file_write")),
    **dict.fromkeys(("rename", "renameat", "renameat2"), ("file_event", "file_write")),
    **dict.fromkeys(("unlink", "unlinkat"), ("file_delete", "file_delete")),
}
#: where the flags of an opening call stand
FLAGS = {"open": "a1", "openat": "a2"}
WRITES = 0o1 | 0o2 | 0o1000  #: O_WRONLY, O_RDWR, O_TRUNC
CONNECTS = {"connect": "true", "accept": "false", "accept4": "false"}
IN_PROGRESS = "-115"  #: EINPROGRESS: a connection that nobody waits for has begun all the same
UNSET = "4294967295"
OUTCOMES = {
    "yes": "success",
    "success": "success",
    "1": "success",
    "no": "failure",
    "failed": "failure",
    "0": "failure",
}
MOST_VALUES = 1000
MOST_ARGUMENTS = 2000


def event_of(records: Sequence[tuple[Head, str]]) -> Parsed:
    """The event that *records* (at least one, of one id) tell of."""
    first = records[0][0]
    each = [(head.type, fields_of(line, head)) for head, line in records]
    fields = _gathered(each)
    _put_call(fields)
    _put_process(fields, each)
    category = _put_meaning(first.type, fields, each)
    if any(head.type == "AVC" and " denied  {" in line[:300] for head, line in records):  # SELinux writes words
        fields["event.outcome"] = "failure"
    if first.node:
        fields["host.name"] = first.node
    text = " ".join(_shown(head, line) for head, line in records)
    fields["message"] = text
    return Parsed(
        fields=fields,
        logsource=LogSource(product="linux", category=category, service="auditd"),
        time=first.stamp[0],
        resolution=first.stamp[1],
        text=text if len(records) > 1 else None,
    )


def _shown(head: Head, line: str) -> str:
    """The record; a command line in hexadecimal would hide from people and from rules what stands in it."""
    if head.type != "PROCTITLE":
        return line
    before, found, value = line.partition("proctitle=")
    return f'{before}{found}"{decoded(value)}"' if found and value[:1] != '"' else line


def _gathered(each: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    fields: dict[str, Any] = {"type": [kind for kind, _ in each] if len(each) > 1 else each[0][0]}
    has_arguments = any(kind == "EXECVE" for kind, _ in each)
    for kind, record in each:
        for name, value in record.items():
            if kind == "SYSCALL" and has_arguments and name in ("a0", "a1", "a2", "a3"):
                continue  # where the arguments lie in memory; EXECVE tells what they are
            _gather(name, value, fields)
    return fields


def _gather(name: str, value: Any, fields: dict[str, Any]) -> None:
    known = fields.get(name)
    if known is None:
        fields[name] = value
    elif isinstance(known, list):
        if value is not None and len(known) < MOST_VALUES:
            known.append(value)
    elif value is not None and value != known:
        fields[name] = [known, value]


def _put_call(fields: dict[str, Any]) -> None:
    if "SYSCALL" not in fields and isinstance(arch := fields.get("arch"), str):
        name = name_of(arch, str(fields.get("syscall")))
        if name is not None:
            fields["SYSCALL"] = name


def _put_process(fields: dict[str, Any], each: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Who did it, in which program."""
    for native, name in (("exe", "Image"), ("cwd", "CurrentDirectory"), ("comm", "process.name")):
        if isinstance(value := fields.get(native), str):
            fields[name] = value
    for native, name in (("pid", "ProcessId"), ("ppid", "ParentProcessId")):
        if (whole := number(str(fields.get(native)))) is not None:
            fields[name] = whole
    user = _user(fields)
    if user:
        fields["user.name"] = fields["User"] = user
    if (login := fields.get("auid")) is not None:
        fields["LogonId"] = 0 if login == UNSET else login
    command = _command_line(fields, each)
    if command:
        fields["CommandLine"] = fields["process.command_line"] = command


def _user(fields: dict[str, Any]) -> str:
    """The account that a message of a program is about, else the one that the process runs as."""
    for name in ("acct", "UID"):
        if isinstance(value := fields.get(name), str) and value not in ("unset", "unknown"):
            return value
    uid = fields.get("uid")
    return "root" if uid == "0" else uid if isinstance(uid, str) else ""


def _command_line(fields: dict[str, Any], each: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """The arguments, joined by blanks; where there is no EXECVE, the process's title or the command of sudo."""
    arguments: dict[int, str] = {}
    for kind, record in each:
        if kind == "EXECVE":
            for name, value in record.items():
                _put_argument(name, value, arguments)
    if arguments:
        for index, value in arguments.items():
            fields[f"a{index}"] = value
        return " ".join(value for _, value in sorted(arguments.items()))
    found = fields.get("proctitle") or fields.get("cmd")
    return found if isinstance(found, str) else ""


def _put_argument(name: str, value: Any, arguments: dict[int, str]) -> None:
    """``a1``, or a piece of a long one: ``a1[0]``, ``a1[1]``, …, which stand in their order."""
    index = number(name[1:].partition("[")[0]) if name[:1] == "a" else None
    if index is None or index > MOST_ARGUMENTS or not isinstance(value, str):
        return
    arguments[index] = arguments.get(index, "") + value if "[" in name else value


def _put_meaning(kind: str, fields: dict[str, Any], each: Sequence[tuple[str, dict[str, Any]]]) -> str | None:
    """What happened; returns Sigma's category."""
    outcome = OUTCOMES.get(str(fields.get("success", fields.get("res"))), "unknown")
    if fields.get("exit") == IN_PROGRESS:
        outcome = "unknown"
    if fields.get("apparmor") == "DENIED":
        outcome = "failure"
    if isinstance(host := fields.get("addr") or fields.get("hostname"), str):
        put_endpoint(fields, "source", host)
    call = fields.get("SYSCALL")
    if not isinstance(call, str):
        happened(fields, f"audit_{kind.lower()}", outcome)
        return None
    done = fields.get("success") != "no"
    if call in STARTS:
        happened(fields, "process_start", outcome)
        return "process_creation" if done else None
    if call in CONNECTS and _put_connection(call, fields):
        happened(fields, "connection", outcome)
        return "network_connection" if done or fields.get("exit") == IN_PROGRESS else None
    if call in FILES and (target := _put_files(call, fields, each)):
        category, action = FILES[call]
        happened(fields, action, outcome)
        return category if done and target else None
    happened(fields, f"audit_{call}", outcome)
    return None


def _put_connection(call: str, fields: dict[str, Any]) -> bool:
    """The other end of a connection that the process made or took."""
    found = endpoint(str(fields.get("saddr") or ""))
    if found is None:
        return False
    host, port = found
    fields["Initiated"] = CONNECTS[call]
    side, normalised = ("Destination", "destination") if call == "connect" else ("Source", "source")
    fields[f"{side}Ip"], fields[f"{side}Port"] = host, port
    put_endpoint(fields, normalised, host, str(port))
    return True


def _put_files(call: str, fields: dict[str, Any], each: Sequence[tuple[str, dict[str, Any]]]) -> bool:
    """Put ``TargetFilename``; whether the call made, changed or took away a file."""
    wanted = {"DELETE"} if call.startswith("unlink") else {"CREATE"}
    if call in ("truncate", "creat") or _opens_to_write(call, fields):
        wanted.add("NORMAL")
    targets = _paths(each, wanted, fields.get("cwd"))
    if not targets:
        return False
    fields["TargetFilename"] = targets[0] if len(targets) == 1 else targets
    if call.startswith("rename") and (sources := _paths(each, {"DELETE"}, fields.get("cwd"))):
        fields["SourceFilename"] = sources[0]
    return True


def _opens_to_write(call: str, fields: dict[str, Any]) -> bool:
    flags = fields.get(FLAGS.get(call, ""))
    try:
        return bool(int(flags, 16) & WRITES) if isinstance(flags, str) and len(flags) <= 16 else False
    except ValueError:
        return False


def _paths(each: Sequence[tuple[str, dict[str, Any]]], wanted: set[str], cwd: Any) -> list[str]:
    found = []
    for kind, record in each:
        name = record.get("name")
        if kind == "PATH" and record.get("nametype") in wanted and isinstance(name, str):
            found.append(normpath(join(cwd if isinstance(cwd, str) else "", name)))
    return found
