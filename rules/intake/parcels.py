"""From a kept body to the lines that the engine reads: what each kind of intake takes. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from rules.intake import alert, alertmanager, depth, feedback, mapping, native, unreported
from rules.intake.alert import Alert, NotAccepted
from rules.intake.mapping import AlertMapping

#: Name of the format in `rules.formats` that reads lines of alerts and feedback.
FORMAT = "tocsin"
#: Kind of the intakes that have a mapping.
MAPPED: Final = "mapped"
#: What the lines of one body may come to: a mapping may tell the same of each alert.
MOST_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A body, and what is known of it."""

    body: bytes
    received_at: datetime
    reference: str
    mapping: AlertMapping | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What a body says."""

    lines: bytes  #: each ended by a newline; none if there is nothing in it
    unknown: tuple[str, ...] = ()  #: words for severities that nobody knows, as often as they came


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an intake takes; `read` raises NotAccepted."""

    name: str
    read: Callable[[Parcel], Understood]
    format: str = FORMAT  #: of the lines; "": as the configuration says


def _of_alerts(found: Callable[[Parcel], Iterable[Alert]]) -> Callable[[Parcel], Understood]:
    def read(parcel: Parcel) -> Understood:
        lines, size, unknown = [], 0, []
        for one in found(parcel):
            line = alert.line_of(one)
            size += len(line)
            if size > MOST_BYTES:
                raise NotAccepted(f"the body becomes more than {MOST_BYTES} bytes of alerts; send fewer at once")
            lines.append(line)
            if not alert.is_severity_known(one):
                unknown.append(one.severity or one.labels.get("severity", ""))
        return Understood(lines=b"".join(lines), unknown=tuple(unknown))

    return read


def _mapped(parcel: Parcel) -> Iterable[Alert]:
    if parcel.mapping is None:
        raise NotAccepted("the intake has no mapping any more")
    return mapping.alerts(parcel.mapping, parcel.body)


def _feedback(parcel: Parcel) -> Understood:
    return Understood(lines=feedback.line_of(feedback.report(parcel.body), parcel.reference))


def _logs(parcel: Parcel) -> Understood:
    body = parcel.body
    if not body.strip():
        raise NotAccepted("the body holds no line")
    return Understood(lines=body if body.endswith(b"\n") else body + b"\n")


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind(name="alerts", read=_of_alerts(lambda parcel: native.alerts(parcel.body))),
            Kind(name="alertmanager", read=_of_alerts(lambda parcel: alertmanager.webhook(parcel.body))),
            Kind(
                name="prometheus",
                read=_of_alerts(lambda parcel: alertmanager.posted(parcel.body, parcel.received_at)),
            ),
            Kind(name=MAPPED, read=_of_alerts(_mapped)),
            Kind(name="feedback", read=_feedback),
            Kind(name="logs", read=_logs, format=""),
            Kind(name=unreported.KIND, read=_logs),
            Kind(name="own", read=_logs),  # what Tocsin says of itself
        )
    }
)


def reference_of(number: int) -> str:
    """What people call what they handed in."""
    return f"IN-{number}"


def understand(
    kind: str, body: bytes, received_at: datetime, number: int = 0, mapped: AlertMapping | None = None
) -> Understood:
    """What *body* says.

    Raises:
        NotAccepted: It can never become lines.
    """
    if kind != "logs" and depth.is_too_deep(body):
        raise NotAccepted(f"the body is nested deeper than {depth.DEEPEST}, or its brackets do not match")
    parcel = Parcel(body=body, received_at=received_at, reference=reference_of(number), mapping=mapped)
    return KINDS[kind].read(parcel)


def lines_of(
    kind: str, body: bytes, received_at: datetime, number: int = 0, mapped: AlertMapping | None = None
) -> bytes:
    """The lines in *body*, each ended by a newline; none if there is nothing in it.

    Raises:
        NotAccepted: It can never become lines.
    """
    return understand(kind, body, received_at, number, mapped).lines
