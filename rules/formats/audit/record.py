"""One record of the audit log, as auditd and its syslog plug-in write it.

``[node=NAME ]type=SYSCALL msg=audit(1709262686.123:4711): arch=c000003e … comm="cat"`` and, where ``log_format`` is
ENRICHED, behind a group separator (U+001D) the names of what stands before as numbers (``SYSCALL=openat UID="root"``).
What a process may choose is in quotes, or in hexadecimal where it holds a blank, a quote or no ASCII: the text behind
the names cannot forge a name. See auditd.conf(5), auditd(8) and the audit project's record type and field tables.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from rules.formats.audit.types import named
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number

MOST_PAIRS = 3000  #: a record is at most 8,970 bytes long
ENRICHED = "\x1d"
#: What is hexadecimal unless it stands in quotes; in EXECVE also a0, a1, …
ENCODED = frozenset({
    "proctitle", "exe", "comm", "ocomm", "name", "cwd", "acct", "cmd", "data", "key", "path", "dir", "file", "watch",
    "vm", "grp", "sw",
})  # fmt: skip
HEXADECIMAL = frozenset("0123456789ABCDEF")
#: How the audit system writes that there is nothing.
NOTHING = frozenset({"?", "(null)", "(none)", ""})


class Head(msgspec.Struct, frozen=True):
    """How a record begins."""

    type: str
    id: str  #: with the node's name: records of one event share it
    node: str  #: "" if the line names none
    stamp: stamps.Stamp
    body: int  #: index in the line of what stands behind


def head_of(line: str) -> Head | None:
    """How *line* begins, None if it is no record."""
    node, at = "", 0
    if line.startswith("node="):
        node, _, _ = line[5:300].partition(" ")
        at = 6 + len(node)
    if not line.startswith("type=", at):
        return None
    kind, found, rest = line[at + 5 : at + 140].partition(" msg=audit(")
    identity, closed, _ = rest.partition("):")
    moment, colon, serial = identity.partition(":")
    seconds, dot, fraction = moment.partition(".")
    if not (found and closed and colon and dot) or " " in kind or number(serial) is None:
        return None
    whole, stamp = number(seconds), None
    if whole is not None and fraction and number(fraction) is not None:
        stamp = stamps.epoch_parts(whole, fraction)
    if stamp is None:
        return None
    return Head(named(kind), f"{node}|{identity}", node, stamp, at + 5 + len(kind) + 11 + len(identity) + 2)


def fields_of(line: str, head: Head) -> dict[str, Any]:
    """The fields of a record, decoded; of a name that stands twice the first counts, what is not set is None."""
    fields: dict[str, Any] = {}
    for name, value, plain in pairs(line[head.body :]):
        if name == "msg" and not plain:
            for inner, text, bare in pairs(value):
                fields.setdefault(inner, _value(inner, text, bare, head.type))
        else:
            fields.setdefault(name, _value(name, value, plain, head.type))
    return fields


def pairs(text: str) -> Iterator[tuple[str, str, bool]]:
    """(name, value, whether it stood without quotes) of each pair; words without an equals sign are skipped."""
    at = 0
    names = text.find(ENRICHED)  # looked for once: from each pair anew it would be quadratic
    for _ in range(MOST_PAIRS):
        equals = text.find("=", at)
        if equals < 0:
            return
        name = text[at:equals].replace(ENRICHED, " ").rpartition(" ")[2]
        mark = text[equals + 1 : equals + 2]
        until = names if names > equals else len(text)
        end = _closing(text, equals + 2, mark, until)
        if end >= 0:
            yield name, text[equals + 2 : end], False
            at = end + 1
        else:
            blank = text.find(" ", equals + 1, until)
            at = blank if blank >= 0 else until
            yield name, text[equals + 1 : at].rstrip(","), True


def _closing(text: str, start: int, mark: str, until: int) -> int:
    """Where what *mark* opened ends, -1 if it opens nothing or is never closed."""
    if mark == '"':
        return text.find('"', start)
    if mark == "{":
        return text.find("}", start)
    if mark == "'":  # a message of a program, which may itself hold the sign: the last one before the names ends it
        return text.rfind("'", start, until)
    return -1


def _value(name: str, text: str, plain: bool, kind: str) -> Any:
    if not plain:
        return text
    if text in NOTHING:
        return None
    if name in ENCODED or (kind == "EXECVE" and name[:1] == "a" and name[1:2].isdigit() and "_" not in name):
        return decoded(text)
    return text


def decoded(text: str) -> Any:
    """Hexadecimal text as what it stands for; several keys (between U+0001) as a list; what is none stays."""
    if len(text) % 2 or not HEXADECIMAL.issuperset(text):
        return text
    found = bytes.fromhex(text).decode("utf-8", "surrogateescape").rstrip("\0")
    return found.split("\x01") if "\x01" in found else found.replace("\0", " ")
