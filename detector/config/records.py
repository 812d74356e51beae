"""The configuration's shape: one frozen record per section of the TOML file, see `detector.config.sections`.

The names of sections and options on the wire are the field names, but where ``name=`` says otherwise: a section that
may stand several times is written ``[[source]]`` and read as ``config.sources``. Relative paths of files are relative
to the working directory.
"""

from pathlib import Path

import msgspec

from detector.config.sections.emergency import EmergencySection
from detector.config.sections.governing import CalendarSection, Clock, FormField, Process, Regulatory
from detector.config.sections.heartbeat import HeartbeatSection
from detector.config.sections.judging import Asset, RulesSection, Trust
from detector.config.sections.people import Contact, Designation, Person
from detector.config.sections.reading import FormatSection, IntakeSection, Source
from detector.config.sections.serving import Daemon, Http, Retention, StoreSection
from detector.config.sections.telling import Acknowledgement, Escalation, Receiver, Route

STORE_FILE = "tocsin.db"


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
    escalations: tuple[Escalation, ...] = msgspec.field(default=(), name="escalation")
    acknowledgement: Acknowledgement = msgspec.field(default_factory=Acknowledgement)
    emergency: EmergencySection = msgspec.field(default_factory=EmergencySection)
    heartbeat: HeartbeatSection = msgspec.field(default_factory=HeartbeatSection)
    retention: Retention = msgspec.field(default_factory=Retention)

    @property
    def store_url(self) -> str:
        """The database's URL, also where the configuration leaves it to us. May hold a password."""
        return self.store.url.reveal() or f"sqlite:///{Path(self.daemon.state_dir, STORE_FILE).absolute()}"
