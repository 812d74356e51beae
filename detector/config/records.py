"""The configuration's shape: one frozen record per section of the TOML file.

The names of sections and options on the wire are the field names, but where ``name=`` says otherwise: a section that
may stand several times is written ``[[source]]`` and read as ``config.sources``. Relative paths of files are relative
to the working directory.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from detector.config.secret import Secret
from notifier.message import Ask
from rules.event import Severity
from store.deadlines import Duty
from store.forms import FormName
from store.incident import Step, Tlp, Track
from store.people import ContactKind, Role

STORE_FILE = "tocsin.db"

Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[int, Meta(ge=0)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TlpLabel = Literal["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"]


class Daemon(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The process itself."""

    #: Folder of everything that must not be lost: database, socket, keys. Changing it needs a restart.
    state_dir: str = "var"
    #: The least serious message that is logged. Raw log text is logged at debug only.
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class Http(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Pages, API and metrics."""

    #: Address and port to listen on. Changing it needs a restart.
    listen: str = "127.0.0.1:8787"
    #: How people reach the pages, e.g. "https://tocsin.example.org"; links in messages start with it. Empty: "http://"
    #: and the address of `listen`.
    base_url: str = ""


class StoreSection(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Where records are kept."""

    #: Database, e.g. "postgresql://tocsin@localhost/tocsin". Empty: SQLite, tocsin.db in `state_dir`. A secret.
    #: Changing it needs a restart.
    url: Secret = msgspec.field(default_factory=Secret)
    #: File whose first line is `url`, instead of `url`.
    url_file: str = ""


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


class RulesSection(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What counts as a finding."""

    #: Files or folders of Sigma rules (YAML). "bundled": the rules that come with Tocsin.
    paths: tuple[str, ...] = ("bundled",)


class Trust(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What rules may take for granted; rules use it as `%trust.networks%` and so on."""

    #: Networks of your own, in CIDR notation, e.g. "10.0.0.0/8".
    networks: tuple[str, ...] = ()
    #: Addresses or networks of your own security scanners.
    scanners: tuple[str, ...] = ()
    #: Addresses or networks of your own monitoring.
    monitors: tuple[str, ...] = ()
    #: Addresses or networks from which administrators work.
    admins: tuple[str, ...] = ()
    #: When deployments happen, in UTC, e.g. "tue,thu 20:00-22:00". Read and checked; nothing acts upon it yet.
    deploy_windows: tuple[str, ...] = ()


class Asset(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A host that matters more, or less, than others."""

    #: Host name as it stands in log lines; `*` and `?` are understood.
    host: str
    #: "critical" raises the severity of findings on it by one, "lab" lowers it by one.
    criticality: Literal["critical", "lab"]


class Process(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How incidents are governed."""

    #: Who must sign what others did. "full": always somebody else. "pair": the other one of two. "waived": nobody
    #: else; each such act says so in the record.
    four_eyes: Literal["full", "pair", "waived"] = "full"


class CalendarSection(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """When people work: what is due in working days passes only then."""

    #: IANA name of the zone in which days and hours are meant, e.g. "Europe/Berlin".
    timezone: str = "UTC"
    #: Days of the week on which people work.
    days: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
    #: From when to when; "00:00-24:00" is the whole day.
    hours: str = "09:00-17:00"
    #: Days on which nobody works, e.g. "2026-12-25".
    holidays: tuple[str, ...] = ()


class Clock(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How long something may take; the first clock that fits an incident counts, then those that are built in."""

    #: What must be done in that time.
    duty: Duty
    #: Severities that it is for. Empty: any.
    severity: tuple[Severity, ...] = ()
    #: Tracks that it is for. Empty: any.
    track: tuple[Track, ...] = ()
    #: How long it may take, in minutes. If all three lengths are 0, it may take as long as it takes.
    within_minutes: Annotated[int, Meta(ge=0, le=100_000)] = 0
    #: Or in hours.
    within_hours: Annotated[int, Meta(ge=0, le=100_000)] = 0
    #: Or in working days, see `[calendar]`.
    within_working_days: Annotated[int, Meta(ge=0, le=1_000)] = 0


class Regulatory(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A term that somebody outside sets, e.g. a law; Tocsin watches it and files nothing."""

    #: Unique name, e.g. "early warning".
    name: str
    #: Instant of the incident from which it runs. "aware_at": a person first acted on it.
    start: Literal["occurred_at", "detected_at", "opened_at", "aware_at", "classified_at"] = "aware_at"
    #: Severities that it is for. Empty: any.
    severity: tuple[Severity, ...] = ()
    #: How long it is, in hours. Either this or `within_months` must be given.
    within_hours: Annotated[int, Meta(ge=0, le=100_000)] = 0
    #: Or in months: it ends on the same day of the month at the same time, in the zone of `[calendar]`, or on the
    #: month's last day.
    within_months: Annotated[int, Meta(ge=0, le=120)] = 0


class FormField(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A field that this site adds to a form, see [Forms](forms.md)."""

    #: The form that asks it.
    form: FormName
    #: Unique in its form, of small letters, digits and underscores. Answers are kept under it, so renaming a field
    #: leaves the old answers behind.
    name: str
    #: What people read. Empty: the `name`.
    label: str = ""
    #: The shape of its answer.
    kind: Literal["line", "text", "moment", "date", "time", "number", "yes_no", "choice", "person", "list"] = "text"
    #: What can be chosen, for the kind "choice".
    choices: tuple[str, ...] = ()
    #: The move that needs it, by where it leads to. Empty: it may stay empty.
    needed_by: Literal[
        "",
        "notification",
        "reporting/in_review",
        "investigation",
        "corrective_actions",
        "approval",
        "follow_up",
        "follow_up/resolved",
    ] = ""


class Leave(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Days on which somebody is away."""

    #: First day, e.g. "2026-12-20".
    from_: str = msgspec.field(name="from")
    #: Last day; it is included.
    to: str


class Person(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Somebody who acts on incidents."""

    #: Unique, short and lasting: it stands in every record.
    id: str
    #: What people call them. Empty: the `id`.
    name: str = ""
    #: What they may do.
    roles: tuple[Role, ...] = (Role.VIEWER,)
    #: Where mail reaches them.
    email: str = ""
    #: IANA name of the zone in which they are told times.
    timezone: str = "UTC"
    #: Names of their accounts in logs, besides the `id`: nobody acts on an incident that their own account is part of.
    accounts: tuple[str, ...] = ()
    #: When they are away, e.g. `[{ from = "2026-12-20", to = "2027-01-05" }]`, both days included: somebody else is
    #: asked.
    leave: tuple[Leave, ...] = ()


class Contact(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Somebody outside who can be asked for information: a customer, a vendor, an authority."""

    #: Unique, short and lasting: it stands in every record.
    id: str
    #: What people call them. Empty: the `id`.
    name: str = ""
    #: What they are to you.
    kind: ContactKind = ContactKind.OTHER
    #: How to reach them, e.g. a mail address or a phone number. Nothing is sent there: whoever asks passes the link on.
    address: str = ""
    #: Language in which they are written to, e.g. "de".
    language: str = ""
    #: Hosts that concern them; `*` and `?` are understood.
    assets: tuple[str, ...] = ()
    #: Highest TLP label of what they may be told: about anything above it they are asked nothing.
    max_tlp: TlpLabel = "AMBER"

    @property
    def tlp(self) -> Tlp:
        """``max_tlp`` in the words of incidents."""
        return Tlp(f"TLP:{self.max_tlp}")


class Designation(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Who is asked first; the first that fits counts. Where none fits, all who have the role are asked."""

    #: Severities that it is for. Empty: any.
    severity: tuple[Severity, ...] = ()
    #: Categories of incidents that it is for: tags of their rules, with or without `attack.`. Empty: any.
    category: tuple[str, ...] = ()
    #: Hosts that it is for; `*` and `?` are understood. Empty: any.
    asset: tuple[str, ...] = ()
    #: Person who leads the work. Empty: nobody is named.
    lead: str = ""
    #: Person who reviews the report. Empty: nobody is named.
    reviewer: str = ""
    #: Person who approves. Empty: nobody is named.
    approver: str = ""
    #: Person who is asked when half of the time is over. Empty: nobody is named.
    deputy: str = ""
    #: Persons who are kept informed.
    stakeholders: tuple[str, ...] = ()


class Receiver(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A named way to tell somebody."""

    #: Unique name, used in `receiver` of a route.
    name: str
    #: Person who reads it; links in messages act in that person's name. Empty: no links that act.
    person: str = ""
    #: Apprise URL. A secret. Besides Apprise's own: "tocsin-console://" and "tocsin-file://PATH".
    url: Secret
    #: File whose first line is `url`, instead of `url`.
    url_file: str = ""
    #: Highest TLP label that may go there; of anything above it only a stub is sent.
    max_tlp: TlpLabel = "AMBER"
    #: Whether people outside of your organisation read it.
    external: bool = False

    @property
    def tlp(self) -> Tlp:
        """``max_tlp`` in the words of incidents."""
        return Tlp(f"TLP:{self.max_tlp}")


class Match(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which notices a route takes: all that is said must fit; an empty list fits anything."""

    #: Severities.
    severity: tuple[Severity, ...] = ()
    #: Ids or titles of rules; what ends in `*` fits by its beginning.
    rule: tuple[str, ...] = ()
    #: Names of sources.
    source: tuple[str, ...] = ()
    #: Tags of rules, e.g. "attack.initial_access"; what ends in `*` fits by its beginning.
    tags: tuple[str, ...] = ()
    #: Categories of incidents: tags of their rules, with or without `attack.`.
    category: tuple[str, ...] = ()
    #: Steps in which the incident stands.
    step: tuple[Step, ...] = ()
    #: What is asked of who reads it.
    ask: tuple[Ask, ...] = ()
    #: TLP labels.
    tlp: tuple[TlpLabel, ...] = ()
    #: Hosts; what ends in `*` fits by its beginning.
    asset: tuple[str, ...] = ()


class Route(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Who is told of what; the first route that fits counts."""

    #: Which notices it takes. Left out: all of them; one such route is required.
    match: Match = msgspec.field(default_factory=Match)
    #: Names of the receivers that are told.
    receiver: tuple[str, ...]
    #: Whether the routes after it are looked at too.
    continue_: bool = msgspec.field(default=False, name="continue")


class Retention(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How long things are kept, in days. 0: for ever. Looked at when the daemon starts and every hour."""

    #: Findings that led to no incident.
    findings_days: NotNegative = 30
    #: Lines, findings and entities of a record whose rule's decision is "observe", after it ended. Its counts and its
    #: timeline are kept for ever.
    observations_days: NotNegative = 90
    #: What was sent to whom about records that are closed.
    deliveries_days: NotNegative = 180
    #: Lines that were left out because the engine died on them, as they were read.
    raw_days: NotNegative = 7
    #: Closed incidents. Read and checked, but not acted upon: entries of a timeline cannot be deleted, so incidents are
    #: kept for ever.
    incidents_days: NotNegative = 0


class Config(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The whole configuration."""

    daemon: Daemon = msgspec.field(default_factory=Daemon)
    http: Http = msgspec.field(default_factory=Http)
    store: StoreSection = msgspec.field(default_factory=StoreSection)
    sources: tuple[Source, ...] = msgspec.field(default=(), name="source")
    intakes: tuple[IntakeSection, ...] = msgspec.field(default=(), name="intake")
    formats: tuple[FormatSection, ...] = msgspec.field(default=(), name="format")
    rules: RulesSection = msgspec.field(default_factory=RulesSection)
    trust: Trust = msgspec.field(default_factory=Trust)
    assets: tuple[Asset, ...] = msgspec.field(default=(), name="asset")
    process: Process = msgspec.field(default_factory=Process)
    calendar: CalendarSection = msgspec.field(default_factory=CalendarSection)
    clocks: tuple[Clock, ...] = msgspec.field(default=(), name="clock")
    regulatory: tuple[Regulatory, ...] = ()
    form_fields: tuple[FormField, ...] = msgspec.field(default=(), name="form_field")
    persons: tuple[Person, ...] = msgspec.field(default=(), name="person")
    contacts: tuple[Contact, ...] = msgspec.field(default=(), name="contact")
    designations: tuple[Designation, ...] = msgspec.field(default=(), name="designation")
    receivers: tuple[Receiver, ...] = msgspec.field(default=(), name="receiver")
    routes: tuple[Route, ...] = msgspec.field(default=(), name="route")
    retention: Retention = msgspec.field(default_factory=Retention)

    @property
    def store_url(self) -> str:
        """The database's URL, also where the configuration leaves it to us. May hold a password."""
        return self.store.url.reveal() or f"sqlite:///{Path(self.daemon.state_dir, STORE_FILE).absolute()}"
