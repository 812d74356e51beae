"""Sysmon for Linux: each message to syslog is one event, written as XML as on Windows.

The names of its fields are Sysmon's, which Sigma's rules for Linux use (https://github.com/Sysinternals/SysmonForLinux).
"""

from datetime import UTC, datetime
from typing import Any, Final

from rules.event import LogSource
from rules.formats.format import Context
from rules.formats.windows.windows_xml import event_in

SYSMON: Final = LogSource(product="linux", service="sysmon")
#: syslog's stamp counts; of the event's own nothing is asked that would need to know when this is.
ANY_MOMENT: Final = Context(reference=datetime(1970, 1, 1, tzinfo=UTC))


def tell(message: str, fields: dict[str, Any]) -> LogSource:
    """Add what the event tells."""
    parsed = event_in(message, ANY_MOMENT)
    if parsed is None:
        return SYSMON
    for name, value in parsed.fields.items():
        fields.setdefault(name, value)
    return parsed.logsource if parsed.logsource.product == "linux" else SYSMON
