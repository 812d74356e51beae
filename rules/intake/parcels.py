"""From a kept body to the lines that the engine reads: what each kind of intake takes. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from rules.intake import alert, alertmanager, feedback, native
from rules.intake.alert import NotAccepted

#: Name of the format in `rules.formats` that reads lines of alerts and feedback.
FORMAT = "tocsin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an intake takes."""

    name: str
    lines: Callable[[bytes, datetime, str], bytes]  #: body, when it came, its reference -> lines; or NotAccepted
    format: str = FORMAT  #: of the lines; "": as the configuration says


def _alerts(body: bytes, received_at: datetime, reference: str) -> bytes:
    return b"".join(map(alert.line_of, native.alerts(body)))


def _webhook(body: bytes, received_at: datetime, reference: str) -> bytes:
    return b"".join(map(alert.line_of, alertmanager.webhook(body)))


def _posted(body: bytes, received_at: datetime, reference: str) -> bytes:
    return b"".join(map(alert.line_of, alertmanager.posted(body, received_at)))


def _feedback(body: bytes, received_at: datetime, reference: str) -> bytes:
    return feedback.line_of(feedback.report(body), reference)


def _logs(body: bytes, received_at: datetime, reference: str) -> bytes:
    if not body.strip():
        raise NotAccepted("the body holds no line")
    return body if body.endswith(b"\n") else body + b"\n"


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind(name="alerts", lines=_alerts),
            Kind(name="alertmanager", lines=_webhook),
            Kind(name="prometheus", lines=_posted),
            Kind(name="feedback", lines=_feedback),
            Kind(name="logs", lines=_logs, format=""),
        )
    }
)


def reference_of(number: int) -> str:
    """What people call what they handed in."""
    return f"IN-{number}"


def lines_of(kind: str, body: bytes, received_at: datetime, number: int = 0) -> bytes:
    """The lines in *body*, each ended by a newline; none if there is nothing in it.

    Raises:
        NotAccepted: It can never become lines.
    """
    return KINDS[kind].lines(body, received_at, reference_of(number))
