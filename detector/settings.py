"""Settings: everything that a reload may change, built and checked as a whole, then published as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from detector import governance, telling
from detector.config import records
from detector.config.sections import judging, people, reading
from detector.intake.of_section import certificates_of, mapping_of
from detector.intake.settings import Intake, Proof
from detector.own_events import Limits
from detector.sources.choose import Either
from detector.sources.files.settings import FileSourceSettings
from detector.sources.journal.settings import JournalSettings, own_units
from notifier.plan import Routing
from notifier.route import Receiver
from rules.modes import ModeEntry
from rules.settings import EngineSettings, Expression, SourceProfile, Trust
from rules.sigma.files import read_pipelines, read_rule_files
from store.deadlines import Deadlines
from store.people import Contact, Person, Role
from store.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is in force. Never changed: a reload publishes another one."""

    config: records.Config
    engine: EngineSettings
    sources: Mapping[str, FileSourceSettings | JournalSettings | Either]
    intakes: Mapping[str, Intake]
    routing: Routing
    site: Site
    persons: tuple[Person, ...]
    contacts: tuple[Contact, ...]

    @property
    def emergency(self) -> Receiver | None:
        """Who is told when the store itself is down; None: nobody."""
        return self.routing.receivers.get(self.config.emergency.receiver)

    @property
    def deadlines(self) -> Deadlines:
        """The clocks and terms in force."""
        return self.site.deadlines


def build(config: records.Config) -> Settings:
    """The settings that *config* asks for; reads the rule files.

    Raises:
        RuleFileUnreadable: a rule file cannot be read.
    """
    site = governance.site(config)
    return Settings(
        config=config,
        engine=_engine(config),
        sources={source.name: _source(source) for source in config.sources},
        intakes={one.name: _intake(one) for one in config.intakes},
        routing=telling.routing(config, site),
        site=site,
        persons=tuple(_person(one) for one in config.persons),
        contacts=tuple(_contact(one) for one in config.contacts),
    )


def limits(config: records.Config) -> Mapping[str, Limits]:
    """From when on it is told that something is wrong with a source, by its name."""
    return {
        one.name: Limits(
            silent_after_seconds=one.silent_after_minutes * 60,
            lagging_after_seconds=one.lagging_after_minutes * 60,
            unparsed_share=one.unparsed_share,
        )
        for one in config.sources
    }


def needs_restart(old: records.Config, new: records.Config) -> tuple[str, ...]:
    """The options that differ and that only a restart can apply."""
    fixed = {
        "daemon.state_dir": (old.daemon.state_dir, new.daemon.state_dir),
        "store.url": (old.store.url, new.store.url),
        "http.listen": (old.http.listen, new.http.listen),
    }
    return tuple(name for name, (before, after) in fixed.items() if before != after)


def listen_address(listen: str) -> tuple[str, int]:
    """Host and port of ``http.listen``, which the configuration has checked."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


def _engine(config: records.Config) -> EngineSettings:
    trust = config.trust
    return EngineSettings(
        rule_files=read_rule_files(config.rules.paths),
        pipelines=read_pipelines(config.rules.pipelines),
        sources={source.name: _profile(source) for source in config.sources},
        trust=Trust(
            networks=trust.networks,
            scanners=trust.scanners,
            monitors=trust.monitors,
            admins=trust.admins,
            proxies=tuple(filter(None, trust.proxies)),
            deploy_windows=tuple(filter(None, trust.deploy_windows)),
        ),
        assets_critical=tuple(one.host for one in config.assets if one.criticality == "critical"),
        assets_lab=tuple(one.host for one in config.assets if one.criticality == "lab"),
        modes=tuple(_mode(one) for one in config.rules.mode),
        expressions={
            one.name: Expression(
                pattern=one.pattern, time_field=one.time_field or None, time_format=one.time_format or None
            )
            for one in config.formats
        },
    )


def _mode(section: judging.RuleMode) -> ModeEntry:
    return ModeEntry(
        mode=section.mode,
        rules=section.rule,
        tags=section.tag,
        folders=section.folder,
        author=section.author,
        reason=section.reason,
    )


def _profile(source: reading.Source) -> SourceProfile:
    return SourceProfile(
        format=source.format,
        timezone=source.timezone,
        product=source.product or None,
        category=source.category or None,
        service=source.service or None,
        lateness_seconds=source.lateness_seconds,
        pipelines=read_pipelines(source.pipelines),
    )


def _source(source: reading.Source) -> FileSourceSettings | JournalSettings | Either:
    if source.type == "journal":
        return _journal(source)
    if source.otherwise == "journal":
        return Either(name=source.name, files=_file_source(source), journal=_journal(source))
    return _file_source(source)


def _journal(source: reading.Source) -> JournalSettings:
    return JournalSettings(
        name=source.name,
        start=source.start,
        required=source.required,
        max_line_bytes=source.max_line_bytes,
        units=source.units,
        identifiers=source.identifiers,
        facilities=source.facilities,
        priority=source.priority,
        directory=source.directory,
        own_units=own_units(),
    )


def _file_source(source: reading.Source) -> FileSourceSettings:
    return FileSourceSettings(
        name=source.name,
        paths=tuple(str(Path(path).absolute()) for path in source.paths),
        start=source.start,
        encoding=source.encoding,
        required=source.required,
        max_line_bytes=source.max_line_bytes,
        rotate_wait_seconds=source.rotate_wait_seconds,
        ignore_older_hours=source.ignore_older_hours,
    )


def _intake(section: reading.IntakeSection) -> Intake:
    return Intake(
        name=section.name,
        kind=section.kind,
        proof=Proof(section.proof),
        secret=section.secret.reveal(),
        header=section.header,
        prefix=section.prefix,
        algorithm=section.algorithm,
        timestamp_header=section.timestamp_header,
        signed=section.signed,
        certificates=certificates_of(section),
        topics=section.topics,
        networks=tuple(ip_network(network, strict=False) for network in section.networks),
        format=section.format,
        page=section.page,
        components=section.components,
        page_reports_per_hour_each=section.page_reports_per_hour_each,
        page_reports_per_hour=section.page_reports_per_hour,
        mapping=mapping_of(section),
    )


def _person(section: people.Person) -> Person:
    return Person(
        id=section.id,
        name=section.name or section.id,
        roles=frozenset(map(Role, section.roles)),
        email=section.email or None,
        timezone=section.timezone,
        accounts=section.accounts,
        from_config=True,
    )


def _contact(section: people.Contact) -> Contact:
    return Contact(
        id=section.id,
        name=section.name or section.id,
        kind=section.kind,
        address=section.address,
        language=section.language,
        assets=section.assets,
        max_tlp=section.tlp,
        from_config=True,
    )
