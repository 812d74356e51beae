"""What is read, and what may be handed in."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from detector.config.secret import Secret
from detector.config.sections.kinds import NotNegative, Positive


class Source(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Something that yields lines."""

    #: Unique name; positions are kept under it, so renaming a source starts it anew.
    name: str
    #: What kind of source it is. "file": one or more followed files.
    type: Literal["file"] = "file"
    #: File to follow, or a list of files; `*`, `?`, `[…]` and `**` (any number of folders) are understood.
    path: str | tuple[str, ...]
    #: Name of the lines' format, or of one of your own (`[[format]]`). "auto": found out from the first lines.
    format: str = "auto"
    #: IANA name of the zone of stamps that bear none, e.g. "Europe/Berlin".
    timezone: str = "UTC"
    #: Sigma's product of these lines, where the format does not tell it. Empty: as the format says.
    product: str = ""
    #: Sigma's category of these lines, where the format does not tell it. Empty: as the format says.
    category: str = ""
    #: Sigma's service of these lines, where the format does not tell it. Empty: as the format says.
    service: str = ""
    #: Where to begin in files that are there when the source is first seen. "end": what was written before is only
    #: looked back at, without telling anybody. "beginning": everything is read.
    start: Literal["end", "beginning"] = "end"
    #: How the bytes of a line become text. "auto": UTF-8, or UTF-16 where a byte order mark says so. Bytes that do not
    #: fit are kept as they are.
    encoding: Literal["auto", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "latin-1"] = "auto"
    #: Whether the daemon refuses to start while no file of this source can be read.
    required: bool = False
    #: Longest line, in bytes; the rest of a longer one is left out, marked and counted.
    max_line_bytes: Annotated[int, Meta(ge=256, le=64 * 1024 * 1024)] = 1024 * 1024
    #: For how long a renamed or deleted file is still read, in seconds.
    rotate_wait_seconds: NotNegative = 60
    #: Files that appear later are left alone if they were last written longer ago than this, in hours.
    ignore_older_hours: Positive = 24
    #: How much out of order stamps may be, in seconds, before a line counts as late.
    lateness_seconds: NotNegative = 10

    @property
    def paths(self) -> tuple[str, ...]:
        """``path`` as a list, however it was written."""
        return (self.path,) if isinstance(self.path, str) else self.path


class IntakeSection(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What other systems and people hand in over HTTP: alerts, feedback, log lines."""

    #: Unique name, also among sources; it is handed in at `/hooks/` and this name.
    name: str
    #: What is handed in. "alerts": Tocsin's own form, also at `/api/v1/alerts`. "alertmanager": the webhook of
    #: Alertmanager or Grafana. "prometheus": what Prometheus sends to an Alertmanager, also at `/api/v2/alerts`.
    #: "feedback": reports of people, also at `/api/v1/feedback`. "logs": lines, also at `/api/v1/logs`.
    kind: Literal["alerts", "alertmanager", "prometheus", "feedback", "logs"]
    #: How a sender shows that it may. "bearer" and "basic": it sends the secret (basic: with `name` as the user).
    #: "hmac": it signs the body. "standard-webhooks": it signs as that standard says. "none": it stands in one of
    #: `networks`.
    proof: Literal["bearer", "basic", "hmac", "standard-webhooks", "none"] = "bearer"
    #: What sender and Tocsin both know. A secret. Needed for every proof but "none".
    secret: Secret = msgspec.field(default_factory=Secret)
    #: File whose first line is `secret`, instead of `secret`.
    secret_file: str = ""
    #: With "hmac", the header that holds the signature.
    header: str = "X-Hub-Signature-256"
    #: With "hmac", what stands before the signature.
    prefix: str = "sha256="
    #: With "none", addresses or networks from which may be handed in. Empty: from this machine alone.
    networks: tuple[str, ...] = ()
    #: With "logs", the lines' format.
    format: str = "auto"


class FormatSection(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A format of your own: an expression with names."""

    #: Unique name, to be used in `format` of a source.
    name: str
    #: RE2 expression that matches a whole line; each `(?P<name>…)` becomes a field. Two underscores in a name stand for
    #: a dot: `source__ip` is `source.ip`.
    pattern: str
    #: Name of the group that holds the stamp. Empty: the time of arrival is taken.
    time_field: str = ""
    #: How the stamp is written, in the codes of strptime, e.g. "%Y-%m-%d %H:%M:%S". Empty: ISO 8601, a web server's
    #: stamp, or seconds since 1970.
    time_format: str = ""
