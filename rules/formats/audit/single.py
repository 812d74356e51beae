"""Records of the audit log that come one by one: through auditd's syslog plug-in, the journal, or the kernel's own log.

``audisp-syslog[812]: type=USER_LOGIN msg=audit(1709262686.123:4711): …`` is a record as in the file; the journal, which
reads them itself where no auditd runs, leaves the head out: ``audit[812]: USER_LOGIN pid=812 uid=0 …``; the kernel
writes numbers for types. Each record is an event by itself: only where the log's own file is read they are joined.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rules.event import LogSource
from rules.formats.audit.joined import event_of
from rules.formats.audit.record import Head, head_of
from rules.formats.reading.program import Tell

AUDITD: Final = LogSource(product="linux", service="auditd")
#: The stamp before the record counts; the record's own is not asked.
NO_STAMP: Final = (datetime(1970, 1, 1, tzinfo=UTC), timedelta())
LONGEST_TYPE: Final = 40
FARTHEST: Final = 60  #: before the mark stands at most the kernel's own clock


def tell(message: str, fields: dict[str, Any]) -> LogSource:
    """Add what a record tells; other messages of auditd stay as they are."""
    head = head_of(message) or _headless(message)
    if head is None:
        return AUDITD
    parsed = event_of([(head, message)])
    for name, value in parsed.fields.items():
        fields.setdefault(name, value)
    return parsed.logsource


def or_kernel(otherwise: Tell) -> Tell:
    """For the kernel, which writes records itself where nobody takes them: ``audit: type=1400 audit(…): …``."""

    def tell_kernel(message: str, fields: dict[str, Any]) -> LogSource:
        at = message.find("audit: type=", 0, FARTHEST)
        if at < 0 or message[:at].strip("[]0123456789. "):
            return otherwise(message, fields)
        kind, _, rest = message[at + 12 :].partition(" audit(")
        return tell(f"type={kind} msg=audit({rest}", fields)

    return tell_kernel


def _headless(message: str) -> Head | None:
    """``USER_LOGIN pid=812 …``: the type is the first word, and pairs follow."""
    kind, found, rest = message.partition(" ")
    is_type = 3 <= len(kind) <= LONGEST_TYPE and kind.replace("_", "").isalnum() and kind.isupper() and kind.isascii()
    if not found or not is_type or "=" not in rest[:LONGEST_TYPE]:
        return None
    return Head(kind, "", "", NO_STAMP, len(kind) + 1)
