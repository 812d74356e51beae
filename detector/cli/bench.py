"""What replay and explain share: rules, formats and settings from the command line, or from a configuration."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click
import msgspec

from detector.cli.options import json_option
from detector.cli.output import Misuse, clean
from detector.cli.ruleset import read_rules, rules_option
from detector.config.load import load as load_config
from detector.config.loaded import ConfigErrors
from detector.config.locate import find_config
from detector.config.sections.reading import Source
from detector.config.values import is_zone
from detector.replay.moments import as_of
from detector.replay.reading import LogFile, LogUnreadable
from detector.settings import Settings, build
from detector.sources.files.discover import discover
from rules.formats.catalogue import UnknownFormat, by_name
from rules.formats.expression import expressions
from rules.formats.format import Format
from rules.settings import EngineSettings, SourceProfile
from rules.sigma.errors import Level, nearest
from rules.sigma.files import RuleFileUnreadable
from rules.sigma.load import load_for
from rules.sigma.model import RuleSet
from rules.stream import EPOCH, LATEST, is_of_a_clock

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Everything to run rules over files."""

    files: tuple[LogFile, ...]
    settings: EngineSettings  #: with ``as_of`` set, and a profile for each file
    rules: RuleSet
    formats: tuple[Format, ...]  #: those of the configuration
    profile: SourceProfile  #: how each file is read, but for the moment as of which
    config_path: str | None  #: the configuration that was used
    guessed: tuple[datetime, ...]  #: of files with stamps that bear no year: the moments that decided it


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options that replay and explain have in common, as given."""

    rule_paths: tuple[str, ...]
    format: str | None
    timezone: str | None
    as_of: datetime | None
    config_path: str | None
    source: str | None = None  #: name of the source of the configuration as which files are read


def bench_options(command: F) -> F:
    """How files are read and which rules run; ``wishes`` is passed to the verb."""

    def with_wishes(
        *args: Any,
        rule_paths: tuple[str, ...],
        source: str | None,
        format_name: str | None,
        timezone: str | None,
        moment: datetime | None,
        **kwargs: Any,
    ) -> Any:
        wishes = Wishes(
            rule_paths=rule_paths,
            format=format_name,
            timezone=timezone,
            as_of=None if moment is None else moment.replace(tzinfo=moment.tzinfo or UTC),
            config_path=click.get_current_context().params.get("config_path"),
            source=source,
        )
        return command(*args, wishes=wishes, **kwargs)

    with_wishes.__name__, with_wishes.__doc__ = command.__name__, command.__doc__
    with_wishes.__dict__.update(command.__dict__)
    moments = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])
    for option in (
        rules_option,
        click.option(
            "--source",
            metavar="NAME",
            help="Read files as that source of the configuration is read: its format, zone, log source and pipelines.",
        ),
        click.option("--format", "format_name", metavar="NAME", help="The lines' format; default: found out."),
        click.option("--timezone", metavar="ZONE", help="Zone of stamps without one; default: UTC."),
        click.option(
            "--as-of", "moment", type=moments, help="Moment as of which files are read; default: their own time."
        ),
        json_option,
    ):
        option(with_wishes)
    return with_wishes  # type: ignore[return-value]


def open_files(house: ExitStack, paths: Sequence[str], source: Source | None = None) -> tuple[LogFile, ...]:
    """The files, which *house* closes.

    Args:
        source: As which they are read: its encoding, and where it cuts lines.

    Raises:
        Misuse: one cannot be read, or is named twice.
    """
    for index, path in enumerate(paths):
        if path in paths[:index]:
            raise Misuse(f"{clean(path)} is named twice: its lines would count twice")
    how = source or Source(name="")
    try:
        return tuple(
            house.enter_context(LogFile(path, encoding=how.encoding, max_line_bytes=how.max_line_bytes))
            for path in paths
        )
    except LogUnreadable as error:
        raise Misuse(clean(str(error))) from None


def bench(house: ExitStack, paths: Sequence[str], wishes: Wishes) -> Bench:
    """Files, rules and settings as wished; broken rules are told on standard error.

    Args:
        house: Closes the files.
        paths: Of them; none: all files of the source that was wished for.
        wishes: What was asked for.

    Raises:
        Misuse: something does not exist or cannot be read, or no rule loads.
    """
    config_path = _config_path(wishes)
    base, source = (EngineSettings(), None) if config_path is None else _asked_for(config_path, wishes.source)
    formats = expressions(base.expressions)
    profile = _profile(base, wishes, formats)
    if wishes.as_of is not None and not is_of_a_clock(wishes.as_of):
        raise Misuse(f"--as-of must be from {EPOCH.year} to {LATEST.year}")
    files = open_files(house, paths or _paths_of(source), source)
    guesses = [as_of(file, profile.format, ZoneInfo(profile.timezone), formats) for file in files]
    moments = [wishes.as_of or guess.moment for guess in guesses]
    base = msgspec.structs.replace(base, rule_files=chosen_rules(base, wishes))
    settings = msgspec.structs.replace(
        base,
        sources={
            file.name: msgspec.structs.replace(profile, as_of=moment)
            for file, moment in zip(files, moments, strict=True)
        },
        as_of=max(moments),
    )
    return Bench(
        files=files,
        settings=settings,
        rules=_loaded(base, wishes.source, files),
        formats=formats,
        profile=profile,
        config_path=config_path,
        guessed=tuple(guess.moment for guess in guesses if guess.gives_years and wishes.as_of is None),
    )


def configured(config_path: str | None) -> EngineSettings:
    """What a configuration says of trust, assets, formats, sources and rules; without one, nothing."""
    return EngineSettings() if config_path is None else _settings(config_path).engine


def chosen_rules(base: EngineSettings, wishes: Wishes) -> tuple[tuple[str, str], ...]:
    """(path, text) of the rules of --rules, else those of the configuration, else the bundled ones."""
    return base.rule_files if base.rule_files and not wishes.rule_paths else read_rules(wishes.rule_paths)


def _settings(config_path: str) -> Settings:
    try:
        return build(load_config(config_path).config)
    except (ConfigErrors, RuleFileUnreadable) as error:
        raise Misuse(str(error)) from None


def _config_path(wishes: Wishes) -> str | None:
    """The configuration that was named; for one of its sources, also the one in its usual place."""
    if wishes.source is None:
        return wishes.config_path
    path = find_config(wishes.config_path)
    if path is None:
        raise Misuse("--source names a source of a configuration, and there is none: name it with --config")
    return str(path)


def _asked_for(config_path: str, name: str | None) -> tuple[EngineSettings, Source | None]:
    """What a configuration says, and the source of it as which files are read, if one was named."""
    settings = _settings(config_path)
    if name is None:
        return settings.engine, None
    by_name = {one.name: one for one in settings.config.sources}
    if name not in by_name:
        raise Misuse(clean(f'{config_path} has no source "{name}"; {nearest(name, by_name) or "it has none at all"}'))
    return settings.engine, by_name[name]


def _paths_of(source: Source | None) -> tuple[str, ...]:
    """All files of a source that are there, with those that a rotation moved aside.

    Raises:
        Misuse: there is none.
    """
    if source is None:
        raise Misuse("name a FILE, or with --source a source of a configuration, whose files are read then")
    found = discover([str(Path(path).absolute()) for path in source.paths], ())
    if not found.files:
        hint = "; hand its lines over: journalctl -o json | tocsin replay --source … -" if not source.paths else ""
        raise Misuse(clean(f'source "{source.name}" has no files here{hint}'))
    return tuple(one.path for one in found.files)


def _profile(base: EngineSettings, wishes: Wishes, formats: tuple[Format, ...]) -> SourceProfile:
    """How files are read: as a source of the configuration is, but for what was wished otherwise."""
    found = base.sources[wishes.source] if wishes.source else SourceProfile()
    profile = msgspec.structs.replace(
        found, format=wishes.format or found.format, timezone=wishes.timezone or found.timezone
    )
    if profile.format != "auto":
        try:
            by_name(profile.format, formats)
        except UnknownFormat as error:
            raise Misuse(clean(str(error))) from None
    if not is_zone(profile.timezone):
        raise Misuse(f'there is no zone "{clean(profile.timezone)}": use an IANA name, e.g. Europe/Berlin')
    return profile


def _loaded(base: EngineSettings, source: str | None, files: Sequence[LogFile]) -> RuleSet:
    """The rules, for each file what they are for the source as which it is read."""
    sources = {source: base.sources[source]} if source else {}
    rules = load_for(msgspec.structs.replace(base, sources=sources))
    for one in (*rules.errors, *(one for one in rules.remarks if one.level is Level.WARNING)):
        click.echo("\n".join(map(clean, str(one).split("\n"))), err=True)
    if not rules.all:
        raise Misuse("no rule loads: nothing could be found" if rules.errors else "there are no rules there")
    form = rules.forms.get(source or "")
    return rules if form is None else replace(rules, forms={file.name: form for file in files})
