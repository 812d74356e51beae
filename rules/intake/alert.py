"""An alert as Tocsin keeps it, whoever sent it; and the line in which the engine reads it."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

Status = Literal["firing", "resolved", "expired"]
#: Words for severities that monitoring systems use, in ours.
SEVERITIES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("critical", "crit", "fatal", "emergency", "emerg", "disaster", "page", "p1", "sev1"), "critical"),
    **dict.fromkeys(("high", "error", "err", "major", "alert", "p2", "sev2"), "high"),
    **dict.fromkeys(("medium", "warning", "warn", "average", "minor", "moderate", "p3", "sev3", "ticket"), "medium"),
    **dict.fromkeys(("low", "notice", "p4", "sev4"), "low"),
    **dict.fromkeys(("informational", "information", "info", "none", "debug", "ok", "p5", "sev5"), "informational"),
}
#: What a severity that we do not know counts as: it must not be missed.
UNKNOWN_COUNTS_AS: Final = "medium"
LONGEST_NAME: Final = 500
MOST_LABELS: Final = 200
#: How the keys begin under which Tocsin tells of itself: what is handed in cannot end that.
OWN_KEYS: Final = "tocsin:"
LONGEST_LABEL: Final = 10_000

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Key = Annotated[str, Meta(max_length=LONGEST_NAME)]
Labels = Annotated[
    dict[Annotated[str, Meta(max_length=LONGEST_NAME)], Annotated[str, Meta(max_length=LONGEST_LABEL)]],
    Meta(max_length=MOST_LABELS),
]
Moment = Annotated[datetime, Meta(tz=True)]


class NotAccepted(Exception):
    """A body that can never become lines.

    Args:
        message: What is wrong, where, and what was expected.
        missing: Names of the fields that are missing or wrong.
    """

    def __init__(self, message: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.missing = missing


class Alert(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One alert. Moments are aware."""

    name: Name
    status: Status = "firing"
    severity: Key = ""  #: as the sender says it
    dedup_key: Key = ""  #: same problem, same key; empty: the name and all labels
    labels: Labels = {}
    annotations: Labels = {}
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    source: Key = ""  #: what the sender calls itself
    url: Key = ""  #: where the sender shows what made it


def line_of(alert: Alert) -> bytes:
    """The line in which the engine reads it: canonical JSON, ended by a newline.

    Raises:
        NotAccepted: Its key is one of Tocsin's own.
    """
    key = alert.dedup_key or key_of(alert)
    if key.startswith(OWN_KEYS):
        raise NotAccepted(
            f"a key that begins with {OWN_KEYS} is one of Tocsin's own; call it otherwise", ("dedup_key",)
        )
    told: dict[str, Any] = {
        "tocsin": "alert",
        "name": alert.name,
        "status": alert.status,
        "severity": severity_of(alert),
        "severity_given": alert.severity or alert.labels.get("severity", ""),
        "key": key,
        "labels": alert.labels,
        "annotations": alert.annotations,
        "starts_at": alert.starts_at,
        "ends_at": alert.ends_at,
        "sender": alert.source,
        "url": alert.url,
    }
    return msgspec.json.encode(told, order="sorted") + b"\n"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What such a line tells of an alert."""

    tocsin: str = ""
    name: str
    status: Literal["firing", "resolved", "expired", "silent"]  #: "silent": the sender is
    severity: str
    key: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    sender: str = ""
    url: str = ""

    @property
    def content(self) -> str:
        """What rules look at, as one text: without annotations, in which senders write values that change."""
        told = (self.name, self.severity, sorted(self.labels.items()))
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


_LINE: Final = msgspec.json.Decoder(Told)


def told_in(lines: bytes) -> tuple[Told, ...]:
    """The alerts in *lines*, as `line_of` writes them; other lines tell of none."""
    found = []
    for line in lines.split(b"\n"):
        try:
            told = _LINE.decode(line)
        except msgspec.DecodeError:
            continue
        if told.tocsin == "alert":
            found.append(told)
    return tuple(found)


def severity_of(alert: Alert) -> str:
    """Its severity in our words: the one given, or that of the label of this name."""
    given = alert.severity or alert.labels.get("severity", "") or alert.labels.get("priority", "")
    return SEVERITIES.get(given.strip().lower(), UNKNOWN_COUNTS_AS)


def is_severity_known(alert: Alert) -> bool:
    """Whether its severity is one of the words that we know, or none was given."""
    given = alert.severity or alert.labels.get("severity", "") or alert.labels.get("priority", "")
    return not given or given.strip().lower() in SEVERITIES


def key_of(alert: Alert) -> str:
    """Name and labels in a fixed order: what tells one alert from another where the sender gives no key."""
    labels = ",".join(f"{name}={alert.labels[name]}" for name in sorted(alert.labels))
    return f"{alert.name}{{{labels}}}"
