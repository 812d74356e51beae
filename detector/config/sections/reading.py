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
    #: What kind of source it is. "file": one or more followed files. "journal": systemd's journal.
    type: Literal["file", "journal"] = "file"
    #: File to follow, or a list of files; `*`, `?`, `[…]` and `**` (any number of folders) are understood. Every source
    #: of type "file" needs it.
    path: str | tuple[str, ...] = ()
    #: With "file", what is read if none of the files is there when the source is first read. "journal": systemd's
    #: journal, as the options for it say. That choice is kept until the source gets another name.
    otherwise: Literal["", "journal"] = ""
    #: Of the journal, the units whose messages are read, e.g. "ssh.service". Empty: all. Tocsin's own are left out.
    units: tuple[str, ...] = ()
    #: Of the journal, the programs whose messages are read, e.g. "sshd". Empty: all.
    identifiers: tuple[str, ...] = ()
    #: Of the journal, the facilities of syslog whose messages are read; what goes to /var/log/auth.log is "auth" and
    #: "authpriv". Empty: all, also of programs that name none.
    facilities: tuple[str, ...] = ()
    #: Of the journal, how urgent a message must be at least. Empty: all are read.
    priority: Literal["", "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"] = ""
    #: Of the journal, the folder with its files. Empty: this machine's own journal.
    directory: str = ""
    #: Name of the lines' format, or of one of your own (`[[format]]`). "auto": found out from the first lines.
    format: str = "auto"
    #: IANA name of the zone of stamps that bear none, e.g. "Europe/Berlin".
    timezone: str = "UTC"
    #: Sigma's product of these lines, instead of what the format says. Empty: as the format says.
    product: str = ""
    #: Sigma's category of these lines, instead of what the format says. Empty: as the format says.
    category: str = ""
    #: Sigma's service of these lines, instead of what the format says. Empty: as the format says.
    service: str = ""
    #: Files with Sigma processing pipelines that rules go through for this source, besides those of `[rules]`.
    pipelines: tuple[str, ...] = ()
    #: Where to begin in what is there when the source is first seen. "end": what was written before is only looked back
    #: at, without telling anybody. "beginning": everything is read.
    start: Literal["end", "beginning"] = "end"
    #: How the bytes of a line become text. "auto": UTF-8, or UTF-16 where a byte order mark says so. Bytes that do not
    #: fit are kept as they are.
    encoding: Literal["auto", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "latin-1"] = "auto"
    #: Whether the daemon refuses to start while no file of this source, or not the journal, can be read.
    required: bool = False
    #: Longest line, in bytes; the rest of a longer one is left out, marked and counted.
    max_line_bytes: Annotated[int, Meta(ge=256, le=64 * 1024 * 1024)] = 1024 * 1024
    #: For how long a renamed or deleted file is still read, in seconds.
    rotate_wait_seconds: NotNegative = 60
    #: Files that appear later are left alone if they were last written longer ago than this, in hours.
    ignore_older_hours: Positive = 24
    #: How much out of order stamps may be, in seconds, before a line counts as late.
    lateness_seconds: NotNegative = 10
    #: How long nothing may come before the source counts as silent, in minutes, of those in which Tocsin looked. 0: it
    #: may be silent for ever.
    silent_after_minutes: NotNegative = 1440
    #: For how long reading may be behind, in minutes. 0: for ever.
    lagging_after_minutes: NotNegative = 15
    #: Which share of the lines may be such that no format takes them, over ten minutes. 1: all of them.
    unparsed_share: Annotated[float, Meta(ge=0.01, le=1)] = 0.5

    @property
    def paths(self) -> tuple[str, ...]:
        """``path`` as a list, however it was written."""
        return (self.path,) if isinstance(self.path, str) else self.path


class IntakeSection(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What other systems and people hand in over HTTP: alerts, feedback, log lines."""

    #: Unique name, also among sources; it is handed in at `/hooks/` and this name.
    name: str
    #: What is handed in. "alerts": Tocsin's own form, also at `/api/v1/alerts`. "alertmanager": the webhook of
    #: Alertmanager. "prometheus": what Prometheus sends to an Alertmanager, also at `/api/v2/alerts`.
    #: "mapped": any JSON, by `preset` or `mapping`. "feedback": reports of people, also at `/api/v1/feedback`. "logs":
    #: lines, also at `/api/v1/logs`.
    kind: Literal["alerts", "alertmanager", "prometheus", "mapped", "feedback", "logs"]
    #: With "mapped", the mapping that comes with Tocsin: "cloudwatch-sns", "grafana", "uptime-kuma" or "zabbix".
    preset: str = ""
    #: With "mapped", a file with a mapping of your own, instead of `preset`.
    mapping: str = ""
    #: How a sender shows that it may. "bearer" and "basic": it sends the secret (basic: with `name` as the user).
    #: "hmac": it signs the body. "standard-webhooks": it signs as that standard says. "sns": Amazon SNS signs. "none":
    #: it stands in one of `networks`.
    proof: Literal["bearer", "basic", "hmac", "standard-webhooks", "sns", "none"] = "bearer"
    #: What sender and Tocsin both know. A secret. Needed for every proof but "sns" and "none".
    secret: Secret = msgspec.field(default_factory=Secret)
    #: File whose first line is `secret`, instead of `secret`.
    secret_file: str = ""
    #: With "hmac", the header that holds the signature.
    header: str = "X-Hub-Signature-256"
    #: With "hmac", what stands before the signature.
    prefix: str = "sha256="
    #: With "hmac", by which hash is signed. The signature may be written in hexadecimal or base64.
    algorithm: Literal["sha256", "sha512"] = "sha256"
    #: With "hmac", the header that holds the time that is signed too, in seconds since 1970. It may be five minutes
    #: from now, and a signature counts once. Empty: the body alone is signed, and what was sent can be sent again.
    timestamp_header: str = ""
    #: With `timestamp_header`, what is signed: a text with `{timestamp}` and, once, `{body}`.
    signed: str = "{timestamp}:{body}"
    #: With "sns", a file with the certificate by which Amazon SNS signs, in PEM; several may follow each other.
    certificate_file: str = ""
    #: With "sns", ARNs of the topics whose messages are taken. Anybody can have messages of their own signed.
    topics: tuple[str, ...] = ()
    #: With "none", addresses or networks from which may be handed in. Empty: from this machine alone.
    networks: tuple[str, ...] = ()
    #: With "logs", the lines' format.
    format: str = "auto"
    #: With "feedback", whether everybody who reaches the daemon may report something on the page `/feedback`, without
    #: an account and whatever `proof` says. One intake may have the page.
    page: bool = False
    #: With `page`, the components that it offers to choose from. Empty: reporters may type one.
    components: tuple[Annotated[str, Meta(min_length=1, max_length=100)], ...] = ()
    #: With `page`, how many reports an hour are taken from one address (of IPv6: from one network of 64 bits). Behind a
    #: proxy all reporters have its address.
    page_reports_per_hour_each: Annotated[int, Meta(ge=1, le=100_000)] = 20
    #: With `page`, how many reports an hour are taken from all together.
    page_reports_per_hour: Annotated[int, Meta(ge=1, le=100_000)] = 300


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
